/* Where the files of an installation lie, seen from the running program: beside bin/, so that a build folder works
 * like an installed prefix. Threads: any. */
#ifndef LECTERN_PATHS_H
#define LECTERN_PATHS_H

#include <stddef.h>

#include "lectern/err.h"

/* <prefix>/share/lectern/profiles, or $LECTERN_PROFILES. Returns 0, or LEC_E_CONFIG when there is no such folder
 * (the sentence names it and the variable). */
int lec_path_profiles(char *buf, size_t size, struct lec_err *err);
/* <prefix>/lib/lectern/drivers (or lib/<multiarch>), or $LECTERN_DRIVERS. Likewise. */
int lec_path_drivers(char *buf, size_t size, struct lec_err *err);
/* <prefix>/share/lectern/web, or $LECTERN_PAGES: the built pages. Likewise. */
int lec_path_pages(char *buf, size_t size, struct lec_err *err);
/* The folder for sockets: $LECTERN_RUN, else /run/lectern where there is one (made by the installed units; clients may
 * look into it and not write), else $XDG_RUNTIME_DIR/lectern, else /tmp/lectern-<uid>. A room's sockets are
 * <run>/<room>/command and <run>/<room>/event. Returns 0 or LEC_E_CONFIG. */
int lec_path_run(char *buf, size_t size, struct lec_err *err);

#endif
