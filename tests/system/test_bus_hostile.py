"""Clients that send what is no request, or a wrong one. Whatever comes over the bus gets one answer that names what is wrong,
and ends no daemon. What stands in docs/protocol.md is read from there: methods, parameters, limits."""

import contextlib
import json
import random
import re
import socket
import struct
import uuid

import pytest
import zmq

from bus_raw import PATIENT, Raw, bus, request, rss, shared  # noqa: F401 (fixtures)
from conftest import PATIENCE, ROOT, wait
from lectern_client import RoomError

REQUEST_MAX, MESSAGE_MAX, DEPTH_MAX = 65536, 1 << 20, 16


def documented():
    """{method: {parameter: required}} as the table in docs/protocol.md says."""
    methods = {}
    text = (ROOT / "docs" / "protocol.md").read_text()
    table = text[text.index("### 2.2 Methods"):text.index("## 3.")] + text[text.index("## 8."):]
    for row in re.findall(r"^\| `([a-z]+\.[a-z]+)`[^|]*\|([^|]*)\|", table, re.M):
        optional = set(re.findall(r"\*`([a-z_]+)`\*", row[1]))
        if "*`run`* or *`experiment`*" in row[1]:  # both may be left out
            optional |= {"run", "experiment"}
        names = re.findall(r"(?<![\"a-z])`([a-z_]+)`(?!\")", re.sub(r"\([^)]*\)|\{[^}]*\}", "", row[1]))
        methods[row[0]] = {name: name not in optional for name in names}
    return methods


METHODS = documented()
GOOD = {  # parameters that are right, but reach no device
    "device.describe": {"device": "lights"}, "point.read": {"target": "lights.rear"},
    "point.write": {"target": "lights.rear", "value": True}, "action.invoke": {"target": "camera.preset.recall", "args": [1]},
    "scene.plan": {"scene": "evening"}, "scene.start": {"scene": "evening"}, "scene.run": {"run": "0000000000000000"},
    "scene.cancel": {"scene": "evening"}, "scene.capture": {"scene": "now"}, "driver.search": {"driver": "pjlink"},
    "line.trace": {"line": "tcp://10.20.1.13:23", "on": False},
    "experiment.create": {"experiment": "new", "keys": {"channel x": "nobody.nothing"}},
    "experiment.delete": {"experiment": "nothing"}, "experiment.start": {"experiment": "nothing"}, "experiment.stop": {},
    "experiment.mark": {"text": "x"}, "experiment.sample": {}, "run.list": {}, "run.show": {"run": "x"}, "run.read": {"run": "x"},
    "run.export": {"run": "x", "format": "csv"}, "run.fetch": {"file": "x"}, "run.delete": {"run": "x"},
    "run.analyze": {"run": "x", "channel": "x", "what": "statistics"},
    "point.calibrate": {"target": "projector.lamp.hours", "form": ""},
    "alarm.ack": {"alarm": "nothing.away"}, "alarm.shelve": {"alarm": "nothing.away", "for_ms": 60000, "reason": "x"},
    "alarm.unshelve": {"alarm": "nothing.away"}, "timetable.skip": {"uid": "x", "start": 1790000000000000},
    "login.note": {"person": "Lan", "what": "in"}, "simulator.note": {"person": "Lan", "method": "sim.clear"},
}
TEXTS = {"device", "as", "target", "until", "scene", "run", "kind", "driver", "line", "experiment", "operator", "text", "format", "shape",
         "lang", "file", "channel", "what", "form", "against", "with_run", "with_channel", "unit", "note", "date", "alarm",
         "reason", "day", "uid", "person", "address", "method", "details"}
