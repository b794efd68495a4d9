#include "compile.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lectern/parse.h"

#define LITERAL_MAX 600 /* bytes of a message that stand in the profile */
#define DEPTH_MAX   4   /* {a} that contains {b} that contains... */
#define WORD_MAX    64  /* what stands between braces */

void dlg_mistake(struct dlg_compiler *c, const struct lec_key *key, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    c->mistakes++;
    lec_report_add(c->report, key->file, key->line, "%s: %s", key->name, text);
}

int dlg_var_slot(const struct dlg_compiler *c, const char *name)
{
    for (int i = 0; i < DLG_VARS_MAX; i++)
        if (c->vars[i] && strcmp(c->vars[i], name) == 0)
            return DLG_SLOT_VAR + i;
    return -1;
}

bool dlg_next_part(const char **text, char separator, char *part, size_t size)
{
    const char *p = *text;
    if (!p || *p == '\0')
        return false;
    const char *end = strchr(p, separator);
    size_t n = end ? (size_t)(end - p) : strlen(p);
    *text = end ? end + 1 : p + n;
    while (n > 0 && *p == ' ')
        p++, n--;
    while (n > 0 && p[n - 1] == ' ')
        n--;
    if (n >= size) {
        *text = NULL;
        return false;
    }
    memcpy(part, p, n);
    part[n] = '\0';
    return true;
}

/* A message under construction. */
struct draft {
    struct dlg_compiler *c;
    const struct dlg_scope *scope;
    struct dlg_op ops[DLG_OPS_MAX];
    size_t n_ops;
    unsigned char bytes[LITERAL_MAX], mask[LITERAL_MAX];
    size_t n_bytes; /* of bytes and mask that finished ops use */
    size_t pending; /* literal bytes behind them that are not an op yet */
    bool masked;    /* ...and at least one of them has a mask */
    bool failed;
};

static void fail(struct draft *d, const char *fmt, ...) LEC_PRINTF(2, 3);

static void fail(struct draft *d, const char *fmt, ...)
{
    char text[400];
    va_list ap;
    if (d->failed)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    d->failed = true;
    dlg_mistake(d->c, d->scope->key, "%s", text);
}

static struct dlg_op *add_op(struct draft *d, enum dlg_op_kind kind);

static void add_byte(struct draft *d, unsigned char byte, unsigned char mask)
{
    if (d->n_bytes + d->pending >= LITERAL_MAX) {
        fail(d, "the message is longer than %d bytes", LITERAL_MAX);
        return;
    }
    d->bytes[d->n_bytes + d->pending] = byte;
    d->mask[d->n_bytes + d->pending] = mask;
    d->pending++;
    d->masked |= mask != 0xFF;
}

static void add_bytes(struct draft *d, const void *data, size_t n)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < n; i++)
        add_byte(d, bytes[i], 0xFF);
}

/* Literal bytes gathered so far become an op. */
static void end_literal(struct draft *d)
{
    if (d->pending == 0 || d->failed)
        return;
    if (d->n_ops == DLG_OPS_MAX) {
        fail(d, "the message has more than %d pieces", DLG_OPS_MAX);
        return;
    }
    const unsigned char *at = dlg_pool_copy(d->c->pool, d->bytes + d->n_bytes, d->pending);
    const unsigned char *mask = d->masked ? dlg_pool_copy(d->c->pool, d->mask + d->n_bytes, d->pending) : NULL;
    d->ops[d->n_ops++] =
        (struct dlg_op){.kind = d->masked ? DLG_OP_MASKED : DLG_OP_BYTES, .at = at, .mask = mask, .n = d->pending};
    d->n_bytes += d->pending;
    d->pending = 0;
    d->masked = false;
}

static struct dlg_op *add_op(struct draft *d, enum dlg_op_kind kind)
{
    end_literal(d);
    if (d->n_ops == DLG_OPS_MAX)
        fail(d, "the message has more than %d pieces", DLG_OPS_MAX);
    if (d->failed)
        return NULL;
    struct dlg_op *op = &d->ops[d->n_ops++];
    *op = (struct dlg_op){.kind = kind};
    return op;
}

static void put_notation(struct draft *d, const char *text, bool hex, int depth);

/* ---- Holes --------------------------------------------------------------------------------------------------- */

