"""Who may do what: every method with every role, and everybody who tries to be somebody else.

The test's own user is the gateway here (`--gateway`), so that it may name people; what others try is tried by processes of
another user. Methods and rows are read from the daemon's sources: a method without a row fails."""

import json
import os
import pwd
import re
import subprocess
import sys

import pytest

from conftest import ROOMS, ROOT, Stage, wait
from lectern_client import RoomError

ROLES = ["viewer", "teacher", "lab", "facilities", "admin"]
CORE = ROOT / "daemon" / "core"
ME = pwd.getpwuid(os.getuid()).pw_name

METHODS = re.findall(r'^    \{"([a-z]+\.[a-z]+)", (?:true|false), [a-z_]+\},$', (CORE / "methods.c").read_text(), re.M)
ROWS = {(name, when): dict(zip(ROLES + ["gateway"], re.findall(r"\w+", cells)))
        for name, when, cells in re.findall(r'^    \{"([a-z.]+)", +(ALWAYS|FRESH|UNLESS_STALE), +\{([^}]*)\}\},',
                                            (CORE / "roles.c").read_text(), re.M)}

# What a method is called with where `{}` would do something that the test has no use for, or not reach the refusal.
HARMLESS = {"scene.plan": {"fresh": False}}
# A device of each kind of class in room 201, and of what it may be asked.
TARGETS = {"ROOM": "projector.power", "LAB": "air.temperature"}


@pytest.fixture(scope="module")
def gateway():
    """The whole of room 201 and a client that may name people."""
    stage = Stage()
    try:
        stage.sim(ROOMS / "phong-201.ini")
        daemon = stage.daemon(args=["--gateway", ME])
        room = stage.room()
        stage.online(room)
        yield stage, daemon, room
    finally:
        stage.close()


def ask(room, method, params=None, **more):
    """The answer as it came; `more` stands beside `method`."""
    ask.n += 1
    request = {"jsonrpc": "2.0", "id": "roles-%d-%d" % (os.getpid(), ask.n), "method": method, "params": params or {}, **more}
    room.send_raw(json.dumps(request).encode())
    while True:
        frames = room.receive_raw(30)
        assert frames, method
        answer = json.loads(frames[-1])
        if answer.get("id") in (request["id"], None):
            return answer


ask.n = 0


def code(answer):
    return answer["error"]["code"] if "error" in answer else 0


def person(role, name="Lan"):
    return {"as": {"principal": name, "role": role}}


def test_methods_and_rows_are_the_same():
    assert len(METHODS) > 40
    assert sorted({name for name, when in ROWS if when == "ALWAYS"}) == sorted(METHODS)
    assert all(set(row.values()) <= {"YES", "NO", "ROOM", "LAB"} and len(row) == 6 for row in ROWS.values())


@pytest.mark.parametrize("role", ROLES)
def test_every_method_does_for_every_role_what_the_table_says(gateway, role):
    _, _, room = gateway
    wrong = []
    for method in METHODS:
        cell = ROWS[method, "ALWAYS"][role]
        cases = [(HARMLESS.get(method, {}), cell != "NO")]
        if any(c in TARGETS for c in ROWS[method, "ALWAYS"].values()):
            cases += [({"target": TARGETS["ROOM"]}, cell != "NO"), ({"target": TARGETS["LAB"]}, cell in ("LAB", "YES")),
                      ({"target": "nothing.power"}, cell != "NO")]
        if (method, "FRESH") in ROWS:
            cases.append(({"fresh": True}, ROWS[method, "FRESH"][role] != "NO"))
        if (method, "UNLESS_STALE") in ROWS:
            cases.append(({}, ROWS[method, "UNLESS_STALE"][role] != "NO"))
        for params, may in cases:
            answer = ask(room, method, params, **person(role))
            if (code(answer) != -32008) != may:
                wrong.append((role, method, params, answer))
    assert not wrong, wrong


@pytest.mark.parametrize("role", ROLES)
def test_the_room_says_what_one_may(gateway, role):
    _, _, room = gateway
    you = ask(room, "room.describe", **person(role, "Cô Lan"))["result"]["you"]
    assert you["principal"] == "Cô Lan" and you["role"] == role
    assert you["may"] == [m for m in METHODS if ROWS[m, "ALWAYS"][role] != "NO"]
    write = ROWS["point.write", "ALWAYS"][role]
    assert ("classes" not in you) == (write == "YES")
    assert write == "YES" or ("projector" in you["classes"]) == (write != "NO")


