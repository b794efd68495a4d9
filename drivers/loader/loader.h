/* Finding and loading driver modules. A module is loaded once and stays until lec_drivers_free.
 *
 * Threads: one thread builds and frees the set; loaded drivers are const and may be used from any. */
#ifndef LECTERN_LOADER_H
#define LECTERN_LOADER_H

#include "lectern/driver.h"

struct lec_drivers;

/* An empty set that looks for modules in `folder` (kept). NULL for lack of memory. */
struct lec_drivers *lec_drivers_new(const char *folder);
void lec_drivers_free(struct lec_drivers **set);

/* The driver of that name, loaded now if it was not. NULL with a sentence when there is no such module, it cannot be
 * loaded, it was built for another ABI, or what it says of itself is wrong (name unlike the file's, a NULL summary,
 * neither poll nor input, no room for its state). The driver is lent until lec_drivers_free. */
const struct lec_driver *lec_drivers_get(struct lec_drivers *set, const char *name, struct lec_err *err);

/* The names of all modules in the folder, sorted, NULL-terminated; free with lec_drivers_names_free. NULL for lack of
 * memory or when the folder cannot be read. */
char **lec_drivers_names(const struct lec_drivers *set);
void lec_drivers_names_free(char **names);

/* For config: the schema of a driver by name; `set` is a struct lec_drivers. NULL as lec_drivers_get. */
const struct lec_schema *lec_drivers_schema(void *set, const char *name, struct lec_err *err);

#endif
