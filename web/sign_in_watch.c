/* Open pages whose sessions end elsewhere: signed out in another tab, removed or changed with `lectern user`, expired. The file says by one number
 * whether anything has changed in it; only then, and now and then for what expires, each page's session is looked up. */
#include <string.h>

#include "client.h"
#include "lectern/clock.h"
#include "loop.h"
#include "room.h"
#include "sign_in_impl.h"

static void look_at(struct room *room, void *arg)
{
    struct sign_in *s = arg;
    struct client *next;
    for (struct client *c = room->clients; c; c = next) {
        next = c->next;
        struct lec_session now;
        const struct lec_session *was = &c->session;
        /* A page that is open keeps a kiosk's session alive; a person's only what she does. */
        bool used = c->acted || was->kiosk;
        c->acted = false;
        int rc = lec_session_look(s->server->people, was->id, used, &now, NULL);
        if (rc == 0 && strcmp(now.person.name, was->person.name) == 0 && strcmp(now.person.role, was->person.role) == 0)
            continue;
        if (rc == 0 || rc == LEC_E_REFUSED) /* a file that cannot be read now signs nobody out */
            client_sign_out(c, rc == 0 ? "changed" : "ended");
    }
}

void sign_in_watch_now(struct sign_in *s)
{
    int64_t now = lec_now(), version = lec_people_version(s->server->people);
    if (version == s->version && now - s->looked_at < SIGN_IN_EXPIRY_S * LEC_SEC)
        return;
    s->version = version;
    s->looked_at = now;
    rooms_each(s->server->rooms, look_at, s);
}

static void on_time(lws_sorted_usec_list_t *sul)
{
    struct sign_in *s = loop_owner(sul, struct sign_in, watch);
    sign_in_watch_now(s);
    lws_sul_schedule(s->server->lws, 0, &s->watch, on_time, SIGN_IN_WATCH_MS * (lws_usec_t)1000);
}

void sign_in_watch_start(struct sign_in *s)
{
    lws_sul_schedule(s->server->lws, 0, &s->watch, on_time, SIGN_IN_WATCH_MS * (lws_usec_t)1000);
}

void sign_in_watch_stop(struct sign_in *s)
{
    lws_sul_cancel(&s->watch);
}
