#include "core/access.h"

#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/core.h"
#include "lectern/log.h"
#include "lectern/parse.h"

#define SLOW_NS                                                                                                        \
    (250 * LEC_MS) /* looking a user up holds everybody; a directory that takes so long is worth a line in the log */

/* A user of this computer. The room has one daemon, and the core one thread. */
struct user {
    char uid_text[16]; /* "": free */
    char name[PRINCIPAL_MAX + 1];
    enum lec_role role;
    bool gateway;
    uint64_t seen;
};

static struct user users[ACCESS_USERS];
static struct user *last = users; /* who asked last asks next, mostly: then it costs a comparison */
static uint64_t lookups;

const char *access_gateway(const struct core *core)
{
    return core->setup.gateway ? core->setup.gateway : core->room->roles.gateway;
}

void access_forget(void)
{
    memset(users, 0, sizeof users);
}

/* ---- Looking up ---- */

static bool in_group(const struct passwd *pw, const char *group)
{
    struct group gr, *found = NULL;
    char room[16384]; /* a group's members too */
    gid_t groups[ACCESS_GROUPS];
    int n = ACCESS_GROUPS;
    if (getgrnam_r(group, &gr, room, sizeof room, &found) != 0 || !found)
        return false;
    if (getgrouplist(pw->pw_name, pw->pw_gid, groups, &n) < 0)
        n = ACCESS_GROUPS; /* there are more: those that fitted are looked at */
    for (int i = 0; i < n; i++)
        if (groups[i] == gr.gr_gid)
            return true;
    return false;
}

static enum lec_role role_by_rules(const struct core *core, const struct passwd *pw)
{
    const struct lec_roles *roles = &core->room->roles;
    for (size_t i = 0; pw && i < roles->n_rules; i++) {
        const struct lec_role_rule *rule = &roles->rules[i];
        if (rule->group ? in_group(pw, rule->name) : strcmp(rule->name, pw->pw_name) == 0)
            return rule->role;
    }
    return roles->others;
}

static void look_up(const struct core *core, uid_t uid, struct user *out)
{
    struct passwd pw, *found = NULL;
    char room[4096];
    int64_t begun = lec_now();
    if (getpwuid_r(uid, &pw, room, sizeof room, &found) == 0 && found)
        snprintf(out->name, sizeof out->name, "%s", found->pw_name);
    else
        snprintf(out->name, sizeof out->name, "uid:%s", out->uid_text);
    out->gateway = strcmp(access_gateway(core), out->name) == 0 || strcmp(access_gateway(core), out->uid_text) == 0;
    if (uid == 0 || uid == geteuid())
        out->role = LEC_ROLE_ADMIN;
    else if (out->gateway)
        out->role = LEC_ROLE_GATEWAY;
    else
        out->role = role_by_rules(core, found);
    int64_t took = lec_now() - begun;
    if (took > SLOW_NS)
        lec_log(LEC_LOG_WARNING, "looking up the user %s and their groups took %" PRId64 " ms", out->name,
                took / LEC_MS);
}

/* The user's place, looked up if it is new. */
static struct user *find_user(const struct core *core, const char *uid_text)
{
    struct user *oldest = users;
    for (size_t i = 0; i < ACCESS_USERS; i++) {
        if (strcmp(users[i].uid_text, uid_text) == 0)
            return &users[i];
        if (users[i].seen < oldest->seen)
            oldest = &users[i];
    }
    int64_t uid;
    if (lec_parse_int(uid_text, 0, UINT32_MAX, &uid) < 0)
        return NULL;
    *oldest = (struct user){0};
    snprintf(oldest->uid_text, sizeof oldest->uid_text, "%s", uid_text);
    look_up(core, (uid_t)uid, oldest);
    return oldest;
}

struct principal access_principal(struct core *core, zmq_msg_t *msg)
{
    static const char local[] = "localhost:"; /* what libzmq 4.3.4 puts before uid:gid:pid on ipc, and nowhere else */
    struct principal nobody = {.name = "unknown", .role = LEC_ROLE_NONE};
    const char *peer = zmq_msg_gets(msg, "Peer-Address");
    if (!peer || strncmp(peer, local, sizeof local - 1) != 0)
        return nobody;
    peer += sizeof local - 1;
    char uid_text[16];
    size_t n = strcspn(peer, ":");
    if (n == 0 || n >= sizeof uid_text)
        return nobody;
    memcpy(uid_text, peer, n);
    uid_text[n] = '\0';
    struct user *user = strcmp(last->uid_text, uid_text) == 0 ? last : find_user(core, uid_text);
    if (!user)
        return nobody;
    last = user;
    user->seen = ++lookups;
    return (struct principal){.name = user->name, .role = user->role, .gateway = user->gateway};
}

/* ---- For whom the gateway speaks ---- */

/* C0, DEL, and C1 as UTF-8 has them. */
bool access_control(const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        if (*p < 0x20 || *p == 0x7f || (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0))
            return true;
    return false;
}

/* What the room itself writes where a principal's name stands (`by`, the journal). */
static bool is_reserved(const char *name)
{
    static const char *const words[] = {"device", "timetable", "unknown"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcmp(name, words[i]) == 0)
            return true;
    return strncmp(name, "scene:", 6) == 0 || strncmp(name, "uid:", 4) == 0;
}

bool access_as(const json_t *as, struct principal *out)
{
    const json_t *principal = json_object_get(as, "principal");
    const char *role = json_string_value(json_object_get(as, "role"));
    const char *name = json_string_value(principal);
    size_t n = json_string_length(principal);
    if (!name || !role || json_object_size(as) != 2 || n < 1 || n > PRINCIPAL_MAX || access_control(name) ||
        is_reserved(name))
        return false;
    enum lec_role given = role_of(role);
    if (given == LEC_ROLE_NONE || given == LEC_ROLE_GATEWAY)
        return false;
    *out = (struct principal){.name = name, .role = given, .as = true};
    return true;
}
