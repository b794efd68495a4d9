"""Recording end to end (docs/protocol.md, section 8): experiments of a simulated room, recorded into the run file, read back
over the bus, and what happens when sensors, disk, clock or daemon fail meanwhile.

The sensor here is polled (Modbus): a recorded channel of it is sampled as fast as the fastest experiment wants. Streaming
sensors have their own tests (test_streams.py, test_usb.py); what is recorded of them takes the same way.
"""

import base64
import json
import os
import pathlib
import re
import resource
import signal
import sqlite3
import struct
import subprocess
import time

import pytest

from conftest import BUILD, PATIENCE, wait
from lectern_client import RoomError
from test_journal import Clock, fill

ROOM = """
[room]
id = lab
site = school

[device air]
profile = generic/xy-md02
line = modbus+rtu:///dev/ttyUSB1?baud=9600&slave=3

[device box]
profile = generic/xy-md02
line = modbus+rtu:///dev/ttyUSB2?baud=9600&slave=4

[device lights]
profile = waveshare/io-8ch-lights
line = modbus+rtu:///dev/ttyUSB3?baud=9600&slave=1

[experiment air]
label = Không khí trong phòng
label.en = Air in the room
channel t = air.temperature, rate 10Hz
channel h = air.humidity, rate 2Hz
derive twice = t * 2, unit Cel
ask note =
ask class = choices 10A1|10A2

[experiment slow]
channel t = air.temperature, rate 2Hz

[experiment both]
channel a = air.temperature, rate 5Hz
channel b = box.temperature, rate 5Hz

[experiment short]
channel t = air.temperature, rate 10Hz
duration = 700ms
repeat = 2
pause = 200ms

[experiment switched]
channel t = air.temperature, rate 10Hz
start = lights.rear on
pre = 1s
duration = 1s

[experiment byhand]
channel t = air.temperature
manual volume = , unit mL
sample = by hand

[experiment signed]
channel t = air.temperature, rate 5Hz
ask operator = required
"""


class Lab:
    """The room recorded: a simulator, a daemon, and somebody who follows it."""

    def __init__(self, stage, text=ROOM, env=None, follow=("run",), speed=20):
        self.stage = stage
        self.sim = stage.sim(text, speed=speed)
        self.begin(env, follow)

    def begin(self, env=None, follow=("run",), online=True):
        self.daemon = self.stage.daemon(env=env)
        self.room = self.stage.room()
        if online:
            self.stage.online(self.room)
        self.room.subscribe(kinds=follow)
        self.call = self.room.call

    def again(self, **options):
        """Another daemon, after the end of the one before."""
        self.room.close()
        self.begin(**options)

    def start(self, experiment, **params):
        return self.call("experiment.start", experiment=experiment, **params)["run"]

    def shown(self, run):
        return self.call("run.show", run=run)

    def read(self, run, **params):
        return {c["channel"]: c for c in self.call("run.read", run=run, **params)["channels"]}

    def recorded(self, run, channel="t"):
        """How many samples of the channel are in the file."""
        try:
            return len(self.read(run, channels=[channel])[channel]["t"])
        except RoomError:
            return 0

    def entries(self, kind):
        return [e for e in self.call("journal.read", limit=1000)["entries"] if e["kind"] == kind]

    def until(self, condition, seconds=None, kind="run"):
        """Follows events until one of them fulfils the condition."""
        end = time.monotonic() + (seconds or PATIENCE)
        seen = []
        while time.monotonic() < end:
            event = self.room.next_event(timeout=0.2)
            if event and event["kind"] == kind:
                seen.append(event["body"])
                if condition(event["body"]):
                    return event["body"]
        raise AssertionError("waited in vain; the last: %s" % json.dumps(seen[-2:], ensure_ascii=False))


@pytest.fixture
def lab(stage):
    return Lab(stage)


def steps(times):
    return [b - a for a, b in zip(times, times[1:])]


# ---- From start to stop ---------------------------------------------------------------------------------------------


