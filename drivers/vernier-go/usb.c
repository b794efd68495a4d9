#include "usb.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define CLAIMED_INTERFACE 0
#define ENDPOINT          0x81 /* the SDK's, where the descriptors do not say */
#define ERRORS_MAX        5    /* failed transfers in a row before the device counts as gone */

static int lost(struct lec_err *err)
{
    return lec_fail(err, LEC_E_LINK, "it was unplugged");
}

/* ---- Descriptors of libusb, in one ------------------------------------------------------------------------------ */

static void set_timer(struct usb *u)
{
    int64_t every = u->blind > 0 ? USB_LOOK_NS : 0;
    struct itimerspec t = {.it_interval.tv_nsec = every, .it_value.tv_nsec = every};
    (void)timerfd_settime(u->timer, 0, &t, NULL);
}

static void LIBUSB_CALL added(int fd, short events, void *ctx)
{
    struct usb *u = ctx;
    struct epoll_event e = {.events = (uint32_t)events, .data.fd = fd};
    if (epoll_ctl(u->watch, EPOLL_CTL_ADD, fd, &e) < 0 && errno == EPERM) {
        u->blind++;
        set_timer(u);
    }
}

static void LIBUSB_CALL removed(int fd, void *ctx)
{
    struct usb *u = ctx;
    struct epoll_event e = {0};
    if (epoll_ctl(u->watch, EPOLL_CTL_DEL, fd, &e) < 0 && u->blind > 0) {
        u->blind--;
        set_timer(u);
    }
}

static int make_watch(struct usb *u, struct lec_err *err)
{
    u->watch = epoll_create1(EPOLL_CLOEXEC);
    u->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    struct epoll_event e = {.events = EPOLLIN, .data.fd = u->timer};
    if (u->watch < 0 || u->timer < 0 || epoll_ctl(u->watch, EPOLL_CTL_ADD, u->timer, &e) < 0)
        return lec_fail(err, LEC_E_NOMEM, "out of descriptors");
    const struct libusb_pollfd **fds = libusb_get_pollfds(u->context);
    for (size_t i = 0; fds && fds[i]; i++)
        added(fds[i]->fd, fds[i]->events, u);
    libusb_free_pollfds(fds);
    libusb_set_pollfd_notifiers(u->context, added, removed, u);
    return 0;
}

/* Lets libusb do what can be done now. */
static void work(struct usb *u)
{
    uint64_t ticks;
    struct timeval none = {0, 0};
    (void)!read(u->timer, &ticks, sizeof ticks);
    (void)libusb_handle_events_timeout_completed(u->context, &none, NULL);
}

/* Waits until something happens, for a slice of time at most. Returns 0, LEC_E_TIMEOUT at the deadline, LEC_E_CANCELLED. */
static int wait_slice(struct usb *u, struct lec_dev *dev, int64_t deadline, struct lec_err *err)
{
    int64_t now = lec_now();
    if (now >= deadline)
        return lec_fail(err, LEC_E_TIMEOUT, "no reply");
    int64_t slice = deadline - now < USB_SLICE ? deadline : now + USB_SLICE;
    struct epoll_event e;
    (void)epoll_wait(u->watch, &e, 1, lec_ms_until(slice));
    work(u);
    return dev ? lec_dev_pause(dev, 1, err) : 0; /* that short a pause only looks whether the daemon wants to stop */
}

/* ---- Transfers -------------------------------------------------------------------------------------------------- */

static void submit(struct usb_flight *f)
{
    struct usb *u = f->usb;
    int rc = u->gone ? LIBUSB_ERROR_NO_DEVICE : libusb_submit_transfer(f->transfer);
    f->up = rc == 0;
    if (rc == LIBUSB_ERROR_NO_DEVICE)
        u->gone = true;
}

static void LIBUSB_CALL came_in(struct libusb_transfer *t)
{
    struct usb_flight *f = t->user_data;
    struct usb *u = f->usb;
    f->up = false;
    switch (t->status) {
    case LIBUSB_TRANSFER_CANCELLED:
        return;
    case LIBUSB_TRANSFER_NO_DEVICE:
        u->gone = true;
        return;
    case LIBUSB_TRANSFER_STALL:
        (void)libusb_clear_halt(u->handle, u->endpoint);
        u->errors++;
        break;
    case LIBUSB_TRANSFER_COMPLETED:
    case LIBUSB_TRANSFER_TIMED_OUT:
        u->errors = 0;
        break;
    case LIBUSB_TRANSFER_ERROR:
    case LIBUSB_TRANSFER_OVERFLOW:
        u->errors++;
        break;
    }
    if (u->errors > ERRORS_MAX) {
        u->gone = true;
        return;
    }
    if (t->actual_length > 0 && u->n < USB_RING) {
        struct usb_packet *p = &u->ring[(u->first + u->n++) % USB_RING];
        p->ns = lec_now();
        p->n = (uint8_t)(t->actual_length < GO_PACKET ? t->actual_length : GO_PACKET);
        memcpy(p->p, f->data, p->n);
    }
    submit(f);
}

