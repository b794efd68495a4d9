#include "core/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define NICE 10

static int find_program(const char *name, char *path, size_t size, struct lec_err *err)
{
    ssize_t n = readlink("/proc/self/exe", path, size - 1);
    char *slash = n > 0 ? memrchr(path, '/', (size_t)n) : NULL;
    if (!slash || (size_t)(slash - path) + strlen(name) + 2 > size)
        return lec_fail(err, LEC_E_BUG, "the folder of %s cannot be found", name);
    snprintf(slash, size - (size_t)(slash - path), "/%s", name);
    if (access(path, X_OK) < 0)
        return lec_fail(err, LEC_E_NOTSUP, "%s is not installed", path);
    return 0;
}

static int spawn(const char *path, char *const argv[], int in, int out, pid_t *pid)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    if (in >= 0)
        posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
    else
        posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
    posix_spawnattr_setsigmask(&attributes, &none); /* ours are blocked */
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    int rc = posix_spawn(pid, path, &files, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return rc;
}

int child_start(struct children *children, char *const argv[], int in, struct child *out, struct lec_err *err)
{
    char path[4096];
    int pipes[2];
    *out = (struct child){0};
    int rc = find_program(argv[0], path, sizeof path, err);
    if (rc < 0)
        return rc;
    if (pipe2(pipes, O_CLOEXEC) < 0)
        return lec_fail(err, LEC_E_NOMEM, "no descriptors for %s", argv[0]);
    pid_t pid;
    int failed = lec_waiter_add(children->waiter, pipes[0], children->item) < 0 ? ENOMEM : 0;
    if (failed == 0)
        failed = spawn(path, argv, in, pipes[1], &pid);
    close(pipes[1]);
    if (failed != 0) {
        lec_waiter_drop(children->waiter, pipes[0]);
        close(pipes[0]);
        return lec_fail(err, LEC_E_NOMEM, "%s cannot be started: %s", argv[0], strerror(failed));
    }
    (void)setpriority(PRIO_PROCESS, (id_t)pid, NICE); /* the room goes first */
    (void)fcntl(pipes[0], F_SETFL, O_NONBLOCK);
    *out = (struct child){.pid = pid, .fd = pipes[0]};
    return 0;
}

bool child_read(const struct child *child, struct lec_buf *answer)
{
    char chunk[65536];
    ssize_t n = read(child->fd, chunk, sizeof chunk);
    if (n > 0)
        lec_buf_put(answer, chunk, (size_t)n);
    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

void child_end(struct children *children, struct child *child)
{
    pid_t pid = child->pid;
    lec_waiter_drop(children->waiter, child->fd);
    close(child->fd);
    *child = (struct child){0};
    kill(-pid, SIGKILL);
    if (waitpid(pid, NULL, WNOHANG) != 0)
        return;
    for (size_t i = 0; i < CHILDREN_GONE; i++) {
        if (children->gone[i] == 0) {
            children->gone[i] = pid;
            return;
        }
    }
}

void child_reap(struct children *children)
{
    for (size_t i = 0; i < CHILDREN_GONE; i++)
        if (children->gone[i] > 0 && waitpid(children->gone[i], NULL, WNOHANG) != 0)
            children->gone[i] = 0;
}