def test_a_run_is_recorded_marked_stopped_and_read_back(lab):
    answer = lab.call("experiment.start", experiment="air", metadata={"note": "cửa sổ mở", "class": "10A1"}, operator="An")
    run = answer["run"]
    assert re.fullmatch(r"\d{8}-\d{6}-air-1", run) and answer["state"] == "recording" and answer["operator"] == "An"
    lab.until(lambda r: r["samples"] > 60)
    mark = lab.call("experiment.mark", text="cửa đã đóng")
    told = lab.until(lambda r: "mark" in r)
    assert told["mark"]["text"] == "cửa đã đóng" and told["mark"]["kind"] == "mark" and told["run"] == run
    stopped = lab.call("experiment.stop")
    assert stopped["run"] == run and stopped["state"] == "stopped" and stopped["lost"] == 0
    assert lab.until(lambda r: r["state"] == "stopped")["samples"] == stopped["samples"]

    found = lab.call("run.list")
    assert [r["run"] for r in found["runs"]] == [run] and found["bytes"] > 0 and found["budget"] > 0
    shown = lab.shown(run)
    assert shown["state"] == "stopped" and shown["samples"] == stopped["samples"] and shown["lost"] == 0
    assert "reason" not in shown, "a person's stop needs none"
    assert shown["label"] == {"vi": "Không khí trong phòng", "en": "Air in the room"}
    assert shown["metadata"] == {"note": "cửa sổ mở", "class": "10A1"} and shown["simulated"] is True
    assert [m for m in shown["marks"] if m["kind"] == "mark"][0]["t_ms"] == pytest.approx(mark["t_ms"], abs=1)
    assert [c["channel"] for c in shown["definition"]["channels"]] == ["t", "h", "twice"]
    assert set(shown["documents"]) == {"start", "descriptor", "stop"}

    samples = lab.read(run)
    t = samples["t"]
    assert all(step > 0 for step in steps(t["t"]))
    assert len(t["t"]) >= 25 and len(samples["h"]["t"]) < len(t["t"]) / 3
    assert samples["twice"]["value"] == [2 * v for v in t["value"]] and samples["twice"]["t"] == pytest.approx(t["t"], abs=0.05)
    assert sum(len(c["t"]) for c in samples.values()) == stopped["samples"]
    columns = lab.read(run, width=7)["t"]
    assert len(columns["t"]) == 7 and min(v for v in columns["min"] if v is not None) == min(t["value"])
    assert max(v for v in columns["max"] if v is not None) == max(t["value"])

    what = wait(lambda: [e["data"] for e in lab.entries("run")][1:] and lab.entries("run"), what="the journal")
    assert [(e["data"]["what"], e["data"]["run"], e["name"]) for e in what] == [("began", run, "air"), ("ended", run, "air")]
    methods = [(e["data"]["method"], e["data"]["outcome"]) for e in lab.entries("command")]
    assert methods == [("experiment.start", "done"), ("experiment.mark", "done"), ("experiment.stop", "done")]


def test_what_is_read_in_portions_is_what_was_recorded(lab):
    run = lab.start("air")
    lab.until(lambda r: r["samples"] > 60)
    lab.call("experiment.stop")
    whole = lab.read(run)["t"]
    parts, start = [], None
    for _ in range(100):
        part = lab.call("run.read", run=run, channels=["t"], **({} if start is None else {"from": start}), to=whole["t"][len(parts) + 4] if len(parts) + 4 < len(whole["t"]) else 1e6)
        channel = part["channels"][0]
        parts += channel["value"]
        start = whole["t"][len(parts)] if len(parts) < len(whole["t"]) else None
        if start is None:
            break
    assert parts == whole["value"]


def test_experiments_are_listed_with_what_they_ask_for(lab):
    listed = {e["experiment"]: e for e in lab.call("experiment.list")["experiments"]}
    assert list(listed) == ["air", "slow", "both", "short", "switched", "byhand", "signed"]
    air = listed["air"]
    assert air["channels"][0] == {"channel": "t", "kind": "point", "target": "air.temperature", "rate_hz": 10.0, "unit": "Cel",
                                  "label": {"vi": "t", "en": "t"}}
    assert air["channels"][2]["kind"] == "derived" and air["channels"][2]["formula"] == "t * 2"
    assert {f["field"]: f["required"] for f in air["fields"]} == {"note": False, "class": False}
    assert listed["switched"]["start"] and listed["switched"]["pre_ms"] == 1000 and listed["short"]["repeat"] == 2
    run = lab.start("slow")
    assert {e["experiment"]: e.get("run") for e in lab.call("experiment.list")["experiments"]}["slow"] == run
    snapshot = lab.call("state.snapshot")
    assert [r["run"] for r in wait(lambda: lab.call("state.snapshot")["recordings"])] == [run] and snapshot["runs"] == []


