#include "driver/script.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* How often the player looks whether the host has taken what was said: the kernel has no event for that. */
#define DRAIN_LOOK_NS 100000

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "driver test: %s: %s\n", what, strerrordesc_np(errno));
    abort();
}

const char *lec_show_bytes(const void *data, size_t n, char *out, size_t size)
{
    const unsigned char *bytes = data;
    size_t len = 0;
    for (size_t i = 0; i < n; i++) {
        char piece[8];
        unsigned char c = bytes[i];
        const char *named = c == '\r'   ? "\\r"
                            : c == '\n' ? "\\n"
                            : c == '\t' ? "\\t"
                            : c == '\0' ? "\\0"
                            : c == '\\' ? "\\\\"
                                        : NULL;
        int m = named                   ? snprintf(piece, sizeof piece, "%s", named)
                : c >= 0x20 && c < 0x7f ? snprintf(piece, sizeof piece, "%c", c)
                                        : snprintf(piece, sizeof piece, "\\x%02x", c);
        if (len + (size_t)m + 4 > size) {
            memcpy(out + len, "...", 3);
            len += 3;
            break;
        }
        memcpy(out + len, piece, (size_t)m);
        len += (size_t)m;
    }
    out[len] = '\0';
    return out;
}

/* ---- The player, in its own thread --------------------------------------------------------------------------- */

/* The real clock, whatever a test has done to lec_now. */
static int64_t now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static bool wrong(struct lec_script *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static bool wrong(struct lec_script *s, const char *fmt, ...)
{
    int n = snprintf(s->mistake, sizeof s->mistake, "turn %zu: ", s->at + 1);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(s->mistake + n, sizeof s->mistake - (size_t)n, fmt, ap);
    va_end(ap);
    return false;
}

static void hang_up(struct lec_script *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
}

static bool readable(int fd, int64_t until_ms)
{
    for (;;) {
        int64_t left = until_ms - now_ms();
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int n = poll(&p, 1, left > 0 ? (int)left : 0);
        if (n > 0)
            return true;
        if (n == 0 && left <= 0)
            return false;
    }
}

/* One byte from the host: 1, 0 at its end, -1 after `until_ms`. Byte by byte, because what follows belongs to the next
 * turn. */
static int hear(struct lec_script *s, char *c, int64_t until_ms)
{
    for (;;) {
        if (!readable(s->fd, until_ms))
            return -1;
        ssize_t n = read(s->fd, c, 1);
        if (n == 1)
            return 1;
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        return 0;
    }
}

static bool expect(struct lec_script *s, const char *wanted, size_t n)
{
    char heard[LEC_SAID_MAX], show_wanted[200], show_heard[200];
    int64_t until = now_ms() + LEC_SCRIPT_PATIENCE_MS;
    size_t got = 0;
    int more = 1;
    bool same = true;
    while (got < n && got < sizeof heard && same) {
        more = hear(s, &heard[got], until);
        if (more <= 0)
            break;
        same = heard[got] == wanted[got];
        got++;
    }
    if (same && got == n)
        return true;
    /* What else has come already makes the difference easier to see. */
    while (more > 0 && got < sizeof heard && hear(s, &heard[got], now_ms()) > 0)
        got++;
    return wrong(s, "the host should say \"%s\" and %s after \"%s\"",
                 lec_show_bytes(wanted, n, show_wanted, sizeof show_wanted),
                 more > 0   ? "was wrong"
                 : more < 0 ? "fell silent"
                            : "hung up",
                 lec_show_bytes(heard, got, show_heard, sizeof show_heard));
}

static bool expect_until(struct lec_script *s, char end)
{
    int64_t until = now_ms() + LEC_SCRIPT_PATIENCE_MS;
    char show[8];
    s->said_n = 0;
    while (s->said_n < sizeof s->said - 1) {
        char c;
        int more = hear(s, &c, until);
        if (more <= 0)
            return wrong(s, "the host should say something that ends with \"%s\" and %s",
                         lec_show_bytes(&end, 1, show, sizeof show), more < 0 ? "fell silent" : "hung up");
        s->said[s->said_n++] = c;
        s->said[s->said_n] = '\0';
        if (c == end)
            return true;
    }
    return wrong(s, "the host said %zu bytes without \"%s\"", s->said_n, lec_show_bytes(&end, 1, show, sizeof show));
}

static bool say(struct lec_script *s, const char *text, size_t n)
{
    if (s->fd < 0)
        return wrong(s, "the device has no connection to speak on");
    while (n > 0) {
        ssize_t m = send(s->fd, text, n, MSG_NOSIGNAL);
        if (m < 0 && errno == EINTR)
            continue;
        if (m < 0)
            return wrong(s, "the host hung up before the device had spoken");
        text += m;
        n -= (size_t)m;
    }
    return true;
}

/* Waits until the host has read all that the device has said. */
static bool drained(struct lec_script *s)
{
    int64_t until = now_ms() + LEC_SCRIPT_PATIENCE_MS;
    for (;;) {
        int left = 0;
        struct pollfd p = {.fd = s->fd};
        if (ioctl(s->fd, SIOCOUTQ, &left) < 0 || left == 0)
            return true;
        if (poll(&p, 1, 0) > 0)
            return true; /* hung up: saying more will tell */
        if (now_ms() > until)
            return wrong(s, "the host does not read what the device said before");
        nanosleep(&(struct timespec){.tv_nsec = DRAIN_LOOK_NS}, NULL);
    }
}

static bool take_connection(struct lec_script *s)
{
    hang_up(s);
    if (!readable(s->listener, now_ms() + LEC_SCRIPT_PATIENCE_MS))
        return wrong(s, "the host should connect and does not");
    s->fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
    if (s->fd < 0)
        return wrong(s, "accept: %s", strerrordesc_np(errno));
    setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    return true;
}

/* Silence, ended early when the host hangs up. */
static void pause_for(struct lec_script *s, int ms)
{
    struct pollfd p = {.fd = s->fd, .events = POLLRDHUP};
    poll(&p, s->fd >= 0 ? 1 : 0, ms);
}

static bool play(struct lec_script *s, const struct lec_turn *t)
{
    if (t->host)
        return s->fd >= 0 ? expect(s, t->host, t->host_n ? t->host_n : strlen(t->host))
                          : wrong(s, "the host has no connection to speak on");
    if (t->until)
        return s->fd >= 0 ? expect_until(s, t->until) : wrong(s, "the host has no connection to speak on");
    if (t->device) {
        if (s->at > 0 && s->turns[s->at - 1].device && s->listener < 0 && !drained(s))
            return false;
        return say(s, t->device, t->device_n ? t->device_n : strlen(t->device));
    }
    if (t->accept)
        return take_connection(s);
    if (t->reset && s->fd >= 0)
        setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1}, sizeof(struct linger));
    if (t->reset || t->close)
        hang_up(s);
    else
        pause_for(s, t->pause_ms);
    return true;
}

