#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "calendar/internal.h"
#include "lectern/parse.h"

#define ZONE_BYTES 65536 /* of one VTIMEZONE */
#define DEPTH_MAX  8     /* components inside components */
#define TEXT_SHOWN 40

struct reading {
    struct calendar *c;
    struct lec_report *report;
    char *next, *end;
    int line;  /* of the line at `next` */
    int depth; /* components open */
    bool calendar, ended;
    struct event *event; /* being read */
    int event_depth;
    struct lec_buf zone; /* its text, as long as one is read */
    const char *tzid;
    int zone_depth, zone_line;
};

/* The next line, with what was folded put together, in place. NULL at the end. */
static char *next_line(struct reading *r, int *line)
{
    if (r->next >= r->end)
        return NULL;
    char *start = r->next, *to = start, *from = start;
    *line = r->line;
    while (from < r->end) {
        if (*from == '\r' && from + 1 < r->end && from[1] == '\n')
            from++;
        if (*from != '\n') {
            *to++ = *from++;
            continue;
        }
        from++;
        r->line++;
        if (from >= r->end || (*from != ' ' && *from != '\t'))
            break;
        from++; /* folded: goes on without the white space */
    }
    r->next = from;
    *to = '\0'; /* there is room: the text ends with a NUL, and shorter lines have lost a newline */
    return start;
}

/* Takes NAME;PARAMS:VALUE apart, in place. */
static bool split(char *line, char **name, struct field *f)
{
    bool quoted = false;
    char *p = line, *params = NULL;
    for (; *p && (quoted || *p != ':'); p++) {
        if (*p == '"')
            quoted = !quoted;
        if (*p == ';' && !quoted && !params) {
            params = p + 1;
            *p = '\0';
        }
    }
    if (*p != ':')
        return false;
    *p = '\0';
    *name = line;
    f->params = params ? params : "";
    f->value = p + 1;
    return *line != '\0';
}

bool field_param(const struct field *f, const char *name, char *out, size_t size)
{
    size_t n = strlen(name);
    for (const char *p = f->params; *p;) {
        const char *start = p;
        bool quoted = false;
        for (; *p && (quoted || *p != ';'); p++)
            quoted ^= *p == '"';
        if (strncasecmp(start, name, n) == 0 && start[n] == '=') {
            start += n + 1;
            size_t len = (size_t)(p - start);
            if (len >= 2 && *start == '"' && p[-1] == '"') {
                start++;
                len -= 2;
            }
            return lec_copy_utf8(out, size, start, len);
        }
        p += *p == ';';
    }
    return false;
}

/* ---- Zones -------------------------------------------------------------------------------------------------- */

/* A zone's rules are followed by libical from year to year: nothing finer than that is let through to it. */
static bool zone_is_calm(icalcomponent *zone)
{
    for (icalcomponent *part = icalcomponent_get_first_component(zone, ICAL_ANY_COMPONENT); part;
         part = icalcomponent_get_next_component(zone, ICAL_ANY_COMPONENT))
        for (icalproperty *p = icalcomponent_get_first_property(part, ICAL_RRULE_PROPERTY); p;
             p = icalcomponent_get_next_property(part, ICAL_RRULE_PROPERTY))
            if (icalproperty_get_rrule(p).freq != ICAL_YEARLY_RECURRENCE)
                return false;
    return true;
}

