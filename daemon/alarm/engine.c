/* Conditions become alarms: delays, hysteresis, chattering, and the pairs of raise and clear. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alarm/internal.h"
#include "lectern/log.h"
#include "lectern/member.h"
#include "lectern/parse.h"

#define STEP_US  2000000        /* the wall clock was set, not corrected */
#define AGAIN_NS (60 * LEC_SEC) /* what did not fit among those that stand is tried again */

void engine_due(struct lec_alarms *a, int64_t at)
{
    if (at < a->due)
        a->due = at;
}

int64_t lec_alarms_due(const struct lec_alarms *a)
{
    return a->due;
}

/* ---- Raising and clearing ----------------------------------------------------------------------------------- */

/* Writes what the journal says, hands it over with the texts to be kept, and tells the bus. */
static void record(struct lec_alarms *a, const struct raise *raise, const char *what, const char *why, const char *by,
                   const struct lec_alarm_kept kept[], size_t n)
{
    struct lec_buf b;
    lec_buf_init(&b, 4096);
    lec_buf_printf(&b, "{\"what\":\"%s\",\"raise\":%llu,\"severity\":\"%s\"", what, (unsigned long long)raise->number,
                   severity_name(raise->severity));
    if (raise->value.type != LEC_NONE)
        lec_member_value(&b, "value", &raise->value);
    if (raise->has_limit)
        lec_member_float(&b, "limit", raise->limit);
    lec_member_str_if_any(&b, "reason", why);
    if (raise->chatters) {
        lec_buf_puts(&b, ",\"chatters\":true");
        if (raise->times > 0 && raise->ended_us)
            lec_buf_printf(&b, ",\"times\":%llu", (unsigned long long)raise->times);
    }
    lec_buf_putc(&b, '}');
    a->host.record(a->host.ctx, raise->device, raise->name, by, b.data, kept, n);
    lec_buf_done(&b);
}

/* Whether this raise is one too many in a short time. */
static bool chatters(struct rule *r, int64_t now)
{
    size_t n = ARRAY_LEN(r->recent);
    bool often = r->recent[0] != INT64_MIN && now - r->recent[0] <= LEC_ALARM_CHATTER_NS;
    memmove(r->recent, r->recent + 1, (n - 1) * sizeof *r->recent);
    r->recent[n - 1] = now;
    return often;
}

/* Takes the raise as the one of its rule. */
static void begin(struct lec_alarms *a, struct rule *r, struct raise *raise, const char *by, struct lec_moment t)
{
    char key[LEC_ALARM_NAME_MAX + 16], number[24];
    struct lec_buf kept;
    raise->number = a->next++;
    raise->raised_us = t.wall_us;
    raise->severity = r->severity;
    lec_copy_utf8(raise->name, sizeof raise->name, r->name, strlen(r->name));
    if (r->device)
        lec_copy_utf8(raise->device, sizeof raise->device, r->device->name, strlen(r->device->name));
    if (r->point)
        lec_copy_utf8(raise->point, sizeof raise->point, r->point->name, strlen(r->point->name));
    r->raise = raise;
    r->since = -1;
    r->held = 0;
    a->n_standing++;
    lec_buf_init(&kept, 16384);
    keep_key(r->name, key);
    keep_rule(r, &kept);
    (void)snprintf(number, sizeof number, "%llu", (unsigned long long)a->next);
    const struct lec_alarm_kept texts[] = {{key, kept.data}, {"alarm-next", number}};
    record(a, raise, "raised", raise->reason, by, texts, ARRAY_LEN(texts));
    json_publish(a, r->name, r, raise, r->shelf);
    lec_buf_done(&kept);
}

void engine_raise(struct lec_alarms *a, struct rule *r, struct lec_moment t)
{
    struct raise *raise = calloc(1, sizeof *raise);
    if (!raise || a->n_standing >= LEC_ALARMS_STANDING) {
        if (a->over++ == 0)
            lec_log(LEC_LOG_ERROR, "more than %d alarms stand: %s is not raised", LEC_ALARMS_STANDING, r->name);
        free(raise);
        engine_due(a, t.now + AGAIN_NS);
        return;
    }
    raise->value = r->value;
    raise->has_limit = r->kind == RULE_LIMIT;
    raise->limit = r->limit;
    raise->side = r->side;
    raise->chatters = chatters(r, t.now);
    lec_copy_utf8(raise->reason, sizeof raise->reason, r->reason, strlen(r->reason));
    text_raise(a, r, raise);
    enum lec_severity usual = r->severity;
    if (r->kind == RULE_FAULT && r->gravity < usual)
        r->severity = r->gravity;
    begin(a, r, raise, "", t);
    r->severity = usual;
}

