/* Experiments over the bus, apart from starting one (starting.c). */
#include "core/methods.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/record.h"
#include "lectern/member.h"

#define TEXT_MAX 200 /* bytes of a mark: what the run file keeps, with room for a long letter */
#define KEYS_MAX 128 /* of one experiment */

const struct lec_experiment *experiment_named(struct core *core, struct request *r, const char *name)
{
    const struct lec_experiment *e = lec_room_experiment(core->room, name);
    if (e)
        return e;
    const char *names[256];
    char text[160];
    size_t n = 0;
    for (size_t i = 0; i < core->room->n_experiments && n < ARRAY_LEN(names); i++)
        names[n++] = core->room->experiments[i].name;
    const char *nearest = lec_nearest(name, names, n);
    snprintf(text, sizeof text, "no experiment \"%.47s\" in this room%s%s%s", name, nearest ? " (did you mean " : "",
             nearest ? nearest : "", nearest ? "?)" : "");
    struct trouble t = {.code = -32001, .reason = text, .nearest = nearest};
    reply_error(core, r, &t);
    return NULL;
}

/* An experiment with the run under way. */
static void listed(struct core *core, const struct lec_experiment *e, struct lec_buf *b)
{
    const struct job *job = record_job(core, e->name);
    experiment_json(core, e, b);
    if (!job || !*job->run || b->len == 0)
        return;
    b->data[--b->len] = '\0';
    lec_member_str(b, "run", job->run);
    lec_buf_putc(b, '}');
}

void experiment_list(struct core *core, struct request *r)
{
    if (!params_known(core, r, ""))
        return;
    struct lec_buf *b = reply_begin(core, r);
    lec_buf_puts(b, "{\"experiments\":[");
    for (size_t i = 0; i < core->room->n_experiments; i++) {
        lec_json_next(b);
        listed(core, &core->room->experiments[i], b);
    }
    lec_buf_puts(b, "]}");
    reply_send(core, r);
}

/* ---- Runs under way ----------------------------------------------------------------------------------------- */

/* The run or experiment that the request names, "" for the only one; NULL after answering. */
static const char *which(struct core *core, struct request *r)
{
    bool ok;
    const char *run = param_text(core, r, "run", false, &ok);
    if (!ok)
        return NULL;
    const char *name = param_text(core, r, "experiment", false, &ok);
    if (!ok)
        return NULL;
    const char *found = run ? run : name ? name : "";
    if (strlen(found) >= LEC_RUN_ID + 8) {
        reply_param(core, r, run ? "run" : "experiment", "is too long");
        return NULL;
    }
    return found;
}

/* The answer comes from the recorder, unless it takes no more. */
static void sent(struct core *core, struct request *r, struct held *held, int rc)
{
    if (rc == 0)
        return;
    held_free(held);
    refuse(core, r, LEC_E_NOMEM, "the recorder takes no more commands; try again soon");
}

void experiment_stop(struct core *core, struct request *r)
{
    if (!params_known(core, r, "run|experiment"))
        return;
    const char *name = which(core, r);
    struct held *held = name ? held_add(core, r, name) : NULL;
    if (held)
        sent(core, r, held, lec_record_stop(core->record->recorder, held->token, name));
}

void experiment_mark(struct core *core, struct request *r)
{
    bool ok;
    if (!params_known(core, r, "run|experiment|text"))
        return;
    const char *text = param_text(core, r, "text", true, &ok);
    if (!ok)
        return;
    if (strlen(text) > TEXT_MAX || !lec_is_utf8(text, strlen(text))) {
        reply_param(core, r, "text",
                    "a text of at most 200 bytes, without line breaks and control characters, is wanted");
        return;
    }
    const char *name = which(core, r);
    struct held *held = name ? held_add(core, r, name) : NULL;
    if (held)
        sent(core, r, held, lec_record_mark(core->record->recorder, held->token, name, text, r->principal));
}

/* The parameter "values"; false after answering. */
static bool param_values(struct core *core, struct request *r, struct lec_record_value out[], size_t *n)
{
    json_t *values = json_object_get(r->params, "values"), *v;
    const char *key;
    *n = 0;
    bool fits = !values || (json_is_object(values) && json_object_size(values) <= LEC_CHANNELS_MAX);
    json_object_foreach(values, key, v)
    {
        fits = fits && json_is_number(v) && strlen(key) < sizeof out->channel;
        if (!fits)
            break;
        snprintf(out[*n].channel, sizeof out->channel, "%s", key);
        out[(*n)++].value = json_number_value(v);
    }
    if (!fits)
        reply_param(core, r, "values", "an object with a number for each channel that is typed in is wanted");
    return fits;
}

void experiment_sample(struct core *core, struct request *r)
{
    size_t n;
    struct lec_record_value values[LEC_CHANNELS_MAX];
    if (!params_known(core, r, "run|experiment|values") || !param_values(core, r, values, &n))
        return;
    const char *name = which(core, r);
    struct held *held = name ? held_add(core, r, name) : NULL;
    if (held)
        sent(core, r, held, lec_record_hand(core->record->recorder, held->token, name, values, n));
}

/* ---- Made over the bus -------------------------------------------------------------------------------------- */

