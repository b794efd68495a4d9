"""Signing in over HTTP, and what somebody may try against it: guesses, stolen and made-up sessions, other rooms, other roles."""

import json
import re
import signal
import socket
import sqlite3
import subprocess
import threading

import pytest

from web_stage import BUILD, PATIENCE, ROOT, Connection, Page, Program, Web, daemon, phong201, stage, wait  # noqa: F401

PIN, WRONG = "4820", "4821"
ROOM = """
[room]
id = phong-201
site = thu
label = Phòng thử
[device board]
profile = generic/pjlink-1
line = tcp://127.0.0.1:9
"""


@pytest.fixture
def web(stage):  # noqa: F811
    return Web(stage, "phong-201")


@pytest.fixture
def journalled(stage):  # noqa: F811
    """A gateway before a real room: (web, what the room's journal has of signing in)."""
    daemon(stage, ROOM)
    room = stage.room()

    def logins():
        entries = room.call("journal.read", limit=1000)["entries"]
        return [e for e in entries if e["kind"] == "login"]
    return Web(stage, stage.room_name()), logins


def user(web, *args, stdin=""):
    done = subprocess.run([BUILD / "bin" / "lectern", "user", *args, "--file", web.people], input=stdin, capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def add(web, name, role="teacher", secret=PIN):
    user(web, "add", name, "--role", role, "--secret-stdin", stdin=secret + "\n")


class From(Connection):
    """A connection from another address of this machine."""

    def __init__(self, web, address):
        self.web, self.buffer = web, b""
        self.socket = socket.create_connection(("127.0.0.1", web.port), timeout=60, source_address=(address, 0))

    def ask(self, path, *bodies):
        """Sends requests without waiting for the answers."""
        head = "POST %s HTTP/1.1\r\nHost: %s\r\nOrigin: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
        texts = [json.dumps(body) for body in bodies]
        self.send("".join(head % (path, self.web.host, self.web.origin, len(text), text) for text in texts).encode())

    def post(self, path, body):
        self.ask(path, body)
        return self.response("POST")

    def status(self, request):
        """Sends these bytes; returns the status and what follows. Quick, for thousands."""
        self.send(request)
        got = b""
        while not got.endswith(b"}}"):
            more = self.socket.recv(8192)
            assert more, "the gateway closed"
            got += more
        return int(got[9:12]), got


def sign_in(web, name="Lan", secret=PIN, token=None):
    return web.post("/api/sign-in", {"name": name, "secret": secret}, **({"Cookie": "lectern=" + token} if token else {}))


def given(response):
    """The token that the answer sets; None when it sets none, "" when it takes it away."""
    cookie = response.headers.get("set-cookie")
    return re.match(r"lectern=([^;]*)", cookie).group(1) if cookie else None


def me(web, token=None):
    return web.get("/api/me?room=phong-201", **({"Cookie": "lectern=" + token} if token else {}))


def change_file(web, sql, *args):
    """Time passes: what the file says of it is changed."""
    with sqlite3.connect(web.people, timeout=10) as db:
        db.execute(sql, args)
    db.close()


# ---- As it should be ----

def test_the_right_pin_gives_a_session_in_a_cookie_that_no_script_reads(web):
    add(web, "Lan")
    answer = sign_in(web)
    assert answer.status == 200
    assert answer.json == {"person": {"name": "Lan", "label": "", "role": "teacher", "kiosk": False}}
    cookie = answer.headers["set-cookie"]
    for part in ("; Path=/", "; HttpOnly", "; SameSite=Strict", "; Max-Age=604800"):
        assert part in cookie
    assert "Secure" not in cookie and "Domain" not in cookie
    assert answer.headers["cache-control"] == "no-store"
    seen = me(web, given(answer)).json
    assert seen["person"]["name"] == "Lan" and seen["people"] == [{"name": "Lan", "label": ""}]
    assert web.page(given(answer)).call("web.follow")["result"] == {}


def test_over_tls_the_cookie_is_for_tls_only(stage):  # noqa: F811
    cert, key = stage.folder / "cert.pem", stage.folder / "key.pem"
    done = subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                           "-subj", "/CN=localhost", "-keyout", key, "-out", cert], capture_output=True)
    if done.returncode != 0:
        pytest.skip("openssl cannot make a certificate here")
    web = Web(stage, "phong-201", args=["--cert", cert, "--key", key], tls=True)
    add(web, "Lan")
    answer = sign_in(web)
    assert answer.status == 200 and "; Secure" in answer.headers["set-cookie"]


