#include "calendar/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lectern/member.h"

static int prepare(struct calendar *c, struct lec_report *report)
{
    for (size_t i = 0; i < c->n_events; i++)
        c->events[i].usable = event_prepare(c, &c->events[i], report);
    if (c->n_events == 0 && !c->rules.holidays)
        lec_report_warn(report, c->file, 0, "there is no event in this calendar");
    return 0;
}

int calendar_parse(const char *file, char *text, size_t n, const struct calendar_rules *rules, struct calendar **out,
                   struct lec_report *report)
{
    icalerror_set_errors_are_fatal(false);
    struct calendar *c = calloc(1, sizeof *c);
    if (!c)
        return LEC_E_NOMEM;
    c->file = file;
    c->rules = *rules;
    int rc = lines_read(c, text, n, report);
    if (rc == 0)
        rc = prepare(c, report);
    if (rc == 0)
        *out = c;
    else
        calendar_free(&c);
    return rc;
}

/* The whole file with a NUL behind it. */
static int read_file(const char *file, char **text, size_t *n, struct lec_report *report)
{
    struct stat st;
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe would make us wait */
    if (fd < 0)
        return lec_report_add(report, file, 0, "this calendar cannot be read: %s", strerror(errno));
    int rc = 0;
    *text = NULL;
    *n = 0;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        rc = lec_report_add(report, file, 0, "this is no file, expected an iCalendar file");
    else if (st.st_size > (off_t)CALENDAR_FILE_MAX)
        rc = lec_report_add(report, file, 0, "the file has more than %u bytes", CALENDAR_FILE_MAX);
    else if (!(*text = malloc(CALENDAR_FILE_MAX + 1)))
        rc = LEC_E_NOMEM;
    while (rc == 0 && *n < CALENDAR_FILE_MAX) {
        ssize_t got = read(fd, *text + *n, CALENDAR_FILE_MAX - *n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            rc = lec_report_add(report, file, 0, "this calendar cannot be read: %s", strerror(errno));
        if (got <= 0)
            break;
        *n += (size_t)got;
    }
    close(fd);
    if (rc == 0)
        (*text)[*n] = '\0';
    else
        free(*text);
    return rc;
}

int calendar_open(const char *file, const struct calendar_rules *rules, struct calendar **out,
                  struct lec_report *report)
{
    char *text = NULL;
    size_t n = 0;
    int rc = read_file(file, &text, &n, report);
    if (rc < 0)
        return rc;
    rc = calendar_parse(file, text, n, rules, out, report);
    if (rc == 0)
        (*out)->owned = text;
    else
        free(text);
    return rc;
}

void calendar_free(struct calendar **calendar)
{
    struct calendar *c = *calendar;
    if (!c)
        return;
    for (size_t i = 0; i < c->n_events; i++)
        event_free(&c->events[i]);
    for (size_t i = 0; i < c->n_zones; i++)
        icaltimezone_free(c->zones[i].zone, 1);
    free(c->events);
    free(c->owned);
    free(c);
    *calendar = NULL;
}

static void write_period(const struct calendar_found *p, struct lec_buf *b)
{
    const struct {
        const char *key, *text;
    } optional[] = {{"start_scene", p->start_scene}, {"end_scene", p->end_scene}, {"holiday", p->holiday}};
    lec_json_next(b);
    lec_buf_puts(b, "{\"uid\":");
    lec_json_str(b, p->uid);
    lec_member_int(b, "start", p->start_us);
    lec_member_int(b, "end", p->end_us);
    lec_member_str(b, "text", p->text);
    for (size_t i = 0; i < ARRAY_LEN(optional); i++) {
        if (!optional[i].text)
            continue;
        lec_member_str(b, optional[i].key, optional[i].text);
    }
    lec_buf_putc(b, '}');
}

void calendar_json(const struct calendar_list *periods, const struct calendar_list *holidays, bool whole,
                   const struct lec_report *report, struct lec_buf *json)
{
    lec_buf_puts(json, whole ? "{\"whole\":true,\"periods\":[" : "{\"whole\":false,\"periods\":[");
    for (size_t i = 0; i < periods->n; i++)
        write_period(&periods->at[i], json);
    lec_buf_puts(json, "],\"holidays\":[");
    for (size_t i = 0; i < holidays->n; i++)
        write_period(&holidays->at[i], json);
    lec_buf_puts(json, "],\"mistakes\":[");
    for (size_t i = 0; i < report->n; i++) {
        const struct lec_mistake *m = &report->at[i];
        lec_json_next(json);
        lec_buf_puts(json, "{\"file\":");
        lec_json_str(json, m->file);
        lec_member_int(json, "line", m->line);
        lec_member_str(json, "text", m->text);
        lec_member_bool(json, "warning", m->warning);
        lec_buf_putc(json, '}');
    }
    lec_buf_puts(json, "]}");
}
