"""lectern experiment watch, and start --watch: following a recording to its end, and which one."""

import json
import signal
import subprocess

import pytest

from cli_stage import PATIENCE, Reader, cli, english, room, run, say  # noqa: F401 (fixtures)
from lab_stage import RUN, a_run, channel, lab, shown, watching  # noqa: F401 (fixture)


# ---- Following ----

def test_a_recording_is_followed_to_its_end(cli, lab, say):
    lab.script = [a_run("armed", 0, [channel(last=None, samples=0)]), a_run(elapsed=5000),
                  a_run(elapsed=6000, mark={"t_ms": 5250.5, "kind": "mark", "text": "thả đá", "by": "lan"}),
                  a_run(elapsed=7000, channels=[channel(there=False, lost=3)],
                        mark={"t_ms": 6900, "kind": "unplug", "channel": "water", "text": "no reply in 2 s", "lost": 3}),
                  a_run("done", 1200000, remaining_ms=0, lost=3)]
    got = cli("experiment", "start", "cooling", "--watch")
    assert got.code == 0, got.err
    marks = [line for line in got.out.splitlines() if "5.250 s" in line or "6.900 s" in line]
    assert len(marks) == 2
    assert say("ghi chú", "mark") in marks[0] and "thả đá" in marks[0] and marks[0].endswith("lan")
    assert say("rút ra", "unplugged") in marks[1] and say("(mất 3 mẫu)", "(3 samples lost)") in marks[1]
    last = got.out.rsplit(say("Định luật", "Newton"), 1)[1]
    assert say("xong", "done") in last and "61.25 °C" in last and say("120 mẫu", "120 samples") in last
    assert say("còn", "left") not in last


@pytest.mark.parametrize("state, code", [("done", 0), ("stopped", 0), ("interrupted", 1), ("failed", 1)])
def test_only_a_recording_that_is_whole_ends_with_0(english, lab, state, code):
    lab.script = [a_run(state, reason="because")]
    got = english("experiment", "start", "cooling", "--watch")
    assert got.code == code and "because" in got.out


def test_a_full_disk_and_a_device_that_is_away_are_said(cli, lab, say):
    lab.script = [a_run("stopped", full=False, simulated=True, channels=[
        channel("water", there=False, lost=14), channel("air", last=None, samples=0, there=False), channel("mass", lost=7, unit="g"),
        channel("time", last=None, samples=0)])]
    out = cli("experiment", "start", "cooling", "--watch").out
    rows = {line.split()[0]: line for line in out.splitlines() if line.startswith("  ") and line.split()}
    assert say("thiết bị không có mặt, mất 14", "its device is away, 14 lost") in rows["water"]
    assert say("chưa gửi gì", "nothing came yet") in rows["air"] and "–" in rows["air"]
    assert say("mất 7", "7 lost") in rows["mass"] and "61.25 g" in rows["mass"]
    assert rows["time"].rstrip().endswith(say("0 mẫu", "0 samples"))
    assert say("(mô phỏng)", "(simulated)") in out

    lab.under_way["cooling"] = RUN
    lab.known[RUN] = shown("recording")
    process, reader = watching(cli, lab.room)
    lab.tell(a_run(full=True))
    reader.until(say("đĩa đầy, tạm ngừng ghi", "the disk is full, recording waits"))
    lab.tell(a_run("done"))
    reader.until(say("xong", "done"))
    assert process.wait(PATIENCE) == 0


def test_values_have_the_decimals_that_the_experiment_says(english, lab):
    lab.script = [a_run("done", channels=[dict(channel("water", last=71.375), decimals=2), dict(channel("mass", last=5, unit=""), decimals=1),
                                          dict(channel("far", last=1e12), decimals=3), dict(channel("odd", last=2.5), decimals=99)])]
    out = english("experiment", "start", "cooling", "--watch").out
    assert "71.38 °C" in out and "5.0 " in out and "1e+12 °C" in out and "2.5 °C" in out


