"""Boards that print lines: lectern-sim prints them by a clock of its own, lecternd reads them through the driver stream, and what
arrives on the bus is held against what the simulator says was true."""

import shutil
import struct
import time

import pytest
from conftest import PATIENCE, ROOT, wait

ROOM = """
[room]
id = lab
site = test
label = Phòng thí nghiệm

[device board]
profile = %s
line = serial:///dev/ttyUSB0
"""

# The example profile, and the number of each sample as a point of its own, so that a test knows which sample it has.
COUNTED = """
[point number]
label = Số thứ tự
type = float
access = read
key = n
stream = yes
"""


def counted(stage, monkeypatch, interval):
    """A folder of profiles with arduino/line-stream-counted; both programs use it."""
    folder = stage.folder / "profiles"
    shutil.copytree(ROOT / "profiles" / "classes", folder / "classes")
    text = (ROOT / "profiles" / "devices" / "arduino" / "line-stream.ini").read_text()
    assert "interval = 10ms" in text
    (folder / "devices" / "arduino").mkdir(parents=True)
    text = text.replace("interval = 10ms", "interval = " + interval) + COUNTED
    (folder / "devices" / "arduino" / "line-stream-counted.ini").write_text(text)
    monkeypatch.setenv("LECTERN_PROFILES", str(folder))
    return "arduino/line-stream-counted"


class Listener:
    """The samples of one point as they come."""

    def __init__(self, room, point):
        self.room = room
        self.point = point
        self.samples = []  # (value, time in us)
        room.subscribe(kinds=("state", "sample"))

    def step(self):
        event = self.room.next_event(timeout=1.0)
        if event and event["kind"] == "sample" and event["body"].get("point") == self.point:
            body = event["body"]
            values = struct.unpack("<%dd" % body["n"], event["samples"])
            self.samples += [(v, body["first"] + i * body["interval_us"]) for i, v in enumerate(values)]

    def until(self, condition, seconds, what):
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "waited %g s for %s" % (seconds, what)
            self.step()

    def newest(self):
        return self.samples[-1][0] if self.samples else -1


def status(room):
    return room.call("device.list")["devices"][0]["status"]


def board(stage, profile, **options):
    sim = stage.sim(ROOM % profile, speed=1, **options)
    stage.daemon()
    room = stage.room()
    wait(lambda: status(room) == "online", what="the board online")
    return sim, room


@pytest.mark.parametrize("profile, point, name", [
    ("arduino/line-stream", "voltage", "voltage"), ("generic/json-lines", "humidity", "hum"),
    ("generic/nmea-stream", "temperature", "temperature"), ("microbit/plotter", "temperature", "temp")])
def test_values_are_those_that_the_board_measured(stage, profile, point, name):
    sim, room = board(stage, profile)
    with room:
        listener = Listener(room, point)
        listener.until(lambda: len(listener.samples) >= 5, PATIENCE, "samples")
        first = listener.samples[0][1]
        truth = [s for s in sim.call("sim.samples", device="board")["samples"] if s["time_us"] > first - 2e6]
        places = 2 if "nmea" in profile else 3
        assert {round(v, places) for v, _ in listener.samples} <= {round(s[name], places) for s in truth}
        value = room.call("state.snapshot")["devices"]["board"]["points"][point]
        assert value["quality"] == "good" and value["simulated"]


def errors(sim, samples):
    """How far the times of at most 1,000 samples in a row are off, in us, the least first."""
    told = {int(v): t for v, t in samples}
    truth = sim.call("sim.samples", device="board", **{"from": min(told), "n": 1000})["samples"]
    return sorted(abs(told[s["n"]] - s["time_us"]) for s in truth if s["n"] in told)


