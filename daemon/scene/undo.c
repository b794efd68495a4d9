/* Taking a run back: one step for each point that it touched and that nobody has taken since, in the reverse of the
 * run's order, because what was set last may need what was set first (a projector's input can be put back only
 * while it is on). That order is only an order: a step that fails does not hold up those behind it. */
#include "scene/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lectern/member.h"
#include "lectern/parse.h"

/* The steps in an order in which they could have run. */
static void topological(const struct lec_scene_run *run, const uint64_t reach[], size_t order[])
{
    uint64_t placed = 0;
    for (size_t n = 0; n < run->n_steps; n++) {
        for (size_t i = 0; i < run->n_steps; i++) {
            if (!(placed & (UINT64_C(1) << i)) && (reach[i] & ~placed) == 0) {
                order[n] = i;
                placed |= UINT64_C(1) << i;
                break;
            }
        }
    }
}

static void put_kept(struct lec_buf *kept, const struct lec_scene_run_step *step, const char *reason)
{
    lec_json_next(kept);
    lec_buf_putc(kept, '{');
    lec_member_str(kept, "step", step->name);
    lec_member_str(kept, "target", step->target);
    lec_member_str(kept, "reason", reason);
    lec_buf_putc(kept, '}');
}

/* Whether the point may be put back, from the first and the last step of the run that touched it; else why not. */
static bool may_restore(const struct lec_scenes *s, const struct lec_scene_run_step *first,
                        const struct lec_scene_run_step *last, struct lec_value *before, struct lec_err *why)
{
    char text[LEC_TEXT_MAX + 1];
    struct lec_value now;
    const struct lec_point *point = first->point;
    if (first->is_action)
        return lec_fail(why, 0, "an action cannot be undone"), false;
    if (!point)
        return lec_fail(why, 0, "the room no longer has it"), false;
    if (!point->undo)
        return lec_fail(why, 0, "%s is never undone", point->name), false;
    if (last->taken || last->verdict == LEC_V_OVERRIDDEN)
        return lec_fail(why, 0, "somebody else has set it since"), false;
    if (!first->before_known && !first->guess_known)
        return lec_fail(why, 0, "what it was before is not known"), false;
    *before = first->before_known ? first->before : first->guess;
    if (lec_point_check(point, before, NULL) < 0)
        return lec_fail(why, 0, "it was %s, which cannot be set", lec_value_print(before, text, sizeof text)), false;
    if (lec_verdict_success(last->verdict) && s->host.last(s->host.ctx, point, &now) == LEC_GOOD &&
        !lec_value_meets(&now, &last->left, point->tolerance) && !lec_value_meets(&now, &last->value, point->tolerance))
        return lec_fail(why, 0, "it has been changed to %s since", lec_value_print(&now, text, sizeof text)), false;
    return true;
}

/* Fills the run that takes `old` back; returns how many steps it has. */
static size_t fill(const struct lec_scenes *s, const struct lec_scene_run *old, struct lec_scene_run *run,
                   struct lec_buf *kept)
{
    uint64_t reach[LEC_STEPS_MAX] = {0}, mine[LEC_STEPS_MAX];
    size_t order[LEC_STEPS_MAX] = {0};
    lec_scene_run_reach(old, reach);
    topological(old, reach, order);
    size_t n = 0;
    uint64_t seen = 0;
    for (size_t o = 0; o < old->n_steps; o++) {
        const struct lec_scene_run_step *first = &old->steps[order[o]], *last = first;
        if (!first->sent || (seen & (UINT64_C(1) << order[o])))
            continue;
        uint64_t all = UINT64_C(1) << order[o];
        for (size_t p = o + 1; p < old->n_steps; p++) {
            const struct lec_scene_run_step *other = &old->steps[order[p]];
            if (other->sent && !first->is_action && strcmp(other->target, first->target) == 0) {
                all |= UINT64_C(1) << order[p];
                last = other;
            }
        }
        seen |= all;
        struct lec_value before;
        struct lec_err why;
        if (!may_restore(s, first, last, &before, &why)) {
            put_kept(kept, first, why.text);
            continue;
        }
        struct lec_scene_run_step *step = &run->steps[n];
        snprintf(step->name, sizeof step->name, "%s", first->name);
        snprintf(step->target, sizeof step->target, "%s", first->target);
        step->device = first->device;
        step->point = first->point;
        step->value = before;
        step->timeout_ns = first->timeout_ns;
        step->retry = first->retry;
        step->optional = first->optional;
        mine[n] = all;
        /* Those restored later in the run come first here, if any step of theirs was behind one of ours. Only edges
         * against the old order are drawn, so that there is no circle. */
        for (size_t k = 0; k < n; k++)
            for (size_t i = 0; i < old->n_steps; i++)
                if ((all & (UINT64_C(1) << i)) && (reach[i] & mine[k]))
                    run->steps[k].after |= UINT64_C(1) << n;
        n++;
    }
    return n;
}

