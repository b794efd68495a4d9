#include <stdlib.h>
#include <string.h>

#include "client_queue.h"
#include "door.h"
#include "lectern/log.h"
#include "simulator.h"

/* Answers that may be long: a page has one of them on its way at a time, the others wait their turn, so that what waits for a page stays
 * bounded whatever it asks for. */
static bool is_heavy(const char *method)
{
    static const char *const heavy[] = {"run.read",        "run.show",       "run.list",    "run.fetch",
                                        "journal.read",    "state.snapshot", "device.list", "device.describe",
                                        "experiment.list", "timetable.show", "alarm.list",  "run.analyze"};
    for (size_t i = 0; i < ARRAY_LEN(heavy); i++)
        if (strcmp(method, heavy[i]) == 0)
            return true;
    return false;
}

/* ---- Answering ---- */

static void begin_answer(struct lec_buf *b, const char *id)
{
    lec_buf_init(b, STATE_TEXT_MAX + 1024);
    lec_buf_puts(b, "{\"jsonrpc\":\"2.0\",\"id\":");
    if (id[0] != '\0')
        lec_json_str(b, id);
    else
        lec_buf_puts(b, "null");
}

static void write_error(struct lec_buf *b, int code, const char *reason, const char *vi, const char *en)
{
    lec_buf_printf(b, ",\"error\":{\"code\":%d,\"message\":", code);
    lec_json_str(b, reason);
    lec_buf_puts(b, ",\"data\":{\"reason\":");
    lec_json_str(b, reason);
    if (vi) {
        lec_buf_puts(b, ",\"remedy\":{\"vi\":");
        lec_json_str(b, vi);
        lec_buf_puts(b, ",\"en\":");
        lec_json_str(b, en);
        lec_buf_putc(b, '}');
    }
    lec_buf_puts(b, "}}}");
}

static void refuse(struct client *c, const char *id, int code, const char *reason, const char *vi, const char *en)
{
    struct lec_buf b;
    begin_answer(&b, id);
    write_error(&b, code, reason, vi, en);
    client_queue_text(c, &b, QUEUED_ANSWER);
    lec_buf_done(&b);
}

/* An outcome that did not come from the room: its code, and what a person can do. */
static void refuse_rc(struct client *c, const char *id, int rc, const char *reason)
{
    if (rc == LEC_E_LINK)
        refuse(c, id, -32004, reason, "Phòng chưa trả lời. Hãy xem lại trạng thái rồi thử lại.",
               "The room does not answer. Look at the state, then try again.");
    else if (rc == LEC_E_TIMEOUT)
        refuse(c, id, -32003, reason, "Phòng trả lời quá lâu. Hãy xem lại trạng thái rồi thử lại.",
               "The room took too long to answer. Look at the state, then try again.");
    else if (rc == LEC_E_BUSY)
        refuse(c, id, -32007, reason, "Đang có quá nhiều yêu cầu. Hãy thử lại sau giây lát.",
               "Too many requests are under way. Try again in a moment.");
    else if (rc == LEC_E_RANGE)
        refuse(c, id, -32602, reason, NULL, NULL);
    else
        refuse(c, id, -32603, reason, "Có lỗi trong cổng web. Hãy thử lại.",
               "Something went wrong in the gateway. Try again.");
}

static void free_slot(struct client *c, struct call_slot *slot)
{
    request_done(&slot->request);
    slot->state = SLOT_FREE;
    c->n_calls--;
}

static int put_json(const char *data, size_t n, void *arg)
{
    struct lec_buf *b = arg;
    lec_buf_put(b, data, n);
    return b->failed ? -1 : 0;
}

static const char *text_of(const json_t *error)
{
    const char *text = json_string_value(json_object_get(error, "message"));
    return text ? text : "refused";
}

static void on_answer(void *arg, int rc, json_t *result, json_t *error, const struct lec_err *err)
{
    struct call_slot *slot = arg;
    struct client *c = slot->client;
    bool heavy = slot->heavy, queued = false;
    if (slot->simulator)
        simulator_noted(c->room, c->session.person.name, slot->request.method, slot->request.params,
                        result  ? NULL
                        : error ? text_of(error)
                                : err->text);
    if (result || error) {
        struct lec_buf b;
        begin_answer(&b, slot->request.id);
        lec_buf_puts(&b, result ? ",\"result\":" : ",\"error\":");
        json_dump_callback(result ? result : error, put_json, &b, JSON_COMPACT | JSON_ENCODE_ANY);
        lec_buf_putc(&b, '}');
        queued = heavy && result && !b.failed;
        if (b.failed)
            refuse_rc(c, slot->request.id, LEC_E_BUG, "the answer is too long");
        else
            client_queue_text(c, &b, heavy && result ? QUEUED_LARGE : QUEUED_ANSWER);
        lec_buf_done(&b);
    } else {
        refuse_rc(c, slot->request.id, rc, err->text);
    }
    free_slot(c, slot);
    if (heavy && !queued)
        client_heavy_done(c);
}

/* ---- Asking ---- */

static int ask(struct client *c, struct call_slot *slot, struct lec_err *err)
{
    struct request *r = &slot->request;
    if (slot->simulator) /* the parameters are noted with the outcome */
        return simulator_send(c->room, r->method, json_incref(r->params), request_timeout_ms(r), on_answer, slot,
                              &slot->call, err);
    int timeout_ms = request_timeout_ms(r);
    json_t *params = r->params;
    r->params = NULL;
    struct lec_bus_as as = {.principal = c->session.person.name, .role = c->session.person.role, .id = r->id};
    return lec_bus_send_as(c->room->bus, &as, r->method, params, timeout_ms, on_answer, slot, &slot->call, err);
}

