#include "message.h"

#include <stdlib.h>
#include <string.h>

struct message *message_new(const void *data, size_t size, bool binary)
{
    struct message *m = malloc(sizeof *m + size);
    if (!m)
        return NULL;
    m->refs = 1;
    m->binary = binary;
    m->size = size;
    if (data)
        memcpy(m->data, data, size);
    return m;
}

struct message *message_ref(struct message *m)
{
    m->refs++;
    return m;
}

void message_unref(struct message *m)
{
    if (m && --m->refs == 0)
        free(m);
}