BOOLS = {"fresh", "newest", "on", "raw", "keep", "force"}
NUMBERS = {"timeout_ms", "after", "before", "limit", "port", "width", "offset", "ended", "raise", "for_ms", "days", "ms"}
REALS = {"from", "to", "order", "origin", "points", "at", "window"}
ANY_TYPE = {"value"}
WRONG = {  # JSON texts, by what the parameter is
    "text": ["null", "true", "0", "-1", "1.5", "[]", "{}", "[\"lights\"]", "{\"a\":1}", "9223372036854775807"],
    "bool": ["null", "0", "1", "1.5", "\"true\"", "\"\"", "[]", "{}"],
    "number": ["null", "true", "1.5", "1e3", "-1", "-9223372036854775808", "\"1\"", "\"\"", "[]", "{}", "[1]"],
    "real": ["null", "true", "\"1\"", "\"\"", "[]", "{}", "[1]"],
    "start": ["null", "true", "1.5", "\"1\"", "[]", "{}"],
    "channels": ["null", "true", "1", "\"t\"", "{}", "[1]", "[null]", "[[\"t\"]]"],
    "keys": ["null", "true", "1", "\"x\"", "[]", "{\"channel x\":1}", "{\"channel x\":null}", "{\"a\":{}}"],
    "values": ["null", "true", "1", "\"x\"", "[]", "{\"a\":\"1\"}", "{\"a\":null}", "{\"a\":[1]}"],
    "metadata": ["null", "true", "1", "\"x\"", "[]"],
    "args": ["null", "true", "1", "\"x\"", "1.5"],
    "label": ["null", "true", "1", "\"x\"", "[]", "{\"vi\":1}", "{\"en\":[]}", "{\"vi\":\"a\",\"de\":\"b\"}"],
    "devices": ["null", "true", "1", "\"lights\"", "{}", "[1]", "[null]", "[[\"lights\"]]"],
}


def wrong_for(name):
    kind = ("text" if name in TEXTS else "bool" if name in BOOLS else "number" if name in NUMBERS else "real" if name in REALS
            else name)
    return WRONG[kind]


# ---- What is no request ---------------------------------------------------------------------------------------------

NOT_JSON = [
    b"", b" ", b"{", b"}", b"[1,", b"nul", b"\x00", b"{\"a\":}", b"{\"a\" 1}", b"{'a':1}", b"{\"a\":1}x", b"{\"a\":1,}",
    b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"room.describe\"}\x00", b"\xef\xbb\xbf{}", b"{\"a\":01}", b"{\"a\":+1}",
    b"{\"a\":NaN}", b"{\"a\":Infinity}", b"{\"a\":1e999}", b"{\"a\":99999999999999999999}", b"{\"a\":\"\\x41\"}",
    b"{\"a\":\"\n\"}", b"// {}", b"{\"a\":\"\\ud800\"}", b"{\"a\":\"\\udc00\\ud800\"}", b"{\"a\":\"\xff\"}",
    b"{\"a\":\"\xc0\xaf\"}", b"{\"a\":\"\xed\xa0\x80\"}", b"{\"a\":\"\xf5\x80\x80\x80\"}", b"{\"a\":\"\xe2\x82\"}",
    b"{\"a\":\"\\u0000\"}", b"{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"method\":\"room.describe\"}",
    b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"room.describe\\u0000x\"}", b"\xff\xfe{\x00}\x00", b"GET / HTTP/1.1\r\n\r\n",
    b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"point.read\",\"params\":{\"target\":\"lights.rear\",\"target\":\"a.b\"}}",
]


@pytest.mark.parametrize("n", range(len(NOT_JSON)))
def test_what_is_not_json_gets_a_parse_error(bus, n):
    answer = bus.raw.ask(NOT_JSON[n])
    assert answer["error"]["code"] == -32700 and answer["id"] is None, (NOT_JSON[n], answer)
    assert bus.raw.silent(0.01)


