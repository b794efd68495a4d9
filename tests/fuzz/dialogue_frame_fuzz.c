/* Framing: whatever comes, however it is split, frames lie inside the buffer, and what is split differently gives the
 * same frames. Input: the kind of framing, the size of pieces, then the bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "frame.h"

#define SUM_MAX 4096

static struct dlg_framing kinds[8];

static void make_kinds(void)
{
    const struct dlg_mark ff = {.at = {0xFF}, .n = 1}, cr = {.at = {'\r'}, .n = 1}, crlf = {.at = {'\r', '\n'}, .n = 2};
    struct dlg_form byte, digit;
    if (!dlg_form_parse("byte", &byte) || !dlg_form_parse("hex2", &digit))
        abort();
    kinds[0] = (struct dlg_framing){.longest = 16, .ends = {ff}, .n_ends = 1};
    kinds[1] = (struct dlg_framing){.longest = 64,
                                    .trim = true,
                                    .telnet = true,
                                    .drop[0] = true,
                                    .ends = {cr, crlf},
                                    .n_ends = 2,
                                    .prompt = {{'>'}, 1}};
    kinds[2] = (struct dlg_framing){.longest = 64,
                                    .starts = {{0xAA}, 1},
                                    .by_length = true,
                                    .length_form = byte,
                                    .length_at = 3,
                                    .length_bias = 5,
                                    .check = {.kind = DLG_SUM8, .skip = 1}};
    kinds[3] = (struct dlg_framing){.longest = 64,
                                    .starts = {{1}, 1},
                                    .ends = {cr},
                                    .n_ends = 1,
                                    .by_length = true,
                                    .length_form = digit,
                                    .length_at = 5,
                                    .length_bias = 9,
                                    .check = {.kind = DLG_XOR8, .skip = 1}};
    kinds[4] = (struct dlg_framing){.longest = 8,
                                    .starts = {{0xA9}, 1},
                                    .ends = {{{0x9A}, 1}},
                                    .n_ends = 1,
                                    .fixed = 8,
                                    .check = {.kind = DLG_OR8, .skip = 1}};
    kinds[5] = (struct dlg_framing){.longest = 8, .by_first = true};
    kinds[5].first[6] = 1;
    kinds[5].first[0x1D] = 3;
    kinds[6] =
        (struct dlg_framing){.longest = 40, .by_length = true, .length_form = byte, .check = {.kind = DLG_CRC16}};
    kinds[7] = (struct dlg_framing){
        .longest = 64, .trim = true, .shortest = 10, .starts = {{'<', ' '}, 2}, .ends = {{{' ', '>'}, 2}}, .n_ends = 1};
}

/* The frames that `data` makes in pieces of `step`, as a sum that depends on their bytes and order. */
static uint64_t sum_of(const struct dlg_framing *f, const uint8_t *data, size_t size, size_t step)
{
    static struct dlg_rx rx;
    unsigned char answer[3 * DLG_FRAME_MAX];
    struct dlg_frame frame;
    uint64_t sum = 1469598103934665603u;
    dlg_rx_clear(&rx);
    for (size_t at = 0; at < size; at += step) {
        size_t n = size - at < step ? size - at : step;
        if (dlg_rx_put(f, &rx, data + at, n, answer) > 3 * n)
            abort();
        for (enum dlg_cut cut; (cut = dlg_rx_cut(f, &rx, &frame)) != DLG_CUT_MORE;) {
            sum = (sum ^ 0x100u ^ (uint64_t)cut) * 1099511628211u;
            if (cut == DLG_CUT_PROMPT)
                continue;
            if (frame.at < rx.data || frame.at + frame.n > rx.data + sizeof rx.data || frame.n > frame.raw_n ||
                frame.raw_n > f->longest)
                abort();
            for (size_t i = 0; i < frame.n; i++)
                sum = (sum ^ frame.at[i]) * 1099511628211u;
        }
        if (rx.n > f->longest + 1)
            abort();
    }
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > SUM_MAX)
        return 0;
    if (kinds[0].longest == 0)
        make_kinds();
    const struct dlg_framing *f = &kinds[data[0] % 8];
    size_t step = 1 + data[1];
    uint64_t in_pieces = sum_of(f, data + 2, size - 2, step), bytewise = sum_of(f, data + 2, size - 2, 1);
    if (in_pieces != bytewise)
        abort();
    return 0;
}
