#include "syntax.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lectern/parse.h"

#define WORD_MAX  48  /* longest word in a value */
#define LIST_MAX  256 /* codes, missing values, holes of one key */
#define DIGIT_MAX 15  /* significant digits of a scale or offset; decimals too */

/* ---- Words and lists ---------------------------------------------------------------------------------------- */

/* Takes the next word of *text into `word`. Returns 1, 0 at the end, LEC_E_CONFIG when it is too long. */
static int next_word(const char **text, char *word, struct lec_err *err)
{
    const char *s = *text + strspn(*text, " \t");
    size_t n = strcspn(s, " \t");
    if (n >= WORD_MAX)
        return lec_fail(err, LEC_E_CONFIG, "\"%.20s...\" is too long for a word", s);
    memcpy(word, s, n);
    word[n] = '\0';
    *text = s + n;
    return n > 0;
}

/* Takes the next item of a list separated by commas, without spaces around it. Returns 1, 0 at the end, or
 * LEC_E_CONFIG when it is empty or too long. */
static int next_item(const char **text, char *item, size_t size, struct lec_err *err)
{
    const char *s = *text;
    if (!s)
        return 0;
    const char *comma = strchr(s, ',');
    size_t n = comma ? (size_t)(comma - s) : strlen(s);
    *text = comma ? comma + 1 : NULL;
    while (n > 0 && (*s == ' ' || *s == '\t')) {
        s++;
        n--;
    }
    while (n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\t'))
        n--;
    if (n == 0)
        return lec_fail(err, LEC_E_CONFIG, "an item of the list is empty");
    if (n >= size)
        return lec_fail(err, LEC_E_CONFIG, "\"%.20s...\" is too long", s);
    memcpy(item, s, n);
    item[n] = '\0';
    return 1;
}

/* Grows an array by one element; NULL leaves it as it was. */
static void *grow(void *at, size_t n, size_t size)
{
    return realloc(at, (n + 1) * size);
}

static int no_memory(struct lec_err *err)
{
    return lec_fail(err, LEC_E_NOMEM, "out of memory");
}

static int unknown(struct lec_err *err, const char *what, const char *word, const char *const names[], size_t n,
                   const char *expected)
{
    const char *nearest = lec_nearest(word, names, n);
    if (nearest)
        return lec_fail(err, LEC_E_CONFIG, "%s \"%s\" is not known: did you mean \"%s\"?", what, word, nearest);
    return lec_fail(err, LEC_E_CONFIG, "%s \"%s\" is not known: expected %s", what, word, expected);
}

/* ---- Places ------------------------------------------------------------------------------------------------- */

static int parse_table(const char *word, enum mb_table *out, struct lec_err *err)
{
    static const char *const names[] = {"coil", "discrete", "holding", "input"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (strcmp(word, names[i]) == 0) {
            *out = (enum mb_table)i;
            return 0;
        }
    }
    return unknown(err, "kind of register", word, names, ARRAY_LEN(names), "coil, discrete, holding or input");
}

static int parse_number(const char *word, int64_t max, uint16_t *out)
{
    int64_t v;
    if (lec_parse_int(word, 0, max, &v) < 0)
        return LEC_E_CONFIG;
    *out = (uint16_t)v;
    return 0;
}

/* "5", "0x10", or "2-4". */
static int parse_span(const char *word, uint16_t max, uint16_t *first, uint16_t *last)
{
    char left[WORD_MAX];
    size_t n = strcspn(word, "-");
    memcpy(left, word, n);
    left[n] = '\0';
    if (parse_number(left, max, first) < 0)
        return LEC_E_CONFIG;
    *last = *first;
    if (word[n] == '\0')
        return 0;
    return parse_number(word + n + 1, max, last) < 0 || *last < *first ? LEC_E_CONFIG : 0;
}

static int parse_address(char *word, struct mb_place *p, struct lec_err *err)
{
    uint16_t first, last;
    char *dot = strchr(word, '.');
    if (dot)
        *dot = '\0';
    if (parse_span(word, UINT16_MAX, &first, &last) < 0)
        return lec_fail(
            err, LEC_E_CONFIG,
            "\"%s\" is not an address: expected 0 to 65535 or 0x0000 to 0xFFFF, counted from 0 as on the wire "
            "(a manual's 40001 is holding 0, its 30001 is input 0)",
            word);
    if (last != first && !mb_is_bits(p->table))
        return lec_fail(err, LEC_E_CONFIG,
                        "a range is for coils and discrete inputs; a register of several words is told by "
                        "its format: \"%s %s f32\"",
                        mb_table_name(p->table), "0x0034");
    p->addr = first;
    p->count = (uint16_t)(last - first + 1);
    if (!dot)
        return 0;
    if (mb_is_bits(p->table))
        return lec_fail(err, LEC_E_CONFIG, "a %s is a single bit already: it has no bit \"%s\"",
                        mb_table_name(p->table), dot + 1);
    uint16_t low, high;
    if (parse_span(dot + 1, 15, &low, &high) < 0)
        return lec_fail(err, LEC_E_CONFIG,
                        "\"%s\" is not a bit: expected 0 to 15, or a range such as 4-7 (0 is the lowest)", dot + 1);
    p->bit = (uint8_t)low;
    p->bits = (uint8_t)(high - low + 1);
    return 0;
}

static const struct {
    const char *name;
    enum mb_form form;
    uint8_t bytes;
} forms[] = {
    {"u16", MB_UNSIGNED, 2},        {"s16", MB_SIGNED, 2},      {"u32", MB_UNSIGNED, 4}, {"s32", MB_SIGNED, 4},
    {"u64", MB_UNSIGNED, 8},        {"s64", MB_SIGNED, 8},      {"f32", MB_FLOAT, 4},    {"f64", MB_FLOAT, 8},
    {"sign10000", MB_SIGN10000, 2}, {"signbit", MB_SIGNBIT, 2}, {"text", MB_TEXT, 0},
};

static int parse_form(const char *word, struct mb_place *p, struct lec_err *err)
{
    const char *names[ARRAY_LEN(forms)];
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        if (strcmp(word, forms[i].name) == 0) {
            p->form = forms[i].form;
            p->bytes = forms[i].bytes;
            return 0;
        }
        names[i] = forms[i].name;
    }
    return unknown(err, "format", word, names, ARRAY_LEN(names),
                   "u16, s16, u32, s32, u64, s64, f32, f64, sign10000, signbit or text");
}

