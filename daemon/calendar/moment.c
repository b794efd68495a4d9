#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "calendar/internal.h"
#include "lectern/parse.h"

int64_t calendar_local_us(int year, int month, int day, int hour, int minute, int second)
{
    struct tm tm = {.tm_year = year - 1900,
                    .tm_mon = month - 1,
                    .tm_mday = day,
                    .tm_hour = hour,
                    .tm_min = minute,
                    .tm_sec = second,
                    .tm_isdst = -1};
    return (int64_t)mktime(&tm) * 1000000;
}

/* The zone of that name: the system's, so that a file cannot say otherwise of a place that we know; else the file's own. */
static icaltimezone *find_zone(const struct calendar *c, const char *tzid)
{
    icaltimezone *zone = icaltimezone_get_builtin_timezone(tzid);
    for (size_t i = 0; !zone && i < c->n_zones; i++)
        if (strcmp(c->zones[i].tzid, tzid) == 0)
            zone = c->zones[i].zone;
    return zone ? zone : icaltimezone_get_builtin_timezone_from_tzid(tzid);
}

/* "20261122" or "20261122T070000" or the same with a Z, and nothing else. */
static bool well_formed(const char *value, size_t n)
{
    if (n != 8 && n != 15 && n != 16)
        return false;
    for (size_t i = 0; i < n; i++) {
        bool digit = value[i] >= '0' && value[i] <= '9';
        if (i == 8 ? value[i] != 'T' : i == 15 ? value[i] != 'Z' : !digit)
            return false;
    }
    return true;
}

static int number(const char *text, size_t n)
{
    int v = 0;
    for (size_t i = 0; i < n; i++)
        v = 10 * v + text[i] - '0';
    return v;
}

static bool on_the_calendar(const struct icaltimetype *t)
{
    return t->year >= 1970 && t->year <= 2200 && t->month >= 1 && t->month <= 12 && t->day >= 1 &&
           t->day <= icaltime_days_in_month(t->month, t->year) && t->hour < 24 && t->minute < 60 && t->second < 60;
}

bool moment_read(struct calendar *c, const struct field *f, const char *what, const char *value, size_t n,
                 struct moment *out, struct lec_report *report)
{
    char tzid[200];
    *out = (struct moment){.t = icaltime_null_time()};
    if (well_formed(value, n)) {
        out->t.year = number(value, 4);
        out->t.month = number(value + 4, 2);
        out->t.day = number(value + 6, 2);
        out->t.is_date = n == 8;
        out->t.hour = n == 8 ? 0 : number(value + 9, 2);
        out->t.minute = n == 8 ? 0 : number(value + 11, 2);
        out->t.second = n == 8 ? 0 : number(value + 13, 2);
    }
    if (!on_the_calendar(&out->t)) {
        lec_report_add(report, c->file, f->line, "%s: \"%.*s\" is no time, expected such as 20261123T070000", what,
                       n > 40 ? 40 : (int)n, value);
        return false;
    }
    out->utc = n == 16;
    if (out->utc || out->t.is_date || !field_param(f, "TZID", tzid, sizeof tzid))
        return true;
    out->zone = find_zone(c, tzid);
    if (!out->zone)
        lec_report_add(report, c->file, f->line,
                       "%s: there is no time zone \"%.60s\", expected such as Asia/Ho_Chi_Minh, or none at all", what,
                       tzid);
    return out->zone != NULL;
}

int64_t moment_us(const struct moment *m)
{
    const struct icaltimetype *t = &m->t;
    if (m->zone)
        return (int64_t)icaltime_as_timet_with_zone(*t, m->zone) * 1000000;
    if (m->utc)
        return (int64_t)icaltime_as_timet(*t) * 1000000;
    return calendar_local_us(t->year, t->month, t->day, t->hour, t->minute, t->second);
}

bool moment_same_day(const struct moment *date, int64_t us)
{
    time_t s = (time_t)(us / 1000000);
    struct tm tm;
    return localtime_r(&s, &tm) && tm.tm_year + 1900 == date->t.year && tm.tm_mon + 1 == date->t.month &&
           tm.tm_mday == date->t.day;
}
