/* [experiment NAME]: what is recorded, when, and what is asked. */
#include "experiment.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lectern/parse.h"
#include "tables.h"

#define PARTS_MAX    8 /* commas of a channel or field; there are five options */
#define FIELD_TEXTS  64
#define CHANNEL_NAME 32 /* bytes: it is a heading of tables and a word of formulas */

static const char rate_wanted[] = "for example 10Hz, 2/min, or 20s for one each 20 s";

static bool is_plain_name(const char *name)
{
    return lec_is_point_name(name) && !strchr(name, '.') && strlen(name) <= CHANNEL_NAME;
}

/* ---- Channels ----------------------------------------------------------------------------------------------- */

/* A channel or field that is being read. */
struct entry {
    struct lec_experiment_work *w;
    struct lec_diag *d;
    const struct lec_key *key;
    struct lec_channel *channel;
    const char *parts[PARTS_MAX];
    size_t n_parts;
    double rate_hz; /* that it says itself; 0: none */
};

static void wrong_point(const struct entry *e, const struct lec_point *p)
{
    lec_diag_error(e->d, e->key->file, e->key->line, "%s: %s.%s is %s, expected a float, int or bool that is read",
                   e->key->name, p->device->name, p->name,
                   p->access & LEC_READ ? lec_type_name(p->type) : "only written");
}

/* "probe-1.temperature" */
static void read_point(struct entry *e)
{
    const struct lec_finder *f = &e->w->find;
    const char *name;
    const struct lec_device *dev =
        lec_find_device(f, e->key, e->parts[0], "DEVICE.POINT such as probe-1.temperature", &name);
    const struct lec_point *p = dev ? lec_device_point(dev, name) : NULL;
    if (!dev)
        return;
    if (!p) {
        if (!lec_device_doubtful(f, dev, name))
            lec_diag_error(e->d, e->key->file, e->key->line, "%s: device %s (%s) has no point %s%s", e->key->name,
                           dev->name, dev->profile, lec_shown(name).text, lec_point_meant(dev, name, false).text);
        return;
    }
    if (!(p->access & LEC_READ) || (p->type != LEC_FLOAT && p->type != LEC_INT && p->type != LEC_BOOL)) {
        wrong_point(e, p);
        return;
    }
    for (size_t i = 0; i < e->channel->index; i++) {
        if (e->w->channels[i].point != p)
            continue;
        lec_diag_warn(e->d, e->key->file, e->key->line, "%s: channel %s is %s.%s already", e->key->name, e->w->names[i],
                      dev->name, p->name);
        break;
    }
    e->channel->device = dev;
    e->channel->point = p;
}

bool lec_event_find(const struct lec_finder *f, const struct lec_key *key, const char *target,
                    const struct lec_device **device, const char **event)
{
    const char *name;
    const struct lec_device *dev = lec_find_device(f, key, target, "DEVICE.EVENT such as reader.card", &name);
    if (!dev)
        return false;
    if (!lec_is_point_name(name)) {
        lec_diag_error(f->diag, key->file, key->line,
                       "%s: %s, expected the name of an event: lower-case letters, digits and _, with dots between",
                       key->name, lec_shown(name).text);
        return false;
    }
    /* Which events a device tells only its driver knows. */
    if (lec_device_point(dev, name))
        lec_diag_warn(f->diag, key->file, key->line, "%s: %s.%s is a point; is an event of that name meant?", key->name,
                      dev->name, name);
    *device = dev;
    *event = name;
    return true;
}

/* The next name in a formula at *p, or NULL. */
static const char *next_name(struct lec_arena *a, const char **p)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    static const char all[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
    while (**p) {
        if (strchr(letters, **p)) {
            size_t n = strspn(*p, all);
            *p += n;
            return lec_arena_copy(a, *p - n, n);
        }
        size_t digits = strspn(*p, "0123456789.");
        *p += digits ? digits : 1;
        if (digits && (**p == 'e' || **p == 'E') && strspn(*p + 1, "+-0123456789") > 0)
            (*p)++; /* 1e5 */
    }
    return NULL;
}

/* Whether the formula uses its own channel or one that is described after it, which lec_formula_parse cannot tell from a
 * slip of the pen. */
