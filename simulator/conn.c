#include "conn.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lectern/log.h"

/* Controllers at one line at a time. */
#define CONNS_MAX 256
/* Bytes that wait to go out on one connection; what a client does not read is lost beyond that. */
#define TX_MAX 65536
/* A pseudo-terminal holds 4 KiB; a real port has larger buffers, and they are filled by a clock, not at once. */
#define PTY_AGAIN_NS (2 * LEC_MS)
#define PTY_TRIES    150 /* not a time: whoever stood still together with the reader has not waited for it */

struct sim_chunk {
    struct sim_chunk *next;
    int64_t at; /* not before, monotonic */
    size_t n, sent;
    uint8_t data[];
};

static void drop_chunks(struct sim_conn *c)
{
    while (c->tx) {
        struct sim_chunk *next = c->tx->next;
        free(c->tx);
        c->tx = next;
    }
    c->tx_end = &c->tx;
    c->tx_bytes = 0;
}

void sim_conn_end(struct sim_conn *c, bool reset)
{
    struct loop *l = c->sim->loop;
    if (c->watch.fd < 0)
        return;
    if (c->line->face_kind && c->line->face_kind->close)
        c->line->face_kind->close(c);
    int fd = c->watch.fd;
    loop_unwatch(l, &c->watch);
    loop_timer_clear(l, &c->tx_timer);
    loop_timer_clear(l, &c->quiet_timer);
    loop_timer_clear(l, &c->idle_timer);
    if (reset) {
        struct linger at_once = {.l_onoff = 1, .l_linger = 0};
        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    close(fd);
    drop_chunks(c);
    for (struct sim_conn **p = &c->line->conns; *p; p = &(*p)->next)
        if (*p == c) {
            *p = c->next;
            c->line->n_conns--;
            break;
        }
    loop_bury(l, c->face);
    loop_bury(l, c);
}

static void send_due(void *ctx)
{
    struct sim_conn *c = ctx;
    struct loop *l = c->sim->loop;
    int64_t now = loop_now(l);
    while (c->tx && c->tx->at <= now) {
        /* What is due at once goes out at once, in one piece if it fits. */
        uint8_t out[4096];
        size_t n = 0;
        for (struct sim_chunk *k = c->tx; k && k->at <= now && n < sizeof out && !(c->packets && n); k = k->next) {
            size_t part = k->n - k->sent < sizeof out - n ? k->n - k->sent : sizeof out - n;
            memcpy(out + n, k->data + k->sent, part);
            n += part;
        }
        bool is_file = c->is_pty && !c->packets;
        ssize_t sent = is_file ? write(c->watch.fd, out, n) : send(c->watch.fd, out, n, MSG_NOSIGNAL);
        if (sent < 0 && (errno == EAGAIN || errno == EINTR) && !c->is_pty) {
            c->blocked = true;
            loop_rewatch(l, &c->watch, true);
            return;
        }
        if (sent < 0 && !c->is_pty) {
            sim_conn_end(c, false);
            return;
        }
        bool full = sent < 0 && is_file && errno == EAGAIN;
        c->full = full ? c->full + 1 : 0;
        if (full && c->full < PTY_TRIES) {
            loop_timer_set(l, &c->tx_timer, now + PTY_AGAIN_NS);
            return;
        }
        /* A serial line does not wait long for who does not listen: the bytes are gone. */
        size_t gone = sent > 0 && is_file ? (size_t)sent : c->is_pty ? n : (size_t)sent;
        c->tx_bytes -= gone;
        while (gone > 0) {
            struct sim_chunk *k = c->tx;
            size_t part = k->n - k->sent < gone ? k->n - k->sent : gone;
            k->sent += part;
            gone -= part;
            if (k->sent == k->n) {
                c->tx = k->next;
                free(k);
            }
        }
    }
    if (!c->tx) {
        c->tx_end = &c->tx;
        if (c->ending)
            sim_conn_end(c, false);
        return;
    }
    loop_timer_set(l, &c->tx_timer, c->tx->at);
}

static void push(struct sim_conn *c, const void *data, size_t n, int64_t at)
{
    if (n == 0 || c->tx_bytes + n > TX_MAX)
        return;
    struct sim_chunk *k = malloc(sizeof *k + n);
    if (!k)
        return;
    *k = (struct sim_chunk){.at = at, .n = n};
    memcpy(k->data, data, n);
    *c->tx_end = k;
    c->tx_end = &k->next;
    c->tx_bytes += n;
    if (c->tx == k && !c->blocked)
        loop_timer_set(c->sim->loop, &c->tx_timer, at);
}

/* ---- Answers through the faults ------------------------------------------------------------------------------- */

static void trace(struct sim_line *line, const char *way, const uint8_t *p, size_t n)
{
    if (!line->sim->opt.verbose)
        return;
    char text[161];
    size_t used = 0;
    for (size_t i = 0; i < n && used + 6 < sizeof text; i++) {
        static const char hex[] = "0123456789abcdef";
        if (p[i] >= 0x20 && p[i] < 0x7F) {
            text[used++] = (char)p[i];
        } else {
            text[used++] = '<';
            text[used++] = hex[p[i] >> 4];
            text[used++] = hex[p[i] & 15];
            text[used++] = '>';
        }
    }
    text[used] = '\0';
    lec_log(LEC_LOG_INFO, "line %zu %s %s", line->index + 1, way, text);
}

static void fill_garbage(struct sim *s, uint8_t *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)sim_random_next(&s->random);
}

