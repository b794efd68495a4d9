#include "digest/digest.h"

#include <md5.h>
#include <sha2.h>
#include <stdint.h>
#include <string.h>

#include "lectern/err.h"
#include "lectern/parse.h"

void lec_hex(const void *data, size_t n, char *out)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *bytes = data;
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * n] = '\0';
}

int lec_unhex(const char *hex, void *out, size_t n)
{
    if (strlen(hex) != 2 * n)
        return LEC_E_RANGE;
    for (size_t i = 0; i < 2 * n; i++)
        if (lec_hex_digit(hex[i]) < 0)
            return LEC_E_RANGE;
    unsigned char *bytes = out;
    for (size_t i = 0; i < n; i++)
        bytes[i] = (unsigned char)(lec_hex_digit(hex[2 * i]) * 16 + lec_hex_digit(hex[2 * i + 1]));
    return 0;
}

void lec_md5(const struct lec_piece pieces[], size_t n, char out[static LEC_MD5_HEX])
{
    MD5_CTX context;
    uint8_t digest[MD5_DIGEST_LENGTH];
    MD5Init(&context);
    for (size_t i = 0; i < n; i++)
        MD5Update(&context, pieces[i].data, pieces[i].n);
    MD5Final(digest, &context);
    lec_hex(digest, sizeof digest, out);
}

void lec_sha256(const struct lec_piece pieces[], size_t n, char out[static LEC_SHA256_HEX])
{
    SHA2_CTX context;
    uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA256Init(&context);
    for (size_t i = 0; i < n; i++)
        SHA256Update(&context, pieces[i].data, pieces[i].n);
    SHA256Final(digest, &context);
    lec_hex(digest, sizeof digest, out);
}
