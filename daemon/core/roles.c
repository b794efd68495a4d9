/* What each role may do, as a table to be read by people. A method that has no row here may be used by nobody. */
#include <string.h>

#include "core/core.h"
#include "lectern/member.h"

enum may {
    NO,
    YES,
    ROOM, /* to devices of the classes in `comfort` */
    LAB,  /* and of those in `measuring` */
};

static const char *const comfort[] = {"projector", "board", "display", "screen", "light", "audio", "camera", "relay"};
static const char *const measuring[] = {"sensor", "meter"};

enum when {
    ALWAYS,
    FRESH,        /* the row counts when params.fresh is true: the device is asked, others on its line wait */
    UNLESS_STALE, /* the same for a method for which fresh is true if left out */
};

struct row {
    const char *method;
    enum when when;
    unsigned char may[6]; /* of each role, from viewer on */
};

/* Sorted; the row of a condition stands below the one without. */
static const struct row table[] = {
    /* clang-format off */
    /*                                     viewer teacher lab   facilities admin gateway */
    {"action.invoke",      ALWAYS,        {NO,    ROOM,   LAB,  YES,       YES,  NO}},
    {"alarm.ack",          ALWAYS,        {NO,    NO,     NO,   YES,       YES,  NO}},
    {"alarm.list",         ALWAYS,        {YES,   YES,    YES,  YES,       YES,  YES}},
    {"alarm.shelve",       ALWAYS,        {NO,    NO,     NO,   YES,       YES,  NO}},
    {"alarm.unshelve",     ALWAYS,        {NO,    NO,     NO,   YES,       YES,  NO}},
    {"device.describe",    ALWAYS,        {YES,   YES,    YES,  YES,       YES,  YES}},
    {"device.list",        ALWAYS,        {YES,   YES,    YES,  YES,       YES,  YES}},
    {"driver.list",        ALWAYS,        {NO,    NO,     NO,   YES,       YES,  NO}},
    {"driver.search",      ALWAYS,        {NO,    NO,     NO,   YES,       YES,  NO}},
    {"experiment.create",  ALWAYS,        {NO,    NO,     YES,  YES,       YES,  NO}},
    {"experiment.delete",  ALWAYS,        {NO,    NO,     YES,  YES,       YES,  NO}},
    {"experiment.list",    ALWAYS,        {YES,   YES,    YES,  YES,       YES,  NO}},
    {"experiment.mark",    ALWAYS,        {NO,    YES,    YES,  YES,       YES,  NO}},
    {"experiment.sample",  ALWAYS,        {NO,    YES,    YES,  YES,       YES,  NO}},
    {"experiment.start",   ALWAYS,        {NO,    YES,    YES,  YES,       YES,  NO}},
    {"experiment.stop",    ALWAYS,        {NO,    YES,    YES,  YES,       YES,  NO}},
    {"help.call",          ALWAYS,        {YES,   YES,    YES,  YES,       YES,  NO}},
    {"journal.read",       ALWAYS,        {NO,    NO,     NO,   YES,       YES,  YES}}, /* events repeat it for a gateway */
    {"line.trace",         ALWAYS,        {NO,    NO,     NO,   YES,       YES,  NO}},
    {"login.note",         ALWAYS,        {NO,    NO,     NO,   NO,        NO,   YES}},
    {"point.calibrate",    ALWAYS,        {NO,    NO,     LAB,  YES,       YES,  NO}},
    {"point.read",         ALWAYS,        {YES,   YES,    YES,  YES,       YES,  NO}},
    {"point.read",         FRESH,         {NO,    YES,    YES,  YES,       YES,  NO}},
    {"point.write",        ALWAYS,        {NO,    ROOM,   LAB,  YES,       YES,  NO}},
    {"room.describe",      ALWAYS,        {YES,   YES,    YES,  YES,       YES,  YES}},
    {"room.reload",        ALWAYS,        {NO,    NO,     NO,   NO,        YES,  NO}},
    {"run.analyze",        ALWAYS,        {NO,    YES,    YES,  YES,       YES,  NO}},
    {"run.delete",         ALWAYS,        {NO,    NO,     YES,  YES,       YES,  NO}},
    {"run.export",         ALWAYS,        {NO,    YES,    YES,  YES,       YES,  NO}},
    {"run.fetch",          ALWAYS,        {NO,    YES,    YES,  YES,       YES,  YES}},
    {"run.list",           ALWAYS,        {YES,   YES,    YES,  YES,       YES,  NO}},
    {"run.read",           ALWAYS,        {YES,   YES,    YES,  YES,       YES,  NO}},
    {"run.show",           ALWAYS,        {YES,   YES,    YES,  YES,       YES,  YES}}, /* how one ended that events missed */
    {"scene.cancel",       ALWAYS,        {NO,    YES,    YES,  YES,       YES,  NO}},
    {"scene.capture",      ALWAYS,        {NO,    NO,     NO,   YES,       YES,  NO}},
    {"scene.list",         ALWAYS,        {YES,   YES,    YES,  YES,       YES,  NO}},
    {"scene.plan",         ALWAYS,        {YES,   YES,    YES,  YES,       YES,  NO}},
    {"scene.plan",         UNLESS_STALE,  {NO,    YES,    YES,  YES,       YES,  NO}},
    {"scene.run",          ALWAYS,        {YES,   YES,    YES,  YES,       YES,  YES}}, /* as run.show */
    {"scene.start",        ALWAYS,        {NO,    YES,    YES,  YES,       YES,  NO}},
    {"scene.undo",         ALWAYS,        {NO,    YES,    YES,  YES,       YES,  NO}},
    {"simulator.note",     ALWAYS,        {NO,    NO,     NO,   NO,        NO,   YES}},
    {"state.snapshot",     ALWAYS,        {YES,   YES,    YES,  YES,       YES,  YES}},
    {"system.health",      ALWAYS,        {NO,    NO,     NO,   YES,       YES,  YES}},
    {"timetable.extend",   ALWAYS,        {NO,    YES,    YES,  YES,       YES,  NO}},
    {"timetable.show",     ALWAYS,        {YES,   YES,    YES,  YES,       YES,  NO}},
    {"timetable.skip",     ALWAYS,        {NO,    YES,    YES,  YES,       YES,  NO}},
    /* clang-format on */
};

