/* The run file as the recorder holds it: opened when it is needed, a disk that fails, the budget, tidying, closing. */
#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lectern/clock.h"
#include "lectern/log.h"
#include "lectern/member.h"
#include "record/impl.h"

#define ROOM_BYTES   (1024 * 1024) /* free space below which a full disk is not even tried again */
#define TIDY_EVERY   10            /* commits */
#define SPARE_BYTES  (512 * 1024)  /* kept in a file beside the runs: with it a run can be deleted from a full disk */
#define SPARE_FROM   (8 * 1024 * 1024) /* free space from which on that is done */
#define FREE_AT_ONCE 64                /* exported runs removed in one go */
#define LIST_PAGE    128

static void set_health(struct lec_recorder *r)
{
    pthread_mutex_lock(&r->lock);
    r->health.full = r->full;
    snprintf(r->health.reason, sizeof r->health.reason, "%s", r->full ? r->trouble : "");
    r->health.runs = r->n_recordings;
    if (r->runs)
        r->health.bytes = lec_runs_size(r->runs);
    pthread_mutex_unlock(&r->lock);
}

static void journal_limit(struct lec_recorder *r, const char *name, const struct lec_buf *data)
{
    tell_journal(r, "limit", "", name, "", data);
}

/* ---- Room --------------------------------------------------------------------------------------------------- */

static uint64_t free_bytes(const struct lec_recorder *r)
{
    char folder[PATH_MAX];
    struct statvfs disk;
    snprintf(folder, sizeof folder, "%s", r->file);
    char *slash = strrchr(folder, '/');
    if (slash)
        *slash = '\0';
    return statvfs(slash ? folder : ".", &disk) < 0 ? UINT64_MAX : (uint64_t)disk.f_bavail * disk.f_frsize;
}

bool disk_has_room(const struct lec_recorder *r)
{
    return free_bytes(r) >= ROOM_BYTES;
}

static void spare_name(const struct lec_recorder *r, char name[PATH_MAX + 8])
{
    snprintf(name, PATH_MAX + 8, "%s-spare", r->file);
}

/* To delete a run takes a few pages first, which a full disk does not have. */
static void keep_spare(const struct lec_recorder *r)
{
    char name[PATH_MAX + 8];
    struct stat st;
    spare_name(r, name);
    if ((stat(name, &st) == 0 && st.st_size >= SPARE_BYTES) || free_bytes(r) < SPARE_FROM)
        return;
    int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0)
        return;
    if (posix_fallocate(fd, 0, SPARE_BYTES) != 0)
        unlink(name);
    close(fd);
}

static void spend_spare(const struct lec_recorder *r)
{
    char name[PATH_MAX + 8];
    spare_name(r, name);
    unlink(name);
}

int disk_open(struct lec_recorder *r, struct lec_err *err)
{
    if (r->runs)
        return 0;
    int interrupted = 0;
    char note[LEC_ERR_TEXT] = "";
    int rc = lec_runs_open(r->file, &r->runs, &interrupted, note, err);
    if (rc < 0)
        return rc;
    struct lec_buf b;
    lec_buf_init(&b, 4096);
    if (*note) {
        lec_log(LEC_LOG_ERROR, "the run file was damaged: %s", note);
        lec_buf_puts(&b, "{\"what\":\"repaired\",\"reason\":");
        lec_json_str(&b, note);
        lec_buf_putc(&b, '}');
        tell_journal(r, "run", "", "", "", &b);
        lec_buf_clear(&b);
    }
    if (interrupted > 0) {
        lec_log(LEC_LOG_WARNING, "%d runs were interrupted by the end of the daemon before; they keep what they have",
                interrupted);
        lec_buf_printf(&b, "{\"what\":\"interrupted\",\"runs\":%d}", interrupted);
        tell_journal(r, "run", "", "", "", &b);
    }
    lec_buf_done(&b);
    r->tidy = true;
    r->budget_at = 0;
    keep_spare(r);
    set_health(r);
    return 0;
}

void disk_close(struct lec_recorder *r)
{
    if (!r->runs)
        return;
    set_health(r);
    lec_runs_close(&r->runs);
    malloc_trim(0); /* the pages that SQLite kept */
}

/* ---- Writing ------------------------------------------------------------------------------------------------ */

int disk_write(struct lec_recorder *r)
{
    struct lec_err err;
    if (r->full)
        return LEC_E_BUSY;
    if (r->writing)
        return 0;
    int rc = disk_open(r, &err);
    if (rc == 0)
        rc = lec_runs_begin(r->runs, &err);
    if (rc < 0) {
        disk_failed(r, rc, err.text);
        return rc;
    }
    r->writing = true;
    if (r->commit_at == LEC_NEVER)
        r->commit_at = lec_now() + LEC_RUNS_TAIL_MS * LEC_MS;
    return 0;
}

