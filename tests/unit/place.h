/* Where a test keeps its files: the folder in TMPDIR, which tests/run sets to one in memory, so that no test waits for a disk. */
#ifndef LECTERN_TESTS_PLACE_H
#define LECTERN_TESTS_PLACE_H

#include <stdlib.h>
#include <string.h>

static inline const char *test_place(void)
{
    const char *place = getenv("TMPDIR");
    return place && *place && strlen(place) < 32 ? place
                                                 : "/tmp"; /* sockets lie there too, and their paths are short */
}

#endif
