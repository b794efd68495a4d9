/* What people read of an alarm, in Vietnamese and English. It is put together when the alarm is raised, and kept with it. */
#include <stdio.h>
#include <string.h>

#include "alarm/internal.h"
#include "lectern/parse.h"

static const char *const severities[] = {"info", "warning", "error", "critical"};

const char *severity_name(enum lec_severity s)
{
    return severities[s];
}

bool severity_of(const char *name, enum lec_severity *out)
{
    for (size_t i = 0; i < ARRAY_LEN(severities); i++) {
        if (strcmp(severities[i], name) == 0) {
            *out = (enum lec_severity)i;
            return true;
        }
    }
    return false;
}

/* Cuts on a character, not in one. */
static void put(char out[LEC_ALARM_TEXT_MAX + 1], const char *text)
{
    lec_copy_utf8(out, LEC_ALARM_TEXT_MAX + 1, text, strlen(text));
}

static const char *first(const char *a, const char *b, const char *c)
{
    return *a ? a : *b ? b : c;
}

static const char *device_vi(const struct lec_device *d)
{
    return first(d->label, d->label_en, d->name);
}

static const char *device_en(const struct lec_device *d)
{
    return first(d->label_en, d->label, d->name);
}

/* What a person writes for a UCUM code: "°C", "ppm", "m³". */
static const char *unit_text(const char *code, char out[32])
{
    static const struct {
        const char *code, *text;
    } rows[] = {{"Cel", "°C"},      {"[degF]", "°F"}, {"1", ""},        {"ug/m3", "µg/m³"},
                {"mg/m3", "mg/m³"}, {"m3", "m³"},     {"deg", "°"},     {"Ohm", "Ω"},
                {"dB[SPL]", "dB"},  {"m3/h", "m³/h"}, {"W/m2", "W/m²"}, {"m/s2", "m/s²"}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (strcmp(rows[i].code, code) == 0)
            return rows[i].text;
    size_t n = 0;
    for (; *code && n < 31; code++)
        if (*code != '[' && *code != ']')
            out[n++] = *code;
    out[n] = '\0';
    return out;
}

static void number(double x, const char *unit, bool vi, char *out, size_t size)
{
    char digits[40], shown[32];
    (void)snprintf(digits, sizeof digits, "%.6g", x);
    char *dot = strchr(digits, '.');
    if (vi && dot)
        *dot = ',';
    unit = unit_text(unit, shown);
    (void)snprintf(out, size, "%s%s%s", digits, *unit && *unit != '%' ? " " : "", unit);
}

/* ---- Labels ------------------------------------------------------------------------------------------------- */

static const char *const room_labels[][2] = {{"Ổ đĩa đầy", "The disk is full"},
                                             {"Không ghi được nhật ký", "The journal cannot be written"}};
static const char *const room_remedies[][2] = {
    {"Xoá những lần đo đã xuất, hoặc giải phóng ổ đĩa của máy điều khiển phòng.",
     "Delete runs that have been exported, or free space on the disk of the room's computer."},
    {"Giải phóng ổ đĩa của máy điều khiển phòng, hoặc thay ổ đĩa hỏng.",
     "Free space on the disk of the room's computer, or replace it if it is failing."}};

static size_t room_row(const struct rule *r)
{
    return strcmp(r->name, "room.disk") == 0 ? LEC_ALARM_DISK : LEC_ALARM_JOURNAL;
}

void text_label(const struct rule *r, struct words *out)
{
    char vi[2 * LEC_ALARM_TEXT_MAX], en[2 * LEC_ALARM_TEXT_MAX];
    const struct lec_alarm *s = r->section;
    if (s && (*s->label || *s->label_en)) {
        put(out->vi, first(s->label, s->label_en, ""));
        put(out->en, first(s->label_en, s->label, ""));
        return;
    }
    switch (r->kind) {
    case RULE_AWAY:
        (void)snprintf(vi, sizeof vi, "Mất kết nối với %s", device_vi(r->device));
        (void)snprintf(en, sizeof en, "%s is away", device_en(r->device));
        break;
    case RULE_FAULT:
    case RULE_LIMIT:
    case RULE_VALUE:
        (void)snprintf(vi, sizeof vi, "%s: %s", device_vi(r->device),
                       first(r->point->label, r->point->label_en, r->point->name));
        (void)snprintf(en, sizeof en, "%s: %s", device_en(r->device),
                       first(r->point->label_en, r->point->label, r->point->name));
        break;
    case RULE_ROOM:
        (void)snprintf(vi, sizeof vi, "%s", room_labels[room_row(r)][0]);
        (void)snprintf(en, sizeof en, "%s", room_labels[room_row(r)][1]);
        break;
    case RULE_HELP:
        (void)snprintf(vi, sizeof vi, "Có người cần giúp đỡ");
        (void)snprintf(en, sizeof en, "Somebody calls for help");
        break;
    }
    put(out->vi, vi);
    put(out->en, en);
}

/* ---- Raises ------------------------------------------------------------------------------------------------- */

static void add_limit(const struct rule *r, const struct words *label, struct words *out)
{
    char value[80], limit[80], text[2 * LEC_ALARM_TEXT_MAX];
    const struct lec_calibration *c = r->point->calibration;
    const char *unit = c && *c->unit ? c->unit : r->point->unit;
    double x = r->value.type == LEC_INT ? (double)r->value.i : r->value.f;
    number(x, unit, true, value, sizeof value);
    number(r->limit, unit, true, limit, sizeof limit);
    (void)snprintf(text, sizeof text, "%s: %s (%s %s).", label->vi, value,
                   r->side == ABOVE ? "giới hạn trên" : "giới hạn dưới", limit);
    put(out->vi, text);
    number(x, unit, false, value, sizeof value);
    number(r->limit, unit, false, limit, sizeof limit);
    (void)snprintf(text, sizeof text, "%s: %s (%s %s).", label->en, value,
                   r->side == ABOVE ? "upper limit" : "lower limit", limit);
    put(out->en, text);
}

static void add_value(const struct rule *r, const struct words *label, struct words *out)
{
    static const struct {
        const char *value, *vi, *en;
    } rows[] = {
        {"error", "lỗi", "fault"}, {"warning", "cảnh báo", "warning"}, {"true", "có", "yes"}, {"false", "không", "no"}};
    char value[LEC_TEXT_MAX + 1], text[2 * LEC_ALARM_TEXT_MAX];
    const char *vi = lec_value_print(&r->value, value, sizeof value), *en = vi;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (strcmp(rows[i].value, value) == 0) {
            vi = rows[i].vi;
            en = rows[i].en;
        }
    }
    (void)snprintf(text, sizeof text, "%s: %s.", label->vi, vi);
    put(out->vi, text);
    (void)snprintf(text, sizeof text, "%s: %s.", label->en, en);
    put(out->en, text);
}