static bool is_end(const struct lec_turn *t)
{
    return !t->host && !t->until && !t->device && !t->pause_ms && !t->accept && !t->close && !t->reset;
}

/* After the last turn the host has nothing to add but its hanging up. */
static void expect_end(struct lec_script *s)
{
    char heard[64], show[200];
    size_t got = 0;
    int more = s->fd >= 0 ? hear(s, &heard[got], now_ms() + LEC_SCRIPT_PATIENCE_MS) : 0;
    if (more == 0)
        return;
    if (more < 0) {
        wrong(s, "the script is over and the host does not hang up");
        return;
    }
    got = 1;
    while (got < sizeof heard && hear(s, &heard[got], now_ms()) > 0)
        got++;
    wrong(s, "the script is over and the host goes on with \"%s\"", lec_show_bytes(heard, got, show, sizeof show));
}

static void *player(void *arg)
{
    struct lec_script *s = arg;
    bool ok = true;
    while (ok && !is_end(&s->turns[s->at])) {
        ok = play(s, &s->turns[s->at]);
        if (ok)
            s->at++;
    }
    if (ok)
        expect_end(s);
    hang_up(s);
    /* Whoever connects after a mistake is refused, so that the test ends soon. Without one, lec_script_end looks. */
    if (*s->mistake && s->listener >= 0) {
        close(s->listener);
        s->listener = -1;
    }
    return NULL;
}

/* ---- The test's side ----------------------------------------------------------------------------------------- */

static uint16_t listen_here(struct lec_script *s)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(s->listener >= 0 && bind(s->listener, (struct sockaddr *)&at, sizeof at) == 0 && listen(s->listener, 4) == 0 &&
             getsockname(s->listener, (struct sockaddr *)&at, &len) == 0,
         "listening on 127.0.0.1");
    return ntohs(at.sin_port);
}

int lec_script_start(struct lec_script *s, const struct lec_turn *turns, uint16_t *port)
{
    *s = (struct lec_script){.turns = turns, .fd = -1, .listener = -1};
    int ends[2] = {-1, -1};
    bool tcp = false;
    for (const struct lec_turn *t = turns; !is_end(t); t++)
        tcp = tcp || t->accept;
    if (tcp) {
        *port = listen_here(s);
    } else {
        must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0, "a socket pair");
        s->fd = ends[1];
    }
    errno = pthread_create(&s->thread, NULL, player, s);
    must(errno == 0, "a thread");
    s->started = true;
    return ends[0];
}

const char *lec_script_end(struct lec_script *s)
{
    if (s->started) {
        pthread_join(s->thread, NULL);
        s->started = false;
        if (s->listener >= 0) {
            if (!*s->mistake && readable(s->listener, now_ms()))
                wrong(s, "the script is over and the host has connected once more");
            close(s->listener);
            s->listener = -1;
        }
    }
    return *s->mistake ? s->mistake : NULL;
}

const char *lec_script_said(const struct lec_script *s)
{
    return s->said;
}

/* ---- Without a thread ---------------------------------------------------------------------------------------- */

static void feed_close(struct lec_feed *f)
{
    if (f->fd >= 0)
        shutdown(f->fd, SHUT_WR);
}

void lec_feed_more(struct lec_feed *f)
{
    char waste[4096];
    while (f->fd >= 0 && recv(f->fd, waste, sizeof waste, MSG_DONTWAIT) > 0)
        continue;
    if (f->at >= f->n) {
        feed_close(f);
        return;
    }
    const uint8_t *from = f->data + f->at;
    const uint8_t *end = memchr(from, 0xff, f->n - f->at);
    size_t n = end ? (size_t)(end - from) : f->n - f->at;
    f->at += n + (end != NULL);
    if (n > 0 && f->fd >= 0)
        (void)!send(f->fd, from, n, MSG_NOSIGNAL | MSG_DONTWAIT); /* what the host does not read may be lost */
    if (f->at >= f->n)
        feed_close(f);
}

int lec_feed_start(struct lec_feed *f, const uint8_t *data, size_t n)
{
    int ends[2];
    must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0, "a socket pair");
    *f = (struct lec_feed){.data = data, .n = n, .fd = ends[1]};
    lec_feed_more(f);
    return ends[0];
}

void lec_feed_end(struct lec_feed *f)
{
    if (f->fd >= 0)
        close(f->fd);
    f->fd = -1;
}
