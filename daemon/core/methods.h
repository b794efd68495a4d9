/* What the methods of the bus do; docs/protocol.md, section 2.2, says what each takes and gives.
 * Threads: the core's. */
#ifndef LECTERN_METHODS_H
#define LECTERN_METHODS_H

#include "core/core.h"

/* methods_point.c */
void point_read(struct core *core, struct request *r);
void point_write(struct core *core, struct request *r);
void action_invoke(struct core *core, struct request *r);
/* methods_scene.c */
void scene_list(struct core *core, struct request *r);
void scene_plan(struct core *core, struct request *r);
void scene_start(struct core *core, struct request *r);
void scene_cancel(struct core *core, struct request *r);
void scene_undo(struct core *core, struct request *r);
void scene_capture(struct core *core, struct request *r);
void scene_run(struct core *core, struct request *r);
/* starting.c, methods_experiment.c */
void experiment_start(struct core *core, struct request *r);
void experiment_stop(struct core *core, struct request *r);
void experiment_mark(struct core *core, struct request *r);
void experiment_sample(struct core *core, struct request *r);
void experiment_list(struct core *core, struct request *r);
void experiment_create(struct core *core, struct request *r);
void experiment_delete(struct core *core, struct request *r);
/* The experiment of that name, or NULL after answering. */
const struct lec_experiment *experiment_named(struct core *core, struct request *r, const char *name);
/* methods_run.c, lab.c */
void run_list(struct core *core, struct request *r);
void run_show(struct core *core, struct request *r);
void run_read(struct core *core, struct request *r);
void run_delete(struct core *core, struct request *r);
void run_fetch(struct core *core, struct request *r);
void run_export(struct core *core, struct request *r);
void run_analyze(struct core *core, struct request *r);
/* The parameter "run", or NULL after answering. The others are false after answering: seconds of run time, names of
 * channels, a bool (false if left out). */
const char *param_run(struct core *core, struct request *r);
bool param_seconds(struct core *core, struct request *r, const char *name, bool *given, double *out);
struct lec_record_query;
bool param_channels(struct core *core, struct request *r, struct lec_record_query *q);
bool param_flag(struct core *core, struct request *r, const char *name, bool *out);
/* calibrate.c */
void point_calibrate(struct core *core, struct request *r);
/* methods_alarm.c */
void alarm_ack(struct core *core, struct request *r);
void alarm_list(struct core *core, struct request *r);
void alarm_shelve(struct core *core, struct request *r);
void alarm_unshelve(struct core *core, struct request *r);
/* methods_people.c */
void login_note(struct core *core, struct request *r);
void simulator_note(struct core *core, struct request *r);
void help_call(struct core *core, struct request *r);
/* methods_timetable.c */
void timetable_extend(struct core *core, struct request *r);
void timetable_show(struct core *core, struct request *r);
void timetable_skip(struct core *core, struct request *r);
/* search.c */
void driver_search(struct core *core, struct request *r);

#endif
