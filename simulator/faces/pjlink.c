/* PJLink class 1 and 2 over TCP, search and notification over UDP. Source: PJLink Specifications Class 1 v1.04 and
 * Class 2 v2.10 (JBMIA) as in av-protocols.md 1.
 * Traits: class (1, 2), inputs (code:name list), lamps (0: no lamp), filter (none), speaker (no), mic (yes),
 * mute (both: only 30/31), shy (yes: ERR3 also to INST, NAME, LAMP while not on), sha256 (yes), case (lower: as openHAB issue 6725 saw).
 * Key of the room: password. Not covered: IPv6. */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "digest.h"
#include "faces/faces.h"
#include "lectern/parse.h"
#include "models/models.h"

enum { AUTH_OPEN, AUTH_WANTED, AUTH_WANTED_SHA, AUTH_DONE };

struct conversation {
    int auth;
    char random[9];   /* of the greeting */
    char random2[33]; /* Rp of the SHA-256 form */
    char digest[33];  /* the one that was right, which may come again */
};

static bool says(struct sim_device *d, const char *trait, const char *value)
{
    char buf[SIM_TEXT];
    const char *text = sim_trait(d, trait, buf);
    return text && strcmp(text, value) == 0;
}

static unsigned class_of(struct sim_device *d)
{
    return (unsigned)sim_trait_number(d, "class", 2);
}

/* The greeting is not an answer to a command, yet a hung projector does not send it either: it goes the same way. */
static void open(struct sim_conn *c)
{
    struct conversation *talk = c->face;
    struct sim_box *box = c->line->boxes;
    const char *password = lec_key_text(&box->devices->desc->keys, "password", "");
    if (!*password) {
        sim_answerf(c, box, "PJLINK 0\r");
        return;
    }
    talk->auth = AUTH_WANTED;
    (void)snprintf(talk->random, sizeof talk->random, "%08x", (unsigned)sim_random_next(&c->sim->random));
    sim_answerf(c, box, "PJLINK 1 %s\r", talk->random);
}

/* ---- Password ------------------------------------------------------------------------------------------------- */

static unsigned nibble(char c)
{
    return c >= '0' && c <= '9' ? (unsigned)(c - '0') : (unsigned)(tolower((unsigned char)c) - 'a' + 10) & 15;
}

static bool right_md5(const struct conversation *talk, const char *password, const char *given)
{
    char text[160], digest[33];
    int n = snprintf(text, sizeof text, "%s%s", talk->random, password);
    sim_md5_hex(text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1, digest);
    return strncmp(given, digest, 32) == 0;
}

static bool right_sha256(const struct conversation *talk, const char *password, const char *given)
{
    char text[160], digest[65], mixed[33];
    for (unsigned i = 0; i < 32; i++)
        mixed[i] = "0123456789abcdef"[nibble(talk->random2[i]) ^ nibble(given[i])];
    mixed[32] = '\0';
    int n = snprintf(text, sizeof text, "%s%s", mixed, password);
    sim_sha256_hex(text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1, digest);
    return strncmp(given + 32, digest, 64) == 0;
}

/* Takes a digest off the front of the line. False: the line is dealt with (wrong, or the SHA-256 offer). */
static bool authenticate(struct sim_conn *c, struct sim_box *box, char **line)
{
    struct conversation *talk = c->face;
    const char *password = lec_key_text(&box->devices->desc->keys, "password", "");
    size_t before = strcspn(*line, "%");
    if (talk->auth == AUTH_WANTED && strcmp(*line, "PJLINK 2") == 0 && says(box->devices, "sha256", "yes")) {
        for (unsigned i = 0; i < 4; i++)
            (void)snprintf(talk->random2 + 8 * i, 9, "%08x", (unsigned)sim_random_next(&c->sim->random));
        talk->auth = AUTH_WANTED_SHA;
        sim_answerf(c, box, "PJLINK 2 %s\r", talk->random2);
        return false;
    }
    bool good = false;
    if (talk->auth == AUTH_WANTED)
        good = before == 32 && right_md5(talk, password, *line);
    else if (talk->auth == AUTH_WANTED_SHA)
        good = before == 96 && right_sha256(talk, password, *line);
    else if (talk->auth == AUTH_DONE)
        good = before == 0 || (before == 32 && strncmp(*line, talk->digest, 32) == 0);
    else
        good = before == 0;
    if (!good) {
        sim_answerf(c, box, "PJLINK ERRA\r");
        sim_hang_up(c);
        return false;
    }
    if (before == 32)
        lec_copy_utf8(talk->digest, sizeof talk->digest, *line, 32);
    if (talk->auth != AUTH_OPEN)
        talk->auth = AUTH_DONE;
    *line += before;
    return true;
}

