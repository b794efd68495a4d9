/* How fast a run becomes a CSV file: lectern-lab as the daemon starts it, from its start to its end, on a run of eight channels at
 * 1 kHz. Values are what a 16-bit converter and a calibration give, so most need all their digits. Peer, for the reader: the same
 * values through fprintf with 17 digits, without times and without reading a run. */
#include <fcntl.h>
#include <math.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "lectern/runs.h"

#define CHANNELS 8
#define SAMPLES  500000 /* of each */
#define BLOCK    1000

static double level(size_t channel, size_t i)
{
    return floor(32768 + 20000 * sin((double)i * 1e-3 * (double)(channel + 1)) + (double)(i * 2654435761u % 97));
}

static void record(const char *file, char run[LEC_RUN_ID])
{
    static struct lec_run_channel channels[CHANNELS];
    static double values[BLOCK];
    struct lec_err err = {0};
    struct lec_runs *runs;
    char note[LEC_ERR_TEXT];
    int interrupted;
    for (size_t c = 0; c < CHANNELS; c++) {
        snprintf(channels[c].name, sizeof channels[c].name, "channel_%zu", c + 1);
        snprintf(channels[c].unit, sizeof channels[c].unit, "V");
        channels[c].rate_hz = 1000;
        if (lec_calibration_parse("linear -2.5 0.000152587890625", &channels[c].calibration, &err) < 0)
            bench_die("calibration: %s", err.text);
    }
    struct lec_run_start start = {.experiment = "bench",
                                  .label = "bench",
                                  .label_en = "bench",
                                  .operator_ = "",
                                  .principal = "",
                                  .metadata = "{}",
                                  .definition = "{}",
                                  .start_us = 1763783100000000,
                                  .channels = channels,
                                  .n_channels = CHANNELS};
    if (lec_runs_open(file, &runs, &interrupted, note, &err) < 0 || lec_runs_begin(runs, &err) < 0 ||
        lec_runs_start(runs, &start, &err) < 0)
        bench_die("no run: %s", err.text);
    for (size_t at = 0; at < SAMPLES; at += BLOCK) {
        for (size_t c = 0; c < CHANNELS; c++) {
            struct lec_run_block b = {
                .channel = c, .t_ns = (int64_t)at * 1000000, .interval_ns = 1e6, .values = values, .n = BLOCK};
            for (size_t i = 0; i < BLOCK; i++)
                values[i] = level(c, at + i);
            if (lec_runs_block(runs, start.id, &b, &err) < 0)
                bench_die("no block: %s", err.text);
        }
    }
    if (lec_runs_stop(runs, start.id, 1763783100000000 + SAMPLES * 1000, "done", "", &err) < 0 ||
        lec_runs_commit(runs, &err) < 0)
        bench_die("no end: %s", err.text);
    lec_runs_close(&runs);
    snprintf(run, LEC_RUN_ID, "%s", start.id);
}

/* Seconds that one export takes; its size in *bytes. */
static double export(char *file, const char *run, const char *format, const char *shape, double *bytes)
{
    char request[1024], out[256], program[] = BENCH_BIN "/lectern-lab";
    snprintf(out, sizeof out, "%s/out", bench_folder());
    snprintf(request, sizeof request,
             "{\"do\":\"export\",\"run\":\"%s\",\"format\":\"%s\",\"shape\":\"%s\",\"out\":\"%s\"}", run, format, shape,
             out);
    int fd = open(bench_write("request.json", request), O_RDONLY | O_CLOEXEC), status;
    char *argv[] = {program, file, NULL};
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, fd, STDIN_FILENO);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    pid_t pid;
    double begin = bench_now();
    if (posix_spawn(&pid, program, &files, NULL, argv, environ) != 0 || waitpid(pid, &status, 0) != pid || status != 0)
        bench_die("lectern-lab fails");
    double took = bench_now() - begin;
    posix_spawn_file_actions_destroy(&files);
    close(fd);
    struct stat st;
    if (stat(out, &st) < 0)
        bench_die("there is no file");
    *bytes = (double)st.st_size;
    return took;
}

static double by_fprintf(void)
{
    char path[256];
    snprintf(path, sizeof path, "%s/plain", bench_folder());
    FILE *f = fopen(path, "we");
    if (!f)
        bench_die("%s cannot be written", path);
    double begin = bench_now();
    for (size_t i = 0; i < SAMPLES; i++)
        for (size_t c = 0; c < CHANNELS; c++)
            fprintf(f, "%.17g\n", -2.5 + 0.000152587890625 * level(c, i));
    fclose(f);
    return bench_now() - begin;
}

int main(void)
{
    const double values = (double)CHANNELS * SAMPLES;
    char file[256], run[LEC_RUN_ID];
    double bytes;
    snprintf(file, sizeof file, "%s/runs.db", bench_folder());
    record(file, run);
    double took = export(file, run, "csv", "long", &bytes);
    bench_row("export.csv (long)", values / took * 60 / 1e6, "M values/min", 20, false);
    bench_note("%.0f values, %.0f MB in %.2f s; fprintf of the bare values: %.0f M values/min", values, bytes / 1e6,
               took, values / by_fprintf() * 60 / 1e6);
    took = export(file, run, "csv-vi", "nearest", &bytes);
    bench_row("export.csv (nearest, 8 columns)", values / took * 60 / 1e6, "M values/min", 20, false);
    took = export(file, run, "hdf5", "long", &bytes);
    bench_note("hdf5: %.0f M values/min, %.1f bytes a value", values / took * 60 / 1e6, bytes / values);
    return bench_end();
}
