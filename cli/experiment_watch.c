/* lectern experiment start, watch: a recording as it grows, until its end or Ctrl-C (the recording goes on). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lectern/clock.h"
#include "recording.h"

#define LOST_MS  60000 /* then a room that is out of reach is given up */
#define ASK_MS   2000  /* between two questions how the run stands, while nothing comes */
#define LINES_MS 10000 /* without a terminal: a line so often */

struct following {
    struct cli *cli;
    char run[64], experiment[64]; /* run "": the next one of the experiment */
    json_t *now;                  /* as last told; owned */
    struct spark *sparks;
    size_t n_sparks;
    int64_t heard_at, asked_at, shown_at;
    bool draw, lost;
    int lines; /* of the picture on the terminal */
};

static void draw(struct following *f)
{
    if (f->lines > 0)
        printf("\033[%dA\033[J", f->lines);
    f->lines = recording_print(f->now, f->sparks, f->n_sparks);
    if (f->lost) {
        out_styled(WARN, "%s\n", T("mất liên lạc với phòng, đang nối lại", "the room is out of reach, trying again"));
        f->lines++;
    }
    fflush(stdout);
}

static void keep_courses(struct following *f)
{
    const json_t *channels = json_object_get(f->now, "channels");
    size_t n = json_array_size(channels);
    if (n != f->n_sparks) {
        free(f->sparks);
        f->sparks = calloc(n > 0 ? n : 1, sizeof *f->sparks);
        f->n_sparks = f->sparks ? n : 0;
    }
    for (size_t i = 0; i < f->n_sparks; i++) {
        const json_t *last = json_object_get(json_array_get(channels, i), "last");
        spark_add(&f->sparks[i], json_is_number(last) ? json_number_value(last) : (double)NAN);
    }
}

static void take(struct following *f, const json_t *run)
{
    if (f->run[0] ? strcmp(text_of(run, "run"), f->run) != 0 : strcmp(text_of(run, "experiment"), f->experiment) != 0)
        return;
    snprintf(f->run, sizeof f->run, "%s", text_of(run, "run"));
    json_decref(f->now);
    f->now = json_deep_copy(run);
    f->heard_at = lec_now();
    keep_courses(f);
    if (f->cli->json) {
        json_dumpf(run, stdout, JSON_COMPACT);
        putchar('\n');
        fflush(stdout);
        return;
    }
    const json_t *mark = json_object_get(run, "mark");
    if (!mark)
        return;
    if (f->lines > 0)
        printf("\033[%dA\033[J", f->lines);
    f->lines = 0;
    recording_print_mark(mark);
}

static void changed(void *arg, struct lec_view *view, const struct lec_change *change)
{
    struct following *f = arg;
    (void)view;
    if (change->kind == LEC_CHANGE_RECORDING)
        take(f, change->body);
    if (change->kind == LEC_CHANGE_LOST) {
        f->lost = true;
        if (!f->draw)
            out_err(T("lectern: mất liên lạc với phòng: %s\n", "lectern: the room is out of reach: %s\n"),
                    change->reason);
    }
    if (change->kind == LEC_CHANGE_LIVE)
        f->lost = false;
}

/* The room knows how the run stands, whatever events we have seen of it. */
static void ask_run(struct following *f)
{
    json_t *run;
    f->asked_at = lec_now();
    if (f->run[0] &&
        lec_bus_call(f->cli->bus, "run.show", json_pack("{s:s}", "run", f->run), ASK_MS, &run, NULL, NULL) == 0) {
        take(f, run);
        json_decref(run);
    }
}

static int leave(struct following *f, int code, const char *why)
{
    if (!f->cli->json)
        out(T("%s; việc ghi vẫn tiếp tục; dừng bằng: lectern experiment stop %s\n",
              "%s; the recording goes on; stop it with: lectern experiment stop %s\n"),
            why, f->run);
    return code;
}

static void show(struct following *f)
{
    int64_t now = lec_now(), every = f->draw ? LEC_SEC / 4 : LINES_MS * LEC_MS;
    if (f->cli->json || !f->now || now - f->shown_at < every)
        return;
    f->shown_at = now;
    if (f->draw)
        draw(f);
    else
        recording_print(f->now, f->sparks, f->n_sparks);
    fflush(stdout);
}

