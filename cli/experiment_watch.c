/* lectern experiment start, watch: a recording as it grows, until its end or Ctrl-C (the recording goes on). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lectern/clock.h"
#include "lectern/parse.h"
#include "recording.h"

#define LOST_MS  60000 /* then a room that is out of reach is given up */
#define ASK_MS   2000  /* between two questions how the run stands, while nothing comes */
#define LINES_MS 10000 /* without a terminal: a line so often */

struct following {
    struct cli *cli;
    char run[64];                    /* "": the next one of a row, which has not begun */
    char experiment[64], before[64]; /* then: of that experiment, and not that run */
    json_t *now;                     /* as last told; owned */
    struct spark *sparks;            /* of each channel */
    size_t n_sparks;
    int64_t heard_at, asked_at, shown_at;
    int refused; /* times in a row that the room did not know the run */
    bool draw, lost, over;
    int lines; /* of the picture on the terminal */
};

static void erase(struct following *f)
{
    if (f->lines > 0)
        printf("\033[%dA\033[J", f->lines);
    f->lines = 0;
}

/* Lines are cut at the edge instead of wrapped, so that their number is known. */
static void draw(struct following *f)
{
    erase(f);
    printf("\033[?7l");
    f->lines = recording_print(f->now, f->sparks, f->n_sparks);
    if (f->lost) {
        out_styled(WARN, "%s\n", T("mất liên lạc với phòng, đang nối lại", "the room is out of reach, trying again"));
        f->lines++;
    }
    printf("\033[?7h");
}

