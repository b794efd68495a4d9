"""Configuration that changes while the room runs: only what is different is touched, and a wrong file changes nothing."""

import contextlib
import os
import random
import shutil
import signal

import pytest

from bus_raw import LEAN, Raw, request, rss
from conftest import PATIENCE, ROOMS, ROOT, wait
from lectern_client import RoomError

HEAD = """
[room]
id = reload
site = school
label = Phòng thử
"""
DEVICES = {
    "projector": "profile = epson/eb-l200f\nline = tcp://10.20.1.11:4352\n",
    "audio": "profile = biamp/tesira\nline = tcp://10.20.1.13:23\n",
    "screen": "profile = waveshare/io-8ch-screen\nline = modbus+rtu:///dev/ttyUSB0?baud=9600&slave=1\n",
    "lights": "profile = waveshare/io-8ch-lights\nline = modbus+rtu:///dev/ttyUSB0?baud=9600&slave=1\n",
    "side": "profile = epson/eb-x49\nline = serial:///dev/ttyUSB7?baud=9600\n",
}
SCENES = """
[scene lesson]
step projector-on = projector.power on
step source       = projector.input computer2, after projector-on
step rear         = lights.rear true

[scene quiet]
step sound = audio.level -40
"""
LINES = {"projector": "tcp://10.20.1.11:4352", "audio": "tcp://10.20.1.13:23", "screen": "serial:///dev/ttyUSB0",
         "lights": "serial:///dev/ttyUSB0", "side": "serial:///dev/ttyUSB7"}


def room_text(devices=DEVICES, scenes=SCENES, head=HEAD):
    return head + "".join("\n[device %s]\n%s" % item for item in devices.items()) + scenes


def without(*names):
    return {name: text for name, text in DEVICES.items() if name not in names}


class Play:
    """All devices are played, whichever of them the room has at the moment."""

    def __init__(self, stage, speed=20, devices=DEVICES):
        self.stage = stage
        self.sim = stage.sim(room_text(), speed=speed)
        self.file = stage.folder / "room.ini"
        self.file.write_text(room_text(devices))
        self.daemon = stage.daemon(env=LEAN)
        self.room = stage.room()
        stage.online(self.room)

    def write(self, text):
        """As a careful editor does: a new file in the place of the old one."""
        fresh = self.file.with_suffix(".new")
        fresh.write_bytes(text if isinstance(text, bytes) else text.encode())
        fresh.rename(self.file)

    def reload(self, text):
        self.write(text)
        return self.room.call("room.reload")

    def refused(self, text):
        """Reloads a wrong file; returns the mistakes."""
        with pytest.raises(RoomError) as no:
            self.reload(text)
        assert no.value.code == -32011 and no.value.data["reason"]
        mistakes = no.value.data["mistakes"]
        assert mistakes and all(m["file"] and m["line"] >= 0 and m["text"] for m in mistakes), mistakes
        return mistakes

    def opens(self):
        return {row["line"]: row["opens"] for row in self.room.call("system.health")["lines"]}

    def names(self):
        return [d["name"] for d in self.room.call("device.list")["devices"]]

    def configs(self):
        return self.room.call("journal.read", kind="config", limit=1000)["entries"]


@pytest.fixture
def play(stage):
    return Play(stage)


def test_the_same_file_again_touches_nothing(play):
    before, boot = wait(lambda: play.opens() if all(play.opens().values()) else None), play.room.call("room.describe")["boot"]
    ages = {t: play.room.call("point.read", target=t)["time"] for t in ("projector.serial", "side.power")}
    answer = play.reload(room_text())
    assert sorted(answer["kept"]) == sorted(set(LINES.values())) and answer["opened"] == answer["closed"] == []
    assert play.opens() == before
    assert play.room.call("room.describe")["boot"] == boot
    assert {d["status"] for d in play.room.call("device.list")["devices"]} == {"online"}
    assert play.room.call("point.read", target="projector.serial")["time"] == ages["projector.serial"]
    assert play.reload("; a remark\n" + room_text())["kept"] == answer["kept"]


