"""Streaming sensors recorded end to end: lectern-sim prints numbered lines, and the run file must have exactly those that the
simulator says were printed, and say exactly which are missing."""

import shutil

import pytest

from conftest import ROOT, wait
from lectern_client import RoomError
from recording_room import Lab, steps

ROOM = """
[room]
id = lab
site = test

[device board]
profile = arduino/counted
line = serial:///dev/ttyUSB0

[experiment fast]
channel number = board.number, rate 100Hz
channel force  = board.force, rate 100Hz
derive twice   = number * 2

[experiment tenth]
channel number = board.number, rate 10Hz

[experiment thousand]
channel number = board.number, rate 1kHz
channel force  = board.force, rate 1kHz
channel temperature = board.temperature, rate 1kHz
channel voltage = board.voltage, rate 1kHz

[experiment from-300]
channel number = board.number, rate 100Hz
start = number rises above 300
pre = 1s
duration = 2s

[experiment strange]
channel number = board.number, rate 100Hz
derive bad = 1 / (number - number)
derive root = sqrt(0 - number)
"""

COUNTED = """
[point number]
label = Số thứ tự
type = float
access = read
key = n
stream = yes
fastest = 1ms
slowest = 1s
"""


@pytest.fixture
def lab(stage, monkeypatch):
    folder = stage.folder / "profiles"
    shutil.copytree(ROOT / "profiles" / "classes", folder / "classes")
    (folder / "devices" / "arduino").mkdir(parents=True)
    text = (ROOT / "profiles" / "devices" / "arduino" / "line-stream.ini").read_text()
    (folder / "devices" / "arduino" / "counted.ini").write_text(text + COUNTED)
    monkeypatch.setenv("LECTERN_PROFILES", str(folder))
    return Lab(stage, ROOM, speed=1)


def numbers(lab, run):
    """Every sample of channel number, over as many calls as it takes."""
    found, start = [], {}
    while True:
        part = lab.call("run.read", run=run, channels=["number"], **start)
        found += [int(v) for v in part["channels"][0]["value"]]
        if "more" not in part:
            return found
        start = {"from": part["more"]}


