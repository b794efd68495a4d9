#include "core/testbed.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "lectern/log.h"

/* A line map comes from a file: it may say where umockdev's library is, not which other one to load. */
static bool is_umockdev(const char *library)
{
    static const char name[] = "libumockdev-preload.so";
    const char *slash = strrchr(library, '/');
    return strncmp(slash ? slash + 1 : library, name, sizeof name - 1) == 0;
}

void testbed_enter(const char *line_map, char **argv)
{
    char folder[PATH_MAX], library[PATH_MAX], preload[2 * PATH_MAX];
    if (lec_line_map_usb(line_map, folder, sizeof folder, library, sizeof library) < 0)
        return;
    const char *inside = getenv("UMOCKDEV_DIR"), *others = getenv("LD_PRELOAD");
    if (inside && strcmp(inside, folder) == 0) {
        (void)unsetenv("LD_PRELOAD"); /* it is loaded; programs that we start have nothing to do with it */
        return;
    }
    int n = snprintf(preload, sizeof preload, "%s%s%s", others ? others : "", others && *others ? ":" : "", library);
    if (!is_umockdev(library) || access(folder, X_OK) < 0 || n < 0 || (size_t)n >= sizeof preload) {
        lec_log(LEC_LOG_WARNING, "%s: no test bed %s with %s; simulated USB devices are away", line_map, folder,
                library);
        return;
    }
    if (setenv("UMOCKDEV_DIR", folder, 1) == 0 && setenv("LD_PRELOAD", preload, 1) == 0)
        (void)execv("/proc/self/exe", argv);
    lec_log(LEC_LOG_WARNING, "the test bed %s cannot be entered: %s", folder, strerrordesc_np(errno));
}