@pytest.mark.parametrize("text, given", [
    ("[]", None), ("[%s]" % request("room.describe", name=1), None), ("1", None), ("\"x\"", None), ("null", None), ("true", None),
    ("{}", None), ('{"id":1,"method":"room.describe"}', 1), ('{"jsonrpc":"1.0","id":1,"method":"room.describe"}', 1),
    ('{"jsonrpc":2.0,"id":1,"method":"room.describe"}', 1), ('{"jsonrpc":"2.0","id":"seven"}', "seven"),
    ('{"jsonrpc":"2.0","id":1,"method":7}', 1), ('{"jsonrpc":"2.0","id":1,"method":null}', 1),
    ('{"jsonrpc":"2.0","id":1,"method":["room.describe"]}', 1),
])
def test_json_that_is_no_request_is_refused_under_its_id_where_it_has_one(bus, text, given):
    answer = bus.raw.ask(text)
    assert answer["error"]["code"] == -32600 and answer["id"] == given
    assert bus.raw.silent(0.01)


@pytest.mark.parametrize("name", ["", "null", "true", "1.5", "[]", "{}", "[1]", '"%s"' % ("x" * 65), '""', "1e2"])
def test_a_request_without_a_valid_id_is_refused_and_not_done(bus, name):
    level = bus.sim.call("sim.state", device="audio")["state"]["level"]
    member = '"id":%s,' % name if name else ""
    text = '{"jsonrpc":"2.0",%s"method":"point.write","params":{"target":"audio.level","value":%r}}' % (member, level - 3)
    answer = bus.raw.ask(text)
    assert answer["error"]["code"] == -32600 and answer["id"] is None and "id" in answer["error"]["message"]
    assert bus.room.call("point.read", target="audio.level", fresh=True)["value"] == level


@pytest.mark.parametrize("name", [0, -1, 9223372036854775807, -9223372036854775808, "x", "é" * 32, "x" * 64, "\"\\\n\t"])
def test_ids_come_back_as_they_were(bus, name):
    answer = bus.raw.ask(request("room.describe", name=name))
    assert answer["id"] == name and type(answer["id"]) is type(name) and "result" in answer


@pytest.mark.parametrize("method", ["", "x", "room", "room.", ".describe", "room.describe ", "Room.describe", "room.describex",
                                    "rpc.discover", "x" * 5000, "point.read\n", "../../etc/passwd", "%s%n%d"])
def test_unknown_methods_are_named_as_such(bus, method):
    answer = bus.raw.ask(request(method, name=1))
    assert answer["error"]["code"] == -32601 and answer["id"] == 1
    assert len(answer["error"]["message"]) < 300


# ---- Parameters: every method, every parameter, every wrong type ------------------------------------------------------


def test_every_documented_method_exists_and_takes_what_the_page_says(bus):
    assert len(METHODS) >= 20, METHODS
    for method, params in METHODS.items():
        for name in ("", "|", "surprise"):  # "" is found in every list, also behind its end
            answer = bus.raw.ask(request(method, {name: 1}))
            assert answer["error"]["code"] == -32602 and answer["error"].get("data", {}).get("param", "") == name, (method, answer)
        listed = answer["error"]["message"].rsplit(":", 1)[1].strip()
        known = set() if listed == "none" else set(listed.split("|"))
        assert known == set(params), "%s: the daemon takes %r, the page says %r" % (method, known, set(params))


@pytest.mark.parametrize("method", sorted(METHODS))
def test_a_parameter_of_a_wrong_type_is_named(bus, method):
    for name in METHODS[method]:
        if name in ANY_TYPE:
            continue
        for wrong in wrong_for(name):
            params = dict(GOOD.get(method, {}))
            if method == "scene.cancel" and name == "run":
                params.pop("scene")
            params.pop(name, None)
            members = ["%s:%s" % (json.dumps(key), json.dumps(value)) for key, value in params.items()]
            text = '{"jsonrpc":"2.0","id":"%s","method":"%s","params":{%s}}' % (
                uuid.uuid4(), method, ",".join(members + ['"%s":%s' % (name, wrong)]))
            answer = bus.raw.ask(text)
            assert "error" in answer and answer["error"]["code"] == -32602, (text, answer)
            assert answer["error"]["data"]["param"] == name, (text, answer)
    for wrong in ("[]", "1", "\"x\"", "true", "null", "[{}]"):
        answer = bus.raw.ask('{"jsonrpc":"2.0","id":5,"method":"%s","params":%s}' % (method, wrong))
        assert answer["error"]["code"] == -32602 and answer["error"]["data"]["param"] == "params", (method, wrong, answer)
    assert bus.raw.silent(0.01)


