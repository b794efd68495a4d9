#include "frame.h"

#include <string.h>

/* Telnet, RFC 854: commands that concern us. */
enum { IAC = 255, DONT = 254, DO = 253, WONT = 252, WILL = 251, SB = 250, SE = 240 };
/* Where the filter stands: in text, behind IAC, behind IAC and one of WILL..DONT, inside a subnegotiation. */
enum { TEXT = 0, COMMAND, IN_SB, SB_COMMAND, OPTION /* plus the verb - WILL */ };

void dlg_rx_clear(struct dlg_rx *rx)
{
    rx->at = rx->n = 0;
    rx->telnet = TEXT;
    rx->skipping = false;
}

/* Takes one byte of a Telnet connection. Returns true if it is text. Every option is refused, once for each offer. */
static bool telnet_text(struct dlg_rx *rx, unsigned char c, unsigned char *answer, size_t *n)
{
    switch (rx->telnet) {
    case TEXT:
        if (c != IAC)
            return true;
        rx->telnet = COMMAND;
        return false;
    case COMMAND:
        rx->telnet = TEXT;
        if (c >= WILL && c <= DONT)
            rx->telnet = (uint8_t)(OPTION + c - WILL);
        else if (c == SB)
            rx->telnet = IN_SB;
        return c == IAC; /* doubled: the byte itself */
    case IN_SB:
        rx->telnet = c == IAC ? SB_COMMAND : IN_SB;
        return false;
    case SB_COMMAND:
        rx->telnet = c == SE ? TEXT : IN_SB;
        return false;
    default: {
        unsigned char verb = (unsigned char)(rx->telnet - OPTION + WILL);
        rx->telnet = TEXT;
        if (verb == WILL || verb == DO) {
            answer[(*n)++] = IAC;
            answer[(*n)++] = verb == WILL ? DONT : WONT;
            answer[(*n)++] = c;
        }
        return false;
    }
    }
}

size_t dlg_rx_put(const struct dlg_framing *f, struct dlg_rx *rx, const unsigned char *data, size_t n,
                  unsigned char *answer)
{
    size_t n_answer = 0;
    memmove(rx->data, rx->data + rx->at, rx->n);
    rx->at = 0;
    for (size_t i = 0; i < n; i++) {
        if (f->telnet && !telnet_text(rx, data[i], answer, &n_answer))
            continue;
        if (f->drop[data[i]])
            continue;
        if (rx->n == DLG_RX_MAX) { /* cannot be while the cutter keeps to `longest` */
            rx->n = 0;
            rx->rejected++;
        }
        rx->data[rx->n++] = data[i];
    }
    return n_answer;
}

static void drop(struct dlg_rx *rx, size_t n)
{
    rx->at += n;
    rx->n -= n;
}

static bool begins_with(const unsigned char *data, size_t n, const struct dlg_mark *mark)
{
    return mark->n > 0 && n >= mark->n && memcmp(data, mark->at, mark->n) == 0;
}

static bool is_space(unsigned char c)
{
    return c == ' ' || c == '\r' || c == '\n' || c == '\t';
}

/* Drops what comes before the start mark. False: no start mark yet. */
static bool find_start(const struct dlg_framing *f, struct dlg_rx *rx)
{
    if (f->starts.n == 0)
        return true;
    const unsigned char *data = rx->data + rx->at;
    const unsigned char *at = memmem(data, rx->n, f->starts.at, f->starts.n);
    if (at) {
        drop(rx, (size_t)(at - data));
        return true;
    }
    /* the last bytes may be the beginning of one */
    size_t keep = f->starts.n - 1;
    if (rx->n > keep)
        drop(rx, rx->n - keep);
    return false;
}

/* The first end at or behind `from`. Returns the end of the reply with it, or 0; *mark is its length. */
static size_t find_end(const struct dlg_framing *f, const unsigned char *data, size_t n, size_t from, size_t *mark)
{
    size_t best = 0;
    for (size_t i = 0; i < f->n_ends; i++) {
        const struct dlg_mark *e = &f->ends[i];
        if (from + e->n > n)
            continue;
        const unsigned char *at = memmem(data + from, n - from, e->at, e->n);
        size_t end = at ? (size_t)(at - data) + e->n : 0;
        /* the one that is complete first, so that it does not matter in which pieces it comes */
        if (end && (!best || end < best || (end == best && e->n > *mark))) {
            best = end;
            *mark = e->n;
        }
    }
    return best;
}

static size_t longest_end(const struct dlg_framing *f)
{
    size_t n = 1;
    for (size_t i = 0; i < f->n_ends; i++)
        if (f->ends[i].n > n)
            n = f->ends[i].n;
    return n;
}

/* How long the reply at the front is by what it says itself: 0 not known yet, SIZE_MAX no reply. */
static size_t stated_length(const struct dlg_framing *f, const unsigned char *data, size_t n)
{
    if (f->fixed)
        return f->fixed;
    if (f->by_first)
        return n == 0 ? 0 : f->first[data[0]] ? f->first[data[0]] : SIZE_MAX;
    if (n < f->length_at + f->length_form.width)
        return 0;
    struct dlg_raw raw;
    const unsigned char *at = data + f->length_at;
    if (dlg_form_take(&f->length_form, at, f->length_form.width) != f->length_form.width ||
        dlg_form_get(&f->length_form, at, f->length_form.width, &raw) < 0)
        return SIZE_MAX;
    int64_t total = raw.i + f->length_bias;
    if (total < (int64_t)(f->length_at + f->length_form.width) || total > (int64_t)f->longest)
        return SIZE_MAX;
    return (size_t)total;
}

