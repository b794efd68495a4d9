/* Scenes as text that reads back the same. */
#include <string.h>

#include "config.h"
#include "lectern/buf.h"
#include "lectern/parse.h"

/* Quoted when it must be: empty, or with something that a room file or a step takes for its own. */
static void print_text(struct lec_buf *out, const char *text)
{
    if (*text && strcspn(text, " \t,;#\"\\=") == strlen(text)) {
        lec_buf_puts(out, text);
        return;
    }
    lec_buf_putc(out, '"');
    for (const char *p = text; *p; p++) {
        if (*p == '"' || *p == '\\')
            lec_buf_printf(out, "\\%c", *p);
        else if (*p == ';' || *p == '\t') /* would begin a comment; may be taken for a space */
            lec_buf_printf(out, "\\x%02x", (unsigned)*p);
        else
            lec_buf_putc(out, *p);
    }
    lec_buf_putc(out, '"');
}

static void print_value(struct lec_buf *out, const struct lec_value *v)
{
    char text[LEC_TEXT_MAX + 1];
    if (v->type == LEC_FLOAT)
        lec_json_float(out, v->f); /* the fewest digits that read back the same */
    else if (v->type == LEC_TEXT || v->type == LEC_ENUM)
        print_text(out, v->s);
    else
        lec_buf_puts(out, lec_value_print(v, text, sizeof text));
}

static void print_step(struct lec_buf *out, const struct lec_scene *scene, const struct lec_step *step)
{
    char text[32];
    lec_buf_printf(out, "step %s = %s.%s", step->name, step->device->name,
                   step->point ? step->point->name : step->action->name);
    for (size_t i = 0; i < (step->point ? 1 : step->action->n_args); i++) {
        lec_buf_putc(out, ' ');
        print_value(out, step->point ? &step->value : &step->args[i]);
    }
    if (step->n_after > 0)
        lec_buf_puts(out, ", after");
    for (size_t i = 0; i < step->n_after; i++)
        lec_buf_printf(out, " %s", scene->steps[step->after[i]].name);
    if (step->delay_ns > 0)
        lec_buf_printf(out, ", delay %s", lec_print_duration(step->delay_ns, text, sizeof text));
    if (step->timeout_ns > 0)
        lec_buf_printf(out, ", timeout %s", lec_print_duration(step->timeout_ns, text, sizeof text));
    if (step->retry > 0)
        lec_buf_printf(out, ", retry %u", step->retry);
    if (step->optional)
        lec_buf_puts(out, ", optional");
    lec_buf_putc(out, '\n');
}

int lec_scene_print(const struct lec_scene *scene, struct lec_buf *out)
{
    char text[32];
    lec_buf_printf(out, "[scene %s]\n", scene->name);
    if (*scene->label)
        lec_buf_printf(out, "label = %s\n", scene->label);
    if (*scene->label_en)
        lec_buf_printf(out, "label.en = %s\n", scene->label_en);
    lec_buf_printf(out, "deadline = %s\n", lec_print_duration(scene->deadline_ns, text, sizeof text));
    for (size_t i = 0; i < scene->n_steps; i++)
        print_step(out, scene, &scene->steps[i]);
    return out->failed ? LEC_E_NOMEM : 0;
}
