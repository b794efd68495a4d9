/* What a view asks the room for until it is current: the snapshot, how runs ended that are in none, the journal entries it missed. */
#include "view.h"

#include <string.h>

#include "lectern/parse.h"

#define SNAPSHOT_MS  3000
#define JOURNAL_PAGE 1000

bool lec_event_in_snapshot(enum event_kind kind)
{
    return kind == EVENT_STATE || kind == EVENT_SCENE || kind == EVENT_ALARM || kind == EVENT_TIMETABLE;
}

static void sync_next(struct lec_view *v);

static void ask(struct lec_view *v, const char *method, json_t *params, lec_bus_answered *answered, enum phase phase)
{
    struct lec_err err;
    if (lec_bus_send(v->bus, method, params, SNAPSHOT_MS, answered, v, &v->call, &err) < 0)
        lec_view_lose(v, err.text);
    else
        v->phase = phase;
}

static void got_journal(void *arg, int rc, json_t *result, json_t *error, const struct lec_err *err)
{
    struct lec_view *v = arg;
    (void)error;
    v->call = 0;
    const json_t *entries = json_object_get(result, "entries");
    const json_t *last = json_object_get(result, "last");
    const json_t *first = json_object_get(result, "first");
    if (rc < 0 || !json_is_array(entries) || !json_is_integer(last)) {
        v->stats.garbage += rc == 0;
        lec_view_lose(v, rc < 0 ? err->text : "the answer to journal.read is not one");
        return;
    }
    if (v->journal < 0) {
        v->journal = json_integer_value(last);
        v->journal_behind = false;
        sync_next(v);
        return;
    }
    if (json_is_integer(first) && json_integer_value(first) > v->journal + 1 && json_array_size(entries) > 0 &&
        v->journal > 0)
        lec_view_tell_gap(v, EVENT_JOURNAL);
    for (size_t i = 0; i < json_array_size(entries); i++) {
        json_t *entry = json_array_get(entries, i);
        json_int_t number = json_integer_value(json_object_get(entry, "journal"));
        if (number <= v->journal)
            continue;
        v->journal = number;
        v->stats.events++;
        lec_view_tell(v, (struct lec_change){.kind = LEC_CHANGE_JOURNAL,
                                             .name = json_string_value(json_object_get(entry, "kind")),
                                             .body = entry});
    }
    /* An empty page ends it too, whatever `last` says, or a wrong room would be asked for ever. */
    v->journal_behind = json_array_size(entries) > 0 && v->journal < json_integer_value(last);
    sync_next(v);
}

void lec_view_ask_journal(struct lec_view *v)
{
    json_t *params = v->journal < 0 ? json_pack("{s:b, s:i}", "newest", 1, "limit", 1)
                                    : json_pack("{s:I, s:i}", "after", (json_int_t)v->journal, "limit", JOURNAL_PAGE);
    ask(v, "journal.read", params, got_journal, PHASE_JOURNAL);
}

/* The run that was asked for; NULL when nobody answered, and the view is lost. An error is an answer: see below. */
static struct seen_run *answered(struct lec_view *v, struct seen_run *runs, int rc, const json_t *error,
                                 const struct lec_err *err)
{
    v->call = 0;
    if (rc < 0 && !error) {
        lec_view_lose(v, err->text);
        return NULL;
    }
    return &runs[v->asked_run];
}

static void tell_of(struct lec_view *v, struct seen_run *run, enum lec_change_kind kind, const char *name)
{
    /* A room that does not know the run any more has lost it: nobody will ever say how it ended. */
    if (run->doubt)
        lec_picture_run_lost(run);
    lec_view_tell(v, (struct lec_change){
                         .kind = kind, .name = json_string_value(json_object_get(run->json, name)), .body = run->json});
    sync_next(v);
}

static void got_run(void *arg, int rc, json_t *result, json_t *error, const struct lec_err *err)
{
    struct lec_view *v = arg;
    struct seen_run *run = answered(v, v->picture.runs, rc, error, err);
    if (!run)
        return;
    if (rc == 0)
        lec_picture_run(&v->picture, result);
    tell_of(v, run, LEC_CHANGE_RUN, "scene");
}

