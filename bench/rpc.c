#include "rpc.h"

#include <stdlib.h>

#include "bench.h"

json_t *bench_rpc(void *dealer, const char *method, json_t *params)
{
    static int id = 1000;
    json_t *request =
        json_pack("{s:s, s:i, s:s, s:o}", "jsonrpc", "2.0", "id", id++, "method", method, "params", params);
    char *text = json_dumps(request, JSON_COMPACT);
    json_t *answer = json_loads(bench_call(dealer, text), 0, NULL);
    json_t *result = json_incref(json_object_get(answer, "result"));
    if (!result)
        bench_die("%s: %s", text, json_dumps(answer, JSON_COMPACT));
    free(text);
    json_decref(request);
    json_decref(answer);
    return result;
}

void bench_read_run(void *dealer, const char *run, const char *channel, void (*each)(void *ctx, double t, double value),
                    void *ctx)
{
    json_t *more = NULL;
    do {
        json_t *params = json_pack("{s:s, s:[s]}", "run", run, "channels", channel);
        if (more)
            json_object_set_new(params, "from", more);
        json_t *read = bench_rpc(dealer, "run.read", params);
        const json_t *found = json_array_get(json_object_get(read, "channels"), 0);
        const json_t *times = json_object_get(found, "t"), *values = json_object_get(found, "value");
        for (size_t i = 0; i < json_array_size(values); i++)
            each(ctx, json_number_value(json_array_get(times, i)), json_number_value(json_array_get(values, i)));
        more = json_incref(json_object_get(read, "more"));
        json_decref(read);
    } while (json_is_number(more));
    json_decref(more);
}
