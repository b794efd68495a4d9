/* Start, loop and stop of the room. */
#include "core/record.h"

#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "lectern/log.h"
#include "lectern/program.h"

#define TICK_NS       LEC_SEC
#define END_NS        (600 * LEC_MS) /* lines get so long to end */
#define CLOCK_STEP_US 2000000        /* wall time that jumps more than this is journalled */

static int make_folder(const char *path, mode_t mode, struct lec_err *err)
{
    if (mkdir(path, mode) == 0 || errno == EEXIST)
        return 0;
    return lec_fail(err, LEC_E_CONFIG, "the folder %s cannot be made: %s", path, strerror(errno));
}

/* One daemon a room: the lock lives as long as the process. */
static int lock_room(const char *folder, struct lec_err *err)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/lock", folder);
    int fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0640);
    if (fd < 0)
        return lec_fail(err, LEC_E_CONFIG, "%s cannot be opened: %s", path, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        close(fd);
        return lec_fail(err, LEC_E_CONFIG, "another daemon runs this room already (%s is locked)", path);
    }
    return 0;
}

static void make_boot(char boot[17])
{
    uint8_t bytes[8];
    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes) {
        int64_t now = lec_wall_us();
        memcpy(bytes, &now, sizeof bytes);
    }
    for (int i = 0; i < 8; i++)
        snprintf(boot + 2 * i, 3, "%02x", bytes[i]);
}

int core_load(struct core *core, const struct lec_room **room, struct lec_report *report)
{
    struct lec_sources sources = {.profiles = core->setup.profiles,
                                  .secrets = core->setup.secrets,
                                  .captured = core->captured_file,
                                  .made = *core->made_file ? core->made_file : NULL,
                                  .line_map = core->setup.line_map,
                                  .schema = lec_drivers_schema,
                                  .schema_ctx = core->drivers};
    int rc = lec_room_load(core->setup.room_file, &sources, room, report);
    lec_report_sort(report);
    return rc;
}

static int load_first(struct core *core, struct lec_err *err)
{
    struct lec_report report;
    lec_report_init(&report);
    int rc = core_load(core, &core->room, &report);
    if (rc == 0)
        snprintf(core->made_file, sizeof core->made_file, "%s/%s.experiments.ini", core->setup.state_dir,
                 core->room->id);
    if (rc == 0 && access(core->made_file, F_OK) == 0) { /* its name has the room's, which had to be read first */
        lec_report_done(&report);
        lec_report_init(&report);
        lec_room_unref(&core->room);
        rc = core_load(core, &core->room, &report);
    }
    for (size_t i = 0; i < report.n; i++)
        lec_log(report.at[i].warning ? LEC_LOG_WARNING : LEC_LOG_ERROR, "%s:%d: %s", report.at[i].file,
                report.at[i].line, report.at[i].text);
    if (rc < 0)
        lec_fail(err, rc, "%s: %zu mistakes; `lectern check` shows them all", core->setup.room_file, report.errors);
    lec_report_done(&report);
    return rc;
}

static int open_bus(struct core *core, struct lec_err *err)
{
    char folder[3072], endpoint[4096];
    snprintf(folder, sizeof folder, "%s/%s", core->setup.run_dir, core->room->id);
    int rc = make_folder(core->setup.run_dir, 0755, err);
    if (rc == 0)
        rc = make_folder(folder, 0750, err);
    if (rc == 0)
        rc = lock_room(folder, err);
    if (rc < 0)
        return rc;
    snprintf(endpoint, sizeof endpoint, "ipc://%s/event", folder);
    rc = events_open(core, endpoint, err);
    if (rc < 0)
        return rc;
    snprintf(endpoint, sizeof endpoint, "ipc://%s/command", folder);
    return front_open(core, endpoint, err);
}

static void journal_start(struct core *core)
{
    char data[128];
    snprintf(data, sizeof data, "{\"version\":\"%s\",\"boot\":\"%s\",\"devices\":%zu}", lec_version(), core->boot,
             core->room->n_devices);
    journal_add(core, "start", "", "", "", data);
}

/* ZeroMQ sockets are waited for by their descriptors: zmq_poll asks every socket twice at each turn, two system calls a time,
 * which costs more than most turns do. A descriptor tells once: whoever reads a socket, or sends on it, must look whether
 * something is left before waiting again. */
