/* A device's profile, compiled, and the state of its connection: what the parts of this driver share.
 *
 *   options.c   the keys that a profile may have, with their help
 *   prepare.c   profile -> the structs below, with all mistakes; prepare_rules.c, prepare_points.c: their parts of it
 *   login.c     the steps after a connection is made
 *   exchange.c  one request and what comes back; replies that nobody asked for
 *   dialogue.c  the callbacks of lectern/driver.h
 *
 * Threads: the line's; prepare: any. */
#ifndef DIALOGUE_H
#define DIALOGUE_H

#include "codes.h"
#include "frame.h"
#include "lectern/driver.h"

#define DLG_RULES_MAX 32  /* [reply ...] sections */
#define DLG_STEPS_MAX 16  /* [login ...] sections */
#define DLG_READS_MAX 512 /* bytes taken from the line at once */

/* What a reply that matches a rule means. */
enum dlg_means {
    DLG_OK,          /* the request was taken */
    DLG_REFUSED,     /* no */
    DLG_BUSY,        /* not now */
    DLG_UNSUPPORTED, /* the device lacks this */
    DLG_RANGE,       /* the value is outside of what the device takes */
    DLG_PASSWORD,    /* the password is wrong */
    DLG_WAIT,        /* it is being worked on: another reply follows */
    DLG_IGNORE,      /* nothing */
    DLG_NOTICE,      /* news that nobody asked for */
};

struct dlg_rule {
    const char *name;
    enum dlg_means means;
    const struct dlg_message
        *match;       /* NULL: uses {cmd} or the like, so each request has its own (struct dlg_request) */
    const char *text; /* for people; NULL: the reply itself */
    struct {
        const char *code, *text;
    } * texts; /* {error} in words */
    size_t n_texts;
    const struct lec_point *while_point; /* only while this point has one of these values; NULL: always */
    const char *const *while_values;
    size_t n_while;
    int64_t wait_ns;               /* WAIT: how long; 0: as long as the request */
    unsigned again;                /* BUSY: ask again so often... */
    int64_t after_ns;              /* ...after this pause */
    bool prompt;                   /* NOTICE, IGNORE: a prompt follows that answers no request */
    const struct lec_point *point; /* NOTICE: what it tells of; NULL: nothing */
    bool constant;                 /* ...namely this value */
    struct lec_value value;
    struct dlg_conv conv;
    const struct lec_point **poll; /* points to be read soon */
    size_t n_poll;
};

struct dlg_request {
    const char *what; /* "power", for sentences */
    const struct dlg_message *send;
    const unsigned char *ready; /* its bytes when they are always the same; NULL: render */
    size_t n_ready;
    bool is_read;                     /* a reply with a value ends it; else an ok does */
    const struct dlg_message *want;   /* that reply; NULL for a write: any "ok" rule, or the prompt */
    bool and_ok;                      /* behind the value an ok follows */
    bool silent;                      /* the device does not answer */
    const struct dlg_message **rules; /* by rule: its pattern for this request; NULL: cannot match */
    int64_t timeout_ns;
};

struct dlg_choice { /* "write on = ..." */
    struct lec_value value;
    const struct dlg_request *request;
};

struct dlg_point {
    const struct lec_point *point;
    const struct dlg_request *read; /* NULL: cannot be asked */
    size_t group;                   /* index of the first point that is read with the same bytes */
    unsigned round;                 /* the poll in which it was told of last */
    const struct dlg_request *write;
    const struct dlg_choice *choices;
    size_t n_choices;
    const struct dlg_request *toggle;
    struct dlg_conv in, out;
    int64_t twice_ns; /* a write is sent again after this pause; 0: once */
    const struct lec_point **affects;
    size_t n_affects;
};

struct dlg_action {
    const struct dlg_request *request; /* NULL: none */
    const struct dlg_request *then;    /* sent afterwards... */
    int64_t then_ns;                   /* ...with this pause between; 0: not at all */
};

struct dlg_step {
    const char *name;
    const struct dlg_message *send, *expect, *refused; /* NULL: none */
    struct dlg_framing *framing;                       /* NULL: as everything else */
    bool optional, never;
    int when_slot, when_step, unless_step; /* -1: always */
    int64_t timeout_ns, pause_ns;
};

enum dlg_done { DLG_DONE_REPLY, DLG_DONE_PROMPT, DLG_DONE_OK };
enum dlg_digest { DLG_NO_DIGEST, DLG_MD5, DLG_SHA256 };