/* Remembers an ended raise; the oldest one goes, and is written to `gone`. Returns whether one went. */
static bool remember(struct lec_alarms *a, struct raise *raise, char gone[48])
{
    bool full = a->n_ended == LEC_ALARMS_ENDED;
    if (full) {
        keep_ended_key(a->ended[0]->number, gone);
        free(a->ended[0]);
        memmove(a->ended, a->ended + 1, --a->n_ended * sizeof *a->ended);
    }
    a->ended[a->n_ended++] = raise;
    return full;
}

/* Ends a raise: shelf is what stays kept under its name. Takes the raise. */
static void finish(struct lec_alarms *a, struct raise *raise, const struct rule *r, const char *name, const char *why,
                   const char *by, struct lec_moment t)
{
    char key[LEC_ALARM_NAME_MAX + 16], ended_key[48], gone[48];
    struct lec_buf shelf, ended;
    raise->ended_us = t.wall_us;
    if (why)
        lec_copy_utf8(raise->over, sizeof raise->over, why, strlen(why));
    a->n_standing--;
    lec_buf_init(&shelf, 16384);
    lec_buf_init(&ended, 16384);
    keep_key(name, key);
    if (r)
        keep_rule(r, &shelf);
    keep_ended_key(raise->number, ended_key);
    lec_buf_putc(&ended, '{');
    json_raise(raise, &ended);
    lec_buf_putc(&ended, '}');
    struct lec_alarm_kept texts[LEC_ALARM_KEPT_MAX] = {{key, shelf.len > 0 ? shelf.data : NULL},
                                                       {ended_key, ended.data}};
    size_t n = 2;
    if (remember(a, raise, gone))
        texts[n++] = (struct lec_alarm_kept){gone, NULL};
    record(a, raise, "cleared", raise->over, by, texts, n);
    json_publish(a, name, r, raise, r ? r->shelf : NULL);
    lec_buf_done(&shelf);
    lec_buf_done(&ended);
}

void engine_clear(struct lec_alarms *a, struct rule *r, const char *why, const char *by, struct lec_moment t)
{
    struct raise *raise = r->raise;
    r->raise = NULL;
    r->since = -1;
    r->held = 0;
    finish(a, raise, r, r->name, why, by, t);
}

void engine_drop(struct lec_alarms *a, struct raise *raise, struct shelf *shelf, const char *name, const char *why,
                 struct lec_moment t)
{
    if (raise) {
        finish(a, raise, NULL, name, why, "", t);
    } else if (shelf) {
        char key[LEC_ALARM_NAME_MAX + 16];
        struct lec_buf b;
        lec_buf_init(&b, 1024);
        lec_buf_puts(&b, "{\"what\":\"unshelved\",\"reason\":");
        lec_json_str(&b, why);
        lec_buf_putc(&b, '}');
        keep_key(name, key);
        a->host.record(a->host.ctx, "", name, "", b.data, &(struct lec_alarm_kept){key, NULL}, 1);
        lec_buf_done(&b);
    }
    free(shelf);
}

/* ---- Conditions --------------------------------------------------------------------------------------------- */

/* How long the condition must be another than what stands before that counts. */
static int64_t need(const struct rule *r)
{
    if (!r->raise)
        return r->delay;
    return r->raise->chatters ? LEC_ALARM_QUIET_NS : 0;
}

static void decide(struct lec_alarms *a, struct rule *r, struct lec_moment t)
{
    int64_t left = need(r) - r->held - (t.now - r->since);
    if (left > 0)
        engine_due(a, t.now + left);
    else if (!r->raise)
        engine_raise(a, r, t);
    else
        engine_clear(a, r, r->raise->chatters ? "quiet for a while" : NULL, "", t);
}