static void show(struct following *f, bool now_or_never)
{
    int64_t now = lec_now(), every = f->draw ? LEC_SEC / 4 : LINES_MS * LEC_MS;
    if (f->cli->json || !f->now || (!now_or_never && now - f->shown_at < every))
        return;
    f->shown_at = now;
    if (f->draw)
        draw(f);
    else
        recording_print(f->now, f->sparks, f->n_sparks);
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

static void say_json(const json_t *run)
{
    json_dumpf(run, stdout, JSON_COMPACT);
    putchar('\n');
    fflush(stdout);
}

/* One of a row is done: its picture stays, and the next one begins a new one. */
static void next_of_row(struct following *f)
{
    show(f, true);
    f->lines = 0;
    snprintf(f->experiment, sizeof f->experiment, "%s", text_of(f->now, "experiment"));
    snprintf(f->before, sizeof f->before, "%s", f->run);
    f->run[0] = '\0';
    f->heard_at = lec_now();
    json_object_set_new(f->now, "state", json_string("pause"));
    json_object_set_new(f->now, "nth", json_integer(int_of(f->now, "nth", 1) + 1));
}

/* How the run is, told by the room without being asked, or as the answer to the start. */
static void take(struct following *f, const json_t *run)
{
    const char *id = text_of(run, "run");
    if (f->run[0] ? strcmp(id, f->run) != 0
                  : strcmp(text_of(run, "experiment"), f->experiment) != 0 || strcmp(id, f->before) == 0)
        return;
    snprintf(f->run, sizeof f->run, "%s", id);
    json_decref(f->now);
    f->now = json_deep_copy(run);
    f->heard_at = lec_now();
    f->refused = 0;
    const json_t *mark = json_object_get(run, "mark");
    if (f->cli->json) {
        say_json(run);
    } else if (mark) {
        erase(f);
        recording_print_mark(mark);
        fflush(stdout);
    } else {
        keep_courses(f);
    }
    if (recording_has_next(f->now)) /* at once: the next one's first event may come with this one */
        next_of_row(f);
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

/* The run in the file: what it says of one under way is less than what we have seen. */
static void take_shown(struct following *f, json_t *run)
{
    f->heard_at = lec_now();
    f->refused = 0;
    if (f->now && recording_is_running(run))
        return;
    if (f->now) { /* which of a row it is stands in no file */
        json_object_set(run, "nth", json_object_get(f->now, "nth"));
        json_object_set(run, "repeat", json_object_get(f->now, "repeat"));
    }
    json_decref(f->now);
    f->now = json_incref(run);
    if (f->cli->json)
        say_json(run);
    if (recording_has_next(run))
        next_of_row(f);
}

static void ask_run(struct following *f)
{
    json_t *run, *error = NULL;
    if (lec_bus_call(f->cli->bus, "run.show", json_pack("{s:s}", "run", f->run), ASK_MS, &run, &error, NULL) == 0) {
        take_shown(f, run);
        json_decref(run);
    } else if (error) {
        f->refused++;
    }
    json_decref(error);
}

/* In the pause of a row there is no run to ask for: whether the experiment goes on. */
static void ask_row(struct following *f)
{
    json_t *result;
    if (lec_bus_call(f->cli->bus, "experiment.list", NULL, ASK_MS, &result, NULL, NULL) < 0)
        return;
    const json_t *list = json_object_get(result, "experiments");
    f->heard_at = lec_now();
    f->over = true;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *e = json_array_get(list, i);
        const char *run = text_of(e, "run");
        if (strcmp(text_of(e, "experiment"), f->experiment) != 0 || !run[0])
            continue;
        f->over = false;
        if (strcmp(run, f->before) != 0)
            snprintf(f->run, sizeof f->run, "%s", run);
    }
    json_decref(result);
}

/* The room knows how the run stands, whatever events we have seen of it. */
static void ask(struct following *f, int64_t now)
{
    if (now - f->heard_at < ASK_MS * LEC_MS || now - f->asked_at < ASK_MS * LEC_MS)
        return;
    if (f->run[0])
        ask_run(f);
    else
        ask_row(f);
    f->asked_at = lec_now();
}

static int leave(struct following *f, int code, const char *why)
{
    if (!f->cli->json)
        out(T("%s; việc ghi vẫn tiếp tục; dừng bằng: lectern experiment stop %s\n",
              "%s; the recording goes on; stop it with: lectern experiment stop %s\n"),
            why, f->run[0] ? f->run : f->experiment);
    return code;
}

static int follow(struct following *f, int signal_fd)
{
    int64_t begin = lec_now();
    f->heard_at = begin;
    while (!f->now || recording_is_running(f->now)) {
        int64_t now = lec_now();
        ask(f, now);
        if (f->over)
            return EXIT_OK;
        if (f->refused > 1)
            return cli_fail(f->cli, EXIT_NOT_DONE,
                            T("phòng không còn biết lần ghi %s", "the room knows no run %s any more"), f->run);
        if (f->lost && now - f->heard_at >= LOST_MS * LEC_MS)
            return leave(f, EXIT_UNREACHABLE, T("không còn liên lạc được với phòng", "the room is out of reach"));
        if (f->cli->timeout_ms > 0 && now - begin >= f->cli->timeout_ms * LEC_MS)
            return leave(f, EXIT_NO_ANSWER, T("hết thời gian chờ", "the time to wait is over"));
        show(f, false);
        if (!wait_or_signal(f->cli->bus, signal_fd, 250))
            return leave(f, EXIT_INTERRUPTED, T("không theo dõi nữa", "not watching any more"));
    }
    show(f, true);
    return recording_exit(f->now);
}

/* The first picture: what the start says, or of a run that is not under way the file. */
static int begin(struct following *f, const char *method, json_t *params)
{
    json_t *run;
    int code = cli_call(f->cli, method, params, cli_patience(f->cli, 10000), &run);
    if (code != EXIT_OK)
        return code;
    snprintf(f->run, sizeof f->run, "%s", text_of(run, "run"));
    if (!f->run[0])
        code = cli_fail(f->cli, EXIT_OURS, "%s",
                        T("phòng không cho biết lần ghi nào", "the room did not say which run this is"));
    else if (strcmp(method, "run.show") == 0)
        take_shown(f, run);
    else
        take(f, run);
    if (code == EXIT_OK && !f->cli->json)
        recording_print_away(run);
    json_decref(run);
    return code;
}

/* method NULL: f->run is under way. */
static int watch(struct following *f, const char *method, json_t *params)
{
    struct lec_view_options options = {.follow = LEC_FOLLOW_RUN, .changed = changed, .arg = f};
    struct lec_view *view = NULL;
    struct lec_err err;
    f->draw = out_is_terminal() && !f->cli->json;
    int code = cli_connect(f->cli), fd = signal_fd_open();
    if (code == EXIT_OK && lec_view_open(f->cli->bus, &options, &view, &err) < 0)
        code = cli_fail(f->cli, EXIT_OURS, "%s", err.text);
    if (code == EXIT_OK && method)
        code = begin(f, method, params);
    else
        json_decref(params);
    if (code == EXIT_OK)
        code = follow(f, fd);
    lec_view_free(&view);
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
        recording_print_away(run);
    }
    json_decref(run);
    return EXIT_OK;
}

