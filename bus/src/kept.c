/* What a view keeps besides devices and the runs of scenes: alarms that stand, recordings of experiments, the timetable. */
#include "internal.h"

#include <string.h>

void lec_kept_clear(struct picture *p)
{
    json_decref(p->alarms);
    json_decref(p->timetable);
    p->alarms = p->timetable = NULL;
    for (size_t i = 0; i < p->n_recordings; i++)
        json_decref(p->recordings[i].json);
    p->n_recordings = 0;
}

int lec_kept_check(const json_t *snapshot)
{
    const json_t *alarms = json_object_get(snapshot, "alarms");
    const json_t *recordings = json_object_get(snapshot, "recordings");
    const json_t *timetable = json_object_get(snapshot, "timetable");
    if ((alarms && !json_is_array(alarms)) || (recordings && !json_is_array(recordings)) ||
        (timetable && !json_is_object(timetable) && !json_is_null(timetable)))
        return LEC_E_FRAME;
    for (size_t i = 0; i < json_array_size(alarms); i++)
        if (lec_text_of(json_array_get(alarms, i), "alarm")[0] == '\0')
            return LEC_E_FRAME;
    if (json_array_size(alarms) > LEC_VIEW_ALARMS || json_array_size(recordings) > LEC_VIEW_RECORDINGS - LEC_VIEW_ENDED)
        return LEC_E_NOMEM;
    return 0;
}

void lec_kept_snapshot(struct picture *p, const json_t *snapshot, bool recordings)
{
    const json_t *under_way = json_object_get(snapshot, "recordings");
    json_t *timetable = json_object_get(snapshot, "timetable");
    json_decref(p->alarms);
    p->alarms = json_copy(json_object_get(snapshot, "alarms"));
    lec_kept_timetable(p, json_is_object(timetable) ? timetable : NULL);
    for (size_t i = 0; recordings && i < p->n_recordings; i++)
        p->recordings[i].doubt = !lec_recording_ended(p->recordings[i].json);
    for (size_t i = 0; recordings && i < json_array_size(under_way); i++)
        lec_kept_recording(p, json_array_get(under_way, i));
}

/* ---- Alarms ---- */

/* Its place in the list, or the list's size. */
static size_t find_alarm(const struct picture *p, const char *name)
{
    size_t i = 0;
    while (i < json_array_size(p->alarms) && strcmp(lec_text_of(json_array_get(p->alarms, i), "alarm"), name) != 0)
        i++;
    return i;
}

/* One that was shelved without standing has no state. */
static bool stands(const json_t *alarm)
{
    const char *state = lec_text_of(alarm, "state");
    return strcmp(state, "raised") == 0 || strcmp(state, "acknowledged") == 0;
}

int lec_kept_alarm(struct picture *p, json_t *alarm)
{
    const char *name = lec_text_of(alarm, "alarm");
    if (name[0] == '\0')
        return LEC_E_FRAME;
    size_t at = find_alarm(p, name);
    if (!stands(alarm)) {
        json_array_remove(p->alarms, at);
        return 0;
    }
    if (at < json_array_size(p->alarms))
        return json_array_set(p->alarms, at, alarm) < 0 ? LEC_E_NOMEM : 0;
    if (at >= LEC_VIEW_ALARMS || (!p->alarms && !(p->alarms = json_array())))
        return LEC_E_NOMEM;
    return json_array_append(p->alarms, alarm) < 0 ? LEC_E_NOMEM : 0;
}

/* ---- The timetable ---- */

void lec_kept_timetable(struct picture *p, json_t *timetable)
{
    json_incref(timetable);
    json_decref(p->timetable);
    p->timetable = timetable;
}

/* ---- Recordings ---- */

bool lec_recording_ended(const json_t *recording)
{
    static const char *const under_way[] = {"armed", "recording", "pause"};
    for (size_t i = 0; i < ARRAY_LEN(under_way); i++)
        if (strcmp(lec_text_of(recording, "state"), under_way[i]) == 0)
            return false;
    return true;
}

static void drop(struct picture *p, size_t at)
{
    json_decref(p->recordings[at].json);
    memmove(&p->recordings[at], &p->recordings[at + 1], (p->n_recordings - at - 1) * sizeof *p->recordings);
    p->n_recordings--;
}

/* Ended ones beyond LEC_VIEW_ENDED go, the oldest first; and one more when every place is taken. */
static void make_room(struct picture *p)
{
    size_t ended = 0, oldest = 0;
    for (size_t i = p->n_recordings; i-- > 0;) {
        if (!lec_recording_ended(p->recordings[i].json))
            continue;
        ended++;
        oldest = i;
    }
    if (ended > LEC_VIEW_ENDED || p->n_recordings == LEC_VIEW_RECORDINGS)
        drop(p, oldest);
}

json_t *lec_kept_recording(struct picture *p, const json_t *recording)
{
    const char *id = lec_text_of(recording, "run");
    if (id[0] == '\0' || lec_text_of(recording, "state")[0] == '\0' || lec_text_of(recording, "experiment")[0] == '\0')
        return NULL;
    json_t *copy = json_deep_copy(recording);
    if (!copy)
        return NULL;
    json_object_del(copy, "mark"); /* of one event */
    size_t i = 0;
    while (i < p->n_recordings && strcmp(lec_text_of(p->recordings[i].json, "run"), id) != 0)
        i++;
    if (i < p->n_recordings) {
        json_decref(p->recordings[i].json);
    } else {
        make_room(p);
        i = p->n_recordings++;
    }
    p->recordings[i] = (struct seen_run){.json = copy};
    return copy;
}
