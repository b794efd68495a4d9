/* What the run file promises when things go wrong: kill -9, power cuts, full disks, disks that fail, a second writer. The
 * faults are put in below SQLite, by its own hook for system calls. */
#include "unit/runs_stage.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

static int64_t room = INT64_MAX; /* bytes until the disk is full */
static bool broken;

static ssize_t limited_pwrite(int fd, const void *data, size_t n, off_t at)
{
    struct stat st;
    int64_t grows = fstat(fd, &st) == 0 ? at + (int64_t)n - st.st_size : 0;
    if (broken) {
        errno = EIO;
        return -1;
    }
    if (grows > room) {
        errno = ENOSPC;
        return -1;
    }
    room -= grows > 0 && room != INT64_MAX ? grows : 0;
    return pwrite(fd, data, n, at);
}

static void hook_writes(void)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    assert_int_equal(vfs->xSetSystemCall(vfs, "pwrite", (sqlite3_syscall_ptr)limited_pwrite), SQLITE_OK);
    assert_int_equal(vfs->xSetSystemCall(vfs, "pwrite64", (sqlite3_syscall_ptr)limited_pwrite), SQLITE_OK);
}

static int teardown(void **state)
{
    room = INT64_MAX;
    broken = false;
    return runs_stage_teardown(state);
}

/* One commit of `n` samples of the curve; 0 or the code. */
static int try_commit(struct runs_stage *s, uint64_t from, size_t n)
{
    double values[4000];
    for (size_t i = 0; i < n; i++)
        values[i] = runs_stage_sample(from + i);
    struct lec_run_block b = {.t_ns = (int64_t)from * 1000000, .interval_ns = 1e6, .values = values, .n = n};
    int rc = lec_runs_begin(s->runs, &s->err);
    if (rc == 0) {
        rc = lec_runs_block(s->runs, s->id, &b, &s->err);
        if (rc == 0)
            rc = lec_runs_commit(s->runs, &s->err);
        if (rc < 0)
            lec_runs_rollback(s->runs);
    }
    return rc;
}

static void a_full_disk_keeps_what_is_committed_and_recording_goes_on_when_there_is_room(void **state)
{
    struct runs_stage *s = *state;
    uint64_t n = 0, refused = 0;
    runs_stage_start(s, 1);
    for (int round = 0; round < 6; round++) {
        room = 100000 + round * 37777;
        int rc;
        size_t each = round % 2 ? 100 : 3000;
        while ((rc = try_commit(s, n, each)) == 0)
            n += each;
        assert_int_equal(rc, LEC_E_BUSY);
        assert_non_null(strstr(s->err.text, "disk is full"));
        assert_int_equal(try_commit(s, n, each), LEC_E_BUSY);
        runs_stage_check(s, s->runs, 0, 0, n); /* reading goes on */
        room = INT64_MAX;
        assert_int_equal(try_commit(s, n, each), 0);
        n += each;
        refused++;
    }
    runs_stage_check(s, s->runs, 0, 0, n);
    runs_stage_stop(s, "done");
    runs_stage_check(s, s->runs, 0, 0, n);
    struct lec_run_summary summary;
    assert_int_equal(lec_runs_list(s->runs, 0, 1, &summary, &s->err), 1);
    assert_int_equal(summary.samples, n);
    assert_int_equal(refused, 6);
}

static void a_disk_that_fails_is_told_and_the_next_commit_goes_on(void **state)
{
    struct runs_stage *s = *state;
    runs_stage_start(s, 1);
    assert_int_equal(try_commit(s, 0, 50), 0);
    broken = true;
    assert_int_equal(try_commit(s, 50, 50), LEC_E_LINK);
    broken = false;
    assert_int_equal(try_commit(s, 50, 50), 0);
    runs_stage_check(s, s->runs, 0, 0, 100);
}

/* Says in shared memory how far it has committed, until it is killed. */
static void record_for_ever(struct runs_stage *s, volatile uint64_t *committed, size_t each)
{
    uint64_t n = 0;
    char note[LEC_ERR_TEXT];
    if (lec_runs_open(s->file, &s->runs, &s->interrupted, note, &s->err) < 0)
        _exit(1);
    runs_stage_start(s, 1);
    committed[1] = 1;
    for (;;) {
        if (try_commit(s, n, each) < 0)
            _exit(2);
        n += each;
        committed[0] = n;
    }
}

