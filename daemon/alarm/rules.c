/* Rules from the room. Sorted by name, so that one is found among thousands; for each point and device a chain of those that look at
 * it, so that a value which nobody watches costs one look. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alarm/internal.h"
#include "config/config.h"
#include "lectern/parse.h"

static const char *const of_room[] = {"room.disk", "room.journal"};

/* ---- Collecting --------------------------------------------------------------------------------------------- */

static const struct lec_alarm *section_of(const struct lec_room *room, const char *name)
{
    for (size_t i = 0; i < room->n_alarms; i++)
        if (strcmp(room->alarms[i].name, name) == 0)
            return &room->alarms[i];
    return NULL;
}

/* One of the room's own alarms, as its section changes it. */
static void add_own(struct lec_alarms *a, struct rule rule)
{
    rule.section = section_of(a->room, rule.name);
    if (rule.section) {
        rule.severity = rule.section->severity;
        rule.delay = rule.section->delay_ns;
    }
    if (!rule.section || !rule.section->off)
        a->rules[a->n_rules++] = rule;
}

static void add_device(struct lec_alarms *a, const struct lec_device *d)
{
    struct rule away = {.kind = RULE_AWAY, .device = d, .severity = LEC_ERROR, .delay = LEC_ALARM_AWAY_NS};
    snprintf(away.name, sizeof away.name, "%.*s.away", LEC_NAME_MAX, d->name);
    add_own(a, away);
    for (size_t i = 0; i < d->n_points; i++) {
        const struct lec_point *p = &d->points[i];
        struct rule fault = {.kind = RULE_FAULT, .device = d, .point = p, .severity = LEC_ERROR};
        if (!severity_of(p->severity, &fault.severity))
            continue;
        snprintf(fault.name, sizeof fault.name, "%.*s.%.*s", LEC_NAME_MAX, d->name, LEC_NAME_MAX, p->name);
        if (strcmp(fault.name, away.name) != 0)
            add_own(a, fault);
    }
}

static void add_section(struct lec_alarms *a, const struct lec_alarm *s)
{
    bool own = strchr(s->name, '.') || strcmp(s->name, "help") == 0;
    if (own || s->off || !s->device)
        return;
    struct rule rule = {.section = s,
                        .device = s->device,
                        .point = s->point,
                        .severity = s->severity,
                        .delay = s->delay_ns,
                        .kind = !s->point      ? RULE_AWAY
                                : s->has_value ? RULE_VALUE
                                               : RULE_LIMIT};
    snprintf(rule.name, sizeof rule.name, "%.*s", LEC_NAME_MAX, s->name);
    a->rules[a->n_rules++] = rule;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct rule *)a)->name, ((const struct rule *)b)->name);
}

/* Names are unique in a room, but for a device that is called "room": what comes first counts. */
static void drop_doubles(struct lec_alarms *a)
{
    size_t n = 0;
    for (size_t i = 0; i < a->n_rules; i++)
        if (n == 0 || strcmp(a->rules[n - 1].name, a->rules[i].name) != 0)
            a->rules[n++] = a->rules[i];
    a->n_rules = n;
}

static bool chain(struct lec_alarms *a)
{
    const struct lec_room *room = a->room;
    a->of_point = calloc(room->n_devices + 1, sizeof *a->of_point);
    a->away = calloc(room->n_devices + 1, sizeof *a->away);
    if (!a->of_point || !a->away)
        return false;
    for (size_t i = 0; i < room->n_devices; i++) {
        size_t n = room->devices[i].n_points;
        a->away[i] = NONE;
        a->of_point[i] = calloc(n + 1, sizeof **a->of_point);
        for (size_t p = 0; a->of_point[i] && p < n; p++)
            a->of_point[i][p] = NONE;
        if (!a->of_point[i])
            return false;
    }
    for (size_t i = a->n_rules; i > 0; i--) {
        struct rule *r = &a->rules[i - 1];
        if (!r->device)
            continue;
        size_t *first = r->point ? &a->of_point[r->device->index][r->point->index] : &a->away[r->device->index];
        r->next_of_point = *first;
        *first = i - 1;
    }
    return true;
}

bool rules_build(struct lec_alarms *a, const struct lec_room *room)
{
    size_t max = ARRAY_LEN(of_room) + 1 + room->n_devices + room->n_alarms;
    for (size_t i = 0; i < room->n_devices; i++)
        max += room->devices[i].n_points;
    a->room = lec_room_ref(room);
    a->rules = calloc(max, sizeof *a->rules);
    a->n_rules = 0;
    a->of_point = NULL;
    a->away = NULL;
    if (!a->rules)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(of_room); i++) {
        struct rule rule = {.kind = RULE_ROOM, .severity = i == LEC_ALARM_DISK ? LEC_ERROR : LEC_CRITICAL};
        snprintf(rule.name, sizeof rule.name, "%s", of_room[i]);
        add_own(a, rule);
    }
    add_own(a, (struct rule){.name = "help", .kind = RULE_HELP, .severity = LEC_CRITICAL});
    for (size_t i = 0; i < room->n_devices; i++)
        add_device(a, &room->devices[i]);
    for (size_t i = 0; i < room->n_alarms; i++)
        add_section(a, &room->alarms[i]);
    qsort(a->rules, a->n_rules, sizeof *a->rules, by_name);
    drop_doubles(a);
    struct rule *fit = realloc(a->rules, (a->n_rules + 1) * sizeof *fit); /* few points tell of faults */
    a->rules = fit ? fit : a->rules;
    for (size_t i = 0; i < a->n_rules; i++) {
        struct rule *r = &a->rules[i];
        r->next_of_point = NONE;
        r->since = -1;
        for (size_t k = 0; k < ARRAY_LEN(r->recent); k++)
            r->recent[k] = INT64_MIN;
    }
    return chain(a);
}

