#include "run_view.h"

#include <string.h>

bool run_is_running(const json_t *run)
{
    return strcmp(text_of(run, "state"), "running") == 0;
}

bool step_has_ended(const json_t *step)
{
    static const char *const under_way[] = {"", "queued", "checking", "sending", "waiting"};
    for (size_t i = 0; i < ARRAY_LEN(under_way); i++)
        if (strcmp(text_of(step, "state"), under_way[i]) == 0)
            return false;
    return true;
}

int run_exit(const json_t *run)
{
    return strcmp(text_of(run, "state"), "done") == 0 ? EXIT_OK : EXIT_NOT_DONE;
}

static const char *mark_of(const char *state)
{
    switch (style_verdict(state)) {
    case GOOD:
        return "✓";
    case BAD:
        return "✗";
    case WARN:
        return "!";
    case ACCENT:
        return "…";
    case DIM:
    case PLAIN:
    case BOLD:
        break;
    }
    return "·";
}

/* "projector.power → on". `value`: WORD_SIZE bytes. */
static const char *step_target(const json_t *step, char *buf, size_t size, char *value)
{
    const json_t *wanted = json_object_get(step, "value");
    snprintf(buf, size, "%s%s%s", text_of(step, "target"), wanted ? " → " : "",
             wanted ? word_value(wanted, value, WORD_SIZE) : "");
    return buf;
}

static void step_cells(struct table *t, const json_t *step, int64_t since_ms)
{
    char value[WORD_SIZE], span[WORD_SIZE], target[2 * WORD_SIZE];
    const char *state = text_of(step, "state");
    enum style style = style_verdict(state);
    table_cell(t, style, "  %s %s", mark_of(state), text_of(step, "name"));
    table_cell(t, DIM, "%s", step_target(step, target, sizeof target, value));
    table_cell(t, style, "%s", word_verdict(state));
    int64_t left = int_of(step, "remaining_ms", -1), took = int_of(step, "ms", -1);
    if (step_has_ended(step))
        table_cell(t, DIM, "%s", took >= 0 ? word_span(took, span, sizeof span) : "");
    else if (left >= 0)
        table_cell(t, ACCENT, T("còn khoảng %s", "about %s left"),
                   word_span((left > since_ms ? left - since_ms : 0) / 1000 * 1000, span, sizeof span));
    else
        table_cell(t, DIM, "%s", "");
    table_cell(t, style == GOOD ? DIM : style, "%s", text_of(step, "reason"));
}

static void heading(const json_t *run, int64_t since_ms)
{
    char span[WORD_SIZE];
    const char *state = text_of(run, "state");
    out_styled(BOLD, "%s", text_of(run, "scene"));
    out(": ");
    out_styled(style_verdict(state), "%s", word_verdict(state));
    if (run_is_running(run)) {
        int64_t left = int_of(run, "remaining_ms", -1);
        if (left >= 0)
            out_styled(ACCENT, T(", còn khoảng %s", ", about %s left"),
                       word_span((left > since_ms ? left - since_ms : 0) / 1000 * 1000, span, sizeof span));
        if (json_is_true(json_object_get(run, "ready")))
            out_styled(GOOD, "%s", T(" · có thể bắt đầu dạy", " · ready to teach"));
    }
    out_styled(DIM, "  %s\n", text_of(run, "run"));
}

int run_print(const json_t *run, int64_t since_ms)
{
    heading(run, since_ms);
    const json_t *steps = json_object_get(run, "steps");
    struct table *t = table_new(5);
    for (size_t i = 0; i < json_array_size(steps); i++)
        step_cells(t, json_array_get(steps, i), since_ms);
    table_print(t, false);
    return 1 + (int)json_array_size(steps);
}

/* Pads the cells of one step to the widths that all steps of its run need, although they are told one by one. */
void run_print_step(const json_t *run, const json_t *step)
{
    const json_t *steps = json_object_get(run, "steps");
    int names = 0, targets = 0;
    for (size_t i = 0; i < json_array_size(steps); i++) {
        char value[WORD_SIZE], target[2 * WORD_SIZE];
        const json_t *s = json_array_get(steps, i);
        int width = out_width(text_of(s, "name"));
        names = width > names ? width : names;
        width = out_width(step_target(s, target, sizeof target, value));
        targets = width > targets ? width : targets;
    }
    struct table *t = table_new(5);
    step_cells(t, step, 0);
    table_widen(t, 0, names + out_width("  ✓ "));
    table_widen(t, 1, targets);
    table_print(t, false);
    fflush(stdout);
}

void run_print_end(const json_t *run)
{
    heading(run, 0);
}
