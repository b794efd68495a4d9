/* Sessions and pairing codes, in simulated time. */
#include "unit/people_stage.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

static struct lec_session found;

static int find(struct people_stage *s, const char *token)
{
    memset(&found, 0, sizeof found);
    return lec_session_find(s->people, token, &found, &s->err);
}

static void begin(struct people_stage *s, const char *name, char token[LEC_TOKEN_SIZE])
{
    people_stage_ok(s, lec_session_new(s->people, name, token, &s->err));
}

static void a_session_survives_a_restart_and_ends_when_signed_out(void **state)
{
    struct people_stage *s = *state;
    char token[LEC_TOKEN_SIZE], other[LEC_TOKEN_SIZE];
    people_stage_add(s, "Lan");
    begin(s, "Lan", token);
    begin(s, "Lan", other);
    assert_int_equal(strlen(token), LEC_TOKEN_SIZE - 1);
    assert_string_not_equal(token, other);
    people_stage_reopen(s);
    people_stage_ok(s, find(s, token));
    assert_string_equal(found.person.name, "Lan");
    assert_string_equal(found.person.role, "teacher");
    assert_false(found.kiosk);
    people_stage_ok(s, lec_session_end(s->people, token, &s->err));
    assert_int_equal(find(s, token), LEC_E_REFUSED);
    assert_int_equal(lec_session_end(s->people, token, &s->err), 0);
    people_stage_ok(s, find(s, other));
    people_stage_ok(s, lec_session_end_all(s->people, "Lan", &s->err));
    assert_int_equal(find(s, other), LEC_E_REFUSED);
}

static void garbage_is_nobodys_session(void **state)
{
    struct people_stage *s = *state;
    char token[LEC_TOKEN_SIZE];
    people_stage_add(s, "Lan");
    begin(s, "Lan", token);
    static const char *const garbage[] = {"",
                                          "x",
                                          "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                                          "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                                          "' OR 1=1 --",
                                          "%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%",
                                          "\xff\xfe"};
    for (size_t i = 0; i < ARRAY_LEN(garbage); i++)
        assert_int_equal(find(s, garbage[i]), LEC_E_REFUSED);
    char longer[LEC_TOKEN_SIZE + 1];
    snprintf(longer, sizeof longer, "%sA", token);
    assert_int_equal(find(s, longer), LEC_E_REFUSED);
    token[LEC_TOKEN_SIZE - 2] = '\0';
    assert_int_equal(find(s, token), LEC_E_REFUSED);
    assert_int_equal(lec_session_new(s->people, "Nobody", token, &s->err), LEC_E_CONFIG);
}

static void the_file_does_not_have_the_token(void **state)
{
    struct people_stage *s = *state;
    char token[LEC_TOKEN_SIZE], bytes[1 << 18];
    people_stage_add(s, "Lan");
    begin(s, "Lan", token);
    lec_people_close(&s->people);
    FILE *f = fopen(s->file, "rb");
    assert_non_null(f);
    size_t n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    assert_non_null(memmem(bytes, n, "Lan", 3));
    assert_null(memmem(bytes, n, token, 16));
    unsigned char raw[32];
    assert_int_equal(sodium_base642bin(raw, sizeof raw, token, strlen(token), NULL, NULL, NULL,
                                       sodium_base64_VARIANT_URLSAFE_NO_PADDING),
                     0);
    assert_null(memmem(bytes, n, raw, 8));
    assert_null(memmem(bytes, n, raw + 16, 8));
}

static void a_session_expires_when_unused_and_after_a_week_anyhow(void **state)
{
    struct people_stage *s = *state;
    char idle[LEC_TOKEN_SIZE], busy[LEC_TOKEN_SIZE];
    people_stage_add(s, "Lan");
    begin(s, "Lan", idle);
    begin(s, "Lan", busy);
    people_stage_pass(s, LEC_SESSION_IDLE_S / 2);
    people_stage_ok(s, find(s, busy));
    people_stage_pass(s, LEC_SESSION_IDLE_S / 2 - 1);
    people_stage_ok(s, lec_session_look(s->people, found.id, false, &found, &s->err));
    people_stage_pass(s, 1);
    assert_int_equal(find(s, idle), LEC_E_REFUSED);
    for (int hours = 12; hours < 7 * 24; hours += 6) {
        people_stage_ok(s, find(s, busy));
        people_stage_pass(s, 6 * 3600);
    }
    assert_int_equal(find(s, busy), LEC_E_REFUSED);
}