def test_wrong_unknown_and_disabled_are_one_answer(web):
    add(web, "Lan")
    add(web, "Minh")
    user(web, "change", "Minh", "--disable")
    answers = [sign_in(web, *who) for who in (("Lan", WRONG), ("Nobody", PIN), ("Minh", PIN), ("lan", PIN), ("<script>", PIN))]
    assert {a.status for a in answers} == {401}
    assert len({a.body for a in answers}) == 1 and not any(given(a) for a in answers)
    error = answers[0].json["error"]
    assert error["code"] == "wrong" and "Sai" in error["vi"] and "Wrong" in error["en"]


def test_what_is_no_form_is_refused_without_a_guess(web):
    add(web, "Lan")
    for body in ({}, {"name": "Lan"}, {"secret": PIN}, {"name": "", "secret": PIN}, {"name": "Lan", "secret": ""}, {"name": ["Lan"], "secret": PIN},
                 {"name": "Lan", "secret": 4820}, {"name": "x" * 64, "secret": PIN}, {"name": "Lan", "secret": "x" * 129},
                 {"name": None, "secret": None}):
        for path in ("/api/sign-in", "/api/pair"):
            assert web.post(path, body).status == 400, body
    assert web.post("/api/sign-in", b'{"name":"Lan\\u0000","secret":"4820"}').status == 400
    assert sign_in(web).status == 200  # none of these counted


def test_signing_out_ends_the_session_and_its_pages_and_nobody_elses(journalled):
    web, logins = journalled
    add(web, "Lan")
    add(web, "Minh")
    lan, minh = given(sign_in(web)), given(sign_in(web, "Minh"))
    page, other = web.page(lan), web.page(minh)
    out = web.post("/api/sign-out", {}, Cookie="lectern=" + lan)
    assert out.status == 200 and given(out) == ""
    assert page.closed(10).code == 4401 and page.seen[-1]["method"] == "signed_out"
    assert me(web, lan).json["person"] is None and given(me(web, lan)) == ""
    assert web.post("/api/renew", {}, Cookie="lectern=" + lan).status == 401
    assert Page(web, lan).closed().code == 4401
    assert web.post("/api/sign-out", {}, Cookie="lectern=" + lan).status == 200  # again is no error
    assert other.call("web.follow")["result"] == {}
    wait(lambda: [(e["data"]["what"], e["data"]["person"]) for e in logins()] == [("in", "Lan"), ("in", "Minh"), ("out", "Lan")],
         what="the journal")
    assert logins()[0]["data"]["address"] == "127.0.0.1"


def test_a_change_with_lectern_user_ends_sessions_within_seconds(web):
    minh = web.session("Minh")
    other = web.page(minh)
    for change in (["change", "Lan", "--secret-stdin"], ["change", "Lan", "--role", "viewer"], ["sign-out", "Lan"], ["remove", "Lan"]):
        token = web.session("Lan")
        page = web.page(token)
        user(web, *change, stdin="7391\n")
        assert page.closed().code == 4401, change  # within 2 s, usually; a page that says nothing is not asked again
        assert me(web, token).json["person"] is None
    assert other.call("web.follow")["result"] == {}


def test_a_session_survives_a_restart_of_the_gateway(stage, web):  # noqa: F811
    add(web, "Lan")
    token = given(sign_in(web))
    web.program.end()
    again = Web(stage, "phong-201")
    assert me(again, token).json["person"]["name"] == "Lan"
    assert again.page(token).call("web.follow")["result"] == {}


def test_a_file_that_is_broken_keeps_the_gateway_from_starting(stage, web):  # noqa: F811
    web.program.end()
    for extra in web.people.parent.glob("people.db-*"):
        extra.unlink()
    web.people.write_bytes(b"not a database" * 100)
    program = Program(stage, "lectern-web", ["--listen", "127.0.0.1:0", "--state", web.people.parent, "--run", stage.run])
    assert program.process.wait(PATIENCE) == 1
    assert "people.db is damaged" in program.text()


# ---- Guessing ----