/* ---- Commands: each writes the parameter of its reply; sets return as sim_set ------------------------------------ */

#define OUT_MAX 129

struct request {
    struct sim_device *device;
    const struct sim_projector *p;
    const char *param;
    bool query;
    unsigned class;
    char out[OUT_MAX];
};

static int put(struct request *r, const char *text)
{
    return lec_copy_utf8(r->out, sizeof r->out, text, strlen(text)) ? 0 : LEC_E_REFUSED;
}

static int put_int(struct request *r, int v)
{
    (void)snprintf(r->out, sizeof r->out, "%d", v);
    return 0;
}

static int powr(struct request *r)
{
    if (r->query)
        return put_int(r, r->p->power == SIM_OFF ? 0 : r->p->power == SIM_ON ? 1 : r->p->power == SIM_COOLING ? 2 : 3);
    if (strcmp(r->param, "1") != 0 && strcmp(r->param, "0") != 0)
        return LEC_E_RANGE;
    return sim_set(r->device, "power", lec_enum(r->param[0] == '1' ? "on" : "off"));
}

static int inpt(struct request *r)
{
    char buf[SIM_TEXT];
    if (r->query) {
        const char *code = sim_code_of(sim_trait_list(r->device, "inputs"), r->p->input, buf);
        return put(r, code ? code : "11");
    }
    const char *name = sim_name_of(sim_trait_list(r->device, "inputs"), r->param, buf);
    return name ? sim_set(r->device, "input", lec_text(name)) : LEC_E_RANGE;
}

static int inst(struct request *r)
{
    size_t used = 0;
    for (const char *p = sim_trait_list(r->device, "inputs"); p && *p && used + 4 < sizeof r->out;) {
        size_t n = strcspn(p, ", ");
        used += (size_t)snprintf(r->out + used, sizeof r->out - used, "%s%.2s", used ? " " : "", p);
        p = p[n] == ',' ? p + n + 1 : NULL;
    }
    return 0;
}

static int innm(struct request *r)
{
    char buf[SIM_TEXT];
    const char *name = sim_name_of(sim_trait_list(r->device, "inputs"), r->param + 1, buf);
    return name ? put(r, name) : LEC_E_RANGE;
}

static int avmt(struct request *r)
{
    if (r->query) {
        static const char *const by_mute[2][2] = {{"30", "21"}, {"11", "31"}};
        return put(r, by_mute[r->p->picture_mute][r->p->audio_mute]);
    }
    if (strlen(r->param) != 2 || !strchr("123", r->param[0]) || !strchr("01", r->param[1]))
        return LEC_E_RANGE;
    if (r->param[0] != '3' && says(r->device, "mute", "both"))
        return LEC_E_RANGE;
    struct lec_value on = lec_bool(r->param[1] == '1');
    int rc = 0;
    if (r->param[0] != '2')
        rc = sim_set(r->device, "picture_mute", on);
    if (rc == 0 && r->param[0] != '1')
        rc = sim_set(r->device, "audio_mute", on);
    return rc;
}

static int erst(struct request *r)
{
    const struct sim_projector *p = r->p;
    (void)snprintf(r->out, sizeof r->out, "%d%d%d%d%d%d", p->error_fan, p->error_lamp, p->error_temperature,
                   p->error_cover, p->error_filter, p->error_other);
    return 0;
}

static int lamp(struct request *r)
{
    int lamps = (int)sim_trait_number(r->device, "lamps", 1);
    size_t used = 0;
    if (lamps < 1)
        return LEC_E_NOTSUP;
    bool lit = r->p->power == SIM_ON || r->p->power == SIM_WARMING;
    for (int i = 0; i < lamps && i < 8; i++)
        used += (size_t)snprintf(r->out + used, sizeof r->out - used, "%s%d %d", i ? " " : "",
                                 (int)r->p->lamp_hours - 20 * i, lit);
    return 0;
}

