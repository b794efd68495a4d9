/* The mistakes in calendars, for lectern check: lectern-calendar, which lies beside us, knows them. */
#include "calendar.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lectern/buf.h"
#include "lectern/clock.h"

#define ANSWER_MAX (4u * 1024 * 1024)
#define PATIENCE   (60 * LEC_SEC) /* it ends itself after 10 s of processor time */

static int find_program(char *path, size_t size)
{
    static const char name[] = "/lectern-calendar";
    ssize_t n = readlink("/proc/self/exe", path, size - 1);
    char *slash = n > 0 ? memrchr(path, '/', (size_t)n) : NULL;
    if (!slash || (size_t)(slash - path) + sizeof name > size)
        return -1;
    memcpy(slash, name, sizeof name);
    return access(path, X_OK);
}

static void read_answer(int fd, struct lec_buf *answer)
{
    const int64_t until = lec_now() + PATIENCE;
    char chunk[16384];
    struct pollfd item = {.fd = fd, .events = POLLIN};
    for (ssize_t n = 1; n > 0 && poll(&item, 1, lec_ms_until(until)) > 0;) {
        n = read(fd, chunk, sizeof chunk);
        if (n > 0)
            lec_buf_put(answer, chunk, (size_t)n);
        else if (n < 0 && errno == EINTR)
            n = 1;
    }
}

/* Runs the program and returns its answer, or NULL. */
static json_t *ask(char *const argv[])
{
    char path[4096];
    int pipes[2];
    pid_t pid;
    posix_spawn_file_actions_t files;
    if (find_program(path, sizeof path) < 0 || pipe2(pipes, O_CLOEXEC) < 0)
        return NULL;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, pipes[1], STDOUT_FILENO);
    int failed = posix_spawn(&pid, path, &files, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&files);
    close(pipes[1]);
    json_t *answer = NULL;
    if (failed == 0) {
        struct lec_buf text;
        lec_buf_init(&text, ANSWER_MAX);
        read_answer(pipes[0], &text);
        kill(pid, SIGKILL); /* does nothing to one that has ended */
        waitpid(pid, NULL, 0);
        answer = text.data && !text.failed ? json_loadb(text.data, text.len, 0, NULL) : NULL;
        lec_buf_done(&text);
    }
    close(pipes[0]);
    return answer;
}

static void check(char *file, char *holidays, char *scenes, struct lec_report *report)
{
    char name[] = "lectern-calendar", end[] = "--";
    char *argv[] = {name, scenes ? scenes : end, scenes ? holidays ? holidays : end : file, NULL, NULL, NULL};
    if (scenes && holidays) {
        argv[3] = end;
        argv[4] = file;
    } else if (scenes) {
        argv[3] = file;
    }
    json_t *answer = ask(argv);
    const json_t *rows = json_object_get(answer, "mistakes");
    if (!json_is_array(rows))
        lec_report_add(report, file, 0, "this calendar cannot be checked: lectern-calendar gives no answer");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        const char *where = json_string_value(json_object_get(row, "file"));
        const char *text = json_string_value(json_object_get(row, "text"));
        int line = (int)json_integer_value(json_object_get(row, "line"));
        if (json_is_true(json_object_get(row, "warning")))
            lec_report_warn(report, where ? where : file, line, "%s", text ? text : "");
        else
            lec_report_add(report, where ? where : file, line, "%s", text ? text : "");
    }
    json_decref(answer);
}

void calendar_check_room(const struct lec_room *room, struct lec_report *report)
{
    const struct lec_timetable *t = room->timetable;
    struct lec_buf scenes, file, holidays;
    if (!t)
        return;
    lec_buf_init(&scenes, 65536);
    lec_buf_init(&file, 8192);
    lec_buf_init(&holidays, 8192);
    lec_buf_puts(&scenes, "--scenes=");
    for (size_t i = 0; i < room->n_scenes; i++)
        lec_buf_printf(&scenes, "%s%s", i ? "," : "", room->scenes[i].name);
    lec_buf_puts(&file, t->file);
    lec_buf_printf(&holidays, "--holidays=%s", t->holidays ? t->holidays : "");
    if (!scenes.failed && !file.failed && !holidays.failed)
        check(file.data, t->holidays ? holidays.data : NULL, scenes.data, report);
    lec_buf_done(&scenes);
    lec_buf_done(&file);
    lec_buf_done(&holidays);
}

bool calendar_is_one(const char *file)
{
    size_t n = strlen(file);
    return n > 4 && strcmp(file + n - 4, ".ics") == 0;
}

void calendar_check_file(char *file, struct lec_report *report)
{
    check(file, NULL, NULL, report);
}