def test_ten_thousand_wrong_pins_are_refused_and_others_sign_in(journalled):
    web, logins = journalled
    add(web, "Lan")
    add(web, "Minh")
    here, tally = From(web, "127.0.0.66"), {}
    head = "POST /api/sign-in HTTP/1.1\r\nHost: %s\r\nOrigin: %s\r\nContent-Type: application/json\r\n" % (web.host, web.origin)
    for pin in range(10000):
        secret = "%04d" % pin
        body = '{"name":"Lan","secret":"%s"}' % (WRONG if secret == PIN else secret)
        status, answer = here.status(("%sContent-Length: %d\r\n\r\n%s" % (head, len(body), body)).encode())
        tally[status] = tally.get(status, 0) + 1
        assert status == 401 or b'"wait_s":' in answer
        if pin == 5000:
            assert sign_in(web, "Minh").status == 200
    assert set(tally) == {401, 429} and tally[401] <= 15, tally
    assert here.post("/api/sign-in", {"name": "Lan", "secret": PIN}).status == 429  # the right one, too early
    assert sign_in(web).status == 200  # Lan herself, elsewhere
    assert From(web, "127.0.0.66").post("/api/sign-in", {"name": "Minh", "secret": PIN}).status == 200  # at the same panel
    entries = wait(lambda: [e["data"] for e in logins()] if len(logins()) >= 5 else None, what="the journal")
    wrong = [e for e in entries if e["what"] in ("wrong", "throttled")]
    assert 5 <= len(wrong) <= 40 and {e["person"] for e in wrong} == {"Lan"} and {e["address"] for e in wrong} == {"127.0.0.66"}


def test_what_was_typed_as_a_name_is_not_journalled_unless_it_is_one(journalled):
    web, logins = journalled
    assert sign_in(web, "con chim xanh", "Lan").status == 401  # the password in the field of the name
    entries = wait(logins, what="the journal")
    assert [e["data"]["person"] for e in entries] == ["?"]
    assert "con chim" not in web.program.text()


def test_guesses_wait_in_a_bounded_queue_and_pages_do_not_wait_for_them(web):
    page = web.page()
    statuses = []

    def guess(i):
        connection = From(web, "127.0.%d.1" % (2 + i))
        statuses.append(connection.post("/api/sign-in", {"name": "name %d" % i, "secret": PIN}).status)
    threads = [threading.Thread(target=guess, args=(i,)) for i in range(24)]
    for thread in threads:
        thread.start()
    calls = 0
    while any(thread.is_alive() for thread in threads):
        assert page.call("web.follow")["result"] == {}
        calls += 1
    assert set(statuses) <= {401, 429} and statuses.count(401) >= 16 and len(statuses) == 24 and 429 in statuses
    assert calls > 50, "the loop waited for hashes"


def test_one_address_takes_four_places_of_the_queue(web):
    connections = [From(web, "127.0.0.66") for _ in range(12)]
    web.program.process.send_signal(signal.SIGSTOP)  # it finds all of them at once
    for i, connection in enumerate(connections):
        connection.ask("/api/sign-in", {"name": "name %d" % i, "secret": PIN})
    web.program.process.send_signal(signal.SIGCONT)
    answers = [c.response() for c in connections]
    busy = [a for a in answers if a.status == 429]
    assert len(busy) >= 4 and {a.json["error"]["code"] for a in busy} == {"busy"}
    assert {a.status for a in answers} == {401, 429}


# ---- Sessions that are none ----

def test_an_expired_session_is_refused_and_its_cookie_taken_away(web):
    token = web.session()
    page = web.page(token)
    change_file(web, "UPDATE session SET seen = seen - 43201")
    assert page.closed().code == 4401
    assert me(web, token).json["person"] is None and given(me(web, token)) == ""
    assert web.post("/api/renew", {}, Cookie="lectern=" + token).status == 401
    assert Page(web, token).closed().code == 4401


def test_renewing_keeps_pages_open_and_gives_another_token(web):
    token = web.session()
    page = web.page(token)
    renewed = web.post("/api/renew", {}, Cookie="lectern=" + token)
    fresh = given(renewed)
    assert renewed.status == 200 and fresh and fresh != token
    assert me(web, fresh).json["person"]["name"] == "Lan"
    assert me(web, token).json["person"]["name"] == "Lan"  # for a minute: what was under way
    change_file(web, "UPDATE session SET used = used - 30")
    other = web.page(web.session("Minh"))
    user(web, "sign-out", "Minh")
    assert other.closed().code == 4401  # the gateway has looked at all pages
    assert page.call("web.follow")["result"] == {}


