#include "recording.h"

#include <math.h>
#include <string.h>

bool recording_is_id(const char *name)
{
    return name[0] >= '0' && name[0] <= '9';
}

json_t *recording_named(const char *name)
{
    if (!name)
        return json_object();
    return json_pack("{s:s}", recording_is_id(name) ? "run" : "experiment", name);
}

double recording_seconds(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key)) / 1000;
}

static const struct {
    const char *state;
    struct text text;
    enum style style;
} states[] = {
    {"armed", {"chờ điều kiện bắt đầu", "waiting for its start condition"}, ACCENT},
    {"recording", {"đang ghi", "recording"}, ACCENT},
    {"pause", {"nghỉ trước lần sau", "pausing before the next"}, ACCENT},
    {"done", {"xong", "done"}, GOOD},
    {"stopped", {"đã dừng", "stopped"}, GOOD},
    {"interrupted", {"bị ngắt giữa chừng", "interrupted"}, WARN},
    {"failed", {"không được", "failed"}, BAD},
};

bool recording_is_running(const json_t *run)
{
    const char *state = text_of(run, "state");
    return strcmp(state, "armed") == 0 || strcmp(state, "recording") == 0 || strcmp(state, "pause") == 0;
}

bool recording_has_next(const json_t *run)
{
    return strcmp(text_of(run, "state"), "done") == 0 && int_of(run, "nth", 1) < int_of(run, "repeat", 1);
}

const char *recording_state(const json_t *run)
{
    if (json_is_true(json_object_get(run, "full")) && recording_is_running(run))
        return T("đĩa đầy, tạm ngừng ghi", "the disk is full, recording waits");
    for (size_t i = 0; i < ARRAY_LEN(states); i++)
        if (strcmp(states[i].state, text_of(run, "state")) == 0)
            return lang_text(states[i].text);
    return text_of(run, "state");
}

const char *recording_reason(const json_t *object)
{
    static const struct {
        const char *reason;
        struct text text;
    } reasons[] = {
        {"duration", {"đủ thời gian", "its time is over"}},
        {"the daemon was stopped", {"lecternd được tắt", "lecternd was stopped"}},
        {"the daemon ended while the run was being recorded",
         {"mất điện, hoặc lecternd dừng đột ngột", "the power or lecternd ended suddenly"}},
    };
    const char *reason = text_of(object, "reason");
    for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
        if (strcmp(reasons[i].reason, reason) == 0)
            return lang_text(reasons[i].text);
    return reason;
}

enum style recording_style(const json_t *run)
{
    if (json_is_true(json_object_get(run, "full")))
        return BAD;
    for (size_t i = 0; i < ARRAY_LEN(states); i++)
        if (strcmp(states[i].state, text_of(run, "state")) == 0)
            return states[i].style;
    return PLAIN;
}

int recording_exit(const json_t *run)
{
    const char *state = text_of(run, "state");
    return strcmp(state, "done") == 0 || strcmp(state, "stopped") == 0 ? EXIT_OK : EXIT_NOT_DONE;
}

void spark_add(struct spark *s, double value)
{
    if (s->n == SPARK_WIDTH) {
        memmove(s->at, s->at + 1, (SPARK_WIDTH - 1) * sizeof s->at[0]);
        s->n--;
    }
    s->at[s->n++] = value;
}

/* Of eight heights, where the value stands between low and high; halves, because the difference of the largest numbers
 * is none, and with a guard, because that of the smallest halves is none either. */
static size_t height(double value, double low, double high)
{
    double share = (value / 2 - low / 2) / (high / 2 - low / 2) * 8;
    return !(high > low) ? 3 : share >= 8 ? 7 : share > 0 ? (size_t)share : 0;
}