static int wait_for_all(struct core *core, struct lec_err *err)
{
    const struct {
        int fd;
        enum core_item item;
    } all[] = {{(int)zsock_fd(core->command), CORE_COMMAND},
               {(int)zsock_fd(core->events.socket), CORE_EVENTS},
               {lec_store_fd(core->store), CORE_STORE},
               {core->signal_fd, CORE_SIGNAL}};
    int rc = lec_waiter_add_mailbox(core->waiter, core->inbox, CORE_INBOX);
    if (rc == 0)
        rc = lec_waiter_add_mailbox(core->waiter, core->record->told, CORE_RECORD);
    for (size_t i = 0; rc == 0 && i < ARRAY_LEN(all); i++)
        rc = lec_waiter_add(core->waiter, all[i].fd, all[i].item);
    return rc < 0 ? lec_fail(err, rc, "out of memory for descriptors") : 0;
}

int core_open(struct core *core, const struct core_setup *setup, struct lec_err *err)
{
    *core = (struct core){
        .setup = *setup, .scenes_at = LEC_NEVER, .pending_at = LEC_NEVER, .parked_at = LEC_NEVER, .signal_fd = -1};
    core->alarms_at = LEC_NEVER;
    core->record_at = core->exports_at = LEC_NEVER;
    core->started_ns = lec_now();
    core->wall_offset_us = lec_wall_us() - core->started_ns / 1000;
    make_boot(core->boot);
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    core->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    core->cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    core->drivers = lec_drivers_new(setup->drivers_dir);
    core->retry = retry_new();
    core->pending = calloc(PENDING_MAX, sizeof *core->pending);
    core->waiter = lec_waiter_new();
    if (core->signal_fd < 0 || core->cancel_fd < 0 || !core->waiter || !core->drivers || !core->retry || !core->pending)
        return lec_fail(err, LEC_E_NOMEM, "out of memory or descriptors");
    snprintf(core->captured_file, sizeof core->captured_file, "%s/captured.ini", setup->state_dir);

    int rc = load_first(core, err);
    if (rc == 0)
        rc = open_bus(core, err);
    if (rc == 0)
        rc = state_open(core) < 0 ? lec_fail(err, LEC_E_NOMEM, "out of memory") : 0;
    if (rc == 0)
        rc = journal_open(core, err);
    if (rc == 0) {
        journal_start(core);
        rc = lines_open(core, err);
    }
    if (rc == 0)
        rc = scenes_open(core, err);
    if (rc == 0)
        rc = alarms_open(core, err);
    if (rc == 0)
        rc = calibrate_open(core, err);
    if (rc == 0)
        rc = record_open(core, err);
    if (rc == 0)
        rc = timetable_open(core, err);
    if (rc == 0)
        rc = wait_for_all(core, err);
    return rc;
}

static void on_signal(struct core *core)
{
    struct signalfd_siginfo info;
    while (read(core->signal_fd, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGHUP)
            room_reload(core, NULL);
        else
            core_end(core);
    }
}

void core_end(struct core *core)
{
    if (core->ending)
        return;
    core->ending = true;
    core->end_by = lec_now() + END_NS;
    sd_notify(0, "STOPPING=1");
    journal_add(core, "stop", "", "", "", "{}");
    if (core->scenes)
        lec_scenes_stop(core->scenes); /* what the lines say from here on is about their own end */
    uint64_t one = 1;
    ssize_t n = write(core->cancel_fd, &one, sizeof one);
    (void)n;
    for (size_t i = 0; i < core->n_lines; i++)
        if (core->lines[i])
            lines_end(core, core->lines[i]);
}

/* Steps of the wall clock are worth knowing: entries before and after do not sort by time. */
void core_clock(struct core *core)
{
    int64_t offset = lec_wall_us() - lec_now() / 1000;
    int64_t step = offset - core->wall_offset_us;
    core->wall_offset_us = offset;
    if (llabs(step) < CLOCK_STEP_US)
        return;
    char data[128];
    int64_t to = lec_wall_us();
    snprintf(data, sizeof data, "{\"from\":%" PRId64 ",\"to\":%" PRId64 "}", to - step, to);
    journal_add(core, "clock", "", "", "", data);
    lec_record_clock(core->record->recorder, step, lec_now());
    lec_log(LEC_LOG_NOTICE, "the wall clock stepped by %.1f s", (double)step / 1e6);
}

static void tick(struct core *core, int64_t now)
{
    core->tick_at += TICK_NS;
    if (core->tick_at <= now)
        core->tick_at = now + TICK_NS;
    state_age(core);
    core_clock(core);
    events_heartbeat(core);
    record_tick(core, now);
    timetable_tick(core, now);
    alarms_tick(core, true);
    if (!core->settled) { /* what reading the room's files took is not needed again */
        core->settled = true;
        malloc_trim(0);
    }
    sd_notify(0, "WATCHDOG=1");
}

