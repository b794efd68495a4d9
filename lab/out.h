/* The file of an export: written as <name>.part, on the disk and under its own name only when all of it is there. So who
 * finds the file finds a whole one, and a killed lectern-lab leaves nothing but a .part that the next one writes over.
 *
 * Threads: belongs to its caller. */
#ifndef LAB_OUT_H
#define LAB_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lectern/err.h"

#define LAB_PATH_MAX 4096

struct lab_out {
    char path[LAB_PATH_MAX], part[LAB_PATH_MAX];
    int fd; /* -1: somebody else writes `part` */
    char *data;
    size_t len, size;
    int failed; /* the errno of the first write that failed */
};

/* LEC_E_RANGE: the path is too long; LEC_E_CONFIG: it cannot be written; LEC_E_NOMEM. */
int lab_out_open(struct lab_out *o, const char *path, struct lec_err *err);
/* The same for a library that opens the file by its name: an empty one is there. */
int lab_out_begin(struct lab_out *o, const char *path, struct lec_err *err);
/* Room for n more bytes (at most 64 KiB), to be written by hand at what it returns, then lab_out_used. */
char *lab_out_room(struct lab_out *o, size_t n);
void lab_out_used(struct lab_out *o, size_t n);
void lab_out_put(struct lab_out *o, const void *data, size_t n);
void lab_out_puts(struct lab_out *o, const char *text);
/* Writes what is left, waits until it is on the disk, gives the file its name, and tells its size. LEC_E_BUSY: the disk is
 * full; LEC_E_LINK: it failed. In every case the struct is done with. */
int lab_out_finish(struct lab_out *o, uint64_t *bytes, struct lec_err *err);
/* Gives it up: no file remains. Harmless after lab_out_finish. */
void lab_out_drop(struct lab_out *o);

#endif
