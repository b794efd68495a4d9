/* Framing: from a stream of bytes, which may be cut anywhere, to whole replies.
 *
 * What comes first passes the filter (NULs, Telnet negotiation); then replies are cut off at the front: by an end, by a
 * length in the message, by a fixed length, by a table of first bytes. A reply with a wrong checksum is rejected and
 * the search goes on one byte behind its start. Nothing here waits or allocates.
 *
 * Threads: a receiver belongs to its device. */
#ifndef DIALOGUE_FRAME_H
#define DIALOGUE_FRAME_H

#include "message.h"

#define DLG_RX_MAX   (2 * DLG_FRAME_MAX) /* a part of a reply, and one read behind it */
#define DLG_ENDS_MAX 4
#define DLG_MARK_MAX 32 /* bytes of a start, an end or a prompt */

struct dlg_mark {
    unsigned char at[DLG_MARK_MAX];
    size_t n;
};

struct dlg_framing {
    bool trim;  /* text: white space around a reply does not count, empty replies are none */
    bool empty; /* ...unless they do: a login's "Password:" with nothing before it */
    bool telnet;
    bool drop[256];                 /* bytes that the filter takes out */
    struct dlg_mark starts, prompt; /* n 0: none */
    struct dlg_mark ends[DLG_ENDS_MAX];
    size_t n_ends;
    size_t shortest, longest; /* bytes of a whole reply on the wire */
    bool by_length;           /* the length stands in the message: form at offset at, plus bias */
    struct dlg_form length_form;
    size_t length_at;
    int length_bias;
    size_t fixed;        /* every reply has so many bytes; 0: no */
    bool by_first;       /* the first byte says how many */
    uint16_t first[256]; /* 0: no reply begins so */
    struct dlg_check check;
};

/* A reply: what lies between its start and its checksum or end; raw_n bytes with them. Lent until more bytes are put. */
struct dlg_frame {
    const unsigned char *at;
    size_t n, raw_n;
};

struct dlg_rx {
    unsigned char data[DLG_RX_MAX];
    size_t at, n;      /* the bytes not yet cut: data[at..at + n) */
    uint8_t telnet;    /* where in a Telnet command the filter stands */
    bool skipping;     /* a reply grew too long: everything up to the next end is dropped */
    unsigned rejected; /* replies with a wrong checksum or length, and overlong ones; counts up */
};

enum dlg_cut { DLG_CUT_MORE, DLG_CUT_FRAME, DLG_CUT_PROMPT };

/* Forgets everything received. */
void dlg_rx_clear(struct dlg_rx *rx);
/* Bytes that came, at most DLG_FRAME_MAX at once. answer: what Telnet wants to be told, at least 3 bytes of room for
 * each byte of data; returns the length of that answer. */
size_t dlg_rx_put(const struct dlg_framing *f, struct dlg_rx *rx, const unsigned char *data, size_t n,
                  unsigned char *answer);
/* Cuts off the next reply or prompt. MORE: there is none yet. */
enum dlg_cut dlg_rx_cut(const struct dlg_framing *f, struct dlg_rx *rx, struct dlg_frame *out);

#endif
