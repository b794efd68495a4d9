/* lectern-web: the program that serves the pages and passes on what they and the rooms say to each other. Reads its arguments, runs the
 * server. */
#include <getopt.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lectern/log.h"
#include "lectern/parse.h"
#include "lectern/paths.h"
#include "lectern/program.h"
#include "server.h"
#include "wire.h"

static const char usage[] =
    "Usage: lectern-web [options]\n"
    "Serves the pages of the rooms on this computer to browsers.\n"
    "\n"
    "  --listen ADDRESS:PORT  where browsers find it (default 127.0.0.1:8080; [::]:443 for all addresses)\n"
    "  --cert FILE --key FILE certificate (with its chain) and key: https; SIGHUP reads them anew\n"
    "  --insecure             plain http on other addresses than this computer's own: whoever is in the network can read\n"
    "                         along, secrets too\n"
    "  --host NAME            a name by which browsers call this computer, besides its own; may be given 16 times\n"
    "  --pages DIR            the built pages (default beside the program: share/lectern/web)\n"
    "  --state DIR            the people (people.db) are here (default $LECTERN_WEB_STATE, else $STATE_DIRECTORY, else\n"
    "                         /var/lib/lectern-web)\n"
    "  --run DIR              the rooms' sockets are DIR/<room>/ (default $LECTERN_RUN, else /run/lectern)\n"
    "  --verbose              log debugging messages too\n"
    "  --help, --version\n"
    "\n"
    "Exit status: 0 ended as asked, 1 could not start or run, 2 wrong arguments.\n";

static int wrong(const char *what, const char *text)
{
    fprintf(stderr, "lectern-web: %s \"%s\"; see --help\n", what, text);
    return 2;
}

/* "127.0.0.1:8080", "[::1]:8080". */
static bool read_listen(const char *text, struct server_setup *setup)
{
    const char *colon = strrchr(text, ':');
    int64_t port;
    if (!colon || lec_parse_int(colon + 1, 0, 65535, &port) < 0)
        return false;
    bool brackets = text[0] == '[' && colon > text && colon[-1] == ']';
    const char *from = brackets ? text + 1 : text;
    size_t n = (size_t)(colon - from) - (brackets ? 1 : 0);
    if (n == 0 || n >= sizeof setup->address)
        return false;
    memcpy(setup->address, from, n);
    setup->address[n] = '\0';
    setup->port = (int)port;
    return wire_is_address(setup->address) && brackets == (strchr(setup->address, ':') != NULL);
}

static bool is_loopback(const char *address)
{
    return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

/* Returns -1 to go on, or the exit status. */
static int parse(int argc, char **argv, struct server_setup *setup)
{
    static const struct option options[] = {
        {"listen", required_argument, NULL, 'l'}, {"cert", required_argument, NULL, 'c'},
        {"key", required_argument, NULL, 'k'},    {"insecure", no_argument, NULL, 'i'},
        {"host", required_argument, NULL, 'n'},   {"pages", required_argument, NULL, 'p'},
        {"state", required_argument, NULL, 't'},  {"run", required_argument, NULL, 'r'},
        {"verbose", no_argument, NULL, 'v'},      {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},      {0},
    };
    read_listen("127.0.0.1:8080", setup);
    for (int c; (c = getopt_long(argc, argv, "vh", options, NULL)) != -1;) {
        switch (c) {
        case 'l':
            if (!read_listen(optarg, setup))
                return wrong("--listen needs an IP address and a port, as 0.0.0.0:8080 or [::]:8080, not", optarg);
            break;
        case 'c':
            setup->cert = optarg;
            break;
        case 'k':
            setup->key = optarg;
            break;
        case 'i':
            setup->insecure = true;
            break;
        case 'n':
            if (setup->n_hosts == SERVER_NAMES)
                return wrong("too many names: --host", optarg);
            setup->hosts[setup->n_hosts++] = optarg;
            break;
        case 'p':
            setup->pages = optarg;
            break;
        case 't':
            setup->state_dir = optarg;
            break;
        case 'r':
            setup->run_dir = optarg;
            break;
        case 'v':
            lec_log_set_level(LEC_LOG_DEBUG);
            break;
        case 'h':
            fputs(usage, stdout);
            return 0;
        case 'V':
            printf("lectern-web %s\n", lec_version());
            return 0;
        default:
            fputs(usage, stderr);
            return 2;
        }
    }
    if (optind != argc)
        return wrong("too many arguments:", argv[optind]);
    if (!setup->cert != !setup->key)
        return wrong("--cert and --key belong together; missing is that of", setup->cert ? setup->cert : setup->key);
    if (!setup->cert && !setup->insecure && !is_loopback(setup->address))
        return wrong(
            "plain http would let everybody in the network read along: give --cert and --key, or --insecure, for",
            setup->address);
    return -1;
}

int main(int argc, char **argv)
{
    static struct server server;
    static char pages[4096];
    struct server_setup setup = {0};
    struct lec_err err = {.text = ""};
    int status = parse(argc, argv, &setup);
    if (status >= 0)
        return status;
    mallopt(M_ARENA_MAX, 1); /* the worker's and ZeroMQ's threads allocate little: an arena each would cost more */
    mallopt(M_MMAP_THRESHOLD, 128 * 1024);
    mallopt(M_TRIM_THRESHOLD, 256 * 1024); /* what a crowd of pages needed is given back when they have gone */
    lec_signals_block();                   /* the loop reads them from a signalfd */
    if (setup.run_dir)
        setenv("LECTERN_RUN", setup.run_dir, 1); /* where liblectern looks for rooms */
    if (!setup.state_dir)
        setup.state_dir = getenv("LECTERN_WEB_STATE"); /* as `lectern user` */
    if (!setup.state_dir)
        setup.state_dir = getenv("STATE_DIRECTORY");
    if (!setup.state_dir)
        setup.state_dir = "/var/lib/lectern-web";
    if (!setup.pages && lec_path_pages(pages, sizeof pages, &err) == 0)
        setup.pages = pages;
    if (!setup.pages) {
        lec_log(LEC_LOG_WARNING, "%s", err.text);
        setup.pages = "share/lectern/web";
    }
    int rc = server_open(&server, &setup, &err);
    if (rc < 0)
        lec_log(LEC_LOG_ERROR, "%s", err.text);
    else
        server_run(&server);
    server_close(&server);
    if (rc < 0)
        return 1;
    lec_log(LEC_LOG_INFO, "ended");
    return 0;
}
