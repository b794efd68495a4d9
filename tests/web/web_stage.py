"""What the tests of the gateway stand on: lectern-web beside the stage of the system tests (a real room, a simulator), and clients made by
hand from bytes, so that they can also send what no browser sends. No conftest.py: there is one in tests/system, and a test file
imports the fixtures that it uses."""

import base64
import contextlib
import getpass
import importlib.util
import json
import os
import pathlib
import select
import socket
import ssl
import struct
import subprocess
import time
import uuid

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
_spec = importlib.util.spec_from_file_location("system_stage", ROOT / "tests" / "system" / "conftest.py")
system_stage = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(system_stage)
BUILD, PATIENCE, Program, Stage, wait = (system_stage.BUILD, system_stage.PATIENCE, system_stage.Program, system_stage.Stage,
                                         system_stage.wait)

SANITIZED = (BUILD / "bin" / "lectern-web").exists() and b"__asan_init" in (BUILD / "bin" / "lectern-web").read_bytes()

CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10

ROOM = """
[room]
id = %(name)s
site = thu
label = Phòng thử
label.en = Test room
[device board]
profile = test/board
line = tcp://127.0.0.1:9
"""


def frame(opcode, data=b"", fin=True, masked=True, rsv=0, length=None):
    """The bytes of one frame; `length`: another one than the data's is declared."""
    if isinstance(data, str):
        data = data.encode()
    n = len(data) if length is None else length
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    bit = 0x80 if masked else 0
    if n < 126:
        head += bytes([bit | n])
    elif n < 65536:
        head += bytes([bit | 126]) + struct.pack(">H", n)
    else:
        head += bytes([bit | 127]) + struct.pack(">Q", n)
    if not masked:
        return head + data
    key = os.urandom(4)
    return head + key + bytes(b ^ key[i & 3] for i, b in enumerate(data))


class Closed(Exception):
    """The other side closed; `code` and `reason` are those of its close frame, None when there was none."""

    def __init__(self, code=None, reason=""):
        super().__init__("closed: %s %s" % (code, reason))
        self.code, self.reason = code, reason


class Response:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)


class Connection:
    """A TCP (or TLS) connection to the gateway, by bytes."""

    def __init__(self, web, takes=None, tls=None):
        """takes: so many bytes that are not read fit into the kernel; None: as many as it likes."""
        raw = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if takes:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, takes)
        raw.settimeout(PATIENCE)
        raw.connect(("127.0.0.1", web.port))
        if web.tls:
            context = tls or ssl._create_unverified_context()
            raw = context.wrap_socket(raw, server_hostname="localhost")
        self.web, self.socket, self.buffer = web, raw, b""

    def send(self, data):
        self.socket.sendall(data)

    def more(self):
        try:
            got = self.socket.recv(65536)
        except ConnectionResetError:
            got = b""
        if not got:
            raise Closed()
        self.buffer += got

    def read(self, n):
        while len(self.buffer) < n:
            self.more()
        data, self.buffer = self.buffer[:n], self.buffer[n:]
        return data

    def line(self):
        while b"\r\n" not in self.buffer:
            self.more()
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line.decode("latin-1")

    def head(self):
        """Status and headers (names in small letters)."""
        status = int(self.line().split(" ")[1])
        headers = {}
        while True:
            line = self.line()
            if not line:
                return status, headers
            name, value = line.split(":", 1)
            headers[name.lower()] = value.strip()

    def response(self, method="GET"):
        status, headers = self.head()
        body = b""
        if method == "HEAD" or status in (204, 304):
            pass
        elif headers.get("transfer-encoding") == "chunked":
            while True:
                n = int(self.line(), 16)
                body += self.read(n)
                self.line()
                if n == 0:
                    break
        else:
            body = self.read(int(headers.get("content-length", "0")))
        return Response(status, headers, body)

    def request(self, method, path, headers=None, body=None):
        lines = ["%s %s HTTP/1.1" % (method, path)]
        given = {"Host": self.web.host, **(headers or {})}
        if body is not None:
            given.setdefault("Content-Length", str(len(body)))
        lines += ["%s: %s" % (k, v) for k, v in given.items() if v is not None]
        self.send(("\r\n".join(lines) + "\r\n\r\n").encode() + (body or b""))
        return self.response(method)

    def ended(self, seconds=None):
        """Waits until the other side has closed."""
        self.socket.settimeout(seconds or PATIENCE)
        try:
            while self.socket.recv(65536):
                pass
        except ConnectionResetError:
            pass
        return True

    def close(self):
        self.socket.close()


