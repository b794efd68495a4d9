"""Devices that misbehave, at the wire of each driver: whatever a device does costs only itself, ends in a verdict that says
why and what a person can do, and is over when the device is well again. The bus never tells what is not true."""

import contextlib
import os
import pty
import signal
import socket
import subprocess
import threading
import time
import uuid

import pytest
import zmq

from bus_raw import LEAN, QUICK, rss
from conftest import PATIENCE, Stage, wait

# Five that misbehave: both transports and both kinds of framing of each driver. Three that must not notice.
ROOM = """
[room]
id = hostile
site = school

[device projector]
profile = epson/eb-l200f
line = tcp://10.20.1.11:4352
timeout = 400ms
gap = 10ms
retries = 1
away = 1s

[device side]
profile = epson/eb-x49
line = serial:///dev/ttyUSB7?baud=9600
timeout = 400ms
gap = 10ms
retries = 1
away = 1s

[device display]
profile = samsung/qm
line = tcp://10.20.1.12:1515
timeout = 400ms
gap = 10ms
retries = 1
away = 1s

[device lights]
profile = waveshare/io-8ch-lights
line = modbus+rtu:///dev/ttyUSB0?baud=9600&slave=1
timeout = 400ms
retries = 1
away = 1s

[device relay]
profile = waveshare/io-8ch-lights
line = modbus+tcp://10.20.1.15:502?slave=7
timeout = 400ms
retries = 1
away = 1s

[device audio]
profile = biamp/tesira
line = tcp://10.20.1.13:23

[device meter]
profile = eastron/sdm120
line = modbus+rtu:///dev/ttyUSB1?baud=9600&slave=5

[device projector-2]
profile = nec/p525ul-pjlink
line = tcp://10.20.1.21:4352
"""

# What is written to each: a point and two values to go back and forth between.
SUBJECTS = {
    "projector": ("input", ("hdmi1", "hdmi2")),
    "side": ("input", ("hdmi1", "hdmi2")),
    "display": ("volume", (20, 30)),
    "lights": ("rear", (False, True)),
    "relay": ("rear", (False, True)),
}
BYSTANDERS = ("audio.level", "meter.voltage", "projector-2.power")

FINE, FAILS, REFUSED, ANY = {"confirmed"}, {"timeout", "away"}, {"refused"}, {"confirmed", "timeout", "away", "refused"}
# What a write may end in while the fault lasts. ANY: the protocol may or may not see through it, but does not tell lies.
FAULTS = {
    "silence": FAILS, "delay": FINE, "late": FAILS, "garbage": FAILS, "garbage-before": ANY, "checksum": FAILS,
    "half": FAILS, "reset": FAILS, "disconnect": FAILS, "lie": {"timeout"}, "refuse": REFUSED,
    "busy": REFUSED, "other-unit": FAILS, "echo": ANY, "split": FINE, "slow-bytes": FINE, "nul": ANY,
}
# Of devices that deliver by themselves: tests/system/test_streams.py, test_usb.py.
OF_STREAMS = {"lost", "stall"}
# Nothing reaches the device, or it acts upon nothing.
NOTHING_DONE = ("silence", "reset", "disconnect", "lie", "refuse", "busy")
OVER_TCP_HARMLESS = {("relay", "checksum"), ("relay", "other-unit")}  # Modbus TCP has neither CRC nor (libmodbus) unit

CODES = {"timeout": -32003, "away": -32004, "refused": -32002}


class Line:
    """Requests side by side on one connection, and how long each took."""

    def __init__(self, room):
        self.socket = room.context.socket(zmq.DEALER)
        self.socket.connect(room.command_at)
        self.sent = {}

    def send(self, key, method, **params):
        name = str(uuid.uuid4())
        self.sent[name] = (key, time.monotonic())
        self.socket.send_json({"jsonrpc": "2.0", "id": name, "method": method, "params": params})

    def receive(self, seconds=PATIENCE):
        """(key, answer, seconds it took); fails when there is none."""
        assert self.socket.poll(int(seconds * 1000)), "no answer to %r" % [key for key, _ in self.sent.values()]
        answer = self.socket.recv_json()
        key, sent = self.sent.pop(answer["id"])
        return key, answer, time.monotonic() - sent

    def close(self):
        self.socket.close(linger=0)


