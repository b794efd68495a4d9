"""What happens to recordings when the disk, the clock, the file or the daemon fails, and what is kept and deleted
(docs/protocol.md, section 8)."""

import base64
import json
import os
import pathlib
import sqlite3
import time

import pytest

from conftest import BUILD, fill, state_disk, wait
from lectern_client import RoomError
from recording_room import Lab, lab, ROOM, steps  # noqa: F401 (a fixture)
from test_journal import Clock

# ---- What fails around it -------------------------------------------------------------------------------------------


def test_kill_9_costs_a_tenth_of_a_second_and_the_run_is_closed_as_interrupted(lab):
    run = lab.start("air")
    lab.until(lambda r: r["samples"] > 40)
    on_disk = wait(lambda: (lambda n: n if n > 10 else None)(lab.recorded(run)), what="samples in the file while it goes on")
    lab.daemon.kill()
    lab.again(online=False)
    shown = wait(lambda: [r for r in lab.call("run.list")["runs"] if r["state"] == "interrupted"])[0]
    assert shown["run"] == run and "daemon ended" in shown["reason"]
    assert lab.shown(run)["reason"] == shown["reason"]
    # The tenth of a second is the disk's: what was on it stays, and is accounted for.
    read = lab.read(run)
    assert len(read["t"]["t"]) >= on_disk and shown["samples"] == sum(len(c["t"]) for c in read.values())
    assert shown["elapsed_ms"] >= (read["t"]["t"][-1] - 0.1) * 1000
    said = wait(lambda: [e for e in lab.entries("run") if e["data"]["what"] == "interrupted"])
    assert said[0]["data"]["runs"] == 1
    assert lab.start("air") != run, "and the next one can begin"


def test_a_daemon_that_is_stopped_ends_its_runs(lab):
    run = lab.start("air")
    lab.until(lambda r: r["samples"] > 10)
    lab.daemon.end()
    lab.again(online=False)
    shown = lab.shown(run)
    assert shown["state"] == "interrupted" and shown["documents"]["stop"]
    ended = [e for e in lab.entries("run") if e["data"]["what"] == "ended"]
    assert ended and ended[0]["data"]["state"] == "interrupted"


@pytest.fixture
def small_disk(stage):
    with state_disk(stage, "2m") as folder:
        yield folder


def test_a_full_disk_stops_recording_keeps_what_is_there_and_goes_on_when_there_is_room(stage, small_disk):
    lab = Lab(stage)
    run = lab.start("air")
    lab.until(lambda r: r["samples"] > 20)
    wait(lambda: lab.recorded(run) > 8)
    fill(small_disk)
    full = lab.until(lambda r: r.get("full"), 60)
    assert full["run"] == run and full["state"] == "recording"
    health = lab.call("system.health")["runs"]
    assert health["full"] is True and health["reason"]
    kept = lab.recorded(run)
    assert kept > 8, "what is there is there"
    assert lab.call("point.read", target="air.temperature", fresh=True)["quality"] == "good", "the room works on"
    (small_disk / "hog").unlink()
    again = lab.until(lambda r: "mark" in r and r["mark"]["kind"] == "resumed", 30)
    assert "full" not in again
    lab.until(lambda r: r["samples"] > full["samples"] + 20)
    stopped = lab.call("experiment.stop")
    t = lab.read(run)["t"]["t"]
    assert max(steps(t)) > 0.3 and len(t) > kept
    shown = lab.shown(run)
    assert {"full", "resumed"} <= {m["kind"] for m in shown["marks"]}
    assert shown["lost"] > 0 and stopped["lost"] == shown["lost"]
    limits = wait(lambda: [e["data"]["what"] for e in lab.entries("limit") if e["name"] == "runs.disk"][1:] and lab.entries("limit"))
    assert [e["data"]["what"] for e in limits if e["name"] == "runs.disk"] == ["full", "resumed"]


@pytest.fixture
def disk(stage):
    with state_disk(stage, "24m") as folder:
        yield folder


