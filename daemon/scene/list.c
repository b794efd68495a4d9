/* What scenes there are, for scene.list. */
#include "scene/internal.h"

#include <string.h>

#include "lectern/member.h"

/* How long the scene usually takes when nothing holds yet: the critical path; 0: not known for every step. A step
 * that has always held already (the source that a projector remembers) is no reason not to know the rest. */
static int64_t usual_of(struct lec_scenes *s, const struct lec_scene_run *run)
{
    uint64_t after[LEC_STEPS_MAX];
    int64_t delay[LEC_STEPS_MAX], takes[LEC_STEPS_MAX];
    for (size_t i = 0; i < run->n_steps; i++) {
        const struct lec_scene_run_step *step = &run->steps[i];
        after[i] = step->after;
        delay[i] = step->delay_ns;
        takes[i] = lec_usual(s, step->target, step->point, &step->value);
        if (takes[i] <= 0 && !lec_usual_held_before(s, step->target, &step->value))
            return 0;
    }
    return lec_usual_path(run->n_steps, after, delay, takes);
}

static void put_label(const struct lec_scene *scene, struct lec_buf *json)
{
    lec_json_key(json, "label");
    lec_buf_putc(json, '{');
    lec_member_str_if_any(json, "vi", scene->label);
    lec_member_str_if_any(json, "en", scene->label_en);
    lec_buf_putc(json, '}');
}

void lec_scenes_list_json(struct lec_scenes *s, struct lec_buf *json)
{
    lec_buf_putc(json, '[');
    for (size_t i = 0; i < s->room->n_scenes; i++) {
        const struct lec_scene *scene = &s->room->scenes[i];
        const struct lec_scene_run *under_way = lec_scene_run_under_way(s, scene->name);
        lec_json_next(json);
        lec_buf_putc(json, '{');
        lec_member_str(json, "name", scene->name);
        put_label(scene, json);
        lec_member_int(json, "steps", (int64_t)scene->n_steps);
        struct lec_scene_run *graph = lec_scene_run_of_scene(scene);
        int64_t usual = graph ? usual_of(s, graph) : 0;
        lec_scene_run_free(&graph);
        if (usual > 0)
            lec_member_int(json, "usual_ms", usual / LEC_MS);
        if (under_way)
            lec_member_str(json, "run", under_way->id);
        lec_member_bool(json, "captured", strcmp(scene->file, s->room->file) != 0);
        lec_buf_putc(json, '}');
    }
    lec_buf_putc(json, ']');
}
