"""The stage of the system tests: a real lecternd, a real lectern-sim at the wire, and a client on the bus.

The programs come from $LECTERN_BUILD (a build folder; default build/asan). Nothing here sleeps for a fixed time: `wait`
polls a condition with a deadline. At the end of each test every program must end by itself, and none may have said that a
sanitizer found something.
"""

import concurrent.futures
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import pytest
import zmq

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("LECTERN_BUILD", ROOT / "build" / "asan"))
ROOMS = ROOT / "profiles" / "rooms"
sys.path.insert(0, str(pathlib.Path(__file__).parent))

from lectern_client import Room  # noqa: E402

# Sanitized programs on a machine that does other things as well: deadlines are generous, conditions end them early.
PATIENCE = float(os.environ.get("LECTERN_PATIENCE", "20"))


def wait(condition, seconds=None, what="the condition"):
    """Calls `condition` until it gives something true, and returns that; fails after `seconds`."""
    end = time.monotonic() + (seconds or PATIENCE)
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, "waited %.0f s for %s; last: %r" % (seconds or PATIENCE, what, value)
        time.sleep(0.01)


class Program:
    """A process with its log in a file."""

    def __init__(self, stage, name, args, env=None):
        self.name = name
        self.log = stage.folder / ("%s-%d.log" % (name, len(stage.programs)))
        # A program in the test bed for USB has umockdev's library preloaded, before the sanitizer's: which is said to be well.
        environment = {**os.environ, "LECTERN_RUN": str(stage.run),
                       "ASAN_OPTIONS": "detect_leaks=1:verify_asan_link_order=0", **(env or {})}
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([str(BUILD / "bin" / name), *map(str, args)], stdout=log, stderr=log,
                                            env=environment, cwd=stage.folder)
        stage.programs.append(self)

    def text(self):
        return self.log.read_text(errors="replace")

    def running(self):
        return self.process.poll() is None

    def end(self, seconds=PATIENCE):
        """SIGTERM; returns how long it took to end, which no test may judge by: whoever tests that an end waits for nothing leaves
        something under way that goes on for much longer than `seconds`."""
        begin = time.monotonic()
        if self.running():
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(seconds)
        return time.monotonic() - begin

    def kill(self):
        self.process.kill()
        self.process.wait()

    def complaint(self):
        text = self.text()
        for mark in ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error:", "WARNING: ThreadSanitizer"):
            if mark in text:
                return "%s: %s" % (self.name, text[text.index(mark):][:4000])
        return None


class Sim:
    """The simulator's control socket."""

    def __init__(self, endpoint):
        self.socket = zmq.Context.instance().socket(zmq.REQ)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.RCVTIMEO, int(PATIENCE * 1000))
        self.socket.connect(endpoint)
        self.n = 0

    def call(self, method, **params):
        self.n += 1
        self.socket.send_json({"jsonrpc": "2.0", "id": self.n, "method": method, "params": params})
        answer = self.socket.recv_json()
        assert "error" not in answer, answer["error"]
        return answer["result"]


