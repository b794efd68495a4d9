"""What the tests of the command line stand on: the program, a fake room, and a terminal. No conftest.py: there is one in
tests/system, and both folders are run together. A test file imports the fixtures that it uses."""

import concurrent.futures
import fcntl
import json
import os
import pathlib
import pty
import re
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("LECTERN_BUILD", ROOT / "build" / "asan"))
sys.path.insert(0, str(pathlib.Path(__file__).parent))

from fake_room import FakeRoom  # noqa: E402

PATIENCE = float(os.environ.get("LECTERN_PATIENCE", "20"))


class Result:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def json(self):
        return json.loads(self.out)


class Cli:
    """Runs `lectern` in one language, with nothing of the caller's environment that could change what it says."""

    def __init__(self, run, lang):
        self.lang = lang
        self.env = {"PATH": os.environ["PATH"], "LECTERN_RUN": str(run), "LANG": "vi_VN.UTF-8" if lang == "vi" else "C",
                    "HOME": "/nonexistent", "TERM": "xterm", "TZ": "UTC", "ASAN_OPTIONS": "detect_leaks=1"}

    def start(self, *args, **more):
        return subprocess.Popen([str(BUILD / "bin" / "lectern"), *args], env=dict(self.env, **more.pop("env", {})),
                                stdin=subprocess.DEVNULL, **more)

    def __call__(self, *args, env=None, timeout=PATIENCE):
        process = self.start(*args, env=env or {}, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, err = process.communicate(timeout=timeout)
        assert b"Sanitizer" not in err and b"runtime error" not in err, err.decode()
        return Result(process.returncode, out.decode(), err.decode())

    def several(self, commands):
        """The results of commands that do not depend on each other, some at a time."""
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            return list(pool.map(lambda args: self(*args), commands))

    def on_terminal(self, *args, env=None, until=None, rows=0, columns=0):
        """Runs it with a terminal for stdout; returns code and what the terminal got. `until`: called with what came so
        far, to act in between."""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        process = self.start(*args, env=env or {}, stdout=slave, stderr=slave)
        os.close(slave)
        data, end = b"", time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if select.select([master], [], [], 0.05)[0]:
                try:
                    data += os.read(master, 65536)
                except OSError:
                    break
            if until:
                until(data.decode(errors="replace"), process)
        process.wait(PATIENCE)
        os.close(master)
        assert b"Sanitizer" not in data and b"runtime error" not in data, data
        return Result(process.returncode, data.decode(), "")


class Reader:
    """Lines of a program that goes on, as they come."""

    def __init__(self, process):
        self.process, self.lines, self.rest = process, [], b""
        os.set_blocking(process.stdout.fileno(), False)

    def until(self, pattern):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            data = self.process.stdout.read() if select.select([self.process.stdout], [], [], 0.05)[0] else None
            if data:
                *whole, self.rest = (self.rest + data).split(b"\n")
                self.lines += [line.decode() for line in whole]
            for i, line in enumerate(self.lines):
                if re.search(pattern, line):
                    del self.lines[:i + 1]
                    return line
            assert data != b"", "ended without %r: %r" % (pattern, self.lines)
        raise AssertionError("no %r in %r" % (pattern, self.lines))


def complete(cli, line):
    """What bash would offer at the end of `line`, through the file that is installed."""
    script = r'''
        source "$1"; shift
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
        compopt() { :; }
        _lectern; printf '%s\n' "${COMPREPLY[@]}"
    '''
    words = line.split(" ")
    words[0] = str(BUILD / "bin" / "lectern")
    got = subprocess.run(["bash", "-c", script, "bash", str(ROOT / "cli" / "completion" / "lectern.bash"), *words],
                         env=cli.env, stdout=subprocess.PIPE, timeout=PATIENCE, cwd=ROOT)
    return [w for w in got.stdout.decode().splitlines() if w]


@pytest.fixture
def run():
    with tempfile.TemporaryDirectory(prefix="lectern-cli-") as folder:
        yield pathlib.Path(folder)


@pytest.fixture
def room(run):
    fake = FakeRoom(str(run))
    yield fake
    fake.close()


@pytest.fixture(params=["vi", "en"])
def cli(request, run):
    return Cli(run, request.param)


@pytest.fixture
def english(run):
    return Cli(run, "en")


@pytest.fixture
def say(cli):
    """Picks the text of the language under test."""
    return lambda vi, en: vi if cli.lang == "vi" else en
