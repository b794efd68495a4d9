/* HDF5: one group per run, named as the run, with what is known of the run as its attributes. Long: for each channel a float64
 * dataset with attributes units, long_name, calibration, ..., and beside it <channel>.t (s of run time), <channel>.time (s since
 * 1970 UTC), <channel>.quality (an enumeration) and, if asked for, <channel>.raw; the attributes `t` and `time` name those two.
 * A gap is one NaN of quality `gap`, and a row of the table `gaps`. Wide: all channels over run.t and run.time. Channels' names
 * have no dots, so nothing can clash. Marks are a table.
 * Source: lab-protocols.md, section 6. */
#include <errno.h>
#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "export.h"
#include "header.h"
#include "number.h"

#define CHUNK    16384 /* elements */
#define NAME_LEN 96
#define TEXT_MAX 65536 /* bytes of an attribute made here */

struct hdf {
    struct lab_job *job;
    hid_t file, group;
    hid_t text; /* UTF-8 of any length */
    hid_t quality;
    hid_t space, plist; /* of datasets that grow */
    bool failed;
};

/* A dataset that is appended to. */
struct column {
    hid_t set;
    hsize_t n;
};

struct gap_row {
    const char *channel;
    double t_s;
    uint64_t lost;
};

struct mark_row {
    double t_s, time;
    const char *kind, *channel, *text;
    uint64_t lost;
    const char *by;
};

enum { GOOD, LATE, OVERRUN, BAD, MISSING, GAP };

/* Remembers that a call of the library failed; 0 or a handle passes through. */
static hid_t ok(struct hdf *h, hid_t id)
{
    if (id < 0)
        h->failed = true;
    return id;
}

static void done(struct hdf *h, herr_t rc)
{
    if (rc < 0)
        h->failed = true;
}

static void put_text(struct hdf *h, hid_t object, const char *name, const char *value)
{
    if (!value || !value[0] || h->failed)
        return;
    struct lec_buf clean, key;
    lec_buf_init(&clean, TEXT_MAX * 4);
    lec_buf_init(&key, NAME_LEN);
    lab_clean(&clean, value);
    lab_clean(&key, name);
    hid_t scalar = ok(h, H5Screate(H5S_SCALAR));
    if (!clean.failed && !key.failed && key.len > 0 && H5Aexists(object, key.data) == 0) {
        const char *data = clean.data;
        hid_t attribute = ok(h, H5Acreate2(object, key.data, h->text, scalar, H5P_DEFAULT, H5P_DEFAULT));
        if (attribute >= 0) {
            done(h, H5Awrite(attribute, h->text, &data));
            done(h, H5Aclose(attribute));
        }
    }
    H5Sclose(scalar);
    lec_buf_done(&clean);
    lec_buf_done(&key);
}

static void tell(void *ctx, const char *key, const char *value)
{
    struct hdf *h = ctx;
    put_text(h, h->group, key, value);
}

static struct column new_column(struct hdf *h, const char *name, const char *ending, hid_t type)
{
    char full[NAME_LEN];
    snprintf(full, sizeof full, "%s%s", name, ending);
    hid_t set = -1;
    if (!h->failed && !strchr(full, '/') && H5Lexists(h->group, full, H5P_DEFAULT) == 0)
        set = H5Dcreate2(h->group, full, type, h->space, H5P_DEFAULT, h->plist, H5P_DEFAULT);
    ok(h, set);
    return (struct column){.set = set};
}

static void close_column(struct hdf *h, struct column *c)
{
    if (c->set >= 0)
        done(h, H5Dclose(c->set));
    c->set = -1;
}