class Stage:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lectern-test-"))
        self.run = self.folder / "run"
        self.run.mkdir()
        self.programs = []
        self.map = None
        self.room_file = None

    def file(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def room_name(self):
        for line in self.room_file.read_text().splitlines():
            if line.replace(" ", "").startswith("id="):
                return line.split("=", 1)[1].strip()
        raise AssertionError("the room file has no id")

    def use(self, room):
        """`room`: a path, or the text of a room file (written as room.ini)."""
        self.room_file = self.file("room.ini", room) if "\n" in str(room) else pathlib.Path(room)
        return self.room_name()

    def sim(self, room=None, speed=20, traits=(), **options):
        """Starts lectern-sim on the room and returns its control."""
        if room is not None:
            self.use(room)
        self.map = self.folder / "lines.ini"
        args = [self.room_file, "--map", self.map, "--speed", speed]
        for key, value in [*options.items(), *(("trait", t) for t in traits)]:
            args += ["--" + key, value]
        program = Program(self, "lectern-sim", args)
        wait(lambda: self.map.exists() or not program.running(), what="the line map")
        assert self.map.exists(), program.text()
        control = Sim("ipc://%s/%s/simulator" % (self.run, self.room_name()))
        control.program = program
        return control

    def daemon(self, room=None, args=(), env=None, wait_ready=True):
        """Starts lecternd (on the simulator's lines if there is one) and waits for its bus."""
        if room is not None:
            self.use(room)
        options = ["--run", self.run, "--state", self.folder / "state"]
        if self.map:
            options += ["--simulated", self.map]
        program = Program(self, "lecternd", [*options, *args, self.room_file], env)
        if wait_ready:
            wait(lambda: " devices on " in program.text() or not program.running(), what="lecternd")
            assert program.running(), program.text()
        return program

    def room(self):
        """A client of the bus of the room under test."""
        name = self.room_name()
        return Room(name, command="ipc://%s/%s/command" % (self.run, name), event="ipc://%s/%s/event" % (self.run, name))

    def online(self, room, *devices, seconds=None):
        """Waits until these devices (all, if none are named) are online."""
        def ready():
            states = {d["name"]: d["status"] for d in room.call("device.list")["devices"]}
            return all(states[d] == "online" for d in (devices or states))
        wait(ready, seconds, "devices online")

    def cli(self, *args, lang="en", check=True, seconds=60):
        """Runs `lectern` and gives its output."""
        env = dict(os.environ, LECTERN_RUN=str(self.run), LECTERN_LANG=lang, LC_ALL="C.UTF-8")
        done = subprocess.run([str(BUILD / "bin" / "lectern"), *map(str, args)], env=env, capture_output=True,
                              text=True, timeout=seconds)
        if check:
            assert done.returncode == 0, done.stdout + done.stderr
        return done

    def close(self):
        late = []
        for program in reversed(self.programs):
            try:
                program.end()
            except subprocess.TimeoutExpired:
                program.kill()
                late.append(program.name)
        complaints = [c for c in (p.complaint() for p in self.programs) if c]
        logs = {p.name: p.text()[-3000:] for p in self.programs}
        shutil.rmtree(self.folder, ignore_errors=True)
        assert not complaints, "\n".join(complaints)
        assert not late, "did not end in %.0f s: %s\n%s" % (PATIENCE, late, json.dumps(logs, indent=1))


@contextlib.contextmanager
def state_disk(stage, size):
    """The daemon's state folder on a file system of its own, of `size` as mount(8) takes it."""
    folder = stage.folder / "state"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%s,mode=0750" % size, "tmpfs", folder], capture_output=True,
                          text=True)
    if done.returncode != 0:
        pytest.skip("a file system of its own cannot be mounted here (root is needed): " + done.stderr.strip())
    yield folder
    for program in reversed(stage.programs):
        program.end()
    subprocess.run(["umount", folder], check=True)


def fill(folder):
    """Takes all the space that is left."""
    hog = open(folder / "hog", "wb", buffering=0)
    try:
        while True:
            hog.write(bytes(4096))
    except OSError:
        pass
    hog.close()


@pytest.fixture
def stage():
    s = Stage()
    yield s
    s.close()


@pytest.fixture
def stages():
    """Four stages, for what waits more than it computes and can go on in some rooms at once."""
    all_of_them = [Stage() for _ in range(4)]
    with contextlib.ExitStack() as closing:
        for s in all_of_them:
            closing.callback(s.close)
        yield all_of_them


def shares(total, n):
    return [total // n + (i < total % n) for i in range(n)]


def at_once(function, shares):
    """function(i, share) of each, in threads of their own; the results, or what the first one raised."""
    with concurrent.futures.ThreadPoolExecutor(len(shares)) as pool:
        return [done.result() for done in [pool.submit(function, i, share) for i, share in enumerate(shares)]]


@pytest.fixture
def phong201(stage):
    """The whole of room 201, simulated 20 times as fast: (stage, sim, daemon, room)."""
    sim = stage.sim(ROOMS / "phong-201.ini")
    daemon = stage.daemon()
    room = stage.room()
    stage.online(room)
    return stage, sim, daemon, room
