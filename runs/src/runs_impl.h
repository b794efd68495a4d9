/* What the parts of lectern_runs share.
 *
 * Tables (db.c). A sample's place is its channel's number and its own in the channel: PLACE(channel, i).
 *     block   full blocks, and for a channel under way its last one, which grows; by place of the first sample
 *     tail    what came since, a row for each lec_runs_block of few samples, in the order in which they came; from time
 *             to time all of it goes into `block` in one transaction (live.c). A row whose samples are in `block` already
 *             counts for nothing
 *     sums    pages of sums.h; by SUMS_PLACE */
#ifndef LECTERN_RUNS_IMPL_H
#define LECTERN_RUNS_IMPL_H

#include <limits.h>

#include <sqlite3.h>

#include "sums.h"

#define STATEMENTS(S)                                                                                                  \
    S(BEGIN, "BEGIN IMMEDIATE")                                                                                        \
    S(BEGIN_READ, "BEGIN")                                                                                             \
    S(COMMIT, "COMMIT")                                                                                                \
    S(BLOCK_PUT, "INSERT OR REPLACE INTO block(id, n, t0, t1, data) VALUES(?1,?2,?3,?4,?5)")                           \
    S(BLOCK_UP_TO, "SELECT id, n, t0, t1, data FROM block WHERE id>=?1 AND id<=?2 ORDER BY id DESC LIMIT 1")           \
    S(BLOCK_FROM, "SELECT id, n, t0, t1, data FROM block WHERE id>=?1 AND id<=?2 ORDER BY id LIMIT 1")                 \
    S(BLOCK_DELETE, "DELETE FROM block WHERE id IN (SELECT id FROM block WHERE id>=?1 AND id<=?2 LIMIT ?3)")           \
    S(TAIL_PUT, "INSERT INTO tail(chan, first, n, lost, t1, data) VALUES(?1,?2,?3,?4,?5,?6)")                          \
    S(TAIL_OF, "SELECT first, n, data FROM tail WHERE chan=?1 AND first+n>?2 ORDER BY id")                             \
    S(TAIL_COUNT, "SELECT coalesce(sum(n),0), coalesce(sum(lost),0), max(t1) FROM tail WHERE chan=?1 AND first>=?2")   \
    S(TAIL_SIZE, "SELECT coalesce(sum(length(data)+32),0) FROM tail")                                                  \
    S(TAIL_CLEAR, "DELETE FROM tail")                                                                                  \
    S(TAIL_DELETE, "DELETE FROM tail WHERE chan=?1")                                                                   \
    S(SUMS_PUT, "INSERT OR REPLACE INTO sums(id, data) VALUES(?1,?2)")                                                 \
    S(SUMS_GET, "SELECT data FROM sums WHERE id=?1")                                                                   \
    S(SUMS_LAST, "SELECT max(id) FROM sums WHERE id>=?1 AND id<=?2")                                                   \
    S(SUMS_DELETE, "DELETE FROM sums WHERE id IN (SELECT id FROM sums WHERE id>=?1 AND id<=?2 LIMIT ?3)")              \
    S(RUN_PUT, "INSERT INTO run(id, experiment, label, label_en, operator, principal, status, reason, simulated,"      \
               " start_us, start_ns, stop_us, exported_us, duration_ns, samples, lost, marks, bytes)"                  \
               " VALUES(?1,?2,?3,?4,?5,?6,?7,'',?8,?9,?10,0,0,0,0,0,0,0)")                                             \
    S(RUN_STOP, "UPDATE run SET status=?2, reason=?3, stop_us=?4, duration_ns=?5, samples=?6, lost=?7, marks=?8,"      \
                " bytes=?9 WHERE num=?1")                                                                              \
    S(RUN_STATUS, "UPDATE run SET status=?2 WHERE num=?1")                                                             \
    S(RUN_EXPORTED, "UPDATE run SET exported_us=?2 WHERE id=?1 AND status<>'deleted'")                                 \
    S(RUN_DELETE, "DELETE FROM run WHERE num=?1")                                                                      \
    S(RUN_RECORDING, "SELECT num, id, start_us FROM run WHERE status='recording' AND num>?1 ORDER BY num LIMIT 1")     \
    S(RUN_DELETED, "SELECT num FROM run WHERE status='deleted' LIMIT 1")                                               \
    S(RUN_TAKEN, "SELECT 1 FROM run WHERE id=?1")                                                                      \
    S(RUN_LIST, "SELECT num, " RUN_COLUMNS " FROM run WHERE status<>'deleted' AND start_us<?1"                         \
                " ORDER BY start_us DESC, num DESC LIMIT ?2")                                                          \
    S(RUN_GET, "SELECT num, " RUN_COLUMNS " FROM run WHERE id=?1 AND status<>'deleted'")                               \
    S(DOC_PUT, "INSERT OR REPLACE INTO doc(run, kind, json) VALUES(?1,?2,?3)")                                         \
    S(DOC_GET, "SELECT json FROM doc WHERE run=?1 AND kind=?2")                                                        \
    S(DOC_DELETE, "DELETE FROM doc WHERE run=?1")                                                                      \
    S(CHANNEL_PUT, "INSERT INTO channel(num, run, idx, " CHANNEL_COLUMNS ", samples, lost, bytes, correction_us)"      \
                   " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,0,0,0,0)")              \
    S(CHANNEL_SET, "UPDATE channel SET samples=?2, lost=?3, bytes=?4, t_end=?5, correction_us=?6 WHERE num=?1")        \
    S(CHANNEL_NUMBER, "SELECT coalesce(max(num),0)+1 FROM channel")                                                    \
    S(CHANNEL_LIST, "SELECT num, samples, lost, bytes, t_end, correction_us, " CHANNEL_COLUMNS                         \
                    " FROM channel WHERE run=?1 ORDER BY idx")                                                         \
    S(CHANNEL_COUNTS, "SELECT num, samples, lost, bytes, coalesce(t_end,0) FROM channel WHERE run=?1 ORDER BY idx")    \
    S(CHANNEL_GET, "SELECT num, samples, lost, bytes, t_end, correction_us, " CHANNEL_COLUMNS                          \
                   " FROM channel WHERE run=(SELECT num FROM run WHERE id=?1 AND status<>'deleted') AND idx=?2")       \
    S(CHANNEL_DELETE, "DELETE FROM channel WHERE run=?1")                                                              \
    S(MARK_PUT, "INSERT INTO mark(id, t_ns, kind, channel, text, lost, by) VALUES(?1,?2,?3,?4,?5,?6,?7)")              \
    S(MARK_LIST, "SELECT t_ns, kind, channel, text, lost, by FROM mark WHERE id>=?1 AND id<=?2 ORDER BY t_ns, id")     \
    S(MARK_COUNT, "SELECT count(*) FROM mark WHERE id>=?1 AND id<=?2")                                                 \
    S(MARK_NEXT, "SELECT coalesce(max(id)-?1+1,0) FROM mark WHERE id>=?1 AND id<=?2")                                  \
    S(MARK_DELETE, "DELETE FROM mark WHERE id>=?1 AND id<=?2")                                                         \
    /* Salvage: rows from place ?1 to ?2, one at a time. */                                                            \
    S(NEXT_RUN, "SELECT num, " RUN_COLUMNS " FROM run WHERE num>=?1 AND num<=?2 ORDER BY num LIMIT 1")                 \
    S(NEXT_CHANNEL, "SELECT num, samples, lost, bytes, t_end, correction_us, " CHANNEL_COLUMNS ", run, idx"            \
                    " FROM channel WHERE num>=?1 AND num<=?2 ORDER BY num LIMIT 1")                                    \
    S(NEXT_TAIL, "SELECT id, chan, first, n, data FROM tail WHERE id>=?1 AND id<=?2 ORDER BY id LIMIT 1")              \
    S(NEXT_SUMS, "SELECT id, data FROM sums WHERE id>=?1 AND id<=?2 ORDER BY id LIMIT 1")                              \
    S(NEXT_MARK,                                                                                                       \
      "SELECT id, t_ns, kind, channel, text, lost, by FROM mark WHERE id>=?1 AND id<=?2 ORDER BY id LIMIT 1")          \
    S(DOC_RUN,                                                                                                         \
      "SELECT run, json_extract(json,'$.uid'), json_extract(json,'$.experiment'), json_extract(json,'$.label'),"       \
      " json_extract(json,'$.label_en'), json_extract(json,'$.operator'), json_extract(json,'$.principal'),"           \
      " 'recording', json_extract(json,'$.start_us'), 0, 0, 0, 0, 0, 0, 0, json_extract(json,'$.simulated'),"          \
      " '', 0 FROM doc WHERE run=?1 AND kind='start'")                                                                 \
    S(RECOUNT,                                                                                                         \
      "UPDATE run SET (samples, lost, bytes, duration_ns) = (SELECT total(samples), total(lost), total(bytes),"        \
      " max(run.duration_ns, coalesce(max(t_end),0)) FROM channel WHERE channel.run=run.num),"                         \
      " marks=(SELECT count(*) FROM mark WHERE id>=?2 AND id<=?3) WHERE num=?1")                                       \
    S(RUN_END, "UPDATE run SET status='interrupted', reason=?2, stop_us=start_us+duration_ns/1000"                     \
               " WHERE num=?1 AND status='recording' RETURNING id, stop_us, samples")                                  \
    S(COPY_RUN, "INSERT OR IGNORE INTO run(num, " RUN_COLUMNS ")"                                                      \
                " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19)")                         \
    S(COPY_CHANNEL,                                                                                                    \
      "INSERT OR IGNORE INTO channel(num, samples, lost, bytes, t_end, correction_us, " CHANNEL_COLUMNS                \
      ", run, idx) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21,?22,?23,?24)")    \
    S(COPY_MARK, "INSERT OR IGNORE INTO mark(id, t_ns, kind, channel, text, lost, by) VALUES(?1,?2,?3,?4,?5,?6,?7)")