int cmd_experiment_start(struct cli *cli)
{
    json_t *metadata = json_object(),
           *params = json_pack("{s:s, s:o}", "experiment", cli->argv[0], "metadata", metadata);
    for (int i = 1; i < cli->argc; i++) {
        const char *field = cli->argv[i], *equals = strchr(field, '=');
        if (!equals || equals == field) {
            json_decref(params);
            return cli_fail(cli, EXIT_USAGE, T("\"%s\": phải có dạng mục=nội-dung", "\"%s\": it must be field=text"),
                            field);
        }
        size_t n = (size_t)(equals - field);
        bool is_operator = strncmp(field, "operator=", n + 1) == 0;
        json_object_setn_new(is_operator ? params : metadata, field, n, json_string(equals + 1));
    }
    if (!cli_option(cli, "watch"))
        return say_started(cli, params);
    struct following f = {.cli = cli};
    return watch(&f, "experiment.start", params);
}

static int none_under_way(struct cli *cli, const char *name, const json_t *list)
{
    const char *names[64];
    size_t n = 0;
    for (size_t i = 0; i < json_array_size(list) && n < ARRAY_LEN(names); i++)
        names[n++] = text_of(json_array_get(list, i), "experiment");
    if (!name[0])
        return cli_fail(cli, EXIT_USAGE, "%s",
                        T("không có thí nghiệm nào đang ghi", "no experiment is being recorded"));
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return cli_fail(cli, EXIT_USAGE,
                            T("thí nghiệm \"%s\" không đang ghi; bắt đầu bằng: lectern experiment start %s",
                              "experiment \"%s\" is not being recorded; start it with: lectern experiment start %s"),
                            name, name);
    const char *near = lec_nearest(name, names, n);
    if (near)
        return cli_fail(
            cli, EXIT_USAGE,
            T("không có thí nghiệm \"%s\"; có phải là \"%s\"?", "no experiment \"%s\"; did you mean \"%s\"?"), name,
            near);
    return cli_fail(cli, EXIT_USAGE,
                    T("không có thí nghiệm \"%s\"; xem: lectern experiment list",
                      "no experiment \"%s\"; see: lectern experiment list"),
                    name);
}

/* Which run is meant: that id, the one of that experiment, or the only one under way. *under_way: whether it is. */
static int find_run(struct cli *cli, const char *name, char run[64], bool *under_way)
{
    json_t *result;
    int code = cli_call(cli, "experiment.list", NULL, 0, &result);
    if (code != EXIT_OK)
        return code;
    const json_t *list = json_object_get(result, "experiments");
    int found = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *e = json_array_get(list, i);
        const char *id = text_of(e, "run");
        if (!id[0] || (name[0] && strcmp(name, text_of(e, "experiment")) != 0 && strcmp(name, id) != 0))
            continue;
        found++;
        snprintf(run, 64, "%s", id);
    }
    *under_way = found == 1;
    if (found == 0 && recording_is_id(name))
        snprintf(run, 64, "%s", name);
    else if (found == 0)
        code = none_under_way(cli, name, list);
    else if (found > 1)
        code = cli_fail(
            cli, EXIT_USAGE, "%s",
            T("có nhiều thí nghiệm đang ghi; hãy nói tên", "several experiments are being recorded; say which"));
    json_decref(result);
    return code;
}

int cmd_experiment_watch(struct cli *cli)
{
    struct following f = {.cli = cli};
    bool under_way;
    int code = find_run(cli, cli->argc > 0 ? cli->argv[0] : "", f.run, &under_way);
    if (code != EXIT_OK)
        return code;
    return under_way ? watch(&f, NULL, NULL) : watch(&f, "run.show", json_pack("{s:s}", "run", f.run));
}
