/* lectern alarm: list, ack, shelve, unshelve. */
#include "alarm.h"

#include <stdlib.h>
#include <string.h>

#include "lectern/clock.h"
#include "lectern/parse.h"

static const struct {
    const char *name;
    struct text text;
    enum style style;
} severities[] = {
    {"info", {"thông tin", "info"}, DIM},
    {"warning", {"cảnh báo", "warning"}, WARN},
    {"error", {"lỗi", "error"}, BAD},
    {"critical", {"nghiêm trọng", "critical"}, BAD},
};

/* Its row; the number of rows when it is none of ours. */
static size_t rank(const char *severity)
{
    size_t i = 0;
    while (i < ARRAY_LEN(severities) && strcmp(severities[i].name, severity) != 0)
        i++;
    return i;
}

const char *alarm_severity(const char *severity)
{
    size_t i = rank(severity);
    return i < ARRAY_LEN(severities) ? lang_text(severities[i].text) : severity;
}

enum style alarm_style(const char *severity)
{
    size_t i = rank(severity);
    return i < ARRAY_LEN(severities) ? severities[i].style : PLAIN;
}

const char *alarm_summary(const json_t *alarms, char *buf, size_t size)
{
    size_t n = 0;
    const char *worst = "";
    for (size_t i = 0; i < json_array_size(alarms); i++) {
        const json_t *a = json_array_get(alarms, i);
        if (json_object_get(a, "shelved_until"))
            continue;
        if (n++ == 0 || rank(text_of(a, "severity")) > rank(worst))
            worst = text_of(a, "severity");
    }
    buf[0] = '\0';
    if (n > 0)
        snprintf(buf, size,
                 n == 1 ? T("%zu báo động: %s", "%zu alarm: %s")
                        : T("%zu báo động, nặng nhất: %s", "%zu alarms, the gravest: %s"),
                 n, alarm_severity(worst));
    return buf;
}

static const char *state_text(const json_t *alarm)
{
    const char *state = text_of(alarm, "state");
    if (strcmp(state, "raised") == 0)
        return T("mới", "new");
    if (strcmp(state, "acknowledged") == 0)
        return T("đã nhận", "acknowledged");
    return T("đã hết", "cleared");
}

void alarm_print(const json_t *alarm)
{
    const char *severity = text_of(alarm, "severity");
    out_styled(alarm_style(severity), "%s", alarm_severity(severity));
    out(" %s: %s", text_of(alarm, "alarm"), lang_json(json_object_get(alarm, "text")));
    out_styled(DIM, "  %s", state_text(alarm));
    if (text_of(alarm, "by")[0])
        out_styled(DIM, " (%s)", text_of(alarm, "by"));
    if (json_object_get(alarm, "shelved_until"))
        out_styled(DIM, "%s", T(", gác lại", ", shelved"));
    out("\n");
}

void alarm_print_entry(const char *name, const json_t *data)
{
    static const struct {
        const char *what;
        struct text text;
    } whats[] = {
        {"raised", {"báo động", "raised"}},           {"acknowledged", {"đã nhận", "acknowledged"}},
        {"cleared", {"đã hết", "cleared"}},           {"shelved", {"gác lại", "shelved"}},
        {"unshelved", {"thôi gác lại", "unshelved"}},
    };
    const char *what = text_of(data, "what"), *severity = text_of(data, "severity");
    char buf[WORD_SIZE];
    for (size_t i = 0; i < ARRAY_LEN(whats); i++)
        if (strcmp(whats[i].what, what) == 0)
            what = lang_text(whats[i].text);
    out("%s: %s", name, what);
    if (severity[0])
        out_styled(alarm_style(severity), " (%s)", alarm_severity(severity));
    if (json_object_get(data, "value"))
        out(" %s", word_value(json_object_get(data, "value"), buf, sizeof buf));
    if (json_object_get(data, "for_ms"))
        out(" %s", word_span(int_of(data, "for_ms", 0), buf, sizeof buf));
    if (text_of(data, "note")[0])
        out_styled(DIM, "  %s", text_of(data, "note"));
    if (text_of(data, "reason")[0])
        out_styled(DIM, "  %s", text_of(data, "reason"));
}