#define RUN_COLUMNS                                                                                                    \
    "id, experiment, label, label_en, operator, principal, status, start_us, stop_us, exported_us, duration_ns,"       \
    " samples, lost, marks, bytes, simulated, reason, start_ns"
#define CHANNEL_COLUMNS                                                                                                \
    "name, label, label_en, unit, source, sensor, serial, kind, rate_hz, decimals, calibration, cal_unit, cal_source," \
    " cal_by, cal_note, cal_date_us"

enum statement {
#define S(name, text) ST_##name,
    STATEMENTS(S)
#undef S
        N_STATEMENTS
};

#define INDEX_BITS               40 /* samples in a channel */
#define INDEX_MAX                ((INT64_C(1) << INDEX_BITS) - 1)
#define CHANNEL_MAX              ((1 << 22) - 1)
#define PLACE(channel, i)        (((int64_t)(channel) << INDEX_BITS) | (int64_t)(i))
#define SUMS_PAGES_MAX           ((INT64_C(1) << 37) - 1)
#define SUMS_PLACE(ch, level, i) (((int64_t)(ch) << INDEX_BITS) | ((int64_t)(level) << 37) | (int64_t)(i))
#define MARK_PLACE(run, i)       (((int64_t)(run) << 32) | (int64_t)(i))

