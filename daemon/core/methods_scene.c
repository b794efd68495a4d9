/* Scenes over the bus: each method hands over to the engine and gives its answer. */
#include "core/methods.h"

#include <stdlib.h>
#include <string.h>

#include "lectern/member.h"

static void journal_scene(struct core *core, struct request *r, const char *scene, const struct lec_err *err)
{
    struct lec_buf b;
    lec_buf_init(&b, 2048);
    lec_buf_puts(&b, "{\"method\":");
    lec_json_str(&b, r->method->name);
    lec_member_str(&b, "scene", scene ? scene : "");
    lec_member_str(&b, "outcome", err ? "refused" : "done");
    if (err)
        lec_member_str(&b, "reason", err->text);
    via_write(&b, core, r->as);
    lec_buf_putc(&b, '}');
    if (!b.failed)
        journal_add(core, "command", "", scene ? scene : "", r->principal, b.data);
    lec_buf_done(&b);
}

static void refuse(struct core *core, struct request *r, int code, const struct lec_err *err)
{
    int rpc = code == LEC_E_NOMEM ? -32007 : code == LEC_E_RANGE ? -32602 : code == LEC_E_BUG ? -32603 : -32001;
    struct trouble t = {.code = rpc, .reason = err->text};
    reply_error(core, r, &t);
}

/* Answers with what the engine wrote, or with its refusal. */
static void answer(struct core *core, struct request *r, const char *scene, int rc, struct lec_buf *json,
                   const struct lec_err *err)
{
    if (r->method->changes)
        journal_scene(core, r, scene, rc < 0 ? err : NULL);
    bool begins = r->method->run == scene_start || r->method->run == scene_undo;
    if (rc < 0) {
        refuse(core, r, rc, err);
    } else if (!begins || !json->data || !parked_add(core, r, json->data)) {
        lec_buf_put(reply_begin(core, r), json->data ? json->data : "null", json->data ? json->len : 4);
        reply_send(core, r);
    }
    lec_buf_done(json);
    scenes_tick(core);
}

void scene_list(struct core *core, struct request *r)
{
    if (!params_known(core, r, ""))
        return;
    struct lec_buf json;
    struct lec_err err;
    lec_buf_init(&json, REPLY_MAX);
    lec_buf_puts(&json, "{\"scenes\":");
    lec_scenes_list_json(core->scenes, &json);
    lec_buf_putc(&json, '}');
    answer(core, r, NULL, 0, &json, &err);
}

void scene_start(struct core *core, struct request *r)
{
    bool ok;
    if (!params_known(core, r, "scene"))
        return;
    const char *scene = param_text(core, r, "scene", true, &ok);
    if (!ok)
        return;
    struct lec_buf json;
    struct lec_err err;
    lec_buf_init(&json, REPLY_MAX);
    int rc = lec_scenes_start(core->scenes, scene, r->principal, &json, &err);
    answer(core, r, scene, rc, &json, &err);
}

void scene_cancel(struct core *core, struct request *r)
{
    bool ok;
    if (!params_known(core, r, "run|scene"))
        return;
    const char *which = param_text(core, r, "run", false, &ok);
    if (ok && !which)
        which = param_text(core, r, "scene", true, &ok);
    if (!ok)
        return;
    struct lec_buf json;
    struct lec_err err;
    lec_buf_init(&json, REPLY_MAX);
    int rc = lec_scenes_cancel(core->scenes, which, r->principal, &json, &err);
    answer(core, r, which, rc, &json, &err);
}

void scene_undo(struct core *core, struct request *r)
{
    bool ok;
    if (!params_known(core, r, "run"))
        return;
    const char *run = param_text(core, r, "run", false, &ok);
    if (!ok)
        return;
    struct lec_buf json;
    struct lec_err err;
    lec_buf_init(&json, REPLY_MAX);
    int rc = lec_scenes_undo(core->scenes, run, r->principal, &json, &err);
    answer(core, r, run, rc, &json, &err);
}

void scene_run(struct core *core, struct request *r)
{
    bool ok;
    if (!params_known(core, r, "run"))
        return;
    const char *run = param_text(core, r, "run", true, &ok);
    if (!ok)
        return;
    struct lec_buf json;
    struct lec_err err;
    lec_buf_init(&json, REPLY_MAX);
    int rc = lec_scenes_run_json(core->scenes, run, &json, &err);
    answer(core, r, run, rc, &json, &err);
}

/* A plan is answered when the last device has been asked. */
struct plan_wait {
    struct core *core;
    struct caller caller;
    struct id id;
    const struct method *method;
};

static void plan_done(void *ctx, const char *json)
{
    struct plan_wait *w = ctx;
    struct request r = {.caller = &w->caller, .id = w->id, .method = w->method};
    struct trouble t = {.code = -32603, .reason = "out of memory"};
    if (json) {
        lec_buf_puts(reply_begin(w->core, &r), json);
        reply_send(w->core, &r);
    } else {
        reply_error(w->core, &r, &t);
    }
    free(w);
}

