/* A device that takes the connection and never answers, on a line of its own: what point.read and writes to other lines
 * lose by it, at the 99th percentile, against the same room with that device healthy.
 *
 * Both rooms run at once and are measured by turns in small portions, so that whatever the machine does meanwhile hits
 * both. The other lines are Modbus TCP slaves that answer; a write is acknowledged when the slave has echoed it. */
#include <arpa/inet.h>
#include <modbus.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

#include "bench.h"

#define LINES    4 /* two rooms, each with a line that is written and one that is hung (or healthy) */
#define PORTIONS 60
#define CALLS    200
#define N        (PORTIONS * CALLS)

struct shared {
    _Atomic int port[LINES];
} * shared;

static void slave(void *arg)
{
    int i = *(int *)arg, listener = -1;
    modbus_t *ctx = NULL;
    for (int port = 22000 + i * 1000 + getpid() % 900; listener < 0; port++) {
        ctx = modbus_new_tcp("127.0.0.1", port);
        listener = modbus_tcp_listen(ctx, 1);
        if (listener >= 0)
            shared->port[i] = port;
    }
    modbus_mapping_t *map = modbus_mapping_new(0, 0, 200, 200);
    uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
    for (;;) {
        modbus_tcp_accept(ctx, &listener);
        for (int n; (n = modbus_receive(ctx, query)) >= 0;)
            if (n > 0)
                modbus_reply(ctx, query, n, map);
        modbus_close(ctx);
    }
}

/* Takes connections and never says a word: the descriptors stay open, nothing is read. */
static int silent_port(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    if (bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || listen(fd, 16) < 0 ||
        getsockname(fd, (struct sockaddr *)&at, &n) < 0)
        bench_die("no port");
    return ntohs(at.sin_port);
}

static void *room(const char *name, int good, int other)
{
    char text[1024], request[256];
    snprintf(text, sizeof text,
             "[room]\nid = %s\nsite = bench\nlabel = %s\n"
             "[device good]\nprofile = bench/eight\nline = modbus+tcp://127.0.0.1:%d?slave=1\n"
             "[device other]\nprofile = bench/eight\nline = modbus+tcp://127.0.0.1:%d?slave=1\n",
             name, name, good, other);
    bench_room(-1, name, text, NULL);
    void *dealer = bench_dealer(bench_command(name));
    snprintf(request, sizeof request,
             "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"point.read\",\"params\":{\"target\":\"good.p8\"}}");
    bench_until(dealer, request, "\"good\"", 5);
    return dealer;
}

static void portion(void *dealer, bool write, double *times)
{
    static unsigned id = 100;
    char request[256];
    for (int i = 0; i < CALLS; i++) {
        id++;
        if (write)
            snprintf(
                request, sizeof request,
                "{\"jsonrpc\":\"2.0\",\"id\":%u,\"method\":\"point.write\",\"params\":{\"target\":\"good.p1\",\"value\":"
                "%u,\"until\":\"accepted\"}}",
                id, id % 1000);
        else
            snprintf(request, sizeof request,
                     "{\"jsonrpc\":\"2.0\",\"id\":%u,\"method\":\"point.read\",\"params\":{\"target\":\"good.p2\"}}",
                     id);
        double begin = bench_now();
        const char *answer = bench_call(dealer, request);
        times[i] = bench_now() - begin;
        if (strstr(answer, "\"error\""))
            bench_die("%s", answer);
    }
}

static void measure(void *healthy, void *hung, bool write)
{
    static double a[N], b[N];
    for (int i = 0; i < PORTIONS;
         i++) { /* who goes first changes, so that neither always runs on what the other left */
        if (i % 2)
            portion(hung, write, b + i * CALLS);
        portion(healthy, write, a + i * CALLS);
        if (i % 2 == 0)
            portion(hung, write, b + i * CALLS);
    }
    double h = bench_percentile(a, N, 99), s = bench_percentile(b, N, 99);
    bench_row(write ? "hung.write p99 (of healthy)" : "hung.read p99 (of healthy)", s / h, "x", 1.1, true);
    bench_note("p99 %.0f us against %.0f us; p50 %.0f us against %.0f us; %d calls each", s * 1e6, h * 1e6,
               bench_percentile(b, N, 50) * 1e6, bench_percentile(a, N, 50) * 1e6, N);
}

int main(void)
{
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    bench_profile("eight",
                  "[device]\nclass = sensor\ndriver = modbus\nvendor = Bench\nmodel = Eight\nsource = made up\n"
                  "[line]\ntimeout = 500ms\n",
                  8, "type = int\naccess = both\nregister = holding %d\nperiod = 1s\nsettle = 1s\nconfirm every = 1s",
                  1);
    for (int i = 0; i < 3; i++) {
        bench_fork(-1, slave, &i);
        while (!shared->port[i])
            usleep(1000);
    }
    void *healthy = room("healthy", shared->port[0], shared->port[1]);
    void *hung = room("hung", shared->port[2], silent_port());
    measure(healthy, hung, false);
    measure(healthy, hung, true);
    return bench_end();
}
