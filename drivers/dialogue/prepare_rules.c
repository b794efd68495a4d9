/* [reply ...] and [login ...] sections. */
#include <string.h>

#include "dialogue.h"

static const struct lec_key *find(const struct lec_section *s, const char *name)
{
    return lec_key_find(&s->keys, name);
}

/* The place of a mistake that concerns a whole section. */
static struct lec_key section_key(const struct lec_section *s)
{
    return (struct lec_key){.name = s->name, .value = "", .file = s->file, .line = s->line};
}

/* ---- [reply NAME] -------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    enum dlg_means means;
} meanings[] = {
    {"ok", DLG_OK},         {"refused", DLG_REFUSED},   {"busy", DLG_BUSY}, {"unsupported", DLG_UNSUPPORTED},
    {"range", DLG_RANGE},   {"password", DLG_PASSWORD}, {"wait", DLG_WAIT}, {"ignore", DLG_IGNORE},
    {"notice", DLG_NOTICE},
};

static void prepare_means(struct dlg_compiler *c, const struct lec_section *s, struct dlg_rule *rule)
{
    const struct lec_key *means = find(s, "means");
    const char *word = means ? means->value : s->name;
    const char *names[ARRAY_LEN(meanings)];
    for (size_t i = 0; i < ARRAY_LEN(meanings); i++) {
        names[i] = meanings[i].name;
        if (strcmp(word, meanings[i].name) == 0) {
            rule->means = meanings[i].means;
            return;
        }
    }
    struct lec_key at = means ? *means : section_key(s);
    const char *near = lec_nearest(word, names, ARRAY_LEN(names));
    if (means)
        dlg_mistake(c, &at, "\"%s\" is not a meaning%s%s%s", word, near ? " (did you mean \"" : "", near ? near : "",
                    near ? "\"?)" : "");
    else
        dlg_mistake(c, &at,
                    "needs \"means = ...\", since \"%s\" is not one of ok, refused, busy, unsupported, range, "
                    "password, wait, ignore, notice",
                    word);
}

/* "power = warming, cooling" */
static void prepare_while(struct dlg_compiler *c, const struct lec_key *key, struct dlg_rule *rule)
{
    char name[LEC_NAME_MAX + 1], part[LEC_NAME_MAX + 1];
    const char *rest = key->value;
    if (!strchr(rest, '=') || !dlg_next_part(&rest, '=', name, sizeof name)) {
        dlg_mistake(c, key, "expected POINT = VALUE, VALUE");
        return;
    }
    const struct lec_point *point = lec_device_point(c->desc, name);
    if (!point || point->type != LEC_ENUM) {
        dlg_mistake(c, key, "the device has no point \"%s\" with choices", name);
        return;
    }
    const char **values = dlg_pool_get(c->pool, point->n_choices, sizeof *values);
    while (values && dlg_next_part(&rest, ',', part, sizeof part)) {
        size_t i = 0;
        while (i < point->n_choices && strcmp(point->choices[i], part) != 0)
            i++;
        if (i == point->n_choices)
            dlg_mistake(c, key, "%s is never \"%s\"", name, part);
        else if (rule->n_while < point->n_choices)
            values[rule->n_while++] = point->choices[i];
    }
    rule->while_point = point;
    rule->while_values = values;
}

/* "01:no such input, 22:busy" */
static void prepare_texts(struct dlg_compiler *c, const struct lec_key *key, struct dlg_rule *rule)
{
    const size_t max = 40;
    const char *rest = key->value;
    char part[128];
    rule->texts = dlg_pool_get(c->pool, max, sizeof *rule->texts);
    while (rule->texts && dlg_next_part(&rest, ',', part, sizeof part)) {
        char *colon = strchr(part, ':');
        if (!colon || rule->n_texts == max) {
            dlg_mistake(c, key, colon ? "more than 40 texts" : "expected CODE:TEXT, separated by commas");
            return;
        }
        const char *text = colon + 1 + strspn(colon + 1, " ");
        rule->texts[rule->n_texts].code = dlg_pool_copy(c->pool, part, (size_t)(colon - part));
        rule->texts[rule->n_texts++].text = dlg_pool_copy(c->pool, text, strlen(text));
    }
    if (!rest)
        dlg_mistake(c, key, "a text is longer than %zu bytes", sizeof part - 1);
}