static bool parse_form(struct draft *d, const char *word, struct dlg_form *form)
{
    if (dlg_form_parse(word, form))
        return true;
    fail(d, "\"%s\" is not a way to write a value; there are: %s", word, DLG_FORM_NAMES);
    return false;
}

/* {len FORM}, {len FORM - 5}: what follows the form is added to the length of the whole message. */
static void put_len(struct draft *d, const char *rest)
{
    char word[WORD_MAX], sign[WORD_MAX], number[WORD_MAX];
    struct dlg_form form = {.kind = DLG_BINARY, .width = 1};
    int64_t bias = 0;
    if (dlg_next_part(&rest, ' ', word, sizeof word) && !parse_form(d, word, &form))
        return;
    if (dlg_next_part(&rest, ' ', sign, sizeof sign)) {
        bool good = (strcmp(sign, "-") == 0 || strcmp(sign, "+") == 0) &&
                    dlg_next_part(&rest, ' ', number, sizeof number) && lec_parse_int(number, 0, 1000, &bias) == 0 &&
                    *rest == '\0';
        if (!good) {
            fail(d, "{len} is written {len FORM} or {len FORM - N}, N bytes that do not count");
            return;
        }
        bias = *sign == '-' ? -bias : bias;
    }
    if (form.width == 0 || dlg_form_is_text(&form)) {
        fail(d, "{len} needs a form of fixed width, such as byte, u16le, hex2 or dec2");
        return;
    }
    struct dlg_op *op = add_op(d, DLG_OP_LEN);
    if (op) {
        op->form = form;
        op->bias = (int16_t)bias;
    }
}

static void put_check(struct draft *d, const struct dlg_check *check)
{
    if (d->scope->pattern) {
        fail(d, "a reply's checksum is described once, by \"check\" in [driver], and is not part of the pattern");
        return;
    }
    struct dlg_op *op = add_op(d, DLG_OP_CHECK);
    if (op)
        op->check = *check;
}

static void put_slot(struct draft *d, unsigned slot, const char *rest, struct dlg_form form)
{
    char word[WORD_MAX];
    if (dlg_next_part(&rest, ' ', word, sizeof word) && !parse_form(d, word, &form))
        return;
    if (*rest != '\0') {
        fail(d, "\"%s\" is too much in a hole; expected {NAME} or {NAME FORM}", rest);
        return;
    }
    struct dlg_op *op = add_op(d, DLG_OP_HOLE);
    if (op) {
        op->slot = (uint8_t)slot;
        op->form = form;
    }
}

static struct dlg_form usual_form(const struct draft *d, enum lec_type type)
{
    if (d->c->hex)
        return (struct dlg_form){.kind = DLG_BINARY, .width = 1};
    if (type == LEC_INT)
        return (struct dlg_form){.kind = DLG_DEC, .is_signed = true};
    if (type == LEC_FLOAT)
        return (struct dlg_form){.kind = DLG_NUMBER, .is_signed = true, .decimals = 255};
    return (struct dlg_form){.kind = DLG_TEXT};
}

static bool put_argument(struct draft *d, const char *name, const char *rest)
{
    const struct lec_action *action = d->scope->action;
    for (size_t i = 0; action && i < action->n_args; i++) {
        if (strcmp(action->args[i].name, name) != 0)
            continue;
        if (i >= DLG_ARGS_MAX)
            fail(d, "only the first %d arguments of an action can be used", DLG_ARGS_MAX);
        else
            put_slot(d, (unsigned)i, rest, usual_form(d, action->args[i].type));
        return true;
    }
    return false;
}

/* {id}: the device's address on a shared line. */
static void put_id(struct draft *d, const char *rest)
{
    char word[WORD_MAX];
    unsigned char bytes[32];
    struct dlg_form form = usual_form(d, LEC_INT);
    struct dlg_raw raw = {.kind = DLG_RAW_INT, .i = lec_key_int(&d->c->desc->keys, "id", 1)};
    d->c->uses_id = true;
    if (dlg_next_part(&rest, ' ', word, sizeof word) && !parse_form(d, word, &form))
        return;
    int n = dlg_form_put(&form, &raw, bytes, sizeof bytes);
    if (n < 0)
        fail(d, "the device's id %" PRId64 " does not fit its place", raw.i);
    else
        add_bytes(d, bytes, (size_t)n);
}