/* ---- list --------------------------------------------------------------------------------------------------- */

static void print_alarms(const json_t *alarms, bool ended)
{
    struct table *t = table_new(5);
    table_cell(t, BOLD, "%s", T("MỨC", "SEVERITY"));
    table_cell(t, BOLD, "%s", T("BÁO ĐỘNG", "ALARM"));
    table_cell(t, BOLD, "%s", ended ? T("HẾT LÚC", "CLEARED") : T("TỪ LÚC", "SINCE"));
    table_cell(t, BOLD, "%s", T("TÌNH TRẠNG", "STATE"));
    table_cell(t, BOLD, "%s", T("NỘI DUNG", "WHAT"));
    for (size_t i = 0; i < json_array_size(alarms); i++) {
        const json_t *a = json_array_get(alarms, i);
        const char *severity = text_of(a, "severity"), *by = text_of(a, "by");
        char time[WORD_SIZE];
        table_cell(t, alarm_style(severity), "%s", alarm_severity(severity));
        table_cell(t, PLAIN, "%s", text_of(a, "alarm"));
        table_cell(t, DIM, "%s", word_time(int_of(a, ended ? "cleared" : "raised", 0), time, sizeof time));
        table_cell(t, PLAIN, "%s%s%s%s%s", state_text(a), by[0] ? " (" : "", by, by[0] ? ")" : "",
                   json_is_true(json_object_get(a, "chatters")) ? T(", chập chờn", ", chattering") : "");
        table_cell(t, PLAIN, "%s", lang_json(json_object_get(a, "text")));
    }
    table_print(t, true);
}

/* What to do about those that stand, and what people and devices said of them. */
static void print_more(const json_t *alarms)
{
    for (size_t i = 0; i < json_array_size(alarms); i++) {
        const json_t *a = json_array_get(alarms, i);
        const char *remedy = lang_json(json_object_get(a, "remedy")), *reason = text_of(a, "reason"),
                   *note = text_of(a, "note");
        if (!remedy[0] && !reason[0] && !note[0])
            continue;
        out("\n%s", text_of(a, "alarm"));
        out_styled(DIM, "%s%s\n", reason[0] ? ": " : "", reason);
        if (remedy[0])
            out(T("  Nên thử: %s\n", "  What to do: %s\n"), remedy);
        if (note[0])
            out(T("  Ghi chú: %s\n", "  Note: %s\n"), note);
    }
}

static void print_shelved(const json_t *shelved)
{
    for (size_t i = 0; i < json_array_size(shelved); i++) {
        const json_t *a = json_array_get(shelved, i);
        char time[WORD_SIZE];
        out_styled(DIM, T("gác lại đến %s: ", "shelved until %s: "),
                   word_time(int_of(a, "shelved_until", 0), time, sizeof time));
        out("%s (%s): %s%s\n", text_of(a, "alarm"), text_of(a, "shelved_by"), text_of(a, "shelved_reason"),
            strcmp(text_of(a, "state"), "cleared") == 0 ? "" : T("; đang báo động", "; it stands"));
    }
}

static void print_rules(const json_t *rules)
{
    struct table *t = table_new(5);
    table_cell(t, BOLD, "%s", T("BÁO ĐỘNG", "ALARM"));
    table_cell(t, BOLD, "%s", T("MỨC", "SEVERITY"));
    table_cell(t, BOLD, "%s", T("KHI", "WHEN"));
    table_cell(t, BOLD, "%s", T("SAU", "AFTER"));
    table_cell(t, BOLD, "%s", T("TÊN", "LABEL"));
    for (size_t i = 0; i < json_array_size(rules); i++) {
        const json_t *r = json_array_get(rules, i), *above = json_object_get(r, "above"),
                     *below = json_object_get(r, "below"), *value = json_object_get(r, "value");
        char a[WORD_SIZE], b[WORD_SIZE], span[WORD_SIZE];
        table_cell(t, PLAIN, "%s", text_of(r, "alarm"));
        table_cell(t, alarm_style(text_of(r, "severity")), "%s", alarm_severity(text_of(r, "severity")));
        table_cell(t, PLAIN, "%s%s%s%s%s%s%s", text_of(r, "target"), above ? " ≥ " : "",
                   above ? word_value(above, a, sizeof a) : "", below ? " ≤ " : "",
                   below ? word_value(below, b, sizeof b) : "", value ? " = " : "",
                   value ? word_value(value, a, sizeof a) : "");
        table_cell(t, DIM, "%s",
                   json_object_get(r, "delay_ms") ? word_span(int_of(r, "delay_ms", 0), span, sizeof span) : "");
        table_cell(t, PLAIN, "%s", lang_json(json_object_get(r, "label")));
    }
    table_print(t, true);
}

