#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pjlink.h"

/* Devices answer after a random delay of up to 10 s (Class 2, 3.1), so that a whole school does not answer at once. The
 * question is put twice because datagrams get lost. */
#define ASK_AGAIN_NS LEC_SEC
#define LISTEN_NS    (ASK_AGAIN_NS + 10500 * LEC_MS)
#define FOUND_MAX    512 /* devices told of in one search; more are left out */

bool pj_is_mac(const char *data)
{
    for (size_t i = 0; i < 17; i++) {
        char c = data[i];
        bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        if (i % 3 == 2 ? c != ':' : !hex)
            return false;
    }
    return true;
}

static int open_socket(uint16_t port, struct lec_err *err)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return lec_fail(err, LEC_E_NOMEM, "a socket: %s", strerrordesc_np(errno));
    /* Answers come to the protocol's port, not to the sender's; notices of devices come there too and may be taken by
     * the daemon at the same time. */
    int on = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on) < 0 ||
        bind(fd, (struct sockaddr *)&here, sizeof here) < 0) {
        lec_fail(err, LEC_E_LINK, "UDP port %u, where devices answer: %s", (unsigned)port, strerrordesc_np(errno));
        close(fd);
        return LEC_E_LINK;
    }
    return fd;
}

static int ask(int fd, const struct sockaddr_in *to, const char *target, struct lec_err *err)
{
    if (sendto(fd, "%2SRCH\r", 7, 0, (const struct sockaddr *)to, sizeof *to) == 7)
        return 0;
    return lec_fail(err, LEC_E_LINK, "asking %s: %s", target, strerrordesc_np(errno));
}

/* The MAC address in an answer, or NULL: "%2ACKN=AA:BB:CC:DD:EE:FF\r". */
static const char *answer(const char *data)
{
    return strncasecmp(data, "%2ACKN=", 7) == 0 && pj_is_mac(data + 7) ? data + 7 : NULL;
}

struct found {
    in_addr_t address;
    char mac[17];
};

/* Tells of one datagram, unless that device has been told of. Returns whether one was read. */
static bool take(int fd, struct lec_search *search, struct found seen[FOUND_MAX], size_t *n_seen)
{
    char data[64] = "", address[INET_ADDRSTRLEN], id[18];
    struct sockaddr_in from = {0};
    socklen_t len = sizeof from;
    ssize_t n = recvfrom(fd, data, sizeof data - 1, 0, (struct sockaddr *)&from, &len);
    if (n < 0)
        return errno == EINTR || errno == ECONNREFUSED;
    data[n] = '\0';
    const char *mac = answer(data);
    if (!mac)
        return true;
    for (size_t i = 0; i < *n_seen; i++)
        if (seen[i].address == from.sin_addr.s_addr && memcmp(seen[i].mac, mac, 17) == 0)
            return true;
    if (*n_seen == FOUND_MAX)
        return true;
    seen[*n_seen].address = from.sin_addr.s_addr;
    memcpy(seen[*n_seen].mac, mac, 17);
    (*n_seen)++;
    memcpy(id, mac, 17);
    id[17] = '\0';
    search->found(search, inet_ntop(AF_INET, &from.sin_addr, address, sizeof address), id, "PJLink class 2");
    return true;
}

int pj_search(struct lec_search *search, struct lec_err *err)
{
    uint16_t port = search->port ? search->port : PJ_PORT;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct found seen[FOUND_MAX];
    size_t n_seen = 0;
    if (inet_pton(AF_INET, search->target, &to.sin_addr) != 1)
        return lec_fail(err, LEC_E_RANGE, "\"%s\" is not an IPv4 address", search->target);
    int fd = open_socket(port, err);
    if (fd < 0)
        return fd;
    int64_t begun = lec_now(), next = begun + ASK_AGAIN_NS;
    int rc = ask(fd, &to, search->target, err);
    while (rc == 0) {
        int64_t now = lec_now();
        if (now >= begun + LISTEN_NS)
            break;
        if (now >= next) {
            next = LEC_NEVER;
            rc = ask(fd, &to, search->target, err);
            continue;
        }
        struct pollfd p[2] = {{.fd = fd, .events = POLLIN}, {.fd = search->cancel_fd, .events = POLLIN}};
        int64_t until = next < begun + LISTEN_NS ? next : begun + LISTEN_NS;
        if (poll(p, 2, lec_ms_until(until)) < 0 && errno != EINTR)
            rc = lec_fail(err, LEC_E_BUG, "poll: %s", strerrordesc_np(errno));
        else if (p[1].revents)
            break;
        else if (p[0].revents)
            while (take(fd, search, seen, &n_seen))
                continue;
    }
    close(fd);
    return rc;
}