static const struct lec_scene_run *last_ended(const struct lec_scenes *s)
{
    const struct lec_scene_run *last = NULL;
    for (size_t i = 0; i < s->n_runs; i++)
        if (s->runs[i]->ended && (!last || lec_scene_run_ended_before(last, s->runs[i])))
            last = s->runs[i];
    return last;
}

static int64_t ended_ago(const struct lec_scene_run *run)
{
    if (run->ended_no > 0)
        return lec_now() - run->ended_at;
    int64_t us = lec_wall_us() - run->ended_us;
    return us > LEC_UNDO_NS / 1000 ? LEC_UNDO_NS + 1 : us * 1000;
}

static int choose(const struct lec_scenes *s, const char *id, const struct lec_scene_run **out, struct lec_err *err)
{
    bool any = !id || !*id;
    const struct lec_scene_run *old = any ? last_ended(s) : lec_runs_find(s, id);
    if (!old && any)
        return lec_fail(err, LEC_E_CONFIG, "no scene has ended that could be undone");
    if (!old)
        return lec_fail(err, LEC_E_CONFIG, "no run \"%s\" (the last %d are remembered)", id, LEC_RUNS_MAX);
    if (!old->ended)
        return lec_fail(err, LEC_E_CONFIG, "run %s of %s is still under way; cancel it first", old->id, old->scene);
    if (ended_ago(old) > LEC_UNDO_NS) {
        char text[32];
        lec_print_duration(LEC_UNDO_NS, text, sizeof text);
        return lec_fail(err, LEC_E_CONFIG, "run %s of %s ended more than %s ago", old->id, old->scene, text);
    }
    *out = old;
    return 0;
}

int lec_scenes_undo(struct lec_scenes *s, const char *id, const char *principal, struct lec_buf *json,
                    struct lec_err *err)
{
    const struct lec_scene_run *old = NULL;
    int rc = lec_scenes_check_open(s, err);
    if (rc == 0)
        rc = choose(s, id, &old, err);
    if (rc < 0 || !old)
        return rc;
    struct lec_scene_run *run = lec_scene_run_new(old->n_steps);
    if (!run)
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    snprintf(run->scene, sizeof run->scene, "undo");
    snprintf(run->undoes, sizeof run->undoes, "%s", old->id);
    run->deadline_ns = old->deadline_ns;
    struct lec_buf kept;
    lec_buf_init(&kept, LEC_RUN_TEXT_MAX);
    lec_buf_putc(&kept, '[');
    run->n_steps = fill(s, old, run, &kept);
    lec_buf_putc(&kept, ']');
    if (run->n_steps == 0) {
        rc = lec_fail(err, LEC_E_CONFIG, "run %s of %s left nothing that could be restored", old->id, old->scene);
    } else if (!lec_runs_make_room(s)) {
        rc = lec_fail(err, LEC_E_NOMEM, "%d scenes are under way already; cancel one or wait", LEC_RUNS_MAX);
    } else {
        struct lec_scene_run *launched = run;
        run = NULL;
        lec_scene_run_launch(s, launched, principal);
        lec_buf_putc(json, '{');
        lec_scene_run_json(launched, false, json);
        lec_json_key(json, "kept");
        lec_buf_put(json, kept.data, kept.len);
        lec_buf_putc(json, '}');
        if (json->failed || kept.failed)
            rc = lec_fail(err, LEC_E_NOMEM, "the answer does not fit");
    }
    lec_scene_run_free(&run);
    lec_buf_done(&kept);
    return rc;
}
