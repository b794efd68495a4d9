/* When a run begins or ends, or a sample is taken: "water falls below 60, for 200ms". */
#include <string.h>

#include "experiment.h"
#include "lectern/clock.h"
#include "lectern/parse.h"
#include "tables.h"

#define WORDS_MAX 6

/* A condition that is being read. */
struct reading {
    struct lec_experiment_work *w;
    const struct lec_key *key;
    enum lec_condition_use use;
    const char *text; /* without its options */
    const char *words[WORDS_MAX];
    size_t n; /* WORDS_MAX: perhaps more */
    struct lec_condition *out;
};

/* Tells that the condition is none, with what could stand there. Returns false. */
static bool expected(const struct reading *r)
{
    static const char *const forms[] = {
        [LEC_USE_START] = "CHANNEL rises above, falls below, is above or is below NUMBER, after TIME, at HH:MM, "
                          "DEVICE.POINT VALUE or event DEVICE.EVENT",
        [LEC_USE_STOP] = "CHANNEL rises above, falls below, is above or is below NUMBER, after TIME, at HH:MM, "
                         "DEVICE.POINT VALUE or event DEVICE.EVENT",
        [LEC_USE_TRIGGER] = "CHANNEL > NUMBER or CHANNEL < NUMBER, and rising or falling",
        [LEC_USE_SAMPLE] = "event DEVICE.EVENT, DEVICE.POINT VALUE, or by hand",
    };
    lec_diag_error(r->w->find.diag, r->key->file, r->key->line, "%s: %s, expected %s", r->key->name,
                   *r->text ? lec_shown(r->text).text : "nothing", forms[r->use]);
    return false;
}

static bool wrong(const struct reading *r, const char *what, const char *wanted)
{
    lec_diag_error(r->w->find.diag, r->key->file, r->key->line, "%s: %s, expected %s", r->key->name,
                   lec_shown(what).text, wanted);
    return false;
}

/* "14:05" or "14:05:30" as the time since midnight. */
static bool parse_time(const char *text, int64_t *out_ns)
{
    size_t n = strlen(text);
    if ((n != 5 && n != 8) || text[2] != ':' || (n == 8 && text[5] != ':'))
        return false;
    int64_t total = 0;
    for (size_t i = 0; i < n; i += 3) {
        if (text[i] < '0' || text[i] > '9' || text[i + 1] < '0' || text[i + 1] > '9')
            return false;
        int64_t v = (text[i] - '0') * 10 + (text[i + 1] - '0');
        if (v > (i == 0 ? 23 : 59))
            return false;
        total = total * 60 + v;
    }
    *out_ns = (n == 5 ? total * 60 : total) * LEC_SEC;
    return true;
}

static bool find_channel(struct reading *r, const char *name)
{
    struct lec_experiment_work *w = r->w;
    for (size_t i = 0; i < w->n; i++) {
        if (strcmp(w->names[i], name) == 0) {
            r->out->channel = i;
            return true;
        }
    }
    lec_diag_error(w->find.diag, r->key->file, r->key->line, "%s: this experiment has no channel %s%s", r->key->name,
                   lec_shown(name).text, lec_meant(name, w->names, w->n).text);
    return false;
}

static bool read_level(struct reading *r, const char *text)
{
    if (lec_parse_float(text, &r->out->level) == 0)
        return true;
    return wrong(r, text, "a number such as 60 or 0.5 (a point, no unit)");
}

/* "water falls below 60" */
static bool read_channel(struct reading *r)
{
    static const struct {
        const char *first, *second;
        enum lec_condition_kind kind;
    } forms[] = {{"rises", "above", LEC_COND_RISES},
                 {"falls", "below", LEC_COND_FALLS},
                 {"is", "above", LEC_COND_ABOVE},
                 {"is", "below", LEC_COND_BELOW}};
    if (r->n != 4)
        return expected(r);
    for (size_t i = 0; i < ARRAY_LEN(forms); i++)
        if (strcmp(r->words[1], forms[i].first) == 0 && strcmp(r->words[2], forms[i].second) == 0)
            r->out->kind = forms[i].kind;
    if (r->out->kind == LEC_COND_NONE)
        return expected(r);
    bool known = find_channel(r, r->words[0]);
    return read_level(r, r->words[3]) && known;
}