static void kill_minus_nine_costs_nothing_that_was_committed(void **state)
{
    struct runs_stage *s = *state;
    volatile uint64_t *committed = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(committed != MAP_FAILED);
    lec_runs_close(&s->runs);
    static const size_t sizes[] = {7, 700, 4000};
    for (int round = 0; round < 9; round++) {
        committed[0] = committed[1] = 0;
        pid_t pid = fork();
        if (pid == 0)
            record_for_ever(s, committed, sizes[round % 3]);
        uint64_t until = 1 + (uint64_t)round * 5 * sizes[round % 3];
        while (committed[0] < until && waitpid(pid, NULL, WNOHANG) == 0)
            usleep(500);
        kill(pid, SIGKILL);
        int status;
        waitpid(pid, &status, 0);
        assert_true(WIFSIGNALED(status));
        runs_stage_reopen(s);
        assert_string_equal(s->note, "");
        assert_int_equal(s->interrupted, 1);
        struct lec_run_summary list[10];
        assert_int_equal(lec_runs_list(s->runs, 0, 10, list, &s->err), round + 1);
        struct lec_run_info info;
        assert_int_equal(lec_runs_info(s->runs, list[0].id, &info, &s->err), 0);
        assert_string_equal(info.summary.status, "interrupted");
        assert_non_null(info.stop_doc);
        assert_non_null(strstr(info.stop_doc, "\"abort\""));
        assert_true(info.summary.samples >= committed[0]);
        assert_true(info.summary.samples <= committed[0] + sizes[round % 3]); /* one more, committed but not told */
        assert_int_equal(info.summary.stop_us, STAGE_START_US + (int64_t)(info.summary.samples - 1) * 1000);
        memcpy(s->id, list[0].id, sizeof s->id);
        runs_stage_check(s, s->runs, 0, 0, info.summary.samples);
        lec_run_info_free(&info);
        lec_runs_close(&s->runs);
    }
    munmap((void *)(uintptr_t)committed, 4096);
}

static void copy_file(const char *from, const char *to, int64_t size)
{
    char buffer[65536];
    FILE *in = fopen(from, "re"), *out = fopen(to, "we");
    assert_non_null(out);
    for (size_t n; in && size > 0 && (n = fread(buffer, 1, sizeof buffer, in)) > 0; size -= (int64_t)n)
        assert_int_equal(fwrite(buffer, 1, (int64_t)n < size ? n : (size_t)size, out),
                         (int64_t)n < size ? n : (size_t)size);
    if (in)
        fclose(in);
    fclose(out);
}

/* A power cut leaves what was synced, and any part of what was written after it. */
static void a_power_cut_in_the_middle_of_a_commit_leaves_the_commits_before_it(void **state)
{
    struct runs_stage *s = *state;
    char wal[128], other[128], other_wal[140];
    struct stat before, after;
    runs_stage_start(s, 1);
    snprintf(wal, sizeof wal, "%s-wal", s->file);
    snprintf(other, sizeof other, "%s/cut.db", s->folder);
    snprintf(other_wal, sizeof other_wal, "%s-wal", other);
    uint64_t n = 0;
    for (int round = 0; round < 12; round++) {
        assert_int_equal(try_commit(s, n, 300), 0);
        n += 300;
        assert_int_equal(stat(wal, &before), 0);
        assert_int_equal(try_commit(s, n, 300), 0);
        assert_int_equal(stat(wal, &after), 0);
        if (after.st_size <= before.st_size) { /* the WAL began anew */
            n += 300;
            continue;
        }
        copy_file(s->file, other, INT64_MAX);
        copy_file(wal, other_wal, before.st_size + (after.st_size - before.st_size) * round / 12);
        struct lec_runs *runs;
        char note[LEC_ERR_TEXT];
        int interrupted;
        assert_int_equal(lec_runs_open(other, &runs, &interrupted, note, &s->err), 0);
        assert_string_equal(note, "");
        assert_int_equal(interrupted, 1);
        runs_stage_check(s, runs, 0, 0, n);
        lec_runs_close(&runs);
        unlink(other);
        unlink(other_wal);
        n += 300;
    }
}

static void a_second_writer_is_refused(void **state)
{
    struct runs_stage *s = *state;
    struct lec_runs *runs;
    int interrupted;
    runs_stage_start(s, 1);
    assert_int_equal(lec_runs_open(s->file, &runs, &interrupted, s->note, &s->err), LEC_E_CONFIG);
    assert_non_null(strstr(s->err.text, "in use"));
    assert_int_equal(try_commit(s, 0, 10), 0); /* and has not closed the run of the first */
    assert_int_equal(lec_runs_open("/nonexistent/folder/runs.db", &runs, &interrupted, s->note, &s->err), LEC_E_CONFIG);
}

int main(void)
{
    hook_writes();
#define T(f) cmocka_unit_test_setup_teardown(f, runs_stage_setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_full_disk_keeps_what_is_committed_and_recording_goes_on_when_there_is_room),
        T(a_disk_that_fails_is_told_and_the_next_commit_goes_on),
        T(kill_minus_nine_costs_nothing_that_was_committed),
        T(a_power_cut_in_the_middle_of_a_commit_leaves_the_commits_before_it),
        T(a_second_writer_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