static int name(struct request *r)
{
    return put(r, r->p->name);
}
static int inf1(struct request *r)
{
    return put(r, r->p->maker);
}
static int inf2(struct request *r)
{
    return put(r, r->p->product);
}
static int info(struct request *r)
{
    return put(r, r->p->version);
}
static int clss(struct request *r)
{
    return put_int(r, (int)class_of(r->device));
}
static int snum(struct request *r)
{
    return put(r, r->p->serial);
}
static int ires(struct request *r)
{
    return put(r, r->p->signal);
}
static int rres(struct request *r)
{
    return put(r, "1920x1200");
}
static int filt(struct request *r)
{
    return says(r->device, "filter", "none") ? LEC_E_NOTSUP : put_int(r, (int)r->p->filter_hours);
}
static int rlmp(struct request *r)
{
    return put(r, "ELPLP96");
}
static int rfil(struct request *r)
{
    return put(r, "ELPAF54");
}

static int frez(struct request *r)
{
    if (r->query)
        return put_int(r, r->p->freeze);
    if (strcmp(r->param, "1") != 0 && strcmp(r->param, "0") != 0)
        return LEC_E_RANGE;
    return sim_set(r->device, "freeze", lec_bool(r->param[0] == '1'));
}

static int svol(struct request *r)
{
    if (says(r->device, "speaker", "no"))
        return LEC_E_NOTSUP;
    if (strcmp(r->param, "1") != 0 && strcmp(r->param, "0") != 0)
        return LEC_E_RANGE;
    int to = r->p->volume + (r->param[0] == '1' ? 5 : -5);
    return sim_set(r->device, "volume", lec_int(to < 0 ? 0 : to > 100 ? 100 : to));
}

static int mvol(struct request *r)
{
    return says(r->device, "mic", "yes") ? 0 : LEC_E_NOTSUP;
}

enum { QUERY = 1, SET = 2, ARGUMENT = 4, WHEN_ON = 8, SHY = 16, NAMED_CODE = 32 };

static const struct {
    const char *body;
    unsigned classes; /* bit 0: class 1, bit 1: class 2 */
    unsigned how;
    int (*run)(struct request *r);
} commands[] = {
    {"POWR", 1, QUERY | SET, powr},
    {"INPT", 3, QUERY | SET | WHEN_ON, inpt},
    {"AVMT", 1, QUERY | SET | WHEN_ON, avmt},
    {"ERST", 1, QUERY, erst},
    {"LAMP", 1, QUERY | SHY, lamp},
    {"INST", 3, QUERY | SHY, inst},
    {"NAME", 1, QUERY | SHY, name},
    {"INF1", 1, QUERY, inf1},
    {"INF2", 1, QUERY, inf2},
    {"INFO", 1, QUERY, info},
    {"CLSS", 1, QUERY, clss},
    {"SNUM", 2, QUERY, snum},
    {"SVER", 2, QUERY, info},
    {"INNM", 2, NAMED_CODE | WHEN_ON, innm},
    {"IRES", 2, QUERY | WHEN_ON, ires},
    {"RRES", 2, QUERY | WHEN_ON, rres},
    {"FILT", 2, QUERY, filt},
    {"RLMP", 2, QUERY, rlmp},
    {"RFIL", 2, QUERY, rfil},
    {"SVOL", 2, SET | WHEN_ON, svol},
    {"MVOL", 2, SET | WHEN_ON, mvol},
    {"FREZ", 2, QUERY | SET | WHEN_ON, frez},
};

/* Returns as sim_set; LEC_E_NOTSUP for a command that there is not. */
static int run(struct request *r, const char *body)
{
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        unsigned how = commands[i].how;
        if (strcasecmp(commands[i].body, body) != 0)
            continue;
        if (!(commands[i].classes & (1U << (r->class - 1))))
            return LEC_E_NOTSUP;
        bool named = how & NAMED_CODE && r->query && strlen(r->param) == 3;
        bool asked = how & QUERY && r->query && strlen(r->param) == 1;
        if (!named && !asked && !(how & SET && !r->query))
            return LEC_E_RANGE;
        bool gated = how & WHEN_ON || (how & SHY && says(r->device, "shy", "yes"));
        if (gated && r->p->power != SIM_ON)
            return LEC_E_BUSY;
        return commands[i].run(r);
    }
    return LEC_E_NOTSUP;
}