def rush(room, requests, bystanders=BYSTANDERS):
    """Sends {key: (method, params)} at once; until all are answered, asks the bystanders freshly again and again.
    Returns {key: (answer, seconds)} and the bystanders' longest answer."""
    line, others = Line(room), Line(room)
    answers, longest = {}, 0.0
    for key, (method, params) in requests.items():
        line.send(key, method, **params)
    end = time.monotonic() + PATIENCE
    while len(answers) < len(requests):
        for target in bystanders:
            others.send(target, "point.read", target=target, fresh=True)
        for _ in bystanders:
            target, answer, took = others.receive()
            assert answer.get("result", {}).get("quality") == "good", (target, answer)
            longest = max(longest, took)
        while len(answers) < len(requests) and line.socket.poll(20):
            key, answer, took = line.receive()
            answers[key] = (answer, took)
        assert time.monotonic() < end, "no answer to %r" % (set(requests) - set(answers))
    line.close()
    others.close()
    return answers, longest


class Hostile:
    def __init__(self):
        self.stage = Stage()
        self.sim = self.stage.sim(ROOM, speed=60)
        self.daemon = self.stage.daemon()
        self.room = self.stage.room()
        self.stage.online(self.room)
        for device in ("projector", "side", "display"):
            self.room.call("point.write", target=device + ".power", value="on", timeout=30, retry=30)

    def truth(self, device):
        return self.sim.call("sim.state", device=device)["state"][SUBJECTS[device][0]]

    def other(self, device):
        """The value that it does not have now."""
        return [value for value in SUBJECTS[device][1] if value != self.truth(device)][0]

    def well(self):
        """All faults end, all is plugged in: everything comes back by itself and does what it is told."""
        self.sim.call("sim.clear")
        for device in SUBJECTS:
            self.sim.call("sim.plug", device=device)
        self.stage.online(self.room, seconds=40)
        wanted = {device: self.other(device) for device in SUBJECTS}
        answers, _ = rush(self.room, {device: ("point.write", {"target": "%s.%s" % (device, SUBJECTS[device][0]),
                                                               "value": wanted[device]}) for device in SUBJECTS})
        for device, (answer, _) in answers.items():
            assert answer.get("result", {}).get("verdict") == "confirmed", (device, answer)
            assert self.truth(device) == wanted[device]


@pytest.fixture(scope="module")
def shared():
    hostile = Hostile()
    yield hostile
    hostile.stage.close()


@pytest.fixture
def hostile(shared):
    """The room, one for all faults; what one test did to it, it has undone, or the next one starts from a well room."""
    yield shared
    if shared.sim.program.running():
        shared.well()


def put_on(hostile, fault, **options):
    """Puts the fault on every subject whose protocol can have it; returns their names."""
    on = []
    for device in SUBJECTS:
        try:
            hostile.sim.call("sim.fault", device=device, fault=fault, **options)
            on.append(device)
        except AssertionError as no:
            assert "-32006" in str(no), no  # "pjlink has no checksum"
    return on