/* Letters name the bytes from A, the most significant, in the order in which they come on the wire. */
static int set_order(const char *letters, unsigned bytes, uint8_t *order)
{
    unsigned seen = 0;
    if (strlen(letters) != bytes)
        return LEC_E_CONFIG;
    for (unsigned i = 0; i < bytes; i++) {
        unsigned which = (unsigned)(unsigned char)letters[i] - 'A';
        if (which >= bytes || (seen & 1u << which))
            return LEC_E_CONFIG;
        seen |= 1u << which;
        order[which] = (uint8_t)i;
    }
    return 0;
}

static int parse_place_order(const char *word, struct mb_place *p, struct lec_err *err)
{
    static const char *const full[] = {"AB", "ABCD", "ABCDEFGH"};
    unsigned bytes = p->form == MB_TEXT ? 2 : p->bytes;
    if (set_order(word, bytes, p->order) == 0)
        return 0;
    uint8_t unused[MB_VALUE_BYTES];
    if (bytes == 8 && set_order(word, 4, unused) == 0)
        return lec_fail(err, LEC_E_CONFIG,
                        "a number of 8 bytes needs 8 letters: GHEFCDAB is its CDAB, BADCFEHG its BADC, "
                        "HGFEDCBA its DCBA");
    return lec_fail(err, LEC_E_CONFIG,
                    "\"%s\" is no order of %u bytes: expected the letters %s in some order, A the most "
                    "significant byte",
                    word, bytes, full[bytes / 4]);
}

int mb_parse_order(const char *text, struct mb_order *out, struct lec_err *err)
{
    static const char *const known[] = {"ABCD", "CDAB", "BADC", "DCBA"};
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (strcmp(text, known[i]) == 0) {
            memcpy(out->letters, known[i], sizeof out->letters);
            return 0;
        }
    }
    return unknown(err, "order", text, known, ARRAY_LEN(known), "ABCD, CDAB, BADC or DCBA");
}

