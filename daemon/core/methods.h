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
/* search.c */
void driver_search(struct core *core, struct request *r);

#endif
