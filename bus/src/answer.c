#include "internal.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

int lec_answer_code(json_int_t code)
{
    switch (code) {
    case -32002:
    case -32008:
        return LEC_E_REFUSED;
    case -32003:
        return LEC_E_TIMEOUT;
    case -32004:
        return LEC_E_LINK;
    case -32001:
    case -32005:
    case -32602:
        return LEC_E_RANGE;
    case -32006:
    case -32601:
        return LEC_E_NOTSUP;
    case -32007:
        return LEC_E_BUSY;
    case -32009:
    case -32010:
        return LEC_E_CANCELLED;
    case -32011:
        return LEC_E_CONFIG;
    default:
        return LEC_E_BUG;
    }
}

int lec_answer_new_id(char id[UUID_SIZE])
{
    static const char hex[] = "0123456789abcdef";
    unsigned char raw[16];
    if (getrandom(raw, sizeof raw, 0) != (ssize_t)sizeof raw)
        return LEC_E_BUG;
    raw[6] = (unsigned char)((raw[6] & 0x0f) | 0x40);
    raw[8] = (unsigned char)((raw[8] & 0x3f) | 0x80);
    size_t at = 0;
    for (size_t i = 0; i < sizeof raw; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            id[at++] = '-';
        id[at++] = hex[raw[i] >> 4];
        id[at++] = hex[raw[i] & 15];
    }
    id[at] = '\0';
    return 0;
}

int lec_answer_parse(const void *data, size_t size, struct answer *out)
{
    json_t *root = json_loadb(data, size, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(root)) {
        json_decref(root);
        return LEC_E_FRAME;
    }
    struct answer a = {.rc = LEC_E_FRAME};
    const json_t *id = json_object_get(root, "id");
    if (json_string_length(id) < ID_SIZE)
        snprintf(a.id, sizeof a.id, "%s", json_is_string(id) ? json_string_value(id) : "");

    json_t *result = json_object_get(root, "result");
    json_t *error = json_object_get(root, "error");
    const char *version = json_string_value(json_object_get(root, "jsonrpc"));
    const json_t *code = json_object_get(error, "code");
    const char *message = json_string_value(json_object_get(error, "message"));
    if (!version || strcmp(version, "2.0") != 0) {
        lec_fail(&a.err, LEC_E_FRAME, "the answer is not JSON-RPC 2.0");
    } else if (result && error) {
        lec_fail(&a.err, LEC_E_FRAME, "the answer has both a result and an error");
    } else if (result) {
        a.rc = 0;
        a.result = json_incref(result);
    } else if (json_is_integer(code) && message) {
        a.rc = lec_fail(&a.err, lec_answer_code(json_integer_value(code)), "%s", message);
        a.error = json_incref(error);
    } else {
        lec_fail(&a.err, LEC_E_FRAME, "the answer has neither a result nor a whole error");
    }
    json_decref(root);
    *out = a;
    return 0;
}

void lec_answer_done(struct answer *a)
{
    json_decref(a->result);
    json_decref(a->error);
    a->result = a->error = NULL;
}