def test_only_the_line_that_changed_is_opened_anew(play):
    before = wait(lambda: play.opens() if all(play.opens().values()) else None)
    changed = dict(DEVICES, audio=DEVICES["audio"] + "timeout = 2s\n")
    answer = play.reload(room_text(changed))
    assert answer["closed"] == answer["opened"] == [LINES["audio"]]
    assert sorted(answer["kept"]) == sorted(set(LINES.values()) - {LINES["audio"]})
    play.stage.online(play.room)
    after = play.opens()
    for line in set(LINES.values()) - {LINES["audio"]}:
        assert after[line] == before[line], line
    assert play.room.call("point.write", target="audio.level", value=-22)["verdict"] == "confirmed"


def test_a_neighbour_on_the_same_line_shares_its_fate_and_others_do_not(play):
    answer = play.reload(room_text(without("screen")))
    assert answer["closed"] == answer["opened"] == [LINES["lights"]]
    play.stage.online(play.room)
    assert play.names() == ["projector", "audio", "lights", "side"]
    assert play.room.call("point.write", target="lights.rear", value=True)["verdict"] == "confirmed"
    with pytest.raises(RoomError) as no:
        play.room.call("point.read", target="screen.position")
    assert no.value.code == -32001


def test_devices_come_and_go_and_signal_does_what_the_method_does(play):
    n = len(play.configs())
    play.write(room_text(without("side", "audio"), scenes=""))
    play.daemon.process.send_signal(signal.SIGHUP)
    wait(lambda: play.names() == ["projector", "screen", "lights"], what="the devices to go")
    assert play.room.call("scene.list")["scenes"] == []
    play.write(room_text())
    play.daemon.process.send_signal(signal.SIGHUP)
    wait(lambda: sorted(play.names()) == sorted(DEVICES), what="the devices to come")
    play.stage.online(play.room)
    assert play.room.call("point.write", target="side.power", value="on", timeout=30, retry=30)["verdict"] == "confirmed"
    entries = wait(lambda: play.configs()[n:] if len(play.configs()) >= n + 2 else None)
    assert [e["data"]["outcome"] for e in entries] == ["taken", "taken"]


def test_labels_and_scenes_change_without_touching_a_line(play):
    before = wait(lambda: play.opens() if all(play.opens().values()) else None)
    more = SCENES + "\n[scene dark]\nlabel = Tối\nstep rear = lights.rear false\n"
    answer = play.reload(room_text(scenes=more, head=HEAD.replace("Phòng thử", "Phòng khác")))
    assert answer["closed"] == answer["opened"] == [] and play.opens() == before
    assert play.room.call("room.describe")["label"]["vi"] == "Phòng khác"
    assert {s["name"]: s["label"].get("vi") for s in play.room.call("scene.list")["scenes"]}["dark"] == "Tối"
    run = play.room.call("scene.start", scene="dark")["run"]
    wait(lambda: play.room.call("scene.run", run=run)["state"] == "done")


def test_a_wrong_file_is_refused_whole_with_every_mistake_and_its_line(play):
    before = wait(lambda: play.opens() if all(play.opens().values()) else None)
    n = len(play.configs())
    wrong = room_text().replace("epson/eb-l200f", "epson/eb-l200x").replace("baud=9600&slave=1", "baud=fast&slave=1") \
        .replace("lights.rear true", "lights.reer true").replace("label = Phòng thử", "labell = Phòng thử")
    mistakes = play.refused(wrong)
    rows = wrong.splitlines()
    lines = {m["line"] for m in mistakes}
    for word in ("eb-l200x", "baud=fast", "lights.reer", "labell"):
        line = [i for i, row in enumerate(rows, 1) if word in row][0]
        assert line in lines, (word, line, mistakes)
    assert any("did you mean" in m["text"] for m in mistakes)
    assert all(str(play.file) in m["file"] for m in mistakes)
    assert play.opens() == before and play.names() == list(DEVICES)
    assert play.room.call("room.describe")["label"]["vi"] == "Phòng thử"
    assert play.room.call("point.write", target="lights.rear", value=True)["verdict"] == "confirmed"
    entry = wait(lambda: play.configs()[n:])[0]
    assert entry["data"]["outcome"] == "refused" and entry["data"]["mistakes"] and entry["principal"]
    play.reload(room_text())


