/* A new subscriber to a room of 500 points: from nothing to connected, snapshot applied and live, with liblectern. */
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "lectern/bus.h"

#define ROUNDS 15
#define POINTS 500

static double join(const char *command, const char *event)
{
    struct lec_err err;
    struct lec_bus *bus = NULL;
    struct lec_view *view = NULL;
    struct lec_bus_options options = {.command = command, .event = event};
    struct lec_view_options follow = {0};
    double begin = bench_now();
    if (lec_bus_open(&options, &bus, &err) < 0 || lec_view_open(bus, &follow, &view, &err) < 0)
        bench_die("%s", err.text);
    while (!lec_view_live(view) && bench_now() - begin < 5)
        lec_bus_wait(bus, 100);
    double took = bench_now() - begin;
    size_t good = 0;
    struct lec_reading reading;
    for (size_t i = 0; i < lec_view_devices(view); i++)
        for (size_t j = 0; lec_view_point(view, i, j, &reading); j++)
            good += strcmp(reading.quality, "good") == 0;
    if (good != POINTS)
        bench_die("the view has %zu good points, not %d: %s", good, POINTS, lec_view_reason(view));
    lec_view_free(&view);
    lec_bus_free(&bus);
    return took;
}

int main(void)
{
    bench_profile("fifty",
                  "[device]\nclass = sensor\ndriver = flood\nvendor = Bench\nmodel = Fifty\nsource = made up\n", 50,
                  "type = float\naccess = read\nunit = Cel\nperiod = 1s", 1);
    char room[2048];
    size_t n = (size_t)snprintf(room, sizeof room, "[room]\nid = full\nsite = bench\nlabel = Full\n");
    for (int i = 0; i < POINTS / 50; i++)
        n += (size_t)snprintf(room + n, sizeof room - n, "[device d%d]\nprofile = bench/fifty\n", i);
    bench_room(-1, "full", room, NULL);
    void *dealer = bench_dealer(bench_command("full"));
    bench_until(dealer, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"point.read\",\"params\":{\"target\":\"d9.p50\"}}",
                "\"good\"", 5);
    double took[ROUNDS];
    for (int r = 0; r < ROUNDS; r++)
        took[r] = join(bench_command("full"), bench_event("full"));
    bench_row("join.500-points", bench_percentile(took, ROUNDS, 50) * 1000, "ms", 20, true);
    bench_note("slowest of %d: %.1f ms", ROUNDS, took[ROUNDS - 1] * 1000);
    return bench_end();
}
