/* An exported file on its way to a browser: fetched from the room piece by piece, as fast as the browser takes it.
 *
 * Threads: the loop's only. */
#ifndef LECTERN_WEB_DOWNLOAD_H
#define LECTERN_WEB_DOWNLOAD_H

#include <stdbool.h>
#include <stddef.h>

struct exchange;
struct download;

/* Begins the answer when the path is /r/<room>/file/<file>; else returns false. */
bool download_begin(struct exchange *x, const char *path);
/* Moves at most `size` bytes of the piece at hand to `out`. Returns how many (0: the next piece is not here yet, unless *last), or -1:
 * the room failed. */
int download_take(struct download *d, char *out, size_t size, bool *last);
/* Accepts NULL; sets it NULL. */
void download_free(struct download **download);

#endif
