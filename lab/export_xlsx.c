/* XLSX: sheets Data (Data-2, ... when there are more rows than a sheet takes), Channels, Marks and Run. Times are cells that a
 * spreadsheet can calculate with, in local time. libxlsxwriter in its mode of constant memory writes rows as they come and
 * numbers with 16 digits, so that the last bit of a float64 can differ; csv, hdf5 and jsonl are exact. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <xlsxwriter.h>

#include "export.h"
#include "header.h"
#include "number.h"

#define SHEET_ROWS 1048576u
#define CELL_MAX   32767 /* bytes of a cell's text; the format allows as many characters */

struct book {
    struct lab_job *job;
    lxw_workbook *file;
    lxw_worksheet *sheet; /* that rows go to */
    lxw_format *when, *bold;
    uint32_t row; /* the next of `sheet` */
    unsigned n_data;
    uint64_t bytes; /* of all sheets' rows */
    struct lab_clock clock;
    struct lec_buf text;
    int failed; /* the first lxw_error */
    bool vi;
    uint16_t columns;
};

static void check(struct book *b, lxw_error rc)
{
    if (rc != LXW_NO_ERROR && b->failed == 0)
        b->failed = (int)rc;
}

static void put_text(struct book *b, uint32_t row, uint16_t column, const char *text, lxw_format *format)
{
    lec_buf_clear(&b->text);
    lab_clean(&b->text, text);
    if (b->text.len > 0)
        check(b, worksheet_write_string(b->sheet, row, column, b->text.data, format));
}

static void put_number(struct book *b, uint32_t row, uint16_t column, double v)
{
    if (isfinite(v))
        check(b, worksheet_write_number(b->sheet, row, column, v, NULL));
}

static void put_when(struct book *b, uint32_t row, uint16_t column, int64_t us)
{
    int64_t local;
    if (lab_local(&b->clock, us, &local))
        check(b, worksheet_write_number(b->sheet, row, column, (double)local / 86400e6 + 25569, b->when));
}

static void new_sheet(struct book *b, const char *name)
{
    b->sheet = workbook_add_worksheet(b->file, name);
    b->row = 0;
    if (!b->sheet)
        b->failed = LXW_ERROR_MEMORY_MALLOC_FAILED;
}

/* ---- Data --------------------------------------------------------------------------------------------------- */

static void head_long(struct book *b)
{
    static const char *const names[] = {"t_s", "time", "channel", "value", "unit", "quality", "lost", "raw"};
    b->columns = b->job->request->raw ? 8 : 7;
    for (uint16_t i = 0; i < b->columns; i++)
        put_text(b, 0, i, names[i], b->bold);
}

static void head_wide(struct book *b)
{
    uint16_t at = 0;
    put_text(b, 0, at++, "t_s", b->bold);
    put_text(b, 0, at++, "time", b->bold);
    for (size_t i = 0; i < b->job->selection.n; i++) {
        const struct lec_run_channel *c = &b->job->info->channels[b->job->selection.at[i]];
        char name[128];
        snprintf(name, sizeof name, c->unit[0] ? "%s (%s)" : "%s", c->name, c->unit);
        put_text(b, 0, at++, name, b->bold);
        snprintf(name, sizeof name, "%s_raw", c->name);
        if (lab_job_raw(b->job, i))
            put_text(b, 0, at++, name, b->bold);
    }
    put_text(b, 0, at++, "quality", b->bold);
    b->columns = at;
}

/* Makes sure that there is a sheet with room for one more row. */
static void next_row(struct book *b)
{
    if (b->sheet && b->row < SHEET_ROWS)
        return;
    char name[16] = "Data";
    if (b->n_data++ > 0)
        snprintf(name, sizeof name, "Data-%u", b->n_data);
    new_sheet(b, name);
    if (!b->sheet)
        return;
    check(b, worksheet_set_column(b->sheet, 1, 1, 24, NULL));
    if (b->job->request->shape == LAB_LONG)
        head_long(b);
    else
        head_wide(b);
    worksheet_freeze_panes(b->sheet, 1, 0);
    b->row = 1;
}

