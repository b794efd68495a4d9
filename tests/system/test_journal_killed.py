"""The journal when the daemon is killed at any moment, in some rooms at once. What was told to anybody is on the disk, the numbers
have no gap, and a run that was under way is taken up or closed."""

import json
import os
import random
import shutil
import sqlite3
import time
import uuid

import zmq

from conftest import at_once, shares, wait
from lectern_client import NoAnswer
from test_journal import ROOM, SEED, VERDICTS, everything

KILLS = int(os.environ.get("LECTERN_KILLS", "50"))
STEP_VERDICTS = ("confirmed", "already", "accepted", "timeout", "refused", "away", "skipped", "overridden", "cancelled")


def on_disk(stage):
    """The journal as it lies on the disk: a copy is opened, so that looking does not mend what is broken."""
    folder = stage.folder / "look"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for file in (stage.folder / "state").glob("journal.db*"):
        assert "broken" not in file.name, file
        shutil.copy(file, folder)
    with sqlite3.connect(folder / "journal.db") as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = db.execute("SELECT seq, kind, name, data FROM journal ORDER BY seq").fetchall()
    db.close()
    numbers = [row[0] for row in rows]
    assert numbers == list(range(1, len(numbers) + 1)), "gapless from the first"
    return {row[0]: {"kind": row[1], "name": row[2], "data": json.loads(row[3] or "{}")} for row in rows}


class Start:
    """One life of the daemon."""

    def __init__(self, stage):
        self.daemon = stage.daemon()
        self.room = stage.room()
        self.room.subscribe(kinds=("journal", "scene"))
        wait(lambda: [e for e in self.room.call("journal.read", kind="start", newest=True, limit=1)["entries"]
                      if e["data"]["boot"] == self.room.boot], what="the entry of this start")
        self.told = {}  # number: entry, as it came as an event
        self.line = self.room.context.socket(zmq.DEALER)
        self.line.connect(self.room.command_at)
        self.answers = []

    def send(self, method, **params):
        self.line.send_json({"jsonrpc": "2.0", "id": str(uuid.uuid4()), "method": method, "params": params})

    def listen(self, seconds):
        """Hears what the room tells for so long; returns then."""
        end = time.monotonic() + seconds
        while True:
            left = end - time.monotonic()
            event = self.room.next_event(timeout=max(0.0, min(left, 0.02)))
            if event and event["kind"] == "journal":
                self.told[event["body"]["journal"]] = event["body"]
            while self.line.poll(0):
                self.answers.append(self.line.recv_json())
            if left <= 0 and event is None:
                return

    def kill(self):
        self.daemon.kill()
        self.listen(0.02)  # what is still in the socket was told
        self.line.close(linger=0)
        self.room.close()

    def runs(self):
        return [answer["result"]["run"] for answer in self.answers if "result" in answer]


def kill_at_any_moment(stage, seed, kills):
    """One room, killed so many times; returns how many runs it acknowledged."""
    chance = random.Random(seed)
    stage.sim(ROOM, speed=20)
    acknowledged = {}  # run: its last known state
    for n in range(kills):
        now = Start(stage)
        for run in acknowledged:
            if acknowledged[run] == "running":
                found = now.room.call("scene.run", run=run)  # raises when the daemon has forgotten it
                acknowledged[run] = found["state"]
                assert found["state"] == "running" or found["state"] in VERDICTS, found
                assert all(s["state"] in STEP_VERDICTS for s in found["steps"]) or found["state"] == "running", found
        now.send("scene.start", scene=("lesson", "end")[n % 2])
        try:
            if n % 5 == 0:  # a fifth of the kills about the time of the answer, the others anywhere in the scene
                now.listen(chance.uniform(0, 0.03))
            else:
                wait(lambda: now.listen(0) or now.runs(), what="the start to be answered")
                now.listen(chance.uniform(0, 1.3))
        except NoAnswer as no:
            raise AssertionError("seed %d, kill %d: %s" % (seed, n, no)) from no
        now.kill()
        disk = on_disk(stage)
        for number, entry in now.told.items():
            assert number in disk, "seed %d, kill %d: entry %d was told and is not on the disk" % (seed, n, number)
            assert (disk[number]["kind"], disk[number]["data"]) == (entry["kind"], entry["data"])
        for run in now.runs():
            acknowledged[run] = "running"
            assert any(e["kind"] == "scene" and e["data"]["run"] == run for e in disk.values()), \
                "seed %d, kill %d: run %s was answered and is not on the disk" % (seed, n, run)

    last = Start(stage)
    wait(lambda: last.room.call("state.snapshot")["runs"] == [], 60, "the end of all runs")

    def of_runs():
        """What the journal tells of each run; None while one has not ended there."""
        runs = {}
        for e in everything(last.room):
            if e["kind"] == "scene":
                runs.setdefault(e["data"]["run"], []).append((e["name"], e["data"]))
        return runs if all(entries[-1][1]["what"] == "ended" for entries in runs.values()) else None
    runs = wait(of_runs, what="the journal")
    assert set(acknowledged) <= set(runs)
    entries = everything(last.room)
    assert [e["journal"] for e in entries] == list(range(1, len(entries) + 1))
    assert [e["kind"] for e in entries].count("start") == kills + 1
    for run, told in runs.items():
        whats = [data["what"] for _, data in told]
        assert whats[0] == "started" and whats.count("ended") == 1 and set(whats[1:-1]) <= {"resumed"}, (run, whats)
        assert told[-1][1]["verdict"] in VERDICTS
        steps = [e["data"]["step"] for e in entries if e["kind"] == "step" and e["data"]["run"] == run]
        wanted = 5 if told[-1][0] == "lesson" else 4
        assert len(steps) == len(set(steps)) == wanted, (run, "each step ends once", steps)
    last.line.close(linger=0)
    last.daemon.end()
    return len(acknowledged)


def test_the_journal_survives_kill_9_at_any_moment_of_a_running_scene(stages):
    rooms = stages[:max(1, KILLS // 10)]  # fewer kills in a room may all come before its first run
    told = at_once(lambda i, kills: kill_at_any_moment(rooms[i], SEED + i, kills), shares(KILLS, len(rooms)))
    assert sum(told) > KILLS // 2
