#include "bench.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

static char folder[64];
static pid_t children[256];
static size_t n_children;
static pid_t owner;
static int shorts;

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static void clean_up(void)
{
    if (getpid() != owner)
        return;
    for (size_t i = 0; i < n_children; i++) {
        kill(children[i], SIGKILL);
        waitpid(children[i], NULL, 0);
    }
    if (!getenv("BENCH_KEEP"))
        nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *bench_folder(void)
{
    if (*folder)
        return folder;
    snprintf(folder, sizeof folder, "/tmp/lectern-bench-XXXXXX");
    if (!mkdtemp(folder))
        bench_die("no folder in /tmp");
    owner = getpid();
    atexit(clean_up);
    return folder;
}

void bench_die(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fputs("benchmark cannot run: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    exit(3);
}

void bench_pin(int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    long n = sysconf(_SC_NPROCESSORS_CONF);
    for (int i = 0; i < n; i++)
        if (cpu < 0 || i == cpu)
            CPU_SET((size_t)i, &set);
    sched_setaffinity(0, sizeof set, &set);
}

static pid_t remember(pid_t pid)
{
    if (pid < 0 || n_children == sizeof children / sizeof *children)
        bench_die("cannot start a process");
    children[n_children++] = pid;
    return pid;
}

pid_t bench_fork(int cpu, void (*f)(void *arg), void *arg)
{
    bench_folder();
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        bench_pin(cpu);
        f(arg);
        _exit(0);
    }
    return remember(pid);
}

pid_t bench_start(int cpu, const char *program, ...)
{
    char path[512], log[512];
    char *argv[64];
    size_t n = 0;
    va_list ap;
    va_start(ap, program);
    snprintf(path, sizeof path, "%s%s", strchr(program, '/') ? "" : BENCH_BIN "/", program);
    argv[n++] = path;
    while (n < 63 && (argv[n] = va_arg(ap, char *)))
        n++;
    argv[n] = NULL;
    va_end(ap);
    snprintf(log, sizeof log, "%s/%s.log", bench_folder(), strrchr(path, '/') + 1);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        bench_pin(cpu);
        int fd = open(log, O_CREAT | O_WRONLY | O_APPEND, 0644);
        dup2(fd, STDOUT_FILENO);
        dup2(fd, STDERR_FILENO);
        execv(path, argv);
        _exit(127);
    }
    return remember(pid);
}

void bench_stop(pid_t pid)
{
    kill(pid, SIGTERM);
    for (int i = 0; i < 3000; i++) {
        if (waitpid(pid, NULL, WNOHANG) != 0)
            break;
        usleep(1000);
        if (i == 2999)
            kill(pid, SIGKILL);
    }
    for (size_t i = 0; i < n_children; i++)
        if (children[i] == pid)
            children[i] = children[--n_children];
}

const char *bench_write(const char *name, const char *text)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", bench_folder(), name);
    FILE *f = fopen(path, "we");
    if (!f || fputs(text, f) < 0 || fclose(f) != 0)
        bench_die("cannot write %s", path);
    return path;
}

/* The shipped profiles by symbolic links, and devices/bench beside them. */
const char *bench_profiles(void)
{
    static char path[128];
    if (*path)
        return path;
    snprintf(path, sizeof path, "%s/profiles", bench_folder());
    static const char *const vendors[] = {"epson", "generic", "vernier"};
    char from[512], to[256];
    snprintf(to, sizeof to, "%s/devices/bench", path);
    mkdir(path, 0755);
    snprintf(from, sizeof from, "%s/devices", path);
    mkdir(from, 0755);
    mkdir(to, 0755);
    snprintf(from, sizeof from, "%s/classes", BENCH_PROFILES);
    snprintf(to, sizeof to, "%s/classes", path);
    int rc = symlink(from, to);
    for (size_t i = 0; i < sizeof vendors / sizeof *vendors; i++) {
        snprintf(from, sizeof from, "%s/devices/%s", BENCH_PROFILES, vendors[i]);
        snprintf(to, sizeof to, "%s/devices/%s", path, vendors[i]);
        rc |= symlink(from, to);
    }
    if (rc < 0)
        bench_die("cannot lay out %s", path);
    return path;
}

static void put_point(FILE *f, const char *point, int number)
{
    for (const char *p = point; *p; p++) {
        if (p[0] == '%' && p[1] == 'd') {
            fprintf(f, "%d", number);
            p++;
        } else {
            fputc(*p, f);
        }
    }
}

void bench_profile(const char *name, const char *text, int n, const char *point, int step)
{
    char path[256];
    snprintf(path, sizeof path, "%s/devices/bench/%s.ini", bench_profiles(), name);
    FILE *f = fopen(path, "we");
    if (!f)
        bench_die("cannot write %s", path);
    fputs(text, f);
    for (int i = 0; i < n; i++) {
        fprintf(f, "[point p%d]\n", i + 1);
        put_point(f, point, i * step);
        fputc('\n', f);
    }
    fclose(f);
}

static void link_modules(const char *from, const char *to)
{
    DIR *dir = opendir(from);
    for (struct dirent *e; dir && (e = readdir(dir));) {
        char a[1024], b[1024];
        snprintf(a, sizeof a, "%s/%s", from, e->d_name);
        snprintf(b, sizeof b, "%s/%s", to, e->d_name);
        if (*e->d_name != '.' && symlink(a, b) < 0 && errno != EEXIST)
            bench_die("cannot link %s", b);
    }
    if (dir)
        closedir(dir);
}