static void append(struct hdf *h, struct column *c, hid_t memory_type, const void *data, hsize_t n)
{
    if (h->failed || n == 0)
        return;
    hsize_t size = c->n + n;
    done(h, H5Dset_extent(c->set, &size));
    hid_t file = ok(h, H5Dget_space(c->set)), memory = ok(h, H5Screate_simple(1, &n, NULL));
    if (!h->failed) {
        done(h, H5Sselect_hyperslab(file, H5S_SELECT_SET, &c->n, NULL, &n, NULL));
        done(h, H5Dwrite(c->set, memory_type, memory, file, H5P_DEFAULT, data));
    }
    if (file >= 0)
        H5Sclose(file);
    if (memory >= 0)
        H5Sclose(memory);
    c->n = size;
}

static void describe(struct hdf *h, hid_t set, size_t channel, const char *over)
{
    const struct lec_run_info *info = h->job->info;
    struct lec_buf value;
    lec_buf_init(&value, TEXT_MAX);
    for (size_t f = 0; f < LAB_CHANNEL_FIELDS; f++) {
        const char *key = lab_channel_key(f, false);
        lec_buf_clear(&value);
        lab_channel_text(info, channel, f, h->job->request->vi, &value);
        if (strcmp(key, "label") == 0)
            key = "long_name";
        else if (strcmp(key, "unit") == 0)
            key = "units";
        if (value.len > 0)
            put_text(h, set, key, value.data);
    }
    lec_buf_done(&value);
    char name[NAME_LEN];
    snprintf(name, sizeof name, "%s.t", over);
    put_text(h, set, "t", name);
    snprintf(name, sizeof name, "%s.time", over);
    put_text(h, set, "time", name);
}

/* ---- Tables ------------------------------------------------------------------------------------------------- */

/* The name of a table, which a channel may have taken. */
static struct column new_table(struct hdf *h, const char *name, hid_t type)
{
    bool taken = false;
    for (size_t i = 0; i < h->job->info->n_channels; i++)
        taken = taken || strcmp(h->job->info->channels[i].name, name) == 0;
    return new_column(h, name, taken ? ".table" : "", type);
}

static void put_marks(struct hdf *h)
{
    const struct lec_run_info *info = h->job->info;
    hid_t type = ok(h, H5Tcreate(H5T_COMPOUND, sizeof(struct mark_row)));
    if (type < 0)
        return;
    done(h, H5Tinsert(type, "t_s", HOFFSET(struct mark_row, t_s), H5T_NATIVE_DOUBLE));
    done(h, H5Tinsert(type, "time", HOFFSET(struct mark_row, time), H5T_NATIVE_DOUBLE));
    done(h, H5Tinsert(type, "kind", HOFFSET(struct mark_row, kind), h->text));
    done(h, H5Tinsert(type, "channel", HOFFSET(struct mark_row, channel), h->text));
    done(h, H5Tinsert(type, "text", HOFFSET(struct mark_row, text), h->text));
    done(h, H5Tinsert(type, "lost", HOFFSET(struct mark_row, lost), H5T_NATIVE_UINT64));
    done(h, H5Tinsert(type, "by", HOFFSET(struct mark_row, by), h->text));
    struct column table = new_table(h, "marks", type);
    for (size_t i = 0; i < info->n_marks && !h->failed; i++) {
        const struct lec_run_mark *m = &info->marks[i];
        struct mark_row row = {(double)m->t_ns / 1e9,
                               (double)lab_wall(info->summary.start_us, m->t_ns, 0) / 1e6,
                               m->kind,
                               m->channel,
                               m->text,
                               m->lost,
                               m->by};
        append(h, &table, type, &row, 1);
    }
    close_column(h, &table);
    H5Tclose(type);
}

struct gaps {
    struct column table;
    hid_t type;
};

static void open_gaps(struct hdf *h, struct gaps *g)
{
    g->table.set = -1;
    g->type = ok(h, H5Tcreate(H5T_COMPOUND, sizeof(struct gap_row)));
    if (g->type < 0)
        return;
    done(h, H5Tinsert(g->type, "channel", HOFFSET(struct gap_row, channel), h->text));
    done(h, H5Tinsert(g->type, "t_s", HOFFSET(struct gap_row, t_s), H5T_NATIVE_DOUBLE));
    done(h, H5Tinsert(g->type, "lost", HOFFSET(struct gap_row, lost), H5T_NATIVE_UINT64));
    g->table = new_table(h, "gaps", g->type);
}