def test_room_is_made_on_a_full_disk_by_deleting_a_run(stage, disk):
    lab = Lab(stage)
    large = lab.start("slow")
    lab.until(lambda r: r["run"] == large and r["samples"] > 2)
    lab.call("experiment.stop")
    lab.daemon.end()
    with sqlite3.connect(disk / "lab.runs.db") as db:  # as if it had gone on for a day
        channel, = db.execute("SELECT c.num FROM channel c, run r WHERE c.run=r.num AND r.id=?", (large,)).fetchone()
        for i in range(40):
            db.execute("INSERT INTO block(id, n, t0, t1, data) VALUES(?, 1, 0, 0, zeroblob(100000))", ((channel << 40) + 1000000 + i,))
    db.close()
    lab.again()
    run = lab.start("air")
    lab.until(lambda r: r["run"] == run and r["samples"] > 20)
    fill(disk)
    lab.until(lambda r: r["run"] == run and r.get("full"), 60)
    stopped = lab.call("experiment.stop")
    assert stopped["run"] == run and stopped["state"] == "stopped", "a full disk keeps nobody from stopping"
    wait(lambda: not lab.call("state.snapshot")["recordings"], what="the experiment to be free")
    with pytest.raises(RoomError) as no:
        lab.call("experiment.start", experiment="air")
    assert no.value.code == -32007 and "full" in str(no.value)
    assert lab.call("run.delete", run=large, force=True) == {}
    assert large not in [r["run"] for r in lab.call("run.list")["runs"]]
    wait(lambda: not lab.call("system.health")["runs"]["full"], what="room")
    shown = wait(lambda: [s for s in [lab.shown(run)] if s["state"] == "stopped"], what="the stop to be written")[0]
    # what was still on its way to the full disk when it was stopped is told as lost afterwards
    assert shown["samples"] <= stopped["samples"] and shown["lost"] > 0 and "stop" in shown["documents"]
    assert shown["samples"] + shown["lost"] == stopped["samples"] + stopped["lost"], (shown, stopped)
    again = lab.start("air")
    lab.until(lambda r: r["run"] == again and r["samples"] > 20)
    assert lab.call("experiment.stop")["state"] == "stopped"


def test_nothing_begins_on_a_disk_that_is_full_already(stage, disk):
    lab = Lab(stage)
    kept = lab.start("slow")
    lab.until(lambda r: r["samples"] > 2)
    lab.call("experiment.stop")
    lab.daemon.end()
    (disk / "space").write_bytes(bytes(16384))  # for what a daemon needs to start at all
    fill(disk)
    (disk / "space").unlink()
    lab.again()
    with pytest.raises(RoomError) as no:
        lab.call("experiment.start", experiment="air")
    assert no.value.code == -32007 and "full" in no.value.data["reason"] and no.value.data["remedy"]["vi"]
    assert not lab.call("state.snapshot")["recordings"]
    (disk / "hog").unlink()
    assert lab.start("air") != kept


def test_a_step_of_the_clock_is_marked_and_run_time_goes_on(stage):
    clock = Clock(stage)
    lab = Lab(stage, env=clock.env)
    run = lab.start("air")
    lab.until(lambda r: r["samples"] > 15)
    clock.step(3600)
    told = lab.until(lambda r: "mark" in r and r["mark"]["kind"] == "clock")
    assert "3600" in told["mark"]["text"]
    lab.until(lambda r: r["samples"] > told["samples"] + 15)
    seen = lab.read(run, channels=["t"], width=10)["t"]
    assert max(seen["t"]) < 600 and any(v is not None for v in seen["min"]), "a plot of it is no hour long"
    lab.call("experiment.stop")
    t = lab.read(run)["t"]["t"]
    assert max(steps(t)) < 600 and t == sorted(t)
    assert lab.shown(run)["elapsed_ms"] < 600000


def test_a_run_that_begins_and_ends_around_steps_of_the_clock_is_as_long_as_it_was(stage):
    clock = Clock(stage)
    lab = Lab(stage, env=clock.env)
    clock.step(-7200)  # nobody has noticed when the run begins
    run = lab.start("air")
    lab.until(lambda r: r["samples"] > 15)
    clock.step(0)
    lab.until(lambda r: "mark" in r and r["mark"]["kind"] == "clock")
    lab.call("experiment.stop")  # before a sample came after the step
    shown = lab.shown(run)
    steps_told = [m["text"] for m in shown["marks"] if m["kind"] == "clock"]
    assert len(steps_told) == 1 and "forward" in steps_told[0], "only the step that was in the run"
    assert shown["elapsed_ms"] < 600000
    assert abs((shown["stop"] - shown["start"]) / 1e6 - 7200) < 600