/* The device-wide order says whether words and bytes of longer numbers are turned round. A single register is
 * always sent high byte first, unless the point itself says BA. */
static void default_order(const struct mb_order *order, struct mb_place *p)
{
    bool words = order->letters[0] == 'C' || order->letters[0] == 'D';
    bool bytes = order->letters[0] == 'B' || order->letters[0] == 'D';
    unsigned n = p->bytes > 2 ? p->bytes : 2;
    for (unsigned i = 0; i < n; i++) {
        unsigned at = i;
        if (n > 2 && words)
            at = n - 2 - (i & ~1u) + (i & 1u);
        if (n > 2 && bytes)
            at ^= 1u;
        p->order[i] = (uint8_t)at;
    }
}

static int parse_text_length(const char **text, struct mb_place *p, struct lec_err *err)
{
    char word[WORD_MAX];
    int rc = next_word(text, word, err);
    if (rc < 0)
        return rc;
    if (parse_number(word, MB_TEXT_REGISTERS, &p->count) < 0 || p->count == 0)
        return lec_fail(err, LEC_E_CONFIG, "\"text\" needs a number of registers, 1 to %d: \"holding 250 text 10\"",
                        MB_TEXT_REGISTERS);
    return 0;
}

static int parse_format(const char **text, const struct mb_order *order, struct mb_place *p, struct lec_err *err)
{
    char word[WORD_MAX];
    p->form = MB_UNSIGNED;
    p->bytes = 2;
    int rc = next_word(text, word, err);
    if (rc <= 0) {
        default_order(order, p);
        return rc;
    }
    if (mb_is_bits(p->table) || p->bits)
        return lec_fail(err, LEC_E_CONFIG, "\"%s\" is too much: %s has no format", word,
                        p->bits ? "a bit of a register" : mb_table_name(p->table));
    rc = parse_form(word, p, err);
    if (rc == 0 && p->form == MB_TEXT)
        rc = parse_text_length(text, p, err);
    else if (rc == 0)
        p->count = p->bytes / 2;
    if (rc < 0)
        return rc;
    default_order(order, p);
    rc = next_word(text, word, err);
    return rc > 0 ? parse_place_order(word, p, err) : rc;
}

int mb_parse_place(const char *text, const struct mb_order *order, struct mb_place *out, struct lec_err *err)
{
    struct mb_place p = {0};
    char word[WORD_MAX];
    int rc = next_word(&text, word, err);
    if (rc == 0)
        return lec_fail(err, LEC_E_CONFIG, "expected a kind of register and an address, such as \"input 0x0034 f32\"");
    if (rc > 0)
        rc = parse_table(word, &p.table, err);
    if (rc == 0)
        rc = next_word(&text, word, err);
    if (rc == 0)
        return lec_fail(err, LEC_E_CONFIG, "the address is missing, such as \"%s 0x0034\"", mb_table_name(p.table));
    if (rc > 0)
        rc = parse_address(word, &p, err);
    if (rc == 0)
        rc = parse_format(&text, order, &p, err);
    if (rc < 0)
        return rc;
    if (p.addr + (unsigned)p.count > 65536)
        return lec_fail(err, LEC_E_CONFIG, "it reaches beyond address 65535");
    rc = next_word(&text, word, err);
    if (rc > 0)
        return lec_fail(err, LEC_E_CONFIG, "\"%s\" is too much: expected kind, address, format and order of bytes",
                        word);
    if (rc == 0)
        *out = p;
    return rc;
}

/* ---- Scales ------------------------------------------------------------------------------------------------- */

/* A decimal number as an integer and a count of decimals. */
static int parse_decimal(const char *text, int64_t *number, uint8_t *decimals)
{
    bool negative = *text == '-';
    const char *s = text + (negative || *text == '+');
    unsigned digits = 0, after = 0;
    bool point = false, any = false;
    int64_t n = 0;
    for (; *s; s++) {
        if (*s == '.' && !point) {
            point = true;
            continue;
        }
        if (*s < '0' || *s > '9')
            return LEC_E_CONFIG;
        any = true;
        n = n * 10 + (*s - '0');
        digits += digits > 0 || *s != '0';
        after += point;
        if (digits > DIGIT_MAX || after > DIGIT_MAX)
            return LEC_E_CONFIG;
    }
    if (!any)
        return LEC_E_CONFIG;
    *number = negative ? -n : n;
    *decimals = (uint8_t)after;
    return 0;
}

