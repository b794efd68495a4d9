/* lectern: the command line for people and scripts. This file reads the arguments and starts the command. */
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "lectern/clock.h"
#include "lectern/parse.h"
#include "lectern/program.h"

enum { GLOBALS = 5, LONGS = GLOBALS + COMMAND_OPTIONS + 1, OF_COMMAND = 256 };

static int suggest(const struct cli *cli, const char *word)
{
    char first[64][24];
    const char *names[64];
    size_t n = 0;
    for (const struct command *c = commands; c->name && n < ARRAY_LEN(names); c++) {
        size_t len = strcspn(c->name, " ");
        if (!c->usage || len >= sizeof first[n] || (n > 0 && strncmp(first[n - 1], c->name, len) == 0))
            continue;
        memcpy(first[n], c->name, len);
        first[n][len] = '\0';
        names[n] = first[n];
        n++;
    }
    const char *near = lec_nearest(word, names, n);
    if (near)
        return cli_fail(cli, EXIT_USAGE,
                        T("không có lệnh \"%s\"; có phải là \"%s\"?", "no command \"%s\"; did you mean \"%s\"?"), word,
                        near);
    return cli_fail(cli, EXIT_USAGE,
                    T("không có lệnh \"%s\"; xem: lectern --help", "no command \"%s\"; see: lectern --help"), word);
}

/* "scene" alone, or "scene strat". */
static int incomplete(const struct cli *cli, const char *first, const char *second)
{
    char list[256] = "";
    const char *names[16];
    size_t n = 0;
    for (const struct command *c = commands; c->name; c++) {
        size_t len = strcspn(c->name, " ");
        if (strncmp(c->name, first, len) != 0 || first[len] != '\0' || n == ARRAY_LEN(names))
            continue;
        names[n++] = c->name + len + 1;
        size_t at = strlen(list);
        snprintf(list + at, sizeof list - at, "%s%s", at ? ", " : "", c->name + len + 1);
    }
    if (n == 0)
        return suggest(cli, first);
    const char *near = second ? lec_nearest(second, names, n) : NULL;
    if (near)
        return cli_fail(cli, EXIT_USAGE,
                        T("không có \"%s %s\"; có phải là \"%s %s\"?", "no \"%s %s\"; did you mean \"%s %s\"?"), first,
                        second, first, near);
    return cli_fail(cli, EXIT_USAGE, T("sau \"%s\" phải là một trong: %s", "after \"%s\" comes one of: %s"), first,
                    list);
}

/* "-12" is a value, not an option: such words are hidden from getopt behind marks, which it may move about. */
static char marks[16][2];
static char *hidden[ARRAY_LEN(marks)];
static size_t n_hidden;

static void hide_numbers(int argc, char **argv)
{
    for (int i = 1; i < argc && n_hidden < ARRAY_LEN(marks) && strcmp(argv[i], "--") != 0; i++) {
        double number;
        if (argv[i][0] != '-' || lec_parse_float(argv[i], &number) < 0)
            continue;
        hidden[n_hidden] = argv[i];
        argv[i] = marks[n_hidden++];
    }
}

static char *shown(char *word)
{
    for (size_t i = 0; i < n_hidden; i++)
        if (word == marks[i])
            return hidden[i];
    return word;
}

static size_t add_long(struct option *longs, char *shorts, size_t size, size_t n, const struct option_row *row,
                       int code)
{
    longs[n] = (struct option){row->name, row->value ? required_argument : no_argument, NULL, code};
    if (row->letter) {
        size_t at = strlen(shorts);
        snprintf(shorts + at, size - at, "%c%s", row->letter, row->value ? ":" : "");
    }
    return n + 1;
}

static int take_global(struct cli *cli, const char *name, const char *value)
{
    if (strcmp(name, "room") == 0) {
        cli->room = value;
    } else if (strcmp(name, "json") == 0) {
        cli->json = true;
    } else if (strcmp(name, "help") == 0) {
        cli->help = true;
    } else if (strcmp(name, "version") == 0) {
        printf("lectern %s\n", lec_version());
        exit(EXIT_OK);
    } else {
        int64_t ns;
        if (lec_parse_duration(value, &ns) < 0 || ns < LEC_MS || ns > 86400 * LEC_SEC)
            return cli_fail(cli, EXIT_USAGE,
                            T("\"%s\" không phải là thời gian; viết như 500ms, 30s, 2min",
                              "\"%s\" is not a time; write it as 500ms, 30s, 2min"),
                            value);
        cli->timeout_ms = (int)(ns / LEC_MS);
    }
    return EXIT_OK;
}

/* Reads the options of argv[1...]: those of `command`, if there is one, and the global ones. Stops at the first
 * argument when there is none. */
