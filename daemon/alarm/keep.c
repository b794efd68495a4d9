/* What survives a restart: under alarm/<name> what stands and what is shelved, under alarm-ended/<raise> the last that ended, and under
 * alarm-next the number of the next raise. What was read is judged like anything from outside: the file may be damaged. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alarm/internal.h"
#include "lectern/log.h"
#include "lectern/member.h"
#include "lectern/parse.h"

#define RESTORED_MAX (2 * LEC_ALARMS_STANDING + 4096) /* shelved ones are as many as the room has rules, at most */
#define NUMBER_MAX   (INT64_C(1) << 53)
#define TIME_MAX     (INT64_C(1) << 60)

void keep_key(const char *name, char key[LEC_ALARM_NAME_MAX + 16])
{
    (void)snprintf(key, LEC_ALARM_NAME_MAX + 16, "alarm/%s", name);
}

/* With zeros, so that they are listed in their order. */
void keep_ended_key(uint64_t number, char key[48])
{
    (void)snprintf(key, 48, "alarm-ended/%016llu", (unsigned long long)number);
}

void keep_rule(const struct rule *r, struct lec_buf *b)
{
    if (!r->raise && !r->shelf)
        return;
    lec_buf_putc(b, '{');
    if (r->raise)
        json_raise(r->raise, b);
    if (r->shelf) {
        lec_json_key(b, "shelf");
        lec_buf_printf(b, "{\"for_ms\":%lld,\"since\":%lld,\"until\":%lld,\"by\":", (long long)r->shelf->for_ms,
                       (long long)r->shelf->since_us, (long long)r->shelf->until_us);
        lec_json_str(b, r->shelf->by);
        lec_member_str(b, "reason", r->shelf->reason);
        lec_buf_putc(b, '}');
    }
    lec_buf_putc(b, '}');
}

/* ---- Reading ------------------------------------------------------------------------------------------------ */

/* A text member into a field; what is missing is "". Returns false when it is no text, or does not fit. */
static bool take_text(const json_t *object, const char *key, char *out, size_t size)
{
    const json_t *v = json_object_get(object, key);
    out[0] = '\0';
    if (!v)
        return true;
    const char *text = json_string_value(v);
    return text && lec_is_utf8(text, json_string_length(v)) && lec_copy_utf8(out, size, text, json_string_length(v));
}

static bool take_int(const json_t *object, const char *key, int64_t min, int64_t max, int64_t *out)
{
    const json_t *v = json_object_get(object, key);
    if (!v)
        return true;
    if (!json_is_integer(v) || json_integer_value(v) < min || json_integer_value(v) > max)
        return false;
    *out = json_integer_value(v);
    return true;
}

static bool take_words(const json_t *object, const char *key, struct words *out)
{
    const json_t *w = json_object_get(object, key);
    return take_text(w, "vi", out->vi, sizeof out->vi) && take_text(w, "en", out->en, sizeof out->en);
}

static bool take_value(const json_t *v, struct lec_value *out)
{
    *out = (struct lec_value){.type = LEC_NONE};
    if (!v)
        return true;
    if (json_is_boolean(v))
        *out = lec_bool(json_is_true(v));
    else if (json_is_integer(v))
        *out = lec_int(json_integer_value(v));
    else if (json_is_real(v))
        *out = lec_float(json_real_value(v));
    else if (json_is_string(v) && json_string_length(v) <= LEC_TEXT_MAX)
        *out = lec_text(json_string_value(v));
    else
        return json_is_null(v);
    return true;
}

static bool take_raise(const json_t *o, const char *name, struct raise *r)
{
    const json_t *limit = json_object_get(o, "limit");
    char severity[16], side[16];
    int64_t number = 0, times = 0;
    r->has_limit = limit != NULL;
    r->limit = json_number_value(limit);
    r->chatters = json_is_true(json_object_get(o, "chatters"));
    bool good =
        take_text(o, "alarm", r->name, sizeof r->name) && (!name || strcmp(r->name, name) == 0) && *r->name &&
        take_int(o, "raise", 1, NUMBER_MAX, &number) && number > 0 &&
        take_text(o, "severity", severity, sizeof severity) && severity_of(severity, &r->severity) &&
        take_text(o, "device", r->device, sizeof r->device) && take_text(o, "point", r->point, sizeof r->point) &&
        take_value(json_object_get(o, "value"), &r->value) && take_text(o, "side", side, sizeof side) &&
        take_words(o, "text", &r->text) && take_words(o, "remedy", &r->remedy) &&
        take_text(o, "reason", r->reason, sizeof r->reason) && take_text(o, "caller", r->caller, sizeof r->caller) &&
        take_int(o, "raised", 0, TIME_MAX, &r->raised_us) && take_int(o, "acknowledged", 0, TIME_MAX, &r->acked_us) &&
        take_text(o, "by", r->by, sizeof r->by) && take_text(o, "note", r->note, sizeof r->note) &&
        take_int(o, "cleared", 0, TIME_MAX, &r->ended_us) && take_text(o, "over", r->over, sizeof r->over) &&
        take_int(o, "times", 0, NUMBER_MAX, &times);
    r->number = (uint64_t)number;
    r->times = (uint64_t)times;
    r->side = strcmp(side, "below") == 0 ? BELOW : ABOVE;
    return good;
}

