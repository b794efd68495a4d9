#include "assets.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lectern/log.h"

struct assets {
    const char *path; /* of the folder */
    int folder;
    struct timespec changed; /* the manifest in use */
    bool told;               /* that there are none */
    char build[65];
    struct asset *at; /* sorted by path */
    size_t n;
    struct asset page;
};

static void clear_asset(struct asset *a)
{
    free(a->path);
    free(a->file);
    free(a->type);
    *a = (struct asset){0};
}

static void forget(struct assets *assets)
{
    for (size_t i = 0; i < assets->n; i++)
        clear_asset(&assets->at[i]);
    free(assets->at);
    assets->at = NULL;
    assets->n = 0;
    clear_asset(&assets->page);
    assets->build[0] = '\0';
}

/* A path below the folder: no empty part, none that begins with a dot, so that it can lead nowhere else. */
static bool file_ok(const char *file)
{
    if (!file || file[0] == '\0' || strlen(file) > 200)
        return false;
    for (const char *at = file;; at++) {
        if (*at == '.' || *at == '/' || *at == '\0')
            return false;
        at += strcspn(at, "/\\");
        if (*at == '\0')
            return true;
        if (*at == '\\')
            return false;
    }
}

static bool text_ok(const char *text)
{
    if (!text || strlen(text) > 200)
        return false;
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || (unsigned char)*text > 0x7e)
            return false;
    return true;
}

static int read_asset(const json_t *row, struct asset *out)
{
    const char *path = json_string_value(json_object_get(row, "path"));
    const char *file = json_string_value(json_object_get(row, "file"));
    const char *type = json_string_value(json_object_get(row, "type"));
    if (!text_ok(path) || path[0] != '/' || !file_ok(file) || !text_ok(type))
        return LEC_E_CONFIG;
    *out = (struct asset){.path = strdup(path),
                          .file = strdup(file),
                          .type = strdup(type),
                          .gzip = json_is_true(json_object_get(row, "gzip")),
                          .br = json_is_true(json_object_get(row, "br")),
                          .immutable = json_is_true(json_object_get(row, "immutable"))};
    return out->path && out->file && out->type ? 0 : LEC_E_NOMEM;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct asset *)a)->path, ((const struct asset *)b)->path);
}

/* Fills `fresh` from the manifest; `what` says what is wrong. */
static int read_manifest(const json_t *root, struct assets *fresh, const char **what)
{
    const json_t *files = json_object_get(root, "files");
    const char *build = json_string_value(json_object_get(root, "build"));
    const char *page = json_string_value(json_object_get(root, "page"));
    *what = "it needs build, page and files";
    if (!text_ok(build) || strlen(build) >= sizeof fresh->build || build[0] == '\0' || strchr(build, '"') ||
        !file_ok(page) || !json_is_array(files) || json_array_size(files) > ASSETS_MAX)
        return LEC_E_CONFIG;
    snprintf(fresh->build, sizeof fresh->build, "%s", build);
    fresh->at = calloc(json_array_size(files) + 1, sizeof *fresh->at);
    if (!fresh->at)
        return LEC_E_NOMEM;
    *what = "a file needs path, file and type";
    bool have_page = false;
    for (size_t i = 0; i < json_array_size(files); i++) {
        int rc = read_asset(json_array_get(files, i), &fresh->at[fresh->n++]);
        if (rc < 0)
            return rc;
        const struct asset *a = &fresh->at[fresh->n - 1];
        if (!have_page && strcmp(a->file, page) == 0) {
            have_page = true;
            if (read_asset(json_array_get(files, i), &fresh->page) < 0)
                return LEC_E_NOMEM;
        }
    }
    if (!have_page) { /* it need not be among the files */
        fresh->page = (struct asset){.path = strdup("/"),
                                     .file = strdup(page),
                                     .type = strdup("text/html; charset=utf-8"),
                                     .gzip = true,
                                     .br = true};
        if (!fresh->page.path || !fresh->page.file || !fresh->page.type)
            return LEC_E_NOMEM;
    }
    fresh->page.immutable = false;
    qsort(fresh->at, fresh->n, sizeof *fresh->at, by_path);
    return 0;
}

static json_t *load(struct assets *assets, const char **what)
{
    int fd = openat(assets->folder, "manifest.json", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat st;
    json_t *root = NULL;
    *what = "it cannot be read";
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= ASSETS_MANIFEST_MAX) {
        json_error_t mistake;
        root = json_loadfd(fd, JSON_REJECT_DUPLICATES, &mistake);
        *what = "it is not JSON";
    }
    if (fd >= 0)
        close(fd);
    return root;
}

void assets_refresh(struct assets *assets)
{
    struct stat st;
    bool found = false;
    for (int attempt = 0; attempt < 2 && !found; attempt++) {
        if (attempt == 1) { /* a build may have put another folder in its place */
            if (assets->folder >= 0)
                close(assets->folder);
            assets->folder = open(assets->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        }
        found = assets->folder >= 0 && fstatat(assets->folder, "manifest.json", &st, AT_SYMLINK_NOFOLLOW) == 0;
    }
    if (!found) {
        if (!assets->told && assets->n == 0)
            lec_log(LEC_LOG_WARNING, "no pages: there is no manifest.json; build them with npm run build");
        assets->told = true;
        return;
    }
    if (st.st_mtim.tv_sec == assets->changed.tv_sec && st.st_mtim.tv_nsec == assets->changed.tv_nsec)
        return;
    assets->changed = st.st_mtim;
    struct assets fresh = {.path = assets->path, .folder = assets->folder, .changed = st.st_mtim};
    const char *what;
    json_t *root = load(assets, &what);
    if (!root || read_manifest(root, &fresh, &what) < 0) {
        lec_log(LEC_LOG_ERROR, "manifest.json of the pages: %s; it is not used", what);
        forget(&fresh);
    } else {
        forget(assets);
        *assets = fresh;
        lec_log(LEC_LOG_INFO, "pages: build %s, %zu files", assets->build, assets->n);
    }
    json_decref(root);
}

int assets_open(const char *folder, struct assets **out, struct lec_err *err)
{
    struct assets *assets = calloc(1, sizeof *assets);
    if (!assets)
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    assets->path = folder;
    assets->folder = -1;
    assets_refresh(assets);
    *out = assets;
    return 0;
}

void assets_close(struct assets **assets)
{
    if (!*assets)
        return;
    forget(*assets);
    if ((*assets)->folder >= 0)
        close((*assets)->folder);
    free(*assets);
    *assets = NULL;
}

const struct asset *assets_find(const struct assets *assets, const char *path)
{
    struct asset key = {.path = (char *)(uintptr_t)path};
    return assets->n ? bsearch(&key, assets->at, assets->n, sizeof *assets->at, by_path) : NULL;
}

const struct asset *assets_page(const struct assets *assets)
{
    return assets->page.file ? &assets->page : NULL;
}

const char *assets_build(const struct assets *assets)
{
    return assets->build;
}

int assets_file(const struct assets *assets, const struct asset *asset, const char *coding, size_t *size)
{
    char name[256];
    struct stat st;
    int n = snprintf(name, sizeof name, "%s%s%s", asset->file, coding[0] ? "." : "", coding);
    int fd = n > 0 && (size_t)n < sizeof name ? openat(assets->folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        *size = (size_t)st.st_size;
        return fd;
    }
    if (fd >= 0)
        close(fd);
    return -1;
}
