/* lectern timetable: what will happen today, or on another day, and changing it: closing later, a lesson without its scenes. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "lectern/clock.h"
#include "lectern/parse.h"

static struct tm local(int64_t us)
{
    time_t s = (time_t)(us / 1000000);
    struct tm tm = {0};
    localtime_r(&s, &tm);
    return tm;
}

static const char *clock_of(int64_t us, char buf[16])
{
    struct tm tm = local(us);
    snprintf(buf, 16, "%02d:%02d", tm.tm_hour, tm.tm_min);
    return buf;
}

/* "Thứ hai 23/11/2026" */
static void print_day(int64_t us)
{
    static const struct text days[] = {{"Chủ nhật", "Sunday"},  {"Thứ hai", "Monday"},   {"Thứ ba", "Tuesday"},
                                       {"Thứ tư", "Wednesday"}, {"Thứ năm", "Thursday"}, {"Thứ sáu", "Friday"},
                                       {"Thứ bảy", "Saturday"}};
    char date[32];
    struct tm tm = local(us);
    if (strftime(date, sizeof date, T("%d/%m/%Y", "%Y-%m-%d"), &tm) > 0)
        out_styled(BOLD, "%s %s", lang_text(days[tm.tm_wday]), date);
}

static const struct {
    const char *state;
    struct text text;
    enum style style;
} states[] = {
    {"planned", {"sắp tới", "planned"}, PLAIN},
    {"begun", {"đang diễn ra", "begun"}, GOOD},
    {"caught_up", {"đã bắt đầu muộn", "caught up"}, GOOD},
    {"ended", {"đã xong", "ended"}, DIM},
    {"missed", {"bị lỡ", "missed"}, BAD},
    {"skipped", {"bỏ qua", "skipped"}, WARN},
    {"held", {"đang chờ", "held"}, WARN},
};

static void state_cell(struct table *t, const char *state)
{
    for (size_t i = 0; i < ARRAY_LEN(states); i++)
        if (strcmp(states[i].state, state) == 0) {
            table_cell(t, states[i].style, "%s", lang_text(states[i].text));
            return;
        }
    table_cell(t, PLAIN, "%s", state);
}

static void period_rows(struct table *t, const json_t *p)
{
    char from[16], to[16], scenes[WORD_SIZE];
    const char *start = text_of(p, "start_scene"), *end = text_of(p, "end_scene");
    snprintf(scenes, sizeof scenes, "%s%s%s%s", start, *start && *end ? " " : "", *end ? "→ " : "", end);
    table_cell(t, PLAIN, "%s–%s", clock_of(int_of(p, "start", 0), from), clock_of(int_of(p, "end", 0), to));
    table_cell(t, BOLD, "%s", text_of(p, "text"));
    table_cell(t, DIM, "%s", scenes);
    state_cell(t, text_of(p, "state"));
    table_cell(t, DIM, "%s", text_of(p, "reason"));
}

static void closing_row(struct table *t, const json_t *c)
{
    char time[16], scene[WORD_SIZE];
    if (!c)
        return;
    snprintf(scene, sizeof scene, "→ %s", text_of(c, "scene"));
    table_cell(t, PLAIN, "%s", clock_of(int_of(c, "time", 0), time));
    table_cell(t, BOLD, "%s", T("đóng phòng", "closing"));
    table_cell(t, DIM, "%s", scene);
    state_cell(t, text_of(c, "state"));
    int64_t extended = int_of(c, "extended_ms", 0);
    char span[WORD_SIZE];
    if (text_of(c, "reason")[0] == '\0' && extended > 0)
        table_cell(t, DIM, T("lùi %s", "%s later"), word_span(extended, span, sizeof span));
    else
        table_cell(t, DIM, "%s", text_of(c, "reason"));
}

static void print_mistakes(const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        out_styled(BAD, "%s ", i == 0 ? T("Lịch có lỗi:", "The calendar has mistakes:") : "   ");
        out("%s\n", json_string_value(json_array_get(list, i)) ? json_string_value(json_array_get(list, i)) : "");
    }
}

