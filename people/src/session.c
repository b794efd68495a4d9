/* Sessions. A token is 32 random bytes: 16 that find the session and stay (the handle), 16 that prove it and are renewed (the secret). The
 * file has hashes of both. Whoever shows the right handle with a secret that is no longer taken has copied the token, or was copied
 * from: the session ends. So no list of old tokens is needed.
 *
 * The secret after a renewal is computed from the one before, so that two tabs that renew at once get the same one. */
#include <string.h>

#include "lectern/parse.h"
#include "people_impl.h"

#define PART 16

/* How often it is written down that a session is in use: each time is a write to the disk. */
#define SEEN_EVERY_S       300
#define SEEN_KIOSK_EVERY_S (6 * 3600)
#define SEEN_OVER_EVERY_S  60

struct token {
    unsigned char handle[PART], secret[PART];
};

struct found {
    struct lec_session session;
    unsigned char secret[HASH_SIZE], before[HASH_SIZE];
    bool has_before;
    int64_t used, over_seen;
};

#define SESSION_COLUMNS                                                                                                \
    "s.id, s.person, s.room, s.role, s.made, s.renewed, s.seen, s.secret, s.before, s.used, s.over_seen, p.name,"      \
    " p.label, p.role, p.disabled, p.made, p.seen FROM session s LEFT JOIN person p"                                   \
    " ON p.name = CASE WHEN s.room = '' THEN s.person ELSE s.over END"

