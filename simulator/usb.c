#include "usb.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/usbdevice_fs.h>

/* The headers of GLib are not written for our warnings. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wcast-qual"
#include <umockdev.h>
#pragma GCC diagnostic pop

#define HUB         "/sys/devices/pci0000:00/0000:00:14.0/usb1"
#define BUS         1
#define URBS_MAX    32 /* transfers under way for one device */
#define ADDRESSES   127
#define FAREWELL_MS 500

/* What a controller has submitted. */
struct urb {
    UMockdevIoctlClient *client; /* who; compared, never used */
    UMockdevIoctlData *data, *buffer;
    int status;
    bool done;
};

struct sim_plug {
    struct sim_usb *usb;
    struct sim_usb_id id;
    char serial[64];
    unsigned address;
    char node[32], path[96];
    UMockdevIoctlBase *handler;

    pthread_mutex_t lock; /* over all that follows */
    int fd;               /* -1: pulled out */
    bool stall;
    struct urb urbs[URBS_MAX]; /* in order of submission */
    size_t n;
    UMockdevIoctlClient *owner; /* of the interface */
    unsigned clients;           /* that have opened it */
    struct sim_plug *next;      /* of usb->old */
};

struct sim_usb {
    UMockdevTestbed *bed;
    char *folder;
    unsigned address;     /* the last given */
    struct sim_plug *old; /* pulled out, but still open somewhere */
};

/* ---- Transfers, in umockdev's thread ---------------------------------------------------------------------------- */

static struct usbdevfs_urb *of(const struct urb *u)
{
    void *at = u->data->data;
    return at;
}

static void forget(struct sim_plug *p, size_t i)
{
    if (p->urbs[i].buffer)
        g_object_unref(p->urbs[i].buffer);
    g_object_unref(p->urbs[i].data);
    p->n--;
    memmove(&p->urbs[i], &p->urbs[i + 1], (p->n - i) * sizeof p->urbs[0]);
}

static void finish(struct urb *u, int status, int length)
{
    u->done = true;
    u->status = status;
    of(u)->actual_length = length;
}

/* String descriptors and SET_REPORT; anything else stalls, as endpoint 0 does with what it does not know. */
static void control(struct sim_plug *p, struct urb *u)
{
    uint8_t *b = u->buffer ? u->buffer->data : NULL;
    int size = of(u)->buffer_length;
    if (!b || size < 8) {
        finish(u, -EPIPE, 0);
        return;
    }
    int length = b[6] | b[7] << 8;
    if (length > size - 8)
        length = size - 8;
    if (b[0] == 0x21 && b[1] == 0x09) {
        (void)send(p->fd, b + 8, (size_t)(length < SIM_USB_PACKET ? length : SIM_USB_PACKET),
                   MSG_DONTWAIT | MSG_NOSIGNAL);
        finish(u, 0, length);
    } else if (b[0] == 0x80 && b[1] == 0x06 && b[3] == 3 && (b[2] == 0 || (b[2] == 1 && *p->serial))) {
        uint8_t text[2 + 2 * sizeof p->serial] = {4, 3, 0x09, 0x04}; /* which languages there are: English */
        if (b[2] == 1) {
            text[0] = (uint8_t)(2 + 2 * strlen(p->serial));
            for (size_t i = 0; p->serial[i]; i++) {
                text[2 + 2 * i] = (uint8_t)p->serial[i];
                text[3 + 2 * i] = 0;
            }
        }
        int n = text[0] < length ? text[0] : length;
        memcpy(b + 8, text, (size_t)n);
        finish(u, 0, n);
    } else {
        finish(u, -EPIPE, 0);
    }
}

/* Packets that wait become the content of transfers that wait for them. */
static void fill(struct sim_plug *p)
{
    for (size_t i = 0; i < p->n; i++) {
        struct urb *u = &p->urbs[i];
        if (u->done)
            continue;
        if (p->fd < 0) {
            finish(u, -ESHUTDOWN, 0);
            continue;
        }
        uint8_t packet[SIM_USB_PACKET];
        if (p->stall) {
            p->stall = false;
            finish(u, -EPIPE, 0);
            continue;
        }
        ssize_t n = recv(p->fd, packet, sizeof packet, MSG_DONTWAIT);
        if (n <= 0)
            break;
        int room = of(u)->buffer_length;
        if (n > room) {
            finish(u, -EOVERFLOW, 0);
            continue;
        }
        memcpy(u->buffer->data, packet, (size_t)n);
        finish(u, 0, (int)n);
    }
}

