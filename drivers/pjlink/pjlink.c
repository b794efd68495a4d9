/* pjlink - projectors and displays that speak PJLink class 1 or 2 over TCP port 4352, with notices over UDP. */
#include "pjlink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define RETRY_PAUSE_NS LEC_SEC
#define SILENT_MAX     3 /* questions in a row that a device did not answer while it answered others */

/* ---- The profile --------------------------------------------------------------------------------------------- */

static const struct lec_option device_options[] = {
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

static const struct lec_option point_options[] = {
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

static const struct pj_code *code_of(const struct pjlink *s, const char *name)
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
        if (!code_of(s, point->choices[i]))
            rc = lec_report_add(report, key->file, key->line, "no code for the choice \"%s\"", point->choices[i]);
    return rc;
}

static int prepare_action(const struct lec_action *action, struct lec_report *report)
{
    for (size_t i = 0; i < ARRAY_LEN(actions); i++)
        if (strcmp(actions[i].name, action->name) == 0)
            return 0;
    return lec_report_add(report, action->file, action->line,
                          "PJLink has no action \"%s\"; it has volume.up, volume.down, microphone.up, microphone.down",
                          action->name);
}

static int prepare(const struct lec_device *desc, void *state, struct lec_report *report)
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

static void release(void *state)
{
    struct pjlink *s = state;
    free(s->items);
    free(s->due);
}

/* ---- Opening ------------------------------------------------------------------------------------------------- */

static uint32_t bit(enum pj_body body)
{
    return UINT32_C(1) << body;
}

static void drop_body(struct lec_dev *dev, enum pj_body body, const char *reason)
{
    const struct pjlink *s = dev->state;
    for (size_t i = 0; i < dev->desc->n_points; i++)
        if (s->items[i].body == body)
            lec_dev_drop(dev, &dev->desc->points[i], reason);
}

static void poll_body_soon(struct lec_dev *dev, enum pj_body body)
{
    const struct pjlink *s = dev->state;
    for (size_t i = 0; i < dev->desc->n_points; i++)
        if (s->items[i].body == body)
            lec_dev_poll_soon(dev, &dev->desc->points[i]);
}

/* Which class the device speaks, when the profile does not say and it matters. */
static int find_class(struct lec_dev *dev, struct lec_err *err)
{
    struct pjlink *s = dev->state;
    char reply[PJ_LINE];
    s->class = s->class_said;
    if (!s->class && s->needs_class_2) {
        int rc = pj_ask(dev, PJ_CLSS, '1', "?", reply, err);
        if (rc < 0 && rc != LEC_E_NOTSUP && rc != LEC_E_RANGE && rc != LEC_E_BUSY && rc != LEC_E_REFUSED)
            return rc;
        s->class = rc == 0 && reply[0] >= '2' && reply[0] <= '9' ? 2 : 1;
    }
    for (enum pj_body body = 0; body < PJ_BODIES && s->class == 1; body++)
        if (pj_class(body) == 2)
            drop_body(dev, body, "the device speaks PJLink class 1 only");
    return 0;
}

static int ask_and_publish(struct lec_dev *dev, enum pj_body body, struct lec_err *err);

static int pjlink_open(struct lec_dev *dev, struct lec_err *err)
{
    struct pjlink *s = dev->state;
    s->exchanges = 0;
    s->input_class_1 = false;
    s->together[1] = s->together[2] = s->mute == PJ_MUTE_TOGETHER;
    s->not_now = 0;
    s->input[0] = '\0';
    memset(s->silent, 0, sizeof s->silent);
    /* First, so that a device's notice that it has started is heard while it cannot be reached yet. */
    if (s->notify_port && !s->listening)
        s->listening = lec_dev_listen(dev, s->notify_port, NULL) == 0;
    int rc = pj_greet(dev, err);
    if (rc < 0)
        return rc;
    s->exchanges = 1;
    rc = find_class(dev, err);
    /* A wrong password shows at the first command: let that be now, where the framework can act on it. */
    if (rc == 0 && *s->prefix)
        rc = ask_and_publish(dev, PJ_POWR, err);
    return rc;
}

/* ---- Reading ------------------------------------------------------------------------------------------------- */

/* INPT and INST exist in both classes, with more codes in the second. */
static char form_of(const struct pjlink *s, enum pj_body body)
{
    bool either = body == PJ_INPT || body == PJ_INST;
    if (either)
        return s->class == 2 && !s->input_class_1 ? '2' : '1';
    return pj_class(body) == 2 ? '2' : '1';
}

static int ask_either(struct lec_dev *dev, enum pj_body body, const char *param, char *reply, struct lec_err *err)
{
    struct pjlink *s = dev->state;
    char form = form_of(s, body);
    int rc = pj_ask(dev, body, form, param, reply, err);
    if (rc == LEC_E_NOTSUP && form == '2' && pj_class(body) == 1) { /* says class 2 but lacks this part of it */
        s->input_class_1 = true;
        rc = pj_ask(dev, body, '1', param, reply, err);
    }
    return rc;
}

static bool is_on(const struct lec_dev *dev)
{
    const struct pjlink *s = dev->state;
    struct lec_value power;
    return !s->power || lec_dev_last(dev, s->power, &power) != LEC_GOOD || strcmp(power.s, "on") == 0;
}

static int ask_and_publish(struct lec_dev *dev, enum pj_body body, struct lec_err *err)
{
    struct pjlink *s = dev->state;
    char reply[PJ_LINE], param[4] = "?";
    int rc = 0;
    if (body == PJ_INNM) { /* the name of the present input: which one is that? */
        if (!s->input[0])
            rc = ask_and_publish(dev, PJ_INPT, err);
        if (rc < 0)
            return rc;
        snprintf(param, sizeof param, "?%s", s->input);
    }
    rc = ask_either(dev, body, param, reply, err);
    if (rc == 0)
        rc = pj_publish(dev, body, reply, err);
    if (rc < 0)
        return rc;
    s->silent[body] = 0;
    s->not_now &= ~bit(body);
    if (body == PJ_POWR && is_on(dev))
        for (enum pj_body waiting = 0; waiting < PJ_BODIES; waiting++)
            if (s->not_now & bit(waiting)) { /* what could not be said before can be now */
                s->not_now &= ~bit(waiting);
                poll_body_soon(dev, waiting);
            }
    return 0;
}

static void publish_bad(struct lec_dev *dev, enum pj_body body, const char *reason)
{
    const struct pjlink *s = dev->state;
    for (size_t i = 0; i < dev->desc->n_points; i++)
        if (s->items[i].body == body && s->due[i])
            lec_dev_publish_bad(dev, &dev->desc->points[i], reason);
}

/* What one question's failure means for its points, when others are asked in the same poll. Returns 0 if that has been
 * told, or the code when it has not. */
static int failed(struct lec_dev *dev, enum pj_body body, int rc, const struct lec_err *err)
{
    struct pjlink *s = dev->state;
    switch (rc) {
    case LEC_E_NOTSUP:
        drop_body(dev, body, err->text);
        return 0;
    case LEC_E_BUSY:
        s->not_now |= bit(body);
        publish_bad(dev, body, err->text);
        return 0;
    case LEC_E_REFUSED:
        if (body != PJ_ERST)
            poll_body_soon(dev, PJ_ERST);
        publish_bad(dev, body, err->text);
        return 0;
    case LEC_E_RANGE:
        publish_bad(dev, body, err->text);
        return 0;
    default:
        return rc;
    }
}

static int pjlink_poll(struct lec_dev *dev, const struct lec_point *const due[], size_t n, struct lec_err *err)
{
    struct pjlink *s = dev->state;
    struct lec_err first = {0}, why = {0};
    uint32_t wanted = 0;
    bool answered = false, unanswered = false;
    memset(s->due, 0, dev->desc->n_points * sizeof *s->due);
    for (size_t i = 0; i < n; i++) {
        s->due[due[i]->index] = true;
        wanted |= bit(s->items[due[i]->index].body);
    }
    s->exchanges = 0;
    s->input[0] = '\0';
    for (enum pj_body body = 0; body < PJ_BODIES; body++) {
        if (!(wanted & bit(body)))
            continue;
        bool alone = wanted == bit(body);
        if (!alone && (s->not_now & bit(body)) && !is_on(dev)) {
            publish_bad(dev, body, "not to be had while the device is off");
            continue;
        }
        int rc = ask_and_publish(dev, body, &why);
        if (rc == LEC_E_BUSY && alone) /* somebody waits for this one: "not now" is more use than "bad" */
            s->not_now |= bit(body);
        else
            rc = failed(dev, body, rc, &why);
        answered = answered || (rc != LEC_E_TIMEOUT && rc != LEC_E_LINK);
        if (rc == 0)
            continue;
        if (!first.code)
            first = why;
        /* One question without an answer may be one that this device ignores; two are a silent device. */
        bool again = rc == LEC_E_TIMEOUT && unanswered;
        unanswered = unanswered || rc == LEC_E_TIMEOUT;
        if (again || (rc != LEC_E_TIMEOUT && rc != LEC_E_FRAME))
            break;
        if (rc == LEC_E_TIMEOUT && answered && ++s->silent[body] == SILENT_MAX && body != PJ_POWR) {
            drop_body(dev, body, "the device never answers this question");
            first.code = 0;
        }
    }
    if (!first.code)
        return 0;
    return lec_fail(err, first.code, "%s", first.text);
}

/* The framework calls this for bytes that nobody waits for: late answers, or the device's hanging up. */
static int pjlink_input(struct lec_dev *dev, struct lec_err *err)
{
    char waste[PJ_LINE];
    lec_line_deadline(dev, 0);
    ssize_t n = lec_line_recv(dev, waste, sizeof waste, err);
    return n < 0 && n != LEC_E_TIMEOUT ? (int)n : 0;
}

/* ---- Writing ------------------------------------------------------------------------------------------------- */

/* AVMT's parameter: 1 picture, 2 sound, 3 both; then 1 or 0. Some devices know 31 and 30 only, some do so for the picture
 * and can mute sound apart. */
static int write_mute(struct lec_dev *dev, uint8_t part, bool muted, struct lec_err *err)
{
    struct pjlink *s = dev->state;
    char param[3] = {(char)('0' + (s->together[part] ? 3 : part)), muted ? '1' : '0', '\0'};
    int rc = pj_ask(dev, PJ_AVMT, '1', param, NULL, err);
    if (rc != LEC_E_RANGE || s->mute != PJ_MUTE_AUTO || s->together[part])
        return rc;
    param[0] = '3';
    rc = pj_ask(dev, PJ_AVMT, '1', param, NULL, err);
    s->together[part] = rc == 0;
    return rc;
}

static int pjlink_write(struct lec_dev *dev, const struct lec_point *point, const struct lec_value *value,
                        struct lec_err *err)
{
    struct pjlink *s = dev->state;
    const struct pj_item *item = &s->items[point->index];
    s->exchanges = 0;
    int rc = LEC_E_BUG;
    if (item->body == PJ_INPT) {
        const struct pj_code *code = code_of(s, value->s);
        if (!code)
            return lec_fail(err, LEC_E_BUG, "no code for the input \"%s\"", value->s);
        return ask_either(dev, PJ_INPT, code->code, NULL, err);
    }
    if (item->body == PJ_AVMT)
        rc = write_mute(dev, item->part, value->b, err);
    else if (item->body == PJ_POWR)
        rc = pj_ask(dev, PJ_POWR, '1', strcmp(value->s, "on") == 0 ? "1" : "0", NULL, err);
    else if (item->body == PJ_FREZ)
        rc = pj_ask(dev, PJ_FREZ, '2', value->b ? "1" : "0", NULL, err);
    if (rc == LEC_E_REFUSED) /* ERR4: the error points should say what is wrong */
        poll_body_soon(dev, PJ_ERST);
    if (rc == LEC_E_RANGE) { /* a value that PJLink allows and this device does not take */
        struct lec_err why = *err;
        return lec_fail(err, LEC_E_REFUSED, "%s", why.text);
    }
    return rc;
}

static int pjlink_invoke(struct lec_dev *dev, const struct lec_action *action, const struct lec_value args[],
                         struct lec_err *err)
{
    struct pjlink *s = dev->state;
    (void)args;
    s->exchanges = 0;
    size_t i = 0;
    while (strcmp(actions[i].name, action->name) != 0) /* prepare has found it */
        i++;
    return pj_ask(dev, actions[i].body, '2', actions[i].param, NULL, err);
}

/* ---- Notices (class 2, over UDP, without a password) ---------------------------------------------------------- */

/* Anybody can send these, so they say what to look at, never what is so: the device itself is asked. */
static int pjlink_notice(struct lec_dev *dev, const char *data, size_t len, struct lec_err *err)
{
    static const enum pj_body told[] = {PJ_POWR, PJ_INPT, PJ_ERST};
    char json[40], show[48];
    if (len < 7 || strncmp(data, "%2", 2) != 0 || data[6] != '=')
        return lec_fail(err, LEC_E_FRAME, "notice \"%s\" is not PJLink's", pj_show(data, show));
    if (strncasecmp(data + 2, "LKUP", 4) == 0) {
        if (!pj_is_mac(data + 7))
            return lec_fail(err, LEC_E_FRAME, "notice \"%s\" has no address", pj_show(data, show));
        snprintf(json, sizeof json, "{\"mac\":\"%.17s\"}", data + 7);
        lec_dev_event(dev, "link-up", json);
        poll_body_soon(dev, PJ_POWR);
        return 0;
    }
    for (size_t i = 0; i < ARRAY_LEN(told); i++)
        if (strncasecmp(data + 2, pj_name(told[i]), 4) == 0) {
            poll_body_soon(dev, told[i]);
            return 0;
        }
    return 0; /* an answer to somebody's search, or a notice of a later class */
}

LEC_DRIVER = {
    LEC_DRIVER_HEAD,
    .schema =
        {
            .name = "pjlink",
            .summary = "Projectors and displays over PJLink class 1 and 2",
            .lines = "tcp",
            .device_options = device_options,
            .point_options = point_options,
            .state_size = sizeof(struct pjlink),
            .prepare = prepare,
            .release = release,
        },
    .open = pjlink_open,
    .poll = pjlink_poll,
    .write = pjlink_write,
    .invoke = pjlink_invoke,
    .input = pjlink_input,
    .notice = pjlink_notice,
    .search = pj_search,
};