static int align(int64_t *number, uint8_t *decimals, uint8_t to)
{
    for (; *decimals < to; (*decimals)++)
        if (__builtin_mul_overflow(*number, 10, number))
            return LEC_E_CONFIG;
    return 0;
}

int mb_parse_scale(const char *scale, const char *offset, struct mb_scale *out, struct lec_err *err)
{
    int64_t mul = 1, add = 0;
    uint8_t mul_decimals = 0, add_decimals = 0;
    if (scale && (parse_decimal(scale, &mul, &mul_decimals) < 0 || mul == 0))
        return lec_fail(err, LEC_E_CONFIG, "\"%s\" is not a number other than 0 of at most %d digits, such as 0.1",
                        scale, DIGIT_MAX);
    if (offset && parse_decimal(offset, &add, &add_decimals) < 0)
        return lec_fail(err, LEC_E_CONFIG, "\"%s\" is not a number of at most %d digits, such as -40", offset,
                        DIGIT_MAX);
    uint8_t decimals = mul_decimals > add_decimals ? mul_decimals : add_decimals;
    if (align(&mul, &mul_decimals, decimals) < 0 || align(&add, &add_decimals, decimals) < 0)
        return lec_fail(err, LEC_E_CONFIG, "scale and offset together have too many digits");
    *out = (struct mb_scale){.mul = mul, .add = add, .decimals = decimals};
    return 0;
}

/* ---- Codes, missing values, holes --------------------------------------------------------------------------- */

static int parse_raw(const char *text, uint64_t *out)
{
    int64_t v;
    size_t n = strspn(text, "0123456789abcdefABCDEFxX");
    if (text[n] != '\0')
        return LEC_E_CONFIG;
    if (lec_parse_int(text, 0, INT64_MAX, &v) == 0) {
        *out = (uint64_t)v;
        return 0;
    }
    /* Upper half of 64 bits: FFFFFFFFFFFFFFFF is a usual "no value". */
    if (n != 18 || text[0] != '0' || (text[1] != 'x' && text[1] != 'X'))
        return LEC_E_CONFIG;
    uint64_t raw = 0;
    for (const char *s = text + 2; *s; s++) {
        char digit[4] = {'0', 'x', *s, '\0'};
        int64_t d;
        if (lec_parse_int(digit, 0, 15, &d) < 0)
            return LEC_E_CONFIG;
        raw = raw << 4 | (uint64_t)d;
    }
    *out = raw;
    return 0;
}

void mb_free_codes(struct mb_codes *codes)
{
    for (size_t i = 0; i < codes->n; i++) {
        char *name;
        memcpy(&name, &codes->at[i].name, sizeof name); /* given to us, lent to readers */
        free(name);
    }
    free(codes->at);
    *codes = (struct mb_codes){0};
}

static int add_code(char *item, struct mb_codes *codes, struct lec_err *err)
{
    char *colon = strrchr(item, ':');
    if (!colon || colon == item)
        return lec_fail(err, LEC_E_CONFIG, "\"%s\" is not a pair such as \"on:1\"", item);
    *colon = '\0';
    struct mb_code code = {.any = strcmp(colon + 1, "*") == 0};
    char *end = colon;
    while (end > item && (end[-1] == ' ' || end[-1] == '\t'))
        *--end = '\0';
    const char *number = colon + 1 + strspn(colon + 1, " \t");
    if (!code.any && parse_raw(number, &code.raw) < 0)
        return lec_fail(err, LEC_E_CONFIG,
                        "\"%s\" is not a code for \"%s\": expected a number such as 3 or 0x00FF, or * for all others",
                        number, item);
    if (codes->n >= LIST_MAX)
        return lec_fail(err, LEC_E_CONFIG, "more than %d codes", LIST_MAX);
    for (size_t i = 0; i < codes->n; i++)
        if (codes->at[i].any == code.any && codes->at[i].raw == code.raw)
            return lec_fail(err, LEC_E_CONFIG, "\"%s\" and \"%s\" have the same code", codes->at[i].name, item);
    struct mb_code *at = grow(codes->at, codes->n, sizeof *at);
    if (!at)
        return no_memory(err);
    codes->at = at;
    code.name = strdup(item);
    if (!code.name)
        return no_memory(err);
    at[codes->n++] = code;
    return 0;
}

