/* What tests of links share: the other ends of connections, and names. Names that end in ".test" are resolved by a getaddrinfo here, which
 * the linker takes instead of the C library's: to 127.0.0.1, but for
 *   unknown.test  has no address
 *   silent.test   its name server does not answer
 *   two.test      nobody listens at its first address */
#ifndef LECTERN_TEST_LINK_STAGE_H
#define LECTERN_TEST_LINK_STAGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lectern/clock.h"
#include "line/link.h"

#define SOON (lec_now() + 20 * LEC_SEC)

/* Fails the test unless the sentence has the word in it. */
void check_text(const struct lec_err *err, const char *word);

/* Whether lookups of .test names hang. */
void hold_names(bool held);
/* How many of them there have been. */
unsigned count_lookups(void);

int listen_at(uint16_t *port, int type, int backlog); /* a backlog below 0: the port is taken, and nobody listens */
/* A listener whose queue is full: the kernel drops further requests without a word. */
int listen_mute(uint16_t *port, int waiting[4]);
struct lec_line tcp(const char *host, uint16_t port);
/* A link and the other end of it. */
struct lec_link *connected(const char *host, int *peer, int cancel_fd);

#endif
