/* [access]: which role the users and groups of this computer have. */
#include <string.h>

#include "keys.h"
#include "room.h"
#include "tables.h"

static enum lec_role role_of(const char *text)
{
    static const char *const names[] = {"none", "viewer", "teacher", "lab", "facilities", "admin"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(names[i], text) == 0)
            return (enum lec_role)i;
    return LEC_ROLE_NONE;
}

/* As passwd(5) has them, and with the dots and domains of directories. */
static bool is_account(const char *name)
{
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-@+$\\");
    return n > 0 && name[n] == '\0' && name[0] != '-';
}

static void read_rule(struct lec_room_work *w, const struct lec_key *key, struct lec_role_rule *rules)
{
    struct lec_diag *d = &w->load->diag;
    struct lec_roles *roles = &w->room->roles;
    bool group = strncmp(key->name, "group ", 6) == 0;
    if (!group && strncmp(key->name, "user ", 5) != 0)
        return;
    const char *name = key->name + (group ? 6 : 5);
    name += strspn(name, " ");
    if (!is_account(name))
        lec_diag_error(d, key->file, key->line, "%s: %s cannot be the name of a %s of this computer", key->name,
                       lec_shown(name).text, group ? "group" : "user");
    else if (!group && strcmp(name, "root") == 0)
        lec_diag_error(d, key->file, key->line, "%s: root is admin in every room, take it out", key->name);
    else if (!group && strcmp(name, roles->gateway) == 0)
        lec_diag_error(d, key->file, key->line, "%s: %s is the gateway's user, which speaks for people, take it out",
                       key->name, name);
    rules[roles->n_rules++] = (struct lec_role_rule){.group = group, .name = name, .role = role_of(key->value)};
}

void lec_access_build(struct lec_room_work *w)
{
    struct lec_diag *d = &w->load->diag;
    struct lec_roles *roles = &w->room->roles;
    struct lec_ini_section *s = lec_ini_find(w->ini, "access", "");
    const struct lec_keys none = {0};
    if (s)
        lec_section_check(w->load->arena, d, w->ini->file, s, &(struct lec_section_rules){.own = lec_access_keys});
    const struct lec_keys *own = s ? &s->own : &none;
    roles->others = role_of(lec_own_text(lec_access_keys, own, "others"));
    roles->gateway = lec_own_text(lec_access_keys, own, "gateway");
    const struct lec_key *gateway = lec_key_find(own, "gateway");
    if (gateway && (!is_account(gateway->value) || strcmp(gateway->value, "root") == 0))
        lec_diag_error(d, gateway->file, gateway->line, "gateway: %s, expected a user of this computer other than root",
                       lec_shown(gateway->value).text);
    struct lec_role_rule *rules = lec_arena_array(w->load->arena, own->n, sizeof *rules);
    if (!rules)
        return;
    roles->rules = rules;
    for (size_t i = 0; i < own->n; i++)
        read_rule(w, &own->at[i], rules);
    for (size_t i = 0; i < w->ini->n; i++)
        if (strcmp(w->ini->sections[i].kind, "access") == 0 && *w->ini->sections[i].name)
            lec_diag_error(d, w->ini->file, w->ini->sections[i].line, "[access %s]: expected [access] without a name",
                           w->ini->sections[i].name);
}
