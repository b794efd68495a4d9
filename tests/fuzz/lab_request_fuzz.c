/* Whatever somebody asks lectern-lab for: a request, or an error with a sentence. What it takes must lie within what the header
 * promises. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lab_request r;
    struct lec_err err = {0};
    int rc = lab_request_parse((const char *)data, size, &r, &err);
    if (rc != 0) {
        if (rc != LEC_E_RANGE || err.text[0] == '\0')
            abort();
        return 0;
    }
    if (!r.run || r.from_ns >= r.to_ns || r.n_channels > LEC_CHANNELS_MAX)
        abort();
    if (r.task == LAB_EXPORT && (!r.out || (r.format == LAB_JSONL && r.shape != LAB_LONG)))
        abort();
    if (r.task == LAB_ANALYZE && (!r.channel || r.points > LAB_CURVE_MAX || !isfinite(r.origin) || !isfinite(r.at) ||
                                  (r.what == LAB_FIT && (r.order < 1 || r.order > LAB_ORDER_MAX)) ||
                                  (r.what == LAB_COMPARE && (!r.other_run || !r.other_channel))))
        abort();
    lab_request_done(&r);
    return 0;
}