static int submit(struct sim_plug *p, UMockdevIoctlClient *client)
{
    GError *error = NULL;
    if (p->fd < 0)
        return ENODEV;
    if (p->n == URBS_MAX)
        return ENOMEM;
    struct urb u = {.client = client};
    u.data = umockdev_ioctl_data_resolve(umockdev_ioctl_client_get_arg(client), 0, sizeof(struct usbdevfs_urb), &error);
    if (u.data && of(&u)->buffer_length > 0)
        u.buffer = umockdev_ioctl_data_resolve(u.data, offsetof(struct usbdevfs_urb, buffer),
                                               (gsize)of(&u)->buffer_length, &error);
    bool in = u.data && of(&u)->type == USBDEVFS_URB_TYPE_INTERRUPT && of(&u)->endpoint == 0x81 && u.buffer;
    bool setup = u.data && of(&u)->type == USBDEVFS_URB_TYPE_CONTROL && of(&u)->endpoint == 0;
    if (!in && !setup) {
        int number = u.data ? ENOENT : EFAULT;
        g_clear_error(&error);
        if (u.buffer)
            g_object_unref(u.buffer);
        if (u.data)
            g_object_unref(u.data);
        return number;
    }
    p->urbs[p->n] = u;
    if (setup)
        control(p, &p->urbs[p->n]);
    p->n++;
    return 0;
}

static int reap(struct sim_plug *p, UMockdevIoctlClient *client)
{
    GError *error = NULL;
    fill(p);
    for (size_t i = 0; i < p->n; i++) {
        struct urb *u = &p->urbs[i];
        if (!u->done || u->client != client)
            continue;
        of(u)->status = u->status;
        UMockdevIoctlData *at =
            umockdev_ioctl_data_resolve(umockdev_ioctl_client_get_arg(client), 0, sizeof(void *), &error);
        if (at) {
            umockdev_ioctl_data_set_ptr(at, 0, u->data);
            g_object_unref(at);
        }
        g_clear_error(&error);
        forget(p, i);
        return at ? 0 : EFAULT;
    }
    return p->fd < 0 ? ENODEV : EAGAIN;
}

static int discard(struct sim_plug *p, UMockdevIoctlClient *client)
{
    unsigned long address;
    memcpy(&address, umockdev_ioctl_client_get_arg(client)->data, sizeof address);
    for (size_t i = 0; i < p->n; i++)
        if (p->urbs[i].client == client && p->urbs[i].data->client_addr == address && !p->urbs[i].done) {
            finish(&p->urbs[i], -ENOENT, 0);
            return 0;
        }
    return EINVAL;
}

static int capabilities(UMockdevIoctlClient *client)
{
    GError *error = NULL;
    UMockdevIoctlData *at =
        umockdev_ioctl_data_resolve(umockdev_ioctl_client_get_arg(client), 0, sizeof(uint32_t), &error);
    uint32_t caps = USBDEVFS_CAP_ZERO_PACKET | USBDEVFS_CAP_REAP_AFTER_DISCONNECT;
    if (!at) {
        g_clear_error(&error);
        return EFAULT;
    }
    memcpy(at->data, &caps, sizeof caps);
    g_object_unref(at);
    return 0;
}

static int claim(struct sim_plug *p, UMockdevIoctlClient *client)
{
    if (p->fd < 0)
        return ENODEV;
    if (p->owner && p->owner != client)
        return EBUSY;
    p->owner = client;
    return 0;
}

/* Returns 0 or an errno. */
static int serve(struct sim_plug *p, UMockdevIoctlClient *client)
{
    switch (umockdev_ioctl_client_get_request(client)) {
    case USBDEVFS_SUBMITURB:
        return submit(p, client);
    case USBDEVFS_REAPURB:
    case USBDEVFS_REAPURBNDELAY:
        return reap(p, client);
    case USBDEVFS_DISCARDURB:
        return discard(p, client);
    case USBDEVFS_GET_CAPABILITIES:
        return capabilities(client);
    case USBDEVFS_CLAIMINTERFACE:
    case USBDEVFS_DISCONNECT_CLAIM:
        return claim(p, client);
    case USBDEVFS_RELEASEINTERFACE:
        if (p->owner == client)
            p->owner = NULL;
        return p->fd < 0 ? ENODEV : 0;
    case USBDEVFS_GETDRIVER:
        return ENODATA;
    case USBDEVFS_CLEAR_HALT:
    case USBDEVFS_RESET:
    case USBDEVFS_IOCTL: /* a kernel's driver is asked to come back: there is none */
        return p->fd < 0 ? ENODEV : 0;
    default:
        return ENOTTY;
    }
}

