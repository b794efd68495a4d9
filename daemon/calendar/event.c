#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "calendar/internal.h"
#include "lectern/parse.h"

#define RULE_BYTES 500 /* of one RRULE */
#define DAY_US     (INT64_C(24) * 3600 * 1000000)

static size_t trimmed(const char **text)
{
    *text += strspn(*text, " \t");
    size_t n = strlen(*text);
    while (n > 0 && ((*text)[n - 1] == ' ' || (*text)[n - 1] == '\t'))
        n--;
    return n;
}

/* A text without the escapes of iCalendar; line ends become spaces. */
static char *plain(const char *text, size_t max)
{
    char *out = malloc(strlen(text) + 1);
    size_t n = 0;
    if (!out)
        return NULL;
    for (const char *p = text; *p; p++) {
        if (*p == '\\' && p[1]) {
            p++;
            out[n++] = *p == 'n' || *p == 'N' ? ' ' : *p;
        } else {
            out[n++] = *p == '\t' ? ' ' : *p;
        }
    }
    char *cut = malloc(max + 1);
    if (cut)
        lec_copy_utf8(cut, max + 1, out, n);
    free(out);
    return cut;
}

/* Events without a UID get one of what they say, so that it is the same tomorrow. */
static char *made_uid(const struct event *e)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    const char *const parts[] = {e->start.value, e->text.value ? e->text.value : ""};
    char *uid = malloc(32);
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        for (const char *p = parts[i]; *p; p++)
            hash = (hash ^ (uint8_t)*p) * UINT64_C(1099511628211);
    if (uid)
        snprintf(uid, 32, "event-%016llx", (unsigned long long)hash);
    return uid;
}

/* Returns false when told, or for lack of memory. */
static bool read_names(struct calendar *c, struct event *e, struct lec_report *report)
{
    const char *uid = e->uid.value ? e->uid.value : "";
    size_t n = trimmed(&uid);
    if (n > CALENDAR_UID_MAX) {
        lec_report_add(report, c->file, e->uid.line, "UID: it has %zu bytes, expected at most %d", n, CALENDAR_UID_MAX);
        return false;
    }
    e->uid_text = n > 0 ? strndup(uid, n) : made_uid(e);
    e->shown = plain(e->text.value ? e->text.value : "", CALENDAR_TEXT_MAX);
    return e->uid_text && e->shown;
}

static bool read_scene(struct calendar *c, const struct field *f, const char *what, const char **out,
                       struct lec_report *report)
{
    if (!f->value || c->rules.holidays)
        return true;
    const char *name = f->value;
    size_t n = trimmed(&name);
    bool known = !c->rules.scenes || (n == 4 && strncmp(name, "none", n) == 0);
    for (size_t i = 0; i < c->rules.n_scenes && !known; i++)
        known = strlen(c->rules.scenes[i]) == n && strncmp(c->rules.scenes[i], name, n) == 0;
    if (!known) {
        const char *meant = lec_nearest(name, c->rules.scenes, c->rules.n_scenes);
        lec_report_add(report, c->file, f->line, "%s: this room has no scene \"%.40s\"%s%s%s", what, name,
                       meant ? " (did you mean \"" : "", meant ? meant : "", meant ? "\"?)" : "");
        return false;
    }
    *out = name;
    return true;
}

/* ---- Times -------------------------------------------------------------------------------------------------- */

static bool read_end(struct calendar *c, struct event *e, struct lec_report *report)
{
    struct moment end;
    if (!moment_read(c, &e->end, "DTEND", e->end.value, strlen(e->end.value), &end, report))
        return false;
    if (end.t.is_date != e->first.t.is_date) {
        lec_report_add(report, c->file, e->end.line, "DTEND: expected a %s like DTSTART in line %d",
                       e->all_day ? "day" : "time", e->start.line);
        return false;
    }
    e->lasts_us = moment_us(&end) - moment_us(&e->first);
    return true;
}

static bool read_duration(struct calendar *c, struct event *e, struct lec_report *report)
{
    struct icaldurationtype d = icaldurationtype_from_string(e->duration.value);
    if (icaldurationtype_is_bad_duration(d) || strlen(e->duration.value) > 30 || d.weeks > 100 || d.days > 1000 ||
        d.hours > 24000 || d.minutes > 1000000 || d.seconds > 10000000) {
        lec_report_add(report, c->file, e->duration.line, "DURATION: \"%.40s\", expected such as PT45M",
                       e->duration.value);
        return false;
    }
    e->lasts_us = (d.is_neg ? -1 : 1) * (((int64_t)d.weeks * 7 + d.days) * DAY_US +
                                         (((int64_t)d.hours * 60 + d.minutes) * 60 + d.seconds) * INT64_C(1000000));
    return true;
}

static bool read_times(struct calendar *c, struct event *e, struct lec_report *report)
{
    if (!e->start.value) {
        lec_report_add(report, c->file, e->line, "this event has no DTSTART, so nobody knows when it is");
        return false;
    }
    if (!moment_read(c, &e->start, "DTSTART", e->start.value, strlen(e->start.value), &e->first, report))
        return false;
    e->all_day = e->first.t.is_date;
    if (e->end.value && !read_end(c, e, report))
        return false;
    if (!e->end.value && e->duration.value && !read_duration(c, e, report))
        return false;
    if (e->all_day)
        e->lasts_days = e->end.value || e->duration.value ? (int)((e->lasts_us + DAY_US / 2) / DAY_US) : 1;
    int line = e->end.value ? e->end.line : e->duration.value ? e->duration.line : e->line;
    if (!e->all_day && !e->end.value && !e->duration.value && !e->cancelled)
        lec_report_add(report, c->file, line, "this event has neither DTEND nor DURATION, so it never ends");
    else if ((e->all_day ? e->lasts_days <= 0 : e->lasts_us <= 0) && !e->cancelled)
        lec_report_add(report, c->file, line, "this event ends before it begins (DTSTART is in line %d)",
                       e->start.line);
    else if (!c->rules.holidays && !e->all_day && e->lasts_us > CALENDAR_LESSON_US)
        lec_report_add(report, c->file, line, "this event lasts longer than a day, which no lesson does");
    else
        return true;
    return false;
}

