/* lectern-lab: exports and analysis are done by a program of their own, one for each request, which only reads the run
 * file. So neither a large fit nor a library for spreadsheets can hold up or grow the room. */
#include "core/methods.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/child.h"
#include "core/record.h"
#include "lectern/log.h"

#define ANSWER_MAX (4u * 1024 * 1024) /* bytes that it may answer */
#define EXPORT_NS  (600 * LEC_SEC)    /* after which it is ended */
#define ANALYZE_NS (30 * LEC_SEC)

struct lab {
    struct child child;
    int64_t deadline;
    uint64_t token; /* of the request */
    bool export, keep;
    char run[LEC_RUN_ID], file[96], path[4096];
    struct lec_buf answer;
};

struct labs {
    struct lab *at[LAB_JOBS];
    struct children children;
};

static void drop(struct core *core, size_t at)
{
    struct lab *lab = core->labs->at[at];
    core->labs->at[at] = NULL;
    child_end(&core->labs->children, &lab->child);
    lec_buf_done(&lab->answer);
    free(lab);
}

/* ---- Starting ----------------------------------------------------------------------------------------------- */

/* The request as a file that lies in memory: nobody has to feed a pipe. */
static int request_file(const char *text, struct lec_err *err)
{
    int fd = memfd_create("lectern-lab-request", MFD_CLOEXEC);
    size_t n = strlen(text);
    if (fd >= 0 && write(fd, text, n) == (ssize_t)n && lseek(fd, 0, SEEK_SET) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return lec_fail(err, LEC_E_NOMEM, "no memory for a request to lectern-lab");
}

static int begin(struct core *core, struct lab *lab, const char *request, struct lec_err *err)
{
    char name[] = "lectern-lab";
    char *argv[] = {name, core->runs_file, NULL};
    int in = request_file(request, err);
    if (in < 0)
        return in;
    int rc = child_start(&core->labs->children, argv, in, &lab->child, err);
    close(in);
    return rc == LEC_E_NOTSUP ? lec_because(err, "no exports and no analysis") : rc;
}

/* Starts the program for this request; answers itself when that cannot be. Takes `request` and what is in it. */
static void start(struct core *core, struct request *r, const char *run, json_t *request, struct lab *lab)
{
    struct lec_err err;
    size_t at = 0;
    char *text = request ? json_dumps(request, JSON_COMPACT) : NULL;
    json_decref(request);
    if (!core->labs && (core->labs = calloc(1, sizeof *core->labs)))
        core->labs->children = (struct children){.waiter = core->waiter, .item = CORE_LAB};
    while (core->labs && at < LAB_JOBS && core->labs->at[at])
        at++;
    int rc = 0;
    if (!text || !lab || !core->labs)
        rc = lec_fail(&err, LEC_E_NOMEM, "out of memory");
    else if (at == LAB_JOBS)
        rc = lec_fail(&err, LEC_E_BUSY, "%d exports or analyses are under way; try again soon", LAB_JOBS);
    else
        rc = begin(core, lab, text, &err);
    free(text);
    if (rc < 0) {
        free(lab);
        journal_request(core, r, run, err.text);
        refuse(core, r, rc, err.text);
        return;
    }
    lec_buf_init(&lab->answer, ANSWER_MAX);
    snprintf(lab->run, sizeof lab->run, "%s", run);
    core->labs->at[at] = lab;
    struct held *held = held_add(core, r, run);
    if (held)
        lab->token = held->token;
    else
        drop(core, at);
}

void run_analyze(struct core *core, struct request *r)
{
    static const char *const texts[] = {"channel", "what", "lang", "form", "against", "with_run", "with_channel"};
    static const char *const numbers[] = {"from", "to", "order", "origin", "points", "at", "window"};
    bool ok;
    if (!params_known(core, r,
                      "run|channel|what|lang|form|against|with_run|with_channel|from|to|order|origin|points|at|"
                      "window"))
        return;
    const char *run = param_run(core, r);
    for (size_t i = 0; run && i < ARRAY_LEN(texts); i++) {
        (void)param_text(core, r, texts[i], i < 2, &ok);
        run = ok ? run : NULL;
    }
    for (size_t i = 0; run && i < ARRAY_LEN(numbers); i++) {
        const json_t *v = json_object_get(r->params, numbers[i]);
        if (v && !json_is_number(v)) {
            reply_param(core, r, numbers[i], "a number is wanted");
            return;
        }
    }
    if (!run)
        return;
    json_t *request = json_copy(r->params);
    struct lab *lab = calloc(1, sizeof *lab);
    if (request)
        json_object_set_new(request, "do", json_string("analyze"));
    if (lab)
        lab->deadline = lec_now() + ANALYZE_NS;
    start(core, r, run, request, lab);
}

static const struct format {
    const char *name, *extension;
} formats[] = {{"csv", "csv"}, {"csv-vi", "csv"}, {"xlsx", "xlsx"}, {"hdf5", "h5"}, {"jsonl", "jsonl"}};

/* The parameters that lectern-lab reads, as far as their types go; false after answering. */
static bool param_export(struct core *core, struct request *r)
{
    struct lec_record_query q;
    double seconds;
    bool given, raw, ok;
    (void)param_text(core, r, "shape", false, &ok);
    if (ok)
        (void)param_text(core, r, "lang", false, &ok);
    q.n_channels = 0;
    return ok && param_flag(core, r, "raw", &raw) && param_channels(core, r, &q) &&
           param_seconds(core, r, "from", &given, &seconds) && param_seconds(core, r, "to", &given, &seconds);
}

void run_export(struct core *core, struct request *r)
{
    bool ok, keep;
    struct lec_err err;
    if (!params_known(core, r, "run|format|shape|raw|channels|from|to|keep|lang"))
        return;
    const char *run = param_run(core, r);
    if (!run)
        return;
    const char *name = param_text(core, r, "format", true, &ok);
    if (!ok || !param_export(core, r) || !param_flag(core, r, "keep", &keep))
        return;
    const struct format *format = NULL;
    for (size_t i = 0; i < ARRAY_LEN(formats); i++)
        if (strcmp(formats[i].name, name) == 0)
            format = &formats[i];
    if (!format) {
        reply_param(core, r, "format", "\"csv\", \"csv-vi\", \"xlsx\", \"hdf5\" or \"jsonl\" is wanted");
        return;
    }
    json_t *request = json_copy(r->params);
    struct lab *lab = calloc(1, sizeof *lab);
    if (lab && exports_name(core, "export", format->extension, lab->file, lab->path, sizeof lab->path, &err) < 0) {
        journal_request(core, r, run, err.text);
        refuse(core, r, err.code, err.text);
        json_decref(request);
        free(lab);
        return;
    }
    if (request && lab) {
        json_object_del(request, "keep");
        json_object_set_new(request, "do", json_string("export"));
        json_object_set_new(request, "out", json_string(lab->path));
        if (!json_object_get(request, "lang") && strcmp(name, "csv-vi") == 0)
            json_object_set_new(request, "lang", json_string("vi"));
        lab->deadline = lec_now() + EXPORT_NS;
        lab->export = true;
        lab->keep = keep;
    }
    start(core, r, run, request, lab);
}

/* ---- Answers ------------------------------------------------------------------------------------------------ */

static void fail(struct core *core, struct lab *lab, struct request *r, int rpc, const char *reason)
{
    struct trouble t = {.code = rpc, .reason = reason};
    journal_request(core, r, lab->run, reason);
    reply_error(core, r, &t);
    if (lab->export)
        unlink(lab->path);
}

/* A wrong parameter and a run that is not there have one code with lectern-lab. */
static int rpc_of(json_int_t code, const char *said)
{
    static const char missing[] = "there is no run ";
    switch (code) {
    case LEC_E_RANGE:
        return strncmp(said, missing, sizeof missing - 1) == 0 ? -32001 : -32602;
    case LEC_E_CONFIG:
    case LEC_E_NOTSUP:
        return -32602;
    case LEC_E_REFUSED: /* a fit that the samples do not determine */
        return -32006;
    case LEC_E_NOMEM:
    case LEC_E_BUSY:
    case LEC_E_LINK:
        return -32007;
    default:
        return -32603;
    }
}

static void done(struct core *core, struct lab *lab, struct request *r)
{
    journal_request(core, r, lab->run, NULL);
    while (lab->answer.len > 0 && lab->answer.data[lab->answer.len - 1] != '}')
        lab->answer.len--; /* the end of the line */
    struct lec_buf *b = reply_begin(core, r);
    lec_buf_put(b, lab->answer.data, lab->export ? lab->answer.len - 1 : lab->answer.len);
    if (lab->export) {
        lec_member_str(b, "file", lab->file);
        lec_member_str(b, "path", lab->path);
        lec_buf_putc(b, '}');
        if (!lab->keep)
            lec_record_exported(core->record->recorder, lab->run);
    }
    reply_send(core, r);
}

/* It has closed its output, or is out of time: whoever asked is answered. */
static void finish(struct core *core, size_t at, const char *why)
{
    struct lab *lab = core->labs->at[at];
    struct held *held = held_find(core, lab->token);
    struct request r;
    if (!held) {
        drop(core, at);
        return;
    }
    held_request(held, &r);
    json_error_t where;
    json_t *answer = why ? NULL : json_loadb(lab->answer.data ? lab->answer.data : "", lab->answer.len, 0, &where);
    json_t *error = json_object_get(answer, "error");
    const char *said = json_string_value(json_object_get(error, "message"));
    if (why)
        fail(core, lab, &r, -32003, why);
    else if (!json_is_object(answer) || lab->answer.failed)
        fail(core, lab, &r, -32603, "lectern-lab ended without an answer; the log has more");
    else if (error)
        fail(core, lab, &r, rpc_of(json_integer_value(json_object_get(error, "code")), said ? said : ""),
             said ? said : "lectern-lab failed");
    else
        done(core, lab, &r);
    json_decref(answer);
    held_free(held);
    drop(core, at);
}

void lab_readable(struct core *core)
{
    for (size_t i = 0; i < LAB_JOBS; i++)
        if (core->labs->at[i] && !child_read(&core->labs->at[i]->child, &core->labs->at[i]->answer))
            finish(core, i, NULL);
}

void lab_tick(struct core *core, int64_t now)
{
    if (!core->labs)
        return;
    child_reap(&core->labs->children);
    for (size_t i = 0; i < LAB_JOBS; i++)
        if (core->labs->at[i] && now >= core->labs->at[i]->deadline)
            finish(core, i, "lectern-lab took too long and was ended; ask for a shorter part of the run");
}

void lab_close(struct core *core)
{
    if (!core->labs)
        return;
    for (size_t i = 0; i < LAB_JOBS; i++)
        if (core->labs->at[i])
            drop(core, i);
    child_reap(&core->labs->children);
    free(core->labs);
}
