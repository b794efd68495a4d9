/* USB ports of the room: a test bed of umockdev in which devices are plugged and unplugged. Whoever runs with
 * LD_PRELOAD=<sim_usb_preload> and UMOCKDEV_DIR=<sim_usb_folder> sees them through libusb, udev and sysfs.
 *
 * A device's packets come and go over a socket of the kind SOCK_SEQPACKET: one packet a datagram, at most SIM_USB_PACKET
 * bytes. What the controller sends with SET_REPORT arrives there; what is written there goes out of the interrupt
 * endpoint 81. So faces stay what they are on any other line.
 *
 * All of GLib is in usb.c. umockdev calls us in a thread of its own: it meets ours only in that socket and behind a lock.
 *
 * Source: lab-protocols.md 4.
 *
 * Threads: the loop's. */
#ifndef SIM_USB_H
#define SIM_USB_H

#include <stdbool.h>
#include <stdint.h>

#include "lectern/err.h"

#define SIM_USB_PACKET 64 /* bytes */
#define SIM_USB_PORTS  32 /* of the one hub that there is */

struct sim_usb;
struct sim_plug;

/* What a device says of itself. */
struct sim_usb_id {
    uint16_t vendor, product;
    unsigned port;      /* 1 to SIM_USB_PORTS */
    const char *serial; /* of its descriptor; "": none */
};

/* LEC_E_CONFIG: no test bed can be made. */
int sim_usb_new(struct sim_usb **out, struct lec_err *err);
/* Unplugs what is left and removes the test bed. Accepts NULL. */
void sim_usb_free(struct sim_usb **u);
const char *sim_usb_folder(const struct sim_usb *u);
const char *sim_usb_preload(void);

/* Plugs a device in, with an address that none had before (as a kernel does). `fd`: its end of the packets, taken, also on
 * failure. Returns 0 or LEC_E_LINK. */
int sim_usb_plug(struct sim_usb *u, const struct sim_usb_id *id, int fd, struct sim_plug **out, struct lec_err *err);
/* Pulls it out: transfers under way end as they do then, the node is gone. Accepts NULL. */
void sim_usb_unplug(struct sim_plug **plug);
/* The next transfer in ends with a stall. */
void sim_usb_stall(struct sim_plug *plug);
/* The address that it has. */
unsigned sim_usb_address(const struct sim_plug *plug);

#endif
