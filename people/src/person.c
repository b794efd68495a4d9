/* People: making, changing, removing, and checking a secret. */
#include <string.h>

#include "lectern/parse.h"
#include "people_impl.h"

void person_read(sqlite3_stmt *s, int column, struct lec_person *out)
{
    memset(out, 0, sizeof *out);
    db_text(s, column, out->name, sizeof out->name);
    db_text(s, column + 1, out->label, sizeof out->label);
    db_text(s, column + 2, out->role, sizeof out->role);
    out->disabled = sqlite3_column_int(s, column + 3) != 0;
    out->made = sqlite3_column_int64(s, column + 4);
    out->seen = sqlite3_column_int64(s, column + 5);
}

/* Whether there is room for this name. */
static int check_free(struct lec_people *people, const char *name, struct lec_err *err)
{
    int64_t n;
    int rc = db_number(people, &n, 0, err, "SELECT count(*) FROM person", "");
    if (rc < 0)
        return rc;
    if (n >= LEC_PEOPLE_MAX)
        return lec_fail(err, LEC_E_BUSY, "there are %d people, and there is no room for more", LEC_PEOPLE_MAX);
    /* "lan" beside "Lan" would be taken for her. */
    rc = db_number(people, &n, 0, err, "SELECT count(*) FROM person WHERE name = ? COLLATE NOCASE", "s", name);
    if (rc < 0)
        return rc;
    return n > 0 ? lec_fail(err, LEC_E_BUSY, "somebody has the name \"%s\" already", name) : 0;
}

static int insert(struct lec_people *people, const struct lec_person *person, const char *hash, bool pin,
                  struct lec_err *err)
{
    int rc = check_free(people, person->name, err);
    if (rc < 0)
        return rc;
    return db_do(people, err, "INSERT INTO person VALUES(?, ?, ?, ?, ?, ?, ?, 0)", "ssssiii", person->name,
                 person->label, person->role, hash, (int64_t)pin, (int64_t)person->disabled, wall_s());
}

int lec_people_add(struct lec_people *people, const struct lec_person *person, const char *secret, struct lec_err *err)
{
    char hash[crypto_pwhash_STRBYTES];
    int rc = check_name(person->name, err);
    if (rc < 0 || (rc = check_label(person->label, err)) < 0 || (rc = check_role(person->role, err)) < 0 ||
        (rc = check_secret(person->name, person->role, secret, err)) < 0 ||
        (rc = check_free(people, person->name, err)) < 0 || (rc = secret_hash(secret, hash, err)) < 0 ||
        (rc = db_begin(people, err)) < 0)
        return rc;
    return db_end(people, insert(people, person, hash, secret_is_pin(secret), err), err);
}

struct row {
    struct lec_person person;
    char hash[crypto_pwhash_STRBYTES];
    bool pin;
};

/* 1: found; 0: nobody has this name. */
static int find(struct lec_people *people, const char *name, struct row *out, struct lec_err *err)
{
    sqlite3_stmt *s;
    int rc = db_prepare(people, &s, err, "SELECT " PERSON_COLUMNS ", hash, pin FROM person WHERE name = ?", "s", name);
    if (rc < 0)
        return rc;
    rc = db_row(people, s, err);
    if (rc > 0) {
        person_read(s, 0, &out->person);
        db_text(s, 6, out->hash, sizeof out->hash);
        out->pin = sqlite3_column_int(s, 7) != 0;
    }
    sqlite3_finalize(s);
    return rc;
}

static int find_or_say(struct lec_people *people, const char *name, struct row *out, struct lec_err *err)
{
    int rc = find(people, name, out, err);
    if (rc == 0)
        return lec_fail(err, LEC_E_CONFIG, "nobody has the name \"%.63s\"", name);
    return rc < 0 ? rc : 0;
}

static int change(struct lec_people *people, const char *name, const char *label, const char *role, const char *hash,
                  bool pin, const bool *disabled, struct lec_err *err)
{
    struct row row;
    int rc = find_or_say(people, name, &row, err);
    if (rc < 0)
        return rc;
    if (!hash)
        pin = row.pin;
    if (role[0] == '\0')
        role = row.person.role;
    bool ends_sessions = hash || strcmp(role, row.person.role) != 0 || (disabled && *disabled);
    if (pin && role_needs_password(role))
        return lec_fail(err, LEC_E_RANGE, "the role %s needs a password, and %s has a PIN: give both together", role,
                        name);
    rc = db_do(people, err, "UPDATE person SET label = ?, role = ?, hash = ?, pin = ?, disabled = ? WHERE name = ?",
               "sssiis", label[0] != '\0' ? label : row.person.label, role, hash ? hash : row.hash, (int64_t)pin,
               (int64_t)(disabled ? *disabled : row.person.disabled), name);
    if (rc == 0 && ends_sessions)
        rc = session_end_of(people, name, err);
    return rc;
}

