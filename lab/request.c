#include "request.h"

#include <math.h>
#include <string.h>

#include "lectern/clock.h"
#include "lectern/parse.h"

static const char *const tasks[] = {"export", "analyze"};
static const char *const formats[] = {"csv", "csv-vi", "xlsx", "hdf5", "jsonl"};
static const char *const shapes[] = {"long", "nearest", "linear"};
static const char *const whats[] = {"statistics", "fit", "area", "tangent", "compare"};
static const char *const forms[] = {"linear", "polynomial", "exponential", "power", "sine"};
static const char *const languages[] = {"en", "vi"};

/* Which members each task knows. "keep" concerns the daemon alone, which may pass it on. */
static const char *const of_export[] = {"do",   "run", "format", "shape", "raw",  "channels",
                                        "from", "to",  "out",    "lang",  "keep", NULL};
static const char *const of_analyze[] = {"do",   "run",    "channel",  "what",         "from",    "to",
                                         "lang", "form",   "order",    "origin",       "against", "points",
                                         "at",   "window", "with_run", "with_channel", NULL};

const char *lab_format_name(enum lab_format f)
{
    return formats[f];
}

const char *lab_shape_name(enum lab_shape s)
{
    return shapes[s];
}

const char *lab_what_name(enum lab_what w)
{
    return whats[w];
}

const char *lab_form_name(enum lab_form f)
{
    return forms[f];
}

static json_t *member(const struct lab_request *r, const char *key)
{
    json_t *v = json_object_get(r->root, key);
    return json_is_null(v) ? NULL : v;
}

/* A text member, or NULL in *out when it is absent. */
static int text_of(const struct lab_request *r, const char *key, bool required, const char **out, struct lec_err *err)
{
    json_t *v = member(r, key);
    *out = NULL;
    if (!v)
        return required ? lec_fail(err, LEC_E_RANGE, "\"%s\" is missing", key) : 0;
    if (!json_is_string(v))
        return lec_fail(err, LEC_E_RANGE, "\"%s\" must be a text", key);
    *out = json_string_value(v);
    if (**out == '\0' && required)
        return lec_fail(err, LEC_E_RANGE, "\"%s\" is empty", key);
    return 0;
}

/* The number of a word in `words`; *out keeps its value when the member is absent. */
static int word_of(const struct lab_request *r, const char *key, const char *const *words, size_t n, bool required,
                   unsigned *out, struct lec_err *err)
{
    const char *text;
    int rc = text_of(r, key, required, &text, err);
    if (rc < 0 || !text)
        return rc;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(words[i], text) == 0) {
            *out = (unsigned)i;
            return 0;
        }
    }
    const char *near = lec_nearest(text, words, n);
    return near ? lec_fail(err, LEC_E_RANGE, "\"%s\": there is no \"%.40s\"; did you mean \"%s\"?", key, text, near)
                : lec_fail(err, LEC_E_RANGE, "\"%s\": there is no \"%.40s\"", key, text);
}

static int number_of(const struct lab_request *r, const char *key, double min, double max, double *out,
                     struct lec_err *err)
{
    json_t *v = member(r, key);
    if (!v)
        return 0;
    double number = json_number_value(v);
    if (!json_is_number(v) || !(number >= min && number <= max))
        return lec_fail(err, LEC_E_RANGE, "\"%s\" must be a number from %g to %g", key, min, max);
    *out = number;
    return 0;
}

/* Seconds of run time into nanoseconds. A run is at most LEC_RUN_LONGEST_NS long, so ten times that is beyond any. */
static int time_of(const struct lab_request *r, const char *key, int64_t *out, struct lec_err *err)
{
    const double most = 10.0 * (double)LEC_RUN_LONGEST_NS / 1e9;
    double seconds = (double)NAN;
    int rc = number_of(r, key, -most, most, &seconds, err);
    if (rc == 0 && !isnan(seconds))
        *out = (int64_t)llround(seconds * 1e9);
    return rc;
}

static int flag_of(const struct lab_request *r, const char *key, bool *out, struct lec_err *err)
{
    json_t *v = member(r, key);
    if (v && !json_is_boolean(v))
        return lec_fail(err, LEC_E_RANGE, "\"%s\" must be true or false", key);
    *out = json_is_true(v);
    return 0;
}

static int known_members(const struct lab_request *r, const char *const *known, struct lec_err *err)
{
    const char *key;
    json_t *v;
    size_t n = 0;
    while (known[n])
        n++;
    json_object_foreach(r->root, key, v)
    {
        bool found = false;
        for (size_t i = 0; i < n && !found; i++)
            found = strcmp(known[i], key) == 0;
        if (found)
            continue;
        const char *near = lec_nearest(key, known, n);
        return near ? lec_fail(err, LEC_E_RANGE, "\"%.40s\" is not a parameter; did you mean \"%s\"?", key, near)
                    : lec_fail(err, LEC_E_RANGE, "\"%.40s\" is not a parameter", key);
    }
    return 0;
}

static int channels_of(struct lab_request *r, struct lec_err *err)
{
    json_t *v = member(r, "channels");
    if (!v)
        return 0;
    if (!json_is_array(v) || json_array_size(v) == 0 || json_array_size(v) > LEC_CHANNELS_MAX)
        return lec_fail(err, LEC_E_RANGE, "\"channels\" must be a list of 1 to %d names", LEC_CHANNELS_MAX);
    for (size_t i = 0; i < json_array_size(v); i++) {
        const char *name = json_string_value(json_array_get(v, i));
        if (!name)
            return lec_fail(err, LEC_E_RANGE, "\"channels\" must be a list of names");
        for (size_t j = 0; j < i; j++)
            if (strcmp(r->channels[j], name) == 0)
                return lec_fail(err, LEC_E_RANGE, "\"channels\" has \"%.40s\" twice", name);
        r->channels[r->n_channels++] = name;
    }
    return 0;
}

