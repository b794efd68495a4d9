"""Following a recording while events, the room or the run itself are lost."""

import json
import subprocess

from cli_stage import PATIENCE, Reader, cli, english, room, run, say  # noqa: F401 (fixtures)
from lab_stage import RUN, a_run, lab, shown  # noqa: F401 (fixture)


def test_the_end_is_told_although_its_event_was_lost(cli, lab, say):
    lab.script = [lambda: setattr(lab.room, "lose", 1), a_run("done")]
    got = cli("experiment", "start", "cooling", "--watch")
    assert got.code == 0 and say("xong", "done") in got.out.splitlines()[-3]
    lab.script = [lambda: setattr(lab.room, "lose", 1), a_run("failed")]
    docs = [json.loads(line) for line in cli("experiment", "start", "cooling", "--watch", "--json").out.splitlines()]
    assert [d["state"] for d in docs] == ["recording", "failed"] and "documents" in docs[1]


def test_a_room_that_is_lost_and_comes_back_is_followed_on(cli, lab, room, say):
    lab.script = [a_run(elapsed=5000, mark={"t_ms": 5000, "kind": "mark", "text": "thả đá"})]
    process = cli.start("experiment", "start", "cooling", "--watch", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    reader = Reader(process)
    reader.until("thả đá")
    room.stop()
    reader.until(say("mất liên lạc với phòng", "the room is out of reach"))
    lab.known[RUN] = shown("interrupted", documents={"stop": {"reason": "the daemon was stopped"}})
    room.start()
    out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert say("bị ngắt giữa chừng", "interrupted") in out.decode().splitlines()[-3]


def test_a_run_that_the_room_knows_no_more_is_not_waited_for(cli, lab, say):
    """It was armed when the daemon died: nothing of it is in the file."""
    lab.script = [a_run("armed")]
    got = cli("experiment", "start", "cooling", "--watch")
    assert got.code == 1 and say("không còn biết lần ghi", "knows no run") in got.err and RUN in got.err


def test_a_row_that_was_ended_in_its_pause_ends_the_watch(english, lab):
    lab.script = [a_run("done", nth=1, repeat=2)]
    got = english("experiment", "start", "cooling", "--watch")
    assert got.code == 0 and "done, 1 of 2" in got.out


def test_a_row_goes_on_although_the_beginning_of_the_next_was_not_heard(english, lab):
    second = RUN[:-1] + "2"

    def next_one():
        lab.under_way["cooling"] = second
        lab.known[second] = shown(run=second)
    lab.script = [a_run("done", nth=1, repeat=2), next_one]
    got = english("experiment", "start", "cooling", "--watch")
    assert got.code == 0 and second in got.out.splitlines()[-3]
