/* What the journal promises when things go wrong: kill -9, a full disk, a disk that hangs or lies; broken files are in
 * store_file_test.c. The faults are put in below SQLite: fdatasync and fsync by the functions here, which the dynamic linker
 * finds before the C library's, writes by SQLite's own hook for system calls. */
#include "unit/store_stage.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sched.h>
#include <sqlite3.h>

#include "lectern/clock.h"

static _Atomic bool disk_full, writes_wait, sync_fails, sync_hangs;

static int faulty_sync(long call, int fd)
{
    while (atomic_load(&sync_hangs))
        poll(NULL, 0, 10);
    int rc = (int)syscall(call, fd); /* it happens, whatever is said about it */
    if (!atomic_load(&sync_fails))
        return rc;
    errno = EIO;
    return -1;
}

int fdatasync(int fd)
{
    return faulty_sync(SYS_fdatasync, fd);
}

int fsync(int fd)
{
    return faulty_sync(SYS_fsync, fd);
}

static _Atomic int64_t wall_step_s;

int clock_gettime(clockid_t clock, struct timespec *out)
{
    int rc = (int)syscall(SYS_clock_gettime, clock, out);
    if (rc == 0 && clock == CLOCK_REALTIME)
        out->tv_sec += atomic_load(&wall_step_s);
    return rc;
}

static ssize_t faulty_pwrite(int fd, const void *data, size_t n, off_t at)
{
    while (atomic_load(&writes_wait))
        poll(NULL, 0, 10);
    if (!atomic_load(&disk_full))
        return pwrite(fd, data, n, at);
    errno = ENOSPC;
    return -1;
}

static void hook_writes(void)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    assert_int_equal(vfs->xSetSystemCall(vfs, "pwrite", (sqlite3_syscall_ptr)faulty_pwrite), SQLITE_OK);
    assert_int_equal(vfs->xSetSystemCall(vfs, "pwrite64", (sqlite3_syscall_ptr)faulty_pwrite), SQLITE_OK);
}

static int teardown(void **state)
{
    atomic_store(&writes_wait, false);
    atomic_store(&disk_full, false);
    atomic_store(&sync_fails, false);
    atomic_store(&wall_step_s, 0);
    return stage_teardown(state);
}

static bool in_trouble(struct stage *s)
{
    return s->troubles > 0;
}

static bool recovered(struct stage *s)
{
    return s->recoveries > 0;
}

/* ---- Disks -------------------------------------------------------------------------------------------------- */

static void a_full_disk_is_told_once_and_nothing_is_lost(void **state)
{
    struct stage *s = *state;
    stage_fill(s, 3);
    atomic_store(&disk_full, true);
    atomic_store(&writes_wait, true); /* the disk says so when all ten are under way */
    for (int i = 0; i < 10; i++)
        stage_append(s, "state", "lamp", "{}");
    atomic_store(&writes_wait, false);
    stage_until(s, in_trouble);
    assert_non_null(strstr(s->trouble, "disk is full"));
    assert_non_null(strstr(s->trouble, s->file));
    assert_int_equal(s->waiting, 10);
    assert_int_equal(s->lost, 0);
    stage_read(s, &(struct lec_journal_query){.limit = 9, .kind = "", .device = ""}); /* reading goes on */
    assert_int_equal(stage_number(s->answer, "last"), 3);
    stage_append(s, "state", "lamp", "{}");
    atomic_store(&disk_full, false);
    stage_told(s, 14);
    stage_until(s, recovered);
    assert_int_equal(s->troubles, 1);
    assert_int_equal(s->recoveries, 1);
    assert_int_equal(stage_check_gapless(s), 14);
}

static void what_does_not_fit_while_the_disk_is_full_is_counted_in_the_journal(void **state)
{
    struct stage *s = *state;
    atomic_store(&disk_full, true);
    for (int i = 0; i < LEC_STORE_WAITING + 100; i++)
        stage_append(s, "state", "lamp", "{}");
    lec_store_put(s->store, "run/1", "ended"); /* has room of its own */
    stage_until(s, in_trouble);
    atomic_store(&disk_full, false);
    stage_told(s, LEC_STORE_WAITING + 1);
    assert_string_equal(s->last_kind, "limit");
    assert_int_equal(stage_number(s->last_json, "lost"), 100);
    assert_true(stage_number(s->last_json, "from") <= stage_number(s->last_json, "to"));
    assert_int_equal(stage_check_gapless(s), LEC_STORE_WAITING + 1);
}

