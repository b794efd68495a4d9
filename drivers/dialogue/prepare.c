/* From a profile to struct dlg_profile. All mistakes are told, each at its key. */
#include <stdio.h>
#include <string.h>

#include "dialogue.h"
#include "lectern/parse.h"

static const struct lec_key *device_key(const struct dlg_compiler *c, const char *name)
{
    return lec_key_find(&c->desc->keys, name);
}

static bool text_is(const struct lec_key *key, const char *text)
{
    return key && strcmp(key->value, text) == 0;
}

/* ---- What the rest of prepare shares ------------------------------------------------------------------------- */

/* Calls for each name in braces; stops when `fn` returns true. */
static bool each_name(const struct dlg_compiler *c, const char *text, const struct lec_keys *own,
                      bool (*fn)(const struct dlg_compiler *c, const char *with, const struct lec_keys *own))
{
    for (const char *p = strchr(text, '{'); p; p = strchr(p + 1, '{')) {
        char with[LEC_NAME_MAX + 8];
        size_t n = strcspn(p + 1, " }");
        if (n == 0 || n > LEC_NAME_MAX)
            continue;
        bool cmd = n == 3 && strncmp(p + 1, "cmd", 3) == 0;
        snprintf(with, sizeof with, "%s%.*s", cmd ? "" : "with ", (int)n, p + 1);
        if (fn(c, with, own))
            return true;
    }
    return false;
}

/* A name that the device does not define and some point or action does. */
static bool is_own(const struct dlg_compiler *c, const char *with, const struct lec_keys *own)
{
    (void)own;
    if (device_key(c, with))
        return false;
    if (strcmp(with, "cmd") == 0)
        return true;
    for (size_t i = 0; i < c->desc->n_points; i++)
        if (lec_key_find(&c->desc->points[i].keys, with))
            return true;
    for (size_t i = 0; i < c->desc->n_actions; i++)
        if (lec_key_find(&c->desc->actions[i].keys, with))
            return true;
    return false;
}

static bool is_lacking(const struct dlg_compiler *c, const char *with, const struct lec_keys *own)
{
    return is_own(c, with, own) && !lec_key_find(own, with);
}

bool dlg_needs_own(const struct dlg_compiler *c, const char *text)
{
    return each_name(c, text, NULL, is_own);
}

bool dlg_has_own(const struct dlg_compiler *c, const char *text, const struct lec_keys *own)
{
    return !each_name(c, text, own, is_lacking);
}

struct dlg_form dlg_value_form(const struct dlg_compiler *c, const struct lec_point *point, bool codes)
{
    if (c->hex)
        return (struct dlg_form){.kind = DLG_BINARY, .width = 1};
    if (!codes && point->type == LEC_INT)
        return (struct dlg_form){.kind = DLG_DEC, .is_signed = true};
    if (!codes && point->type == LEC_FLOAT)
        return (struct dlg_form){.kind = DLG_NUMBER, .is_signed = true, .decimals = 255};
    return (struct dlg_form){.kind = DLG_TEXT};
}

const struct lec_point **dlg_prepare_names(struct dlg_compiler *c, const struct lec_key *key, size_t *n)
{
    char part[LEC_NAME_MAX + 1];
    const char *rest = key->value;
    const struct lec_point **points = dlg_pool_get(c->pool, c->desc->n_points, sizeof *points);
    *n = 0;
    while (points && dlg_next_part(&rest, ',', part, sizeof part)) {
        const struct lec_point *p = lec_device_point(c->desc, part);
        if (!p)
            dlg_mistake(c, key, "the device has no point \"%s\"", part);
        else if (*n < c->desc->n_points)
            points[(*n)++] = p;
    }
    return points;
}

/* ---- Framing ------------------------------------------------------------------------------------------------- */

