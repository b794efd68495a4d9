/* flood - a source for benchmarks: a device without a line whose points change at every poll, or never.
 * It is a driver like any other and knows nothing of what is behind lec_dev_publish. */
#include "lectern/driver.h"

struct flood {
    int64_t n;
    bool still;
};

static const struct lec_option options[] = {
    {.name = "still", .type = LEC_OPT_BOOL, .initial = "no", .help = "values never change"},
    {0},
};

static int flood_prepare(const struct lec_device *desc, void *state, struct lec_report *report)
{
    (void)report;
    struct flood *f = state;
    f->still = lec_key_bool(&desc->keys, "still", false);
    return 0;
}

static int flood_poll(struct lec_dev *dev, const struct lec_point *const due[], size_t n, struct lec_err *err)
{
    (void)err;
    struct flood *f = dev->state;
    f->n += !f->still;
    for (size_t i = 0; i < n; i++) {
        struct lec_value v = due[i]->type == LEC_FLOAT ? lec_float((double)(f->n % 100000) / 10) : lec_int(f->n);
        lec_dev_publish(dev, due[i], &v);
    }
    return 0;
}

LEC_DRIVER = {
    LEC_DRIVER_HEAD,
    .schema = {.name = "flood",
               .summary = "A source for benchmarks",
               .lines = "none",
               .device_options = options,
               .state_size = sizeof(struct flood),
               .prepare = flood_prepare},
    .poll = flood_poll,
};
