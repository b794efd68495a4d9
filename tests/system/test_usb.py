"""Probes on USB: a real lecternd, through libusb, against the test bed of lectern-sim. What the probe shall have measured is
asked of the simulator."""

import re

import pytest
from conftest import wait
from lectern_client import RoomError

ROOM = """[room]
id = usb
site = test

[device probe]
profile = vernier/go-temp
line = usb://08f7:0002/0523-4660

[device force]
profile = vernier/go-link
line = usb://08f7:0003

[device motion]
profile = vernier/go-motion
line = usb://08f7:0004/M-77
"""

def start(stage, text=ROOM, traits=(), speed=1):
    sim = stage.sim(text, speed=speed, traits=traits)
    stage.daemon()
    room = stage.room()
    stage.online(room)
    return sim, room


def points(room, device):
    return room.call("state.snapshot")["devices"][device]["points"]


def good(room, device, point):
    """The point's value once it is good."""
    def value():
        p = points(room, device)[point]
        return p if p["quality"] == "good" else None
    return wait(value, what="%s.%s" % (device, point))


def truth(sim, device, field="value"):
    return sim.call("sim.state", device=device)["state"][field]


def status(room, device):
    return {d["name"]: d["status"] for d in room.call("device.list")["devices"]}[device]


def calibration(room, device, point):
    described = {p["name"]: p for p in room.call("device.describe", device=device)["points"]}
    return described[point].get("calibration")


@pytest.fixture
def probes(stage):
    sim, room = start(stage)
    yield stage, sim, room
    room.close()


def test_values_are_true(probes):
    _, sim, room = probes
    assert abs(good(room, "probe", "temperature")["value"] - truth(sim, "probe")) < 1
    # a pendulum: the force swings about the weight of its bob, the distance about half a metre
    assert abs(good(room, "force", "value")["value"] - 0.2 * 9.787) < 0.5
    assert 0.1 < good(room, "motion", "distance")["value"] < 1
    for device, serial in (("probe", "0523-4660"), ("motion", "M-77")):
        assert points(room, device)["serial"]["value"] == serial
    assert points(room, "probe")["sensor"]["value"] == "Go! Temp"
    assert points(room, "probe")["version"]["value"] == "1.41"
    assert points(room, "probe")["memory"]["value"] == "good"
    assert points(room, "motion")["battery"]["value"] == "good"
    assert truth(sim, "probe", "led") == "green"


def test_the_sensor_says_its_calibration(probes):
    _, _, room = probes
    good(room, "probe", "temperature")
    told = calibration(room, "probe", "temperature")
    assert told["source"] == "sensor"
    kind, a, b = re.search(r"(linear) (\S+) (\S+)", told["form"]).groups()
    assert (kind, float(a)) == ("linear", -256) and abs(float(b) - 102.4) < 1e-4
    assert told["unit"] == "Cel"
    assert calibration(room, "force", "value")["unit"] == "N"


def test_unplugged_it_is_away_at_once_and_says_why(probes):
    _, sim, room = probes
    good(room, "probe", "temperature")
    sim.call("sim.unplug", device="probe")
    wait(lambda: status(room, "probe") == "away", what="away")
    # how soon is measured in bench/usb.c; it was told, and not missed after a time of silence
    assert "nothing came" not in room.call("state.snapshot")["devices"]["probe"]["reason"]
    assert points(room, "probe")["temperature"]["quality"] != "good"
    assert status(room, "motion") == "online"


def test_in_another_port_it_is_the_same_device(probes):
    _, sim, room = probes
    good(room, "probe", "temperature")
    before = sim.call("sim.state", device="probe")["at"]
    sim.call("sim.unplug", device="probe")
    wait(lambda: status(room, "probe") == "away", what="away")
    sim.call("sim.plug", device="probe", port=9)
    value = good(room, "probe", "temperature")
    assert sim.call("sim.state", device="probe")["at"] != before
    assert abs(value["value"] - truth(sim, "probe")) < 1
    assert points(room, "probe")["serial"]["value"] == "0523-4660"