/* Takes start, end and checksum off data[raw_n]; `mark`: bytes of its end. False: the checksum is wrong, or there is
 * not even room for all that. */
static bool open_frame(const struct dlg_framing *f, const unsigned char *data, size_t raw_n, size_t mark,
                       struct dlg_frame *out)
{
    size_t width = dlg_check_width(&f->check);
    if (raw_n < f->starts.n + width + mark)
        return false;
    size_t check_at = raw_n - mark - width;
    if (width > 0 && !dlg_check_good(&f->check, data, raw_n, check_at))
        return false;
    *out = (struct dlg_frame){.at = data + f->starts.n, .n = check_at - f->starts.n, .raw_n = raw_n};
    return true;
}

static void trim(struct dlg_frame *frame)
{
    while (frame->n > 0 && is_space(frame->at[0]))
        frame->at++, frame->n--;
    while (frame->n > 0 && is_space(frame->at[frame->n - 1]))
        frame->n--;
}

enum step { STEP_MORE, STEP_AGAIN, STEP_FRAME };

static enum step cut_by_length(const struct dlg_framing *f, struct dlg_rx *rx, struct dlg_frame *out)
{
    const unsigned char *data = rx->data + rx->at;
    size_t total = stated_length(f, data, rx->n), mark = 0;
    if (total == 0 || (total != SIZE_MAX && rx->n < total))
        return STEP_MORE;
    bool good = total != SIZE_MAX && total >= f->shortest;
    if (good && f->n_ends > 0) {
        mark = f->ends[0].n;
        good = total >= mark && memcmp(data + total - mark, f->ends[0].at, mark) == 0;
    }
    if (!good || !open_frame(f, data, total, mark, out)) {
        rx->rejected++;
        drop(rx, 1);
        return STEP_AGAIN;
    }
    drop(rx, total);
    return STEP_FRAME;
}

static enum step cut_by_end(const struct dlg_framing *f, struct dlg_rx *rx, struct dlg_frame *out)
{
    const unsigned char *data = rx->data + rx->at;
    size_t mark = 0, from = f->starts.n;
    for (size_t i = 0; i < f->n_ends; i++)
        if (f->shortest > f->ends[i].n && f->shortest - f->ends[i].n > from && !rx->skipping)
            from = f->shortest - f->ends[i].n;
    size_t total = find_end(f, data, rx->n, rx->skipping ? 0 : from, &mark);
    if (total == 0 || total > f->longest) {
        if (total == 0 && rx->n <= f->longest && !rx->skipping)
            return STEP_MORE;
        rx->rejected += !rx->skipping;
        rx->skipping = total == 0; /* its end is still to come, and may have begun */
        size_t keep = longest_end(f) - 1;
        drop(rx, total ? total : rx->n > keep ? rx->n - keep : 0);
        return total ? STEP_AGAIN : STEP_MORE;
    }
    if (rx->skipping) {
        rx->skipping = false;
        drop(rx, total);
        return STEP_AGAIN;
    }
    if (!open_frame(f, data, total, mark, out)) {
        rx->rejected++;
        drop(rx, f->starts.n > 0 ? 1 : total);
        return STEP_AGAIN;
    }
    drop(rx, total);
    return STEP_FRAME;
}

enum dlg_cut dlg_rx_cut(const struct dlg_framing *f, struct dlg_rx *rx, struct dlg_frame *out)
{
    for (;;) {
        if (f->trim && !rx->skipping)
            while (rx->n > 0 && is_space(rx->data[rx->at]))
                drop(rx, 1);
        if (rx->n == 0)
            return DLG_CUT_MORE;
        const unsigned char *data = rx->data + rx->at;
        if (f->prompt.n > 0 && !rx->skipping) {
            if (begins_with(data, rx->n, &f->prompt)) {
                drop(rx, f->prompt.n);
                return DLG_CUT_PROMPT;
            }
            if (rx->n < f->prompt.n && memcmp(data, f->prompt.at, rx->n) == 0)
                return DLG_CUT_MORE;
        }
        if (!rx->skipping && !find_start(f, rx))
            return DLG_CUT_MORE;
        if (!f->fixed && !f->by_first && !f->by_length && f->n_ends == 0) {
            drop(rx, rx->n); /* a device that is not listened to */
            return DLG_CUT_MORE;
        }
        enum step step = f->fixed || f->by_first || f->by_length ? cut_by_length(f, rx, out) : cut_by_end(f, rx, out);
        if (step == STEP_MORE)
            return DLG_CUT_MORE;
        if (step == STEP_AGAIN)
            continue;
        if (f->trim) {
            trim(out);
            if (out->n == 0 && !f->empty)
                continue;
        }
        return DLG_CUT_FRAME;
    }
}
