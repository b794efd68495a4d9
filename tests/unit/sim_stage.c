#include "unit/sim_stage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conn.h"
#include "device.h"
#include "lectern/parse.h"
#include "world.h"

/* Nothing of the stage itself may fail; the fuzzer has no cmocka. */
static void must(bool good)
{
    if (!good)
        abort();
}

void stage_open(struct sim_stage *s, bool serial)
{
    *s = (struct sim_stage){.end = -1, .clock = 1000 * LEC_SEC};
    lec_clock_fake(s->clock, 0);
    s->room.id = "stage";
    s->desc_line = (struct lec_line){.name = "stage", .kind = serial ? LEC_LINE_PTY : LEC_LINE_TCP};
    s->sim.loop = loop_new();
    s->sim.room = &s->room;
    s->sim.opt = (struct sim_options){.speed = 1, .seed = 1, .pacing = true};
    s->sim.devices = s->devices;
    s->sim.world = sim_world_new(1, 0);
    sim_random_seed(&s->sim.random, 1);
    s->line = (struct sim_line){.sim = &s->sim,
                                .desc = &s->desc_line,
                                .tcp = !serial,
                                .plugged = true,
                                .slave = -1,
                                .spare_master = -1,
                                .spare_slave = -1,
                                .listen.fd = -1,
                                .udp.fd = -1};
    s->sim.lines = &s->line;
}

struct sim_device *stage_add(struct sim_stage *s, const char *name, int address, const struct sim_face *face,
                             const struct sim_model *model, const struct sim_map *map, const char *traits)
{
    size_t i = s->sim.n_devices++;
    must(i < STAGE_DEVICES);
    s->desc[i] = (struct lec_device){.name = name,
                                     .index = i,
                                     .vendor = "Vendor",
                                     .model = "Model",
                                     .profile = "stage/stage",
                                     .driver = "",
                                     .class_name = "",
                                     .timeout_ns = LEC_SEC};
    s->cast[i] = (struct sim_cast){.face = face, .model = model, .map = map, .traits = traits};
    struct sim_box **at = &s->line.boxes;
    while (*at && face->addressed && (*at)->address != address)
        at = &(*at)->next;
    if (!*at) {
        *at = calloc(1, sizeof **at);
        must(*at != NULL);
        **at = (struct sim_box){.sim = &s->sim,
                                .line = &s->line,
                                .face_kind = face,
                                .address = address,
                                .gap_ns = face->gap_ns,
                                .face = calloc(1, face->box_size ? face->box_size : 1)};
    }
    s->line.face_kind = face;
    struct sim_device *d = &s->devices[i];
    *d = (struct sim_device){.name = name,
                             .sim = &s->sim,
                             .box = *at,
                             .desc = &s->desc[i],
                             .model = model,
                             .cast = &s->cast[i],
                             .state = calloc(1, model->size),
                             .shown = calloc(1, model->size),
                             .by = SIM_BY_TIME,
                             .seed = sim_seed_of(1, name)};
    d->timer = (struct loop_timer){.due = sim_device_due, .ctx = d, .model = true};
    struct sim_device **last = &(*at)->devices;
    while (*last)
        last = &(*last)->next_in_box;
    *last = d;
    if (model->start)
        model->start(d);
    return d;
}

void stage_connect(struct sim_stage *s, const char *password)
{
    int pair[2];
    struct lec_err err;
    if (password) {
        s->keys[0] = (struct lec_key){.name = "password", .value = password, .file = ""};
        s->desc[0].keys = (struct lec_keys){.at = s->keys, .n = 1};
    }
    for (struct sim_box *b = s->line.boxes; b; b = b->next)
        if (b->face_kind->start)
            must(b->face_kind->start(b, &err) == 0);
    must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
    s->end = pair[0];
    s->conn = sim_conn_new(&s->line, pair[1], s->desc_line.kind == LEC_LINE_PTY);
    must(s->conn != NULL);
}

void stage_close(struct sim_stage *s)
{
    while (s->line.conns)
        sim_conn_end(s->line.conns, false);
    while (s->line.boxes) {
        struct sim_box *b = s->line.boxes;
        s->line.boxes = b->next;
        if (b->face_kind->stop)
            b->face_kind->stop(b);
        free(b->face);
        free(b);
    }
    for (size_t i = 0; i < s->sim.n_devices; i++) {
        loop_timer_clear(s->sim.loop, &s->devices[i].timer);
        free(s->devices[i].state);
        free(s->devices[i].shown);
    }
    free(s->sim.world);
    loop_free(&s->sim.loop);
    if (s->end >= 0)
        close(s->end);
    lec_clock_fake(-1, 0);
}

static void rounds(struct sim_stage *s, unsigned n)
{
    while (n-- > 0)
        must(loop_round(s->sim.loop, 0, NULL) == 0);
}

void stage_pass(struct sim_stage *s, int64_t ns)
{
    /* In steps, so that timers which set timers are served in their order. */
    for (int64_t left = ns; left > 0;) {
        int64_t step = left < 10 * LEC_MS ? left : left < 10 * LEC_SEC ? 10 * LEC_MS : left / 100;
        left -= step;
        s->clock += step;
        lec_clock_fake(s->clock, 0);
        rounds(s, 1);
    }
}

size_t stage_ask(struct sim_stage *s, const void *data, size_t n, uint8_t *out, size_t size)
{
    if (n > 0)
        must(write(s->end, data, n) == (ssize_t)n);
    rounds(s, 3);
    ssize_t got = read(s->end, out, size);
    return got > 0 ? (size_t)got : 0;
}

void stage_fault(struct sim_stage *s, enum sim_fault_kind kind, int64_t ms, int64_t count)
{
    struct sim_fault f = {.kind = kind, .until = LEC_NEVER, .left = count, .ms = ms, .all = true};
    must(sim_fault_add(&s->devices[0].box->faults, &f, NULL) == 0);
}

void stage_lie(struct sim_stage *s, const char *point, double value)
{
    struct sim_fault f = {
        .kind = SIM_LIE, .until = LEC_NEVER, .left = -1, .has_value = true, .value = lec_float(value)};
    must(lec_copy_utf8(f.point, sizeof f.point, point, strlen(point)));
    must(sim_fault_add(&s->devices[0].box->faults, &f, NULL) == 0);
}