def test_loading_the_page_renews_an_old_token(web):
    token = web.session()
    assert given(me(web, token)) is None
    change_file(web, "UPDATE session SET renewed = renewed - 3601")
    answer = me(web, token)
    fresh = given(answer)
    assert fresh and fresh != token and answer.json["person"]["name"] == "Lan"
    assert me(web, fresh).json["person"]["name"] == "Lan" and given(me(web, fresh)) is None


@pytest.mark.parametrize("where", ["me", "renew", "socket"])
def test_a_stolen_token_ends_the_session_and_is_journalled(journalled, where):
    web, logins = journalled
    token = web.session()
    fresh = given(web.post("/api/renew", {}, Cookie="lectern=" + token))
    page = web.page(fresh)
    change_file(web, "UPDATE session SET used = used - 61")
    if where == "me":
        assert me(web, token).json["person"] is None
    elif where == "renew":
        assert web.post("/api/renew", {}, Cookie="lectern=" + token).status == 401
    else:
        thief = Page(web, token)
        assert thief.closed().code == 4401 and thief.seen[-1]["params"]["reason"] == "stolen"
    assert page.closed(10).code == 4401
    assert me(web, fresh).json["person"] is None
    stolen = wait(lambda: [e["data"] for e in logins() if e["data"]["what"] == "stolen"], what="the journal")
    assert [e["person"] for e in stolen] == ["Lan"]


def test_garbage_in_the_cookie_is_nobody(web):
    token = web.session()
    for cookie in ("lectern=", "lectern", "=", ";;;", "lectern=" + token[:-1], "lectern=" + token + "A", "lectern=" + token.swapcase(),
                   "lectern=" + "A" * 43, "lectern=' OR 1=1 --", "lectern=" + "%41" * 14, "lectern=\xff\xfe\x01", "Lectern=" + token,
                   "lectern=%s; lectern=%s" % ("A" * 43, token), "x" * 1500):
        connection = Connection(web)
        answer = connection.request("GET", "/api/me", {"Cookie": cookie})
        assert answer.status == 200 and answer.json["person"] is None, cookie
    assert me(web, token).json["person"]["name"] == "Lan"


@pytest.mark.parametrize("path", ["/api/sign-in", "/api/pair", "/api/sign-out", "/api/renew"])
def test_another_site_cannot_post_with_the_persons_cookie(web, path):
    token = web.session()
    body = {"name": "Lan", "secret": PIN, "code": "12345678"}
    for status, headers in ((403, {"Origin": "http://evil.example"}), (403, {"Origin": "null"}), (403, {"Origin": None}),
                            (415, {"Content_Type": "text/plain"}), (415, {"Content_Type": None})):
        answer = web.post(path, body, Cookie="lectern=" + token, **headers)
        assert answer.status == status and "set-cookie" not in answer.headers, headers
    assert web.post(path, {"x": "y" * 5000}, Cookie="lectern=" + token).status == 413
    assert web.get(path, Cookie="lectern=" + token).status in (404, 405)
    assert me(web, token).json["person"]["name"] == "Lan"


def test_requests_behind_a_body_end_their_connection_and_nothing_else(web):
    for n in (2, 3, 50):
        here = From(web, "127.0.0.66")
        here.ask("/api/sign-in", *[{"name": "Lan", "secret": WRONG}] * n)
        assert here.ended()
    assert me(web).status == 200  # libwebsockets would be busy for ever


# ---- Panels ----

def pair(web, code, token=None):
    return web.post("/api/pair", {"code": code}, **({"Cookie": "lectern=" + token} if token else {}))


def new_code(web, room="phong-201", role="teacher"):
    return json.loads(user(web, "pair", "--room", room, "--role", role, "--json"))["code"]


def test_a_code_makes_a_browser_the_rooms_panel_and_only_one(journalled):
    web, logins = journalled
    code = new_code(web)
    answer = pair(web, code)
    assert answer.status == 200
    assert answer.json["person"] == {"name": "kiosk phong-201", "label": "", "role": "teacher", "kiosk": True} and answer.json["room"] == "phong-201"
    assert "Max-Age=34560000" in answer.headers["set-cookie"]
    token = given(answer)
    assert [r["room"] for r in me(web, token).json["rooms"]] == ["phong-201"]
    assert pair(web, code).status == 401
    assert Page(web, token, room="lab-301", open=False).status == 403
    page = Page(web, token).ready()
    assert page.hello["person"]["kiosk"] and page.hello["person"]["role"] == "teacher"
    refused = web.post("/api/sign-out", {}, Cookie="lectern=" + token)
    assert refused.status == 403 and refused.json["error"]["code"] == "kiosk"
    user(web, "sign-out", "kiosk phong-201")
    assert page.closed(10).code == 4401
    wait(lambda: "paired" in [e["data"]["what"] for e in logins()], what="the journal")


