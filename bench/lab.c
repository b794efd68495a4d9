/* Recording in a running room: 8 channels at 1 kHz for a minute (nothing may be lost, hardly any processor time), and
 * what recording 100,000 samples a second does to the bus. The samples come from the driver pulse, which numbers them. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "bench.h"
#include "rpc.h"

#define CHANNELS 8
#define SECONDS  60
#define ROUNDS   6
#define CALLS    4000

static pid_t start(const char *name, int rate, void **dealer)
{
    char room[4096], options[128];
    snprintf(
        options, sizeof options,
        "[device]\nclass = sensor\ndriver = pulse\nvendor = Bench\nmodel = Pulse\nsource = made up\n[driver]\nrate = "
        "%d\n",
        rate);
    bench_profile(name, options, CHANNELS, "type = float\naccess = read\nunit = V\nstream = yes", 1);
    size_t n = (size_t)snprintf(room, sizeof room,
                                "[room]\nid = %s\nsite = bench\nlabel = Lab\n[device pulse]\nprofile = bench/%s\n"
                                "[experiment all]\nlabel = All\n",
                                name, name);
    for (int i = 1; i <= CHANNELS; i++)
        n += (size_t)snprintf(room + n, sizeof room - n, "channel c%d = pulse.p%d\n", i, i);
    pid_t pid = bench_room(-1, name, room, NULL);
    *dealer = bench_dealer(bench_command(name));
    bench_until(*dealer,
                "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"point.read\",\"params\":{\"target\":\"pulse.p8\"}}",
                "\"good\"", 5);
    return pid;
}

struct count {
    int64_t before; /* value of the sample before; -1: none yet */
    uint64_t samples, lost;
};

static void count(void *ctx, double t, double value)
{
    struct count *c = ctx;
    (void)t;
    if (c->before >= 0)
        c->lost += (uint64_t)(((int64_t)value - c->before - 1 + 65536) % 65536);
    c->before = (int64_t)value;
    c->samples++;
}

static void minute(void)
{
    void *dealer;
    pid_t pid = start("lab1k", 1000, &dealer);
    json_t *run = bench_rpc(dealer, "experiment.start", json_pack("{s:s}", "experiment", "all"));
    const char *id = json_string_value(json_object_get(run, "run"));
    sleep(1);
    double cpu = bench_cpu(pid), begin = bench_now();
    sleep(SECONDS);
    cpu = (bench_cpu(pid) - cpu) / (bench_now() - begin);
    json_decref(bench_rpc(dealer, "experiment.stop", json_pack("{s:s}", "run", id)));
    uint64_t lost = 0, samples = 0, fewest = UINT64_MAX;
    for (int i = 1; i <= CHANNELS; i++) {
        char name[8];
        struct count c = {.before = -1};
        snprintf(name, sizeof name, "c%d", i);
        bench_read_run(dealer, id, name, count, &c); /* what is on the disk, sample by sample */
        lost += c.lost;
        samples += c.samples;
        fewest = c.samples < fewest ? c.samples : fewest;
    }
    if (fewest < SECONDS * 1000)
        lost += SECONDS * 1000 - fewest;
    bench_row("lab.8x1kHz.lost", (double)lost, "samples", 0, true);
    bench_row("lab.8x1kHz.cpu", cpu * 100, "%", 3, true);
    bench_note("%llu samples on the disk after %d s", (unsigned long long)samples, SECONDS + 1);
    json_decref(run);
    zmq_close(dealer);
    bench_stop(pid);
}

static double p99(void *dealer)
{
    static double times[CALLS];
    for (int i = 0; i < CALLS; i++) {
        double begin = bench_now();
        bench_call(dealer,
                   "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"point.read\",\"params\":{\"target\":\"pulse.p1\"}}");
        times[i] = bench_now() - begin;
    }
    return bench_percentile(times, CALLS, 99);
}

static void effect(void)
{
    void *dealer;
    pid_t pid = start("lab100k", 100000 / CHANNELS, &dealer);
    double quiet[ROUNDS], busy[ROUNDS];
    uint64_t recorded = 0;
    double seconds = 0;
    for (int r = 0; r < ROUNDS; r++) {
        quiet[r] = p99(dealer);
        json_t *run = bench_rpc(dealer, "experiment.start", json_pack("{s:s}", "experiment", "all"));
        double begin = bench_now();
        usleep(200000); /* the recording is under way, its first commits done */
        busy[r] = p99(dealer);
        seconds += bench_now() - begin;
        json_t *end = bench_rpc(dealer, "experiment.stop", json_pack("{s:O}", "run", json_object_get(run, "run")));
        recorded += (uint64_t)json_integer_value(json_object_get(end, "samples"));
        json_decref(end);
        json_decref(run);
    }
    double a = bench_percentile(busy, ROUNDS, 50), b = bench_percentile(quiet, ROUNDS, 50);
    bench_row("lab.bus-p99 (recording, of not)", a / b, "x", 1.2, true);
    bench_note("%.0f us against %.0f us, while %.0f samples/s were recorded", a * 1e6, b * 1e6,
               (double)recorded / seconds);
    zmq_close(dealer);
    bench_stop(pid);
}

int main(void)
{
    minute();
    effect();
    return bench_end();
}