class Page(Connection):
    """A WebSocket as a page opens it. Messages of the gateway are kept in `seen`; `state` is what they amount to."""

    def __init__(self, web, token=None, room=None, headers=None, path=None, takes=None, open=True, before=None, early=b""):
        """before: path of a GET on the same connection; early: bytes sent in one piece with the handshake."""
        super().__init__(web, takes)
        if before:
            assert self.request("GET", before).status == 200
        self.seen, self.state, self.live, self.hello, self.binary = [], {}, None, None, []
        self.answers, self.code, self.states = {}, None, 0
        self.parts = None
        self.key = base64.b64encode(os.urandom(16)).decode()
        given = {"Host": web.host, "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": self.key,
                 "Sec-WebSocket-Version": "13", "Sec-WebSocket-Protocol": "lectern.1", "Origin": web.origin}
        if token:
            given["Cookie"] = "lectern=" + token
        given.update(headers or {})
        text = "GET %s HTTP/1.1\r\n" % (path or "/ws?room=%s" % (room or web.room))
        text += "".join("%s: %s\r\n" % (k, v) for k, v in given.items() if v is not None)
        self.send((text + "\r\n").encode() + early)
        self.status, self.headers = self.head()
        if open:
            assert self.status == 101, (self.status, self.headers)

    def frame(self):
        """The next frame: opcode, fin, data."""
        first, second = self.read(2)
        n = second & 0x7f
        assert not second & 0x80, "the gateway masked a frame"
        if n == 126:
            n = struct.unpack(">H", self.read(2))[0]
        elif n == 127:
            n = struct.unpack(">Q", self.read(8))[0]
        return first & 15, bool(first & 0x80), self.read(n)

    def step(self, pong=True):
        """Takes one frame; pings are answered. Returns the message if one is whole."""
        opcode, fin, data = self.frame()
        if opcode == PING:
            if pong:
                self.send(frame(PONG, data))
            return None
        if opcode == CLOSE:
            code = struct.unpack(">H", data[:2])[0] if len(data) >= 2 else None
            raise Closed(code, data[2:].decode())
        if opcode == PONG:
            return None
        if opcode != CONT:
            self.parts = [opcode, b""]
        self.parts[1] += data
        if not fin:
            return None
        kind, data = self.parts
        if kind == BINARY:
            n = struct.unpack("<I", data[:4])[0]
            start = (4 + n + 7) // 8 * 8
            message = {"method": "samples", "params": json.loads(data[4:4 + n]),
                       "values": struct.unpack("<%dd" % ((len(data) - start) // 8), data[start:])}
        else:
            message = json.loads(data)
        self.take(message)
        return message

    def take(self, message):
        self.seen.append(message)
        method, params = message.get("method"), message.get("params")
        if "id" in message:
            self.answers[message["id"]] = message
        elif method == "live":
            self.live = params["live"]
        elif method == "hello":
            self.hello = params
        elif method == "state":
            self.states += 1
            if params["whole"]:
                self.state = {}
            for name, device in params["devices"].items():
                mine = self.state.setdefault(name, {"points": {}})
                mine["points"].update(device.get("points", {}))
                mine.update({k: v for k, v in device.items() if k != "points"})

    def until(self, condition, seconds=None, what="the condition"):
        end = time.monotonic() + (seconds or PATIENCE)
        while True:
            value = condition()
            if value:
                return value
            left = end - time.monotonic()
            assert left > 0, "waited for %s; seen last: %s" % (what, self.seen[-3:])
            if not self.buffer and not select.select([self.socket], [], [], min(left, 0.2))[0]:
                continue
            self.step()

    def ready(self):
        self.until(lambda: self.hello and self.state, what="hello and state")
        return self

    def value(self, target):
        device, point = target.split(".", 1)
        return self.state.get(device, {}).get("points", {}).get(point, {}).get("value")

    def text(self, text):
        self.send(frame(TEXT, text))

    def ask(self, method, id=None, **params):
        """Sends a request; returns its id."""
        id = id or str(uuid.uuid4())
        self.text(json.dumps({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))
        return id

    def answer(self, id, seconds=None):
        return self.until(lambda: self.answers.pop(id, None), seconds, "an answer")

    def call(self, method, **params):
        return self.answer(self.ask(method, **params))

    def closed(self, seconds=None):
        """Reads until the gateway closes, and answers no pings; returns the close code."""
        end = time.monotonic() + (seconds or PATIENCE)
        self.socket.settimeout(seconds or PATIENCE)
        try:
            while time.monotonic() < end:
                self.step(pong=False)
        except Closed as closed:
            return closed
        raise AssertionError("it was not closed; seen last: %s" % self.seen[-3:])


class Web:
    """A running lectern-web."""

    def __init__(self, stage, room=None, args=(), tls=False, pages=None, port=0):
        self.stage, self.room, self.tls = stage, room, tls
        state = stage.folder / "state"
        state.mkdir(exist_ok=True)
        self.people = state / "people.db"
        options = ["--listen", "127.0.0.1:%d" % port, "--state", state, "--run", stage.run,
                   "--pages", pages or stage.folder / "no-pages", "--verbose"]
        # A sanitizer's quarantine would look like growing memory.
        self.program = Program(stage, "lectern-web", [*options, *args],
                               {"ASAN_OPTIONS": "detect_leaks=1:verify_asan_link_order=0:quarantine_size_mb=1"})
        wait(lambda: "listening on " in self.program.text() or not self.program.running(), what="lectern-web")
        assert self.program.running(), self.program.text()
        line = [text for text in self.program.text().splitlines() if "listening on " in text][0]
        self.port = int(line.rsplit(":", 1)[1])
        self.host = "127.0.0.1:%d" % self.port
        self.origin = ("https://" if tls else "http://") + self.host

    def session(self, name="Lan", role="teacher", kiosk=None):
        """The token of a new session."""
        who = ["--kiosk", kiosk, role] if kiosk else [name, role]
        done = subprocess.run([BUILD / "tests" / "make_session", self.people, *who], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def page(self, token=None, **more):
        return Page(self, token or self.session(), **more)

    def get(self, path, **headers):
        connection = Connection(self)
        try:
            return connection.request("GET", path, {k.replace("_", "-"): v for k, v in headers.items()})
        finally:
            connection.close()

    def post(self, path, body, **headers):
        connection = Connection(self)
        given = {"Origin": self.origin, "Content-Type": "application/json"}
        given.update({k.replace("_", "-"): v for k, v in headers.items()})
        try:
            return connection.request("POST", path, given, body if isinstance(body, bytes) else json.dumps(body).encode())
        finally:
            connection.close()

    def rss(self):
        """Resident memory in bytes."""
        text = pathlib.Path("/proc/%d/status" % self.program.process.pid).read_text()
        return int([line for line in text.splitlines() if line.startswith("VmRSS")][0].split()[1]) * 1024


def daemon(stage, room=None, **more):
    """lecternd, which takes this user for its gateway."""
    return stage.daemon(room, args=["--gateway", getpass.getuser()], **more)


@pytest.fixture
def stage():
    s = Stage()
    yield s
    s.close()


@pytest.fixture
def phong201(stage):
    """The simulated room 201 with a gateway before it: (stage, sim, web)."""
    sim = stage.sim(system_stage.ROOMS / "phong-201.ini")
    daemon(stage)
    room = stage.room()
    stage.online(room)
    return stage, sim, Web(stage, stage.room_name())
