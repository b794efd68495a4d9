/* Files that were exported, in <state>/exports: their names are ours, and they are kept for an hour. */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/record.h"

#define KEPT_NS  (3600 * LEC_SEC)
#define LOOK_NS  (60 * LEC_SEC)
#define NAME_MIN 10 /* "-", eight digits, "." */

static int folder(struct core *core, char *path, size_t size, struct lec_err *err)
{
    if ((size_t)snprintf(path, size, "%s/exports", core->setup.state_dir) >= size)
        return lec_fail(err, LEC_E_CONFIG, "the state folder's path is too long");
    return 0;
}

int exports_name(struct core *core, const char *run, const char *extension, char name[96], char *path, size_t size,
                 struct lec_err *err)
{
    char dir[4096], real[4096];
    uint32_t chance = (uint32_t)lec_now();
    int rc = folder(core, dir, sizeof dir, err);
    if (rc < 0)
        return rc;
    if (mkdir(dir, 0750) < 0 && errno != EEXIST)
        return lec_fail(err, LEC_E_BUSY, "the folder %s cannot be made: %s", dir, strerror(errno));
    if (!realpath(dir, real)) /* local callers open it from wherever they are */
        return lec_fail(err, LEC_E_BUSY, "the folder %s cannot be found: %s", dir, strerror(errno));
    (void)!getrandom(&chance, sizeof chance, 0);
    snprintf(name, 96, "%s-%08x.%s", run, (unsigned)chance, extension);
    if ((size_t)snprintf(path, size, "%s/%s", real, name) >= size)
        return lec_fail(err, LEC_E_CONFIG, "the state folder's path is too long");
    core->exports_at = lec_now() + LOOK_NS;
    return 0;
}

bool exports_path(struct core *core, const char *name, char *path, size_t size)
{
    struct lec_err err;
    char dir[4096];
    size_t n = strlen(name);
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-.";
    if (n < NAME_MIN || n >= 96 || strspn(name, letters) != n || name[0] == '.' || strstr(name, ".."))
        return false;
    return folder(core, dir, sizeof dir, &err) == 0 && (size_t)snprintf(path, size, "%s/%s", dir, name) < size;
}

void exports_clear(struct core *core, int64_t older_ns)
{
    char dir[4096];
    struct lec_err err;
    struct stat st;
    DIR *d = folder(core, dir, sizeof dir, &err) == 0 ? opendir(dir) : NULL;
    core->exports_at = LEC_NEVER;
    if (!d)
        return;
    time_t now = time(NULL);
    for (const struct dirent *e; (e = readdir(d));) {
        if (e->d_name[0] == '.' || fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        bool young = now - st.st_mtime < older_ns / LEC_SEC && now >= st.st_mtime;
        if (young)
            core->exports_at = lec_now() + LOOK_NS;
        else
            unlinkat(dirfd(d), e->d_name, 0);
    }
    closedir(d);
}

void exports_tick(struct core *core, int64_t now)
{
    if (now >= core->exports_at)
        exports_clear(core, KEPT_NS);
}
