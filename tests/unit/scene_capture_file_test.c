/* What is captured from a real room file reads back as the same scene. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/config.h"
#include "scene/scene.h"

/* Each point that can be set has the value that the number `turn` chooses for it. */
static unsigned turn;

static enum lec_quality last(void *ctx, const struct lec_point *point, struct lec_value *out)
{
    (void)ctx;
    unsigned pick = turn + (unsigned)point->index;
    switch (point->type) {
    case LEC_BOOL:
        *out = lec_bool(pick % 2);
        break;
    case LEC_INT:
        *out = lec_int(point->has_range ? (int64_t)point->min : (int64_t)pick);
        break;
    case LEC_FLOAT:
        *out = lec_float(point->has_range ? point->min : pick * 0.1);
        break;
    case LEC_ENUM:
        *out = point->n_settable ? lec_enum(point->settable[pick % point->n_settable]) : lec_enum("");
        break;
    case LEC_TEXT:
        *out = lec_text("a, \"quoted\"; text = \\ #1");
        break;
    case LEC_NONE:
        return LEC_BAD;
    }
    return LEC_GOOD;
}

static const struct lec_room *load(const char *captured)
{
    struct lec_sources sources = {.profiles = LECTERN_SOURCE_DIR "/profiles", .captured = captured};
    struct lec_report report;
    const struct lec_room *room = NULL;
    lec_report_init(&report);
    int rc = lec_room_load(LECTERN_SOURCE_DIR "/profiles/rooms/phong-201.ini", &sources, &room, &report);
    for (size_t i = 0; i < report.n; i++)
        print_error("%s:%d: %s\n", report.at[i].file, report.at[i].line, report.at[i].text);
    assert_int_equal(report.n, 0); /* no mistake, no warning */
    lec_report_done(&report);
    assert_int_equal(rc, 0);
    return room;
}

static void a_captured_scene_reads_back_as_it_was(void **state)
{
    (void)state;
    char file[] = "/tmp/lectern-captured-XXXXXX";
    int fd = mkstemp(file);
    assert_true(fd >= 0);
    for (turn = 0; turn < 4; turn++) {
        const struct lec_room *room = load(NULL);
        struct lec_scenes_host host = {.last = last};
        struct lec_scenes *scenes = lec_scenes_new(room, &host);
        struct lec_buf text, again;
        size_t steps = 0;
        lec_buf_init(&text, 65536);
        lec_buf_init(&again, 65536);
        assert_int_equal(lec_scenes_capture(scenes, "now", "Bây giờ", "Now, \"here\"", NULL, 0, &text, &steps, NULL),
                         0);
        assert_true(steps > 10);
        assert_int_equal(ftruncate(fd, 0), 0);
        assert_int_equal(pwrite(fd, text.data, text.len, 0), (ssize_t)text.len);
        lec_scenes_free(&scenes);
        lec_room_unref(&room);

        room = load(file);
        const struct lec_scene *scene = lec_room_scene(room, "now");
        assert_non_null(scene);
        assert_int_equal(scene->n_steps, steps);
        assert_string_equal(scene->label, "Bây giờ");
        for (size_t i = 0; i < scene->n_steps; i++) {
            struct lec_value was;
            (void)last(NULL, scene->steps[i].point, &was);
            assert_true(lec_value_meets(&scene->steps[i].value, &was, 0));
        }
        assert_int_equal(lec_scene_print(scene, &again), 0);
        assert_string_equal(again.data, text.data);
        lec_buf_done(&text);
        lec_buf_done(&again);
        lec_room_unref(&room);
    }
    close(fd);
    unlink(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_captured_scene_reads_back_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
