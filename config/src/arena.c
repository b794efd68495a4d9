#include "arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_SIZE 16384

struct lec_arena_chunk {
    struct lec_arena_chunk *next;
    size_t used, size;
    _Alignas(max_align_t) unsigned char data[];
};

struct lec_arena_later {
    struct lec_arena_later *next;
    void (*release)(void *what);
    void *what;
};

static void *take(struct lec_arena *a, size_t size)
{
    const size_t align = _Alignof(max_align_t);
    if (size > SIZE_MAX / 2)
        goto failed;
    size = (size + align - 1) / align * align;
    struct lec_arena_chunk *c = a->head;
    if (!c || c->size - c->used < size) {
        size_t room = size > CHUNK_SIZE / 4 ? size : CHUNK_SIZE;
        c = calloc(1, sizeof *c + room);
        if (!c)
            goto failed;
        c->size = room;
        /* A large object gets a chunk of its own behind the head, so that the head's rest is not lost. */
        if (a->head && room != CHUNK_SIZE) {
            c->next = a->head->next;
            a->head->next = c;
        } else {
            c->next = a->head;
            a->head = c;
        }
    }
    void *p = c->data + c->used;
    c->used += size;
    return p;

failed:
    a->failed = true;
    return NULL;
}

void *lec_arena_array(struct lec_arena *a, size_t n, size_t size)
{
    if (n == 0)
        return NULL;
    if (n > SIZE_MAX / size) {
        a->failed = true;
        return NULL;
    }
    return take(a, n * size);
}

const char *lec_arena_copy(struct lec_arena *a, const char *text, size_t len)
{
    if (len == 0)
        return "";
    char *copy = take(a, len + 1);
    if (!copy)
        return "";
    memcpy(copy, text, len);
    return copy;
}

const char *lec_arena_str(struct lec_arena *a, const char *text)
{
    return lec_arena_copy(a, text, strlen(text));
}

const char *lec_arena_printf(struct lec_arena *a, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *text = n < 0 ? NULL : take(a, (size_t)n + 1);
    if (!text) {
        a->failed = true;
        return "";
    }
    va_start(ap, fmt);
    vsnprintf(text, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return text;
}

bool lec_arena_later(struct lec_arena *a, void (*release)(void *what), void *what)
{
    struct lec_arena_later *l = take(a, sizeof *l);
    if (!l) {
        release(what);
        return false;
    }
    *l = (struct lec_arena_later){.next = a->later, .release = release, .what = what};
    a->later = l;
    return true;
}

void lec_arena_done(struct lec_arena *a)
{
    for (struct lec_arena_later *l = a->later; l; l = l->next)
        l->release(l->what);
    a->later = NULL;
    while (a->head) {
        struct lec_arena_chunk *c = a->head;
        a->head = c->next;
        explicit_bzero(c->data, c->used);
        free(c);
    }
    a->failed = false;
}