static void close_gaps(struct hdf *h, struct gaps *g)
{
    close_column(h, &g->table);
    if (g->type >= 0)
        H5Tclose(g->type);
}

static void put_gap(struct hdf *h, struct gaps *g, const char *channel, int64_t t_ns, uint64_t lost)
{
    struct gap_row row = {channel, (double)t_ns / 1e9, lost};
    append(h, &g->table, g->type, &row, 1);
}

/* ---- Long --------------------------------------------------------------------------------------------------- */

struct channel_sets {
    struct column value, t, time, quality, raw;
    bool has_raw;
};

static uint8_t quality_of(uint32_t flags, double value)
{
    if (isnan(value))
        return MISSING;
    return flags & LEC_RUN_BAD ? BAD : flags & LEC_RUN_OVERRUN ? OVERRUN : flags & LEC_RUN_LATE ? LATE : GOOD;
}

static void put_block(struct hdf *h, struct channel_sets *s, const struct lab_block *b)
{
    int64_t start = h->job->info->summary.start_us;
    double t[1024], time[1024];
    uint8_t quality[1024];
    if (b->lost > 0) {
        const double none = (double)NAN, at = (double)b->gap_ns / 1e9;
        const double when = (double)lab_wall(start, b->gap_ns, b->correction_us) / 1e6;
        const uint8_t gap = GAP;
        append(h, &s->value, H5T_NATIVE_DOUBLE, &none, 1);
        append(h, &s->t, H5T_NATIVE_DOUBLE, &at, 1);
        append(h, &s->time, H5T_NATIVE_DOUBLE, &when, 1);
        append(h, &s->quality, h->quality, &gap, 1);
        if (s->has_raw)
            append(h, &s->raw, H5T_NATIVE_DOUBLE, &none, 1);
    }
    append(h, &s->value, H5T_NATIVE_DOUBLE, b->value, b->n);
    if (s->has_raw)
        append(h, &s->raw, H5T_NATIVE_DOUBLE, b->raw, b->n);
    for (size_t at = 0; at < b->n; at += ARRAY_LEN(t)) {
        size_t n = b->n - at < ARRAY_LEN(t) ? b->n - at : ARRAY_LEN(t);
        for (size_t i = 0; i < n; i++) {
            t[i] = (double)b->t[at + i] / 1e9;
            time[i] = (double)lab_wall(start, b->t[at + i], b->correction_us) / 1e6;
            quality[i] = quality_of(b->flags, b->value[at + i]);
        }
        append(h, &s->t, H5T_NATIVE_DOUBLE, t, n);
        append(h, &s->time, H5T_NATIVE_DOUBLE, time, n);
        append(h, &s->quality, h->quality, quality, n);
    }
}

static void times_units(struct hdf *h, hid_t t, hid_t time)
{
    put_text(h, t, "units", "s");
    put_text(h, time, "units", "seconds since 1970-01-01 00:00:00 UTC");
}

