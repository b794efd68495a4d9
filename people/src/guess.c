/* Throttling of guesses.
 *
 * A wrong guess is counted three times: for the name at the address, for the address, for the name. Each count has so many free guesses; each
 * further one must come 1, 2, 4... up to LEC_GUESS_WAIT_MAX_S seconds after the one before. A count falls by one for each LEC_GUESS_WAIT_MAX_S
 * without a wrong guess. So an attacker who does not tire tries some 15 PINs in the first 20 minutes and then 96 a day: half of the
 * 10,000 PINs of 4 digits in 52 days, while the journal says so each day.
 *  - name at address: LEC_GUESSES_FREE. All that counts where the person has signed in before (in the last PLACE_S): whoever guesses
 *    elsewhere, or for others at the same panel, does not keep her out.
 *  - address: ADDRESS_FREE, since several people mistype at one panel. Against trying one PIN with all names.
 *  - name: NAME_FREE. Against one attacker with many addresses. The price: while somebody with ten addresses or more goes on and on, the
 *    person can sign in at her usual places only. The other way round, a list of 200 addresses would try 19,000 PINs a day.
 * A right guess changes no count (else an attacker with an account of his own would wipe the address's): people who mistype
 * wait a second or two.
 *
 * The counts are bounded without ever being thrown out, which an attacker would use to wipe his own: a name or address, hashed under the file's
 * secret key, is counted in one of CELLS cells in each of two rows, and the lower of the two counts. Whoever shares a cell with an attacker in one row
 * notices nothing; with 200 attackers at the limit, one stranger in 400 shares both and waits with them. 2 rows of 4096 cells for 4 kinds,
 * about 20 bytes each: at most 650 kB in the file, and nobody can choose his cell.
 *
 * A guess is counted before it is tried and taken back if it was right: guesses side by side, or a crash, gain nothing. */
#include <arpa/inet.h>
#include <string.h>

#include "people_impl.h"

#define CELLS 4096
#define ROWS  2

#define ADDRESS_FREE 20
#define NAME_FREE    50

#define PLACES_EACH 16 /* of a person; the one not seen for longest goes */
#define PLACE_S     (90 * 24 * 3600)

static const int64_t frees[GUESS_KINDS] = {
    [GUESS_PAIR] = LEC_GUESSES_FREE,
    [GUESS_ADDRESS] = ADDRESS_FREE,
    [GUESS_NAME] = NAME_FREE,
    [GUESS_CODE] = LEC_GUESSES_FREE,
};

/* The address as a place: of IPv6 the first 64 bits, since whoever has one address has 2^64. Another text stands for itself. */
static size_t place_of(const char *address, unsigned char out[64])
{
    struct in6_addr six;
    if (inet_pton(AF_INET, address, out) == 1)
        return 4;
    if (inet_pton(AF_INET6, address, &six) != 1) {
        size_t len = strnlen(address, 63);
        memcpy(out, address, len);
        out[len] = 0;
        return len + 1;
    }
    if (IN6_IS_ADDR_V4MAPPED(&six)) {
        memcpy(out, six.s6_addr + 12, 4);
        return 4;
    }
    memcpy(out, six.s6_addr, 8);
    return 8;
}

static void cells_of(const struct lec_people *people, enum guess_kind kind, const char *name, const void *place,
                     size_t size, int64_t cells[ROWS])
{
    unsigned char hash[HASH_SIZE];
    keyed_hash(people, (char)('0' + (int)kind), name, place, size, hash);
    for (int row = 0; row < ROWS; row++)
        cells[row] = ((int64_t)kind * ROWS + row) * CELLS + (hash[2 * row] | hash[2 * row + 1] << 8) % CELLS;
}

int guess_of(struct lec_people *people, const char *name, const char *address, struct guess *out, struct lec_err *err)
{
    unsigned char place[64];
    size_t size = place_of(address, place);
    memset(out, 0, sizeof *out);
    keyed_hash(people, 'p', "", place, size, out->place);
    if (!name) {
        out->counts[GUESS_CODE] = true;
        cells_of(people, GUESS_CODE, "", place, size, out->cells[GUESS_CODE]);
        return 0;
    }
    int64_t seen;
    int rc = db_number(people, &seen, 0, err, "SELECT seen FROM place WHERE person = ? AND place = ?", "sb", name,
                       out->place);
    if (rc < 0)
        return rc;
    bool at_home = seen > 0 && wall_s() - seen < PLACE_S;
    out->counts[GUESS_PAIR] = true;
    out->counts[GUESS_ADDRESS] = out->counts[GUESS_NAME] = !at_home;
    cells_of(people, GUESS_PAIR, name, place, size, out->cells[GUESS_PAIR]);
    cells_of(people, GUESS_ADDRESS, "", place, size, out->cells[GUESS_ADDRESS]);
    cells_of(people, GUESS_NAME, name, NULL, 0, out->cells[GUESS_NAME]);
    return 0;
}

