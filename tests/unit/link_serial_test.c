/* Serial ports through libserialport, without one: a pseudo-terminal stands behind /dev/ttyTEST0. The functions here
 * are found before the C library's, by the link and by libserialport: they show the port where the kernel would list
 * it, answer for the modem lines, and play adapters that take settings and do something else. */

#undef _FORTIFY_SOURCE /* its inline functions would call around those below */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <asm/termbits.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lectern/clock.h"
#include "line/link.h"

#define SOON (lec_now() + 20 * LEC_SEC)

static struct {
    char leads_to[32]; /* what the by-id symlink is resolved to */
    char slave[2][64]; /* behind /dev/ttyTEST0 and 1; "" : unplugged */
    int master[2];
    unsigned speed;    /* what the adapter says it runs at; 0: as it was told */
    unsigned frame;    /* the same for size, parity and stop bits */
    bool refuses_rate; /* EINVAL for rates that are not in the table of termios */
    bool exclusive;    /* TIOCEXCL is in force */
    unsigned opened;
} fake;

/* Other names under which older and hardened builds call the same. */
int __lxstat(int version, const char *path, struct stat *st);
int __open_2(const char *path, int flags);
char *__realpath_chk(const char *path, char *out, size_t size);
ssize_t __readlink_chk(const char *path, char *out, size_t n, size_t size);

static int number_of(const char *path)
{
    const char *name = strstr(path, "ttyTEST");
    if (!name || (name[7] != '0' && name[7] != '1'))
        return -1;
    return fake.slave[name[7] - '0'][0] ? name[7] - '0' : -1;
}

char *realpath(const char *path, char *out)
{
    const char *to = strcmp(path, "/dev/serial/by-id/usb-TEST") == 0 ? fake.leads_to : path;
    if (strncmp(to, "/dev/ttyTEST", 12) == 0 && number_of(to) >= 0)
        return out ? memcpy(out, to, strlen(to) + 1) : strdup(to); /* PATH_MAX bytes, as realpath has it */
    errno = ENOENT;
    return NULL;
}

char *__realpath_chk(const char *path, char *out, size_t size)
{
    (void)size;
    return realpath(path, out);
}

int access(const char *path, int mode)
{
    if (strstr(path, "/sys/class/tty/ttyTEST"))
        return number_of(path) >= 0 ? 0 : -1;
    return (int)syscall(SYS_faccessat, AT_FDCWD, path, mode);
}

int lstat(const char *path, struct stat *st)
{
    if (number_of(path) < 0)
        return fstatat(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);
    memset(st, 0, sizeof *st);
    st->st_mode = S_IFLNK | 0777;
    return 0;
}

int __lxstat(int version, const char *path, struct stat *st)
{
    (void)version;
    return lstat(path, st);
}

ssize_t readlink(const char *path, char *out, size_t n)
{
    if (number_of(path) < 0)
        return syscall(SYS_readlinkat, AT_FDCWD, path, out, n);
    static const char to[] = "../../devices/platform/test/tty/ttyTEST";
    size_t len = sizeof to - 1 < n ? sizeof to - 1 : n;
    memcpy(out, to, len);
    return (ssize_t)len;
}

ssize_t __readlink_chk(const char *path, char *out, size_t n, size_t size)
{
    (void)size;
    return readlink(path, out, n);
}

int open(const char *path, int flags, ...)
{
    int number = strncmp(path, "/dev/ttyTEST", 12) == 0 ? number_of(path) : -1;
    if (strncmp(path, "/dev/ttyTEST", 12) == 0 && number < 0) {
        errno = ENOENT;
        return -1;
    }
    if (number >= 0)
        fake.opened++;
    return (int)syscall(SYS_openat, AT_FDCWD, number >= 0 ? fake.slave[number] : path, flags, 0600);
}

int __open_2(const char *path, int flags)
{
    return open(path, flags);
}

static int modem(unsigned long request, void *arg)
{
    if (request == TIOCMGET)
        *(int *)arg = TIOCM_DTR | TIOCM_RTS | TIOCM_CTS | TIOCM_DSR;
    return 0;
}

static bool in_table(unsigned rate)
{
    static const unsigned table[] = {1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200};
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (table[i] == rate)
            return true;
    return false;
}

