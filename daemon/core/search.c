/* Searching the network with a driver: each search runs in a thread of its own and answers when it is over. */
#include "core/methods.h"

#include <stdlib.h>
#include <string.h>

#define SEARCH_FOUND_MAX (256u * 1024) /* bytes of answers kept */

struct search {
    struct lec_search base; /* first: the driver sees only this */
    const struct lec_driver *driver;
    char target[64];
    struct lec_buf found; /* JSON objects, comma between */
    zactor_t *actor;
    struct caller caller;
    struct id id;
    const struct method *method;
};

static void on_found(struct lec_search *base, const char *address, const char *id, const char *detail)
{
    struct search *s = (struct search *)base;
    lec_json_next(&s->found);
    lec_buf_puts(&s->found, "{\"address\":");
    lec_json_str(&s->found, address);
    lec_member_str(&s->found, "id", id);
    lec_member_str(&s->found, "detail", detail);
    lec_buf_putc(&s->found, '}');
}

static void search_main(zsock_t *pipe, void *arg)
{
    struct search *s = arg;
    struct lec_err err = {.text = ""};
    zsock_signal(pipe, 0);
    int rc = s->driver->search(&s->base, &err);
    zsock_send(pipe, "is", rc, err.text);
    char *end = zstr_recv(pipe); /* $TERM */
    zstr_free(&end);
}

void search_over(struct core *core, size_t at)
{
    struct search *s = core->searches[at];
    struct request r = {.caller = &s->caller, .id = s->id, .method = s->method};
    int rc = LEC_E_BUG;
    char *why = NULL;
    zsock_recv(s->actor, "is", &rc, &why);
    if (rc < 0) {
        struct trouble t = {.code = rc == LEC_E_LINK        ? -32007
                                    : rc == LEC_E_CANCELLED ? -32010
                                                            : -32603,
                            .reason = why && *why ? why : "the search failed"};
        reply_error(core, &r, &t);
    } else {
        struct lec_buf *b = reply_begin(core, &r);
        lec_buf_puts(b, "{\"found\":[");
        if (s->found.len > 0)
            lec_buf_put(b, s->found.data, s->found.len);
        lec_buf_puts(b, "]}");
        reply_send(core, &r);
    }
    zstr_free(&why);
    lec_waiter_drop(core->waiter, (int)zsock_fd(s->actor));
    zactor_destroy(&s->actor);
    lec_buf_done(&s->found);
    free(s);
    core->searches[at] = core->searches[--core->n_searches];
}

void *search_socket(struct core *core, size_t at)
{
    return zsock_resolve(core->searches[at]->actor);
}

void driver_search(struct core *core, struct request *r)
{
    bool ok;
    if (!params_known(core, r, "driver|target|port"))
        return;
    const char *name = param_text(core, r, "driver", true, &ok);
    if (!ok)
        return;
    const char *target = param_text(core, r, "target", false, &ok);
    if (!ok)
        return;
    json_t *port = json_object_get(r->params, "port");
    if (port && (!json_is_integer(port) || json_integer_value(port) < 0 || json_integer_value(port) > 65535)) {
        reply_param(core, r, "port", "a whole number from 0 to 65535 is wanted");
        return;
    }
    struct lec_err err;
    const struct lec_driver *driver = lec_drivers_get(core->drivers, name, &err);
    if (driver && !driver->search)
        lec_fail(&err, LEC_E_NOTSUP, "devices of driver %s cannot be searched for", name);
    if (!driver || !driver->search) {
        struct trouble t = {.code = driver ? -32006 : -32001, .reason = err.text};
        reply_error(core, r, &t);
        return;
    }
    if (core->n_searches == SEARCHES_MAX) {
        struct trouble t = {.code = -32007, .reason = "too many searches are under way"};
        reply_error(core, r, &t);
        return;
    }
    struct search *s = calloc(1, sizeof *s);
    if (s) {
        *s = (struct search){.driver = driver, .caller = *r->caller, .id = r->id, .method = r->method};
        snprintf(s->target, sizeof s->target, "%s", target ? target : "255.255.255.255");
        s->base = (struct lec_search){.target = s->target,
                                      .port = (uint16_t)json_integer_value(port),
                                      .found = on_found,
                                      .cancel_fd = core->cancel_fd};
        lec_buf_init(&s->found, SEARCH_FOUND_MAX);
        s->actor = zactor_new(search_main, s);
    }
    if (!s || !s->actor) {
        struct trouble t = {.code = -32603, .reason = "out of memory"};
        free(s);
        reply_error(core, r, &t);
        return;
    }
    core->searches[core->n_searches++] = s;
    (void)lec_waiter_add(core->waiter, (int)zsock_fd(s->actor), CORE_SEARCHES); /* else it is seen at the next tick */
}
