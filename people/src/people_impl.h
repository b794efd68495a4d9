/* What the files of people/ share. */
#ifndef LECTERN_PEOPLE_IMPL_H
#define LECTERN_PEOPLE_IMPL_H

#include <sodium.h>
#include <sqlite3.h>

#include "lectern/people.h"

#define HASH_SIZE 16 /* of keyed hashes: places, cells of guess.c, codes, tokens */
#define KEY_SIZE  32

struct lec_people {
    sqlite3 *sql;
    char file[512];
    unsigned char key[KEY_SIZE];         /* of this file, random: nobody can compute a hash without having the file */
    char nobody[crypto_pwhash_STRBYTES]; /* a hash of a secret that nobody knows, for unknown names */
};

/* Seconds since 1970. */
int64_t wall_s(void);

/* db.c. `types` has a letter for each parameter that follows: s (const char *), i (int64_t), b (const void *, size_t of
 * HASH_SIZE always: only the pointer is given). All return 0, or a code with a sentence. */
int db_failed(struct lec_people *people, struct lec_err *err);
int db_prepare(struct lec_people *people, sqlite3_stmt **out, struct lec_err *err, const char *text, const char *types,
               ...);
/* 1: a row; 0: no more. */
int db_row(struct lec_people *people, sqlite3_stmt *s, struct lec_err *err);
int db_do(struct lec_people *people, struct lec_err *err, const char *text, const char *types, ...);
/* What may as well be lost: without waiting for the file, the disk, or a word when it fails. For the gateway's loop. Outside of
 * db_begin and db_end. */
void db_do_lightly(struct lec_people *people, const char *text, const char *types, ...);
/* Ends the sessions of a person: at kiosks, the kiosks' go on. */
int session_end_of(struct lec_people *people, const char *name, struct lec_err *err);
/* One integer; `otherwise` if there is no row. */
int db_number(struct lec_people *people, int64_t *out, int64_t otherwise, struct lec_err *err, const char *text,
              const char *types, ...);
/* Waits for the right to write. */
int db_begin(struct lec_people *people, struct lec_err *err);
/* Commits if rc is 0, else takes everything back. Returns rc, or what the commit failed with. */
int db_end(struct lec_people *people, int rc, struct lec_err *err);
/* A text column; "" for NULL. */
void db_text(sqlite3_stmt *s, int column, char *out, size_t size);

/* HASH_SIZE bytes of up to three parts, each with its length, under the file's key and for one purpose. */
void keyed_hash(const struct lec_people *people, char purpose, const char *a, const void *b, size_t b_size,
                unsigned char out[HASH_SIZE]);

/* name.c */
int check_name(const char *name, struct lec_err *err);
int check_label(const char *label, struct lec_err *err);
int check_role(const char *role, struct lec_err *err);
bool role_needs_password(const char *role);

/* secret.c */
bool secret_is_pin(const char *secret);
int check_secret(const char *name, const char *role, const char *secret, struct lec_err *err);
/* Block for the hash. */
int secret_hash(const char *secret, char out[crypto_pwhash_STRBYTES], struct lec_err *err);
/* 0, LEC_E_REFUSED (no sentence) or LEC_E_NOMEM. */
int secret_verify(const char *hash, const char *secret, struct lec_err *err);
bool secret_is_outdated(const char *hash);

/* guess.c */
enum guess_kind {
    GUESS_PAIR,    /* this name at this address */
    GUESS_ADDRESS, /* any name at this address */
    GUESS_NAME,    /* this name, from addresses where the person has never signed in */
    GUESS_CODE,    /* a pairing code at this address */
    GUESS_KINDS,
};
struct guess {
    int64_t cells[GUESS_KINDS][2];
    bool counts[GUESS_KINDS];
    unsigned char place[HASH_SIZE]; /* the address, hashed */
};
/* What a guess is counted by. name NULL: a code. */
int guess_of(struct lec_people *people, const char *name, const char *address, struct guess *out, struct lec_err *err);
/* *wait_s: 0 if it may be tried now. */
int guess_wait(struct lec_people *people, const struct guess *guess, int *wait_s, struct lec_err *err);
/* Both within db_begin and db_end. */
int guess_count(struct lec_people *people, const struct guess *guess, struct lec_err *err);
int guess_was_right(struct lec_people *people, const struct guess *guess, const char *name, struct lec_err *err);
int guess_too_early(int wait_s, struct lec_err *err);

/* person.c: the columns of PERSON_COLUMNS, from `column` on. */
#define PERSON_COLUMNS "name, label, role, disabled, made, seen"
void person_read(sqlite3_stmt *s, int column, struct lec_person *out);

/* session.c, within db_begin and db_end. room "": a person's. */
int session_make(struct lec_people *people, const char *name, const char *room, const char *role,
                 char token[LEC_TOKEN_SIZE], int64_t *id, struct lec_err *err);

#endif