static gboolean on_ioctl(UMockdevIoctlBase *handler, UMockdevIoctlClient *client, gpointer ctx)
{
    struct sim_plug *p = ctx;
    (void)handler;
    pthread_mutex_lock(&p->lock);
    int number = serve(p, client);
    pthread_mutex_unlock(&p->lock);
    umockdev_ioctl_client_complete(client, number ? -1 : 0, number);
    return TRUE;
}

static void on_connected(UMockdevIoctlBase *handler, UMockdevIoctlClient *client, gpointer ctx)
{
    struct sim_plug *p = ctx;
    (void)handler;
    (void)client;
    pthread_mutex_lock(&p->lock);
    p->clients++;
    pthread_mutex_unlock(&p->lock);
}

static void on_vanished(UMockdevIoctlBase *handler, UMockdevIoctlClient *client, gpointer ctx)
{
    struct sim_plug *p = ctx;
    (void)handler;
    pthread_mutex_lock(&p->lock);
    for (size_t i = p->n; i-- > 0;)
        if (p->urbs[i].client == client)
            forget(p, i);
    if (p->owner == client)
        p->owner = NULL;
    if (p->clients > 0)
        p->clients--;
    pthread_mutex_unlock(&p->lock);
}

/* ---- Plugging --------------------------------------------------------------------------------------------------- */

const char *sim_usb_preload(void)
{
    return "libumockdev-preload.so.0";
}

const char *sim_usb_folder(const struct sim_usb *u)
{
    return u->folder;
}

unsigned sim_usb_address(const struct sim_plug *plug)
{
    return plug->address;
}

/* umockdev answers the ioctls of every /dev file that has no handler with ENOTTY. The pseudo-terminals on which the rest of
 * the room is played are real, so that answerer goes; without it the real ioctl is made. */
static void answer_for_our_own_only(const char *folder)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/ioctl/_default", folder) < (int)sizeof path)
        unlink(path);
}

int sim_usb_new(struct sim_usb **out, struct lec_err *err)
{
    struct sim_usb *u = calloc(1, sizeof *u);
    if (!u)
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    u->bed = umockdev_testbed_new();
    u->folder = u->bed ? umockdev_testbed_get_root_dir(u->bed) : NULL;
    if (!u->folder) {
        free(u);
        return lec_fail(err, LEC_E_CONFIG, "umockdev makes no test bed");
    }
    answer_for_our_own_only(u->folder);
    *out = u;
    return 0;
}