static int64_t earliest(const struct core *core)
{
    int64_t at = core->tick_at;
    if (core->scenes_at < at)
        at = core->scenes_at;
    if (core->alarms_at < at)
        at = core->alarms_at;
    if (core->parked_at < at)
        at = core->parked_at;
    if (core->events.greet_at < at)
        at = core->events.greet_at;
    if (core->pending_at < at)
        at = core->pending_at;
    if (core->record_at < at)
        at = core->record_at;
    if (core->ending && core->end_by < at)
        at = core->end_by;
    return at;
}

static bool left_over(void *socket)
{
    int events = 0;
    size_t size = sizeof events;
    return zmq_getsockopt(socket, ZMQ_EVENTS, &events, &size) == 0 && (events & ZMQ_POLLIN);
}

static uint64_t bit(enum core_item item)
{
    return UINT64_C(1) << item;
}

static bool has(uint64_t ready, enum core_item item)
{
    return ready & bit(item);
}

static void serve(struct core *core, uint64_t ready)
{
    if (has(ready, CORE_COMMAND))
        front_commands(core);
    if (has(ready, CORE_INBOX))
        lines_inbox(core);
    if (has(ready, CORE_STORE))
        lec_store_dispatch(core->store);
    if (has(ready, CORE_EVENTS))
        events_subscriptions(core);
    if (has(ready, CORE_SIGNAL))
        on_signal(core);
    if (has(ready, CORE_RECORD))
        record_news(core);
    if (has(ready, CORE_LAB))
        lab_readable(core);
    if (has(ready, CORE_CALENDARS))
        calendars_readable(core);
    for (size_t i = has(ready, CORE_SEARCHES) ? core->n_searches : 0; i > 0; i--)
        if (left_over(search_socket(core, i - 1)))
            search_over(core, i - 1);
    int64_t now = lec_now();
    if (now >= core->events.greet_at)
        events_heartbeat(core);
    if (now >= core->tick_at)
        tick(core, now);
    if (now >= core->scenes_at)
        scenes_tick(core);
    if (now >= core->alarms_at)
        alarms_tick(core, false);
    if (now >= core->pending_at)
        pending_expire(core, now);
    if (now >= core->record_at)
        core->record_at = starting_turn(core, now);
    core->parked_at = parked_late(core, now);
}

/* ZeroMQ sockets that have something to read without their descriptor saying so. */
static uint64_t left_unread(struct core *core)
{
    uint64_t left = 0;
    if (core->command_left && left_over(zsock_resolve(core->command)))
        left |= bit(CORE_COMMAND);
    if (core->events.left && left_over(zsock_resolve(core->events.socket)))
        left |= bit(CORE_EVENTS);
    core->command_left = core->events.left = false;
    for (size_t i = 0; i < core->n_searches; i++)
        if (left_over(search_socket(core, i)))
            left |= bit(CORE_SEARCHES);
    return left;
}

/* One turn of waiting; what was left over makes it short, and is served with the rest. */
static uint64_t wait_turn(struct core *core, bool hurry)
{
    uint64_t left = left_unread(core);
    return left | lec_waiter_wait(core->waiter, hurry || left ? 0 : earliest(core));
}

int core_run(struct core *core)
{
    exports_clear(core, 0); /* nobody knows those of another start */
    core->tick_at = lec_now() + TICK_NS;
    lec_log(LEC_LOG_INFO, "room %s: %zu devices on %zu lines", core->room->id, core->n_devices, core->room->n_lines);
    sd_notify(0, "READY=1");
    /* descriptors tell of what came before only once */
    serve(core, bit(CORE_COMMAND) | bit(CORE_EVENTS) | bit(CORE_INBOX));
    while (!core->ending || (!(lines_all_ended(core) && core->n_searches == 0) && lec_now() < core->end_by)) {
        bool starting = !core->ending && lines_start_next(core);
        serve(core, wait_turn(core, starting));
    }
    return core->exit_code;
}

void core_close(struct core *core)
{
    bool hung = !lines_all_ended(core) || core->n_searches > 0;
    if (core->scenes)
        lec_scenes_free(&core->scenes);
    alarms_close(core);
    timetable_close(core);
    lab_close(core);
    hung = !record_close(core) || hung;
    journal_close(core);
    if (hung && core->ending) {
        lec_log(LEC_LOG_WARNING, "a device did not let go in time: ending without it");
        _exit(core->exit_code);
    }
    lines_close(core);
    front_close(core);
    events_close(core);
    state_close(core);
    retry_free(&core->retry);
    parked_free(core);
    calibrate_close(core);
    free(core->pending);
    lec_room_unref(&core->room);
    lec_drivers_free(&core->drivers);
    lec_waiter_free(&core->waiter);
    if (core->signal_fd >= 0)
        close(core->signal_fd);
    if (core->cancel_fd >= 0)
        close(core->cancel_fd);
}
