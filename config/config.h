/* Reading what people write: classes, device profiles, room files. All of a file's mistakes are found in one go, each
 * with its file and line, what is wrong, what was expected, and the nearest valid name.
 *
 * Files (INI, read with inih; docs/profiles.md is their manual):
 *   <profiles>/classes/<class>.ini           the standard points and actions of a class
 *   <profiles>/devices/<vendor>/<model>.ini  one model: class, driver, line defaults, timing, points
 *   a room file                              devices with their lines, scenes, experiments, calibrations
 *   a secrets file (mode 0600)               [<device>] password = ...
 *   a line map (made by lectern-sim)         where the simulator plays each line
 *
 * Limits: a file 256 KiB, a line 1,000 bytes, a room 256 devices, 128 lines, 4,096 points, 64 scenes of 64 steps, 64
 * experiments of 32 channels and 16 fields, 256 calibrations.
 *
 * Threads: loading is pure (it touches no globals) and may run in any thread; a loaded room is immutable and counted
 * atomically. */
#ifndef LECTERN_CONFIG_H
#define LECTERN_CONFIG_H

#include "lectern/model.h"

/* Where to look, besides the room file itself. Strings are lent for the call. */
struct lec_sources {
    const char *profiles; /* the folder that has classes/ and devices/ */
    const char *secrets;  /* NULL: none; refused unless only its owner can read it */
    const char *captured; /* further scenes, written by scene.capture; NULL or a missing file: none */
    const char *made;     /* further experiments, made over the bus; NULL or a missing file: none */
    const char *line_map; /* NULL: the lines of the room file are real */
    /* The schema of a driver, or NULL with a sentence. schema == NULL: keys for drivers are kept as they are, unread
     * and unchecked, which is what the simulator wants. */
    const struct lec_schema *(*schema)(void *ctx, const char *driver, struct lec_err *err);
    void *schema_ctx;
};

/* Reads a room file with all it names. On success *out is a room with one reference; `report` may have warnings.
 * Returns 0, LEC_E_CONFIG (the report says why; *out untouched) or LEC_E_NOMEM. Blocks on the disk. */
int lec_room_load(const char *file, const struct lec_sources *sources, const struct lec_room **out,
                  struct lec_report *report);

/* Where the simulator that wrote this line map plays USB devices: the folder of umockdev's test bed, and the library that
 * leads a program into it when it is preloaded. Returns 0, or LEC_E_NOTSUP (it plays none, or the file cannot be read: the room's
 * loading tells that). Outputs are untouched on failure. */
int lec_line_map_usb(const char *file, char *testbed, size_t testbed_size, char *preload, size_t preload_size);

const struct lec_room *lec_room_ref(const struct lec_room *room);
/* Drops a reference; the last one frees the room and everything that hangs on it. Accepts NULL; sets *room NULL. */
void lec_room_unref(const struct lec_room **room);

/* Checks one device profile, or one class file, by itself (what `lectern check` does with a file that is not a room).
 * A profile's driver is asked about it with a device that has no line (NULL) and no options of a room.
 * Returns 0 or LEC_E_CONFIG, LEC_E_NOMEM. */
int lec_profile_check(const char *file, const struct lec_sources *sources, struct lec_report *report);
int lec_class_check(const char *file, const struct lec_sources *sources, struct lec_report *report);

/* What kind of file this is, by its first section: 'r' room, 'p' profile, 'c' class, 0 unknown or unreadable. */
char lec_file_kind(const char *file);

/* Whether a reload may leave the device as it is: everything that the daemon or the driver reads of it is the same
 * (labels, order and line numbers do not count). Likewise a line with all devices on it. */
bool lec_device_same(const struct lec_device *a, const struct lec_device *b);
bool lec_line_same(const struct lec_line *a, const struct lec_line *b);
/* Neither of the two looks at the calibration of points ([calibration] and the profile's key): only the core uses it, and
 * takes the one of the room that it has now. So a new one is in force at once, without a reconnect. */
bool lec_calibration_same(const struct lec_calibration *a, const struct lec_calibration *b);

/* Writes a scene as it would stand in a room file ("[scene x]\n..."), for scene.capture. Returns 0 or LEC_E_NOMEM. */
struct lec_buf;
int lec_scene_print(const struct lec_scene *scene, struct lec_buf *out);

/* ---- Experiments made over the bus -------------------------------------------------------------------------- */

/* Checks an experiment as it would stand in the file of made ones, against a loaded room: `keys` are those of an
 * [experiment] section ("channel water" = "probe-1.temperature"), their `file` and `line` do not matter and may be NULL
 * and 0. Names and values may come from anybody: what cannot stand in a file is a mistake too. An experiment of the
 * same name in the room is no mistake: whether it may be replaced is the caller's question (struct lec_experiment,
 * made). Mistakes are told with the file "experiment NAME" and, as their line, that in the section: the heading is 1.
 * Returns 0, LEC_E_CONFIG (the report says why) or LEC_E_NOMEM. Any thread; does not block. */
int lec_experiment_check(const struct lec_room *room, const char *name, const struct lec_keys *keys,
                         struct lec_report *report);

/* The file of made experiments as it shall be: what is in `file` (missing: nothing) without [experiment NAME], and
 * with it at the end as `keys` say, unless keys is NULL. Sections that do not fit the room at present are kept as they
 * are. The keys must have passed lec_experiment_check. Writing it in the old one's place, whole or not at all, is the
 * caller's work. Blocks on the disk. Returns 0, LEC_E_CONFIG (the file cannot be read, or would become too large) or
 * LEC_E_NOMEM. */
int lec_experiment_edit(const char *file, const char *name, const struct lec_keys *keys, struct lec_buf *out,
                        struct lec_err *err);

#endif