/* "water > 60 falling": the level and the way in which it is passed, or without one, the side on which it is. */
static bool read_comparison(struct reading *r)
{
    if (r->n < 3 || r->n > 4)
        return expected(r);
    bool above = *r->words[1] == '>';
    if (r->n == 3)
        r->out->kind = above ? LEC_COND_ABOVE : LEC_COND_BELOW;
    else if (strcmp(r->words[3], "rising") == 0)
        r->out->kind = LEC_COND_RISES;
    else if (strcmp(r->words[3], "falling") == 0)
        r->out->kind = LEC_COND_FALLS;
    else
        return wrong(r, r->words[3], "rising or falling");
    bool known = find_channel(r, r->words[0]);
    return read_level(r, r->words[2]) && known;
}

/* "button.pressed on" */
static bool read_point(struct reading *r)
{
    const struct lec_finder *f = &r->w->find;
    const struct lec_key *key = r->key;
    const char *name, *target = r->words[0];
    const struct lec_device *dev =
        lec_find_device(f, key, target, "DEVICE.POINT VALUE such as button.pressed on", &name);
    if (!dev)
        return false;
    const struct lec_point *p = lec_device_point(dev, name);
    if (!p) {
        if (!lec_device_doubtful(f, dev, name))
            lec_diag_error(f->diag, key->file, key->line, "%s: device %s (%s) has no point %s%s", key->name, dev->name,
                           dev->profile, lec_shown(name).text, lec_point_meant(dev, name, false).text);
        return false;
    }
    if (!(p->access & LEC_READ) || (p->type != LEC_BOOL && p->type != LEC_INT && p->type != LEC_ENUM)) {
        lec_diag_error(f->diag, key->file, key->line, "%s: %s.%s is %s, expected %s", key->name, dev->name, p->name,
                       p->access & LEC_READ ? lec_type_name(p->type) : "only written",
                       p->type == LEC_FLOAT && (p->access & LEC_READ)
                           ? "a channel of it here, and CHANNEL rises above NUMBER"
                           : "a point with fixed values: a bool, enum or int that is read");
        return false;
    }
    if (r->n != 2) {
        lec_diag_error(f->diag, key->file, key->line, "%s: %s, expected one value behind %s", key->name,
                       lec_shown(r->text).text, target);
        return false;
    }
    struct lec_err err = {0};
    if (lec_value_parse(r->words[1], p->type, &r->out->value, &err) < 0) {
        lec_diag_error(f->diag, key->file, key->line, "%s: %s: %s", key->name, target, err.text);
        return false;
    }
    bool choice = p->type != LEC_ENUM;
    for (size_t i = 0; i < p->n_choices; i++)
        choice = choice || strcmp(p->choices[i], r->words[1]) == 0;
    if (!choice) {
        lec_diag_error(f->diag, key->file, key->line, "%s: %s: %s is not one of: %s%s", key->name, target,
                       lec_shown(r->words[1]).text, lec_listed(p->choices, p->n_choices).text,
                       lec_meant(r->words[1], p->choices, p->n_choices).text);
        return false;
    }
    r->out->kind = LEC_COND_POINT;
    r->out->device = dev;
    r->out->point = p;
    return true;
}

