#include "lectern/paths.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The folder above the one the program lies in. */
static int prefix(char *buf, size_t size, struct lec_err *err)
{
    ssize_t n = readlink("/proc/self/exe", buf, size - 1);
    if (n < 0 || (size_t)n >= size - 1)
        return lec_fail(err, LEC_E_CONFIG, "cannot tell where this program lies");
    buf[n] = '\0';
    for (int up = 0; up < 2; up++) {
        char *slash = strrchr(buf, '/');
        if (!slash)
            return lec_fail(err, LEC_E_CONFIG, "the program's path has no folder");
        *slash = '\0';
    }
    return 0;
}

static int find(const char *variable, const char *const below[], size_t n, char *buf, size_t size, struct lec_err *err)
{
    const char *set = getenv(variable);
    if (set) {
        if (!is_folder(set) || (size_t)snprintf(buf, size, "%s", set) >= size)
            return lec_fail(err, LEC_E_CONFIG, "%s=%s is not a folder", variable, set);
        return 0;
    }
    char root[PATH_MAX];
    int rc = prefix(root, sizeof root, err);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < n; i++)
        if ((size_t)snprintf(buf, size, "%s/%s", root, below[i]) < size && is_folder(buf))
            return 0;
    return lec_fail(err, LEC_E_CONFIG, "no folder %s/%s; set %s", root, below[0], variable);
}

int lec_path_profiles(char *buf, size_t size, struct lec_err *err)
{
    static const char *const below[] = {"share/lectern/profiles"};
    return find("LECTERN_PROFILES", below, ARRAY_LEN(below), buf, size, err);
}

int lec_path_drivers(char *buf, size_t size, struct lec_err *err)
{
    static const char *const below[] = {"lib/lectern/drivers", "lib/x86_64-linux-gnu/lectern/drivers",
                                        "lib/aarch64-linux-gnu/lectern/drivers"};
    return find("LECTERN_DRIVERS", below, ARRAY_LEN(below), buf, size, err);
}

int lec_path_pages(char *buf, size_t size, struct lec_err *err)
{
    static const char *const below[] = {"share/lectern/web"};
    return find("LECTERN_PAGES", below, ARRAY_LEN(below), buf, size, err);
}

int lec_path_run(char *buf, size_t size, struct lec_err *err)
{
    const char *set = getenv("LECTERN_RUN");
    const char *user = getenv("XDG_RUNTIME_DIR");
    int n;
    if (set)
        n = snprintf(buf, size, "%s", set);
    else if (is_folder("/run/lectern"))
        n = snprintf(buf, size, "/run/lectern");
    else if (user && is_folder(user))
        n = snprintf(buf, size, "%s/lectern", user);
    else
        n = snprintf(buf, size, "/tmp/lectern-%u", (unsigned)getuid());
    if (n < 0 || (size_t)n >= size)
        return lec_fail(err, LEC_E_CONFIG, "the path of the run folder is too long");
    return 0;
}
