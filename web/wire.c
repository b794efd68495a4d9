#include "wire.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lectern/parse.h"

#define ROOM_MAX 47
#define FILE_MAX 127
#define NAME_MAX 200

static bool is_small(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return is_small(c) || (c >= 'A' && c <= 'Z');
}

static char small(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool wire_room_ok(const char *name)
{
    size_t n = strlen(name);
    if (n == 0 || n > ROOM_MAX || !is_small(name[0]))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!is_small(name[i]) && !is_digit(name[i]) && name[i] != '-')
            return false;
    return true;
}

bool wire_file_ok(const char *name)
{
    size_t n = strlen(name);
    if (n == 0 || n > FILE_MAX || name[0] == '.')
        return false;
    for (size_t i = 0; i < n; i++)
        if (!is_letter(name[i]) && !is_digit(name[i]) && !strchr(".-_", name[i]))
            return false;
    return true;
}

static const char *skip_space(const char *s)
{
    while (*s == ' ' || *s == '\t')
        s++;
    return s;
}

bool wire_cookie(const char *header, const char *name, char *out, size_t size)
{
    size_t name_len = strlen(name);
    bool found = false;
    for (const char *at = skip_space(header); *at != '\0';) {
        size_t n = strcspn(at, ";");
        if (n > name_len && at[name_len] == '=' && strncmp(at, name, name_len) == 0) {
            const char *value = at + name_len + 1;
            size_t len = n - name_len - 1;
            while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t'))
                len--;
            if (len >= size || (found && (strlen(out) != len || strncmp(out, value, len) != 0)))
                return false;
            memcpy(out, value, len);
            out[len] = '\0';
            found = true;
        }
        at += n;
        at = skip_space(*at == ';' ? at + 1 : at);
    }
    return found;
}

bool wire_accepts(const char *header, const char *coding)
{
    size_t len = strlen(coding);
    for (const char *at = skip_space(header); *at != '\0';) {
        size_t n = strcspn(at, ",");
        if (n >= len && strncasecmp(at, coding, len) == 0 && (n == len || strchr(" \t;", at[len]))) {
            const char *q = skip_space(at + len);
            /* "br;q=0" and "br;q=0.000" mean that it is not wanted */
            bool none = q < at + n && *q == ';' && strncasecmp(skip_space(q + 1), "q=0", 3) == 0;
            if (none) {
                q = skip_space(q + 1) + 3;
                while (q < at + n && (*q == '.' || *q == '0'))
                    q++;
                none = q >= at + n || *q == ' ';
            }
            return !none;
        }
        at += n;
        at = skip_space(*at == ',' ? at + 1 : at);
    }
    return false;
}

bool wire_matches(const char *header, const char *etag)
{
    size_t len = strlen(etag);
    for (const char *at = skip_space(header); *at != '\0';) {
        size_t n = strcspn(at, ",");
        const char *tag = strncmp(at, "W/", 2) == 0 ? at + 2 : at;
        size_t left = n - (size_t)(tag - at);
        while (left > 0 && (tag[left - 1] == ' ' || tag[left - 1] == '\t'))
            left--;
        if (left == len && strncmp(tag, etag, len) == 0)
            return true;
        at += n;
        at = skip_space(*at == ',' ? at + 1 : at);
    }
    return false;
}

bool wire_is_json(const char *type)
{
    static const char json[] = "application/json";
    size_t n = sizeof json - 1;
    return strncasecmp(type, json, n) == 0 && (type[n] == '\0' || type[n] == ';' || type[n] == ' ');
}

/* The length of the host in "host:port", "[v6]:port"; 0 when it is none. *rest: what stands behind. */
static size_t host_length(const char *text, const char **host, const char **rest)
{
    size_t n;
    if (*text == '[') {
        n = strcspn(text + 1, "]");
        if (text[1 + n] != ']')
            return 0;
        *host = text + 1;
        *rest = text + n + 2;
        return n;
    }
    n = strcspn(text, ":/?#@[] \t");
    *host = text;
    *rest = text + n;
    return n;
}

bool wire_host(const char *header, char *out, size_t size)
{
    const char *host, *rest;
    size_t n = host_length(header, &host, &rest);
    if (n == 0 || n >= size || (*rest != '\0' && *rest != ':'))
        return false;
    int64_t port;
    if (*rest == ':' && lec_parse_int(rest + 1, 1, 65535, &port) < 0)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!is_letter(host[i]) && !is_digit(host[i]) && !strchr(".-_:", host[i]))
            return false;
        out[i] = small(host[i]);
    }
    out[n] = '\0';
    if (*header == '[' && !wire_is_address(out))
        return false;
    return true;
}

bool wire_is_address(const char *host)
{
    unsigned char address[16];
    return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

bool wire_same_origin(const char *origin, const char *host, bool tls)
{
    const char *scheme = tls ? "https://" : "http://";
    size_t n = strlen(scheme);
    if (strncmp(origin, scheme, n) != 0)
        return false;
    const char *at[2], *rest[2];
    size_t len[2];
    int64_t port[2] = {tls ? 443 : 80, tls ? 443 : 80};
    const char *texts[2] = {origin + n, host};
    for (int i = 0; i < 2; i++) {
        len[i] = host_length(texts[i], &at[i], &rest[i]);
        if (len[i] == 0 || (*rest[i] != '\0' && *rest[i] != ':'))
            return false;
        if (*rest[i] == ':' && lec_parse_int(rest[i] + 1, 1, 65535, &port[i]) < 0)
            return false;
    }
    return len[0] == len[1] && strncasecmp(at[0], at[1], len[0]) == 0 && port[0] == port[1];
}

void wire_disposition(const char *name, char *out, size_t size)
{
    char clean[NAME_MAX + 1], plain[NAME_MAX + 1], coded[3 * NAME_MAX + 1];
    lec_copy_utf8(clean, sizeof clean, name, strlen(name));
    for (char *c = clean; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f || strchr("/\\", *c))
            *c = '_';
    size_t n = 0, m = 0;
    for (const char *c = clean; *c != '\0'; c++) {
        unsigned char u = (unsigned char)*c;
        bool token = is_letter(*c) || is_digit(*c) || strchr("!#$&+-.^_`|~", *c);
        if (token)
            coded[m++] = *c;
        else
            m += (size_t)snprintf(coded + m, sizeof coded - m, "%%%02X", u);
        if (u < 0x80)
            plain[n++] = strchr("\"%", *c) ? '_' : *c;
        else if (u >= 0xc0) /* one for each character */
            plain[n++] = '_';
    }
    plain[n] = coded[m] = '\0';
    snprintf(out, size, "attachment; filename=\"%s\"; filename*=UTF-8''%s", plain, coded);
}
