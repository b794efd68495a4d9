#include "lectern/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static _Atomic int max_level = LEC_LOG_INFO;

void lec_log_set_level(enum lec_log_level level)
{
    atomic_store(&max_level, (int)level);
}

void lec_log(enum lec_log_level level, const char *fmt, ...)
{
    static const struct {
        const char *word, *priority;
    } levels[] = {
        {"error", "<3>"}, {"warning", "<4>"}, {"notice", "<5>"}, {"info", "<6>"}, {"debug", "<7>"},
    };
    if ((int)level > atomic_load(&max_level))
        return;
    char line[1024];
    size_t n;
    if (getenv("JOURNAL_STREAM")) {
        n = (size_t)snprintf(line, sizeof line, "%s", levels[level].priority);
    } else {
        struct timespec now;
        struct tm tm;
        clock_gettime(CLOCK_REALTIME, &now);
        gmtime_r(&now.tv_sec, &tm);
        n = strftime(line, sizeof line, "%H:%M:%S", &tm);
        n += (size_t)snprintf(line + n, sizeof line - n, ".%03ld %-7s ", now.tv_nsec / 1000000, levels[level].word);
    }
    va_list ap;
    va_start(ap, fmt);
    int m = vsnprintf(line + n, sizeof line - n - 1, fmt, ap);
    va_end(ap);
    if (m < 0)
        return;
    n += (size_t)m < sizeof line - n - 1 ? (size_t)m : sizeof line - n - 2;
    line[n++] = '\n';
    ssize_t written = write(STDERR_FILENO, line, n);
    (void)written; /* a log that cannot be written has nobody to tell */
}
