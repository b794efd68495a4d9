/* Memory that a program needs while it waits, not while it starts.
 *
 * Threads: any. */
#ifndef LECTERN_WEB_MEMORY_H
#define LECTERN_WEB_MEMORY_H

/* Gives back what was needed a moment ago: heap that is free, and the mappings of code and constants (tables that were read once to link
 * libraries, the reading of a certificate). The kernel keeps those in its cache for as long as nobody wants the memory; what is used again is
 * mapped again, some 60 KiB at a time, without reading the disk. Takes less than a millisecond. */
void memory_give_back(void);

#endif