@pytest.mark.parametrize("method, name", [(m, p) for m in sorted(METHODS) for p in METHODS[m] if METHODS[m][p] and m != "scene.cancel"])
def test_a_missing_parameter_is_named(bus, method, name):
    params = {key: value for key, value in GOOD[method].items() if key != name}
    answer = bus.raw.ask(request(method, params, str(uuid.uuid4())))
    assert answer["error"]["code"] == -32602 and answer["error"]["data"]["param"] == name, answer


NAMES = ["", ".", "..", "lights", "lights.", ".rear", "lights.rear.", "lights..rear", "LIGHTS.REAR", "lights.rear ", " lights.rear",
         "nobody.rear", "lights.nothing", "x" * 47 + ".rear", "x" * 48 + ".rear", "x" * 60000, "." * 1000, "a." * 5000,
         "%s%s%n.%d", "lights.rear\"},{\"", "đèn.sau", "lights\t.rear", "\u202elights.rear", "lights.{}[]", "../../x.y"]


@pytest.mark.parametrize("method, param", [("point.read", "target"), ("point.write", "target"), ("action.invoke", "target"),
                                           ("device.describe", "device"), ("scene.start", "scene"), ("scene.plan", "scene"),
                                           ("scene.cancel", "run"), ("scene.undo", "run"), ("scene.run", "run"),
                                           ("line.trace", "line"), ("driver.search", "driver")])
def test_names_of_nothing_are_told_apart_from_mistakes_of_type(bus, method, param):
    params = {key: value for key, value in GOOD.get(method, {}).items() if key != "scene" or param == "scene"}
    for name in NAMES:
        if method == "device.describe" and name == "lights":
            continue
        answer = bus.raw.ask(request(method, {**params, param: name}, str(uuid.uuid4())))
        assert answer["error"]["code"] in (-32001, -32602), (method, name, answer)
        assert len(json.dumps(answer)) < 2000, "an answer does not repeat what is sent without end"


@pytest.mark.parametrize("value, code", [
    (None, -32005), (1, -32005), ("true", -32005), ([], -32005), ({}, -32005), ("", -32005), (1.0, -32005), ("x" * 60000, -32005),
])
def test_a_value_of_the_wrong_type_reaches_no_device(bus, value, code):
    before = bus.sim.call("sim.state", device="lights")["commands"] if "commands" in bus.sim.call("sim.state", device="lights") else None
    answer = bus.raw.ask(request("point.write", {"target": "lights.rear", "value": value}, str(uuid.uuid4())))
    assert answer["error"]["code"] == code and answer["error"]["data"]["point"] == "rear", answer
    assert bus.sim.call("sim.state", device="lights")["state"]["rear"] in (True, False) and before is not False


@pytest.mark.parametrize("target, value", [("audio.level", 1e308), ("audio.level", -1e308), ("audio.level", 12.1), ("audio.level", 10**18),
                                           ("projector.input", "hdmi9"), ("projector.input", "hdmi1\n"), ("projector.power", "warming")])
def test_a_value_out_of_range_reaches_no_device(bus, target, value):
    before = bus.sim.call("sim.state")
    with pytest.raises(RoomError) as no:
        bus.room.call("point.write", target=target, value=value)
    assert no.value.code == -32005 and no.value.data["param"] == "value"
    device, point = target.split(".")
    assert bus.sim.call("sim.state")[device][point] == before[device][point]


@pytest.mark.parametrize("args", [[], [1, 2], {"preset": 1, "x": 2}, {"x": 1}, ["1"], [1.5], [None], [[1]], [-1], [10**12], {}])
def test_wrong_arguments_of_an_action_are_refused(bus, args):
    with pytest.raises(RoomError) as no:
        bus.room.call("action.invoke", target="camera.preset.recall", args=args)
    assert no.value.code in (-32602, -32005) and no.value.data["param"]