/* The newest part of the course as bars between its own least and greatest; a gap is a dot. */
static const char *spark_text(const struct spark *s, size_t width, char *buf, size_t size)
{
    static const char *const bars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    double low = (double)INFINITY, high = -(double)INFINITY;
    size_t at = 0, first = s->n > width ? s->n - width : 0;
    for (size_t i = first; i < s->n; i++) {
        low = fmin(low, s->at[i]);
        high = fmax(high, s->at[i]);
    }
    buf[0] = '\0';
    for (size_t i = first; i < s->n; i++)
        at += (size_t)snprintf(buf + at, size - at, "%s", isnan(s->at[i]) ? "·" : bars[height(s->at[i], low, high)]);
    return buf;
}

/* Elapsed of the duration as a bar, or only the time when there is no end. */
static void print_progress(const json_t *run)
{
    char elapsed[WORD_SIZE], total[WORD_SIZE], left[WORD_SIZE], bar[4 * 30 + 1];
    int64_t ms = int_of(run, "elapsed_ms", 0) > 0 ? int_of(run, "elapsed_ms", 0) : 0,
            duration = int_of(run, "duration_ms", 0), remaining = int_of(run, "remaining_ms", -1);
    word_span(ms, elapsed, sizeof elapsed);
    if (duration <= 0) {
        out("  %s\n", elapsed);
        return;
    }
    size_t at = 0;
    for (int64_t i = 0; i < 30; i++)
        at += (size_t)snprintf(bar + at, sizeof bar - at, "%s",
                               (double)ms * 30 > (double)i * (double)duration ? "█" : "░");
    out("  %s  %s / %s", bar, elapsed, word_span(duration, total, sizeof total));
    if (remaining >= 0 && recording_is_running(run))
        out(T(", còn %s", ", %s left"), word_span(remaining, left, sizeof left));
    out("\n");
}

void recording_print_heading(const json_t *run)
{
    const char *label = lang_json(json_object_get(run, "label")), *reason = recording_reason(run);
    char row[WORD_SIZE] = "";
    if (int_of(run, "repeat", 1) > 1)
        snprintf(row, sizeof row, T(", lần %lld trong %lld", ", %lld of %lld"), (long long)int_of(run, "nth", 1),
                 (long long)int_of(run, "repeat", 1));
    struct table *t = table_new(reason[0] ? 4 : 3);
    table_cell(t, BOLD, "%s", label[0] ? label : text_of(run, "experiment"));
    table_cell(t, recording_style(run), "%s%s%s", recording_state(run), row,
               json_is_true(json_object_get(run, "simulated")) ? T(" (mô phỏng)", " (simulated)") : "");
    if (reason[0])
        table_cell(t, DIM, "%s", reason);
    table_cell(t, DIM, "%s", text_of(run, "run"));
    table_print(t, false);
}

/* The newest value, with as many decimals as the experiment says. */
static const char *newest(const json_t *c, char *buf, size_t size)
{
    const json_t *last = json_object_get(c, "last");
    const char *unit = text_of(c, "unit");
    int64_t decimals = int_of(c, "decimals", -1);
    if (decimals < 0 || decimals > 9 || !json_is_number(last) || fabs(json_number_value(last)) > 1e9)
        return word_measure(last, unit, buf, size);
    snprintf(buf, size, "%.*f%s%s", (int)decimals, json_number_value(last), unit[0] ? " " : "", word_unit(unit));
    return buf;
}

static void channel_cells(struct table *t, const json_t *c, const struct spark *spark, size_t width)
{
    char value[WORD_SIZE], course[3 * SPARK_WIDTH + 1] = "";
    int64_t lost = int_of(c, "lost", 0), samples = int_of(c, "samples", 0);
    bool there = !json_is_false(json_object_get(c, "there")), live = json_object_get(c, "there") != NULL;
    table_cell(t, there ? PLAIN : WARN, "  %s", text_of(c, "channel"));
    table_cell(t, there ? BOLD : DIM, "%s", live ? newest(c, value, sizeof value) : "");
    table_cell(t, ACCENT, "%s", spark ? spark_text(spark, width, course, sizeof course) : "");
    table_cell(t, DIM, T("%lld mẫu", "%lld samples"), (long long)samples);
    char missing[WORD_SIZE] = "";
    if (lost > 0)
        snprintf(missing, sizeof missing, T("mất %lld", "%lld lost"), (long long)lost);
    const char *away = there         ? ""
                       : samples > 0 ? T("thiết bị không có mặt", "its device is away")
                                     : T("chưa gửi gì", "nothing came yet");
    table_cell(t, WARN, "%s%s%s", away, away[0] && missing[0] ? ", " : "", missing);
}

