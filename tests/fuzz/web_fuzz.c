/* Any bytes as a message of a page, and as the headers that the gateway reads itself: nothing may be read or written out of bounds, what is
 * taken keeps the promises of web/request.h and web/wire.h. The first byte says what the rest is. */
#include <stdlib.h>
#include <string.h>

#include "request.h"
#include "wire.h"

static void message(const char *text, size_t n)
{
    struct request r;
    struct follow f;
    if (request_parse(text, n, &r)) {
        if (strlen(r.id) < REQUEST_ID_MIN || r.method[0] == '\0' || (r.params && !json_is_object(r.params)))
            abort();
        if (request_timeout_ms(&r) < 1)
            abort();
        if (request_follow(&r, &f) && f.n_runs > REQUEST_RUNS)
            abort();
    } else if (r.code == 0 || !r.reason) {
        abort();
    }
    request_done(&r);
}

static void headers(const char *text)
{
    char out[64], name[1024];
    const char *second = strchr(text, '\n');
    wire_cookie(text, "lectern", out, sizeof out);
    wire_accepts(text, "br");
    wire_matches(text, "\"b1-br\"");
    wire_is_json(text);
    if (wire_host(text, out, sizeof out))
        wire_is_address(out);
    if (wire_room_ok(text) && strchr(text, '/'))
        abort();
    if (wire_file_ok(text) && strchr(text, '/'))
        abort();
    wire_same_origin(text, second ? second + 1 : text, (text[0] & 1) != 0);
    wire_disposition(text, name, sizeof name);
    for (const char *c = name; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e)
            abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    if (size == 0)
        return 0;
    if (data[0] != 'h') {
        message((const char *)data + 1, size - 1);
        return 0;
    }
    char *text = malloc(size);
    if (!text)
        return 0;
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    headers(text);
    free(text);
    return 0;
}
