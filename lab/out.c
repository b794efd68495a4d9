#include "out.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK ((size_t)1 << 20) /* bytes written at once */
#define SLACK ((size_t)65536)   /* the most that lab_out_room gives */

static int create(struct lab_out *o, const char *path, struct lec_err *err)
{
    *o = (struct lab_out){.fd = -1};
    if ((size_t)snprintf(o->path, sizeof o->path, "%s", path) >= sizeof o->path ||
        (size_t)snprintf(o->part, sizeof o->part, "%s.part", path) >= sizeof o->part)
        return lec_fail(err, LEC_E_RANGE, "\"out\" is too long");
    o->fd = open(o->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (o->fd >= 0)
        return 0;
    int why = errno;
    return lec_fail(err, why == ENOSPC || why == EDQUOT ? LEC_E_BUSY : LEC_E_CONFIG, "%s: %s", o->part, strerror(why));
}

int lab_out_begin(struct lab_out *o, const char *path, struct lec_err *err)
{
    int rc = create(o, path, err);
    if (rc == 0)
        close(o->fd);
    o->fd = -1;
    return rc;
}

int lab_out_open(struct lab_out *o, const char *path, struct lec_err *err)
{
    int rc = create(o, path, err);
    if (rc < 0)
        return rc;
    o->size = CHUNK + SLACK;
    o->data = malloc(o->size);
    if (o->data)
        return 0;
    lab_out_drop(o);
    return lec_fail(err, LEC_E_NOMEM, "out of memory");
}

static void flush(struct lab_out *o)
{
    for (size_t done = 0; done < o->len && o->failed == 0;) {
        ssize_t n = write(o->fd, o->data + done, o->len - done);
        if (n > 0)
            done += (size_t)n;
        else if (n < 0 && errno != EINTR)
            o->failed = errno;
    }
    o->len = 0;
}

char *lab_out_room(struct lab_out *o, size_t n)
{
    if (o->len + n > o->size)
        flush(o);
    return o->data + o->len;
}

void lab_out_used(struct lab_out *o, size_t n)
{
    o->len += n;
    if (o->len >= CHUNK)
        flush(o);
}

void lab_out_put(struct lab_out *o, const void *data, size_t n)
{
    for (const char *from = data; n > 0;) {
        size_t part = n < SLACK ? n : SLACK;
        memcpy(lab_out_room(o, part), from, part);
        lab_out_used(o, part);
        from += part;
        n -= part;
    }
}

void lab_out_puts(struct lab_out *o, const char *text)
{
    lab_out_put(o, text, strlen(text));
}

static int trouble(struct lab_out *o, int why, struct lec_err *err)
{
    lab_out_drop(o);
    if (why == ENOSPC || why == EDQUOT)
        return lec_fail(err, LEC_E_BUSY, "%s: no room on the disk", o->path);
    return lec_fail(err, LEC_E_LINK, "%s: %s", o->path, strerror(why));
}

int lab_out_finish(struct lab_out *o, uint64_t *bytes, struct lec_err *err)
{
    struct stat st;
    if (o->fd < 0)
        o->fd = open(o->part, O_RDONLY | O_CLOEXEC);
    else
        flush(o);
    if (o->failed)
        return trouble(o, o->failed, err);
    if (o->fd < 0 || fsync(o->fd) < 0 || fstat(o->fd, &st) < 0 || rename(o->part, o->path) < 0)
        return trouble(o, errno, err);
    close(o->fd);
    free(o->data);
    o->fd = -1;
    o->data = NULL;
    o->part[0] = '\0';
    *bytes = (uint64_t)st.st_size;
    return 0;
}

void lab_out_drop(struct lab_out *o)
{
    if (o->fd >= 0)
        close(o->fd);
    o->fd = -1;
    free(o->data);
    o->data = NULL;
    if (o->part[0])
        unlink(o->part);
    o->part[0] = '\0';
}