static void prepare_mark(struct dlg_compiler *c, const char *name, struct dlg_mark *out)
{
    const struct lec_key *key = device_key(c, name);
    if (!key)
        return;
    ssize_t n = dlg_compile_bytes(c, key, out->at, sizeof out->at);
    if (n == 0)
        dlg_mistake(c, key, "expected at least one byte");
    out->n = n > 0 ? (size_t)n : 0;
}

void dlg_prepare_ends(struct dlg_compiler *c, const struct lec_key *key, struct dlg_framing *out)
{
    const char *rest = key->value;
    char part[128];
    out->n_ends = 0;
    while (dlg_next_part(&rest, ',', part, sizeof part)) {
        if (out->n_ends == DLG_ENDS_MAX) {
            dlg_mistake(c, key, "at most %d ends", DLG_ENDS_MAX);
            return;
        }
        struct dlg_mark *end = &out->ends[out->n_ends];
        ssize_t n = dlg_part_bytes(c, key, part, end->at, sizeof end->at);
        if (n == 0)
            dlg_mistake(c, key, "expected at least one byte");
        if (n > 0) {
            end->n = (size_t)n;
            out->n_ends++;
        }
    }
    if (!rest)
        dlg_mistake(c, key, "an end is longer than %d bytes", DLG_MARK_MAX);
}

/* "13", "byte 3 + 5", "u16le 3 + 6", "hex2 5 + 9", "byte 0". */
static void prepare_length(struct dlg_compiler *c, const struct lec_key *key, struct dlg_framing *out)
{
    static const char expected[] =
        "expected the bytes of a reply (\"13\"), or the form and place where a reply says so itself and the bytes that "
        "this does not count (\"byte 3 + 5\")";
    char form[16], at[16], sign[4] = "", extra[16] = "0";
    const char *rest = key->value;
    int64_t n, offset, bias;
    if (lec_parse_int(key->value, 1, DLG_FRAME_MAX, &n) == 0) {
        out->fixed = (size_t)n;
        return;
    }
    bool good = dlg_next_part(&rest, ' ', form, sizeof form) && dlg_next_part(&rest, ' ', at, sizeof at);
    if (good && dlg_next_part(&rest, ' ', sign, sizeof sign))
        good = dlg_next_part(&rest, ' ', extra, sizeof extra) && *rest == '\0' &&
               (strcmp(sign, "+") == 0 || strcmp(sign, "-") == 0);
    if (!good || lec_parse_int(at, 0, 64, &offset) < 0 || lec_parse_int(extra, 0, 256, &bias) < 0) {
        dlg_mistake(c, key, "%s", expected);
        return;
    }
    if (!dlg_form_parse(form, &out->length_form) || out->length_form.width == 0 ||
        dlg_form_is_text(&out->length_form)) {
        dlg_mistake(c, key, "\"%s\" is not a form of fixed width, such as byte, u16le, hex2 or dec1", form);
        return;
    }
    out->by_length = true;
    out->length_at = (size_t)offset;
    out->length_bias = (int)(*sign == '-' ? -bias : bias);
}

static void prepare_first_lengths(struct dlg_compiler *c, struct dlg_framing *out)
{
    for (size_t i = 0; i < c->desc->keys.n; i++) {
        const struct lec_key *key = &c->desc->keys.at[i];
        unsigned char first[1];
        if (strncmp(key->name, "length ", 7) != 0)
            continue;
        if (dlg_part_bytes(c, key, key->name + 7, first, sizeof first) != 1) {
            dlg_mistake(c, key, "expected \"length\" and one byte");
            continue;
        }
        out->by_first = true;
        out->first[first[0]] = (uint16_t)lec_key_int(&c->desc->keys, key->name, 0);
    }
}

