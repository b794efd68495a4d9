#include "header.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"

/* clang-format off */
static const struct { const char *en, *vi; } channel_keys[LAB_CHANNEL_FIELDS] = {
    {"label",       "tên"},
    {"unit",        "đơn vị"},
    {"kind",        "loại"},
    {"source",      "nguồn"},
    {"sensor",      "cảm biến"},
    {"serial",      "số sê-ri"},
    {"calibration", "hiệu chuẩn"},
    {"rate_hz",     "tần số (Hz)"},
    {"samples",     "số mẫu"},
};
/* clang-format on */

const char *lab_channel_key(size_t field, bool vi)
{
    return vi ? channel_keys[field].vi : channel_keys[field].en;
}

static void put_number(struct lec_buf *out, double v)
{
    char text[LAB_NUMBER];
    lec_buf_put(out, text, lab_number(text, v, '.'));
}

static void put_day(struct lec_buf *out, int64_t us)
{
    struct lab_clock clock = {0};
    char text[LAB_STAMP];
    if (lab_stamp(&clock, text, us) > 0)
        lec_buf_printf(out, "%.10s", text);
}

/* "linear -2.5 100 (room, Nguyen Van An, 2026-11-01, two points)" */
static void put_calibration(struct lec_buf *out, const struct lec_calibration *c)
{
    if (c->kind == LEC_CAL_NONE && c->scale == 1 && c->offset == 0)
        return;
    lec_calibration_text(c, out);
    size_t begin = out->len;
    const char *const parts[] = {c->source, c->by, c->note};
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        if (parts[i][0])
            lec_buf_printf(out, "%s%s", out->len == begin ? " (" : ", ", parts[i]);
    if (c->date_us) {
        lec_buf_puts(out, out->len == begin ? " (" : ", ");
        put_day(out, c->date_us);
    }
    if (out->len > begin)
        lec_buf_putc(out, ')');
}

void lab_channel_text(const struct lec_run_info *info, size_t channel, size_t field, bool vi, struct lec_buf *out)
{
    const struct lec_run_channel *c = &info->channels[channel];
    switch (field) {
    case 0:
        lec_buf_puts(out, !vi && c->label_en[0] ? c->label_en : c->label);
        break;
    case 1:
        lec_buf_puts(out, c->unit);
        break;
    case 2:
        lec_buf_puts(out, lec_channel_kind_name(c->kind));
        break;
    case 3:
        lec_buf_puts(out, c->source);
        break;
    case 4:
        lec_buf_puts(out, c->sensor);
        break;
    case 5:
        lec_buf_puts(out, c->serial);
        break;
    case 6:
        if (c->kind == LEC_CHANNEL_POINT)
            put_calibration(out, &c->calibration);
        break;
    case 7:
        if (c->rate_hz > 0)
            put_number(out, c->rate_hz);
        break;
    case 8:
        lec_buf_printf(out, "%" PRIu64, info->samples[channel]);
        break;
    default:
        break;
    }
}

void lab_mark_text(const struct lec_run_mark *mark, struct lec_buf *out)
{
    lec_buf_puts(out, mark->kind);
    if (mark->channel[0])
        lec_buf_printf(out, " %s", mark->channel);
    const char *between = ": ";
    if (mark->text[0]) {
        lec_buf_printf(out, "%s%s", between, mark->text);
        between = ", ";
    }
    if (mark->lost > 0)
        lec_buf_printf(out, "%s%" PRIu64 " lost", between, mark->lost);
    if (mark->by[0])
        lec_buf_printf(out, " (%s)", mark->by);
}

/* One pair at a time, through one buffer. */
struct teller {
    lab_pair *tell;
    void *ctx;
    bool vi;
};

static void pair(struct teller *t, const char *en, const char *vi, const char *value)
{
    if (value && value[0])
        t->tell(t->ctx, t->vi ? vi : en, value);
}

static void pair_time(struct teller *t, const char *en, const char *vi, int64_t us)
{
    struct lab_clock clock = {0};
    char text[LAB_STAMP];
    if (us != 0 && lab_stamp(&clock, text, us) > 0)
        pair(t, en, vi, text);
}

static void pair_count(struct teller *t, const char *en, const char *vi, uint64_t n)
{
    char text[LAB_NUMBER + 1];
    text[lab_integer(text, n)] = '\0';
    pair(t, en, vi, text);
}

/* The fields that were asked for. What the header has already is not said twice. */
static void pair_metadata(struct teller *t, const char *json, const char *operator_)
{
    json_t *fields = json ? json_loads(json, 0, NULL) : NULL, *v;
    const char *key;
    json_object_foreach(fields, key, v)
    {
        if (strcmp(key, "operator") == 0 && operator_[0])
            continue;
        if (json_is_string(v)) {
            pair(t, key, key, json_string_value(v));
        } else if (!json_is_null(v)) {
            char *text = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);
            pair(t, key, key, text);
            free(text);
        }
    }
    json_decref(fields);
}

void lab_header_run(const struct lec_run_info *info, bool vi, lab_pair *tell, void *ctx)
{
    const struct lec_run_summary *s = &info->summary;
    struct teller t = {.tell = tell, .ctx = ctx, .vi = vi};
    char seconds[LAB_NUMBER + 1];
    seconds[lab_seconds(seconds, s->duration_ns, '.')] = '\0';
    json_t *stop = info->stop_doc ? json_loads(info->stop_doc, 0, NULL) : NULL;
    pair(&t, "run", "lần đo", s->id);
    pair(&t, "experiment", "thí nghiệm", s->experiment);
    pair(&t, "label", "tên", !vi && s->label_en[0] ? s->label_en : s->label);
    pair(&t, "operator", "người thực hiện", s->operator_);
    pair_metadata(&t, info->metadata, s->operator_);
    pair(&t, "principal", "tài khoản", s->principal);
    pair_time(&t, "start", "bắt đầu", s->start_us);
    pair_time(&t, "stop", "kết thúc", s->stop_us);
    pair(&t, "duration_s", "thời lượng (s)", seconds);
    pair(&t, "status", "trạng thái", s->status);
    pair(&t, "reason", "lý do", json_string_value(json_object_get(stop, "reason")));
    pair_count(&t, "samples", "số mẫu", s->samples);
    pair_count(&t, "lost", "số mẫu mất", s->lost);
    if (s->simulated)
        pair(&t, "simulated", "mô phỏng", vi ? "có" : "yes");
    json_decref(stop);
}
