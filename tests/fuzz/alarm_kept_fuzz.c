/* What was kept of alarms, as it may lie in a damaged file: each line of the input is a key, a blank and a text. Whatever stands afterwards
 * has a number that is below the next one, is listed as JSON, and what is kept again is read again without a complaint. */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alarm/alarm.h"
#include "lectern/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LINES = 64, KEPT = 256 };

static struct lec_device device = {.name = "projector", .label = "", .label_en = "", .class_name = "projector"};
static struct lec_point points[] = {
    {.name = "error.lamp", .device = &device, .label = "", .label_en = "", .unit = "", .severity = "error"},
    {.name = "heat", .index = 1, .device = &device, .label = "", .label_en = "", .unit = "Cel", .severity = ""}};
static struct lec_alarm warm = {.name = "warm",
                                .label = "",
                                .label_en = "",
                                .remedy = "",
                                .remedy_en = "",
                                .device = &device,
                                .point = &points[1],
                                .has_above = true,
                                .above = 30};
static struct lec_room room = {
    .id = "r", .site = "s", .devices = &device, .n_devices = 1, .alarms = &warm, .n_alarms = 1};

static struct {
    char *key, *value;
} kept[KEPT];
static size_t n_kept;

/* These stand in for config's, which count rooms that config has read. */
const struct lec_room *lec_room_ref(const struct lec_room *r);
void lec_room_unref(const struct lec_room **r);

const struct lec_room *lec_room_ref(const struct lec_room *r)
{
    return r;
}

void lec_room_unref(const struct lec_room **r)
{
    *r = NULL;
}

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void keep(const char *key, const char *value)
{
    size_t i = 0;
    while (i < n_kept && strcmp(kept[i].key, key) != 0)
        i++;
    if (i == n_kept && (!value || n_kept == KEPT))
        return;
    if (i == n_kept)
        kept[n_kept++].key = strdup(key);
    else
        free(kept[i].value);
    kept[i].value = value ? strdup(value) : NULL;
}

static int by_key(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b; /* the key is a row's first member */
    return strcmp(*x, *y);
}

static void record(void *ctx, const char *dev, const char *name, const char *principal, const char *entry,
                   const struct lec_alarm_kept texts[], size_t n)
{
    (void)ctx, (void)dev, (void)name, (void)principal;
    json_t *object = entry ? json_loads(entry, JSON_REJECT_DUPLICATES, NULL) : NULL;
    must(!entry || json_is_object(object));
    json_decref(object);
    must(n <= LEC_ALARM_KEPT_MAX);
    for (size_t i = 0; i < n; i++)
        keep(texts[i].key, texts[i].value);
}

static void publish(void *ctx, const char *name, const char *json)
{
    (void)ctx, (void)name;
    json_t *object = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
    must(json_is_object(object));
    json_decref(object);
}

static bool remedy(void *ctx, const struct lec_device *d, const struct lec_point *p, int code, const char **vi,
                   const char **en)
{
    (void)ctx, (void)d, (void)p, (void)code, (void)vi, (void)en;
    return false;
}

static struct lec_alarms *start(void)
{
    struct lec_alarms_host host = {.record = record, .publish = publish, .remedy = remedy};
    return lec_alarms_new(&room, &host);
}

static void look(const struct lec_alarms *a)
{
    struct lec_buf b;
    lec_buf_init(&b, 8u << 20);
    lec_buf_putc(&b, '{');
    lec_alarms_list_json(a, LEC_ALARMS_ENDED, &b);
    lec_buf_putc(&b, '}');
    json_t *object = json_loads(b.data, JSON_REJECT_DUPLICATES, NULL);
    must(json_is_object(object));
    json_decref(object);
    lec_buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lec_moment t = {.now = LEC_SEC, .wall_us = INT64_C(1790000000000000)};
    struct lec_buf json;
    struct lec_err err;
    char *text = malloc(size + 1);
    device.points = points;
    device.n_points = 2;
    device.room = &room;
    lec_log_set_level(LEC_LOG_ERROR);
    struct lec_alarms *a = text ? start() : NULL;
    must(a);
    memcpy(text, data, size);
    text[size] = '\0';
    char *rest = text, *line;
    for (int i = 0; i < LINES && (line = strsep(&rest, "\n")) != NULL; i++) {
        char *value = strchr(line, ' ');
        if (value)
            *value++ = '\0';
        lec_alarms_restore(a, line, value ? value : "");
    }
    lec_alarms_resume(a, t);
    look(a);
    lec_alarms_tick(a, t);
    lec_alarms_device(a, &device, false, 0, "", t);
    lec_alarms_point(a, &points[0], &(struct lec_value){.type = LEC_BOOL, .b = true}, LEC_GOOD, t);
    lec_alarms_point(a, &points[1], &(struct lec_value){.type = LEC_FLOAT, .f = 20}, LEC_GOOD, t);
    t.now += 120 * LEC_SEC;
    lec_alarms_tick(a, t);
    lec_buf_init(&json, 65536);
    (void)lec_alarms_ack(a, "warm", 0, "seen", "Lan", t, &json, &err);
    (void)lec_alarms_shelve(a, "projector.away", 60000, "known", "Lan", t, &json, &err);
    lec_buf_done(&json);
    look(a);
    size_t standing = lec_alarms_count(a).standing + lec_alarms_count(a).shelved;
    lec_alarms_free(&a);
    must(standing >= 2); /* the lamp, and the projector, which is away */
    a = start();         /* what was kept is sound: none of it is forgotten */
    must(a);
    size_t n = n_kept;
    char *values[KEPT];
    qsort(kept, n, sizeof *kept, by_key); /* the store lists what was kept in the order of the keys */
    for (size_t i = 0; i < n; i++)
        values[i] = kept[i].value ? strdup(kept[i].value) : NULL;
    for (size_t i = 0; i < n; i++)
        if (values[i])
            lec_alarms_restore(a, kept[i].key, values[i]);
    for (size_t i = 0; i < n; i++) {
        must(!values[i] == !kept[i].value);
        free(values[i]);
    }
    lec_alarms_resume(a, t);
    look(a);
    lec_alarms_free(&a);
    while (n_kept > 0) {
        free(kept[--n_kept].key);
        free(kept[n_kept].value);
    }
    free(text);
    return 0;
}
