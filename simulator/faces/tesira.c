/* Biamp Tesira Text Protocol over Telnet (or serial). Source: av-protocols.md 6.2.
 * Level1, Mute1: the room's sound; Level2, Mute2: the microphone. Traits: none.
 * Not covered: SSH, blocks other than level, mute and presets; toggle of subscriptions over several connections. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "faces/faces.h"
#include "lectern/parse.h"
#include "models/models.h"

#define SUBSCRIPTIONS_MAX 8
#define OPTIONS           4

enum { IAC = 255, DONT = 254, DO = 253, WONT = 252, WILL = 251, SB = 250, SE = 240 };

struct subscription {
    char token[32], field[16];
};

struct conversation {
    bool terse;        /* verbose is the default */
    unsigned answered; /* Telnet options that the client has said yes or no to */
    bool welcomed;
    struct subscription subscribed[SUBSCRIPTIONS_MAX];
    size_t n_subscribed;
};

static const uint8_t negotiation[OPTIONS * 3] = {IAC, DO, 24, IAC, DO, 31, IAC, WILL, 1, IAC, WILL, 3};
static const char welcome[] = "\r\nWelcome to the Tesira Text Protocol Server...\r\n\r\n";

static void greet(struct sim_conn *c)
{
    struct conversation *talk = c->face;
    if (talk->welcomed)
        return;
    talk->welcomed = true;
    sim_answer(c, c->line->boxes, welcome, sizeof welcome - 1);
}

static void open(struct sim_conn *c)
{
    struct conversation *talk = c->face;
    talk->welcomed = c->is_pty; /* a serial line has no Telnet and no greeting */
    if (!c->is_pty)
        sim_answer(c, c->line->boxes, negotiation, sizeof negotiation);
}

/* ---- Attributes ----------------------------------------------------------------------------------------------- */

/* The field behind "Level1 ... mute", or NULL. */
static const char *field_of(const char *tag, const char *attribute)
{
    bool level = strncmp(tag, "Level", 5) == 0, mute = strncmp(tag, "Mute", 4) == 0;
    const char *number = tag + (level ? 5 : 4);
    bool mic = strcmp(number, "2") == 0;
    if ((!level && !mute) || (strcmp(number, "1") != 0 && !mic))
        return NULL;
    if (level && strcmp(attribute, "level") == 0)
        return mic ? "mic.level" : "level";
    if (strcmp(attribute, "mute") == 0)
        return mic ? "mic.mute" : "audio_mute";
    return NULL;
}

static const char *value_text(struct sim_device *d, const char *field, char buf[SIM_TEXT])
{
    struct lec_value v;
    sim_field_get(sim_field(d->model, field), sim_view(d), &v);
    if (v.type == LEC_FLOAT)
        (void)snprintf(buf, SIM_TEXT, "%.6f", v.f);
    else
        (void)snprintf(buf, SIM_TEXT, "%s", v.b ? "true" : "false");
    return buf;
}

struct request {
    struct sim_conn *c;
    struct sim_box *box;
    char *word[8];
    size_t n;
};

static void ok(struct request *r, const char *value)
{
    struct conversation *talk = r->c->face;
    if (!value)
        sim_answerf(r->c, r->box, "+OK\r\n");
    else
        sim_answerf(r->c, r->box, "+OK %s%s\r\n", talk->terse ? "" : "\"value\":", value);
}

static void no(struct request *r, const char *why)
{
    sim_answerf(r->c, r->box, "-ERR %s\r\n", why);
}

static void set_value(struct request *r, const char *field, const char *text)
{
    struct sim_device *d = r->box->devices;
    bool is_level = strstr(field, "level") != NULL;
    struct lec_value v = lec_bool(strcmp(text, "true") == 0);
    double level = 0;
    if (is_level ? lec_parse_float(text, &level) < 0 : strcmp(text, "true") != 0 && strcmp(text, "false") != 0) {
        no(r, "INVALID_PARAMETER Argument is not of the right type");
        return;
    }
    if (is_level)
        v = lec_float(level);
    int rc = sim_set(d, field, v);
    if (rc == LEC_E_RANGE)
        no(r, "INVALID_PARAMETER Value is out of range [-100.000000, 12.000000]");
    else if (rc < 0)
        no(r, "INVALID_PARAMETER");
    else
        ok(r, NULL);
}

