"""liblectern.so as a stranger gets it: its symbols, its headers, its pkg-config file."""

import os
import re
import shutil
import subprocess

import pytest

from cli_stage import BUILD, PATIENCE, ROOT, room, run  # noqa: F401 (fixtures)
from fake_room import ROOM, value


def header():
    return (ROOT / "bus" / "include" / "lectern" / "bus.h").read_text()


def test_the_library_shows_what_its_header_declares_and_no_more():
    declared = set(re.findall(r"^LEC_API [^;(]*?(lec_\w+)\(", header(), re.M))
    assert len(declared) >= 20
    shown = subprocess.run(["nm", "-D", "--defined-only", BUILD / "lib" / "liblectern.so"], check=True,
                           stdout=subprocess.PIPE, text=True).stdout
    names = {line.split()[2] for line in shown.splitlines()}
    assert {n for n in names if not n.startswith(("__asan", "__odr", "__ubsan", "_init", "_fini"))} == declared


def test_the_library_neither_prints_nor_ends_the_program():
    wanted = subprocess.run(["nm", "-D", "--undefined-only", BUILD / "lib" / "liblectern.so"], check=True,
                            stdout=subprocess.PIPE, text=True).stdout
    names = {line.split()[1].split("@")[0] for line in wanted.splitlines()}
    assert not names & {"printf", "puts", "putchar", "exit", "_exit", "abort", "perror", "vprintf"}


@pytest.fixture
def example(tmp_path):
    """The example, built with pkg-config against installed files."""
    include = tmp_path / "include" / "lectern"
    include.mkdir(parents=True)
    for name in (ROOT / "bus" / "include" / "lectern" / "bus.h", ROOT / "base" / "include" / "lectern" / "err.h"):
        shutil.copy(name, include)
    flags = subprocess.run(["pkg-config", "--define-variable=includedir=%s" % (tmp_path / "include"),
                            "--define-variable=libdir=%s" % (BUILD / "lib"), "--cflags", "--libs", "lectern"], check=True,
                           env=dict(os.environ, PKG_CONFIG_PATH=str(BUILD / "bus")), stdout=subprocess.PIPE, text=True).stdout
    cache = (BUILD / "CMakeCache.txt").read_text()
    sanitize = re.search(r"^LECTERN_SANITIZE:\w+=(\S+)$", cache, re.M)
    program = tmp_path / "follow"
    subprocess.run(["cc", "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-o", program,
                    ROOT / "bus" / "examples" / "follow.c", *flags.split(), "-Wl,-rpath,%s" % (BUILD / "lib"),
                    *(["-fsanitize=" + sanitize.group(1)] if sanitize else [])], check=True)
    return program


def test_the_example_switches_the_projector_on(example, room, run):
    def slow(params):
        room.set_point("projector", "power", value("warming", wanted="on"))
        room.set_point("projector", "power", value("on"))
        return {"target": params["target"], "verdict": "confirmed", "value": "on", "ms": 1}
    room.handlers["point.write"] = slow
    got = subprocess.run([example, ROOM], env=dict(os.environ, LECTERN_RUN=str(run)), stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True, timeout=PATIENCE)
    assert got.returncode == 0, got.stdout
    assert "power is on (good)" in got.stdout
