#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "calendar/internal.h"

struct expanding {
    struct calendar *c;
    struct lec_report *report;
    int64_t from, to;
    struct calendar_list *out;
    size_t size;
    clock_t until; /* processor time */
    bool full, late;
};

static int64_t end_of(const struct event *e, const struct moment *start, int64_t start_us)
{
    if (!e->all_day)
        return start_us + e->lasts_us;
    return calendar_local_us(start->t.year, start->t.month, start->t.day + e->lasts_days, 0, 0, 0);
}

/* Whether this occurrence does not take place, or at another time. */
static bool excepted(const struct expanding *x, const struct event *e, int64_t us)
{
    for (size_t i = 0; i < e->n_excluded; i++) {
        const struct date *d = &e->excluded[i];
        if (d->us == us || (d->m.t.is_date && moment_same_day(&d->m, us)))
            return true;
    }
    for (size_t i = 0; i < x->c->n_events && !e->replaces; i++) {
        const struct event *other = &x->c->events[i];
        if (!other->usable || !other->replaces || strcmp(other->uid_text, e->uid_text) != 0)
            continue;
        if (other->instead_of.us == us || (other->instead_of.m.t.is_date && moment_same_day(&other->instead_of.m, us)))
            return true;
    }
    return false;
}

static int add(struct expanding *x, const struct event *e, const struct moment *start)
{
    int64_t us = moment_us(start), end = end_of(e, start, us);
    if (us >= x->to || end <= x->from || excepted(x, e, us))
        return 0;
    if (x->out->n == CALENDAR_FOUND) {
        if (!x->full)
            lec_report_add(x->report, x->c->file, e->line,
                           "more than %d lessons in the days asked for; the rest is left out", CALENDAR_FOUND);
        x->full = true;
        return 0;
    }
    if (x->out->n == x->size) {
        size_t size = x->size ? 2 * x->size : 64;
        struct calendar_found *more = realloc(x->out->at, size * sizeof *more);
        if (!more)
            return LEC_E_NOMEM;
        x->out->at = more;
        x->size = size;
    }
    x->out->at[x->out->n++] = (struct calendar_found){.start_us = us,
                                                      .end_us = end,
                                                      .uid = e->uid_text,
                                                      .text = e->shown,
                                                      .start_scene = e->scenes[0],
                                                      .end_scene = e->scenes[1],
                                                      .all_day = e->all_day,
                                                      .line = e->line};
    return 0;
}

static int follow_rule(struct expanding *x, const struct event *e, size_t rule)
{
    if (clock() > x->until) {
        x->late = true;
        return 0;
    }
    icalrecur_iterator *it = icalrecur_iterator_new(e->rule[rule], e->first.t); /* looks for the first one already */
    int rc = 0;
    if (!it) {
        lec_report_add(x->report, x->c->file, e->rules.at[rule].line, "RRULE: this rule cannot be followed");
        return 0;
    }
    for (unsigned step = 0; rc == 0; step++) {
        if (step == CALENDAR_STEPS) {
            lec_report_add(x->report, x->c->file, e->rules.at[rule].line,
                           "RRULE: more than %d times from DTSTART on; begin it later", CALENDAR_STEPS);
            break;
        }
        if (step % 64 == 0 && clock() > x->until) {
            x->late = true;
            break;
        }
        struct moment m = {.utc = e->first.utc, .zone = e->first.zone};
        m.t = icalrecur_iterator_next(it);
        if (icaltime_is_null_time(m.t) || m.t.year > 2200)
            break;
        int64_t us = moment_us(&m);
        if (us >= x->to || us > e->until_us[rule])
            break;
        rc = add(x, e, &m);
    }
    icalrecur_iterator_free(it);
    return rc;
}

static int expand_event(struct expanding *x, const struct event *e)
{
    int rc = add(x, e, &e->first); /* always the first occurrence, also where the rule would not say so */
    for (size_t i = 0; i < e->n_added && rc == 0; i++)
        rc = add(x, e, &e->added[i].m);
    if (e->replaces)
        return rc;
    for (size_t i = 0; i < e->n_rules && rc == 0 && !x->late; i++)
        rc = follow_rule(x, e, i);
    return rc;
}

static int in_order(const void *a, const void *b)
{
    const struct calendar_found *x = a, *y = b;
    if (x->start_us != y->start_us)
        return x->start_us < y->start_us ? -1 : 1;
    if (x->end_us != y->end_us)
        return x->end_us < y->end_us ? -1 : 1;
    int order = strcmp(x->uid, y->uid);
    return order != 0 ? order : x->line - y->line;
}

/* One event can come to the same time in several ways; two events of one name cannot be told apart. */
static void drop_doubles(struct expanding *x)
{
    struct calendar_list *l = x->out;
    size_t kept = 0;
    for (size_t i = 0; i < l->n; i++) {
        const struct calendar_found *now = &l->at[i];
        bool twice = false;
        for (size_t k = kept; k > 0 && l->at[k - 1].start_us == now->start_us && !twice; k--) {
            twice = strcmp(l->at[k - 1].uid, now->uid) == 0;
            if (twice && l->at[k - 1].line != now->line)
                lec_report_add(x->report, x->c->file, now->line,
                               "this event has the UID and the time of the one in line %d; that one counts",
                               l->at[k - 1].line);
        }
        if (!twice)
            l->at[kept++] = *now;
    }
    l->n = kept;
}

int calendar_expand(struct calendar *calendar, int64_t from_us, int64_t to_us, struct calendar_list *out,
                    struct lec_report *report)
{
    struct expanding x = {.c = calendar, .report = report, .from = from_us, .to = to_us, .out = out};
    *out = (struct calendar_list){0};
    x.until = clock() + CALENDAR_WORK_MS * (CLOCKS_PER_SEC / 1000);
    int rc = 0;
    for (size_t i = 0; i < calendar->n_events && rc == 0 && !x.late; i++) {
        const struct event *e = &calendar->events[i];
        if (!e->usable || e->cancelled)
            continue;
        rc = expand_event(&x, e);
        if (x.late)
            lec_report_add(report, calendar->file, e->line,
                           "reading the events took longer than %d ms; those from here on are left out",
                           CALENDAR_WORK_MS);
    }
    if (rc < 0) {
        free(out->at);
        *out = (struct calendar_list){0};
        return rc;
    }
    if (out->n > 0)
        qsort(out->at, out->n, sizeof *out->at, in_order);
    drop_doubles(&x);
    return 0;
}

void calendar_cancel(struct calendar_list *periods, const struct calendar_list *holidays)
{
    for (size_t i = 0; i < periods->n; i++)
        for (size_t k = 0; k < holidays->n && !periods->at[i].holiday; k++)
            if (periods->at[i].start_us >= holidays->at[k].start_us && periods->at[i].start_us < holidays->at[k].end_us)
                periods->at[i].holiday = holidays->at[k].text;
}
