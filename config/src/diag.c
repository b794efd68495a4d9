#include "diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lectern/model.h"
#include "lectern/parse.h"

int lec_diag_error(struct lec_diag *d, const char *file, int line, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    d->errors++;
    if (d->soft)
        lec_report_warn(d->report, file, line, "%s", text);
    else
        lec_report_add(d->report, file, line, "%s", text);
    return LEC_E_CONFIG;
}

void lec_diag_warn(struct lec_diag *d, const char *file, int line, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    lec_report_warn(d->report, file, line, "%s", text);
}

struct lec_piece lec_shown(const char *text)
{
    struct lec_piece p;
    char part[61];
    bool whole = lec_copy_utf8(part, sizeof part, text, strlen(text));
    snprintf(p.text, sizeof p.text, "\"%s%s\"", part, whole ? "" : "...");
    return p;
}

struct lec_piece lec_meant(const char *name, const char *const candidates[], size_t n)
{
    struct lec_piece p = {""};
    const char *near = *name ? lec_nearest(name, candidates, n) : NULL;
    if (near) /* "step *" is the row of all steps */
        snprintf(p.text, sizeof p.text, " (did you mean \"%.*s%s\"?)", (int)strcspn(near, "*"), near,
                 strchr(near, '*') ? "NAME" : "");
    return p;
}

struct lec_piece lec_listed(const char *const names[], size_t n)
{
    struct lec_piece p = {""};
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        size_t need = strlen(names[i]) + (i ? 2 : 0);
        if (used + need + sizeof ", ..." > sizeof p.text) {
            snprintf(p.text + used, sizeof p.text - used, "%s...", i ? ", " : "");
            break;
        }
        snprintf(p.text + used, sizeof p.text - used, "%s%s", i ? ", " : "", names[i]);
        used += need;
    }
    return p;
}

bool lec_is_name(const char *text)
{
    size_t n = strlen(text);
    return n > 0 && n <= LEC_NAME_MAX && text[0] >= 'a' && text[0] <= 'z' &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

bool lec_is_point_name(const char *text)
{
    size_t n = strlen(text);
    if (n == 0 || n > LEC_NAME_MAX || strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_.") != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if ((i == 0 || text[i - 1] == '.') && (text[i] < 'a' || text[i] > 'z'))
            return false;
    return text[n - 1] != '.';
}
