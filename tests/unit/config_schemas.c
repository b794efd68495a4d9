/* Drivers that exist only as schemas; see config_stage.h. Without cmocka, so that fuzz targets have them too. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "config_stage.h"

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

/* Finds fault with a device whose neighbour on the line has the same address. */
static int shared_prepare(const struct lec_device *desc, void *state, struct lec_report *report)
{
    (void)state;
    const struct lec_key *slave = lec_key_find(&desc->keys, "slave");
    for (size_t i = 0; slave && desc->line && i < desc->line->n_devices; i++) {
        const struct lec_device *other = desc->line->devices[i];
        if (other != desc && strcmp(lec_key_text(&other->keys, "slave", ""), slave->value) == 0)
            return lec_report_add(report, slave->file, slave->line, "slave %s is that of device %s too", slave->value,
                                  other->name);
    }
    return 0;
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
     .point_options = shared_point,
     .prepare = shared_prepare},
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
    lec_fail(err, LEC_E_CONFIG, "driver %s: there is none of that name", name);
    return NULL;
}

int stage_unreleased(void)
{
    return unreleased;
}