static int put_channel(struct hdf *h, struct gaps *gaps, size_t channel, struct lec_err *err)
{
    const struct lec_run_channel *c = &h->job->info->channels[channel];
    struct lab_reader *reader = NULL;
    struct lab_block block;
    int rc = lab_reader_open(h->job->runs, h->job->info, channel, h->job->request->from_ns, h->job->request->to_ns,
                             &reader, err);
    if (rc < 0)
        return rc;
    struct channel_sets s = {.has_raw = h->job->request->raw && c->kind == LEC_CHANNEL_POINT, .raw.set = -1};
    s.value = new_column(h, c->name, "", H5T_IEEE_F64LE);
    s.t = new_column(h, c->name, ".t", H5T_IEEE_F64LE);
    s.time = new_column(h, c->name, ".time", H5T_IEEE_F64LE);
    s.quality = new_column(h, c->name, ".quality", h->quality);
    if (s.has_raw)
        s.raw = new_column(h, c->name, ".raw", H5T_IEEE_F64LE);
    if (!h->failed) {
        describe(h, s.value.set, channel, c->name);
        times_units(h, s.t.set, s.time.set);
    }
    while (!h->failed && (rc = lab_reader_block(reader, &block, err)) == 1) {
        put_block(h, &s, &block);
        if (block.lost > 0)
            put_gap(h, gaps, c->name, block.gap_ns, block.lost);
        h->job->rows += block.n + (block.lost > 0 ? 1 : 0);
        h->job->values += block.n;
    }
    if (rc == 0 && !h->failed && lab_reader_tail(reader, &block)) {
        put_block(h, &s, &block);
        put_gap(h, gaps, c->name, block.gap_ns, block.lost);
        h->job->rows++;
    }
    h->job->skipped += lab_reader_skipped(reader);
    lab_reader_close(&reader);
    close_column(h, &s.value);
    close_column(h, &s.t);
    close_column(h, &s.time);
    close_column(h, &s.quality);
    close_column(h, &s.raw);
    return rc < 0 ? rc : 0;
}

/* ---- Wide --------------------------------------------------------------------------------------------------- */

#define BATCH 4096 /* rows that are collected before they are written */

struct wide {
    struct column t, time, value[LEC_CHANNELS_MAX], raw[LEC_CHANNELS_MAX];
    double rows[2 + 2 * LEC_CHANNELS_MAX][BATCH];
    size_t n;
};

static void flush(struct hdf *h, struct wide *w)
{
    size_t n = h->job->selection.n;
    append(h, &w->t, H5T_NATIVE_DOUBLE, w->rows[0], w->n);
    append(h, &w->time, H5T_NATIVE_DOUBLE, w->rows[1], w->n);
    for (size_t i = 0; i < n; i++) {
        append(h, &w->value[i], H5T_NATIVE_DOUBLE, w->rows[2 + i], w->n);
        if (lab_job_raw(h->job, i))
            append(h, &w->raw[i], H5T_NATIVE_DOUBLE, w->rows[2 + n + i], w->n);
    }
    w->n = 0;
}

static int put_rows(struct hdf *h, struct wide *w, struct gaps *gaps, struct lab_rows *rows, struct lec_err *err)
{
    struct lab_wide row;
    size_t n = h->job->selection.n;
    int rc;
    while (!h->failed && (rc = lab_rows_wide(rows, &row, err)) != 0) {
        if (rc < 0)
            return rc;
        w->rows[0][w->n] = (double)row.t_ns / 1e9;
        w->rows[1][w->n] = (double)row.wall_us / 1e6;
        for (size_t i = 0; i < n; i++) {
            w->rows[2 + i][w->n] = row.value[i];
            w->rows[2 + n + i][w->n] = row.raw[i];
            h->job->values += isnan(row.value[i]) ? 0 : 1;
            if (row.lost[i] > 0)
                put_gap(h, gaps, h->job->info->channels[h->job->selection.at[i]].name, row.gap_ns[i], row.lost[i]);
        }
        h->job->rows++;
        if (++w->n == BATCH)
            flush(h, w);
    }
    flush(h, w);
    return 0;
}

