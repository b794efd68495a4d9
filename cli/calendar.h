/* Checking calendars, which lectern-calendar does. Blocks until it has answered, a minute at most.
 *
 * Threads: one. */
#ifndef LECTERN_CLI_CALENDAR_H
#define LECTERN_CLI_CALENDAR_H

#include <jansson.h>

#include "lectern/model.h"

/* Adds the mistakes of the calendars that the room's [timetable] names. */
void calendar_check_room(const struct lec_room *room, struct lec_report *report);
/* The same with one file, whose scenes are not known; calendar_is_one says whether it is called like one. */
void calendar_check_file(char *file, struct lec_report *report);
bool calendar_is_one(const char *file);

#endif
