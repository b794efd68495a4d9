#include "frames.h"

#define MASKED    0x80
#define MASK_SIZE 4

void frames_next_request(struct frames *f)
{
    f->state = FRAMES_IN_HEAD;
    f->line_ends = 0;
    f->early = false;
}

bool frames_begin(struct frames *f)
{
    if (f->state != FRAMES_BEHIND_HEAD || f->early)
        return false;
    f->state = FRAMES_IN_FRAMES;
    return true;
}

/* Returns how many of the bytes belong to the head. */
static size_t take_head(struct frames *f, const unsigned char *in, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (in[i] == (f->line_ends % 2 == 0 ? '\r' : '\n'))
            f->line_ends++;
        else
            f->line_ends = in[i] == '\r';
        if (f->line_ends == 4) {
            f->state = FRAMES_BEHIND_HEAD;
            return i + 1;
        }
    }
    return n;
}

/* One byte of a frame's head, which has two bytes, and two or eight more for long payloads. */
static void take_frame_head(struct frames *f, unsigned char byte)
{
    f->head[f->n_head++] = byte;
    if (f->n_head < 2)
        return;
    if (!(f->head[1] & MASKED)) {
        f->state = FRAMES_BROKEN;
        return;
    }
    unsigned length = f->head[1] & 0x7f;
    unsigned more = length == 126 ? 2 : length == 127 ? 8 : 0;
    if (f->n_head < 2 + more)
        return;
    f->skip = more ? 0 : length;
    for (unsigned i = 0; i < more; i++)
        f->skip = f->skip << 8 | f->head[2 + i];
    f->skip = f->skip > UINT64_MAX - MASK_SIZE ? UINT64_MAX : f->skip + MASK_SIZE;
    f->n_head = 0;
}

bool frames_take(struct frames *f, const void *bytes, size_t n)
{
    const unsigned char *in = bytes;
    f->heard = f->heard || n > 0;
    size_t i = f->state == FRAMES_IN_HEAD ? take_head(f, in, n) : 0;
    f->early = f->early || (f->state == FRAMES_BEHIND_HEAD && i < n);
    while (f->state == FRAMES_IN_FRAMES && i < n) {
        if (f->skip > 0) {
            size_t skipped = f->skip < n - i ? (size_t)f->skip : n - i;
            f->skip -= skipped;
            i += skipped;
        } else {
            take_frame_head(f, in[i++]);
        }
    }
    return f->state != FRAMES_BROKEN;
}
