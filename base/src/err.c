#include "lectern/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Cuts `s` so that it does not end in half a UTF-8 character. */
static void trim_utf8(char *s)
{
    size_t n = strlen(s), i = n;
    while (i > 0 && n - i < 4 && ((unsigned char)s[i - 1] & 0xC0) == 0x80)
        i--;
    if (i == 0)
        return;
    unsigned char lead = (unsigned char)s[i - 1];
    size_t need = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    if (n - (i - 1) < need)
        s[i - 1] = '\0';
}

int lec_fail(struct lec_err *err, int code, const char *fmt, ...)
{
    if (!err)
        return code;
    char text[LEC_ERR_TEXT]; /* an argument may point into err->text */
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (n >= (int)sizeof text)
        trim_utf8(text);
    err->code = code;
    memcpy(err->text, text, sizeof text);
    return code;
}

int lec_because(struct lec_err *err, const char *fmt, ...)
{
    if (!err)
        return LEC_E_BUG;
    char text[LEC_ERR_TEXT];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    size_t used = n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
    int m = snprintf(text + used, sizeof text - used, ": %s", err->text);
    if (m >= (int)(sizeof text - used))
        trim_utf8(text);
    memcpy(err->text, text, sizeof text);
    return err->code;
}

const char *lec_code_name(int code)
{
    switch (code) {
    case LEC_E_TIMEOUT:
        return "timeout";
    case LEC_E_LINK:
        return "link";
    case LEC_E_FRAME:
        return "frame";
    case LEC_E_REFUSED:
        return "refused";
    case LEC_E_BUSY:
        return "busy";
    case LEC_E_RANGE:
        return "range";
    case LEC_E_CONFIG:
        return "config";
    case LEC_E_NOTSUP:
        return "unsupported";
    case LEC_E_CANCELLED:
        return "cancelled";
    case LEC_E_NOMEM:
        return "memory";
    case LEC_E_BUG:
        return "bug";
    default:
        return "ok";
    }
}