def test_another_room_is_not_a_change_of_this_one(play):
    for head in (HEAD.replace("id = reload", "id = other"), HEAD.replace("site = school", "site = elsewhere")):
        assert "restart" in play.refused(room_text(head=head))[0]["text"]
    assert play.room.call("room.describe")["room"] == "reload"


def test_a_run_under_way_survives_a_change_that_does_not_touch_it(stage):
    play = Play(stage, speed=0.5)  # warming up takes half a minute: time to change things meanwhile
    play.room.subscribe(kinds=("state", "scene"))
    run = play.room.call("scene.start", scene="lesson")["run"]
    play.room.wait_for(lambda r: any(s["name"] == "projector-on" and s["state"] == "waiting"
                                     for s in r.runs.get(run, {}).get("steps", [])))
    more = SCENES + "\n[scene dark]\nstep rear = lights.rear false\n"
    answer = play.reload(room_text(dict(without("side"), audio=DEVICES["audio"] + "timeout = 2s\n"), scenes=more))
    assert LINES["projector"] in answer["kept"] and sorted(answer["closed"]) == sorted([LINES["side"], LINES["audio"]])
    play.sim.call("sim.speed", speed=20)
    play.room.wait_for(lambda r: r.runs[run]["state"] != "running", 30)
    done = play.room.call("scene.run", run=run)
    assert done["state"] == "done", done
    truth = play.sim.call("sim.state")
    assert truth["projector"]["input"] == "computer2" and truth["lights"]["rear"] is True


def test_a_run_whose_device_is_taken_away_ends_with_a_reason(stage):
    play = Play(stage, speed=0.5)
    run = play.room.call("scene.start", scene="lesson")["run"]
    wait(lambda: {s["name"]: s["state"] for s in play.room.call("scene.run", run=run)["steps"]}["projector-on"] == "waiting")
    play.reload(room_text(without("projector"), scenes="\n[scene quiet]\nstep sound = audio.level -40\n"))
    done = wait(lambda: [r for r in [play.room.call("scene.run", run=run)] if r["state"] != "running"])[0]
    assert done["state"] in ("partly", "failed", "cancelled"), done
    states = {s["name"]: s for s in done["steps"]}
    assert states["projector-on"]["state"] in ("cancelled", "away") and states["projector-on"]["reason"]
    assert states["source"]["state"] in ("skipped", "cancelled")
    assert states["rear"]["state"] in ("confirmed", "already")
    assert play.daemon.running()


def test_whoever_waits_for_a_device_that_is_taken_away_is_told(play):
    play.sim.call("sim.fault", device="audio", fault="silence")
    raw = Raw(play.room)
    raw.send(request("point.write", {"target": "audio.level", "value": -9, "timeout_ms": 60000}, "w"))
    raw.send(request("point.read", {"target": "audio.level", "fresh": True, "timeout_ms": 60000}, "r"))
    wait(lambda: play.room.call("system.health")["bus"]["operations"] == 2)
    play.reload(room_text(without("audio"), scenes=""))
    for _ in range(2):
        answer = raw.receive()
        assert answer["error"]["code"] in (-32010, -32004) and "configuration" in answer["error"]["data"]["reason"], answer
    assert play.room.call("system.health")["bus"]["operations"] == 0
    raw.close()