/* ---- Recurrence --------------------------------------------------------------------------------------------- */

static int64_t until_us(const struct event *e, const struct icaltimetype *until)
{
    struct moment m = {.t = *until, .utc = icaltime_is_utc(*until), .zone = e->first.zone};
    if (until->is_date)
        return calendar_local_us(until->year, until->month, until->day + 1, 0, 0, 0) - 1;
    m.t.zone = NULL;
    if (m.utc)
        m.zone = NULL;
    else
        m.utc = e->first.utc;
    return moment_us(&m);
}

static bool read_rule(struct calendar *c, struct event *e, const struct field *f, struct lec_report *report)
{
    struct icalrecurrencetype rule = {.freq = ICAL_NO_RECURRENCE};
    if (e->n_rules == CALENDAR_RULES || strlen(f->value) > RULE_BYTES) {
        lec_report_add(report, c->file, f->line, "RRULE: expected at most %d rules of at most %d bytes in an event",
                       CALENDAR_RULES, RULE_BYTES);
        return false;
    }
    if (!strcasestr(f->value, "RSCALE")) /* other calendars than ours are more than a lesson needs */
        rule = icalrecurrencetype_from_string(f->value);
    if (rule.freq == ICAL_NO_RECURRENCE || rule.interval < 1 || rule.count < 0) {
        lec_report_add(report, c->file, f->line,
                       "RRULE: \"%.60s\" is no rule, expected such as FREQ=WEEKLY;BYDAY=MO,WE", f->value);
        return false;
    }
    if (rule.freq < ICAL_DAILY_RECURRENCE) {
        lec_report_add(
            report, c->file, f->line,
            "RRULE: no lesson comes more often than once a day, expected FREQ=DAILY, WEEKLY, MONTHLY or YEARLY");
        return false;
    }
    e->until_us[e->n_rules] = icaltime_is_null_time(rule.until) ? INT64_MAX : until_us(e, &rule.until);
    rule.until = icaltime_null_time(); /* ours to look at: libical would not know the room's own time */
    e->rule[e->n_rules++] = rule;
    return true;
}

/* The values of all lines of one kind. */
static bool read_dates(struct calendar *c, const struct fields *list, const char *what, struct date **out, size_t *n,
                       struct lec_report *report)
{
    size_t wanted = 0;
    for (size_t i = 0; i < list->n; i++) {
        wanted++;
        for (const char *p = list->at[i].value; *p; p++)
            wanted += *p == ',';
    }
    if (wanted > CALENDAR_DATES) {
        lec_report_add(report, c->file, list->at[0].line, "%s: more than %d of them in one event", what,
                       CALENDAR_DATES);
        return false;
    }
    *out = wanted > 0 ? calloc(wanted, sizeof **out) : NULL;
    if (wanted > 0 && !*out)
        return false;
    for (size_t i = 0; i < list->n; i++) {
        const char *p = list->at[i].value;
        do {
            size_t len = strcspn(p, ",");
            struct date *d = &(*out)[*n];
            /* of a PERIOD, start/end, the start counts: a lesson lasts as long as the others */
            if (!moment_read(c, &list->at[i], what, p, strcspn(p, ",/"), &d->m, report))
                return false;
            d->us = moment_us(&d->m);
            (*n)++;
            p += len;
        } while (*p++ == ',');
    }
    return true;
}

static bool read_recurrence(struct calendar *c, struct event *e, struct lec_report *report)
{
    char range[32];
    for (size_t i = 0; i < e->rules.n; i++)
        if (!read_rule(c, e, &e->rules.at[i], report))
            return false;
    if (e->recurrence_id.value) {
        if (field_param(&e->recurrence_id, "RANGE", range, sizeof range)) {
            lec_report_add(report, c->file, e->recurrence_id.line,
                           "RECURRENCE-ID: RANGE is not known; write one event until then and one from then on");
            return false;
        }
        if (!moment_read(c, &e->recurrence_id, "RECURRENCE-ID", e->recurrence_id.value, strlen(e->recurrence_id.value),
                         &e->instead_of.m, report))
            return false;
        e->instead_of.us = moment_us(&e->instead_of.m);
        e->replaces = true;
    }
    return read_dates(c, &e->dates, "RDATE", &e->added, &e->n_added, report) &&
           read_dates(c, &e->but, "EXDATE", &e->excluded, &e->n_excluded, report);
}

bool event_prepare(struct calendar *c, struct event *e, struct lec_report *report)
{
    e->cancelled = e->status.value && strcasecmp(e->status.value, "CANCELLED") == 0;
    if (!read_times(c, e, report) || !read_names(c, e, report) || !read_recurrence(c, e, report) ||
        !read_scene(c, &e->start_scene, "X-LECTERN-START", &e->scenes[0], report) ||
        !read_scene(c, &e->end_scene, "X-LECTERN-END", &e->scenes[1], report))
        return false;
    if (e->all_day && !c->rules.holidays && !e->cancelled) {
        lec_report_warn(report, c->file, e->line,
                        "an event of a whole day is no lesson, it is left out; holidays have a calendar of their own");
        return false;
    }
    return true;
}

void event_free(struct event *e)
{
    free(e->rules.at);
    free(e->dates.at);
    free(e->but.at);
    free(e->added);
    free(e->excluded);
    free(e->uid_text);
    free(e->shown);
}