/* The parameter "keys" as the keys of a section; false after answering. */
static bool param_keys(struct core *core, struct request *r, struct lec_key out[KEYS_MAX], struct lec_keys *keys)
{
    json_t *given = json_object_get(r->params, "keys"), *v;
    const char *key;
    size_t n = 0;
    bool fits = json_is_object(given) && json_object_size(given) <= KEYS_MAX;
    json_object_foreach(given, key, v)
    {
        fits = fits && json_is_string(v) && strlen(json_string_value(v)) == json_string_length(v);
        if (!fits)
            break;
        out[n++] = (struct lec_key){.name = key, .value = json_string_value(v)};
    }
    if (!fits)
        reply_param(core, r, "keys", "an object of texts is wanted, at most 128: the keys of a room file's section");
    *keys = (struct lec_keys){.at = out, .n = n};
    return fits;
}

static int write_made(struct core *core, const struct lec_buf *text, struct lec_err *err)
{
    char fresh[sizeof core->made_file + 8];
    snprintf(fresh, sizeof fresh, "%s.new", core->made_file);
    FILE *to = fopen(fresh, "we");
    if (!to)
        return lec_fail(err, LEC_E_BUSY, "%s cannot be written: %s", fresh, strerror(errno));
    if (text->len > 0)
        fwrite(text->data, 1, text->len, to);
    bool bad = ferror(to) || fflush(to) != 0 || fsync(fileno(to)) < 0;
    bad = fclose(to) != 0 || bad;
    if (bad || rename(fresh, core->made_file) < 0) {
        unlink(fresh);
        return lec_fail(err, LEC_E_BUSY, "%s cannot be written: %s", core->made_file, strerror(errno));
    }
    return 0;
}

/* The file of made experiments with this one (keys NULL: without it), and a reload. */
static int change(struct core *core, const char *name, const struct lec_keys *keys, struct lec_err *err)
{
    struct lec_buf text;
    lec_buf_init(&text, 1024 * 1024);
    int rc = lec_experiment_edit(core->made_file, name, keys, &text, err);
    if (rc == 0)
        rc = write_made(core, &text, err);
    lec_buf_done(&text);
    if (rc == 0)
        room_reload(core, NULL); /* so that it can be started at once */
    return rc;
}

static void refuse_mistakes(struct core *core, struct request *r, const struct lec_report *report)
{
    struct trouble t = {.code = -32602,
                        .reason = report->n > 0 ? report->at[0].text : "the experiment is not right",
                        .param = "keys",
                        .mistakes = report};
    reply_error(core, r, &t);
}

static bool not_made(struct core *core, struct request *r, const struct lec_experiment *e, const char *what)
{
    if (e && e->made && !record_job(core, e->name))
        return false;
    char text[160];
    bool runs = e && e->made;
    snprintf(text, sizeof text, runs ? "%s is under way: stop it first" : "%s stands in the room file: %s",
             e ? e->name : "", what);
    struct trouble t = {
        .code = runs ? -32007 : -32005,
        .reason = text,
        .remedy_vi = runs ? "Thí nghiệm này đang ghi. Hãy dừng lần ghi trước."
                          : "Thí nghiệm này có sẵn trong phòng, không sửa hay xóa được ở đây. Hãy đặt tên khác.",
        .remedy_en = runs ? "This experiment is being recorded. Stop it first."
                          : "This experiment belongs to the room and is not changed here. Use another name."};
    journal_request(core, r, e ? e->name : "", text);
    reply_error(core, r, &t);
    return true;
}

void experiment_create(struct core *core, struct request *r)
{
    bool ok;
    struct lec_key at[KEYS_MAX];
    struct lec_keys keys;
    if (!params_known(core, r, "experiment|keys"))
        return;
    const char *name = param_text(core, r, "experiment", true, &ok);
    if (!ok || !param_keys(core, r, at, &keys))
        return;
    const struct lec_experiment *old = lec_room_experiment(core->room, name);
    if (old && not_made(core, r, old, "it cannot be replaced; give the new one another name"))
        return;
    struct lec_report report;
    struct lec_err err;
    lec_report_init(&report);
    int rc = lec_experiment_check(core->room, name, &keys, &report);
    if (rc < 0) {
        journal_request(core, r, name, report.n > 0 ? report.at[0].text : "out of memory");
        if (rc == LEC_E_NOMEM)
            refuse(core, r, rc, "out of memory");
        else
            refuse_mistakes(core, r, &report);
        lec_report_done(&report);
        return;
    }
    lec_report_done(&report);
    rc = change(core, name, &keys, &err);
    const struct lec_experiment *e = rc == 0 ? lec_room_experiment(core->room, name) : NULL;
    if (rc == 0 && !e)
        rc = lec_fail(&err, LEC_E_BUG, "%s was written, but the room could not be read again", name);
    journal_request(core, r, name, rc < 0 ? err.text : NULL);
    if (rc < 0) {
        refuse(core, r, rc, err.text);
        return;
    }
    listed(core, e, reply_begin(core, r));
    reply_send(core, r);
}

void experiment_delete(struct core *core, struct request *r)
{
    bool ok;
    struct lec_err err;
    if (!params_known(core, r, "experiment"))
        return;
    const char *name = param_text(core, r, "experiment", true, &ok);
    const struct lec_experiment *e = ok ? experiment_named(core, r, name) : NULL;
    if (!e || not_made(core, r, e, "it is deleted there"))
        return;
    int rc = change(core, name, NULL, &err);
    journal_request(core, r, name, rc < 0 ? err.text : NULL);
    if (rc < 0) {
        refuse(core, r, rc, err.text);
        return;
    }
    lec_buf_puts(reply_begin(core, r), "{}");
    reply_send(core, r);
}