static bool read_words(struct reading *r, bool *by_hand)
{
    const char *first = r->n > 0 ? r->words[0] : "";
    bool in_time = r->use == LEC_USE_START || r->use == LEC_USE_STOP;
    if (strcmp(first, "by") == 0 && r->use == LEC_USE_SAMPLE) {
        *by_hand = r->n == 2 && strcmp(r->words[1], "hand") == 0;
        return *by_hand || expected(r);
    }
    if (strcmp(first, "event") == 0 && r->use != LEC_USE_TRIGGER) {
        r->out->kind = LEC_COND_EVENT;
        return r->n == 2 ? lec_event_find(&r->w->find, r->key, r->words[1], &r->out->device, &r->out->event)
                         : expected(r);
    }
    if (strcmp(first, "after") == 0 && in_time) {
        r->out->kind = LEC_COND_AFTER;
        if (r->n != 2)
            return expected(r);
        return lec_parse_duration(r->words[1], &r->out->time_ns) == 0 ||
               wrong(r, r->words[1], "a duration such as 500ms, 30s or 2h");
    }
    if (strcmp(first, "at") == 0 && in_time) {
        r->out->kind = LEC_COND_AT;
        if (r->n != 2)
            return expected(r);
        return parse_time(r->words[1], &r->out->time_ns) || wrong(r, r->words[1], "a time of the day such as 14:05");
    }
    if (strchr(first, '.'))
        return r->use == LEC_USE_TRIGGER ? expected(r) : read_point(r);
    if (r->use == LEC_USE_SAMPLE || r->n < 2)
        return expected(r);
    bool comparison = strcmp(r->words[1], "<") == 0 || strcmp(r->words[1], ">") == 0;
    if (r->use == LEC_USE_TRIGGER)
        return comparison ? read_comparison(r) : expected(r);
    return read_channel(r);
}

/* Whether the option makes sense with this kind of condition. */
static bool fits(const struct reading *r, const struct lec_option *row)
{
    enum lec_condition_kind kind = r->out->kind;
    bool passes = kind == LEC_COND_RISES || kind == LEC_COND_FALLS;
    bool holds = passes || kind == LEC_COND_ABOVE || kind == LEC_COND_BELOW || kind == LEC_COND_POINT;
    const char *only = NULL;
    if (strcmp(row->name, "for") == 0 && !holds)
        only = "for a channel or a point";
    else if (strcmp(row->name, "hysteresis") == 0 && !passes)
        only = "for \"rises above\" and \"falls below\"";
    else if (strcmp(row->name, "pre") == 0 && r->use != LEC_USE_TRIGGER)
        only = "in a trigger; here it is a key of its own, pre = 5s";
    if (only)
        lec_diag_error(r->w->find.diag, r->key->file, r->key->line, "%s: %s can stand only %s", r->key->name, row->name,
                       only);
    return !only;
}

static bool read_options(struct reading *r, const char *const parts[], size_t n, int64_t *pre_ns)
{
    const struct lec_finder *f = &r->w->find;
    unsigned seen = 0;
    bool good = true;
    for (size_t i = 0; i < n; i++) {
        struct lec_key option;
        const struct lec_option *row =
            lec_part_option(f->arena, f->diag, lec_condition_keys, "a condition", r->key, parts[i], &seen, &option);
        if (!row || !fits(r, row)) {
            good = false;
            continue;
        }
        const struct lec_keys keys = {.at = &option, .n = 1};
        if (strcmp(row->name, "for") == 0)
            r->out->hold_ns = lec_own_duration(lec_condition_keys, &keys, "for");
        else if (strcmp(row->name, "hysteresis") == 0)
            r->out->hysteresis = lec_key_float(&keys, "hysteresis", 0);
        else
            *pre_ns = lec_own_duration(lec_condition_keys, &keys, "pre");
    }
    return good;
}

bool lec_condition_read(struct lec_experiment_work *work, const struct lec_key *key, enum lec_condition_use use,
                        struct lec_condition *out, int64_t *pre_ns, bool *by_hand)
{
    const struct lec_finder *f = &work->find;
    const char *parts[8];
    size_t n = lec_parts(f->arena, f->diag, key, false, parts, ARRAY_LEN(parts));
    if (n == 0)
        return false;
    struct lec_condition c = {.event = "", .text = key->value};
    struct reading r = {.w = work, .key = key, .use = use, .text = parts[0], .out = &c};
    const char *rest = parts[0];
    for (const char *word; r.n < WORDS_MAX && (word = lec_next_word(f->arena, &rest)) != NULL;)
        r.words[r.n++] = word;
    bool good = read_words(&r, by_hand);
    /* Of a condition that is none, nobody can say which options it may have. */
    good = good && read_options(&r, parts + 1, n - 1, pre_ns);
    if (good)
        *out = c;
    return good;
}