struct count {
    int64_t wrong, last;
};

static int read_count(struct lec_people *people, int64_t cell, struct count *out, struct lec_err *err)
{
    sqlite3_stmt *s;
    int rc = db_prepare(people, &s, err, "SELECT wrong, last FROM guess WHERE cell = ?", "i", cell);
    if (rc < 0)
        return rc;
    rc = db_row(people, s, err);
    if (rc >= 0)
        *out = rc > 0 ? (struct count){sqlite3_column_int64(s, 0), sqlite3_column_int64(s, 1)} : (struct count){0, 0};
    sqlite3_finalize(s);
    return rc < 0 ? rc : 0;
}

static int64_t wait_after(int64_t wrong, int64_t free_ones)
{
    if (wrong < free_ones)
        return 0;
    int64_t doublings = wrong - free_ones;
    return doublings >= 10 ? LEC_GUESS_WAIT_MAX_S : INT64_C(1) << doublings;
}

int guess_wait(struct lec_people *people, const struct guess *guess, int *wait_s, struct lec_err *err)
{
    int64_t now = wall_s(), longest = 0;
    for (int kind = 0; kind < GUESS_KINDS; kind++) {
        int64_t shortest = LEC_GUESS_WAIT_MAX_S;
        for (int row = 0; guess->counts[kind] && row < ROWS; row++) {
            struct count c;
            int rc = read_count(people, guess->cells[kind][row], &c, err);
            if (rc < 0)
                return rc;
            /* A clock that was put back does not make anybody wait for longer than the limit. */
            int64_t left = (c.last > now ? now : c.last) + wait_after(c.wrong, frees[kind]) - now;
            shortest = left < shortest ? left : shortest;
        }
        if (guess->counts[kind] && shortest > longest)
            longest = shortest;
    }
    *wait_s = (int)longest;
    return 0;
}

static int change_counts(struct lec_people *people, const struct guess *guess, int by, struct lec_err *err)
{
    int64_t now = wall_s();
    for (int kind = 0; kind < GUESS_KINDS; kind++) {
        for (int row = 0; guess->counts[kind] && row < ROWS; row++) {
            struct count c;
            int rc = read_count(people, guess->cells[kind][row], &c, err);
            if (rc < 0)
                return rc;
            int64_t forgotten = now > c.last ? (now - c.last) / LEC_GUESS_WAIT_MAX_S : 0;
            int64_t most = frees[kind] + 10; /* from where the wait does not grow */
            c.wrong = (c.wrong > forgotten ? c.wrong - forgotten : 0) + by;
            c.wrong = c.wrong < 0 ? 0 : c.wrong > most ? most : c.wrong;
            rc = db_do(people, err, "INSERT OR REPLACE INTO guess VALUES(?, ?, ?)", "iii", guess->cells[kind][row],
                       c.wrong, now);
            if (rc < 0)
                return rc;
        }
    }
    return 0;
}

int guess_count(struct lec_people *people, const struct guess *guess, struct lec_err *err)
{
    return change_counts(people, guess, 1, err);
}

int guess_was_right(struct lec_people *people, const struct guess *guess, const char *name, struct lec_err *err)
{
    int rc = change_counts(people, guess, -1, err);
    if (rc < 0 || !name)
        return rc;
    rc = db_do(people, err, "INSERT OR REPLACE INTO place VALUES(?, ?, ?)", "sbi", name, guess->place, wall_s());
    if (rc < 0)
        return rc;
    return db_do(people, err,
                 "DELETE FROM place WHERE person = ?1 AND place NOT IN"
                 " (SELECT place FROM place WHERE person = ?1 ORDER BY seen DESC, place LIMIT ?2)",
                 "si", name, (int64_t)PLACES_EACH);
}

int guess_too_early(int wait_s, struct lec_err *err)
{
    return lec_fail(err, LEC_E_BUSY, "too many wrong guesses: try again in %d s", wait_s);
}

int lec_people_may_guess(struct lec_people *people, const char *name, const char *address, int *wait_s,
                         struct lec_err *err)
{
    struct guess guess;
    int wait, rc = guess_of(people, name, address, &guess, err);
    if (rc < 0 || (rc = guess_wait(people, &guess, &wait, err)) < 0)
        return rc;
    *wait_s = wait;
    return wait > 0 ? guess_too_early(wait, err) : 0;
}