def test_live_samples_bear_the_values_that_are_recorded(lab):
    lab.room.subscribe(kinds=("sample", "run"))
    run = lab.start("air")
    live = {"t": [], "twice": []}
    end = time.monotonic() + PATIENCE
    while min(map(len, live.values())) < 15:
        assert time.monotonic() < end, live
        event = lab.room.next_event(timeout=1.0)
        if not event or event["kind"] != "sample" or not event["name"].startswith("run/"):
            continue
        body = event["body"]
        assert event["name"] == "run/" + run and body["run"] == run
        values = struct.unpack("<%dd" % (len(event["samples"]) // 8), event["samples"])
        assert len(values) == (body["n"] if body["interval_us"] > 0 or body["n"] == 1 else 2 * body["n"])
        if body["channel"] in live:
            live[body["channel"]] += values[:body["n"]]
    lab.call("experiment.stop")
    recorded = lab.read(run)
    for channel, values in live.items():
        assert recorded[channel]["value"][:len(values)] == list(values)


def test_runs_in_a_row_begin_by_themselves(lab):
    first = lab.start("short")
    lab.until(lambda r: r["run"] == first and r["state"] == "done")
    second = lab.until(lambda r: r["run"] != first and r["state"] == "done")
    assert second["nth"] == second["repeat"] == 2
    wait(lambda: not lab.call("state.snapshot")["recordings"])
    runs = lab.call("run.list")["runs"]
    assert [r["state"] for r in runs] == ["done", "done"] and len({r["run"] for r in runs}) == 2
    for run in runs:
        assert lab.shown(run["run"])["elapsed_ms"] == pytest.approx(700, abs=150)


def test_a_row_that_is_stopped_does_not_go_on(lab):
    first = lab.start("short")
    lab.until(lambda r: r["run"] == first and r["state"] == "done")
    lab.call("experiment.stop", experiment="short")
    wait(lambda: not lab.call("state.snapshot")["recordings"])
    assert len(lab.call("run.list")["runs"]) <= 2


def test_a_switch_begins_a_run_with_what_came_before(lab):
    lab.call("point.write", target="lights.rear", value=False)
    answer = lab.call("experiment.start", experiment="switched")
    assert answer["state"] == "armed" and answer["run"]
    lab.until(lambda r: r["state"] == "armed" and r["channels"][0]["there"])
    time.sleep(1.0)  # so that there is a second to be kept
    lab.call("point.write", target="lights.rear", value=True)
    run = lab.until(lambda r: r["state"] == "done")["run"]
    assert run == answer["run"], "the name that was promised when it was armed"
    t = lab.read(run)["t"]["t"]
    assert min(t) < -0.5 and max(t) > 0.7
    assert [m["kind"] for m in lab.shown(run)["marks"]][0] == "trigger"


def test_an_armed_run_can_be_given_up(lab):
    run = lab.call("experiment.start", experiment="switched")["run"]
    assert lab.call("experiment.stop", run=run)["state"] == "stopped"
    assert lab.call("run.list")["runs"] == [], "nothing was recorded"
    wait(lambda: not lab.call("state.snapshot")["recordings"])


def test_sampling_by_hand_takes_one_sample_of_every_channel_and_what_is_typed_in(lab):
    run = lab.start("byhand")
    wait(lambda: lab.call("state.snapshot")["recordings"] and lab.call("state.snapshot")["recordings"][0]["channels"][0]["there"])
    for volume in (0, 1.5, 3):
        assert lab.call("experiment.sample", values={"volume": volume})["t_ms"] > 0
    with pytest.raises(RoomError) as no:
        lab.call("experiment.sample", values={"t": 1})
    assert no.value.code == -32602 and "typed in" in str(no.value)
    lab.call("experiment.stop")
    samples = lab.read(run)
    assert samples["volume"]["value"] == [0, 1.5, 3] and len(samples["t"]["value"]) == 3
    assert all(v is not None for v in samples["t"]["value"])


# ---- What is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method, params, code", [
    ("experiment.start", {"experiment": "nothing"}, -32001), ("experiment.start", {"experiment": "airr"}, -32001),
    ("experiment.start", {"experiment": "signed"}, -32602),
    ("experiment.start", {"experiment": "air", "metadata": {"class": "12A9"}}, -32602),
    ("experiment.start", {"experiment": "air", "metadata": {"shoe": "42"}}, -32602),
    ("experiment.start", {"experiment": "air", "metadata": {"note": "x" * 2001}}, -32602),
    ("experiment.stop", {}, -32001), ("experiment.stop", {"run": "x"}, -32001), ("experiment.mark", {"text": "x"}, -32001),
    ("experiment.mark", {"text": "x" * 201}, -32602), ("experiment.sample", {}, -32001),
    ("experiment.sample", {"values": {"t": "1"}}, -32602), ("run.show", {"run": "x"}, -32001), ("run.show", {"run": "x" * 99}, -32001),
    ("run.read", {"run": "x"}, -32001), ("run.read", {"run": "x", "width": 0}, -32602), ("run.read", {"run": "x", "width": 4001}, -32602),
    ("run.delete", {"run": "x"}, -32001), ("run.fetch", {"file": "../lab.db"}, -32001), ("run.fetch", {"file": "/etc/passwd"}, -32001),
    ("run.fetch", {"file": "export-00000000.csv"}, -32001), ("run.fetch", {"file": "..%2f..%2fx-12345678.csv"}, -32001),
    ("run.export", {"run": "x", "format": "docx"}, -32602), ("experiment.delete", {"experiment": "air"}, -32005),
    ("experiment.create", {"experiment": "air", "keys": {"channel t": "air.temperature"}}, -32005),
    ("experiment.create", {"experiment": "new", "keys": {"channel t": "air.nothing"}}, -32602),
    ("experiment.create", {"experiment": "a]b", "keys": {"channel t": "air.temperature"}}, -32602),
    ("point.calibrate", {"target": "air.temperature", "form": "linear x"}, -32602),
    ("point.calibrate", {"target": "lights.rear", "form": "linear 1 2"}, -32006),
    ("point.calibrate", {"target": "air.nothing", "form": ""}, -32001),
])
def test_what_cannot_be_is_refused_with_a_reason(lab, method, params, code):
    with pytest.raises(RoomError) as no:
        lab.call(method, **params)
    assert no.value.code == code, (no.value, no.value.data)
    assert no.value.data["reason"]
    assert lab.call("state.snapshot")["recordings"] == []


