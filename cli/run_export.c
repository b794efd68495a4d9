/* lectern run export: a run as a file that other programs read. The room makes it; we fetch it piece by piece, so that
 * it works from another computer as well. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "lectern/parse.h"
#include "recording.h"

#define EXPORT_MS  (10 * 60 * 1000) /* a long run as a spreadsheet takes its time */
#define PIECE_SIZE (768u * 1024)    /* one piece, decoded; the room sends at most 512 KiB */

static const struct {
    const char *format, *ending;
} formats[] = {{"csv", ".csv"}, {"csv-vi", ".csv"}, {"xlsx", ".xlsx"}, {"hdf5", ".h5"}, {"jsonl", ".jsonl"}};

/* What was said, else what the file's ending says, else the spreadsheet of the person's language. */
static const char *format_for(const struct cli *cli, const char *file)
{
    const char *said = cli_option(cli, "format"), *dot = file ? strrchr(file, '.') : NULL;
    const char *csv = lang_is_vi() ? "csv-vi" : "csv";
    if (said)
        return said;
    for (size_t i = 2; dot && i < ARRAY_LEN(formats); i++)
        if (strcasecmp(dot, formats[i].ending) == 0)
            return formats[i].format;
    return csv;
}

/* The room's proposal, as far as it is a plain name: another's words choose no folder and hide nothing. */
static const char *plain_name(const struct cli *cli, const char *proposed)
{
    static char own[16];
    if (proposed[0] != '\0' && proposed[0] != '.' && proposed[0] != '-' && !strchr(proposed, '/') &&
        strlen(proposed) < 200 && lec_is_utf8(proposed, strlen(proposed)))
        return proposed;
    const char *ending = ".csv";
    for (size_t i = 0; i < ARRAY_LEN(formats); i++)
        if (strcmp(formats[i].format, format_for(cli, NULL)) == 0)
            ending = formats[i].ending;
    snprintf(own, sizeof own, "run%s", ending);
    return own;
}

/* A comma list as an array. */
static json_t *names(const char *list)
{
    json_t *array = json_array();
    while (*list) {
        size_t n = strcspn(list, ",");
        if (n > 0)
            json_array_append_new(array, json_stringn(list, n));
        list += n + (list[n] == ',');
    }
    return array;
}

static int number(const struct cli *cli, const char *name, json_t *params)
{
    const char *text = cli_option(cli, name);
    double value;
    if (!text)
        return EXIT_OK;
    if (lec_parse_float(text, &value) < 0)
        return cli_fail(cli, EXIT_USAGE, T("--%s: \"%s\" phải là số giây", "--%s: \"%s\" must be a number of seconds"),
                        name, text);
    json_object_set_new(params, name, json_real(value));
    return EXIT_OK;
}

static int ask(struct cli *cli, const char *file, json_t **result)
{
    json_t *params = json_pack("{s:s, s:s}", "run", cli->argv[0], "format", format_for(cli, file));
    const char *shape = cli_option(cli, "shape"), *channels = cli_option(cli, "channels");
    if (lang_is_vi() && strcmp(format_for(cli, file), "xlsx") == 0)
        json_object_set_new(params, "lang", json_string("vi")); /* its headings; other formats are read by programs */
    if (shape)
        json_object_set_new(params, "shape", json_string(shape));
    if (channels)
        json_object_set_new(params, "channels", names(channels));
    if (cli_option(cli, "raw"))
        json_object_set_new(params, "raw", json_true());
    int code = number(cli, "from", params);
    if (code == EXIT_OK)
        code = number(cli, "to", params);
    if (code != EXIT_OK) {
        json_decref(params);
        return code;
    }
    return cli_call(cli, "run.export", params, cli_patience(cli, EXPORT_MS), result);
}

/* Where it goes: FILE.part first, so that a file under its own name is whole. */
struct target {
    char file[4096], part[4096 + 8]; /* file "-": standard output; "": not known yet */
    FILE *to;
};

static int open_part(struct cli *cli, struct target *t)
{
    struct stat there;
    if (strcmp(t->file, "-") == 0) {
        t->to = stdout;
        return EXIT_OK;
    }
    if (!cli_option(cli, "force") && stat(t->file, &there) == 0)
        return cli_fail(cli, EXIT_USAGE,
                        T("%s đã có; thêm --force để ghi đè, hoặc -o TÊN", "%s exists; add --force, or -o NAME"),
                        t->file);
    snprintf(t->part, sizeof t->part, "%s.part", t->file);
    t->to = fopen(t->part, "we");
    if (!t->to)
        return cli_fail(cli, EXIT_NOT_DONE, T("không tạo được %s: %s", "cannot make %s: %s"), t->part, strerror(errno));
    return EXIT_OK;
}

