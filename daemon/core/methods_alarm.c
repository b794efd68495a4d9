/* Alarms over the bus: each method hands over to the engine and gives its answer. */
#include <string.h>

#include "core/methods.h"
#include "core/record.h"

static struct lec_moment moment(void)
{
    return (struct lec_moment){.now = lec_now(), .wall_us = lec_wall_us()};
}

/* A whole number; false after answering. `missing` is what it is when it is left out; negative: it must be there. */
static bool param_number(struct core *core, struct request *r, const char *name, json_int_t min, json_int_t max,
                         json_int_t missing, int64_t *out)
{
    const json_t *v = json_object_get(r->params, name);
    *out = missing;
    if (!v && missing >= 0)
        return true;
    if (json_is_integer(v) && json_integer_value(v) >= min && json_integer_value(v) <= max) {
        *out = json_integer_value(v);
        return true;
    }
    char text[80];
    snprintf(text, sizeof text, "a whole number from %lld to %lld is wanted", (long long)min, (long long)max);
    reply_param(core, r, name, v ? text : "is missing");
    return false;
}

void alarm_list(struct core *core, struct request *r)
{
    int64_t ended;
    if (!params_known(core, r, "ended") || !param_number(core, r, "ended", 0, LEC_ALARMS_ENDED, 0, &ended))
        return;
    struct lec_buf *b = reply_begin(core, r);
    lec_buf_putc(b, '{');
    lec_alarms_list_json(core->alarms, (unsigned)ended, b);
    lec_buf_putc(b, '}');
    reply_send(core, r);
}

/* Answers with the alarm as the engine wrote it, or with its refusal; `text` is the parameter that may have been too long. */
static void answer(struct core *core, struct request *r, const char *alarm, const char *text, int rc,
                   struct lec_buf *json, const struct lec_err *err)
{
    core->alarms_at = lec_alarms_due(core->alarms);
    journal_request(core, r, alarm, rc < 0 ? err->text : NULL);
    if (rc < 0) {
        struct trouble t = {.code = rc == LEC_E_CONFIG  ? -32001
                                    : rc == LEC_E_BUSY  ? -32009
                                    : rc == LEC_E_RANGE ? -32602
                                                        : -32007,
                            .reason = err->text,
                            .param = rc == LEC_E_RANGE ? text : NULL};
        reply_error(core, r, &t);
    } else {
        lec_buf_puts(reply_begin(core, r), json->data);
        reply_send(core, r);
    }
    lec_buf_done(json);
}

void alarm_ack(struct core *core, struct request *r)
{
    bool ok;
    int64_t raise;
    if (!params_known(core, r, "alarm|raise|note") || !param_number(core, r, "raise", 1, INT64_C(1) << 53, 0, &raise))
        return;
    const char *alarm = param_text(core, r, "alarm", true, &ok);
    const char *note = ok ? param_text(core, r, "note", false, &ok) : NULL;
    if (!ok)
        return;
    struct lec_buf json;
    struct lec_err err;
    lec_buf_init(&json, REPLY_MAX);
    int rc =
        lec_alarms_ack(core->alarms, alarm, (uint64_t)raise, note ? note : "", r->principal, moment(), &json, &err);
    answer(core, r, alarm, "note", rc, &json, &err);
}

void alarm_shelve(struct core *core, struct request *r)
{
    bool ok;
    int64_t for_ms;
    if (!params_known(core, r, "alarm|for_ms|reason") ||
        !param_number(core, r, "for_ms", LEC_SHELF_MIN_MS, LEC_SHELF_MAX_MS, -1, &for_ms))
        return;
    const char *alarm = param_text(core, r, "alarm", true, &ok);
    const char *reason = ok ? param_text(core, r, "reason", true, &ok) : NULL;
    if (!ok)
        return;
    struct lec_buf json;
    struct lec_err err;
    lec_buf_init(&json, REPLY_MAX);
    int rc = lec_alarms_shelve(core->alarms, alarm, for_ms, reason, r->principal, moment(), &json, &err);
    answer(core, r, alarm, "reason", rc, &json, &err);
}

void alarm_unshelve(struct core *core, struct request *r)
{
    bool ok;
    if (!params_known(core, r, "alarm"))
        return;
    const char *alarm = param_text(core, r, "alarm", true, &ok);
    if (!ok)
        return;
    struct lec_buf json;
    struct lec_err err;
    lec_buf_init(&json, REPLY_MAX);
    int rc = lec_alarms_unshelve(core->alarms, alarm, r->principal, moment(), &json, &err);
    answer(core, r, alarm, "alarm", rc, &json, &err);
}
