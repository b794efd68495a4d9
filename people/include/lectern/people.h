/* The people of a school's computer: names, roles, PINs and passwords, their sessions, and codes that pair a room's own panel.
 * One SQLite file, used at the same time by lectern-web and by `lectern user`.
 *
 * Invariants
 *  - A secret is kept only as an argon2id hash (libsodium), a session or code only as the hash of its random token.
 *  - Guessing is throttled by name and by address, over restarts: after LEC_GUESSES_FREE wrong ones each further one must wait twice as
 *    long, up to LEC_GUESS_WAIT_MAX_S. A guess that comes too early is not even tried (and so costs no hash). Where a person
 *    has signed in before, only wrong guesses for this person at this place count, so that nobody else can keep a teacher out of her
 *    own room. One wrong guess is forgotten in LEC_GUESS_WAIT_MAX_S. (src/guess.c has the numbers and what they cost an attacker.)
 *  - Changing a person's secret or role, or removing the person, ends their sessions.
 *
 * Threads: an object belongs to one thread; several objects, also in several processes, may have the same file open.
 * Errors: 0 or a negative LEC_E_* with a sentence; LEC_E_CONFIG also stands for a file that cannot be used, LEC_E_TIMEOUT for one that
 * somebody else kept locked. Calls wait for the file at most 2 s. What cannot be written down is not done: with a full disk nobody
 * guesses, and sessions that are there go on. */
#ifndef LECTERN_PEOPLE_H
#define LECTERN_PEOPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lectern/err.h"

#define LEC_PERSON_NAME_MAX  63 /* bytes; letters, digits, space . - _ ' of any language, no control characters */
#define LEC_SECRET_MAX       128
#define LEC_PEOPLE_MAX       2000
#define LEC_SESSIONS_MAX     4096 /* the person's one not seen for longest goes first */
#define LEC_SESSIONS_EACH    32   /* of one person, or kiosks of one room: likewise */
#define LEC_GUESSES_FREE     5
#define LEC_GUESS_WAIT_MAX_S 900
#define LEC_TOKEN_SIZE       44                /* base64url of 32 bytes, with its NUL */
#define LEC_SESSION_IDLE_S   (12 * 3600)       /* a person's session that was not used for so long has expired */
#define LEC_SESSION_LONG_S   (7 * 24 * 3600)   /* ...and however it was used, after this */
#define LEC_PANEL_IDLE_S     3600              /* a person's at a kiosk: a lesson, and a bit */
#define LEC_KIOSK_IDLE_S     (100 * 24 * 3600) /* a kiosk's: summer holidays are shorter */
#define LEC_RENEW_GRACE_S    60  /* the old token is taken for so long after the first use of the new one */
#define LEC_CODE_S           600 /* a pairing code lives so long */

struct lec_people;

/* Opens or makes the file (mode 0600, in a folder that must be there; made by root, it belongs to the folder's owner). Refuses a file
 * that others may read, that is damaged, or that a newer Lectern made (LEC_E_CONFIG), and leaves it as it is. */
int lec_people_open(const char *file, struct lec_people **out, struct lec_err *err);
void lec_people_close(struct lec_people **people);

struct lec_person {
    char name[LEC_PERSON_NAME_MAX + 1];
    char label[128]; /* as people are called: "Cô Nguyễn Thị Lan"; "" if none */
    char role[16];   /* "viewer", "teacher", "lab", "facilities", "admin" */
    bool disabled;
    int64_t made, seen; /* seconds since 1970; seen 0: never */
};

/* A PIN has 4 to 12 digits, a password 8 bytes and more; roles facilities and admin need a password. Blocks for the hash (some 100 ms).
 * Returns LEC_E_RANGE (name, role, or a secret that is too easy: the sentence says why), LEC_E_BUSY (the name is taken, the
 * file is full). */
int lec_people_add(struct lec_people *people, const struct lec_person *person, const char *secret, struct lec_err *err);
/* NULL or "" members stay as they are. LEC_E_CONFIG: nobody has this name. Otherwise as lec_people_add; to become facilities or admin, who
 * has a PIN must get a password at the same time. */
int lec_people_change(struct lec_people *people, const char *name, const char *label, const char *role,
                      const char *secret, const bool *disabled, struct lec_err *err);