@pytest.mark.parametrize("label", ["a\nb", "x\n[device evil]\nprofile = a/b", "; not a comment", "\"quoted\"", "x" * 60, "= : [ ]",
                                   "\x01\x02", "Lớp 8A ", "\\", "a ; b", "%s", "\u2028"])
def test_a_label_is_text_and_never_becomes_part_of_a_file(bus, label):
    """What is captured is written to a file that the next start reads."""
    name = "s%d" % random.Random(label).randrange(10**9)
    try:
        bus.room.call("scene.capture", scene=name, label={"vi": label, "en": label}, devices=["lights"])
    except RoomError as no:
        assert no.code == -32602, no
        return
    row = [s for s in bus.room.call("scene.list")["scenes"] if s["name"] == name]
    assert len(row) == 1 and row[0]["label"] in ({"vi": label, "en": label}, {"vi": label.strip(), "en": label.strip()}), row
    bus.room.call("room.reload")
    assert [d["name"] for d in bus.room.call("device.list")["devices"]] == ["projector", "audio", "screen", "lights", "camera"]


@pytest.mark.parametrize("scene", ["", "Lesson", "a b", "x" * 60, "a\n[scene b]", "../x", "évening", "-", "9", "evening", "a.b"])
def test_a_scene_cannot_be_captured_under_a_name_that_is_none(bus, scene):
    with pytest.raises(RoomError) as no:
        bus.room.call("scene.capture", scene=scene)
    assert no.value.code in (-32602, -32001), no.value
    assert scene == "evening" or scene not in [s["name"] for s in bus.room.call("scene.list")["scenes"]]


# ---- Sizes ------------------------------------------------------------------------------------------------------------


def padded(size):
    """A right request of exactly so many bytes."""
    text = request("room.describe").encode()
    return text + b" " * (size - len(text))


def test_65536_bytes_are_a_request_and_one_more_is_not(bus):
    assert "result" in bus.raw.ask(padded(REQUEST_MAX))
    reached = bus.room.call("system.health")["limits"].get("request_too_long", 0)
    for size in (REQUEST_MAX + 1, 2 * REQUEST_MAX, MESSAGE_MAX):
        answer = bus.raw.ask(padded(size))
        assert answer["error"]["code"] == -32600 and "65536" in answer["error"]["message"]
    assert bus.room.call("system.health")["limits"]["request_too_long"] == reached + 3
    assert "result" in bus.raw.ask(request("room.describe"))


def test_more_than_a_mebibyte_ends_that_connection_only(bus):
    others = Raw(bus.room)
    assert "result" in others.ask(request("room.describe"))
    monitor = bus.raw.socket.get_monitor_socket(zmq.EVENT_DISCONNECTED | zmq.EVENT_CONNECTED)
    assert "result" in bus.raw.ask(request("room.describe"))
    while monitor.poll(50):
        monitor.recv_multipart()
    bus.raw.send(padded(MESSAGE_MAX + 1))
    assert monitor.poll(int(PATIENCE * 1000)), "the connection was not ended"
    event = struct.unpack("<HI", monitor.recv_multipart()[0][:6])[0]
    assert event == zmq.EVENT_DISCONNECTED
    assert others.code(request("room.describe", name=2)) is None
    assert "result" in bus.raw.ask(request("room.describe"))  # libzmq connects again by itself
    bus.raw.socket.disable_monitor()
    others.close()


@pytest.mark.parametrize("frames", [(b"", b"", b"R"), (b"x", b"R"), (b"R", b"R"), (b"R", b""), (b"", b"R", b""), (b"x",) * 1000])
def test_too_many_frames_are_no_request(bus, frames):
    reached = bus.room.call("system.health")["limits"].get("too_many_frames", 0)
    good = request("room.describe").encode()
    assert bus.raw.code(*[good if f == b"R" else f for f in frames]) == -32600
    assert bus.room.call("system.health")["limits"]["too_many_frames"] == reached + 1
    assert bus.raw.silent(0.01)