/* {user}, {password}, padded if a form says so. */
static void put_secret(struct draft *d, const char *name, const char *rest)
{
    char word[WORD_MAX];
    unsigned char bytes[LITERAL_MAX];
    struct dlg_form form = {.kind = DLG_TEXT};
    const char *text = lec_key_text(&d->c->desc->keys, name, "");
    struct dlg_raw raw = {.kind = DLG_RAW_TEXT, .s = text, .n = strlen(text)};
    if (dlg_next_part(&rest, ' ', word, sizeof word) && !parse_form(d, word, &form))
        return;
    if (!dlg_form_is_text(&form)) {
        fail(d, "{%s} is text: its form can be text or nulN", name);
        return;
    }
    int n = dlg_form_put(&form, &raw, bytes, sizeof bytes);
    if (n < 0)
        fail(d, "the %s is too long for its place", name);
    else
        add_bytes(d, bytes, (size_t)n);
    explicit_bzero(bytes, sizeof bytes);
}

/* A piece of text that the profile has given a name: "cmd = 11" or "with NAME = ...", of the point or of the device.
 * "{NAME times 16}" repeats it. */
static bool put_named(struct draft *d, const char *name, const char *rest, bool hex, int depth)
{
    char with[LEC_NAME_MAX + 8], word[WORD_MAX], count[WORD_MAX];
    int64_t times = 1;
    snprintf(with, sizeof with, strcmp(name, "cmd") == 0 ? "%s" : "with %s", name);
    const struct lec_key *key = d->scope->own ? lec_key_find(d->scope->own, with) : NULL;
    if (!key)
        key = lec_key_find(&d->c->desc->keys, with);
    if (!key)
        return false;
    if (dlg_next_part(&rest, ' ', word, sizeof word)) {
        if (strcmp(word, "times") != 0 || !dlg_next_part(&rest, ' ', count, sizeof count) ||
            lec_parse_int(count, 1, 64, &times) < 0 || *rest != '\0') {
            fail(d, "{%s} can only be followed by \"times N\", N from 1 to 64", name);
            return true;
        }
    }
    for (; times > 0 && !d->failed; times--)
        put_notation(d, key->value, hex, depth + 1);
    return true;
}

static void unknown_name(struct draft *d, const char *name)
{
    const char *known[16 + DLG_VARS_MAX + DLG_ARGS_MAX] = {"id", "len", "check", "body", "user", "password"};
    size_t n = 6;
    if (d->scope->value)
        known[n++] = "value";
    if (d->scope->pattern)
        known[n++] = "error";
    for (size_t i = 0; i < DLG_VARS_MAX; i++)
        known[n++] = d->c->vars[i];
    for (size_t i = 0; d->scope->action && i < d->scope->action->n_args && i < DLG_ARGS_MAX; i++)
        known[n++] = d->scope->action->args[i].name;
    const char *near = lec_nearest(name, known, n);
    if (strcmp(name, "cmd") == 0)
        fail(d, "{cmd} has no meaning for %s: give it a \"cmd = ...\", or a message of its own",
             *d->scope->owner ? d->scope->owner : "this section");
    else if (strcmp(name, "value") == 0)
        fail(d, "{value} has no meaning here");
    else if (near)
        fail(d, "{%s} is not known; did you mean {%s}?", name, near);
    else
        fail(d, "{%s} is not known; \"with %s = ...\" in [driver] or in the point would give it a meaning", name, name);
}

/* A name in a login's pattern that is not known becomes a variable. */
static int new_var(struct draft *d, const char *name)
{
    for (int i = 0; i < DLG_VARS_MAX; i++) {
        if (d->c->vars[i])
            continue;
        d->c->vars[i] = dlg_pool_copy(d->c->pool, name, strlen(name));
        return DLG_SLOT_VAR + i;
    }
    fail(d, "the login catches more than %d names", DLG_VARS_MAX);
    return -1;
}

static void put_var(struct draft *d, int slot, const char *rest)
{
    if (d->scope->pattern) {
        put_slot(d, (unsigned)slot, rest, (struct dlg_form){.kind = DLG_TEXT});
        return;
    }
    struct dlg_op *op = add_op(d, DLG_OP_VAR);
    if (op)
        op->slot = (uint8_t)slot;
}