def test_every_fault_of_the_simulator_is_in_the_table_of_this_file(hostile):
    assert set(FAULTS) | OF_STREAMS == set(hostile.sim.call("sim.describe")["faults"])


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_a_fault_ends_in_a_verdict_and_costs_only_its_device(hostile, fault):
    before = {device: hostile.truth(device) for device in SUBJECTS}
    wanted = {device: hostile.other(device) for device in SUBJECTS}
    on = put_on(hostile, fault, **({"ms": 100} if fault == "delay" else {}))
    assert len(on) >= 3
    requests = {}
    for device in on:
        target = "%s.%s" % (device, SUBJECTS[device][0])
        requests[device, "write"] = ("point.write", {"target": target, "value": wanted[device], "timeout_ms": 1200})
        requests[device, "read"] = ("point.read", {"target": target, "fresh": True, "timeout_ms": 1200})
    answers, longest = rush(hostile.room, requests)
    assert longest < QUICK, "the others were held up for %.2f s" % longest
    states = {d["name"]: d for d in hostile.room.call("device.list")["devices"]}
    for (device, what), (answer, took) in answers.items():
        say = (fault, device, what, answer, "%.2f s" % took)
        assert took < 1.2 + 0.25 + QUICK, say  # the answer is there when the time that was asked for is up
        if "result" in answer:
            verdict, result = answer["result"].get("verdict", "confirmed"), answer["result"]
            assert result["value"] in (hostile.truth(device), before[device]) if what == "read" else True, say
            if what == "write":
                assert verdict == "confirmed" and hostile.truth(device) == wanted[device] == result["value"], say
        else:
            error = answer["error"]
            verdict = error["data"]["verdict"]
            assert error["code"] == CODES[verdict] and error["data"]["device"] == device, say
            assert len(error["data"]["reason"]) > 5 and device in error["message"], say
            assert error["data"]["remedy"]["vi"] and error["data"]["remedy"]["en"], say
        expected = FINE if (device, fault) in OVER_TCP_HARMLESS else FAULTS[fault]
        if what == "write":
            assert verdict in expected, say
            if fault in NOTHING_DONE:
                assert hostile.truth(device) == before[device], say
    for device in on:
        if fault in ("busy", "refuse"):
            assert states[device]["status"] == "online", "who says no is there: %r" % states[device]
        if states[device]["status"] == "away":
            assert states[device]["reason"] and states[device]["remedy"]["vi"] and states[device]["remedy"]["en"]
    assert all(states[target.split(".")[0]]["status"] == "online" for target in BYSTANDERS)
    hostile.well()


@pytest.mark.parametrize("fault", ("silence", "late", "garbage", "half", "checksum", "reset", "disconnect"))
def test_one_bad_answer_is_got_over_without_doing_it_twice(hostile, fault):
    """A command whose answer is lost is read back, and a late answer is never taken for the next one's."""
    tcp = ("projector", "display", "relay")
    on = put_on(hostile, fault, count=1) if fault != "disconnect" else list(tcp)
    if fault == "disconnect":  # of a serial line: a cable, which does not come back by itself
        for device in tcp:
            hostile.sim.call("sim.fault", device=device, fault=fault, count=1)
    wanted = {device: hostile.other(device) for device in on}
    answers, longest = rush(hostile.room, {device: ("point.write", {
        "target": "%s.%s" % (device, SUBJECTS[device][0]), "value": wanted[device], "timeout_ms": 8000}) for device in on})
    for device, (answer, _) in answers.items():
        assert answer.get("result", {}).get("verdict") == "confirmed", (device, answer)
        assert answer["result"]["value"] == hostile.truth(device) == wanted[device]
    assert longest < QUICK


def test_a_serial_line_comes_back_under_another_number(hostile):
    for device in ("side", "lights"):
        path = hostile.sim.call("sim.state", device=device)["at"][len("pty://"):]
        old = os.readlink(path)
        hostile.sim.call("sim.unplug", device=device)
        with_reason = wait(lambda: [d for d in hostile.room.call("device.list")["devices"]
                                    if d["name"] == device and d["status"] == "away"], 30)
        assert "unplugged" in with_reason[0]["reason"] and with_reason[0]["remedy"]["en"]
        opens = {row["line"]: row["opens"] for row in hostile.room.call("system.health")["lines"] if device in row["devices"]}
        hostile.sim.call("sim.plug", device=device)
        assert os.readlink(path) != old
        hostile.stage.online(hostile.room, device, seconds=30)
        fresh = hostile.room.call("point.read", target="%s.%s" % (device, SUBJECTS[device][0]), fresh=True)
        assert fresh["value"] == hostile.truth(device)
        for row in hostile.room.call("system.health")["lines"]:
            if row["line"] in opens:
                wait(lambda: [r for r in hostile.room.call("system.health")["lines"]
                              if r["line"] == row["line"]][0]["opens"] > opens[row["line"]])


