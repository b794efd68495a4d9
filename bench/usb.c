/* A probe on USB is unplugged and plugged in again: how soon the room shows it away, and how soon its first value is on the
 * bus. lecternd and the simulator of USB are real, libusb is between them; the driver waits between its attempts to find the probe
 * as it does in a room. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "bench.h"

#define ROUNDS 9

static const char room[] = "[room]\nid = plug\nsite = bench\n"
                           "[device probe]\nprofile = vernier/go-temp\nline = usb://08f7:0002/0523-4660\n";

static void *listen_to(const char *at, const char *topic)
{
    void *socket = zmq_socket(zmq_ctx_new(), ZMQ_SUB);
    int timeout = 10000, linger = 0;
    zmq_setsockopt(socket, ZMQ_RCVTIMEO, &timeout, sizeof timeout);
    zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger);
    zmq_setsockopt(socket, ZMQ_SUBSCRIBE, topic, strlen(topic));
    if (zmq_connect(socket, at) < 0)
        bench_die("cannot connect to %s", at);
    return socket;
}

/* Waits for an event with that text in its JSON; NULL: any. */
static void hear(void *socket, const char *want)
{
    char text[16384];
    for (double end = bench_now() + 10; bench_now() < end;) {
        int more = 1;
        bool found = false;
        for (int frame = 0; more; frame++) {
            size_t size = sizeof more;
            int n = zmq_recv(socket, text, sizeof text - 1, 0);
            if (n < 0)
                bench_die("no event%s%s", want ? " with " : "", want ? want : "");
            text[n < (int)sizeof text - 1 ? n : (int)sizeof text - 1] = '\0';
            found = found || (frame == 1 && (!want || strstr(text, want)));
            zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &size);
        }
        if (found)
            return;
    }
    bench_die("10 s without the event");
}

static void drop_all(void *socket)
{
    char text[64];
    while (zmq_recv(socket, text, sizeof text, ZMQ_DONTWAIT) >= 0)
        continue;
}

int main(void)
{
    char run[128], map[128], at[160], request[160];
    snprintf(run, sizeof run, "%s/run", bench_folder());
    snprintf(map, sizeof map, "%s/plug.map", bench_folder());
    snprintf(at, sizeof at, "ipc://%s/plug/simulator", run);
    mkdir(run, 0755);
    setenv("LECTERN_RUN", run, 1);
    bench_start(-1, "lectern-sim", bench_write("plug.ini", room), "--map", map, (char *)NULL);
    for (int i = 0; i < 500 && access(map, F_OK) < 0; i++)
        usleep(10000);
    bench_room(-1, "plug", NULL, map);
    void *sim = bench_dealer(at);
    void *samples = listen_to(bench_event("plug"), "bench/plug/sample/probe");
    void *states = listen_to(bench_event("plug"), "bench/plug/state/probe");
    hear(samples, NULL);
    double in[ROUNDS], out[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        drop_all(states);
        double begin = bench_now();
        bench_call(sim, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"sim.unplug\",\"params\":{\"device\":\"probe\"}}");
        hear(states, "\"status\":\"away\"");
        out[i] = bench_now() - begin;
        usleep((useconds_t)(300000 + 170000 * i)); /* people are slow, and the pauses between attempts grow */
        drop_all(samples);
        snprintf(request, sizeof request,
                 "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"sim.plug\",\"params\":{\"device\":\"probe\",\"port\":%d}}",
                 2 + i % 3);
        begin = bench_now();
        bench_call(sim, request);
        hear(samples, NULL);
        in[i] = bench_now() - begin;
    }
    bench_row("usb.unplugged: shown away", bench_percentile(out, ROUNDS, 100), "s", 1, true);
    bench_note("slowest of %d; median %.3f s", ROUNDS, bench_percentile(out, ROUNDS, 50));
    bench_row("usb.plugged in: first value on the bus", bench_percentile(in, ROUNDS, 100), "s", 2, true);
    bench_note("slowest of %d; median %.3f s; each time another port", ROUNDS, bench_percentile(in, ROUNDS, 50));
    return bench_end();
}