static void LIBUSB_CALL went_out(struct libusb_transfer *t)
{
    struct usb_flight *f = t->user_data;
    f->up = false;
    if (t->status == LIBUSB_TRANSFER_NO_DEVICE)
        f->usb->gone = true;
}

static int fly(struct usb *u, struct lec_err *err)
{
    u->first = u->n = 0;
    u->gone = false;
    u->errors = 0;
    u->out.usb = u;
    u->out.transfer = libusb_alloc_transfer(0);
    if (!u->out.transfer)
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    for (size_t i = 0; i < USB_FLYING; i++) {
        struct usb_flight *f = &u->in[i];
        f->usb = u;
        f->transfer = libusb_alloc_transfer(0);
        if (!f->transfer)
            return lec_fail(err, LEC_E_NOMEM, "out of memory");
        libusb_fill_interrupt_transfer(f->transfer, u->handle, u->endpoint, f->data, sizeof f->data, came_in, f, 0);
        submit(f);
        if (!f->up)
            return lec_fail(err, LEC_E_LINK, "it takes no transfers");
    }
    return 0;
}

static bool anything_up(const struct usb *u)
{
    bool up = u->out.up;
    for (size_t i = 0; i < USB_FLYING; i++)
        up = up || u->in[i].up;
    return up;
}

static void land(struct usb *u)
{
    if (u->out.up)
        (void)libusb_cancel_transfer(u->out.transfer);
    for (size_t i = 0; i < USB_FLYING; i++)
        if (u->in[i].up)
            (void)libusb_cancel_transfer(u->in[i].transfer);
    int64_t deadline = lec_now() + USB_END_NS;
    while (anything_up(u) && wait_slice(u, NULL, deadline, NULL) == 0)
        continue;
}

/* ---- Finding ---------------------------------------------------------------------------------------------------- */

int usb_begin(struct usb *u, struct lec_err *err)
{
    memset(u, 0, sizeof *u);
    u->watch = u->timer = -1;
    int rc = libusb_init(&u->context);
    if (rc < 0) {
        u->context = NULL;
        return lec_fail(err, LEC_E_LINK, "USB cannot be used: %s", libusb_strerror(rc));
    }
    rc = make_watch(u, err);
    if (rc < 0)
        return rc;
    ssize_t n = libusb_get_device_list(u->context, &u->list);
    if (n < 0) {
        u->list = NULL;
        return lec_fail(err, LEC_E_LINK, "USB devices cannot be listed: %s", libusb_strerror((int)n));
    }
    u->n_list = (size_t)n;
    return 0;
}

static void let_go(struct usb *u)
{
    if (!u->handle)
        return;
    land(u);
    if (u->claimed && !u->gone)
        (void)libusb_release_interface(u->handle, CLAIMED_INTERFACE);
    libusb_close(u->handle);
    u->handle = NULL;
    u->claimed = false;
    /* Closing takes back from libusb what did not come down in time. */
    for (size_t i = 0; i < USB_FLYING; i++) {
        libusb_free_transfer(u->in[i].transfer);
        u->in[i] = (struct usb_flight){0};
    }
    libusb_free_transfer(u->out.transfer);
    u->out = (struct usb_flight){0};
}

static uint8_t find_endpoint(libusb_device *device)
{
    struct libusb_config_descriptor *config;
    uint8_t found = ENDPOINT;
    if (libusb_get_active_config_descriptor(device, &config) != 0)
        return found;
    if (config->bNumInterfaces > 0 && config->interface[0].num_altsetting > 0) {
        const struct libusb_interface_descriptor *d = &config->interface[0].altsetting[0];
        for (int i = d->bNumEndpoints; i-- > 0;)
            if ((d->endpoint[i].bEndpointAddress & 0x80) && (d->endpoint[i].bmAttributes & 3) == 3)
                found = d->endpoint[i].bEndpointAddress;
    }
    libusb_free_config_descriptor(config);
    return found;
}

/* Linux has a driver of its own for these (ldusb) or takes them for keyboards (usbhid): it makes room, and comes back when we
 * close. Where the system cannot do that, there may be nobody in the way. */