def test_many_times_out_and_in(probes):
    _, sim, room = probes
    for port in (9, 10, 11, 9, 12):
        sim.call("sim.unplug", device="motion")
        wait(lambda: status(room, "motion") == "away", what="away")
        sim.call("sim.plug", device="motion", port=port)
        wait(lambda: status(room, "motion") == "online", what="online")
    good(room, "motion", "distance")


def test_two_of_a_kind_keep_their_names(stage):
    text = ROOM.split("[device force]")[0] + "[device other]\nprofile = vernier/go-temp\nline = usb://08f7:0002\n"
    sim, room = start(stage, text, traits=["other.serial=2214-17"])
    try:
        for round in range(2):
            assert good(room, "probe", "serial")["value"] == "0523-4660"
            assert good(room, "other", "serial")["value"] == "2214-17"
            for device in ("probe", "other"):
                sim.call("sim.unplug", device=device)
            wait(lambda: status(room, "probe") == status(room, "other") == "away", what="both away")
            # each into the port of the other, the wrong one first
            sim.call("sim.plug", device="probe", port=2 - round)
            sim.call("sim.plug", device="other", port=1 + round)
            stage.online(room)
    finally:
        room.close()


def test_a_probe_with_another_serial_number_is_not_taken(stage):
    sim, room = start(stage, ROOM.split("[device force]")[0])
    try:
        stage.programs[-1].end()  # the same probe, but the room means another one
        stage.file("room.ini", ROOM.split("[device force]")[0].replace("0523-4660", "1111-1"))
        stage.file("lines.ini", stage.map.read_text().replace("0523-4660", "1111-1"))
        daemon = stage.daemon()
        wait(lambda: status(room, "probe") == "away", what="away")
        wait(lambda: "only 0523-4660" in daemon.text(), what="the reason")
    finally:
        room.close()


def test_a_spoilt_memory_is_used_but_told(stage):
    sim = stage.sim(ROOM.split("[device force]")[0], speed=1)
    sim.call("sim.fault", device="probe", fault="checksum")
    stage.daemon()
    with stage.room() as room:
        assert abs(good(room, "probe", "temperature")["value"] - truth(sim, "probe")) < 1
        assert good(room, "probe", "memory")["value"] == "unchecked"


def test_a_probe_that_is_not_ready_is_greeted_again(stage):
    sim = stage.sim(ROOM, speed=1)
    sim.call("sim.fault", device="force", fault="busy", count=2)
    stage.daemon()
    with stage.room() as room:
        good(room, "force", "value")


def test_silence_is_noticed_and_forgiven(probes):
    _, sim, room = probes
    good(room, "probe", "temperature")
    sim.call("sim.fault", device="probe", fault="silence")
    wait(lambda: status(room, "probe") == "away", 60, what="away")
    sim.call("sim.clear", device="probe")
    good(room, "probe", "temperature")


def test_stalls_are_cleared(probes):
    _, sim, room = probes
    good(room, "motion", "distance")
    sim.call("sim.fault", device="motion", fault="stall", count=3)
    wait(lambda: "stall" not in sim.call("sim.state", device="motion")["faults"], what="the stalls")
    before = truth(sim, "motion", "packets")
    wait(lambda: truth(sim, "motion", "packets") > before + 10, what="more packets")
    assert status(room, "motion") == "online"
    good(room, "motion", "distance")


def test_noise_on_the_wire_hurts_nobody(probes):
    _, sim, room = probes
    good(room, "force", "value")
    for fault in ("garbage", "half", "garbage-before", "nul", "split"):
        sim.call("sim.fault", device="force", fault=fault, for_ms=500)
    wait(lambda: not sim.call("sim.state", device="force")["faults"], what="the end of the noise")
    wait(lambda: status(room, "force") == "online" and points(room, "force")["value"]["quality"] == "good", 60,
         what="the probe")


def record(room, channel, target, rate, **keys):
    room.call("experiment.create", experiment="e",
              keys={"label": "E", "channel " + channel: target, "rate": rate, "duration": "2min", **keys})
    return room.call("experiment.start", experiment="e")["run"]


def shown(room, run):
    return room.call("run.show", run=run)


LOST = 100  # packets