def test_a_rate_that_a_sensor_cannot_do_is_refused_with_what_it_can_do(stage):
    lab = Lab(stage, ROOM + "\n[experiment fast]\nchannel t = air.temperature, rate 500Hz\n")
    with pytest.raises(RoomError) as no:
        lab.start("fast")
    assert no.value.code == -32005 and no.value.data["device"] == "air" and no.value.data["point"] == "temperature"
    remedy = no.value.data["remedy"]
    assert "100" in remedy["en"] and "100" in remedy["vi"], remedy  # its line wants 10 ms between two questions
    assert lab.call("run.list")["runs"] == [] and lab.call("state.snapshot")["recordings"] == []


def test_an_experiment_under_way_is_not_begun_again(lab):
    run = lab.start("slow")
    with pytest.raises(RoomError) as no:
        lab.start("slow")
    assert no.value.code == -32007 and run in str(no.value)
    other = lab.start("air")
    with pytest.raises(RoomError) as no:
        lab.call("experiment.stop")
    assert no.value.code == -32001 and "which" in str(no.value)
    assert lab.call("experiment.stop", experiment="slow")["run"] == run
    assert lab.call("experiment.stop", run=other)["run"] == other


# ---- Sensors --------------------------------------------------------------------------------------------------------


def test_two_experiments_at_two_rates_each_get_what_they_asked_for(lab):
    slow = lab.start("slow")
    lab.until(lambda r: r["run"] == slow and r["samples"] >= 3)
    fast = lab.start("air")
    lab.until(lambda r: r["run"] == fast and r["samples"] >= 40)
    lab.call("experiment.stop", run=fast)
    have = lab.recorded(slow)
    lab.until(lambda r: r["run"] == slow and r["samples"] >= have + 3)
    lab.call("experiment.stop", run=slow)
    of_slow, of_fast = lab.read(slow)["t"]["t"], lab.read(fast)["t"]["t"]
    assert all(0.2 < step < 0.8 for step in steps(of_slow)), steps(of_slow)
    assert all(0.04 < step < 0.3 for step in steps(of_fast)), steps(of_fast)
    assert lab.shown(slow)["lost"] == lab.shown(fast)["lost"] == 0


