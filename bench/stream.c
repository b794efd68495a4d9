/* A board on a serial line that prints a numbered line of four values each millisecond, by a clock that is 200 ppm ahead,
 * beside a busy room, for ten minutes: no sample may be lost, and each must bear the time at which the simulator says that it
 * was taken. `bench_stream SECONDS` shortens it. */
#include <jansson.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "bench.h"
#include "rpc.h"

#define RATE  1000
#define DRIFT "board.drift=200"
#define EVERY 997 /* one sample in so many is asked of the simulator */

static const char profile[] =
    "[device]\nclass = sensor\ndriver = stream\nvendor = Bench\nmodel = Board\nsource = made up\n"
    "[line]\nbaud = 115200\ntimeout = 3s\n"
    "[driver]\nformat = csv\ncolumns = n, temperature, voltage, distance, force\ncounter = n\ninterval = 1ms\n"
    "[point number]\ntype = float\naccess = read\nkey = n\nstream = yes\n"
    "[point temperature]\nkey = temperature\nstream = yes\n[point voltage]\nkey = voltage\nstream = yes\n"
    "[point distance]\nkey = distance\nstream = yes\n[point force]\nkey = force\nstream = yes\n";

static const char room[] =
    "[room]\nid = stream\nsite = bench\nlabel = Stream\n"
    "[device board]\nprofile = bench/board\nline = serial:///dev/ttyUSB0?baud=115200\n"
    "[device busy-1]\nprofile = bench/busy\n[device busy-2]\nprofile = bench/busy\n[device busy-3]\nprofile = bench/busy\n"
    "[experiment all]\nlabel = All\nchannel number = board.number\nchannel temperature = board.temperature\n"
    "channel voltage = board.voltage\nchannel distance = board.distance\nchannel force = board.force\n";

/* A person who reads values as fast as the room answers, with pauses. */
static atomic_bool over;
static void *reader(void *arg)
{
    (void)arg;
    void *dealer = bench_dealer(bench_command("stream"));
    char answer[4096];
    static const char request[] =
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"point.read\",\"params\":{\"target\":\"busy-1.p1\"}}";
    while (!over) {
        for (int i = 0; i < 20; i++) {
            zmq_send(dealer, request, sizeof request - 1, 0);
            zmq_recv(dealer, answer, sizeof answer, 0);
        }
        usleep(10000);
    }
    zmq_close(dealer);
    return NULL;
}

struct check {
    void *sim;
    double start_us; /* wall time of run time 0 */
    int64_t before;  /* the number of the sample before; -1: none yet */
    uint64_t samples, lost, asked;
    double worst; /* seconds off */
};

static double truth_us(void *sim, int64_t number)
{
    json_t *answer = bench_rpc(sim, "sim.samples",
                               json_pack("{s:s, s:I, s:i}", "device", "board", "from", (json_int_t)number, "n", 1));
    const json_t *sample = json_array_get(json_object_get(answer, "samples"), 0);
    double us = json_number_value(json_object_get(sample, "time_us"));
    if (json_integer_value(json_object_get(sample, "n")) != number)
        bench_die("the simulator does not know sample %lld", (long long)number);
    json_decref(answer);
    return us;
}

static void check(void *ctx, double t, double value)
{
    struct check *c = ctx;
    int64_t number = llround(value);
    if (c->before >= 0 && number != c->before + 1)
        bench_note("at %.4f s, sample %llu: from %lld to %lld", t, (unsigned long long)c->samples, (long long)c->before,
                   (long long)number);
    if (c->before >= 0)
        c->lost += (uint64_t)(number - c->before - 1);
    c->before = number;
    if (c->samples++ % EVERY == 0) {
        double off = fabs(c->start_us + t * 1e6 - truth_us(c->sim, number)) / 1e6;
        c->worst = off > c->worst ? off : c->worst;
        c->asked++;
    }
}

int main(int argc, char **argv)
{
    int seconds = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 600;
    char map[256], run[256], control[300], text[4096];
    bench_profile("board", profile, 0, "", 0);
    bench_profile("busy", "[device]\nclass = sensor\ndriver = flood\nvendor = Bench\nmodel = Busy\nsource = made up\n",
                  100, "type = float\naccess = read\nunit = Cel\nperiod = 50ms", 1);
    snprintf(text, sizeof text, "%s", bench_write("stream.ini", room));
    snprintf(map, sizeof map, "%s/map.ini", bench_folder());
    snprintf(run, sizeof run, "%s/run", bench_folder());
    snprintf(control, sizeof control, "ipc://%s/stream/simulator", run);
    setenv("LECTERN_RUN", run, 1);
    setenv("LECTERN_PROFILES", bench_profiles(), 1);
    mkdir(run, 0755);
    bench_start(-1, "lectern-sim", text, "--map", map, "--trait", DRIFT, "--trait", "board.rate=1000", (char *)NULL);
    for (double end = bench_now() + 5; access(map, R_OK) < 0;)
        if (bench_now() > end)
            bench_die("no line map");
    bench_room(-1, "stream", NULL, map);
    void *dealer = bench_dealer(bench_command("stream"));
    bench_until(dealer,
                "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"point.read\",\"params\":{\"target\":\"board.force\"}}",
                "\"good\"", 10);
    pthread_t thread;
    pthread_create(&thread, NULL, reader, NULL);
    json_t *begun = bench_rpc(dealer, "experiment.start", json_pack("{s:s}", "experiment", "all"));
    sleep((unsigned)seconds);
    json_t *ended = bench_rpc(dealer, "experiment.stop", json_pack("{s:O}", "run", json_object_get(begun, "run")));
    over = true;
    pthread_join(thread, NULL);
    struct check c = {
        .sim = bench_dealer(control), .before = -1, .start_us = json_number_value(json_object_get(ended, "start"))};
    bench_read_run(dealer, json_string_value(json_object_get(begun, "run")), "number", check, &c);
    double least = (double)seconds * RATE;
    if ((double)c.samples < least)
        c.lost += (uint64_t)(least - (double)c.samples);
    bench_row("stream.lost (1 kHz, 4 channels, busy room)", (double)c.lost, " samples", 0, true);
    bench_row("stream.time (200 ppm of drift)", c.worst * RATE, " samples", 1, true);
    bench_note("%llu samples in %d s; the worst of %llu times is %.0f us off", (unsigned long long)c.samples, seconds,
               (unsigned long long)c.asked, c.worst * 1e6);
    return bench_end();
}