static void prepare_notice(struct dlg_compiler *c, const struct lec_section *s, struct dlg_rule *rule)
{
    const struct lec_key *point = find(s, "point"), *value = find(s, "value"), *codes = find(s, "codes");
    struct lec_err err;
    if (!point) {
        if (value)
            dlg_mistake(c, value, "the value of which point? \"point = ...\" is missing");
        return;
    }
    rule->point = lec_device_point(c->desc, point->value);
    if (!rule->point) {
        dlg_mistake(c, point, "the device has no point \"%s\"", point->value);
        return;
    }
    if (!value)
        return; /* {value} in the pattern: compiled with it */
    if (lec_value_parse(value->value, rule->point->type, &rule->value, &err) < 0)
        dlg_mistake(c, value, "%s", err.text);
    if (codes)
        dlg_mistake(c, codes, "with \"value\" there is nothing to decode");
    rule->constant = true;
}

static void prepare_match(struct dlg_compiler *c, const struct lec_section *s, struct dlg_rule *rule)
{
    const struct lec_key *match = find(s, "match"), *codes = find(s, "codes");
    if (!match)
        return; /* config has told: it is required */
    if (dlg_needs_own(c, match->value)) {
        if (rule->means == DLG_NOTICE)
            dlg_mistake(c, match, "a notice answers no request, so that the {cmd} of a point has no meaning in it");
        return; /* compiled for each request */
    }
    bool reads = rule->point && !rule->constant;
    if (reads && !codes)
        codes = lec_key_find(&rule->point->keys, "codes");
    struct dlg_scope scope = {.key = match, .owner = "a reply", .pattern = true, .value = reads};
    if (reads)
        scope.value_form = dlg_value_form(c, rule->point, codes != NULL);
    rule->match = dlg_compile(c, &scope);
    if (!reads || !rule->match)
        return;
    const struct dlg_form *form = dlg_message_form(rule->match, DLG_SLOT_VALUE);
    if (form)
        dlg_conv_compile(c, rule->point, &rule->point->keys, codes, form, false, &rule->conv);
    else
        dlg_mistake(c, match, "tells of %s, but has no {value}; or give it a \"value = ...\"", rule->point->name);
}

void dlg_prepare_rules(struct dlg_compiler *c, struct dlg_profile *p)
{
    p->rules = dlg_pool_get(c->pool, DLG_RULES_MAX, sizeof *p->rules);
    for (size_t i = 0; p->rules && i < c->desc->n_sections; i++) {
        const struct lec_section *s = &c->desc->sections[i];
        struct lec_key at = section_key(s);
        if (strcmp(s->kind, "reply") != 0)
            continue;
        if (p->n_rules == DLG_RULES_MAX) {
            dlg_mistake(c, &at, "more than %d [reply] sections", DLG_RULES_MAX);
            return;
        }
        struct dlg_rule *rule = &p->rules[p->n_rules++];
        const struct lec_key *key;
        rule->name = s->name;
        prepare_means(c, s, rule);
        rule->text = lec_key_text(&s->keys, "text", NULL);
        rule->wait_ns = lec_key_duration(&s->keys, "wait", 0);
        rule->again = (unsigned)lec_key_int(&s->keys, "again", 0);
        rule->after_ns = lec_key_duration(&s->keys, "after", 200 * LEC_MS);
        rule->prompt = lec_key_bool(&s->keys, "prompt", false);
        if ((key = find(s, "while")))
            prepare_while(c, key, rule);
        if ((key = find(s, "texts")))
            prepare_texts(c, key, rule);
        if ((key = find(s, "poll")))
            rule->poll = dlg_prepare_names(c, key, &rule->n_poll);
        if (rule->means == DLG_NOTICE)
            prepare_notice(c, s, rule);
        prepare_match(c, s, rule);
    }
}

/* ---- [login NAME] -------------------------------------------------------------------------------------------- */

static int earlier_step(const struct dlg_profile *p, const char *name)
{
    for (size_t i = 0; i + 1 < p->n_steps; i++)
        if (strcmp(p->steps[i].name, name) == 0)
            return (int)i;
    return -1;
}

/* "password" and "user" stand for whether there is one. */
static bool is_given(const struct dlg_compiler *c, const struct lec_key *key, bool *given)
{
    if (strcmp(key->value, "password") != 0 && strcmp(key->value, "user") != 0)
        return false;
    *given = *lec_key_text(&c->desc->keys, key->value, "") != '\0';
    return true;
}

