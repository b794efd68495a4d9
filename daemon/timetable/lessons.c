#include "timetable/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lectern/member.h"
#include "lectern/parse.h"

#define KEY_MAX  300
#define PRUNE_NS (3600 * LEC_SEC)      /* how often old records are looked for */
#define CALM_NS  (24 * 3600 * LEC_SEC) /* not so long after the clock was seen to step: it may be wrong now */
#define STEP_US  INT64_C(5000000)
#define UID_MAX  220

static const char prefix[] = "timetable/";

const char *lessons_clock(int64_t us, char buf[8])
{
    time_t s = (time_t)(us / 1000000);
    struct tm tm;
    if (!localtime_r(&s, &tm) || strftime(buf, 8, "%H:%M", &tm) == 0)
        buf[0] = '\0';
    return buf;
}

int64_t lessons_day_us(int64_t at_us, int days)
{
    time_t s = (time_t)(at_us / 1000000);
    struct tm tm;
    if (!localtime_r(&s, &tm))
        return at_us;
    tm.tm_mday += days;
    tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
    tm.tm_isdst = -1;
    return (int64_t)mktime(&tm) * 1000000;
}

/* ---- What was done ------------------------------------------------------------------------------------------- */

static void key_of(const struct record *r, char key[KEY_MAX])
{
    snprintf(key, KEY_MAX, "%s%" PRId64 "/%s", prefix, r->start_us, r->uid);
}

static void keep(struct lessons *l, const struct record *r)
{
    char key[KEY_MAX], kept[WHY_KEPT], value[WHY_KEPT + 8];
    key_of(r, key);
    snprintf(value, sizeof value, "%c%c %s", r->start, r->end, why_print(&r->why, kept));
    l->host.keep(l->host.ctx, key, value);
}

static struct record *find_record(const struct lessons *l, const char *uid, int64_t start_us)
{
    for (size_t i = 0; i < l->n_records; i++)
        if (l->records[i]->start_us == start_us && strcmp(l->records[i]->uid, uid) == 0)
            return l->records[i];
    return NULL;
}

static void forget(struct lessons *l, size_t at)
{
    char key[KEY_MAX];
    key_of(l->records[at], key);
    l->host.keep(l->host.ctx, key, NULL);
    free(l->records[at]);
    l->records[at] = l->records[--l->n_records];
}

/* The oldest that no period of now has. */
static void make_room(struct lessons *l)
{
    size_t oldest = SIZE_MAX;
    for (size_t i = 0; i < l->n_records; i++)
        if (!l->records[i]->known && (oldest == SIZE_MAX || l->records[i]->start_us < l->records[oldest]->start_us))
            oldest = i;
    if (l->n_records >= LESSONS_RECORDS && oldest != SIZE_MAX)
        forget(l, oldest);
}

static struct record *add_record(struct lessons *l, const char *uid, int64_t start_us)
{
    make_room(l);
    if (!l->records)
        l->records = calloc(LESSONS_RECORDS, sizeof(struct record *));
    size_t n = strnlen(uid, UID_MAX);
    struct record *r = l->records && l->n_records < LESSONS_RECORDS ? calloc(1, sizeof *r + n + 1) : NULL;
    if (!r)
        return NULL;
    r->start_us = start_us;
    r->start = r->end = EDGE_OPEN;
    memcpy(r->uid, uid, n);
    l->records[l->n_records++] = r;
    return r;
}

static bool is_edge(char c)
{
    return c != '\0' && strchr(".bcmxshp", c) != NULL;
}

static void restore_record(struct lessons *l, const char *rest, const char *value)
{
    char digits[24];
    const char *slash = strchr(rest, '/');
    int64_t start_us;
    if (!slash || !lec_copy_utf8(digits, sizeof digits, rest, (size_t)(slash - rest)) ||
        lec_parse_int(digits, 0, INT64_MAX, &start_us) < 0 || strlen(slash + 1) > UID_MAX ||
        find_record(l, slash + 1, start_us) || !is_edge(value[0]) || !is_edge(value[1]) || value[2] != ' ')
        return;
    struct record *r = add_record(l, slash + 1, start_us);
    if (!r)
        return;
    r->start = (enum edge)value[0];
    r->end = (enum edge)value[1];
    why_parse(&r->why, value + 3);
}

void lessons_restore(struct lessons *l, const char *key, const char *value)
{
    if (strncmp(key, prefix, sizeof prefix - 1) != 0)
        return;
    const char *rest = key + sizeof prefix - 1;
    if (strncmp(rest, "closing/", 8) == 0)
        closing_restore(l, rest + 8, value);
    else if (strcmp(rest, "since") == 0)
        (void)lec_parse_int(value, 1, INT64_MAX, &l->since_us);
    else
        restore_record(l, rest, value);
}

