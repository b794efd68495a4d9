/* Terminals by termios2, which knows every rate; asm/termbits.h and termios.h exclude each other, so this file has
 * only the former. */
#include "line/link_impl.h"

#include <asm/termbits.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lectern/parse.h"

/* ---- Who has a port ----------------------------------------------------------------------------------------- */

/* Whether process `pid` has the terminal `device` open (as far as we may see that). */
static bool has_open(const char *pid, dev_t device, int except)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "/proc/%s/fd", pid) >= (int)sizeof path)
        return false;
    DIR *fds = opendir(path);
    if (!fds)
        return false;
    bool found = false;
    for (const struct dirent *e; !found && (e = readdir(fds));) {
        struct stat st;
        int64_t fd;
        if (lec_parse_int(e->d_name, 0, INT_MAX, &fd) < 0 || fd == except)
            continue;
        found = fstatat(dirfd(fds), e->d_name, &st, 0) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == device;
    }
    closedir(fds);
    return found;
}

/* "minicom, process 4711", or "another process" when it cannot be seen. */
static void find_owner(dev_t device, int except, char *out, size_t size)
{
    snprintf(out, size, "another process");
    DIR *proc = opendir("/proc");
    if (!proc)
        return;
    for (const struct dirent *e; (e = readdir(proc));) {
        int64_t pid;
        if (lec_parse_int(e->d_name, 1, INT_MAX, &pid) < 0 ||
            !has_open(e->d_name, device, pid == getpid() ? except : -1))
            continue;
        char path[PATH_MAX], name[64] = "?";
        snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd >= 0 ? read(fd, name, sizeof name - 1) : -1;
        if (fd >= 0)
            close(fd);
        if (n > 0)
            name[name[n - 1] == '\n' ? n - 1 : n] = '\0';
        if (pid == getpid())
            snprintf(out, size, "this program itself: is it the line of another device too?");
        else
            snprintf(out, size, "%s, process %d", name, (int)pid);
        break;
    }
    closedir(proc);
}

static int taken(const char *path, int except, struct lec_err *err)
{
    struct stat st;
    char owner[128] = "another process";
    if (stat(path, &st) == 0)
        find_owner(st.st_rdev, except, owner, sizeof owner);
    return lec_fail(err, LEC_E_LINK, "%s is in use by %s", path, owner);
}

/* ---- Opening ------------------------------------------------------------------------------------------------ */

int link_tty_open_failed(const char *path, int number, struct lec_err *err)
{
    switch (number) {
    case ENOENT:
    case ENXIO:
    case ENODEV:
        return lec_fail(err, LEC_E_LINK, "there is no port %s (unplugged?)", path);
    case EACCES:
    case EPERM:
        return lec_fail(err, LEC_E_LINK, "%s may not be opened by this user (add it to the group dialout)", path);
    case EBUSY:
        return taken(path, -1, err);
    default:
        return lec_fail(err, LEC_E_LINK, "cannot open %s: %s", path, strerrordesc_np(number));
    }
}

int link_tty_open_locked(const char *path, struct lec_err *err)
{
    int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return link_tty_open_failed(path, errno, err);
    int rc = fd;
    if (!isatty(fd))
        rc = lec_fail(err, LEC_E_LINK, "%s is not a serial port", path);
    else if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        rc = taken(path, fd, err);
    if (rc < 0)
        close(fd);
    return rc;
}

int link_open_tty(struct lec_link *l, const char *path, const struct lec_line *line, struct lec_err *err)
{
    l->kind = LINK_TTY;
    int fd = link_tty_open_locked(path, err);
    if (fd < 0)
        return fd;
    l->fd = fd;
    return link_tty_configure(fd, line, err);
}

void link_tty_drop(int fd)
{
    (void)ioctl(fd, TCFLSH, TCIOFLUSH);
}

/* ---- Settings ----------------------------------------------------------------------------------------------- */

#define FRAME_BITS (CSIZE | CSTOPB | PARENB | PARODD)

