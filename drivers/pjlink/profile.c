/* What a profile says of a PJLink device, checked and compiled once. */
#include <stdlib.h>
#include <string.h>

#include "pjlink.h"

#define RETRY_PAUSE_NS LEC_SEC

const struct lec_option pj_device_options[] = {
    {.name = "password", .type = LEC_OPT_SECRET, .help = "the device's PJLink password; often that of its web page"},
    {.name = "auth",
     .type = LEC_OPT_CHOICE,
     .choices = "md5|sha256",
     .initial = "md5",
     .help = "how the password is proved; sha256 (PJLink 2.10) falls back to md5"},
    {.name = "connect",
     .type = LEC_OPT_CHOICE,
     .choices = "keep|each",
     .initial = "keep",
     .help =
         "each: a new connection for every command. To share a device that takes one client, keep and a short idle"},
    {.name = "pjlink_class",
     .type = LEC_OPT_CHOICE,
     .choices = "auto|1|2",
     .initial = "auto",
     .help = "auto: the device is asked when the profile has points of class 2"},
    {.name = "mute",
     .type = LEC_OPT_CHOICE,
     .choices = "auto|separate|together",
     .initial = "auto",
     .help = "whether picture and sound can be muted apart; auto: tries apart first"},
    {.name = "notify_port",
     .type = LEC_OPT_INT,
     .min = 0,
     .max = 65535,
     .initial = "4352",
     .help = "UDP port for the device's notices; 0: none"},
    {.name = "retry_pause",
     .type = LEC_OPT_DURATION,
     .min = 0,
     .max = 2,
     .initial = "1s",
     .help = "before the one new attempt after PJLINK ERRA"},
    {0},
};

const struct lec_option pj_point_options[] = {
    {.name = "codes", .type = LEC_OPT_TEXT, .help = "of input: the device's code of each, \"hdmi1:31, computer1:11\""},
    {0},
};

/* The points that PJLink can serve. Lamps are found by pattern: lamp.hours, lamp2.on, ... */
static const struct {
    const char *name;
    enum lec_type type;
    enum pj_body body;
    uint8_t part;
    bool writable;
} points[] = {
    {"power", LEC_ENUM, PJ_POWR, 0, true},        {"input", LEC_ENUM, PJ_INPT, 0, true},
    {"picture_mute", LEC_BOOL, PJ_AVMT, 1, true}, {"audio_mute", LEC_BOOL, PJ_AVMT, 2, true},
    {"freeze", LEC_BOOL, PJ_FREZ, 0, true},       {"usage.hours", LEC_INT, PJ_LAMP, 1, false},
    {"filter.hours", LEC_INT, PJ_FILT, 0, false}, {"error.fan", LEC_ENUM, PJ_ERST, 0, false},
    {"error.lamp", LEC_ENUM, PJ_ERST, 1, false},  {"error.temperature", LEC_ENUM, PJ_ERST, 2, false},
    {"error.cover", LEC_ENUM, PJ_ERST, 3, false}, {"error.filter", LEC_ENUM, PJ_ERST, 4, false},
    {"error.other", LEC_ENUM, PJ_ERST, 5, false}, {"signal", LEC_TEXT, PJ_IRES, 0, false},
    {"resolution", LEC_TEXT, PJ_RRES, 0, false},  {"input.name", LEC_TEXT, PJ_INNM, 0, false},
    {"inputs", LEC_TEXT, PJ_INST, 0, false},      {"name", LEC_TEXT, PJ_NAME, 0, false},
    {"maker", LEC_TEXT, PJ_INF1, 0, false},       {"model", LEC_TEXT, PJ_INF2, 0, false},
    {"info", LEC_TEXT, PJ_INFO, 0, false},        {"serial", LEC_TEXT, PJ_SNUM, 0, false},
    {"version", LEC_TEXT, PJ_SVER, 0, false},     {"lamp.part", LEC_TEXT, PJ_RLMP, 0, false},
    {"filter.part", LEC_TEXT, PJ_RFIL, 0, false}, {"pjlink.class", LEC_INT, PJ_CLSS, 0, false},
};

