#include "store/store_impl.h"

#include <stdlib.h>
#include <string.h>

#include "lectern/member.h"

/* One answer; a reader that wants more asks again from where it ends. */
#define ANSWER_BYTES (1024u * 1024u)
#define SLICE_NS     (4 * LEC_MS)
#define SLICE_ROWS   4096

struct store_scan {
    uint64_t after, before;              /* what is left to look at, both exclusive */
    struct lec_buf rows;                 /* the entries found, as JSON, one after the other */
    size_t at[LEC_JOURNAL_READ_MAX + 1]; /* where each begins, and where the last one ends */
    unsigned n;
    bool full;
    int64_t until; /* end of the slice */
};

void store_json_entry(struct lec_buf *b, const struct store_row *row)
{
    lec_buf_putc(b, '{');
    lec_member_int(b, "time", row->time_us);
    lec_member_int(b, "journal", (int64_t)row->number);
    lec_member_str(b, "kind", row->kind);
    lec_member_str_if_any(b, "device", row->device);
    lec_member_str_if_any(b, "name", row->name);
    lec_member_str_if_any(b, "principal", row->principal);
    lec_json_key(b, "data");
    lec_buf_puts(b, row->data[0] ? row->data : "{}");
    lec_buf_putc(b, '}');
}

void store_scan_begin(struct store_item *item, uint64_t last)
{
    struct store_scan *scan = item->scan = calloc(1, sizeof *scan);
    if (!scan)
        return;
    const struct lec_journal_query *q = &item->query;
    scan->after = q->after;
    scan->before = q->before != 0 && q->before <= last ? q->before : last + 1;
    lec_buf_init(&scan->rows, ANSWER_BYTES);
}

static bool wanted(const char *pattern, const char *text)
{
    return pattern[0] == '\0' || strcmp(pattern, text) == 0;
}

static bool take_row(void *ctx, const struct store_row *row)
{
    struct store_item *item = ctx;
    struct store_scan *scan = item->scan;
    if (wanted(item->text[0], row->kind) && wanted(item->text[1], row->device)) {
        size_t before = scan->rows.len;
        store_json_entry(&scan->rows, row);
        if (scan->rows.failed) { /* this one does not fit any more: the answer ends before it */
            scan->rows.len = before;
            scan->full = true;
            return false;
        }
        scan->at[++scan->n] = scan->rows.len;
        scan->full = scan->n >= item->query.limit;
    }
    if (item->query.newest)
        scan->before = row->number;
    else
        scan->after = row->number;
    return !scan->full && lec_now() < scan->until;
}

static char *answer(const struct store_item *item, const struct store_db *db)
{
    const struct store_scan *scan = item->scan;
    struct lec_buf b;
    lec_buf_init(&b, ANSWER_BYTES + 64 * 1024);
    lec_buf_puts(&b, "{\"entries\":[");
    for (unsigned i = 0; i < scan->n; i++) {
        unsigned k = item->query.newest ? scan->n - 1 - i : i;
        if (i > 0)
            lec_buf_putc(&b, ',');
        lec_buf_put(&b, scan->rows.data + scan->at[k], scan->at[k + 1] - scan->at[k]);
    }
    lec_buf_putc(&b, ']');
    lec_member_int(&b, "first", (int64_t)store_db_first(db));
    lec_member_int(&b, "last", (int64_t)store_db_last(db));
    lec_buf_putc(&b, '}');
    if (!b.failed)
        return b.data;
    lec_buf_done(&b);
    return NULL;
}

int store_scan_slice(struct store_item *item, struct store_db *db, char **json, struct lec_err *err)
{
    struct store_scan *scan = item->scan;
    scan->until = lec_now() + SLICE_NS;
    int seen = store_db_scan(db, scan->after, scan->before, item->query.newest, SLICE_ROWS, take_row, item, err);
    if (seen < 0)
        return seen;
    if (!scan->full && seen > 0)
        return 0; /* there may be more; a scan that sees no row has come to the end */
    *json = answer(item, db);
    return *json ? 1 : lec_fail(err, LEC_E_NOMEM, "out of memory");
}

void store_scan_end(struct store_item *item)
{
    if (item->scan)
        lec_buf_done(&item->scan->rows);
    free(item->scan);
    item->scan = NULL;
}
