/* A Go! device on USB: finding it, its packets in and commands out, all without a wait that the framework cannot end.
 *
 * libusb runs in the line's thread only. Its descriptors are in one epoll descriptor (`watch`), so that the framework
 * calls `input` when a packet is there. A descriptor that epoll does not take (the node of umockdev is a plain file, which
 * poll calls always ready) is looked after by a timer there instead: late by at most USB_LOOK_NS, and no busy loop.
 *
 * Source: lab-protocols.md 2.1 and 2.9.
 *
 * Threads: the line's. */
#ifndef VERNIER_GO_USB_H
#define VERNIER_GO_USB_H

#include <libusb-1.0/libusb.h>

#include "codec.h"
#include "lectern/driver.h"

#define USB_FLYING  3              /* interrupt transfers under way: while one is handled, others take packets */
#define USB_RING    512            /* packets that wait for the driver; more are lost, and the counter tells so */
#define USB_LOOK_NS (8 * LEC_MS)   /* see above */
#define USB_SLICE   (20 * LEC_MS)  /* how late a cancellation is seen at most */
#define USB_END_NS  (300 * LEC_MS) /* for transfers to come back after they were cancelled */

struct usb_packet {
    int64_t ns; /* when it came */
    uint8_t n, p[GO_PACKET];
};

struct usb;

struct usb_flight {
    struct usb *usb;
    struct libusb_transfer *transfer;
    bool up;
    uint8_t data[64]; /* never less than the endpoint's packet */
};

struct usb {
    libusb_context *context;
    libusb_device **list; /* all devices there are */
    size_t n_list, at;    /* the next to be looked at */
    libusb_device_handle *handle;
    bool claimed;
    uint8_t endpoint;
    char serial[64]; /* of the descriptor; "" if it has none */
    int watch, timer;
    unsigned blind; /* descriptors that only the timer looks after */
    bool gone;      /* unplugged */
    struct usb_flight in[USB_FLYING], out;
    int errors; /* transfers in a row that failed */
    struct usb_packet ring[USB_RING];
    size_t first, n;
};

/* Looks at what is plugged in. Returns 0 or LEC_E_LINK, LEC_E_NOMEM; usb_end in every case. */
int usb_begin(struct usb *u, struct lec_err *err);
/* Claims the next device of that product that nobody else has, and begins to take its packets. Lets go of the one
 * before. Returns 1, 0 when there is none left (`err` says why one could not be had, if there was one), LEC_E_CANCELLED. */
int usb_next(struct usb *u, struct lec_dev *dev, uint16_t product, struct lec_err *err);
/* Lets go of everything, within USB_END_NS. Accepts a zeroed struct. */
void usb_end(struct usb *u);

/* Sends a command. Returns 0, LEC_E_LINK, LEC_E_TIMEOUT, LEC_E_CANCELLED. */
int usb_send(struct usb *u, struct lec_dev *dev, const uint8_t command[GO_PACKET], int64_t deadline,
             struct lec_err *err);
/* Waits for a packet and takes it. Returns 0, LEC_E_TIMEOUT at the deadline, LEC_E_LINK, LEC_E_CANCELLED. */
int usb_recv(struct usb *u, struct lec_dev *dev, struct usb_packet *out, int64_t deadline, struct lec_err *err);
/* Lets libusb work without waiting. Returns 0, or LEC_E_LINK once the device is gone and nothing is left in the ring. */
int usb_pump(struct usb *u, struct lec_err *err);
/* The oldest packet; false: none. */
bool usb_take(struct usb *u, struct usb_packet *out);

#endif
