/* Room files with what lies beside them: the input is the room, the line map, captured scenes and secrets, with a line "%%"
 * between. Whatever is read without a mistake must print its scenes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../unit/config_stage.h"
#include "lectern/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PARTS 4

static int put(const char *text, size_t len, char path[32])
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || write(fd, text, len) != (ssize_t)len || fchmod(fd, 0600) < 0)
        abort();
    snprintf(path, 32, "/proc/self/fd/%d", fd);
    return fd;
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
    for (size_t i = 0; room && i < room->n_lines; i++)
        if (!lec_line_same(&room->lines[i], &room->lines[i]))
            abort();
    lec_room_unref(&room);
    lec_report_done(&report);
    for (size_t i = 0; i < n; i++)
        close(fds[i]);
    return 0;
}