/* It must not look like a pty to the link, which is lenient with those. */
int fstat(int fd, struct stat *st)
{
    int rc = fstatat(fd, "", st, AT_EMPTY_PATH);
    if (rc == 0 && S_ISCHR(st->st_mode) && st->st_rdev >> 8 == 136)
        st->st_rdev = 188 << 8; /* ttyUSB */
    return rc;
}

#define FRAME (CSIZE | CSTOPB | PARENB | PARODD)

/* The frame asked for last: the kernel forgets it, for behind this is a pty. */
static unsigned asked_frame;

int ioctl(int fd, unsigned long request, ...)
{
    va_list ap;
    va_start(ap, request);
    void *arg = va_arg(ap, void *);
    va_end(ap);
    struct termios2 *t = arg;
    if (request == TIOCMGET || request == TIOCMSET || request == TIOCMBIS || request == TIOCMBIC)
        return modem(request, arg);
    if (request == TIOCEXCL || request == TIOCNXCL) {
        fake.exclusive = request == TIOCEXCL;
        return 0;
    }
    if (request == TCSETS2 && fake.refuses_rate && !in_table(t->c_ospeed)) {
        errno = EINVAL;
        return -1;
    }
    if (request == TCSETS2)
        asked_frame = t->c_cflag & FRAME;
    int rc = (int)syscall(SYS_ioctl, fd, request, arg);
    if (rc == 0 && request == TCGETS2) {
        if (fake.speed)
            t->c_ospeed = t->c_ispeed = fake.speed;
        t->c_cflag = (t->c_cflag & ~(unsigned)FRAME) | (fake.frame ? fake.frame : asked_frame);
    }
    return rc;
}

/* glibc's own call of TCSETS is out of reach: libserialport's settings pass here. struct termios of glibc begins as
 * the kernel's does. */
struct termios;
int tcsetattr(int fd, int when, const struct termios *t);
int tcsetattr(int fd, int when, const struct termios *t)
{
    static int (*real)(int, int, const struct termios *);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "tcsetattr");
    /* The C library calls it an error when a pty does not take a frame that nothing else changes with. */
    tcflag_t copy[16];
    memcpy(copy, t, 60);
    asked_frame = copy[2] & FRAME;
    copy[2] = (copy[2] & ~(tcflag_t)FRAME) | CS8;
    return real(fd, when, (const struct termios *)copy);
}

/* ---- Tests -------------------------------------------------------------------------------------------------- */

int openpty(int *master, int *slave, char *name, const void *termios, const void *size);

static void plug(int number)
{
    int slave;
    assert_int_equal(openpty(&fake.master[number], &slave, fake.slave[number], NULL, NULL), 0);
    close(slave);
}

static void unplug(int number)
{
    if (fake.slave[number][0])
        close(fake.master[number]);
    fake.slave[number][0] = '\0';
}

static struct lec_line line;

static int setup(void **state)
{
    (void)state;
    memset(&fake, 0, sizeof fake);
    snprintf(fake.leads_to, sizeof fake.leads_to, "/dev/ttyTEST0");
    plug(0);
    line = (struct lec_line){.name = "",
                             .kind = LEC_LINE_SERIAL,
                             .host = "",
                             .path = "/dev/serial/by-id/usb-TEST",
                             .baud = 19200,
                             .bits = 8,
                             .parity = 'E',
                             .stop = 1};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unplug(0);
    unplug(1);
    return 0;
}

static struct lec_link *must_open(void)
{
    struct lec_link *link = NULL;
    struct lec_err err = {0};
    if (lec_link_open(&line, -1, SOON, &link, &err) != 0)
        fail_msg("open: %s", err.text);
    return link;
}

static void must_refuse(int code, const char *a, const char *b)
{
    struct lec_link *link = NULL;
    struct lec_err err = {0};
    assert_int_equal(lec_link_open(&line, -1, SOON, &link, &err), code);
    assert_null(link);
    if (!strstr(err.text, a) || !strstr(err.text, b) || !strstr(err.text, "usb-TEST"))
        fail_msg("\"%s\" does not name the port, \"%s\" and \"%s\"", err.text, a, b);
}

