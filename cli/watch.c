/* lectern watch: changes as they happen, one a line. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alarm.h"
#include "lectern/clock.h"
#include "lectern/parse.h"

struct watching {
    struct cli *cli;
    int64_t left; /* changes still to show; negative: no limit */
    bool was_live;
};

/* name NULL: something about the whole device, which concerns each of its points. */
static bool wanted(const struct watching *w, const char *device, const char *name)
{
    if (w->cli->argc == 0)
        return true;
    size_t n = strlen(device);
    for (int i = 0; i < w->cli->argc; i++) {
        const char *target = w->cli->argv[i];
        if (strncmp(target, device, n) == 0 &&
            (target[n] == '\0' || (target[n] == '.' && (!name || strcmp(target + n + 1, name) == 0))))
            return true;
    }
    return false;
}

static void stamp(void)
{
    char text[16];
    time_t now = (time_t)(lec_wall_us() / 1000000);
    struct tm tm;
    if (localtime_r(&now, &tm) && strftime(text, sizeof text, "%H:%M:%S", &tm) > 0)
        out_styled(DIM, "%s  ", text);
}

static void count(struct watching *w)
{
    fflush(stdout);
    if (w->left > 0)
        w->left--;
}

static void show_point(struct watching *w, const struct lec_reading *r)
{
    if (w->cli->json) {
        json_t *doc = json_pack("{s:s+++, s:O?, s:s, s:I}", "target", r->device, ".", r->point, "", "value", r->value,
                                "quality", r->quality, "time", (json_int_t)r->time);
        if (r->wanted)
            json_object_set_new(doc, "wanted", json_deep_copy(r->wanted));
        if (r->reason[0] != '\0')
            json_object_set_new(doc, "reason", json_string(r->reason));
        if (r->unit[0] != '\0')
            json_object_set_new(doc, "unit", json_string(r->unit));
        if (r->simulated)
            json_object_set_new(doc, "simulated", json_true());
        json_dumpf(doc, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(doc);
    } else {
        char value[WORD_SIZE], want[WORD_SIZE];
        bool good = strcmp(r->quality, "good") == 0;
        stamp();
        out("%s.%s = ", r->device, r->point);
        out_styled(good ? PLAIN : DIM, "%s", word_measure(r->value, r->unit, value, sizeof value));
        if (r->wanted && !json_equal(r->wanted, r->value))
            out_styled(ACCENT, " → %s", word_value(r->wanted, want, sizeof want));
        if (!good)
            out_styled(BAD, "  %s: %s", word_quality(r->quality), r->reason);
        out("\n");
    }
    count(w);
}

static void show_device(struct watching *w, const struct lec_view_device *d)
{
    if (w->cli->json) {
        json_t *doc = json_pack("{s:s, s:s, s:s}", "device", d->name, "status", d->status, "reason", d->reason);
        json_dumpf(doc, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(doc);
    } else {
        stamp();
        out("%s: ", d->name);
        out_styled(style_status(d->status), "%s", word_status(d->status));
        out("%s%s\n", d->reason[0] ? ": " : "", d->reason);
    }
    count(w);
}

static void show_body(struct watching *w, const char *what, const char *name, const json_t *body)
{
    if (w->cli->json) {
        json_t *doc = json_pack("{s:O}", what, body);
        json_dumpf(doc, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(doc);
    } else {
        const json_t *data = json_object_get(body, "data");
        char *text = data ? json_dumps(data, JSON_COMPACT) : NULL;
        stamp();
        if (strcmp(what, "scene") == 0)
            out(T("kịch bản %s: %s\n", "scene %s: %s\n"), name, word_verdict(text_of(body, "state")));
        else
            out(T("sự kiện %s: %s %s\n", "event %s: %s %s\n"), text_of(body, "device"), name, text ? text : "");
        free(text);
    }
    count(w);
}

static void show_alarm(struct watching *w, const json_t *alarm)
{
    if (w->cli->json) {
        json_dumpf(alarm, stdout, JSON_COMPACT);
        putchar('\n');
    } else {
        stamp();
        alarm_print(alarm);
    }
    count(w);
}

static void show_link(struct watching *w, bool live, const char *reason)
{
    if (w->cli->json) {
        json_t *doc = json_pack("{s:b, s:s}", "live", live, "reason", reason);
        json_dumpf(doc, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(doc);
    } else {
        stamp();
        if (live)
            out_styled(GOOD, "%s\n", T("đã nối lại với phòng", "the room is back"));
        else
            out_styled(BAD, T("mất liên lạc với phòng: %s\n", "the room is out of reach: %s\n"), reason);
    }
    fflush(stdout);
}

static void show_all(struct watching *w, struct lec_view *view)
{
    struct lec_view_device d;
    struct lec_reading r;
    for (size_t i = 0; lec_view_device(view, i, &d); i++) {
        if (strcmp(d.status, "online") != 0 && wanted(w, d.name, NULL) && w->left != 0)
            show_device(w, &d);
        for (size_t j = 0; lec_view_point(view, i, j, &r); j++)
            if (wanted(w, r.device, r.point) && w->left != 0)
                show_point(w, &r);
    }
}

static void changed(void *arg, struct lec_view *view, const struct lec_change *c)
{
    struct watching *w = arg;
    struct lec_view_device d;
    struct lec_reading r;
    char target[160];
    if (w->left == 0)
        return;
    switch (c->kind) {
    case LEC_CHANGE_LIVE:
        if (w->was_live)
            show_link(w, true, "");
        w->was_live = true;
        show_all(w, view);
        break;
    case LEC_CHANGE_LOST:
        show_link(w, false, c->reason);
        break;
    case LEC_CHANGE_DEVICE:
        for (size_t i = 0; lec_view_device(view, i, &d); i++)
            if (strcmp(d.name, c->device) == 0 && wanted(w, d.name, NULL))
                show_device(w, &d);
        break;
    case LEC_CHANGE_POINT:
        snprintf(target, sizeof target, "%s.%s", c->device, c->name);
        if (wanted(w, c->device, c->name) && lec_view_read(view, target, &r))
            show_point(w, &r);
        break;
    case LEC_CHANGE_RUN:
        if (cli_option(w->cli, "events"))
            show_body(w, "scene", c->name, c->body);
        break;
    case LEC_CHANGE_EVENT:
        if (cli_option(w->cli, "events") && c->device && wanted(w, c->device, NULL))
            show_body(w, "event", c->name ? c->name : "?", c->body);
        break;
    case LEC_CHANGE_ALARM:
        if (wanted(w, text_of(c->body, "device"), NULL))
            show_alarm(w, c->body);
        break;
    case LEC_CHANGE_GAP:
    case LEC_CHANGE_JOURNAL:
    case LEC_CHANGE_SAMPLE:
    case LEC_CHANGE_RECORDING:
    case LEC_CHANGE_TIMETABLE:
    case LEC_CHANGE_TRACE:
        break;
    }
}

/* A name that is not there would be watched in silence for ever. */
static int check_targets(struct cli *cli)
{
    for (int i = 0; i < cli->argc; i++) {
        const char *dot = strchr(cli->argv[i], '.');
        json_t *result;
        char device[64];
        if (!lec_copy_utf8(device, sizeof device, cli->argv[i],
                           dot ? (size_t)(dot - cli->argv[i]) : strlen(cli->argv[i])))
            return cli_fail(cli, EXIT_USAGE, T("không có thiết bị \"%s\"", "no device \"%s\""), cli->argv[i]);
        int code = device_describe(cli, device, &result);
        if (code != EXIT_OK)
            return code;
        const json_t *found = dot ? row_named(json_object_get(result, "points"), dot + 1) : result;
        json_decref(result);
        if (!found)
            return cli_fail(cli, EXIT_USAGE, T("%s không có điểm \"%s\"", "%s has no point \"%s\""), device, dot + 1);
    }
    return EXIT_OK;
}

int cmd_watch(struct cli *cli)
{
    struct watching w = {.cli = cli, .left = -1};
    struct lec_view_options options = {.changed = changed, .arg = &w};
    struct lec_view *view;
    struct lec_err err;
    const char *limit = cli_option(cli, "count");
    if (limit && lec_parse_int(limit, 1, 1000000000, &w.left) < 0)
        return cli_fail(cli, EXIT_USAGE, T("--count: \"%s\" không phải là số", "--count: \"%s\" is not a number"),
                        limit);
    int code = cli_connect(cli);
    if (code == EXIT_OK)
        code = check_targets(cli);
    if (code != EXIT_OK)
        return code;
    if (cli_option(cli, "events"))
        options.follow = LEC_FOLLOW_EVENT;
    int fd = signal_fd_open(), rc = lec_view_open(cli->bus, &options, &view, &err);
    if (rc < 0)
        return cli_fail_call(cli, rc, NULL, &err);
    while (w.left != 0 && wait_or_signal(cli->bus, fd, -1))
        ;
    lec_view_free(&view);
    return EXIT_OK;
}
