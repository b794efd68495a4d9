#include "tables.h"

#include <string.h>

#include "lectern/parse.h"

/* clang-format off */

#define NAMES \
    {"label",    LEC_OPT_TEXT, 0, 0, NULL, NULL, false, "name for people, in Vietnamese"}, \
    {"label.en", LEC_OPT_TEXT, 0, 0, NULL, NULL, false, "the same in English"}

#define END {.name = NULL}

/* The pace of talking to a device: a profile's [line] gives it, a room's [device NAME] may change it. */
#define PACE(timeout, gap, retries, idle, away) \
    {"timeout", LEC_OPT_DURATION, 0.01, 120, NULL, timeout, false, "how long to wait for an answer"}, \
    {"gap",     LEC_OPT_DURATION, 0,    60,  NULL, gap,     false, "pause between an answer and the next question"}, \
    {"retries", LEC_OPT_INT,      0,    10,  NULL, retries, false, "further attempts when no answer, or a garbled one, comes"}, \
    {"idle",    LEC_OPT_DURATION, 0,    3600, NULL, idle,   false, "close the connection after so long without traffic; 0: never"}, \
    {"away",    LEC_OPT_DURATION, 1,    3600, NULL, away,   false, "longest pause between attempts to reach a device that is away"}

const struct lec_option lec_room_keys[] = {
    {"id",           LEC_OPT_TEXT, 0, 0, NULL, NULL,   true,  "name of the room: lower-case letters, digits, dashes"},
    {"site",         LEC_OPT_TEXT, 0, 0, NULL, NULL,   true,  "name of the school, written in the same way"},
    {"site.label",    LEC_OPT_TEXT, 0, 0, NULL, NULL, false, "name of the school for people, in Vietnamese; else `site`"},
    {"site.label.en", LEC_OPT_TEXT, 0, 0, NULL, NULL, false, "the same in English"},
    NAMES,
    {"journal keep", LEC_OPT_TEXT, 0, 0, NULL, "400d", false, "how long the journal is kept: 1d to 3650d"},
    {"runs.budget",  LEC_OPT_TEXT, 0, 0, NULL, "2GB",  false, "what recorded runs may take on the disk: 10MB to 100TB"},
    END,
};

const struct lec_option lec_room_device_keys[] = {
    {"profile", LEC_OPT_TEXT, 0, 0, NULL, NULL, true,  "which model it is: vendor/model"},
    {"line",    LEC_OPT_TEXT, 0, 0, NULL, NULL, false, "how it is connected: an address as in the table of lines"},
    NAMES,
    PACE(NULL, NULL, NULL, NULL, NULL),
    END,
};

const struct lec_option lec_scene_keys[] = {
    NAMES,
    {"deadline", LEC_OPT_DURATION, 1, 3600, NULL, "5min", false, "after which the whole scene is given up"},
    {"step *",   LEC_OPT_TEXT,     0, 0,    NULL, NULL,   false, "one step: TARGET VALUE, and options after commas"},
    END,
};

const struct lec_option lec_step_keys[] = {
    {"after",    LEC_OPT_TEXT,     0, 0,    NULL, NULL, false, "names of steps that must have succeeded before, with spaces between"},
    {"delay",    LEC_OPT_DURATION, 0, 3600, NULL, "0",  false, "pause between those steps and this one"},
    {"timeout",  LEC_OPT_DURATION, 0.1, 3600, NULL, NULL, false, "how long one attempt may take; else the point's limit"},
    {"retry",    LEC_OPT_INT,      0, 10,   NULL, "0",  false, "further attempts"},
    {"optional", LEC_OPT_BOOL,     0, 0,    NULL, "no", false, "the scene succeeds without this step"},
    END,
};