def test_a_corrupted_run_file_is_salvaged_at_the_start(lab):
    runs = []
    for _ in range(3):
        runs.append(lab.start("air"))
        lab.until(lambda r: r["run"] == runs[-1] and r["samples"] > 15)
        lab.call("experiment.stop")
    lab.daemon.end()
    file = lab.stage.folder / "state" / "lab.runs.db"
    size = file.stat().st_size
    with open(file, "r+b") as broken:
        broken.seek(size * 2 // 3)
        broken.write(os.urandom(4096))
    lab.again(online=False)
    note = wait(lambda: [e for e in lab.entries("run") if e["data"]["what"] == "repaired"], what="the note")
    assert note[0]["data"]["reason"]
    assert {r["run"] for r in lab.call("run.list")["runs"]} <= set(runs)
    assert list(file.parent.glob("lab.runs.db.broken-*"))
    again = lab.start("air")
    lab.until(lambda r: r["run"] == again and r["samples"] > 5)
    assert lab.call("experiment.stop")["run"] == again


def test_a_file_that_breaks_while_nobody_writes_is_repaired_when_it_is_read(lab):
    run = lab.start("air")
    lab.until(lambda r: r["samples"] > 15)
    lab.call("experiment.stop")
    file = lab.stage.folder / "state" / "lab.runs.db"
    fds = pathlib.Path("/proc/%d/fd" % lab.daemon.process.pid)
    wait(lambda: not any("lab.runs.db" in os.readlink(fd) for fd in fds.iterdir() if fd.is_symlink()), what="it to be closed")
    size = file.stat().st_size
    with open(file, "r+b") as broken:
        broken.seek(8192)
        broken.write(os.urandom(size - 8192))
    with pytest.raises(RoomError) as no:
        lab.call("run.show", run=run)
    assert no.value.code == -32007 and "repaired" in str(no.value)

    def listed():
        try:
            return lab.call("run.list")["bytes"]
        except RoomError as e:
            assert e.code == -32007
            return 0

    wait(listed, what="the repair")
    assert wait(lambda: [e for e in lab.entries("run") if e["data"]["what"] == "repaired"])
    again = lab.start("air")
    lab.until(lambda r: r["run"] == again and r["samples"] > 5)


def test_a_document_that_is_damaged_is_left_out_of_what_is_shown(lab):
    run = lab.start("air", metadata={"note": "x"})
    lab.until(lambda r: r["samples"] > 5)
    lab.call("experiment.stop")
    lab.daemon.end()
    db = sqlite3.connect(lab.stage.folder / "state" / "lab.runs.db")
    assert db.execute("UPDATE doc SET json = substr(json, 1, 7) WHERE kind IN ('start', 'metadata')").rowcount == 2
    db.commit()
    db.close()
    lab.again(online=False)
    shown = lab.shown(run)
    assert shown["run"] == run and "metadata" not in shown
    assert "start" not in shown["documents"] and shown["documents"]["stop"]


def test_a_run_file_that_is_none_does_not_keep_the_room_from_starting(stage):
    (stage.folder / "state").mkdir()
    (stage.folder / "state" / "lab.runs.db").write_bytes(b"this is no database at all\n" * 1000)
    lab = Lab(stage)
    run = lab.start("air")
    lab.until(lambda r: r["samples"] > 5)
    assert lab.call("experiment.stop")["run"] == run


# ---- Keeping and deleting -------------------------------------------------------------------------------------------


def test_only_what_was_exported_is_deleted_without_force(lab):
    run = lab.start("slow")
    lab.until(lambda r: r["samples"] > 2)
    with pytest.raises(RoomError) as no:
        lab.call("run.delete", run=run, force=True)
    assert no.value.code == -32007, "it is being recorded"
    lab.call("experiment.stop")
    with pytest.raises(RoomError) as no:
        lab.call("run.delete", run=run)
    assert no.value.code == -32002 and "export" in str(no.value)
    assert lab.call("run.delete", run=run, force=True) == {}
    assert lab.call("run.list")["runs"] == []
    gone = wait(lambda: [e for e in lab.entries("run") if e["data"]["what"] == "deleted"])
    assert gone[0]["data"]["run"] == run and gone[0]["principal"]


def columns(db, table):
    return [row[1] for row in db.execute("PRAGMA table_info(%s)" % table)]


def test_ten_thousand_runs_are_listed_quickly(lab):
    run = lab.start("slow")
    lab.until(lambda r: r["samples"] > 2)
    lab.call("experiment.stop")
    lab.daemon.end()
    file = lab.stage.folder / "state" / "lab.runs.db"
    with sqlite3.connect(file) as db:  # the run, over and over, one a minute in the past
        rest = [c for c in columns(db, "run") if c not in ("num", "id", "start_us")]
        db.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<10000) INSERT INTO run(id, start_us, %s)"
                   " SELECT 'old-'||n.i, start_us-n.i*60000000, %s FROM run, n" % (",".join(rest), ",".join(rest)))
    db.close()
    lab.again(online=False)

    def had_read():
        """How many bytes the daemon has read so far: what takes long is to read all those runs."""
        return int(pathlib.Path("/proc/%d/io" % lab.daemon.process.pid).read_text().split()[1])

    def settled():
        """It has read what it reads when it starts: all, to see whether the file is whole."""
        was = had_read()
        time.sleep(0.3)
        return was > size and had_read() - was < 1000
    size = file.stat().st_size
    wait(settled, what="the daemon to be quiet")
    before_list = had_read()
    newest = lab.call("run.list")["runs"]
    assert had_read() - before_list < size / 5, "a hundred of them are read, and not ten thousand"
    assert newest[0]["run"] == run and [r["run"] for r in newest[1:]] == ["old-%d" % i for i in range(1, 100)]
    seen, before = 0, None
    while True:
        page = lab.call("run.list", limit=1000, **({"before": before} if before else {}))["runs"]
        if not page:
            break
        seen += len(page)
        before = page[-1]["start"]
    assert seen == 10001
    lab.daemon.end()
    lab.again()
    wait(settled, what="the daemon to be quiet")
    before_start = had_read()
    assert lab.start("slow") not in ("old-1", run)
    assert had_read() - before_start < size / 5


