/* Events: one sequence for the room, a chain for each topic, and the socket they leave by. */
#include <stdlib.h>
#include <string.h>

#include "core/record.h"
#include "lectern/log.h"

static const char *const kind_names[EVENT_KINDS] = {"state",   "sample", "scene", "run",       "event",
                                                    "journal", "trace",  "alarm", "timetable", "heartbeat"};

#define TOPIC_MAX (4 * (LEC_NAME_MAX + 1) + 512)
#define GREET_NS  (2 * LEC_MS) /* heartbeats for new subscribers are drawn together over this time */

static void topic_free(void **item)
{
    struct topic *t = *item;
    if (t)
        free(t->text);
    free(t);
    *item = NULL;
}

int events_open(struct core *core, const char *endpoint, struct lec_err *err)
{
    struct events *e = &core->events;
    snprintf(e->prefix, sizeof e->prefix, "%s/%s", core->room->site, core->room->id);
    lec_buf_init(&e->buf, EVENT_MAX);
    e->greet_at = LEC_NEVER;
    zsock_t *socket = zsock_new(ZMQ_XPUB);
    e->socket = socket;
    for (int k = 0; k < EVENT_KINDS; k++) {
        e->topics[k] = zhashx_new();
        if (!e->topics[k] || !socket)
            return lec_fail(err, LEC_E_NOMEM, "out of memory");
        zhashx_set_destructor(e->topics[k], topic_free);
    }
    zsock_set_sndhwm(socket, SUBSCRIBER_HWM);
    zsock_set_linger(socket, 100);
    zsock_set_xpub_verboser(socket, 1); /* each subscription and each end of one, also of a peer that died: counted */
    zsock_set_maxmsgsize(socket, REQUEST_MAX);
    if (zsock_bind(socket, "%s", endpoint) < 0)
        return lec_fail(err, LEC_E_LINK, "cannot open %s: %s", endpoint, zmq_strerror(zmq_errno()));
    return 0;
}

void events_close(struct core *core)
{
    struct events *e = &core->events;
    zsock_destroy((zsock_t **)&e->socket);
    for (int k = 0; k < EVENT_KINDS; k++)
        zhashx_destroy(&e->topics[k]);
    lec_buf_done(&e->buf);
}

void events_forget(struct core *core, enum event_kind kind, const char *name)
{
    zhashx_delete(core->events.topics[kind], name);
}

static struct topic *topic_new(const struct events *e, enum event_kind kind, const char *name)
{
    char text[TOPIC_MAX];
    int n = snprintf(text, sizeof text, "%s/%s/%s", e->prefix, kind_names[kind], name);
    struct topic *t = n > 0 && (size_t)n < sizeof text ? calloc(1, sizeof *t) : NULL;
    if (!t)
        return NULL;
    *t = (struct topic){.text = strdup(text), .len = (size_t)n, .kind = kind};
    if (!t->text)
        topic_free((void **)&t);
    return t;
}

struct topic *events_topic(struct core *core, enum event_kind kind, const char *name)
{
    struct events *e = &core->events;
    struct topic *t = zhashx_lookup(e->topics[kind], name);
    if (t)
        return t;
    t = topic_new(e, kind, name);
    if (t && zhashx_insert(e->topics[kind], name, t) < 0)
        topic_free((void **)&t);
    return t;
}

struct lec_buf *events_begin(struct core *core, struct topic *topic)
{
    struct events *e = &core->events;
    if (!topic)
        return NULL;
    uint64_t prev = topic->prev, before = e->last[topic->kind];
    topic->prev = ++e->seq;
    e->last[topic->kind] = e->seq;
    if (e->subscriptions == 0)
        return NULL;
    struct lec_buf *b = &e->buf;
    lec_buf_clear(b);
    lec_buf_put(b, "{\"seq\":", 7);
    lec_json_int(b, (int64_t)e->seq);
    lec_buf_put(b, ",\"prev\":", 8);
    lec_json_int(b, (int64_t)prev);
    lec_buf_put(b, ",\"before\":", 10);
    lec_json_int(b, (int64_t)before);
    if (topic->kind != EVENT_JOURNAL) { /* an entry bears its own time */
        lec_buf_put(b, ",\"time\":", 8);
        lec_json_int(b, lec_wall_us());
    }
    return b;
}

void events_end(struct core *core, struct topic *topic, const void *raw, size_t n)
{
    struct events *e = &core->events;
    lec_buf_putc(&e->buf, '}');
    if (e->buf.failed) {
        lec_log(LEC_LOG_ERROR, "an event on %s does not fit into %u bytes", topic->text, EVENT_MAX);
        return;
    }
    void *socket = zsock_resolve(e->socket);
    e->sent++;
    e->left = true;
    if (zmq_send(socket, topic->text, topic->len, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0)
        return;
    zmq_send(socket, e->buf.data, e->buf.len, (n > 0 ? ZMQ_SNDMORE : 0) | ZMQ_DONTWAIT);
    if (n > 0)
        zmq_send(socket, raw, n, ZMQ_DONTWAIT);
}

void events_heartbeat(struct core *core)
{
    struct events *e = &core->events;
    e->greet_at = LEC_NEVER;
    struct topic *topic = events_topic(core, EVENT_HEARTBEAT, "room");
    struct lec_buf *b = events_begin(core, topic);
    if (!b)
        return;
    lec_member_str(b, "boot", core->boot);
    lec_json_key(b, "last");
    lec_buf_putc(b, '{');
    for (int k = 0; k < EVENT_KINDS; k++) {
        if (k == EVENT_HEARTBEAT)
            continue;
        lec_member_int(b, kind_names[k], (int64_t)e->last[k]);
    }
    lec_buf_putc(b, '}');
    events_end(core, topic, NULL, 0);
}

/* Whether samples can come to a subscription: one of all topics, of the kind, or of one below it. */
static bool of_samples(const struct events *e, const unsigned char *topic, size_t n)
{
    char kind[sizeof e->prefix + 16];
    size_t len = (size_t)snprintf(kind, sizeof kind, "%s/%s/", e->prefix, kind_names[EVENT_SAMPLE]);
    return memcmp(kind, topic, n < len ? n : len) == 0;
}

static void count_samples(struct core *core, int step)
{
    struct events *e = &core->events;
    if (step > 0 || e->samples > 0)
        e->samples += (size_t)step;
    lec_record_live(core->record->recorder, e->samples > 0);
}

void events_subscriptions(struct core *core)
{
    struct events *e = &core->events;
    void *socket = zsock_resolve(e->socket);
    e->left = true;
    for (int i = 0; i < BATCH_MAX; i++) {
        zmq_msg_t msg;
        zmq_msg_init(&msg);
        int n = zmq_msg_recv(&msg, socket, ZMQ_DONTWAIT);
        e->left = n >= 0;
        if (n < 0) {
            zmq_msg_close(&msg);
            break;
        }
        const unsigned char *data = zmq_msg_data(&msg);
        if (n > 0 && data[0] == 1) {
            e->subscriptions++;
            if (of_samples(e, data + 1, (size_t)n - 1))
                count_samples(core, 1);
            if (e->greet_at == LEC_NEVER)
                e->greet_at = lec_now() + GREET_NS;
        } else if (n > 0 && data[0] == 0 && e->subscriptions > 0) {
            e->subscriptions--;
            if (of_samples(e, data + 1, (size_t)n - 1))
                count_samples(core, -1);
        }
        zmq_msg_close(&msg);
    }
}
