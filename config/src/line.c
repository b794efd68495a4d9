#include "line.h"

#include <stdio.h>
#include <string.h>

#include "lectern/parse.h"

#define HOST_MAX 253

static const struct scheme {
    const char *name, *driver, *example;
    enum lec_line_kind kind;
    uint16_t port; /* the protocol's own; 0: none */
} schemes[] = {
    {"tcp", "", "tcp://192.168.1.20:4352", LEC_LINE_TCP, 0},
    {"udp", "", "udp://192.168.1.20:52381", LEC_LINE_UDP, 0},
    {"serial", "", "serial:///dev/ttyUSB0?baud=9600", LEC_LINE_SERIAL, 0},
    {"pty", "", "pty:///tmp/port", LEC_LINE_PTY, 0},
    {"usb", "", "usb://08f7:0002", LEC_LINE_USB, 0},
    {"http", "", "http://192.168.1.20/", LEC_LINE_HTTP, 80},
    {"modbus+tcp", "modbus", "modbus+tcp://192.168.1.20:502?slave=1", LEC_LINE_TCP, 502},
    {"modbus+rtu", "modbus", "modbus+rtu:///dev/ttyUSB0?baud=9600&slave=1", LEC_LINE_SERIAL, 0},
    {"modbus+rtu+pty", "modbus", "modbus+rtu+pty:///tmp/port?slave=1", LEC_LINE_PTY, 0},
};

/* In the order of enum lec_line_kind. */
static const char *const kind_names[] = {"none", "tcp", "udp", "serial", "pty", "usb", "http"};

const char *lec_line_kind_name(enum lec_line_kind kind)
{
    return kind_names[kind];
}

bool lec_lines_have(const char *lines, enum lec_line_kind kind)
{
    const char *name = kind_names[kind];
    size_t n = strlen(name);
    for (const char *p = lines; *p;) {
        size_t len = strcspn(p, "|");
        if (len == n && strncmp(p, name, n) == 0)
            return true;
        p += len + (p[len] == '|');
    }
    return false;
}

static bool is_host(const char *host, bool bracketed)
{
    static const char name[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_";
    static const char v6[] = "0123456789abcdefABCDEF:.%ghijklmnopqrstuvwxyz";
    size_t n = strlen(host);
    return n > 0 && n <= HOST_MAX && strspn(host, bracketed ? v6 : name) == n;
}

/* HOST[:PORT][/PATH] into *out. Returns what was expected instead, or NULL when it is good. */
static const char *parse_host(struct lec_arena *a, const struct scheme *s, const char *text, uint16_t port,
                              struct lec_uri *out)
{
    size_t len = strcspn(text, "/");
    const char *path = text + len;
    if (*path && s->kind != LEC_LINE_HTTP && strcmp(path, "/") != 0)
        return "nothing behind the port";
    out->path = s->kind == LEC_LINE_HTTP ? lec_arena_str(a, *path ? path : "/") : "";
    bool bracketed = *text == '[';
    const char *host = bracketed ? text + 1 : text;
    size_t n = bracketed ? strcspn(host, "]") : strcspn(host, ":/");
    const char *rest = host + n;
    if (bracketed) {
        if (rest >= path)
            return "a \"]\" behind the IPv6 address";
        rest++;
    }
    out->host = lec_arena_copy(a, host, n);
    if (!is_host(out->host, bracketed))
        return "a host name or address";
    out->port = port ? port : s->port;
    if (*rest == ':') {
        const char *digits = lec_arena_copy(a, rest + 1, (size_t)(path - rest - 1));
        int64_t v;
        if (lec_parse_int(digits, 1, 65535, &v) < 0)
            return "a port from 1 to 65535";
        out->port = (uint16_t)v;
    } else if (rest != path) {
        return "\":\" and a port behind the host";
    }
    if (out->port == 0)
        return "\":\" and a port behind the host";
    out->name = lec_arena_printf(a, bracketed ? "%s://[%s]:%u%s" : "%s://%s:%u%s", kind_names[s->kind], out->host,
                                 (unsigned)out->port, out->path);
    return NULL;
}

static const char *parse_path(struct lec_arena *a, const char *text, struct lec_uri *out)
{
    if (text[0] != '/' || text[1] == '\0')
        return "a path from the root, with three slashes in all";
    if (strlen(text) > 200)
        return "a path of at most 200 bytes";
    for (const char *p = text; *p; p++)
        if (*p == ' ' || *p == '\t')
            return "a path without spaces";
    out->path = lec_arena_str(a, text);
    if (strncmp(text, "/dev/pts/", 9) == 0)
        out->kind = LEC_LINE_PTY;
    out->name = lec_arena_printf(a, "%s://%s", kind_names[out->kind], out->path);
    return NULL;
}

/* VVVV:PPPP[/SERIAL] */
static const char *parse_usb(struct lec_arena *a, const char *text, struct lec_uri *out)
{
    static const char hex[] = "0123456789abcdefABCDEF";
    static const char expected[] = "vendor and product as four hexadecimal digits each";
    if (strlen(text) < 9 || strspn(text, hex) != 4 || text[4] != ':' || strspn(text + 5, hex) != 4)
        return expected;
    if (text[9] != '\0' && (text[9] != '/' || text[10] == '\0'))
        return expected;
    char id[10];
    for (size_t i = 0; i < 9; i++)
        id[i] = (char)(text[i] >= 'A' && text[i] <= 'F' ? text[i] - 'A' + 'a' : text[i]);
    id[9] = '\0';
    out->path = lec_arena_printf(a, "%s%s", id, text + 9);
    out->name = lec_arena_printf(a, "usb://%s", out->path);
    return NULL;
}

bool lec_uri_parse(struct lec_arena *a, struct lec_diag *d, const struct lec_key *key, const char *text, uint16_t port,
                   struct lec_uri *out)
{
    const char *colon = strstr(text, "://");
    const char *names[ARRAY_LEN(schemes)];
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
        names[i] = schemes[i].name;
    if (!colon) {
        lec_diag_error(d, key->file, key->line, "%s: %s is not an address, expected one such as %s or %s", key->name,
                       lec_shown(text).text, schemes[0].example, schemes[2].example);
        return false;
    }
    const char *scheme = lec_arena_copy(a, text, (size_t)(colon - text));
    const struct scheme *s = NULL;
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
        if (strcmp(schemes[i].name, scheme) == 0)
            s = &schemes[i];
    if (!s) {
        lec_diag_error(d, key->file, key->line, "%s: %s is no kind of line, expected one of: %s%s", key->name,
                       lec_shown(scheme).text, lec_listed(names, ARRAY_LEN(names)).text,
                       lec_meant(scheme, names, ARRAY_LEN(names)).text);
        return false;
    }
    const char *rest = colon + 3;
    size_t len = strcspn(rest, "?");
    struct lec_uri uri = {.kind = s->kind, .scheme = s->name, .driver = s->driver, .host = "", .path = "", .query = ""};
    if (rest[len] == '?')
        uri.query = lec_arena_str(a, rest + len + 1);
    const char *place = lec_arena_copy(a, rest, len);
    const char *expected;
    if (s->kind == LEC_LINE_SERIAL || s->kind == LEC_LINE_PTY)
        expected = parse_path(a, place, &uri);
    else if (s->kind == LEC_LINE_USB)
        expected = parse_usb(a, place, &uri);
    else
        expected = parse_host(a, s, place, port, &uri);
    if (expected) {
        lec_diag_error(d, key->file, key->line, "%s: %s, expected %s, such as %s", key->name, lec_shown(text).text,
                       expected, s->example);
        return false;
    }
    *out = uri;
    return true;
}
