"""Every dialogue profile that ships, against the simulator, whose faces were written from the fact sheet by somebody else and
share no code with the driver. What a profile gets wrong shows here as a device that does not truly arrive."""

import re

import pytest

from conftest import ROOT, Stage, wait
from lectern_client import RoomError

# What is set at each class of device, and how the simulator calls it and what it should say then.
WANTED = {
    "projector": {"power": "on"},
    "board": {"power": "on"},
    "display": {"power": "on"},
    "camera": {"power": "on"},
    "audio": {},
    "screen": {"position": "down"},
    "relay": {"relay.a": True},
}
# Beyond its class: points that the class cannot promise.
FURTHER = {
    "benq-lu935": {"volume": 50, "freeze": True},
    "biamp-tesira": {"level": -12.0, "audio_mute": True},
    "epson-eb-x49": {"volume": 50, "picture_mute": True, "input": "hdmi2"},
    "extron-in1608": {"volume": 40, "input": "input3"},
    "hitachi-cp": {"picture_mute": True},
    "lg-signage": {"audio_mute": True, "volume": 33},
    "nec-multisync": {"volume": 33},
    "nec-p525": {"picture_mute": True},
    "newline-trutouch": {"audio_mute": True, "volume": 40},
    "panasonic-pt-vmz": {"picture_mute": True},
    "philips-bdl": {"volume": 33},
    "samsung-qm": {"volume": 33, "input": "displayport1"},
    "sharp-pn": {"audio_mute": True},
    "shure-mxa": {"mic.mute": True, "mic.level": -10.0},
    "smart-mx": {"volume": 20, "input": "ops"},
    "sony-srg-x": {"zoom": 4000},
    "sony-vpl-adcp": {"picture_mute": True},
    "sony-vpl-serial": {"picture_mute": True},
    "viewsonic-px701": {"volume": 50},
    "viewsonic-viewboard": {"volume": 44, "audio_mute": True},
    "yamaha-tf": {"level": -20.0, "mic.mute": True},
}
# Profiles of protocols that the simulator does not play.
UNPLAYED = {"generic/wake-on-lan", "smart/gx"}
ENDED = ("done", "partly", "failed", "cancelled", "interrupted")


def profiles():
    """(name of a device, profile, its text) of all that ship."""
    for path in sorted((ROOT / "profiles" / "devices").glob("*/*.ini")):
        text = path.read_text()
        profile = "%s/%s" % (path.parent.name, path.stem)
        if "driver = dialogue" in text and profile not in UNPLAYED:
            yield profile.replace("/", "-"), profile, text


def key(text, name):
    found = re.search(r"^%s *= *(\S+)" % name, text, re.M)
    return found and found.group(1)


def device(name, profile, text, n):
    port = key(text, "port")
    if port:
        line = "tcp://10.0.0.%d:%s" % (n, port)
    else:
        parity = key(text, "parity")
        line = "serial:///dev/ttyTEST%d?baud=%s%s" % (n, key(text, "baud"), "&parity=" + parity if parity else "")
    return "[device %s]\nprofile = %s\nline = %s\n" % (name, profile, line)


def everything():
    parts = ["[room]\nid = all\nsite = test\n"]
    return "\n".join(parts + [device(*p, n + 1) for n, p in enumerate(profiles())])


def value_text(value):
    return str(value).lower() if isinstance(value, bool) else str(value)


def near(actual, wanted):
    if isinstance(wanted, bool) or isinstance(wanted, str):
        return actual == wanted
    return abs(actual - wanted) <= 6  # devices with few steps


def scene(name, wishes):
    """`wishes`: (device, point, value); at most 64 of them."""
    steps = ["step s%d = %s.%s %s, timeout 60s" % (n, d, p, value_text(v)) for n, (d, p, v) in enumerate(wishes)]
    return "[scene %s]\n%s\n" % (name, "\n".join(steps))


def play(room, name):
    run = room.call("scene.start", scene=name)["run"]

    def ended():
        now = room.call("scene.run", run=run)
        return now if now["state"] in ENDED else None

    steps = wait(ended, 120, "scene %s" % name)["steps"]
    return {s["target"]: (s["state"], s.get("reason")) for s in steps
            if s["state"] not in ("confirmed", "already", "accepted")}


def test_every_profile_makes_its_device_truly_arrive(stage):
    first = [(name, p, v) for name, _, text in profiles() for p, v in WANTED[key(text, "class")].items()]
    then = [(name, p, v) for name, points in FURTHER.items() for p, v in points.items()]
    sim = stage.sim("\n".join([everything(), scene("first", first), scene("then", then)]))
    stage.daemon()
    room = stage.room()
    stage.online(room, seconds=60)
    assert play(room, "first") == {}
    assert play(room, "then") == {}
    truth = sim.call("sim.state")
    wrong = {"%s.%s" % (d, p): truth[d].get(p) for d, p, v in first + then if not near(truth[d].get(p), v)}
    assert not wrong


FAULTS = ["silence", "late", "garbage", "garbage-before", "half", "reset", "disconnect", "refuse", "busy", "split", "nul", "echo"]
FAULTY = {"epson": "error.lamp", "samsung": "volume", "yamaha": "level"}
ROOM = """[room]
id = faulty
site = test

[device epson]
profile = epson/eb-x49
line = serial:///dev/ttyTEST0?baud=9600
timeout = 300ms
retries = 0
away = 1s

[device samsung]
profile = samsung/qm
line = tcp://10.0.0.2:1515
timeout = 300ms
retries = 0
away = 1s

[device yamaha]
profile = yamaha/tf
line = tcp://10.0.0.3:49280
timeout = 300ms
retries = 0
away = 1s

[device healthy]
profile = shure/mxa
line = tcp://10.0.0.4:2202
"""


def fresh(room, target):
    """The value, freshly read; None if it cannot be had."""
    try:
        got = room.call("point.read", target=target, fresh=True)
    except RoomError as error:
        assert str(error)
        return None
    return got["value"] if got["quality"] == "good" else None


@pytest.fixture(scope="module")
def faulty():
    stage = Stage()
    sim = stage.sim(ROOM)
    stage.daemon()
    room = stage.room()
    stage.online(room)
    yield stage, sim, room
    stage.close()


@pytest.mark.parametrize("fault", FAULTS + ["checksum"])
def test_a_faulty_device_tells_no_false_value_and_comes_back(faulty, fault):
    stage, sim, room = faulty
    points = {d: p for d, p in FAULTY.items() if fault != "checksum" or d == "samsung"}
    before = {d: wait(lambda d=d, p=p: [fresh(room, d + "." + p)] if fresh(room, d + "." + p) is not None else None)[0]
              for d, p in points.items()}
    for d in points:
        sim.call("sim.fault", device=d, fault=fault)
    try:
        for _ in range(2):
            for d, p in points.items():
                assert fresh(room, d + "." + p) in (before[d], None), (d, fault)
            wait(lambda: fresh(room, "healthy.audio_mute") is not None, what="the healthy one beside " + fault)
    finally:
        sim.call("sim.clear")
        if fault == "disconnect":
            sim.call("sim.plug", device="epson")
    for d, p in points.items():
        wait(lambda d=d, p=p: fresh(room, d + "." + p) == before[d], what="%s after %s" % (d, fault))