static int export_of(struct lab_request *r, struct lec_err *err)
{
    unsigned format = LAB_CSV, shape = LAB_LONG;
    int rc = known_members(r, of_export, err);
    if (rc == 0)
        rc = word_of(r, "format", formats, ARRAY_LEN(formats), true, &format, err);
    if (rc == 0)
        rc = word_of(r, "shape", shapes, ARRAY_LEN(shapes), false, &shape, err);
    if (rc == 0)
        rc = flag_of(r, "raw", &r->raw, err);
    if (rc == 0)
        rc = channels_of(r, err);
    if (rc == 0)
        rc = text_of(r, "out", true, &r->out, err);
    r->format = (enum lab_format)format;
    r->shape = (enum lab_shape)shape;
    if (rc == 0 && r->format == LAB_JSONL && r->shape != LAB_LONG)
        rc = lec_fail(err, LEC_E_RANGE, "\"shape\": documents (jsonl) are \"long\" only");
    return rc;
}

static int fit_of(struct lab_request *r, struct lec_err *err)
{
    unsigned form = LAB_FORM_LINEAR;
    double order = 2, points = LAB_CURVE_USUAL;
    int rc = word_of(r, "form", forms, ARRAY_LEN(forms), true, &form, err);
    if (rc == 0)
        rc = number_of(r, "order", 1, LAB_ORDER_MAX, &order, err);
    if (rc == 0)
        rc = number_of(r, "points", 0, LAB_CURVE_MAX, &points, err);
    if (rc == 0)
        rc = text_of(r, "against", false, &r->against, err);
    if (rc == 0 && (order != floor(order) || points != floor(points)))
        rc = lec_fail(err, LEC_E_RANGE, "\"order\" and \"points\" must be whole numbers");
    r->form = (enum lab_form)form;
    r->order = r->form == LAB_FORM_LINEAR ? 1 : (unsigned)order;
    r->points = (size_t)points;
    return rc;
}

static int analyze_of(struct lab_request *r, struct lec_err *err)
{
    unsigned what = LAB_STATISTICS;
    const double most = 10.0 * (double)LEC_RUN_LONGEST_NS / 1e9;
    int rc = known_members(r, of_analyze, err);
    if (rc == 0)
        rc = text_of(r, "channel", true, &r->channel, err);
    if (rc == 0)
        rc = word_of(r, "what", whats, ARRAY_LEN(whats), true, &what, err);
    if (rc == 0)
        rc = number_of(r, "origin", -most, most, &r->origin, err);
    r->what = (enum lab_what)what;
    if (rc == 0 && r->what == LAB_FIT)
        rc = fit_of(r, err);
    if (rc == 0 && r->what == LAB_TANGENT) {
        r->at = (double)NAN;
        rc = number_of(r, "at", -most, most, &r->at, err);
        if (rc == 0 && isnan(r->at))
            rc = lec_fail(err, LEC_E_RANGE, "\"at\" is missing");
        if (rc == 0)
            rc = number_of(r, "window", 0, most, &r->window, err);
    }
    if (rc == 0 && r->what == LAB_COMPARE) {
        rc = text_of(r, "with_run", false, &r->other_run, err);
        if (rc == 0)
            rc = text_of(r, "with_channel", false, &r->other_channel, err);
        if (rc == 0 && !r->other_run && !r->other_channel)
            rc = lec_fail(err, LEC_E_RANGE, "\"with_run\" or \"with_channel\" is missing");
        if (!r->other_run)
            r->other_run = r->run;
        if (!r->other_channel)
            r->other_channel = r->channel;
    }
    return rc;
}

int lab_request_parse(const char *text, size_t n, struct lab_request *out, struct lec_err *err)
{
    struct lab_request r = {.from_ns = INT64_MIN, .to_ns = INT64_MAX};
    unsigned task = LAB_EXPORT, language = 0;
    json_error_t wrong;
    if (n > LAB_REQUEST_MAX)
        return lec_fail(err, LEC_E_RANGE, "the request is longer than %d bytes", LAB_REQUEST_MAX);
    r.root = json_loadb(text, n, JSON_REJECT_DUPLICATES, &wrong);
    if (!json_is_object(r.root)) {
        int rc = r.root ? lec_fail(err, LEC_E_RANGE, "the request must be a JSON object")
                        : lec_fail(err, LEC_E_RANGE, "the request is not JSON: %s", wrong.text);
        json_decref(r.root);
        return rc;
    }
    int rc = word_of(&r, "do", tasks, ARRAY_LEN(tasks), true, &task, err);
    if (rc == 0)
        rc = text_of(&r, "run", true, &r.run, err);
    if (rc == 0)
        rc = time_of(&r, "from", &r.from_ns, err);
    if (rc == 0)
        rc = time_of(&r, "to", &r.to_ns, err);
    if (rc == 0)
        rc = word_of(&r, "lang", languages, ARRAY_LEN(languages), false, &language, err);
    if (rc == 0 && r.from_ns >= r.to_ns)
        rc = lec_fail(err, LEC_E_RANGE, "\"to\" must be greater than \"from\"");
    r.vi = language == 1;
    r.task = (enum lab_task)task;
    if (rc == 0)
        rc = r.task == LAB_EXPORT ? export_of(&r, err) : analyze_of(&r, err);
    if (rc < 0) {
        json_decref(r.root);
        return rc;
    }
    *out = r;
    return 0;
}

void lab_request_done(struct lab_request *r)
{
    json_decref(r->root);
    *r = (struct lab_request){0};
}