static int put_long(struct book *b, struct lab_rows *rows, struct lec_err *err)
{
    const struct lec_run_info *info = b->job->info;
    struct lab_row row;
    int rc;
    while (b->failed == 0 && (rc = lab_rows_next(rows, &row, err)) != 0) {
        if (rc < 0)
            return rc;
        next_row(b);
        if (b->failed)
            break;
        const struct lab_sample *s = &row.sample;
        const struct lec_run_channel *c = &info->channels[b->job->selection.at[row.column]];
        put_number(b, b->row, 0, (double)(row.gap ? s->gap_ns : s->t_ns) / 1e9);
        put_when(b, b->row, 1, row.gap ? s->gap_wall_us : s->wall_us);
        put_text(b, b->row, 2, c->name, NULL);
        if (!row.gap)
            put_number(b, b->row, 3, s->value);
        put_text(b, b->row, 4, c->unit, NULL);
        put_text(b, b->row, 5, row.gap ? "gap" : lab_quality(s->flags, s->value), NULL);
        if (row.gap)
            put_number(b, b->row, 6, (double)s->lost);
        else if (b->job->request->raw)
            put_number(b, b->row, 7, s->raw);
        b->row++;
        b->job->rows++;
        b->job->values += row.gap ? 0 : 1;
    }
    return 0;
}

static int put_wide(struct book *b, struct lab_rows *rows, struct lec_err *err)
{
    struct lab_wide row;
    int rc;
    while (b->failed == 0 && (rc = lab_rows_wide(rows, &row, err)) != 0) {
        if (rc < 0)
            return rc;
        next_row(b);
        if (b->failed)
            break;
        uint16_t at = 0;
        put_number(b, b->row, at++, (double)row.t_ns / 1e9);
        put_when(b, b->row, at++, row.wall_us);
        for (size_t i = 0; i < b->job->selection.n; i++) {
            put_number(b, b->row, at++, row.value[i]);
            if (lab_job_raw(b->job, i))
                put_number(b, b->row, at++, row.raw[i]);
            b->job->values += isnan(row.value[i]) ? 0 : 1;
        }
        put_text(b, b->row, at, row.quality, NULL);
        b->row++;
        b->job->rows++;
    }
    return 0;
}

/* ---- The other sheets --------------------------------------------------------------------------------------- */

static void put_channels(struct book *b)
{
    const struct lec_run_info *info = b->job->info;
    struct lec_buf value;
    lec_buf_init(&value, CELL_MAX);
    new_sheet(b, "Channels");
    if (b->failed)
        return;
    put_text(b, 0, 0, b->vi ? "kênh" : "channel", b->bold);
    for (uint16_t f = 0; f < LAB_CHANNEL_FIELDS; f++)
        put_text(b, 0, (uint16_t)(f + 1), lab_channel_key(f, b->vi), b->bold);
    for (uint32_t i = 0; i < b->job->selection.n; i++) {
        size_t channel = b->job->selection.at[i];
        put_text(b, i + 1, 0, info->channels[channel].name, NULL);
        for (uint16_t f = 0; f < LAB_CHANNEL_FIELDS; f++) {
            lec_buf_clear(&value);
            lab_channel_text(info, channel, f, b->vi, &value);
            if (value.len > 0)
                put_text(b, i + 1, (uint16_t)(f + 1), value.data, NULL);
        }
    }
    lec_buf_done(&value);
}

static void put_marks(struct book *b)
{
    static const char *const en[] = {"t_s", "time", "kind", "channel", "text", "lost", "by"};
    static const char *const vi[] = {"t_s", "thời điểm", "loại", "kênh", "nội dung", "số mẫu mất", "người ghi"};
    const struct lec_run_info *info = b->job->info;
    new_sheet(b, "Marks");
    if (b->failed)
        return;
    for (uint16_t i = 0; i < ARRAY_LEN(en); i++)
        put_text(b, 0, i, b->vi ? vi[i] : en[i], b->bold);
    check(b, worksheet_set_column(b->sheet, 1, 1, 24, NULL));
    for (size_t i = 0; i < info->n_marks && i < SHEET_ROWS - 1; i++) {
        const struct lec_run_mark *m = &info->marks[i];
        uint32_t row = (uint32_t)i + 1;
        put_number(b, row, 0, (double)m->t_ns / 1e9);
        put_when(b, row, 1, lab_wall(info->summary.start_us, m->t_ns, 0));
        put_text(b, row, 2, m->kind, NULL);
        put_text(b, row, 3, m->channel, NULL);
        put_text(b, row, 4, m->text, NULL);
        if (m->lost > 0)
            put_number(b, row, 5, (double)m->lost);
        put_text(b, row, 6, m->by, NULL);
    }
}