int mb_parse_codes(const char *text, struct mb_codes *out, struct lec_err *err)
{
    struct mb_codes codes = {0};
    char item[LEC_TEXT_MAX + WORD_MAX];
    int rc;
    while ((rc = next_item(&text, item, sizeof item, err)) > 0) {
        rc = add_code(item, &codes, err);
        if (rc < 0)
            break;
    }
    if (rc < 0)
        mb_free_codes(&codes);
    else
        *out = codes;
    return rc;
}

void mb_free_missing(struct mb_missing *missing, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char *reason;
        memcpy(&reason, &missing[i].reason, sizeof reason); /* given to us, lent to readers */
        free(reason);
    }
    free(missing);
}

static int add_missing(char *item, struct mb_missing **list, size_t *n, struct lec_err *err)
{
    char *colon = strchr(item, ':');
    const char *reason = "no probe";
    if (colon) {
        *colon = '\0';
        reason = colon + 1 + strspn(colon + 1, " \t");
        for (char *end = colon; end > item && (end[-1] == ' ' || end[-1] == '\t');)
            *--end = '\0';
    }
    struct mb_missing m = {0};
    if (parse_raw(item, &m.raw) < 0)
        return lec_fail(err, LEC_E_CONFIG,
                        "\"%s\" is not a number: expected the raw value that means \"none\", such as 0x8000", item);
    if (*n >= LIST_MAX)
        return lec_fail(err, LEC_E_CONFIG, "more than %d values", LIST_MAX);
    struct mb_missing *at = grow(*list, *n, sizeof *at);
    if (!at)
        return no_memory(err);
    *list = at;
    m.reason = strdup(reason);
    if (!m.reason)
        return no_memory(err);
    at[(*n)++] = m;
    return 0;
}

int mb_parse_missing(const char *text, struct mb_missing **out, size_t *n, struct lec_err *err)
{
    struct mb_missing *list = NULL;
    size_t count = 0;
    char item[LEC_TEXT_MAX];
    int rc;
    while ((rc = next_item(&text, item, sizeof item, err)) > 0) {
        rc = add_missing(item, &list, &count, err);
        if (rc < 0)
            break;
    }
    if (rc < 0) {
        mb_free_missing(list, count);
        return rc;
    }
    *out = list;
    *n = count;
    return 0;
}

static int add_hole(const char *item, struct mb_holes *holes, struct lec_err *err)
{
    char word[WORD_MAX];
    struct mb_hole hole = {0};
    int rc = next_word(&item, word, err);
    if (rc > 0)
        rc = parse_table(word, &hole.table, err);
    if (rc == 0)
        rc = next_word(&item, word, err);
    if (rc < 0)
        return rc;
    if (rc == 0 || parse_span(word, UINT16_MAX, &hole.first, &hole.last) < 0 || item[strspn(item, " \t")] != '\0')
        return lec_fail(err, LEC_E_CONFIG, "expected no, yes, or ranges such as \"input 0x14-0x17, holding 5\"");
    if (holes->n >= LIST_MAX)
        return lec_fail(err, LEC_E_CONFIG, "more than %d holes", LIST_MAX);
    struct mb_hole *at = grow(holes->at, holes->n, sizeof *at);
    if (!at)
        return no_memory(err);
    holes->at = at;
    at[holes->n++] = hole;
    return 0;
}

int mb_parse_holes(const char *text, struct mb_holes *out, struct lec_err *err)
{
    struct mb_holes holes = {0};
    bool yes;
    if (lec_parse_bool(text, &yes) == 0) {
        *out = (struct mb_holes){.every_gap = yes};
        return 0;
    }
    char item[2 * WORD_MAX];
    int rc;
    while ((rc = next_item(&text, item, sizeof item, err)) > 0) {
        rc = add_hole(item, &holes, err);
        if (rc < 0)
            break;
    }
    if (rc < 0)
        free(holes.at);
    else
        *out = holes;
    return rc;
}