def test_watch_in_json_is_a_document_a_line_until_the_end(english, lab):
    lab.script = [a_run(elapsed=5000), a_run(elapsed=5100, mark={"t_ms": 1, "kind": "mark", "text": "\x1b[31m"}), a_run("done")]
    got = english("experiment", "start", "cooling", "--watch", "--json")
    assert got.code == 0 and "\x1b" not in got.out
    docs = [json.loads(line) for line in got.out.splitlines()]
    assert [d["state"] for d in docs] == ["recording", "recording", "recording", "done"]
    assert [d["elapsed_ms"] for d in docs[:3]] == [0, 5000, 5100]
    assert docs[2]["mark"]["text"] == "\x1b[31m"


def test_ctrl_c_ends_the_watching_and_leaves_the_recording(cli, lab, room, say):
    process = cli.start("experiment", "start", "cooling", "--watch", stdout=subprocess.PIPE)
    Reader(process).until(say("đang ghi", "recording"))
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "lectern experiment stop " + RUN in out.decode()
    assert say("việc ghi vẫn tiếp tục", "the recording goes on") in out.decode()
    assert room.calls("experiment.stop") == []


def test_a_watch_lasts_no_longer_than_wanted(cli, lab, say):
    lab.known[RUN] = shown("recording")  # it is asked for when nothing comes for a while
    got = cli("experiment", "start", "cooling", "--watch", "--timeout", "4s")
    assert got.code == 4 and say("hết thời gian chờ", "the time to wait is over") in got.out


def test_several_runs_in_a_row_are_followed_to_the_last(cli, lab, say):
    second = RUN[:-1] + "2"
    lab.script = [a_run("done", nth=1, repeat=2), a_run(nth=2, repeat=2, run=second),
                  a_run("done", nth=2, repeat=2, run=second)]
    got = cli("experiment", "start", "cooling", "--watch")
    assert got.code == 0
    assert say("xong, lần 1 trong 2", "done, 1 of 2") in got.out and say("xong, lần 2 trong 2", "done, 2 of 2") in got.out
    assert second in got.out.splitlines()[-3]


# ---- Which one ----

def test_watch_takes_the_only_one_an_experiment_or_a_run(english, lab):
    lab.known[RUN] = shown()
    assert english("experiment", "watch", RUN).code == 0
    lab.known[RUN] = shown("interrupted")
    assert english("experiment", "watch", RUN).code == 1
    for name in ([], ["cooling"], [RUN]):
        lab.under_way["cooling"] = RUN
        lab.known[RUN] = shown("recording")
        process, reader = watching(english, lab.room, *name, "--json")
        lab.tell(a_run("armed"))
        lab.tell(a_run("stopped"))
        assert json.loads(reader.until("stopped"))["state"] == "stopped"
        assert process.wait(PATIENCE) == 0


@pytest.mark.parametrize("name, vi, en", [
    ([], "không có thí nghiệm nào đang ghi", "no experiment is being recorded"),
    (["boyle"], "lectern experiment start boyle", "lectern experiment start boyle"),
    (["coolin"], 'có phải là "cooling"?', 'did you mean "cooling"?'),
    (["frobnicate"], "lectern experiment list", "lectern experiment list"),
    (["20261122-101500-cooling-9"], 'no run "20261122-101500-cooling-9"', 'no run "20261122-101500-cooling-9"'),
])
def test_what_is_not_being_recorded_is_said(cli, lab, say, name, vi, en):
    got = cli("experiment", "watch", *name)
    assert got.code == 2 and say(vi, en) in got.err and got.out == ""


def test_of_two_under_way_one_must_be_named(cli, lab, say):
    lab.under_way = {"cooling": RUN, "boyle": "20261122-101500-boyle-1"}
    got = cli("experiment", "watch")
    assert got.code == 2 and say("hãy nói tên", "say which") in got.err