static void tell(void *ctx, const char *key, const char *value)
{
    struct book *b = ctx;
    put_text(b, b->row, 0, key, b->bold);
    put_text(b, b->row, 1, value, NULL);
    b->row++;
}

static void put_run(struct book *b)
{
    new_sheet(b, "Run");
    if (b->failed)
        return;
    check(b, worksheet_set_column(b->sheet, 0, 0, 20, NULL));
    check(b, worksheet_set_column(b->sheet, 1, 1, 40, NULL));
    lab_header_run(b->job->info, b->vi, tell, b);
    if (b->job->skipped > 0) {
        put_text(b, b->row, 0, "broken_blocks", b->bold);
        put_number(b, b->row, 1, (double)b->job->skipped);
    }
}

/* The library looks at few of its writes to temporary files: what could not be written, or could not be written when they are put
 * together, is found out before. */
static int check_disk(struct book *b, const char *folder, struct lec_err *err)
{
    uint64_t need = 0;
    lxw_worksheet *sheet;
    STAILQ_FOREACH(sheet, b->file->worksheets, list_pointers)
    {
        long size = sheet->file ? ftell(sheet->file) : 0;
        if (sheet->file && (size < 0 || fflush(sheet->file) != 0 || ferror(sheet->file)))
            return lec_fail(err, LEC_E_BUSY, "%s: no room on the disk", folder);
        need += 2 * (uint64_t)size; /* once more as XML, and packed */
    }
    struct statvfs disk;
    if (statvfs(folder, &disk) == 0 && (uint64_t)disk.f_bavail * disk.f_frsize < need)
        return lec_fail(err, LEC_E_BUSY, "%s: no room on the disk", folder);
    return 0;
}

static int put_all(struct book *b, struct lec_err *err)
{
    struct lab_rows *rows = NULL;
    int rc = lab_rows_open(b->job->runs, b->job->info, &b->job->selection, b->job->request, &rows, err);
    if (rc < 0)
        return rc;
    next_row(b);
    rc = b->job->request->shape == LAB_LONG ? put_long(b, rows, err) : put_wide(b, rows, err);
    b->job->skipped = lab_rows_skipped(rows);
    lab_rows_close(&rows);
    if (rc == 0 && b->failed == 0)
        put_channels(b);
    if (rc == 0 && b->failed == 0)
        put_marks(b);
    if (rc == 0 && b->failed == 0)
        put_run(b);
    return rc;
}

int lab_export_xlsx(struct lab_job *job, struct lec_err *err)
{
    char folder[LAB_PATH_MAX];
    snprintf(folder, sizeof folder, "%s", job->out.path);
    char *slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder] = '\0'; /* the root keeps its own */
    else
        snprintf(folder, sizeof folder, ".");
    lxw_workbook_options options = {.constant_memory = LXW_TRUE, .tmpdir = folder};
    struct book b = {.job = job, .vi = job->request->vi};
    lec_buf_init(&b.text, CELL_MAX);
    b.file = workbook_new_opt(job->out.part, &options);
    if (!b.file)
        return lec_fail(err, LEC_E_NOMEM, "out of memory");
    b.when = workbook_add_format(b.file);
    b.bold = workbook_add_format(b.file);
    format_set_num_format(b.when, "yyyy-mm-dd hh:mm:ss.000");
    format_set_bold(b.bold);
    int rc = put_all(&b, err);
    if (rc == 0 && b.failed == 0)
        rc = check_disk(&b, folder, err);
    errno = 0;
    if (rc < 0 || b.failed) {
        lxw_workbook_free(b.file);
    } else {
        b.failed = (int)workbook_close(b.file);
    }
    lec_buf_done(&b.text);
    if (rc == 0 && b.failed)
        rc = lec_fail(err, errno == ENOSPC ? LEC_E_BUSY : LEC_E_CONFIG, "%s: %s", job->out.part,
                      lxw_strerror((lxw_error)b.failed));
    return rc;
}