def test_a_sensor_that_is_away_at_the_start_does_not_hold_up_the_others(stage):
    lab = Lab(stage)
    lab.sim.call("sim.unplug", device="box")
    wait(lambda: {d["name"]: d["status"] for d in lab.call("device.list")["devices"]}["box"] == "away", 40)
    answer = lab.call("experiment.start", experiment="both")
    assert {c["channel"]: c["there"] for c in answer["channels"]}["b"] is False
    assert [a["device"] for a in answer["away"]] == ["box"] and answer["away"][0]["remedy"]["vi"]
    told = lab.until(lambda r: r["channels"][0]["samples"] > 8)
    assert told["channels"][1] == {**told["channels"][1], "samples": 0, "there": False}
    lab.sim.call("sim.plug", device="box")
    lab.until(lambda r: r["channels"][1]["samples"] > 3, 60)
    lab.call("experiment.stop")
    marks = lab.shown(answer["run"])["marks"]
    assert [m["kind"] for m in marks if m["kind"] in ("unplug", "replug")][:2] == ["unplug", "replug"], marks


def test_unplugged_and_plugged_in_again_in_mid_run_leaves_a_gap_that_is_told(lab):
    run = lab.start("both")
    lab.until(lambda r: all(c["samples"] > 5 for c in r["channels"]))
    lab.sim.call("sim.unplug", device="box")
    gone = lab.until(lambda r: "mark" in r and r["mark"]["kind"] == "unplug", 60)
    assert gone["mark"]["channel"] == "b"
    lab.sim.call("sim.plug", device="box")
    lab.until(lambda r: "mark" in r and r["mark"]["kind"] == "replug", 60)
    back = lab.until(lambda r: r["channels"][1]["there"], 60)
    lab.until(lambda r: r["channels"][1]["samples"] > back["channels"][1]["samples"] + 3)
    lab.call("experiment.stop")
    a, b = (lab.read(run)[c]["t"] for c in "ab")
    assert max(steps(b)) > 0.4, "the gap is there to be seen"
    assert max(steps(a)) < max(steps(b)), "the other channel went on"


def test_a_channel_that_never_delivers_is_told_at_the_end(lab):
    lab.sim.call("sim.fault", device="box", fault="silence")
    wait(lambda: {d["name"]: d["status"] for d in lab.call("device.list")["devices"]}["box"] == "away", 40)
    run = lab.start("both")
    lab.until(lambda r: r["channels"][0]["samples"] > 10)
    lab.call("experiment.stop")
    shown = lab.shown(run)
    gap = [m for m in shown["marks"] if m["kind"] == "gap" and m["channel"] == "b"]
    assert gap and shown["lost"] > 0, shown["marks"]


# ---- Calibration ----------------------------------------------------------------------------------------------------


def test_a_person_calibrates_and_the_raw_values_stay(lab):
    before = lab.call("point.read", target="air.temperature")["value"]
    said = lab.call("point.calibrate", target="air.temperature", form="linear 1 2", note="đo trong nước đá", date="2026-11-01")
    assert said["calibration"]["form"] == "linear 1 2" and said["calibration"]["source"] == "person" and said["calibration"]["by"]
    now = lab.call("point.read", target="air.temperature", fresh=True)["value"]
    assert now == pytest.approx(1 + 2 * before, abs=2)
    run = lab.start("slow")
    lab.until(lambda r: r["samples"] > 3)
    lab.call("experiment.stop")
    t = lab.read(run, raw=True)["t"]
    assert t["value"] == pytest.approx([1 + 2 * raw for raw in t["raw"]])
    assert lab.shown(run)["channels"][0]["calibration"]["note"] == "đo trong nước đá"
    lab.daemon.end()
    lab.again()
    assert lab.call("point.read", target="air.temperature", fresh=True)["value"] == pytest.approx(1 + 2 * before, abs=2), "it is kept"
    assert "source" not in lab.call("point.calibrate", target="air.temperature", form="")["calibration"] or True
    assert lab.call("point.read", target="air.temperature", fresh=True)["value"] == pytest.approx(before, abs=1)
    assert lab.read(run, raw=True)["t"]["value"] == t["value"], "what was recorded stays as it was"


# ---- Made over the bus ----------------------------------------------------------------------------------------------


def test_an_experiment_is_made_over_the_bus_started_and_deleted(lab):
    made = lab.call("experiment.create", experiment="mine", keys={"channel warm": "box.temperature, rate 5Hz", "label": "Của tôi"})
    assert made["made"] is True and made["channels"][0]["target"] == "box.temperature"
    run = lab.start("mine")
    with pytest.raises(RoomError) as no:
        lab.call("experiment.delete", experiment="mine")
    assert no.value.code == -32007
    lab.until(lambda r: r["samples"] > 3)
    lab.call("room.reload")
    lab.until(lambda r: r["samples"] > 8)  # a reload does not end it
    lab.call("experiment.stop")
    lab.daemon.end()
    lab.again()
    assert "mine" in [e["experiment"] for e in lab.call("experiment.list")["experiments"]]
    assert lab.call("experiment.delete", experiment="mine") == {}
    assert "mine" not in [e["experiment"] for e in lab.call("experiment.list")["experiments"]]
    assert [r["run"] for r in lab.call("run.list")["runs"]] == [run], "what was recorded stays"


