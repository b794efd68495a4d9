#include "codec.h"

#include <math.h>
#include <string.h>

static const struct go_model models[] = {
    {GO_TEMP, 0x0002, "temp", "Go!Temp", 128000, 3906, 3906, 512000},
    {GO_LINK, 0x0003, "link", "Go!Link", 1000000, 100, 5, 65535},
    {GO_MOTION, 0x0004, "motion", "Go!Motion", 1000000, 50, 20, 180000},
};

const struct go_model *go_model_named(const char *word)
{
    for (size_t i = 0; i < ARRAY_LEN(models); i++)
        if (strcmp(models[i].word, word) == 0)
            return &models[i];
    return NULL;
}

const struct go_model *go_model_of(uint16_t product)
{
    for (size_t i = 0; i < ARRAY_LEN(models); i++)
        if (models[i].product == product)
            return &models[i];
    return NULL;
}

/* ---- Packets -------------------------------------------------------------------------------------------------- */

void go_put_u32(uint8_t *out, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        out[i] = (uint8_t)(v >> (8 * i));
}

uint32_t go_get_u32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

void go_command_write(enum go_command command, const uint8_t *args, size_t n, uint8_t out[GO_PACKET])
{
    memset(out, 0, GO_PACKET);
    out[0] = (uint8_t)command;
    if (n > 0)
        memcpy(out + 1, args, n < GO_PACKET - 1 ? n : GO_PACKET - 1);
}

static enum go_packet_kind read_measurement(enum go_kind kind, const uint8_t *p, size_t n, struct go_packet *out)
{
    unsigned samples = p[0] & 0x3F;
    if (samples < 1 || samples > GO_SAMPLES || n < 2)
        return GO_NOISE;
    out->counter = p[1];
    if (kind == GO_MOTION) {
        /* the kind of sample comes behind it; velocity and acceleration were not asked for */
        if (samples != 1 || n < 7 || p[6] != 0)
            return GO_NOISE;
        out->sample[0] = (int32_t)go_get_u32(p + 2);
    } else {
        if (n < 2 + 2 * (size_t)samples)
            return GO_NOISE;
        for (unsigned i = 0; i < samples; i++)
            out->sample[i] = (int16_t)(p[2 + 2 * i] | p[3 + 2 * i] << 8);
    }
    out->n = samples;
    return GO_MEASUREMENT;
}

static enum go_packet_kind read_reply(const uint8_t *p, size_t n, struct go_packet *out)
{
    out->n = p[0] & 0x07;
    out->first = p[0] & 0x08;
    out->last = p[0] & 0x10;
    out->bad = p[0] & 0x20;
    out->init = (p[0] & 0xC0) == 0x80;
    if (out->n > n - 1 || out->n == 0)
        return GO_NOISE;
    memcpy(out->data, p + 1, out->n);
    return GO_REPLY;
}

enum go_packet_kind go_packet_read(enum go_kind kind, const uint8_t *p, size_t n, struct go_packet *out)
{
    *out = (struct go_packet){.kind = GO_NOISE};
    if (n == 0 || n > GO_PACKET)
        return GO_NOISE;
    switch (p[0] & 0xC0) {
    case 0x00:
        out->kind = read_measurement(kind, p, n, out);
        break;
    case 0xC0:
        out->kind = GO_NOTICE;
        break;
    default:
        out->kind = read_reply(p, n, out);
        break;
    }
    return out->kind;
}

void go_answer_begin(struct go_answer *a, enum go_command command)
{
    *a = (struct go_answer){.command = (uint8_t)command, .init = command == GO_INIT};
}

bool go_answer_take(struct go_answer *a, const struct go_packet *p)
{
    if (a->done || p->init != a->init || p->first == a->begun)
        return false;
    const uint8_t *data = p->data;
    size_t n = p->n;
    if (p->first) {
        if (data[0] != a->command)
            return false;
        data++;
        n--;
    }
    if (n > sizeof a->data - a->n || (p->bad && n < 1))
        return false;
    a->begun = true;
    memcpy(a->data + a->n, data, n);
    a->n += n;
    a->bad = p->bad;
    a->done = p->last || p->bad;
    return true;
}

const char *go_status_text(uint8_t status)
{
    static const struct {
        uint8_t status;
        const char *text;
    } texts[] = {
        {GO_NOT_READY, "it is not ready for a new command"},
        {GO_NOT_SUPPORTED, "it does not know this command"},
        {0x32, "it has an internal error"},
        {0x33, "it has an internal error"},
        {0x34, "the period cannot change while it measures"},
        {0x35, "its memory cannot be read while it measures so fast"},
        {GO_BAD_PARAMETER, "it does not accept this parameter"},
        {GO_BLOCKED, "that is not possible while it measures"},
        {0x38, "that is not possible while it measures"},
        {0x39, "that is not possible while it measures"},
        {0x3A, "it has no batteries"},
        {0x40, "it is starting up"},
        {0x41, "its power has come back"},
        {0xF0, "its own parts do not understand each other"},
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        if (texts[i].status == status)
            return texts[i].text;
    return "it says no";
}
