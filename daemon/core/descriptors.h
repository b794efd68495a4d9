/* Descriptors: as many as the daemon may have, of which clients get all but a few.
 *
 * Threads: any. */
#ifndef LECTERN_DESCRIPTORS_H
#define LECTERN_DESCRIPTORS_H

#include <stdint.h>

#define DESCRIPTORS_MAX  8192 /* clients (one each, two with events), devices, files */
#define DESCRIPTORS_KEPT 64   /* of them not for clients: a device connects again, the journal is opened again */

/* Raises the limit to what the system allows, at most DESCRIPTORS_MAX. For the start of the program. */
void descriptors_raise(void);
/* How many clients were sent away because there was no room. */
uint64_t descriptors_refused(void);

#endif
