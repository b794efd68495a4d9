/* lectern journal: what happened, in order; with -f also what happens. */
#include <stdlib.h>
#include <string.h>

#include "alarm.h"
#include "lectern/parse.h"
#include "recording.h"

static bool wanted(const struct cli *cli, const json_t *entry)
{
    const char *kind = cli_option(cli, "kind"), *device = cli_option(cli, "device");
    return (!kind || strcmp(text_of(entry, "kind"), kind) == 0) &&
           (!device || strcmp(text_of(entry, "device"), device) == 0);
}

static const char *field(const json_t *data, const char *key, char *buf, size_t size)
{
    const json_t *v = json_object_get(data, key);
    return v ? word_value(v, buf, size) : "";
}

static void print_verdict(const json_t *data)
{
    const char *verdict = text_of(data, "verdict");
    char span[WORD_SIZE];
    int64_t ms = int_of(data, "ms", -1);
    out_styled(style_verdict(verdict), "%s", word_verdict(verdict));
    if (ms >= 0)
        out_styled(DIM, " (%s)", word_span(ms, span, sizeof span));
}

/* A recording of an experiment began or ended. False: something else, to be shown as it is. */
static bool print_recording(const char *name, const json_t *data)
{
    static const struct {
        const char *what;
        struct text text;
    } whats[] = {
        {"armed", {"chờ điều kiện bắt đầu", "waits for its start condition"}},
        {"began", {"bắt đầu ghi", "recording began"}},
        {"ended", {"ghi xong", "recording ended"}},
        {"deleted", {"đã xóa", "deleted"}},
    };
    char samples[WORD_SIZE], lost[WORD_SIZE];
    const json_t *n = json_object_get(data, "samples");
    for (size_t i = 0; i < ARRAY_LEN(whats); i++) {
        if (strcmp(whats[i].what, text_of(data, "what")) != 0)
            continue;
        out("%s: %s %s", name, lang_text(whats[i].text), text_of(data, "run"));
        if (n)
            out(T("  %s: %s mẫu, mất %s", "  %s: %s samples, %s lost"), recording_state(data),
                word_value(n, samples, sizeof samples), field(data, "lost", lost, sizeof lost));
        const char *reason = recording_reason(data);
        if (reason[0])
            out_styled(DIM, "  %s", reason);
        return true;
    }
    return false;
}

static void print_login(const json_t *data)
{
    static const struct {
        const char *what;
        struct text text;
    } whats[] = {{"in", {"đăng nhập", "signed in"}},
                 {"out", {"đăng xuất", "signed out"}},
                 {"wrong", {"sai mã hoặc mật khẩu", "gave a wrong PIN or password"}},
                 {"throttled", {"thử quá nhiều lần", "tried too often"}},
                 {"paired", {"ghép bảng điều khiển", "paired a panel"}},
                 {"stolen", {"phiên đăng nhập bị dùng ở nơi khác", "had a session that was used elsewhere"}}};
    const char *what = text_of(data, "what"), *address = text_of(data, "address");
    const char *shown = what;
    for (size_t i = 0; i < ARRAY_LEN(whats); i++)
        if (strcmp(whats[i].what, what) == 0)
            shown = lang_text(whats[i].text);
    out("%s: %s%s%s", text_of(data, "person"), shown, address[0] ? ", " : "", address);
}

/* The minute before it stands in --json. */
static void print_help(const char *device, const json_t *data)
{
    const char *text = text_of(data, "text");
    out("%s%s%s%s%s", T("gọi hỗ trợ", "called for help"), device[0] ? ", " : "", device, text[0] ? ": " : "", text);
}

/* What an entry says, in one line; the data of a kind that is not known here is shown as it is. */
static void print_what(const json_t *entry)
{
    const char *kind = text_of(entry, "kind"), *device = text_of(entry, "device"), *name = text_of(entry, "name");
    const json_t *data = json_object_get(entry, "data");
    char a[WORD_SIZE], b[WORD_SIZE];
    if (strcmp(kind, "state") == 0 && json_object_get(data, "to")) {
        out("%s%s%s: %s → %s", device, name[0] ? "." : "", name, field(data, "from", a, sizeof a),
            field(data, "to", b, sizeof b));
    } else if (strcmp(kind, "step") == 0 && json_object_get(data, "verdict")) {
        out("%s/%s: %s", name, text_of(data, "step"), text_of(data, "target"));
        if (json_object_get(data, "value"))
            out(" → %s", field(data, "value", a, sizeof a));
        out("  ");
        print_verdict(data);
    } else if (strcmp(kind, "scene") == 0 && json_object_get(data, "verdict")) {
        out("%s: ", name);
        print_verdict(data);
    } else if (strcmp(kind, "scene") == 0 && text_of(data, "what")[0] != '\0') {
        bool resumed = strcmp(text_of(data, "what"), "resumed") == 0;
        out("%s: %s", name,
            resumed ? T("tiếp tục sau khi khởi động lại", "taken up again after a restart") : T("bắt đầu", "started"));
    } else if (strcmp(kind, "command") == 0 && text_of(data, "outcome")[0] != '\0') {
        out("%s%s%s%s%s: ", text_of(data, "method"), device[0] || name[0] ? " " : "", device,
            device[0] && name[0] ? "." : "", name);
        const char *outcome = text_of(data, "outcome");
        bool refused = strcmp(outcome, "refused") == 0; /* by the room or by a device */
        out_styled(style_verdict(outcome), "%s", refused ? T("bị từ chối", "refused") : word_verdict(outcome));
    } else if (strcmp(kind, "run") == 0 && print_recording(name, data)) {
        return;
    } else if (strcmp(kind, "alarm") == 0) {
        alarm_print_entry(name, data);
        return;
    } else if (strcmp(kind, "timetable") == 0) {
        timetable_print_entry(name, data);
        return;
    } else if (strcmp(kind, "login") == 0) {
        print_login(data);
    } else if (strcmp(kind, "help") == 0) {
        print_help(device, data);
    } else if (strcmp(kind, "start") == 0) {
        out(T("lecternd %s bắt đầu", "lecternd %s starts"), text_of(data, "version"));
    } else {
        char *text = data ? json_dumps(data, JSON_COMPACT) : NULL;
        out("%s%s%s%s%s", device, device[0] && name[0] ? "." : "", name, device[0] || name[0] ? " " : "",
            text ? text : "");
        free(text);
        return;
    }
    const char *reason = text_of(data, "reason");
    if (reason[0] != '\0')
        out_styled(DIM, "  %s", reason);
}

