/* The lines of the room as the core sees them: starting, asking, and what they tell. */
#include <stdlib.h>
#include <string.h>

#include "core/record.h"
#include "lectern/log.h"

#define TRACE_NS (600 * LEC_SEC)

/* ---- Starting and ending ------------------------------------------------------------------------------------ */

/* In a line's thread: the line's device wants datagrams. */
static int on_listen(void *ctx, uint32_t number, uint32_t device, const char *host, uint16_t source_port, uint16_t port,
                     int cancel_fd, struct lec_err *err)
{
    struct lec_notice *notice = ctx;
    char name[16];
    snprintf(name, sizeof name, "%u", number);
    return lec_notice_register(notice, port, host, source_port, name, device, cancel_fd, err);
}

/* In the notice thread: hands the datagram to the core, which hands it to the line. */
static void on_notice(void *ctx, const char *line_name, size_t device, const void *data, size_t len)
{
    struct core *core = ctx;
    int64_t number;
    if (lec_parse_int(line_name, 0, UINT32_MAX, &number) < 0)
        return;
    struct lec_head head = {.tell = LEC_TELL_NOTICE, .line = (uint32_t)number, .device = (uint32_t)device};
    /* a full inbox: the next poll will tell */
    (void)lec_mailbox_put(core->inbox, &head, sizeof head, data, len);
}

static struct line_state *new_line(struct core *core)
{
    struct line_state **more = realloc(core->lines, (core->n_lines + 1) * sizeof(struct line_state *));
    if (!more)
        return NULL;
    core->lines = more;
    struct line_state *line = calloc(1, sizeof *line);
    if (!line)
        return NULL;
    line->number = (uint32_t)core->n_lines;
    core->lines[core->n_lines++] = line;
    return line;
}

static void forget_notices(struct core *core, const struct line_state *line)
{
    char name[16];
    snprintf(name, sizeof name, "%u", line->number);
    if (core->notice)
        lec_notice_unregister(core->notice, name);
}

static void free_line(struct core *core, struct line_state *line)
{
    lec_line_join(&line->actor);
    forget_notices(core, line); /* it may have asked for some while it was ending */
    for (size_t i = 0; i < core->n_devices; i++)
        if (core->devices[i].line == line)
            core->devices[i].line = NULL;
    core->lines[line->number] = NULL;
    lec_room_unref(&line->room);
    free(line->devices);
    free(line->drivers);
    free(line);
}

struct line_state *lines_start(struct core *core, const struct lec_line *desc, const struct lec_device *const *devices,
                               size_t n, struct lec_err *err)
{
    struct line_state *line = new_line(core);
    if (line) {
        line->desc = desc;
        line->room = lec_room_ref(devices[0]->room);
        line->devices = calloc(n, sizeof(const struct lec_device *));
        line->drivers = calloc(n, sizeof(const struct lec_driver *));
        line->n_devices = n;
    }
    if (!line || !line->devices || !line->drivers) {
        lec_fail(err, LEC_E_NOMEM, "out of memory");
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        line->devices[i] = devices[i];
        line->drivers[i] = lec_drivers_get(core->drivers, devices[i]->driver, err);
        if (!line->drivers[i]) {
            free_line(core, line);
            return NULL;
        }
    }
    struct lec_line_setup setup = {.number = line->number,
                                   .line = desc,
                                   .devices = line->devices,
                                   .drivers = line->drivers,
                                   .n_devices = n,
                                   .inbox = core->inbox,
                                   .listen = core->notice ? on_listen : NULL,
                                   .listen_ctx = core->notice};
    struct lec_report report;
    lec_report_init(&report);
    int rc = lec_line_begin(&setup, &line->actor, &report, err);
    lec_report_done(&report);
    if (rc < 0) {
        free_line(core, line);
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        struct device_state *d = state_device(core, devices[i]->name);
        d->line = line;
        d->on_line = (uint32_t)i;
    }
    return line;
}

int lines_open(struct core *core, struct lec_err *err)
{
    core->inbox = lec_mailbox_new(LEC_INBOX_MESSAGES, LEC_INBOX_BYTES);
    if (!core->inbox)
        return lec_fail(err, LEC_E_NOMEM, "out of memory or descriptors");
    core->notice = lec_notice_new(on_notice, core);
    return 0;
}