def test_a_refusal_says_what_to_do_and_is_journalled(gateway):
    _, _, room = gateway
    answer = ask(room, "room.reload", **person("teacher", "Refused One"))
    data = answer["error"]["data"]
    assert code(answer) == -32008 and data["remedy"]["vi"] and data["remedy"]["en"], answer
    entry = entry_of(room, "Refused One")
    assert entry["kind"] == "command" and entry["data"]["method"] == "room.reload"
    assert entry["data"]["outcome"] == "refused" and entry["data"]["via"] == ME and entry["data"]["role"] == "teacher"


def entry_of(room, principal, kind=None):
    """The newest journal entry of a principal."""
    def find():
        entries = room.call("journal.read", newest=True, limit=200, **({"kind": kind} if kind else {}))["entries"]
        return next((e for e in reversed(entries) if e.get("principal") == principal), None)
    return wait(find, what="an entry of " + principal)


def test_what_a_person_does_is_journalled_as_theirs(gateway):
    _, _, room = gateway
    answer = ask(room, "point.write", {"target": "lights.board", "value": False}, **person("teacher", "Cô Lan"))
    assert code(answer) in (0, -32001), answer
    ask(room, "scene.start", {"scene": "no-such"}, **person("teacher", "Thầy Minh"))
    entry = entry_of(room, "Thầy Minh")
    assert entry["kind"] == "command" and entry["data"]["via"] == ME, entry


def test_a_flood_of_refusals_does_not_flood_the_journal(gateway):
    _, _, room = gateway
    for _ in range(300):
        assert code(ask(room, "room.reload", **person("viewer", "Flood"))) == -32008
    ask(room, "room.reload", **person("viewer", "Behind The Flood"))
    entry_of(room, "Behind The Flood")
    entries = room.call("journal.read", newest=True, limit=1000)["entries"]
    assert len([e for e in entries if e.get("principal") == "Flood"]) == 10
    assert room.call("system.health")["limits"]["refusals"] >= 290


WRONG_AS = [
    None, [], {}, "Lan", 7, True,
    {"principal": "Lan"}, {"role": "teacher"},
    {"principal": "Lan", "role": "gateway"}, {"principal": "Lan", "role": "none"}, {"principal": "Lan", "role": "root"},
    {"principal": "Lan", "role": None}, {"principal": "Lan", "role": ["admin"]},
    {"principal": "", "role": "teacher"}, {"principal": "x" * 64, "role": "teacher"}, {"principal": "ô" * 32, "role": "teacher"},
    {"principal": "La\nn", "role": "teacher"}, {"principal": "La\u0000n", "role": "teacher"},
    {"principal": "La\u0085n", "role": "teacher"}, {"principal": "La\u007fn", "role": "teacher"},
    {"principal": "device", "role": "admin"}, {"principal": "scene:lesson", "role": "admin"},
    {"principal": "Lan", "role": "teacher", "uid": 0}, {"principal": "Lan", "role": "teacher", "as": {}},
]


@pytest.mark.parametrize("number", range(len(WRONG_AS)))
def test_a_person_that_cannot_be_is_refused(gateway, number):
    _, _, room = gateway
    answer = ask(room, "room.describe", **{"as": WRONG_AS[number]})
    assert code(answer) in (-32600, -32700), (WRONG_AS[number], answer)  # -32700: a NUL is no JSON for this room


def test_a_person_in_the_parameters_is_nobody(gateway):
    _, _, room = gateway
    answer = ask(room, "room.reload", {"as": {"principal": "Lan", "role": "viewer"}})
    assert code(answer) == -32602, answer  # this method takes no such parameter, and it was not taken for one
    answer = ask(room, "room.reload", {"as": {"principal": "Lan", "role": "admin"}}, **person("teacher"))
    assert code(answer) == -32008, answer


def test_an_id_of_another_person_does_not_show_their_answer(gateway):
    _, _, room = gateway
    request = {"jsonrpc": "2.0", "id": "an-id-of-sixteen-bytes-or-more", "method": "scene.start", "params": {"scene": "x"}}
    answers = []
    for name in ("Lan", "Lan", "Minh"):
        room.send_raw(json.dumps({**request, **person("teacher", name)}).encode())
        answers.append(json.loads(room.receive_raw()[-1]))
    assert [code(a) for a in answers] == [-32001, -32001, -32600], answers


# ---- Another user of this computer --------------------------------------------------------------------------------

STRANGER = r"""
import json, os, sys, zmq
os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[2]))
socket = zmq.Context().socket(zmq.DEALER)
socket.setsockopt(zmq.LINGER, 0)
socket.connect(sys.argv[1])
for line in sys.stdin:
    socket.send(line.strip().encode())
    assert socket.poll(20000), line
    print(socket.recv_multipart()[-1].decode(), flush=True)
"""


