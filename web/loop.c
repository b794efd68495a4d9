#include "loop.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct watch {
    void (*readable)(void *arg);
    void *arg;
    struct lws **told;
};

int loop_watch(struct server *server, int fd, void (*readable)(void *arg), void *arg, struct lws **out,
               struct lec_err *err)
{
    struct watch *w = calloc(1, sizeof *w);
    int copy = w ? fcntl(fd, F_DUPFD_CLOEXEC, 3) : -1;
    if (copy < 0) {
        free(w);
        return lec_fail(err, LEC_E_NOMEM, "no descriptors left");
    }
    *w = (struct watch){.readable = readable, .arg = arg, .told = out};
    lws_adopt_desc_t desc = {.vh = server->vhost,
                             .type = LWS_ADOPT_RAW_FILE_DESC,
                             .fd = {.filefd = copy},
                             .vh_prot_name = "watch",
                             .opaque = w};
    struct lws *wsi = lws_adopt_descriptor_vhost_via_info(&desc); /* closes the copy when it fails */
    if (!wsi) {
        free(w);
        return lec_fail(err, LEC_E_NOMEM, "the loop takes no further descriptor");
    }
    *out = wsi;
    return 0;
}

void loop_unwatch(struct lws **wsi)
{
    if (!*wsi)
        return;
    struct watch *w = lws_get_opaque_user_data(*wsi);
    if (w) {
        w->readable = NULL;
        w->told = NULL;
    }
    lws_set_timeout(*wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
    *wsi = NULL;
}

int loop_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
    (void)user;
    (void)in;
    (void)len;
    if (reason != LWS_CALLBACK_RAW_RX_FILE && reason != LWS_CALLBACK_RAW_CLOSE_FILE)
        return 0;
    struct watch *w = lws_get_opaque_user_data(wsi);
    if (!w)
        return reason == LWS_CALLBACK_RAW_RX_FILE ? -1 : 0;
    if (reason == LWS_CALLBACK_RAW_RX_FILE) {
        if (!w->readable)
            return -1;
        w->readable(w->arg);
        return 0;
    }
    if (w->told)
        *w->told = NULL;
    lws_set_opaque_user_data(wsi, NULL);
    free(w);
    return 0;
}
