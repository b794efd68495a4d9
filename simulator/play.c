/* From a room to everything that plays it: devices, boxes, lines, and the line map. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cast.h"
#include "device.h"
#include "lectern/log.h"
#include "lectern/paths.h"
#include "map.h"
#include "port.h"
#include "sim.h"
#include "usb.h"
#include "world.h"

int64_t sim_model_now(const struct sim *s)
{
    return loop_model_now(s->loop);
}

struct sim_device *sim_find(struct sim *s, const char *name)
{
    for (size_t i = 0; i < s->n_devices; i++)
        if (s->devices[i].name && strcmp(s->devices[i].name, name) == 0)
            return &s->devices[i];
    return NULL;
}

struct sim_box *sim_box_at(struct sim_line *line, int address)
{
    for (struct sim_box *b = line->boxes; b; b = b->next)
        if (b->address == address)
            return b;
    return NULL;
}

struct sim_device *sim_device_of(struct sim_box *box, const struct sim_model *m)
{
    for (struct sim_device *d = box->devices; d; d = d->next_in_box)
        if (d->model == m)
            return d;
    return NULL;
}

/* The device's address on its line: the key that its protocol calls it by. */
static int address_of(const struct lec_device *desc)
{
    static const char *const keys[] = {"slave", "unit", "id", "address"};
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        int64_t v = lec_key_int(&desc->keys, keys[i], -1);
        if (v >= 0 && v <= 255)
            return (int)v;
    }
    return 1;
}

static struct sim_box *box_for(struct sim_line *line, const struct sim_face *face, int address)
{
    struct sim_box **at = &line->boxes;
    for (; *at; at = &(*at)->next)
        if (!face->addressed || (*at)->address == address)
            return *at;
    struct sim_box *b = calloc(1, sizeof *b);
    if (!b)
        return NULL;
    *b =
        (struct sim_box){.sim = line->sim, .line = line, .face_kind = face, .address = address, .gap_ns = face->gap_ns};
    b->face = face->box_size ? calloc(1, face->box_size) : NULL;
    if (face->box_size && !b->face) {
        free(b);
        return NULL;
    }
    *at = b;
    return b;
}

/* Puts one device on its line. Returns 0 or LEC_E_NOMEM. */
static int seat(struct sim_line *line, struct sim_device *d, const struct lec_device *desc)
{
    struct sim *s = line->sim;
    const struct sim_cast *cast = sim_cast_for(desc, s->maps);
    if (!cast) {
        lec_log(LEC_LOG_WARNING, "%s: nobody can play profile %s (driver %s); its line stays mute", desc->name,
                desc->profile, desc->driver);
        return 0;
    }
    if (line->face_kind && line->face_kind != cast->face) {
        lec_log(LEC_LOG_WARNING, "%s: its line speaks %s already, not %s; it is not played", desc->name,
                line->face_kind->name, cast->face->name);
        return 0;
    }
    line->face_kind = cast->face;
    struct sim_box *box = box_for(line, cast->face, address_of(desc));
    void *state = calloc(1, cast->model->size), *shown = calloc(1, cast->model->size);
    if (!box || !state || !shown) {
        free(state);
        free(shown);
        return LEC_E_NOMEM;
    }
    *d = (struct sim_device){
        .name = desc->name,
        .sim = s,
        .box = box,
        .desc = desc,
        .model = cast->model,
        .cast = cast,
        .state = state,
        .shown = shown,
        .timer = {.due = sim_device_due, .ctx = d, .model = true},
        .by = SIM_BY_TIME,
        .seed = sim_seed_of(s->opt.seed, desc->name),
    };
    struct sim_device **last = &box->devices;
    while (*last)
        last = &(*last)->next_in_box;
    *last = d;
    s->n_played++;
    if (d->model->start)
        d->model->start(d);
    return 0;
}

static int set_line(struct sim *s, const struct lec_line *desc, struct sim_line ***end, struct lec_err *err)
{
    bool tcp = desc->kind == LEC_LINE_TCP;
    bool tty = desc->kind == LEC_LINE_SERIAL || desc->kind == LEC_LINE_PTY;
    bool usb = desc->kind == LEC_LINE_USB;
    bool wanted = !s->opt.only;
    for (size_t i = 0; i < desc->n_devices; i++)
        wanted = wanted || strcmp(desc->devices[i]->name, s->opt.only) == 0;
    if (!wanted)
        return 0;
    if (!tcp && !tty && !usb) {
        lec_log(LEC_LOG_WARNING, "%s: a line of this kind cannot be played; its devices are away", desc->name);
        return 0;
    }
    struct sim_line *line = calloc(1, sizeof *line);
    if (!line)
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    *line = (struct sim_line){.sim = s,
                              .desc = desc,
                              .index = desc->index,
                              .tcp = tcp,
                              .usb = usb,
                              .usb_port = (unsigned)(desc->index % SIM_USB_PORTS) + 1,
                              .slave = -1,
                              .spare_master = -1,
                              .spare_slave = -1,
                              .listen.fd = -1,
                              .udp.fd = -1};
    **end = line;
    *end = &line->next;
    int n = snprintf(line->path, sizeof line->path, "%s/line-%zu", s->folder, desc->index + 1);
    if (n < 0 || (size_t)n >= sizeof line->path)
        return lec_fail(err, LEC_E_CONFIG, "%s: the path is too long", s->folder);
    for (size_t i = 0; i < desc->n_devices; i++) {
        const struct lec_device *dev = desc->devices[i];
        if (s->opt.only && strcmp(dev->name, s->opt.only) != 0)
            continue;
        if (seat(line, &s->devices[dev->index], dev) < 0)
            return lec_fail(err, LEC_E_NOMEM, "out of memory");
    }
    for (struct sim_box *b = line->boxes; b; b = b->next)
        if (b->face_kind->start && b->face_kind->start(b, err) < 0) {
            lec_log(LEC_LOG_WARNING, "%s: %s; it stays silent", b->devices->name, err->text);
            b->broken = true;
        }
    int rc = sim_port_open(line, err);
    return rc < 0 ? lec_because(err, "%s", desc->name) : 0;
}