/* What is older than LESSONS_KEPT_US. A clock that was put far forward must not make us forget what happens today. */
static void prune(struct lessons *l, int64_t wall_us, int64_t now_ns)
{
    bool stepped = l->last_ns > 0 && llabs((wall_us - l->last_wall_us) - (now_ns - l->last_ns) / 1000) > STEP_US;
    if (stepped || l->last_ns == 0)
        l->stepped_ns = stepped ? now_ns : now_ns - CALM_NS + PRUNE_NS; /* after a start: for an hour */
    l->last_wall_us = wall_us;
    l->last_ns = now_ns;
    if (now_ns - l->stepped_ns < CALM_NS || now_ns - l->pruned_ns < PRUNE_NS)
        return;
    l->pruned_ns = now_ns;
    for (size_t i = l->n_records; i > 0; i--)
        if (!l->records[i - 1]->known && l->records[i - 1]->start_us < wall_us - LESSONS_KEPT_US)
            forget(l, i - 1);
}

/* ---- Rules and periods --------------------------------------------------------------------------------------- */

struct lessons *lessons_new(const struct lessons_rules *rules, const struct lessons_host *host)
{
    struct lessons *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->host = *host;
    if (lessons_rule(l, rules) < 0)
        lessons_free(&l);
    return l;
}

static void free_periods(struct period *periods, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char *text; /* all strings of a period are one */
        memcpy(&text, &periods[i].is.uid, sizeof text);
        free(text);
    }
    free(periods);
}

void lessons_free(struct lessons **lessons)
{
    struct lessons *l = *lessons;
    if (!l)
        return;
    free_periods(l->periods, l->n_periods);
    for (size_t i = 0; i < l->n_records; i++)
        free(l->records[i]);
    free(l->records);
    free(l->closing_scene);
    free(l);
    *lessons = NULL;
}

int lessons_rule(struct lessons *l, const struct lessons_rules *rules)
{
    char *scene = strdup(rules->closing_scene ? rules->closing_scene : "");
    if (!scene)
        return LEC_E_NOMEM;
    free(l->closing_scene);
    l->closing_scene = scene;
    l->rules = *rules;
    l->rules.closing_scene = scene;
    return 0;
}

/* One block with all its strings, the UID first. */
static bool copy_lesson(const struct lesson *from, struct lesson *to)
{
    const char *const texts[] = {from->uid, from->text, from->start_scene, from->end_scene, from->holiday};
    const char **const places[] = {&to->uid, &to->text, &to->start_scene, &to->end_scene, &to->holiday};
    size_t size = 0;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        size += texts[i] ? strlen(texts[i]) + 1 : 0;
    char *block = malloc(size);
    *to = *from;
    if (!block)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (!texts[i])
            continue;
        size_t n = strlen(texts[i]) + 1;
        memcpy(block, texts[i], n);
        *places[i] = block;
        block += n;
    }
    return true;
}

static int by_start(const void *a, const void *b)
{
    const struct period *x = a, *y = b;
    if (x->is.start_us != y->is.start_us)
        return x->is.start_us < y->is.start_us ? -1 : 1;
    return strcmp(x->is.uid, y->is.uid);
}

int lessons_set(struct lessons *l, const struct lesson *periods, size_t n)
{
    n = n > LESSONS_MAX ? LESSONS_MAX : n;
    struct period *now = calloc(n + 1, sizeof *now);
    if (!now)
        return LEC_E_NOMEM;
    for (size_t i = 0; i < n; i++) {
        if (!copy_lesson(&periods[i], &now[i].is)) {
            free_periods(now, i);
            return LEC_E_NOMEM;
        }
    }
    if (n > 0)
        qsort(now, n, sizeof *now, by_start);
    free_periods(l->periods, l->n_periods);
    l->periods = now;
    l->n_periods = n;
    for (size_t i = 0; i < l->n_records; i++)
        l->records[i]->known = false;
    for (size_t i = 0; i < n && l->n_records > 0; i++) {
        now[i].record = find_record(l, now[i].is.uid, now[i].is.start_us);
        if (now[i].record)
            now[i].record->known = true;
    }
    return 0;
}

bool lessons_uses(const struct lessons *l, const char *scene)
{
    bool found = l->rules.has_closing && strcmp(scene, l->closing_scene) == 0;
    for (size_t i = 0; i < l->n_periods && !found; i++)
        found = strcmp(l->periods[i].is.start_scene, scene) == 0 || strcmp(l->periods[i].is.end_scene, scene) == 0;
    return found;
}

/* ---- What is due --------------------------------------------------------------------------------------------- */