/* One day of what the room answered. */
static void print_one_day(const json_t *result, int64_t from, int64_t to, bool first)
{
    const json_t *periods = json_object_get(result, "periods"), *closing = json_object_get(result, "closing");
    const char *holiday = first ? text_of(result, "holiday") : "";
    struct table *t = table_new(5);
    size_t n = 0;
    print_day(from);
    if (*holiday)
        out_styled(ACCENT, "  %s", holiday);
    out("\n");
    for (size_t i = 0; i < json_array_size(periods); i++) {
        const json_t *p = json_array_get(periods, i);
        if (int_of(p, "start", 0) >= to || int_of(p, "end", 0) <= from)
            continue;
        period_rows(t, p);
        n++;
    }
    closing_row(t, first ? closing : NULL);
    table_print(t, false);
    if (n == 0)
        out("%s\n", T("không có tiết học", "no lessons"));
}

/* "2026-11-23", "23/11/2026", or a word, as the room wants it. */
static bool read_day(const char *text, char day[16])
{
    struct tm tm = local(lec_wall_us());
    const char *rest = "";
    if (strcmp(text, "tomorrow") == 0 || strcmp(text, "mai") == 0)
        tm.tm_mday++;
    else if (strchr(text, '/'))
        rest = strptime(text, "%d/%m/%Y", &tm);
    else
        rest = strptime(text, "%Y-%m-%d", &tm);
    tm.tm_isdst = -1;
    tm.tm_hour = 12;
    if (!rest || *rest || mktime(&tm) == (time_t)-1)
        return false;
    return strftime(day, 16, "%Y-%m-%d", &tm) > 0;
}

/* Midnight at the beginning of the day of the answer. */
static int64_t first_midnight(const json_t *result, const char *day)
{
    struct tm tm = local(int_of(result, "now", 0));
    if (*day)
        (void)strptime(day, "%Y-%m-%d", &tm);
    tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
    tm.tm_isdst = -1;
    return (int64_t)mktime(&tm) * 1000000;
}

static int64_t next_midnight(int64_t us)
{
    struct tm tm = local(us);
    tm.tm_mday++;
    tm.tm_isdst = -1;
    return (int64_t)mktime(&tm) * 1000000;
}

int cmd_timetable(struct cli *cli)
{
    char day[16] = "";
    int64_t days = 1;
    const char *many = cli_option(cli, "days");
    if (cli->argc > 0 && !read_day(cli->argv[0], day))
        return cli_fail(cli, EXIT_USAGE,
                        T("\"%s\" không phải là một ngày, như 23/11/2026", "\"%s\" is no day, such as 2026-11-23"),
                        cli->argv[0]);
    if (many && lec_parse_int(many, 1, 31, &days) < 0)
        return cli_fail(cli, EXIT_USAGE,
                        T("--days: cần một số từ 1 đến 31", "--days: a number from 1 to 31 is wanted"));
    json_t *params = json_pack("{s:I}", "days", (json_int_t)days), *result;
    if (*day)
        json_object_set_new(params, "day", json_string(day));
    int code = cli_call(cli, "timetable.show", params, cli_patience(cli, 65000), &result);
    if (code != EXIT_OK)
        return code;
    if (cli->json) {
        out_json(result);
    } else if (!json_object_get(result, "file")) {
        out("%s\n", T("phòng này không có thời khóa biểu", "this room has no timetable"));
    } else {
        int64_t from = first_midnight(result, day);
        for (int64_t i = 0; i < days; i++) {
            int64_t to = next_midnight(from);
            if (i > 0)
                out("\n");
            print_one_day(result, from, to, i == 0);
            from = to;
        }
        print_mistakes(json_object_get(result, "mistakes"));
    }
    json_decref(result);
    return EXIT_OK;
}