int lec_people_remove(struct lec_people *people, const char *name, struct lec_err *err);
/* Whether somebody has this name: for journals, which must not show a password that was typed as a name. */
bool lec_people_known(struct lec_people *people, const char *name);
/* Calls `each` for all, sorted by name. */
int lec_people_each(struct lec_people *people, void (*each)(void *ctx, const struct lec_person *person), void *ctx,
                    struct lec_err *err);

/* May somebody at this address guess for this name now? 0; or LEC_E_BUSY and *wait_s. Does not block for a hash. An unknown name is
 * throttled as a known one. */
int lec_people_may_guess(struct lec_people *people, const char *name, const char *address, int *wait_s,
                         struct lec_err *err);
/* Checks a secret and remembers the outcome for throttling. Blocks for the hash, for unknown names too, so that the time tells nothing.
 * Returns 0 with *person, LEC_E_REFUSED (wrong, unknown, disabled: not told apart), LEC_E_BUSY (throttled, *wait_s). */
int lec_people_check(struct lec_people *people, const char *name, const char *secret, const char *address,
                     struct lec_person *person, int *wait_s, struct lec_err *err);

struct lec_session {
    int64_t id;               /* never used twice; not secret */
    struct lec_person person; /* of a kiosk: its name is "kiosk ROOM" */
    bool kiosk;               /* nobody has signed in at this kiosk */
    char room[64];            /* a kiosk's only room; "" for people */
    char panel[64]; /* the room whose kiosk the browser is, also while a person is signed in there; "" for others */
    int64_t made, renewed, seen;
};

/* A number that changes when anything in the file was changed by anybody: open sockets look again (lec_session_look) when it did. Costs some
 * microseconds. -1: the file cannot be read now. */
int64_t lec_people_version(struct lec_people *people);

int lec_session_new(struct lec_people *people, const char *name, char token[LEC_TOKEN_SIZE], struct lec_err *err);
/* A person signs in at the kiosk with this token: its session is hers, with the same id and another token, until she signs out or has done
 * nothing for LEC_PANEL_IDLE_S; then it is the kiosk's again. LEC_E_REFUSED: the token is no kiosk's. */
int lec_session_over(struct lec_people *people, const char *token, const char *name, char fresh[LEC_TOKEN_SIZE],
                     struct lec_err *err);
/* Whose session it is. LEC_E_REFUSED: unknown or expired. LEC_E_CANCELLED: a token that was renewed long ago: somebody copied it, the session
 * has been ended (*out says whose it was). */
int lec_session_find(struct lec_people *people, const char *token, struct lec_session *out, struct lec_err *err);
/* The same for a connection that is open since lec_session_find: by its id, whatever the token is by now. `used`: somebody did something,
 * or a kiosk's page is open: it does not expire. LEC_E_REFUSED: it has ended. */
int lec_session_look(struct lec_people *people, int64_t id, bool used, struct lec_session *out, struct lec_err *err);
/* Calls `each` for all that have not expired, by name. */
int lec_session_each(struct lec_people *people, void (*each)(void *ctx, const struct lec_session *session), void *ctx,
                     struct lec_err *err);
/* Gives the session another token. The old one is taken until the new one has been used, and LEC_RENEW_GRACE_S more: an answer that
 * was lost on its way signs nobody out. Asked again with the old token, it gives the same new one. Errors as lec_session_find. */
int lec_session_renew(struct lec_people *people, const char *token, char fresh[LEC_TOKEN_SIZE], struct lec_err *err);
/* Signs out. At a kiosk only the person: the kiosk stays, and LEC_E_NOTSUP when nobody has signed in (lec_session_end_all unpairs it). An
 * unknown session has ended: 0. */
int lec_session_end(struct lec_people *people, const char *token, struct lec_err *err);
/* All of a person ("kiosk ROOM" too). */
int lec_session_end_all(struct lec_people *people, const char *name, struct lec_err *err);

/* A code of 8 digits that makes one browser the kiosk of a room. One at a time for a room. role: "viewer", "teacher", "lab" (LEC_E_RANGE
 * for others: a panel that everybody can touch is no administrator). */
int lec_code_new(struct lec_people *people, const char *room, const char *role, char code[9], struct lec_err *err);
/* Takes the code: it is used up. Throttled like secrets, by address. LEC_E_REFUSED: wrong, used or expired. */
int lec_code_redeem(struct lec_people *people, const char *code, const char *address, char token[LEC_TOKEN_SIZE],
                    struct lec_session *out, int *wait_s, struct lec_err *err);

#endif
