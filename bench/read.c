/* point.read through lecternd against a bare DEALER/ROUTER echo of the same sizes, both over ipc. Both clients send ready
 * bytes and check only the answer's id. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "bench.h"

#define ROUNDS     5
#define CALLS      4000
#define DEEP_CALLS 40000
#define IN_FLIGHT  64

static char request[256], ready[512];
static size_t request_n, ready_n;

/* The bare echo: takes a request, gives ready bytes with the request's id digits in them. */
static void echo(void *arg)
{
    void *ctx = zmq_ctx_new();
    void *socket = zmq_socket(ctx, ZMQ_ROUTER);
    if (zmq_bind(socket, arg) < 0)
        _exit(1);
    char id[256], body[4096], answer[512];
    memcpy(answer, ready, ready_n);
    for (;;) {
        int n = zmq_recv(socket, id, sizeof id, 0);
        int m = zmq_recv(socket, body, sizeof body, 0);
        if (n < 0 || m < 32)
            continue;
        memcpy(answer + 22, body + 22, 6);
        zmq_send(socket, id, (size_t)n, ZMQ_SNDMORE);
        zmq_send(socket, answer, ready_n, 0);
    }
}

static void stamp(char *text, unsigned id)
{
    for (int i = 5; i >= 0; i--, id /= 10)
        text[22 + i] = (char)('0' + id % 10);
}

/* Six digits at byte 22, as {"jsonrpc":"2.0","id":100001,... puts them on both ways. */
static bool answers(const char *body, int n, unsigned id)
{
    char want[32] = {0};
    stamp(want, id);
    return n > 28 && memcmp(body + 22, want + 22, 6) == 0;
}

static void round_trips(void *socket, double *times, size_t n)
{
    char body[4096];
    for (size_t i = 0; i < n; i++) {
        unsigned id = 100000 + (unsigned)(i % 900000);
        stamp(request, id);
        double begin = bench_now();
        zmq_send(socket, request, request_n, 0);
        int m = zmq_recv(socket, body, sizeof body, 0);
        times[i] = bench_now() - begin;
        if (!answers(body, m, id))
            bench_die("a wrong answer: %.*s", m > 0 ? m : 0, body);
    }
}

static double deep(void *socket, size_t n)
{
    char body[4096];
    size_t sent = 0, got = 0;
    double begin = bench_now();
    while (got < n) {
        while (sent < n && sent - got < IN_FLIGHT) {
            stamp(request, 100000 + (unsigned)(sent++ % 900000));
            zmq_send(socket, request, request_n, 0);
        }
        int m = zmq_recv(socket, body, sizeof body, 0);
        if (!answers(body, m, 100000 + (unsigned)(got % 900000)))
            bench_die("a wrong answer: %.*s", m > 0 ? m : 0, body);
        got++;
    }
    return (double)n / (bench_now() - begin);
}

static const char room[] = "[room]\nid = bench\nsite = bench\nlabel = Bench\n"
                           "[device flood]\nprofile = bench/still\n";

static void measure(int cpu, const char *where)
{
    char endpoint[256], name[96];
    static double ours[CALLS], bare[CALLS];
    double p50[2][ROUNDS], p99[2][ROUNDS], rate[2][ROUNDS];
    bench_pin(cpu);
    pid_t daemon = bench_room(cpu, "bench", room, NULL);
    void *a = bench_dealer(bench_command("bench"));
    bench_until(a, "{\"jsonrpc\":\"2.0\",\"id\":100000,\"method\":\"point.read\",\"params\":{\"target\":\"flood.p1\"}}",
                "\"good\"", 5);
    request_n = (size_t)snprintf(request, sizeof request,
                                 "{\"jsonrpc\":\"2.0\",\"id\":      ,\"method\":\"point.read\",\"params\":{\"target\":"
                                 "\"flood.p1\"}}");
    stamp(request, 100000);
    ready_n = (size_t)snprintf(ready, sizeof ready, "%s", bench_call(a, request));
    snprintf(endpoint, sizeof endpoint, "ipc://%s/echo", bench_folder());
    pid_t peer = bench_fork(cpu, echo, endpoint);
    void *b = bench_dealer(endpoint);
    for (int r = 0; r < ROUNDS; r++) { /* by turns, so that what the machine does meanwhile hits both */
        round_trips(b, bare, CALLS);
        round_trips(a, ours, CALLS);
        p50[0][r] = bench_percentile(bare, CALLS, 50);
        p99[0][r] = bench_percentile(bare, CALLS, 99);
        p50[1][r] = bench_percentile(ours, CALLS, 50);
        p99[1][r] = bench_percentile(ours, CALLS, 99);
        rate[0][r] = deep(b, DEEP_CALLS);
        rate[1][r] = deep(a, DEEP_CALLS);
    }
    double m50[2], m99[2], mrate[2];
    for (int i = 0; i < 2; i++) {
        m50[i] = bench_percentile(p50[i], ROUNDS, 50);
        m99[i] = bench_percentile(p99[i], ROUNDS, 50);
        mrate[i] = bench_percentile(rate[i], ROUNDS, 50);
    }
    snprintf(name, sizeof name, "read.p50.%s (of bare echo)", where);
    bench_row(name, m50[1] / m50[0], "x", 1.5, true);
    bench_note("%.1f us against %.1f us; request %zu bytes, answer %zu", m50[1] * 1e6, m50[0] * 1e6, request_n,
               ready_n);
    snprintf(name, sizeof name, "read.p99.%s (of bare echo)", where);
    bench_row(name, m99[1] / m99[0], "x", 2, true);
    bench_note("%.1f us against %.1f us", m99[1] * 1e6, m99[0] * 1e6);
    snprintf(name, sizeof name, "read.64-in-flight.%s (of bare echo)", where);
    bench_row(name, mrate[1] / mrate[0], "x", 0.12, false);
    bench_note("%.0f calls/s against %.0f", mrate[1], mrate[0]);
    zmq_close(a);
    zmq_close(b);
    bench_stop(daemon);
    bench_stop(peer);
    bench_pin(-1);
}

int main(void)
{
    bench_profile("still",
                  "[device]\nclass = sensor\ndriver = flood\nvendor = Bench\nmodel = Still\nsource = made up\n"
                  "[driver]\nstill = yes\n",
                  8, "type = float\naccess = read\nunit = Cel\nperiod = 1s", 1);
    measure(0, "pinned");
    measure(-1, "unpinned");
    return bench_end();
}
