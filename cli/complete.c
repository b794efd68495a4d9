/* lectern complete N WORD...: what may stand in place of word N, one a line. The shell's completion calls it, so that it
 * knows no command by itself. Asks the room for names, with little patience and no complaints. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "lectern/parse.h"
#include "user.h"

#define PATIENCE_MS 700

struct place {
    struct cli *cli;
    const char *prefix;  /* what is typed of the word already */
    const char *subject; /* the command's first argument, "" if it is not typed yet */
};

static void offer(const struct place *p, const char *word)
{
    if (word[0] != '\0' && strncmp(word, p->prefix, strlen(p->prefix)) == 0)
        out("%s\n", word);
}

static json_t *ask(const struct place *p, const char *method, json_t *params)
{
    json_t *result;
    if (!cli_connect_quietly(p->cli)) {
        json_decref(params);
        return NULL;
    }
    return lec_bus_call(p->cli->bus, method, params, PATIENCE_MS, &result, NULL, NULL) == 0 ? result : NULL;
}

static void offer_names(const struct place *p, const char *method, const char *list, const char *key)
{
    json_t *result = ask(p, method, NULL);
    const json_t *rows = json_object_get(result, list);
    for (size_t i = 0; i < json_array_size(rows); i++)
        offer(p, text_of(json_array_get(rows, i), key));
    json_decref(result);
}

/* Devices first; the points of one when its name is typed. */
static void offer_targets(const struct place *p, bool settable, bool devices_too)
{
    const char *dot = strchr(p->prefix, '.');
    char device[64], word[160];
    if (!dot) {
        json_t *result = ask(p, "device.list", NULL);
        const json_t *rows = json_object_get(result, "devices");
        for (size_t i = 0; i < json_array_size(rows); i++) {
            snprintf(word, sizeof word, "%s.", text_of(json_array_get(rows, i), "name"));
            offer(p, word);
            if (devices_too)
                offer(p, text_of(json_array_get(rows, i), "name"));
        }
        json_decref(result);
        return;
    }
    if (!lec_copy_utf8(device, sizeof device, p->prefix, (size_t)(dot - p->prefix)))
        return;
    json_t *result = ask(p, "device.describe", json_pack("{s:s}", "device", device));
    const json_t *points = json_object_get(result, "points");
    for (size_t i = 0; i < json_array_size(points); i++) {
        const json_t *row = json_array_get(points, i);
        if (settable && strcmp(text_of(row, "access"), "read") == 0)
            continue;
        snprintf(word, sizeof word, "%s.%s", device, text_of(row, "name"));
        offer(p, word);
    }
    json_decref(result);
}

static void offer_choices(const struct place *p, const char *target)
{
    const char *dot = strchr(target, '.');
    char device[64];
    if (!dot || !lec_copy_utf8(device, sizeof device, target, (size_t)(dot - target)))
        return;
    json_t *result = ask(p, "device.describe", json_pack("{s:s}", "device", device));
    const json_t *row = row_named(json_object_get(result, "points"), dot + 1);
    const json_t *choices = json_object_get(row, "settable");
    if (json_array_size(choices) == 0)
        choices = json_object_get(row, "choices");
    for (size_t i = 0; i < json_array_size(choices); i++)
        offer(p, json_string_value(json_array_get(choices, i)) ? json_string_value(json_array_get(choices, i)) : "");
    if (strcmp(text_of(row, "type"), "bool") == 0) {
        offer(p, "true");
        offer(p, "false");
    }
    json_decref(result);
}

/* "class=" for each field of the experiment that was named; without `fields`: its channels that are typed in. */
static void offer_assignments(const struct place *p, bool fields)
{
    json_t *result = ask(p, "experiment.list", NULL);
    const json_t *rows = json_object_get(result, "experiments");
    char word[160];
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *e = json_array_get(rows, i);
        const json_t *list = json_object_get(e, fields ? "fields" : "channels");
        if (strcmp(text_of(e, "experiment"), p->subject) != 0 && (fields || text_of(e, "run")[0] == '\0'))
            continue;
        for (size_t k = 0; k < json_array_size(list); k++) {
            const json_t *row = json_array_get(list, k);
            if (!fields && strcmp(text_of(row, "kind"), "manual") != 0)
                continue;
            snprintf(word, sizeof word, "%s=", text_of(row, fields ? "field" : "channel"));
            offer(p, word);
        }
    }
    json_decref(result);
}

static void offer_all(const struct place *p, const char *const words[], size_t n)
{
    for (size_t i = 0; i < n; i++)
        offer(p, words[i]);
}

static void offer_person(void *ctx, const struct lec_person *person)
{
    offer(ctx, person->name);
}

static void offer_people(struct place *p)
{
    struct lec_people *people;
    if (!user_open_quietly(p->cli, &people))
        return;
    lec_people_each(people, offer_person, p, NULL);
    lec_people_close(&people);
}

static void offer_rooms(const struct place *p)
{
    struct lec_room_found found[64];
    int n = lec_bus_rooms(found, ARRAY_LEN(found), NULL, 0, NULL);
    for (int i = 0; i < n; i++)
        offer(p, found[i].name);
}

