"""Devices that no simulator plays, by raw sockets, and ports that two want."""

import contextlib
import os
import pty
import signal
import socket
import subprocess
import threading

import pytest

from bus_raw import LEAN, PATIENT, rss
from conftest import PATIENCE, wait
from test_devices_hostile import Line, rush

# Five that misbehave: both transports and both kinds of framing of each driver. Three that must not notice.


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


# Whoever waits for one of the first three waits for two minutes (the driver modbus for a second each time): no test has that patience.
PEERS = """
[room]
id = peers
site = school

[device pj]
profile = epson/eb-l200f
line = tcp://127.0.0.1:{pj}
away = 1s
timeout = 2min

[device text]
profile = biamp/tesira
line = tcp://127.0.0.1:{text}
away = 1s
timeout = 2min

[device binary]
profile = samsung/qm
line = tcp://127.0.0.1:{binary}
away = 1s
timeout = 2min

[device bus]
profile = waveshare/io-8ch-lights
line = modbus+tcp://127.0.0.1:{bus}?slave=1
away = 1s
timeout = 2min

[device audio]
profile = biamp/tesira
line = tcp://10.20.1.13:23
timeout = 20s
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
    answers = rush(room, requests, ("audio.level",))
    before = rss(daemon)
    for _ in range(2):
        more = rush(room, requests, ("audio.level",))
    assert rss(daemon) - before < 8192, "KiB more than after the first round"
    for target, answer in list(answers.items()) + list(more.items()):
        assert "error" in answer and answer["error"]["data"]["reason"], (target, answer)
    states = {d["name"]: d["status"] for d in room.call("device.list")["devices"]}
    assert states["audio"] == "online"


def test_others_are_served_and_it_ends_while_devices_hang(peers):
    daemon, room = peers(hang)
    line = Line(room)
    for target, value in (("pj.power", "on"), ("text.level", -10), ("binary.power", "on"), ("bus.rear", True)):
        line.send(target, "point.write", target=target, value=value, timeout_ms=60000)
    line.send("alive", "room.describe")
    assert line.receive()[0] == "alive"  # all are under way
    for _ in range(5):
        assert room.call("point.read", target="audio.level", fresh=True, **PATIENT)["quality"] == "good"
    daemon.end(PATIENCE)  # in less than a second, says bench/; here it is that no device is waited for
    assert daemon.process.returncode == 0
    told = {}
    with contextlib.suppress(AssertionError):
        while line.sent:
            key, answer = line.receive(0.5)
            told[key] = answer["error"]["data"]["verdict"]
    assert set(told.values()) <= {"cancelled", "timeout", "away"}
    line.close()


def test_it_ends_while_it_connects_to_nobody(stage):
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
        "[device d%d]\nprofile = %s\nline = %s://127.0.0.1:%d%s\ntimeout = 2min\n" % (i, profile, kind, port, unit)
        for i, (profile, kind, unit) in enumerate((("epson/eb-l200f", "tcp", ""),)))
    daemon = stage.daemon(text)
    room = stage.room()
    line = Line(room)
    line.send("w", "point.write", target="d0.power", value="on", timeout_ms=60000)
    line.send("alive", "room.describe")
    assert line.receive()[0] == "alive"
    daemon.end(PATIENCE)
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
    wait(lambda: [row for row in room.call("system.health")["lines"] if row["open"]], what="the port")
    os.close(master)
    os.close(slave)