static bool uses_later(const struct entry *e, const struct lec_ini_section *s)
{
    const char *at = e->parts[0];
    for (const char *name; (name = next_name(e->w->find.arena, &at)) != NULL;) {
        if (strcmp(name, e->channel->name) == 0) {
            lec_diag_error(e->d, e->key->file, e->key->line, "%s: it cannot be computed from itself", e->key->name);
            return true;
        }
        bool before = false;
        for (size_t i = 0; i < e->channel->index; i++)
            before = before || strcmp(e->w->names[i], name) == 0;
        for (const struct lec_key *k = e->key + 1; !before && k < s->own.at + s->own.n; k++) {
            const char *space = strchr(k->name, ' ');
            if (!space || strncmp(k->name, "ask ", 4) == 0 || strcmp(space + 1, name) != 0)
                continue;
            lec_diag_error(e->d, e->key->file, e->key->line,
                           "%s: channel %s stands further down, in line %d; expected it above this one", e->key->name,
                           name, k->line);
            return true;
        }
    }
    return false;
}

static void free_formula(void *what)
{
    struct lec_formula *formula = what;
    lec_formula_free(&formula);
}

static void read_formula(struct entry *e, const struct lec_ini_section *s)
{
    struct lec_channel *c = e->channel;
    struct lec_formula *formula;
    struct lec_err err = {0};
    c->formula = e->parts[0];
    if (*c->formula == '\0') {
        lec_diag_error(e->d, e->key->file, e->key->line, "%s: no formula, expected one such as water - air",
                       e->key->name);
        return;
    }
    if (uses_later(e, s))
        return;
    int rc = lec_formula_parse(c->formula, e->w->names, c->index, &formula, &err);
    if (rc == LEC_E_NOMEM) {
        e->w->find.arena->failed = true;
        return;
    }
    if (rc < 0) {
        lec_diag_error(e->d, e->key->file, e->key->line, "%s: %s", e->key->name, err.text);
        return;
    }
    if (!lec_arena_later(e->w->find.arena, free_formula, formula))
        return;
    bool known = true;
    for (size_t i = 0; i < c->index; i++) {
        if (!lec_formula_uses(formula, i))
            continue;
        known = known && e->w->channels[i].rate_hz > 0;
        c->rate_hz = fmax(c->rate_hz, e->w->channels[i].rate_hz);
    }
    if (!known)
        c->rate_hz = 0;
    c->compiled = formula;
}

/* What is shown of the channel: label, unit, decimals; and its rate. */
static void read_option(struct entry *e, const char *text, unsigned *seen)
{
    struct lec_channel *c = e->channel;
    struct lec_key option;
    const struct lec_option *row =
        lec_part_option(e->w->find.arena, e->d, lec_channel_keys, "a channel", e->key, text, seen, &option);
    const struct lec_keys keys = {.at = &option, .n = 1};
    const char *meant;
    if (!row)
        return;
    if (strcmp(row->name, "label") == 0) {
        c->label = option.value;
    } else if (strcmp(row->name, "label.en") == 0) {
        c->label_en = option.value;
    } else if (strcmp(row->name, "decimals") == 0) {
        c->decimals = (int)lec_own_int(lec_channel_keys, &keys, "decimals");
    } else if (strcmp(row->name, "unit") == 0) {
        c->unit = option.value;
        if (!lec_unit_known(c->unit, &meant))
            lec_diag_error(e->d, e->key->file, e->key->line,
                           "%s: unit: %s is not a unit that is known, expected a UCUM code%s", e->key->name,
                           lec_shown(c->unit).text, lec_meant(meant ? meant : "", &meant, 1).text);
    } else if (c->kind != LEC_CHANNEL_POINT) {
        lec_diag_error(e->d, e->key->file, e->key->line,
                       "%s: rate: only a channel that is measured has one; this one follows others", e->key->name);
    } else if (lec_parse_rate(option.value, &e->rate_hz) < 0) {
        lec_diag_error(e->d, e->key->file, e->key->line, "%s: rate: %s, expected %s", e->key->name,
                       lec_shown(option.value).text, rate_wanted);
    }
}