static void prepare_strip(struct dlg_compiler *c, struct dlg_framing *out)
{
    const struct lec_key *key = device_key(c, "strip");
    const char *rest = key ? key->value : NULL;
    char part[32];
    while (dlg_next_part(&rest, ',', part, sizeof part)) {
        unsigned char byte[1];
        if (strcmp(part, "nul") == 0)
            out->drop[0] = true;
        else if (strcmp(part, "lf") == 0)
            out->drop['\n'] = true;
        else if (strcmp(part, "cr") == 0)
            out->drop['\r'] = true;
        else if (strcmp(part, "telnet") == 0)
            out->telnet = true;
        else if (dlg_part_bytes(c, key, part, byte, sizeof byte) == 1)
            out->drop[byte[0]] = true;
        else
            dlg_mistake(c, key, "\"%s\": expected nul, lf, cr, telnet, or one byte", part);
    }
}

static bool has_nul(const struct dlg_framing *f)
{
    bool found = memchr(f->starts.at, 0, f->starts.n) || memchr(f->prompt.at, 0, f->prompt.n);
    for (size_t i = 0; i < f->n_ends; i++)
        found |= memchr(f->ends[i].at, 0, f->ends[i].n) != NULL;
    return found;
}

static void prepare_framing(struct dlg_compiler *c, struct dlg_framing *f)
{
    const struct lec_key *length = device_key(c, "length"), *ends = device_key(c, "ends");
    f->trim = !c->hex;
    f->check = c->check;
    f->longest = (size_t)lec_key_int(&c->desc->keys, "longest", 512);
    f->shortest = (size_t)lec_key_int(&c->desc->keys, "shortest", 0);
    prepare_mark(c, "starts", &f->starts);
    prepare_mark(c, "prompt", &f->prompt);
    if (ends)
        dlg_prepare_ends(c, ends, f);
    if (length)
        prepare_length(c, length, f);
    prepare_first_lengths(c, f);
    prepare_strip(c, f);
    if (!c->hex && !has_nul(f)) /* noise in text, as several projectors send it, could cut a number in two */
        f->drop[0] = true;
    if (length && f->by_first)
        dlg_mistake(c, length, "a reply's length is told either by \"length\" or by \"length BYTE\", not both");
    if ((f->fixed || f->by_length || f->by_first) && f->n_ends > 1)
        dlg_mistake(c, ends, "with a length there can be only one end");
    if (f->shortest > f->longest)
        dlg_mistake(c, device_key(c, "shortest"), "is more than \"longest\", which is %zu", f->longest);
    for (size_t i = 0; i < f->n_ends; i++)
        for (size_t k = 0; k < f->ends[i].n; k++)
            if (f->drop[f->ends[i].at[k]])
                dlg_mistake(c, ends, "\"strip\" takes out a byte of this end, so that it would never be seen");
}

/* ---- Login and digest ---------------------------------------------------------------------------------------- */

/* Declared before anything is compiled, so that requests may use {digest}. */
static void declare_digest(struct dlg_compiler *c, struct dlg_profile *p)
{
    const struct lec_key *key = device_key(c, "digest");
    if (!key)
        return;
    c->vars[0] = "digest";
    size_t n = strcspn(key->value, " ");
    p->digest = n == 3 && strncmp(key->value, "md5", 3) == 0      ? DLG_MD5
                : n == 6 && strncmp(key->value, "sha256", 6) == 0 ? DLG_SHA256
                                                                  : DLG_NO_DIGEST;
    if (p->digest == DLG_NO_DIGEST || key->value[n] == '\0')
        dlg_mistake(c, key, "expected md5 or sha256 and what is digested, as in \"md5 {random}{password}\"");
}

static void prepare_digest(struct dlg_compiler *c, struct dlg_profile *p)
{
    const struct lec_key *key = device_key(c, "digest");
    if (!key || p->digest == DLG_NO_DIGEST)
        return;
    struct lec_key of = *key;
    of.value += strcspn(of.value, " ");
    of.value += strspn(of.value, " ");
    struct dlg_scope scope = {.key = &of, .owner = "the digest"};
    p->digest_of = dlg_compile(c, &scope);
    for (size_t i = 0; p->digest_of && i < p->digest_of->n_ops; i++)
        if (p->digest_of->ops[i].kind == DLG_OP_VAR)
            p->digest_needs |= 1u << (p->digest_of->ops[i].slot - DLG_SLOT_VAR);
    p->password_missing = strstr(of.value, "{password") && *lec_key_text(&c->desc->keys, "password", "") == '\0';
}

