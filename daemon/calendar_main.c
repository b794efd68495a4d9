/* lectern-calendar: reads the calendars of a timetable and writes what they say about some days as one JSON object. The daemon starts one
 * when it needs the lessons, `lectern check` to see the mistakes; both end it when it takes too long. It reads two files and writes to
 * stdout, and can do nothing else.
 *
 * Exit 0: see calendar_json; mistakes in the calendars are part of the answer. 1: no memory. 2: a wrong call. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "calendar/calendar.h"
#include "lectern/clock.h"
#include "lectern/parse.h"

#define ANSWER_MAX  (4u * 1024 * 1024)
#define SCENES_MAX  256
#define CPU_S       10                          /* then the kernel ends it */
#define MEMORY_MAX  ((rlim_t)256 * 1024 * 1024) /* address space beyond which it gets no more */
#define ASKED_AHEAD (366 * 24 * 3600 * (LEC_SEC / 1000))

struct call {
    const char *file, *holidays;
    int64_t from_us, to_us;
    const char *scenes[SCENES_MAX];
    size_t n_scenes;
    bool know_scenes;
};

static int usage(void)
{
    fprintf(stderr, "usage: lectern-calendar [--from US --to US] [--holidays FILE] [--scenes NAME,NAME...] FILE\n");
    return 2;
}

static void limit(void)
{
#if !defined(__SANITIZE_ADDRESS__) /* which needs terabytes of addresses */
    struct rlimit memory = {.rlim_cur = MEMORY_MAX, .rlim_max = MEMORY_MAX};
    (void)setrlimit(RLIMIT_AS, &memory);
#endif
    struct rlimit cpu = {.rlim_cur = CPU_S, .rlim_max = CPU_S};
    (void)setrlimit(RLIMIT_CPU, &cpu);
}

/* Reads one calendar and what it says about the time asked for. What cannot be read says nothing. */
static int read_one(const char *file, const struct calendar_rules *rules, const struct call *call,
                    struct calendar **calendar, struct calendar_list *list, bool *whole, struct lec_report *report)
{
    int rc = calendar_open(file, rules, calendar, report);
    if (rc == 0)
        rc = calendar_expand(*calendar, call->from_us, call->to_us, list, report);
    *whole = *whole && rc == 0;
    return rc == LEC_E_NOMEM ? rc : 0;
}

static int answer(const struct call *call)
{
    struct calendar *calendar = NULL, *holidays = NULL;
    struct calendar_list periods = {0}, free_days = {0};
    struct calendar_rules rules = {.scenes = call->know_scenes ? call->scenes : NULL, .n_scenes = call->n_scenes};
    struct lec_report report;
    struct lec_buf json;
    bool whole = true;
    lec_report_init(&report);
    lec_buf_init(&json, ANSWER_MAX);
    int rc = read_one(call->file, &rules, call, &calendar, &periods, &whole, &report);
    rules.holidays = true;
    if (rc == 0 && call->holidays)
        rc = read_one(call->holidays, &rules, call, &holidays, &free_days, &whole, &report);
    lec_report_sort(&report);
    calendar_cancel(&periods, &free_days);
    calendar_json(&periods, &free_days, whole, &report, &json);
    if (rc == 0 && (json.failed || fwrite(json.data, 1, json.len, stdout) != json.len || fflush(stdout) != 0))
        rc = LEC_E_NOMEM;
    lec_buf_done(&json);
    lec_report_done(&report);
    free(periods.at);
    free(free_days.at);
    calendar_free(&calendar);
    calendar_free(&holidays);
    return rc < 0 ? 1 : 0;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"from", required_argument, NULL, 'f'},
                                            {"to", required_argument, NULL, 't'},
                                            {"holidays", required_argument, NULL, 'h'},
                                            {"scenes", required_argument, NULL, 's'},
                                            {NULL, 0, NULL, 0}};
    struct call call = {.from_us = lec_wall_us(), .to_us = lec_wall_us() + ASKED_AHEAD};
    char *rest = NULL;
    bool wrong = false;
    for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (o == 'f')
            wrong |= lec_parse_int(optarg, 0, INT64_MAX / 2, &call.from_us) < 0;
        else if (o == 't')
            wrong |= lec_parse_int(optarg, 0, INT64_MAX / 2, &call.to_us) < 0;
        else if (o == 'h')
            call.holidays = optarg;
        else if (o == 's')
            for (char *name = strtok_r(optarg, ",", &rest); name; name = strtok_r(NULL, ",", &rest))
                wrong |= call.n_scenes == SCENES_MAX || (call.scenes[call.n_scenes++] = name) == NULL;
        wrong |= o == '?';
        call.know_scenes |= o == 's';
    }
    if (wrong || optind + 1 != argc)
        return usage();
    call.file = argv[optind];
    limit();
    return answer(&call);
}