def test_every_line_that_was_printed_is_recorded_once(lab):
    run = lab.start("fast")
    lab.until(lambda r: r["samples"] > 900)
    stopped = lab.call("experiment.stop")
    found = numbers(lab, run)
    assert found == list(range(found[0], found[0] + len(found))) and len(found) > 250
    assert stopped["lost"] == 0 and lab.shown(run)["lost"] == 0
    read = lab.read(run)
    assert read["twice"]["value"] == [2 * n for n in found][:len(read["twice"]["value"])]
    between = steps(read["number"]["t"])
    assert all(step > 0 for step in between) and sum(0.008 < step < 0.012 for step in between) > 0.9 * len(between), between
    truth = {s["n"]: s["time_us"] for s in lab.sim.call("sim.samples", device="board", **{"from": found[0], "n": 1000})["samples"]}
    start = lab.shown(run)["start"]
    off = sorted(abs(start + t * 1e6 - truth[n]) for n, t in zip(found, read["number"]["t"]) if n in truth)
    assert off[len(off) // 2] < 10000, "half of the times are off by more than one sample"


def test_two_rates_of_one_streaming_sensor(lab):
    slow = lab.start("tenth")
    lab.until(lambda r: r["run"] == slow and r["samples"] >= 5)
    fast = lab.start("fast")
    lab.until(lambda r: r["run"] == fast and r["samples"] >= 300)
    lab.call("experiment.stop", run=fast)
    lab.call("experiment.stop", run=slow)
    found = numbers(lab, fast)
    assert found == list(range(found[0], found[0] + len(found))) and len(found) > 80
    t = lab.read(slow)["number"]["t"]
    assert sum(0.08 < step < 0.12 for step in steps(t)) >= len(t) - 3, steps(t)


def test_a_rate_beyond_the_sensor_is_refused_with_what_it_can_do(lab):
    with pytest.raises(RoomError) as no:
        lab.call("experiment.create", experiment="too-fast", keys={"channel n": "board.number, rate 5kHz"})
    assert no.value.code == -32602 and "1000Hz" in no.value.data["mistakes"][0]["text"]
    assert {c["fastest_hz"] for e in lab.call("experiment.list")["experiments"] if e["experiment"] == "thousand"
            for c in e["channels"]} == {1000.0}


def test_a_thousand_a_second_on_four_channels_are_recorded_whole(lab):
    run = lab.start("thousand")
    lab.until(lambda r: r["samples"] > 20000, 60)
    lab.call("experiment.stop")
    found = numbers(lab, run)
    assert found == list(range(found[0], found[0] + len(found))) and len(found) > 4500
    shown = lab.shown(run)
    assert shown["lost"] == 0 and abs(shown["samples"] - 4 * len(found)) < 100, "the channels of a line end together"
    assert shown["bytes"] < 4.5 * shown["samples"]


def test_lost_lines_are_told_and_nothing_else_is_missing(lab):
    run = lab.start("fast")
    lab.until(lambda r: r["samples"] > 150)
    lab.sim.call("sim.fault", device="board", fault="lost", count=7)
    lab.until(lambda r: r["lost"] >= 14)  # of two channels, and of what follows from them
    now = lab.until(lambda r: True)["samples"]
    lab.until(lambda r: r["samples"] > now + 150)
    lab.call("experiment.stop")
    found = numbers(lab, run)
    missing = sorted(set(range(found[0], found[-1] + 1)) - set(found))
    assert len(missing) == 7 and missing[-1] - missing[0] == 6
    gaps = lab.read(run)["number"]["gaps"]
    assert [lost for _, lost in gaps] == [7]
    marks = [m for m in lab.shown(run)["marks"] if m["kind"] == "gap" and m.get("channel") == "number"]
    assert [m["lost"] for m in marks] == [7]
    plot = lab.read(run, width=50)["number"]
    assert any(plot["gap"]), "a plot shows it"


def test_a_board_unplugged_and_plugged_in_again_goes_on_in_the_same_run(lab):
    run = lab.start("fast")
    lab.until(lambda r: r["samples"] > 150)
    lab.sim.call("sim.unplug", device="board")
    lab.until(lambda r: "mark" in r and r["mark"]["kind"] == "unplug", 30)
    lab.sim.call("sim.plug", device="board")
    back = lab.until(lambda r: "mark" in r and r["mark"]["kind"] == "replug", 30)
    lab.until(lambda r: r["samples"] > back["samples"] + 150 and r["channels"][0]["there"], 30)
    lab.call("experiment.stop")
    t = lab.read(run)["number"]["t"]
    assert t == sorted(t) and max(steps(t)) > 0.1 and [m["kind"] for m in lab.shown(run)["marks"]].count("replug") == 1


def test_a_signal_begins_a_run_with_the_second_before(lab):
    answer = lab.call("experiment.start", experiment="from-300")
    done = lab.until(lambda r: r["state"] == "done", 30) if answer["state"] == "armed" else None
    assert done, "it was armed at the beginning of the numbers"
    found = numbers(lab, answer["run"])
    t = lab.read(answer["run"])["number"]["t"]
    assert found == list(range(found[0], found[0] + len(found)))
    assert found[t.index(min(x for x in t if x >= -0.001))] in (300, 301)
    assert min(t) == pytest.approx(-1, abs=0.05) and max(t) == pytest.approx(2, abs=0.05)


def test_formulas_that_cannot_be_computed_give_no_value_and_stop_nothing(lab):
    run = lab.start("strange")
    lab.until(lambda r: r["samples"] > 200)
    lab.call("experiment.stop")
    read = lab.read(run)
    assert set(read["bad"]["value"]) == {None} and len(read["number"]["value"]) > 50
    assert None in read["root"]["value"]


def test_kill_9_at_a_hundred_a_second_costs_a_tenth_of_a_second(lab):
    run = lab.start("fast")
    lab.until(lambda r: r["samples"] > 300)
    last = lab.sim.call("sim.samples", device="board")["next"]
    lab.daemon.kill()
    lab.again(online=False)
    wait(lambda: [r for r in lab.call("run.list")["runs"] if r["state"] == "interrupted"])
    found = numbers(lab, run)
    assert found == list(range(found[0], found[0] + len(found)))
    # 10 lines are a tenth of a second; the disk and a machine with other things to do may take as much again
    assert last - found[-1] < 25, "%d lines before the end are missing" % (last - found[-1])