static void forget(struct client *c, const struct call_slot *slot)
{
    if (slot->simulator)
        simulator_forget(c->room, slot->call);
    else
        lec_bus_forget(c->room->bus, slot->call);
}

static void send_slot(struct client *c, struct call_slot *slot)
{
    struct lec_err err = {.text = ""};
    slot->state = SLOT_SENT;
    c->heavy = c->heavy || slot->heavy;
    int rc = ask(c, slot, &err);
    if (rc == 0)
        return;
    char id[REQUEST_ID_MAX + 1];
    memcpy(id, slot->request.id, sizeof id);
    bool heavy = slot->heavy;
    free_slot(c, slot);
    refuse_rc(c, id, rc, err.text);
    if (heavy)
        c->heavy = false;
}

void client_heavy_done(struct client *c)
{
    c->heavy = false;
    for (int i = 0; i < CLIENT_CALLS && c->calls && c->room && !c->heavy; i++)
        if (c->calls[i].state == SLOT_WAITING)
            send_slot(c, &c->calls[i]);
}

static void follow(struct client *c, struct request *r)
{
    struct follow f;
    if (!request_follow(r, &f)) {
        refuse(c, r->id, r->code, r->reason, NULL, NULL);
        return;
    }
    bool gap[REQUEST_RUNS] = {false};
    for (size_t i = 0; i < f.n_runs; i++)
        for (size_t j = 0; j < c->follow.n_runs; j++)
            if (strcmp(f.runs[i], c->follow.runs[j]) == 0)
                gap[i] = c->gap[j];
    c->follow = f;
    memcpy(c->gap, gap, sizeof c->gap);
    c->lost_events = f.events ? c->lost_events : 0;
    c->lost_journal = f.journal ? c->lost_journal : 0;
    c->lost_traces = f.trace ? c->lost_traces : 0;
    room_follow_changed(c->room);
    struct lec_buf b;
    begin_answer(&b, r->id);
    lec_buf_puts(&b, ",\"result\":{}}");
    client_queue_text(c, &b, QUEUED_ANSWER);
    lec_buf_done(&b);
}

/* A page that came back repeats a request under its id, maybe before its old socket was found dead: the new one takes it over. */
static void take_over(struct client *c, const char *id)
{
    for (struct client *other = c->room->clients; other; other = other->next) {
        if (other == c || strcmp(other->session.person.name, c->session.person.name) != 0)
            continue;
        for (int i = 0; i < CLIENT_CALLS && other->calls; i++) {
            struct call_slot *slot = &other->calls[i];
            if (slot->state == SLOT_FREE || strcmp(slot->request.id, id) != 0)
                continue;
            bool heavy = slot->heavy && slot->state == SLOT_SENT;
            if (slot->state == SLOT_SENT)
                forget(c, slot);
            free_slot(other, slot);
            if (heavy)
                client_heavy_done(other);
        }
    }
}

/* Pages look by themselves, again and again; that is no sign of a person. */
static bool looks_only(const char *method)
{
    static const char *const verbs[] = {"follow", "describe", "list", "show", "read", "snapshot", "health", "fetch"};
    const char *dot = strchr(method, '.');
    for (size_t i = 0; dot && i < ARRAY_LEN(verbs); i++)
        if (strcmp(dot + 1, verbs[i]) == 0)
            return true;
    return false;
}

void client_request(struct client *c, const char *text, size_t n)
{
    struct request r;
    if (!c->room)
        return;
    if (!request_parse(text, n, &r)) {
        refuse(c, r.id, r.code, r.reason, NULL, NULL);
        request_done(&r);
        return;
    }
    c->acted = c->acted || !looks_only(r.method);
    if (strcmp(r.method, "web.follow") == 0) {
        follow(c, &r);
        request_done(&r);
        return;
    }
    bool simulator = simulator_method(r.method);
    if (simulator && !simulator_allowed(room_describe(c->room, c->session.person.name, c->session.person.role),
                                        c->session.person.role)) {
        simulator_noted(c->room, c->session.person.name, r.method, r.params, "the role may not do this");
        refuse(c, r.id, -32008, "the simulator is for facilities and admin, and for rooms that are simulated",
               "Chỉ kỹ thuật viên, và chỉ phòng mô phỏng.", "Only for technicians, and only in a simulated room.");
        request_done(&r);
        return;
    }
    if (!c->calls)
        c->calls = calloc(CLIENT_CALLS, sizeof *c->calls);
    struct call_slot *slot = NULL;
    bool twice = false;
    for (int i = 0; i < CLIENT_CALLS && c->calls; i++) {
        if (c->calls[i].state == SLOT_FREE)
            slot = slot ? slot : &c->calls[i];
        else if (strcmp(c->calls[i].request.id, r.id) == 0)
            twice = true;
    }
    if (twice || !slot) {
        if (!twice) /* the one under way answers for both */
            refuse_rc(c, r.id, LEC_E_BUSY, "32 requests of this page are under way already");
        request_done(&r);
        return;
    }
    take_over(c, r.id);
    *slot = (struct call_slot){
        .state = SLOT_WAITING, .client = c, .heavy = is_heavy(r.method), .simulator = simulator, .request = r};
    c->n_calls++;
    if (!slot->heavy || !c->heavy)
        send_slot(c, slot);
}

void client_calls_forget(struct client *c)
{
    for (int i = 0; i < CLIENT_CALLS && c->calls; i++) {
        struct call_slot *slot = &c->calls[i];
        if (slot->state == SLOT_SENT)
            forget(c, slot);
        if (slot->state != SLOT_FREE)
            free_slot(c, slot);
    }
}