int lec_people_change(struct lec_people *people, const char *name, const char *label, const char *role,
                      const char *secret, const bool *disabled, struct lec_err *err)
{
    char hash[crypto_pwhash_STRBYTES];
    struct row row;
    bool has_secret = secret && secret[0] != '\0';
    label = label ? label : "";
    role = role ? role : "";
    int rc = check_label(label, err);
    if (rc == 0 && role[0] != '\0')
        rc = check_role(role, err);
    if (rc == 0)
        rc = find_or_say(people, name, &row, err);
    if (rc == 0 && has_secret)
        rc = check_secret(name, role[0] != '\0' ? role : row.person.role, secret, err);
    if (rc == 0 && has_secret)
        rc = secret_hash(secret, hash, err);
    if (rc < 0 || (rc = db_begin(people, err)) < 0)
        return rc;
    rc =
        change(people, name, label, role, has_secret ? hash : NULL, has_secret && secret_is_pin(secret), disabled, err);
    return db_end(people, rc, err);
}

int lec_people_remove(struct lec_people *people, const char *name, struct lec_err *err)
{
    struct row row;
    int rc = db_begin(people, err);
    if (rc < 0)
        return rc;
    rc = find_or_say(people, name, &row, err);
    if (rc == 0)
        rc = db_do(people, err, "DELETE FROM person WHERE name = ?", "s", name);
    if (rc == 0)
        rc = session_end_of(people, name, err);
    if (rc == 0)
        rc = db_do(people, err, "DELETE FROM place WHERE person = ?", "s", name);
    return db_end(people, rc, err);
}

bool lec_people_known(struct lec_people *people, const char *name)
{
    int64_t n;
    return db_number(people, &n, 0, NULL, "SELECT count(*) FROM person WHERE name = ?", "s", name) == 0 && n > 0;
}

int lec_people_each(struct lec_people *people, void (*each)(void *ctx, const struct lec_person *person), void *ctx,
                    struct lec_err *err)
{
    sqlite3_stmt *s;
    int rc = db_prepare(people, &s, err, "SELECT " PERSON_COLUMNS " FROM person ORDER BY name", "");
    if (rc < 0)
        return rc;
    while ((rc = db_row(people, s, err)) > 0) {
        struct lec_person person;
        person_read(s, 0, &person);
        each(ctx, &person);
    }
    sqlite3_finalize(s);
    return rc;
}

/* May it be tried? Then it counts as wrong until it was right. */
static int reserve(struct lec_people *people, struct guess *guess, const char *name, const char *address, int *wait_s,
                   struct lec_err *err)
{
    int wait, rc = guess_of(people, name, address, guess, err);
    if (rc < 0 || (rc = guess_wait(people, guess, &wait, err)) < 0)
        return rc;
    if (wait > 0) {
        *wait_s = wait;
        return guess_too_early(wait, err);
    }
    return guess_count(people, guess, err);
}

static int let_in(struct lec_people *people, const struct guess *guess, const struct row *was, const char *fresh_hash,
                  struct lec_err *err)
{
    struct row now;
    int rc = find(people, was->person.name, &now, err);
    if (rc < 0)
        return rc;
    /* Changed or removed while the hash was computed: the old secret is not right any more. */
    if (rc == 0 || now.person.disabled || strcmp(now.hash, was->hash) != 0)
        return lec_fail(err, LEC_E_REFUSED, "wrong name, PIN or password");
    rc = guess_was_right(people, guess, was->person.name, err);
    if (rc == 0)
        rc = db_do(people, err, "UPDATE person SET seen = ?, hash = ? WHERE name = ?", "iss", wall_s(),
                   fresh_hash ? fresh_hash : was->hash, was->person.name);
    return rc;
}

int lec_people_check(struct lec_people *people, const char *name, const char *secret, const char *address,
                     struct lec_person *person, int *wait_s, struct lec_err *err)
{
    struct guess guess;
    struct row row;
    char fresh[crypto_pwhash_STRBYTES];
    if (check_name(name, NULL) < 0 || strnlen(secret, LEC_SECRET_MAX + 1) > LEC_SECRET_MAX)
        return lec_fail(err, LEC_E_REFUSED, "wrong name, PIN or password");
    /* First without the right to write: thousands that come too early do not hold up others. */
    int rc = lec_people_may_guess(people, name, address, wait_s, err);
    if (rc < 0 || (rc = db_begin(people, err)) < 0)
        return rc;
    rc = reserve(people, &guess, name, address, wait_s, err);
    int found = rc == 0 ? find(people, name, &row, err) : 0;
    rc = db_end(people, found < 0 ? found : rc, err);
    if (rc < 0)
        return rc;

    rc = secret_verify(found ? row.hash : people->nobody, secret, err);
    if (rc == LEC_E_REFUSED || (rc == 0 && (!found || row.person.disabled)))
        return lec_fail(err, LEC_E_REFUSED, "wrong name, PIN or password");
    if (rc < 0)
        return rc;
    bool outdated = secret_is_outdated(row.hash) && secret_hash(secret, fresh, err) == 0;
    if ((rc = db_begin(people, err)) < 0)
        return rc;
    rc = db_end(people, let_in(people, &guess, &row, outdated ? fresh : NULL, err), err);
    if (rc == 0)
        *person = row.person;
    return rc;
}
