#include "driver/bench.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"

#define NAME "dut" /* the device under test, in its room */

static void give_up(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
static void give_up(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fputs("driver test: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    abort();
}

/* ---- A room with one device, through config ------------------------------------------------------------------ */

struct place { /* a folder of our own, removed when the room is loaded */
    char dir[64], room[128], secrets[128], profiles[128], devices[128], vendor[128], profile[160], classes[128];
};

static void write_file(const char *path, mode_t mode, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void write_file(const char *path, mode_t mode, const char *fmt, ...)
{
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, mode);
    FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!f)
        give_up("%s: %s", path, strerrordesc_np(errno));
    va_list ap;
    va_start(ap, fmt);
    int n = vfprintf(f, fmt, ap);
    va_end(ap);
    if (fclose(f) != 0 || n < 0)
        give_up("%s: %s", path, strerrordesc_np(errno));
}

static void make_place(struct place *p, const struct lec_bench_setup *setup)
{
    const char *tmp = getenv("TMPDIR");
    int n = snprintf(p->dir, sizeof p->dir, "%s/lectern-bench-XXXXXX", tmp && strlen(tmp) < 32 ? tmp : "/tmp");
    if (n < 0 || (size_t)n >= sizeof p->dir || !mkdtemp(p->dir))
        give_up("%s: %s", p->dir, strerrordesc_np(errno));
    snprintf(p->room, sizeof p->room, "%s/room.ini", p->dir);
    snprintf(p->secrets, sizeof p->secrets, "%s/secrets.ini", p->dir);
    snprintf(p->profiles, sizeof p->profiles, "%s/profiles", p->dir);
    snprintf(p->classes, sizeof p->classes, "%s/profiles/classes", p->dir);
    snprintf(p->devices, sizeof p->devices, "%s/profiles/devices", p->dir);
    snprintf(p->vendor, sizeof p->vendor, "%s/profiles/devices/test", p->dir);
    snprintf(p->profile, sizeof p->profile, "%s/profiles/devices/test/device.ini", p->dir);
    write_file(p->room, 0600, "[room]\nid = bench\nsite = test\n[device " NAME "]\nprofile = %s\nline = %s\n%s\n",
               setup->profile_text ? "test/device" : setup->profile, setup->line ? setup->line : "tcp://127.0.0.1:9",
               setup->device ? setup->device : "");
    if (setup->secrets)
        write_file(p->secrets, 0600, "[" NAME "]\n%s\n", setup->secrets);
    if (!setup->profile_text)
        return;
    if (mkdir(p->profiles, 0700) < 0 || mkdir(p->devices, 0700) < 0 || mkdir(p->vendor, 0700) < 0 ||
        symlink(LECTERN_SOURCE_DIR "/profiles/classes", p->classes) < 0)
        give_up("%s: %s", p->profiles, strerrordesc_np(errno));
    write_file(p->profile, 0600, "%s", setup->profile_text);
}

static void remove_place(const struct place *p)
{
    unlink(p->room);
    unlink(p->secrets);
    unlink(p->profile);
    unlink(p->classes);
    rmdir(p->vendor);
    rmdir(p->devices);
    rmdir(p->profiles);
    rmdir(p->dir);
}

static const struct lec_schema *schema(void *ctx, const char *name, struct lec_err *err)
{
    const struct lec_driver *driver = ctx;
    if (strcmp(driver->schema.name, name) == 0)
        return &driver->schema;
    lec_fail(err, LEC_E_CONFIG, "this test has the driver %s only", driver->schema.name);
    return NULL;
}

static const struct lec_room *load(const struct lec_driver *driver, const struct lec_bench_setup *setup,
                                   struct lec_report *report)
{
    union { /* the callback's context is not const, what is behind it is */
        const struct lec_driver *in;
        void *out;
    } ctx = {.in = driver};
    struct place p = {0};
    const struct lec_room *room = NULL;
    make_place(&p, setup);
    struct lec_sources sources = {
        .profiles = setup->profile_text ? p.profiles : LECTERN_SOURCE_DIR "/profiles",
        .secrets = setup->secrets ? p.secrets : NULL,
        .schema = schema,
        .schema_ctx = ctx.out,
    };
    int rc = lec_room_load(p.room, &sources, &room, report);
    remove_place(&p);
    if (rc < 0 && rc != LEC_E_CONFIG)
        give_up("loading the room: %s", lec_code_name(rc));
    lec_report_sort(report);
    return rc == 0 ? room : NULL;
}

const char *lec_bench_mistakes(const struct lec_driver *driver, const struct lec_bench_setup *setup, char *text,
                               size_t size)
{
    struct lec_report report;
    lec_report_init(&report);
    const struct lec_room *room = load(driver, setup, &report);
    size_t len = 0;
    text[0] = '\0';
    for (size_t i = 0; i < report.n && len < size; i++) {
        if (report.at[i].warning)
            continue;
        int n = snprintf(text + len, size - len, "line %d: %s\n", report.at[i].line, report.at[i].text);
        len += n > 0 ? (size_t)n : 0;
    }
    lec_room_unref(&room);
    lec_report_done(&report);
    return text;
}

/* ---- What the driver says ------------------------------------------------------------------------------------ */

static void heard_value(void *ctx, const struct lec_point *point, enum lec_quality quality,
                        const struct lec_value *value, const char *reason)
{
    struct lec_bench *b = ctx;
    char text[LEC_TEXT_MAX + 1];
    char *out = b->said[point->index];
    size_t size = sizeof b->said[point->index];
    if (quality == LEC_GOOD)
        snprintf(out, size, "%s", lec_value_print(value, text, sizeof text));
    else
        snprintf(out, size, "%s: %s", lec_quality_name(quality), reason);
    b->said_n[point->index]++;
}

static void heard_event(void *ctx, const struct lec_device *desc, const char *name, const char *data)
{
    struct lec_bench *b = ctx;
    (void)desc;
    if (b->n_events == LEC_BENCH_EVENTS)
        give_up("more than %d events", LEC_BENCH_EVENTS);
    struct lec_bench_event *event = &b->events[b->n_events++];
    snprintf(event->name, sizeof event->name, "%s", name);
    snprintf(event->data, sizeof event->data, "%s", data);
}

static void heard_block(void *ctx, const struct lec_point *point, const struct lec_block *block)
{
    struct lec_bench *b = ctx;
    (void)point;
    b->first_ns = block->first_ns;
    b->interval_ns = block->interval_ns;
    for (size_t i = 0; i < block->n; i++, b->n_samples++)
        if (b->n_samples < LEC_BENCH_SAMPLES)
            b->samples[b->n_samples] = block->raw[i];
}

static int asked_to_listen(void *ctx, const struct lec_device *desc, uint16_t port, struct lec_err *err)
{
    struct lec_bench *b = ctx;
    (void)desc;
    if (b->listen_code < 0)
        return lec_fail(err, b->listen_code, "port %u is taken", (unsigned)port);
    b->listens = port;
    return 0;
}

/* A feed gives its next chunk when the host has said something. */
static void passed(void *ctx, const struct lec_device *desc, char dir, const void *data, size_t n)
{
    struct lec_bench *b = ctx;
    (void)desc;
    (void)data;
    (void)n;
    if (b->feeding && dir == 's')
        lec_feed_more(&b->feed);
}

/* ---- Beginning and end --------------------------------------------------------------------------------------- */

void lec_bench_begin(struct lec_bench *b, const struct lec_driver *driver, const struct lec_bench_setup *setup)
{
    struct lec_report report;
    lec_report_init(&report);
    *b = (struct lec_bench){.feed.fd = -1, .port.cancel_fd = -1};
    b->room = load(driver, setup, &report);
    if (b->room) {
        b->device = lec_room_device(b->room, NAME);
        b->sink = (struct lec_sink){
            .ctx = b,
            .value = heard_value,
            .event = heard_event,
            .block = heard_block,
            .listen = asked_to_listen,
            .trace = passed,
        };
        b->said = calloc(b->device->n_points + 1, sizeof *b->said);
        b->said_n = calloc(b->device->n_points + 1, sizeof *b->said_n);
        if (!b->said || !b->said_n)
            give_up("out of memory");
    }
    if (!b->room || lec_hosted_init(&b->hosted, driver, b->device, &b->port, &b->sink, &report) < 0) {
        for (size_t i = 0; i < report.n; i++)
            fprintf(stderr, "%s:%d: %s\n", report.at[i].file, report.at[i].line, report.at[i].text);
        give_up("the profile is wrong");
    }
    lec_report_done(&report);
}

void lec_bench_end(struct lec_bench *b)
{
    lec_bench_finish(b);
    lec_hosted_done(&b->hosted);
    lec_room_unref(&b->room);
    free(b->said);
    free(b->said_n);
    *b = (struct lec_bench){.feed.fd = -1};
}

void lec_bench_forget(struct lec_bench *b)
{
    memset(b->said, 0, (b->device->n_points + 1) * sizeof *b->said);
    memset(b->said_n, 0, (b->device->n_points + 1) * sizeof *b->said_n);
    b->n_events = b->n_samples = 0;
}

static void take_end(struct lec_bench *b, int fd)
{
    b->port.link = lec_link_of_fd(fd, b->port.cancel_fd);
    if (!b->port.link)
        give_up("out of memory");
}

void lec_bench_play(struct lec_bench *b, const struct lec_turn *turns)
{
    uint16_t port = 0;
    lec_bench_finish(b);
    int fd = lec_script_start(&b->script, turns, &port);
    b->playing = true;
    b->tcp = fd < 0;
    b->port.line = NULL;
    if (fd >= 0) {
        take_end(b, fd);
        return;
    }
    b->line = (struct lec_line){
        .name = "bench", .kind = LEC_LINE_TCP, .host = "127.0.0.1", .port = port, .path = "", .simulated = true};
    b->port.line = &b->line;
}

void lec_bench_feed(struct lec_bench *b, const uint8_t *data, size_t n)
{
    lec_bench_finish(b);
    b->port.line = NULL;
    take_end(b, lec_feed_start(&b->feed, data, n));
    b->feeding = true;
}

static void drop_line(struct lec_bench *b)
{
    lec_link_close(&b->port.link);
    b->port.held_n = 0;
    b->port.broken = false;
}

const char *lec_bench_finish(struct lec_bench *b)
{
    if (b->hosted.driver)
        lec_hosted_close(&b->hosted);
    drop_line(b);
    if (b->feeding)
        lec_feed_end(&b->feed);
    b->feeding = false;
    const char *mistake = b->playing ? lec_script_end(&b->script) : NULL;
    b->playing = false;
    return mistake;
}

/* ---- Callbacks ----------------------------------------------------------------------------------------------- */

static const struct lec_point *point_of(const struct lec_bench *b, const char *name)
{
    const struct lec_point *point = lec_device_point(b->device, name);
    if (!point)
        give_up("the device has no point \"%s\"", name);
    return point;
}

int lec_bench_open(struct lec_bench *b)
{
    int rc = 0;
    if (!b->port.link && b->tcp)
        rc = lec_link_open(&b->line, b->port.cancel_fd, lec_now() + LEC_SCRIPT_PATIENCE_MS * LEC_MS, &b->port.link,
                           &b->err);
    if (rc == 0)
        rc = lec_hosted_open(&b->hosted, &b->err);
    if (rc < 0)
        drop_line(b);
    return rc;
}

void lec_bench_close(struct lec_bench *b)
{
    lec_hosted_close(&b->hosted);
    drop_line(b);
}

/* The next word of *at, or false. */
static bool next_word(const char **at, char *word, size_t size)
{
    *at += strspn(*at, " ");
    size_t n = strcspn(*at, " ");
    if (n == 0)
        return false;
    if (n >= size)
        give_up("\"%s\" is too long", *at);
    memcpy(word, *at, n);
    word[n] = '\0';
    *at += n;
    return true;
}

int lec_bench_poll(struct lec_bench *b, const char *points)
{
    size_t max = b->device->n_points, n = 0;
    const struct lec_point **due = calloc(max + 1, sizeof(void *));
    if (!due)
        give_up("out of memory");
    char name[LEC_NAME_MAX + 1];
    for (size_t i = 0; !points && i < max; i++)
        if (!(b->hosted.marks[i] & LEC_MARK_DROPPED))
            due[n++] = &b->device->points[i];
    while (points && next_word(&points, name, sizeof name)) {
        const struct lec_point *point = point_of(b, name);
        if (n < max && !(b->hosted.marks[point->index] & LEC_MARK_DROPPED))
            due[n++] = point;
    }
    int rc = n > 0 ? lec_hosted_poll(&b->hosted, due, n, 0, &b->err) : 0;
    free(due);
    return rc;
}

int lec_bench_write(struct lec_bench *b, const char *point, const char *value)
{
    const struct lec_point *p = point_of(b, point);
    struct lec_value v;
    int rc = lec_value_parse(value, p->type, &v, &b->err);
    if (rc == 0)
        rc = lec_point_check(p, &v, &b->err);
    return rc < 0 ? rc : lec_hosted_write(&b->hosted, p, &v, &b->err);
}

int lec_bench_invoke(struct lec_bench *b, const char *action, const char *args)
{
    const struct lec_action *a = lec_device_action(b->device, action);
    if (!a)
        give_up("the device has no action \"%s\"", action);
    struct lec_value *values = calloc(a->n_args + 1, sizeof *values);
    if (!values)
        give_up("out of memory");
    char word[LEC_TEXT_MAX + 1];
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < a->n_args; i++) {
        if (!args || !next_word(&args, word, sizeof word))
            give_up("\"%s\" takes %zu arguments", action, a->n_args);
        rc = lec_value_parse(word, a->args[i].type, &values[i], &b->err);
        if (rc == 0)
            rc = lec_arg_check(&a->args[i], &values[i], &b->err);
    }
    if (rc == 0)
        rc = lec_hosted_invoke(&b->hosted, a, values, &b->err);
    free(values);
    return rc;
}

