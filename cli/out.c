#include "out.h"

#include <assert.h>
#include <locale.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

static bool terminal, colours;

void out_init(void)
{
    /* For wcwidth only: files and messages are UTF-8 whatever the person's locale, and numbers keep their point. */
    setlocale(LC_CTYPE, "C.UTF-8");
    terminal = isatty(STDOUT_FILENO) == 1;
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    colours = terminal && !(no && no[0] != '\0') && !(term && strcmp(term, "dumb") == 0);
}

bool out_is_terminal(void)
{
    return terminal;
}

static struct winsize terminal_size(void)
{
    struct winsize size = {0};
    if (terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
        size = (struct winsize){0};
    return size;
}

int out_columns(void)
{
    return terminal_size().ws_col;
}

int out_rows(void)
{
    return terminal_size().ws_row;
}

/* The next character: its bytes and its width; width -1 when it may not go to a terminal. */
static size_t next_char(const char *text, int *width)
{
    wchar_t c;
    mbstate_t state = {0};
    size_t n = mbrtowc(&c, text, strlen(text), &state);
    if (n == (size_t)-1 || n == (size_t)-2) {
        *width = -1;
        return 1;
    }
    /* Marks that turn the direction of text could show one thing and mean another. */
    bool turns = (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
    *width = c < 0x20 || (c >= 0x7f && c < 0xa0) || turns ? -1 : wcwidth(c);
    if (*width < 0 && c >= 0xa0 && !turns)
        *width = 1;
    return n;
}

int out_width(const char *text)
{
    int sum = 0;
    while (*text) {
        int width;
        text += next_char(text, &width);
        sum += width < 0 ? 1 : width;
    }
    return sum;
}

void out_put(FILE *to, const char *text)
{
    while (*text) {
        int width;
        size_t n = next_char(text, &width);
        if (width < 0 && *text != '\n')
            fputs("\xef\xbf\xbd", to);
        else
            fwrite(text, 1, n, to);
        text += n;
    }
}

static void LEC_PRINTF(2, 0) put_format(FILE *to, const char *fmt, va_list args)
{
    char *text;
    if (vasprintf(&text, fmt, args) < 0)
        return;
    out_put(to, text);
    free(text);
}

void out(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    put_format(stdout, fmt, args);
    va_end(args);
}

void out_err(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    put_format(stderr, fmt, args);
    va_end(args);
}

static const char *code_of(enum style style)
{
    switch (style) {
    case BOLD:
        return "\033[1m";
    case DIM:
        return "\033[2m";
    case GOOD:
        return "\033[32m";
    case WARN:
        return "\033[33m";
    case BAD:
        return "\033[31m";
    case ACCENT:
        return "\033[36m";
    case PLAIN:
        break;
    }
    return "";
}

static void put_styled(enum style style, const char *text)
{
    bool coloured = colours && style != PLAIN;
    if (coloured)
        fputs(code_of(style), stdout);
    out_put(stdout, text);
    if (coloured)
        fputs("\033[0m", stdout);
}

void out_styled(enum style style, const char *fmt, ...)
{
    va_list args;
    char *text;
    va_start(args, fmt);
    if (vasprintf(&text, fmt, args) >= 0) {
        put_styled(style, text);
        free(text);
    }
    va_end(args);
}

void out_json(const json_t *doc)
{
    json_dumpf(doc, stdout, JSON_ENCODE_ANY | (terminal ? JSON_INDENT(2) : JSON_COMPACT));
    putchar('\n');
    fflush(stdout);
}

/* ---- Tables ---- */

struct cell {
    char *text;
    enum style style;
};

struct table {
    size_t columns;
    int least[TABLE_COLUMNS]; /* widths */
    struct cell *cells;
    size_t n, size;
};

struct table *table_new(size_t columns)
{
    assert(columns > 0 && columns <= TABLE_COLUMNS);
    struct table *t = calloc(1, sizeof *t);
    if (t)
        t->columns = columns;
    return t;
}

void table_cell(struct table *t, enum style style, const char *fmt, ...)
{
    if (!t)
        return;
    if (t->n == t->size) {
        size_t more = t->size ? 2 * t->size : 64;
        struct cell *bigger = realloc(t->cells, more * sizeof *bigger);
        if (!bigger)
            return;
        t->cells = bigger;
        t->size = more;
    }
    va_list args;
    va_start(args, fmt);
    char *text = NULL;
    if (vasprintf(&text, fmt, args) < 0)
        text = NULL;
    va_end(args);
    /* A value with a line end in it must not look like a row of its own. */
    for (char *c = text; c && *c; c++)
        if (*c == '\n' || *c == '\t')
            *c = ' ';
    t->cells[t->n++] = (struct cell){.text = text, .style = style};
}

void table_widen(struct table *t, size_t column, int width)
{
    if (t)
        t->least[column] = width;
}

static const char *cell_text(const struct table *t, size_t i)
{
    return t->cells[i].text ? t->cells[i].text : "";
}

static int column_width(const struct table *t, size_t column)
{
    int widest = t->least[column];
    for (size_t i = column; i < t->n; i += t->columns) {
        int width = out_width(cell_text(t, i));
        widest = width > widest ? width : widest;
    }
    return widest;
}

void table_print(struct table *t, bool heading)
{
    if (!t || t->columns == 0)
        return;
    int widths[TABLE_COLUMNS];
    for (size_t c = 0; c < t->columns; c++)
        widths[c] = column_width(t, c);
    for (size_t i = 0; i < t->n; i++) {
        size_t column = i % t->columns;
        /* What follows in this row decides whether blanks are needed. */
        bool last = true;
        for (size_t k = i + 1; k < t->n && k % t->columns != 0; k++)
            last = last && cell_text(t, k)[0] == '\0';
        put_styled(heading && i < t->columns ? DIM : t->cells[i].style, cell_text(t, i));
        for (int n = last ? 0 : widths[column] + 2 - out_width(cell_text(t, i)); n > 0; n--)
            putchar(' ');
        if (column + 1 == t->columns || i + 1 == t->n)
            putchar('\n');
    }
    for (size_t i = 0; i < t->n; i++)
        free(t->cells[i].text);
    free(t->cells);
    free(t);
}