const struct lec_option lec_experiment_keys[] = {
    NAMES,
    {"channel *", LEC_OPT_TEXT,     0, 0,       NULL, NULL, false, "a channel that is measured: DEVICE.POINT, and options after commas"},
    {"derive *",  LEC_OPT_TEXT,     0, 0,       NULL, NULL, false, "a channel that is computed: a formula over channels before it, and options"},
    {"count *",   LEC_OPT_TEXT,     0, 0,       NULL, NULL, false, "a channel that counts events since the start: DEVICE.EVENT, and options"},
    {"manual *",  LEC_OPT_TEXT,     0, 0,       NULL, NULL, false, "a channel whose values a person types in: only options"},
    {"rate",      LEC_OPT_TEXT,     0, 0,       NULL, NULL, false, "of the channels that do not say their own: 10Hz, 2/min, or one each 20s; else as the device delivers"},
    {"sample",    LEC_OPT_TEXT,     0, 0,       NULL, NULL, false, "instead of in time, one sample of every channel at an event, when a point takes a value, or by hand"},
    {"duration",  LEC_OPT_DURATION, 0, 2678400, NULL, "0",  false, "after which a run ends; 0: when it is stopped"},
    {"start",     LEC_OPT_TEXT,     0, 0,       NULL, NULL, false, "condition that a run waits for; else it begins at once"},
    {"stop",      LEC_OPT_TEXT,     0, 0,       NULL, NULL, false, "condition that ends a run before its duration is over"},
    {"trigger",   LEC_OPT_TEXT,     0, 0,       NULL, NULL, false, "start and pre in one: water > 60 falling, pre 5s"},
    {"pre",       LEC_OPT_DURATION, 0, 600,     NULL, "0",  false, "what is kept from before the start condition"},
    {"repeat",    LEC_OPT_INT,      1, 100,     NULL, "1",  false, "so many runs in a row, each with its own start condition"},
    {"pause",     LEC_OPT_DURATION, 0, 86400,   NULL, "0",  false, "between them"},
    {"ask *",     LEC_OPT_TEXT,     0, 0,       NULL, NULL, false, "what the person who starts a run is asked for: only options"},
    END,
};

const struct lec_option lec_channel_keys[] = {
    {"rate",     LEC_OPT_TEXT, 0, 0, NULL, NULL, false, "how often it is sampled, as above; only what is measured has one"},
    NAMES,
    {"unit",     LEC_OPT_TEXT, 0, 0, NULL, NULL, false, "unit as UCUM writes it; else the point's"},
    {"decimals", LEC_OPT_INT,  0, 9, NULL, NULL, false, "how many digits are shown behind the point"},
    END,
};

const struct lec_option lec_condition_keys[] = {
    {"for",        LEC_OPT_DURATION, 0, 3600, NULL, "0", false, "it must hold so long without a break"},
    {"hysteresis", LEC_OPT_FLOAT,    0, 1e9,  NULL, "0", false, "rises, falls: how far beyond the level the channel must have been before"},
    {"pre",        LEC_OPT_DURATION, 0, 600,  NULL, "0", false, "only of a trigger: what is kept from before it"},
    END,
};

const struct lec_option lec_field_keys[] = {
    {"required", LEC_OPT_BOOL, 0, 0, NULL, "no", false, "a run does not start without it"},
    NAMES,
    {"choices",  LEC_OPT_TEXT, 0, 0, NULL, NULL, false, "answers to choose from, with | between; else free text"},
    END,
};

const struct lec_option lec_calibration_keys[] = {
    {"form", LEC_OPT_TEXT, 0, 0, NULL, NULL, true,  "the curve: linear A B, polynomial A B C, exponential A B, steinhart-hart A B C, table X:Y X:Y, none"},
    {"unit", LEC_OPT_TEXT, 0, 0, NULL, "",   false, "unit of the result; else the point's"},
    {"by",   LEC_OPT_TEXT, 0, 0, NULL, "",   false, "who found it"},
    {"date", LEC_OPT_TEXT, 0, 0, NULL, "",   false, "when, as 2026-11-01"},
    {"note", LEC_OPT_TEXT, 0, 0, NULL, "",   false, "against what, with what"},
    END,
};

const struct lec_option lec_timetable_keys[] = {
    {"file",      LEC_OPT_TEXT,     0, 0,     NULL, NULL,    true,  "the lesson periods: an iCalendar file; its path begins at this file's folder"},
    {"holidays",  LEC_OPT_TEXT,     0, 0,     NULL, NULL,    false, "another one: periods that begin during its events are cancelled"},
    {"start",     LEC_OPT_TEXT,     0, 0,     NULL, "none",  false, "scene at the start of a period that does not name its own; none: none"},
    {"end",       LEC_OPT_TEXT,     0, 0,     NULL, "none",  false, "likewise at its end"},
    {"catch-up",  LEC_OPT_DURATION, 0, 7200,  NULL, "15min", false, "a start or end that was missed (a blackout) is still done so long after"},
    {"break",     LEC_OPT_DURATION, 0, 7200,  NULL, "15min", false, "nothing is switched off when the next period begins so soon"},
    {"hands-off", LEC_OPT_DURATION, 0, 600,   NULL, "10min", false, "what a person or a remote control changed is left alone for so long; 0: not"},
    {"closing",   LEC_OPT_TEXT,     0, 0,     NULL, NULL,    false, "each day, whatever the lessons: a time and the scene that turns everything off, as 17:30 end-of-day"},
    {"warn",      LEC_OPT_DURATION, 0, 7200,  NULL, "10min", false, "how long before closing it is announced"},
    {"extend",    LEC_OPT_DURATION, 60, 14400, NULL, "30min", false, "by how much one tap puts closing off, until midnight at most"},
    END,
};

