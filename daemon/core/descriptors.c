/* libzmq 4.3.4 ends the whole program (an assertion in its ipc_listener.cpp) when accept4() fails for lack of
 * descriptors: a thousand clients would take the room with them. The accept4 below stands in for libc's in this program. It
 * sends away whoever would take one of the last descriptors, and reports what libzmq takes for a client that has gone
 * again. That client connects anew each 100 ms, and is let in when others have left. */
#include "core/descriptors.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static _Atomic uint64_t refused;

void descriptors_raise(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) < 0)
        return;
    files.rlim_cur = files.rlim_max < DESCRIPTORS_MAX ? files.rlim_max : DESCRIPTORS_MAX;
    (void)setrlimit(RLIMIT_NOFILE, &files);
}

uint64_t descriptors_refused(void)
{
    return atomic_load(&refused);
}

/* Declared here, since sys/socket.h says it with a type of its own for the address. */
__attribute__((visibility("default"))) int accept4(int listener, void *address, unsigned *size, int flags);

int accept4(int listener, void *address, unsigned *size, int flags)
{
    struct rlimit files;
    int fd = (int)syscall(SYS_accept4, listener, address, size, flags);
    if (fd < 0 && errno != EMFILE)
        return -1;
    /* the lowest free number is given: a high one means that most are taken */
    if (fd >= 0 && (getrlimit(RLIMIT_NOFILE, &files) < 0 || (uint64_t)fd + DESCRIPTORS_KEPT < files.rlim_cur))
        return fd;
    if (fd >= 0)
        close(fd);
    atomic_fetch_add(&refused, 1);
    errno = ECONNABORTED;
    return -1;
}
