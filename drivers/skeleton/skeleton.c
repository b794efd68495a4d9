/* skeleton - a complete small driver, to read and to copy; docs/writing-a-driver.md walks through it. It is also of use:
 * it serves Atlas Scientific's EZO probes (pH, oxygen, conductivity) on a serial line.
 *
 * Source: data sheets EZO-pH, EZO-DO and EZO-EC, UART mode. A command ends with CR; the answer is a line for each result
 * and then a code such as *OK. Not covered: changing the baud rate, sleep, several output fields. */
#include <stdio.h>
#include <string.h>

#include "lectern/driver.h"

#define LINE_MAX_BYTES 64 /* the longest line in the data sheets has 40 */
#define LINES_MAX      16 /* before *OK comes; a probe that still runs by itself adds some */

static const struct lec_option point_options[] = {
    {.name = "read", .type = LEC_OPT_TEXT, .required = true, .help = "the command that reads it, \"R\" or \"T,?\""},
    {.name = "write", .type = LEC_OPT_TEXT, .help = "the command that sets it; the value follows after a comma"},
    {0},
};
static const struct lec_option action_options[] = {
    {.name = "send", .type = LEC_OPT_TEXT, .required = true, .help = "the command; arguments follow after commas"},
    {0},
};

/* Sends a command and waits for its code. reply: LINE_MAX_BYTES; the last line before the code, "" if there was none. */
static int ask(struct lec_dev *dev, const char *command, char *reply, struct lec_err *err)
{
    char line[LINE_MAX_BYTES], last[LINE_MAX_BYTES] = "";
    int n = snprintf(line, sizeof line, "%s\r", command);
    if (n < 0 || (size_t)n >= sizeof line)
        return lec_fail(err, LEC_E_RANGE, "\"%s\" is too long for the probe", command);
    lec_line_flush(dev);
    int rc = lec_line_send(dev, line, (size_t)n, err);
    if (rc < 0)
        return rc;
    for (int i = 0; i < LINES_MAX; i++) {
        ssize_t len = lec_line_recv_until(dev, '\r', line, sizeof line, err);
        if (len < 0)
            return lec_because(err, "%s", command);
        if (strcmp(line, "*ER") == 0)
            return lec_fail(err, LEC_E_REFUSED, "the probe does not accept \"%s\"", command);
        if (strcmp(line, "*OK") == 0) {
            memcpy(reply, last, sizeof last);
            return 0;
        }
        if (line[0] != '*') /* *RS, *OV and the like are news, not answers */
            memcpy(last, line, (size_t)len + 1);
    }
    return lec_fail(err, LEC_E_FRAME, "%s: no *OK in %d lines", command, LINES_MAX);
}

/* From the factory a probe sends a reading each second by itself: C,0 ends that, so that we ask and it answers. */
static int skeleton_open(struct lec_dev *dev, struct lec_err *err)
{
    char reply[LINE_MAX_BYTES];
    return ask(dev, "C,0", reply, err);
}

static int read_point(struct lec_dev *dev, const struct lec_point *point, struct lec_err *err)
{
    char reply[LINE_MAX_BYTES];
    double number;
    int rc = ask(dev, lec_key_text(&point->keys, "read", ""), reply, err);
    if (rc < 0)
        return rc;
    const char *text = reply[0] == '?' && strchr(reply, ',') ? strchr(reply, ',') + 1 : reply; /* "?T,19.5" */
    if (lec_parse_float(text, &number) < 0)
        return lec_fail(err, LEC_E_FRAME, "the probe says \"%s\" where a number was expected", text);
    struct lec_value value = lec_float(number);
    lec_dev_publish(dev, point, &value);
    return 0;
}

static int skeleton_poll(struct lec_dev *dev, const struct lec_point *const due[], size_t n, struct lec_err *err)
{
    int rc = 0;
    for (size_t i = 0; i < n && rc == 0; i++)
        rc = read_point(dev, due[i], err);
    return rc;
}

/* "T" and 19.5 become "T,19.5". The framework reads the point again to see whether it came true. */
static int skeleton_write(struct lec_dev *dev, const struct lec_point *point, const struct lec_value *value,
                          struct lec_err *err)
{
    char command[LINE_MAX_BYTES], reply[LINE_MAX_BYTES], text[LEC_TEXT_MAX + 1];
    snprintf(command, sizeof command, "%s,%s", lec_key_text(&point->keys, "write", "T"),
             lec_value_print(value, text, sizeof text));
    return ask(dev, command, reply, err);
}

static int skeleton_invoke(struct lec_dev *dev, const struct lec_action *action, const struct lec_value args[],
                           struct lec_err *err)
{
    char command[LINE_MAX_BYTES], reply[LINE_MAX_BYTES], text[LEC_TEXT_MAX + 1];
    int len = snprintf(command, sizeof command, "%s", lec_key_text(&action->keys, "send", ""));
    for (size_t i = 0; i < action->n_args && len > 0 && (size_t)len < sizeof command; i++)
        len +=
            snprintf(command + len, sizeof command - (size_t)len, ",%s", lec_value_print(&args[i], text, sizeof text));
    return ask(dev, command, reply, err);
}

LEC_DRIVER = {
    LEC_DRIVER_HEAD,
    .schema = {.name = "skeleton",
               .summary = "Skeleton for new drivers; serves Atlas Scientific EZO probes",
               .lines = "serial|pty|tcp",
               .point_options = point_options,
               .action_options = action_options},
    .open = skeleton_open,
    .poll = skeleton_poll,
    .write = skeleton_write,
    .invoke = skeleton_invoke,
};
