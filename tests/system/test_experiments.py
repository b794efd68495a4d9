"""Recording end to end (docs/protocol.md, section 8): experiments of a simulated room, recorded into the run file, read back
over the bus; what is refused, sensors that come and go, calibration. What fails around it stands in test_experiments_faults.py.

The sensor here is polled (Modbus): a recorded channel of it is sampled as fast as the fastest experiment wants. Streaming
sensors have their own tests (test_streams.py, test_usb.py); what is recorded of them takes the same way.
"""

import re
import statistics
import struct
import time

import pytest

from conftest import PATIENCE, wait
from lectern_client import RoomError
from recording_room import Lab, lab, ROOM, steps  # noqa: F401 (a fixture)

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
    assert stopped["run"] == run and stopped["state"] == "stopped"
    lost = stopped["lost"]  # a busy machine may ask the sensor late: then that is said, and said everywhere
    assert lab.until(lambda r: r["state"] == "stopped")["samples"] == stopped["samples"]

    found = lab.call("run.list")
    assert [r["run"] for r in found["runs"]] == [run] and found["bytes"] > 0 and found["budget"] > 0
    shown = lab.shown(run)
    assert shown["state"] == "stopped" and shown["samples"] == stopped["samples"] and shown["lost"] == lost
    assert "reason" not in shown, "a person's stop needs none"
    assert shown["label"] == {"vi": "Không khí trong phòng", "en": "Air in the room"}
    assert shown["metadata"] == {"note": "cửa sổ mở", "class": "10A1"} and shown["simulated"] is True
    assert [m for m in shown["marks"] if m["kind"] == "mark"][0]["t_ms"] == pytest.approx(mark["t_ms"], abs=1)
    assert [c["channel"] for c in shown["definition"]["channels"]] == ["t", "h", "twice"]
    assert set(shown["documents"]) == {"start", "descriptor", "stop"}

    samples = lab.read(run)
    t = samples["t"]
    assert all(step > 0 for step in steps(t["t"]))
    assert len(t["t"]) >= 20 and len(samples["h"]["t"]) < len(t["t"])  # the sensor is asked late on a busy machine
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
        assert 700 <= lab.shown(run["run"])["elapsed_ms"] + 1 < 700 + PATIENCE * 1000


def test_a_row_that_is_stopped_does_not_go_on(lab):
    first = lab.start("short")
    lab.until(lambda r: r["run"] == first and r["state"] == "done")
    lab.call("experiment.stop", experiment="short")
    wait(lambda: not lab.call("state.snapshot")["recordings"])
    assert len(lab.call("run.list")["runs"]) <= 2


def test_a_switch_begins_a_run_with_what_came_before(stage):
    # It keeps so much that a machine that stands still meanwhile does not lose it; that it keeps no more than it should: test_recording_streams.py.
    lab = Lab(stage, ROOM.replace("pre = 1s", "pre = 30s"))
    lab.call("point.write", target="lights.rear", value=False)
    answer = lab.call("experiment.start", experiment="switched")
    assert answer["state"] == "armed" and answer["run"]
    lab.until(lambda r: r["state"] == "armed" and r["channels"][0]["there"])
    time.sleep(1.0)  # so that there is a second to be kept
    lab.call("point.write", target="lights.rear", value=True)
    run = lab.until(lambda r: r["state"] == "done")["run"]
    assert run == answer["run"], "the name that was promised when it was armed"
    t = lab.read(run)["t"]["t"]
    assert min(t) < -0.5 and max(t) > 0
    shown = lab.shown(run)
    assert shown["marks"][0]["kind"] == "trigger" and shown["elapsed_ms"] >= 999


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
    # Most of them: a busy machine may ask the sensor late, and then says so.
    assert 0.4 < statistics.median(steps(of_slow)) < 0.6, steps(of_slow)
    assert 0.08 < statistics.median(steps(of_fast)) < 0.12, steps(of_fast)


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
    lab.until(lambda r: r["channels"][0]["samples"] > gone["channels"][0]["samples"] + 5)
    lab.sim.call("sim.plug", device="box")
    lab.until(lambda r: "mark" in r and r["mark"]["kind"] == "replug", 60)
    back = lab.until(lambda r: r["channels"][1]["there"], 60)
    lab.until(lambda r: r["channels"][1]["samples"] > back["channels"][1]["samples"] + 3)
    lab.call("experiment.stop")
    a, b = (lab.read(run)[c]["t"] for c in "ab")
    gap = max(range(len(b) - 1), key=lambda i: b[i + 1] - b[i])
    assert b[gap + 1] - b[gap] > 0.4, "the gap is there to be seen"
    assert any(b[gap] < t < b[gap + 1] for t in a), "the other channel went on"


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


def test_what_is_wrong_with_a_made_experiment_is_told_in_both_languages(lab):
    with pytest.raises(RoomError) as no:
        lab.call("experiment.create", experiment="mine", keys={"channel t": "box.temperature", "derive y": "(t"})
    (mistake,) = no.value.data["mistakes"]
    assert mistake["line"] == 3 and mistake["text"].startswith("derive y: character 3: expected"), mistake
    assert mistake["vi"] == 'derive y: ký tự 3: thiếu phép tính hoặc dấu ")", nhưng lại là hết công thức'
    with pytest.raises(RoomError) as no:
        lab.call("experiment.create", experiment="air", keys={"channel t": "box.temperature"})
    assert no.value.code == -32005 and "tên khác" in no.value.data["remedy"]["vi"]


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
