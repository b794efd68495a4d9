/* Serial ports by libserialport. It opens and configures; reading and writing go through the descriptor with poll,
 * because its own calls show a hang-up as a time-out. */
#include "line/link_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include <libserialport.h>

static int failed(const char *what, enum sp_return code, const struct lec_line *line, struct lec_err *err)
{
    int number = errno;
    switch (code) {
    case SP_ERR_MEM:
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    case SP_ERR_SUPP:
        return lec_fail(err, LEC_E_CONFIG, "%s cannot do %s", line->path, what);
    case SP_ERR_ARG:
        return lec_fail(err, LEC_E_CONFIG, "%s cannot do %s: not a possible setting", line->path, what);
    case SP_ERR_FAIL:
        if (number == EINVAL)
            return lec_fail(err, LEC_E_CONFIG, "%s cannot do %s", line->path, what);
        return lec_fail(err, LEC_E_LINK, "%s: %s: %s", line->path, what, strerrordesc_np(number));
    case SP_OK:
    default:
        return lec_fail(err, LEC_E_BUG, "%s: %s: result %d", line->path, what, (int)code);
    }
}

static enum sp_parity parity_of(char parity)
{
    return parity == 'E' ? SP_PARITY_EVEN : parity == 'O' ? SP_PARITY_ODD : SP_PARITY_NONE;
}

static int configure(struct sp_port *port, const struct lec_line *line, struct lec_err *err)
{
    struct sp_port_config *c;
    enum sp_return rc = sp_new_config(&c);
    if (rc != SP_OK)
        return failed("settings", rc, line, err);
    int fail = 0;
    enum sp_flowcontrol flow = line->rtscts    ? SP_FLOWCONTROL_RTSCTS
                               : line->xonxoff ? SP_FLOWCONTROL_XONXOFF
                                               : SP_FLOWCONTROL_NONE;
    if ((rc = sp_set_config_baudrate(c, (int)line->baud)) != SP_OK ||
        (rc = sp_set_config_bits(c, line->bits)) != SP_OK ||
        (rc = sp_set_config_parity(c, parity_of(line->parity))) != SP_OK ||
        (rc = sp_set_config_stopbits(c, line->stop)) != SP_OK || (rc = sp_set_config_flowcontrol(c, flow)) != SP_OK) {
        fail = failed("these settings", rc, line, err);
    } else if ((rc = sp_set_config(port, c)) != SP_OK) {
        char what[64];
        snprintf(what, sizeof what, "%u baud %u%c%u", line->baud, line->bits, line->parity, line->stop);
        fail = failed(what, rc, line, err);
    }
    sp_free_config(c);
    return fail;
}

int link_open_serial(struct lec_link *l, const char *path, const struct lec_line *line, struct lec_err *err)
{
    /* The lock comes first, on a descriptor of its own: sp_open changes settings, and must not do so to a port that
     * somebody else is using. */
    int fd = link_tty_open_locked(path, err);
    if (fd < 0)
        return fd;
    l->lock_fd = fd;
    struct sp_port *port;
    enum sp_return rc = sp_get_port_by_name(path, &port);
    if (rc == SP_ERR_MEM)
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    if (rc != SP_OK)
        return lec_fail(err, LEC_E_LINK, "%s is not a serial port", line->path);
    rc = sp_open(port, SP_MODE_READ_WRITE);
    if (rc != SP_OK) {
        int fail =
            rc == SP_ERR_MEM ? lec_fail(err, LEC_E_NOMEM, "out of memory") : link_tty_open_failed(path, errno, err);
        sp_free_port(port);
        return fail;
    }
    l->sp = port; /* closed with the link from here on */
    l->kind = LINK_TTY;
    if (sp_get_port_handle(port, &l->fd) != SP_OK)
        return lec_fail(err, LEC_E_BUG, "%s has no descriptor", line->path);
    /* Keeps programs that know no flock away (other than root's). Undone at close: the flag is the terminal's and
     * stays while anybody else has it open, which for a pseudo-terminal is its master: those get no such flag. */
    (void)ioctl(l->fd, TIOCEXCL);
    fcntl(l->fd, F_SETFD, FD_CLOEXEC);
    int flags = fcntl(l->fd, F_GETFL);
    if (flags >= 0)
        fcntl(l->fd, F_SETFL, flags | O_NONBLOCK);
    int fail = configure(port, line, err);
    return fail < 0 ? fail : link_tty_check(l->fd, line, err);
}