def test_a_run_tells_what_was_lost(probes):
    _, sim, room = probes
    good(room, "force", "value")
    run = record(room, "f", "force.value", "200Hz")
    wait(lambda: shown(room, run)["samples"] > 200, what="samples")
    sim.call("sim.fault", device="force", fault="lost", count=LOST)
    wait(lambda: truth(sim, "force", "lost") == LOST, what="the loss")
    enough = shown(room, run)["samples"] + 200
    wait(lambda: shown(room, run)["samples"] > enough, what="more samples")
    assert truth(sim, "force", "period") == 0.005
    room.call("experiment.stop", run=run)
    done = wait(lambda: shown(room, run) if shown(room, run)["state"] == "stopped" else None, what="the end")
    assert abs(done["lost"] - 3 * LOST) < LOST / 2  # samples, three in a packet; some more where the machine stood still
    times = room.call("run.read", run=run)["channels"][0]["t"]
    steps = [b - a for a, b in zip(times, times[1:])]
    assert 1 <= len([s for s in steps if s > 0.0125]) <= LOST  # the gaps, wherever the packets were: each is 0.02 at least
    # so many are lost that it shows: without them in the count it would be 0.007 and more, on the slowest machine
    assert abs((times[-1] - times[0]) / (len(times) + 3 * LOST - 1) - 0.005) < 0.001


def test_a_run_goes_on_in_another_port(probes):
    _, sim, room = probes
    good(room, "motion", "distance")
    run = record(room, "d", "motion.distance", "50Hz")
    wait(lambda: shown(room, run)["samples"] > 20, what="samples")
    sim.call("sim.unplug", device="motion")
    wait(lambda: status(room, "motion") == "away", what="away")
    before = shown(room, run)["samples"]
    sim.call("sim.plug", device="motion", port=12)
    wait(lambda: shown(room, run)["samples"] > before + 50, what="samples again")
    assert truth(sim, "motion", "period") == 0.02  # the rate that the run wants, again
    room.call("experiment.stop", run=run)
    kinds = [m["kind"] for m in shown(room, run)["marks"]]
    assert "unplug" in kinds and "replug" in kinds


@pytest.mark.parametrize("target, rate, able", [("probe.temperature", "10Hz", "500ms"), ("motion.distance", "200Hz", "20ms"),
                                                ("force.value", "1000Hz", "5ms")])
def test_a_rate_that_a_probe_cannot_do_is_refused(probes, target, rate, able):
    _, _, room = probes
    good(room, *target.split("."))
    with pytest.raises(RoomError) as error:
        record(room, "x", target, rate)
    hz = "%g" % (1000 / float(able[:-2]))
    assert able in str(error.value.__dict__) or hz in str(error.value.__dict__)


# A memory for each way to convert, the table for old sensors, and what cannot be converted at all.
@pytest.mark.parametrize("sensor, unit", [(10, "Cel"), (14, "V"), (11, "V"), (25, "N"), (30, "V"), (31, "Cel")])
def test_every_kind_of_sensor_tells_the_truth(stage, sensor, unit):
    text = "[room]\nid = usb\nsite = test\n[device link]\nprofile = vernier/go-link\nline = usb://08f7:0003\n"
    sim, room = start(stage, text, traits=["link.sensor=%d" % sensor])
    try:
        wait(lambda: abs(good(room, "link", "value")["value"] - truth(sim, "link")) < 0.5, what="the truth")
        assert calibration(room, "link", "value")["unit"] == unit
    finally:
        room.close()


def test_a_sensor_that_nobody_can_convert_is_bad_with_a_reason(stage):
    text = "[room]\nid = usb\nsite = test\n[device link]\nprofile = vernier/go-link\nline = usb://08f7:0003\n"
    sim, room = start(stage, text, traits=["link.sensor=32"])
    try:
        wait(lambda: "equation 5" in (points(room, "link")["value"].get("reason") or ""), what="the reason")
        sim.call("sim.remote", device="link", point="sensor", value=14)  # somebody plugs in another one
        assert abs(good(room, "link", "value")["value"] - truth(sim, "link")) < 0.5
    finally:
        room.close()


def test_without_the_simulator_the_probes_are_away_and_the_room_lives(probes):
    stage, sim, room = probes
    sim.program.end()
    wait(lambda: status(room, "probe") == "away", what="away")
    with pytest.raises(RoomError):
        room.call("point.write", target="probe.temperature", value=1)