int lec_bench_input(struct lec_bench *b)
{
    return lec_hosted_input(&b->hosted, &b->err);
}

void lec_bench_wait(struct lec_bench *b)
{
    struct pollfd p = {.fd = lec_link_fd(b->port.link), .events = POLLIN};
    if (poll(&p, 1, LEC_SCRIPT_PATIENCE_MS) <= 0)
        give_up("nothing has come");
}

int lec_bench_notice(struct lec_bench *b, const void *data, size_t n)
{
    char text[1501]; /* a NUL follows, as the framework promises */
    if (n > sizeof text - 1)
        give_up("a datagram has at most %zu bytes", sizeof text - 1);
    memcpy(text, data, n);
    text[n] = '\0';
    return lec_hosted_notice(&b->hosted, text, n, &b->err);
}

/* ---- What was heard ------------------------------------------------------------------------------------------ */

const char *lec_bench_point(const struct lec_bench *b, const char *point)
{
    return b->said[point_of(b, point)->index];
}

size_t lec_bench_count(const struct lec_bench *b, const char *point)
{
    return b->said_n[point_of(b, point)->index];
}

bool lec_bench_dropped(const struct lec_bench *b, const char *point)
{
    return b->hosted.marks[point_of(b, point)->index] & LEC_MARK_DROPPED;
}

bool lec_bench_soon(const struct lec_bench *b, const char *point)
{
    return b->hosted.marks[point_of(b, point)->index] & LEC_MARK_SOON;
}