static void free_plug(struct sim_plug *p)
{
    GError *error = NULL;
    if (p->usb->bed)
        (void)umockdev_testbed_detach_ioctl(p->usb->bed, p->node, &error);
    g_clear_error(&error);
    while (p->n > 0)
        forget(p, p->n - 1);
    g_object_unref(p->handler);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

/* Devices that were pulled out are forgotten once nobody has them open any more. */
static void sweep(struct sim_usb *u, bool all)
{
    for (struct sim_plug **at = &u->old; *at;) {
        struct sim_plug *p = *at;
        pthread_mutex_lock(&p->lock);
        bool used = p->clients > 0;
        pthread_mutex_unlock(&p->lock);
        if (used && !all) {
            at = &p->next;
            continue;
        }
        *at = p->next;
        free_plug(p);
    }
}

/* umockdev's library ends a program that is in the middle of an ioctl when the test bed goes: so all devices are pulled out
 * first, and who has them open gets a moment to notice. */
static void wait_for_all(const struct sim_usb *u)
{
    for (int i = 0; i < FAREWELL_MS; i++) {
        unsigned open = 0;
        for (struct sim_plug *p = u->old; p; p = p->next) {
            pthread_mutex_lock(&p->lock);
            open += p->clients;
            pthread_mutex_unlock(&p->lock);
        }
        if (open == 0)
            return;
        usleep(1000);
    }
}

void sim_usb_free(struct sim_usb **at)
{
    struct sim_usb *u = *at;
    if (!u)
        return;
    wait_for_all(u);
    g_clear_object(&u->bed); /* ends its thread first: it may be serving a device that is open somewhere */
    sweep(u, true);
    g_free(u->folder);
    free(u);
    *at = NULL;
}

/* One interface of class HID with one interrupt endpoint: all that is known of the real ones. */
static void describe(const struct sim_plug *p, char *out, size_t size)
{
    const struct sim_usb_id *id = &p->id;
    (void)snprintf(out, size,
                   "P: %s\nN: bus/usb/%03u/%03u\n"
                   "E: BUSNUM=%03u\nE: DEVNUM=%03u\nE: DEVNAME=/dev/bus/usb/%03u/%03u\nE: DEVTYPE=usb_device\n"
                   "E: MAJOR=189\nE: MINOR=%u\nE: PRODUCT=%x/%x/203\nE: SUBSYSTEM=usb\n"
                   "A: bConfigurationValue=1\\n\nA: busnum=%u\\n\nA: devnum=%u\\n\nA: devpath=%u\\n\n"
                   "A: idVendor=%04x\\n\nA: idProduct=%04x\\n\nA: speed=1.5\\n\n"
                   "H: descriptors=1201100100000008%02X%02X%02X%02X03020000%02X01"
                   "0902220001010080320904000001030000000921000100012229000705810308000A\n",
                   p->path + 4, BUS, p->address, BUS, p->address, BUS, p->address, (BUS - 1) * 128 + p->address - 1,
                   id->vendor, id->product, BUS, p->address, id->port, id->vendor, id->product, id->vendor & 0xFFu,
                   id->vendor >> 8u, id->product & 0xFFu, id->product >> 8u, *p->serial ? 1u : 0u);
}

int sim_usb_plug(struct sim_usb *u, const struct sim_usb_id *id, int fd, struct sim_plug **out, struct lec_err *err)
{
    char text[1536];
    GError *error = NULL;
    sweep(u, false);
    struct sim_plug *p = calloc(1, sizeof *p);
    if (!p) {
        close(fd);
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    }
    u->address = u->address % ADDRESSES + 1;
    p->usb = u;
    p->id = *id;
    p->address = u->address;
    p->fd = fd;
    (void)snprintf(p->serial, sizeof p->serial, "%s", id->serial);
    (void)snprintf(p->path, sizeof p->path, HUB "/%u-%u", BUS, id->port);
    (void)snprintf(p->node, sizeof p->node, "/dev/bus/usb/%03u/%03u", BUS, p->address);
    pthread_mutex_init(&p->lock, NULL);
    p->handler = umockdev_ioctl_base_new();
    g_signal_connect(p->handler, "handle-ioctl", G_CALLBACK(on_ioctl), p);
    g_signal_connect(p->handler, "client-connected", G_CALLBACK(on_connected), p);
    g_signal_connect(p->handler, "client-vanished", G_CALLBACK(on_vanished), p);
    describe(p, text, sizeof text);
    /* The node first answers, then shows: whoever looks finds it complete. */
    bool good = umockdev_testbed_attach_ioctl(u->bed, p->node, p->handler, &error) &&
                umockdev_testbed_add_from_string(u->bed, text, &error);
    if (!good) {
        int rc = lec_fail(err, LEC_E_LINK, "umockdev: %s", error ? error->message : "no reason given");
        g_clear_error(&error);
        close(fd);
        free_plug(p);
        return rc;
    }
    *out = p;
    return 0;
}

void sim_usb_unplug(struct sim_plug **plug)
{
    struct sim_plug *p = *plug;
    if (!p)
        return;
    *plug = NULL;
    umockdev_testbed_remove_device(p->usb->bed, p->path);
    char node[512]; /* stays behind otherwise */
    int n = snprintf(node, sizeof node, "%s%s", p->usb->folder, p->node);
    if (n > 0 && (size_t)n < sizeof node)
        (void)unlink(node);
    pthread_mutex_lock(&p->lock);
    close(p->fd);
    p->fd = -1;
    pthread_mutex_unlock(&p->lock);
    p->next = p->usb->old;
    p->usb->old = p;
}

void sim_usb_stall(struct sim_plug *plug)
{
    pthread_mutex_lock(&plug->lock);
    plug->stall = true;
    pthread_mutex_unlock(&plug->lock);
}