static int put_wide(struct hdf *h, struct gaps *gaps, struct lec_err *err)
{
    struct lab_rows *rows = NULL;
    struct wide *w = calloc(1, sizeof *w);
    if (!w)
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    int rc = lab_rows_open(h->job->runs, h->job->info, &h->job->selection, h->job->request, &rows, err);
    if (rc < 0) {
        free(w);
        return rc;
    }
    size_t n = h->job->selection.n;
    w->t = new_column(h, "run", ".t", H5T_IEEE_F64LE);
    w->time = new_column(h, "run", ".time", H5T_IEEE_F64LE);
    if (!h->failed)
        times_units(h, w->t.set, w->time.set);
    for (size_t i = 0; i < n; i++) {
        size_t channel = h->job->selection.at[i];
        const char *name = h->job->info->channels[channel].name;
        w->value[i] = new_column(h, name, "", H5T_IEEE_F64LE);
        w->raw[i].set = -1;
        if (lab_job_raw(h->job, i))
            w->raw[i] = new_column(h, name, ".raw", H5T_IEEE_F64LE);
        if (!h->failed)
            describe(h, w->value[i].set, channel, "run");
    }
    rc = put_rows(h, w, gaps, rows, err);
    h->job->skipped = lab_rows_skipped(rows);
    lab_rows_close(&rows);
    close_column(h, &w->t);
    close_column(h, &w->time);
    for (size_t i = 0; i < n; i++) {
        close_column(h, &w->value[i]);
        close_column(h, &w->raw[i]);
    }
    free(w);
    return rc;
}

/* ---- The file ----------------------------------------------------------------------------------------------- */

static hid_t quality_type(struct hdf *h)
{
    static const char *const names[] = {"good", "late", "overrun", "bad", "missing", "gap"};
    hid_t type = ok(h, H5Tenum_create(H5T_NATIVE_UINT8));
    for (uint8_t i = 0; type >= 0 && i < ARRAY_LEN(names); i++)
        done(h, H5Tenum_insert(type, names[i], &i));
    return type;
}

static void open_all(struct hdf *h)
{
    const hsize_t none = 0, any = H5S_UNLIMITED, chunk = CHUNK;
    h->text = ok(h, H5Tcopy(H5T_C_S1));
    done(h, H5Tset_size(h->text, H5T_VARIABLE));
    done(h, H5Tset_cset(h->text, H5T_CSET_UTF8));
    h->quality = quality_type(h);
    h->space = ok(h, H5Screate_simple(1, &none, &any));
    h->plist = ok(h, H5Pcreate(H5P_DATASET_CREATE));
    done(h, H5Pset_chunk(h->plist, 1, &chunk));
    done(h, H5Pset_shuffle(h->plist));
    done(h, H5Pset_deflate(h->plist, 1));
    h->file = ok(h, H5Fcreate(h->job->out.part, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT));
    if (h->file >= 0)
        h->group = ok(h, H5Gcreate2(h->file, h->job->info->summary.id, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
}

static void close_all(struct hdf *h)
{
    if (h->group >= 0)
        done(h, H5Gclose(h->group));
    H5Pclose(h->plist);
    H5Sclose(h->space);
    H5Tclose(h->quality);
    H5Tclose(h->text);
    if (h->file >= 0)
        done(h, H5Fclose(h->file));
}

int lab_export_hdf5(struct lab_job *job, struct lec_err *err)
{
    struct hdf h = {.job = job, .file = -1, .group = -1};
    struct gaps gaps = {.table.set = -1, .type = -1};
    int rc = 0;
    H5dont_atexit();                       /* after a failed write (a full disk) it would crash there */
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL); /* failures are told by us */
    errno = 0;
    open_all(&h);
    if (!h.failed) {
        lab_header_run(job->info, false, tell, &h);
        put_text(&h, h.group, "metadata", job->info->metadata);
        put_text(&h, h.group, "definition", job->info->definition);
        open_gaps(&h, &gaps);
        if (job->request->shape == LAB_LONG)
            for (size_t i = 0; rc == 0 && i < job->selection.n; i++)
                rc = put_channel(&h, &gaps, job->selection.at[i], err);
        else
            rc = put_wide(&h, &gaps, err);
        put_marks(&h);
        close_gaps(&h, &gaps);
    }
    close_all(&h);
    int why = errno;
    if (!h.failed)
        H5close();
    if (rc == 0 && h.failed)
        rc = why == ENOSPC || why == EDQUOT ? lec_fail(err, LEC_E_BUSY, "%s: no room on the disk", job->out.path)
                                            : lec_fail(err, LEC_E_CONFIG, "%s: HDF5 cannot write it", job->out.part);
    return rc;
}
