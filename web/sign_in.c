/* Signing in, pairing, signing out, renewing. Everything that writes or hashes is a job of the worker, one after the other, with the worker's own
 * handle of the people's file; the loop only reads it. */
#include "sign_in.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api.h"
#include "lectern/log.h"
#include "lectern/parse.h"
#include "sign_in_impl.h"
#include "wire.h"
#include "worker.h"

/* Browsers keep a cookie for at most 400 days. */
#define KIOSK_COOKIE_S (400 * INT64_C(86400))

struct job {
    struct sign_in *sign_in;
    struct api_call *call;
    char address[64], room[64], token[LEC_TOKEN_SIZE];
    char name[LEC_PERSON_NAME_MAX + 1], secret[LEC_SECRET_MAX + 1];

    /* what came of it */
    int rc, wait_s;
    bool known;                           /* somebody has this name */
    struct lec_session session;           /* the one of the token before; after pairing the new one */
    char stolen[LEC_PERSON_NAME_MAX + 1]; /* whose token was shown that had been renewed away; "" */
    struct lec_person person;
    bool panel; /* the browser is a room's panel */
    char fresh[LEC_TOKEN_SIZE];
    struct lec_err err;
};

/* ---- Answers ---- */

static json_t *person_json(const struct lec_person *person, bool kiosk)
{
    return json_pack("{s:s, s:s, s:s, s:b}", "name", person->name, "label", person->label, "role", person->role,
                     "kiosk", (int)kiosk);
}

static void refuse_wait(struct api_call *call, int wait_s)
{
    char vi[96], en[96];
    snprintf(vi, sizeof vi, "Đã thử sai nhiều lần. Hãy thử lại sau %d giây.", wait_s);
    snprintf(en, sizeof en, "Too many wrong attempts. Try again in %d s.", wait_s);
    api_refuse(call, 429, "throttled", vi, en, json_pack("{s:i}", "wait_s", wait_s));
}

static void refuse_busy(struct api_call *call)
{
    api_refuse(call, 429, "busy", "Đang có nhiều người đăng nhập. Hãy thử lại sau vài giây.",
               "Many people are signing in. Try again in a few seconds.", json_pack("{s:i}", "wait_s", 3));
}

static void refuse_broken(struct job *job, const char *what)
{
    lec_log(LEC_LOG_ERROR, "%s: %s", what, job->err.text);
    api_refuse(job->call, 503, "unavailable", "Máy chủ chưa thực hiện được. Hãy báo người quản trị.",
               "The server could not do this. Tell the administrator.", NULL);
}

static void refuse_form(struct api_call *call)
{
    api_refuse(call, 400, "form", "Thiếu thông tin, hoặc thông tin không hợp lệ.",
               "Something is missing, or has the wrong form.", NULL);
}

static void refuse_ended(struct api_call *call)
{
    api_set_token(call, NULL, 0);
    api_refuse(call, 401, "signed_out", "Bạn chưa đăng nhập, hoặc phiên đã hết hạn.",
               "You are not signed in, or not any more.", NULL);
}

static int64_t cookie_age(bool panel)
{
    return panel ? KIOSK_COOKIE_S : LEC_SESSION_LONG_S;
}

/* ---- Jobs ---- */

static bool take_place(struct sign_in *s, const char *address)
{
    unsigned n = 0, free_one = SIGN_IN_WAITING;
    for (unsigned i = 0; i < SIGN_IN_WAITING; i++) {
        if (s->waiting_for[i][0] == '\0')
            free_one = i;
        else if (strcmp(s->waiting_for[i], address) == 0)
            n++;
    }
    if (n >= SIGN_IN_EACH || free_one == SIGN_IN_WAITING)
        return false;
    lec_copy_utf8(s->waiting_for[free_one], sizeof s->waiting_for[free_one], address, strlen(address));
    return true;
}

static void leave_place(struct sign_in *s, const char *address)
{
    for (unsigned i = 0; i < SIGN_IN_WAITING; i++) {
        if (strcmp(s->waiting_for[i], address) == 0) {
            s->waiting_for[i][0] = '\0';
            return;
        }
    }
}

static void job_free(struct job *job)
{
    sodium_memzero(job, sizeof *job);
    free(job);
}

