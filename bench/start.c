/* The first answer on the bus after the start of a room with 30 devices that cannot be reached: half refuse the
 * connection, half take it and never say a word. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

#include "bench.h"

#define DEVICES 30
#define ROUNDS  7

/* A port that listens and answers nothing, or (listening false) one that is closed. */
static int port(bool listening)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    if (bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || getsockname(fd, (struct sockaddr *)&at, &n) < 0)
        bench_die("no port");
    if (listening)
        listen(fd, 64);
    return ntohs(at.sin_port); /* the descriptor stays open until the program ends, so that nobody else gets the port */
}

int main(void)
{
    char room[8192];
    size_t n = (size_t)snprintf(room, sizeof room, "[room]\nid = away\nsite = bench\nlabel = Away\n");
    for (int i = 0; i < DEVICES; i++)
        n += (size_t)snprintf(room + n, sizeof room - n,
                              "[device d%d]\nprofile = epson/eb-l200f\nline = tcp://127.0.0.1:%d\n", i, port(i % 2));
    double took[ROUNDS];
    for (int r = 0; r < ROUNDS; r++) {
        double begin = bench_now();
        pid_t pid = bench_room(-1, "away", room, NULL);
        took[r] = bench_now() - begin;
        bench_stop(pid);
    }
    bench_row("start.30-unreachable", bench_percentile(took, ROUNDS, 50) * 1000, "ms", 150, true);
    bench_note("slowest of %d: %.1f ms; from fork to the answer of room.describe", ROUNDS, took[ROUNDS - 1] * 1000);
    return bench_end();
}
