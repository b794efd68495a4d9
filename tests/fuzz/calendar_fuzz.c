/* Calendars from anywhere: read, expanded for a month, written as an answer. */
#include <stdlib.h>
#include <string.h>

#include "calendar/calendar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const scenes[] = {"lesson", "end-of-day"};
    const struct calendar_rules rules = {.scenes = scenes, .n_scenes = 2, .holidays = size % 2};
    const int64_t from = INT64_C(1795366800000000), month = INT64_C(31) * 24 * 3600 * 1000000;
    struct calendar *c = NULL;
    struct calendar_list list = {0}, none = {0};
    struct lec_report report;
    struct lec_buf json;
    char *text = malloc(size + 1);
    if (!text || size > 16384) {
        free(text);
        return 0;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    lec_report_init(&report);
    lec_buf_init(&json, 4u * 1024 * 1024);
    if (calendar_parse("x.ics", text, size, &rules, &c, &report) == 0 &&
        calendar_expand(c, from, from + month, &list, &report) == 0)
        calendar_json(&list, &none, true, &report, &json);
    for (size_t i = 0; i < list.n; i++)
        if (list.at[i].end_us <= from || list.at[i].start_us >= from + month ||
            list.at[i].end_us <= list.at[i].start_us)
            abort();
    free(list.at);
    calendar_free(&c);
    lec_buf_done(&json);
    lec_report_done(&report);
    free(text);
    return 0;
}