void lessons_tell(struct lessons *l, const char *name, const char *what, const struct period *p, const char *scene,
                  const char *principal, const struct why *why)
{
    struct lec_buf b;
    lec_buf_init(&b, 4096);
    lec_buf_puts(&b, "{\"what\":");
    lec_json_str(&b, what);
    if (p) {
        lec_member_str(&b, "uid", p->is.uid);
        lec_member_int(&b, "start", p->is.start_us);
        lec_member_str(&b, "text", p->is.text);
    }
    lec_member_str_if_any(&b, "scene", scene);
    why_json(&b, "reason", why->code, why->about);
    lec_buf_putc(&b, '}');
    if (!b.failed)
        l->host.journal(l->host.ctx, name, principal, b.data);
    lec_buf_done(&b);
}

static bool takes_place(const struct period *p)
{
    return !p->is.holiday && !(p->record && p->record->start == EDGE_SKIPPED);
}

const struct period *lessons_busy(const struct lessons *l, int64_t wall_us, const struct period *but)
{
    for (size_t i = 0; i < l->n_periods && l->periods[i].is.start_us <= wall_us + l->rules.break_us; i++)
        if (&l->periods[i] != but && l->periods[i].is.end_us > wall_us && takes_place(&l->periods[i]))
            return &l->periods[i];
    return NULL;
}

static int64_t window(const struct lessons *l)
{
    return l->rules.catch_up_us > LESSONS_PUNCTUAL_US ? l->rules.catch_up_us : LESSONS_PUNCTUAL_US;
}

/* Notes what became of one edge of a period, for ever. */
static void settle(struct lessons *l, struct period *p, bool end, enum edge edge, const struct why *why)
{
    static const struct {
        enum edge edge;
        const char *what[2];
    } words[] = {{EDGE_BEGUN, {"begun", "ended"}},    {EDGE_CAUGHT, {"caught_up", "ended"}},
                 {EDGE_MISSED, {"missed", "missed"}}, {EDGE_FAILED, {"missed", "missed"}},
                 {EDGE_HELD, {"held", "held"}},       {EDGE_PASSED, {"ended", "ended"}}};
    struct record *r = p->record;
    if (!r)
        return;
    enum edge was = end ? r->end : r->start;
    struct why now = *why; /* it may be the record's own */
    if (was == edge && why_same(&r->why, &now))
        return;
    *(end ? &r->end : &r->start) = edge;
    if (now.code || (r->start != EDGE_MISSED && r->start != EDGE_FAILED)) /* why a start was missed stays to be seen */
        r->why = now;
    keep(l, r);
    bool quiet = edge == EDGE_MISSED && p->is.start_us < l->since_us; /* nobody had promised it */
    for (size_t i = 0; i < ARRAY_LEN(words) && was != edge && !quiet; i++)
        if (words[i].edge == edge)
            lessons_tell(l, "period", words[i].what[end], p, end ? p->is.end_scene : p->is.start_scene, "timetable",
                         &now);
}

static void settle_because(struct lessons *l, struct period *p, bool end, enum edge edge, enum why_code code,
                           const char *about)
{
    struct why why;
    why_set(&why, code, about);
    settle(l, p, end, edge, &why);
}

static void miss(struct lessons *l, struct period *p, bool end)
{
    char clock[8];
    settle_because(l, p, end, EDGE_MISSED, WHY_ABSENT, lessons_clock(end ? p->is.end_us : p->is.start_us, clock));
}

static void start_due(struct lessons *l, struct period *p, int64_t wall_us)
{
    struct record *r = p->record;
    int64_t late = wall_us - p->is.start_us;
    struct lec_err err;
    if (r->start != EDGE_OPEN && r->start != EDGE_MISSED)
        return;
    if (late > window(l) || wall_us >= p->is.end_us) {
        if (r->start == EDGE_OPEN && r->why.code) /* it was refused all the while */
            settle(l, p, false, EDGE_MISSED, &r->why);
        else if (r->start == EDGE_OPEN)
            miss(l, p, false);
        return;
    }
    int rc = l->host.start(l->host.ctx, p->is.start_scene, false, &err);
    if (rc == 0)
        settle_because(l, p, false, late > LESSONS_PUNCTUAL_US ? EDGE_CAUGHT : EDGE_BEGUN, WHY_NONE, "");
    else if (rc == LEC_E_CONFIG)
        settle_because(l, p, false, EDGE_FAILED, WHY_SCENE, err.text);
    else
        why_set(&r->why, WHY_SCENE, err.text); /* tried again in a second */
}

void lessons_pass_held(struct lessons *l)
{
    for (size_t i = 0; i < l->n_periods; i++)
        if (l->periods[i].record && l->periods[i].record->end == EDGE_HELD)
            settle_because(l, &l->periods[i], true, EDGE_PASSED, WHY_CLOSING, "");
}