/* All driver modules of the build, and those of bench/. */
static const char *drivers(void)
{
    static char path[128];
    if (*path)
        return path;
    snprintf(path, sizeof path, "%s/drivers", bench_folder());
    mkdir(path, 0755);
    link_modules(BENCH_DRIVERS, path);
    link_modules(BENCH_OWN_DRIVERS, path);
    return path;
}

static const char *endpoint(const char *room, const char *which)
{
    static char text[2][256];
    char *t = text[*which == 'c'];
    snprintf(t, sizeof text[0], "ipc://%s/run/%s/%s", bench_folder(), room, which);
    return t;
}

const char *bench_command(const char *room)
{
    return endpoint(room, "command");
}

const char *bench_event(const char *room)
{
    return endpoint(room, "event");
}

void *bench_dealer(const char *at)
{
    static void *ctx;
    if (!ctx)
        ctx = zmq_ctx_new();
    void *socket = zmq_socket(ctx, ZMQ_DEALER);
    int timeout = 10000, linger = 0, again = 1; /* ms: the room may not be there yet, and its start is what is timed */
    zmq_setsockopt(socket, ZMQ_RCVTIMEO, &timeout, sizeof timeout);
    zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger);
    zmq_setsockopt(socket, ZMQ_RECONNECT_IVL, &again, sizeof again);
    if (zmq_connect(socket, at) < 0)
        bench_die("cannot connect to %s", at);
    return socket;
}

const char *bench_call(void *dealer, const char *request)
{
    static char answer[4 * 1024 * 1024];
    zmq_send(dealer, request, strlen(request), 0);
    int n = zmq_recv(dealer, answer, sizeof answer - 1, 0);
    if (n < 0)
        bench_die("no answer to %.80s (logs are kept with BENCH_KEEP=1)", request);
    answer[n < (int)sizeof answer - 1 ? n : (int)sizeof answer - 1] = '\0';
    return answer;
}

void bench_until(void *dealer, const char *request, const char *want, double seconds)
{
    double end = bench_now() + seconds;
    const char *answer;
    do {
        answer = bench_call(dealer, request);
        if (strstr(answer, want))
            return;
        usleep(5000);
    } while (bench_now() < end);
    bench_die("waited %.0f s for %s in: %.400s", seconds, want, answer);
}

pid_t bench_room(int cpu, const char *room, const char *text, const char *line_map)
{
    char name[128], file[256], run[128], state[128];
    snprintf(name, sizeof name, "%s.ini", room);
    if (text)
        bench_write(name, text);
    snprintf(file, sizeof file, "%s/%s", bench_folder(), name);
    snprintf(run, sizeof run, "%s/run", bench_folder());
    snprintf(state, sizeof state, "%s/state", bench_folder());
    pid_t pid = line_map ? bench_start(cpu, "lecternd", "--run", run, "--state", state, "--profiles", bench_profiles(),
                                       "--drivers", drivers(), "--simulated", line_map, file, (char *)NULL)
                         : bench_start(cpu, "lecternd", "--run", run, "--state", state, "--profiles", bench_profiles(),
                                       "--drivers", drivers(), file, (char *)NULL);
    void *dealer = bench_dealer(bench_command(room));
    bench_call(dealer, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"room.describe\"}");
    zmq_close(dealer);
    return pid;
}

static long proc(pid_t pid, const char *file, const char *key, int field)
{
    char path[64], text[8192];
    snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
    FILE *f = fopen(path, "re");
    size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
    if (!f)
        bench_die("%s is gone", path);
    fclose(f);
    text[n] = '\0';
    char *at = key ? strstr(text, key) : strrchr(text, ')');
    for (int i = 0; at && i < field; i++)
        at = strpbrk(at, " \t") + 1;
    if (!at)
        bench_die("%s has no %s", path, key);
    return strtol(at, NULL, 10); /* proc(5) writes it */
}

double bench_cpu(pid_t pid)
{
    return (double)(proc(pid, "stat", NULL, 12) + proc(pid, "stat", NULL, 13)) / (double)sysconf(_SC_CLK_TCK);
}

double bench_rss(pid_t pid)
{
    return (double)proc(pid, "status", "VmRSS:", 1) * 1024;
}

double bench_now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_percentile(double *at, size_t n, double p)
{
    qsort(at, n, sizeof *at, by_size);
    size_t i = (size_t)((double)(n - 1) * p / 100);
    return at[i];
}

void bench_row(const char *name, double measured, const char *unit, double must, bool most)
{
    bool ok = most ? measured <= must : measured >= must;
    shorts += !ok;
    printf("%-44s %12.6g%-4s %s %.6g%-4s %s\n", name, measured, unit, most ? "<=" : ">=", must, unit,
           ok ? "ok" : "short");
    fflush(stdout);
}

void bench_note(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fputs("    ", stdout);
    vprintf(fmt, ap);
    putchar('\n');
    va_end(ap);
    fflush(stdout);
}

int bench_end(void)
{
    return shorts > 0;
}
