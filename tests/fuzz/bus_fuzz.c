/* What a room may send: answers, events, snapshots. The first byte says as which of them the rest is read; frames of
 * an event are separated by a byte of 0. */
#include <stdlib.h>
#include <string.h>

#include "src/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void changed(void *ctx, const char *device, const char *point)
{
    (void)ctx;
    if (strlen(device) == SIZE_MAX || (point && strlen(point) == SIZE_MAX))
        abort();
}

static void answer(const uint8_t *data, size_t size, struct picture *picture)
{
    struct answer a;
    if (lec_answer_parse(data, size, &a) < 0)
        return;
    if (a.rc == 0 && (!a.result || a.error))
        abort();
    lec_picture_snapshot(picture, a.result, true, LEC_SEC);
    lec_picture_run(picture, a.result);
    lec_kept_recording(picture, a.result);
    lec_answer_done(&a);
}

static void event(const uint8_t *data, size_t size, struct picture *picture)
{
    const void *frames[4];
    size_t sizes[4], n = 0;
    while (n < 4) {
        const uint8_t *end = memchr(data, 0, size);
        size_t len = n < 3 && end ? (size_t)(end - data) : size;
        frames[n] = data;
        sizes[n++] = len;
        if (len == size)
            break;
        data += len + 1;
        size -= len + 1;
    }
    struct event e;
    if (lec_event_parse("s/r/", frames, sizes, n, &e) < 0)
        return;
    if (e.seq <= e.before || !e.name || (e.n_samples > 0 && !e.samples))
        abort();
    if (e.kind == EVENT_STATE)
        lec_picture_state(picture, &e, LEC_SEC, changed, NULL);
    else if (e.kind == EVENT_ALARM)
        lec_kept_alarm(picture, e.body);
    else if (e.kind == EVENT_TIMETABLE)
        lec_kept_timetable(picture, e.body);
    else if (e.kind == EVENT_RUN)
        lec_kept_recording(picture, e.body);
    else
        lec_picture_run(picture, e.body);
    lec_event_done(&e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* Several messages in one input, a line each, act on one picture. */
    struct picture picture = {0};
    while (size > 0) {
        const uint8_t *end = memchr(data, '\n', size);
        size_t len = end ? (size_t)(end - data) : size;
        if (len > 0 && data[0] == 'e')
            event(data + 1, len - 1, &picture);
        else if (len > 0)
            answer(data + 1, len - 1, &picture);
        size -= end ? len + 1 : len;
        data += end ? len + 1 : len;
    }
    lec_picture_clear(&picture);
    return 0;
}