def test_codes_are_throttled(web):
    code = new_code(web)
    here = From(web, "127.0.0.66")
    statuses = [here.post("/api/pair", {"code": "%08d" % (int(code) ^ 1 + i)}).status for i in range(200)]
    assert set(statuses) == {401, 429} and statuses.count(401) <= 8
    assert here.post("/api/pair", {"code": code}).status == 429
    assert pair(web, code).status == 200


def test_a_teacher_at_the_panel_signs_out_and_it_is_the_panel_again(journalled):
    web, logins = journalled
    add(web, "Lan")
    kiosk = given(pair(web, new_code(web, role="viewer")))
    page = Page(web, kiosk).ready()
    answer = sign_in(web, token=kiosk)
    lan = given(answer)
    assert answer.status == 200 and lan != kiosk
    assert page.closed(10).code == 4401  # it was open as the panel's
    person = me(web, lan).json["person"]
    assert (person["name"], person["role"], person["kiosk"], person["panel"]) == ("Lan", "teacher", False, "phong-201")
    page = Page(web, lan).ready()
    assert page.hello["person"]["name"] == "Lan"
    out = web.post("/api/sign-out", {}, Cookie="lectern=" + lan)
    assert out.status == 200 and given(out) is None
    assert page.closed(10).code == 4401
    assert me(web, lan).json["person"]["name"] == "kiosk phong-201"
    assert sign_in(web, token=lan).status == 200
    change_file(web, "UPDATE session SET over_seen = over_seen - 3601")  # she went away
    again = given(sign_in(web, secret=WRONG, token=lan))
    assert again is None


# ---- Roles ----

def table():
    """Which roles may ever use a method, from the daemon's own table."""
    text = (ROOT / "daemon" / "core" / "roles.c").read_text()
    rows = re.findall(r'^ *\{"([a-z.]+)", +ALWAYS, +\{(.*?)\}\}', text, re.M)
    assert len(rows) > 40
    return {name: [cell.strip() != "NO" for cell in cells.split(",")] for name, cells in rows}


def test_a_page_may_what_its_persons_role_may_and_nothing_more(stage):  # noqa: F811
    daemon(stage, ROOM)
    web = Web(stage, stage.room_name())
    methods, roles = table(), ["viewer", "teacher", "lab", "facilities", "admin"]
    for i, role in enumerate(roles):
        page = web.page(web.session("P " + role, role)).ready()
        assert page.hello["person"]["role"] == role
        for method, may in sorted(methods.items()):
            answer = page.call(method, **({"fresh": False} if method == "scene.plan" else {}))
            code = answer.get("error", {}).get("code")
            if may[i]:
                assert code != -32008, (role, method, answer)
            else:
                assert code == -32008, (role, method, answer)
        page.close()


def test_a_page_that_names_somebody_else_or_another_role_is_refused(stage):  # noqa: F811
    daemon(stage, ROOM)
    web = Web(stage, stage.room_name())
    page = web.page(web.session("Lan", "viewer")).ready()
    for more in ({"as": {"principal": "Hiệu trưởng", "role": "admin"}}, {"as": None}, {"role": "admin"}, {"principal": "root"}):
        page.text(json.dumps({"jsonrpc": "2.0", "id": "0123456789abcdef", "method": "room.reload", "params": {}, **more}))
        assert page.answer("0123456789abcdef")["error"]["code"] == -32600, more
    for params in ({"as": {"principal": "x", "role": "admin"}}, {"role": "admin"}):
        assert page.call("room.reload", **params)["error"]["code"] == -32008
    assert page.call("room.describe")["result"]["you"]["role"] == "viewer"
    for name in ("login.note", "web.other", "system.health", "../room.reload", "room.reload\n"):
        assert page.call(name)["error"]["code"] in (-32008, -32600, -32601), name


def test_what_a_page_does_is_journalled_with_its_person(phong201):  # noqa: F811
    stage_, sim, web = phong201
    page = web.page(web.session("Lan")).ready()
    assert "result" in page.call("point.write", target="projector.power", value="on")
    entries = wait(lambda: [e for e in stage_.room().call("journal.read", limit=1000)["entries"] if e["kind"] == "command"],
                   what="the journal")
    assert "Lan" in json.dumps(entries, ensure_ascii=False)
