/* lectern-lab RUNFILE: reads one request (JSON) from stdin, does it on the run file, which it only reads, and writes one JSON
 * object to stdout: the answer, or {"error":{"code":,"message":}}. Exit 0 or 1 accordingly; 2 for a wrong call.
 *
 * The daemon starts one for each export and each analysis, so that neither a large fit nor a library for spreadsheets can hold
 * up or grow the room. It may be killed at any time. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "analyze.h"
#include "export.h"
#include "lectern/buf.h"
#include "lectern/member.h"
#include "lectern/runs.h"
#include "request.h"

#define ANSWER_MAX ((size_t)1 << 20)

static int read_request(char *text, size_t size, size_t *n, struct lec_err *err)
{
    *n = 0;
    while (*n < size) {
        ssize_t got = read(STDIN_FILENO, text + *n, size - *n);
        if (got == 0)
            return 0;
        if (got < 0 && errno != EINTR)
            return lec_fail(err, LEC_E_LINK, "the request cannot be read: %s", strerror(errno));
        if (got > 0)
            *n += (size_t)got;
    }
    return 0;
}

static int work(const char *file, const struct lab_request *request, struct lec_buf *answer, struct lec_err *err)
{
    struct lec_runs *runs = NULL;
    int rc = lec_runs_open_read(file, &runs, err);
    if (rc < 0)
        return rc;
    rc = request->task == LAB_EXPORT ? lab_export(runs, request, answer, err) : lab_analyze(runs, request, answer, err);
    lec_runs_close(&runs);
    return rc < 0 ? rc : 0;
}

int main(int argc, char **argv)
{
    static char text[LAB_REQUEST_MAX + 1];
    struct lab_request request = {0};
    struct lec_err err = {0};
    struct lec_buf answer;
    size_t n;
    if (argc != 2 || argv[1][0] == '-') {
        fprintf(stderr, "usage: lectern-lab RUNFILE <request.json\n");
        return 2;
    }
    lec_buf_init(&answer, ANSWER_MAX);
    int rc = read_request(text, sizeof text, &n, &err);
    if (rc == 0)
        rc = lab_request_parse(text, n, &request, &err);
    if (rc == 0)
        rc = work(argv[1], &request, &answer, &err);
    if (rc == 0 && answer.failed)
        rc = lec_fail(&err, LEC_E_NOMEM, "the answer does not fit");
    if (rc < 0) {
        lec_buf_clear(&answer);
        lec_buf_puts(&answer, "{\"error\":{");
        lec_member_int(&answer, "code", rc);
        lec_member_str(&answer, "message", err.text);
        lec_buf_puts(&answer, "}}");
    }
    lec_buf_putc(&answer, '\n');
    size_t written = fwrite(answer.data, 1, answer.len, stdout);
    if (written != answer.len || fflush(stdout) != 0)
        rc = LEC_E_LINK;
    lec_buf_done(&answer);
    lab_request_done(&request);
    return rc < 0 ? 1 : 0;
}