static void print_list(const struct cli *cli, const json_t *result)
{
    const json_t *alarms = json_object_get(result, "alarms"), *ended = json_object_get(result, "ended");
    if (cli_option(cli, "rules")) {
        print_rules(json_object_get(result, "rules"));
        return;
    }
    if (json_array_size(alarms) > 0) {
        print_alarms(alarms, false);
        print_more(alarms);
    } else {
        out_styled(GOOD, "%s\n", T("không có báo động nào", "no alarm stands"));
    }
    print_shelved(json_object_get(result, "shelved"));
    if (json_array_size(ended) > 0) {
        out("\n");
        print_alarms(ended, true);
    }
}

int cmd_alarm_list(struct cli *cli)
{
    int64_t ended = 0;
    const char *wanted = cli_option(cli, "ended");
    json_t *result;
    if (wanted && lec_parse_int(wanted, 1, 100, &ended) < 0)
        return cli_fail(
            cli, EXIT_USAGE,
            T("--ended: \"%s\" không phải là số từ 1 đến 100", "--ended: \"%s\" is no number from 1 to 100"), wanted);
    int code = cli_call(cli, "alarm.list", json_pack("{s:I}", "ended", (json_int_t)ended), 0, &result);
    if (code != EXIT_OK)
        return code;
    if (cli->json)
        out_json(result);
    else
        print_list(cli, result);
    json_decref(result);
    return EXIT_OK;
}

/* ---- ack, shelve, unshelve ---------------------------------------------------------------------------------- */

static int change(struct cli *cli, const char *method, json_t *params)
{
    json_t *alarm;
    int code = cli_call(cli, method, params, 0, &alarm);
    if (code != EXIT_OK)
        return code;
    if (cli->json)
        out_json(alarm);
    else
        alarm_print(alarm);
    json_decref(alarm);
    return EXIT_OK;
}

int cmd_alarm_ack(struct cli *cli)
{
    json_t *params = json_pack("{s:s}", "alarm", cli->argv[0]);
    if (cli->argc > 1)
        json_object_set_new(params, "note", json_string(cli->argv[1]));
    return change(cli, "alarm.ack", params);
}

/* "90min", "2h", and days: "7d". */
static bool parse_span(const char *text, int64_t *ms)
{
    size_t n = strlen(text);
    char digits[8];
    int64_t v;
    if (n >= 2 && n <= sizeof digits && text[n - 1] == 'd') {
        memcpy(digits, text, n - 1);
        digits[n - 1] = '\0';
        if (lec_parse_int(digits, 1, 30, &v) == 0) {
            *ms = v * 24 * 3600 * 1000;
            return true;
        }
        return false;
    }
    if (lec_parse_duration(text, &v) < 0 || v < 60 * LEC_SEC || v > INT64_C(30) * 24 * 3600 * LEC_SEC)
        return false;
    *ms = v / LEC_MS;
    return true;
}

int cmd_alarm_shelve(struct cli *cli)
{
    int64_t ms;
    if (!parse_span(cli->argv[1], &ms))
        return cli_fail(cli, EXIT_USAGE,
                        T("\"%s\" không phải là khoảng thời gian từ 1min đến 30d, như 2h hay 7d",
                          "\"%s\" is no time from 1min to 30d, such as 2h or 7d"),
                        cli->argv[1]);
    return change(
        cli, "alarm.shelve",
        json_pack("{s:s, s:I, s:s}", "alarm", cli->argv[0], "for_ms", (json_int_t)ms, "reason", cli->argv[2]));
}

int cmd_alarm_unshelve(struct cli *cli)
{
    return change(cli, "alarm.unshelve", json_pack("{s:s}", "alarm", cli->argv[0]));
}