static void a_disk_that_is_full_at_the_start_does_not_keep_the_room_from_starting(void **state)
{
    struct stage *s = *state;
    stage_close(s);
    assert_int_equal(remove(s->file), 0);
    atomic_store(&disk_full, true);
    stage_open(s, STAGE_FOREVER);
    stage_append(s, "start", "", "{}");
    lec_store_put(s->store, "run/1", "ended");
    stage_until(s, in_trouble);
    stage_read(s, &(struct lec_journal_query){.limit = 9, .kind = "", .device = ""});
    assert_null(s->answer);
    assert_int_equal(s->answer_err.code, LEC_E_LINK);
    atomic_store(&disk_full, false);
    stage_told(s, 1);
    assert_int_equal(s->numbers[0], 1);
    int n = 0;
    assert_int_equal(lec_store_each(s->store, "", stage_ended_run, &n, NULL), 0);
    assert_int_equal(n, 1);
}

static void a_commit_that_was_reported_as_failed_is_not_stored_twice(void **state)
{
    struct stage *s = *state;
    stage_fill(s, 2);
    atomic_store(&sync_fails, true); /* the bytes are on the disk, and the kernel says that they are not */
    for (int i = 0; i < 5; i++)
        stage_append(s, "state", "lamp", "{\"once\":1}");
    stage_until(s, in_trouble);
    assert_int_equal(s->n, 2);
    atomic_store(&sync_fails, false);
    stage_told(s, 7);
    stage_append(s, "state", "lamp", "{}");
    stage_told(s, 8);
    assert_int_equal(stage_check_gapless(s), 8);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(s->numbers[i], i + 1);
    struct sqlite3 *sql;
    sqlite3_stmt *count;
    stage_close(s);
    assert_int_equal(sqlite3_open(s->file, &sql), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(sql, "SELECT count(*) FROM journal WHERE data LIKE '%once%'", -1, &count, NULL),
                     0);
    assert_int_equal(sqlite3_step(count), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int(count, 0), 5);
    sqlite3_finalize(count);
    sqlite3_close(sql);
}

static void a_file_that_is_removed_while_in_use_is_made_anew_and_numbers_go_on(void **state)
{
    struct stage *s = *state;
    stage_fill(s, 5);
    assert_int_equal(remove(s->file), 0);
    stage_append(s, "state", "lamp", "{}");
    stage_told(s, 7);
    assert_int_equal(s->numbers[5], 6);
    assert_int_equal(stage_check_gapless(s), 2);
    stage_read(s, &(struct lec_journal_query){.limit = 9, .kind = "journal", .device = ""});
    assert_non_null(strstr(s->answer, "removed while it was in use"));
    assert_int_equal(stage_number(s->answer, "first"), 6);
}

static void stay_whole_for_two_seconds(struct stage *s, size_t n)
{
    for (int64_t until = lec_now() + 2 * LEC_SEC; lec_now() < until; poll(NULL, 0, 50))
        assert_int_equal(stage_check_gapless(s), n);
}

static void a_clock_that_steps_far_ahead_does_not_make_the_journal_old(void **state)
{
    struct stage *s = *state;
    stage_close(s);
    stage_open(s, 3600 * LEC_SEC);
    stage_fill(s, 5);
    atomic_store(&wall_step_s, 366 * 24 * 3600);
    stage_fill(s, 5);
    stay_whole_for_two_seconds(s, 10); /* removing begins a second after the start */
}

static void a_clock_that_steps_back_an_hour_costs_no_entry_and_no_order(void **state)
{
    struct stage *s = *state;
    stage_fill(s, 5);
    uint64_t before = stage_number(s->last_json, "time");
    atomic_store(&wall_step_s, -3600);
    stage_fill(s, 5);
    assert_true(stage_number(s->last_json, "time") < before);
    assert_int_equal(s->numbers[9], 10);
    stage_close(s);
    stage_open(s, STAGE_FOREVER);
    assert_int_equal(stage_check_gapless(s), 10);
}

/* ---- Other processes: this program again, with a word that says what to do ----------------------------------- */

static pid_t run_self(const char *what, const char *path, int out)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (out >= 0)
            dup2(out, STDOUT_FILENO);
        execl("/proc/self/exe", "store_fault", what, path, (char *)NULL);
        _exit(127);
    }
    return pid;
}