/* A fault that is graver than what stands is news: the one ends, another begins. While it chatters it only becomes graver. */
static void graver(struct lec_alarms *a, struct rule *r, struct lec_moment t)
{
    if (r->kind != RULE_FAULT || r->gravity <= r->raise->severity || r->raise->severity >= r->severity)
        return;
    if (r->raise->chatters) {
        r->raise->severity = r->gravity;
        json_publish(a, r->name, r, r->raise, r->shelf);
        return;
    }
    engine_clear(a, r, "it became graver", "", t);
    r->since = t.now;
    engine_raise(a, r, t);
}

static void set(struct lec_alarms *a, struct rule *r, enum state cond, struct lec_moment t)
{
    enum state was = r->cond;
    r->cond = cond;
    if (cond == UNKNOWN) {
        if (r->since >= 0)
            r->held += t.now - r->since;
        r->since = -1;
        return;
    }
    if ((cond == TRUE) == (r->raise != NULL)) {
        r->since = -1;
        r->held = 0;
        if (r->raise && r->raise->chatters && was == FALSE)
            r->raise->times++;
        if (r->raise)
            graver(a, r, t);
        return;
    }
    if (r->since < 0)
        r->since = t.now;
    decide(a, r, t);
}

static enum state judge_fault(struct rule *r, const struct lec_value *v)
{
    static const char *const fine[] = {"ok", "normal", "none", "good", "no", "off", "clear", "0", ""};
    static const char *const mild[] = {"warning", "warn", "caution"};
    r->gravity = r->severity;
    switch (v->type) {
    case LEC_NONE:
        return UNKNOWN;
    case LEC_BOOL:
        return v->b ? TRUE : FALSE;
    case LEC_INT:
        return v->i != 0 ? TRUE : FALSE;
    case LEC_FLOAT:
        return isnan(v->f) ? UNKNOWN : v->f != 0 ? TRUE : FALSE;
    case LEC_ENUM:
    case LEC_TEXT:
        break;
    }
    for (size_t i = 0; i < ARRAY_LEN(fine); i++)
        if (strcmp(v->s, fine[i]) == 0)
            return FALSE;
    for (size_t i = 0; i < ARRAY_LEN(mild); i++)
        if (strcmp(v->s, mild[i]) == 0 && r->gravity > LEC_WARNING)
            r->gravity = LEC_WARNING;
    return TRUE;
}

static enum state judge_limit(struct rule *r, const struct lec_value *v)
{
    const struct lec_alarm *s = r->section;
    if ((v->type != LEC_INT && v->type != LEC_FLOAT) || (v->type == LEC_FLOAT && isnan(v->f)))
        return UNKNOWN;
    double x = v->type == LEC_INT ? (double)v->i : v->f;
    bool over = s->has_above && x >= s->above, under = s->has_below && x <= s->below;
    if (over || under) {
        r->side = over ? ABOVE : BELOW;
        r->limit = over ? s->above : s->below;
        return TRUE;
    }
    if (!r->raise || s->hysteresis <= 0)
        return FALSE;
    if (r->raise->side == ABOVE)
        return s->has_above && x > s->above - s->hysteresis ? TRUE : FALSE;
    return s->has_below && x < s->below + s->hysteresis ? TRUE : FALSE;
}

static enum state judge(struct rule *r, const struct lec_value *v)
{
    if (r->kind == RULE_FAULT)
        return judge_fault(r, v);
    if (r->kind == RULE_LIMIT)
        return judge_limit(r, v);
    return v->type == LEC_NONE ? UNKNOWN : lec_value_equal(v, &r->section->value) ? TRUE : FALSE;
}

/* ---- What is told ------------------------------------------------------------------------------------------- */

/* The first rule of a point of ours; NONE. */
static size_t first_of(const struct lec_alarms *a, const struct lec_point *point)
{
    const struct lec_device *d = point->device;
    if (d->index >= a->room->n_devices || point->index >= a->room->devices[d->index].n_points)
        return NONE;
    return a->of_point[d->index][point->index];
}

bool lec_alarms_watches(const struct lec_alarms *a, const struct lec_point *point)
{
    return first_of(a, point) != NONE;
}

void lec_alarms_point(struct lec_alarms *a, const struct lec_point *point, const struct lec_value *value,
                      enum lec_quality quality, struct lec_moment t)
{
    for (size_t i = first_of(a, point); i != NONE; i = a->rules[i].next_of_point) {
        struct rule *r = &a->rules[i];
        enum state cond = quality == LEC_GOOD ? judge(r, value) : UNKNOWN;
        if (cond == TRUE)
            r->value = *value;
        set(a, r, cond, t);
    }
}

