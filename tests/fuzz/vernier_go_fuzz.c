/* Whatever a Go! device sends: packets are put together into answers, memories become calibrations. Input: a byte that says
 * which device and which command, then packets of eight bytes. What has come together is read as every kind of memory. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "codec.h"
#include "lectern/err.h"
#include "lectern/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_memory(const uint8_t bytes[GO_MEMORY])
{
    struct go_memory m;
    struct go_flash f;
    struct lec_calibration c;
    struct lec_err err;
    (void)go_memory_read(bytes, &m);
    if (!lec_is_utf8(m.name, strlen(m.name)) || !lec_is_utf8(m.unit, strlen(m.unit)))
        abort();
    if (go_calibration(&m, &c, &err) == 0) {
        const double raw[] = {-32768, -1, 0, 1, 32767};
        double out[ARRAY_LEN(raw)];
        lec_calibrate(&c, raw, out, ARRAY_LEN(raw));
        for (size_t i = 0; i < ARRAY_LEN(raw); i++)
            if (isinf(out[i]))
                abort();
    }
    go_flash_read(bytes, &f);
    (void)go_flash_correct(&f, GO_INPUT_10V, INT16_MIN);
    (void)go_flash_correct(&f, GO_INPUT_5V, INT16_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum go_command commands[] = {GO_INIT, GO_GET_STATUS, GO_READ_LOCAL, GO_READ_REMOTE};
    struct go_answer a;
    if (size == 0)
        return 0;
    enum go_kind kind = (enum go_kind)(data[0] % 3);
    go_answer_begin(&a, commands[data[0] / 3 % ARRAY_LEN(commands)]);
    for (size_t at = 1; at < size; at += GO_PACKET) {
        struct go_packet p;
        size_t n = size - at < GO_PACKET ? size - at : GO_PACKET;
        enum go_packet_kind is = go_packet_read(kind, data + at, n, &p);
        if (is == GO_MEASUREMENT && (p.n < 1 || p.n > GO_SAMPLES))
            abort();
        if (is == GO_REPLY)
            (void)go_answer_take(&a, &p);
        if (a.n > GO_MEMORY)
            abort();
    }
    read_memory(a.data);
    if (size > GO_MEMORY)
        read_memory(data + 1);
    return 0;
}