static int result_of(pid_t pid)
{
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Writes each number that it is told to stdout, as 8 bytes, and appends as fast as it is told. */
static void say_stored(void *ctx, uint64_t journal, const char *kind, const char *json)
{
    (void)ctx, (void)kind, (void)json;
    if (write(STDOUT_FILENO, &journal, sizeof journal) != sizeof journal)
        _exit(3);
}

static int write_until_killed(const char *file)
{
    struct lec_store *store;
    struct lec_store_callbacks callbacks = {.stored = say_stored};
    if (lec_store_open(file, STAGE_FOREVER, &callbacks, &store, NULL) != 0)
        return 2;
    struct pollfd due = {.fd = lec_store_fd(store), .events = POLLIN};
    uint64_t ready = 0;
    if (write(STDOUT_FILENO, &ready, sizeof ready) != sizeof ready)
        return 3;
    for (unsigned i = 0;; i++) {
        if (i % 2) /* so that a transaction that is full ends anywhere among the three that belong together */
            lec_store_append(
                store, &(struct lec_entry){.kind = "state", .device = "lamp", .name = "", .principal = "", .data = ""});
        char data[32], text[16];
        snprintf(data, sizeof data, "{\"i\":%u}", i);
        snprintf(text, sizeof text, "%u", i);
        lec_store_append_with(
            store, &(struct lec_entry){.kind = "alarm", .device = "", .name = "", .principal = "", .data = data},
            (struct lec_kept[]){{"first", text}, {"second", text}}, 2);
        if (i % 32 == 0 && poll(&due, 1, 1) > 0)
            lec_store_dispatch(store);
    }
}

static uint32_t next_random(uint32_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 17;
    *x ^= *x << 5;
    return *x;
}

/* What the texts hold must be what the newest entry of their kind says. */
static void both(void *ctx, const char *key, const char *value)
{
    (void)key;
    char said[32];
    struct stage *s = ctx;
    snprintf(said, sizeof said, "{\"i\":%s}", value);
    assert_non_null(strstr(s->answer, said));
    s->token++;
}

static void check_together(struct stage *s)
{
    struct lec_err err;
    stage_open(s, STAGE_FOREVER);
    stage_read(s, &(struct lec_journal_query){.limit = 1, .newest = true, .kind = "alarm", .device = ""});
    uint64_t before = s->token;
    assert_int_equal(lec_store_each(s->store, "", both, s, &err), 0);
    assert_true(s->token == before || s->token == before + 2);
    stage_close(s);
}

static void fifty_kills_leave_the_journal_whole_gapless_and_with_all_that_was_told(void **state)
{
    struct stage *s = *state;
    stage_close(s);
    uint32_t x = 20240521;
    uint64_t highest = 0;
    size_t rounds_that_wrote = 0;
    for (int round = 0; round < 50; round++) {
        int pipes[2];
        assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
        pid_t pid = run_self("--write", s->file, pipes[1]);
        close(pipes[1]);
        uint64_t number, before = highest;
        assert_int_equal(read(pipes[0], &number, sizeof number), sizeof number); /* it is ready */
        if (round % 2) { /* every other one has surely written something, however slow the disk */
            assert_int_equal(read(pipes[0], &number, sizeof number), sizeof number);
            assert_true(number > highest);
            highest = number;
        }
        poll(NULL, 0, (int)(next_random(&x) % 40)); /* the moment of the kill, not a wait for anything */
        kill(pid, SIGKILL);
        assert_int_equal(result_of(pid), -1);
        while (read(pipes[0], &number, sizeof number) == sizeof number) {
            assert_true(number > highest);
            highest = number;
        }
        close(pipes[0]);
        rounds_that_wrote += highest > before;
        check_together(s);
    }
    assert_true(rounds_that_wrote >= 25);
    stage_open(s, STAGE_FOREVER);
    size_t n = stage_check_gapless(s);
    assert_true(n >= highest);
    assert_int_equal(stage_number(s->answer, "first"), 1);
    assert_int_equal(s->n, 0); /* no note about a damaged file */
}

static int close_on_a_disk_that_hangs(const char *file)
{
    struct lec_store *store;
    struct lec_store_callbacks callbacks = {0};
    if (lec_store_open(file, STAGE_FOREVER, &callbacks, &store, NULL) != 0)
        return 2;
    atomic_store(&sync_hangs, true);
    lec_store_append(store,
                     &(struct lec_entry){.kind = "state", .device = "", .name = "", .principal = "", .data = ""});
    alarm(30); /* it hangs for ever: whoever waits for it is ended */
    int64_t begun = lec_now();
    lec_store_close(&store, 300);
    _exit(lec_now() - begun > 250 * LEC_MS ? 0 : 1);
}

static size_t count_threads(void)
{
    size_t n = 0;
    DIR *tasks = opendir("/proc/self/task");
    assert_non_null(tasks);
    for (const struct dirent *entry; (entry = readdir(tasks));)
        n += entry->d_name[0] != '.';
    closedir(tasks);
    return n;
}

/* The disk goes on when nobody waits for it any more. What is left over then, AddressSanitizer tells at the end of this process. */
static int close_on_a_disk_that_hangs_for_a_while(const char *file)
{
    struct lec_store *store;
    struct lec_store_callbacks callbacks = {0};
    if (lec_store_open(file, STAGE_FOREVER, &callbacks, &store, NULL) != 0)
        return 2;
    atomic_store(&sync_hangs, true);
    lec_store_append(store,
                     &(struct lec_entry){.kind = "state", .device = "", .name = "", .principal = "", .data = ""});
    lec_store_close(&store, 1);
    atomic_store(&sync_hangs, false);
    alarm(30);
    while (count_threads() > 1)
        poll(NULL, 0, 10);
    return 0;
}

static void a_disk_that_hung_while_it_was_closed_leaves_nothing_behind(void **state)
{
    struct stage *s = *state;
    stage_close(s);
    assert_int_equal(result_of(run_self("--hang-a-while", s->file, -1)), 0);
    stage_open(s, STAGE_FOREVER);
    assert_int_equal(stage_check_gapless(s), 1);
}

static void closing_does_not_wait_for_a_disk_that_hangs(void **state)
{
    struct stage *s = *state;
    stage_close(s);
    assert_int_equal(result_of(run_self("--hang", s->file, -1)), 0);
    stage_open(s, STAGE_FOREVER);
}

/* A file system of 256 KiB, in a mount namespace of this process only. */
static int fill_a_small_disk(const char *folder)
{
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("tmpfs", folder, "tmpfs", 0, "size=256k") != 0)
        return 77;
    static struct stage s;
    snprintf(s.file, sizeof s.file, "%s/journal.db", folder);
    stage_open(&s, STAGE_FOREVER);
    static char data[LEC_STORE_DATA_MAX];
    snprintf(data, sizeof data, "{\"x\":\"%020000d\"}", 0);
    while (s.troubles == 0) {
        stage_append(&s, "event", "", data);
        if (s.n > 100)
            return 1; /* 2 MB do not fit into 256 KiB */
        int64_t until = lec_now() + 50 * LEC_MS;
        struct pollfd due = {.fd = lec_store_fd(s.store), .events = POLLIN};
        while (lec_now() < until && s.troubles == 0)
            if (poll(&due, 1, 10) > 0)
                lec_store_dispatch(s.store);
    }
    size_t told = s.n;
    stage_close(&s);
    stage_open(&s, STAGE_FOREVER); /* still full */
    if (stage_check_gapless(&s) < told || mount(NULL, folder, NULL, MS_REMOUNT, "size=2m") != 0)
        return 2;
    stage_append(&s, "state", "", "{}");
    stage_told(&s, told + 1);
    told = stage_check_gapless(&s);
    stage_close(&s);
    return told >= s.n ? 0 : 3;
}