static const char *const names[] = {"none", "viewer", "teacher", "lab", "facilities", "admin", "gateway"};

const char *role_name(enum lec_role role)
{
    return names[role];
}

enum lec_role role_of(const char *name)
{
    for (size_t i = LEC_ROLE_VIEWER; i < ARRAY_LEN(names); i++)
        if (strcmp(names[i], name) == 0)
            return (enum lec_role)i;
    return LEC_ROLE_NONE;
}

/* ---- Looking into the table ---- */

#define METHODS_MAX 128

/* Each method's rows, by its place in core_methods: found once, so that a request costs an index. */
static struct rows {
    const struct row *always, *fresh;
} of_method[METHODS_MAX];
static bool indexed;

static void make_index(void)
{
    for (size_t i = 0; core_methods[i].name && i < METHODS_MAX; i++) {
        for (size_t k = 0; k < ARRAY_LEN(table); k++) {
            if (strcmp(table[k].method, core_methods[i].name) != 0)
                continue;
            if (table[k].when == ALWAYS)
                of_method[i].always = &table[k];
            else
                of_method[i].fresh = &table[k];
        }
    }
    indexed = true;
}

static const struct rows *rows_of(const struct method *method)
{
    static const struct rows none;
    size_t at = (size_t)(method - core_methods);
    if (!indexed)
        make_index();
    return at < METHODS_MAX ? &of_method[at] : &none;
}

static enum may cell(const struct row *row, enum lec_role role)
{
    return row && role != LEC_ROLE_NONE ? (enum may)row->may[role - LEC_ROLE_VIEWER] : NO;
}

static bool wants_fresh(const struct row *row, const json_t *params)
{
    const json_t *fresh = json_object_get(params, "fresh");
    return row && (row->when == UNLESS_STALE ? !json_is_false(fresh) : json_is_true(fresh));
}

static bool among(const char *const list[], size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i], name) == 0)
            return true;
    return false;
}

/* A device that is not there is nobody's: the method says so. */
static bool class_fits(struct core *core, enum may may, const json_t *params)
{
    const char *target = json_string_value(json_object_get(params, "target"));
    size_t n = target ? strcspn(target, ".") : 0;
    char name[LEC_NAME_MAX + 1];
    if (n == 0 || n > LEC_NAME_MAX)
        return true;
    memcpy(name, target, n);
    name[n] = '\0';
    const struct device_state *d = state_device(core, name);
    return !d || among(comfort, ARRAY_LEN(comfort), d->desc->class_name) ||
           (may == LAB && among(measuring, ARRAY_LEN(measuring), d->desc->class_name));
}

bool role_may(struct core *core, enum lec_role role, const struct method *method, const json_t *params)
{
    const struct rows *rows = rows_of(method);
    enum may may = cell(wants_fresh(rows->fresh, params) ? rows->fresh : rows->always, role);
    return may == YES || (may != NO && class_fits(core, may, params));
}

bool role_may_ever(enum lec_role role, const struct method *method)
{
    return cell(rows_of(method)->always, role) != NO;
}

enum lec_role role_needed(struct core *core, const struct method *method, const json_t *params)
{
    for (enum lec_role role = LEC_ROLE_VIEWER; role <= LEC_ROLE_ADMIN; role++)
        if (role_may(core, role, method, params))
            return role;
    return LEC_ROLE_NONE;
}

bool role_has_row(const struct method *method)
{
    return rows_of(method)->always != NULL;
}

static void write_classes(struct lec_buf *b, enum may may)
{
    lec_json_key(b, "classes");
    lec_buf_putc(b, '[');
    for (size_t i = 0; may != NO && i < ARRAY_LEN(comfort); i++) {
        lec_json_next(b);
        lec_json_str(b, comfort[i]);
    }
    for (size_t i = 0; may == LAB && i < ARRAY_LEN(measuring); i++) {
        lec_json_next(b);
        lec_json_str(b, measuring[i]);
    }
    lec_buf_putc(b, ']');
}

void role_describe(struct lec_buf *b, const struct request *r)
{
    const struct method *write = method_find("point.write");
    lec_buf_puts(b, "{\"principal\":");
    lec_json_str(b, r->principal);
    lec_member_str(b, "role", role_name(r->role));
    lec_json_key(b, "may");
    lec_buf_putc(b, '[');
    for (const struct method *m = core_methods; m->name; m++) {
        if (!role_may_ever(r->role, m) && !(r->gateway && !r->as && role_may_ever(LEC_ROLE_GATEWAY, m)))
            continue;
        lec_json_next(b);
        lec_json_str(b, m->name);
    }
    lec_buf_putc(b, ']');
    if (cell(rows_of(write)->always, r->role) != YES)
        write_classes(b, cell(rows_of(write)->always, r->role));
    lec_buf_putc(b, '}');
}
