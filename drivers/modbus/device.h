/* What the parts of the driver share: the device's state, made by prepare.c.
 *
 * Invariants: everything up to `ctx` is constant after prepare; `items[i].merge`, plans and suspicion change while
 * polling and are reset by open. Nothing is allocated in a poll whose set of due points was seen before.
 *
 * Threads: the line's thread, one callback at a time (driver.h). */
#ifndef MODBUS_DEVICE_H
#define MODBUS_DEVICE_H

#include "lectern/driver.h"
#include "plan.h"

typedef struct _modbus modbus_t; /* libmodbus */

#define MB_UNIT_MAX   247 /* libmodbus takes no higher unit on a serial line */
#define MB_UNIT_TCP   255 /* on TCP also the unit that means "the device itself" */
#define MB_PLANS_MAX  8   /* sets of due points whose plans are remembered */
#define MB_MOTOR_WAYS 2

/* Two relays that drive one motor in opposite directions, never both at once. */
struct mb_pair {
    const struct lec_point *point;
    struct mb_way {
        const char *choice;   /* what the position is called at this end; lent from the profile */
        struct mb_place coil; /* the relay that drives towards it */
        struct mb_place end;  /* the switch that tells that it is there */
        bool has_end;
    } way[MB_MOTOR_WAYS];
    int64_t travel_ns;  /* longest time that a relay stays on */
    int64_t reverse_ns; /* both relays off at least so long before the other one goes on */

    /* What is known while the line is open. */
    bool coil_on[MB_MOTOR_WAYS], end_on[MB_MOTOR_WAYS]; /* as last read */
    unsigned fresh;    /* which of them this poll has read: bit 2 * way + (0 coil, 1 end) */
    int64_t off_since; /* both relays seen off, without a break, since; LEC_NEVER: not known */
    int64_t stop_at;   /* the relay that is on goes off; LEC_NEVER: none is on */
    int driving;       /* the way whose relay is on, -1 none */
    int driven_to;     /* the end that a whole travel has led to, -1 none; used where there is no switch */
    bool moved;        /* it was seen moving, so that without switches "stopped" is known to be true */
    bool overran;      /* the last travel ended by time although there is a switch */
};

struct mb_point {
    struct mb_codec codec;
    struct mb_pair *pair;     /* a motor; NULL: a plain value */
    struct mb_pair *fault_of; /* tells whether that motor is well; NULL: a plain value */
    uint32_t first_item, n_items;
};

enum mb_action_kind { MB_ACT_WRITE, MB_ACT_STOP, MB_ACT_FUNCTION };

struct mb_action {
    enum mb_action_kind kind;
    struct mb_codec codec; /* WRITE */
    bool has_value;        /* WRITE: a fixed value; else the action's argument */
    struct lec_value value;
    struct mb_pair *pair; /* STOP */
    uint8_t function;     /* FUNCTION: a code that libmodbus does not know; the answer is an echo */
};

/* What a request of a plan brought last time. While that does not change, the points need not be decoded again. */
struct mb_view {
    const struct lec_point **points; /* one for each item; NULL: the request reads a motor, never skipped */
    void *raw;                       /* the registers, or the bits */
    bool valid;                      /* all its points were published good, from exactly these bytes, the last time */
};

/* A plan, remembered for the points that it reads. */
struct mb_cached {
    const struct lec_point **due;
    size_t n_due;
    uint32_t *order; /* indices of items */
    struct mb_txn *txns;
    struct mb_view *views; /* one for each of txns */
    size_t n_txns;
    uint64_t used;
};

struct modbus {
    int unit;
    bool rtu;         /* framing, whatever the line is */
    bool shares_unit; /* another device of this line has the same unit */
    struct mb_limits limits;
    struct mb_holes holes;
    int64_t byte_ns, quiet_ns; /* one character on the wire; the silence that ends every frame */
    struct mb_point *points;
    size_t n_points;
    struct mb_action *actions;
    size_t n_actions;
    struct mb_pair *pairs;
    size_t n_pairs;
    struct mb_item *items;
    size_t n_items;

    modbus_t *ctx;      /* between open and close */
    int64_t allowed_ns; /* what this callback gives one exchange */
    struct mb_cached plans[MB_PLANS_MAX];
    uint64_t uses;
    const struct mb_cached *last; /* the plan of the last poll: what others remember may be outdated */
    int exception;                /* of the last exchange; 0: none */
    bool suspect;                 /* a late answer may still come: exchange.h */
    bool replan;                  /* merging has changed: the plans are of no use any more */
};

/* pair.c. What the poll has read: role is 2 * way + (0 coil, 1 end). */
void mb_pair_take(struct mb_pair *pair, unsigned role, bool on);
bool mb_pair_complete(const struct mb_pair *pair);
/* Ends what must end (travel time over, end reached, both relays on) after a complete reading. */
int mb_pair_step(struct lec_dev *dev, struct mb_pair *pair, struct lec_err *err);
/* Publishes a point that shows the motor's position, or whether it is well. */
void mb_pair_publish(struct lec_dev *dev, const struct lec_point *point, const struct mb_pair *pair, bool fault);
int mb_pair_drive(struct lec_dev *dev, struct mb_pair *pair, int way, struct lec_err *err);
int mb_pair_stop(struct lec_dev *dev, struct mb_pair *pair, struct lec_err *err);
void mb_pair_reset(struct mb_pair *pair);

/* prepare.c: lec_schema.prepare and release. */
int mb_prepare(const struct lec_device *desc, void *state, struct lec_report *report);
void mb_release(void *state);

/* poll.c: lec_driver.poll, and forgetting what was learnt about merging (at open). */
int mb_poll(struct lec_dev *dev, const struct lec_point *const due[], size_t n, struct lec_err *err);
void mb_forget(struct modbus *m);

#endif
