/* lecternd: the program that runs one room. Reads its arguments, wires the core, runs it. */
#include <getopt.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/core.h"
#include "core/descriptors.h"
#include "core/testbed.h"
#include "lectern/log.h"
#include "lectern/paths.h"
#include "lectern/program.h"

static const char usage[] = "Usage: lecternd [options] ROOM.ini\n"
                            "Runs the room that the file describes.\n"
                            "\n"
                            "  --simulated MAP  use the lines that lectern-sim wrote to MAP\n"
                            "  --secrets FILE   passwords for devices (only its owner may read it)\n"
                            "  --state DIR      journal and captured scenes (default $STATE_DIRECTORY, else ./state)\n"
                            "  --run DIR        sockets are DIR/<room>/ (default $LECTERN_RUN, else /run/lectern)\n"
                            "  --profiles DIR   classes and device profiles\n"
                            "  --drivers DIR    driver modules\n"
                            "  --gateway USER   who may speak for people (default: the room file's, else lectern-web)\n"
                            "  --verbose        log debugging messages too\n"
                            "  --help, --version\n"
                            "\n"
                            "Exit status: 0 ended as asked, 1 could not start or run, 2 wrong arguments.\n";

struct arguments {
    struct core_setup setup;
    char run[2048], profiles[4096], drivers[4096];
};

/* Returns -1 to go on, or the exit status. */
static int parse(int argc, char **argv, struct arguments *a)
{
    static const struct option options[] = {
        {"simulated", required_argument, NULL, 'm'},
        {"secrets", required_argument, NULL, 's'},
        {"state", required_argument, NULL, 't'},
        {"run", required_argument, NULL, 'r'},
        {"profiles", required_argument, NULL, 'p'},
        {"drivers", required_argument, NULL, 'd'},
        {"gateway", required_argument, NULL, 'g'},
        {"verbose", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        {0},
    };
    for (int c; (c = getopt_long(argc, argv, "vh", options, NULL)) != -1;) {
        switch (c) {
        case 'm':
            a->setup.line_map = optarg;
            break;
        case 's':
            a->setup.secrets = optarg;
            break;
        case 't':
            a->setup.state_dir = optarg;
            break;
        case 'r':
            a->setup.run_dir = optarg;
            break;
        case 'p':
            a->setup.profiles = optarg;
            break;
        case 'd':
            a->setup.drivers_dir = optarg;
            break;
        case 'g':
            a->setup.gateway = optarg;
            break;
        case 'v':
            lec_log_set_level(LEC_LOG_DEBUG);
            break;
        case 'h':
            fputs(usage, stdout);
            return 0;
        case 'V':
            printf("lecternd %s\n", lec_version());
            return 0;
        default:
            fputs(usage, stderr);
            return 2;
        }
    }
    if (optind != argc - 1) {
        fputs(usage, stderr);
        return 2;
    }
    a->setup.room_file = argv[optind];
    return -1;
}

/* Folders that were not named are looked for. */
static int find_folders(struct arguments *a, struct lec_err *err)
{
    int rc = 0;
    if (!a->setup.run_dir) {
        rc = lec_path_run(a->run, sizeof a->run, err);
        a->setup.run_dir = a->run;
    }
    if (rc == 0 && !a->setup.profiles) {
        rc = lec_path_profiles(a->profiles, sizeof a->profiles, err);
        a->setup.profiles = a->profiles;
    }
    if (rc == 0 && !a->setup.drivers_dir) {
        rc = lec_path_drivers(a->drivers, sizeof a->drivers, err);
        a->setup.drivers_dir = a->drivers;
    }
    if (!a->setup.state_dir)
        a->setup.state_dir = getenv("STATE_DIRECTORY") ? getenv("STATE_DIRECTORY") : "state";
    return rc;
}

int main(int argc, char **argv)
{
    static struct arguments arguments;
    static struct core core;
    int status = parse(argc, argv, &arguments);
    if (status >= 0)
        return status;
    if (arguments.setup.line_map)
        testbed_enter(arguments.setup.line_map, argv);
    mallopt(M_ARENA_MAX, 2); /* a thread a line: an arena each would cost more memory than they use */
    lec_signals_block();     /* the core reads them from a signalfd */
    descriptors_raise();
    zsys_init();
    zsys_handler_set(NULL);
    zsys_set_max_sockets(1023);

    struct lec_err err = {.text = ""};
    int rc = find_folders(&arguments, &err);
    if (rc == 0)
        rc = core_open(&core, &arguments.setup, &err);
    if (rc < 0) {
        lec_log(LEC_LOG_ERROR, "%s", err.text);
        core_close(&core);
        return 1;
    }
    status = core_run(&core);
    core_close(&core);
    lec_log(LEC_LOG_INFO, "ended");
    return status;
}