def test_a_hundred_changes_in_a_row_leak_nothing(play):
    process = "/proc/%d/" % play.daemon.process.pid

    def turn(n):
        for i in range(n):
            play.reload(room_text(without("side") if i % 2 else
                                  dict(DEVICES, audio=DEVICES["audio"] + "timeout = %ds\n" % (2 + i % 3))))
        play.reload(room_text())
        play.stage.online(play.room)
    turn(20)
    descriptors, threads, before = len(os.listdir(process + "fd")), len(os.listdir(process + "task")), rss(play.daemon)
    turn(80)
    wait(lambda: len(os.listdir(process + "fd")) <= descriptors + 2, what="descriptors to be closed")
    wait(lambda: len(os.listdir(process + "task")) <= threads, what="threads to end")
    assert rss(play.daemon) - before < 8192
    for target in ("audio.level", "lights.rear", "side.power"):
        assert play.room.call("point.read", target=target, fresh=True)["quality"] == "good"


# ---- Files that are not what they seem ------------------------------------------------------------------------------------


def not_files(play):
    """Puts something else in the place of the room file, one after the other."""
    target = play.file
    yield "gone", target.unlink
    yield "a folder", target.mkdir
    yield "an endless device", lambda: target.symlink_to("/dev/zero")
    yield "nothing at all", lambda: target.symlink_to("/dev/null")
    yield "itself", lambda: target.symlink_to(target)
    yield "a pipe that nobody writes to", lambda: os.mkfifo(target)


def test_what_is_no_file_is_refused_at_once_and_changes_nothing(play):
    for what, make in not_files(play):
        if target_exists(play.file):
            remove(play.file)
        if what == "gone":
            play.file.write_text("")
        make()
        with pytest.raises(RoomError) as no:  # whoever reads one of them in earnest waits, or reads, without end
            play.room.call("room.reload", timeout=PATIENCE, retry=PATIENCE)
        assert no.value.code == -32011, what
        assert play.names() == list(DEVICES)
    remove(play.file)
    play.reload(room_text())


def target_exists(path):
    return path.exists() or path.is_symlink()


def remove(path):
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def test_a_room_file_cut_off_anywhere_is_taken_or_refused_and_the_room_lives(stage):
    whole = (ROOMS / "phong-201.ini").read_bytes()
    sim = stage.sim(ROOMS / "phong-201.ini", speed=20)
    stage.room_file = stage.folder / "room.ini"
    stage.room_file.write_bytes(whole)
    daemon = stage.daemon(env=LEAN)
    room = stage.room()
    stage.online(room)
    chance = random.Random(3)
    refused = 0
    for cut in sorted(chance.sample(range(len(whole)), 60)):
        stage.room_file.write_bytes(whole[:cut])
        try:
            room.call("room.reload")
        except RoomError as no:
            refused += 1
            assert no.code == -32011 and no.data["mistakes"], no
    assert refused > 10
    stage.room_file.write_bytes(whole)
    room.call("room.reload")
    stage.online(room)
    assert len(room.call("device.list")["devices"]) == 12 and daemon.running() and sim.program.running()