static struct job *job_new(struct sign_in *s, struct api_call *call)
{
    struct job *job = calloc(1, sizeof *job);
    if (!job)
        return NULL;
    const char *address = api_address(call), *token = api_token(call), *room = api_query(call, "room");
    job->sign_in = s;
    job->call = call;
    lec_copy_utf8(job->address, sizeof job->address, address, strlen(address));
    if (job->address[0] == '\0')
        job->address[0] = '?';
    lec_copy_utf8(job->token, sizeof job->token, token, strlen(token));
    if (room && wire_room_ok(room))
        lec_copy_utf8(job->room, sizeof job->room, room, strlen(room));
    return job;
}

/* False: too many wait. */
static bool job_queue(struct job *job, void (*work)(void *arg), void (*done)(void *arg))
{
    struct sign_in *s = job->sign_in;
    if (!take_place(s, job->address))
        return false;
    if (worker_do(s->server->worker, work, done, job) == 0)
        return true;
    leave_place(s, job->address);
    return false;
}

/* Takes the job in every case. */
static void job_send(struct job *job, void (*work)(void *arg), void (*done)(void *arg))
{
    if (job_queue(job, work, done))
        return;
    refuse_busy(job->call);
    job_free(job);
}

/* In the worker. Whose token it is; false: nobody's. */
static bool job_find(struct job *job)
{
    int rc = lec_session_find(job->sign_in->hasher, job->token, &job->session, &job->err);
    if (rc == LEC_E_CANCELLED)
        memcpy(job->stolen, job->session.person.name, sizeof job->stolen);
    job->rc = rc;
    job->panel = rc == 0 && job->session.panel[0] != '\0';
    return rc == 0;
}

/* The common end, in the loop: after the answer was given, but before the job is freed. */
static void job_end(struct job *job)
{
    struct sign_in *s = job->sign_in;
    if (job->stolen[0] != '\0')
        sign_in_note(s, job->room, job->stolen, "stolen", job->address);
    sign_in_watch_now(s);
    leave_place(s, job->address);
    job_free(job);
}

/* A string of the body that fits; false if there is none. */
static bool body_text(const struct api_call *call, const char *key, char *out, size_t size)
{
    const json_t *value = json_object_get(api_body(call), key);
    const char *text = json_string_value(value);
    size_t n = json_string_length(value);
    return text && n > 0 && n < size && strlen(text) == n && lec_copy_utf8(out, size, text, n);
}

/* ---- POST /api/sign-in ---- */

static void work_sign_in(void *arg)
{
    struct job *job = arg;
    struct lec_people *people = job->sign_in->hasher;
    int rc = lec_people_check(people, job->name, job->secret, job->address, &job->person, &job->wait_s, &job->err);
    sodium_memzero(job->secret, sizeof job->secret);
    if (rc == 0) {
        bool had = job->token[0] != '\0' && job_find(job);
        if (job->panel) {
            rc = lec_session_over(people, job->token, job->name, job->fresh, &job->err);
        } else {
            rc = lec_session_new(people, job->name, job->fresh, &job->err);
            if (rc == 0 && had) /* one browser, one session */
                lec_session_end(people, job->token, NULL);
        }
    }
    job->rc = rc;
    job->known = lec_people_known(people, job->name);
}

static void done_sign_in(void *arg)
{
    struct job *job = arg;
    struct sign_in *s = job->sign_in;
    const char *known = job->known ? job->name : "";
    if (job->rc == 0) {
        sign_in_note(s, job->room, job->name, "in", job->address);
        api_set_token(job->call, job->fresh, cookie_age(job->panel));
        api_answer(job->call, 200, json_pack("{s:o}", "person", person_json(&job->person, false)));
    } else if (job->rc == LEC_E_REFUSED) {
        sign_in_note(s, job->room, known, "wrong", job->address);
        api_refuse(job->call, 401, "wrong", "Sai tên, mã PIN hoặc mật khẩu.", "Wrong name, PIN or password.", NULL);
    } else if (job->rc == LEC_E_BUSY) {
        sign_in_note(s, job->room, known, "throttled", job->address);
        refuse_wait(job->call, job->wait_s);
    } else {
        refuse_broken(job, "signing in");
    }
    job_end(job);
}

