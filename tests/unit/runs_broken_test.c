/* Broken files: whatever happened to the bytes, opening ends well, and what is read back is true. */
#include "unit/runs_stage.h"

#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SAMPLES 300000

static uint64_t dice_state = 1;

static uint64_t dice(uint64_t sides)
{
    dice_state = dice_state * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (dice_state >> 33) % sides;
}

struct copy {
    uint8_t *data;
    size_t size;
};

static struct copy load(const char *file)
{
    struct stat st;
    int fd = open(file, O_RDONLY);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    struct copy c = {.data = malloc((size_t)st.st_size), .size = (size_t)st.st_size};
    assert_non_null(c.data);
    assert_int_equal(read(fd, c.data, c.size), st.st_size);
    close(fd);
    return c;
}

static void save(const char *file, const uint8_t *data, size_t size)
{
    int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, size), size);
    close(fd);
}

static void remove_others(const struct runs_stage *s)
{
    char pattern[128];
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s[-.]*", s->file);
    if (glob(pattern, 0, NULL, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc; i++)
            unlink(found.gl_pathv[i]);
    globfree(&found);
}

/* A file with one run that has ended and one that has not, closed as after a kill. */
static struct copy make(struct runs_stage *s, char done[LEC_RUN_ID])
{
    runs_stage_start(s, 2);
    runs_stage_record(s, 0, 0, SAMPLES, 30000);
    runs_stage_record(s, 1, 0, 2000, 100);
    runs_stage_stop(s, "done");
    memcpy(done, s->id, LEC_RUN_ID);
    runs_stage_start(s, 1);
    runs_stage_record(s, 0, 0, 5000, 50);
    runs_stage_tidy(s);
    lec_runs_close(&s->runs);
    return load(s->file);
}

/* Reads everything that there is; the samples are checked on the way. */
static uint64_t read_all(struct runs_stage *s, uint64_t *lost)
{
    struct lec_run_summary list[8];
    struct lec_run_column columns[50];
    struct lec_run_info info;
    uint64_t n = 0;
    int runs = lec_runs_list(s->runs, 0, ARRAY_LEN(list), list, &s->err);
    for (int r = 0; r < runs; r++) {
        if (lec_runs_info(s->runs, list[r].id, &info, &s->err) < 0)
            continue;
        for (size_t i = 0; i < info.n_channels; i++) {
            uint64_t here = 0;
            n += runs_stage_count(s->runs, list[r].id, i, &here);
            *lost += here;
            (void)lec_runs_columns(s->runs, list[r].id, i, 0, INT64_C(400000000000), 50, columns, &s->err);
        }
        lec_run_info_free(&info);
    }
    return n;
}

static void flipped_bytes_cost_what_they_hit_and_no_sample_is_wrong(void **state)
{
    struct runs_stage *s = *state;
    char done[LEC_RUN_ID];
    struct copy whole = make(s, done);
    int salvaged = 0;
    for (int round = 0; round < 60; round++) {
        uint8_t *bad = malloc(whole.size);
        assert_non_null(bad);
        memcpy(bad, whole.data, whole.size);
        for (uint64_t k = 0; k < 1 + (uint64_t)round % 20; k++)
            bad[dice(whole.size)] ^= (uint8_t)(1 + dice(255));
        remove_others(s);
        save(s->file, bad, whole.size);
        free(bad);
        int rc = lec_runs_open(s->file, &s->runs, &s->interrupted, s->note, &s->err);
        if (rc < 0) { /* the version was hit: it may be a newer one */
            assert_int_equal(rc, LEC_E_CONFIG);
            continue;
        }
        salvaged += s->note[0] != '\0';
        uint64_t lost = 0;
        (void)read_all(s, &lost);
        lec_runs_close(&s->runs);
    }
    assert_true(salvaged > 5);
    free(whole.data);
}

static void a_file_cut_short_keeps_what_is_before_the_cut(void **state)
{
    struct runs_stage *s = *state;
    char done[LEC_RUN_ID];
    struct copy whole = make(s, done);
    uint64_t most = 0;
    for (int part = 0; part < 16; part++) {
        remove_others(s);
        save(s->file, whole.data, whole.size * (size_t)part / 16);
        runs_stage_reopen(s);
        assert_int_equal(s->note[0] != '\0', part > 0);
        uint64_t lost = 0, n = read_all(s, &lost);
        most = n > most ? n : most;
        runs_stage_start(s, 1); /* and goes on recording */
        runs_stage_record(s, 0, 0, 100, 10);
        runs_stage_stop(s, "done");
        runs_stage_check(s, s->runs, 0, 0, 100);
        lec_runs_close(&s->runs);
    }
    assert_true(most > SAMPLES / 2);
    free(whole.data);
}

/* The place in the file where bytes of this pattern are. */
static size_t find(const struct copy *c, const uint8_t *what, size_t n)
{
    for (size_t i = 0; i + n <= c->size; i++)
        if (memcmp(c->data + i, what, n) == 0)
            return i;
    fail_msg("not there");
    return 0;
}

static void a_broken_block_is_skipped_told_and_counted(void **state)
{
    struct runs_stage *s = *state;
    char done[LEC_RUN_ID];
    struct copy whole = make(s, done);
    /* A piece in the middle of samples: where the curve's bytes lie is only known by looking. */
    uint8_t *block = whole.data + whole.size / 2;
    size_t at = find(&whole, block, 64) + 32;
    whole.data[at] ^= 0x40;
    remove_others(s);
    save(s->file, whole.data, whole.size);
    runs_stage_reopen(s);
    assert_string_equal(s->note, ""); /* the structure is whole */
    struct lec_run_cursor *cursor;
    struct lec_run_block b;
    uint64_t skipped = 0, n = 0, lost = 0;
    assert_int_equal(lec_runs_walk(s->runs, done, 0, INT64_MIN, INT64_MAX, true, &cursor, &s->err), 0);
    while (lec_run_next(cursor, &b, &skipped, &s->err) == 1) {
        n += b.n;
        lost += b.lost;
    }
    lec_run_walk_end(&cursor);
    assert_int_equal(skipped, 30000);
    assert_int_equal(lost, skipped);
    assert_int_equal(n + skipped, SAMPLES);
    free(whole.data);
}

static void a_damaged_part_of_the_tree_is_gone_round_and_marked(void **state)
{
    struct runs_stage *s = *state;
    runs_stage_start(s, 1);
    for (int i = 0; i < 100; i++) /* many blocks, so that the tree has many leaves */
        runs_stage_record(s, 0, (uint64_t)i * 2000, 2000, 2000);
    runs_stage_stop(s, "done");
    runs_stage_tidy(s);
    lec_runs_close(&s->runs);
    struct copy whole = load(s->file);
    int leaves = 0, hit = 0;
    for (size_t page = whole.size / 8192 / 4; page < whole.size / 8192 && hit == 0; page++) {
        uint8_t *p = whole.data + page * 8192;
        unsigned cells = (unsigned)p[3] << 8 | p[4];
        if (p[0] == 13 && cells >= 1 && cells < 10 && ++leaves == 5) {
            memset(p, 0xA5, 64);
            hit = 1;
        }
    }
    assert_int_equal(hit, 1);
    remove_others(s);
    save(s->file, whole.data, whole.size);
    runs_stage_reopen(s);
    assert_non_null(strstr(s->note, "1 runs were carried over"));
    struct lec_run_info info;
    assert_int_equal(lec_runs_info(s->runs, s->id, &info, &s->err), 0);
    assert_string_equal(info.summary.status, "done");
    assert_true(info.summary.lost > 0 && info.summary.lost < 100000);
    assert_int_equal(info.summary.samples + info.summary.lost, 200000);
    assert_int_equal(info.n_marks, 1);
    assert_string_equal(info.marks[0].kind, "gap");
    assert_int_equal(info.marks[0].lost, info.summary.lost);
    uint64_t lost = 0;
    assert_int_equal(runs_stage_count(s->runs, s->id, 0, &lost), info.summary.samples);
    assert_int_equal(lost, info.summary.lost);
    lec_run_info_free(&info);
    free(whole.data);
}

static void a_file_of_something_else_is_left_alone(void **state)
{
    struct runs_stage *s = *state;
    lec_runs_close(&s->runs);
    remove_others(s);
    unlink(s->file);
    struct lec_runs *runs;
    save(s->file, (const uint8_t *)"not a database, but long enough to be taken for one...", 54);
    runs_stage_reopen(s);
    assert_non_null(strstr(s->note, "0 runs were carried over"));
    assert_int_equal(lec_runs_open_read("/nonexistent/runs.db", &runs, &s->err), LEC_E_RANGE);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, runs_stage_setup, runs_stage_teardown)
    const struct CMUnitTest tests[] = {
        T(flipped_bytes_cost_what_they_hit_and_no_sample_is_wrong),
        T(a_file_cut_short_keeps_what_is_before_the_cut),
        T(a_broken_block_is_skipped_told_and_counted),
        T(a_damaged_part_of_the_tree_is_gone_round_and_marked),
        T(a_file_of_something_else_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
