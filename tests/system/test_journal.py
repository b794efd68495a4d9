"""The journal against what fills and breaks disks, and a clock that jumps. What was told to anybody is on the disk, and the
numbers have no gap. kill -9 is in test_journal_killed.py."""

import os
import pathlib
import random
import subprocess
import time

import pytest

from conftest import BUILD, PATIENCE, fill, state_disk, wait

ROOM = """
[room]
id = journal
site = school

[device projector]
profile = epson/eb-l200f
line = tcp://10.20.1.11:4352

[device screen]
profile = waveshare/io-8ch-screen
line = modbus+rtu:///dev/ttyUSB0?baud=9600&slave=1

[device lights]
profile = waveshare/io-8ch-lights
line = modbus+rtu:///dev/ttyUSB0?baud=9600&slave=1

[device audio]
profile = biamp/tesira
line = tcp://10.20.1.13:23

[scene lesson]
step screen-down  = screen.position down
step projector-on = projector.power on
step source       = projector.input computer2, after projector-on
step rear         = lights.rear true
step sound        = audio.level -12, optional

[scene end]
step projector-off = projector.power off
step screen-up     = screen.position up, after projector-off
step dark          = lights.rear false
step quiet         = audio.level -40
"""

SEED = int(os.environ.get("LECTERN_SEED", "2025"))
VERDICTS = ("done", "partly", "failed", "cancelled", "interrupted")


def everything(room):
    entries, after = [], 0
    while True:
        page = room.call("journal.read", after=after, limit=1000)
        entries += page["entries"]
        if not page["entries"] or page["entries"][-1]["journal"] >= page["last"]:
            return entries
        after = page["entries"][-1]["journal"]


def test_a_journal_that_is_cut_off_in_the_middle_is_set_aside_and_said_so(stage):
    stage.sim(ROOM, speed=20)
    daemon = stage.daemon()
    room = stage.room()
    stage.online(room)
    for level in (-20, -30, -25):
        room.call("point.write", target="audio.level", value=level)
    last = wait(lambda: [e for e in everything(room) if e["kind"] == "command"][2:])[-1]["journal"]
    daemon.end()
    file = stage.folder / "state" / "journal.db"
    size = file.stat().st_size
    with open(file, "r+b") as broken:  # a disk that lost its middle
        broken.seek(size // 2)
        broken.write(os.urandom(size - size // 2))
    for rest in file.parent.glob("journal.db-*"):
        rest.unlink()
    stage.daemon()
    room.close()
    room = stage.room()
    note = wait(lambda: [e for e in everything(room) if e["kind"] == "journal"])[0]
    assert note["data"]["reason"] and "broken" in note["data"]["set_aside"]
    assert pathlib.Path(note["data"]["set_aside"]).exists()
    numbers = [e["journal"] for e in everything(room)]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers))) and numbers[-1] > last


# ---- A disk without space --------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(stage):
    with state_disk(stage, "768k") as folder:
        yield folder


def test_a_full_disk_loses_nothing_and_is_told_until_there_is_space(stage, small_disk):
    stage.sim(ROOM, speed=20)
    daemon = stage.daemon()
    room = stage.room()
    stage.online(room)
    assert room.call("system.health")["journal"]["ok"] is True
    fill(small_disk)
    rng = random.Random(SEED)
    levels, trouble = [], None
    while trouble is None:  # the pages that the database has already are used up first
        levels.append(round(rng.uniform(-60, 0), 1))
        assert room.call("point.write", target="audio.level", value=levels[-1])["verdict"] == "confirmed"
        health = room.call("system.health")["journal"]
        trouble = None if health["ok"] else health
        assert len(levels) < 3000
    assert "full" in trouble["reason"] or "space" in trouble["reason"], trouble
    for _ in range(30):  # the room works on
        levels.append(round(rng.uniform(-60, 0), 1))
        room.call("point.write", target="audio.level", value=levels[-1])
    run = room.call("scene.start", scene="lesson")["run"]
    wait(lambda: room.call("scene.run", run=run)["state"] == "done", 60, "the scene on a full disk")
    health = room.call("system.health")["journal"]
    assert health["ok"] is False and health["waiting"] >= 30 and health["lost"] == 0, health
    assert health["free_bytes"] < 65536
    assert "the journal" in daemon.text() or "journal:" in daemon.text()

    (small_disk / "hog").unlink()
    wait(lambda: room.call("system.health")["journal"]["ok"], what="the journal to be written again")
    told = wait(lambda: [e for e in everything(room) if e["kind"] == "scene" and e["data"]["what"] == "ended"])
    assert told[0]["data"]["run"] == run
    entries = everything(room)
    assert [e["journal"] for e in entries] == list(range(1, len(entries) + 1))
    writes = [e for e in entries if e["kind"] == "command" and e["data"].get("target") == "audio.level"]
    assert len(writes) == len(levels), "each of them, once"
    wait(lambda: room.call("system.health")["journal"]["waiting"] == 0)
    daemon.end(PATIENCE)