def test_an_empty_frame_before_it_is_given_back(bus):
    assert "result" in bus.raw.ask(b"", request("room.describe")) and bus.raw.delimiter == [b""]
    assert bus.raw.code(b"", b"{") == -32700 and bus.raw.delimiter == [b""]
    assert "result" in bus.raw.ask(request("room.describe")) and bus.raw.delimiter == []


@pytest.mark.parametrize("opened, closed", [("[", "]"), ('{"a":', "}")])
def test_sixteen_levels_are_read_and_seventeen_are_not(bus, opened, closed):
    def nested(depth):  # the request and its params are two of them
        return '{"jsonrpc":"2.0","id":1,"method":"room.describe","params":{"x":%s1%s}}' % (opened * (depth - 2), closed * (depth - 2))
    assert bus.raw.code(nested(DEPTH_MAX)) == -32602
    assert bus.raw.code(nested(DEPTH_MAX + 1)) == -32700
    assert bus.raw.code(opened * 8000) == -32700
    assert bus.raw.code('{"a":"%s"}' % ("[" * 100)) == -32600, "brackets in a text are no levels"


def test_ten_thousand_pieces_of_garbage_are_each_answered(bus):
    chance = random.Random(11)
    good = request("point.read", {"target": "lights.rear"}).encode()
    answers = 0
    for _ in range(40):
        for _ in range(250):
            bad = bytearray(good)
            for _ in range(chance.randrange(1, 6)):
                where = chance.randrange(max(1, len(bad)))
                bad = bad or bytearray(b"{")
                what = chance.randrange(4)
                if what == 0:
                    bad[where] = chance.randrange(256)
                elif what == 1:
                    del bad[where]
                elif what == 2:
                    bad[where:where] = bytes(chance.randrange(256) for _ in range(chance.randrange(1, 9)))
                else:
                    bad = bad[:max(1, where)]
            bus.raw.send(bytes(bad))
        for _ in range(250):
            answer = bus.raw.receive()
            assert "result" in answer or -32700 <= answer["error"]["code"] <= -32001, answer
            answers += 1
    assert answers == 10000 and bus.raw.silent()


# ---- Not ZeroMQ at all --------------------------------------------------------------------------------------------------


def test_connections_that_do_not_speak_zeromq_hurt_nobody(bus):
    chance = random.Random(5)
    before = rss(bus.daemon)
    held = []
    for endpoint in (bus.room.command_at, bus.room.event_at):
        for n in range(60):
            stranger = socket.socket(socket.AF_UNIX)
            stranger.connect(endpoint[len("ipc://"):])
            with contextlib.suppress(OSError):
                if n % 3 == 0:
                    stranger.sendall(bytes(chance.randrange(256) for _ in range(chance.randrange(1, 200))))
                elif n % 3 == 1:  # a greeting, and then a frame that claims to be as long as can be said
                    stranger.sendall(b"\xff" + bytes(8) + b"\x7f\x03\x00NULL" + bytes(48) + b"\x02" + b"\xff" * 8 + b"x" * 100)
            held.append(stranger)  # and every third says nothing at all
    assert bus.room.call("room.describe", **PATIENT)["room"] == "bus"  # while they are all there
    for stranger in held:
        stranger.close()
    assert rss(bus.daemon) - before < 16384


# ---- The same request again ---------------------------------------------------------------------------------------------


def commands(room, target):
    return [e for e in room.call("journal.read", kind="command", limit=1000)["entries"] if e["data"].get("target") == target]


