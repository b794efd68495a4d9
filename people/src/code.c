/* Codes that pair a room's own panel. */
#include <stdio.h>
#include <string.h>

#include "lectern/parse.h"
#include "people_impl.h"

#define CODE_DIGITS 8

/* Short, so that a stolen file gives it away; it lives ten minutes. What protects it is throttling: 15 guesses by each address. */
static void hash_code(const struct lec_people *people, const char *code, unsigned char out[HASH_SIZE])
{
    keyed_hash(people, 'c', code, NULL, 0, out);
}

int lec_code_new(struct lec_people *people, const char *room, const char *role, char code[9], struct lec_err *err)
{
    size_t len = strnlen(room, sizeof(((struct lec_session *)NULL)->room));
    if (len == 0 || len > LEC_PERSON_NAME_MAX - strlen("kiosk ") ||
        strspn(room, "abcdefghijklmnopqrstuvwxyz0123456789-") != len)
        return lec_fail(err, LEC_E_RANGE, "\"%.40s\" is no name of a room", room);
    int rc = check_role(role, err);
    if (rc < 0)
        return rc;
    if (role_needs_password(role))
        return lec_fail(err, LEC_E_RANGE, "a panel that everybody can touch cannot have the role %s", role);
    char text[CODE_DIGITS + 1];
    unsigned char hash[HASH_SIZE];
    snprintf(text, sizeof text, "%08u", randombytes_uniform(100000000));
    hash_code(people, text, hash);
    rc = db_do(people, err, "INSERT OR REPLACE INTO code VALUES(?, ?, ?, ?)", "sbsi", room, hash, role,
               wall_s() + LEC_CODE_S);
    if (rc == 0)
        memcpy(code, text, sizeof text);
    return rc;
}

/* 1: used up, its room and role are set; 0: there is none. */
static int take(struct lec_people *people, const char *code, char *room, size_t room_size, char *role, size_t role_size,
                struct lec_err *err)
{
    unsigned char hash[HASH_SIZE];
    int64_t now = wall_s();
    hash_code(people, code, hash);
    /* One that was made in the future was made by another clock. */
    int rc =
        db_do(people, err, "DELETE FROM code WHERE until <= ?1 OR until > ?1 + ?2", "ii", now, (int64_t)LEC_CODE_S);
    if (rc < 0)
        return rc;
    sqlite3_stmt *s;
    rc = db_prepare(people, &s, err, "DELETE FROM code WHERE hash = ? RETURNING room, role", "b", hash);
    if (rc < 0)
        return rc;
    rc = db_row(people, s, err);
    if (rc > 0) {
        db_text(s, 0, room, room_size);
        db_text(s, 1, role, role_size);
        int more = db_row(people, s, err); /* to its end, so that it is done */
        rc = more < 0 ? more : 1;
    }
    sqlite3_finalize(s);
    return rc;
}

static int redeem(struct lec_people *people, const char *code, const char *address, char token[LEC_TOKEN_SIZE],
                  int64_t *id, int *wait_s, struct lec_err *err)
{
    struct guess guess;
    char room[64], role[16], name[LEC_PERSON_NAME_MAX + 1];
    int wait, rc = guess_of(people, NULL, address, &guess, err);
    if (rc < 0 || (rc = guess_wait(people, &guess, &wait, err)) < 0)
        return rc;
    if (wait > 0) {
        *wait_s = wait;
        return guess_too_early(wait, err);
    }
    rc = take(people, code, room, sizeof room, role, sizeof role, err);
    if (rc < 0)
        return rc;
    if (rc == 0) {
        *id = 0;
        return guess_count(people, &guess, err);
    }
    snprintf(name, sizeof name, "kiosk %s", room);
    return session_make(people, name, room, role, token, id, err);
}

int lec_code_redeem(struct lec_people *people, const char *code, const char *address, char token[LEC_TOKEN_SIZE],
                    struct lec_session *out, int *wait_s, struct lec_err *err)
{
    char text[LEC_TOKEN_SIZE];
    int64_t id = 0;
    if (strnlen(code, CODE_DIGITS + 1) != CODE_DIGITS || strspn(code, "0123456789") != CODE_DIGITS)
        code = "";
    int rc = lec_people_may_guess(people, NULL, address, wait_s, err); /* without the right to write */
    if (rc < 0 || (rc = db_begin(people, err)) < 0)
        return rc;
    rc = db_end(people, redeem(people, code, address, text, &id, wait_s, err), err);
    if (rc < 0)
        return rc;
    if (id == 0)
        return lec_fail(err, LEC_E_REFUSED, "this code is wrong, was used, or is older than %d minutes",
                        LEC_CODE_S / 60);
    rc = lec_session_look(people, id, false, out, err);
    if (rc == 0)
        memcpy(token, text, sizeof text);
    return rc;
}
