#include "link_stage.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void check_text(const struct lec_err *err, const char *word)
{
    if (!strstr(err->text, word))
        fail_msg("\"%s\" does not say \"%s\"", err->text, word);
}

/* ---- Names -------------------------------------------------------------------------------------------------- */

static pthread_mutex_t names_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t names_freed = PTHREAD_COND_INITIALIZER;
static unsigned lookups; /* of .test names */
static bool names_held;  /* lookups hang until it is false */

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
    static int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    size_t len = host ? strlen(host) : 0;
    if (len < 5 || strcmp(host + len - 5, ".test") != 0 || (hints && hints->ai_flags & AI_NUMERICHOST))
        return real(host, service, hints, out);
    pthread_mutex_lock(&names_lock);
    lookups++;
    while (names_held)
        pthread_cond_wait(&names_freed, &names_lock);
    pthread_mutex_unlock(&names_lock);
    if (strcmp(host, "unknown.test") == 0)
        return EAI_NONAME;
    if (strcmp(host, "silent.test") == 0)
        return EAI_AGAIN;
    int rc = real("127.0.0.1", service, hints, out);
    if (rc == 0 && strcmp(host, "two.test") == 0) { /* nobody listens at the first address */
        struct addrinfo *second = *out;
        rc = real("127.0.0.9", service, hints, out);
        if (rc == 0)
            (*out)->ai_next = second;
    }
    return rc;
}

void hold_names(bool held)
{
    pthread_mutex_lock(&names_lock);
    names_held = held;
    pthread_cond_broadcast(&names_freed);
    pthread_mutex_unlock(&names_lock);
}

unsigned count_lookups(void)
{
    pthread_mutex_lock(&names_lock);
    unsigned n = lookups;
    pthread_mutex_unlock(&names_lock);
    return n;
}

/* ---- Sockets ------------------------------------------------------------------------------------------------ */

int listen_at(uint16_t *port, int type, int backlog)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof in;
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&in, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &len), 0);
    if (type == SOCK_STREAM && backlog >= 0)
        assert_int_equal(listen(fd, backlog), 0);
    *port = ntohs(in.sin_port);
    return fd;
}

struct lec_line tcp(const char *host, uint16_t port)
{
    return (struct lec_line){.name = "", .kind = LEC_LINE_TCP, .host = host, .port = port, .path = ""};
}

struct lec_link *connected(const char *host, int *peer, int cancel_fd)
{
    uint16_t port;
    int fd = listen_at(&port, SOCK_STREAM, 4);
    struct lec_line line = tcp(host, port);
    struct lec_link *link = NULL;
    struct lec_err err = {0};
    if (lec_link_open(&line, cancel_fd, SOON, &link, &err) != 0)
        fail_msg("open: %s", err.text);
    *peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
    assert_true(*peer >= 0);
    close(fd);
    return link;
}

int listen_mute(uint16_t *port, int waiting[4])
{
    int fd = listen_at(port, SOCK_STREAM, 0);
    struct sockaddr_in in = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(*port)};
    for (int i = 0; i < 4; i++) {
        waiting[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        (void)connect(waiting[i], (struct sockaddr *)&in, sizeof in);
    }
    return fd;
}