# ---- Devices that no simulator plays: raw sockets ---------------------------------------------------------------------


class Peer:
    """A TCP device of our own. `serve(socket)` runs in a thread for each connection until it is closed."""

    def __init__(self, serve):
        self.serve = serve
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.open = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                self.open.append(connection)
                threading.Thread(target=self.run, args=(connection,), daemon=True).start()

    def run(self, connection):
        with contextlib.suppress(OSError):
            self.serve(connection)
        connection.close()

    def close(self):
        self.listener.close()
        for connection in self.open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def hang(connection):
    """Takes everything and says nothing."""
    while connection.recv(65536):
        pass


def flood(connection):
    """Says more than anybody can hear, and nothing that means anything."""
    junk = bytes(range(1, 256)) * 256
    while True:
        connection.sendall(junk)


def endless_line(connection):
    """One line that never ends."""
    while True:
        connection.sendall(b"A" * 65536)


def endless_lines(connection):
    """Line after line, each of them well-formed and none of them asked for."""
    while True:
        connection.sendall(b"%1POWR=1\r\n" * 5000)


PEERS = """
[room]
id = peers
site = school

[device pj]
profile = epson/eb-l200f
line = tcp://127.0.0.1:{pj}
away = 1s

[device text]
profile = biamp/tesira
line = tcp://127.0.0.1:{text}
away = 1s

[device binary]
profile = samsung/qm
line = tcp://127.0.0.1:{binary}
away = 1s

[device bus]
profile = waveshare/io-8ch-lights
line = modbus+tcp://127.0.0.1:{bus}?slave=1
away = 1s

[device audio]
profile = biamp/tesira
line = tcp://10.20.1.13:23
"""


@pytest.fixture
def peers(stage):
    """peers(serve): the room above with four devices of that behaviour and a healthy one; (daemon, room)."""
    made = []

    def start(serve):
        ports = {}
        for name in ("pj", "text", "binary", "bus"):
            peer = Peer(serve)
            made.append(peer)
            ports[name] = peer.port
        stage.sim(PEERS.format(**ports), speed=20, only="audio")
        with open(stage.map, "a") as lines:  # the others are where they say they are
            for name, port in ports.items():
                lines.write("\n[line %s]\nline = tcp://127.0.0.1:%d\nat = tcp://127.0.0.1:%d\n" % (name, port, port))
        daemon = stage.daemon(env=LEAN)
        room = stage.room()
        stage.online(room, "audio")
        return daemon, room
    yield start
    for peer in made:
        peer.close()


@pytest.mark.parametrize("serve", (flood, endless_line, endless_lines))
def test_a_device_that_floods_takes_neither_memory_nor_the_others_time(peers, serve):
    daemon, room = peers(serve)
    requests = {target: ("point.read", {"target": target, "fresh": True, "timeout_ms": 700})
                for target in ("pj.power", "text.level", "binary.power", "bus.rear")}
    answers, longest = rush(room, requests, ("audio.level",))
    before = rss(daemon)
    for _ in range(2):
        more, held_up = rush(room, requests, ("audio.level",))
        longest = max(longest, held_up)
    assert longest < QUICK, "the others were held up for %.2f s" % longest
    assert rss(daemon) - before < 8192, "KiB more than after the first round"
    for target, (answer, took) in list(answers.items()) + list(more.items()):
        assert "error" in answer and answer["error"]["data"]["reason"], (target, answer)
        assert took < 0.7 + 0.25 + QUICK, (target, took)
    states = {d["name"]: d["status"] for d in room.call("device.list")["devices"]}
    assert states["audio"] == "online"


