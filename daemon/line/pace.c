#include "lectern/pace.h"

#include <math.h>
#include <string.h>

#include "lectern/clock.h"

#define BUCKET_FIRST_NS  (50 * LEC_MS)
#define BUCKET_LAST_NS   LEC_SEC        /* times LEC_PACE_POINTS: the line knows the last minute */
#define BELIEF           300e-6         /* a crystal keeps to its nominal frequency about so well... */
#define DOUBT            6              /* ...and one that is off by so many times more than explained is none */
#define YOUNG_POINTS     8              /* while so few arrivals are known, the first ones are doubted: */
#define BACKLOG_NS       (30 * LEC_MS)  /* they came later than that */
#define MISSING_ARRIVALS 16             /* losses are not looked for before so many arrivals... */
#define MISSING_AFTER_NS (10 * LEC_SEC) /* ...and small ones not before the line is steady */
#define WINDOW_NS        LEC_SEC        /* lateness is compared between windows of this length */
#define WINDOWS_HIGH     2              /* so many late ones in a row are a loss */
#define GAP_LEAST_NS     (25 * LEC_MS)  /* schedulers and USB adapters delay by less */

void lec_pace_begin(struct lec_pace *p, double nominal_interval_ns)
{
    *p = (struct lec_pace){
        .nominal_ns = nominal_interval_ns, .interval_ns = nominal_interval_ns, .bucket_ns = BUCKET_FIRST_NS};
}

/* ---- The line ----------------------------------------------------------------------------------------------- */

static double x_of(const struct lec_pace *p, unsigned i)
{
    return (double)(p->at[i].number - p->origin);
}

static double y_of(const struct lec_pace *p, unsigned i)
{
    return (double)(p->at[i].ns - p->origin_ns);
}

/* The lower convex hull of what is remembered, as indices; returns their number. */
static unsigned hull(const struct lec_pace *p, unsigned out[LEC_PACE_POINTS])
{
    unsigned n = 0;
    for (unsigned i = 0; i < p->n_at; i++) {
        while (n >= 2) {
            double ax = x_of(p, out[n - 1]) - x_of(p, out[n - 2]), ay = y_of(p, out[n - 1]) - y_of(p, out[n - 2]);
            double bx = x_of(p, i) - x_of(p, out[n - 2]), by = y_of(p, i) - y_of(p, out[n - 2]);
            if (ax * by - ay * bx > 0)
                break;
            n--;
        }
        out[n++] = i;
    }
    return n;
}

/* The slope of the edge over the middle, 0 when there is none. */
static double measured(const struct lec_pace *p)
{
    unsigned corner[LEC_PACE_POINTS];
    unsigned n = hull(p, corner);
    if (n < 2)
        return 0;
    double middle = (x_of(p, 0) + x_of(p, p->n_at - 1)) / 2;
    unsigned i = 1;
    while (i < n - 1 && x_of(p, corner[i]) < middle)
        i++;
    return (y_of(p, corner[i]) - y_of(p, corner[i - 1])) / (x_of(p, corner[i]) - x_of(p, corner[i - 1]));
}

/* How far the arrivals lie above the line of that slope: the least, and the mean of the rest over it. */
static double lowest(const struct lec_pace *p, double slope, double *mean)
{
    double least = y_of(p, 0), sum = 0;
    for (unsigned i = 0; i < p->n_at; i++) {
        double above = y_of(p, i) - slope * x_of(p, i);
        least = fmin(least, above);
        sum += above;
    }
    *mean = sum / p->n_at - least;
    return least;
}

/* The measured slope is worth the more, the longer it was measured and the more evenly packets come; until then the
 * nominal one counts too, unless it cannot be true. */
static void fit(struct lec_pace *p)
{
    if (!p->stale)
        return;
    p->stale = false;
    p->origin = p->at[0].number; /* near enough for exact arithmetic */
    p->origin_ns = p->at[0].ns;
    double slope = measured(p), nominal = p->nominal_ns;
    double samples = x_of(p, p->n_at - 1), uneven;
    p->settled = false;
    if (slope <= 0) {
        slope = nominal;
    } else if (nominal > 0) {
        (void)lowest(p, slope, &uneven);
        double doubt = (uneven + 0.01 * nominal) / samples, belief = BELIEF * nominal;
        double apart = fabs(slope - nominal);
        double weight = 1 / (1 + doubt * doubt / (belief * belief));
        if (p->n_at < 3)
            slope = nominal;
        else if (apart * apart < DOUBT * DOUBT * (doubt * doubt + belief * belief))
            slope = nominal + weight * (slope - nominal);
        p->settled = p->n_at >= 3 && weight > 0.5;
    }
    p->interval_ns = slope;
    p->first_ns = lowest(p, slope, &uneven);
}

/* By the line alone. */
static double line_ns(const struct lec_pace *p, uint64_t number)
{
    double x = number >= p->origin ? (double)(number - p->origin) : -(double)(p->origin - number);
    return p->first_ns + p->interval_ns * x;
}

/* ---- Remembering -------------------------------------------------------------------------------------------- */

/* Whether arrival i came with less delay than arrival k. */
static bool sooner(const struct lec_pace *p, unsigned i, unsigned k)
{
    double apart = (double)p->at[i].number - (double)p->at[k].number;
    return (double)(p->at[i].ns - p->at[k].ns) < p->interval_ns * apart;
}

/* Room for one more: half of them at a time while the buckets may grow, then the oldest. */
static void make_room(struct lec_pace *p)
{
    if (p->bucket_ns >= BUCKET_LAST_NS) {
        memmove(&p->at[0], &p->at[1], (LEC_PACE_POINTS - 1) * sizeof p->at[0]);
        p->n_at--;
        return;
    }
    unsigned n = 0;
    for (unsigned i = 0; i < p->n_at; i += 2)
        p->at[n++] = i + 1 < p->n_at && sooner(p, i + 1, i) ? p->at[i + 1] : p->at[i];
    p->n_at = n;
    p->bucket_ns *= 2;
}