static void bytes_go_both_ways_and_silence_is_a_time_out(void **state)
{
    (void)state;
    struct lec_link *link = must_open();
    assert_int_equal(fake.opened, 2); /* the lock and libserialport: it really went that way */
    assert_true(fake.exclusive);
    char data[8];
    assert_int_equal(lec_link_send(link, "\x01\x03\r\n", 4, SOON, NULL), 0);
    assert_int_equal(read(fake.master[0], data, sizeof data), 4);
    assert_memory_equal(data, "\x01\x03\r\n", 4);
    assert_int_equal(write(fake.master[0], "\x11\x13\xFF", 3), 3);
    assert_int_equal(lec_link_recv(link, data, sizeof data, SOON, NULL), 3);
    assert_memory_equal(data, "\x11\x13\xFF", 3);
    assert_int_equal(lec_link_recv(link, data, 1, lec_now() + 30 * LEC_MS, NULL), LEC_E_TIMEOUT);
    lec_link_close(&link);
    assert_false(fake.exclusive);
}

static void a_hang_up_is_not_taken_for_silence(void **state)
{
    (void)state;
    struct lec_link *link = must_open();
    struct lec_err err;
    char byte;
    unplug(0);
    assert_int_equal(lec_link_recv(link, &byte, 1, SOON, &err), LEC_E_LINK);
    assert_non_null(strstr(err.text, "hung up"));
    assert_int_equal(lec_link_send(link, "x", 1, SOON, &err), LEC_E_LINK);
    lec_link_close(&link);
}

static void a_port_that_comes_back_under_another_number_is_opened(void **state)
{
    (void)state;
    struct lec_link *link = must_open();
    unplug(0);
    lec_link_close(&link);
    must_refuse(LEC_E_LINK, "there is no port", "unplugged");
    plug(1);
    snprintf(fake.leads_to, sizeof fake.leads_to, "/dev/ttyTEST1");
    link = must_open();
    char data[8];
    assert_int_equal(write(fake.master[1], "new", 3), 3);
    assert_int_equal(lec_link_recv(link, data, sizeof data, SOON, NULL), 3);
    lec_link_close(&link);
}

static void a_rate_that_the_adapter_silently_changes_is_refused(void **state)
{
    (void)state;
    line.baud = 250000;
    fake.speed = 9600;
    must_refuse(LEC_E_CONFIG, "cannot do 250000 baud", "9600");
}

static void a_rate_that_the_adapter_rounds_a_little_is_taken(void **state)
{
    (void)state;
    line.baud = 115200;
    fake.speed = 115385;
    struct lec_link *link = must_open();
    lec_link_close(&link);
}

static void rates_outside_the_table_work_and_are_refused_where_they_do_not(void **state)
{
    (void)state;
    line.baud = 14400;
    struct lec_link *link = must_open();
    lec_link_close(&link);
    unplug(0); /* a port that was never set to it */
    plug(0);
    fake.refuses_rate = true;
    must_refuse(LEC_E_CONFIG, "cannot do", "14400");
}

static void a_frame_that_the_adapter_silently_changes_is_refused(void **state)
{
    (void)state;
    fake.frame = CS8;
    must_refuse(LEC_E_CONFIG, "parity E", "8 data bits");
}

static void a_port_in_use_is_refused_before_its_settings_are_touched(void **state)
{
    (void)state;
    struct lec_link *link = must_open(), *other = NULL;
    struct lec_err err;
    unsigned opened = fake.opened;
    assert_int_equal(lec_link_open(&line, -1, SOON, &other, &err), LEC_E_LINK);
    assert_non_null(strstr(err.text, "in use"));
    assert_int_equal(fake.opened, opened + 1); /* libserialport was not let near it */
    lec_link_close(&link);
    link = must_open();
    lec_link_close(&link);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(bytes_go_both_ways_and_silence_is_a_time_out),
        TEST(a_hang_up_is_not_taken_for_silence),
        TEST(a_port_that_comes_back_under_another_number_is_opened),
        TEST(a_rate_that_the_adapter_silently_changes_is_refused),
        TEST(a_rate_that_the_adapter_rounds_a_little_is_taken),
        TEST(rates_outside_the_table_work_and_are_refused_where_they_do_not),
        TEST(a_frame_that_the_adapter_silently_changes_is_refused),
        TEST(a_port_in_use_is_refused_before_its_settings_are_touched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