def as_stranger(stage, requests, user="nobody"):
    """What another user of this computer is answered."""
    if os.getuid() != 0:
        pytest.fail("to be another user these tests must be run by root, as CI does")
    run = stage.run
    for path in [stage.folder, run, run / stage.room_name()]:
        path.chmod(0o755)
    for name in ("command", "event"):
        (run / stage.room_name() / name).chmod(0o666)
    text = "".join(json.dumps({"jsonrpc": "2.0", "id": i, **r}) + "\n" for i, r in enumerate(requests))
    endpoint = "ipc://%s/%s/command" % (run, stage.room_name())
    done = subprocess.run([sys.executable, "-c", STRANGER, endpoint, str(pwd.getpwnam(user).pw_uid)], input=text,
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_nobody_but_the_gateway_speaks_for_others(gateway):
    stage, _, room = gateway
    tries = [{"method": m, "params": {}, "as": {"principal": "Lan", "role": r}} for m in METHODS for r in ("viewer", "admin")]
    tries += [{"method": "room.describe", "as": a} for a in WRONG_AS if "\\u0000" not in json.dumps(a)]
    answers = as_stranger(stage, tries)
    assert {code(a) for a in answers} == {-32008}, [a for a in answers if code(a) != -32008]
    assert entry_of(room, "nobody")["data"]["reason"] == "only the gateway may speak for somebody else"


ACCESS = """
[access]
user daemon = teacher
group bin = lab
user games = none
others = viewer
gateway = mail
"""


@pytest.fixture
def guarded(stage):
    """Room 201 with rules, run by root."""
    text = (ROOMS / "phong-201.ini").read_text() + ACCESS
    text = re.sub(r"(?ms)^\[timetable\].*?(?=^\[)", "", text)
    stage.sim(text)
    stage.daemon()
    room = stage.room()
    stage.online(room)
    return stage, room


def test_users_have_the_roles_of_the_room_file(guarded):
    stage, room = guarded
    describe = [{"method": "room.describe"}]
    roles = {user: as_stranger(stage, describe, user)[0] for user in ("daemon", "bin", "games", "nobody", "mail")}
    assert code(roles["games"]) == -32008, "none: nothing at all"
    you = {user: answer["result"]["you"] for user, answer in roles.items() if "result" in answer}
    assert {user: y["role"] for user, y in you.items()} == {"daemon": "teacher", "bin": "lab", "nobody": "viewer", "mail": "gateway"}
    assert you["mail"]["may"] == [m for m in METHODS if ROWS[m, "ALWAYS"]["gateway"] != "NO"]
    assert room.call("room.describe")["you"]["role"] == "admin"
    # The gateway of the room file speaks for people, and by itself may next to nothing.
    answers = as_stranger(stage, [{"method": "point.write", "params": {"target": "projector.power", "value": "on"}},
                                  {"method": "room.describe", "as": {"principal": "Lan", "role": "lab"}},
                                  {"method": "login.note", "params": {"person": "Lan", "what": "wrong", "address": "10.0.0.7"}},
                                  {"method": "login.note", "params": {"person": "Lan", "what": "in"},
                                   "as": {"principal": "Lan", "role": "admin"}}], "mail")
    assert code(answers[0]) == -32008 and answers[1]["result"]["you"]["role"] == "lab"
    assert answers[2]["result"] == {} and code(answers[3]) == -32008
    entry = entry_of(room, "mail", "login")
    assert entry["name"] == "wrong" and entry["data"] == {"what": "wrong", "person": "Lan", "address": "10.0.0.7"}


def test_another_configuration_gives_other_roles(guarded):
    stage, room = guarded
    stage.room_file.write_text(stage.room_file.read_text().replace("user daemon = teacher", "user daemon = facilities"))
    assert as_stranger(stage, [{"method": "room.describe"}], "daemon")[0]["result"]["you"]["role"] == "teacher"
    room.call("room.reload", timeout=30)
    assert as_stranger(stage, [{"method": "room.describe"}], "daemon")[0]["result"]["you"]["role"] == "facilities"


# ---- Signing in, and help -----------------------------------------------------------------------------------------

def test_only_what_a_gateway_can_note_is_noted(gateway):
    _, _, room = gateway
    for params in ({}, {"person": "Lan"}, {"person": "Lan", "what": "stole"}, {"person": "", "what": "in"},
                   {"person": "x" * 64, "what": "in"}, {"person": "L\nan", "what": "in"}, {"person": "Lan", "what": "in", "x": 1},
                   {"person": "Lan", "what": "in", "address": "1" * 65}, {"person": "Lan", "what": "in", "reason": "r" * 301}):
        assert code(ask(room, "login.note", params)) == -32602, params
    for what in ("in", "out", "wrong", "throttled", "paired", "stolen"):
        assert ask(room, "login.note", {"person": "Lan", "what": what})["result"] == {}


def test_what_a_person_asked_the_simulator_is_journalled_as_theirs(gateway):
    _, _, room = gateway
    for params in ({}, {"person": "Lan"}, {"person": "Lan", "method": "point.write"}, {"person": "", "method": "sim.fault"},
                   {"person": "L\nan", "method": "sim.fault"}, {"person": "Lan", "method": "sim.fault", "x": 1},
                   {"person": "Lan", "method": "sim.fault", "details": "d" * 301}, {"person": "Lan", "method": "sim." + "f" * 60}):
        assert code(ask(room, "simulator.note", params)) == -32602, params
    assert ask(room, "simulator.note", {"person": "Thầy Nam", "method": "sim.fault", "device": "projector", "details": "silence"})["result"] == {}
    entry = entry_of(room, "Thầy Nam", "command")
    assert entry["device"] == "projector" and entry["name"] == "sim.fault"
    assert entry["data"] == {"method": "sim.fault", "target": "projector", "details": "silence", "outcome": "done", "via": ME}
    assert ask(room, "simulator.note", {"person": "Cô Mai", "method": "sim.clear", "reason": "no"})["result"] == {}
    assert entry_of(room, "Cô Mai", "command")["data"]["outcome"] == "refused"


def test_a_call_for_help_brings_the_last_minute_and_an_alarm(gateway):
    _, _, room = gateway
    ask(room, "scene.start", {"scene": "before-help"}, **person("teacher", "Cô Hoa"))
    entry_of(room, "Cô Hoa")
    alarm = ask(room, "help.call", {"device": "projector", "text": "Máy chiếu không lên hình"}, **person("viewer", "Cô Hoa"))["result"]["alarm"]
    assert alarm["alarm"] == "help" and alarm["state"] == "raised", alarm
    entry = wait(lambda: (lambda e: e if e["kind"] == "help" else None)(entry_of(room, "Cô Hoa", "help")), what="the entry")
    assert entry["device"] == "projector" and entry["data"]["text"] == "Máy chiếu không lên hình" and entry["data"]["via"] == ME
    before = entry["data"]["before"]
    assert 1 <= len(before) <= 50
    assert any(e["kind"] == "command" and e["principal"] == "Cô Hoa" for e in before), before
    assert [e["journal"] for e in before] == sorted(e["journal"] for e in before)
    assert room.call("state.snapshot")["alarms"][0]["alarm"] == "help"
    # Others may not take it away; whoever looks after the room may.
    assert code(ask(room, "alarm.ack", {"alarm": "help"}, **person("teacher"))) == -32008
    assert code(ask(room, "alarm.ack", {"alarm": "help"}, **person("facilities"))) == 0
    for params in ({"device": "projecter"}, {"text": "x" * 301}, {"text": "a\u0007"}, {"text": 1}):
        assert code(ask(room, "help.call", params, **person("viewer"))) in (-32001, -32602), params


def test_many_calls_for_help_are_answered_and_few_journalled(gateway):
    _, _, room = gateway
    before = len(room.call("journal.read", newest=True, limit=1000, kind="help")["entries"])
    for i in range(20):
        assert ask(room, "help.call", {"text": "again"}, **person("viewer"))["result"]["alarm"]["alarm"] == "help"
    assert len(room.call("journal.read", newest=True, limit=1000, kind="help")["entries"]) - before <= 6
    assert room.call("system.health")["limits"]["help_calls"] >= 14


def test_the_room_reads_on_while_thousands_are_refused(gateway):
    stage, daemon, room = gateway
    for round_ in range(6):
        for i in range(500):
            who = person("viewer", "w%d" % (500 * round_ + i))
            room.send_raw(json.dumps({"jsonrpc": "2.0", "id": i, "method": "journal.read", **who}).encode())
        for _ in range(500):
            frames = room.receive_raw(20)
            assert frames and code(json.loads(frames[-1])) == -32008
    assert room.call("point.read", target="projector.power")["quality"] == "good"
    with pytest.raises(RoomError):
        room.call("point.write", target="projector.power", value="sideways")
    assert daemon.running()