int cmd_timetable_extend(struct cli *cli)
{
    int64_t ns;
    char time[16];
    json_t *params = json_object(), *result;
    if (cli->argc > 0) {
        if (lec_parse_duration(cli->argv[0], &ns) < 0) {
            json_decref(params);
            return cli_fail(cli, EXIT_USAGE,
                            T("\"%s\" không phải là thời gian, như 30min", "\"%s\" is no time, such as 30min"),
                            cli->argv[0]);
        }
        json_object_set_new(params, "ms", json_integer(ns / LEC_MS));
    }
    int code = cli_call(cli, "timetable.extend", params, 0, &result);
    if (code != EXIT_OK)
        return code;
    if (cli->json)
        out_json(result);
    else
        out(T("phòng đóng lúc %s\n", "the room closes at %s\n"),
            clock_of(int_of(json_object_get(result, "closing"), "time", 0), time));
    json_decref(result);
    return EXIT_OK;
}

/* The period that is meant: by its UID, by the time of the day it starts at, or the next one (or the one under way). */
static const json_t *find_period(const json_t *shown, const char *which)
{
    const json_t *periods = json_object_get(shown, "periods");
    char time[16];
    for (size_t i = 0; i < json_array_size(periods); i++) {
        const json_t *p = json_array_get(periods, i);
        if (which ? strcmp(text_of(p, "uid"), which) == 0 || strcmp(clock_of(int_of(p, "start", 0), time), which) == 0
                  : int_of(p, "end", 0) > int_of(shown, "now", 0) && strcmp(text_of(p, "state"), "skipped") != 0)
            return p;
    }
    return NULL;
}

int cmd_timetable_skip(struct cli *cli)
{
    json_t *shown, *result;
    char from[16], to[16];
    int code = cli_call(cli, "timetable.show", NULL, cli_patience(cli, 65000), &shown);
    if (code != EXIT_OK)
        return code;
    const json_t *p = find_period(shown, cli->argc > 0 ? cli->argv[0] : NULL);
    if (!p && cli->argc > 0)
        code = cli_fail(cli, EXIT_USAGE,
                        T("hôm nay không có tiết \"%s\"; xem: lectern timetable",
                          "there is no lesson \"%s\" today; see: lectern timetable"),
                        cli->argv[0]);
    else if (!p)
        code = cli_fail(cli, EXIT_NOT_DONE, T("hôm nay không còn tiết nào", "there is no further lesson today"));
    else
        code = cli_call(cli, "timetable.skip",
                        json_pack("{s:s, s:I}", "uid", text_of(p, "uid"), "start", (json_int_t)int_of(p, "start", 0)),
                        0, &result);
    json_decref(shown);
    if (code != EXIT_OK)
        return code;
    if (cli->json)
        out_json(result);
    else
        out(T("bỏ qua %s–%s %s: kịch bản của tiết này không được bắt đầu\n",
              "skipped %s–%s %s: its scenes are not started\n"),
            clock_of(int_of(result, "start", 0), from), clock_of(int_of(result, "end", 0), to),
            text_of(result, "text"));
    json_decref(result);
    return EXIT_OK;
}

void timetable_print_entry(const char *name, const json_t *data)
{
    static const struct {
        const char *what;
        struct text text;
    } whats[] = {
        {"begun", {"bắt đầu", "begun"}},           {"caught_up", {"bắt đầu muộn", "caught up"}},
        {"ended", {"kết thúc", "ended"}},          {"missed", {"bị lỡ", "missed"}},
        {"skipped", {"bỏ qua", "skipped"}},        {"held", {"đang chờ", "waits"}},
        {"announced", {"báo trước", "announced"}}, {"done", {"đã thực hiện", "done"}},
        {"extended", {"lùi lại", "put off"}},
    };
    const char *what = text_of(data, "what"), *text = text_of(data, "text"), *scene = text_of(data, "scene");
    for (size_t i = 0; i < ARRAY_LEN(whats); i++)
        if (strcmp(whats[i].what, what) == 0)
            what = lang_text(whats[i].text);
    if (strcmp(name, "closing") == 0)
        text = T("đóng phòng", "closing");
    out("%s: %s", text, what);
    if (*scene)
        out(" → %s", scene);
    if (text_of(data, "reason")[0] != '\0')
        out_styled(DIM, "  %s", text_of(data, "reason"));
}