static void command(struct sim_conn *c, struct sim_box *box, const char *line)
{
    struct request r = {.device = box->devices, .p = sim_view(box->devices)};
    char body[5];
    if (strlen(line) < 7 || line[0] != '%' || line[6] != ' ' || strlen(line) > 135)
        return; /* no header, so no reply could be addressed */
    lec_copy_utf8(body, sizeof body, line + 2, 4);
    for (char *p = body; *p; p++)
        *p = (char)(says(r.device, "case", "lower") ? tolower((unsigned char)*p) : toupper((unsigned char)*p));
    r.param = line + 7;
    r.query = r.param[0] == '?';
    r.class = (unsigned)(line[1] - '0');
    int rc = LEC_E_NOTSUP;
    if (r.class >= 1 && r.class <= class_of(r.device)) {
        rc = sim_mood(box, !r.query);
        if (rc == 0)
            rc = run(&r, body);
    }
    const char *text = rc == 0              ? (r.query ? r.out : "OK")
                       : rc == LEC_E_NOTSUP ? "ERR1"
                       : rc == LEC_E_RANGE  ? "ERR2"
                       : rc == LEC_E_BUSY   ? "ERR3"
                                            : "ERR4";
    sim_answerf(c, box, "%%%c%s=%s\r", line[1], body, text);
}

static size_t input(struct sim_conn *c, const uint8_t *p, size_t n)
{
    struct sim_box *box = c->line->boxes;
    char text[256], *line = text;
    ptrdiff_t len = sim_line_length(p, n, '\r');
    if (len < 0)
        return n > sizeof text ? n : 0;
    if (sim_take(c, box, p, (size_t)len + 1)) {
        (void)sim_line_text(p, (size_t)len, text, sizeof text);
        if (*line && authenticate(c, box, &line))
            command(c, box, line);
    }
    return (size_t)len + 1;
}

/* ---- UDP ------------------------------------------------------------------------------------------------------ */

static void notify(struct sim_line *line, const char *fmt, ...) LEC_PRINTF(2, 3);

static void notify(struct sim_line *line, const char *fmt, ...)
{
    char text[64];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    struct sim_device *d = line->boxes->devices;
    if (class_of(d) < 2 || sim_fault_peek(&line->boxes->faults, SIM_SILENCE, loop_now(line->sim->loop)))
        return;
    sim_notify(line, text, (size_t)n);
}

static void tell_mac(struct sim_line *line, const char *body)
{
    uint64_t mac = line->boxes->devices->seed;
    notify(line, "%%2%s=02:4C:%02X:%02X:%02X:%02X\r", body, (unsigned)mac & 255, (unsigned)(mac >> 8) & 255,
           (unsigned)(mac >> 16) & 255, (unsigned)(mac >> 24) & 255);
}

/* The answer goes to port 4352 of whoever asked, here the notify port, not to the port it came from. */
static void datagram(struct sim_line *line, const uint8_t *p, size_t n, const char *from)
{
    (void)from;
    if (n >= 7 && strncasecmp((const char *)p, "%2SRCH\r", 7) == 0)
        tell_mac(line, "ACKN");
}

static void plugged(struct sim_line *line)
{
    tell_mac(line, "LKUP");
}

static void changed(struct sim_device *d, const char *field)
{
    char buf[SIM_TEXT];
    struct sim_line *line = d->box->line;
    const struct sim_projector *p = d->state;
    if (strcmp(field, "power") == 0)
        notify(line, "%%2POWR=%d\r", p->power == SIM_ON || p->power == SIM_WARMING);
    if (strcmp(field, "input") == 0 && sim_code_of(sim_trait_list(d, "inputs"), p->input, buf))
        notify(line, "%%2INPT=%s\r", buf);
    if (strncmp(field, "error.", 6) == 0)
        notify(line, "%%2ERST=%d%d%d%d%d%d\r", p->error_fan, p->error_lamp, p->error_temperature, p->error_cover,
               p->error_filter, p->error_other);
}

const struct sim_face sim_face_pjlink = {
    .name = "pjlink",
    .conn_size = sizeof(struct conversation),
    .idle_ns = 30 * LEC_SEC,
    .udp = true,
    .open = open,
    .input = input,
    .datagram = datagram,
    .plugged = plugged,
    .changed = changed,
};
