"""What the tests of a hostile bus share: bytes on a connection of their own, and a daemon that is lean with memory."""

import json
import os
import pathlib
import re
import uuid

import pytest
import zmq

from conftest import PATIENCE, Stage

ROOM = """
[room]
id = bus
site = school

[device projector]
profile = epson/eb-l200f
line = tcp://10.20.1.11:4352
timeout = 400ms
gap = 2ms

[device audio]
profile = biamp/tesira
line = tcp://10.20.1.13:23

[device screen]
profile = waveshare/io-8ch-screen
line = modbus+rtu:///dev/ttyUSB0?baud=9600&slave=1

[device lights]
profile = waveshare/io-8ch-lights
line = modbus+rtu:///dev/ttyUSB0?baud=9600&slave=1

[device camera]
profile = sony/srg-x
line = tcp://10.20.1.14:5678

[scene evening]
step rear  = lights.rear true
step sound = audio.level -20
"""

# Memory that was freed must be seen to be free: the address sanitizer keeps little of it back.
LEAN = {"ASAN_OPTIONS": "detect_leaks=1:quarantine_size_mb=4:thread_local_quarantine_size_kb=64"}
# For calls of which only the answer counts, not when it comes: one question, and all the patience of the tests. How soon others are
# answered is measured in bench/.
PATIENT = {"timeout": PATIENCE, "retry": PATIENCE}


class Raw:
    """Bytes as they are, on a connection of their own."""

    def __init__(self, room, **options):
        self.socket = room.context.socket(zmq.DEALER)
        for name, value in options.items():
            self.socket.setsockopt(getattr(zmq, name), value)
        self.socket.connect(room.command_at)

    def send(self, *frames):
        self.socket.send_multipart([f if isinstance(f, bytes) else f.encode() for f in frames])

    def receive(self, seconds=PATIENCE):
        assert self.socket.poll(int(seconds * 1000)), "no answer"
        frames = self.socket.recv_multipart()
        self.delimiter = frames[:-1]
        answer = json.loads(frames[-1])
        assert answer["jsonrpc"] == "2.0" and ("result" in answer) != ("error" in answer)
        if "error" in answer:
            assert answer["error"]["message"] and answer["error"]["data"]["reason"], answer
            assert answer["error"]["code"] != -32603, answer
        return answer

    def ask(self, *frames):
        self.send(*frames)
        return self.receive()

    def code(self, *frames):
        return self.ask(*frames).get("error", {}).get("code")

    def silent(self, seconds=0.1):
        return not self.socket.poll(int(seconds * 1000))

    def close(self):
        self.socket.close(linger=0)


def request(method, params=None, name=None):
    """`name`: the id; a new one unless it is given, for what changes something is done once for each id."""
    name = str(uuid.uuid4()) if name is None else name
    return json.dumps({"jsonrpc": "2.0", "id": name, "method": method, **({} if params is None else {"params": params})})


def rss(program):
    """Resident memory in KiB."""
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path("/proc/%d/status" % program.process.pid).read_text()).group(1))


class Bus:
    def __init__(self):
        self.stage = Stage()
        self.sim = self.stage.sim(ROOM, speed=60)
        self.daemon = self.stage.daemon(env=LEAN, args=["--gateway", str(os.getuid())])  # so that login.note is taken too
        self.room = self.stage.room()
        self.stage.online(self.room)


@pytest.fixture(scope="module")
def shared():
    bus = Bus()
    yield bus
    bus.stage.close()


@pytest.fixture
def bus(shared):
    """One daemon for all that only talks; it must be well after each test."""
    boot = shared.room.call("room.describe")["boot"]
    shared.raw = Raw(shared.room)
    yield shared
    shared.raw.close()
    assert shared.daemon.running(), shared.daemon.text()
    assert shared.room.call("room.describe")["boot"] == boot