static void print_entry(const struct cli *cli, const json_t *entry)
{
    if (cli->json) {
        json_dumpf(entry, stdout, JSON_COMPACT);
        putchar('\n');
    } else {
        char time[WORD_SIZE];
        const char *who = text_of(entry, "principal");
        out_styled(DIM, "%7lld  %s  ", (long long)int_of(entry, "journal", 0),
                   word_time(int_of(entry, "time", 0), time, sizeof time));
        out_styled(BOLD, "%-8s", text_of(entry, "kind"));
        print_what(entry);
        if (who[0] != '\0')
            out_styled(DIM, "  (%s)", who);
        out("\n");
    }
}

static void changed(void *arg, struct lec_view *view, const struct lec_change *c)
{
    const struct cli *cli = arg;
    (void)view;
    if (c->kind == LEC_CHANGE_JOURNAL && wanted(cli, c->body))
        print_entry(cli, c->body);
    else if (c->kind == LEC_CHANGE_LOST)
        out_err(T("lectern: mất liên lạc với phòng: %s\n", "lectern: the room is out of reach: %s\n"), c->reason);
    else if (c->kind == LEC_CHANGE_GAP)
        out_err("%s\n", T("lectern: có mục nhật ký đã bị xóa theo hạn trước khi đọc được",
                          "lectern: entries were removed for their age before they could be read"));
    fflush(stdout);
}

static int follow(struct cli *cli, int64_t after)
{
    struct lec_view_options options = {
        .follow = LEC_FOLLOW_JOURNAL, .journal_after = after, .changed = changed, .arg = cli};
    struct lec_view *view;
    struct lec_err err;
    int fd = signal_fd_open(), rc = lec_view_open(cli->bus, &options, &view, &err);
    if (rc < 0)
        return cli_fail_call(cli, rc, NULL, &err);
    while (wait_or_signal(cli->bus, fd, -1))
        ;
    lec_view_free(&view);
    return EXIT_OK;
}

static int number_option(const struct cli *cli, const char *name, int64_t max, int64_t *out_number)
{
    const char *text = cli_option(cli, name);
    if (text && lec_parse_int(text, 0, max, out_number) < 0)
        return cli_fail(cli, EXIT_USAGE,
                        T("--%s: \"%s\" phải là số từ 0 đến %lld", "--%s: \"%s\" must be a number from 0 to %lld"),
                        name, text, (long long)max);
    return EXIT_OK;
}

int cmd_journal(struct cli *cli)
{
    int64_t limit = 20, after = -1;
    int code = number_option(cli, "lines", 1000, &limit);
    if (code == EXIT_OK)
        code = number_option(cli, "after", INT64_MAX, &after);
    if (code != EXIT_OK)
        return code;
    json_t *params = json_pack("{s:I, s:b}", "limit", (json_int_t)(limit > 0 ? limit : 1), "newest", after < 0),
           *result;
    if (after >= 0)
        json_object_set_new(params, "after", json_integer(after));
    static const char *const filters[] = {"kind", "device"};
    for (size_t i = 0; i < ARRAY_LEN(filters); i++)
        if (cli_option(cli, filters[i]))
            json_object_set_new(params, filters[i], json_string(cli_option(cli, filters[i])));
    code = cli_call(cli, "journal.read", params, 0, &result);
    if (code != EXIT_OK)
        return code;
    const json_t *entries = json_object_get(result, "entries");
    bool following = cli_option(cli, "follow") != NULL;
    size_t n = json_array_size(entries);
    if (cli->json && !following)
        out_json(result);
    for (size_t i = 0; (!cli->json || following) && limit > 0 && i < n; i++)
        print_entry(cli, json_array_get(entries, i));
    fflush(stdout);
    /* With a filter the last entry shown may be old; nothing between it and the newest was wanted. */
    int64_t last =
        after >= 0 && n > 0 ? int_of(json_array_get(entries, n - 1), "journal", 0) : int_of(result, "last", 0);
    json_decref(result);
    return following ? follow(cli, last) : EXIT_OK;
}