void lec_pace_arrived(struct lec_pace *p, uint64_t count, int64_t arrived_ns)
{
    if (count == 0 || (p->n_at > 0 && count - 1 <= p->at[p->n_at - 1].number))
        return;
    if (p->n_at > 0 && p->n_at < YOUNG_POINTS && p->nominal_ns > 0 &&
        (double)(arrived_ns - p->at[0].ns) < p->nominal_ns * (double)(count - 1 - p->at[0].number) - BACKLOG_NS)
        p->n_at = 0; /* what came first had waited in a buffer for us */
    if (p->n++ == 0)
        p->begun_ns = arrived_ns;
    p->newest_ns = arrived_ns;
    p->stale = true;
    unsigned last = p->n_at - 1;
    bool same_bucket = p->n_at > 1 && arrived_ns / p->bucket_ns == p->at[last].ns / p->bucket_ns;
    if (!same_bucket && p->n_at == LEC_PACE_POINTS)
        make_room(p);
    unsigned at = same_bucket ? last : p->n_at++;
    unsigned fresh = at;
    if (same_bucket) { /* whichever of the two waited less */
        double apart = (double)(count - 1 - p->at[at].number);
        if ((double)(arrived_ns - p->at[at].ns) >= p->interval_ns * apart)
            return;
    }
    p->at[fresh].number = count - 1;
    p->at[fresh].ns = arrived_ns;
}

/* ---- Losses ------------------------------------------------------------------------------------------------- */

static double late_by(const struct lec_pace *p, uint64_t number, int64_t ns)
{
    return (double)(ns - p->origin_ns) - line_ns(p, number);
}

static void new_window(struct lec_pace *p, int64_t now)
{
    p->late.begun_ns = now;
    p->late.n = 0;
    p->late.sum = 0;
    p->late.least = (double)INFINITY;
}

/* A window is over: is it late as a whole, and the one before too? Returns by how much, in nanoseconds, else 0. The
 * least of n delays scatters by about their mean divided by n; so many times that does not come by chance. Packets that
 * queued behind a late one count as one. */
static double judge_window(struct lec_pace *p)
{
    double n = (double)p->late.n, alone = WINDOW_NS / fmax(p->late.worst, 1);
    double chance = 25 * (p->late.sum / n - p->late.least) / fmin(n, alone);
    double more = p->late.known ? late_by(p, p->late.least_number, p->late.least_ns) -
                                      late_by(p, p->late.usual_number, p->late.usual_ns)
                                : 0;
    if (more > 0.75 * p->interval_ns + chance) {
        if (++p->late.high < WINDOWS_HIGH)
            return 0;
        p->late.high = 0;
        p->late.known = false;
        return more;
    }
    p->late.high = 0;
    p->late.usual_number = p->late.least_number;
    p->late.usual_ns = p->late.least_ns;
    p->late.known = p->newest_ns - p->begun_ns > MISSING_AFTER_NS;
    return 0;
}

uint64_t lec_pace_missing(struct lec_pace *p, uint64_t count, int64_t arrived_ns)
{
    if (p->n < MISSING_ARRIVALS || count == 0)
        return 0;
    fit(p);
    if (p->interval_ns <= 0)
        return 0;
    double late = late_by(p, count - 1, arrived_ns);
    double usual = fmax(p->late.worst, GAP_LEAST_NS);
    double lost = 0;
    if (late > fmax(0.8 * p->interval_ns, 2 * usual)) {
        lost = fmax(floor((late - usual) / p->interval_ns + 0.25), 1);
        late -= lost * p->interval_ns;
        new_window(p, arrived_ns);
    } else {
        p->late.worst = fmax(late, p->late.worst * 0.999);
    }
    if (p->late.begun_ns == 0)
        new_window(p, arrived_ns);
    p->late.n++;
    p->late.sum += late;
    if (late < p->late.least) {
        p->late.least = late;
        p->late.least_number = count - 1 + (uint64_t)lost;
        p->late.least_ns = arrived_ns;
    }
    if (arrived_ns - p->late.begun_ns >= WINDOW_NS && p->late.n >= 8) {
        lost += round(judge_window(p) / p->interval_ns);
        new_window(p, arrived_ns);
    }
    return (uint64_t)lost;
}

/* ---- Asking ------------------------------------------------------------------------------------------------- */

int64_t lec_pace_time(struct lec_pace *p, uint64_t number)
{
    if (p->n == 0)
        return 0;
    fit(p);
    int64_t t = p->origin_ns + (int64_t)llround(line_ns(p, number));
    if (p->told && number > p->told_number) {
        int64_t least = p->told_ns + (int64_t)((double)(number - p->told_number) * p->interval_ns / 2);
        t = t > least ? t : least;
    }
    t = t < p->newest_ns ? t : p->newest_ns;
    if (p->told && number <= p->told_number)
        return t < p->told_ns ? t : p->told_ns;
    t = p->told && t < p->told_ns ? p->told_ns : t;
    p->told = true;
    p->told_number = number;
    p->told_ns = t;
    return t;
}

double lec_pace_interval(struct lec_pace *p)
{
    if (p->n > 0)
        fit(p);
    return p->interval_ns;
}

double lec_pace_drift_ppm(struct lec_pace *p)
{
    if (p->n > 0)
        fit(p);
    return p->settled && p->nominal_ns > 0 ? (p->nominal_ns / p->interval_ns - 1) * 1e6 : 0;
}
