/* Alarms as people read them. */
#ifndef LECTERN_CLI_ALARM_H
#define LECTERN_CLI_ALARM_H

#include "cli.h"

const char *alarm_severity(const char *severity);
enum style alarm_style(const char *severity);
/* "1 alarm stands, the gravest: error" in `buf`; "" when none does. Shelved ones do not count. */
const char *alarm_summary(const json_t *alarms, char *buf, size_t size);
/* One alarm in one line, with a newline: for watch and journal. */
void alarm_print(const json_t *alarm);
/* What an entry of the journal says of an alarm. */
void alarm_print_entry(const char *name, const json_t *data);

#endif
