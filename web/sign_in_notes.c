/* What the journal is told of signing in. An attacker must not fill it: a throttled name at an address is told once in a while, and wrong and
 * throttled guesses together at a bounded rate, the rest as a number. */
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "lectern/clock.h"
#include "lectern/log.h"
#include "sign_in_impl.h"

/* FNV-1a; who finds two with the same value hides one line of the journal. */
static uint64_t hash(uint64_t h, const char *text)
{
    do {
        h = (h ^ (unsigned char)*text) * UINT64_C(0x100000001B3);
    } while (*text++ != '\0');
    return h;
}

static bool was_told(struct sign_in *s, const char *person, const char *address, int64_t now)
{
    uint64_t whom = hash(hash(UINT64_C(0xCBF29CE484222325), person), address);
    for (unsigned i = 0; i < SIGN_IN_NOTES_N; i++)
        if (s->told[i].whom == whom && s->told[i].at != 0 && now - s->told[i].at < SIGN_IN_NOTES_EACH * LEC_SEC)
            return true;
    s->told[s->told_next].whom = whom;
    s->told[s->told_next].at = now;
    s->told_next = (s->told_next + 1) % SIGN_IN_NOTES_N;
    return false;
}

static bool take_turn(struct sign_in *s, int64_t now)
{
    int64_t each = SIGN_IN_NOTES_S * LEC_SEC;
    if (s->notes_left < SIGN_IN_NOTES_BURST && now - s->notes_at >= each) {
        int64_t more = (now - s->notes_at) / each;
        s->notes_at += more * each;
        s->notes_left =
            more > SIGN_IN_NOTES_BURST - (int64_t)s->notes_left ? SIGN_IN_NOTES_BURST : s->notes_left + (unsigned)more;
    }
    if (s->notes_left == 0) {
        s->unnoted++;
        return false;
    }
    if (s->notes_left == SIGN_IN_NOTES_BURST)
        s->notes_at = now;
    s->notes_left--;
    return true;
}

/* Only rooms that are here: the name may come from anybody. */
static void tell_rooms(struct sign_in *s, const char *room, const char *whom, const char *what, const char *address,
                       const char *reason)
{
    json_t *rooms = server_rooms(s->server, NULL);
    size_t n = json_array_size(rooms);
    bool here = false;
    for (size_t i = 0; i < n; i++) {
        const char *name = json_string_value(json_object_get(json_array_get(rooms, i), "room"));
        here = here || (name && strcmp(name, room) == 0);
    }
    if (here)
        server_note(s->server, room, whom, what, address, reason);
    for (size_t i = 0; !here && i < n && i < SIGN_IN_NOTE_ROOMS; i++)
        server_note(s->server, json_string_value(json_object_get(json_array_get(rooms, i), "room")), whom, what,
                    address, reason);
    json_decref(rooms);
}

void sign_in_note(struct sign_in *s, const char *room, const char *person, const char *what, const char *address)
{
    int64_t now = lec_now();
    char reason[64] = "";
    bool wrong = strcmp(what, "wrong") == 0, throttled = strcmp(what, "throttled") == 0;
    if ((throttled && was_told(s, person, address, now)) || ((wrong || throttled) && !take_turn(s, now)))
        return;
    if (person[0] == '\0')
        snprintf(reason, sizeof reason, "nobody has this name");
    if ((wrong || throttled) && s->unnoted > 0) {
        size_t n = strlen(reason);
        snprintf(reason + n, sizeof reason - n, "%sand %u more", n > 0 ? "; " : "", s->unnoted);
        s->unnoted = 0;
    }
    const char *whom = person[0] != '\0' ? person : "?";
    lec_log(LEC_LOG_NOTICE, "signing in: %s: %s at %s%s%s", what, whom, address, reason[0] != '\0' ? ": " : "", reason);
    tell_rooms(s, room, whom, what, address, reason[0] != '\0' ? reason : NULL);
}
