#include "config_stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

/* clang-format off */
static const struct lec_option talk_device[] = {
    {"greeting", LEC_OPT_BYTES, 0, 0, NULL, "\\r", false, "sent after the connection is made"},
    {"id", LEC_OPT_INT, 1, 99, NULL, NULL, false, "address of the device"},
    {"notify_port", LEC_OPT_INT, 1, 65535, NULL, "4352", false, "port of notices"},
    {"password", LEC_OPT_SECRET, 0, 0, NULL, NULL, false, "password of the device"},
    {.name = NULL}};
static const struct lec_option talk_point[] = {
    {"ask", LEC_OPT_BYTES, 0, 0, NULL, NULL, true, "what is sent to ask for the value"},
    {"map *", LEC_OPT_TEXT, 0, 0, NULL, NULL, false, "what stands for that value on the wire"},
    {"style", LEC_OPT_CHOICE, 0, 0, "plain|hex", "plain", false, "how the value is written"},
    {.name = NULL}};
static const struct lec_option talk_action[] = {
    {"send", LEC_OPT_BYTES, 0, 0, NULL, NULL, true, "what is sent"},
    {.name = NULL}};
static const struct lec_option talk_reply[] = {
    {"pattern", LEC_OPT_TEXT, 0, 0, NULL, NULL, true, "what the reply looks like"},
    {.name = NULL}};
static const struct lec_section_kind talk_sections[] = {
    {"reply", talk_reply, "a reply that means the same everywhere"},
    {.kind = NULL}};
static const struct lec_option shared_device[] = {
    {"slave", LEC_OPT_INT, 1, 247, NULL, NULL, true, "address on the bus"},
    {.name = NULL}};
static const struct lec_option shared_point[] = {
    {"register", LEC_OPT_INT, 0, 65535, NULL, NULL, true, "number of the register"},
    {.name = NULL}};
/* clang-format on */

static atomic_int unreleased;

static int talk_prepare(const struct lec_device *desc, void *state, struct lec_report *report)
{
    int rc = 0;
    *(char **)state = strdup(desc->name);
    unreleased++;
    for (size_t i = 0; i < desc->n_points; i++) {
        const struct lec_key *ask = lec_key_find(&desc->points[i].keys, "ask");
        if (ask && strcmp(ask->value, "NO") == 0)
            rc = lec_report_add(report, ask->file, ask->line, "ask: \"NO\" is no question, expected one");
    }
    return rc;
}

static void talk_release(void *state)
{
    free(*(char **)state);
    unreleased--;
}

static const struct lec_schema schemas[] = {
    {.name = "talk",
     .summary = "talks",
     .lines = "tcp|serial|pty",
     .device_options = talk_device,
     .point_options = talk_point,
     .action_options = talk_action,
     .section_kinds = talk_sections,
     .state_size = sizeof(char *),
     .prepare = talk_prepare,
     .release = talk_release},
    {.name = "shared",
     .summary = "has addresses",
     .lines = "tcp|serial|pty",
     .shares_line = true,
     .device_options = shared_device,
     .point_options = shared_point},
    {.name = "modbus",
     .summary = "for addresses that name it",
     .lines = "tcp|serial|pty",
     .shares_line = true,
     .device_options = shared_device,
     .point_options = shared_point},
    {.name = "free", .summary = "has no line", .lines = "none"},
};

const struct lec_schema *stage_schema(void *ctx, const char *name, struct lec_err *err)
{
    (void)ctx;
    for (size_t i = 0; i < ARRAY_LEN(schemas); i++)
        if (strcmp(schemas[i].name, name) == 0)
            return &schemas[i];
    lec_fail(err, LEC_E_CONFIG, "there is no such driver");
    return NULL;
}

int stage_unreleased(void)
{
    return unreleased;
}

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