static void prepare_condition(struct dlg_compiler *c, const struct lec_section *s, const struct dlg_profile *p,
                              struct dlg_step *step)
{
    const struct lec_key *when = find(s, "when"), *unless = find(s, "unless");
    bool given;
    if (when && is_given(c, when, &given)) {
        step->never |= !given;
    } else if (when) {
        step->when_slot = dlg_var_slot(c, when->value);
        step->when_step = step->when_slot < 0 ? earlier_step(p, when->value) : -1;
        if (step->when_slot < 0 && step->when_step < 0)
            dlg_mistake(c, when,
                        "\"%s\" is neither caught by an earlier step, nor the name of one, nor user or password",
                        when->value);
    }
    if (unless && is_given(c, unless, &given)) {
        step->never |= given;
    } else if (unless) {
        step->unless_step = earlier_step(p, unless->value);
        if (step->unless_step < 0)
            dlg_mistake(c, unless, "\"%s\" is not the name of an earlier step, nor user or password", unless->value);
    }
}

static void prepare_step_framing(struct dlg_compiler *c, const struct lec_section *s, const struct dlg_profile *p,
                                 struct dlg_step *step)
{
    const struct lec_key *ends = find(s, "ends"), *bytes = find(s, "bytes");
    if (!ends && !bytes)
        return;
    struct dlg_framing *f = dlg_pool_copy(c->pool, &p->framing, sizeof p->framing);
    if (!f)
        return;
    f->starts.n = f->prompt.n = f->n_ends = f->shortest = f->fixed = 0;
    f->by_length = f->by_first = false;
    f->check = (struct dlg_check){.kind = DLG_CHECK_NONE};
    f->trim = f->trim && !bytes;
    f->empty = true;
    if (ends)
        dlg_prepare_ends(c, ends, f);
    if (bytes) /* counted bytes: all of them */
        memset(f->drop, 0, sizeof f->drop);
    if (bytes)
        f->fixed = (size_t)lec_key_int(&s->keys, "bytes", 1);
    step->framing = f;
}

static void prepare_step(struct dlg_compiler *c, const struct lec_section *s, const struct dlg_profile *p,
                         struct dlg_step *step)
{
    const struct lec_key *key, *envelope = lec_key_find(&c->desc->keys, "send");
    bool other = strcmp(lec_key_text(&s->keys, "format", ""), "hex") == 0;
    *step = (struct dlg_step){.name = s->name, .when_slot = -1, .when_step = -1, .unless_step = -1};
    step->optional = lec_key_bool(&s->keys, "optional", false);
    step->timeout_ns = lec_key_duration(&s->keys, "timeout", 0);
    step->pause_ns = lec_key_duration(&s->keys, "pause", 0);
    prepare_condition(c, s, p, step);
    prepare_step_framing(c, s, p, step);
    if ((key = find(s, "send"))) {
        struct dlg_scope scope = {.key = key, .owner = "a login", .bare = other, .envelope = other ? NULL : envelope};
        step->send = dlg_compile(c, &scope);
    }
    if ((key = find(s, "refused"))) {
        struct dlg_scope scope = {.key = key, .owner = "a login", .bare = other, .pattern = true};
        step->refused = dlg_compile(c, &scope);
    }
    if ((key = find(s, "expect"))) {
        struct dlg_scope scope = {.key = key, .owner = "a login", .bare = other, .pattern = true, .catches = true};
        step->expect = dlg_compile(c, &scope);
    }
    struct lec_key at = section_key(s);
    if (!find(s, "send") && !find(s, "expect"))
        dlg_mistake(c, &at, "a login step needs \"send\" or \"expect\"");
    if (find(s, "expect") && !step->framing && !p->framing.n_ends && !p->framing.fixed && !p->framing.by_length &&
        !p->framing.by_first)
        dlg_mistake(c, &at, "how does what is expected end? Give the step \"ends\" or \"bytes\", or [driver] \"ends\"");
}

void dlg_prepare_login(struct dlg_compiler *c, struct dlg_profile *p)
{
    p->steps = dlg_pool_get(c->pool, DLG_STEPS_MAX, sizeof *p->steps);
    for (size_t i = 0; p->steps && i < c->desc->n_sections; i++) {
        const struct lec_section *s = &c->desc->sections[i];
        struct lec_key at = section_key(s);
        if (strcmp(s->kind, "login") != 0)
            continue;
        if (p->n_steps == DLG_STEPS_MAX) {
            dlg_mistake(c, &at, "more than %d [login] steps", DLG_STEPS_MAX);
            return;
        }
        p->n_steps++;
        prepare_step(c, s, p, &p->steps[p->n_steps - 1]);
    }
}
