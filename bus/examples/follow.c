/* A client of a room in C: switches the projector on, and tells what its power does until it is on.
 *
 *   cc follow.c $(pkg-config --cflags --libs lectern) && ./a.out phong-201 */
#include <stdio.h>
#include <string.h>

#include <lectern/bus.h>

static void changed(void *arg, struct lec_view *view, const struct lec_change *change)
{
    int *on = arg;
    struct lec_reading power;
    if (change->kind == LEC_CHANGE_LOST)
        printf("the room is out of reach: %s\n", change->reason);
    if (!lec_view_read(view, "projector.power", &power) || !json_is_string(power.value))
        return;
    printf("power is %s (%s)\n", json_string_value(power.value), power.quality);
    *on = strcmp(power.quality, "good") == 0 && strcmp(json_string_value(power.value), "on") == 0;
}

static void answered(void *arg, int rc, json_t *result, json_t *error, const struct lec_err *err)
{
    (void)arg, (void)error;
    if (rc < 0)
        printf("not switched on: %s\n", err->text);
    else
        printf("%s\n", json_string_value(json_object_get(result, "verdict")));
}

int main(int argc, char **argv)
{
    struct lec_bus *bus;
    struct lec_view *view;
    struct lec_err err;
    int on = 0;
    struct lec_bus_options room = {.room = argc > 1 ? argv[1] : "phong-201"};
    struct lec_view_options follow = {.changed = changed, .arg = &on};
    if (lec_bus_open(&room, &bus, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    json_t *params = json_pack("{s:s, s:s}", "target", "projector.power", "value", "on");
    if (lec_view_open(bus, &follow, &view, &err) < 0 ||
        lec_bus_send(bus, "point.write", params, 90000, answered, NULL, NULL, &err) < 0)
        fprintf(stderr, "%s\n", err.text);
    for (int i = 0; i < 900 && !on; i++)
        lec_bus_wait(bus, 100);
    lec_bus_free(&bus);
    return on ? 0 : 1;
}
