"""Every shipped profile at the wire: lectern-sim plays it from the fact sheet, lecternd speaks to it through its driver. Neither
was written from the other, so a wrong code in a profile, or in the simulator, shows here as two that do not understand each
other."""

import concurrent.futures
import re

import pytest
from conftest import ROOT, wait
from lectern_client import RoomError

DEVICES = ROOT / "profiles" / "devices"

# Driver `skeleton` is the example of docs/writing-a-driver.md; it is built and tested, and plays like the others.
# Not played, and so not here: Wake-on-LAN is a broadcast that nothing answers (tests/driver/dialogue_models_test.c holds its bytes);
# the GX board has no face in the simulator, the same test holds it to the fact sheet.
NOT_PLAYED = {"generic/wake-on-lan", "smart/gx"}
PROFILES = sorted({str(p.relative_to(DEVICES))[:-4] for p in DEVICES.glob("*/*.ini")} - NOT_PLAYED)


def value_of(profile, key):
    found = re.search(r"^%s = (\S+)" % key, (DEVICES / (profile + ".ini")).read_text(), re.M)
    return found and found.group(1)


def name_of(profile):
    return profile.replace("/", "-")


def room_of(profiles):
    lines = ["[room]", "id = every", "site = test", "label = Mọi thứ", ""]
    for i, profile in enumerate(profiles):
        if value_of(profile, "driver") == "modbus":
            line = "modbus+rtu:///dev/ttyUSB%d?slave=1" % i
        elif value_of(profile, "driver") == "vernier-go":
            line = "usb://08f7:%04d/0523-%d" % ({"temp": 2, "link": 3, "motion": 4}[value_of(profile, "product")], i)
        elif value_of(profile, "port") or value_of(profile, "driver") == "pjlink":
            line = "tcp://10.0.0.%d:%s" % (i + 1, value_of(profile, "port") or 4352)
        else:
            line = "serial:///dev/ttyUSB%d" % i
        lines += ["[device %s]" % name_of(profile), "profile = " + profile, "line = " + line, ""]
    return "\n".join(lines)


@pytest.fixture(scope="module")
def everything():
    from conftest import Stage

    stage = Stage()
    sim = stage.sim(room_of(PROFILES), speed=20)
    stage.daemon()
    room = stage.room()
    yield stage, sim, room
    room.close()
    stage.close()


def snapshot(room):
    return room.call("state.snapshot")["devices"]


def test_somebody_plays_every_profile(everything):
    _, sim, _ = everything
    played = {d["device"] for d in sim.call("sim.describe")["devices"]}
    assert played == {name_of(p) for p in PROFILES}


# Optoma projectors tell their faults when they happen and cannot be asked.
ONLY_TOLD = {"optoma-zu506.error." + p for p in ("lamp", "fan", "temperature", "cover")}


def test_every_profile_comes_online_and_reads_its_values(everything):
    stage, _, room = everything
    stage.online(room, seconds=60)

    def unread():
        """Points that are never read, though nothing keeps them from it."""
        bad = []
        for name, device in snapshot(room).items():
            described = {p["name"]: p for p in room.call("device.describe", device=name)["points"]}
            for point, value in device["points"].items():
                about = described[point]
                gated = about.get("when") or about["access"] == "write"
                told = "%s.%s" % (name, point) in ONLY_TOLD
                if value["quality"] != "good" and not gated and not told:
                    bad.append("%s.%s: %s" % (name, point, value.get("reason")))
        return bad

    left = []

    def nothing_unread():
        left[:] = unread()
        return not left
    try:
        wait(nothing_unread, 60, "all values")
    except AssertionError:
        assert left == []
        raise


def write(stage, target, value):
    """The verdict of a write, by a client of its own."""
    with stage.room() as room:
        try:
            return room.call("point.write", timeout=90, target=target, value=value)["verdict"]
        except RoomError as error:
            return str(error)


def test_what_is_switched_on_is_truly_on(everything):
    stage, sim, room = everything
    switched = []
    for profile in PROFILES:
        if value_of(profile, "class") in ("projector", "board", "display", "camera"):
            switched.append(name_of(profile))
    with concurrent.futures.ThreadPoolExecutor(len(switched)) as pool:
        verdicts = dict(zip(switched, pool.map(lambda d: write(stage, d + ".power", "on"), switched)))
    wrong = {d: v for d, v in verdicts.items() if v not in ("confirmed", "accepted")}
    assert not wrong
    wait(lambda: all(sim.call("sim.state", device=d)["state"]["power"] == "on" for d in switched), 30, "all to be truly on")


INPUTS = ["epson-eb-l200f", "epson-eb-x49", "benq-lu935", "optoma-zu506", "panasonic-pt-vmz", "viewsonic-px701", "nec-multisync",
          "lg-signage", "samsung-qm", "sharp-pn", "smart-mx", "viewsonic-viewboard", "sony-vpl-adcp"]
WRITES = [("extron-in1608.volume", 33), ("shure-mxa.mic.mute", True), ("yamaha-tf.level", -20.0), ("biamp-tesira.level", -12.5),
          ("kmtronic-relay.relay.b", True), ("lg-signage.audio_mute", True), ("lg-signage.volume", 12),
          ("philips-bdl.volume", 31), ("viewsonic-viewboard.volume", 9), ("waveshare-relay-8ch.relay.c", True),
          ("sony-vpl-serial.picture_mute", True), ("hitachi-cp.picture_mute", True), ("nec-p525.picture_mute", True),
          ("lcus-lcus-4.relay.c", True)]


@pytest.mark.parametrize("what", ["inputs", "values"])
def test_what_is_set_is_truly_set(everything, what):
    stage, sim, _ = everything
    writes = [(d + ".input", "hdmi2") for d in INPUTS] if what == "inputs" else WRITES
    with concurrent.futures.ThreadPoolExecutor(len(writes)) as pool:
        verdicts = dict(zip((t for t, _ in writes), pool.map(lambda w: write(stage, *w), writes)))
    wrong = {t: v for t, v in verdicts.items() if v not in ("confirmed", "accepted")}
    assert not wrong
    for target, value in writes:
        device, point = target.split(".", 1)
        true = sim.call("sim.state", device=device)["state"][point]
        assert true == (pytest.approx(value) if isinstance(value, float) else value), target


def test_a_fault_that_is_only_told_arrives(everything):
    _, sim, room = everything
    sim.call("sim.remote", device="optoma-zu506", point="error.temperature", value="error")
    wait(lambda: snapshot(room)["optoma-zu506"]["points"]["error.temperature"]["value"] == "error", 30, "the fault")
