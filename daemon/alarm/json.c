/* Alarms as JSON: for the bus (docs/protocol.md section 10), and the same members for what is kept. */
#include <stdlib.h>
#include <string.h>

#include "alarm/internal.h"
#include "lectern/member.h"

static void time_member(struct lec_buf *b, const char *key, int64_t us)
{
    if (us == 0)
        return;
    lec_member_int(b, key, us);
}

static void words_member(struct lec_buf *b, const char *key, const struct words *w)
{
    lec_json_key(b, key);
    lec_buf_putc(b, '{');
    lec_member_str_if_any(b, "vi", w->vi);
    lec_member_str_if_any(b, "en", w->en);
    lec_buf_putc(b, '}');
}

void json_raise(const struct raise *raise, struct lec_buf *b)
{
    lec_member_str(b, "alarm", raise->name);
    lec_member_int(b, "raise", (int64_t)raise->number);
    lec_member_str(b, "state", raise->ended_us ? "cleared" : raise->acked_us ? "acknowledged" : "raised");
    lec_member_str(b, "severity", severity_name(raise->severity));
    lec_member_str_if_any(b, "device", raise->device);
    lec_member_str_if_any(b, "point", raise->point);
    if (raise->value.type != LEC_NONE)
        lec_member_value(b, "value", &raise->value);
    if (raise->has_limit) {
        lec_member_float(b, "limit", raise->limit);
        lec_member_str(b, "side", raise->side == ABOVE ? "above" : "below");
    }
    words_member(b, "text", &raise->text);
    if (*raise->remedy.vi || *raise->remedy.en)
        words_member(b, "remedy", &raise->remedy);
    lec_member_str_if_any(b, "reason", raise->reason);
    lec_member_str_if_any(b, "caller", raise->caller);
    time_member(b, "raised", raise->raised_us);
    time_member(b, "acknowledged", raise->acked_us);
    lec_member_str_if_any(b, "by", raise->by);
    lec_member_str_if_any(b, "note", raise->note);
    time_member(b, "cleared", raise->ended_us);
    lec_member_str_if_any(b, "over", raise->over);
    if (raise->chatters) {
        lec_buf_puts(b, ",\"chatters\":true,\"times\":");
        lec_json_int(b, (int64_t)raise->times);
    }
}

static void shelf_members(const struct shelf *shelf, struct lec_buf *b)
{
    time_member(b, "shelved_until", shelf->until_us);
    lec_member_str_if_any(b, "shelved_by", shelf->by);
    lec_member_str_if_any(b, "shelved_reason", shelf->reason);
}

void json_alarm(const struct rule *r, const struct raise *raise, const struct shelf *shelf, struct lec_buf *b)
{
    lec_buf_putc(b, '{');
    if (raise) {
        json_raise(raise, b);
    } else {
        struct words label;
        lec_member_str(b, "alarm", r->name);
        lec_member_str(b, "state", "cleared");
        lec_member_str(b, "severity", severity_name(r->severity));
        if (r->device)
            lec_member_str_if_any(b, "device", r->device->name);
        if (r->point)
            lec_member_str_if_any(b, "point", r->point->name);
        text_label(r, &label);
        words_member(b, "text", &label);
    }
    if (shelf)
        shelf_members(shelf, b);
    lec_buf_putc(b, '}');
}

void json_publish(struct lec_alarms *a, const char *name, const struct rule *r, const struct raise *raise,
                  const struct shelf *shelf)
{
    struct lec_buf b;
    lec_buf_init(&b, 16384);
    json_alarm(r, raise, shelf, &b);
    if (!b.failed)
        a->host.publish(a->host.ctx, name, b.data);
    lec_buf_done(&b);
}

/* ---- Lists -------------------------------------------------------------------------------------------------- */

static int by_weight(const void *one, const void *two)
{
    const struct raise *a = (*(const struct rule *const *)one)->raise, *b = (*(const struct rule *const *)two)->raise;
    if (a->severity != b->severity)
        return a->severity > b->severity ? -1 : 1;
    return a->number > b->number ? -1 : 1;
}