/* The rate that the channel gets, and whether its device can do it. */
static void settle_rate(struct entry *e, double usual_hz)
{
    struct lec_channel *c = e->channel;
    char wanted[32], most[32], every[32];
    c->rate_hz = e->rate_hz > 0 ? e->rate_hz : usual_hz;
    if (!c->point || c->rate_hz <= 0 || c->point->fastest_ns <= 0)
        return;
    double most_hz = 1e9 / (double)c->point->fastest_ns;
    if (c->rate_hz <= most_hz * (1 + 1e-6))
        return;
    lec_diag_error(
        e->d, e->key->file, e->key->line, "%s: rate: %s is more than %s.%s can do, at most %s (one each %s)%s",
        e->key->name, lec_print_rate(c->rate_hz, wanted, sizeof wanted), c->device->name, c->point->name,
        lec_print_rate(most_hz, most, sizeof most), lec_print_duration(c->point->fastest_ns, every, sizeof every),
        e->rate_hz > 0 ? "" : "; give this channel a rate of its own");
}

static void check_unit(const struct entry *e)
{
    const struct lec_channel *c = e->channel;
    if (!c->point || !*c->unit)
        return;
    const char *has =
        c->point->calibration && *c->point->calibration->unit ? c->point->calibration->unit : c->point->unit;
    if (*has && strcmp(has, c->unit) != 0)
        lec_diag_warn(e->d, e->key->file, e->key->line,
                      "%s: unit: %s.%s is in %s and stays so; to convert it, derive a channel in %s", e->key->name,
                      c->device->name, c->point->name, has, c->unit);
}

static const struct {
    const char *prefix;
    enum lec_channel_kind kind;
} channel_kinds[] = {{"channel ", LEC_CHANNEL_POINT},
                     {"derive ", LEC_CHANNEL_DERIVED},
                     {"count ", LEC_CHANNEL_COUNT},
                     {"manual ", LEC_CHANNEL_MANUAL}};

/* Its place among channel_kinds, or their number. */
static size_t channel_kind(const struct lec_key *key)
{
    size_t i = 0;
    while (i < ARRAY_LEN(channel_kinds) &&
           strncmp(key->name, channel_kinds[i].prefix, strlen(channel_kinds[i].prefix)) != 0)
        i++;
    return i;
}

/* Words of formulas, and of conditions in the place where a channel may stand. */
static bool is_reserved(const char *name)
{
    static const char *const words[] = {"abs",   "sqrt",  "exp",   "ln",   "log10",      "sin",      "cos",
                                        "tan",   "asin",  "acos",  "atan", "atan2",      "min",      "max",
                                        "pi",    "floor", "round", "e",    "derivative", "integral", "smooth",
                                        "after", "at",    "event", "by"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcmp(words[i], name) == 0)
            return true;
    return false;
}

/* Whether a channel may be called so. */
static bool check_name(const struct lec_experiment_work *w, const struct lec_key *key, const char *name)
{
    struct lec_diag *d = w->find.diag;
    if (!is_plain_name(name)) {
        lec_diag_error(d, key->file, key->line,
                       "%s, expected a name of at most %d lower-case letters, digits and _, beginning with a letter",
                       lec_shown(key->name).text, CHANNEL_NAME);
        return false;
    }
    if (is_reserved(name)) {
        lec_diag_error(d, key->file, key->line, "%s: %s is a word of formulas and conditions, expected another name",
                       key->name, name);
        return false;
    }
    for (size_t i = 0; i < w->n; i++) {
        if (strcmp(w->names[i], name) == 0) {
            lec_diag_error(d, key->file, key->line, "%s: a channel of that name is in line %d already", key->name,
                           w->channels[i].line);
            return false;
        }
    }
    return true;
}