void disk_failed(struct lec_recorder *r, int code, const char *why)
{
    int64_t now = lec_now();
    if (r->writing)
        lec_runs_rollback(r->runs);
    r->writing = false;
    recordings_rolled_back(r);
    if (code == LEC_E_FRAME) {
        lec_log(LEC_LOG_ERROR, "the run file is broken: %s", why);
        lec_runs_close(&r->runs); /* it is salvaged when it is opened again */
        recordings_orphan(r, why, now);
        return;
    }
    r->retry_at = now + RETRY_NS;
    if (r->full)
        return;
    r->full = true;
    r->full_from = r->committed_at;
    snprintf(r->trouble, sizeof r->trouble, "%s", why);
    lec_log(LEC_LOG_ERROR, "nothing can be recorded: %s; what is there is kept", why);
    struct lec_buf b;
    lec_buf_init(&b, 4096);
    lec_buf_puts(&b, "{\"what\":\"full\",\"reason\":");
    lec_json_str(&b, why);
    lec_buf_putc(&b, '}');
    journal_limit(r, "runs.disk", &b);
    lec_buf_done(&b);
    set_health(r);
}

void disk_commit(struct lec_recorder *r, int64_t now)
{
    struct lec_err err;
    if (!r->writing)
        return;
    int rc = lec_runs_commit(r->runs, &err);
    if (rc < 0) {
        disk_failed(r, rc, err.text);
        return;
    }
    r->writing = false;
    r->committed_at = now;
    recordings_committed(r);
    if (++r->commits % TIDY_EVERY == 0)
        r->tidy = true;
}

/* Ends that found no room, each in a transaction of its own. */
static void close_unclosed(struct lec_recorder *r)
{
    struct lec_err err;
    while (r->n_unclosed > 0 && r->runs && !r->writing) {
        int rc = lec_runs_begin(r->runs, &err);
        if (rc == 0)
            rc = unclosed_write(r, &r->unclosed[0], &err);
        if (rc == 0)
            rc = lec_runs_commit(r->runs, &err);
        if (rc < 0)
            lec_runs_rollback(r->runs);
        if (rc == LEC_E_FRAME)
            disk_failed(r, rc, err.text);
        if (rc < 0 && rc != LEC_E_RANGE)
            return;
        unclosed_drop(r, 0);
    }
    while (r->n_unclosed > 0 && !r->runs) /* they are closed when the file is opened anew */
        unclosed_drop(r, 0);
}

static void retry(struct lec_recorder *r, int64_t now)
{
    struct lec_err err;
    r->retry_at = now + RETRY_NS;
    close_unclosed(r); /* it may go into room that the file has */
    if (r->runs && lec_runs_squeeze(r->runs, &err) == 1)
        r->retry_at = now; /* what was deleted gives its room back step by step */
    if (!disk_has_room(r))
        return;
    close_unclosed(r);
    if (r->n_unclosed > 0)
        return;
    int64_t from = r->full_from;
    r->full = false;
    recordings_resume(r, from, now);
    disk_commit(r, now);
    if (r->full) { /* not yet: the hole goes on */
        r->full_from = from;
        return;
    }
    lec_log(LEC_LOG_NOTICE, "recording again after %.1f s", (double)(now - from) / 1e9);
    struct lec_buf b;
    lec_buf_init(&b, 256);
    lec_buf_printf(&b, "{\"what\":\"resumed\",\"ms\":%" PRId64 "}", (now - from) / LEC_MS);
    journal_limit(r, "runs.disk", &b);
    lec_buf_done(&b);
    r->retry_at = LEC_NEVER;
    keep_spare(r);
    set_health(r);
}

/* ---- Budget ------------------------------------------------------------------------------------------------- */

struct oldest {
    struct lec_run_summary at[FREE_AT_ONCE]; /* a ring */
    size_t n;                                /* ever put in */
};

/* The oldest runs that were exported: those that may go. */
static int find_exported(struct lec_recorder *r, struct oldest *found, struct lec_err *err)
{
    struct lec_run_summary *page = calloc(LIST_PAGE, sizeof *page);
    int64_t before = 0;
    int n = page ? LIST_PAGE : LEC_E_NOMEM;
    while (n == LIST_PAGE) {
        n = lec_runs_list(r->runs, before, LIST_PAGE, page, err);
        for (int i = 0; i < n; i++) {
            before = page[i].start_us;
            if (page[i].exported_us != 0 && !recordings_has(r, page[i].id))
                found->at[found->n++ % FREE_AT_ONCE] = page[i];
        }
    }
    free(page);
    return n < 0 ? n : 0;
}

/* A transaction of its own. */
static int remove_run(struct lec_recorder *r, const char *run, struct lec_err *err)
{
    size_t u = 0;
    while (u < r->n_unclosed && strcmp(r->unclosed[u].run, run) != 0)
        u++;
    int rc = lec_runs_begin(r->runs, err);
    if (rc == 0 && u < r->n_unclosed)
        rc = unclosed_write(r, &r->unclosed[u], err);
    if (rc == 0)
        rc = lec_runs_delete(r->runs, run, err);
    if (rc == 0)
        rc = lec_runs_commit(r->runs, err);
    if (rc < 0)
        lec_runs_rollback(r->runs);
    else if (u < r->n_unclosed)
        unclosed_drop(r, u);
    return rc;
}