#define RUN_CHANNELS LEC_CHANNELS_MAX

struct live;

struct lec_runs {
    sqlite3 *sql;
    sqlite3_stmt *statements[N_STATEMENTS];
    char file[PATH_MAX];
    bool writer, opened, loaded; /* loaded: `live` holds all runs that are being recorded */
    bool broken;                 /* the mark for the next open has been left */
    bool shrunk;                 /* tidy has nothing to give back */
    int lock;                    /* held while it is open for writing */
    struct live *live;
    int64_t tail_size;
    struct room packed;
    struct block work;
};

/* ---- db.c --------------------------------------------------------------------------------------------------- */

int db_open(struct lec_runs *runs, struct lec_err *err);
void db_close(struct lec_runs *runs);
/* The statement, reset. */
int db_get(struct lec_runs *runs, enum statement which, sqlite3_stmt **out, struct lec_err *err);
/* What SQLite said last, as a code and a sentence. */
int db_failed(struct lec_runs *runs, struct lec_err *err);
int db_exec(struct lec_runs *runs, const char *text, struct lec_err *err);
/* 1: a row; 0: no (more) row, and the statement is reset; or a code, and it is reset. */
int db_row(struct lec_runs *runs, sqlite3_stmt *s, struct lec_err *err);
/* Binds by `types`: i int64_t, d double, s text, b bytes with a uint64_t; all lent. db_do runs a statement that gives no
 * rows, db_ask steps to the first one. */
int db_do(struct lec_runs *runs, enum statement which, struct lec_err *err, const char *types, ...);
int db_ask(struct lec_runs *runs, enum statement which, sqlite3_stmt **out, struct lec_err *err, const char *types,
           ...);
/* The number that a query of two numbers gives, 0 for none. */
int db_number(struct lec_runs *runs, enum statement which, int64_t a, int64_t b, int64_t *out, struct lec_err *err);
int db_pragma(struct lec_runs *runs, const char *text, int64_t *out, struct lec_err *err);
void db_text(sqlite3_stmt *s, int i, char *out, size_t size);
/* One picture of the file over several statements; nothing when a transaction is open. *began is for db_read_end. */
int db_read_begin(struct lec_runs *runs, bool *began, struct lec_err *err);
void db_read_end(struct lec_runs *runs, bool began);

