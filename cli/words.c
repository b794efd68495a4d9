#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli.h"

struct word {
    const char *key;
    struct text text;
    enum style style;
};

static const struct word verdicts[] = {
    {"confirmed", {"xong", "done"}, GOOD},
    {"already", {"đã sẵn", "already so"}, GOOD},
    {"accepted", {"đã gửi, thiết bị không báo lại", "sent, the device does not report back"}, GOOD},
    {"timeout", {"chưa thấy trả lời", "not confirmed in time"}, BAD},
    {"refused", {"thiết bị từ chối", "refused by the device"}, BAD},
    {"away", {"mất kết nối", "cannot be reached"}, BAD},
    {"skipped", {"bỏ qua vì bước trước chưa xong", "skipped, a step before it did not succeed"}, WARN},
    {"overridden", {"đã có người đổi", "taken over by somebody else"}, WARN},
    {"cancelled", {"đã dừng", "cancelled"}, WARN},
    /* of steps under way */
    {"queued", {"chờ", "queued"}, DIM},
    {"checking", {"đang xem", "checking"}, ACCENT},
    {"sending", {"đang gửi", "sending"}, ACCENT},
    {"waiting", {"đang chờ", "waiting"}, ACCENT},
    /* of runs */
    {"running", {"đang chạy", "running"}, ACCENT},
    {"done", {"xong", "done"}, GOOD},
    {"partly", {"xong một phần", "partly done"}, WARN},
    {"failed", {"không thành", "failed"}, BAD},
    {"interrupted", {"bị ngắt", "interrupted"}, BAD},
    /* of plans */
    {"set", {"sẽ đặt", "would set"}, ACCENT},
    {"skip", {"đã sẵn, bỏ qua", "already so, skipped"}, GOOD},
    {"invoke", {"sẽ thực hiện", "would do"}, ACCENT},
    {"unknown", {"không biết", "unknown"}, WARN},
};

static const struct word statuses[] = {
    {"online", {"hoạt động", "online"}, GOOD},
    {"starting", {"đang khởi động", "starting"}, ACCENT},
    {"away", {"mất kết nối", "away"}, BAD},
    {"disabled", {"đã tắt", "disabled"}, DIM},
};

static const struct word qualities[] = {
    {"good", {"tốt", "good"}, GOOD},
    {"stale", {"cũ", "stale"}, DIM},
    {"bad", {"không có", "no value"}, BAD},
};

/* UCUM codes that people write in another way. */
static const struct {
    const char *code, *shown;
} units[] = {
    {"Cel", "°C"},     {"kW.h", "kWh"}, {"W.h", "Wh"},    {"[ppm]", "ppm"}, {"deg", "°"},  {"ug/m3", "µg/m³"},
    {"dB[SPL]", "dB"}, {"Ohm", "Ω"},    {"{rpm}", "rpm"}, {"[ppb]", "ppb"}, {"V.A", "VA"}, {"var", "var"},
};

static const struct word *find(const struct word *words, size_t n, const char *key)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(words[i].key, key) == 0)
            return &words[i];
    return NULL;
}

static const char *word_or_key(const struct word *w, const char *key)
{
    return w ? lang_text(w->text) : key;
}

const char *word_verdict(const char *verdict)
{
    return word_or_key(find(verdicts, ARRAY_LEN(verdicts), verdict), verdict);
}

enum style style_verdict(const char *verdict)
{
    const struct word *w = find(verdicts, ARRAY_LEN(verdicts), verdict);
    return w ? w->style : PLAIN;
}

const char *word_status(const char *status)
{
    return word_or_key(find(statuses, ARRAY_LEN(statuses), status), status);
}

enum style style_status(const char *status)
{
    const struct word *w = find(statuses, ARRAY_LEN(statuses), status);
    return w ? w->style : PLAIN;
}

const char *word_quality(const char *quality)
{
    return word_or_key(find(qualities, ARRAY_LEN(qualities), quality), quality);
}

/* As few digits as read back the same. */
static void print_shortest(double f, char *buf, size_t size)
{
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(buf, size, "%.*g", digits, f);
        if (strtod(buf, NULL) == f)
            return;
    }
}

const char *word_value(const json_t *value, char *buf, size_t size)
{
    if (json_is_string(value))
        snprintf(buf, size, "%s", json_string_value(value));
    else if (json_is_integer(value))
        snprintf(buf, size, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value))
        print_shortest(json_real_value(value), buf, size);
    else if (json_is_boolean(value))
        snprintf(buf, size, "%s", json_is_true(value) ? "true" : "false");
    else
        snprintf(buf, size, "–");
    return buf;
}

const char *word_unit(const char *unit)
{
    for (size_t i = 0; i < ARRAY_LEN(units); i++)
        if (strcmp(units[i].code, unit) == 0)
            return units[i].shown;
    return unit;
}

const char *word_measure(const json_t *value, const char *unit, char *buf, size_t size)
{
    char plain[WORD_SIZE];
    /* Measured values are read, not typed: more digits than the instrument has tell nothing. */
    if (json_is_real(value))
        snprintf(plain, sizeof plain, "%.6g", json_real_value(value));
    else
        word_value(value, plain, sizeof plain);
    bool number = json_is_number(value) && unit[0] != '\0' && strcmp(unit, "1") != 0;
    snprintf(buf, size, number ? "%s %s" : "%s%.0s", plain, word_unit(unit));
    return buf;
}

const char *word_span(int64_t ms, char *buf, size_t size)
{
    if (ms < 1000) {
        snprintf(buf, size, "%d ms", (int)ms);
    } else if (ms < 60000) {
        snprintf(buf, size, "%d%s%d s", (int)(ms / 1000), T(",", "."), (int)(ms % 1000 / 100));
    } else if (ms < 3600000) {
        snprintf(buf, size, T("%d phút %d s", "%d min %d s"), (int)(ms / 60000), (int)(ms % 60000 / 1000));
    } else if (ms < 48 * INT64_C(3600000)) {
        snprintf(buf, size, T("%d giờ %d phút", "%d h %d min"), (int)(ms / 3600000), (int)(ms % 3600000 / 60000));
    } else {
        snprintf(buf, size, T("%lld ngày", "%lld days"), (long long)(ms / (24 * INT64_C(3600000))));
    }
    return buf;
}

const char *word_time(int64_t wall_us, char *buf, size_t size)
{
    time_t seconds = (time_t)(wall_us / 1000000);
    struct tm tm;
    if (!localtime_r(&seconds, &tm) || strftime(buf, size, T("%d/%m/%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S"), &tm) == 0)
        snprintf(buf, size, "?");
    return buf;
}

const char *text_of(const json_t *object, const char *key)
{
    const char *s = json_string_value(json_object_get(object, key));
    return s ? s : "";
}

int64_t int_of(const json_t *object, const char *key, int64_t otherwise)
{
    const json_t *i = json_object_get(object, key);
    return json_is_integer(i) ? (int64_t)json_integer_value(i) : otherwise;
}