static bool is_check_name(const char *name)
{
    static const char *const names[] = {"sum8", "xor8", "or8", "neg8", "crc16"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static void put_hole(struct draft *d, const char *content, bool hex, int depth)
{
    char name[WORD_MAX];
    struct dlg_check check;
    const char *rest = content;
    const struct dlg_scope *s = d->scope;
    int slot;
    if (!dlg_next_part(&rest, ' ', name, sizeof name)) {
        fail(d, "empty braces; expected a name between them");
    } else if (strcmp(name, "*") == 0 || strcmp(name, "_") == 0) {
        if (!s->pattern)
            fail(d, "{%s} stands for bytes that may be anything: in a reply, not in a request", name);
        else if (*name == '*')
            add_op(d, DLG_OP_STAR);
        else
            add_byte(d, 0, 0);
    } else if (strcmp(name, "body") == 0) {
        fail(d, "{body} belongs into \"send\" of [driver] only, once");
    } else if (strcmp(name, "value") == 0 && s->value) {
        put_slot(d, DLG_SLOT_VALUE, rest, s->value_form);
    } else if (put_argument(d, name, rest)) {
        return;
    } else if (strcmp(name, "error") == 0 && s->pattern) {
        put_slot(d, DLG_SLOT_ERROR, rest, usual_form(d, LEC_TEXT));
    } else if (strcmp(name, "id") == 0) {
        put_id(d, rest);
    } else if (strcmp(name, "len") == 0) {
        put_len(d, rest);
    } else if (strcmp(name, "check") == 0) {
        if (d->c->check.kind == DLG_CHECK_NONE)
            fail(d, "{check} needs \"check = ...\" in [driver]");
        else
            put_check(d, &d->c->check);
    } else if (is_check_name(name)) {
        const char *wrong = dlg_check_parse(content, &check);
        if (wrong)
            fail(d, "{%s}: %s", content, wrong);
        else
            put_check(d, &check);
    } else if (strcmp(name, "user") == 0 || strcmp(name, "password") == 0) {
        put_secret(d, name, rest);
    } else if (put_named(d, name, rest, hex, depth)) {
        return;
    } else if ((slot = dlg_var_slot(d->c, name)) >= 0) {
        put_var(d, slot, rest);
    } else if (s->catches) {
        slot = new_var(d, name);
        if (slot >= 0)
            put_var(d, slot, rest);
    } else {
        unknown_name(d, name);
    }
}

/* ---- Notation ------------------------------------------------------------------------------------------------ */

/* The hole that begins at `text` ("{..."): handles it and returns what is behind it, or NULL. */
static const char *take_hole(struct draft *d, const char *text, bool hex, int depth)
{
    char content[WORD_MAX];
    const char *end = strchr(text, '}');
    if (!end || (size_t)(end - text) > sizeof content) {
        fail(d, "a \"{\" without a \"}\" behind it; the character itself is written \\x7B");
        return NULL;
    }
    memcpy(content, text + 1, (size_t)(end - text - 1));
    content[end - text - 1] = '\0';
    if (strcmp(content, "body") == 0 && d->scope->envelope && depth == 0)
        put_notation(d, d->scope->key->value, hex, 1);
    else
        put_hole(d, content, hex, depth);
    return d->failed ? NULL : end + 1;
}

/* Text with escapes, n characters. */
static void put_text(struct draft *d, const char *text, size_t n)
{
    char copy[1001]; /* a line of a profile is at most 1,000 bytes */
    unsigned char bytes[sizeof copy];
    if (n >= sizeof copy) {
        fail(d, "the message is longer than %d bytes", LITERAL_MAX);
        return;
    }
    memcpy(copy, text, n);
    copy[n] = '\0';
    int k = lec_unescape(copy, bytes, sizeof bytes);
    if (k < 0)
        fail(d, "unknown escape in \"%s\"; there are \\r \\n \\t \\0 \\e \\s \\\\ and \\xHH", copy);
    else
        add_bytes(d, bytes, (size_t)k);
}

/* Two hexadecimal digits, or in a pattern '?' in place of either. Returns what is behind, or NULL. */
static const char *take_pair(struct draft *d, const char *text)
{
    unsigned byte = 0, mask = 0;
    for (int i = 0; i < 2; i++) {
        int v = lec_hex_digit(text[i]);
        bool any = text[i] == '?' && d->scope->pattern;
        if (v < 0 && !any) {
            fail(d, "\"%.8s\": expected bytes of two hexadecimal digits, \"text\" in quotes, or {NAME}", text);
            return NULL;
        }
        byte = byte << 4 | (any ? 0u : (unsigned)v);
        mask = mask << 4 | (any ? 0u : 15u);
    }
    add_byte(d, (unsigned char)byte, (unsigned char)mask);
    return text + 2;
}

static void put_hex(struct draft *d, const char *text, int depth)
{
    while (text && *text && !d->failed) {
        if (*text == ' ') {
            text++;
        } else if (*text == '{') {
            text = take_hole(d, text, true, depth);
        } else if (*text == '"') {
            const char *end = strchr(text + 1, '"');
            if (!end) {
                fail(d, "a quote without its second one");
                return;
            }
            put_text(d, text + 1, (size_t)(end - text - 1));
            text = end + 1;
        } else {
            text = take_pair(d, text);
        }
    }
}

static void put_notation(struct draft *d, const char *text, bool hex, int depth)
{
    if (depth > DEPTH_MAX) {
        fail(d, "names within names go deeper than %d", DEPTH_MAX);
        return;
    }
    if (hex) {
        put_hex(d, text, depth);
        return;
    }
    while (text && *text && !d->failed) {
        size_t n = strcspn(text, "{");
        put_text(d, text, n);
        text += n;
        if (*text == '{')
            text = take_hole(d, text, false, depth);
    }
}

static struct dlg_message *finish(struct draft *d)
{
    end_literal(d);
    struct dlg_message *m = d->failed ? NULL : dlg_pool_get(d->c->pool, 1, sizeof *m);
    struct dlg_op *ops = m ? dlg_pool_get(d->c->pool, d->n_ops, sizeof *ops) : NULL;
    if (!ops || d->c->pool->failed) /* a literal may be missing */
        return NULL;
    memcpy(ops, d->ops, d->n_ops * sizeof *ops);
    m->ops = ops;
    m->n_ops = d->n_ops;
    m->fold = d->scope->pattern && !d->c->hex && !d->scope->bare && !d->c->exact;
    return m;
}

static struct dlg_message *compile_one(struct dlg_compiler *c, const struct dlg_scope *scope, const char *text)
{
    struct draft d = {.c = c, .scope = scope};
    bool hex = c->hex || scope->bare;
    put_notation(&d, scope->envelope ? scope->envelope->value : text, hex, scope->envelope ? 0 : 1);
    struct dlg_message *m = finish(&d);
    explicit_bzero(d.bytes, sizeof d.bytes);
    return m;
}

const struct dlg_message *dlg_compile(struct dlg_compiler *c, const struct dlg_scope *scope)
{
    const char *text = scope->key->value;
    if (!scope->pattern)
        return compile_one(c, scope, text);
    struct dlg_message *first = NULL, *last = NULL;
    while (text) {
        char part[1001];
        const char *bar = strstr(text, " | ");
        size_t n = bar ? (size_t)(bar - text) : strlen(text);
        if (n >= sizeof part) {
            dlg_mistake(c, scope->key, "the pattern is too long");
            return NULL;
        }
        memcpy(part, text, n);
        part[n] = '\0';
        struct dlg_message *m = compile_one(c, scope, part);
        if (!m)
            return NULL;
        if (last)
            last->next = m;
        else
            first = m;
        last = m;
        text = bar ? bar + 3 : NULL;
    }
    return first;
}

ssize_t dlg_part_bytes(struct dlg_compiler *c, const struct lec_key *key, const char *part, unsigned char *out,
                       size_t size)
{
    struct lec_key alone = *key;
    alone.value = part;
    struct dlg_scope scope = {.key = &alone, .owner = ""};
    const struct dlg_message *m = compile_one(c, &scope, part);
    if (!m)
        return -1;
    if (m->n_ops > 1 || (m->n_ops == 1 && m->ops[0].kind != DLG_OP_BYTES)) {
        dlg_mistake(c, key, "only fixed bytes can stand here");
        return -1;
    }
    size_t n = m->n_ops ? m->ops[0].n : 0;
    if (n > size) {
        dlg_mistake(c, key, "\"%s\" is longer than %zu bytes", part, size);
        return -1;
    }
    if (n > 0)
        memcpy(out, m->ops[0].at, n);
    return (ssize_t)n;
}

ssize_t dlg_compile_bytes(struct dlg_compiler *c, const struct lec_key *key, unsigned char *out, size_t size)
{
    return dlg_part_bytes(c, key, key->value, out, size);
}
