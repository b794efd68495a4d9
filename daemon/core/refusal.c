/* No: what a role may not do is answered with what a person can do about it, and journalled, so that trying is seen. */
#include <string.h>

#include "core/core.h"
#include "lectern/member.h"

#define MINUTE     (60 * LEC_SEC)
#define WATCHED    32  /* principals whose refusals are counted one by one */
#define TARGET_MAX 100 /* bytes of what was asked for, in the entry */

/* How many refusals of one principal were journalled in this minute: one who tries everything must not push what others do out of
 * sight. */
static struct tries {
    char principal[PRINCIPAL_MAX + 1];
    int64_t since;
    unsigned n;
} watched[WATCHED], all;

static bool another(struct tries *t, unsigned limit, int64_t now)
{
    if (t->since == 0 || now - t->since >= MINUTE) {
        t->since = now;
        t->n = 0;
    }
    return ++t->n <= limit;
}

static struct tries *tries_of(const char *principal)
{
    struct tries *oldest = watched;
    for (size_t i = 0; i < WATCHED; i++) {
        if (strcmp(watched[i].principal, principal) == 0)
            return &watched[i];
        if (watched[i].since < oldest->since)
            oldest = &watched[i];
    }
    *oldest = (struct tries){0};
    snprintf(oldest->principal, sizeof oldest->principal, "%s", principal);
    return oldest;
}

void via_write(struct lec_buf *b, const struct core *core, bool as)
{
    if (!as)
        return;
    lec_member_str(b, "via", access_gateway(core));
}

/* A text parameter, cut; "" if there is none. */
static void note(struct lec_buf *b, const json_t *params, const char *name, char cut[TARGET_MAX + 1])
{
    const char *text = json_string_value(json_object_get(params, name));
    cut[0] = '\0';
    if (!text)
        return;
    lec_copy_utf8(cut, TARGET_MAX + 1, text, strlen(text));
    lec_member_str(b, name, cut);
}

static void journal_refusal(struct core *core, const struct request *r, const char *why)
{
    int64_t now = lec_now();
    if (!another(tries_of(r->principal), REFUSALS_OF_ONE, now) || !another(&all, REFUSALS_OF_ALL, now)) {
        core->limits.refusals++;
        return;
    }
    static const char *const named[] = {"target", "scene", "run", "experiment", "device", "alarm"};
    struct lec_buf b;
    lec_buf_init(&b, 4096);
    lec_buf_puts(&b, "{\"method\":");
    lec_json_str(&b, r->method ? r->method->name : "");
    char about[TARGET_MAX + 1] = "", text[TARGET_MAX + 1];
    for (size_t i = 0; i < ARRAY_LEN(named); i++) {
        note(&b, r->params, named[i], text);
        if (about[0] == '\0')
            memcpy(about, text, sizeof about);
    }
    lec_member_str(&b, "outcome", "refused");
    lec_member_str(&b, "reason", why);
    lec_member_str(&b, "role", role_name(r->role));
    via_write(&b, core, r->as);
    lec_buf_putc(&b, '}');
    if (!b.failed)
        journal_add(core, "command", "", about, r->principal, b.data);
    lec_buf_done(&b);
}

void role_refuse(struct core *core, const struct request *r, const char *why)
{
    static const struct {
        const char *vi, *en;
    } remedies[] = {
        [LEC_ROLE_NONE] = {"Không ai làm việc này từ đây.", "Nobody does this from here."},
        [LEC_ROLE_VIEWER] = {"Hãy đăng nhập.", "Sign in."},
        [LEC_ROLE_TEACHER] = {"Hãy đăng nhập với tài khoản giáo viên.", "Sign in as a teacher."},
        [LEC_ROLE_LAB] = {"Nhờ người phụ trách phòng thí nghiệm.", "Ask whoever is in charge of the lab."},
        [LEC_ROLE_FACILITIES] = {"Nhờ bộ phận kỹ thuật.", "Ask the technician."},
        [LEC_ROLE_ADMIN] = {"Nhờ người quản trị.", "Ask the administrator."},
    };
    enum lec_role needed = r->method ? role_needed(core, r->method, r->params) : LEC_ROLE_NONE;
    if (r->role >= needed) /* then it is not for want of a role */
        needed = LEC_ROLE_NONE;
    struct trouble t = {
        .code = -32008, .reason = why, .remedy_vi = remedies[needed].vi, .remedy_en = remedies[needed].en};
    journal_refusal(core, r, why);
    reply_error(core, r, &t);
}
