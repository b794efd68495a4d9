/* What comes over the command socket: a real core with one device that is away, fed over a real DEALER. The input is the
 * body of one message; a byte 0xFF parts it into several frames. Every message must have an answer that is JSON. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/core.h"
#include "lectern/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct core core;
static char folder[] = "/tmp/lectern-fuzz-XXXXXX";
static zsock_t *dealer;

static const char room[] = "[room]\nid = fuzz\nsite = fuzz\nlabel = Fuzz\n"
                           "[device lamp]\nprofile = generic/pjlink-1\nline = tcp://127.0.0.1:1\n"
                           "[scene on]\nlabel = On\nstep a = lamp.power on, timeout 1s\n";

static void must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "the stage does not stand: %s\n", what);
    abort();
}

static void begin(void)
{
    static char file[64], state[64], run[64], user[16];
    must(mkdtemp(folder) != NULL, "folder");
    snprintf(file, sizeof file, "%s/room.ini", folder);
    snprintf(state, sizeof state, "%s/state", folder);
    snprintf(run, sizeof run, "%s/run", folder);
    snprintf(user, sizeof user, "%u", (unsigned)getuid()); /* so that `as` is read */
    FILE *f = fopen(file, "w");
    must(f && fputs(room, f) >= 0 && fclose(f) == 0, "room file");
    lec_log_set_level(LEC_LOG_ERROR);
    zsys_init();
    zsys_handler_set(NULL);
    struct core_setup setup = {.room_file = file,
                               .state_dir = state,
                               .run_dir = run,
                               .gateway = user,
                               .profiles = LECTERN_SOURCE_DIR "/profiles",
                               .drivers_dir = LECTERN_BUILD_DIR "/lib/lectern/drivers"};
    struct lec_err err;
    must(core_open(&core, &setup, &err) == 0, err.text);
    while (lines_start_next(&core))
        continue;
    dealer = zsock_new(ZMQ_DEALER);
    zsock_set_rcvtimeo(dealer, 2000);
    must(dealer && zsock_connect(dealer, "ipc://%s/fuzz/command", run) == 0, "dealer");
}

/* Sends the message and serves the core until its answer is there. */
static void exchange(const uint8_t *data, size_t size)
{
    void *socket = zsock_resolve(dealer);
    const uint8_t *at = data, *end = data + size;
    for (;;) {
        const uint8_t *cut = size > 0 ? memchr(at, 0xFF, (size_t)(end - at)) : NULL;
        zmq_send(socket, at, (size_t)((cut ? cut : end) - at), cut ? ZMQ_SNDMORE : 0);
        if (!cut)
            break;
        at = cut + 1;
    }
    zmq_msg_t msg;
    zmq_msg_init(&msg);
    int n = -1;
    int64_t until = lec_now() + 5 * LEC_SEC;
    while ((n = zmq_msg_recv(&msg, socket, ZMQ_DONTWAIT)) < 0 && lec_now() < until) {
        front_commands(&core);
        lines_inbox(&core);
        lec_store_dispatch(core.store);
        scenes_tick(&core);
    }
    must(n >= 0, "an answer");
    if (zmq_msg_size(&msg) == 0 && zmq_msg_more(&msg))
        n = zmq_msg_recv(&msg, socket, 0);
    json_t *answer = json_loadb(zmq_msg_data(&msg), (size_t)n, 0, NULL);
    must(answer && (json_object_get(answer, "result") || json_object_get(answer, "error")), "an answer that is JSON");
    json_decref(answer);
    zmq_msg_close(&msg);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!dealer)
        begin();
    static const char search[] = "driver.search"; /* takes eleven seconds by design */
    if (memmem(data, size, search, sizeof search - 1))
        return -1;
    exchange(data, size);
    return 0;
}