static int claim(struct usb *u)
{
    (void)libusb_set_auto_detach_kernel_driver(u->handle, 1);
    int rc = libusb_claim_interface(u->handle, CLAIMED_INTERFACE);
    if (rc == LIBUSB_ERROR_OTHER || rc == LIBUSB_ERROR_NOT_SUPPORTED) {
        (void)libusb_set_auto_detach_kernel_driver(u->handle, 0);
        rc = libusb_claim_interface(u->handle, CLAIMED_INTERFACE);
    }
    u->claimed = rc == 0;
    return rc;
}

static int take(struct usb *u, libusb_device *device, uint8_t serial_index, struct lec_err *err)
{
    int rc = libusb_open(device, &u->handle);
    if (rc < 0)
        u->handle = NULL;
    else
        rc = claim(u);
    if (rc == LIBUSB_ERROR_ACCESS)
        return lec_fail(err, LEC_E_LINK, "it may not be opened (the udev rule of lectern is missing)");
    if (rc == LIBUSB_ERROR_BUSY)
        return lec_fail(err, LEC_E_LINK, "another program or line has it");
    if (rc < 0)
        return lec_fail(err, LEC_E_LINK, "it cannot be opened: %s", libusb_strerror(rc));
    u->serial[0] = '\0';
    if (serial_index && libusb_get_string_descriptor_ascii(u->handle, serial_index, (unsigned char *)u->serial,
                                                           sizeof u->serial - 1) < 0)
        u->serial[0] = '\0';
    u->endpoint = find_endpoint(device);
    return fly(u, err);
}

int usb_next(struct usb *u, struct lec_dev *dev, uint16_t product, struct lec_err *err)
{
    let_go(u);
    while (u->at < u->n_list) {
        libusb_device *device = u->list[u->at++];
        struct libusb_device_descriptor d;
        if (libusb_get_device_descriptor(device, &d) != 0 || d.idVendor != GO_VENDOR || d.idProduct != product)
            continue;
        int rc = lec_dev_pause(dev, 1, err);
        if (rc < 0)
            return rc;
        if (take(u, device, d.iSerialNumber, err) == 0)
            return 1;
        let_go(u);
    }
    return 0;
}

void usb_end(struct usb *u)
{
    if (!u->context)
        return;
    let_go(u);
    libusb_set_pollfd_notifiers(u->context, NULL, NULL, NULL);
    if (u->list)
        libusb_free_device_list(u->list, 1);
    libusb_exit(u->context);
    if (u->watch >= 0)
        close(u->watch);
    if (u->timer >= 0)
        close(u->timer);
    *u = (struct usb){.watch = -1, .timer = -1};
}

/* ---- Packets ---------------------------------------------------------------------------------------------------- */

int usb_send(struct usb *u, struct lec_dev *dev, const uint8_t command[GO_PACKET], int64_t deadline,
             struct lec_err *err)
{
    struct usb_flight *f = &u->out;
    while (f->up) { /* one that nobody took before */
        int rc = wait_slice(u, dev, deadline, err);
        if (rc < 0)
            return rc;
    }
    /* A report is set: class request to the interface, report type "output" 1, report 0. */
    libusb_fill_control_setup(f->data, 0x21, 0x09, 0x0100, CLAIMED_INTERFACE, GO_PACKET);
    memcpy(f->data + LIBUSB_CONTROL_SETUP_SIZE, command, GO_PACKET);
    libusb_fill_control_transfer(f->transfer, u->handle, f->data, went_out, f, 0);
    submit(f);
    if (u->gone)
        return lost(err);
    if (!f->up)
        return lec_fail(err, LEC_E_LINK, "it takes no commands");
    while (f->up) {
        int rc = wait_slice(u, dev, deadline, err);
        if (rc < 0) {
            (void)libusb_cancel_transfer(f->transfer);
            return rc == LEC_E_TIMEOUT ? lec_fail(err, rc, "it does not take a command") : rc;
        }
    }
    if (u->gone)
        return lost(err);
    lec_line_count(dev, GO_PACKET, 0);
    if (f->transfer->status != LIBUSB_TRANSFER_COMPLETED)
        return lec_fail(err, LEC_E_LINK, "it does not accept a command");
    return 0;
}

bool usb_take(struct usb *u, struct usb_packet *out)
{
    if (u->n == 0)
        return false;
    *out = u->ring[u->first];
    u->first = (u->first + 1) % USB_RING;
    u->n--;
    return true;
}

int usb_recv(struct usb *u, struct lec_dev *dev, struct usb_packet *out, int64_t deadline, struct lec_err *err)
{
    while (!usb_take(u, out)) {
        if (u->gone)
            return lost(err);
        int rc = wait_slice(u, dev, deadline, err);
        if (rc < 0)
            return rc;
    }
    lec_line_count(dev, 0, out->n);
    return 0;
}

int usb_pump(struct usb *u, struct lec_err *err)
{
    work(u);
    return u->gone && u->n == 0 ? lost(err) : 0;
}