/* The longest answer that a box gives in one piece. */
#define ANSWER_MAX 2048

/* Puts it in the queue in one of the ways that a stream may arrive. */
static void tear(struct sim_conn *c, struct sim_faults *f, const uint8_t *p, size_t n, int64_t at)
{
    struct sim *s = c->sim;
    int64_t now = loop_now(s->loop);
    struct sim_fault fault;
    int64_t step = 0;
    size_t piece = n;
    if (sim_fault_use(f, SIM_SLOW_BYTES, now, &fault)) {
        piece = 1;
        step = fault.ms * LEC_MS;
    } else if (sim_fault_use(f, SIM_SPLIT, now, NULL)) {
        uint32_t how = sim_random_below(&s->random, 4);
        if (how == 0) {
            piece = 1;
            step = LEC_MS;
        } else if (how == 1) {
            piece = 1 + sim_random_below(&s->random, (uint32_t)n);
            step = 3 * LEC_MS;
        } else if (how == 2) {
            at += 5 * LEC_MS; /* waits so long that the next may run together with it */
        }
    }
    for (size_t i = 0; i < n; i += piece, at += step)
        push(c, p + i, n - i < piece ? n - i : piece, at);
}

static size_t strew_nul(struct sim *s, uint8_t *p, size_t n)
{
    if (n >= ANSWER_MAX)
        return n;
    size_t where = sim_random_below(&s->random, (uint32_t)n + 1);
    memmove(p + where + 1, p + where, n - where);
    p[where] = 0;
    return n + 1;
}

static void answer(struct sim_conn *c, struct sim_box *box, const void *data, size_t n, int64_t after_ns)
{
    struct sim *s = c->sim;
    struct sim_faults *f = &box->faults;
    int64_t now = loop_now(s->loop);
    uint8_t out[2 * ANSWER_MAX];
    struct sim_fault fault;
    if (n == 0 || n > ANSWER_MAX || c->watch.fd < 0 || sim_fault_peek(f, SIM_SILENCE, now))
        return;
    memcpy(out, data, n);
    int64_t at = now + after_ns;
    if (f->n > 0) {
        if (box->face_kind->spoil && sim_fault_use(f, SIM_CHECKSUM, now, NULL))
            box->face_kind->spoil(out, n);
        if (box->face_kind->readdress && sim_fault_use(f, SIM_OTHER_UNIT, now, NULL))
            box->face_kind->readdress(out, n);
        if (sim_fault_use(f, SIM_HALF, now, NULL))
            n = (n + 1) / 2;
        if (sim_fault_use(f, SIM_NUL, now, NULL))
            n = strew_nul(s, out, n);
        if (sim_fault_use(f, SIM_GARBAGE, now, NULL)) {
            fill_garbage(s, out, n);
        } else if (sim_fault_use(f, SIM_GARBAGE_BEFORE, now, NULL)) {
            size_t extra = 1 + sim_random_below(&s->random, 8);
            memmove(out + extra, out, n);
            fill_garbage(s, out, extra);
            n += extra;
        }
        if (sim_fault_use(f, SIM_DELAY, now, &fault) || sim_fault_use(f, SIM_LATE, now, &fault))
            at += fault.ms * LEC_MS;
    }
    /* Never before what is queued already. */
    for (struct sim_chunk *k = c->tx; k; k = k->next)
        at = k->at > at ? k->at : at;
    trace(c->line, ">", out, n);
    tear(c, f, out, n, at);
    box->answered = at;
}

void sim_answer(struct sim_conn *c, struct sim_box *box, const void *data, size_t n)
{
    answer(c, box, data, n, 0);
}

void sim_answer_later(struct sim_conn *c, struct sim_box *box, const void *data, size_t n, int64_t after_ns)
{
    answer(c, box, data, n, (int64_t)((double)after_ns / loop_speed(c->sim->loop)));
}

void sim_answerf(struct sim_conn *c, struct sim_box *box, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char text[ANSWER_MAX];
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (n > 0)
        answer(c, box, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1, 0);
}

void sim_tell(struct sim_box *box, const void *data, size_t n)
{
    int64_t answered = box->answered;
    for (struct sim_conn *c = box->line->conns; c; c = c->next)
        answer(c, box, data, n, 0);
    box->answered = answered; /* what is told unasked is no answer either */
}

void sim_hang_up(struct sim_conn *c)
{
    c->ending = true;
    if (!c->tx)
        loop_timer_set(c->sim->loop, &c->tx_timer, loop_now(c->sim->loop));
}

