"""What `cmake --install --prefix` leaves behind works: from there, from anywhere else it is moved to, and for a C program of
somebody else that knows nothing but pkg-config."""

import os
import re
import shutil
import signal
import subprocess

import pytest

from conftest import BUILD, PATIENCE, wait

CLIENT = r"""
#include <stdio.h>
#include <lectern/bus.h>

int main(int argc, char **argv)
{
    struct lec_bus_options options = {.room = argc > 1 ? argv[1] : NULL};
    struct lec_bus *bus;
    struct lec_err err;
    json_t *room;
    if (lec_bus_open(&options, &bus, &err) < 0 ||
        lec_bus_call(bus, "room.describe", NULL, 30000, &room, NULL, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    printf("%s\n", json_string_value(json_object_get(json_object_get(room, "label"), "vi")));
    json_decref(room);
    lec_bus_free(&bus);
    return 0;
}
"""

ROOM = """[room]
id = phong-thu
site = thu
label = Phòng thử
[device projector]
profile = generic/pjlink-1
line = tcp://127.0.0.1:1
"""


def environment(**more):
    """As a person has it who has just logged in: nothing of ours is set."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent", **{k: str(v) for k, v in more.items()}}


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    """Installed into one folder, then moved to another."""
    first = tmp_path_factory.mktemp("install") / "first"
    subprocess.run(["cmake", "--install", BUILD, "--prefix", first], check=True, capture_output=True)
    second = first.with_name("second")
    shutil.move(first, second)
    return second


def run(*args, **more):
    return subprocess.run(list(map(str, args)), capture_output=True, text=True, timeout=60, cwd="/", env=environment(**more))


def test_an_installed_room_is_found_to_be_without_mistakes(prefix):
    rooms = sorted((prefix / "share" / "lectern" / "profiles" / "rooms").glob("*.ini"))
    assert rooms
    done = run(prefix / "bin" / "lectern", "check", *rooms)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("no mistakes") == len(rooms)


def test_every_driver_that_was_built_is_installed(prefix):
    built = {p.name for p in (BUILD / "lib" / "lectern" / "drivers").glob("*.so")}
    assert {"pjlink.so", "modbus.so", "dialogue.so"} <= built
    assert {p.name for p in prefix.glob("lib/**/lectern/drivers/*.so")} == built


def test_without_its_profiles_it_says_what_is_missing(prefix, tmp_path):
    (tmp_path / "bin").mkdir()
    shutil.copy(prefix / "bin" / "lectern", tmp_path / "bin")
    done = run(tmp_path / "bin" / "lectern", "check", "/dev/null")
    assert done.returncode == 2
    assert "share/lectern/profiles; set LECTERN_PROFILES" in done.stderr


@pytest.fixture(scope="module")
def client(prefix):
    """A program of somebody else, compiled with what pkg-config says."""
    source, program = prefix / "client.c", prefix / "client"
    source.write_text(CLIENT)
    search = ":".join(str(p.parent) for p in prefix.glob("lib/**/lectern.pc"))
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "lectern"], check=True, capture_output=True, text=True,
                           env=dict(os.environ, PKG_CONFIG_PATH=search)).stdout.split()
    sanitize = re.search(r"^LECTERN_SANITIZE:\w+=(\S+)$", (BUILD / "CMakeCache.txt").read_text(), re.M)
    subprocess.run(["cc", "-std=c17", "-Wall", "-Wextra", "-Werror", "-o", program, source, *flags,
                    *(["-fsanitize=" + sanitize.group(1)] if sanitize else [])], check=True)
    return program


def test_an_installed_daemon_answers_a_program_of_somebody_else(prefix, client, tmp_path):
    room, log = tmp_path / "room.ini", tmp_path / "log"
    room.write_text(ROOM)
    (tmp_path / "run").mkdir()
    surroundings = {"LECTERN_RUN": tmp_path / "run", "STATE_DIRECTORY": tmp_path}
    with open(log, "wb") as out:
        daemon = subprocess.Popen([prefix / "bin" / "lecternd", room], stdout=out, stderr=out, cwd="/",
                                  env=environment(**surroundings))
    try:
        wait(lambda: " devices on " in log.read_text() or daemon.poll() is not None, what="lecternd")
        assert daemon.poll() is None, log.read_text()
        library = next(prefix.glob("lib/**/liblectern.so")).parent
        done = run(client, "phong-thu", LD_LIBRARY_PATH=library, **surroundings)
        assert (done.returncode, done.stdout) == (0, "Phòng thử\n"), done.stderr
    finally:
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(PATIENCE) == 0, log.read_text()
