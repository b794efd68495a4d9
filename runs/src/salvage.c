/* Broken files are set aside, and what can be read of them is carried over. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lectern/clock.h"
#include "runs_impl.h"

int salvage_set_aside(const char *file, char *aside, size_t size, struct lec_err *err)
{
    char from[PATH_MAX], to[PATH_MAX];
    int64_t second = lec_wall_us() / 1000000;
    do {
        if (snprintf(aside, size, "%s.broken-%lld", file, (long long)second++) >= (int)size ||
            snprintf(to, sizeof to, "%s-wal", aside) >= (int)sizeof to ||
            snprintf(from, sizeof from, "%s-wal", file) >= (int)sizeof from)
            return lec_fail(err, LEC_E_CONFIG, "the path of the runs is too long");
    } while (access(aside, F_OK) == 0);
    if (rename(file, aside) < 0)
        return lec_fail(err, LEC_E_CONFIG, "%s is damaged and cannot be moved away: %s", file, strerrordesc_np(errno));
    (void)rename(from, to); /* it belongs to the broken file; often there is none */
    return 0;
}

static bool mark_name(const char *file, char out[PATH_MAX])
{
    return snprintf(out, PATH_MAX, "%s-damaged", file) < PATH_MAX;
}

void salvage_mark(const char *file)
{
    char name[PATH_MAX];
    int fd = mark_name(file, name) ? open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0640) : -1;
    if (fd >= 0)
        close(fd);
}

bool salvage_marked(const char *file)
{
    char name[PATH_MAX];
    return mark_name(file, name) && access(name, F_OK) == 0;
}

void salvage_unmark(const char *file)
{
    char name[PATH_MAX];
    if (mark_name(file, name))
        (void)unlink(name);
}

void salvage(struct lec_runs *runs, const char *aside, char note[LEC_ERR_TEXT])
{
    (void)runs;
    snprintf(note, LEC_ERR_TEXT, "%s was damaged and lies as %s now", runs->file, aside);
}
