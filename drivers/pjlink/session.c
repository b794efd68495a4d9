#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "pjlink.h"

/* Lines that may come before the one we wait for: late answers, empty lines. */
#define STALE_LINES 6
/* A device that answers ERRA again so soon after it was put right has a deeper reason. */
#define ERRA_AGAIN_NS (15 * LEC_SEC)
/* Inside this file: the device answered PJLINK ERRA. */
#define ERRA 1

static const struct {
    char name[5];
    uint8_t class;
    bool both; /* can be set and asked: an answer of the one may be taken for that of the other */
} bodies[PJ_BODIES] = {
    [PJ_POWR] = {"POWR", 1, true},  [PJ_INPT] = {"INPT", 1, true},  [PJ_AVMT] = {"AVMT", 1, true},
    [PJ_FREZ] = {"FREZ", 2, true},  [PJ_ERST] = {"ERST", 1, false}, [PJ_LAMP] = {"LAMP", 1, false},
    [PJ_FILT] = {"FILT", 2, false}, [PJ_IRES] = {"IRES", 2, false}, [PJ_RRES] = {"RRES", 2, false},
    [PJ_INNM] = {"INNM", 2, false}, [PJ_INST] = {"INST", 1, false}, [PJ_NAME] = {"NAME", 1, false},
    [PJ_INF1] = {"INF1", 1, false}, [PJ_INF2] = {"INF2", 1, false}, [PJ_INFO] = {"INFO", 1, false},
    [PJ_SNUM] = {"SNUM", 2, false}, [PJ_SVER] = {"SVER", 2, false}, [PJ_RLMP] = {"RLMP", 2, false},
    [PJ_RFIL] = {"RFIL", 2, false}, [PJ_CLSS] = {"CLSS", 1, false}, [PJ_SVOL] = {"SVOL", 2, false},
    [PJ_MVOL] = {"MVOL", 2, false},
};

const char *pj_name(enum pj_body body)
{
    return bodies[body].name;
}

int pj_class(enum pj_body body)
{
    return bodies[body].class;
}

const char *pj_show(const char *text, char out[48])
{
    size_t n = 0;
    for (; *text && n < 40; text++)
        out[n++] = *text >= 0x20 && *text < 0x7f ? *text : '?';
    memcpy(out + n, *text ? "..." : "", *text ? 4 : 1);
    return out;
}

/* One line that is not empty, without CR, LF and NUL (some devices send the latter two). */
static int read_line(struct lec_dev *dev, char line[PJ_LINE], struct lec_err *err)
{
    for (int i = 0; i < STALE_LINES; i++) {
        ssize_t n = lec_line_recv_until(dev, '\r', line, PJ_LINE, err);
        if (n < 0)
            return (int)n;
        size_t len = 0;
        for (ssize_t at = 0; at < n; at++)
            if (line[at] != '\0' && line[at] != '\n')
                line[len++] = line[at];
        line[len] = '\0';
        if (len > 0)
            return 0;
    }
    return lec_fail(err, LEC_E_FRAME, "nothing but empty lines");
}

/* ---- Greeting and password ----------------------------------------------------------------------------------- */

static int no_password(struct lec_err *err)
{
    return lec_fail(err, LEC_E_CONFIG, "the device wants a PJLink password: put it into the secrets file");
}

int pj_sha256_prefix(const char *theirs, const uint8_t own[16], const char *password, char out[PJ_PREFIX_MAX + 1])
{
    uint8_t mixed[16];
    char hex[32 + 1], digest[LEC_SHA256_HEX];
    if (lec_unhex(theirs, mixed, sizeof mixed) < 0)
        return LEC_E_RANGE;
    for (size_t i = 0; i < sizeof mixed; i++)
        mixed[i] ^= own[i];
    lec_hex(mixed, sizeof mixed, hex);
    lec_sha256((struct lec_piece[]){{hex, 32}, {password, strlen(password)}}, 2, digest);
    lec_hex(own, 16, out);
    memcpy(out + 32, digest, sizeof digest);
    return 0;
}