/* What run.show says of a recording besides what its events say is not kept. */
static json_t *slim(const json_t *shown)
{
    static const char *const more[] = {"documents", "metadata", "definition"};
    json_t *run = json_copy((json_t *)(uintptr_t)shown);
    const json_t *marks = json_object_get(shown, "marks");
    for (size_t i = 0; i < ARRAY_LEN(more); i++)
        json_object_del(run, more[i]);
    if (json_is_array(marks))
        json_object_set_new(run, "marks", json_integer((json_int_t)json_array_size(marks)));
    return run;
}

static void got_recording(void *arg, int rc, json_t *result, json_t *error, const struct lec_err *err)
{
    struct lec_view *v = arg;
    struct seen_run *run = answered(v, v->picture.recordings, rc, error, err);
    if (!run)
        return;
    if (rc == 0 && json_equal(json_object_get(result, "run"), json_object_get(run->json, "run"))) {
        json_t *now = slim(result);
        lec_kept_recording(&v->picture, now);
        json_decref(now);
    }
    tell_of(v, run, LEC_CHANGE_RECORDING, "experiment");
}

static bool ask_recording(struct lec_view *v)
{
    for (size_t i = 0; i < v->picture.n_recordings; i++) {
        if (!v->picture.recordings[i].doubt)
            continue;
        v->asked_run = i;
        ask(v, "run.show", json_pack("{s:O}", "run", json_object_get(v->picture.recordings[i].json, "run")),
            got_recording, PHASE_RUN);
        return true;
    }
    return false;
}

/* A run that was under way and is not in the snapshot: asks how it ended. Returns whether there was one. */
static bool ask_run(struct lec_view *v)
{
    for (size_t i = 0; i < v->picture.n_runs; i++) {
        if (!v->picture.runs[i].doubt)
            continue;
        v->asked_run = i;
        ask(v, "scene.run", json_pack("{s:O}", "run", json_object_get(v->picture.runs[i].json, "run")), got_run,
            PHASE_RUN);
        return true;
    }
    return false;
}

static void got_snapshot(void *arg, int rc, json_t *result, json_t *error, const struct lec_err *err)
{
    struct lec_view *v = arg;
    (void)error;
    v->call = 0;
    const char *boot = json_string_value(json_object_get(result, "boot"));
    const json_t *seq = json_object_get(result, "seq");
    if (rc == 0 && (!boot || strlen(boot) >= sizeof v->boot || !json_is_integer(seq)))
        rc = LEC_E_FRAME;
    else if (rc == 0)
        rc = lec_picture_snapshot(&v->picture, result, (v->options.follow & LEC_FOLLOW_RUN) != 0, lec_now());
    if (rc < 0) {
        v->stats.garbage += rc == LEC_E_FRAME;
        v->wanted = true;
        lec_view_lose(v, result ? "the answer to state.snapshot is not one, or more than a view can hold" : err->text);
        return;
    }
    lec_copy_utf8(v->boot, sizeof v->boot, boot, strlen(boot));
    v->snapshot_seq = json_integer_value(seq);
    for (int k = 0; k < EVENT_KINDS; k++)
        if (lec_event_in_snapshot((enum event_kind)k))
            v->seen[k] = v->snapshot_seq;
    v->stats.snapshots++;
    v->fresh = true;
    sync_next(v);
}

void lec_view_ask_snapshot(struct lec_view *v)
{
    v->wanted = false;
    v->snapshot_at = lec_now();
    ask(v, "state.snapshot", NULL, got_snapshot, PHASE_SNAPSHOT);
}

/* The snapshot is applied: whatever else was missed, then live. */
static void sync_next(struct lec_view *v)
{
    if (ask_run(v) || ask_recording(v))
        return;
    if (v->journal_behind) {
        lec_view_ask_journal(v);
        return;
    }
    v->phase = PHASE_LIVE;
    v->heard_at = lec_now();
    v->reason[0] = '\0';
    v->told_lost = false;
    if (v->fresh)
        lec_view_tell(v, (struct lec_change){.kind = LEC_CHANGE_LIVE});
    v->fresh = false;
}