static void print_place(const struct sim_line *line, FILE *out)
{
    if (line->usb)
        fprintf(out, "%s\n", line->desc->name);
    else if (line->tcp)
        fprintf(out, "tcp://127.0.0.1:%u\n", line->port);
    else
        fprintf(out, "pty://%s\n", line->path);
}

int sim_write_map(struct sim *s, struct lec_err *err)
{
    char fresh[512];
    int n = snprintf(fresh, sizeof fresh, "%s.new", s->opt.map);
    FILE *out = n > 0 && (size_t)n < sizeof fresh ? fopen(fresh, "we") : NULL;
    if (!out)
        return lec_fail(err, LEC_E_CONFIG, "line map %s: %s", s->opt.map, strerror(errno));
    fprintf(out, "; Where lectern-sim plays room %s; made anew at each start.\n", s->room->id);
    for (const struct sim_line *line = s->lines; line; line = line->next) {
        fprintf(out, "\n[line %zu]\nline = %s\nat = ", line->index + 1, line->desc->name);
        print_place(line, out);
        if (line->notify_port)
            fprintf(out, "notify_port = %u\n", line->notify_port);
    }
    if (s->usb)
        fprintf(out, "\n[usb]\ntestbed = %s\npreload = %s\n", sim_usb_folder(s->usb), sim_usb_preload());
    bool bad = ferror(out) != 0;
    if (fclose(out) != 0 || bad || rename(fresh, s->opt.map) < 0)
        return lec_fail(err, LEC_E_CONFIG, "line map %s: %s", s->opt.map, strerror(errno));
    s->mapped = true;
    return 0;
}

static int make_folder(struct sim *s, struct lec_err *err)
{
    char run[sizeof s->folder];
    int rc = lec_path_run(run, sizeof run, err);
    if (rc < 0)
        return rc;
    int n = snprintf(s->folder, sizeof s->folder, "%s/%s", run, s->room->id);
    if (n < 0 || (size_t)n >= sizeof s->folder)
        return lec_fail(err, LEC_E_CONFIG, "%s: the path is too long", run);
    if ((mkdir(run, 0755) < 0 && errno != EEXIST) || (mkdir(s->folder, 0755) < 0 && errno != EEXIST))
        return lec_fail(err, LEC_E_CONFIG, "%s: %s", s->folder, strerror(errno));
    return 0;
}

int sim_open(struct sim *s, const struct lec_room *room, const struct sim_options *opt, struct loop *loop,
             struct lec_err *err)
{
    *s = (struct sim){.loop = loop, .room = room, .opt = *opt};
    sim_random_seed(&s->random, opt->seed);
    if (opt->only && !lec_room_device(room, opt->only))
        return lec_fail(err, LEC_E_CONFIG, "--only %s: the room has no such device", opt->only);
    int rc = make_folder(s, err);
    if (rc < 0)
        return rc;
    char maps[512];
    rc = sim_maps_folder(maps, sizeof maps, err);
    if (rc == 0)
        rc = sim_maps_load(maps, &s->maps, err);
    if (rc < 0)
        return rc;
    s->world = sim_world_new(opt->seed, opt->people);
    s->devices = calloc(room->n_devices ? room->n_devices : 1, sizeof *s->devices);
    if (!s->world || !s->devices)
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    s->n_devices = room->n_devices;
    loop_set_speed(loop, opt->speed);
    return 0;
}

int sim_start(struct sim *s, struct lec_err *err)
{
    struct sim_line **end = &s->lines;
    for (size_t i = 0; i < s->room->n_lines; i++) {
        int rc = set_line(s, &s->room->lines[i], &end, err);
        if (rc < 0)
            return rc;
    }
    return s->opt.map ? sim_write_map(s, err) : 0;
}

void sim_stop(struct sim *s)
{
    while (s->lines) {
        struct sim_line *line = s->lines;
        s->lines = line->next;
        sim_port_close(line);
        while (line->boxes) {
            struct sim_box *b = line->boxes;
            line->boxes = b->next;
            if (b->face_kind->stop)
                b->face_kind->stop(b);
            free(b->face);
            free(b);
        }
        free(line);
    }
    for (size_t i = 0; i < s->n_devices && s->devices; i++) {
        if (!s->devices[i].name)
            continue;
        loop_timer_clear(s->loop, &s->devices[i].timer);
        free(s->devices[i].state);
        free(s->devices[i].shown);
    }
    free(s->devices);
    free(s->world);
    sim_maps_free(&s->maps);
    sim_usb_free(&s->usb);
    if (s->mapped)
        (void)unlink(s->opt.map);
}