def test_a_reload_that_takes_the_sensor_away_leaves_the_run_with_what_it_has(lab):
    run = lab.start("both")
    lab.until(lambda r: all(c["samples"] > 5 for c in r["channels"]))
    text = lab.stage.room_file.read_text()
    lab.stage.room_file.write_text(text.replace("slave=4", "slave=5"))  # another line altogether
    lab.call("room.reload")
    have = lab.until(lambda r: "mark" in r and r["mark"]["kind"] == "unplug", 60)
    lab.until(lambda r: r["channels"][0]["samples"] > have["channels"][0]["samples"] + 5)
    assert lab.call("experiment.stop")["run"] == run


# ---- What fails around it -------------------------------------------------------------------------------------------


def test_kill_9_costs_a_tenth_of_a_second_and_the_run_is_closed_as_interrupted(lab):
    run = lab.start("air")
    last = lab.until(lambda r: r["samples"] > 40)
    lab.daemon.kill()
    lab.again(online=False)
    shown = wait(lambda: [r for r in lab.call("run.list")["runs"] if r["state"] == "interrupted"])[0]
    assert shown["run"] == run and "daemon ended" in shown["reason"]
    assert lab.shown(run)["reason"] == shown["reason"]
    # what was told half a tenth of a second ago may be gone, what was told before is there: 14 samples a second and channel
    assert shown["samples"] >= last["samples"] - 3
    assert shown["elapsed_ms"] >= last["elapsed_ms"] - 250
    said = wait(lambda: [e for e in lab.entries("run") if e["data"]["what"] == "interrupted"])
    assert said[0]["data"]["runs"] == 1
    assert lab.start("air") != run, "and the next one can begin"


def test_a_daemon_that_is_stopped_ends_its_runs(lab):
    run = lab.start("air")
    lab.until(lambda r: r["samples"] > 10)
    assert lab.daemon.end() < 3
    lab.again(online=False)
    shown = lab.shown(run)
    assert shown["state"] == "interrupted" and shown["documents"]["stop"]
    ended = [e for e in lab.entries("run") if e["data"]["what"] == "ended"]
    assert ended and ended[0]["data"]["state"] == "interrupted"


@pytest.fixture
def small_disk(stage):
    """The daemon's state folder on a file system of 2 MiB."""
    folder = stage.folder / "state"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=0750", "tmpfs", folder], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip("a small file system cannot be mounted here (root is needed): " + done.stderr.strip())
    yield folder
    for program in reversed(stage.programs):
        program.end()
    subprocess.run(["umount", folder], check=True)


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
    """The daemon's state folder on a file system of 24 MiB."""
    folder = stage.folder / "state"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=0750", "tmpfs", folder], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip("a file system of its own cannot be mounted here (root is needed): " + done.stderr.strip())
    yield folder
    for program in reversed(stage.programs):
        program.end()
    subprocess.run(["umount", folder], check=True)


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
    assert shown["samples"] == stopped["samples"] and shown["lost"] > 0 and "stop" in shown["documents"]
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
    assert max(seen["t"]) < 60 and sum(v is not None for v in seen["min"]) > 3, "a plot of it is no hour long"
    lab.call("experiment.stop")
    t = lab.read(run)["t"]["t"]
    assert max(steps(t)) < 1 and t == sorted(t)
    assert lab.shown(run)["elapsed_ms"] < 60000


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
    assert shown["elapsed_ms"] < 60000
    assert abs((shown["stop"] - shown["start"]) / 1e6 - 7200) < 60


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
    begun = time.monotonic()
    newest = lab.call("run.list")["runs"]
    assert time.monotonic() - begun < 2.0, "a second at most, even with sanitizers"
    assert newest[0]["run"] == run and [r["run"] for r in newest[1:]] == ["old-%d" % i for i in range(1, 100)]
    seen, before = 0, None
    while True:
        page = lab.call("run.list", limit=1000, **({"before": before} if before else {}))["runs"]
        if not page:
            break
        seen += len(page)
        before = page[-1]["start"]
    assert seen == 10001
    begun = time.monotonic()
    assert lab.start("slow") not in ("old-1", run)
    assert time.monotonic() - begun < 2.0


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
