/* lectern-web with 200 pages open on a room whose 32 points all change ten times a second: its processor time, its memory over that time, what
 * the pages get; and its memory when nothing happens. A page here only counts: it reads the heads of the frames.
 *
 *   bench_web [SECONDS]   how long the 200 pages stay (default 30; 600 for the ten minutes of the requirement) */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"
#include "lectern/parse.h"
#include "lectern/people.h"

#define PAGES  200
#define POINTS 32
#define SETTLE 5 /* s until the pages are all there and the memory is what it is */

struct page {
    int fd;
    bool open; /* the head of the answer has been read */
    unsigned char head[512];
    size_t head_n;
    size_t skip; /* bytes of a frame that are still to come */
    uint64_t messages, bytes;
};

static struct page pages[PAGES];
static int port;
static char token[LEC_TOKEN_SIZE];

static void make_session(const char *folder)
{
    char path[512];
    struct lec_people *people;
    struct lec_err err;
    struct lec_person person = {.name = "Lan", .role = "teacher"};
    snprintf(path, sizeof path, "%s/people.db", folder);
    if (lec_people_open(path, &people, &err) < 0 || lec_people_add(people, &person, "9517", &err) < 0 ||
        lec_session_new(people, "Lan", token, &err) < 0)
        bench_die("no session: %s", err.text);
    lec_people_close(&people);
}

/* The port stands in the log. */
static void find_port(void)
{
    char path[512], line[512];
    snprintf(path, sizeof path, "%s/lectern-web.log", bench_folder());
    for (double end = bench_now() + 10; bench_now() < end; usleep(10000)) {
        FILE *f = fopen(path, "r");
        while (f && fgets(line, sizeof line, f)) {
            char *at = strstr(line, "listening on http");
            int64_t n;
            if (!at)
                continue;
            at[strcspn(at, "\n")] = '\0';
            if (lec_parse_int(strrchr(at, ':') + 1, 1, 65535, &n) == 0)
                port = (int)n;
        }
        if (f)
            fclose(f);
        if (port)
            return;
    }
    bench_die("lectern-web does not listen");
}

static pid_t start_web(const char *folder, bool tls)
{
    char run[512], file[600];
    snprintf(run, sizeof run, "%s/run", bench_folder());
    snprintf(file, sizeof file, "%s/both.pem", folder);
    pid_t pid = bench_start(-1, "lectern-web", "--listen", "127.0.0.1:0", "--state", folder, "--run", run,
                            tls ? "--cert" : (char *)NULL, file, "--key", file, (char *)NULL);
    find_port();
    return pid;
}

/* Certificate and key in one file, both.pem. */
static void make_certificate(const char *folder)
{
    char path[600];
    snprintf(path, sizeof path, "%s/both.pem", folder);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    FILE *f = fopen(path, "we");
    if (!key || !x || !f)
        bench_die("no certificate");
    X509_gmtime_adj(X509_getm_notBefore(x), 0);
    X509_gmtime_adj(X509_getm_notAfter(x), 86400);
    X509_set_pubkey(x, key);
    if (!X509_sign(x, key, EVP_sha256()) || !PEM_write_X509(f, x) ||
        !PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL))
        bench_die("no certificate");
    fclose(f);
    X509_free(x);
    EVP_PKEY_free(key);
}

static void start_room(void)
{
    char run[512], state[512], drivers[1024], user[128];
    bench_profile("web", "[device]\nclass = sensor\ndriver = flood\nvendor = Bench\nmodel = Flood\nsource = made up\n",
                  POINTS, "type = float\naccess = read\nunit = Cel\nperiod = 100ms", 1);
    snprintf(run, sizeof run, "%s/run", bench_folder());
    snprintf(state, sizeof state, "%s/state", bench_folder());
    snprintf(drivers, sizeof drivers, "%s/../bench/drivers", BENCH_BIN);
    const struct passwd *self = getpwuid(getuid());
    snprintf(user, sizeof user, "%s", self ? self->pw_name : "nobody");
    const char *room =
        bench_write("web.ini", "[room]\nid = web\nsite = bench\nlabel = Web\n[device flood]\nprofile = bench/web\n");
    bench_start(-1, "lecternd", "--run", run, "--state", state, "--profiles", bench_profiles(), "--drivers", drivers,
                "--gateway", user, room, (char *)NULL);
    void *dealer = bench_dealer(bench_command("web"));
    bench_until(dealer,
                "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"point.read\",\"params\":{\"target\":\"flood.p32\"}}",
                "\"good\"", 10);
}

