/* A scene of 12 devices that take different times to arrive: how much longer it takes than its slowest device alone.
 * The devices are projectors played by lectern-sim, with warm-up times from a quarter of a second to three seconds. They
 * cool down in a tenth of a second, which is not measured; a round takes about 7 s. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "bench.h"

#define DEVICES 12
#define ROUNDS  3

/* Runs a scene to its end and returns how long it took, in ms, as the run says. */
static double play(void *dealer, const char *scene)
{
    char request[256];
    static unsigned id = 1000;
    snprintf(request, sizeof request,
             "{\"jsonrpc\":\"2.0\",\"id\":%u,\"method\":\"scene.start\",\"params\":{\"scene\":\"%s\"}}", id++, scene);
    const char *run = strstr(bench_call(dealer, request), "\"run\":\"");
    if (!run)
        bench_die("scene %s does not start", scene);
    char name[17];
    snprintf(name, sizeof name, "%.16s", run + 7);
    snprintf(request, sizeof request,
             "{\"jsonrpc\":\"2.0\",\"id\":%u,\"method\":\"scene.run\",\"params\":{\"run\":\"%s\"}}", id++, name);
    bench_until(dealer, request, "\"state\":\"done\"", 30);
    const char *ms = strstr(bench_call(dealer, request), "\"ms\":");
    if (!ms)
        bench_die("the run does not say how long it took");
    return strtod(ms + 5, NULL);
}

static void start_simulator(const char *room, const char *map)
{
    static char warm[DEVICES][32], cool[DEVICES][32];
    for (int i = 0; i < DEVICES; i++) { /* 250 ms, 500 ms, ... 3 s */
        snprintf(warm[i], sizeof warm[i], "--trait=p%d.warm=%dms", i + 1, 250 * (i + 1));
        snprintf(cool[i], sizeof cool[i], "--trait=p%d.cool=100ms", i + 1);
    }
    bench_start(-1, "lectern-sim", room, "--map", map, "--no-pacing", warm[0], warm[1], warm[2], warm[3], warm[4],
                warm[5], warm[6], warm[7], warm[8], warm[9], warm[10], warm[11], cool[0], cool[1], cool[2], cool[3],
                cool[4], cool[5], cool[6], cool[7], cool[8], cool[9], cool[10], cool[11], (char *)NULL);
}

int main(void)
{
    bench_profile("quick",
                  "[device]\nclass = projector\ndriver = pjlink\nvendor = Bench\nmodel = Quick\nsource = made up\n"
                  "[line]\nport = 4352\ngap = 0\nidle = 0\n[driver]\nnotify_port = 0\n"
                  "[point power]\nperiod = 5s\nsettle = 20ms\nconfirm every = 50ms\nlimit = 30s\n",
                  0, "", 0);
    char room[8192], map[256], run[256];
    size_t n = (size_t)snprintf(room, sizeof room, "[room]\nid = scene\nsite = bench\nlabel = Scene\n");
    for (int i = 1; i <= DEVICES; i++)
        n += (size_t)snprintf(room + n, sizeof room - n,
                              "[device p%d]\nprofile = bench/quick\nline = tcp://10.0.0.%d:4352\n", i, i);
    static const char *const scenes[] = {"all", "on", "all-off", "off", "slowest", "on", "slowest-off", "off"};
    for (size_t s = 0; s < 8; s += 2) {
        n += (size_t)snprintf(room + n, sizeof room - n, "[scene %s]\nlabel = x\n", scenes[s]);
        for (int i = strncmp(scenes[s], "slow", 4) ? 1 : DEVICES; i <= DEVICES; i++)
            n += (size_t)snprintf(room + n, sizeof room - n, "step s%d = p%d.power %s\n", i, i, scenes[s + 1]);
    }
    bench_write("scene.ini", room);
    snprintf(map, sizeof map, "%s/map.ini", bench_folder());
    snprintf(run, sizeof run, "%s/run", bench_folder());
    setenv("LECTERN_RUN", run, 1);
    setenv("LECTERN_PROFILES", bench_profiles(), 1);
    mkdir(run, 0755);
    char file[256];
    snprintf(file, sizeof file, "%s/scene.ini", bench_folder());
    start_simulator(file, map);
    for (double end = bench_now() + 5; access(map, R_OK) < 0;)
        if (bench_now() > end)
            bench_die("no line map");
    bench_room(-1, "scene", NULL, map);
    void *dealer = bench_dealer(bench_command("scene"));
    for (int i = 1; i <= DEVICES; i++) {
        char request[256];
        snprintf(request, sizeof request,
                 "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"point.read\",\"params\":{\"target\":\"p%d.power\"}}", i);
        bench_until(dealer, request, "\"off\"", 10);
    }
    double over[ROUNDS];
    for (int r = 0; r < ROUNDS; r++) {
        double one = play(dealer, "slowest");
        play(dealer, "slowest-off");
        double all = play(dealer, "all");
        play(dealer, "all-off");
        over[r] = all - one;
        bench_note("round %d of %d: all %.0f ms, the slowest alone %.0f ms", r + 1, ROUNDS, all, one);
    }
    bench_row("scene.12-devices over the slowest alone", bench_percentile(over, ROUNDS, 50), "ms", 100, true);
    bench_note("the slowest warms up for 3000 ms");
    return bench_end();
}