int disk_delete(struct lec_recorder *r, const char *run, struct lec_err *err)
{
    int64_t now = lec_now();
    disk_commit(r, now);
    if (!r->runs) /* it was found broken just now */
        return lec_fail(err, LEC_E_BUSY, "the run file is being repaired; try again");
    int rc = remove_run(r, run, err);
    if (rc == LEC_E_BUSY || rc == LEC_E_LINK) {
        spend_spare(r);
        rc = remove_run(r, run, err);
    }
    if (rc == LEC_E_FRAME)
        disk_failed(r, rc, err->text);
    if (rc < 0)
        return rc;
    r->tidy = true;
    if (r->full)
        r->retry_at = now;
    return 0;
}

static int delete_one(struct lec_recorder *r, const struct lec_run_summary *run, struct lec_err *err)
{
    int rc = remove_run(r, run->id, err);
    if (rc < 0)
        return rc;
    struct lec_buf b;
    lec_buf_init(&b, 1024);
    lec_buf_puts(&b, "{\"what\":\"deleted\",\"run\":");
    lec_json_str(&b, run->id);
    lec_member_int(&b, "bytes", (int64_t)run->bytes);
    lec_member_str(&b, "reason", "the budget of the disk; it had been exported");
    lec_buf_putc(&b, '}');
    tell_journal(r, "run", "", run->experiment, "", &b);
    lec_buf_done(&b);
    return 0;
}

/* Removes exported runs, the oldest first, until what is above the budget has gone. Others are never removed. */
static void make_room(struct lec_recorder *r, int64_t bytes)
{
    struct lec_err err;
    struct oldest *found = calloc(1, sizeof *found);
    int64_t excess = bytes - r->budget;
    if (found && find_exported(r, found, &err) == 0) {
        size_t n = found->n < FREE_AT_ONCE ? found->n : FREE_AT_ONCE;
        for (size_t i = 0; i < n && excess >= 0; i++) {
            const struct lec_run_summary *run = &found->at[(found->n - 1 - i) % FREE_AT_ONCE];
            if (delete_one(r, run, &err) < 0)
                break;
            excess -= (int64_t)run->bytes;
            r->tidy = true;
        }
    }
    free(found);
    r->freed_at = bytes;
}

static void watch_budget(struct lec_recorder *r, int64_t now)
{
    r->budget_at = now + BUDGET_NS;
    int64_t bytes = lec_runs_size(r->runs), budget = r->budget;
    set_health(r);
    if (budget <= 0)
        return;
    int percent = (int)(bytes / (budget / 100 + 1));
    int level = percent >= 100 ? 100 : percent >= 90 ? 90 : percent >= 80 ? 80 : 0;
    if (level > r->warned) {
        struct lec_buf b;
        lec_buf_init(&b, 256);
        lec_buf_printf(&b, "{\"percent\":%d,\"bytes\":%" PRId64 ",\"budget\":%" PRId64 "}", level, bytes, budget);
        journal_limit(r, "runs.budget", &b);
        lec_buf_done(&b);
        lec_log(LEC_LOG_WARNING, "runs take %d %% of what they may take on the disk; export and delete some", percent);
    }
    if (level > r->warned || percent < r->warned - 5) /* not again for every few bytes up and down */
        r->warned = level;
    if (percent < 100)
        r->freed_at = 0;
    else if (r->freed_at == 0 || bytes > r->freed_at + budget / 100)
        make_room(r, bytes);
}

/* ---- Time --------------------------------------------------------------------------------------------------- */

static bool idle(const struct lec_recorder *r)
{
    return !recordings_any(r) && !r->writing && !r->tidy && r->n_unclosed == 0;
}

void disk_turn(struct lec_recorder *r, int64_t now)
{
    struct lec_err err;
    if (r->full && !recordings_any(r) && r->n_unclosed == 0 && !r->tidy) { /* whoever starts next will find out */
        r->full = false;
        r->retry_at = LEC_NEVER;
        set_health(r);
    }
    if (r->full && now >= r->retry_at)
        retry(r, now);
    if (!r->runs || r->writing || r->full)
        return;
    if (r->tidy && !lec_mailbox_any(r->samples)) {
        int rc = lec_runs_tidy(r->runs, &err);
        r->tidy = rc == 1;
        if (rc < 0)
            disk_failed(r, rc, err.text);
    }
    if (r->runs && !r->full && now >= r->budget_at)
        watch_budget(r, now);
    if (!r->runs || !idle(r)) {
        r->idle_at = LEC_NEVER;
    } else if (r->idle_at == LEC_NEVER) {
        r->idle_at = now + IDLE_NS;
    } else if (now >= r->idle_at) {
        disk_close(r);
        r->idle_at = r->budget_at = LEC_NEVER;
    }
}

int64_t disk_next(const struct lec_recorder *r, int64_t now)
{
    if (r->full)
        return r->retry_at;
    if (!r->runs)
        return LEC_NEVER;
    if (r->tidy && !r->writing)
        return now;
    if (idle(r))
        return r->idle_at == LEC_NEVER ? now : r->idle_at;
    return r->budget_at;
}