def mutated(chance, text):
    """Something that a bad disk, a bad editor or a bad person could make of a file."""
    rows = text.split(b"\n")
    for _ in range(chance.randrange(1, 4)):
        what, at = chance.randrange(9), chance.randrange(len(rows))
        row = rows[at]
        if what == 0:
            rows[at] = bytes(chance.randrange(256) for _ in range(chance.randrange(1, 60)))
        elif what == 1:
            rows.insert(at, rows[chance.randrange(len(rows))])
        elif what == 2:
            del rows[at]
            rows = rows or [b""]
        elif what == 3:
            rows[at] = row[:len(row) // 2] + bytes([chance.randrange(256)]) + row[len(row) // 2:]
        elif what == 4:
            rows[at] = row + b"A" * chance.choice((50, 250, 5000, 100000))
        elif what == 5:
            rows[at] = row.replace(b"=", chance.choice((b"", b"==", b":", b"= \"", b"=\x00")), 1)
        elif what == 6:
            rows[at] = row.replace(b"[", chance.choice((b"", b"[[", b"[device ", b"[\xff")), 1)
        elif what == 7:
            rows[at] = chance.choice((b"[]", b"[", b"]", b"=", b"[device ]", b"[scene \xc4\x91]", b"step = ", b"\xef\xbb\xbf", b"%n%s",
                                      b"[device a]" * 30, b"line = modbus+rtu:///" + b"x/" * 2000, b"timeout = 99999999999999999h",
                                      b"step x = a.b c, after x", b"line = tcp://[::1", b"line = tcp://a:99999", b"line = :"))
        else:
            rows[at] = row[::-1]
    return b"\n".join(rows)


def test_three_hundred_broken_room_files_break_nothing(play):
    chance = random.Random(12)
    whole = room_text().encode()
    refused = 0
    for n in range(300):
        bad = mutated(chance, whole)
        try:
            play.reload(bad)
        except RoomError as no:
            refused += 1
            assert no.code == -32011, (n, no)
            for mistake in no.data["mistakes"]:
                assert mistake["text"] and len(mistake["text"]) < 1000
    assert refused > 100
    play.reload(room_text())
    play.stage.online(play.room)
    assert play.names() == list(DEVICES)


PROFILES = ("epson/eb-l200f", "epson/eb-x49", "biamp/tesira", "samsung/qm", "waveshare/io-8ch-screen", "eastron/sdm120")


def test_three_hundred_broken_profiles_break_nothing(stage):
    """Of each driver: the profile is broken while the room runs."""
    profiles = stage.folder / "profiles"
    shutil.copytree(ROOT / "profiles", profiles)
    text = HEAD + "".join("[device d%d]\nprofile = %s\nline = %s\n" % (n, profile, line) for n, (profile, line) in enumerate(zip(
        PROFILES, ("tcp://127.0.0.1:1", "serial:///dev/none1", "tcp://127.0.0.1:2", "tcp://127.0.0.1:3",
                   "modbus+rtu:///dev/none2?slave=1", "modbus+rtu:///dev/none3?slave=2"))))
    stage.use(text)
    daemon = stage.daemon(args=["--profiles", profiles], env=LEAN)
    room = stage.room()
    chance = random.Random(13)
    refused = 0
    for n in range(300):
        path = profiles / "devices" / (PROFILES[n % len(PROFILES)] + ".ini")
        whole = path.read_bytes()
        path.write_bytes(mutated(chance, whole) if n % 3 else whole[:chance.randrange(len(whole))])
        try:
            room.call("room.reload")
        except RoomError as no:
            refused += 1
            assert no.code == -32011, (n, no)
            assert any(path.name in m["file"] for m in no.data["mistakes"]), (n, path, no.data)
        path.write_bytes(whole)
    assert refused > 100
    assert room.call("room.reload")["closed"] is not None and daemon.running()
    assert len(room.call("device.list")["devices"]) == len(PROFILES)


HOSTILE = {
    "empty": b"", "a NUL": b"\x00", "only a heading": b"[room]", "an open heading": b"[room\n", "UTF-16": "[room]".encode("utf-16"),
    "the same section again and again": b"[room]\nid = x\nsite = y\n" * 1000, "one long line": b"=" * 100000,
    "many devices without anything": b"[device a]\n" * 20000, "many empty lines": b"\n" * 200000 + b"x",
}


@pytest.mark.parametrize("what", sorted(HOSTILE))
def test_a_hostile_file_keeps_the_daemon_from_starting_with_file_and_line(stage, what):
    stage.room_file = stage.folder / "bad.ini"
    stage.room_file.write_bytes(HOSTILE[what])
    daemon = stage.daemon(wait_ready=False)
    assert daemon.process.wait(PATIENCE) == 1
    assert str(stage.room_file) in daemon.text() and "lectern check" in daemon.text()
    assert len(daemon.text()) < 200000
    checked = stage.cli("check", stage.room_file, check=False)
    assert checked.returncode not in (0, -6, -11) and str(stage.room_file) in checked.stdout + checked.stderr
    assert "Sanitizer" not in checked.stderr + checked.stdout