/* Sets the file's name: what was said, in the folder that was said, or `proposed` (NULL: not known yet). */
static int choose_file(struct cli *cli, struct target *t, const char *proposed)
{
    const char *said = cli_option(cli, "output");
    struct stat there;
    bool folder = said && strcmp(said, "-") != 0 && stat(said, &there) == 0 && S_ISDIR(there.st_mode);
    const char *name = said && !folder ? said : proposed;
    if (!name) {
        const char *where = folder ? said : ".";
        if (access(where, W_OK) < 0)
            return cli_fail(cli, EXIT_NOT_DONE, T("không ghi được vào %s: %s", "cannot write into %s: %s"), where,
                            strerror(errno));
        return EXIT_OK;
    }
    int n = snprintf(t->file, sizeof t->file, "%s%s%s", folder ? said : "", folder ? "/" : "", name);
    if (n >= (int)sizeof t->file)
        return cli_fail(cli, EXIT_USAGE, "%s", T("tên tệp quá dài", "the file's name is too long"));
    return open_part(cli, t);
}

static int cannot_write(struct cli *cli)
{
    return cli_fail(cli, EXIT_NOT_DONE, T("không ghi được: %s", "cannot write: %s"), strerror(errno));
}

static int write_piece(struct cli *cli, FILE *to, const char *data, unsigned char *piece, size_t *n)
{
    if (sodium_base642bin(piece, PIECE_SIZE, data, strlen(data), NULL, n, NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
        return cli_fail(cli, EXIT_OURS, "%s",
                        T("phòng gửi một phần tệp hỏng", "the room sent a broken piece of the file"));
    return fwrite(piece, 1, *n, to) == *n ? EXIT_OK : cannot_write(cli);
}

/* Fetches all pieces of the room's file, which has `bytes` bytes (negative: not said). */
static int fetch(struct cli *cli, const char *name, int64_t bytes, FILE *to)
{
    unsigned char *piece = malloc(PIECE_SIZE);
    int code = piece ? EXIT_OK : cli_fail(cli, EXIT_OURS, "%s", T("hết bộ nhớ", "out of memory"));
    json_int_t offset = 0;
    for (bool more = true; code == EXIT_OK && more;) {
        json_t *result;
        size_t n = 0;
        code = cli_call(cli, "run.fetch", json_pack("{s:s, s:I}", "file", name, "offset", offset), 0, &result);
        if (code != EXIT_OK)
            break;
        code = write_piece(cli, to, text_of(result, "data"), piece, &n);
        more = json_is_true(json_object_get(result, "more"));
        offset += (json_int_t)n;
        if (code == EXIT_OK && more && n == 0)
            code = cli_fail(cli, EXIT_OURS, "%s", T("phòng gửi một phần rỗng", "the room sent an empty piece"));
        json_decref(result);
    }
    free(piece);
    if (code == EXIT_OK && bytes >= 0 && offset != (json_int_t)bytes)
        code = cli_fail(cli, EXIT_OURS,
                        T("phòng hứa %lld byte nhưng gửi %lld", "the room promised %lld bytes and sent %lld"),
                        (long long)bytes, (long long)offset);
    return code;
}

/* Ends the writing; the file gets its name if all went well. Returns the exit code. */
static int finish(struct cli *cli, struct target *t, int code)
{
    if (!t->to)
        return code;
    if (t->to == stdout)
        return fflush(stdout) != 0 && code == EXIT_OK ? cannot_write(cli) : code;
    if (fclose(t->to) != 0 && code == EXIT_OK)
        code = cannot_write(cli);
    if (code == EXIT_OK && rename(t->part, t->file) < 0)
        code = cli_fail(cli, EXIT_NOT_DONE, T("không đặt được tên %s: %s", "cannot name it %s: %s"), t->file,
                        strerror(errno));
    if (code != EXIT_OK)
        unlink(t->part);
    return code;
}

/* The file is opened before the room is asked where its name is known: an export that nobody could keep must not count
 * as one. */
int cmd_run_export(struct cli *cli)
{
    struct target t = {0};
    json_t *result = NULL;
    int code = choose_file(cli, &t, NULL);
    if (code == EXIT_OK)
        code = ask(cli, t.file, &result);
    if (code == EXIT_OK && !t.to)
        code = choose_file(cli, &t, plain_name(cli, text_of(result, "name")));
    if (code == EXIT_OK)
        code = fetch(cli, text_of(result, "file"), int_of(result, "bytes", -1), t.to);
    bool to_stdout = t.to == stdout;
    code = finish(cli, &t, code);
    if (code == EXIT_OK && !to_stdout && cli->json) {
        json_object_set_new(result, "saved", json_string(t.file));
        out_json(result);
    } else if (code == EXIT_OK && !to_stdout) {
        out(T("đã xuất: %s (%lld byte)\n", "exported: %s (%lld bytes)\n"), t.file,
            (long long)int_of(result, "bytes", 0));
    }
    json_decref(result);
    return code;
}