static void end_zone(struct reading *r)
{
    struct calendar *c = r->c;
    icalcomponent *part = !r->zone.failed && r->zone.data ? icalparser_parse_string(r->zone.data) : NULL;
    icaltimezone *zone = NULL;
    if (c->n_zones == CALENDAR_ZONES) {
        lec_report_add(r->report, c->file, r->zone_line, "more than %d VTIMEZONEs", CALENDAR_ZONES);
    } else if (!part || !r->tzid || !zone_is_calm(part)) {
        lec_report_add(r->report, c->file, r->zone_line,
                       "this VTIMEZONE cannot be used, expected a TZID and rules that repeat once a year");
    } else if ((zone = icaltimezone_new()) != NULL && icaltimezone_set_component(zone, part)) {
        part = NULL; /* the zone's now */
        c->zones[c->n_zones++] = (struct zone){.tzid = r->tzid, .zone = zone};
        zone = NULL;
    }
    if (zone)
        icaltimezone_free(zone, 1);
    if (part)
        icalcomponent_free(part);
    lec_buf_done(&r->zone);
    r->tzid = NULL;
    r->zone_depth = 0;
}

static void zone_line(struct reading *r, const char *name, const struct field *f)
{
    lec_buf_printf(&r->zone, "%s%s%s:%s\r\n", name, *f->params ? ";" : "", f->params, f->value);
    if (strcasecmp(name, "TZID") == 0 && r->depth == r->zone_depth)
        r->tzid = f->value;
}

/* ---- Events ------------------------------------------------------------------------------------------------- */

static int add_field(struct fields *list, const struct field *f)
{
    if ((list->n & (list->n - 1)) == 0) { /* a power of two: full */
        struct field *more = realloc(list->at, (list->n ? 2 * list->n : 1) * sizeof *more);
        if (!more)
            return LEC_E_NOMEM;
        list->at = more;
    }
    list->at[list->n++] = *f;
    return 0;
}

static int event_line(struct reading *r, const char *name, const struct field *f)
{
    struct event *e = r->event;
    const struct {
        const char *name;
        struct field *one;
        struct fields *many;
    } known[] = {{"DTSTART", &e->start, NULL},
                 {"DTEND", &e->end, NULL},
                 {"DURATION", &e->duration, NULL},
                 {"RECURRENCE-ID", &e->recurrence_id, NULL},
                 {"UID", &e->uid, NULL},
                 {"SUMMARY", &e->text, NULL},
                 {"STATUS", &e->status, NULL},
                 {"X-LECTERN-START", &e->start_scene, NULL},
                 {"X-LECTERN-END", &e->end_scene, NULL},
                 {"RRULE", NULL, &e->rules},
                 {"RDATE", NULL, &e->dates},
                 {"EXDATE", NULL, &e->but}};
    const char *near[ARRAY_LEN(known)];
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        near[i] = known[i].name;
        if (strcasecmp(name, known[i].name) != 0)
            continue;
        if (known[i].many) {
            if (known[i].many->n < CALENDAR_DATES)
                return add_field(known[i].many, f);
            lec_report_add(r->report, r->c->file, f->line, "more than %d %s lines in one event", CALENDAR_DATES, name);
        } else if (known[i].one->value) {
            lec_report_add(r->report, r->c->file, f->line, "%s is in line %d already", known[i].name,
                           known[i].one->line);
        } else {
            *known[i].one = *f;
        }
        return 0;
    }
    if (strncasecmp(name, "X-LECTERN", 9) == 0) {
        const char *meant = lec_nearest(name, near, ARRAY_LEN(near));
        lec_report_add(r->report, r->c->file, f->line,
                       "%.40s means nothing here%s%s%s, expected X-LECTERN-START or -END", name,
                       meant ? " (did you mean " : "", meant ? meant : "", meant ? "?)" : "");
    }
    return 0;
}

static int begin_event(struct reading *r, int line)
{
    struct calendar *c = r->c;
    if (c->n_events == CALENDAR_EVENTS) {
        if (!c->too_many)
            lec_report_add(r->report, c->file, line, "more than %d events; those from here on are left out",
                           CALENDAR_EVENTS);
        c->too_many = true;
        return 0;
    }
    if (c->n_events == c->size) {
        size_t size = c->size ? 2 * c->size : 32;
        struct event *more = realloc(c->events, size * sizeof *more);
        if (!more)
            return LEC_E_NOMEM;
        c->events = more;
        c->size = size;
    }
    r->event = &c->events[c->n_events++];
    *r->event = (struct event){.line = line};
    r->event_depth = r->depth;
    return 0;
}