static int read_options(struct cli *cli, int argc, char **argv)
{
    struct option longs[LONGS] = {0};
    char shorts[64];
    const struct option_row *rows = cli->command ? cli->command->options : NULL;
    snprintf(shorts, sizeof shorts, "%s:", cli->command ? "" : "+");
    size_t n = 0;
    for (size_t i = 0; rows && i < COMMAND_OPTIONS && rows[i].name; i++)
        n = add_long(longs, shorts, sizeof shorts, n, &rows[i], rows[i].letter ? rows[i].letter : OF_COMMAND + (int)i);
    for (size_t i = 0; i < GLOBALS; i++)
        n = add_long(longs, shorts, sizeof shorts, n, &global_options[i], global_options[i].letter);
    hide_numbers(argc, argv);
    opterr = 0;
    optind = 0;
    for (int c; (c = getopt_long(argc, argv, shorts, longs, NULL)) != -1;) {
        if (c == ':')
            return cli_fail(cli, EXIT_USAGE, T("thiếu giá trị sau %s", "a value is missing behind %s"),
                            argv[optind - 1]);
        bool taken = false;
        for (size_t i = 0; rows && i < COMMAND_OPTIONS && rows[i].name; i++) {
            if (c == (rows[i].letter ? rows[i].letter : OF_COMMAND + (int)i)) {
                cli->values[i] = optarg ? shown(optarg) : "";
                taken = true;
            }
        }
        for (size_t i = 0; !taken && i < GLOBALS; i++) {
            if (c == global_options[i].letter) {
                int code = take_global(cli, global_options[i].name, optarg ? shown(optarg) : NULL);
                if (code != EXIT_OK)
                    return code;
                taken = true;
            }
        }
        if (!taken)
            return cli_fail(cli, EXIT_USAGE,
                            T("không có tùy chọn %s; xem: lectern %s --help", "no option %s; see: lectern %s --help"),
                            argv[optind - 1], cli->command ? cli->command->name : "");
    }
    cli->argc = argc - optind;
    cli->argv = argv + optind;
    for (int i = 0; i < cli->argc; i++)
        cli->argv[i] = shown(cli->argv[i]);
    return EXIT_OK;
}

/* Names and texts go to the room as JSON, which has no other bytes; one that could not be sent must not be left out. */
static int check_texts(const struct cli *cli)
{
    const struct command *c = cli->command;
    const char *wrong = cli->room && !lec_is_utf8(cli->room, strlen(cli->room)) ? cli->room : NULL;
    for (int i = 0; i < cli->argc && c->words[0] != WORD_FILE; i++)
        if (!lec_is_utf8(cli->argv[i], strlen(cli->argv[i])))
            wrong = cli->argv[i];
    for (size_t i = 0; i < COMMAND_OPTIONS && c->options[i].name; i++)
        if (cli->values[i] && c->options[i].word != WORD_FILE && !lec_is_utf8(cli->values[i], strlen(cli->values[i])))
            wrong = cli->values[i];
    return wrong ? cli_fail(cli, EXIT_USAGE,
                            T("\"%s\": phải là chữ UTF-8 trên một dòng", "\"%s\": it must be UTF-8 text on one line"),
                            wrong)
                 : EXIT_OK;
}

static int run(struct cli *cli, int argc, char **argv)
{
    int code = read_options(cli, argc, argv);
    if (code != EXIT_OK)
        return code;
    if (cli->argc == 0) {
        help_all();
        return cli->help ? EXIT_OK : EXIT_USAGE;
    }
    int words;
    const char *first = cli->argv[0], *second = cli->argc > 1 ? cli->argv[1] : NULL;
    cli->command = command_find(first, second, &words);
    if (!cli->command)
        return incomplete(cli, first, second);
    if (cli->command->run == cmd_complete) {
        cli->argc--;
        cli->argv++;
        return cmd_complete(cli);
    }
    code = read_options(cli, cli->argc - words + 1, cli->argv + words - 1);
    if (code != EXIT_OK)
        return code;
    if (cli->help)
        return help_command(cli->command);
    if (cli->argc < cli->command->min_args || (cli->command->max_args >= 0 && cli->argc > cli->command->max_args))
        return cli_fail(cli, EXIT_USAGE, T("dùng: lectern %s %s", "use: lectern %s %s"), cli->command->name,
                        cli->command->usage);
    code = check_texts(cli);
    return code == EXIT_OK ? cli->command->run(cli) : code;
}

int cmd_help(struct cli *cli)
{
    int words;
    if (cli->argc == 0)
        return help_all();
    const struct command *c = command_find(cli->argv[0], cli->argc > 1 ? cli->argv[1] : NULL, &words);
    if (!c || !c->usage)
        return incomplete(cli, cli->argv[0], cli->argc > 1 ? cli->argv[1] : NULL);
    return help_command(c);
}

int main(int argc, char **argv)
{
    struct cli cli = {0};
    lang_choose();
    out_init();
    int code = run(&cli, argc, argv);
    lec_bus_free(&cli.bus);
    if (fflush(stdout) != 0 && code == EXIT_OK)
        code = EXIT_OURS;
    return code;
}