static const struct {
    const char *name;
    enum pj_body body;
    const char *param;
} actions[] = {
    {"volume.up", PJ_SVOL, "1"},
    {"volume.down", PJ_SVOL, "0"},
    {"microphone.up", PJ_MVOL, "1"},
    {"microphone.down", PJ_MVOL, "0"},
};

/* "lamp.hours", "lamp.on", "lamp2.hours" to "lamp8.on". */
static bool is_lamp(const char *name, struct pj_item *item)
{
    if (strncmp(name, "lamp", 4) != 0)
        return false;
    const char *at = name + 4;
    uint8_t lamp = 1;
    if (*at >= '2' && *at <= '8')
        lamp = (uint8_t)(*at++ - '0');
    bool lit = strcmp(at, ".on") == 0;
    if (!lit && strcmp(at, ".hours") != 0)
        return false;
    *item = (struct pj_item){.body = PJ_LAMP, .part = lamp, .lit = lit};
    return true;
}

static int unknown_point(const struct lec_point *point, struct lec_report *report)
{
    const char *names[ARRAY_LEN(points) + 2] = {"lamp.hours", "lamp.on"};
    for (size_t i = 0; i < ARRAY_LEN(points); i++)
        names[i + 2] = points[i].name;
    const char *near = lec_nearest(point->name, names, ARRAY_LEN(names));
    return lec_report_add(report, point->file, point->line, "PJLink has no point \"%s\"%s%s%s", point->name,
                          near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static int prepare_point(struct pjlink *s, const struct lec_point *point, struct lec_report *report)
{
    struct pj_item *item = &s->items[point->index];
    enum lec_type type = LEC_INT;
    bool writable = false;
    size_t i = 0;
    while (i < ARRAY_LEN(points) && strcmp(points[i].name, point->name) != 0)
        i++;
    if (i < ARRAY_LEN(points)) {
        *item = (struct pj_item){.body = points[i].body, .part = points[i].part};
        type = points[i].type;
        writable = points[i].writable;
    } else if (is_lamp(point->name, item)) {
        type = item->lit ? LEC_BOOL : LEC_INT;
    } else {
        return unknown_point(point, report);
    }
    if (point->type != type)
        return lec_report_add(report, point->file, point->line, "PJLink's %s is of type %s, not %s", point->name,
                              lec_type_name(type), lec_type_name(point->type));
    if ((point->access & LEC_WRITE) && !writable)
        return lec_report_add(report, point->file, point->line, "PJLink can only read %s", point->name);
    if (item->body == PJ_POWR)
        s->power = point;
    return 0;
}

/* "11" to "59" in class 1; in class 2 also 6x and a letter as the second character. */
static bool valid_code(const char *code, size_t n, bool *needs_class_2)
{
    if (n != 2 || code[0] < '1' || code[0] > '6')
        return false;
    bool digit = code[1] >= '1' && code[1] <= '9', letter = code[1] >= 'A' && code[1] <= 'Z';
    *needs_class_2 = *needs_class_2 || letter || code[0] == '6';
    return digit || letter;
}

static bool has_choice(const struct lec_point *point, const char *name)
{
    for (size_t i = 0; i < point->n_choices; i++)
        if (strcmp(point->choices[i], name) == 0)
            return true;
    return false;
}

const struct pj_code *pj_code_of(const struct pjlink *s, const char *name)
{
    for (size_t i = 0; i < s->n_codes; i++)
        if (strcmp(s->codes[i].name, name) == 0)
            return &s->codes[i];
    return NULL;
}

static const char *spaces(const char *at)
{
    return at + strspn(at, " \t");
}

static int prepare_codes(struct pjlink *s, const struct lec_point *point, struct lec_report *report)
{
    const struct lec_key *key = lec_key_find(&point->keys, "codes");
    if (s->items[point->index].body != PJ_INPT)
        return key ? lec_report_add(report, key->file, key->line, "codes belong to the point input") : 0;
    if (!key)
        return lec_report_add(report, point->file, point->line,
                              "input needs codes, such as \"codes = hdmi1:31, computer1:11\"");
    int rc = 0;
    for (const char *at = spaces(key->value); *at;) {
        size_t whole = strcspn(at, ","), name = strcspn(at, ": \t,");
        const char *code = spaces(at + name);
        code = *code == ':' ? spaces(code + 1) : code;
        size_t n = strcspn(code, ", \t");
        struct pj_code *to = &s->codes[s->n_codes];
        if (s->n_codes == PJ_CODES)
            return lec_report_add(report, key->file, key->line, "more than %d inputs", PJ_CODES);
        if (name == 0 || name > LEC_NAME_MAX || spaces(at + name)[0] != ':' || *spaces(code + n) != at[whole] ||
            !valid_code(code, n, &s->needs_class_2))
            return lec_report_add(report, key->file, key->line,
                                  "\"%.*s\": expected NAME:CODE with a code such as 31 (1 to 6, then 1 to 9 or A to Z)",
                                  (int)(whole < 60 ? whole : 60), at);
        memcpy(to->name, at, name);
        to->name[name] = '\0';
        memcpy(to->code, code, 2);
        to->code[2] = '\0';
        if (!has_choice(point, to->name))
            rc = lec_report_add(report, key->file, key->line, "\"%s\" is not one of the choices of input", to->name);
        for (size_t i = 0; i < s->n_codes; i++)
            if (strcmp(s->codes[i].code, to->code) == 0 || strcmp(s->codes[i].name, to->name) == 0)
                rc = lec_report_add(report, key->file, key->line, "%s:%s is the same input as %s:%s", to->name,
                                    to->code, s->codes[i].name, s->codes[i].code);
        s->n_codes++;
        at = spaces(at + whole + (at[whole] == ','));
    }
    for (size_t i = 0; i < point->n_choices; i++)
        if (!pj_code_of(s, point->choices[i]))
            rc = lec_report_add(report, key->file, key->line, "no code for the choice \"%s\"", point->choices[i]);
    return rc;
}

bool pj_action(const char *name, enum pj_body *body, const char **param)
{
    for (size_t i = 0; i < ARRAY_LEN(actions); i++)
        if (strcmp(actions[i].name, name) == 0) {
            *body = actions[i].body;
            *param = actions[i].param;
            return true;
        }
    return false;
}

static int prepare_action(const struct lec_action *action, struct lec_report *report)
{
    enum pj_body body;
    const char *param;
    if (pj_action(action->name, &body, &param))
        return 0;
    return lec_report_add(report, action->file, action->line,
                          "PJLink has no action \"%s\"; it has volume.up, volume.down, microphone.up, microphone.down",
                          action->name);
}

int pj_prepare(const struct lec_device *desc, void *state, struct lec_report *report)
{
    struct pjlink *s = state;
    const struct lec_keys *keys = &desc->keys;
    const char *class = lec_key_text(keys, "pjlink_class", "auto"), *mute = lec_key_text(keys, "mute", "auto");
    *s = (struct pjlink){
        .items = calloc(desc->n_points + 1, sizeof *s->items),
        .due = calloc(desc->n_points + 1, sizeof *s->due),
        .password = lec_key_text(keys, "password", ""),
        .sha256 = strcmp(lec_key_text(keys, "auth", "md5"), "sha256") == 0,
        .each = strcmp(lec_key_text(keys, "connect", "keep"), "each") == 0,
        .class_said = *class == 'a' ? 0 : *class - '0',
        .mute = *mute == 's'   ? PJ_MUTE_SEPARATE
                : *mute == 't' ? PJ_MUTE_TOGETHER
                               : PJ_MUTE_AUTO,
        .notify_port = (uint16_t)lec_key_int(keys, "notify_port", PJ_PORT),
        .retry_pause_ns = lec_key_duration(keys, "retry_pause", RETRY_PAUSE_NS),
    };
    if (!s->items || !s->due)
        return LEC_E_NOMEM;
    int rc = 0;
    for (size_t i = 0; i < desc->n_points; i++) {
        int point_rc = prepare_point(s, &desc->points[i], report);
        if (point_rc == 0)
            point_rc = prepare_codes(s, &desc->points[i], report);
        s->needs_class_2 = s->needs_class_2 || pj_class(s->items[i].body) == 2;
        rc = point_rc < 0 ? point_rc : rc;
    }
    for (size_t i = 0; i < desc->n_actions; i++)
        if (prepare_action(&desc->actions[i], report) < 0)
            rc = LEC_E_CONFIG;
    return rc;
}

void pj_release(void *state)
{
    struct pjlink *s = state;
    free(s->items);
    free(s->due);
}
