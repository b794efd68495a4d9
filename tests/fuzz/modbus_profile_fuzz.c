/* The text of a profile, as the driver's prepare sees it, and registers for what it describes.
 *
 * Input: lines "key = value". "point TYPE ACCESS" begins a point, "action" an action with one argument; keys before the
 * first of them are the device's. A line "regs" ends the text; what follows is what the unit answers. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"

#define KEYS_MAX   64
#define POINTS_MAX 8

extern const struct lec_driver lec_driver_entry;

struct stage {
    struct lec_device device;
    struct lec_point points[POINTS_MAX];
    struct lec_action actions[POINTS_MAX];
    struct lec_key keys[KEYS_MAX];
    size_t n_keys;
    struct lec_keys *filling;
};

static const char *const choices[] = {"up", "down", "moving", "stopped", "unknown", "ok", "error", "off", "on"};
static const struct lec_arg arg = {.name = "value", .type = LEC_INT};

static void begin_point(struct stage *s, const char *text)
{
    struct lec_point *p = &s->points[s->device.n_points];
    enum lec_type type = text[0] >= '1' && text[0] <= '5' ? (enum lec_type)(text[0] - '0') : LEC_INT;
    *p = (struct lec_point){.name = "x",
                            .type = type,
                            .access = LEC_READ,
                            .period_ns = LEC_SEC,
                            .file = "fuzz",
                            .line = 1,
                            .index = s->device.n_points};
    if (type == LEC_ENUM) {
        p->choices = p->settable = choices;
        p->n_choices = ARRAY_LEN(choices);
        p->n_settable = 2;
    }
    if (text[0] && (text[1] == '2' || text[1] == '3'))
        p->access = (enum lec_access)(text[1] - '0');
    s->filling = &p->keys;
    s->filling->at = &s->keys[s->n_keys];
    s->device.n_points++;
}

static void begin_action(struct stage *s)
{
    struct lec_action *a = &s->actions[s->device.n_actions++];
    *a = (struct lec_action){.name = "x", .file = "fuzz", .line = 1, .args = &arg, .n_args = 1};
    s->filling = &a->keys;
    s->filling->at = &s->keys[s->n_keys];
}

static void take_line(struct stage *s, char *line)
{
    char *equals = strchr(line, '=');
    if (strncmp(line, "point ", 6) == 0 && s->device.n_points < POINTS_MAX) {
        begin_point(s, line + 6);
    } else if (strncmp(line, "action", 6) == 0 && s->device.n_actions < POINTS_MAX) {
        begin_action(s);
    } else if (equals && s->n_keys < KEYS_MAX) {
        char *end = equals;
        while (end > line && end[-1] == ' ')
            end--;
        *end = '\0';
        s->keys[s->n_keys++] =
            (struct lec_key){.name = line, .value = equals + 1 + strspn(equals + 1, " "), .file = "fuzz", .line = 1};
        s->filling->n++;
    }
}

static void answer(const struct modbus *m, const uint8_t *data, size_t size)
{
    uint16_t regs[125] = {0};
    uint8_t bits[2000] = {0};
    uint32_t order[2 * MB_MOTOR_WAYS * POINTS_MAX];
    struct mb_txn txns[2 * MB_MOTOR_WAYS * POINTS_MAX];
    for (uint32_t i = 0; i < m->n_items; i++)
        order[i] = i;
    size_t n = mb_plan(&m->limits, m->items, order, m->n_items, txns);
    memcpy(regs, data, size < sizeof regs ? size : sizeof regs);
    for (size_t i = 0; i < size && i < sizeof bits; i++)
        bits[i] = data[i] & 1;
    for (size_t t = 0; t < n; t++) {
        if (txns[t].count > (mb_is_bits(txns[t].table) ? 2000 : 125))
            abort();
        for (uint32_t i = 0; i < txns[t].n; i++) {
            const struct mb_item *item = &m->items[order[txns[t].first + i]];
            const struct mb_point *p = &m->points[item->point];
            unsigned at = item->addr - (unsigned)txns[t].addr;
            struct lec_value v;
            char reason[LEC_TEXT_MAX];
            uint64_t raw;
            if (p->pair || p->fault_of)
                continue;
            bool good = mb_is_bits(item->table) ? mb_decode_bits(&p->codec, bits + at, &v, reason, sizeof reason)
                                                : mb_decode(&p->codec, regs + at, &v, reason, sizeof reason);
            if (good && p->codec.writable && v.type == LEC_TEXT)
                (void)mb_encode_text(&p->codec, &v, regs, NULL);
            else if (good && p->codec.writable)
                (void)mb_encode(&p->codec, &v, &raw, NULL);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct stage s = {.device = {.name = "fuzz", .driver = "modbus", .file = "fuzz"}};
    char text[2048];
    const uint8_t *end = size >= 5 ? memmem(data, size, "\nregs", 5) : NULL;
    size_t n = end ? (size_t)(end - data) : size;
    if (n >= sizeof text)
        return 0;
    memcpy(text, data, n);
    text[n] = '\0';
    s.device.points = s.points;
    s.device.actions = s.actions;
    s.device.keys.at = s.keys;
    s.filling = &s.device.keys;
    for (char *line = text; line;) {
        char *next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        take_line(&s, line);
        line = next;
    }
    struct modbus *m = calloc(1, lec_driver_entry.schema.state_size);
    struct lec_report report;
    if (!m)
        return 0;
    lec_report_init(&report);
    if (lec_driver_entry.schema.prepare(&s.device, m, &report) == 0 && end)
        answer(m, end + 5, size - n - 5);
    lec_driver_entry.schema.release(m);
    lec_report_done(&report);
    free(m);
    return 0;
}
