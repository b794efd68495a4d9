/* Asking for a PIN or password: on the terminal, twice, without showing it; or one line of stdin for scripts. Never as an argument, which every
 * user of the machine can see. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "user.h"

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

/* One line without its end. wait: the mask of signals while it waits, or NULL. Returns its length, -1 at the end of the file, -2 when interrupted, -3 when it does not fit or has a NUL. */
static int read_line(int fd, const sigset_t *wait, char *out, size_t size)
{
    size_t n = 0;
    bool fits = true;
    for (;;) {
        char c;
        /* The signals are blocked but while it waits here: none comes unseen between a look at the flag and the wait. */
        int ready = wait ? ppoll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, NULL, wait) : 1;
        if (interrupted)
            return -2;
        if (ready < 0 && errno == EINTR)
            continue;
        ssize_t got = read(fd, &c, 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0 && n == 0)
            return -1;
        if (got <= 0 || c == '\n')
            break;
        if (n + 1 < size && c != '\0')
            out[n++] = c;
        else
            fits = false;
    }
    if (n > 0 && out[n - 1] == '\r')
        n--;
    out[n] = '\0';
    return fits ? (int)n : -3;
}

static int ask(int tty, const sigset_t *wait, const char *prompt, char *out, size_t size)
{
    dprintf(tty, "%s: ", prompt);
    int n = read_line(tty, wait, out, size);
    dprintf(tty, "\n");
    return n;
}

static int fail_reading(struct cli *cli, int n)
{
    if (n == -2)
        return EXIT_INTERRUPTED;
    if (n == -3)
        return cli_fail(cli, EXIT_USAGE, T("dài quá %d byte", "it is longer than %d bytes"), LEC_SECRET_MAX);
    return cli_fail(cli, EXIT_USAGE, T("không có mã PIN hoặc mật khẩu", "no PIN or password was given"));
}

static int ask_twice(struct cli *cli, int tty, const sigset_t *wait, char secret[LEC_SECRET_MAX + 1])
{
    char again[LEC_SECRET_MAX + 1] = "";
    int n = ask(tty, wait, T("Mã PIN hoặc mật khẩu (không hiện ra)", "PIN or password (it is not shown)"), secret,
                sizeof again);
    if (n > 0)
        n = ask(tty, wait, T("Nhập lại", "Once more"), again, sizeof again);
    bool same = n > 0 && strcmp(secret, again) == 0;
    sodium_memzero(again, sizeof again);
    if (n <= 0)
        return fail_reading(cli, n);
    return same ? EXIT_OK : cli_fail(cli, EXIT_USAGE, T("hai lần không giống nhau", "the two are not the same"));
}

static int ask_on_terminal(struct cli *cli, char secret[LEC_SECRET_MAX + 1])
{
    struct termios was, now;
    int tty = open("/dev/tty", O_RDWR | O_CLOEXEC);
    if (tty < 0 || tcgetattr(tty, &was) < 0) {
        if (tty >= 0)
            close(tty);
        return cli_fail(cli, EXIT_USAGE,
                        T("không có terminal để hỏi; dùng --secret-stdin và đưa vào một dòng",
                          "there is no terminal to ask on; use --secret-stdin and give one line"));
    }
    /* Whatever ends this, the terminal shows again what is typed. A stop with Ctrl-Z would not: it waits. */
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    struct sigaction before[ARRAY_LEN(numbers)], stop, action = {.sa_handler = on_signal};
    sigset_t blocked, mask;
    sigemptyset(&blocked);
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        sigaddset(&blocked, numbers[i]);
        sigaction(numbers[i], &action, &before[i]);
    }
    sigprocmask(SIG_BLOCK, &blocked, &mask);
    sigaction(SIGTSTP, &(struct sigaction){.sa_handler = SIG_IGN}, &stop);
    now = was;
    now.c_lflag &= ~(tcflag_t)ECHO;
    now.c_lflag |= ICANON;
    int code = EXIT_NOT_DONE;
    if (tcsetattr(tty, TCSAFLUSH, &now) == 0)
        code = ask_twice(cli, tty, &mask, secret);
    else
        cli_fail(cli, code, T("terminal không nhận lệnh: %s", "the terminal cannot be set: %s"), strerror(errno));
    tcsetattr(tty, TCSAFLUSH, &was);
    sigaction(SIGTSTP, &stop, NULL);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        sigaction(numbers[i], &before[i], NULL);
    close(tty);
    return code;
}

int secret_read(struct cli *cli, char secret[LEC_SECRET_MAX + 1])
{
    if (!cli_option(cli, "secret-stdin"))
        return ask_on_terminal(cli, secret);
    int n = read_line(STDIN_FILENO, NULL, secret, LEC_SECRET_MAX + 1);
    return n > 0 ? EXIT_OK : fail_reading(cli, n);
}