/* ---- All ----------------------------------------------------------------------------------------------------- */

static void prepare_device(struct dlg_compiler *c, struct dlg_profile *p)
{
    const struct lec_keys *keys = &c->desc->keys;
    const struct lec_key *check = device_key(c, "check"), *done = device_key(c, "done");
    c->hex = p->hex = text_is(device_key(c, "format"), "hex");
    c->exact = text_is(device_key(c, "case"), "exact");
    if (check) {
        const char *wrong = dlg_check_parse(check->value, &c->check);
        if (wrong)
            dlg_mistake(c, check, "%s", wrong);
    }
    prepare_framing(c, &p->framing);
    prepare_mark(c, "wake", &p->wake);
    p->echo = lec_key_bool(keys, "echo", false);
    p->push = lec_key_bool(keys, "push", false);
    p->anonymous = text_is(device_key(c, "replies"), "anonymous");
    p->each = text_is(device_key(c, "connection"), "each");
    p->gap_ns = c->desc->gap_ns;
    p->done = p->framing.prompt.n ? DLG_DONE_PROMPT : DLG_DONE_REPLY;
    if (text_is(done, "reply"))
        p->done = DLG_DONE_REPLY;
    else if (text_is(done, "ok"))
        p->done = DLG_DONE_OK;
    else if (text_is(done, "prompt") && !p->framing.prompt.n)
        dlg_mistake(c, done, "there is no \"prompt\"");
}

/* Whether the messages of two devices on one line can be told apart: by their id, or by a "with" that differs. */
static bool differ(const struct dlg_compiler *c, const struct lec_device *other)
{
    const struct lec_keys *keys = &c->desc->keys;
    if (c->uses_id && lec_key_int(keys, "id", 1) != lec_key_int(&other->keys, "id", 1))
        return true;
    for (size_t i = 0; i < keys->n; i++) {
        const struct lec_key *key = &keys->at[i], *same = lec_key_find(&other->keys, key->name);
        if (strncmp(key->name, "with ", 5) == 0 && (!same || strcmp(same->value, key->value) != 0))
            return true;
    }
    return false;
}

static void check_sharing(struct dlg_compiler *c)
{
    const struct lec_line *line = c->desc->line;
    for (size_t i = 0; line && i < line->n_devices; i++) {
        const struct lec_device *other = line->devices[i];
        if (other == c->desc)
            return; /* told at the later of the two */
        if (differ(c, other))
            continue;
        c->mistakes++;
        lec_report_add(c->report, c->desc->file, c->desc->line_no,
                       c->uses_id ? "%s and %s are on one line and have the same \"id\""
                                  : "%s and %s are on one line, but their messages do not say whom they are for",
                       other->name, c->desc->name);
    }
}

int dlg_prepare(const struct lec_device *desc, void *state, struct lec_report *report)
{
    struct dlg *d = state;
    struct dlg_profile *p = &d->p;
    struct dlg_compiler c = {.desc = desc, .report = report, .pool = &d->pool};
    prepare_device(&c, p);
    declare_digest(&c, p);
    dlg_prepare_login(&c, p);
    prepare_digest(&c, p);
    const struct lec_key *first = device_key(&c, "before first");
    if (first)
        p->first = dlg_compile(&c, &(struct dlg_scope){.key = first, .owner = ""});
    dlg_prepare_rules(&c, p);
    dlg_prepare_points(&c, p);
    check_sharing(&c);
    memcpy(p->vars, c.vars, sizeof p->vars);
    if (d->pool.failed)
        return LEC_E_NOMEM;
    return c.mistakes ? LEC_E_CONFIG : 0;
}

void dlg_release(void *state)
{
    struct dlg *d = state;
    dlg_pool_done(&d->pool);
    explicit_bzero(d, sizeof *d);
}
