/* lectern-sim: plays every device of a room at its wire. docs/simulator.md. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "client.h"
#include "config.h"
#include "control.h"
#include "lectern/log.h"
#include "lectern/parse.h"
#include "lectern/paths.h"
#include "sim.h"

#define TRAITS_MAX 64

static const char usage[] =
    "usage: lectern-sim ROOM.ini [options]      play the room's devices\n"
    "       lectern-sim SUBCOMMAND [--room R]   talk to a simulator that runs\n"
    "\n"
    "  --map FILE       where to write the line map (default <run>/<room>/simulator.map)\n"
    "  --secrets FILE   passwords of the devices, as for lecternd\n"
    "  --speed N        model time runs N times as fast\n"
    "  --seed N         seed of noise and random faults (default 1)\n"
    "  --people N       how many people are in the room (default 0)\n"
    "  --only DEVICE    play this device alone\n"
    "  --trait D.K=V    a trait of a device, e.g. projector.warm=3s\n"
    "  --no-pacing      answer also what a real device would drop for coming too soon\n"
    "  --verbose        print every frame\n"
    "\n"
    "subcommands: describe, state [DEVICE], fault DEVICE FAULT [key=value...], clear [DEVICE [FAULT]],\n"
    "  remote DEVICE POINT VALUE, unplug DEVICE, plug DEVICE, speed [N]\n";

struct arguments {
    const char *room, *secrets;
    struct sim_options opt;
    const char *traits[TRAITS_MAX];
};

/* Returns 0, or the exit code plus one. */
static int read_arguments(int argc, char **argv, struct arguments *a)
{
    enum { MAP = 256, SECRETS, SPEED, SEED, PEOPLE, ONLY, TRAIT, NO_PACING, VERBOSE, HELP };
    static const struct option options[] = {
        {"map", required_argument, NULL, MAP},
        {"secrets", required_argument, NULL, SECRETS},
        {"speed", required_argument, NULL, SPEED},
        {"seed", required_argument, NULL, SEED},
        {"people", required_argument, NULL, PEOPLE},
        {"only", required_argument, NULL, ONLY},
        {"trait", required_argument, NULL, TRAIT},
        {"no-pacing", no_argument, NULL, NO_PACING},
        {"verbose", no_argument, NULL, VERBOSE},
        {"help", no_argument, NULL, HELP},
        {0},
    };
    *a = (struct arguments){.opt = {.speed = 1, .seed = 1, .pacing = true}};
    int64_t seed;
    for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        bool good = true;
        switch (o) {
        case MAP:
            a->opt.map = optarg;
            break;
        case SECRETS:
            a->secrets = optarg;
            break;
        case SPEED:
            good = lec_parse_float(optarg, &a->opt.speed) == 0 && a->opt.speed >= 0.01 && a->opt.speed <= 10000;
            break;
        case SEED:
            good = lec_parse_int(optarg, 0, INT64_MAX, &seed) == 0;
            if (good)
                a->opt.seed = (uint64_t)seed;
            break;
        case PEOPLE:
            good = lec_parse_float(optarg, &a->opt.people) == 0 && a->opt.people >= 0 && a->opt.people <= 1000;
            break;
        case ONLY:
            a->opt.only = optarg;
            break;
        case TRAIT:
            good = strchr(optarg, '=') != NULL && strchr(optarg, '.') != NULL && a->opt.n_traits < TRAITS_MAX;
            if (good)
                a->traits[a->opt.n_traits++] = optarg;
            break;
        case NO_PACING:
            a->opt.pacing = false;
            break;
        case VERBOSE:
            a->opt.verbose = true;
            break;
        case HELP:
            fputs(usage, stdout);
            return 1;
        default:
            return 3;
        }
        if (!good) {
            fprintf(stderr, "lectern-sim: \"%s\" does not fit here\n", optarg);
            return 3;
        }
    }
    if (optind != argc - 1) {
        fputs(usage, stderr);
        return 3;
    }
    a->room = argv[optind];
    return 0;
}

static int load_room(const struct arguments *a, const struct lec_room **room)
{
    char profiles[4096];
    struct lec_err err;
    struct lec_report report;
    if (lec_path_profiles(profiles, sizeof profiles, &err) < 0) {
        lec_log(LEC_LOG_ERROR, "%s", err.text);
        return -1;
    }
    lec_report_init(&report);
    /* No schema: the simulator reads keys for drivers by itself, so that it does not share a driver's view of them. */
    struct lec_sources from = {.profiles = profiles, .secrets = a->secrets};
    int rc = lec_room_load(a->room, &from, room, &report);
    lec_report_sort(&report);
    for (size_t i = 0; i < report.n && rc < 0; i++)
        fprintf(stderr, "%s:%d: %s\n", report.at[i].file, report.at[i].line, report.at[i].text);
    lec_report_done(&report);
    return rc;
}

static void stop_now(void *ctx, uint32_t events)
{
    struct loop *l = ctx;
    (void)events;
    loop_stop(l);
}

/* Descriptors for a whole school: as many as the system lets us have. */
static void raise_limit(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
}

static int play(struct arguments *a, const struct lec_room *room, struct loop *l)
{
    struct sim s = {0};
    struct sim_control *control = NULL;
    struct lec_err err;
    char map[128], run[80];
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    struct loop_watch stop = {.fd = signalfd(-1, &signals, SFD_CLOEXEC), .ready = stop_now, .ctx = l};
    int signals_fd = stop.fd;
    int rc = lec_path_run(run, sizeof run, &err);
    if (rc == 0 && !a->opt.map) {
        (void)snprintf(map, sizeof map, "%s/%s/simulator.map", run, room->id);
        a->opt.map = map;
    }
    a->opt.traits = a->traits;
    if (rc == 0)
        rc = sim_open(&s, room, &a->opt, l, &err);
    if (rc == 0)
        rc = sim_control_open(&s, &control, &err);
    if (rc == 0)
        rc = sim_start(&s, &err);
    if (rc == 0)
        rc = loop_watch(l, &stop, false);
    if (rc == 0) {
        printf("ready: room %s, %zu devices, line map %s\n", room->id, s.n_played, a->opt.map);
        fflush(stdout);
        rc = loop_run(l, &err);
    }
    if (rc < 0)
        lec_log(LEC_LOG_ERROR, "%s", err.text);
    loop_unwatch(l, &stop);
    sim_control_close(&control);
    sim_stop(&s);
    close(signals_fd);
    return rc < 0 ? 1 : 0;
}

int main(int argc, char **argv)
{
    struct arguments a;
    const struct lec_room *room = NULL;
    if (argc > 1 && sim_is_subcommand(argv[1]))
        return sim_client(argc, argv);
    int rc = read_arguments(argc, argv, &a);
    if (rc != 0)
        return rc - 1;
    if (load_room(&a, &room) < 0)
        return 1;
    raise_limit();
    struct loop *l = loop_new();
    rc = l ? play(&a, room, l) : 1;
    loop_free(&l);
    lec_room_unref(&room);
    return rc;
}