/* Starts the line of one device. When that cannot be, the device is away and says why: the room goes on without it. */
static void start_for(struct core *core, struct device_state *d)
{
    struct lec_err err;
    const struct lec_device *one[] = {d->desc};
    const struct lec_line *line = d->desc->line;
    if (lines_start(core, line, line ? line->devices : one, line ? line->n_devices : 1, &err))
        return;
    struct lec_status status = {.online = false, .code = err.code};
    memcpy(status.reason, err.text, sizeof status.reason);
    lec_log(LEC_LOG_ERROR, "room %s: %s: %s", core->room->id, d->desc->name, err.text);
    state_status(core, d, &status);
}

bool lines_start_next(struct core *core)
{
    while (core->lines_started < core->n_devices) {
        struct device_state *d = &core->devices[core->lines_started++];
        if (!d->line && d->status == DEVICE_STARTING) {
            start_for(core, d);
            return true;
        }
    }
    return false;
}

void lines_end(struct core *core, struct line_state *line)
{
    if (line->ending)
        return;
    line->ending = true;
    forget_notices(core, line);
    lec_line_end(line->actor);
}

bool lines_all_ended(const struct core *core)
{
    for (size_t i = 0; i < core->n_lines; i++)
        if (core->lines[i])
            return false;
    return true;
}

void lines_close(struct core *core)
{
    for (size_t i = 0; i < core->n_lines; i++)
        if (core->lines[i])
            free_line(core, core->lines[i]);
    free(core->lines);
    lec_notice_free(&core->notice); /* a line may use it to its end */
    lec_mailbox_free(&core->inbox);
}

struct line_state *lines_find(struct core *core, const char *name)
{
    for (size_t i = 0; i < core->n_lines; i++)
        if (core->lines[i] && core->lines[i]->desc && strcmp(core->lines[i]->desc->name, name) == 0)
            return core->lines[i];
    return NULL;
}

int lines_ask(struct core *core, struct device_state *d, struct lec_request *request)
{
    if (!d->line && d->status == DEVICE_STARTING && !core->ending)
        start_for(core, d); /* its turn had not come yet */
    if (!d->line || d->line->ending)
        return LEC_E_LINK;
    request->device = d->on_line;
    return lec_line_ask(d->line->actor, request);
}

/* ---- What they tell ----------------------------------------------------------------------------------------- */

static void on_event(struct core *core, struct device_state *d, const char *data, size_t n)
{
    const char *json = memchr(data, '\0', n);
    if (!json || n < 2 || data[n - 1] != '\0')
        return;
    json++;
    int64_t now = lec_now();
    if (core->record->n_jobs > 0) /* all of them: a run may count them */
        lec_record_event(core->record->recorder, d->desc->name, data, now);
    if (now - d->events_since >= LEC_SEC) {
        d->events_since = now;
        d->events_n = 0;
    }
    if (++d->events_n > EVENTS_PER_S) {
        core->limits.device_events++;
        if (d->events_n == EVENTS_PER_S + 1)
            journal_add(core, "limit", d->desc->name, "device.events", "", "{\"limit\":20,\"per\":\"s\"}");
        return;
    }
    journal_add(core, "event", d->desc->name, data, "", *json ? json : "{}");
    struct lec_buf *b = events_begin(core, d->event_topic);
    if (!b)
        return;
    lec_member_str(b, "device", d->desc->name);
    lec_member_str(b, "event", data);
    if (*json) {
        lec_json_key(b, "data");
        lec_buf_puts(b, json);
    }
    events_end(core, d->event_topic, NULL, 0);
}

