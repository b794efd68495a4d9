/* Motors behind two relays (screens, lifts, blinds). Never both relays at once; before the other direction, both off for
 * the pause; no relay on for longer than the travel, whoever switched it on.
 *
 * What is held to be true is only what was read: the relays and end switches of the last complete reading, and since when
 * both relays have been off without a break. After a reconnect nothing is held to be true. */
#include <string.h>

#include "exchange.h"

static const unsigned role_coil = 0, role_end = 1;

void mb_pair_take(struct mb_pair *pair, unsigned role, bool on)
{
    unsigned way = role / 2;
    if (role % 2 == role_coil)
        pair->coil_on[way] = on;
    else
        pair->end_on[way] = on;
    pair->fresh |= 1u << role;
}

bool mb_pair_complete(const struct mb_pair *pair)
{
    unsigned needed = 0;
    for (unsigned w = 0; w < MB_MOTOR_WAYS; w++)
        needed |= 1u << (2 * w + role_coil) | (unsigned)pair->way[w].has_end << (2 * w + role_end);
    return (pair->fresh & needed) == needed;
}

void mb_pair_reset(struct mb_pair *pair)
{
    pair->fresh = 0;
    pair->off_since = LEC_NEVER;
}

static int relay(struct lec_dev *dev, const struct mb_pair *pair, int way, bool on, struct lec_err *err)
{
    int rc = mb_write_coils(dev, pair->way[way].coil.addr, 1, on, true, err);
    if (rc < 0)
        return lec_because(err, "relay towards %s", pair->way[way].choice);
    return 0;
}

static int both_off(struct lec_dev *dev, struct mb_pair *pair, struct lec_err *err)
{
    int rc = 0;
    for (int w = 0; w < MB_MOTOR_WAYS; w++) {
        int one = relay(dev, pair, w, false, rc < 0 ? NULL : err);
        rc = rc < 0 ? rc : one; /* the second is tried even when the first failed */
        if (one == 0)
            pair->coil_on[w] = false;
    }
    if (rc == 0) {
        pair->driving = -1;
        pair->stop_at = LEC_NEVER;
        pair->off_since = lec_now();
    }
    return rc;
}

static bool at_end(const struct mb_pair *pair, int way)
{
    return pair->way[way].has_end && pair->end_on[way];
}

/* One relay is on: is that for the first time, is it long enough? */
static int watch_drive(struct lec_dev *dev, struct mb_pair *pair, int way, struct lec_err *err)
{
    int64_t now = lec_now();
    pair->off_since = LEC_NEVER;
    pair->moved = true;
    if (pair->driving != way) { /* somebody else switched it on, or we did before a restart */
        pair->driving = way;
        pair->stop_at = now + pair->travel_ns;
        pair->driven_to = -1;
    }
    bool arrived = at_end(pair, way), over = now >= pair->stop_at;
    if (!arrived && !over)
        return 0;
    int rc = both_off(dev, pair, err);
    if (rc == 0) {
        pair->overran = !arrived && pair->way[way].has_end;
        pair->driven_to = way;
    }
    return rc;
}

int mb_pair_step(struct lec_dev *dev, struct mb_pair *pair, struct lec_err *err)
{
    if (pair->coil_on[0] && pair->coil_on[1])
        return both_off(dev, pair, err);
    for (int w = 0; w < MB_MOTOR_WAYS; w++)
        if (pair->coil_on[w])
            return watch_drive(dev, pair, w, err);
    pair->driving = -1;
    pair->stop_at = LEC_NEVER;
    if (at_end(pair, 0) || at_end(pair, 1))
        pair->overran = false; /* somebody has helped it there */
    if (pair->off_since == LEC_NEVER)
        pair->off_since = lec_now();
    return 0;
}

static const char *position(const struct mb_pair *pair)
{
    if (at_end(pair, 0) && at_end(pair, 1))
        return "unknown";
    if (pair->driving >= 0)
        return "moving";
    bool switches = true;
    for (int w = 0; w < MB_MOTOR_WAYS; w++) {
        if (at_end(pair, w) || (!pair->way[w].has_end && pair->driven_to == w))
            return pair->way[w].choice;
        switches = switches && pair->way[w].has_end;
    }
    return switches || pair->moved ? "stopped" : "unknown";
}

void mb_pair_publish(struct lec_dev *dev, const struct lec_point *point, const struct mb_pair *pair, bool fault)
{
    bool ill = pair->overran || (at_end(pair, 0) && at_end(pair, 1));
    struct lec_value value;
    if (!fault)
        value = lec_enum(position(pair));
    else
        value = point->type == LEC_BOOL ? lec_bool(ill) : lec_enum(ill ? "error" : "ok");
    lec_dev_publish(dev, point, &value);
}

/* Reads relays and switches now. */
static int look(struct lec_dev *dev, struct mb_pair *pair, struct lec_err *err)
{
    for (unsigned w = 0; w < MB_MOTOR_WAYS; w++) {
        const struct mb_place *places[] = {&pair->way[w].coil, &pair->way[w].end};
        for (unsigned k = 0; k < 1u + pair->way[w].has_end; k++) {
            uint8_t bit;
            int rc = mb_read(dev, places[k]->table, places[k]->addr, 1, NULL, &bit, err);
            if (rc < 0)
                return rc;
            mb_pair_take(pair, 2 * w + k, bit != 0);
        }
    }
    return mb_pair_step(dev, pair, err);
}

static int wait_reverse(struct lec_dev *dev, const struct mb_pair *pair, struct lec_err *err)
{
    int64_t off_for = pair->off_since == LEC_NEVER ? 0 : lec_now() - pair->off_since;
    return off_for < pair->reverse_ns ? lec_dev_pause(dev, pair->reverse_ns - off_for, err) : 0;
}

int mb_pair_drive(struct lec_dev *dev, struct mb_pair *pair, int way, struct lec_err *err)
{
    int rc = look(dev, pair, err);
    if (rc < 0 || pair->driving == way)
        return rc;
    if (at_end(pair, way))
        return pair->driving < 0 ? 0 : both_off(dev, pair, err);
    if (pair->driving >= 0)
        rc = both_off(dev, pair, err);
    if (rc == 0)
        rc = wait_reverse(dev, pair, err);
    if (rc == 0)
        rc = look(dev, pair, err);
    if (rc < 0)
        return rc;
    if (pair->driving >= 0)
        return lec_fail(err, LEC_E_REFUSED, "the relay towards %s does not stay off", pair->way[pair->driving].choice);
    /* Noted before it is sent: if the answer is lost, the relay may be on, and must go off in time. */
    pair->driving = way;
    pair->stop_at = lec_now() + pair->travel_ns;
    pair->off_since = LEC_NEVER;
    pair->driven_to = -1;
    pair->moved = true;
    pair->overran = false;
    lec_dev_poll_soon(dev, pair->point);
    return relay(dev, pair, way, true, err);
}

int mb_pair_stop(struct lec_dev *dev, struct mb_pair *pair, struct lec_err *err)
{
    int rc = both_off(dev, pair, err);
    lec_dev_poll_soon(dev, pair->point);
    return rc;
}