void rules_free(struct rule *rules, size_t n, size_t **of_point, size_t n_devices, size_t *away)
{
    for (size_t i = 0; i < n; i++) {
        free(rules[i].raise);
        free(rules[i].shelf);
    }
    for (size_t i = 0; of_point && i < n_devices; i++)
        free(of_point[i]);
    free(of_point);
    free(away);
    free(rules);
}

/* ---- Finding ------------------------------------------------------------------------------------------------ */

struct rule *rule_find(const struct lec_alarms *a, const char *name)
{
    struct rule key;
    if (a->n_rules == 0 || !lec_copy_utf8(key.name, sizeof key.name, name, strlen(name)))
        return NULL;
    return bsearch(&key, a->rules, a->n_rules, sizeof *a->rules, by_name);
}

struct rule *rule_wanted(const struct lec_alarms *a, const char *name, struct lec_err *err)
{
    struct rule *r = rule_find(a, name);
    if (r)
        return r;
    const char *best = NULL;
    unsigned best_edits = (unsigned)strlen(name) / 3 + 1;
    for (size_t i = 0; i < a->n_rules; i++) {
        unsigned edits = lec_edits(name, a->rules[i].name);
        if (edits < best_edits) {
            best_edits = edits;
            best = a->rules[i].name;
        }
    }
    lec_fail(err, LEC_E_CONFIG, "the room has no alarm \"%.100s\"%s%s%s", name, best ? " (did you mean " : "",
             best ? best : "", best ? "?)" : "");
    return NULL;
}

/* ---- The engine as a whole ---------------------------------------------------------------------------------- */

struct lec_alarms *lec_alarms_new(const struct lec_room *room, const struct lec_alarms_host *host)
{
    struct lec_alarms *a = calloc(1, sizeof *a);
    if (!a)
        return NULL;
    a->host = *host;
    a->next = 1;
    a->due = LEC_NEVER;
    if (!rules_build(a, room))
        lec_alarms_free(&a);
    return a;
}

void lec_alarms_free(struct lec_alarms **alarms)
{
    struct lec_alarms *a = *alarms;
    *alarms = NULL;
    if (!a)
        return;
    rules_free(a->rules, a->n_rules, a->of_point, a->room->n_devices, a->away);
    for (size_t i = 0; i < a->n_ended; i++)
        free(a->ended[i]);
    for (size_t i = 0; i < a->n_restored; i++) {
        free(a->restored[i].raise);
        free(a->restored[i].shelf);
    }
    free(a->restored);
    lec_room_unref(&a->room);
    free(a);
}

static bool same_name(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

/* What stood by the old rule stands by the new one. */
static void take_over(struct rule *r, struct rule *old)
{
    r->raise = old->raise;
    r->shelf = old->shelf;
    r->since = old->since;
    r->held = old->held;
    r->cond = old->cond;
    r->value = old->value;
    r->limit = old->limit;
    r->side = old->side;
    r->gravity = old->gravity;
    r->code = old->code;
    memcpy(r->recent, old->recent, sizeof r->recent);
    memcpy(r->reason, old->reason, sizeof r->reason);
    old->raise = NULL;
    old->shelf = NULL;
}

bool lec_alarms_reload(struct lec_alarms *a, const struct lec_room *room, struct lec_moment t)
{
    struct lec_alarms old = *a;
    bool built = rules_build(a, room);
    if (!built) { /* what stands must not be lost: the old rules stay, and are fed by nobody */
        rules_free(a->rules, 0, a->of_point, room->n_devices, a->away);
        lec_room_unref(&a->room);
        *a = old;
        for (size_t i = 0; i < a->room->n_devices; i++) {
            a->away[i] = NONE;
            for (size_t p = 0; p < a->room->devices[i].n_points; p++)
                a->of_point[i][p] = NONE;
        }
        return false;
    }
    for (size_t i = 0; i < old.n_rules; i++) {
        struct rule *was = &old.rules[i], *r = rule_find(a, was->name);
        bool same = r && same_name(r->device ? r->device->name : NULL, was->device ? was->device->name : NULL) &&
                    same_name(r->point ? r->point->name : NULL, was->point ? was->point->name : NULL);
        if (same) {
            take_over(r, was);
        } else {
            engine_drop(a, was->raise, was->shelf, was->name,
                        r ? "it watches something else now" : "nothing watches it any more: the configuration changed",
                        t);
            was->raise = NULL;
            was->shelf = NULL;
        }
    }
    rules_free(old.rules, old.n_rules, old.of_point, old.room->n_devices, old.away);
    lec_room_unref(&old.room);
    a->due = t.now; /* delays may be others now */
    return true;
}