static void read_channel(struct lec_experiment_work *w, const struct lec_ini_section *s, const struct lec_key *key,
                         size_t kind, double usual_hz)
{
    const char *name = key->name + strlen(channel_kinds[kind].prefix);
    struct entry e = {.w = w, .d = w->find.diag, .key = key, .channel = &w->channels[w->n]};
    if (!check_name(w, key, name))
        return;
    *e.channel = (struct lec_channel){.name = name,
                                      .index = w->n,
                                      .label = "",
                                      .label_en = "",
                                      .event = "",
                                      .formula = "",
                                      .unit = "",
                                      .kind = channel_kinds[kind].kind,
                                      .decimals = -1,
                                      .line = key->line};
    w->names[w->n++] = name;
    e.n_parts = lec_parts(w->find.arena, e.d, key, true, e.parts, ARRAY_LEN(e.parts));
    if (e.n_parts == 0)
        return;
    size_t options = 1;
    switch (e.channel->kind) {
    case LEC_CHANNEL_POINT:
        read_point(&e);
        break;
    case LEC_CHANNEL_DERIVED:
        read_formula(&e, s);
        break;
    case LEC_CHANNEL_COUNT:
        (void)lec_event_find(&w->find, key, e.parts[0], &e.channel->device, &e.channel->event);
        break;
    case LEC_CHANNEL_MANUAL:
        options = *e.parts[0] ? 0 : 1;
        break;
    }
    unsigned seen = 0;
    for (size_t i = options; i < e.n_parts; i++)
        read_option(&e, e.parts[i], &seen);
    if (e.channel->kind == LEC_CHANNEL_POINT)
        settle_rate(&e, usual_hz);
    check_unit(&e);
}

static void read_channels(struct lec_experiment_work *w, const char *file, const struct lec_ini_section *s,
                          double usual_hz)
{
    struct lec_diag *d = w->find.diag;
    size_t n = 0, measured = 0, errors = d->errors;
    for (size_t i = 0; i < s->own.n; i++)
        n += channel_kind(&s->own.at[i]) < ARRAY_LEN(channel_kinds);
    w->channels = lec_arena_array(w->find.arena, n < LEC_CHANNELS_MAX ? n : LEC_CHANNELS_MAX, sizeof *w->channels);
    if (n > 0 && !w->channels)
        return;
    for (size_t i = 0; i < s->own.n; i++) {
        size_t kind = channel_kind(&s->own.at[i]);
        if (kind == ARRAY_LEN(channel_kinds))
            continue;
        if (w->n == LEC_CHANNELS_MAX) {
            lec_diag_error(d, file, s->own.at[i].line, "more than %d channels in an experiment", LEC_CHANNELS_MAX);
            break;
        }
        measured += channel_kinds[kind].kind != LEC_CHANNEL_DERIVED;
        read_channel(w, s, &s->own.at[i], kind, usual_hz);
    }
    if (measured == 0 && d->errors == errors)
        lec_diag_error(d, file, s->line, "[experiment %s] has no channels, expected channel NAME = DEVICE.POINT",
                       s->name);
    w->experiment->channels = w->channels;
    w->experiment->n_channels = w->n;
}

/* ---- What is asked ------------------------------------------------------------------------------------------ */

/* "10A1|10A2" */
static void read_choices(struct entry *e, const char *text, struct lec_field *field)
{
    const char **list = lec_arena_array(e->w->find.arena, FIELD_TEXTS, sizeof *list);
    size_t n = 0;
    for (const char *p = text; list;) {
        size_t len = strcspn(p, "|");
        const char *from = p, *end = p + len;
        while (from < end && (*from == ' ' || *from == '\t'))
            from++;
        while (end > from && (end[-1] == ' ' || end[-1] == '\t'))
            end--;
        const char *choice = lec_arena_copy(e->w->find.arena, from, (size_t)(end - from));
        bool again = false;
        for (size_t i = 0; i < n; i++)
            again = again || strcmp(list[i], choice) == 0;
        if (!*choice || again || n == FIELD_TEXTS) {
            lec_diag_error(e->d, e->key->file, e->key->line, "%s: choices: %s%s, expected at most %d such as 10A1|10A2",
                           e->key->name, !*choice || again ? lec_shown(choice).text : "too many",
                           again ? " is there twice" : "", FIELD_TEXTS);
            return;
        }
        list[n++] = choice;
        p += len;
        if (*p == '\0')
            break;
        p++;
    }
    field->choices = list;
    field->n_choices = list ? n : 0;
}