static void offer_word(struct place *p, enum word_kind kind, const char *before)
{
    static const char *const kinds[] = {"start", "stop",  "command", "state", "scene",     "step",  "event", "config",
                                        "clock", "limit", "run",     "alarm", "timetable", "login", "help"};
    static const char *const roles[] = {"viewer", "teacher", "lab", "facilities", "admin"};
    static const char *const formats[] = {"csv", "csv-vi", "xlsx", "hdf5", "jsonl"};
    static const char *const shapes[] = {"long", "nearest", "linear"};
    switch (kind) {
    case WORD_DEVICE:
        offer_names(p, "device.list", "devices", "name");
        break;
    case WORD_TARGET:
        offer_targets(p, false, false);
        break;
    case WORD_READABLE:
        offer_targets(p, false, true);
        break;
    case WORD_SETTABLE:
        offer_targets(p, true, false);
        break;
    case WORD_CHOICE:
        offer_choices(p, before);
        break;
    case WORD_SCENE:
        offer_names(p, "scene.list", "scenes", "name");
        break;
    case WORD_RUN:
        offer_names(p, "scene.list", "scenes", "run");
        offer_names(p, "scene.list", "scenes", "name");
        break;
    case WORD_EXPERIMENT:
        offer_names(p, "experiment.list", "experiments", "experiment");
        break;
    case WORD_RECORDING:
        offer_names(p, "run.list", "runs", "run");
        break;
    case WORD_FIELD:
        offer_assignments(p, true);
        break;
    case WORD_CHANNEL:
        offer_assignments(p, false);
        break;
    case WORD_FORMAT:
        offer_all(p, formats, ARRAY_LEN(formats));
        break;
    case WORD_SHAPE:
        offer_all(p, shapes, ARRAY_LEN(shapes));
        break;
    case WORD_ROOM:
        offer_rooms(p);
        break;
    case WORD_DRIVER:
        offer_names(p, "driver.list", "drivers", "name");
        break;
    case WORD_LINE:
        offer_names(p, "system.health", "lines", "line");
        break;
    case WORD_KIND:
        offer_all(p, kinds, ARRAY_LEN(kinds));
        break;
    case WORD_PERSON:
        offer_people(p);
        break;
    case WORD_ROLE:
        offer_all(p, roles, ARRAY_LEN(roles));
        break;
    case WORD_FILE:
        out("\x3a"
            "files\n"); /* the shell knows files better */
        break;
    case WORD_ALARM:
        offer_names(p, "alarm.list", "rules", "alarm");
        break;
    case WORD_NONE:
        break;
    }
}

static void offer_commands(const struct place *p, const char *first)
{
    char last[32] = "";
    for (const struct command *c = commands; c->name; c++) {
        size_t n = strcspn(c->name, " ");
        if (!c->usage)
            continue;
        if (first && strncmp(c->name, first, n) == 0 && first[n] == '\0' && c->name[n] == ' ') {
            offer(p, c->name + n + 1);
        } else if (!first) {
            char word[sizeof last];
            snprintf(word, sizeof word, "%.*s", (int)n, c->name);
            if (strcmp(word, last) != 0)
                offer(p, word);
            memcpy(last, word, sizeof last);
        }
    }
}

static void offer_options(const struct place *p, const struct option_row *rows)
{
    char word[64];
    for (; rows && rows->name; rows++) {
        snprintf(word, sizeof word, "--%s", rows->name);
        offer(p, word);
    }
}

static const struct option_row *option_in(const struct option_row *rows, const char *word)
{
    for (; rows && rows->name; rows++)
        if ((word[1] == '-' && strcmp(word + 2, rows->name) == 0) ||
            (word[1] == rows->letter && rows->letter && word[2] == '\0'))
            return rows;
    return NULL;
}

int cmd_complete(struct cli *cli)
{
    int64_t at;
    if (cli->argc < 1 || lec_parse_int(cli->argv[0], 1, 1000, &at) < 0)
        return EXIT_USAGE;
    char **words = cli->argv + 1;
    int n = cli->argc - 1;
    struct place p = {.cli = cli, .prefix = at < n ? words[at] : "", .subject = ""};
    const struct command *command = NULL;
    const struct option_row *pending = NULL; /* an option whose value comes next */
    const char *first = NULL, *before = "";
    int args = 0;
    for (int i = 1; i < n && i < at; i++) {
        if (pending) {
            if (strcmp(pending->name, "room") == 0)
                cli->room = words[i];
            pending = NULL;
        } else if (words[i][0] == '-' && words[i][1] != '\0') {
            const struct option_row *row = option_in(global_options, words[i]);
            if (!row && command)
                row = option_in(command->options, words[i]);
            pending = row && row->value ? row : NULL;
        } else if (!command) {
            int taken;
            command = first ? command_find(first, words[i], &taken) : command_find(words[i], NULL, &taken);
            if (!command && first)
                return EXIT_OK;
            first = words[i];
        } else {
            int taken;
            const struct command *longer = args == 0 ? command_find(first, words[i], &taken) : NULL;
            if (longer && taken == 2 && longer != command) { /* "timetable" is a command, "timetable skip" another */
                command = longer;
                first = words[i];
                continue;
            }
            before = words[i];
            if (args++ == 0)
                p.subject = before;
        }
    }
    if (pending) {
        offer_word(&p, pending->word, before);
    } else if (p.prefix[0] == '-') {
        offer_options(&p, command ? command->options : NULL);
        offer_options(&p, global_options);
    } else if (!command) {
        offer_commands(&p, first);
    } else if (command->max_args < 0 || args < command->max_args) {
        if (args == 0 && first)
            offer_commands(&p, first);
        int k = args < COMMAND_WORDS ? args : COMMAND_WORDS - 1;
        while (k > 0 && command->words[k] == WORD_NONE && command->max_args < 0)
            k--;
        offer_word(&p, command->words[k], before);
    }
    return EXIT_OK;
}