def test_a_request_that_is_sent_twice_is_done_once(bus):
    n = len(commands(bus.room, "audio.level"))
    value = bus.sim.call("sim.state", device="audio")["state"]["level"] - 1
    for name in (str(uuid.uuid4()), 4711, "short"):
        text = request("point.write", {"target": "audio.level", "value": value}, name)
        first = bus.raw.ask(text)
        bus.sim.call("sim.remote", device="audio", point="level", value=-50)  # somebody else, meanwhile
        assert bus.raw.ask(text) == first and first["result"]["verdict"] == "confirmed"
        assert bus.sim.call("sim.state", device="audio")["state"]["level"] == -50
        value -= 1
    wait(lambda: len(commands(bus.room, "audio.level")) == n + 3)
    assert bus.raw.ask(request("room.describe", name=4711))["result"]["room"] == "bus"  # what only reads is not remembered


def test_a_unique_id_is_known_on_another_connection_and_a_short_one_is_not(bus):
    other = Raw(bus.room)
    for name, same in ((str(uuid.uuid4()), True), ("short-%d" % 1, False), (17, False)):
        n = len(commands(bus.room, "audio.level"))
        text = request("point.write", {"target": "audio.level", "value": -33}, name)
        first = bus.raw.ask(text)
        second = other.ask(text)
        assert (first == second) is same or first["result"]["ms"] == second["result"]["ms"]
        wait(lambda: len(commands(bus.room, "audio.level")) == n + (1 if same else 2))
    other.close()


def test_a_request_under_way_is_joined_also_after_a_reconnection(bus):
    bus.sim.call("sim.fault", device="audio", fault="delay", ms=300)
    n = len(commands(bus.room, "audio.level"))
    text = request("point.write", {"target": "audio.level", "value": -41}, str(uuid.uuid4()))
    bus.raw.send(text)
    bus.raw.send(text)  # impatient
    bus.raw.close()     # and gone
    bus.raw = Raw(bus.room)
    answer = bus.raw.ask(text)
    assert answer["result"]["verdict"] == "confirmed" and answer["result"]["value"] == -41.0
    assert bus.raw.ask(text) == answer
    bus.sim.call("sim.clear", device="audio")
    wait(lambda: len(commands(bus.room, "audio.level")) == n + 1)


def test_all_who_ask_the_same_while_it_is_under_way_get_its_answer(bus):
    bus.sim.call("sim.fault", device="audio", fault="silence")
    n = len(commands(bus.room, "audio.level"))
    text = request("point.write", {"target": "audio.level", "value": -42, "timeout_ms": 3600000}, str(uuid.uuid4()))
    look = request("point.read", {"target": "audio.level"})
    between, last = Raw(bus.room), Raw(bus.room)
    for raw in (bus.raw, between, last, bus.raw, last):  # of more than two, the first and the last are answered
        raw.send(text)
        raw.ask(look)
    bus.sim.call("sim.clear", device="audio")
    answer = bus.raw.receive()
    assert answer["result"]["verdict"] == "confirmed" and answer["result"]["value"] == -42.0
    assert last.receive() == answer
    for raw in (bus.raw, between, last):
        assert raw.ask(look)["result"] and raw.silent()
        raw.close()
    bus.raw = Raw(bus.room)
    wait(lambda: len(commands(bus.room, "audio.level")) == n + 1)


def test_a_refused_request_is_remembered_as_well(bus):
    text = request("point.write", {"target": "audio.level", "value": 4000}, str(uuid.uuid4()))
    assert bus.raw.ask(text) == bus.raw.ask(text)
    text = request("scene.start", {"scene": "nothing"}, str(uuid.uuid4()))
    assert bus.raw.ask(text) == bus.raw.ask(text)


def test_more_than_a_thousand_ids_forget_the_oldest_and_nothing_else(bus):
    bus.room.call("point.write", target="audio.level", value=-35)
    old = request("point.write", {"target": "audio.level", "value": 13}, "the first of them all")
    first = bus.raw.ask(old)
    for n in range(1100):
        bus.raw.send(request("point.write", {"target": "audio.level", "value": 13}, "one of very many %d" % n))
    for n in range(1100):
        assert bus.raw.receive()["error"]["code"] == -32005
    assert bus.raw.ask(old) == first  # done again: the answer is the same, for it is refused