void scene_plan(struct core *core, struct request *r)
{
    bool ok;
    if (!params_known(core, r, "scene|fresh"))
        return;
    const char *scene = param_text(core, r, "scene", true, &ok);
    if (!ok)
        return;
    json_t *fresh = json_object_get(r->params, "fresh");
    if (fresh && !json_is_boolean(fresh)) {
        reply_param(core, r, "fresh", "true or false is wanted");
        return;
    }
    struct lec_err err;
    struct plan_wait *w = malloc(sizeof *w);
    int rc = w ? 0 : lec_fail(&err, LEC_E_NOMEM, "out of memory");
    if (w) {
        *w = (struct plan_wait){.core = core, .caller = *r->caller, .id = r->id, .method = r->method};
        rc = lec_scenes_plan(core->scenes, scene, !json_is_false(fresh), plan_done, w, &err);
    }
    if (rc < 0) {
        free(w);
        refuse(core, r, rc, &err);
    }
    scenes_tick(core);
}

/* Adds the scene to the room's captured scenes: a new file in the place of the old one, whole or not at all. */
static int append_captured(struct core *core, const struct lec_buf *text, struct lec_err *err)
{
    char fresh[sizeof core->captured_file + 8];
    snprintf(fresh, sizeof fresh, "%s.new", core->captured_file);
    FILE *to = fopen(fresh, "we");
    if (!to)
        return lec_fail(err, LEC_E_CONFIG, "%s cannot be written: %s", fresh, strerror(errno));
    FILE *from = fopen(core->captured_file, "re");
    char chunk[4096];
    for (size_t n; from && (n = fread(chunk, 1, sizeof chunk, from)) > 0;)
        fwrite(chunk, 1, n, to);
    if (from)
        fclose(from);
    else
        fputs("; Scenes captured from the room's state with scene.capture\n", to);
    fputc('\n', to);
    fwrite(text->data, 1, text->len, to);
    bool bad = ferror(to) || fflush(to) != 0 || fsync(fileno(to)) < 0;
    bad = fclose(to) != 0 || bad;
    if (bad || rename(fresh, core->captured_file) < 0) {
        unlink(fresh);
        return lec_fail(err, LEC_E_CONFIG, "%s cannot be written: %s", core->captured_file, strerror(errno));
    }
    return 0;
}

/* The names in the parameter "devices"; false after answering. */
static bool param_devices(struct core *core, struct request *r, const char *names[], size_t max, size_t *n)
{
    json_t *list = json_object_get(r->params, "devices"), *v;
    size_t i;
    *n = 0;
    if (list && (!json_is_array(list) || json_array_size(list) > max)) {
        reply_param(core, r, "devices", "a list of device names is wanted");
        return false;
    }
    json_array_foreach(list, i, v)
    {
        if (!json_is_string(v)) {
            reply_param(core, r, "devices", "a list of device names is wanted");
            return false;
        }
        names[(*n)++] = json_string_value(v);
    }
    return true;
}

/* The parameter "label", an object with "vi" and "en"; false after answering. */
static bool param_label(struct core *core, struct request *r, const char **vi, const char **en)
{
    json_t *label = json_object_get(r->params, "label"), *value;
    const char *key;
    bool fits = !label || json_is_object(label);
    *vi = *en = NULL;
    json_object_foreach(label, key, value)
    {
        const char **out = strcmp(key, "vi") == 0 ? vi : strcmp(key, "en") == 0 ? en : NULL;
        fits = fits && out && json_is_string(value);
        if (fits)
            *out = json_string_value(value);
    }
    if (!fits)
        reply_param(core, r, "label", "an object with the texts \"vi\" and \"en\" is wanted");
    return fits;
}

void scene_capture(struct core *core, struct request *r)
{
    bool ok;
    const char *names[256], *vi, *en;
    size_t n, steps = 0;
    if (!params_known(core, r, "scene|label|devices"))
        return;
    const char *scene = param_text(core, r, "scene", true, &ok);
    if (!ok || !param_devices(core, r, names, ARRAY_LEN(names), &n) || !param_label(core, r, &vi, &en))
        return;
    struct lec_buf text;
    struct lec_err err;
    lec_buf_init(&text, REQUEST_MAX);
    int rc = lec_scenes_capture(core->scenes, scene, vi ? vi : scene, en ? en : scene, n > 0 ? names : NULL, n, &text,
                                &steps, &err);
    if (rc == 0)
        rc = append_captured(core, &text, &err);
    journal_scene(core, r, scene, rc < 0 ? &err : NULL);
    if (rc < 0) {
        refuse(core, r, rc, &err);
        lec_buf_done(&text);
        return;
    }
    room_reload(core, NULL); /* so that it can be started at once */
    struct lec_buf *b = reply_begin(core, r);
    lec_buf_puts(b, "{\"scene\":");
    lec_json_str(b, scene);
    lec_member_int(b, "steps", (int64_t)steps);
    lec_member_str(b, "text", text.data);
    lec_buf_putc(b, '}');
    reply_send(core, r);
    lec_buf_done(&text);
}