def test_it_ends_within_a_second_while_every_device_hangs(peers):
    daemon, room = peers(hang)
    line = Line(room)
    for target, value in (("pj.power", "on"), ("text.level", -10), ("binary.power", "on"), ("bus.rear", True)):
        line.send(target, "point.write", target=target, value=value, timeout_ms=60000)
    line.send("alive", "room.describe")
    assert line.receive()[0] == "alive"  # all are under way
    took = daemon.end()
    assert took < 1.0, daemon.text()
    assert daemon.process.returncode == 0
    told = {}
    with contextlib.suppress(AssertionError):
        while line.sent:
            key, answer, _ = line.receive(0.5)
            told[key] = answer["error"]["data"]["verdict"]
    assert set(told.values()) <= {"cancelled", "timeout", "away"}
    line.close()


def test_it_ends_within_a_second_while_it_connects_to_nobody(stage):
    """A listener whose backlog is full: a connection is neither made nor refused."""
    full = socket.socket()
    full.bind(("127.0.0.1", 0))
    full.listen(0)
    crowd = [socket.socket() for _ in range(4)]
    for one in crowd:
        one.setblocking(False)
        one.connect_ex(full.getsockname())
    port = full.getsockname()[1]
    text = "[room]\nid = nobody\nsite = school\n" + "".join(
        "[device d%d]\nprofile = %s\nline = %s://127.0.0.1:%d%s\n" % (i, profile, kind, port, unit)
        for i, (profile, kind, unit) in enumerate((("epson/eb-l200f", "tcp", ""),)))
    daemon = stage.daemon(text)
    room = stage.room()
    line = Line(room)
    line.send("w", "point.write", target="d0.power", value="on", timeout_ms=60000)
    line.send("alive", "room.describe")
    assert line.receive()[0] == "alive"
    assert daemon.end() < 1.0, daemon.text()
    line.close()
    for one in crowd + [full]:
        one.close()


# ---- One port, two that want it -----------------------------------------------------------------------------------------


def test_two_devices_that_claim_one_line_are_a_mistake_that_names_both_places(stage):
    text = """[room]
id = twice
site = school
[device left]
profile = epson/eb-x49
line = serial:///dev/ttyUSB3?baud=9600
[device right]
profile = smart/mx
line = serial:///dev/ttyUSB3?baud=19200
"""
    daemon = stage.daemon(text, wait_ready=False)
    assert daemon.process.wait(PATIENCE) == 1
    mistakes = [row for row in daemon.text().splitlines() if "room.ini:9:" in row]
    assert mistakes and "device left" in mistakes[0] and "room.ini:6" in mistakes[0], daemon.text()
    checked = stage.cli("check", stage.room_file, check=False)
    assert checked.returncode != 0 and "room.ini:9:" in checked.stdout + checked.stderr


def test_a_port_that_another_program_has_is_said_to_be_so_and_taken_when_it_is_free(stage):
    master, slave = pty.openpty()
    path = os.ttyname(slave)
    # it waits for the lock: the look below takes it for a moment too
    held = subprocess.Popen(["flock", "--exclusive", path, "sleep", "1000"], start_new_session=True)
    def locked():
        return subprocess.run(["flock", "--exclusive", "--nonblock", path, "true"]).returncode != 0
    wait(locked, what="the other program's lock")
    stage.daemon("[room]\nid = busy\nsite = school\n[device lights]\nprofile = waveshare/io-8ch-lights\n"
                 "line = modbus+rtu+pty://%s?slave=1\naway = 1s\ntimeout = 200ms\n" % path)
    room = stage.room()
    device = wait(lambda: [d for d in room.call("device.list")["devices"] if d["status"] == "away"])[0]
    assert path in device["reason"] and "in use by" in device["reason"] and "process" in device["reason"], device
    assert device["remedy"]["vi"] and device["remedy"]["en"]
    os.killpg(held.pid, signal.SIGKILL)
    held.wait()
    wait(lambda: [row for row in room.call("system.health")["lines"] if row["open"]], 30, "the port")
    os.close(master)
    os.close(slave)