static void on_trace(struct core *core, struct line_state *line, const char *data, size_t n)
{
    if (n < 1 || !line->desc)
        return;
    if (line->trace_until != 0 && lec_now() > line->trace_until) {
        struct lec_request off = {.ask = LEC_ASK_TRACE};
        line->trace_until = 0;
        lec_line_ask(line->actor, &off);
    }
    struct topic *topic = events_topic(core, EVENT_TRACE, line->desc->name);
    struct lec_buf *b = events_begin(core, topic);
    if (!b)
        return;
    lec_member_str(b, "dir", data[0] == 's' ? "sent" : "received");
    lec_json_key(b, "hex");
    lec_buf_putc(b, '"');
    for (size_t i = 1; i < n; i++)
        lec_buf_printf(b, "%s%02X", i > 1 ? " " : "", (unsigned)(unsigned char)data[i]);
    lec_buf_putc(b, '"');
    events_end(core, topic, NULL, 0);
}

static void on_datagram(struct core *core, struct line_state *line, uint32_t device, const char *data, size_t n)
{
    (void)core;
    if (n > LEC_DATAGRAM_MAX)
        return;
    struct lec_request ask = {.ask = LEC_ASK_NOTICE, .device = device, .len = (uint32_t)n};
    memcpy(ask.data, data, n);
    ask.data[n] = '\0';
    lec_line_ask(line->actor, &ask);
}

static void on_ended(struct core *core, struct line_state *line)
{
    free_line(core, line);
}

/* Copies a struct that came as bytes; false when the size is not its own. */
static bool copy_whole(void *out, size_t size, const char *data, size_t n)
{
    if (n != size)
        return false;
    memcpy(out, data, size);
    return true;
}

static void told(struct core *core, const struct lec_head *head, const char *data, size_t n)
{
    struct line_state *line = head->line < core->n_lines ? core->lines[head->line] : NULL;
    if (!line)
        return;
    struct device_state *d =
        head->device < line->n_devices ? state_device(core, line->devices[head->device]->name) : NULL;
    if (d && d->line != line)
        d = NULL; /* the device moved to another line with a reload */
    switch (head->tell) {
    case LEC_TELL_VALUES:
        if (d)
            state_values(core, d, data, data + n, head->count);
        break;
    case LEC_TELL_STATUS: {
        struct lec_status status;
        if (d && copy_whole(&status, sizeof status, data, n))
            state_status(core, d, &status);
        break;
    }
    case LEC_TELL_SENT:
        pending_sent(core, head->op);
        break;
    case LEC_TELL_ACCEPTED:
        pending_accepted(core, head->op);
        break;
    case LEC_TELL_DONE: {
        struct lec_op_result result;
        if (copy_whole(&result, sizeof result, data, n))
            pending_done(core, head->op, &result);
        break;
    }
    case LEC_TELL_READ: {
        struct lec_fresh fresh;
        if (copy_whole(&fresh, sizeof fresh, data, n))
            pending_read_done(core, head->op, &fresh);
        break;
    }
    case LEC_TELL_EVENT:
        if (d)
            on_event(core, d, data, n);
        break;
    case LEC_TELL_BLOCK:
        if (d)
            blocks_told(core, d, data, n);
        break;
    case LEC_TELL_CALIBRATION: {
        struct lec_told_calibration calibration;
        if (d && copy_whole(&calibration, sizeof calibration, data, n))
            calibrate_told(core, d, &calibration);
        break;
    }
    case LEC_TELL_RATE: {
        struct lec_told_rate rate;
        if (d && copy_whole(&rate, sizeof rate, data, n))
            follow_told_rate(core, d, head->op, &rate);
        break;
    }
    case LEC_TELL_TRACE:
        on_trace(core, line, data, n);
        break;
    case LEC_TELL_COUNTERS: {
        struct lec_counters counters;
        if (copy_whole(&counters, sizeof counters, data, n))
            line->counters = counters;
        break;
    }
    case LEC_TELL_NOTICE:
        on_datagram(core, line, head->device, data, n);
        break;
    case LEC_TELL_ENDED:
        on_ended(core, line);
        break;
    }
}

void lines_inbox(struct core *core)
{
    struct lec_letter *letter;
    for (int i = 0; i < BATCH_MAX && (letter = lec_mailbox_take(core->inbox)); i++) {
        struct lec_head head;
        if (letter->n >= sizeof head) {
            memcpy(&head, letter->data, sizeof head);
            told(core, &head, letter->data + sizeof head, letter->n - sizeof head);
        }
        free(letter);
    }
}
