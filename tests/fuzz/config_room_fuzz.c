/* Room files with what lies beside them: the input is the room, the line map, captured scenes, secrets and made experiments,
 * with a line "%%" between. Whatever is read without a mistake must print its scenes, and its experiments must pass the
 * check for those that are made over the bus, and be read again from the file that is written for them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../unit/config_stage.h"
#include "lectern/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PARTS 5

static int put(const char *text, size_t len, char path[32])
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || write(fd, text, len) != (ssize_t)len || fchmod(fd, 0600) < 0)
        abort();
    snprintf(path, 32, "/proc/self/fd/%d", fd);
    return fd;
}

/* A list over several lines may be longer than one line can be. */
static bool fits_lines(const struct lec_experiment *x)
{
    for (size_t i = 0; i < x->keys.n; i++)
        if (strlen(x->keys.at[i].name) + strlen(x->keys.at[i].value) > 990)
            return false;
    return strlen(x->name) <= 38;
}

static void check_experiment(const struct lec_room *room, const struct lec_experiment *x)
{
    struct lec_buf text;
    if (!fits_lines(x))
        return;
    if (lec_experiment_check(room, x->name, &x->keys, NULL) < 0)
        abort();
    lec_buf_init(&text, 1 << 20);
    if (lec_experiment_edit("/nonexistent/made.ini", x->name, &x->keys, &text, NULL) < 0)
        abort();
    char path[32];
    int fd = put(text.data, text.len, path);
    lec_buf_clear(&text);
    if (lec_experiment_edit(path, x->name, NULL, &text, NULL) < 0 || memmem(text.data, text.len, "[experiment", 11))
        abort();
    lec_buf_done(&text);
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char mark[] = "\n%%\n";
    char paths[PARTS][32];
    int fds[PARTS];
    const char *at = (const char *)data, *end = at + size;
    size_t n = 0;
    while (n < PARTS) {
        const char *next = at ? memmem(at, (size_t)(end - at), mark, sizeof mark - 1) : NULL;
        fds[n] = put(at, (size_t)((next ? next : end) - at), paths[n]);
        n++;
        if (!next)
            break;
        at = next + sizeof mark - 1;
    }
    struct lec_sources sources = {
        .profiles = LECTERN_SOURCE_DIR "/tests/data/config/profiles",
        .schema = stage_schema,
        .line_map = n > 1 ? paths[1] : NULL,
        .captured = n > 2 ? paths[2] : NULL,
        .secrets = n > 3 ? paths[3] : NULL,
        .made = n > 4 ? paths[4] : NULL,
    };
    struct lec_report report;
    const struct lec_room *room = NULL;
    lec_report_init(&report);
    int rc = lec_room_load(paths[0], &sources, &room, &report);
    if ((rc == 0) != (room != NULL) || (rc == LEC_E_CONFIG && report.errors == 0))
        abort();
    for (size_t i = 0; room && i < room->n_scenes; i++) {
        struct lec_buf buf;
        lec_buf_init(&buf, 1 << 20);
        if (lec_scene_print(&room->scenes[i], &buf) < 0)
            abort();
        lec_buf_done(&buf);
    }
    for (size_t i = 0; room && i < room->n_experiments; i++)
        check_experiment(room, &room->experiments[i]);
    for (size_t i = 0; room && i < room->n_lines; i++)
        if (!lec_line_same(&room->lines[i], &room->lines[i]))
            abort();
    lec_room_unref(&room);
    lec_report_done(&report);
    for (size_t i = 0; i < n; i++)
        close(fds[i]);
    return 0;
}
