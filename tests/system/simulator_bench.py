"""The simulator on a bench: one of each kind of line, and a wire that speaks its bytes. A test file imports the fixtures that it uses."""

import configparser
import os
import select
import socket
import time

import pytest
from conftest import PATIENCE, Stage

ROOM = """
[room]
id = bench
site = test
label = Thử

[device projector]
profile = epson/eb-l200f
line = tcp://10.0.0.1:4352

[device side]
profile = epson/eb-x49
line = serial:///dev/ttyUSB0?baud=9600

[device screen]
profile = waveshare/io-8ch-screen
line = modbus+rtu:///dev/ttyUSB1?baud=9600&slave=1

[device lights]
profile = waveshare/io-8ch-lights
line = modbus+rtu:///dev/ttyUSB1?baud=9600&slave=1

[device air]
profile = generic/xy-md02
line = modbus+rtu:///dev/ttyUSB2?baud=9600&slave=3

[device meter]
profile = eastron/sdm120
line = modbus+rtu:///dev/ttyUSB2?baud=9600&slave=5

[device comfort]
profile = wirenboard/wb-msw
line = modbus+tcp://10.0.0.2:502?slave=7

[device display]
profile = samsung/qm
line = tcp://10.0.0.3:1515
"""


def crc(frame):
    value = 0xFFFF
    for byte in frame:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ 0xA001 if value & 1 else value >> 1
    return frame + bytes([value & 0xFF, value >> 8])


def rtu(text):
    return crc(bytes.fromhex(text))


class Wire:
    """A connection to where the line map says that a device is."""

    def __init__(self, at):
        self.at = at
        if at.startswith("tcp://"):
            host, port = at[6:].rsplit(":", 1)
            self.port = int(port)
            self.socket = socket.create_connection((host, self.port), PATIENCE)
            self.socket.setblocking(False)
            self.fd = self.socket.fileno()
        else:
            self.socket = None
            self.fd = os.open(at[6:], os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)

    def send(self, data):
        os.write(self.fd, data)

    def receive(self, size, seconds=PATIENCE):
        """Exactly so many bytes, or what came until the time was up or the line ended."""
        data, end = b"", time.monotonic() + seconds
        while len(data) < size:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                break
            piece = os.read(self.fd, size - len(data))
            if not piece:
                break
            data += piece
        return data

    def until(self, mark, seconds=PATIENCE):
        data, end = b"", time.monotonic() + seconds
        while mark not in data and time.monotonic() < end:
            piece = self.receive(1, max(0, end - time.monotonic()))
            if not piece:
                break
            data += piece
        return data

    def ask(self, data, size, seconds=PATIENCE):
        self.send(data)
        return self.receive(size, seconds)

    def silent(self, seconds=0.3):
        return self.receive(1, seconds) == b""

    def close(self):
        if self.socket:
            self.socket.close()
        else:
            os.close(self.fd)


class Bench:
    def __init__(self, **options):
        self.stage = Stage()
        self.sim = self.stage.sim(ROOM, **options)
        self.wires = []

    def at(self, device):
        return self.sim.call("sim.state", device=device)["at"]

    def wire(self, device):
        self.wires.append(Wire(self.at(device)))
        return self.wires[-1]

    def pjlink(self):
        wire = self.wire("projector")
        assert wire.receive(9) == b"PJLINK 0\r"
        return wire

    def truth(self, device):
        return self.sim.call("sim.state", device=device)["state"]

    def notify_port(self):
        lines = configparser.ConfigParser()
        lines.read(self.stage.map)
        return int(next(lines[s]["notify_port"] for s in lines.sections() if "notify_port" in lines[s]))

    def end(self):
        for wire in self.wires:
            wire.close()
        self.stage.close()


@pytest.fixture(scope="module")
def shared():
    """One simulator for tests that leave it as it was."""
    bench = Bench(speed=1)
    yield bench
    bench.end()


@pytest.fixture
def bench(shared):
    yield shared
    shared.sim.call("sim.clear")
    while shared.wires:
        shared.wires.pop().close()


@pytest.fixture
def fast():
    bench = Bench(speed=40, people=30)
    yield bench
    bench.end()
