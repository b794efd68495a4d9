/* Modbus TCP: transactions a second while lecternd polls 4 slaves of 100 registers flat out, against a bare libmodbus
 * loop that does the same; and, with scattered points, the transactions of one round against the fewest possible.
 *
 * The slaves are libmodbus too, processes of their own that only count and answer: one for each side, so that both sides can
 * be there at a time and take turns. */
#include <modbus.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include "bench.h"

#define SLAVES    4
#define REGISTERS 100
/* A turn is short, so that both sides meet the same states of the machine: its speed changes within a second. */
#define TURN_US 50000
#define TURNS   40
#define ROOMS   5

enum side { BARE, OURS, SIDES };

struct shared {
    _Atomic uint64_t transactions[SIDES];
    _Atomic int port[SIDES];
} * shared;

static void slave(void *arg)
{
    const enum side *side = arg;
    modbus_t *ctx = NULL;
    int listener = -1;
    for (int port = 20000 + getpid() % 20000; listener < 0; port++) {
        ctx = modbus_new_tcp("127.0.0.1", port);
        listener = modbus_tcp_listen(ctx, 1);
        if (listener >= 0)
            shared->port[*side] = port;
        else
            modbus_free(ctx);
    }
    modbus_mapping_t *map = modbus_mapping_new(0, 0, 2000, 2000);
    for (int i = 0; i < 2000; i++)
        map->tab_registers[i] = (uint16_t)(i * 7);
    uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
    for (;;) {
        modbus_tcp_accept(ctx, &listener);
        for (int n; (n = modbus_receive(ctx, query)) >= 0;) {
            if (n == 0)
                continue;
            shared->transactions[*side]++;
            modbus_reply(ctx, query, n, map);
        }
        modbus_close(ctx);
    }
}

static void bare(void *arg)
{
    (void)arg;
    modbus_t *ctx = modbus_new_tcp("127.0.0.1", shared->port[BARE]);
    if (modbus_connect(ctx) < 0)
        _exit(1);
    uint16_t registers[REGISTERS];
    for (int i = 0;; i++) {
        modbus_set_slave(ctx, 1 + i % SLAVES);
        if (modbus_read_registers(ctx, 0, REGISTERS, registers) != REGISTERS)
            _exit(1);
    }
}

static void wait_for_transactions(enum side side, uint64_t n)
{
    uint64_t first = shared->transactions[side];
    for (double end = bench_now() + 10; shared->transactions[side] < first + n;)
        if (bench_now() > end)
            bench_die("the slave is not asked");
}

static void pause_side(pid_t pid)
{
    kill(pid, SIGSTOP);
    waitpid(pid, NULL, WUNTRACED);
}

/* Transactions a second while only this side runs. */
static double turn(enum side side, pid_t pid)
{
    kill(pid, SIGCONT);
    wait_for_transactions(side, 100);
    uint64_t before = shared->transactions[side];
    double begin = bench_now();
    usleep(TURN_US);
    double rate = (double)(shared->transactions[side] - before) / (bench_now() - begin);
    pause_side(pid);
    return rate;
}

static void make_room(char *room, size_t size, const char *profile, int slaves)
{
    size_t n = (size_t)snprintf(room, size, "[room]\nid = modbus\nsite = bench\nlabel = Modbus\n");
    for (int i = 1; i <= slaves; i++)
        n += (size_t)snprintf(room + n, size - n,
                              "[device s%d]\nprofile = bench/%s\nline = modbus+tcp://127.0.0.1:%d?slave=%d\n", i,
                              profile, shared->port[OURS], i);
}

