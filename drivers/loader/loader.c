#include "loader/loader.h"

#include <dirent.h>
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATE_MAX (1u << 20) /* bytes of state that a driver may ask for a device */

struct loaded {
    char *name;
    void *handle;
    const struct lec_driver *driver;
};

struct lec_drivers {
    char *folder;
    struct loaded *at;
    size_t n;
};

struct lec_drivers *lec_drivers_new(const char *folder)
{
    struct lec_drivers *set = calloc(1, sizeof *set);
    if (!set)
        return NULL;
    set->folder = strdup(folder);
    if (!set->folder)
        lec_drivers_free(&set);
    return set;
}

void lec_drivers_free(struct lec_drivers **set)
{
    if (!set || !*set)
        return;
    for (size_t i = 0; i < (*set)->n; i++) {
        free((*set)->at[i].name);
        dlclose((*set)->at[i].handle);
    }
    free((*set)->at);
    free((*set)->folder);
    free(*set);
    *set = NULL;
}

/* What can be told of a driver without a device. */
static int check(const struct lec_driver *d, const char *name, struct lec_err *err)
{
    if (d->abi != LEC_DRIVER_ABI)
        return lec_fail(err, LEC_E_CONFIG, "driver %s: built for driver interface %u, this daemon has %u", name, d->abi,
                        LEC_DRIVER_ABI);
    if (d->size > sizeof *d)
        return lec_fail(err, LEC_E_CONFIG, "driver %s: built for a newer daemon", name);
    const struct lec_schema *s = &d->schema;
    if (!s->name || strcmp(s->name, name) != 0)
        return lec_fail(err, LEC_E_CONFIG, "driver %s: calls itself \"%s\"", name, s->name ? s->name : "");
    if (!s->summary || !s->lines)
        return lec_fail(err, LEC_E_CONFIG, "driver %s: no summary or no line kinds", name);
    if (!d->poll && !d->input)
        return lec_fail(err, LEC_E_CONFIG, "driver %s: neither polls nor listens", name);
    if (s->state_size > STATE_MAX)
        return lec_fail(err, LEC_E_CONFIG, "driver %s: wants %zu bytes of state, at most %u are given", name,
                        s->state_size, STATE_MAX);
    return 0;
}

static int add(struct lec_drivers *set, const char *name, void *handle, const struct lec_driver *driver)
{
    struct loaded *at = realloc(set->at, (set->n + 1) * sizeof *at);
    if (!at)
        return LEC_E_NOMEM;
    set->at = at;
    char *copy = strdup(name);
    if (!copy)
        return LEC_E_NOMEM;
    set->at[set->n++] = (struct loaded){.name = copy, .handle = handle, .driver = driver};
    return 0;
}

const struct lec_driver *lec_drivers_get(struct lec_drivers *set, const char *name, struct lec_err *err)
{
    for (size_t i = 0; i < set->n; i++)
        if (strcmp(set->at[i].name, name) == 0)
            return set->at[i].driver;

    char path[PATH_MAX];
    if (strchr(name, '/') || (size_t)snprintf(path, sizeof path, "%s/%s.so", set->folder, name) >= sizeof path) {
        lec_fail(err, LEC_E_CONFIG, "\"%s\" is not a driver's name", name);
        return NULL;
    }
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        lec_fail(err, LEC_E_CONFIG, "driver %s: %s", name, dlerror());
        return NULL;
    }
    const struct lec_driver *driver = dlsym(handle, LEC_DRIVER_SYMBOL);
    int rc = driver
                 ? check(driver, name, err)
                 : lec_fail(err, LEC_E_CONFIG, "driver %s: not a driver (no %s in %s)", name, LEC_DRIVER_SYMBOL, path);
    if (rc == 0 && add(set, name, handle, driver) < 0)
        rc = lec_fail(err, LEC_E_NOMEM, "driver %s: out of memory", name);
    if (rc < 0) {
        dlclose(handle);
        return NULL;
    }
    return driver;
}

const struct lec_schema *lec_drivers_schema(void *set, const char *name, struct lec_err *err)
{
    const struct lec_driver *driver = lec_drivers_get(set, name, err);
    return driver ? &driver->schema : NULL;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char **lec_drivers_names(const struct lec_drivers *set)
{
    DIR *folder = opendir(set->folder);
    if (!folder)
        return NULL;
    char **names = calloc(1, sizeof *names);
    size_t n = 0;
    for (struct dirent *e; names && (e = readdir(folder));) {
        size_t len = strlen(e->d_name);
        if (len <= 3 || strcmp(e->d_name + len - 3, ".so") != 0)
            continue;
        char **more = realloc(names, (n + 2) * sizeof *names);
        char *copy = more ? strndup(e->d_name, len - 3) : NULL;
        if (more)
            names = more;
        if (!copy) {
            lec_drivers_names_free(names);
            names = NULL;
            break;
        }
        names[n++] = copy;
        names[n] = NULL;
    }
    closedir(folder);
    if (names)
        qsort(names, n, sizeof *names, by_name);
    return names;
}

void lec_drivers_names_free(char **names)
{
    for (char **p = names; p && *p; p++)
        free(*p);
    free(names);
}