int recording_print(const json_t *run, const struct spark *sparks, size_t n_sparks)
{
    const json_t *channels = json_object_get(run, "channels");
    size_t n = json_array_size(channels), shown = n, width = SPARK_WIDTH;
    int lines = 2, columns = out_columns(), rows = out_rows();
    if (columns > 0) /* 50: what stands beside it, usually */
        width = columns >= 50 + SPARK_WIDTH ? SPARK_WIDTH : columns > 60 ? (size_t)columns - 50 : 10;
    if (rows > 0 && n + 5 > (size_t)rows)
        shown = rows > 6 ? (size_t)rows - 5 : 1;
    recording_print_heading(run);
    print_progress(run);
    struct table *t = table_new(5);
    for (size_t i = 0; i < n && i < shown; i++, lines++)
        channel_cells(t, json_array_get(channels, i), i < n_sparks ? &sparks[i] : NULL, width);
    table_print(t, false);
    if (shown < n) {
        out_styled(DIM, T("  và %zu kênh nữa\n", "  and %zu channels more\n"), n - shown);
        lines++;
    }
    return lines;
}

void recording_print_away(const json_t *run)
{
    const json_t *away = json_object_get(run, "away");
    struct table *t = table_new(1);
    for (size_t i = 0; i < json_array_size(away); i++) {
        const json_t *device = json_array_get(away, i);
        const char *remedy = lang_json(json_object_get(device, "remedy"));
        table_cell(t, WARN, "%s: %s: %s", text_of(device, "device"), T("không có mặt", "away"),
                   text_of(device, "reason"));
        if (remedy[0])
            table_cell(t, PLAIN, T("  Nên thử: %s", "  What to do: %s"), remedy);
    }
    table_print(t, false);
}

void recording_print_mark(const json_t *mark)
{
    static const struct {
        const char *kind;
        struct text text;
    } kinds[] = {
        {"mark", {"ghi chú", "mark"}},         {"gap", {"mất mẫu", "gap"}},
        {"overrun", {"quá tải", "overrun"}},   {"late", {"đọc muộn", "late"}},
        {"clock", {"chỉnh đồng hồ", "clock"}}, {"unplug", {"rút ra", "unplugged"}},
        {"replug", {"cắm lại", "plugged in"}}, {"trigger", {"điều kiện bắt đầu", "trigger"}},
        {"full", {"đĩa đầy", "disk full"}},    {"resumed", {"ghi tiếp", "resumed"}},
        {"limit", {"giới hạn", "limit"}},
    };
    const char *kind = text_of(mark, "kind"), *shown = kind, *channel = text_of(mark, "channel"),
               *by = text_of(mark, "by");
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (strcmp(kinds[i].kind, kind) == 0)
            shown = lang_text(kinds[i].text);
    int64_t lost = int_of(mark, "lost", 0);
    char missing[WORD_SIZE] = "";
    if (lost > 0)
        snprintf(missing, sizeof missing, T("  (mất %lld mẫu)", "  (%lld samples lost)"), (long long)lost);
    struct table *t = table_new(4); /* which lets no text look like a line of its own */
    table_cell(t, DIM, "  %10.3f s", recording_seconds(mark, "t_ms"));
    table_cell(t, strcmp(kind, "mark") == 0 || strcmp(kind, "trigger") == 0 ? ACCENT : WARN, "%s", shown);
    table_cell(t, PLAIN, "%s%s%s%s", channel, channel[0] ? "  " : "", text_of(mark, "text"), missing);
    table_cell(t, DIM, "%s", by);
    table_print(t, false);
}