const struct lec_option lec_alarm_keys[] = {
    {"point",      LEC_OPT_TEXT,     0, 0,       NULL, NULL, false, "what is watched: DEVICE.POINT, with above, below or value"},
    {"device",     LEC_OPT_TEXT,     0, 0,       NULL, NULL, false, "instead of a point: a device, which is away"},
    {"above",      LEC_OPT_FLOAT,    0, 0,       NULL, NULL, false, "raised while the number is this or more"},
    {"below",      LEC_OPT_FLOAT,    0, 0,       NULL, NULL, false, "raised while the number is this or less"},
    {"hysteresis", LEC_OPT_FLOAT,    0, 1e12,    NULL, "0",  false, "how far the number must be back before it clears"},
    {"value",      LEC_OPT_TEXT,     0, 0,       NULL, NULL, false, "for points that are no measured numbers: raised while the point has this value"},
    {"delay",      LEC_OPT_DURATION, 0, 2592000, NULL, NULL, false, "how long it must hold before it is raised; else 0, and 60s for a device that is away"},
    {"severity",   LEC_OPT_CHOICE,   0, 0, "info|warning|error|critical", NULL, false, "how bad it is; else warning, and what the room's own alarms have"},
    NAMES,
    {"remedy",     LEC_OPT_TEXT,     0, 0,       NULL, NULL, false, "what a person can do, in Vietnamese"},
    {"remedy.en",  LEC_OPT_TEXT,     0, 0,       NULL, NULL, false, "the same in English"},
    {"off",        LEC_OPT_BOOL,     0, 0,       NULL, "no", false, "this alarm is not wanted"},
    END,
};

const struct lec_option lec_access_keys[] = {
    {"user *",  LEC_OPT_CHOICE, 0, 0, "none|viewer|teacher|lab|facilities|admin", NULL, false, "the role of a user of this computer"},
    {"group *", LEC_OPT_CHOICE, 0, 0, "none|viewer|teacher|lab|facilities|admin", NULL, false, "the role of everybody in a group; the first line that fits a person counts"},
    {"others",  LEC_OPT_CHOICE, 0, 0, "none|viewer|teacher|lab|facilities|admin", "admin", false, "the role of whom no line names: the group lectern has let them in"},
    {"gateway", LEC_OPT_TEXT,   0, 0, NULL, "lectern-web", false, "the user as whom lectern-web runs: it alone may speak for people that it has signed in"},
    END,
};

const struct lec_option lec_class_keys[] = {
    {"name", LEC_OPT_TEXT, 0, 0, NULL, NULL, true, "the class, as the file is called"},
    NAMES,
    END,
};

const struct lec_option lec_profile_keys[] = {
    {"class",  LEC_OPT_TEXT, 0, 0, NULL, NULL, true,  "what kind of device it is: projector, sensor; the files in profiles/classes"},
    {"driver", LEC_OPT_TEXT, 0, 0, NULL, NULL, true,  "which language it speaks: pjlink, modbus, dialogue; the folders in drivers"},
    {"vendor", LEC_OPT_TEXT, 0, 0, NULL, "",   false, "who makes it"},
    {"model",  LEC_OPT_TEXT, 0, 0, NULL, "",   false, "what it is called there"},
    {"source", LEC_OPT_TEXT, 0, 0, NULL, NULL, true,  "where what stands here comes from: manual, revision, page"},
    {"grade",  LEC_OPT_INT,  1, 5, NULL, "1",  false, "how sure it is: 1 found out by trying, 3 from the manual, 5 from the maker and tried"},
    END,
};

const struct lec_option lec_profile_line_keys[] = {
    {"port",   LEC_OPT_INT,    1,   65535,    NULL,                   NULL,   false, "network port, if the room file names none"},
    {"baud",   LEC_OPT_INT,    50,  4000000,  NULL,                   "9600", false, "serial speed"},
    {"bits",   LEC_OPT_INT,    5,   8,        NULL,                   "8",    false, "serial data bits"},
    {"parity", LEC_OPT_CHOICE, 0,   0,        "none|even|odd",        "none", false, "serial parity"},
    {"stop",   LEC_OPT_INT,    1,   2,        NULL,                   "1",    false, "serial stop bits"},
    {"flow",   LEC_OPT_CHOICE, 0,   0,        "none|rtscts|xonxoff",  "none", false, "serial flow control"},
    PACE("2s", "0", "2", "0", "60s"),
    END,
};