static int follow(struct following *f, int signal_fd)
{
    int64_t begin = lec_now();
    f->heard_at = begin;
    while (!f->now || recording_is_running(f->now)) {
        int64_t now = lec_now();
        if (now - f->heard_at >= ASK_MS * LEC_MS && now - f->asked_at >= ASK_MS * LEC_MS)
            ask_run(f);
        if (f->lost && now - f->heard_at >= LOST_MS * LEC_MS)
            return leave(f, EXIT_UNREACHABLE, T("không còn liên lạc được với phòng", "the room is out of reach"));
        if (f->cli->timeout_ms > 0 && now - begin >= f->cli->timeout_ms * LEC_MS)
            return leave(f, EXIT_NO_ANSWER, T("hết thời gian chờ", "the time to wait is over"));
        show(f);
        if (!wait_or_signal(f->cli->bus, signal_fd, 250))
            return leave(f, EXIT_INTERRUPTED, T("không theo dõi nữa", "not watching any more"));
    }
    f->shown_at = 0;
    show(f);
    return recording_exit(f->now);
}

static int watch(struct following *f, const char *method, json_t *params)
{
    struct cli *cli = f->cli;
    struct lec_view_options options = {.follow = LEC_FOLLOW_RUN, .changed = changed, .arg = f};
    struct lec_view *view = NULL;
    struct lec_err err;
    json_t *run = NULL;
    f->draw = out_is_terminal() && !cli->json;
    int code = cli_connect(cli), fd = signal_fd_open();
    if (code == EXIT_OK && lec_view_open(cli->bus, &options, &view, &err) < 0)
        code = cli_fail(cli, EXIT_OURS, "%s", err.text);
    if (code == EXIT_OK && method)
        code = cli_call(cli, method, params, cli_patience(cli, 10000), &run);
    else
        json_decref(params);
    if (code == EXIT_OK && run) {
        snprintf(f->run, sizeof f->run, "%s", text_of(run, "run"));
        ask_run(f);
    }
    if (code == EXIT_OK)
        code = follow(f, fd);
    lec_view_free(&view);
    json_decref(run);
    json_decref(f->now);
    free(f->sparks);
    return code;
}

static int say_started(struct cli *cli, json_t *params)
{
    json_t *run;
    int code = cli_call(cli, "experiment.start", params, cli_patience(cli, 10000), &run);
    if (code != EXIT_OK)
        return code;
    if (cli->json) {
        out_json(run);
    } else {
        out_styled(BOLD, "%s", cli->argv[0]);
        out(": ");
        out_styled(recording_style(run), "%s", recording_state(run));
        out_styled(DIM, "  %s\n", text_of(run, "run"));
    }
    json_decref(run);
    return EXIT_OK;
}

int cmd_experiment_start(struct cli *cli)
{
    json_t *metadata = json_object(),
           *params = json_pack("{s:s, s:o}", "experiment", cli->argv[0], "metadata", metadata);
    for (int i = 1; i < cli->argc; i++) {
        char name[64];
        const char *equals = strchr(cli->argv[i], '=');
        if (!equals || equals == cli->argv[i] || (size_t)(equals - cli->argv[i]) >= sizeof name) {
            json_decref(params);
            return cli_fail(cli, EXIT_USAGE, T("\"%s\": phải có dạng mục=nội-dung", "\"%s\": it must be field=text"),
                            cli->argv[i]);
        }
        snprintf(name, sizeof name, "%.*s", (int)(equals - cli->argv[i]), cli->argv[i]);
        json_object_set_new(strcmp(name, "operator") == 0 ? params : metadata, name, json_string(equals + 1));
    }
    if (!cli_option(cli, "watch"))
        return say_started(cli, params);
    struct following f = {.cli = cli};
    return watch(&f, "experiment.start", params);
}

/* The run that is meant: of that name, or the only one under way. */
static int find_run(struct cli *cli, struct following *f)
{
    json_t *result;
    int code = cli_call(cli, "experiment.list", NULL, 0, &result);
    if (code != EXIT_OK)
        return code;
    const json_t *list = json_object_get(result, "experiments");
    int found = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *e = json_array_get(list, i);
        const char *run = text_of(e, "run");
        if (!run[0] || (f->experiment[0] && strcmp(f->experiment, text_of(e, "experiment")) != 0))
            continue;
        found++;
        snprintf(f->run, sizeof f->run, "%s", run);
    }
    json_decref(result);
    if (found == 1)
        return EXIT_OK;
    return cli_fail(cli, EXIT_USAGE, "%s",
                    found == 0 ? T("không có thí nghiệm nào đang ghi", "no such experiment is being recorded")
                               : T("có nhiều thí nghiệm đang ghi; hãy nói tên",
                                   "several experiments are being recorded; say which"));
}

int cmd_experiment_watch(struct cli *cli)
{
    struct following f = {.cli = cli};
    const char *name = cli->argc > 0 ? cli->argv[0] : "";
    bool is_run = name[0] >= '0' && name[0] <= '9';
    snprintf(is_run ? f.run : f.experiment, sizeof f.run, "%s", name);
    int code = is_run ? EXIT_OK : find_run(cli, &f);
    if (code != EXIT_OK)
        return code;
    return watch(&f, "run.show", json_pack("{s:s}", "run", f.run));
}