bool sim_take(struct sim_conn *c, struct sim_box *box, const void *frame, size_t n)
{
    struct sim *s = c->sim;
    int64_t now = loop_now(s->loop);
    trace(c->line, "<", frame, n);
    box->commands++;
    int64_t gap = (int64_t)((double)box->gap_ns / loop_speed(s->loop));
    if (s->opt.pacing && gap > 0 && box->answered && now < box->answered + gap) {
        box->early++;
        return false;
    }
    if (box->broken || sim_fault_use(&box->faults, SIM_SILENCE, now, NULL))
        return false;
    if (sim_fault_use(&box->faults, SIM_RESET, now, NULL)) {
        if (!c->is_pty)
            sim_conn_end(c, true);
        return false;
    }
    if (sim_fault_use(&box->faults, SIM_DISCONNECT, now, NULL)) {
        if (c->is_pty)
            (void)sim_plug(c->line, false, NULL);
        else
            sim_conn_end(c, false);
        return false;
    }
    if (sim_fault_use(&box->faults, SIM_ECHO, now, NULL))
        push(c, frame, n, now);
    return true;
}

int sim_mood(struct sim_box *box, bool sets)
{
    static const struct {
        enum sim_fault_kind kind;
        int code;
    } moods[] = {{SIM_REFUSE, LEC_E_REFUSED}, {SIM_BUSY, LEC_E_BUSY}};
    int64_t now = loop_now(box->sim->loop);
    for (size_t i = 0; i < ARRAY_LEN(moods); i++) {
        const struct sim_fault *f = sim_fault_peek(&box->faults, moods[i].kind, now);
        if (f && (sets || f->all)) {
            (void)sim_fault_use(&box->faults, moods[i].kind, now, NULL);
            return moods[i].code;
        }
    }
    return 0;
}

/* ---- Bytes in ------------------------------------------------------------------------------------------------- */

static void feed(struct sim_conn *c)
{
    const struct sim_face *face = c->line->face_kind;
    while (face && c->n_rx > 0 && c->watch.fd >= 0) {
        size_t used = face->input(c, c->rx, c->n_rx);
        if (used == 0)
            break;
        c->n_rx -= used;
        memmove(c->rx, c->rx + used, c->n_rx);
    }
    if (!face || c->n_rx == sizeof c->rx)
        c->n_rx = 0;
}

static void was_quiet(void *ctx)
{
    struct sim_conn *c = ctx;
    if (c->line->face_kind->quiet)
        c->line->face_kind->quiet(c);
    c->n_rx = 0;
}

static void was_idle(void *ctx)
{
    sim_conn_end(ctx, false);
}

static void touch(struct sim_conn *c)
{
    const struct sim_face *face = c->line->face_kind;
    struct loop *l = c->sim->loop;
    if (!face || c->is_pty || c->watch.fd < 0)
        return;
    int64_t idle = sim_trait_duration(c->line->boxes->devices, "idle", face->idle_ns);
    if (idle > 0)
        loop_timer_set(l, &c->idle_timer, loop_now(l) + idle);
}

static void ready(void *ctx, uint32_t events)
{
    struct sim_conn *c = ctx;
    struct loop *l = c->sim->loop;
    if (events & EPOLLOUT && c->blocked) {
        c->blocked = false;
        loop_rewatch(l, &c->watch, false);
        send_due(c);
        if (c->watch.fd < 0)
            return;
    }
    if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
        return;
    ssize_t n = read(c->watch.fd, c->rx + c->n_rx, sizeof c->rx - c->n_rx);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        sim_conn_end(c, false);
        return;
    }
    c->n_rx += (size_t)n;
    feed(c);
    if (c->watch.fd < 0)
        return;
    touch(c);
    const struct sim_face *face = c->line->face_kind;
    if (c->n_rx > 0 && face && face->quiet_ns > 0)
        loop_timer_set(l, &c->quiet_timer, loop_now(l) + face->quiet_ns);
    else
        loop_timer_clear(l, &c->quiet_timer);
}

struct sim_conn *sim_conn_new(struct sim_line *line, int fd, bool is_pty)
{
    struct sim *s = line->sim;
    const struct sim_face *face = line->face_kind;
    struct sim_conn *c = line->n_conns < CONNS_MAX ? calloc(1, sizeof *c) : NULL;
    if (!c) {
        close(fd);
        return NULL;
    }
    c->sim = s;
    c->line = line;
    c->is_pty = is_pty;
    c->tx_end = &c->tx;
    c->watch = (struct loop_watch){.fd = fd, .ready = ready, .ctx = c};
    c->tx_timer = (struct loop_timer){.due = send_due, .ctx = c};
    c->quiet_timer = (struct loop_timer){.due = was_quiet, .ctx = c};
    c->idle_timer = (struct loop_timer){.due = was_idle, .ctx = c};
    c->face = face && face->conn_size ? calloc(1, face->conn_size) : NULL;
    if ((face && face->conn_size && !c->face) || loop_watch(s->loop, &c->watch, false) < 0) {
        close(fd);
        free(c->face);
        free(c);
        return NULL;
    }
    c->next = line->conns;
    line->conns = c;
    line->n_conns++;
    if (face && face->open && line->boxes && !line->boxes->broken) {
        int64_t answered = line->boxes->answered;
        face->open(c);
        line->boxes->answered = answered; /* a greeting is no answer that a pause has to follow */
    }
    touch(c);
    return c;
}
