/* The command line: what every command has at hand. A command is a row of the table in commands.c and a function in
 * the file of its subject; dispatch, help, completion and the manual come from the rows. */
#ifndef LECTERN_CLI_H
#define LECTERN_CLI_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lang.h"
#include "lectern/bus.h"
#include "out.h"

/* How the program ends; the texts are in commands.c. */
enum exit_code {
    EXIT_OK = 0,
    EXIT_NOT_DONE = 1,
    EXIT_USAGE = 2,
    EXIT_UNREACHABLE = 3,
    EXIT_NO_ANSWER = 4,
    EXIT_OURS = 5,
    EXIT_INTERRUPTED = 130,
};

/* What may stand in one place, for completion. */
enum word_kind {
    WORD_NONE,
    WORD_DEVICE,
    WORD_TARGET,   /* device.point */
    WORD_READABLE, /* a device or device.point */
    WORD_SETTABLE, /* device.point that can be written */
    WORD_CHOICE,   /* a value for the target before */
    WORD_SCENE,
    WORD_RUN, /* a scene under way */
    WORD_EXPERIMENT,
    WORD_RECORDING, /* a run of an experiment */
    WORD_FIELD,     /* FIELD= of the experiment before */
    WORD_CHANNEL,   /* CHANNEL= that is typed in, of the experiment before or those under way */
    WORD_FORMAT,    /* of an export */
    WORD_SHAPE,
    WORD_FILE,
    WORD_ROOM,
    WORD_DRIVER,
    WORD_LINE,
    WORD_KIND, /* of journal entries */
    WORD_ALARM,
    WORD_PERSON,
    WORD_ROLE,
};

struct option_row {
    const char *name;    /* "timeout" */
    char letter;         /* 'n', or 0 */
    const char *value;   /* "TIME"; NULL: a flag */
    enum word_kind word; /* what the value may be */
    struct text help;
};

#define COMMAND_OPTIONS 9 /* one row more than any command has */
#define COMMAND_WORDS   3

struct cli;

struct command {
    const char *name;  /* "get", "scene start" */
    const char *usage; /* what follows: "TARGET VALUE" */
    struct text help;  /* one line */
    struct text more;  /* a paragraph; "" if none */
    int (*run)(struct cli *cli);
    int min_args, max_args;              /* max -1: any number */
    enum word_kind words[COMMAND_WORDS]; /* of the arguments; the last that is not NONE stands for all that follow */
    struct option_row options[COMMAND_OPTIONS];
};

struct cli {
    const struct command *command;
    int argc; /* arguments behind the options */
    char **argv;
    bool json;
    bool help;
    const char *room;
    int timeout_ms;                      /* 0: the command's own */
    const char *values[COMMAND_OPTIONS]; /* of the command's options: NULL not given, "" a flag */
    struct lec_bus *bus;                 /* after cli_connect */
    char room_name[64];
};

/* commands.c */
extern const struct command commands[]; /* ends with a row whose name is NULL */
extern const struct option_row global_options[];
const struct command *command_find(const char *name, const char *second, int *words);
/* The value of an option of the command, NULL if not given. */
const char *cli_option(const struct cli *cli, const char *name);
int help_all(void);
int help_command(const struct command *command);

/* room.c: finds the room and opens the bus. Returns EXIT_OK, or an exit code after saying why. */
int cli_connect(struct cli *cli);
/* Only its name, in room_name: one that is named need not run. */
int cli_room(struct cli *cli);
/* Connects without a word, for completion. */
bool cli_connect_quietly(struct cli *cli);

/* fail.c */
/* Says what was wrong, on stderr, or with --json as {"error":...} on stdout, and returns `code`. */
int cli_fail(const struct cli *cli, int code, const char *fmt, ...) LEC_PRINTF(3, 4);
/* The same for a call that failed with `rc`; `error` (may be NULL) is dropped. */
int cli_fail_call(const struct cli *cli, int rc, json_t *error, const struct lec_err *err);
/* What --timeout says, or else this. */
int cli_patience(const struct cli *cli, int otherwise_ms);
/* Calls the room, connecting first if need be. Returns EXIT_OK and the result (owned), or an exit code after saying why.
 * params is taken. timeout_ms 0: the person's --timeout, else 5 s. */
