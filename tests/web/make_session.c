/* make_session PEOPLE.db NAME ROLE [SECRET]: makes the person if there is none of this name, and a session; prints its token. For tests, which
 * have no time to sign in over HTTP each time. make_session PEOPLE.db --kiosk ROOM ROLE does the same for a room's panel. */
#include <stdio.h>
#include <string.h>

#include "lectern/people.h"

static int kiosk(struct lec_people *people, const char *room, const char *role, char *token, struct lec_err *err)
{
    char code[9];
    struct lec_session session;
    int wait_s;
    int rc = lec_code_new(people, room, role, code, err);
    return rc < 0 ? rc : lec_code_redeem(people, code, "127.0.0.1", token, &session, &wait_s, err);
}

static int person(struct lec_people *people, const char *name, const char *role, const char *secret, char *token,
                  struct lec_err *err)
{
    struct lec_person p = {0};
    snprintf(p.name, sizeof p.name, "%s", name);
    snprintf(p.label, sizeof p.label, "Cô %s", name);
    snprintf(p.role, sizeof p.role, "%s", role);
    int rc = lec_people_add(people, &p, secret, err);
    return rc < 0 && rc != LEC_E_BUSY ? rc : lec_session_new(people, name, token, err);
}

int main(int argc, char **argv)
{
    struct lec_people *people = NULL;
    struct lec_err err = {.text = ""};
    char token[LEC_TOKEN_SIZE] = "";
    if (argc < 4)
        return 2;
    int rc = lec_people_open(argv[1], &people, &err);
    if (rc == 0)
        rc = strcmp(argv[2], "--kiosk") == 0
                 ? kiosk(people, argv[3], argc > 4 ? argv[4] : "teacher", token, &err)
                 : person(people, argv[2], argv[3], argc > 4 ? argv[4] : "cau-duoc-dau", token, &err);
    lec_people_close(&people);
    if (rc < 0)
        fprintf(stderr, "%s\n", err.text);
    else
        puts(token);
    return rc < 0 ? 1 : 0;
}