static void read_field(struct lec_experiment_work *w, const struct lec_key *key, struct lec_field *field)
{
    static const struct {
        const char *name, *label, *label_en;
    } usual[] = {{"operator", "Người làm", "Operator"},
                 {"class", "Lớp", "Class"},
                 {"group", "Nhóm", "Group"},
                 {"note", "Ghi chú", "Note"}};
    struct entry e = {.w = w, .d = w->find.diag, .key = key};
    *field = (struct lec_field){.name = key->name + strlen("ask "), .label = "", .label_en = ""};
    if (!is_plain_name(field->name))
        lec_diag_error(e.d, key->file, key->line,
                       "%s, expected a name of at most %d lower-case letters, digits and _, beginning with a letter",
                       lec_shown(key->name).text, CHANNEL_NAME);
    for (size_t i = 0; i < ARRAY_LEN(usual); i++) {
        if (strcmp(usual[i].name, field->name) == 0) {
            field->label = usual[i].label;
            field->label_en = usual[i].label_en;
        }
    }
    unsigned seen = 0;
    size_t n = lec_parts(w->find.arena, e.d, key, false, e.parts, ARRAY_LEN(e.parts));
    for (size_t i = n > 0 && !*e.parts[0] ? 1 : 0; i < n; i++) {
        struct lec_key option;
        const struct lec_option *row =
            lec_part_option(w->find.arena, e.d, lec_field_keys, "what is asked", key, e.parts[i], &seen, &option);
        const struct lec_keys keys = {.at = &option, .n = 1};
        if (!row)
            continue;
        if (strcmp(row->name, "required") == 0)
            field->required = lec_own_bool(lec_field_keys, &keys, "required");
        else if (strcmp(row->name, "label") == 0)
            field->label = option.value;
        else if (strcmp(row->name, "label.en") == 0)
            field->label_en = option.value;
        else
            read_choices(&e, option.value, field);
    }
}

static void read_fields(struct lec_experiment_work *w, const char *file, const struct lec_ini_section *s)
{
    size_t n = 0, max = 0;
    for (size_t i = 0; i < s->own.n; i++)
        max += strncmp(s->own.at[i].name, "ask ", 4) == 0;
    struct lec_field *fields =
        lec_arena_array(w->find.arena, max < LEC_EXPERIMENT_FIELDS ? max : LEC_EXPERIMENT_FIELDS, sizeof *fields);
    for (size_t i = 0; fields && i < s->own.n; i++) {
        if (strncmp(s->own.at[i].name, "ask ", 4) != 0)
            continue;
        if (n == LEC_EXPERIMENT_FIELDS) {
            lec_diag_error(w->find.diag, file, s->own.at[i].line, "more than %d things are asked",
                           LEC_EXPERIMENT_FIELDS);
            break;
        }
        read_field(w, &s->own.at[i], &fields[n++]);
    }
    w->experiment->fields = fields;
    w->experiment->n_fields = n;
}

/* ---- When --------------------------------------------------------------------------------------------------- */

static void read_conditions(struct lec_experiment_work *w, const struct lec_ini_section *s)
{
    struct lec_experiment *x = w->experiment;
    struct lec_diag *d = w->find.diag;
    const struct lec_key *start = lec_key_find(&s->own, "start"), *trigger = lec_key_find(&s->own, "trigger"),
                         *stop = lec_key_find(&s->own, "stop"), *sample = lec_key_find(&s->own, "sample"),
                         *pre = lec_key_find(&s->own, "pre");
    int64_t trigger_pre_ns = -1;
    x->pre_ns = lec_own_duration(lec_experiment_keys, &s->own, "pre");
    if (start && trigger)
        lec_diag_error(d, trigger->file, trigger->line,
                       "trigger: start, in line %d, says already when a run begins; expected one of them", start->line);
    if (start)
        (void)lec_condition_read(w, start, LEC_USE_START, &x->start, NULL, NULL);
    if (trigger)
        (void)lec_condition_read(w, trigger, LEC_USE_TRIGGER, &x->start, &trigger_pre_ns, NULL);
    if (stop)
        (void)lec_condition_read(w, stop, LEC_USE_STOP, &x->stop, NULL, NULL);
    if (sample)
        x->on_event = lec_condition_read(w, sample, LEC_USE_SAMPLE, &x->sample, NULL, &x->on_event) || x->on_event;
    if (trigger_pre_ns >= 0 && pre)
        lec_diag_error(d, pre->file, pre->line, "pre: the trigger in line %d says it already", trigger->line);
    if (trigger_pre_ns >= 0)
        x->pre_ns = trigger_pre_ns;
    if (pre && x->pre_ns > 0 && !start && !trigger)
        lec_diag_error(d, pre->file, pre->line,
                       "pre: a run that begins at once has nothing before it, expected a start condition too");
    const struct lec_key *rate = lec_key_find(&s->own, "rate");
    if (rate && sample)
        lec_diag_warn(d, rate->file, rate->line, "rate: not used, since samples are taken as \"sample\" says");
}

