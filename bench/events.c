/* State events from a device that changes as fast as it can, to one subscriber and to eight, against a bare PUB socket
 * that sends ready bytes of the same sizes to as many. Counted where they arrive, by subscribers that only count. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zmq.h>

#include "bench.h"

#define POINTS          32 /* as many as a three-phase meter has */
#define SECONDS         1.5
#define ROUNDS          3
#define SUBSCRIBERS_MAX 8

static char topic[256], body[16384];
static size_t topic_n, body_n;

struct shared { /* between the processes */
    _Atomic uint64_t got[SUBSCRIBERS_MAX];
    _Atomic int stop;
} * shared;

static char endpoint[256];

static void publish(void *arg)
{
    (void)arg;
    void *socket = zmq_socket(zmq_ctx_new(), ZMQ_PUB);
    if (zmq_bind(socket, endpoint) < 0)
        _exit(1);
    for (;;) {
        zmq_send(socket, topic, topic_n, ZMQ_SNDMORE);
        zmq_send(socket, body, body_n, 0);
    }
}

struct reader {
    const char *endpoint;
    int number;
};

static void count(void *arg)
{
    struct reader *r = arg;
    void *socket = zmq_socket(zmq_ctx_new(), ZMQ_SUB);
    zmq_setsockopt(socket, ZMQ_SUBSCRIBE, "bench/bench/state/", 18);
    zmq_connect(socket, r->endpoint);
    zmq_msg_t msg;
    zmq_msg_init(&msg);
    while (!shared->stop) {
        zmq_msg_recv(&msg, socket, 0);
        if (!zmq_msg_more(&msg))
            shared->got[r->number]++;
    }
}

/* Messages a second, added up over `n` subscribers of this endpoint. */
static double listen_to(const char *at, int n)
{
    pid_t pids[SUBSCRIBERS_MAX];
    struct reader readers[SUBSCRIBERS_MAX];
    memset(shared, 0, sizeof *shared);
    for (int i = 0; i < n; i++) {
        readers[i] = (struct reader){.endpoint = at, .number = i};
        pids[i] = bench_fork(-1, count, &readers[i]);
    }
    for (int i = 0; i < n; i++)
        for (double end = bench_now() + 10; shared->got[i] < 1000;) {
            if (bench_now() > end)
                bench_die("no events arrive at %s", at);
            usleep(1000);
        }
    uint64_t before = 0, after = 0;
    double begin = bench_now();
    for (int i = 0; i < n; i++)
        before += shared->got[i];
    usleep((useconds_t)(SECONDS * 1e6));
    for (int i = 0; i < n; i++)
        after += shared->got[i];
    double rate = (double)(after - before) / (bench_now() - begin);
    for (int i = 0; i < n; i++)
        bench_stop(pids[i]);
    return rate;
}

/* The sizes of a real event: the peer sends the same. */
static void take_sample(const char *at)
{
    void *socket = zmq_socket(zmq_ctx_new(), ZMQ_SUB);
    int timeout = 5000;
    zmq_setsockopt(socket, ZMQ_RCVTIMEO, &timeout, sizeof timeout);
    zmq_setsockopt(socket, ZMQ_SUBSCRIBE, "bench/bench/state/", 18);
    zmq_connect(socket, at);
    for (int i = 0; i < 100; i++) { /* not the first: numbers grow */
        int n = zmq_recv(socket, topic, sizeof topic, 0);
        int m = zmq_recv(socket, body, sizeof body, 0);
        if (n < 0 || m < 0)
            bench_die("no events");
        topic_n = (size_t)n;
        body_n = (size_t)m;
    }
    size_t values = 0;
    body[body_n < sizeof body ? body_n : sizeof body - 1] = '\0';
    for (const char *p = body; (p = strstr(p, "\"value\":")); p++)
        values++;
    if (values != POINTS)
        bench_die("an event has %zu values, not %d: %s", values, POINTS, body);
    zmq_close(socket);
}

static void measure(int n)
{
    char name[96];
    double ours[ROUNDS], bare[ROUNDS];
    pid_t daemon = bench_room(
        -1, "bench", "[room]\nid = bench\nsite = bench\nlabel = Bench\n[device flood]\nprofile = bench/flood\n", NULL);
    take_sample(bench_event("bench"));
    bench_stop(daemon);
    for (int r = 0; r < ROUNDS; r++) {
        daemon = bench_room(-1, "bench",
                            "[room]\nid = bench\nsite = bench\nlabel = Bench\n[device flood]\nprofile = "
                            "bench/flood\n",
                            NULL);
        ours[r] = listen_to(bench_event("bench"), n);
        bench_stop(daemon);
        snprintf(endpoint, sizeof endpoint, "ipc://%s/pub", bench_folder());
        pid_t peer = bench_fork(-1, publish, NULL);
        bare[r] = listen_to(endpoint, n);
        bench_stop(peer);
    }
    double a = bench_percentile(ours, ROUNDS, 50), b = bench_percentile(bare, ROUNDS, 50);
    snprintf(name, sizeof name, "events.to-%d (of bare PUB)", n);
    bench_row(name, a / b, "x", 0.15, false);
    bench_note("%.0f messages/s against %.0f, of %zu + %zu bytes", a, b, topic_n, body_n);
    snprintf(name, sizeof name, "events.to-%d values", n);
    bench_row(name, a * POINTS / n, "/s", 500000, false);
}

int main(void)
{
    bench_profile("flood",
                  "[device]\nclass = sensor\ndriver = flood\nvendor = Bench\nmodel = Flood\nsource = made up\n", POINTS,
                  "type = float\naccess = read\nunit = Cel\nperiod = 1us", 1);
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        bench_die("no shared memory");
    measure(1);
    measure(8);
    return bench_end();
}
