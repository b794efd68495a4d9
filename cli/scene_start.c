/* lectern scene start, scene undo: a run, and with --wait all of it until its end. */
#include <string.h>

#include "lectern/clock.h"
#include "run_view.h"

#define ASK_MS  2000  /* between two questions how the run stands, while no events come */
#define LOST_MS 60000 /* then a room that is out of reach is given up */

/* A person who waits for a run on a terminal sees one picture that changes; a file gets a line for each step. */
struct following {
    struct cli *cli;
    char run[64];
    json_t *now; /* the run as last told; owned */
    int64_t told_at;
    int64_t asked_at, heard_at; /* the room: asked how the run stands, known to be there */
    bool lost;
    bool draw;    /* one picture */
    int lines;    /* of the picture on the terminal */
    json_t *told; /* names of the steps already told, for lines */
};

static void draw(struct following *f)
{
    if (f->lines > 0)
        printf("\033[%dA\033[J", f->lines);
    f->lines = run_print(f->now, (lec_now() - f->told_at) / LEC_MS);
    if (f->lost) {
        out_styled(WARN, "%s\n", T("mất liên lạc với phòng, đang nối lại", "the room is out of reach, trying again"));
        f->lines++;
    }
    fflush(stdout);
}

static void tell_steps(struct following *f)
{
    const json_t *steps = json_object_get(f->now, "steps");
    for (size_t i = 0; i < json_array_size(steps); i++) {
        const json_t *step = json_array_get(steps, i);
        const char *name = text_of(step, "name");
        if (!step_has_ended(step) || json_object_get(f->told, name))
            continue;
        json_object_set_new(f->told, name, json_true());
        run_print_step(f->now, step);
    }
}

static void take(struct following *f, const json_t *run)
{
    if (strcmp(text_of(run, "run"), f->run) != 0)
        return;
    json_decref(f->now);
    f->now = json_deep_copy(run);
    f->told_at = lec_now();
    if (!f->draw && !f->cli->json)
        tell_steps(f);
}

static void changed(void *arg, struct lec_view *view, const struct lec_change *change)
{
    struct following *f = arg;
    if (change->kind == LEC_CHANGE_RUN)
        take(f, change->body);
    if (change->kind == LEC_CHANGE_LOST) {
        f->lost = true;
        if (!f->draw)
            out_err(T("lectern: mất liên lạc với phòng: %s\n", "lectern: the room is out of reach: %s\n"),
                    change->reason);
    }
    if (change->kind == LEC_CHANGE_LIVE) {
        f->lost = false;
        for (size_t i = 0; i < lec_view_runs(view); i++)
            take(f, lec_view_run(view, i));
    }
}

/* The room knows how the run stands, whatever events we have seen of it. */
static void ask_run(struct following *f)
{
    json_t *run;
    f->asked_at = lec_now();
    if (lec_bus_call(f->cli->bus, "scene.run", json_pack("{s:s}", "run", f->run), ASK_MS, &run, NULL, NULL) == 0) {
        f->heard_at = lec_now();
        take(f, run);
        json_decref(run);
    }
}

static int leave(struct following *f, int code, const char *why)
{
    if (f->cli->json)
        out_json(f->now);
    else
        out(T("%s; kịch bản có thể vẫn chạy; dừng bằng: lectern scene cancel %s\n",
              "%s; the scene may go on; stop it with: lectern scene cancel %s\n"),
            why, text_of(f->now, "scene"));
    return code;
}

/* Follows the run until its end; its events tell, and while they are out of reach, asking. */
static int follow(struct following *f, const struct lec_view *view, int signal_fd)
{
    int64_t shown = 0, begin = lec_now();
    f->heard_at = begin;
    while (run_is_running(f->now)) {
        int64_t now = lec_now();
        if (lec_view_live(view))
            f->heard_at = now;
        else if (now - f->asked_at >= ASK_MS * LEC_MS)
            ask_run(f);
        if (now - f->heard_at >= LOST_MS * LEC_MS)
            return leave(f, EXIT_UNREACHABLE, T("không còn liên lạc được với phòng", "the room is out of reach"));
        if (f->cli->timeout_ms > 0 && now - begin >= f->cli->timeout_ms * LEC_MS)
            return leave(f, EXIT_NO_ANSWER, T("hết thời gian chờ", "the time to wait is over"));
        if (f->draw && now - shown >= LEC_SEC / 5) {
            shown = now;
            draw(f);
        }
        if (!wait_or_signal(f->cli->bus, signal_fd, 250))
            return leave(f, EXIT_INTERRUPTED, T("không chờ nữa", "not waiting any more"));
    }
    if (f->cli->json)
        out_json(f->now);
    else if (f->draw)
        draw(f);
    else
        run_print_end(f->now);
    return run_exit(f->now);
}

static int start_and_wait(struct cli *cli, const char *method, json_t *params)
{
    struct following f = {.cli = cli, .draw = out_is_terminal() && !cli->json, .told = json_object()};
    struct lec_view_options options = {.changed = changed, .arg = &f};
    struct lec_view *view = NULL;
    struct lec_err err;
    json_t *run = NULL;
    int code = cli_connect(cli), fd = signal_fd_open();
    if (code == EXIT_OK && lec_view_open(cli->bus, &options, &view, &err) < 0)
        code = cli_fail(cli, EXIT_OURS, "%s", err.text);
    if (code == EXIT_OK)
        code = cli_call(cli, method, params, 0, &run);
    else
        json_decref(params);
    if (code == EXIT_OK) {
        snprintf(f.run, sizeof f.run, "%s", text_of(run, "run"));
        take(&f, run);
        if (!f.now)
            code = cli_fail(cli, EXIT_OURS,
                            T("phòng không cho biết lần chạy nào", "the room did not say which run this is"));
        else
            code = follow(&f, view, fd);
    }
    lec_view_free(&view);
    json_decref(run);
    json_decref(f.now);
    json_decref(f.told);
    return code;
}

static int start(struct cli *cli, const char *method, json_t *params)
{
    if (cli_option(cli, "wait"))
        return start_and_wait(cli, method, params);
    json_t *run;
    int code = cli_call(cli, method, params, 0, &run);
    if (code != EXIT_OK)
        return code;
    if (cli->json) {
        out_json(run);
    } else {
        char span[WORD_SIZE];
        int64_t left = int_of(run, "remaining_ms", int_of(run, "expected_ms", -1));
        bool joined = json_is_true(json_object_get(run, "joined"));
        out_styled(BOLD, "%s", text_of(run, "scene"));
        out(": %s", joined ? T("đang chạy rồi", "is under way already") : T("đã bắt đầu", "started"));
        if (left >= 0)
            out(T(", còn khoảng %s", ", about %s left"), word_span(left, span, sizeof span));
        out_styled(DIM, "  %s\n", text_of(run, "run"));
    }
    json_decref(run);
    return EXIT_OK;
}

int cmd_scene_start(struct cli *cli)
{
    return start(cli, "scene.start", json_pack("{s:s}", "scene", cli->argv[0]));
}

int cmd_scene_undo(struct cli *cli)
{
    return start(cli, "scene.undo", cli->argc > 0 ? json_pack("{s:s}", "run", cli->argv[0]) : NULL);
}