/* Whether there is nothing to end: the lesson goes over into another. */
static bool goes_on(struct lessons *l, struct period *p, int64_t wall_us)
{
    char clock[8];
    const struct period *next = lessons_busy(l, wall_us, p);
    if (!next)
        return false;
    settle_because(l, p, true, EDGE_PASSED, next->is.start_us > wall_us ? WHY_NEXT : WHY_GOES_ON,
                   lessons_clock(next->is.start_us, clock));
    return true;
}

static void end_due(struct lessons *l, struct period *p, int64_t wall_us)
{
    struct record *r = p->record;
    const char *recording = l->host.recording(l->host.ctx);
    struct lec_err err;
    if (r->end != EDGE_OPEN && r->end != EDGE_MISSED && r->end != EDGE_HELD)
        return;
    if (r->end != EDGE_HELD && wall_us - p->is.end_us > window(l)) {
        if (r->end == EDGE_OPEN)
            miss(l, p, true);
        return;
    }
    if (goes_on(l, p, wall_us))
        return;
    if (recording) {
        settle_because(l, p, true, EDGE_HELD, WHY_RECORDING, recording);
        return;
    }
    int rc = l->host.start(l->host.ctx, p->is.end_scene, false, &err);
    if (rc == 0)
        settle_because(l, p, true, wall_us - p->is.end_us > LESSONS_PUNCTUAL_US ? EDGE_CAUGHT : EDGE_BEGUN, WHY_NONE,
                       "");
    else if (rc == LEC_E_CONFIG)
        settle_because(l, p, true, EDGE_FAILED, WHY_SCENE, err.text);
}

/* The clock was put back to before a start or end that was only missed. */
static void reopen(struct lessons *l, struct period *p, int64_t wall_us)
{
    struct record *r = p->record;
    bool start = r->start == EDGE_MISSED && wall_us < p->is.start_us;
    bool end = r->end == EDGE_MISSED && wall_us < p->is.end_us;
    if (start)
        r->start = EDGE_OPEN;
    if (end)
        r->end = EDGE_OPEN;
    if (!start && !end)
        return;
    why_set(&r->why, WHY_NONE, "");
    keep(l, r);
}

static void period_tick(struct lessons *l, struct period *p, int64_t wall_us)
{
    bool start = *p->is.start_scene && wall_us >= p->is.start_us, end = *p->is.end_scene && wall_us >= p->is.end_us;
    if (p->record)
        reopen(l, p, wall_us);
    if ((!start && !end) || !takes_place(p))
        return;
    if (!p->record) {
        p->record = add_record(l, p->is.uid, p->is.start_us);
        if (!p->record)
            return;
        p->record->known = true;
    }
    if (start)
        start_due(l, p, wall_us);
    if (end)
        end_due(l, p, wall_us);
}

void lessons_tick(struct lessons *l, int64_t wall_us, int64_t now_ns)
{
    if (l->since_us == 0) {
        char value[24];
        l->since_us = wall_us;
        snprintf(value, sizeof value, "%" PRId64, wall_us);
        l->host.keep(l->host.ctx, "timetable/since", value);
    }
    for (size_t i = 0; i < l->n_periods; i++)
        if (l->periods[i].record || l->periods[i].is.start_us <= wall_us)
            period_tick(l, &l->periods[i], wall_us);
    closing_tick(l, wall_us);
    prune(l, wall_us, now_ns);
}

int lessons_skip(struct lessons *l, const char *uid, int64_t start_us, const char *principal, int64_t wall_us,
                 struct lec_buf *json, struct lec_err *err)
{
    struct period *p = NULL;
    const struct why none = {.code = WHY_NONE};
    for (size_t i = 0; i < l->n_periods; i++)
        if (l->periods[i].is.start_us == start_us && strcmp(l->periods[i].is.uid, uid) == 0)
            p = &l->periods[i];
    if (!p)
        return lec_fail(err, LEC_E_RANGE, "there is no such period; timetable.show names them");
    if (wall_us >= p->is.end_us)
        return lec_fail(err, LEC_E_REFUSED, "this period is over");
    if (!p->record && (p->record = add_record(l, uid, start_us)) != NULL)
        p->record->known = true;
    if (!p->record)
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    if (p->record->start != EDGE_SKIPPED) {
        p->record->start = p->record->end = EDGE_SKIPPED;
        why_set(&p->record->why, WHY_SKIPPED, principal);
        keep(l, p->record);
        lessons_tell(l, "period", "skipped", p, "", principal, &none);
    }
    lessons_period_json(l, &p->is, wall_us, json);
    return 0;
}
