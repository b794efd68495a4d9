#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cli.h"

int signal_fd_open(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

bool wait_or_signal(struct lec_bus *bus, int signal_fd, int timeout_ms)
{
    struct pollfd fds[] = {{.fd = lec_bus_fd(bus), .events = POLLIN}, {.fd = signal_fd, .events = POLLIN}};
    poll(fds, ARRAY_LEN(fds), timeout_ms);
    if (fds[1].revents)
        return false;
    if (fds[0].revents)
        lec_bus_dispatch(bus);
    return true;
}