static tcflag_t frame_of(const struct lec_line *line)
{
    static const tcflag_t sizes[] = {CS5, CS6, CS7, CS8};
    tcflag_t frame = line->bits >= 5 && line->bits <= 8 ? sizes[line->bits - 5] : CS8;
    if (line->stop == 2)
        frame |= CSTOPB;
    if (line->parity == 'E')
        frame |= PARENB;
    else if (line->parity == 'O')
        frame |= PARENB | PARODD;
    return frame;
}

static int get(int fd, const struct lec_line *line, struct termios2 *t, struct lec_err *err)
{
    if (ioctl(fd, TCGETS2, t) == 0)
        return 0;
    return lec_fail(err, LEC_E_LINK, "%s: the settings cannot be read: %s", line->path, strerrordesc_np(errno));
}

static int set(int fd, const struct lec_line *line, const struct termios2 *t, struct lec_err *err)
{
    if (ioctl(fd, TCSETS2, t) == 0)
        return 0;
    if (errno == EINVAL)
        return lec_fail(err, LEC_E_CONFIG, "%s cannot be set to %u baud %u%c%u", line->path, line->baud, line->bits,
                        line->parity, line->stop);
    return lec_fail(err, LEC_E_LINK, "%s: the settings cannot be made: %s", line->path, strerrordesc_np(errno));
}

/* Majors 136 to 143 are the slaves of Unix98 pseudo-terminals. */
static bool is_pty(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && major(st.st_rdev) >= 136 && major(st.st_rdev) <= 143;
}

int link_tty_check(int fd, const struct lec_line *line, struct lec_err *err)
{
    struct termios2 t;
    int rc = get(fd, line, &t, err);
    if (rc < 0)
        return rc;
    /* With VMIN 1 a non-blocking read of nothing fails with EAGAIN, so that 0 can only mean hung up. */
    t.c_cc[VMIN] = 1;
    t.c_cc[VTIME] = 0;
    rc = set(fd, line, &t, err);
    if (rc == 0)
        rc = get(fd, line, &t, err);
    if (rc < 0)
        return rc;
    if (t.c_lflag & (ICANON | ECHO))
        return lec_fail(err, LEC_E_LINK, "%s did not leave the line mode of a terminal", line->path);
    if (is_pty(fd))
        return 0;
    /* Adapters round to what their divider can do. UARTs live with 2 % at each end; more, and the device would hear
     * garbage while everything here looks right. */
    if (line->baud != 0 && (t.c_ospeed < line->baud - line->baud / 50 || t.c_ospeed > line->baud + line->baud / 50))
        return lec_fail(err, LEC_E_CONFIG, "%s cannot do %u baud (it offers %u instead)", line->path, line->baud,
                        t.c_ospeed);
    if ((t.c_cflag & FRAME_BITS) != frame_of(line))
        return lec_fail(err, LEC_E_CONFIG, "%s cannot do %u data bits, parity %c, %u stop bits", line->path, line->bits,
                        line->parity, line->stop);
    return 0;
}

int link_tty_configure(int fd, const struct lec_line *line, struct lec_err *err)
{
    struct termios2 t;
    int rc = get(fd, line, &t, err);
    if (rc < 0)
        return rc;
    t.c_iflag = line->xonxoff ? IXON | IXOFF : 0;
    t.c_oflag = 0;
    t.c_lflag = 0;
    t.c_cflag &= (tcflag_t) ~(FRAME_BITS | CRTSCTS);
    t.c_cflag |= CREAD | CLOCAL | frame_of(line) | (line->rtscts ? CRTSCTS : 0);
    if (line->baud != 0) {
        t.c_cflag &= (tcflag_t) ~(CBAUD | CBAUD << IBSHIFT);
        t.c_cflag |= BOTHER | BOTHER << IBSHIFT;
        t.c_ispeed = t.c_ospeed = line->baud;
    }
    rc = set(fd, line, &t, err);
    return rc == 0 ? link_tty_check(fd, line, err) : rc;
}
