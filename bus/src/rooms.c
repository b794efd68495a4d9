#include "internal.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lectern/paths.h"

/* Whether somebody listens at a UNIX socket. Returns 1 and the state, or 0 when there is no such socket. A connection
 * that is closed at once is harmless to a ZeroMQ socket. */
static int probe(const char *path, enum lec_room_state *state)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    if ((size_t)snprintf(at.sun_path, sizeof at.sun_path, "%s", path) >= sizeof at.sun_path)
        return 0;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return 0;
    int rc = connect(fd, (const struct sockaddr *)&at, sizeof at);
    int why = errno;
    close(fd);
    if (rc == 0 || why == EAGAIN)
        *state = LEC_ROOM_RUNNING;
    else if (why == EACCES || why == EPERM)
        *state = LEC_ROOM_DENIED;
    else if (why == ECONNREFUSED)
        *state = LEC_ROOM_DEAD;
    else
        return 0;
    return 1;
}

static int by_name(const void *a, const void *b)
{
    const struct lec_room_found *x = a, *y = b;
    return strcmp(x->name, y->name);
}

int lec_bus_rooms(struct lec_room_found *found, size_t n, char *folder, size_t folder_size, struct lec_err *err)
{
    char run[256];
    int rc = lec_path_run(run, sizeof run, err);
    if (rc < 0)
        return rc;
    if (folder && (size_t)snprintf(folder, folder_size, "%s", run) >= folder_size)
        return lec_fail(err, LEC_E_CONFIG, "the path of the run folder is too long");
    DIR *dir = opendir(run);
    if (!dir && errno == ENOENT)
        return 0;
    if (!dir)
        return lec_fail(err, LEC_E_CONFIG, "%s: %s", run, strerror(errno));
    size_t count = 0;
    for (const struct dirent *entry; count < n && (entry = readdir(dir));) {
        struct lec_room_found room = {.state = LEC_ROOM_DEAD};
        char path[sizeof run + sizeof entry->d_name + sizeof "/command"];
        if (entry->d_name[0] == '.' ||
            (size_t)snprintf(room.name, sizeof room.name, "%s", entry->d_name) >= sizeof room.name)
            continue;
        snprintf(path, sizeof path, "%s/%s/command", run, entry->d_name);
        if (probe(path, &room.state))
            found[count++] = room;
    }
    closedir(dir);
    if (count > 0)
        qsort(found, count, sizeof *found, by_name);
    return (int)count;
}