const struct lec_option lec_point_keys[] = {
    NAMES,
    {"type",          LEC_OPT_CHOICE,   0, 0, "bool|int|float|enum|text", NULL, false, "what its value is: yes or no, whole number, number, one of the choices, text"},
    {"access",        LEC_OPT_CHOICE,   0, 0, "read|write|both",  NULL,  false, "whether it can be read, written, or both"},
    {"unit",          LEC_OPT_TEXT,     0, 0, NULL,               "",    false, "unit as UCUM writes it: Cel, %, h, kW.h"},
    {"min",           LEC_OPT_FLOAT,    0, 0, NULL,               NULL,  false, "least value that may be written"},
    {"max",           LEC_OPT_FLOAT,    0, 0, NULL,               NULL,  false, "greatest value that may be written"},
    {"step",          LEC_OPT_FLOAT,    0, 0, NULL,               "0",   false, "values go in such steps from min; 0: any"},
    {"choices",       LEC_OPT_TEXT,     0, 0, NULL,               NULL,  false, "values that an enum can have, with commas between"},
    {"settable",      LEC_OPT_TEXT,     0, 0, NULL,               NULL,  false, "which of the choices may be written; else all"},
    {"tolerance",     LEC_OPT_FLOAT,    0, 0, NULL,               NULL,  false, "how far the value read may be from the one written; else half a step"},
    {"period",        LEC_OPT_TEXT,     0, 0, NULL,               "5s",  false, "how often it is read: a duration, \"once\" (after each connect) or \"never\" (when asked)"},
    {"when",          LEC_OPT_TEXT,     0, 0, NULL,               NULL,  false, "only while another point has one of these values: power = on, warming"},
    {"timeout",       LEC_OPT_DURATION, 0, 120,  NULL,            "0",   false, "how long to wait for an answer about it; 0: as long as the device's"},
    {"settle",        LEC_OPT_DURATION, 0, 60,   NULL,            "50ms", false, "pause between the device's \"done\" and the first look whether it is"},
    {"confirm",       LEC_OPT_CHOICE,   0, 0, "read|no",          "read", false, "whether reading it back proves that a write was done"},
    {"confirm every", LEC_OPT_DURATION, 0.01, 60, NULL,           "500ms", false, "pause between further looks"},
    {"usual",         LEC_OPT_DURATION, 0, 3600, NULL,            "0",   false, "how long a write usually takes to come true; 0: not known"},
    {"limit",         LEC_OPT_DURATION, 0.1, 3600, NULL,          "10s", false, "after which a write that has not come true is given up"},
    {"lockout",       LEC_OPT_DURATION, 0, 3600, NULL,            "0",   false, "how long the device wants no question after a write"},
    {"undo",          LEC_OPT_BOOL,     0, 0, NULL,               "yes", false, "whether undoing a scene puts it back"},
    {"severity",      LEC_OPT_CHOICE,   0, 0, "warning|error",    "",    false, "for points that tell of faults: how bad"},
    {"stream",        LEC_OPT_BOOL,     0, 0, NULL,               "no",  false, "the device delivers it by itself, many samples at a time; it is not asked for it"},
    {"fastest",       LEC_OPT_DURATION, 0, 86400, NULL,           "0",   false, "least time between two samples of an experiment that the device can do; 0: not known, any is tried"},
    {"slowest",       LEC_OPT_DURATION, 0, 86400, NULL,           "0",   false, "with stream: most time between two samples that can be set; 0: as fastest"},
    {"calibration",   LEC_OPT_TEXT,     0, 0, NULL,               "",    false, "from what the device delivers to the value, as the form of a [calibration] in a room"},
    END,
};

const struct lec_option lec_action_keys[] = {
    NAMES,
    {"args",    LEC_OPT_TEXT,     0, 0,    NULL, NULL, false, "what it must be told: preset int 0..127, speed float 0..1, mode enum a|b"},
    {"urgent",  LEC_OPT_BOOL,     0, 0,    NULL, "no", false, "an emergency stop: goes ahead of everything that waits"},
    {"when",    LEC_OPT_TEXT,     0, 0,    NULL, NULL, false, "only while a point has one of these values"},
    {"timeout", LEC_OPT_DURATION, 0, 120,  NULL, "0",  false, "how long to wait for the answer; 0: as long as the device's"},
    {"lockout", LEC_OPT_DURATION, 0, 3600, NULL, "0",  false, "how long the device wants no question afterwards"},
    END,
};

