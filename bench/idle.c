/* A room at rest: 16 devices on 12 lines, 500 points, each read once a second over Modbus TCP from slaves that answer.
 * Resident memory and processor time of lecternd, after it has settled. */
#include <modbus.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"

#define LINES   12
#define DEVICES 16
#define SETTLE  3
#define SECONDS 20

struct shared {
    _Atomic uint64_t transactions;
    _Atomic int port[LINES];
} * shared;

/* All slaves in one process: a listener a line, libmodbus answers, values drift a little as sensors' do. */
static void slaves(void *arg)
{
    (void)arg;
    struct pollfd fds[2 * LINES];
    modbus_t *ctx[LINES];
    for (int i = 0, port = 21000 + getpid() % 20000; i < LINES; port++) {
        ctx[i] = modbus_new_tcp("127.0.0.1", port);
        fds[i] = (struct pollfd){.fd = modbus_tcp_listen(ctx[i], 1), .events = POLLIN};
        fds[LINES + i] = (struct pollfd){.fd = -1, .events = POLLIN};
        if (fds[i].fd < 0)
            modbus_free(ctx[i]);
        else
            shared->port[i++] = port;
    }
    modbus_mapping_t *map = modbus_mapping_new(0, 0, 200, 200);
    uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
    for (;;) {
        poll(fds, 2 * LINES, -1);
        for (int i = 0; i < LINES; i++) {
            if (fds[i].revents)
                fds[LINES + i].fd = accept(fds[i].fd, NULL, NULL);
            if (!fds[LINES + i].revents)
                continue;
            modbus_set_socket(ctx[i], fds[LINES + i].fd);
            int n = modbus_receive(ctx[i], query);
            if (n > 0) {
                uint64_t t = shared->transactions++;
                map->tab_registers[t % 200] = (uint16_t)(map->tab_registers[t % 200] + 1);
                modbus_reply(ctx[i], query, n, map);
            } else if (n < 0) {
                close(fds[LINES + i].fd);
                fds[LINES + i].fd = -1;
            }
        }
    }
}

int main(void)
{
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    bench_fork(-1, slaves, NULL);
    while (!shared->port[LINES - 1])
        usleep(1000);
    /* 16 devices, 500 points: twelve of 31 and four of 32 */
    static const char profile[] =
        "[device]\nclass = sensor\ndriver = modbus\nvendor = Bench\nmodel = Idle\nsource = made up\n";
    static const char point[] =
        "type = float\naccess = read\nunit = Cel\nregister = holding %d\nscale = 0.1\nperiod = 1s";
    bench_profile("idle31", profile, 31, point, 1);
    bench_profile("idle32", profile, 32, point, 1);
    char room[8192];
    size_t n = (size_t)snprintf(room, sizeof room, "[room]\nid = idle\nsite = bench\nlabel = Idle\n");
    for (int i = 0; i < DEVICES; i++)
        n += (size_t)snprintf(room + n, sizeof room - n,
                              "[device d%d]\nprofile = bench/idle%d\nline = modbus+tcp://127.0.0.1:%d?slave=%d\n", i,
                              i < DEVICES - 4 ? 31 : 32, shared->port[i % LINES], 1 + i / LINES);
    pid_t pid = bench_room(-1, "idle", room, NULL);
    void *dealer = bench_dealer(bench_command("idle"));
    bench_until(dealer, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"point.read\",\"params\":{\"target\":\"d15.p32\"}}",
                "\"good\"", 5);
    sleep(SETTLE);
    uint64_t asked = shared->transactions;
    double cpu = bench_cpu(pid), begin = bench_now();
    sleep(SECONDS);
    cpu = (bench_cpu(pid) - cpu) / (bench_now() - begin);
    bench_row("idle.memory", bench_rss(pid) / 1024 / 1024, "MB", 12, true);
    bench_row("idle.cpu", cpu * 100, "%", 1, true);
    bench_note("%d devices on %d lines, 500 points at 1 s, %.1f transactions/s, over %d s", DEVICES, LINES,
               (double)(shared->transactions - asked) / SECONDS, SECONDS);
    return bench_end();
}
