/* The pages' files, as the build's manifest.json lists them. Nothing that is not listed is ever opened, whatever the path in a request.
 *
 * manifest.json: {"build":"<hash>","page":"index.html","files":[{"path":"/assets/app-1a2b.js","file":"assets/app-1a2b.js",
 * "type":"text/javascript; charset=utf-8","gzip":true,"br":true,"immutable":true}]}; beside a file with "gzip" or "br" lies the same with
 * ".gz" or ".br" behind its name.
 *
 * Threads: the loop's only. */
#ifndef LECTERN_WEB_ASSETS_H
#define LECTERN_WEB_ASSETS_H

#include <stdbool.h>
#include <stddef.h>

#include "lectern/err.h"

#define ASSETS_MAX          1024
#define ASSETS_MANIFEST_MAX (256 * 1024) /* bytes */

struct assets;

struct asset {
    char *path, *file, *type;
    bool gzip, br, immutable;
};

/* Reads the manifest in `folder` (lent until the close). Without one there are no pages: that is logged, and looked for again with the next request. */
int assets_open(const char *folder, struct assets **out, struct lec_err *err);
void assets_close(struct assets **assets);
/* Reads a manifest that is newer than the one in use; a wrong one is logged and not taken. */
void assets_refresh(struct assets *assets);

/* The file for a request's path, or NULL. */
const struct asset *assets_find(const struct assets *assets, const char *path);
/* The page, or NULL when there are none. */
const struct asset *assets_page(const struct assets *assets);
/* Hash of the build; "" when there are no pages. */
const char *assets_build(const struct assets *assets);
/* Opens a file in one of its codings: "", "gz", "br". Returns a descriptor and its size, or -1. */
int assets_file(const struct assets *assets, const struct asset *asset, const char *coding, size_t *size);

#endif
