/* What people do with alarms: acknowledge, shelve, unshelve. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alarm/internal.h"
#include "lectern/parse.h"

/* Journals what a person did, with what is kept of the rule from now on, and tells the bus. `extra`: members of the entry. */
static void done(struct lec_alarms *a, const struct rule *r, const char *what, const char *extra, const char *by)
{
    char key[LEC_ALARM_NAME_MAX + 16];
    struct lec_buf data, kept;
    lec_buf_init(&data, 4096);
    lec_buf_init(&kept, 16384);
    lec_buf_printf(&data, "{\"what\":\"%s\"", what);
    if (r->raise)
        lec_buf_printf(&data, ",\"raise\":%llu", (unsigned long long)r->raise->number);
    lec_buf_printf(&data, ",\"severity\":\"%s\"%s}", severity_name(r->raise ? r->raise->severity : r->severity), extra);
    keep_key(r->name, key);
    keep_rule(r, &kept);
    a->host.record(a->host.ctx, r->device ? r->device->name : "", r->name, by, data.data,
                   &(struct lec_alarm_kept){key, kept.len > 0 ? kept.data : NULL}, 1);
    json_publish(a, r->name, r, r->raise, r->shelf);
    lec_buf_done(&data);
    lec_buf_done(&kept);
}

static bool fits(const char *what, const char *text, struct lec_err *err)
{
    size_t n = strlen(text);
    if (n > LEC_ALARM_NOTE_MAX)
        lec_fail(err, LEC_E_RANGE, "%s: %zu bytes, at most %d fit", what, n, LEC_ALARM_NOTE_MAX);
    else if (!lec_is_utf8(text, n))
        lec_fail(err, LEC_E_RANGE, "%s: control characters or bytes that are no text", what);
    else
        return true;
    return false;
}

int lec_alarms_ack(struct lec_alarms *a, const char *name, uint64_t raise, const char *note, const char *principal,
                   struct lec_moment t, struct lec_buf *json, struct lec_err *err)
{
    struct rule *r = rule_wanted(a, name, err);
    if (!r)
        return LEC_E_CONFIG;
    if (!fits("note", note, err))
        return LEC_E_RANGE;
    if (!r->raise)
        return lec_fail(err, LEC_E_CONFIG, "the alarm %s does not stand", name);
    if (raise != 0 && r->raise->number != raise)
        return lec_fail(err, LEC_E_BUSY, "raise %llu of %s is over; %llu stands now", (unsigned long long)raise, name,
                        (unsigned long long)r->raise->number);
    if (!r->raise->acked_us) {
        struct lec_buf extra;
        lec_buf_init(&extra, 2048);
        r->raise->acked_us = t.wall_us;
        lec_copy_utf8(r->raise->by, sizeof r->raise->by, principal, strlen(principal));
        lec_copy_utf8(r->raise->note, sizeof r->raise->note, note, strlen(note));
        if (*note) {
            lec_buf_puts(&extra, ",\"note\":");
            lec_json_str(&extra, note);
        }
        done(a, r, "acknowledged", extra.len > 0 ? extra.data : "", principal);
        lec_buf_done(&extra);
    }
    if (r->kind == RULE_HELP) { /* help is on its way */
        engine_clear(a, r, NULL, principal, t);
        json_alarm(r, a->ended[a->n_ended - 1], r->shelf, json);
    } else {
        json_alarm(r, r->raise, r->shelf, json);
    }
    return 0;
}

int lec_alarms_shelve(struct lec_alarms *a, const char *name, int64_t for_ms, const char *reason, const char *principal,
                      struct lec_moment t, struct lec_buf *json, struct lec_err *err)
{
    struct rule *r = rule_wanted(a, name, err);
    if (!r)
        return LEC_E_CONFIG;
    if (for_ms < LEC_SHELF_MIN_MS || for_ms > LEC_SHELF_MAX_MS)
        return lec_fail(err, LEC_E_RANGE, "for_ms: %lld, expected 1 minute to 30 days", (long long)for_ms);
    if (!*reason)
        return lec_fail(err, LEC_E_RANGE, "reason: somebody will ask why, expected a few words");
    if (!fits("reason", reason, err))
        return LEC_E_RANGE;
    engine_clock(a, t);
    if (!r->shelf)
        r->shelf = calloc(1, sizeof *r->shelf);
    if (!r->shelf)
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    r->shelf->for_ms = for_ms;
    r->shelf->since_us = t.wall_us;
    r->shelf->until_us = t.wall_us + for_ms * 1000;
    r->shelf->until = t.now + for_ms * LEC_MS;
    lec_copy_utf8(r->shelf->by, sizeof r->shelf->by, principal, strlen(principal));
    lec_copy_utf8(r->shelf->reason, sizeof r->shelf->reason, reason, strlen(reason));
    engine_due(a, r->shelf->until);
    struct lec_buf extra;
    lec_buf_init(&extra, 2048);
    lec_buf_printf(&extra, ",\"for_ms\":%lld,\"reason\":", (long long)for_ms);
    lec_json_str(&extra, reason);
    done(a, r, "shelved", extra.data, principal);
    lec_buf_done(&extra);
    json_alarm(r, r->raise, r->shelf, json);
    return 0;
}

void shelf_over(struct lec_alarms *a, struct rule *r, const char *why, const char *by, struct lec_moment t)
{
    (void)t;
    char extra[128] = "";
    free(r->shelf);
    r->shelf = NULL;
    if (why)
        (void)snprintf(extra, sizeof extra, ",\"reason\":\"%s\"", why);
    done(a, r, "unshelved", extra, by);
}

int lec_alarms_unshelve(struct lec_alarms *a, const char *name, const char *principal, struct lec_moment t,
                        struct lec_buf *json, struct lec_err *err)
{
    struct rule *r = rule_wanted(a, name, err);
    if (!r)
        return LEC_E_CONFIG;
    if (!r->shelf)
        return lec_fail(err, LEC_E_CONFIG, "the alarm %s is not shelved", name);
    shelf_over(a, r, NULL, principal, t);
    json_alarm(r, r->raise, NULL, json);
    return 0;
}