static void step_value(struct request *r, const char *field, const char *by, int sign)
{
    char buf[SIM_TEXT];
    double step, now = 0;
    if (lec_parse_float(by, &step) < 0 || lec_parse_float(value_text(r->box->devices, field, buf), &now) < 0) {
        no(r, "INVALID_PARAMETER");
        return;
    }
    /* The device stops at its end and still says OK. */
    (void)snprintf(buf, sizeof buf, "%.6f", fmin(fmax(now + sign * step, -100), 12));
    set_value(r, field, buf);
}

static void publish(struct request *r, const struct subscription *s)
{
    char buf[SIM_TEXT];
    sim_answerf(r->c, r->box, "! \"publishToken\":\"%s\" \"value\":%s\r\n", s->token,
                value_text(r->box->devices, s->field, buf));
}

static void subscribe(struct request *r, const char *field, const char *token)
{
    struct conversation *talk = r->c->face;
    if (talk->n_subscribed == SUBSCRIPTIONS_MAX) {
        no(r, "GENERAL_FAILURE Too many subscriptions");
        return;
    }
    struct subscription *s = &talk->subscribed[talk->n_subscribed++];
    lec_copy_utf8(s->token, sizeof s->token, token, strlen(token));
    lec_copy_utf8(s->field, sizeof s->field, field, strlen(field));
    ok(r, NULL);
    publish(r, s);
}

static void unsubscribe(struct request *r, const char *token)
{
    struct conversation *talk = r->c->face;
    for (size_t i = talk->n_subscribed; i-- > 0;)
        if (strcmp(talk->subscribed[i].token, token) == 0)
            talk->subscribed[i] = talk->subscribed[--talk->n_subscribed];
    ok(r, NULL);
}

/* "Level1 get level 1", "Mute1 set mute 1 true", ... */
static void block(struct request *r)
{
    char buf[SIM_TEXT];
    const char *verb = r->word[1], *field = r->n > 2 ? field_of(r->word[0], r->word[2]) : NULL;
    if (strncmp(r->word[0], "Level", 5) != 0 && strncmp(r->word[0], "Mute", 4) != 0) {
        sim_answerf(r->c, r->box, "-ERR address not found: {\"deviceId\":0 \"classCode\":0 \"instanceNum\":0}\r\n");
        return;
    }
    if (!field || r->n < 4 || strcmp(r->word[3], "1") != 0) {
        no(r, "INVALID_PARAMETER");
        return;
    }
    struct sim_device *d = r->box->devices;
    bool toggles = strcmp(verb, "toggle") == 0 && strstr(field, "mute");
    if (strcmp(verb, "get") == 0 && r->n == 4)
        ok(r, value_text(d, field, buf));
    else if (strcmp(verb, "set") == 0 && r->n == 5)
        set_value(r, field, r->word[4]);
    else if (strcmp(verb, "increment") == 0 && r->n == 5 && strstr(field, "level"))
        step_value(r, field, r->word[4], 1);
    else if (strcmp(verb, "decrement") == 0 && r->n == 5 && strstr(field, "level"))
        step_value(r, field, r->word[4], -1);
    else if (toggles && r->n == 4)
        set_value(r, field, strcmp(value_text(d, field, buf), "true") == 0 ? "false" : "true");
    else if (strcmp(verb, "subscribe") == 0 && r->n >= 5)
        subscribe(r, field, r->word[4]);
    else if (strcmp(verb, "unsubscribe") == 0 && r->n == 5)
        unsubscribe(r, r->word[4]);
    else
        no(r, "INVALID_PARAMETER");
}

static void device(struct request *r)
{
    const struct sim_mixer *m = sim_view(r->box->devices);
    int64_t preset;
    char text[SIM_TEXT + 2];
    if (r->n == 3 && strcmp(r->word[1], "recallPreset") == 0 && lec_parse_int(r->word[2], 1, 9999, &preset) == 0) {
        (void)sim_set(r->box->devices, "preset", lec_int(preset));
        ok(r, NULL);
    } else if (r->n == 3 && strcmp(r->word[1], "recallPresetByName") == 0) {
        (void)sim_set(r->box->devices, "preset", lec_int(1));
        ok(r, NULL);
    } else if (r->n == 3 && strcmp(r->word[1], "get") == 0 && strcmp(r->word[2], "serialNumber") == 0) {
        (void)snprintf(text, sizeof text, "\"%s\"", m->serial);
        ok(r, text);
    } else if (r->n == 3 && strcmp(r->word[1], "get") == 0 && strcmp(r->word[2], "version") == 0) {
        (void)snprintf(text, sizeof text, "\"%s\"", m->version);
        ok(r, text);
    } else if (r->n == 3 && strcmp(r->word[1], "get") == 0 && strcmp(r->word[2], "hostname") == 0) {
        (void)snprintf(text, sizeof text, "\"%s\"", m->name);
        ok(r, text);
    } else {
        no(r, "INVALID_PARAMETER");
    }
}

