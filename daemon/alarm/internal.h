/* What the files of the alarm engine share.
 *
 *   rules.c   rules from the room, and which points they look at   people.c  acknowledging, shelving, calls for help
 *   engine.c  conditions, delays, raising and clearing             keep.c    what survives a restart
 *   text.c    what people read                                     json.c    what the bus reads
 *
 * Threads: one. */
#ifndef LECTERN_ALARM_INTERNAL_H
#define LECTERN_ALARM_INTERNAL_H

#include "alarm/alarm.h"
#include "lectern/err.h"

#define NONE SIZE_MAX /* no rule */

enum rule_kind { RULE_AWAY, RULE_FAULT, RULE_LIMIT, RULE_VALUE, RULE_ROOM, RULE_HELP };
enum state { UNKNOWN, FALSE, TRUE };
enum side { ABOVE, BELOW };

struct words {
    char vi[LEC_ALARM_TEXT_MAX + 1], en[LEC_ALARM_TEXT_MAX + 1];
};

/* One raise, from its beginning on; it is remembered after its end. */
struct raise {
    uint64_t number;
    char name[LEC_ALARM_NAME_MAX + 1];
    char device[LEC_NAME_MAX + 1], point[LEC_NAME_MAX + 1]; /* "" if none */
    enum lec_severity severity;
    struct lec_value value; /* as it was raised; LEC_NONE: none */
    bool has_limit;
    double limit;
    enum side side; /* which limit */
    struct words text, remedy;
    char reason[LEC_ERR_TEXT];             /* of a device that is away; "" if none */
    char caller[LEC_ALARM_WHO_MAX + 1];    /* who calls for help */
    int64_t raised_us, acked_us, ended_us; /* 0: not */
    char by[LEC_ALARM_WHO_MAX + 1];        /* who acknowledged */
    char note[LEC_ALARM_NOTE_MAX + 1];
    char over[LEC_ALARM_NOTE_MAX + 1]; /* why it cleared, unless its condition was over */
    bool chatters;
    uint64_t times; /* how often its condition came while it chattered */
};

struct shelf {
    int64_t for_ms;
    int64_t since_us, until_us; /* wall; moved when the clock steps */
    int64_t until;              /* monotonic */
    char by[LEC_ALARM_WHO_MAX + 1];
    char reason[LEC_ALARM_NOTE_MAX + 1];
};

struct rule {
    char name[LEC_ALARM_NAME_MAX + 1];
    enum rule_kind kind;
    const struct lec_alarm *section; /* NULL: none */
    const struct lec_device *device; /* NULL: the room */
    const struct lec_point *point;   /* NULL: the device is away, or the room */
    enum lec_severity severity;
    int64_t delay;
    size_t next_of_point; /* NONE: the last rule of its point */
    /* what it is like */
    struct raise *raise; /* NULL: it does not stand */
    struct shelf *shelf; /* NULL: it is not shelved */
    enum state cond;     /* as last told */
    int64_t since;       /* the condition is another than what stands, since then; -1: it is not, or nobody knows */
    int64_t held;        /* how long it was before nobody knew */
    int64_t recent[LEC_ALARM_CHATTER_RAISES - 1]; /* when it was raised last; INT64_MIN: never */
    struct lec_value value;
    double limit;
    enum side side;
    enum lec_severity gravity; /* of what is there now */
    int code;
    char reason[LEC_ERR_TEXT];
};

/* What was kept, until lec_alarms_resume knows where it belongs. */
struct restored {
    char name[LEC_ALARM_NAME_MAX + 1];
    struct raise *raise;
    struct shelf *shelf;
};

struct lec_alarms {
    const struct lec_room *room;
    struct lec_alarms_host host;
    struct rule *rules; /* sorted by name */
    size_t n_rules;
    size_t **of_point; /* [device][point]: its first rule, or NONE */
    size_t *away;      /* [device]: the first rule about its being away; the chain is next_of_point */
    struct raise *ended[LEC_ALARMS_ENDED]; /* oldest first */
    size_t n_ended;
    size_t n_standing;
    uint64_t next; /* number of the next raise */
    int64_t due;
    int64_t offset_us; /* wall minus monotonic, as last seen */
    bool knows_offset;
    uint64_t over;
    struct restored *restored;
    size_t n_restored;
};

/* rules.c */
bool rules_build(struct lec_alarms *a, const struct lec_room *room);
void rules_free(struct rule *rules, size_t n, size_t **of_point, size_t n_devices, size_t *away);
struct rule *rule_find(const struct lec_alarms *a, const char *name);
/* The rule, or NULL with a sentence that names the nearest. */
struct rule *rule_wanted(const struct lec_alarms *a, const char *name, struct lec_err *err);

/* engine.c */
void engine_raise(struct lec_alarms *a, struct rule *r, struct lec_moment t);
/* why NULL: its condition is over. by: who, "" for the room. */
void engine_clear(struct lec_alarms *a, struct rule *r, const char *why, const char *by, struct lec_moment t);
/* The alarm is not wanted, or nobody watches it: cleared and forgotten. Takes raise and shelf. */
void engine_drop(struct lec_alarms *a, struct raise *raise, struct shelf *shelf, const char *name, const char *why,
                 struct lec_moment t);
void engine_clock(struct lec_alarms *a, struct lec_moment t);
/* people.c: journals, forgets and frees the shelf of the rule. */
void shelf_over(struct lec_alarms *a, struct rule *r, const char *why, const char *by, struct lec_moment t);
void engine_due(struct lec_alarms *a, int64_t at);

/* text.c */
void text_raise(const struct lec_alarms *a, const struct rule *r, struct raise *out);
void text_label(const struct rule *r, struct words *out);
void text_help(const struct lec_device *device, const char *text, struct raise *out);
const char *severity_name(enum lec_severity s);
bool severity_of(const char *name, enum lec_severity *out);

/* keep.c */
/* What is kept of the rule: its raise and its shelf; NULL in *out->value: neither. Writes into `b`. */
void keep_rule(const struct rule *r, struct lec_buf *b);
void keep_key(const char *name, char key[LEC_ALARM_NAME_MAX + 16]);
void keep_ended_key(uint64_t number, char key[48]);

/* json.c */
/* r or raise may be NULL, not both. */
void json_alarm(const struct rule *r, const struct raise *raise, const struct shelf *shelf, struct lec_buf *b);
void json_publish(struct lec_alarms *a, const char *name, const struct rule *r, const struct raise *raise,
                  const struct shelf *shelf);
/* The members of a raise, for the bus and for what is kept. */
void json_raise(const struct raise *raise, struct lec_buf *b);

#endif
