#include <string.h>

#include "prepare.h"

#define REVERSE_DEFAULT (500 * LEC_MS)
#define REVERSE_MAX     (2 * LEC_SEC)
#define PERIOD_MAX      (2 * LEC_SEC)
#define TRAVEL_MAX      (10 * 60 * LEC_SEC)

static bool starts(const char *name, const char *prefix)
{
    return strncmp(name, prefix, strlen(prefix)) == 0;
}

bool mb_is_motor(const struct lec_point *pt)
{
    for (size_t i = 0; i < pt->keys.n; i++)
        if (starts(pt->keys.at[i].name, "motor "))
            return true;
    return false;
}

static void prepare_way(struct prep *p, const struct subject *s, const char *key, struct mb_way *way, bool end)
{
    struct mb_place place;
    if (!mb_prepare_place(p, s, key, &place))
        return;
    if (end ? !mb_is_bits(place.table) : place.table != MB_COIL)
        mb_wrong(p, s, key, end ? "an end switch is a discrete input or a coil" : "a relay is a coil");
    else if (place.count != 1)
        mb_wrong(p, s, key, "expected one, not a range");
    if (end) {
        way->end = place;
        way->has_end = true;
    } else {
        way->coil = place;
    }
}

static void prepare_ends(struct prep *p, const struct subject *s, struct mb_pair *pair)
{
    for (size_t i = 0; i < s->keys->n; i++) {
        const char *key = s->keys->at[i].name;
        if (!starts(key, "end "))
            continue;
        struct mb_way *way = NULL;
        for (unsigned w = 0; w < MB_MOTOR_WAYS; w++)
            if (pair->way[w].choice && strcmp(pair->way[w].choice, key + 4) == 0)
                way = &pair->way[w];
        if (way)
            prepare_way(p, s, key, way, true);
        else
            mb_wrong(p, s, key, "there is no \"motor %s\"", key + 4);
    }
}

static void check_choices(struct prep *p, const struct subject *s, const struct mb_pair *pair)
{
    static const char *const states[] = {"moving", "stopped", "unknown"};
    for (unsigned w = 0; w < MB_MOTOR_WAYS; w++)
        if (!mb_among(pair->way[w].choice, s->choices, s->n_choices))
            mb_wrong(p, s, "choices", "lacks \"%s\", which a motor key names", pair->way[w].choice);
    for (size_t i = 0; i < ARRAY_LEN(states); i++)
        if (!mb_among(states[i], s->choices, s->n_choices))
            mb_wrong(p, s, "choices", "lacks \"%s\", which a motor can be", states[i]);
    for (size_t i = 0; i < s->n_settable; i++)
        if (strcmp(s->settable[i], "stopped") != 0 && strcmp(s->settable[i], pair->way[0].choice) != 0 &&
            strcmp(s->settable[i], pair->way[1].choice) != 0)
            mb_wrong(p, s, "settable", "a motor can be set to \"%s\", \"%s\" and \"stopped\", not to \"%s\"",
                     pair->way[0].choice, pair->way[1].choice, s->settable[i]);
}

void mb_prepare_motor(struct prep *p, const struct lec_point *pt, struct mb_pair *pair)
{
    struct subject s = mb_point_subject(pt);
    unsigned n = 0;
    *pair = (struct mb_pair){.point = pt, .driving = -1, .driven_to = -1, .off_since = LEC_NEVER, .stop_at = LEC_NEVER};
    pair->reverse_ns = mb_duration(p, &s, "reverse after", REVERSE_DEFAULT, REVERSE_MAX, REVERSE_DEFAULT);
    pair->travel_ns = mb_duration(p, &s, "travel", LEC_SEC, TRAVEL_MAX, TRAVEL_MAX);
    if (!mb_text(&s, "travel"))
        mb_wrong(p, &s, "travel",
                 "is missing: how long may the motor run, from one end to the other with some reserve "
                 "(travel = 30s)?");
    for (size_t i = 0; i < s.keys->n; i++) {
        const char *key = s.keys->at[i].name;
        if (!starts(key, "motor "))
            continue;
        if (n < MB_MOTOR_WAYS) {
            pair->way[n].choice = key + 6;
            prepare_way(p, &s, key, &pair->way[n], false);
        }
        n++;
    }
    if (pt->type != LEC_ENUM) {
        mb_wrong(p, &s, "type", "a motor's position is an enum");
    } else if (n != MB_MOTOR_WAYS) {
        mb_wrong(p, &s, "motor",
                 "a motor has two relays, one for each direction; here are %u (motor up = coil 0, motor down = coil 1)",
                 n);
    } else if (pair->way[0].coil.addr == pair->way[1].coil.addr) {
        mb_wrong(p, &s, "motor", "both directions have the same relay");
    } else {
        check_choices(p, &s, pair);
        prepare_ends(p, &s, pair);
    }
    if (pt->period_ns <= 0 || pt->period_ns > PERIOD_MAX || pt->when.point)
        mb_wrong(p, &s, pt->when.point ? "when" : "period",
                 "a motor is watched all the time, at least every 2s, so that its relay goes off when it must");
    if (mb_text(&s, "register") || mb_text(&s, "write"))
        mb_wrong(p, &s, mb_text(&s, "register") ? "register" : "write", "a motor's point has relays instead");
}

struct mb_pair *mb_pair_of(const struct prep *p, const char *point)
{
    for (size_t i = 0; i < p->m->n_pairs; i++)
        if (strcmp(p->m->pairs[i].point->name, point) == 0)
            return &p->m->pairs[i];
    return NULL;
}

void mb_prepare_fault(struct prep *p, const struct lec_point *pt, struct mb_point *out)
{
    struct subject s = mb_point_subject(pt);
    const char *name = mb_text(&s, "fault of");
    out->fault_of = mb_pair_of(p, name);
    if (!out->fault_of)
        mb_wrong(p, &s, "fault of", "\"%s\" is not a point with motor keys", name);
    if (pt->access & LEC_WRITE)
        mb_wrong(p, &s, "fault of", "it can only be read");
    if (pt->type != LEC_BOOL && !(pt->type == LEC_ENUM && mb_among("ok", pt->choices, pt->n_choices) &&
                                  mb_among("error", pt->choices, pt->n_choices)))
        mb_wrong(p, &s, "fault of", "needs a bool, or an enum with the choices ok and error");
}

/* A relay of a motor must not have a second master within the profile. */
void mb_check_motor_coils(struct prep *p)
{
    for (size_t i = 0; i < p->m->n_points; i++) {
        const struct mb_codec *c = &p->m->points[i].codec;
        struct subject s = mb_point_subject(&p->desc->points[i]);
        for (size_t k = 0; c->writable && c->write.table == MB_COIL && k < 2 * p->m->n_pairs; k++) {
            const struct mb_pair *pair = &p->m->pairs[k / 2];
            unsigned coil = pair->way[k % 2].coil.addr;
            if (coil >= c->write.addr && coil < c->write.addr + (unsigned)c->write.count)
                mb_wrong(p, &s, mb_text(&s, "write") ? "write" : "register",
                         "coil %u drives the motor of \"%s\" and can only be "
                         "switched there",
                         coil, pair->point->name);
        }
    }
}