static void a_clock_that_is_behind_for_a_while_signs_nobody_out(void **state)
{
    struct people_stage *s = *state;
    char token[LEC_TOKEN_SIZE];
    people_stage_add(s, "Lan");
    begin(s, "Lan", token);
    int64_t right = s->now_s;
    people_stage_pass(s, 1000 - right); /* a computer without a battery, after a power failure */
    people_stage_ok(s, find(s, token));
    people_stage_pass(s, 3600);
    people_stage_ok(s, find(s, token));
    people_stage_pass(s, right + 600 - s->now_s);
    people_stage_ok(s, find(s, token));
}

static void changing_a_secret_or_role_and_removing_end_sessions_and_a_label_does_not(void **state)
{
    struct people_stage *s = *state;
    char token[LEC_TOKEN_SIZE], other[LEC_TOKEN_SIZE];
    people_stage_add(s, "Lan");
    people_stage_add(s, "Minh");
    begin(s, "Minh", other);
    begin(s, "Lan", token);
    people_stage_ok(s, lec_people_change(s->people, "Lan", "Cô Lan", "teacher", NULL, NULL, &s->err));
    people_stage_ok(s, find(s, token));
    assert_string_equal(found.person.label, "Cô Lan");
    people_stage_ok(s, lec_people_change(s->people, "Lan", NULL, NULL, "7391", NULL, &s->err));
    assert_int_equal(find(s, token), LEC_E_REFUSED);
    begin(s, "Lan", token);
    people_stage_ok(s, lec_people_change(s->people, "Lan", NULL, "viewer", NULL, NULL, &s->err));
    assert_int_equal(find(s, token), LEC_E_REFUSED);
    begin(s, "Lan", token);
    people_stage_ok(s, find(s, token));
    assert_string_equal(found.person.role, "viewer");
    int64_t id = found.id;
    people_stage_ok(s, lec_people_change(s->people, "Lan", NULL, NULL, NULL, &(bool){true}, &s->err));
    assert_int_equal(find(s, token), LEC_E_REFUSED);
    assert_int_equal(lec_session_look(s->people, id, true, &found, &s->err), LEC_E_REFUSED);
    assert_int_equal(lec_session_new(s->people, "Lan", token, &s->err), LEC_E_CONFIG);
    people_stage_ok(s, lec_people_change(s->people, "Lan", NULL, NULL, NULL, &(bool){false}, &s->err));
    assert_int_equal(find(s, token), LEC_E_REFUSED); /* it does not come back with her */
    begin(s, "Lan", token);
    people_stage_ok(s, lec_people_remove(s->people, "Lan", &s->err));
    people_stage_add(s, "Lan"); /* another one of the same name */
    assert_int_equal(find(s, token), LEC_E_REFUSED);
    people_stage_ok(s, find(s, other));
}

static void a_renewed_token_that_comes_back_ends_the_session(void **state)
{
    struct people_stage *s = *state;
    char old[LEC_TOKEN_SIZE], fresh[LEC_TOKEN_SIZE];
    people_stage_add(s, "Lan");
    begin(s, "Lan", old);
    people_stage_ok(s, find(s, old));
    int64_t id = found.id;
    people_stage_ok(s, lec_session_renew(s->people, old, fresh, &s->err));
    assert_string_not_equal(old, fresh);
    people_stage_ok(s, find(s, fresh));
    assert_int_equal(found.id, id);
    people_stage_pass(s, LEC_RENEW_GRACE_S - 1);
    people_stage_ok(s, find(s, old)); /* a request that was under way */
    people_stage_pass(s, 1);
    assert_int_equal(find(s, old), LEC_E_CANCELLED);
    assert_string_equal(found.person.name, "Lan");
    assert_int_equal(find(s, fresh), LEC_E_REFUSED);
    assert_int_equal(find(s, old), LEC_E_REFUSED);
}

static void a_thief_who_renews_first_is_noticed_too(void **state)
{
    struct people_stage *s = *state;
    char token[LEC_TOKEN_SIZE], thief[LEC_TOKEN_SIZE], fresh[LEC_TOKEN_SIZE];
    people_stage_add(s, "Lan");
    begin(s, "Lan", token);
    people_stage_ok(s, lec_session_renew(s->people, token, thief, &s->err));
    people_stage_ok(s, find(s, thief));
    people_stage_pass(s, LEC_RENEW_GRACE_S);
    assert_int_equal(lec_session_renew(s->people, token, fresh, &s->err), LEC_E_CANCELLED);
    assert_int_equal(find(s, thief), LEC_E_REFUSED);
}

