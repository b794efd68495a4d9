#include "timetable/internal.h"

#include <string.h>

#include "lectern/member.h"

/* What people are told of a period. */
static const char *state_of(const struct lesson *p, const struct record *r, int64_t wall_us)
{
    if (p->holiday)
        return "skipped";
    enum edge start = r ? r->start : EDGE_OPEN, end = r ? r->end : EDGE_OPEN;
    if (start == EDGE_SKIPPED)
        return "skipped";
    if (start == EDGE_MISSED || start == EDGE_FAILED || end == EDGE_MISSED || end == EDGE_FAILED)
        return "missed";
    if (end == EDGE_HELD)
        return "held";
    if (end != EDGE_OPEN || (wall_us >= p->end_us && !*p->end_scene))
        return "ended";
    if (start == EDGE_CAUGHT)
        return "caught_up";
    return start == EDGE_BEGUN || (wall_us >= p->start_us && !*p->start_scene) ? "begun" : "planned";
}

static void write_period(const struct lesson *p, const struct record *r, int64_t wall_us, struct lec_buf *b)
{
    lec_buf_puts(b, "{\"uid\":");
    lec_json_str(b, p->uid);
    lec_member_int(b, "start", p->start_us);
    lec_member_int(b, "end", p->end_us);
    lec_member_str(b, "text", p->text);
    lec_member_str_if_any(b, "start_scene", p->start_scene);
    lec_member_str_if_any(b, "end_scene", p->end_scene);
    lec_member_str(b, "state", state_of(p, r, wall_us));
    if (p->holiday)
        why_json(b, "reason", WHY_HOLIDAY, p->holiday);
    else if (r)
        why_json(b, "reason", r->why.code, r->why.about);
    lec_buf_putc(b, '}');
}

void lessons_period_json(const struct lessons *l, const struct lesson *period, int64_t wall_us, struct lec_buf *json)
{
    const struct record *r = NULL;
    for (size_t i = 0; i < l->n_records && !r; i++)
        if (l->records[i]->start_us == period->start_us && strcmp(l->records[i]->uid, period->uid) == 0)
            r = l->records[i];
    write_period(period, r, wall_us, json);
}

void lessons_periods_json(const struct lessons *l, int64_t from_us, int64_t to_us, int64_t wall_us,
                          struct lec_buf *json)
{
    for (size_t i = 0; i < l->n_periods; i++) {
        const struct period *p = &l->periods[i];
        if (p->is.start_us >= to_us || p->is.end_us <= from_us)
            continue;
        lec_json_next(json);
        write_period(&p->is, p->record, wall_us, json);
    }
}

static void write_closing(const struct lessons *l, const struct closing *c, struct lec_buf *b)
{
    lec_buf_puts(b, "{\"time\":");
    lec_json_int(b, c->time_us);
    lec_member_str(b, "scene", l->closing_scene);
    if (c->time_us > c->base_us)
        lec_member_int(b, "extended_ms", (c->time_us - c->base_us) / 1000);
}

bool lessons_closing_json(const struct lessons *l, int64_t at_us, int64_t wall_us, struct lec_buf *json)
{
    static const struct {
        enum edge edge;
        const char *name;
    } states[] = {{EDGE_OPEN, "planned"}, {EDGE_HELD, "held"}, {EDGE_MISSED, "missed"}, {EDGE_FAILED, "missed"}};
    const struct closing *c = closing_of(l, at_us);
    struct closing planned = {.edge = EDGE_OPEN};
    if (!l->rules.has_closing || (!c && at_us < lessons_day_us(wall_us, 0)))
        return false;
    if (!c) {
        planned.base_us = planned.time_us = closing_base(l, at_us);
        c = &planned;
    }
    const char *state = "ended";
    for (size_t i = 0; i < ARRAY_LEN(states); i++)
        state = states[i].edge == c->edge ? states[i].name : state;
    write_closing(l, c, json);
    lec_member_str(json, "state", state);
    if (c->edge == EDGE_OPEN)
        lec_member_int(json, "warn_at", c->time_us - l->rules.warn_us);
    why_json(json, "reason", c->why.code, c->why.about);
    lec_buf_putc(json, '}');
    return true;
}

void lessons_now_json(const struct lessons *l, int64_t extend_us, int64_t wall_us, struct lec_buf *json)
{
    const struct period *now = NULL, *next = NULL;
    for (size_t i = 0; i < l->n_periods && !next; i++) {
        const struct period *p = &l->periods[i];
        if (p->is.end_us <= wall_us || p->is.holiday)
            continue;
        if (p->is.start_us > wall_us)
            next = p;
        else if (!now)
            now = p;
    }
    if (now) {
        lec_json_key(json, "period");
        write_period(&now->is, now->record, wall_us, json);
    }
    if (next) {
        lec_json_key(json, "next");
        write_period(&next->is, next->record, wall_us, json);
    }
    const struct closing *c = closing_of(l, wall_us);
    if (!c || (c->edge != EDGE_OPEN && c->edge != EDGE_HELD))
        return;
    lec_json_key(json, "closing");
    write_closing(l, c, json);
    lec_member_bool(json, "warning", c->edge == EDGE_HELD || wall_us >= c->time_us - l->rules.warn_us);
    if (c->edge == EDGE_HELD)
        why_json(json, "held", c->why.code, c->why.about);
    lec_member_int(json, "extend_ms", extend_us / 1000);
    lec_buf_putc(json, '}');
}