static void open_page(struct page *p)
{
    char request[1024];
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    *p = (struct page){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    int n = snprintf(
        request, sizeof request,
        "GET /ws?room=web HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nOrigin: http://127.0.0.1:%d\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Protocol: lectern.1\r\nCookie: lectern=%s\r\n\r\n",
        port, port, token);
    if (p->fd < 0 || connect(p->fd, (struct sockaddr *)&to, sizeof to) < 0 || write(p->fd, request, (size_t)n) != n)
        bench_die("no page can be opened: %s", strerror(errno));
    fcntl(p->fd, F_SETFL, O_NONBLOCK);
}

/* One frame's head, once it is whole: counts the message, answers a ping. Returns how long head and content are; 0: more is needed. */
static size_t take_head(struct page *p, const unsigned char *at, size_t n)
{
    size_t length = n >= 2 ? at[1] : 0, head = length == 126 ? 4 : length == 127 ? 10 : 2;
    if (n < head)
        return 0;
    if (length == 126)
        length = (size_t)at[2] << 8 | at[3];
    else if (length == 127)
        length = (size_t)at[6] << 24 | (size_t)at[7] << 16 | (size_t)at[8] << 8 | at[9];
    int opcode = at[0] & 15;
    if (opcode == 8)
        bench_die("the gateway closed a page");
    if (opcode == 9) {
        static const unsigned char pong[] = {0x8a, 0x84, 0, 0, 0, 0, 0, 0, 0, 0};
        (void)!write(p->fd, pong, sizeof pong);
    } else {
        p->messages += at[0] >> 7;
    }
    return head + length;
}

static void take(struct page *p, const unsigned char *at, size_t n)
{
    p->bytes += n;
    while (n > 0) {
        size_t step;
        if (p->skip > 0) {
            step = p->skip < n ? p->skip : n;
            p->skip -= step;
        } else if (p->head_n == sizeof p->head) {
            bench_die("the answer's head is too long");
        } else {
            p->head[p->head_n++] = *at;
            step = 1;
            if (!p->open && p->head_n >= 4 && memcmp(p->head + p->head_n - 4, "\r\n\r\n", 4) == 0) {
                if (strncmp((char *)p->head, "HTTP/1.1 101", 12) != 0)
                    bench_die("a page was refused: %.60s", p->head);
                p->open = true;
                p->head_n = 0;
            } else if (p->open) {
                size_t whole = take_head(p, p->head, p->head_n);
                if (whole > 0) {
                    p->skip = whole - p->head_n;
                    p->head_n = 0;
                }
            }
        }
        at += step;
        n -= step;
    }
}

static int epoll_fd;

static void serve(double seconds)
{
    static unsigned char data[65536];
    for (double end = bench_now() + seconds; bench_now() < end;) {
        struct epoll_event ready[64];
        int n = epoll_wait(epoll_fd, ready, 64, 100);
        for (int i = 0; i < n; i++) {
            struct page *p = ready[i].data.ptr;
            ssize_t got = read(p->fd, data, sizeof data);
            if (got > 0)
                take(p, data, (size_t)got);
            else if (got == 0)
                bench_die("the gateway ended a page");
        }
    }
}

/* tls: with a certificate that is made for it. */
static void idle_memory(const char *folder, bool tls)
{
    pid_t pid = start_web(folder, tls);
    sleep(2);
    bench_row(tls ? "web.idle-memory (TLS)" : "web.idle-memory", bench_rss(pid) / 1e6, "MB", 12, true);
    bench_stop(pid);
    port = 0;
}

int main(int argc, char **argv)
{
    int64_t seconds = 30;
    char folder[512], log[512];
    if (argc > 2 || (argc == 2 && lec_parse_int(argv[1], 5, 86400, &seconds) < 0)) {
        fprintf(stderr, "bench_web [SECONDS]\n");
        return 2;
    }
    snprintf(folder, sizeof folder, "%s/web", bench_folder());
    snprintf(log, sizeof log, "%s/lectern-web.log", bench_folder());
    mkdir(folder, 0700);
    make_session(folder);
    start_room();
    make_certificate(folder);
    idle_memory(folder, false);
    unlink(log);
    idle_memory(folder, true);
    unlink(log);

    pid_t web = start_web(folder, false);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i < PAGES; i++) {
        open_page(&pages[i]);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &pages[i]};
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, pages[i].fd, &event);
    }
    serve(SETTLE);
    uint64_t messages = 0, bytes = 0, fewest = UINT64_MAX;
    for (int i = 0; i < PAGES; i++)
        pages[i].messages = pages[i].bytes = 0;
    double rss = bench_rss(web), cpu = bench_cpu(web), begin = bench_now();
    serve((double)seconds);
    double took = bench_now() - begin;
    cpu = (bench_cpu(web) - cpu) / took;
    double grown = bench_rss(web) - rss;
    for (int i = 0; i < PAGES; i++) {
        messages += pages[i].messages;
        bytes += pages[i].bytes;
        fewest = pages[i].messages < fewest ? pages[i].messages : fewest;
    }
    bench_row("web.200x10.cpu", cpu * 100, "%", 50, true);
    bench_row("web.200x10.updates (slowest page)", (double)fewest / took, "/s", 9, false);
    bench_row("web.200x10.memory-growth", grown / 1e6, "MB", 0.5, true);
    bench_note("%.0f messages/s, %.1f MB/s, %.1f MB resident with 200 pages, over %.0f s%s", (double)messages / took,
               (double)bytes / took / 1e6, (rss + grown) / 1e6, took,
               seconds < 600 ? "; the ten minutes of the requirement: bench_web 600" : "");
    return bench_end();
}