static bool take_shelf(const json_t *o, struct shelf *s)
{
    return json_is_object(o) && take_int(o, "for_ms", LEC_SHELF_MIN_MS, LEC_SHELF_MAX_MS, &s->for_ms) &&
           s->for_ms > 0 && take_int(o, "since", 0, TIME_MAX, &s->since_us) &&
           take_int(o, "until", 0, TIME_MAX, &s->until_us) && take_text(o, "by", s->by, sizeof s->by) &&
           take_text(o, "reason", s->reason, sizeof s->reason);
}

static void bad(struct lec_alarms *a, const char *key)
{
    lec_log(LEC_LOG_WARNING, "kept text \"%.120s\" cannot be read and is forgotten", key);
    a->host.record(a->host.ctx, "", "", "", NULL, &(struct lec_alarm_kept){key, NULL}, 1);
}

static bool restore_rule(struct lec_alarms *a, const char *name, const json_t *o)
{
    struct restored *grown =
        a->n_restored < RESTORED_MAX ? realloc(a->restored, (a->n_restored + 1) * sizeof *grown) : NULL;
    if (!grown)
        return false;
    a->restored = grown;
    struct restored *r = &grown[a->n_restored];
    *r = (struct restored){.raise = NULL};
    bool stands = json_object_get(o, "raise") != NULL;
    const json_t *shelf = json_object_get(o, "shelf");
    r->raise = stands ? calloc(1, sizeof *r->raise) : NULL;
    r->shelf = shelf ? calloc(1, sizeof *r->shelf) : NULL;
    bool good = lec_copy_utf8(r->name, sizeof r->name, name, strlen(name)) && (stands || shelf) &&
                (!stands || (r->raise && take_raise(o, name, r->raise) && !r->raise->ended_us)) &&
                (!shelf || (r->shelf && take_shelf(shelf, r->shelf)));
    if (good) {
        a->n_restored++;
        if (stands && r->raise->number >= a->next)
            a->next = r->raise->number + 1;
        return true;
    }
    free(r->raise);
    free(r->shelf);
    return false;
}

static bool restore_ended(struct lec_alarms *a, const char *key, const json_t *o)
{
    struct raise *raise = a->n_ended < LEC_ALARMS_ENDED ? calloc(1, sizeof *raise) : NULL;
    char own[48];
    bool good = raise && take_raise(o, NULL, raise) && raise->ended_us;
    if (good) {
        keep_ended_key(raise->number, own);
        good = strcmp(own, key) == 0 && (a->n_ended == 0 || a->ended[a->n_ended - 1]->number < raise->number);
    }
    if (!good) {
        free(raise);
        return false;
    }
    if (raise->number >= a->next)
        a->next = raise->number + 1;
    a->ended[a->n_ended++] = raise;
    return true;
}

void lec_alarms_restore(struct lec_alarms *a, const char *key, const char *value)
{
    int64_t next;
    bool good = false;
    if (strcmp(key, "alarm-next") == 0) {
        good = lec_parse_int(value, 1, NUMBER_MAX, &next) == 0;
        if (good && (uint64_t)next > a->next)
            a->next = (uint64_t)next;
    } else {
        json_t *o = json_loads(value, JSON_REJECT_DUPLICATES, NULL);
        if (strncmp(key, "alarm/", 6) == 0)
            good = json_is_object(o) && restore_rule(a, key + 6, o);
        else if (strncmp(key, "alarm-ended/", 12) == 0)
            good = json_is_object(o) && restore_ended(a, key, o);
        json_decref(o);
    }
    if (!good)
        bad(a, key);
}

/* ---- Taking up again ---------------------------------------------------------------------------------------- */

/* How long the shelf still lasts: by the wall clock, but neither longer than was asked for nor longer than was left when it was kept. */
static void wake(struct lec_alarms *a, struct shelf *s, struct lec_moment t)
{
    int64_t seen = t.wall_us > s->since_us ? t.wall_us : s->since_us, left = s->until_us - seen;
    if (left > s->for_ms * 1000)
        left = s->for_ms * 1000;
    if (left < 0)
        left = 0;
    s->since_us = t.wall_us;
    s->until_us = t.wall_us + left;
    s->until = t.now + left * 1000;
    engine_due(a, s->until);
}

static bool same_target(const struct rule *r, const struct raise *raise)
{
    if (r->kind == RULE_HELP)
        return true; /* the device is only what the call is about */
    return strcmp(r->device ? r->device->name : "", raise->device) == 0 &&
           strcmp(r->point ? r->point->name : "", raise->point) == 0;
}

void lec_alarms_resume(struct lec_alarms *a, struct lec_moment t)
{
    engine_clock(a, t);
    for (size_t i = 0; i < a->n_restored; i++)
        a->n_standing += a->restored[i].raise != NULL;
    for (size_t i = 0; i < a->n_restored; i++) {
        struct restored *was = &a->restored[i];
        struct rule *r = rule_find(a, was->name);
        if (!r || (was->raise && !same_target(r, was->raise))) {
            engine_drop(a, was->raise, was->shelf, was->name,
                        r ? "it watches something else now" : "nothing watches it any more: the configuration changed",
                        t);
            continue;
        }
        if (r->raise || r->shelf) { /* keys are unique, or the file is not what it was */
            a->n_standing -= was->raise != NULL;
            free(was->raise);
            free(was->shelf);
            continue;
        }
        r->raise = was->raise;
        r->shelf = was->shelf;
        if (r->shelf)
            wake(a, r->shelf, t);
    }
    free(a->restored);
    a->restored = NULL;
    a->n_restored = 0;
    engine_due(a, t.now);
}