static void write_token(const struct token *token, char out[LEC_TOKEN_SIZE])
{
    sodium_bin2base64(out, LEC_TOKEN_SIZE, (const unsigned char *)token, sizeof *token,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static bool read_token(const char *text, struct token *out)
{
    size_t n;
    return strnlen(text, LEC_TOKEN_SIZE) == LEC_TOKEN_SIZE - 1 &&
           sodium_base642bin((unsigned char *)out, sizeof *out, text, LEC_TOKEN_SIZE - 1, NULL, &n, NULL,
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
           n == sizeof *out;
}

static void hash_handle(const struct lec_people *people, const struct token *token, unsigned char out[HASH_SIZE])
{
    keyed_hash(people, 'h', "", token->handle, PART, out);
}

static void hash_secret(const struct lec_people *people, const struct token *token, unsigned char out[HASH_SIZE])
{
    keyed_hash(people, 's', "", token, sizeof *token, out);
}

static struct token next_token(const struct lec_people *people, const struct token *token)
{
    struct token next = *token;
    keyed_hash(people, 'n', "", token, sizeof *token, next.secret);
    return next;
}

static void kiosk_itself(sqlite3_stmt *s, struct lec_session *session)
{
    struct lec_person *p = &session->person;
    memset(p, 0, sizeof *p);
    db_text(s, 1, p->name, sizeof p->name);
    db_text(s, 3, p->role, sizeof p->role);
    p->made = session->made;
    p->seen = session->seen;
    session->kiosk = true;
    memcpy(session->room, session->panel, sizeof session->room);
}

/* Takes the columns; false if the session has ended. */
static bool read_session(sqlite3_stmt *s, struct found *out)
{
    memset(out, 0, sizeof *out);
    struct lec_session *session = &out->session;
    session->id = sqlite3_column_int64(s, 0);
    db_text(s, 2, session->panel, sizeof session->panel);
    session->made = sqlite3_column_int64(s, 4);
    session->renewed = sqlite3_column_int64(s, 5);
    session->seen = sqlite3_column_int64(s, 6);
    if (sqlite3_column_bytes(s, 7) == HASH_SIZE)
        memcpy(out->secret, sqlite3_column_blob(s, 7), HASH_SIZE);
    out->has_before = sqlite3_column_bytes(s, 8) == HASH_SIZE;
    if (out->has_before)
        memcpy(out->before, sqlite3_column_blob(s, 8), HASH_SIZE);
    out->used = sqlite3_column_int64(s, 9);
    int64_t now = wall_s(), idle = now - session->seen;
    bool person = sqlite3_column_type(s, 11) != SQLITE_NULL;
    if (person)
        person_read(s, 11, &session->person);
    person = person && !session->person.disabled;
    if (session->panel[0] == '\0')
        return person && idle < LEC_SESSION_IDLE_S && now - session->made < LEC_SESSION_LONG_S;
    out->over_seen = sqlite3_column_int64(s, 10);
    if (!person || now - out->over_seen >= LEC_PANEL_IDLE_S)
        kiosk_itself(s, session);
    return idle < LEC_KIOSK_IDLE_S;
}

static int ended(struct lec_err *err)
{
    return lec_fail(err, LEC_E_REFUSED, "not signed in, or not any more");
}

/* 0, LEC_E_REFUSED, or another failure. */
static int find(struct lec_people *people, const struct token *token, struct found *out, struct lec_err *err)
{
    unsigned char handle[HASH_SIZE];
    hash_handle(people, token, handle);
    sqlite3_stmt *s;
    int rc = db_prepare(people, &s, err, "SELECT " SESSION_COLUMNS " WHERE s.handle = ?", "b", handle);
    if (rc < 0)
        return rc;
    rc = db_row(people, s, err);
    if (rc >= 0)
        rc = rc > 0 && read_session(s, out) ? 0 : ended(err);
    sqlite3_finalize(s);
    return rc;
}

/* 0: the present secret; 1: the one before, still taken; LEC_E_CANCELLED: neither. */
static int compare(const struct lec_people *people, const struct token *token, const struct found *found)
{
    unsigned char hash[HASH_SIZE];
    hash_secret(people, token, hash);
    if (sodium_memcmp(hash, found->secret, HASH_SIZE) == 0)
        return 0;
    if (found->has_before && sodium_memcmp(hash, found->before, HASH_SIZE) == 0 &&
        (found->used == 0 || wall_s() - found->used < LEC_RENEW_GRACE_S))
        return 1;
    return LEC_E_CANCELLED;
}

static int end_stolen(struct lec_people *people, const struct found *found, struct lec_err *err)
{
    int rc = db_do(people, err, "DELETE FROM session WHERE id = ?", "i", found->session.id);
    return rc < 0 ? rc
                  : lec_fail(err, LEC_E_CANCELLED, "the session of %s was used from two places, and has been ended",
                             found->session.person.name);
}

/* What fails here is no reason to sign anybody out: a full disk, say. A clock that is behind (after a power failure, before it is set) is
 * not written down: set right, it would have everybody expired. */
static void note_seen(struct lec_people *people, const struct lec_session *session)
{
    int64_t now = wall_s(), every = session->panel[0] != '\0' ? SEEN_KIOSK_EVERY_S : SEEN_EVERY_S;
    if (now - session->seen >= every)
        db_do_lightly(people, "UPDATE session SET seen = ? WHERE id = ?", "ii", now, session->id);
}

/* What a person at a panel did. That her page was loaded is nothing: it loads itself. */
static void note_over(struct lec_people *people, const struct found *found)
{
    const struct lec_session *session = &found->session;
    if (session->panel[0] != '\0' && !session->kiosk && wall_s() - found->over_seen >= SEEN_OVER_EVERY_S)
        db_do_lightly(people, "UPDATE session SET over_seen = ? WHERE id = ?", "ii", wall_s(), session->id);
}

int lec_session_find(struct lec_people *people, const char *token, struct lec_session *out, struct lec_err *err)
{
    struct token t;
    struct found found;
    if (!read_token(token, &t))
        return ended(err);
    int rc = find(people, &t, &found, err);
    if (rc < 0)
        return rc;
    int which = compare(people, &t, &found);
    if (which < 0) {
        rc = end_stolen(people, &found, err);
        if (rc == LEC_E_CANCELLED)
            *out = found.session;
        return rc;
    }
    if (which == 0 && found.used == 0)
        db_do_lightly(people, "UPDATE session SET used = ? WHERE id = ?", "ii", wall_s(), found.session.id);
    note_seen(people, &found.session);
    *out = found.session;
    return 0;
}

int lec_session_look(struct lec_people *people, int64_t id, bool used, struct lec_session *out, struct lec_err *err)
{
    sqlite3_stmt *s;
    struct found found;
    int rc = db_prepare(people, &s, err, "SELECT " SESSION_COLUMNS " WHERE s.id = ?", "i", id);
    if (rc < 0)
        return rc;
    rc = db_row(people, s, err);
    if (rc >= 0)
        rc = rc > 0 && read_session(s, &found) ? 0 : ended(err);
    sqlite3_finalize(s);
    if (rc < 0)
        return rc;
    if (used) {
        note_seen(people, &found.session);
        note_over(people, &found);
    }
    *out = found.session;
    return 0;
}

int lec_session_each(struct lec_people *people, void (*each)(void *ctx, const struct lec_session *session), void *ctx,
                     struct lec_err *err)
{
    sqlite3_stmt *s;
    int rc = db_prepare(people, &s, err, "SELECT " SESSION_COLUMNS " ORDER BY s.person, s.made, s.id", "");
    if (rc < 0)
        return rc;
    while ((rc = db_row(people, s, err)) > 0) {
        struct found found;
        if (read_session(s, &found))
            each(ctx, &found.session);
    }
    sqlite3_finalize(s);
    return rc;
}

static int renew(struct lec_people *people, const struct token *token, struct token *fresh, struct lec_err *err)
{
    struct found found;
    int rc = find(people, token, &found, err);
    if (rc < 0)
        return rc;
    *fresh = next_token(people, token);
    int which = compare(people, token, &found);
    if (which != 0) /* 1: somebody renewed it just now; this is what he got */
        return which == 1 ? 0 : LEC_E_CANCELLED;
    unsigned char hash[HASH_SIZE];
    hash_secret(people, fresh, hash);
    return db_do(people, err,
                 "UPDATE session SET before = secret, secret = ?, used = 0, renewed = ?2, seen = ?2 WHERE id = ?",
                 "bii", hash, wall_s(), found.session.id);
}

int lec_session_renew(struct lec_people *people, const char *token, char fresh[LEC_TOKEN_SIZE], struct lec_err *err)
{
    struct token t, next;
    struct lec_session session;
    if (!read_token(token, &t))
        return ended(err);
    int rc = db_begin(people, err);
    if (rc < 0)
        return rc;
    rc = db_end(people, renew(people, &t, &next, err), err);
    if (rc == LEC_E_CANCELLED) /* ends it and says whose it was */
        return lec_session_find(people, token, &session, err);
    if (rc == 0)
        write_token(&next, fresh);
    return rc;
}

static int over(struct lec_people *people, const struct token *token, const char *name, struct token *fresh,
                struct lec_err *err)
{
    struct found found;
    int64_t n;
    int rc = find(people, token, &found, err);
    if (rc == 0 && (compare(people, token, &found) < 0 || found.session.panel[0] == '\0'))
        rc = lec_fail(err, LEC_E_REFUSED, "this is no kiosk");
    if (rc == 0)
        rc = db_number(people, &n, 0, err, "SELECT count(*) FROM person WHERE name = ? AND NOT disabled", "s", name);
    if (rc == 0 && n == 0)
        rc = lec_fail(err, LEC_E_CONFIG, "nobody has the name \"%.63s\"", name);
    if (rc == 0)
        rc = renew(people, token, fresh, err);
    if (rc == 0)
        rc = db_do(people, err, "UPDATE session SET over = ?, over_seen = ? WHERE id = ?", "sii", name, wall_s(),
                   found.session.id);
    return rc;
}

int lec_session_over(struct lec_people *people, const char *token, const char *name, char fresh[LEC_TOKEN_SIZE],
                     struct lec_err *err)
{
    struct token t, next;
    if (!read_token(token, &t))
        return ended(err);
    int rc = db_begin(people, err);
    if (rc < 0)
        return rc;
    rc = db_end(people, over(people, &t, name, &next, err), err);
    if (rc == 0)
        write_token(&next, fresh);
    return rc;
}

static int end(struct lec_people *people, const struct token *token, struct lec_err *err)
{
    struct found found;
    int rc = find(people, token, &found, err);
    if (rc == LEC_E_REFUSED) /* expired */
        return 0;
    if (rc < 0)
        return rc;
    if (found.session.kiosk)
        return lec_fail(err, LEC_E_NOTSUP, "nobody has signed in at this panel");
    if (found.session.panel[0] != '\0')
        return db_do(people, err, "UPDATE session SET over = '' WHERE id = ?", "i", found.session.id);
    return db_do(people, err, "DELETE FROM session WHERE id = ?", "i", found.session.id);
}

int lec_session_end(struct lec_people *people, const char *token, struct lec_err *err)
{
    struct token t;
    if (!read_token(token, &t))
        return 0;
    int rc = db_begin(people, err);
    return rc < 0 ? rc : db_end(people, end(people, &t, err), err);
}

int session_end_of(struct lec_people *people, const char *name, struct lec_err *err)
{
    int rc = db_do(people, err, "DELETE FROM session WHERE person = ?", "s", name);
    return rc < 0 ? rc : db_do(people, err, "UPDATE session SET over = '' WHERE over = ? AND over <> ''", "s", name);
}

int lec_session_end_all(struct lec_people *people, const char *name, struct lec_err *err)
{
    int rc = db_begin(people, err);
    return rc < 0 ? rc : db_end(people, session_end_of(people, name, err), err);
}

static int make_place(struct lec_people *people, const char *name, struct lec_err *err)
{
    int64_t now = wall_s(), n;
    int rc =
        db_do(people, err,
              "DELETE FROM session WHERE (room = '' AND (seen <= ?1 OR made <= ?2)) OR (room <> '' AND seen <= ?3)",
              "iii", now - LEC_SESSION_IDLE_S, now - LEC_SESSION_LONG_S, now - LEC_KIOSK_IDLE_S);
    if (rc == 0)
        rc = db_do(people, err,
                   "DELETE FROM session WHERE person = ?1 AND id NOT IN"
                   " (SELECT id FROM session WHERE person = ?1 ORDER BY seen DESC, id DESC LIMIT ?2)",
                   "si", name, (int64_t)LEC_SESSIONS_EACH - 1);
    if (rc == 0)
        rc = db_number(people, &n, 0, err, "SELECT count(*) FROM session", "");
    if (rc == 0 && n >= LEC_SESSIONS_MAX) /* people before panels: a person can sign in again */
        rc = db_do(people, err,
                   "DELETE FROM session WHERE id IN (SELECT id FROM session ORDER BY room <> '', seen, id LIMIT ?)",
                   "i", n - LEC_SESSIONS_MAX + 1);
    return rc;
}

int session_make(struct lec_people *people, const char *name, const char *room, const char *role,
                 char token[LEC_TOKEN_SIZE], int64_t *id, struct lec_err *err)
{
    struct token t;
    unsigned char handle[HASH_SIZE], secret[HASH_SIZE];
    int rc = make_place(people, name, err);
    if (rc < 0)
        return rc;
    randombytes_buf(&t, sizeof t);
    hash_handle(people, &t, handle);
    hash_secret(people, &t, secret);
    int64_t now = wall_s();
    rc = db_do(people, err,
               "INSERT INTO session(handle, secret, used, person, room, role, made, renewed, seen)"
               " VALUES(?1, ?2, ?6, ?3, ?4, ?5, ?6, ?6, ?6)",
               "bbsssi", handle, secret, name, room, role, now);
    if (rc < 0)
        return rc;
    *id = sqlite3_last_insert_rowid(people->sql);
    write_token(&t, token);
    return 0;
}

int lec_session_new(struct lec_people *people, const char *name, char token[LEC_TOKEN_SIZE], struct lec_err *err)
{
    char text[LEC_TOKEN_SIZE];
    int64_t n, id;
    int rc = db_begin(people, err);
    if (rc < 0)
        return rc;
    rc = db_number(people, &n, 0, err, "SELECT count(*) FROM person WHERE name = ? AND NOT disabled", "s", name);
    if (rc == 0)
        rc = n == 0 ? lec_fail(err, LEC_E_CONFIG, "nobody has the name \"%.63s\"", name)
                    : session_make(people, name, "", "", text, &id, err);
    rc = db_end(people, rc, err);
    if (rc == 0)
        memcpy(token, text, sizeof text);
    return rc;
}
