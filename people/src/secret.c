/* PINs and passwords: which will do, and their hashes.
 *
 * argon2id with 32 MiB and three passes: 100 to 200 ms on the small computers that lectern-web runs on (a core of 1.5 to 3 GHz), so that the five guesses
 * that cost no waiting are no burden, and 16 that wait in the gateway are answered within seconds. More memory would make the gateway need
 * it free at any moment on a machine of 1 or 2 GB; libsodium maps and unmaps it for each hash, and the gateway makes one at a time.
 * What this cannot do: a PIN of 4 digits is one of 10,000, so who has the file finds it in half an hour whatever the hash. The file's
 * mode, and throttling, protect PINs; the hash protects passwords, and PINs from being seen at a glance. Hence roles with power need
 * passwords. */
#include <errno.h>
#include <string.h>

#include "lectern/parse.h"
#include "people_impl.h"

#define OPS 3
#ifdef LECTERN_QUICK_HASHES /* tests of throttling make hundreds */
#define MEMORY ((size_t)64 << 10)
#else
#define MEMORY ((size_t)32 << 20)
#endif

#define PIN_MIN      4
#define PIN_MAX      12
#define PASSWORD_MIN 8

bool secret_is_pin(const char *secret)
{
    size_t len = strlen(secret);
    return len <= PIN_MAX && strspn(secret, "0123456789") == len;
}

/* 0000, 1212, 1234, 8765, 2580 (a column of the keypad). */
static bool is_easy_pin(const char *pin)
{
    size_t len = strlen(pin);
    bool up = true, down = true, pairs = true;
    for (size_t i = 1; i < len; i++) {
        up = up && (pin[i - 1] - '0' + 1) % 10 == pin[i] - '0';
        down = down && (pin[i] - '0' + 1) % 10 == pin[i - 1] - '0';
        pairs = pairs && (i < 2 || pin[i] == pin[i - 2]);
    }
    return up || down || pairs || strcmp(pin, "2580") == 0 || strcmp(pin, "0852") == 0;
}

static unsigned different_bytes(const char *text)
{
    bool seen[256] = {false};
    unsigned n = 0;
    for (const char *p = text; *p != '\0'; p++) {
        n += seen[(unsigned char)*p] ? 0 : 1;
        seen[(unsigned char)*p] = true;
    }
    return n;
}

int check_secret(const char *name, const char *role, const char *secret, struct lec_err *err)
{
    size_t len = strnlen(secret, LEC_SECRET_MAX + 1);
    if (len > LEC_SECRET_MAX)
        return lec_fail(err, LEC_E_RANGE, "a password has at most %d bytes", LEC_SECRET_MAX);
    if (!lec_is_utf8(secret, len))
        return lec_fail(err, LEC_E_RANGE, "a password is UTF-8 without control characters");
    if (secret_is_pin(secret)) {
        if (len < PIN_MIN)
            return lec_fail(err, LEC_E_RANGE, "a PIN has %d to %d digits", PIN_MIN, PIN_MAX);
        if (role_needs_password(role))
            return lec_fail(err, LEC_E_RANGE, "the role %s needs a password of %d characters and more, not a PIN", role,
                            PASSWORD_MIN);
        return is_easy_pin(secret) ? lec_fail(err, LEC_E_RANGE, "this PIN is one of the first that anybody tries") : 0;
    }
    if (len < PASSWORD_MIN)
        return lec_fail(err, LEC_E_RANGE, "a PIN has %d to %d digits, a password %d characters and more", PIN_MIN,
                        PIN_MAX, PASSWORD_MIN);
    if (different_bytes(secret) < 4 || strcasecmp(secret, name) == 0)
        return lec_fail(err, LEC_E_RANGE, "this password is one of the first that anybody tries");
    return 0;
}

int secret_hash(const char *secret, char out[crypto_pwhash_STRBYTES], struct lec_err *err)
{
    if (crypto_pwhash_str_alg(out, secret, strlen(secret), OPS, MEMORY, crypto_pwhash_ALG_ARGON2ID13) != 0)
        return lec_fail(err, LEC_E_NOMEM, "not enough memory for the hash of a PIN");
    return 0;
}

int secret_verify(const char *hash, const char *secret, struct lec_err *err)
{
    errno = 0;
    if (crypto_pwhash_str_verify(hash, secret, strlen(secret)) == 0)
        return 0;
    /* EINVAL: it was computed and differs. Else it could not be computed, and the person is not to blame. */
    return errno == EINVAL ? LEC_E_REFUSED : lec_fail(err, LEC_E_NOMEM, "not enough memory for the hash of a PIN");
}

bool secret_is_outdated(const char *hash)
{
    return crypto_pwhash_str_needs_rehash(hash, OPS, MEMORY) != 0;
}