static void an_answer_lost_on_its_way_signs_nobody_out(void **state)
{
    struct people_stage *s = *state;
    char old[LEC_TOKEN_SIZE], lost[LEC_TOKEN_SIZE], again[LEC_TOKEN_SIZE];
    people_stage_add(s, "Lan");
    begin(s, "Lan", old);
    people_stage_ok(s, lec_session_renew(s->people, old, lost, &s->err));
    people_stage_pass(s, 3600);
    people_stage_ok(s, find(s, old));
    people_stage_ok(s, lec_session_renew(s->people, old, again, &s->err)); /* two tabs get the same */
    assert_string_equal(lost, again);
    people_stage_ok(s, find(s, again));
    people_stage_pass(s, LEC_RENEW_GRACE_S);
    assert_int_equal(find(s, old), LEC_E_CANCELLED);
}

static int64_t sessions_of(const struct people_stage *s, const char *where)
{
    char sql[128];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM session WHERE %s", where);
    return people_stage_sql(s, sql);
}

static void the_number_of_sessions_is_bounded_for_each_and_in_all(void **state)
{
    struct people_stage *s = *state;
    char first[LEC_TOKEN_SIZE], token[LEC_TOKEN_SIZE], other[LEC_TOKEN_SIZE];
    people_stage_add(s, "Lan");
    people_stage_add(s, "Minh");
    begin(s, "Minh", other);
    people_stage_pass(s, 1);
    begin(s, "Lan", first);
    for (int i = 0; i < LEC_SESSIONS_EACH; i++) {
        people_stage_pass(s, 1);
        begin(s, "Lan", token);
    }
    assert_int_equal(sessions_of(s, "person = 'Lan'"), LEC_SESSIONS_EACH);
    assert_int_equal(find(s, first), LEC_E_REFUSED);
    people_stage_ok(s, find(s, other)); /* older, but somebody else's */
    people_stage_sql(
        s, "INSERT INTO session WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4063)"
           " SELECT NULL, 'h' || i, 's', NULL, 0, 'p' || i, CASE WHEN i % 2 THEN 'a' ELSE '' END, 'viewer',"
           " 1790000000, 1790000000, 1790000000 - i, '', 0 FROM n");
    begin(s, "Minh", token);
    assert_int_equal(sessions_of(s, "1"), LEC_SESSIONS_MAX);
    begin(s, "Minh", token);
    assert_int_equal(sessions_of(s, "1"), LEC_SESSIONS_MAX);
    assert_int_equal(sessions_of(s, "handle = 'h4062'"), 0); /* a person's; the panel h4063 was unused for longer */
    assert_int_equal(sessions_of(s, "handle = 'h4063'"), 1);
}

static void a_code_pairs_one_panel_once(void **state)
{
    struct people_stage *s = *state;
    char code[9], token[LEC_TOKEN_SIZE], other[LEC_TOKEN_SIZE];
    people_stage_ok(s, lec_code_new(s->people, "phong-201", "teacher", code, &s->err));
    assert_int_equal(strspn(code, "0123456789"), 8);
    people_stage_ok(s, lec_code_redeem(s->people, code, "10.0.0.9", token, &found, &s->wait_s, &s->err));
    assert_true(found.kiosk);
    assert_string_equal(found.room, "phong-201");
    assert_string_equal(found.person.name, "kiosk phong-201");
    assert_string_equal(found.person.role, "teacher");
    assert_int_equal(lec_code_redeem(s->people, code, "10.0.0.9", other, &found, &s->wait_s, &s->err), LEC_E_REFUSED);
    people_stage_pass(s, 99 * 24 * 3600); /* longer than the summer */
    people_stage_ok(s, find(s, token));
    people_stage_ok(s, lec_session_end_all(s->people, "kiosk phong-201", &s->err));
    assert_int_equal(find(s, token), LEC_E_REFUSED);
}