/* Offers SHA-256 after a greeting (v2.10). Returns 0; an older device answers ERRA, hangs up or says nothing. */
static int offer_sha256(struct lec_dev *dev, struct lec_err *err)
{
    struct pjlink *s = dev->state;
    char line[PJ_LINE] = "", show[48];
    uint8_t own[16];
    int rc = lec_line_send(dev, "PJLINK 2\r", 9, err);
    if (rc == 0)
        rc = read_line(dev, line, err);
    if (rc < 0)
        return rc;
    if (getrandom(own, sizeof own, 0) != sizeof own)
        return lec_fail(err, LEC_E_BUG, "getrandom: %s", strerrordesc_np(errno));
    if (strncasecmp(line, "PJLINK 2 ", 9) != 0 || pj_sha256_prefix(line + 9, own, s->password, s->prefix) < 0)
        return lec_fail(err, LEC_E_FRAME, "answer \"%s\" to PJLINK 2", pj_show(line, show));
    return 0;
}

/* The greeting line: 0 without a password, `random` filled with one, ERRA, or a code. */
static int read_greeting(struct lec_dev *dev, char random[33], struct lec_err *err)
{
    char line[PJ_LINE] = "", show[48];
    int rc = read_line(dev, line, err);
    if (rc < 0)
        return lec_because(err, "waiting for the greeting");
    if (strcasecmp(line, "PJLINK ERRA") == 0)
        return ERRA;
    random[0] = '\0';
    if (strcasecmp(line, "PJLINK 0") == 0)
        return 0;
    const char *given = line + 9;
    size_t n = strncasecmp(line, "PJLINK 1 ", 9) == 0 ? strspn(given, "0123456789abcdefABCDEF") : 0;
    if (n == 0 || n > 32 || given[n])
        return lec_fail(err, LEC_E_FRAME, "greeting \"%s\" is not PJLink's", pj_show(line, show));
    memcpy(random, given, n + 1);
    return 0;
}

static int reconnect(struct lec_dev *dev, struct lec_err *err)
{
    struct pjlink *s = dev->state;
    s->prefix[0] = '\0';
    s->late = s->fresh = false;
    lec_line_deadline(dev, dev->desc->timeout_ns);
    return lec_line_reconnect(dev, err);
}

static int greet_once(struct lec_dev *dev, struct lec_err *err)
{
    struct pjlink *s = dev->state;
    char random[33] = "";
    s->prefix[0] = '\0';
    s->late = false;
    int rc = read_greeting(dev, random, err);
    if (rc == 0 && *random && !*s->password)
        return no_password(err);
    if (rc == 0 && *random && s->sha256 && !s->no_sha256) {
        rc = offer_sha256(dev, err);
        if (rc < 0 && rc != LEC_E_CANCELLED && rc != LEC_E_BUG) {
            s->no_sha256 = true;
            rc = reconnect(dev, err);
            if (rc == 0)
                rc = read_greeting(dev, random, err);
        }
    }
    if (rc == 0 && *random && !*s->prefix) /* the random number exactly as it came: its case is part of the digest */
        lec_md5((struct lec_piece[]){{random, strlen(random)}, {s->password, strlen(s->password)}}, 2, s->prefix);
    s->fresh = rc == 0;
    if (rc == 0)
        lec_line_flush(dev);
    return rc;
}

/* The device has answered ERRA: its random number is not the one that we digested (somebody else connected), or the
 * password is wrong. One new connection tells which. */
static int greet_again(struct lec_dev *dev, struct lec_err *err)
{
    struct pjlink *s = dev->state;
    int64_t before = s->errors_at;
    s->errors_at = lec_now();
    if (before && s->errors_at - before < ERRA_AGAIN_NS)
        return ERRA;
    int rc = lec_dev_pause(dev, s->retry_pause_ns, err);
    if (rc == 0)
        rc = reconnect(dev, err);
    return rc == 0 ? greet_once(dev, err) : rc;
}

static int refused(struct lec_dev *dev, struct lec_err *err)
{
    const struct pjlink *s = dev->state;
    lec_line_broken(dev);
    if (!*s->password)
        return no_password(err);
    return lec_fail(err, LEC_E_CONFIG,
                    "the device refuses the PJLink password (ERRA): put the right one into the secrets file");
}

int pj_greet(struct lec_dev *dev, struct lec_err *err)
{
    int rc = greet_once(dev, err);
    if (rc == ERRA)
        rc = greet_again(dev, err);
    return rc == ERRA ? refused(dev, err) : rc;
}

/* ---- One exchange -------------------------------------------------------------------------------------------- */