def test_a_disk_that_is_full_at_the_start_keeps_no_room_from_working(stage, small_disk):
    stage.sim(ROOM, speed=20)
    fill(small_disk)
    daemon = stage.daemon()
    room = stage.room()
    stage.online(room)
    assert room.call("point.write", target="audio.level", value=-21)["verdict"] == "confirmed"
    wait(lambda: room.call("system.health")["journal"]["ok"] is False, what="health to say so")
    (small_disk / "hog").unlink()
    wait(lambda: room.call("system.health")["journal"]["ok"])
    entries = everything(room)
    assert [e["kind"] for e in entries][0] == "start" and "command" in [e["kind"] for e in entries]
    daemon.end(PATIENCE)


# ---- A clock that jumps -----------------------------------------------------------------------------------------------

# The wall clock, moved by the seconds that stand in a file; the monotonic clock is left alone, as in the world.
SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int64_t offset(void)
{
    static volatile int64_t *at;
    if (!at) {
        const char *path = getenv("TEST_CLOCK");
        int fd = path ? open(path, O_RDONLY) : -1;
        void *map = fd >= 0 ? mmap(NULL, sizeof *at, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
        if (map == MAP_FAILED)
            abort();
        at = map;
    }
    return *at;
}

int clock_gettime(clockid_t id, struct timespec *t)
{
    static int (*real)(clockid_t, struct timespec *);
    if (!real)
        real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int rc = real(id, t);
    if (rc == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
        t->tv_sec += offset();
    return rc;
}

int gettimeofday(struct timeval *restrict t, void *restrict zone)
{
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    t->tv_sec = now.tv_sec;
    t->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *out)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out)
        *out = now.tv_sec;
    return now.tv_sec;
}
"""


class Clock:
    def __init__(self, stage):
        self.file = stage.folder / "clock"
        self.step(0)
        source = stage.file("clock.c", SHIM)
        self.library = stage.folder / "clock.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", self.library, source, "-ldl"], check=True)
        linked = subprocess.run(["ldd", BUILD / "bin" / "lecternd"], capture_output=True, text=True).stdout
        runtimes = [row.split("=>")[1].split()[0] for row in linked.splitlines() if "libasan" in row or "libtsan" in row]
        # a sanitizer's runtime wants to be the first
        self.env = {"LD_PRELOAD": ":".join(runtimes + [str(self.library)]), "TEST_CLOCK": str(self.file)}

    def step(self, seconds):
        """The wall clock from now on is so many seconds ahead of the true time."""
        with open(self.file, "r+b" if self.file.exists() else "wb") as at:
            at.write(int(seconds).to_bytes(8, "little", signed=True))


@pytest.mark.parametrize("hours", (-1, 1, -24 * 400))
def test_a_clock_that_steps_disturbs_neither_order_nor_scenes(stage, hours):
    clock = Clock(stage)
    sim = stage.sim(ROOM, speed=8)  # warming up takes 2.2 s: time to set the clock meanwhile
    daemon = stage.daemon(env=clock.env)
    room = stage.room()
    stage.online(room)
    room.subscribe(kinds=("state", "scene", "journal"))
    before = everything(room)
    run = room.call("scene.start", scene="lesson")["run"]
    room.wait_for(lambda r: any(s["name"] == "projector-on" and s["state"] == "waiting" for s in r.runs.get(run, {}).get("steps", [])))
    clock.step(3600 * hours)
    room.wait_for(lambda r: r.runs[run]["state"] in VERDICTS, 3 * PATIENCE)  # a time-out that stretches does so by an hour
    assert room.runs[run]["state"] == "done", room.runs[run]
    assert sim.call("sim.state")["projector"]["input"] == "computer2"
    told = wait(lambda: [e for e in everything(room) if e["kind"] == "clock"])
    step = (told[0]["data"]["to"] - told[0]["data"]["from"]) / 1e6
    assert len(told) == 1 and abs(step - 3600 * hours) < 600
    wait(lambda: [e for e in everything(room) if e["kind"] == "scene" and e["data"]["what"] == "ended"])
    entries = everything(room)
    assert [e["journal"] for e in entries] == list(range(1, len(entries) + 1))
    assert entries[:len(before)] == before, "what was written is as it was"
    jump = [i for i in range(1, len(entries)) if abs(entries[i]["time"] - entries[i - 1]["time"]) > 1800e6]
    assert len(jump) == 1, "times follow the clock, numbers do not"
    assert room.gaps == 0
    value = room.call("point.read", target="lights.rear", fresh=True)
    soon = 600e3  # ms: far less than the clock was set by
    assert 0 <= value["age_ms"] < soon and abs(value["time"] / 1e3 - (time.time() + 3600 * hours) * 1e3) < soon
    age = room.call("point.read", target="projector.power")
    assert age["quality"] == "good" and 0 <= age["age_ms"] < soon
    took = room.call("scene.run", run=run)["ms"]
    assert 0 <= took < soon
    # set back, it makes no run too old and forgets none
    daemon.kill()
    stage.daemon(env=clock.env)
    room.close()
    room = stage.room()
    assert room.call("scene.run", run=run)["state"] == "done"
    assert [e["kind"] for e in everything(room)].count("start") == 2