/* ---- live.c: the runs that are being recorded ---------------------------------------------------------------- */

struct live_channel {
    int64_t num;
    struct lec_calibration calibration;
    uint64_t base;       /* samples in blocks that do not change any more */
    struct block open;   /* those behind them */
    size_t stored;       /* how many of `open` are in table block */
    int64_t stored_size; /* bytes of that block there */
    uint64_t lost;
    int64_t bytes;
    int64_t t_end; /* of the last sample; INT64_MIN: none */
    int64_t correction_us;
    struct sums sums;
    struct lec_runs *runs;
};

struct live {
    struct live *next;
    int64_t num, start_us;
    char id[LEC_RUN_ID];
    int64_t marks; /* number of the next one */
    size_t n_channels;
    struct live_channel channels[];
};

/* Reads the state of every run that is recorded from the file. Inside begin..commit, as it may write too. */
int live_load(struct lec_runs *runs, struct lec_err *err);
void live_forget(struct lec_runs *runs);
/* Takes up one run of the file. */
int live_load_run(struct lec_runs *runs, int64_t num, const char *id, int64_t start_us, struct lec_err *err);
/* LEC_E_RANGE: it is not being recorded. */
int live_find(struct lec_runs *runs, const char *run, struct live **out, struct lec_err *err);
int live_add(struct live_channel *c, const struct lec_run_block *block, struct lec_err *err);
/* Puts the tails of all runs into their blocks. */
int live_merge(struct lec_runs *runs, struct lec_err *err);
/* Ends a run: tails, sums, document. stop_us 0: with its last sample. Frees it. */
int live_stop(struct lec_runs *runs, struct live *run, int64_t stop_us, const char *status, const char *reason,
              struct lec_err *err);

/* ---- read.c ------------------------------------------------------------------------------------------------- */

struct channel_row {
    int64_t num;
    uint64_t samples, lost;
    int64_t bytes, t_end, correction_us; /* t_end INT64_MIN: no samples */
};
/* Reads the row that `s` (CHANNEL_LIST or CHANNEL_GET) stands on. */
int channel_read(sqlite3_stmt *s, struct channel_row *row, struct lec_run_channel *out, struct lec_err *err);

/* The block that has sample `i` of the channel, or the first behind it, in table block or from the tails; *first is the
 * number of its first sample. 1, 0: there is none, or a code; with LEC_E_FRAME *first and *n are those of the block that
 * cannot be read (*n 0: not known). */
int block_at(struct lec_runs *runs, int64_t channel, uint64_t i, struct block *out, uint64_t *first, uint64_t *n,
             struct lec_err *err);

/* ---- walk.c, runs.c ----------------------------------------------------------------------------------------- */

/* LEC_E_RANGE: no such run or channel. */
int channel_open(struct lec_runs *runs, const char *run, size_t index, struct channel_row *row,
                 struct lec_run_channel *channel, struct lec_err *err);
/* A sample at or before the first one of t_ns, less than a block away. */
int sample_near(struct lec_runs *runs, int64_t channel, int64_t t_ns, uint64_t *out, struct lec_err *err);
/* Rows of a run and its channels; start->id is set. */
int run_put(struct lec_runs *runs, const struct lec_run_start *start, int64_t *num, struct lec_err *err);

/* ---- docs.c, salvage.c --------------------------------------------------------------------------------------- */

const char *channel_kind_name(enum lec_channel_kind kind);
enum lec_channel_kind channel_kind(const char *name);
void doc_start(struct lec_buf *b, const struct lec_run_start *start);
void doc_descriptor(struct lec_buf *b, const struct lec_run_start *start);
void doc_stop(struct lec_buf *b, const char *id, int64_t stop_us, const char *status, const char *reason,
              uint64_t samples);
/* Builds a new file from what can be read of `file`, puts `file` aside and the new one in its place. Runs that were
 * being recorded end as `interrupted`, which are counted. Fills the sentence `note`. `file` stays when it fails: LEC_E_BUSY (no room for the new one), LEC_E_CONFIG, LEC_E_LINK, LEC_E_NOMEM. */
int salvage(const char *file, int *interrupted, char note[LEC_ERR_TEXT], struct lec_err *err);
/* A file beside `file` says that it was found broken while it was open; the next open must salvage. */
void salvage_mark(const char *file);
bool salvage_marked(const char *file);
void salvage_unmark(const char *file);

#endif