static void write_standing(const struct lec_alarms *a, bool shelved, struct lec_buf *b)
{
    const struct rule **sorted = calloc(a->n_standing + 1, sizeof *sorted);
    size_t n = 0;
    for (size_t i = 0; sorted && i < a->n_rules && n < a->n_standing; i++)
        if (a->rules[i].raise && (shelved || !a->rules[i].shelf))
            sorted[n++] = &a->rules[i];
    if (n > 1)
        qsort(sorted, n, sizeof *sorted, by_weight);
    lec_buf_putc(b, '[');
    for (size_t i = 0; i < n; i++) {
        lec_json_next(b);
        json_alarm(sorted[i], sorted[i]->raise, sorted[i]->shelf, b);
    }
    lec_buf_putc(b, ']');
    free(sorted);
}

void lec_alarms_standing_json(const struct lec_alarms *a, struct lec_buf *b)
{
    write_standing(a, true, b);
}

static void write_rule(const struct rule *r, struct lec_buf *b)
{
    struct words label;
    const struct lec_alarm *s = r->section;
    lec_buf_puts(b, "{\"alarm\":");
    lec_json_str(b, r->name);
    if (r->device) {
        lec_json_key(b, "target");
        lec_buf_printf(b, "\"%s%s%s\"", r->device->name, r->point ? "." : "", r->point ? r->point->name : "");
    }
    if (r->kind == RULE_LIMIT && s->has_above)
        lec_member_float(b, "above", s->above);
    if (r->kind == RULE_LIMIT && s->has_below)
        lec_member_float(b, "below", s->below);
    if (r->kind == RULE_VALUE)
        lec_member_value(b, "value", &s->value);
    if (r->kind == RULE_LIMIT && s->hysteresis > 0)
        lec_member_float(b, "hysteresis", s->hysteresis);
    if (r->delay > 0)
        lec_member_int(b, "delay_ms", r->delay / LEC_MS);
    lec_member_str(b, "severity", severity_name(r->severity));
    text_label(r, &label);
    words_member(b, "label", &label);
    lec_buf_putc(b, '}');
}

void lec_alarms_list_json(const struct lec_alarms *a, unsigned ended, struct lec_buf *b)
{
    lec_json_key(b, "alarms");
    write_standing(a, false, b);
    lec_json_key(b, "shelved");
    lec_buf_putc(b, '[');
    for (size_t i = 0; i < a->n_rules; i++) {
        const struct rule *r = &a->rules[i];
        if (!r->shelf)
            continue;
        lec_json_next(b);
        json_alarm(r, r->raise, r->shelf, b);
    }
    lec_buf_putc(b, ']');
    if (ended > 0) {
        lec_json_key(b, "ended");
        lec_buf_putc(b, '[');
        for (size_t i = 0; i < a->n_ended && i < ended; i++) {
            lec_json_next(b);
            json_alarm(NULL, a->ended[a->n_ended - 1 - i], NULL, b);
        }
        lec_buf_putc(b, ']');
    }
    lec_json_key(b, "rules");
    lec_buf_putc(b, '[');
    for (size_t i = 0; i < a->n_rules; i++) {
        lec_json_next(b);
        write_rule(&a->rules[i], b);
    }
    lec_buf_putc(b, ']');
}

struct lec_alarms_counts lec_alarms_count(const struct lec_alarms *a)
{
    struct lec_alarms_counts c = {.rules = a->n_rules, .over = a->over};
    int worst = -1;
    for (size_t i = 0; i < a->n_rules; i++) {
        const struct rule *r = &a->rules[i];
        c.shelved += r->shelf != NULL;
        if (!r->raise || r->shelf)
            continue;
        c.standing++;
        if ((int)r->raise->severity > worst)
            worst = (int)r->raise->severity;
    }
    c.worst = worst < 0 ? NULL : severity_name((enum lec_severity)worst);
    return c;
}