/* UCUM codes. Source: lab-protocols.md, section 6, from ucum-org/ucum; those after the blank line are combinations
 * of the same atoms and prefixes. */
static const char *const units[] = {
    "Cel", "[degF]", "K", "%", "[pH]", "uS/cm", "mS/cm", "lx", "V", "mA", "W", "Ohm", "uF", "m", "m/s", "m/s2", "g", "kg",
    "dB[SPL]", "Bq", "uSv/h", "/min", "mmol/L", "mol/L", "Pa", "kPa", "bar", "mm[Hg]", "atm", "[psi]", "[ppm]", "[NTU]",
    "mg/L", "W/m2", "J", "W.h", "kW.h", "Hz", "N", "N.m", "mT", "uT", "deg", "rad", "1", "ug/m3", "s", "ms", "min", "h", "d",

    "A", "uA", "mV", "kV", "kW", "MW", "mW", "MW.h", "kJ", "var", "kvar", "var.h", "kvar.h", "V.A", "kV.A", "kV.A.h",
    "kOhm", "MOhm", "nF", "kHz", "MHz", "mm", "cm", "km", "um", "nm", "km/h", "mm/s", "mm/h", "mm/min", "mN", "kN",
    "mg", "t", "L", "mL", "L/min", "L/h", "m3", "m3/h", "m2", "hPa", "mbar", "MPa", "[ppb]", "mg/m3", "dB", "dB[V]",
    "deg/s", "us", "ns", "wk", "mo", "a", "By", "kBy", "MBy", "GBy", "bit/s", "kbit/s", "Mbit/s", "cd", "cd/m2", "lm",
    "K/s", "K/min", "V/s", "cm/s", "cm/s2", "deg/s2", "rad/s2", "N/m", "N.s", "A.s", "kg.m/s", "s2", "m2/s2", "mL/s", "mL/min",
    "T", "mol", "mmol", "umol/m2/s", "S/m", "/s", "/h", "rad/s", "H", "mH", "g/L", "g/m3", "kg/m3",
};

/* What people write, and the code for it. */
static const struct {
    const char *written, *code;
} written_units[] = {
    {"°C", "Cel"}, {"degC", "Cel"}, {"celsius", "Cel"}, {"C", "Cel"}, {"F", "[degF]"}, {"°F", "[degF]"}, {"degF", "[degF]"}, {"ppm", "[ppm]"}, {"ppb", "[ppb]"},
    {"pH", "[pH]"}, {"kWh", "kW.h"}, {"Wh", "W.h"}, {"MWh", "MW.h"}, {"VA", "V.A"}, {"kVA", "kV.A"}, {"kvarh", "kvar.h"},
    {"VAr", "var"}, {"VAR", "var"}, {"lux", "lx"}, {"ohm", "Ohm"}, {"Ω", "Ohm"}, {"rpm", "/min"}, {"sec", "s"}, {"hours", "h"},
    {"hour", "h"}, {"mins", "min"}, {"percent", "%"}, {"°", "deg"}, {"psi", "[psi]"}, {"NTU", "[NTU]"}, {"mmHg", "mm[Hg]"},
    {"µg/m3", "ug/m3"}, {"ug/m³", "ug/m3"}, {"µg/m³", "ug/m3"}, {"m/s²", "m/s2"}, {"W/m²", "W/m2"}, {"Nm", "N.m"},
    {"dBA", "dB[SPL]"}, {"dB(A)", "dB[SPL]"}, {"dBSPL", "dB[SPL]"}, {"m³/h", "m3/h"}, {"l", "L"}, {"ml", "mL"}, {"µS/cm", "uS/cm"},
    {"B", "By"}, {"MB", "MBy"}, {"days", "d"},
};

/* clang-format on */

bool lec_unit_known(const char *unit, const char **meant)
{
    *meant = NULL;
    for (size_t i = 0; i < ARRAY_LEN(units); i++)
        if (strcmp(units[i], unit) == 0)
            return true;
    for (size_t i = 0; i < ARRAY_LEN(written_units); i++) {
        if (strcmp(written_units[i].written, unit) == 0) {
            *meant = written_units[i].code;
            return false;
        }
    }
    *meant = lec_nearest(unit, units, ARRAY_LEN(units));
    return false;
}