/* Nothing comes by itself from what is typed in. */
static bool all_by_hand(const struct lec_experiment *x)
{
    for (size_t i = 0; i < x->n_channels; i++)
        if (x->channels[i].kind == LEC_CHANNEL_POINT || x->channels[i].kind == LEC_CHANNEL_COUNT)
            return false;
    return x->n_channels > 0;
}

void lec_experiment_build(struct lec_experiment_work *w, const char *file, struct lec_ini_section *s)
{
    struct lec_experiment *x = w->experiment;
    const struct lec_condition none = {.event = "", .text = ""};
    double usual_hz = 0;
    lec_section_check(w->find.arena, w->find.diag, file, s, &(struct lec_section_rules){.own = lec_experiment_keys});
    x->label = lec_own_text(lec_experiment_keys, &s->own, "label");
    x->label_en = lec_own_text(lec_experiment_keys, &s->own, "label.en");
    x->duration_ns = lec_own_duration(lec_experiment_keys, &s->own, "duration");
    x->repeat = (unsigned)lec_own_int(lec_experiment_keys, &s->own, "repeat");
    x->pause_ns = lec_own_duration(lec_experiment_keys, &s->own, "pause");
    x->start = x->stop = x->sample = none;
    x->keys = s->keys;
    const struct lec_key *rate = lec_key_find(&s->own, "rate");
    if (rate && lec_parse_rate(rate->value, &usual_hz) < 0)
        lec_diag_error(w->find.diag, rate->file, rate->line, "rate: %s, expected %s", lec_shown(rate->value).text,
                       rate_wanted);
    read_channels(w, file, s, usual_hz);
    read_fields(w, file, s);
    read_conditions(w, s);
    x->on_event = x->on_event || all_by_hand(x);
}

void lec_experiments_build(struct lec_room_work *w, const struct lec_ini *ini, bool made)
{
    struct lec_room *room = w->room;
    struct lec_diag *d = &w->load->diag;
    size_t max = room->n_experiments;
    for (size_t i = 0; i < ini->n; i++)
        max += strcmp(ini->sections[i].kind, "experiment") == 0;
    if (max > LEC_ROOM_EXPERIMENTS)
        max = LEC_ROOM_EXPERIMENTS;
    struct lec_experiment *all = lec_arena_array(w->load->arena, max, sizeof *all);
    if (max > 0 && !all)
        return;
    if (room->n_experiments > 0)
        memcpy(all, room->experiments, room->n_experiments * sizeof *all);
    room->experiments = all;
    for (size_t i = 0; i < ini->n; i++) {
        struct lec_ini_section *s = &ini->sections[i];
        if (strcmp(s->kind, "experiment") != 0) {
            if (made)
                lec_diag_error(d, ini->file, s->line,
                               "[%s] is no section of made experiments, expected [experiment NAME]", s->kind);
            continue;
        }
        size_t errors = d->errors;
        const struct lec_experiment *same = lec_room_experiment(room, s->name);
        if (!lec_is_name(s->name))
            lec_diag_error(
                d, ini->file, s->line,
                "[experiment%s%s]: expected a name of lower-case letters, digits and dashes, such as cooling",
                *s->name ? " " : "", s->name);
        else if (same)
            lec_diag_error(d, ini->file, s->line, "[experiment %s] is in %s already, in line %d; that one counts",
                           s->name, same->file, same->line);
        if (room->n_experiments == LEC_ROOM_EXPERIMENTS) {
            lec_diag_error(d, ini->file, s->line, "more than %d experiments in a room", LEC_ROOM_EXPERIMENTS);
            return;
        }
        struct lec_experiment *x = &all[room->n_experiments];
        *x = (struct lec_experiment){
            .name = s->name, .index = room->n_experiments, .made = made, .file = ini->file, .line = s->line};
        struct lec_experiment_work work = {.find = {.arena = w->load->arena, .diag = d, .room = room, .work = w},
                                           .experiment = x};
        lec_experiment_build(&work, ini->file, s);
        if (!made || d->errors == errors)
            room->n_experiments++;
    }
}
