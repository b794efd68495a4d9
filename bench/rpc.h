/* JSON-RPC for the benchmarks that read more of an answer than its id. Needs jansson. */
#ifndef LECTERN_BENCH_RPC_H
#define LECTERN_BENCH_RPC_H

#include <jansson.h>

/* Calls on a ready DEALER socket; `params` is taken. Returns the result (owned). Dies when there is none. */
json_t *bench_rpc(void *dealer, const char *method, json_t *params);

/* Reads a channel of a run back from the disk, page by page, and hands each sample to `each`: its run time and value. */
void bench_read_run(void *dealer, const char *run, const char *channel, void (*each)(void *ctx, double t, double value),
                    void *ctx);

#endif