/* ---- Lines -------------------------------------------------------------------------------------------------- */

static int begin(struct reading *r, const char *what, int line)
{
    r->depth++;
    if (r->depth > DEPTH_MAX)
        return lec_report_add(r->report, r->c->file, line, "more than %d BEGINs inside each other", DEPTH_MAX);
    if (r->depth == 1) {
        if (strcasecmp(what, "VCALENDAR") != 0)
            return lec_report_add(r->report, r->c->file, line, "this is no calendar: expected BEGIN:VCALENDAR");
        r->calendar = true;
    } else if (r->depth == 2 && strcasecmp(what, "VEVENT") == 0) {
        return begin_event(r, line);
    } else if (r->depth == 2 && strcasecmp(what, "VTIMEZONE") == 0) {
        lec_buf_init(&r->zone, ZONE_BYTES);
        r->zone_depth = r->depth;
        r->zone_line = line;
        lec_buf_puts(&r->zone, "BEGIN:VTIMEZONE\r\n");
    } else if (r->zone_depth > 0) {
        lec_buf_printf(&r->zone, "BEGIN:%s\r\n", what);
    }
    return 0;
}

static int end(struct reading *r, const char *what, int line)
{
    if (r->depth == 0)
        return lec_report_add(r->report, r->c->file, line, "END:%.*s without its BEGIN", TEXT_SHOWN, what);
    if (r->zone_depth > 0)
        lec_buf_printf(&r->zone, "END:%s\r\n", what);
    if (r->zone_depth == r->depth)
        end_zone(r);
    if (r->event && r->event_depth == r->depth)
        r->event = NULL;
    r->depth--;
    r->ended = r->ended || r->depth == 0;
    return 0;
}

static int one_line(struct reading *r, char *text, int line)
{
    char *name;
    struct field f = {.line = line};
    if (*text == '\0')
        return 0;
    if (!lec_is_utf8(text, strlen(text)))
        return lec_report_add(r->report, r->c->file, line, "this line is not UTF-8 text; save the calendar as UTF-8");
    if (!split(text, &name, &f))
        return lec_report_add(r->report, r->c->file, line, "\"%.*s\" is no line of a calendar, expected NAME:VALUE",
                              TEXT_SHOWN, text);
    if (strcasecmp(name, "BEGIN") == 0)
        return begin(r, f.value, line);
    if (r->depth == 0)
        return lec_report_add(r->report, r->c->file, line, "this is no calendar: expected BEGIN:VCALENDAR");
    if (strcasecmp(name, "END") == 0)
        return end(r, f.value, line);
    if (r->zone_depth > 0)
        zone_line(r, name, &f);
    else if (r->event && r->depth == r->event_depth)
        return event_line(r, name, &f);
    return 0;
}

int lines_read(struct calendar *c, char *text, size_t n, struct lec_report *report)
{
    struct reading r = {.c = c, .report = report, .next = text, .end = text + n, .line = 1};
    int line, rc = 0;
    if (memchr(text, '\0', n))
        return lec_report_add(report, c->file, 0, "this is no text but something else, expected an iCalendar file");
    if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        r.next += 3;
    for (char *one; rc == 0 && (one = next_line(&r, &line)) != NULL;)
        rc = one_line(&r, one, line);
    lec_buf_done(&r.zone);
    if (rc == 0 && !r.calendar)
        rc = lec_report_add(report, c->file, 0, "the file is empty, expected BEGIN:VCALENDAR");
    if (rc == 0 && r.depth > 0) /* cut off: what a half event says is not to be trusted */
        rc = lec_report_add(report, c->file, r.line, "the file ends in the middle, expected END:VCALENDAR");
    return rc;
}
