/* lectern run export: a run as a file that other programs read. The room makes it; we fetch it piece by piece, so that
 * it works from another computer as well. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
        if (strcmp(dot, formats[i].ending) == 0)
            return formats[i].format;
    return csv;
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

static int write_piece(struct cli *cli, FILE *to, const char *data, unsigned char *piece, size_t *n)
{
    if (sodium_base642bin(piece, PIECE_SIZE, data, strlen(data), NULL, n, NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
        return cli_fail(cli, EXIT_OURS, "%s",
                        T("phòng gửi một phần tệp hỏng", "the room sent a broken piece of the file"));
    if (fwrite(piece, 1, *n, to) != *n)
        return cli_fail(cli, EXIT_NOT_DONE, T("không ghi được: %s", "cannot write: %s"), strerror(errno));
    return EXIT_OK;
}

/* Fetches all pieces of the room's file. */
static int fetch(struct cli *cli, const char *name, FILE *to)
{
    unsigned char *piece = malloc(PIECE_SIZE);
    int code = piece ? EXIT_OK : cli_fail(cli, EXIT_OURS, "%s", T("hết bộ nhớ", "out of memory"));
    bool more = true;
    for (json_int_t offset = 0; code == EXIT_OK && more;) {
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
    return code;
}

/* Into FILE.part first, so that a file under its own name is whole. */
static int save(struct cli *cli, const char *name, const char *file)
{
    char part[4096];
    if (strcmp(file, "-") == 0) {
        int code = fetch(cli, name, stdout);
        return code == EXIT_OK && fflush(stdout) != 0 ? EXIT_NOT_DONE : code;
    }
    if (snprintf(part, sizeof part, "%s.part", file) >= (int)sizeof part)
        return cli_fail(cli, EXIT_USAGE, "%s", T("tên tệp quá dài", "the file's name is too long"));
    FILE *to = fopen(part, "we");
    if (!to)
        return cli_fail(cli, EXIT_NOT_DONE, T("không tạo được %s: %s", "cannot make %s: %s"), part, strerror(errno));
    int code = fetch(cli, name, to);
    if (fclose(to) != 0 && code == EXIT_OK)
        code = cli_fail(cli, EXIT_NOT_DONE, T("không ghi được %s: %s", "cannot write %s: %s"), part, strerror(errno));
    if (code == EXIT_OK && rename(part, file) < 0)
        code = cli_fail(cli, EXIT_NOT_DONE, T("không đặt được tên %s: %s", "cannot name it %s: %s"), file,
                        strerror(errno));
    if (code != EXIT_OK)
        unlink(part);
    return code;
}

int cmd_run_export(struct cli *cli)
{
    const char *file = cli_option(cli, "output");
    struct stat there;
    json_t *result;
    if (file && strcmp(file, "-") != 0 && !cli_option(cli, "force") && stat(file, &there) == 0)
        return cli_fail(cli, EXIT_USAGE,
                        T("%s đã có; thêm --force để ghi đè", "%s exists; add --force to write over it"), file);
    int code = ask(cli, file, &result);
    if (code != EXIT_OK)
        return code;
    const char *proposed = text_of(result, "name");
    if (!file) { /* the room's proposal, but no path */
        file = strrchr(proposed, '/') ? strrchr(proposed, '/') + 1 : proposed;
        if (!*file || *file == '.')
            file = "run.csv";
        if (!cli_option(cli, "force") && stat(file, &there) == 0) {
            code = cli_fail(cli, EXIT_USAGE,
                            T("%s đã có; thêm --force để ghi đè, hoặc -o TÊN", "%s exists; add --force, or -o NAME"),
                            file);
            json_decref(result);
            return code;
        }
    }
    code = save(cli, text_of(result, "file"), file);
    if (code == EXIT_OK && strcmp(file, "-") != 0) {
        if (cli->json)
            out_json(result);
        else
            out(T("đã xuất: %s (%lld byte)\n", "exported: %s (%lld bytes)\n"), file,
                (long long)int_of(result, "bytes", 0));
    }
    json_decref(result);
    return code;
}
