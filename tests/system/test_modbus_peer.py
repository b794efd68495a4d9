"""The modbus driver, in a real lecternd, against a unit that nobody here has written (modbus_peer.py: pymodbus)."""

import pathlib
import subprocess

import pytest

from conftest import ROOT, wait

PROFILE = """
[device]
class = sensor
driver = modbus
model = peer
source = modbus_peer.py

[line]
timeout = %s
retries = 1
away = 1s

[point volts]
type = float
access = read
register = input 0 f32
period = 200ms

[point swapped]
type = float
access = read
register = input 2 f32 CDAB
period = 200ms

[point temperature]
register = input 4 s16
scale = 0.1
period = 200ms

[point counter]
type = int
access = read
register = input 5 u32
period = 200ms

[point who]
type = int
access = read
register = input 7
period = 200ms

[point probe]
type = float
access = read
register = input 8
missing = 0x8000
period = 200ms

[point door]
type = bool
access = read
register = discrete 3
period = 200ms

[point lamp]
type = bool
access = both
register = coil 1
period = 200ms

[point lamps]
type = bool
access = both
register = coil 1-4
period = 200ms

[point setting]
type = float
access = both
register = holding 0 f32
period = 200ms

[point mode]
type = enum
choices = off, eco, full
access = both
register = holding 2
codes = off:0, eco:1, full:2
period = 200ms

[point bits]
type = int
access = both
register = holding 10.4-7
write with = mask
period = 200ms

[point other_bits]
type = int
access = both
register = holding 10.0-3
period = 200ms
"""