static void on_sign_in(struct api_call *call, void *arg)
{
    struct sign_in *s = arg;
    struct job *job = job_new(s, call);
    if (!job || !body_text(call, "name", job->name, sizeof job->name) ||
        !body_text(call, "secret", job->secret, sizeof job->secret)) {
        if (job)
            job_free(job);
        refuse_form(call);
        return;
    }
    /* One that comes too early costs a look into the file: neither a hash nor a place in the queue. */
    if (lec_people_may_guess(s->server->people, job->name, job->address, &job->wait_s, &job->err) == LEC_E_BUSY) {
        const char *known = lec_people_known(s->server->people, job->name) ? job->name : "";
        sign_in_note(s, job->room, known, "throttled", job->address);
        refuse_wait(call, job->wait_s);
        job_free(job);
        return;
    }
    job_send(job, work_sign_in, done_sign_in);
}

/* ---- POST /api/pair ---- */

static void work_pair(void *arg)
{
    struct job *job = arg;
    struct lec_people *people = job->sign_in->hasher;
    job->rc = lec_code_redeem(people, job->secret, job->address, job->fresh, &job->session, &job->wait_s, &job->err);
    if (job->rc == 0 && job->token[0] != '\0')
        lec_session_end(people, job->token, NULL);
}

static void done_pair(void *arg)
{
    struct job *job = arg;
    struct sign_in *s = job->sign_in;
    if (job->rc == 0) {
        sign_in_note(s, job->session.room, job->session.person.name, "paired", job->address);
        api_set_token(job->call, job->fresh, cookie_age(true));
        json_t *person = person_json(&job->session.person, true);
        api_answer(job->call, 200, json_pack("{s:o, s:s}", "person", person, "room", job->session.room));
    } else if (job->rc == LEC_E_REFUSED) {
        sign_in_note(s, "", "", "wrong", job->address);
        api_refuse(job->call, 401, "wrong", "Mã sai, đã dùng, hoặc đã quá 10 phút.",
                   "This code is wrong, was used, or is older than 10 minutes.", NULL);
    } else if (job->rc == LEC_E_BUSY) {
        sign_in_note(s, "", "", "throttled", job->address);
        refuse_wait(job->call, job->wait_s);
    } else {
        refuse_broken(job, "pairing");
    }
    job_end(job);
}

static void on_pair(struct api_call *call, void *arg)
{
    struct job *job = job_new(arg, call);
    if (!job || !body_text(call, "code", job->secret, sizeof job->secret)) {
        if (job)
            job_free(job);
        refuse_form(call);
        return;
    }
    job_send(job, work_pair, done_pair);
}

/* ---- POST /api/sign-out ---- */

static void work_sign_out(void *arg)
{
    struct job *job = arg;
    if (job_find(job))
        job->rc = lec_session_end(job->sign_in->hasher, job->token, &job->err);
}

static void done_sign_out(void *arg)
{
    struct job *job = arg;
    if (job->rc == LEC_E_NOTSUP) {
        api_refuse(job->call, 403, "kiosk", "Đây là bảng của phòng; chỉ người quản trị mới gỡ được.",
                   "This is the room's own panel: an administrator can unpair it.", NULL);
    } else if (job->rc == 0 || job->rc == LEC_E_REFUSED || job->rc == LEC_E_CANCELLED) {
        if (job->rc == 0)
            sign_in_note(job->sign_in, job->room, job->session.person.name, "out", job->address);
        if (!job->panel)
            api_set_token(job->call, NULL, 0);
        api_answer(job->call, 200, json_object());
    } else {
        refuse_broken(job, "signing out");
    }
    job_end(job);
}

static void on_sign_out(struct api_call *call, void *arg)
{
    struct job *job = job_new(arg, call);
    if (job)
        job_send(job, work_sign_out, done_sign_out);
    else
        refuse_busy(call);
}

/* ---- POST /api/renew ---- */

static void work_renew(void *arg)
{
    struct job *job = arg;
    if (job_find(job))
        job->rc = lec_session_renew(job->sign_in->hasher, job->token, job->fresh, &job->err);
}

