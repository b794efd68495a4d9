/* Names into addresses. getaddrinfo cannot be cancelled and may take tens of seconds, so each name is looked up in a
 * detached thread that owns a reference to its answer; whoever asked may go away at any time. Answers stay in a small
 * table, so that reconnecting devices ask the name server once a minute at most. */
#include "line/link_impl.h"

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lectern/clock.h"
#include "lectern/program.h"

#define NAMES       32 /* in the table; a room has fewer devices with names */
#define KEEP_FOUND  (60 * LEC_SEC)
#define KEEP_FAILED (2 * LEC_SEC) /* a name server that was away may be back soon */
#define STACK       (256 * 1024)  /* of the helper thread: glibc's resolver needs about 100 KiB */

struct name {
    char host[NI_MAXHOST];
    unsigned refs; /* the table, the helper thread, everybody who waits */
    int done_fd;   /* becomes and stays readable when done */
    bool done;
    int code;      /* of getaddrinfo */
    int64_t until; /* when the answer is old */
    int n;
    struct link_address at[LINK_ADDRESSES];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards the table and every struct name in it */
static struct name *names[NAMES];

static void unref(struct name *name)
{
    if (--name->refs > 0)
        return;
    close(name->done_fd);
    free(name);
}

static int copy_found(const struct addrinfo *found, struct link_address *out)
{
    int n = 0;
    for (const struct addrinfo *a = found; a && n < LINK_ADDRESSES; a = a->ai_next) {
        if ((a->ai_family != AF_INET && a->ai_family != AF_INET6) || a->ai_addrlen > sizeof out[n].sa)
            continue;
        memset(&out[n].sa, 0, sizeof out[n].sa);
        memcpy(&out[n].sa, a->ai_addr, a->ai_addrlen);
        out[n++].len = a->ai_addrlen;
    }
    return n;
}

static void *look_up(void *arg)
{
    struct name *name = arg; /* host and done_fd do not change any more */
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG}, *found = NULL;
    int code = getaddrinfo(name->host, NULL, &hints, &found);
    pthread_mutex_lock(&lock);
    name->code = code;
    name->n = code == 0 ? copy_found(found, name->at) : 0;
    name->until = lec_now() + (code == 0 ? KEEP_FOUND : KEEP_FAILED);
    name->done = true;
    eventfd_write(name->done_fd, 1);
    unref(name);
    pthread_mutex_unlock(&lock);
    if (found)
        freeaddrinfo(found);
    return NULL;
}

static int start_helper(struct name *name)
{
    pthread_attr_t attr;
    pthread_t thread;
    if (pthread_attr_init(&attr) != 0)
        return -1;
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, STACK);
    int rc = lec_thread_begin(&thread, &attr, look_up, name);
    pthread_attr_destroy(&attr);
    return rc == 0 ? 0 : -1;
}

/* Begins to look up `host`, in the slot of the table given. Under the lock. NULL: no memory, no thread. */
static struct name *begin(const char *host, struct name **slot)
{
    struct name *name = calloc(1, sizeof *name);
    if (!name)
        return NULL;
    snprintf(name->host, sizeof name->host, "%s", host);
    name->refs = 1;
    name->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (name->done_fd < 0) {
        free(name);
        return NULL;
    }
    name->refs = 2;
    if (start_helper(name) < 0) {
        name->refs = 1;
        unref(name);
        return NULL;
    }
    if (*slot)
        unref(*slot);
    *slot = name;
    return name;
}

/* The entry for `host`, with a reference for the caller: a fresh answer, one that is coming, or a new one. */
static struct name *find(const char *host)
{
    int64_t now = lec_now();
    struct name **slot = NULL;
    pthread_mutex_lock(&lock);
    struct name *name = NULL;
    for (size_t i = 0; i < NAMES; i++) {
        struct name *at = names[i];
        if (at && strcmp(at->host, host) == 0) {
            slot = &names[i];
            name = at->done && at->until <= now ? NULL : at;
            break;
        }
        /* otherwise a free slot, or the oldest answer; one that is still coming only if there is nothing else */
        if (!at || !slot || (*slot && at->done && (!(*slot)->done || at->until < (*slot)->until)))
            slot = &names[i];
    }
    if (!name && (!*slot || (*slot)->done))
        name = begin(host, slot);
    if (name)
        name->refs++;
    pthread_mutex_unlock(&lock);
    return name;
}

void link_resolve_forget(const char *host)
{
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < NAMES; i++)
        if (names[i] && names[i]->done && strcmp(names[i]->host, host) == 0)
            names[i]->until = 0;
    pthread_mutex_unlock(&lock);
}

static int no_address(const char *host, int code, struct lec_err *err)
{
    if (code == EAI_AGAIN)
        return lec_fail(err, LEC_E_LINK, "the name server does not answer for %s (write its address instead?)", host);
    if (code == EAI_MEMORY)
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    return lec_fail(err, LEC_E_LINK, "no address is known for %s (misspelt, or write its address instead)", host);
}

static void set_port(struct link_address *a, uint16_t port)
{
    if (a->sa.ss_family == AF_INET)
        ((struct sockaddr_in *)&a->sa)->sin_port = htons(port);
    else
        ((struct sockaddr_in6 *)&a->sa)->sin6_port = htons(port);
}

static int resolve_name(const char *host, int cancel_fd, int64_t deadline, struct link_address *out,
                        struct lec_err *err)
{
    struct name *name = find(host);
    if (!name)
        return lec_fail(err, LEC_E_NOMEM, "cannot look up %s: no memory or thread, or %d names are being looked up",
                        host, NAMES);
    int rc = link_wait(name->done_fd, POLLIN, cancel_fd, deadline);
    pthread_mutex_lock(&lock);
    if (rc > 0) {
        rc = name->n > 0 ? name->n : no_address(host, name->code, err);
        memcpy(out, name->at, (size_t)name->n * sizeof *out);
    } else if (rc == LEC_E_CANCELLED) {
        lec_fail(err, rc, "cancelled");
    } else if (rc == 0) {
        rc = lec_fail(err, LEC_E_TIMEOUT, "the name %s could not be looked up in time", host);
    } else {
        lec_fail(err, rc, "waiting for the address of %s failed", host);
    }
    unref(name);
    pthread_mutex_unlock(&lock);
    return rc;
}

int link_resolve(const char *host, uint16_t port, int cancel_fd, int64_t deadline, struct link_address *out,
                 struct lec_err *err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST}, *found = NULL;
    int n;
    if (strlen(host) >= NI_MAXHOST)
        return lec_fail(err, LEC_E_LINK, "the name of the host is too long");
    if (getaddrinfo(host, NULL, &hints, &found) == 0) {
        n = copy_found(found, out);
        freeaddrinfo(found);
    } else {
        n = resolve_name(host, cancel_fd, deadline, out, err);
    }
    for (int i = 0; i < n; i++)
        set_port(&out[i], port);
    return n;
}