static void add_stop(const struct words *label, struct words *out)
{
    char text[LEC_ALARM_TEXT_MAX + 8];
    (void)snprintf(text, sizeof text, "%s.", label->vi);
    put(out->vi, text);
    (void)snprintf(text, sizeof text, "%s.", label->en);
    put(out->en, text);
}

static void add_remedy(const struct lec_alarms *a, const struct rule *r, struct words *out)
{
    const struct lec_alarm *s = r->section;
    const char *vi = "", *en = "";
    if (s && (*s->remedy || *s->remedy_en)) {
        vi = first(s->remedy, s->remedy_en, "");
        en = first(s->remedy_en, s->remedy, "");
    } else if (r->kind == RULE_ROOM) {
        vi = room_remedies[room_row(r)][0];
        en = room_remedies[room_row(r)][1];
    } else if (r->device && !a->host.remedy(a->host.ctx, r->device, r->point, r->code, &vi, &en)) {
        vi = en = "";
    }
    put(out->vi, vi);
    put(out->en, en);
}

void text_raise(const struct lec_alarms *a, const struct rule *r, struct raise *out)
{
    struct words label;
    text_label(r, &label);
    bool own_words = r->section && (*r->section->label || *r->section->label_en);
    if (r->kind == RULE_LIMIT)
        add_limit(r, &label, &out->text);
    else if (r->kind == RULE_FAULT || (r->kind == RULE_VALUE && !own_words))
        add_value(r, &label, &out->text);
    else
        add_stop(&label, &out->text);
    add_remedy(a, r, &out->remedy);
}

void text_help(const struct lec_device *device, const char *text, struct raise *out)
{
    char vi[2 * LEC_ALARM_TEXT_MAX], en[2 * LEC_ALARM_TEXT_MAX];
    (void)snprintf(vi, sizeof vi, "Có người cần giúp đỡ%s%s%s%s.", device ? " với " : "",
                   device ? device_vi(device) : "", *text ? ": " : "", text);
    (void)snprintf(en, sizeof en, "Somebody calls for help%s%s%s%s.", device ? " with " : "",
                   device ? device_en(device) : "", *text ? ": " : "", text);
    put(out->text.vi, vi);
    put(out->text.en, en);
}