static void done_renew(void *arg)
{
    struct job *job = arg;
    if (job->rc == 0) {
        api_set_token(job->call, job->fresh, cookie_age(job->panel));
        api_answer(job->call, 200, json_object());
    } else if (job->rc == LEC_E_REFUSED || job->rc == LEC_E_CANCELLED) {
        refuse_ended(job->call);
    } else {
        refuse_broken(job, "renewing a session");
    }
    job_end(job);
}

static void on_renew(struct api_call *call, void *arg)
{
    struct job *job = job_new(arg, call);
    if (job)
        job_send(job, work_renew, done_renew);
    else
        refuse_busy(call);
}

/* ---- GET /api/me ---- */

static void add_tile(void *ctx, const struct lec_person *person)
{
    json_t *tiles = ctx;
    if (!person->disabled && json_array_size(tiles) <= SIGN_IN_TILES)
        json_array_append_new(tiles, json_pack("{s:s, s:s}", "name", person->name, "label", person->label));
}

/* session NULL: nobody. */
static void answer_me(struct sign_in *s, struct api_call *call, const struct lec_session *session)
{
    json_t *rooms = NULL, *tiles = json_array(), *person = json_null();
    if (session || api_local(call)) {
        rooms = server_rooms(s->server, session && session->kiosk ? session->room : NULL);
        lec_people_each(s->server->people, add_tile, tiles, NULL);
    }
    if (json_array_size(tiles) > SIGN_IN_TILES)
        json_array_clear(tiles);
    if (session) {
        person = person_json(&session->person, session->kiosk);
        if (session->panel[0] != '\0')
            json_object_set_new(person, "panel", json_string(session->panel));
    }
    api_answer(call, 200,
               json_pack("{s:o, s:o, s:o}", "person", person, "rooms", rooms ? rooms : json_array(), "people", tiles));
}

static void done_me(void *arg)
{
    struct job *job = arg;
    if (job->rc == 0)
        api_set_token(job->call, job->fresh, cookie_age(job->panel));
    /* Renewed or not: it was found a moment ago. */
    answer_me(job->sign_in, job->call, job->session.id != 0 && job->stolen[0] == '\0' ? &job->session : NULL);
    job_end(job);
}

static void on_me(struct api_call *call, void *arg)
{
    struct sign_in *s = arg;
    struct lec_session session;
    const char *token = api_token(call);
    int rc = token[0] != '\0' ? lec_session_find(s->server->people, token, &session, NULL) : LEC_E_REFUSED;
    if (rc == LEC_E_CANCELLED)
        sign_in_stolen(s->server, &session, api_address(call));
    if (token[0] != '\0' && (rc == LEC_E_REFUSED || rc == LEC_E_CANCELLED))
        api_set_token(call, NULL, 0);
    if (rc == 0 && time(NULL) - session.renewed >= SIGN_IN_RENEW_S) {
        struct job *job = job_new(s, call);
        if (job && job_queue(job, work_renew, done_me))
            return;
        if (job)
            job_free(job);
    }
    answer_me(s, call, rc == 0 ? &session : NULL);
}

/* ---- Opening ---- */

void sign_in_stolen(struct server *server, const struct lec_session *session, const char *address)
{
    if (server->sign_in)
        sign_in_note(server->sign_in, session->panel, session->person.name, "stolen", address);
}

int sign_in_open(struct server *server, struct lec_err *err)
{
    char file[512];
    struct sign_in *s = calloc(1, sizeof *s);
    if (!s)
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    s->server = server;
    s->version = -1;
    s->notes_left = SIGN_IN_NOTES_BURST;
    snprintf(file, sizeof file, "%s/people.db", server->setup.state_dir);
    int rc = lec_people_open(file, &s->hasher, err);
    if (rc < 0) {
        free(s);
        return rc;
    }
    server->sign_in = s;
    api_register(server, "GET", "/api/me", on_me, s);
    api_register(server, "POST", "/api/sign-in", on_sign_in, s);
    api_register(server, "POST", "/api/pair", on_pair, s);
    api_register(server, "POST", "/api/sign-out", on_sign_out, s);
    api_register(server, "POST", "/api/renew", on_renew, s);
    sign_in_watch_start(s);
    return 0;
}

void sign_in_close(struct server *server)
{
    struct sign_in *s = server->sign_in;
    if (!s)
        return;
    sign_in_watch_stop(s);
    lec_people_close(&s->hasher);
    free(s);
    server->sign_in = NULL;
}
