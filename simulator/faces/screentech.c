/* Screen Technics Connect over TCP: "33, 17\r\n". Source: av-protocols.md 7.3. The screen is motor 17. */
#include <stdio.h>
#include <string.h>

#include "faces/faces.h"
#include "lectern/parse.h"
#include "models/models.h"

static int status(const struct sim_screen *s)
{
    static const int codes[] = {
        [SIM_SCREEN_UP] = 6, [SIM_SCREEN_DOWN] = 7, [SIM_SCREEN_MOVING] = 1, [SIM_SCREEN_STOPPED] = 10};
    return s->jammed ? 11 : codes[s->position];
}

static void command(struct sim_conn *c, struct sim_box *box, char *text)
{
    struct sim_device *d = box->devices;
    int64_t n[3] = {0, 0, 0};
    size_t count = 0;
    for (char *p = text; *p && count < ARRAY_LEN(n); count++) {
        p += strspn(p, ", ");
        size_t len = strcspn(p, ", ");
        char digits[8];
        lec_copy_utf8(digits, sizeof digits, p, len);
        if (lec_parse_int(digits, 0, 999, &n[count]) < 0)
            return;
        p += len;
    }
    if (count < 2 || n[1] != 17)
        return;
    if (sim_mood(box, n[0] != 1) != 0)
        return;
    if (n[0] == 30 || n[0] == 33 || n[0] == 36) {
        (void)sim_set(d, n[0] == 30 ? "motor_down" : "motor_up", lec_bool(false));
        (void)sim_set(d, n[0] == 30 ? "motor_up" : "motor_down", lec_bool(n[0] != 36));
        sim_answerf(c, box, "%d, 17\r\n", (int)n[0] + 100);
    } else if (n[0] == 1 && count == 3) {
        sim_answerf(c, box, "101, 17, %d, %d\r\n", (int)n[2], status(sim_view(d)));
    }
}

static size_t input(struct sim_conn *c, const uint8_t *p, size_t n)
{
    return sim_take_line(c, p, n, '\n', command);
}

const struct sim_face sim_face_screentech = {.name = "screentech", .gap_ns = 500 * LEC_MS, .input = input};
