/* pulse - a source of samples for benchmarks: each point of the device delivers `rate` samples a second, in blocks each
 * `every`. A sample's raw value is its number modulo 65536, so that whoever reads a recording sees what is missing. */
#include <sys/timerfd.h>
#include <unistd.h>

#include "lectern/driver.h"

#define BLOCK_MAX 8192

struct pulse {
    double interval_ns;
    int64_t every_ns, begun_ns;
    uint64_t n; /* samples delivered of each point */
    int fd;
};

static const struct lec_option options[] = {
    {.name = "rate", .type = LEC_OPT_FLOAT, .min = 1, .max = 1e6, .initial = "1000", .help = "samples a second"},
    {.name = "every", .type = LEC_OPT_DURATION, .min = 0.001, .max = 1, .initial = "10ms", .help = "between blocks"},
    {0},
};

static int pulse_prepare(const struct lec_device *desc, void *state, struct lec_report *report)
{
    (void)report;
    struct pulse *p = state;
    p->interval_ns = 1e9 / lec_key_float(&desc->keys, "rate", 1000);
    p->every_ns = lec_key_duration(&desc->keys, "every", 10 * LEC_MS);
    p->fd = -1;
    return 0;
}

static int pulse_open(struct lec_dev *dev, struct lec_err *err)
{
    struct pulse *p = dev->state;
    p->fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    struct timespec every = {.tv_sec = p->every_ns / LEC_SEC, .tv_nsec = p->every_ns % LEC_SEC};
    if (p->fd < 0 || timerfd_settime(p->fd, 0, &(struct itimerspec){.it_interval = every, .it_value = every}, NULL) < 0)
        return lec_fail(err, LEC_E_BUG, "no timer");
    p->begun_ns = lec_now();
    p->n = 0;
    lec_dev_watch(dev, p->fd);
    return 0;
}

static int pulse_input(struct lec_dev *dev, struct lec_err *err)
{
    (void)err;
    struct pulse *p = dev->state;
    uint64_t ticks;
    if (read(p->fd, &ticks, sizeof ticks) < 0)
        return 0;
    uint64_t due = (uint64_t)((double)(lec_now() - p->begun_ns) / p->interval_ns);
    double raw[BLOCK_MAX];
    while (p->n < due) {
        size_t n = due - p->n < BLOCK_MAX ? (size_t)(due - p->n) : BLOCK_MAX;
        for (size_t i = 0; i < n; i++)
            raw[i] = (double)((p->n + i) % 65536);
        struct lec_block block = {.raw = raw,
                                  .n = n,
                                  .first_ns = p->begun_ns + (int64_t)((double)p->n * p->interval_ns),
                                  .interval_ns = p->interval_ns};
        for (size_t i = 0; i < dev->desc->n_points; i++)
            if (dev->desc->points[i].stream)
                lec_dev_block(dev, &dev->desc->points[i], &block);
        p->n += n;
    }
    return 0;
}

static void pulse_close(struct lec_dev *dev)
{
    struct pulse *p = dev->state;
    close(p->fd);
    p->fd = -1;
}

LEC_DRIVER = {
    LEC_DRIVER_HEAD,
    .schema = {.name = "pulse",
               .summary = "A source of samples for benchmarks",
               .lines = "none",
               .device_options = options,
               .state_size = sizeof(struct pulse),
               .prepare = pulse_prepare},
    .open = pulse_open,
    .input = pulse_input,
    .close = pulse_close,
};