class Peer:
    def __init__(self, framing, *units):
        self.process = subprocess.Popen(["/usr/bin/python3", pathlib.Path(__file__).parent / "modbus_peer.py", framing,
                                         *map(str, units)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.at = self.process.stdout.readline().split()[1]

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def get(self, kind, unit, address):
        return int(self.say("get %s %d %d" % (kind, unit, address)))

    def end(self):
        self.process.kill()
        self.process.wait()


QUICK, PATIENT = "300ms", "10s"  # for units that go away, and for those of which none may be given up by mistake


def profiles(stage, timeout):
    """The classes that ship, and one profile."""
    folder = stage.folder / "profiles"
    (folder / "devices" / "test").mkdir(parents=True)
    (folder / "classes").symlink_to(ROOT / "profiles" / "classes")
    (folder / "devices" / "test" / "peer.ini").write_text(PROFILE % timeout)
    return folder


def start(stage, framing, peer, units, online=(), timeout=PATIENT):
    line = ("modbus+tcp://%s?slave=%d" if framing == "tcp" else "modbus+rtu+pty://%s?baud=115200&slave=%d")
    devices = "".join("[device unit-%d]\nprofile = test/peer\nline = %s\n" % (u, line % (peer.at, u)) for u in units)
    stage.daemon("[room]\nid = peer\nsite = test\n" + devices, args=["--profiles", profiles(stage, timeout)])
    room = stage.room()
    stage.online(room, *online)
    return room


@pytest.fixture(params=["tcp", "rtu"])
def peers(request, stage):
    """A room with units 1 and 2 of a peer: (stage, peer, room)."""
    peer = Peer(request.param, 1, 2)
    try:
        quick = "goes_away" in request.function.__name__
        yield stage, peer, start(stage, request.param, peer, [1, 2], timeout=QUICK if quick else PATIENT)
    finally:
        peer.end()


def value(room, target):
    return room.call("point.read", target=target, fresh=True)["value"]


def test_every_format_arrives_as_it_was_sent(peers):
    _, _, room = peers
    for number in (1, 2):
        unit = "unit-%d." % number
        assert value(room, unit + "volts") == 230.1
        assert value(room, unit + "swapped") == 123.456
        assert value(room, unit + "temperature") == -10.0 - number / 10
        assert value(room, unit + "counter") == 100000 + number
        assert value(room, unit + "who") == number
        assert value(room, unit + "door") is True
        assert value(room, unit + "lamp") is False


def test_a_missing_probe_is_bad_with_a_reason(peers):
    _, _, room = peers
    probe = wait(lambda: (lambda p: p if p.get("reason") == "no probe" else None)(room.call("point.read", target="unit-1.probe")))
    assert (probe["value"], probe["quality"]) == (None, "bad")


def test_a_value_that_does_not_change_stays_fresh(peers):
    _, _, room = peers
    first = room.call("point.read", target="unit-1.volts")
    for _ in range(3):
        later = wait(lambda: (lambda p: p if p["time"] > first["time"] else None)(room.call("point.read", target="unit-1.volts")))
        assert (later["value"], later["quality"]) == (first["value"], "good")
        first = later


def test_what_is_written_is_in_the_unit(peers):
    _, peer, room = peers

    def write(point, new):
        assert room.call("point.write", target="unit-2." + point, value=new)["verdict"] == "confirmed"

    write("lamp", True)
    assert [peer.get("coil", 2, a) for a in range(6)] == [0, 1, 0, 0, 0, 0]
    write("lamps", True)
    assert [peer.get("coil", 2, a) for a in range(6)] == [0, 1, 1, 1, 1, 0]
    write("setting", 230.1)
    assert [peer.get("holding", 2, a) for a in (0, 1)] == [0x4366, 0x199A]
    write("mode", "full")
    assert peer.get("holding", 2, 2) == 2
    write("bits", 9)
    write("other_bits", 5)
    assert peer.get("holding", 2, 10) == 0x95
    assert [peer.get("coil", 1, a) for a in range(6)] == [0] * 6


def test_points_come_in_the_fewest_requests_and_a_hole_is_read_around(stage):
    """Nine input registers are one request. Holding 0 to 10 would be one too, but 3 to 9 do not exist: after the first
    refusal it is two, for good."""
    peer = Peer("tcp", 1)
    try:
        room = start(stage, "tcp", peer, [1])
        wait(lambda: value(room, "unit-1.bits") == 0 and value(room, "unit-1.mode") == "off")

        def reads():
            return [int(n) for n in peer.say("count").split()]
        before = reads()
        wait(lambda: reads()[3] >= before[3] + 10, what="ten polls")
        coils, discrete, holding, inputs = (now - then for now, then in zip(reads(), before))
        assert abs(holding - 2 * inputs) <= 2  # the count may fall between two requests of a poll
        assert abs(coils - inputs) <= 1 and abs(discrete - inputs) <= 1
    finally:
        peer.end()


def test_a_silent_unit_goes_away_and_comes_back(peers):
    stage, peer, room = peers
    peer.say("silent")

    def status():
        return {d["name"]: d["status"] for d in room.call("device.list")["devices"]}
    wait(lambda: status()["unit-1"] == "away", what="unit-1 away")
    reason = [d["reason"] for d in room.call("device.list")["devices"] if d["name"] == "unit-1"][0]
    assert "no answer from unit 1 in 300ms" in reason
    peer.say("set input 1 7 77")
    peer.say("speak")
    stage.online(room)
    for target, who in (("unit-1.who", 77), ("unit-2.who", 2)):
        wait(lambda: room.call("point.read", target=target)["value"] == who, what=target)


def test_a_dead_unit_behind_a_gateway_costs_only_itself(stage):
    """Unit 9 is not there: each of its time-outs ends the connection that the others share, and they notice nothing."""
    peer = Peer("tcp", 1, 2)
    try:
        start(stage, "tcp", peer, [1, 2, 9], online=["unit-1", "unit-2"], timeout=QUICK)
        room = stage.room()
        wait(lambda: {d["name"]: d["status"] for d in room.call("device.list")["devices"]} ==
             {"unit-1": "online", "unit-2": "online", "unit-9": "away"}, what="unit-9 away, and no other")
        for new in range(100, 110):
            peer.say("set input 2 7 %d" % new)
            wait(lambda: room.call("point.read", target="unit-2.who")["value"] == new, what="the new value")
        wait(lambda: room.call("point.read", target="unit-1.who")["quality"] == "good", what="the other one, too")
        assert room.call("point.read", target="unit-1.who")["value"] == 1
    finally:
        peer.end()


def test_a_hung_up_connection_is_made_anew(stage):
    peer = Peer("tcp", 1)
    try:
        room = start(stage, "tcp", peer, [1])
        peer.say("hang up")
        peer.say("set input 1 7 78")
        wait(lambda: room.call("point.read", target="unit-1.who")["value"] == 78, what="the new value")
    finally:
        peer.end()


def test_four_units_on_one_line_are_never_mixed_up(stage):
    peer = Peer("tcp", 1, 2, 3, 4)
    try:
        room = start(stage, "tcp", peer, [1, 2, 3, 4])
        for _ in range(25):
            assert [value(room, "unit-%d.who" % u) for u in (1, 2, 3, 4)] == [1, 2, 3, 4]
    finally:
        peer.end()