/* Everything of a profile. */
struct dlg_profile {
    struct dlg_framing framing;
    bool hex, echo, push, anonymous, each;
    enum dlg_done done;
    struct dlg_mark wake;
    struct dlg_rule *rules;
    size_t n_rules;
    struct dlg_point *points;   /* desc->n_points */
    struct dlg_action *actions; /* desc->n_actions */
    struct dlg_step *steps;
    size_t n_steps;
    const struct dlg_message *first; /* goes in front of the first request of a connection; NULL: nothing */
    enum dlg_digest digest;
    const struct dlg_message *digest_of;
    uint32_t digest_needs;          /* bit per variable that it is made of */
    bool password_missing;          /* the digest wants one and there is none */
    const char *vars[DLG_VARS_MAX]; /* names; [0] is the digest if there is one */
    int64_t gap_ns;
};

/* schema->state_size. */
struct dlg {
    struct dlg_pool pool;
    struct dlg_profile p;

    struct dlg_vars vars;
    struct dlg_rx rx;
    bool used;              /* a request has been sent on this connection */
    bool doubtful;          /* the last reply did not come, or only half: the next one may be a late one */
    unsigned stray_prompts; /* prompts still to come that belong to notices */
    int64_t last_ns;        /* when the last exchange ended */
    unsigned round;         /* counts polls */

    unsigned char answer[DLG_FRAME_MAX]; /* the reply of the last exchange, for all points that are in it */
    size_t n_answer, raw_n_answer;
    unsigned char sent[DLG_SEND_MAX];
    size_t n_sent;
};

/* ---- options.c ---- */
extern const struct lec_option dlg_device_options[], dlg_point_options[], dlg_action_options[];
extern const struct lec_section_kind dlg_section_kinds[];

/* ---- prepare.c, prepare_rules.c, prepare_points.c ---- */
int dlg_prepare(const struct lec_device *desc, void *state, struct lec_report *report);
void dlg_release(void *state);
void dlg_prepare_rules(struct dlg_compiler *c, struct dlg_profile *p);
void dlg_prepare_login(struct dlg_compiler *c, struct dlg_profile *p);
void dlg_prepare_points(struct dlg_compiler *c, struct dlg_profile *p);
/* "ends", also of a login step, into *out. */
void dlg_prepare_ends(struct dlg_compiler *c, const struct lec_key *key, struct dlg_framing *out);
/* Points named in a key ("input, volume"), from the pool; *n of them. Tells names that there are not. */
const struct lec_point **dlg_prepare_names(struct dlg_compiler *c, const struct lec_key *key, size_t *n);
/* Whether a pattern or template uses names that only some points give a meaning. */
bool dlg_needs_own(const struct dlg_compiler *c, const char *text);
/* Whether all those names have a meaning with these keys. */
bool dlg_has_own(const struct dlg_compiler *c, const char *text, const struct lec_keys *own);
/* The form of {value} when none is written. */
struct dlg_form dlg_value_form(const struct dlg_compiler *c, const struct lec_point *point, bool codes);

/* ---- login.c ---- */
/* The connection is new: says what the profile says at its start, and fills in the variables. Returns 0, or
 * LEC_E_CONFIG (password missing or refused), LEC_E_TIMEOUT, LEC_E_LINK, LEC_E_FRAME, LEC_E_REFUSED,
 * LEC_E_CANCELLED. */
int dlg_login(struct lec_dev *dev, struct lec_err *err);

/* ---- exchange.c ---- */
/* Receives at least one byte and puts it through the filter; answers Telnet. As lec_line_recv. */
int dlg_receive(struct lec_dev *dev, const struct dlg_framing *f, struct lec_err *err);
/* Sends "wake" and waits for the prompt, if the profile has them. As lec_line_recv. */
int dlg_wake(struct lec_dev *dev, struct lec_err *err);
/* One request with its reply. `found` (may be NULL for writes) points into dlg->answer until the next exchange.
 * Returns 0 or a code of lectern/err.h. */
int dlg_exchange(struct lec_dev *dev, const struct dlg_request *request, const struct dlg_raw args[],
                 struct dlg_found *found, struct lec_err *err);
/* Takes what came without being asked for. Never waits. */
int dlg_listen(struct lec_dev *dev, struct lec_err *err);
/* What `found` says of the point, published; or published as bad. */
void dlg_tell(struct lec_dev *dev, const struct dlg_point *p, const struct dlg_found *found);
/* The point's value in `found`. Returns 0, LEC_E_FRAME. */
int dlg_value(const struct dlg_conv *conv, const struct dlg_found *found, struct lec_value *out, struct lec_err *err);
/* Bytes as people can read them: text as it is, the rest as in profiles. Returns `out`. */
const char *dlg_show(const struct dlg_profile *p, const unsigned char *data, size_t n, char *out, size_t size);

#endif