static void a_code_expires_and_a_newer_one_of_the_room_replaces_it(void **state)
{
    struct people_stage *s = *state;
    char first[9], second[9], other[9], token[LEC_TOKEN_SIZE];
    people_stage_ok(s, lec_code_new(s->people, "phong-201", "teacher", first, &s->err));
    people_stage_ok(s, lec_code_new(s->people, "phong-201", "lab", second, &s->err));
    people_stage_ok(s, lec_code_new(s->people, "phong-202", "viewer", other, &s->err));
    assert_int_equal(lec_code_redeem(s->people, first, "a", token, &found, &s->wait_s, &s->err), LEC_E_REFUSED);
    people_stage_ok(s, lec_code_redeem(s->people, second, "a", token, &found, &s->wait_s, &s->err));
    people_stage_pass(s, LEC_CODE_S);
    assert_int_equal(lec_code_redeem(s->people, other, "a", token, &found, &s->wait_s, &s->err), LEC_E_REFUSED);
}

static void codes_are_throttled_by_address(void **state)
{
    struct people_stage *s = *state;
    char code[9], token[LEC_TOKEN_SIZE];
    people_stage_ok(s, lec_code_new(s->people, "phong-201", "teacher", code, &s->err));
    static const char *const wrong[] = {"", "1234567", "123456789", "abcdefgh", "0000000\n"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_int_equal(lec_code_redeem(s->people, wrong[i], "10.0.0.66", token, &found, &s->wait_s, &s->err),
                         LEC_E_REFUSED);
    assert_int_equal(lec_code_redeem(s->people, code, "10.0.0.66", token, &found, &s->wait_s, &s->err), LEC_E_BUSY);
    assert_int_equal(s->wait_s, 1);
    people_stage_ok(s, lec_code_redeem(s->people, code, "10.0.0.9", token, &found, &s->wait_s, &s->err));
}

static void a_panel_gets_no_power_and_no_odd_room(void **state)
{
    struct people_stage *s = *state;
    char code[9];
    static const char *const rooms[] = {
        "", "Phong", "a b", "a/../b", "a\n", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    for (size_t i = 0; i < ARRAY_LEN(rooms); i++)
        assert_int_equal(lec_code_new(s->people, rooms[i], "teacher", code, &s->err), LEC_E_RANGE);
    static const char *const roles[] = {"", "admin", "facilities", "gateway"};
    for (size_t i = 0; i < ARRAY_LEN(roles); i++)
        assert_int_equal(lec_code_new(s->people, "phong-201", roles[i], code, &s->err), LEC_E_RANGE);
}

static void a_person_at_a_panel_is_signed_out_and_the_panel_stays(void **state)
{
    struct people_stage *s = *state;
    char code[9], kiosk[LEC_TOKEN_SIZE], over[LEC_TOKEN_SIZE], own[LEC_TOKEN_SIZE], fresh[LEC_TOKEN_SIZE];
    people_stage_add(s, "Lan");
    begin(s, "Lan", own);
    people_stage_ok(s, lec_code_new(s->people, "phong-201", "viewer", code, &s->err));
    people_stage_ok(s, lec_code_redeem(s->people, code, "10.0.0.9", kiosk, &found, &s->wait_s, &s->err));
    int64_t id = found.id;
    assert_int_equal(lec_session_over(s->people, own, "Lan", over, &s->err), LEC_E_REFUSED);
    assert_int_equal(lec_session_over(s->people, kiosk, "Nobody", over, &s->err), LEC_E_CONFIG);
    assert_int_equal(lec_session_end(s->people, kiosk, &s->err), LEC_E_NOTSUP);

    people_stage_ok(s, lec_session_over(s->people, kiosk, "Lan", over, &s->err));
    people_stage_ok(s, find(s, over));
    assert_string_equal(found.person.name, "Lan");
    assert_string_equal(found.person.role, "teacher");
    assert_false(found.kiosk);
    assert_string_equal(found.room, "");
    assert_string_equal(found.panel, "phong-201");
    assert_int_equal(found.id, id);
    people_stage_pass(s, LEC_PANEL_IDLE_S - 1);
    people_stage_ok(s, lec_session_look(s->people, id, true, &found, &s->err));
    assert_string_equal(found.person.name, "Lan");
    people_stage_pass(s, LEC_PANEL_IDLE_S - 1);
    people_stage_ok(s, find(s, over));
    assert_string_equal(found.person.name, "Lan");
    people_stage_ok(s, lec_session_renew(s->people, over, fresh, &s->err));
    people_stage_ok(s, lec_session_end(s->people, fresh, &s->err));
    people_stage_ok(s, find(s, fresh));
    assert_true(found.kiosk);
    assert_string_equal(found.person.name, "kiosk phong-201");
    assert_string_equal(found.person.role, "viewer");
    assert_string_equal(found.room, "phong-201");

    people_stage_ok(s, lec_session_over(s->people, fresh, "Lan", over, &s->err));
    people_stage_pass(s, LEC_PANEL_IDLE_S); /* she went away without a word */
    people_stage_ok(s, find(s, over));
    assert_true(found.kiosk);
    people_stage_ok(s, lec_session_over(s->people, over, "Lan", fresh, &s->err));
    people_stage_ok(s, lec_people_change(s->people, "Lan", NULL, NULL, "7391", NULL, &s->err));
    people_stage_ok(s, find(s, fresh));
    assert_true(found.kiosk);
    people_stage_ok(s, find(s, fresh));
    people_stage_ok(s, lec_session_end_all(s->people, "kiosk phong-201", &s->err));
    assert_int_equal(find(s, fresh), LEC_E_REFUSED);
}

static void count(void *ctx, const struct lec_session *session)
{
    (void)session;
    ++*(int *)ctx;
}

static void sessions_that_have_not_expired_are_listed(void **state)
{
    struct people_stage *s = *state;
    char code[9], token[LEC_TOKEN_SIZE];
    int n = 0;
    people_stage_add(s, "Lan");
    begin(s, "Lan", token);
    people_stage_ok(s, lec_code_new(s->people, "phong-201", "teacher", code, &s->err));
    people_stage_ok(s, lec_code_redeem(s->people, code, "10.0.0.9", token, &found, &s->wait_s, &s->err));
    people_stage_ok(s, lec_session_each(s->people, count, &n, &s->err));
    assert_int_equal(n, 2);
    people_stage_pass(s, LEC_SESSION_IDLE_S);
    n = 0;
    people_stage_ok(s, lec_session_each(s->people, count, &n, &s->err));
    assert_int_equal(n, 1);
}

static void a_file_that_cannot_be_written_signs_nobody_out(void **state)
{
    struct people_stage *s = *state;
    char token[LEC_TOKEN_SIZE], fresh[LEC_TOKEN_SIZE];
    people_stage_add(s, "Lan");
    begin(s, "Lan", token);
    people_stage_sql(s, "CREATE TRIGGER no BEFORE UPDATE ON session BEGIN SELECT RAISE(ABORT, 'disk full'); END");
    people_stage_pass(s, 3600);
    people_stage_ok(s, find(s, token));
    assert_int_equal(lec_session_renew(s->people, token, fresh, &s->err), LEC_E_CONFIG);
    people_stage_ok(s, find(s, token));
}

int main(void)
{
#define PEOPLE_TEST(f) cmocka_unit_test_setup_teardown(f, people_stage_setup, people_stage_teardown)
    const struct CMUnitTest tests[] = {
        PEOPLE_TEST(a_session_survives_a_restart_and_ends_when_signed_out),
        PEOPLE_TEST(garbage_is_nobodys_session),
        PEOPLE_TEST(the_file_does_not_have_the_token),
        PEOPLE_TEST(a_session_expires_when_unused_and_after_a_week_anyhow),
        PEOPLE_TEST(a_clock_that_is_behind_for_a_while_signs_nobody_out),
        PEOPLE_TEST(changing_a_secret_or_role_and_removing_end_sessions_and_a_label_does_not),
        PEOPLE_TEST(a_renewed_token_that_comes_back_ends_the_session),
        PEOPLE_TEST(a_thief_who_renews_first_is_noticed_too),
        PEOPLE_TEST(an_answer_lost_on_its_way_signs_nobody_out),
        PEOPLE_TEST(the_number_of_sessions_is_bounded_for_each_and_in_all),
        PEOPLE_TEST(a_code_pairs_one_panel_once),
        PEOPLE_TEST(a_code_expires_and_a_newer_one_of_the_room_replaces_it),
        PEOPLE_TEST(codes_are_throttled_by_address),
        PEOPLE_TEST(a_panel_gets_no_power_and_no_odd_room),
        PEOPLE_TEST(a_person_at_a_panel_is_signed_out_and_the_panel_stays),
        PEOPLE_TEST(sessions_that_have_not_expired_are_listed),
        PEOPLE_TEST(a_file_that_cannot_be_written_signs_nobody_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