def in_time(sim, listener, n, half_us, all_us):
    """Waits until the times of the last `n` samples are so true. On a machine that does other things too they may not be for a
    while; that they never become so is what is wrong. How true they are is measured in bench/stream.c, unit/pace_test.c."""
    def true():
        if len(listener.samples) < n:
            return False
        off = errors(sim, listener.samples[-n:])
        return len(off) == n and off[n // 2] < half_us and off[-1] < all_us
    listener.until(true, 3 * PATIENCE, "true times")


def test_1_khz_of_a_drifting_board_arrives_whole_and_in_time(stage, monkeypatch):
    profile = counted(stage, monkeypatch, "1ms")
    sim, room = board(stage, profile, traits=["board.rate=1000 drift=200"])
    with room:
        listener = Listener(room, "number")
        listener.until(lambda: len(listener.samples) > 4000, 3 * PATIENCE, "four seconds of samples")
        in_time(sim, listener, 1000, half_us=2000, all_us=20000)
        numbers = [int(v) for v, _ in listener.samples]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


LOST = 300


def test_lost_lines_are_missing_and_nothing_else(stage, monkeypatch):
    profile = counted(stage, monkeypatch, "10ms")
    sim, room = board(stage, profile)
    with room:
        listener = Listener(room, "number")
        in_time(sim, listener, 50, half_us=30000, all_us=30000)
        sim.call("sim.fault", device="board", fault="lost", count=LOST)
        wait(lambda: sim.call("sim.state", device="board")["state"]["lost"] == LOST, what="the loss")
        upto = sim.call("sim.samples", device="board")["next"] + 50
        listener.until(lambda: listener.newest() >= upto, PATIENCE, "samples after the loss")
        numbers = [int(v) for v, _ in listener.samples]
        missing = sorted(set(range(numbers[0], numbers[-1] + 1)) - set(numbers))
        assert len(missing) == LOST and missing[-1] - missing[0] == LOST - 1
        truth = {s["n"]: s["time_us"] for s in sim.call("sim.samples", device="board", **{"from": missing[-1] + 1})["samples"]}
        times = {int(v): t for v, t in listener.samples}
        # who did not count the lost ones would be off by three seconds
        assert all(abs(times[n] - truth[n]) < 1e6 for n in range(missing[-1] + 1, upto))
        assert status(room) == "online"


def test_a_board_that_is_unplugged_is_away_and_comes_back(stage):
    sim, room = board(stage, "arduino/line-stream")
    with room:
        sim.call("sim.unplug", device="board")
        wait(lambda: status(room) == "away", what="the board away")
        # the port told it, at once; what is only silent is missed three seconds later
        assert "nothing came" not in room.call("state.snapshot")["devices"]["board"]["reason"]
        sim.call("sim.plug", device="board")
        listener = Listener(room, "voltage")
        listener.until(lambda: len(listener.samples) > 0, PATIENCE, "samples")
        assert status(room) == "online"


def test_a_silent_board_is_away_and_back_when_it_speaks(stage):
    sim, room = board(stage, "arduino/line-stream")
    with room:
        sim.call("sim.fault", device="board", fault="silence")
        wait(lambda: status(room) == "away", what="the board away")
        reason = room.call("state.snapshot")["devices"]["board"]["reason"]
        assert "nothing came in 3s" in str(reason)
        sim.call("sim.clear", device="board")
        wait(lambda: status(room) == "online", what="the board back")


def test_garbage_and_torn_lines_cost_only_themselves(stage, monkeypatch):
    profile = counted(stage, monkeypatch, "10ms")
    sim, room = board(stage, profile)
    with room:
        listener = Listener(room, "number")
        for fault in ("garbage", "garbage-before", "half", "nul", "split"):
            sim.call("sim.fault", device="board", fault=fault, count=5)
            wait(lambda: not sim.call("sim.state", device="board")["faults"], what="five lines of " + fault)
            upto = sim.call("sim.samples", device="board")["next"] + 20
            listener.until(lambda: listener.newest() >= upto, PATIENCE, "samples after " + fault)
            assert status(room) == "online"
        numbers = [int(v) for v, _ in listener.samples]
        assert numbers == sorted(set(numbers))
        missing = set(range(numbers[0], numbers[-1] + 1)) - set(numbers)
        assert len(missing) <= 30  # torn lines take their neighbour with them; split ones lose nothing
        truth = sim.call("sim.samples", device="board", **{"from": 0})["next"]
        assert numbers[-1] < truth


def test_a_board_that_resets_goes_on_with_its_new_numbers(stage, monkeypatch):
    profile = counted(stage, monkeypatch, "10ms")
    sim, room = board(stage, profile)
    with room:
        listener = Listener(room, "number")
        listener.until(lambda: listener.newest() > 100, PATIENCE, "samples")
        before = len(listener.samples)
        sim.call("sim.remote", device="board", point="reset", value=True)

        def again():
            """Those since the numbers began anew."""
            numbers = [v for v, _ in listener.samples[before - 1:]]
            falls = [i for i in range(1, len(numbers)) if numbers[i] < numbers[i - 1]]
            return numbers[falls[0]:] if falls else []
        listener.until(lambda: len(again()) > 10, PATIENCE, "samples after the reset")
        assert again()[0] < 100 and again() == sorted(again())
        times = [t for _, t in listener.samples]
        assert times == sorted(times)
        assert status(room) == "online"


EXPERIMENT = """
[experiment discharge]
label = Phóng điện
channel u = board.voltage, rate 500Hz
"""


def test_a_recording_goes_on_at_its_rate_after_a_replug_and_says_what_is_missing(stage):
    sim = stage.sim(ROOM % "arduino/line-stream" + EXPERIMENT, speed=1)
    stage.daemon()
    with stage.room() as room:
        wait(lambda: status(room) == "online", what="the board online")
        rate = lambda: sim.call("sim.state", device="board")["state"]["rate"]  # noqa: E731
        samples = lambda: sim.call("sim.state", device="board")["state"]["samples"]  # noqa: E731
        run = room.call("experiment.start", experiment="discharge")["run"]
        wait(lambda: rate() == 500, what="the rate of the recording")
        before = samples()
        wait(lambda: samples() > before + 500, what="a second of samples")
        sim.call("sim.fault", device="board", fault="lost", count=6)
        wait(lambda: sim.call("sim.state", device="board")["state"]["lost"] == 6, what="the loss")
        before = samples()
        wait(lambda: samples() > before + 200, what="samples behind the loss")
        sim.call("sim.unplug", device="board")
        wait(lambda: status(room) == "away", what="the board away")
        sim.call("sim.plug", device="board")
        wait(lambda: rate() == 500, what="the rate again")  # the board forgot it: 100 Hz is what it starts with
        before = samples()
        wait(lambda: samples() > before + 300, what="samples behind the replug")
        room.call("experiment.stop", run=run)
        wait(lambda: not room.call("run.show", run=run)["state"].startswith("recording"), what="the end")
        channel = room.call("run.read", run=run, channels=["u"])["channels"][0]
        assert 6 in [n for _, n in channel["gaps"]]
        spacing = [b - a for a, b in zip(channel["t"], channel["t"][1:])]
        assert min(spacing) > 0
        assert sum(0.0005 < d < 0.008 for d in spacing) > 700  # at the rate that it has by itself they are 0.01 apart
    wait(lambda: rate() == 100, what="the rate given back")
