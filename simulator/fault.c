#include "fault.h"

#include <string.h>

static const char *const names[SIM_FAULTS] = {
    [SIM_SILENCE] = "silence",
    [SIM_DELAY] = "delay",
    [SIM_LATE] = "late",
    [SIM_GARBAGE] = "garbage",
    [SIM_GARBAGE_BEFORE] = "garbage-before",
    [SIM_CHECKSUM] = "checksum",
    [SIM_HALF] = "half",
    [SIM_RESET] = "reset",
    [SIM_DISCONNECT] = "disconnect",
    [SIM_LIE] = "lie",
    [SIM_REFUSE] = "refuse",
    [SIM_BUSY] = "busy",
    [SIM_OTHER_UNIT] = "other-unit",
    [SIM_ECHO] = "echo",
    [SIM_SPLIT] = "split",
    [SIM_SLOW_BYTES] = "slow-bytes",
    [SIM_NUL] = "nul",
    [SIM_LOST] = "lost",
    [SIM_STALL] = "stall",
};

const char *sim_fault_name(enum sim_fault_kind kind)
{
    return (unsigned)kind < SIM_FAULTS ? names[kind] : "?";
}

int sim_fault_kind(const char *name)
{
    for (int i = 0; i < SIM_FAULTS; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}

int sim_fault_add(struct sim_faults *f, const struct sim_fault *fault, struct lec_err *err)
{
    if (f->n == SIM_FAULTS_MAX)
        return lec_fail(err, LEC_E_NOMEM, "%d faults are on already; clear some", SIM_FAULTS_MAX);
    f->at[f->n++] = *fault;
    return 0;
}

static void drop(struct sim_faults *f, size_t i)
{
    f->n--;
    memmove(&f->at[i], &f->at[i + 1], (f->n - i) * sizeof f->at[0]);
}

size_t sim_fault_clear(struct sim_faults *f, enum sim_fault_kind kind)
{
    size_t before = f->n;
    for (size_t i = f->n; i-- > 0;)
        if (kind == SIM_FAULTS || f->at[i].kind == kind)
            drop(f, i);
    return before - f->n;
}

const struct sim_fault *sim_fault_peek(struct sim_faults *f, enum sim_fault_kind kind, int64_t now)
{
    for (size_t i = f->n; i-- > 0;)
        if (f->at[i].until <= now || f->at[i].left == 0)
            drop(f, i);
    for (size_t i = 0; i < f->n; i++)
        if (f->at[i].kind == kind)
            return &f->at[i];
    return NULL;
}

bool sim_fault_use(struct sim_faults *f, enum sim_fault_kind kind, int64_t now, struct sim_fault *out)
{
    const struct sim_fault *found = sim_fault_peek(f, kind, now);
    if (!found)
        return false;
    if (out)
        *out = *found;
    struct sim_fault *fault = &f->at[found - f->at];
    if (fault->left > 0)
        fault->left--;
    return true;
}
