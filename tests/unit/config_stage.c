#include "config_stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

struct lec_sources stage_sources(void)
{
    assert_int_equal(chdir(LECTERN_SOURCE_DIR "/tests/data/config"), 0);
    return (struct lec_sources){.profiles = "profiles", .schema = stage_schema};
}

int stage_file(const char *text, size_t len, char *path, size_t size)
{
    int fd = memfd_create("lectern-test", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, len), (ssize_t)len);
    snprintf(path, size, "/proc/self/fd/%d", fd);
    return fd;
}

char *stage_print(const struct lec_report *report)
{
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    assert_non_null(f);
    for (size_t i = 0; i < report->n; i++)
        fprintf(f, "%s:%d: %s%s\n", report->at[i].file, report->at[i].line, report->at[i].warning ? "warning: " : "",
                report->at[i].text);
    if (report->dropped > 0)
        fprintf(f, "%zu more\n", report->dropped);
    assert_int_equal(fclose(f), 0);
    return text;
}

const struct lec_room *stage_room(const char *text, const struct lec_sources *sources)
{
    char path[32];
    struct lec_report report;
    const struct lec_room *room = NULL;
    int fd = stage_file(text, strlen(text), path, sizeof path);
    lec_report_init(&report);
    int rc = lec_room_load(path, sources, &room, &report);
    char *told = stage_print(&report);
    if (rc != 0)
        print_error("%s", told);
    free(told);
    lec_report_done(&report);
    close(fd);
    assert_int_equal(rc, 0);
    return room;
}
