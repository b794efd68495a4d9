#include "line/frame.h"

#include <stddef.h>
#include <string.h>

size_t lec_request_size(const struct lec_request *r)
{
    if (r->ask == LEC_ASK_NOTICE)
        return offsetof(struct lec_request, data) + r->len + 1;
    return offsetof(struct lec_request, values) + r->n_values * sizeof r->values[0];
}

/* The fixed part of a record as it travels. */
struct packed {
    uint32_t point;
    uint8_t changed, quality, type, unused;
    uint16_t text_n, reason_n;
    int64_t time_us, time_ns;
    union {
        int64_t i;
        double f;
    };
};

void lec_record_put(struct lec_buf *b, const struct lec_record *r)
{
    struct packed p = {.point = r->point,
                       .changed = r->changed,
                       .quality = (uint8_t)r->quality,
                       .time_us = r->time_us,
                       .time_ns = r->time_ns};
    const char *text = "";
    if (r->changed) {
        p.type = (uint8_t)r->value.type;
        p.reason_n = (uint16_t)strnlen(r->reason, sizeof r->reason - 1);
        switch (r->value.type) {
        case LEC_NONE:
            break;
        case LEC_BOOL:
            p.i = r->value.b;
            break;
        case LEC_INT:
            p.i = r->value.i;
            break;
        case LEC_FLOAT:
            p.f = r->value.f;
            break;
        case LEC_ENUM:
        case LEC_TEXT:
            text = r->value.s;
            p.text_n = (uint16_t)strnlen(text, LEC_TEXT_MAX);
            break;
        }
    }
    lec_buf_put(b, &p, sizeof p);
    lec_buf_put(b, text, p.text_n);
    lec_buf_put(b, r->reason, p.reason_n);
}

bool lec_record_take(const char **at, const char *end, struct lec_record *out)
{
    struct packed p;
    if ((size_t)(end - *at) < sizeof p)
        return false;
    memcpy(&p, *at, sizeof p);
    const char *text = *at + sizeof p;
    if ((size_t)(end - text) < (size_t)p.text_n + p.reason_n || p.text_n > LEC_TEXT_MAX ||
        p.reason_n >= sizeof out->reason || p.type > LEC_TEXT || p.quality > LEC_GOOD)
        return false;
    *out = (struct lec_record){.point = p.point,
                               .changed = p.changed,
                               .quality = (enum lec_quality)p.quality,
                               .time_us = p.time_us,
                               .time_ns = p.time_ns};
    out->value.type = (enum lec_type)p.type;
    switch (out->value.type) {
    case LEC_NONE:
        break;
    case LEC_BOOL:
        out->value.b = p.i != 0;
        break;
    case LEC_INT:
        out->value.i = p.i;
        break;
    case LEC_FLOAT:
        out->value.f = p.f;
        break;
    case LEC_ENUM:
    case LEC_TEXT:
        memcpy(out->value.s, text, p.text_n);
        break;
    }
    memcpy(out->reason, text + p.text_n, p.reason_n);
    *at = text + p.text_n + p.reason_n;
    return true;
}