def test_the_budget_is_told_and_only_exported_runs_make_room(stage):
    text = ROOM.replace("site = school", "site = school\nruns.budget = 10MB")
    lab = Lab(stage, text)
    runs = []
    for _ in range(2):
        runs.append(lab.start("slow"))
        lab.until(lambda r: r["run"] == runs[-1] and r["samples"] > 2)
        lab.call("experiment.stop")
    lab.daemon.end()
    file = stage.folder / "state" / "lab.runs.db"

    def grow(run, megabytes):
        with sqlite3.connect(file) as db:  # as if it had gone on for a day
            channel, = db.execute("SELECT c.num FROM channel c, run r WHERE c.run=r.num AND r.id=?", (run,)).fetchone()
            for i in range(int(megabytes * 10)):
                db.execute("INSERT INTO block(id, n, t0, t1, lost, data) VALUES(?, 1, 0, 0, 0, zeroblob(100000))"
                           if "lost" in columns(db, "block") else
                           "INSERT INTO block(id, n, t0, t1, data) VALUES(?, 1, 0, 0, zeroblob(100000))",
                           ((channel << 40) + 1000000 + i,))
            db.execute("UPDATE run SET bytes=? WHERE id=?", (int(megabytes * 1e6), run))
        db.close()

    def warnings():
        return [e["data"]["percent"] for e in lab.entries("limit") if e["name"] == "runs.budget"]

    grow(runs[0], 8.5)
    lab.again(online=False)
    wait(lambda: warnings() == [80], what="the warning")
    lab.daemon.end()
    grow(runs[1], 4)
    lab.again(online=False)
    wait(lambda: warnings() == [80, 100], what="the last warning")
    assert len(lab.call("run.list")["runs"]) == 2, "what nobody has exported stays, whatever the budget says"
    lab.daemon.end()
    with sqlite3.connect(file) as db:
        db.execute("UPDATE run SET exported_us=1 WHERE id=?", (runs[0],))
    db.close()
    lab.again(online=False)
    wait(lambda: [r["run"] for r in lab.call("run.list")["runs"]] == [runs[1]], what="room")
    gone = wait(lambda: [e["data"] for e in lab.entries("run") if e["data"]["what"] == "deleted"])
    assert [d["run"] for d in gone] == [runs[0]] and "budget" in gone[0]["reason"]
    wait(lambda: file.stat().st_size < 6e6, what="the space to be given back")


needs_lab = pytest.mark.skipif(not (BUILD / "bin" / "lectern-lab").exists(), reason="lectern-lab is not built")


@needs_lab
def test_an_exported_run_is_fetched_in_pieces_and_may_be_deleted(lab):
    run = lab.start("air")
    lab.until(lambda r: r["samples"] > 30)
    lab.call("experiment.stop")
    kept = lab.call("run.export", run=run, format="csv", keep=True)
    assert "exported" not in lab.shown(run), "keep: it does not count"
    made = lab.call("run.export", run=run, format="csv")
    assert made["file"] != kept["file"] and made["bytes"] == os.path.getsize(made["path"])
    data, offset = b"", 0
    while True:
        piece = lab.call("run.fetch", file=made["file"], offset=offset)
        data += base64.b64decode(piece["data"])
        offset = len(data)
        if not piece["more"]:
            break
    assert data == pathlib.Path(made["path"]).read_bytes() and len(data) > 500
    wait(lambda: lab.shown(run).get("exported"))
    assert lab.call("run.delete", run=run) == {}
    lab.daemon.end()
    lab.again(online=False)
    assert not os.path.exists(made["path"]), "exports of another start are gone"


@needs_lab
def test_analysis_is_done_by_a_program_of_its_own(lab):
    run = lab.start("air")
    lab.until(lambda r: r["samples"] > 30)
    lab.call("experiment.stop")
    values = lab.read(run)["t"]["value"]
    found = lab.call("run.analyze", run=run, channel="t", what="statistics")
    assert json.dumps(found).count(str(max(values)).rstrip("0")) >= 1, found
    with pytest.raises(RoomError) as no:
        lab.call("run.analyze", run="nothing", channel="t", what="statistics")
    assert no.value.code == -32001
    with pytest.raises(RoomError) as no:
        lab.call("run.analyze", run=run, channel="t", what="magic")
    assert no.value.code == -32602