void lec_alarms_device(struct lec_alarms *a, const struct lec_device *device, bool online, int code, const char *reason,
                       struct lec_moment t)
{
    if (device->index >= a->room->n_devices)
        return;
    for (size_t i = a->away[device->index]; i != NONE; i = a->rules[i].next_of_point) {
        struct rule *r = &a->rules[i];
        r->code = code;
        lec_copy_utf8(r->reason, sizeof r->reason, reason, strlen(reason));
        set(a, r, online ? FALSE : TRUE, t);
    }
}

void lec_alarms_room(struct lec_alarms *a, enum lec_alarm_of_room which, bool trouble, const char *reason,
                     struct lec_moment t)
{
    struct rule *r = rule_find(a, which == LEC_ALARM_DISK ? "room.disk" : "room.journal");
    if (!r)
        return;
    lec_copy_utf8(r->reason, sizeof r->reason, reason, strlen(reason));
    set(a, r, trouble ? TRUE : FALSE, t);
}

bool lec_alarms_help(struct lec_alarms *a, const struct lec_device *device, const char *text, const char *principal,
                     struct lec_moment t)
{
    struct rule *r = rule_find(a, "help");
    if (!r)
        return false;
    struct raise *raise = r->raise ? r->raise : calloc(1, sizeof *raise);
    if (!raise || (!r->raise && a->n_standing >= LEC_ALARMS_STANDING)) {
        free(raise);
        a->over++;
        return false;
    }
    raise->device[0] = '\0';
    if (device)
        lec_copy_utf8(raise->device, sizeof raise->device, device->name, strlen(device->name));
    lec_copy_utf8(raise->caller, sizeof raise->caller, principal, strlen(principal));
    lec_copy_utf8(raise->reason, sizeof raise->reason, text, strlen(text));
    text_help(device, raise->reason, raise);
    if (!r->raise) {
        begin(a, r, raise, principal, t);
        return true;
    }
    char key[LEC_ALARM_NAME_MAX + 16];
    struct lec_buf kept;
    lec_buf_init(&kept, 16384);
    keep_key(r->name, key);
    keep_rule(r, &kept);
    a->host.record(a->host.ctx, "", r->name, "", NULL, &(struct lec_alarm_kept){key, kept.data}, 1);
    json_publish(a, r->name, r, raise, r->shelf);
    lec_buf_done(&kept);
    return true;
}

/* ---- Time --------------------------------------------------------------------------------------------------- */

void engine_clock(struct lec_alarms *a, struct lec_moment t)
{
    int64_t offset = t.wall_us - t.now / 1000, step = offset - a->offset_us;
    bool stepped = a->knows_offset && (step > STEP_US || step < -STEP_US);
    if (a->knows_offset && !stepped)
        return;
    a->offset_us = offset;
    a->knows_offset = true;
    for (size_t i = 0; stepped && i < a->n_rules; i++) {
        struct rule *r = &a->rules[i];
        char key[LEC_ALARM_NAME_MAX + 16];
        struct lec_buf kept;
        if (!r->shelf)
            continue;
        r->shelf->since_us = t.wall_us;
        r->shelf->until_us = t.wall_us + (r->shelf->until - t.now) / 1000;
        lec_buf_init(&kept, 16384);
        keep_key(r->name, key);
        keep_rule(r, &kept);
        a->host.record(a->host.ctx, "", r->name, "", NULL, &(struct lec_alarm_kept){key, kept.data}, 1);
        json_publish(a, r->name, r, r->raise, r->shelf);
        lec_buf_done(&kept);
    }
}

void lec_alarms_tick(struct lec_alarms *a, struct lec_moment t)
{
    engine_clock(a, t);
    if (t.now < a->due)
        return;
    a->due = LEC_NEVER;
    for (size_t i = 0; i < a->n_rules; i++) {
        struct rule *r = &a->rules[i];
        if (r->since >= 0)
            decide(a, r, t);
        if (r->shelf && t.now >= r->shelf->until)
            shelf_over(a, r, "the time is over", "", t);
        else if (r->shelf)
            engine_due(a, r->shelf->until);
    }
}
