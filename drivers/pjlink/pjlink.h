/* What the files of the PJLink driver share: pjlink.c (callbacks), profile.c (what a profile may say), session.c (greeting, password, one
 * exchange), decode.c (replies to values), search.c (UDP).
 *
 * Source of all protocol facts: PJLink Specifications Class 1 v1.04 (2013) and Class 2 v2.00 (2017), v2.10 (2024), JBMIA;
 * section numbers in comments are theirs. What real devices do otherwise is said where the code copes with it. */
#ifndef LECTERN_PJLINK_H
#define LECTERN_PJLINK_H

#include "digest/digest.h"
#include "lectern/driver.h"

#define PJ_PORT 4352
/* The longest line is 136 bytes (5.1); NUL bytes that some devices strew in need room too. */
#define PJ_LINE       256
#define PJ_CODES      50        /* inputs that INST can list (4.1.11) */
#define PJ_PREFIX_MAX (32 + 64) /* digest before the first command: 32, or 32 + 64 with SHA-256 */

/* The commands, in the order in which a poll asks them: what decides about the others comes first. */
enum pj_body {
    PJ_POWR,
    PJ_INPT,
    PJ_AVMT,
    PJ_FREZ,
    PJ_ERST,
    PJ_LAMP,
    PJ_FILT,
    PJ_IRES,
    PJ_RRES,
    PJ_INNM,
    PJ_INST,
    PJ_NAME,
    PJ_INF1,
    PJ_INF2,
    PJ_INFO,
    PJ_SNUM,
    PJ_SVER,
    PJ_RLMP,
    PJ_RFIL,
    PJ_CLSS,
    PJ_SVOL, /* the last two are never asked, only said */
    PJ_MVOL,
    PJ_BODIES,
};

/* Which command a point comes from, and which part of its reply. */
struct pj_item {
    enum pj_body body;
    uint8_t part; /* AVMT: 1 picture, 2 sound; ERST: the digit, from 0; LAMP: which lamp, from 1 */
    bool lit;     /* LAMP: whether it is on, not its hours */
};

struct pj_code {
    char name[LEC_NAME_MAX + 1];
    char code[3]; /* "31" */
};

enum pj_mute { PJ_MUTE_AUTO, PJ_MUTE_SEPARATE, PJ_MUTE_TOGETHER };

struct pjlink {
    /* Of the profile, compiled by prepare. */
    struct pj_item *items; /* per point */
    bool *due;             /* per point; used during one poll */
    struct pj_code codes[PJ_CODES];
    size_t n_codes;
    const struct lec_point *power; /* NULL: the profile has none */
    const char *password;          /* lent from the device's keys; "" for none */
    bool sha256, each, needs_class_2;
    int class_said; /* by the profile; 0: ask the device */
    enum pj_mute mute;
    uint16_t notify_port;
    int64_t retry_pause_ns;

    /* Of the device, kept over connections. */
    bool no_sha256; /* it does not know the new way */
    bool listening;
    int64_t errors_at; /* when it last answered ERRA, 0: never */

    /* Of the connection. */
    char prefix[PJ_PREFIX_MAX + 1]; /* digest for the next command, "" for none */
    bool fresh;                     /* greeted, and nothing said yet */
    bool late;                      /* the last exchange timed out: the rest of its reply may come */
    int class;                      /* 0: not known */
    bool input_class_1;             /* %2INPT was refused */
    bool together[3];               /* AVMT, per part: takes 3x instead of 1x, 2x */
    uint32_t not_now;               /* bodies that answered ERR3 */
    uint8_t failed[PJ_BODIES];      /* how often in a row each got no usable answer */
    char input[3];                  /* the code that INPT gave last, "" unknown */
    unsigned exchanges;             /* in the callback that runs now */
};

/* ---- profile.c ---- */

extern const struct lec_option pj_device_options[], pj_point_options[];
int pj_prepare(const struct lec_device *desc, void *state, struct lec_report *report);
void pj_release(void *state);

/* The code of an input by its name in the profile, or NULL. */
const struct pj_code *pj_code_of(const struct pjlink *s, const char *name);
/* The command of an action. False: there is none of that name. */
bool pj_action(const char *name, enum pj_body *body, const char **param);

/* ---- session.c ---- */

/* The four letters, and the class that brought the command. */
const char *pj_name(enum pj_body body);
int pj_class(enum pj_body body);

/* Reads the greeting of a new connection and prepares the digest for the first command. Returns 0; LEC_E_CONFIG: the
 * device wants a password and there is none, or it refuses; LEC_E_FRAME: no PJLink greeting; or as lec_line_recv. */
int pj_greet(struct lec_dev *dev, struct lec_err *err);

/* One command and its reply. param: "?" for a query, else what to set. form: class digit to send, '1' or '2'.
 * reply: room for PJ_LINE bytes; what stands behind the '='; may be NULL when setting.
 * Reconnects by itself, once, when the device has hung up before or answers ERRA.
 * Returns 0; LEC_E_NOTSUP (ERR1), LEC_E_RANGE (ERR2), LEC_E_BUSY (ERR3), LEC_E_REFUSED (ERR4), LEC_E_CONFIG (ERRA twice),
 * LEC_E_FRAME, or as lec_line_send and lec_line_recv. The sentence names the command. */
int pj_ask(struct lec_dev *dev, enum pj_body body, char form, const char *param, char *reply, struct lec_err *err);

/* The SHA-256 prefix (v2.10): hex of `own`, then SHA256(hex(theirs XOR own) + password). Returns 0, or LEC_E_RANGE when
 * `theirs` is not 32 hex digits. */
int pj_sha256_prefix(const char *theirs, const uint8_t own[16], const char *password, char out[PJ_PREFIX_MAX + 1]);

/* Text of the device made fit for a message: printable ASCII, at most 40 characters. Returns `out`. */
const char *pj_show(const char *text, char out[48]);

/* ---- decode.c ---- */

/* Publishes every point of the device that this reply feeds. Returns 0 or LEC_E_FRAME; then nothing was published. */
int pj_publish(struct lec_dev *dev, enum pj_body body, const char *reply, struct lec_err *err);

/* Text as devices send it, in UTF-8 or Latin-1, into clean UTF-8 of at most LEC_TEXT_MAX bytes. */
void pj_text(const char *in, char out[LEC_TEXT_MAX + 1]);

/* ---- search.c ---- */

int pj_search(struct lec_search *search, struct lec_err *err);
/* Whether data[17] is a MAC address, aa:bb:cc:dd:ee:ff in any case. Never reads past a NUL. */
bool pj_is_mac(const char *data);

#endif