static void a_small_file_system_that_is_really_full_loses_nothing_told(void **state)
{
    struct stage *s = *state;
    int rc = result_of(run_self("--disk", s->folder, -1));
    if (rc == 77)
        skip(); /* may not mount here; the tests above do the same with SQLite's hook */
    assert_int_equal(rc, 0);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--write") == 0)
        return write_until_killed(argv[2]);
    if (argc == 3 && strcmp(argv[1], "--hang") == 0)
        return close_on_a_disk_that_hangs(argv[2]);
    if (argc == 3 && strcmp(argv[1], "--hang-a-while") == 0)
        return close_on_a_disk_that_hangs_for_a_while(argv[2]);
    if (argc == 3 && strcmp(argv[1], "--disk") == 0)
        return fill_a_small_disk(argv[2]);
    hook_writes();
#define TEST(name) cmocka_unit_test_setup_teardown(name, stage_setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_full_disk_is_told_once_and_nothing_is_lost),
        TEST(what_does_not_fit_while_the_disk_is_full_is_counted_in_the_journal),
        TEST(a_disk_that_is_full_at_the_start_does_not_keep_the_room_from_starting),
        TEST(a_commit_that_was_reported_as_failed_is_not_stored_twice),
        TEST(a_file_that_is_removed_while_in_use_is_made_anew_and_numbers_go_on),
        TEST(a_clock_that_steps_far_ahead_does_not_make_the_journal_old),
        TEST(a_clock_that_steps_back_an_hour_costs_no_entry_and_no_order),
        TEST(fifty_kills_leave_the_journal_whole_gapless_and_with_all_that_was_told),
        TEST(closing_does_not_wait_for_a_disk_that_hangs),
        TEST(a_disk_that_hung_while_it_was_closed_leaves_nothing_behind),
        TEST(a_small_file_system_that_is_really_full_loses_nothing_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