int cli_call(struct cli *cli, const char *method, json_t *params, int timeout_ms, json_t **result);

/* words.c: values, times and verdicts as people read them. `buf` is returned. */
const char *word_verdict(const char *verdict);
const char *word_status(const char *status);
enum style style_verdict(const char *verdict);
enum style style_status(const char *status);
const char *word_quality(const char *quality);
const char *word_value(const json_t *value, char *buf, size_t size);
/* A unit as people write it; lent, maybe `unit` itself. */
const char *word_unit(const char *unit);
/* With its unit, "" for null. */
const char *word_measure(const json_t *value, const char *unit, char *buf, size_t size);
const char *word_span(int64_t ms, char *buf, size_t size);
const char *word_time(int64_t wall_us, char *buf, size_t size);
#define WORD_SIZE 192

/* Lent strings of objects, "" if there is none. */
const char *text_of(const json_t *object, const char *key);
int64_t int_of(const json_t *object, const char *key, int64_t otherwise);

/* signals.c: Ctrl-C as a descriptor for the commands that run until stopped. */
int signal_fd_open(void);
/* Waits for the bus or a signal, at most timeout_ms (-1: for ever), dispatches. Returns false when a signal came. */
bool wait_or_signal(struct lec_bus *bus, int signal_fd, int timeout_ms);

/* describe.c: the description of a device, for set and completion. As cli_call. */
int device_describe(struct cli *cli, const char *device, json_t **result);
/* The row of a list whose "name" is that, or NULL. */
const json_t *row_named(const json_t *list, const char *name);

/* timetable.c: an entry of the journal in one line. */
void timetable_print_entry(const char *name, const json_t *data);

/* The commands. */
int cmd_status(struct cli *cli);
int cmd_get(struct cli *cli);
int cmd_set(struct cli *cli);
int cmd_watch(struct cli *cli);
int cmd_scene_list(struct cli *cli);
int cmd_scene_plan(struct cli *cli);
int cmd_scene_start(struct cli *cli);
int cmd_scene_cancel(struct cli *cli);
int cmd_scene_undo(struct cli *cli);
int cmd_scene_capture(struct cli *cli);
int cmd_scene_show(struct cli *cli);
int cmd_alarm_list(struct cli *cli);
int cmd_alarm_ack(struct cli *cli);
int cmd_alarm_shelve(struct cli *cli);
int cmd_alarm_unshelve(struct cli *cli);
int cmd_experiment_list(struct cli *cli);
int cmd_experiment_start(struct cli *cli);
int cmd_experiment_watch(struct cli *cli);
int cmd_experiment_stop(struct cli *cli);
int cmd_experiment_mark(struct cli *cli);
int cmd_experiment_sample(struct cli *cli);
int cmd_run_list(struct cli *cli);
int cmd_run_show(struct cli *cli);
int cmd_run_export(struct cli *cli);
int cmd_run_delete(struct cli *cli);
int cmd_timetable(struct cli *cli);
int cmd_timetable_extend(struct cli *cli);
int cmd_timetable_skip(struct cli *cli);
int cmd_describe(struct cli *cli);
int cmd_check(struct cli *cli);
int cmd_devices(struct cli *cli);
int cmd_journal(struct cli *cli);
int cmd_doctor(struct cli *cli);
int cmd_reload(struct cli *cli);
int cmd_driver_list(struct cli *cli);
int cmd_driver_search(struct cli *cli);
int cmd_lines(struct cli *cli);
int cmd_invoke(struct cli *cli);
int cmd_user_list(struct cli *cli);
int cmd_user_add(struct cli *cli);
int cmd_user_change(struct cli *cli);
int cmd_user_remove(struct cli *cli);
int cmd_user_pair(struct cli *cli);
int cmd_user_sign_out(struct cli *cli);
int cmd_complete(struct cli *cli);
int cmd_help(struct cli *cli);

#endif