static void flat_out(void)
{
    char room[2048];
    double rates[SIDES][ROOMS * TURNS], share[ROOMS * TURNS];
    size_t n = 0;
    make_room(room, sizeof room, "hundred", SLAVES);
    pid_t pids[SIDES] = {[BARE] = bench_fork(-1, bare, NULL)};
    for (int r = 0; r < ROOMS; r++) {
        pids[OURS] = bench_room(-1, "modbus", room, NULL);
        for (int side = BARE; side < SIDES; side++) {
            wait_for_transactions(side, 2000);
            pause_side(pids[side]);
        }
        for (int t = 0; t < TURNS; t++, n++) {
            for (int side = BARE; side < SIDES; side++)
                rates[side][n] = turn(side, pids[side]);
            share[n] = rates[OURS][n] / rates[BARE][n];
        }
        kill(pids[BARE], SIGCONT);
        kill(pids[OURS], SIGCONT);
        bench_stop(pids[OURS]);
    }
    bench_stop(pids[BARE]);
    bench_row("modbus.flat-out (of bare libmodbus)", bench_percentile(share, n, 50), "x", 0.95, false);
    bench_note("%.0f transactions/s against %.0f; %d slaves of %d registers; a quarter of the turns below %.3g, one "
               "above %.3g",
               bench_percentile(rates[OURS], n, 50), bench_percentile(rates[BARE], n, 50), SLAVES, REGISTERS,
               bench_percentile(share, n, 25), bench_percentile(share, n, 75));
}

/* The registers of the scattered profile, and the fewest reads that cover them when a read spans at most `most` registers
 * and skips at most `gap`: from the left, each as far as it reaches. That this is the fewest is proven by the unit test
 * that compares the driver's planner with every possible partition. */
static const int scattered[] = {0, 1, 2, 5, 9, 30, 31, 33, 60, 100, 101, 104, 107, 150, 151, 152, 400, 401, 500, 640};

static int fewest(int most, int gap)
{
    size_t n = sizeof scattered / sizeof *scattered;
    int reads = 0;
    for (size_t i = 0; i < n; reads++) {
        int first = scattered[i];
        size_t k = i + 1;
        while (k < n && scattered[k] - scattered[k - 1] - 1 <= gap && scattered[k] - first + 1 <= most)
            k++;
        i = k;
    }
    return reads;
}

static void coalesced(void)
{
    char room[1024], text[4096];
    size_t n =
        (size_t)snprintf(text, sizeof text,
                         "[device]\nclass = sensor\ndriver = modbus\nvendor = Bench\nmodel = Scattered\nsource = made "
                         "up\n[driver]\nmax registers = 60\ngap registers = 10\n");
    for (size_t i = 0; i < sizeof scattered / sizeof *scattered; i++)
        n += (size_t)snprintf(text + n, sizeof text - n,
                              "[point r%d]\ntype = int\naccess = read\nregister = holding %d\nperiod = once\n",
                              scattered[i], scattered[i]);
    bench_profile("scattered", text, 0, "", 0);
    make_room(room, sizeof room, "scattered", 1);
    uint64_t before = shared->transactions[OURS];
    pid_t pid = bench_room(-1, "modbus", room, NULL);
    void *dealer = bench_dealer(bench_command("modbus"));
    bench_until(dealer, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"point.read\",\"params\":{\"target\":\"s1.r640\"}}",
                "\"value\":4480", 5);
    uint64_t used = shared->transactions[OURS] - before;
    bench_row("modbus.scattered transactions", (double)used, "", fewest(60, 10), true);
    bench_note("for %zu points on one slave, at most 60 registers a read, gaps up to 10",
               sizeof scattered / sizeof *scattered);
    zmq_close(dealer);
    bench_stop(pid);
}

int main(void)
{
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    bench_profile("hundred",
                  "[device]\nclass = sensor\ndriver = modbus\nvendor = Bench\nmodel = Hundred\nsource = made up\n"
                  "[driver]\nmax registers = 125\n",
                  REGISTERS, "type = int\naccess = read\nregister = holding %d\nperiod = 1us", 1);
    static enum side sides[SIDES] = {BARE, OURS};
    for (int i = BARE; i < SIDES; i++) {
        bench_fork(-1, slave, &sides[i]);
        while (!shared->port[i])
            usleep(1000);
    }
    flat_out();
    coalesced();
    return bench_end();
}
