/* A line's thread: owns the connection and runs the driver code of every device on it, one callback at a time.
 *
 * It takes struct lec_request letters from the core and tells what happens in struct lec_head letters
 * (line/frame.h) to the core's inbox. What comes first on the line: urgent actions, then writes and actions, then reads
 * that somebody waits for, then confirming reads, then polls by due time.
 *
 * Threads: all calls from the core's thread. */
#ifndef LECTERN_LINE_ACTOR_H
#define LECTERN_LINE_ACTOR_H

#include "lectern/driver.h"
#include "line/frame.h"
#include "mailbox/mailbox.h"

#define LEC_LINE_OPS       256         /* operations under way on one line; more are refused */
#define LEC_LINE_REQUESTS  1024        /* requests that wait for one line; more are refused */
#define LEC_INBOX_MESSAGES 512         /* messages of all lines that wait for the core before lines wait with them */
#define LEC_INBOX_BYTES    (16u << 20) /* likewise, together */

struct lec_line_actor;

struct lec_line_setup {
    uint32_t number;             /* put into every message of this line */
    const struct lec_line *line; /* NULL: one device without a line */
    const struct lec_device *const *devices;
    const struct lec_driver *const *drivers; /* of each device */
    size_t n_devices;
    struct lec_mailbox *inbox; /* the core's; outlives the line */
    /* lec_dev_listen ends here, in the line's thread. source_port: tells devices at one host apart; 0: does not matter.
     * May be NULL. */
    int (*listen)(void *ctx, uint32_t line, uint32_t device, const char *host, uint16_t source_port, uint16_t port,
                  int cancel_fd, struct lec_err *err);
    void *listen_ctx;
};

/* Starts the thread. Everything that `setup` points to is lent until lec_line_join. Prepares the devices first, so that
 * a mistake in a profile is told here. Returns 0, LEC_E_CONFIG, LEC_E_NOMEM. */
int lec_line_begin(const struct lec_line_setup *setup, struct lec_line_actor **out, struct lec_report *report,
                   struct lec_err *err);

/* Queues a request. Never blocks. Returns 0 or LEC_E_NOMEM. */
int lec_line_ask(struct lec_line_actor *actor, const struct lec_request *request);

/* Asks the thread to end: whatever it waits for ends with LEC_E_CANCELLED. LEC_TELL_ENDED follows. */
void lec_line_end(struct lec_line_actor *actor);
/* Waits for the thread and frees. Call when LEC_TELL_ENDED has come; earlier it may block as long as a driver does.
 * Accepts *at NULL. */
void lec_line_join(struct lec_line_actor **at);

#endif