static void session(struct request *r)
{
    struct conversation *talk = r->c->face;
    if (r->n == 4 && strcmp(r->word[1], "set") == 0 && strcmp(r->word[2], "verbose") == 0) {
        ok(r, NULL);
        talk->terse = strcmp(r->word[3], "false") == 0;
    } else if (r->n == 3 && strcmp(r->word[1], "get") == 0 && strcmp(r->word[2], "aliases") == 0) {
        sim_answerf(r->c, r->box, "+OK %s[\"DEVICE\" \"Level1\" \"Level2\" \"Mute1\" \"Mute2\"]\r\n",
                    talk->terse ? "" : "\"list\":");
    } else {
        no(r, "INVALID_PARAMETER");
    }
}

/* ---- The dialogue --------------------------------------------------------------------------------------------- */

static void command(struct sim_conn *c, struct sim_box *box, char *text)
{
    struct request r = {.c = c, .box = box};
    if (!c->is_pty || *text)
        sim_answerf(c, box, "%s\r\n", text); /* commands are echoed */
    if (!*text)
        return;
    for (char *p = text; *p && r.n < ARRAY_LEN(r.word);) {
        r.word[r.n++] = p;
        p += strcspn(p, " ");
        if (*p)
            *p++ = '\0';
    }
    bool sets = r.n > 1 && strcmp(r.word[1], "get") != 0 && strcmp(r.word[0], "SESSION") != 0;
    int mood = sim_mood(box, sets);
    if (mood != 0)
        no(&r, mood == LEC_E_BUSY ? "GENERAL_FAILURE Busy" : "GENERAL_FAILURE");
    else if (r.n < 2)
        no(&r, "INVALID_PARAMETER");
    else if (strcmp(r.word[0], "SESSION") == 0)
        session(&r);
    else if (strcmp(r.word[0], "DEVICE") == 0)
        device(&r);
    else
        block(&r);
}

/* Telnet from the client. Returns how many bytes of it were taken, 0: not whole yet. */
static size_t telnet(struct sim_conn *c, const uint8_t *p, size_t n)
{
    struct conversation *talk = c->face;
    if (n < 2)
        return 0;
    if (p[1] == IAC)
        return 2;
    if (p[1] == SB) {
        for (size_t i = 2; i + 1 < n; i++)
            if (p[i] == IAC && p[i + 1] == SE)
                return i + 2;
        return 0;
    }
    if (p[1] < WILL)
        return 2;
    if (n < 3)
        return 0;
    if (++talk->answered >= OPTIONS)
        greet(c);
    return 3;
}

static size_t input(struct sim_conn *c, const uint8_t *p, size_t n)
{
    struct sim_box *box = c->line->boxes;
    struct conversation *talk = c->face;
    char text[256];
    if (p[0] == IAC && !c->is_pty)
        return telnet(c, p, n);
    ptrdiff_t len = sim_line_length(p, n, '\n');
    if (len < 0)
        return n > sizeof text ? n : 0;
    /* What comes before the negotiation is over is lost; it shows that the client will not negotiate further. */
    if (!talk->welcomed)
        greet(c);
    else if (sim_take(c, box, p, (size_t)len + 1)) {
        (void)sim_line_text(p, (size_t)len, text, sizeof text);
        command(c, box, text);
    }
    return (size_t)len + 1;
}

static void changed(struct sim_device *d, const char *field)
{
    for (struct sim_conn *c = d->box->line->conns; c; c = c->next) {
        struct conversation *talk = c->face;
        struct request r = {.c = c, .box = d->box};
        for (size_t i = 0; i < talk->n_subscribed; i++)
            if (strcmp(talk->subscribed[i].field, field) == 0)
                publish(&r, &talk->subscribed[i]);
    }
}

const struct sim_face sim_face_tesira = {
    .name = "tesira",
    .conn_size = sizeof(struct conversation),
    .open = open,
    .input = input,
    .changed = changed,
};
