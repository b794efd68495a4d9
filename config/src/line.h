/* The address of a line, as room files and line maps have it.
 *
 *   tcp://HOST:PORT  udp://HOST:PORT  http://HOST[:PORT][/PATH]   HOST: a name, IPv4, or [IPv6]
 *   serial:///dev/NAME  pty:///PATH                               ?baud=9600&bits=8&parity=none&stop=1&flow=none
 *   usb://VVVV:PPPP[/SERIAL]
 *   modbus+tcp://HOST[:PORT]  modbus+rtu:///dev/NAME  modbus+rtu+pty:///PATH     as tcp, serial, pty, for driver modbus
 *
 * A path under /dev/pts/ is a pseudo-terminal whatever the scheme says. In the query, what is not a serial setting is an option
 * of the device's driver (slave=3).
 *
 * The canonical name of a line is the physical connection alone: tcp://HOST:PORT, udp://HOST:PORT,
 * http://HOST:PORT/PATH, serial:///dev/NAME, pty:///PATH, usb://vvvv:pppp/SERIAL. Serial settings are no part of it, so that
 * two devices which disagree about them are found; neither is "modbus+", so that two drivers on one port are found.
 *
 * Threads: pure functions. */
#ifndef LECTERN_CONFIG_LINE_H
#define LECTERN_CONFIG_LINE_H

#include "inifile.h"

struct lec_uri {
    enum lec_line_kind kind;
    const char *scheme;
    const char *driver; /* the driver that the scheme is for; "" for any */
    const char *host, *path;
    uint16_t port;
    const char *query; /* without the '?'; "" if there is none */
    const char *name;  /* canonical */
};

/* Takes `text` apart. `key` says where it stands, `port` is for addresses without one (0: they need one). Returns
 * false when something was told. */
bool lec_uri_parse(struct lec_arena *a, struct lec_diag *d, const struct lec_key *key, const char *text, uint16_t port,
                   struct lec_uri *out);

/* "tcp", "udp", "serial", "pty", "usb", "http"; "none". The words of lec_schema.lines. */
const char *lec_line_kind_name(enum lec_line_kind kind);
/* Whether `lines` ("tcp|serial") has the kind. */
bool lec_lines_have(const char *lines, enum lec_line_kind kind);

#endif
