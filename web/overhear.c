#include "overhear.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "server.h"

/* By descriptor. Other threads read entries too: of descriptors of their own, which are no visitor's. */
static struct {
    struct visitor *_Atomic visitor;
    atomic_bool tls;
} heard[SERVER_DESCRIPTORS];

void overhear(int fd, bool tls, struct visitor *visitor)
{
    if (fd < 0 || fd >= SERVER_DESCRIPTORS)
        return;
    heard[fd].tls = tls;
    heard[fd].visitor = visitor;
}

void overhear_end(int fd, const struct visitor *visitor)
{
    if (fd >= 0 && fd < SERVER_DESCRIPTORS && heard[fd].visitor == visitor) /* else it is another's by now */
        heard[fd].visitor = NULL;
}

static bool may_pass(int fd, bool tls, const void *bytes, ssize_t n)
{
    struct visitor *visitor =
        n > 0 && fd >= 0 && fd < SERVER_DESCRIPTORS && heard[fd].tls == tls ? heard[fd].visitor : NULL;
    return !visitor || door_hears(visitor, bytes, (size_t)n);
}

__attribute__((visibility("default"))) ssize_t recv(int fd, void *buffer, size_t size, int flags)
{
    ssize_t n = recvfrom(fd, buffer, size, flags, NULL, NULL);
    if (may_pass(fd, false, buffer, flags & MSG_PEEK ? 0 : n))
        return n;
    errno = ECONNRESET;
    return -1;
}

__attribute__((visibility("default"))) int SSL_read(SSL *ssl, void *buffer, int size)
{
    size_t n = 0;
    if (size < 0 || SSL_read_ex(ssl, buffer, (size_t)size, &n) <= 0)
        return -1; /* SSL_get_error(), which everybody asks next, tells why */
    if (may_pass(SSL_get_fd(ssl), true, buffer, (ssize_t)n))
        return (int)n;
    errno = ECONNRESET;
    return -1;
}