static int error_reply(enum pj_body body, char digit, const char *param, struct lec_err *err)
{
    char show[48];
    switch (digit) {
    case '1':
        return lec_fail(err, LEC_E_NOTSUP, "the device does not have %s (ERR1)", bodies[body].name);
    case '2':
        if (body == PJ_INPT)
            return lec_fail(err, LEC_E_RANGE, "the device has no input %s (ERR2)", pj_show(param, show));
        return lec_fail(err, LEC_E_RANGE, "the device does not take \"%s\" for %s (ERR2)", pj_show(param, show),
                        bodies[body].name);
    case '3':
        return lec_fail(err, LEC_E_BUSY, "the device cannot do this now: off, warming up, cooling or switching (ERR3)");
    default:
        return lec_fail(err, LEC_E_REFUSED, "the device reports a failure of its own (ERR4)");
    }
}

static int exchange(struct lec_dev *dev, enum pj_body body, char form, const char *param, char *reply,
                    struct lec_err *err)
{
    struct pjlink *s = dev->state;
    const char *name = bodies[body].name;
    bool query = *param == '?';
    char command[PJ_PREFIX_MAX + PJ_LINE], line[PJ_LINE] = "", show[48];
    int n = snprintf(command, sizeof command, "%s%%%c%s %s\r", s->prefix, form, name, param);
    if (n < 0 || (size_t)n >= sizeof command)
        return lec_fail(err, LEC_E_BUG, "%s: the parameter is too long", name);
    int rc = lec_line_send(dev, command, (size_t)n, err);
    if (rc < 0)
        return rc;
    s->prefix[0] = '\0';
    s->fresh = false;
    for (int i = 0; i < STALE_LINES && (i == 0 || lec_line_left(dev) > 0); i++) {
        rc = read_line(dev, line, err);
        if (rc < 0) {
            s->late = rc == LEC_E_TIMEOUT;
            return lec_because(err, "%s", name);
        }
        if (strcasecmp(line, "PJLINK ERRA") == 0)
            return ERRA;
        /* The class digit is the command's, but devices of class 1 have been seen to answer %1 to everything. */
        if (line[0] != '%' || strlen(line) < 7 || line[6] != '=') {
            if (s->late) { /* the tail of an answer that came too late for its question */
                s->late = false;
                continue;
            }
            return lec_fail(err, LEC_E_FRAME, "%s: reply \"%s\" is not PJLink's", name, pj_show(line, show));
        }
        const char *text = line + 7;
        if (strncasecmp(line + 2, name, 4) != 0) /* lower case has been seen */
            continue;                            /* late: the answer to an earlier question */
        if (strncasecmp(text, "ERR", 3) == 0 && text[3] >= '1' && text[3] <= '4' && !text[4])
            return error_reply(body, text[3], param, err);
        bool ok = strcasecmp(text, "OK") == 0;
        if (ok == query && bodies[body].both)
            continue; /* late: we asked and this says "done", or the other way round */
        if (!query && !ok)
            return lec_fail(err, LEC_E_FRAME, "%s: reply \"%s\" where OK was expected", name, pj_show(line, show));
        if (reply)
            memcpy(reply, text, strlen(text) + 1);
        s->late = false;
        return 0;
    }
    s->late = true;
    return lec_fail(err, LEC_E_FRAME, "%s: only answers to other questions came", name);
}

int pj_ask(struct lec_dev *dev, enum pj_body body, char form, const char *param, char *reply, struct lec_err *err)
{
    struct pjlink *s = dev->state;
    int rc = 0;
    if (s->exchanges++ > 0) {
        rc = lec_dev_pause(dev, dev->desc->gap_ns, err);
        lec_line_deadline(dev, dev->desc->timeout_ns);
    }
    /* Drops late answers, and sees whether the device has hung up: it does so 30 s after the last exchange (5.4). */
    lec_line_flush(dev);
    if (rc == 0 && (s->each ? !s->fresh : lec_line_gone(dev))) {
        rc = reconnect(dev, err);
        if (rc == 0)
            rc = greet_once(dev, err);
        lec_line_deadline(dev, dev->desc->timeout_ns);
    }
    if (rc == 0)
        rc = exchange(dev, body, form, param, reply, err);
    if (rc == ERRA) {
        rc = greet_again(dev, err);
        lec_line_deadline(dev, dev->desc->timeout_ns);
        if (rc == 0) /* not obeyed the first time, so saying it again is not saying it twice */
            rc = exchange(dev, body, form, param, reply, err);
    }
    return rc == ERRA ? refused(dev, err) : rc;
}
