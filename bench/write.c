/* point.write on a simulated projector, to the device's acknowledgement, against the sum of the bare ipc echo and the same
 * request and reply done directly on a socket. The projector is lectern-sim's; the wire is PJLink: "%1AVMT 31\r" one way,
 * "%1AVMT=OK\r" the other. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "bench.h"

/* Each room is a placement of its threads, which moves the figure by 5 %; each turn is so short that all three meet the same state
 * of the machine, whose speed changes within a second: so they are compared turn by turn. */
#define ROOMS 15
#define TURNS 20
#define ALL   ((size_t)ROOMS * TURNS)
#define CALLS 50

static void echo(void *arg)
{
    void *socket = zmq_socket(zmq_ctx_new(), ZMQ_ROUTER);
    if (zmq_bind(socket, arg) < 0)
        _exit(1);
    char id[256], body[4096];
    for (;;) {
        int n = zmq_recv(socket, id, sizeof id, 0);
        int m = zmq_recv(socket, body, sizeof body, 0);
        zmq_send(socket, id, (size_t)n, ZMQ_SNDMORE);
        zmq_send(socket, body, (size_t)m, 0);
    }
}

static void echo_turn(void *socket, const char *request, double *times)
{
    char body[4096];
    size_t n = strlen(request);
    for (int i = 0; i < CALLS; i++) {
        double begin = bench_now();
        zmq_send(socket, request, n, 0);
        if (zmq_recv(socket, body, sizeof body, 0) < 0)
            bench_die("the echo is silent");
        times[i] = bench_now() - begin;
    }
}

/* The port where the simulator plays the projector, from its line map. */
static int port_in(const char *map)
{
    char line[256];
    int port = 0;
    FILE *f = fopen(map, "re");
    while (f && fgets(line, sizeof line, f)) {
        char *at = strstr(line, "at = tcp://127.0.0.1:");
        if (at)
            port = (int)strtol(at + 21, NULL, 10);
    }
    if (f)
        fclose(f);
    if (port == 0)
        bench_die("no port in %s", map);
    return port;
}

static size_t line(int fd, char *buf, size_t size)
{
    size_t n = 0;
    while (n < size && recv(fd, buf + n, 1, 0) == 1 && buf[n++] != '\r')
        continue;
    return n;
}

static int direct_connect(int port)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    char hello[64];
    if (connect(fd, (struct sockaddr *)&at, sizeof at) < 0 || line(fd, hello, sizeof hello) == 0)
        bench_die("the projector does not greet");
    return fd;
}

static const char *ask(int fd, const char *command)
{
    static char reply[256];
    send(fd, command, strlen(command), 0);
    ssize_t n = recv(fd, reply, sizeof reply - 1, 0);
    if (n <= 0)
        bench_die("the projector is silent");
    reply[n] = '\0';
    return reply;
}

static void direct_turn(int port, double *times)
{
    int fd = direct_connect(port);
    for (int i = 0; i < CALLS; i++) {
        double begin = bench_now();
        const char *reply = ask(fd, i % 2 ? "%1AVMT 30\r" : "%1AVMT 31\r");
        times[i] = bench_now() - begin;
        if (!strstr(reply, "=OK"))
            bench_die("the projector says %s", reply);
    }
    close(fd);
}

static void our_turn(void *dealer, double *times)
{
    static unsigned id;
    char request[256];
    for (int i = 0; i < CALLS; i++) {
        snprintf(request, sizeof request,
                 "{\"jsonrpc\":\"2.0\",\"id\":%u,\"method\":\"point.write\",\"params\":{\"target\":\"p.picture_mute\","
                 "\"value\":%s,\"until\":\"accepted\"}}",
                 100 + id++, i % 2 ? "false" : "true");
        double begin = bench_now();
        const char *answer = bench_call(dealer, request);
        times[i] = bench_now() - begin;
        if (!strstr(answer, "\"accepted\"") && !strstr(answer, "\"confirmed\""))
            bench_die("a write failed: %s", answer);
    }
}

int main(void)
{
    static double bare[ALL], direct[ALL], ours[ALL], ratio[ALL];
    double times[CALLS];
    char map[256], endpoint[256], run[256], room[256];
    bench_profile("eager",
                  "[device]\nclass = projector\ndriver = pjlink\nvendor = Bench\nmodel = Eager\nsource = made up\n"
                  "[line]\nport = 4352\ngap = 0\nidle = 0\n[driver]\nnotify_port = 0\n"
                  "[point power]\nperiod = 1s\n[point picture_mute]\nperiod = 10s\nsettle = 100ms\nconfirm every = "
                  "200ms\n",
                  0, "", 0);
    snprintf(room, sizeof room, "%s",
             bench_write("write.ini", "[room]\nid = write\nsite = bench\nlabel = Write\n"
                                      "[device p]\nprofile = bench/eager\nline = "
                                      "tcp://10.0.0.1:4352\n"));
    snprintf(map, sizeof map, "%s/map.ini", bench_folder());
    snprintf(run, sizeof run, "%s/run", bench_folder());
    setenv("LECTERN_RUN", run, 1);
    setenv("LECTERN_PROFILES", bench_profiles(), 1);
    mkdir(run, 0755);
    bench_start(-1, "lectern-sim", room, "--map", map, "--speed", "100", "--no-pacing", (char *)NULL);
    for (double end = bench_now() + 5; access(map, R_OK) < 0;)
        if (bench_now() > end)
            bench_die("no line map");
    int port = port_in(map);
    int fd = direct_connect(port);
    ask(fd, "%1POWR 1\r");
    for (double end = bench_now() + 10; !strstr(ask(fd, "%1POWR ?\r"), "=1");)
        if (bench_now() > end)
            bench_die("the projector does not come on");
    close(fd);
    snprintf(endpoint, sizeof endpoint, "ipc://%s/echo", bench_folder());
    bench_fork(-1, echo, endpoint);
    void *peer = bench_dealer(endpoint);
    for (size_t at = 0; at < ALL;) {
        pid_t pid = bench_room(-1, "write", NULL, map);
        void *dealer = bench_dealer(bench_command("write"));
        bench_until(dealer,
                    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"point.read\",\"params\":{\"target\":\"p.power\"}}",
                    "\"on\"", 10);
        for (int turn = 0; turn < TURNS; turn++, at++) {
            echo_turn(peer,
                      "{\"jsonrpc\":\"2.0\",\"id\":1000,\"method\":\"point.write\",\"params\":{\"target\":"
                      "\"p.picture_mute\",\"value\":false,\"until\":\"accepted\"}}",
                      times);
            bare[at] = bench_percentile(times, CALLS, 50);
            direct_turn(port, times);
            direct[at] = bench_percentile(times, CALLS, 50);
            our_turn(dealer, times);
            ours[at] = bench_percentile(times, CALLS, 50);
            ratio[at] = ours[at] / (bare[at] + direct[at]);
        }
        zmq_close(dealer);
        bench_stop(pid);
    }
    bench_row("write.p50 (of ipc echo + socket)", bench_percentile(ratio, ALL, 50), "x", 1.5, true);
    bench_note(
        "%.1f us against %.1f us ipc echo + %.1f us request and reply on a socket; a quarter of the turns below %.3f, "
        "one above %.3f",
        1e6 * bench_percentile(ours, ALL, 50), 1e6 * bench_percentile(bare, ALL, 50),
        1e6 * bench_percentile(direct, ALL, 50), bench_percentile(ratio, ALL, 25), bench_percentile(ratio, ALL, 75));
    return bench_end();
}
