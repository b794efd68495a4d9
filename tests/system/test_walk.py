"""A walk through room 201: the whole of Lectern end to end, quickly. What `tests/run --quick` plays, and the thread
sanitizer. Each thing is looked at in depth elsewhere; here it has to work together, and to be true at the devices."""

import json
import time

import pytest

from conftest import ROOMS, wait
from lectern_client import RoomError

SPEED = 60  # the projector is warm after 0.3 s, the board has started after 0.6 s
ENDED = ("done", "partly", "failed", "cancelled", "interrupted")
GOOD = ("confirmed", "already", "accepted")

LESSON = {
    "screen.position": "down", "projector.power": "on", "projector.input": "hdmi1", "projector.picture_mute": False,
    "board.power": "on", "lights.front": False, "lights.rear": True, "audio.level": -12.0, "audio.audio_mute": False,
    "camera.power": "on",
}
END_OF_DAY = {
    "projector.power": "off", "projector-side.power": "off", "board.power": "off", "display.power": "off",
    "camera.power": "off", "audio.audio_mute": True, "screen.position": "up", "lights.front": False, "lights.rear": False,
}


class Walk:
    """Room 201, everything online, somebody listening."""

    def __init__(self, stage, projector=""):
        self.stage = stage
        text = (ROOMS / "phong-201.ini").read_text()
        self.sim = stage.sim(text.replace("[device projector]", "[device projector]\n" + projector), SPEED)
        self.daemon = stage.daemon()
        self.room = stage.room()
        stage.online(self.room)
        self.room.subscribe(kinds=("state", "scene", "journal"))

    def truth(self, targets):
        """What the devices really are, which only the simulator knows."""
        state = self.sim.call("sim.state")
        return {target: state[target.split(".", 1)[0]][target.split(".", 1)[1]] for target in targets}

    def play(self, scene):
        """Starts the scene and follows its events to the end; returns the run, its steps by name."""
        run = self.room.call("scene.start", scene=scene)["run"]
        self.room.wait_for(lambda r: r.runs.get(run, {}).get("state") in ENDED, 60)
        told = self.room.runs[run]
        return dict(told, steps={step["name"]: step for step in told["steps"]})

    def journal(self):
        entries, after = [], 0
        while True:
            page = self.room.call("journal.read", after=after, limit=1000)
            entries += page["entries"]
            if not page["entries"] or page["entries"][-1]["journal"] >= page["last"]:
                return entries
            after = page["entries"][-1]["journal"]


@pytest.fixture
def walk(stage):
    return Walk(stage)


@pytest.fixture
def impatient(stage):
    """The projector is given up on after 0.7 s (with retries) instead of 4."""
    return Walk(stage, "timeout = 700ms\naway = 1s\n")


def test_every_device_tells_good_values_that_are_marked_as_simulated(walk):
    described = {d["name"]: d for d in walk.room.call("device.list")["devices"]}
    assert len(described) == 12
    assert all(d["status"] == "online" and d["simulated"] for d in described.values())
    for target, least, most in (("air.temperature", -10, 60), ("meter.voltage", 150, 300), ("comfort.co2", 300, 5000),
                                ("projector.lamp.hours", 1000, 2000)):
        walk.room.wait_for(lambda r: (r.value(target) or {}).get("quality") == "good", 20)
        value = walk.room.call("point.read", target=target)
        assert least <= value["value"] <= most and value["simulated"] is True and value["unit"], (target, value)
    asked = time.time() * 1e6
    fresh = walk.room.call("point.read", target="lights.rear", fresh=True)
    assert fresh["value"] is walk.truth(["lights.rear"])["lights.rear"] and fresh["time"] >= asked - 1000 and fresh["age_ms"] >= 0


def test_a_written_point_is_confirmed_by_the_device_and_a_wrong_one_refused(walk):
    answer = walk.room.call("point.write", target="audio.level", value=-20)
    assert (answer["verdict"], answer["value"]) == ("confirmed", -20.0)
    assert walk.truth(["audio.level"]) == {"audio.level": -20.0}
    walk.room.wait_for(lambda r: r.value("audio.level")["value"] == -20.0)
    with pytest.raises(RoomError) as no:
        walk.room.call("point.write", target="audio.level", value=4000)
    assert no.value.code == -32005 and no.value.data["reason"]
    assert walk.truth(["audio.level"]) == {"audio.level": -20.0}


def test_a_day_in_the_room_truly_happens_and_the_journal_tells_it_all(walk):
    first = walk.journal()[-1]["journal"]
    lesson = walk.play("lesson")
    assert lesson["state"] == "done" and lesson["ready"], lesson
    assert all(step["state"] in GOOD for step in lesson["steps"].values())
    assert walk.truth(LESSON) == LESSON
    pause = walk.play("break")
    assert pause["state"] == "done", pause
    assert walk.truth(["audio.audio_mute", "lights.front"]) == {"audio.audio_mute": True, "lights.front": True}
    end = walk.play("end-of-day")
    assert end["state"] == "done", end
    assert walk.truth(END_OF_DAY) == END_OF_DAY

    def told():
        """All three runs have ended on the disk as well."""
        ended = [e for e in walk.journal() if e["kind"] == "scene" and e["data"]["what"] == "ended"]
        return len(ended) == 3
    wait(told, what="the journal")
    entries = walk.journal()
    numbers = [e["journal"] for e in entries]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), "gapless and in order"
    assert first in numbers
    assert [e["name"] for e in entries if e["kind"] == "scene" and e["data"]["what"] == "ended"] == \
        ["lesson", "break", "end-of-day"]
    for run in (lesson, pause, end):
        steps = {e["data"]["step"]: e["data"]["verdict"] for e in entries
                 if e["kind"] == "step" and e["data"]["run"] == run["run"]}
        assert steps == {name: step["state"] for name, step in run["steps"].items()}
    commands = [e for e in entries if e["kind"] == "command"]
    assert len(commands) == 3 and all(e["principal"] for e in commands)
    states = [(e["device"], e["name"], e["data"].get("to")) for e in entries if e["kind"] == "state"]
    for change in (("projector", "power", "on"), ("projector", "power", "off"), ("screen", "position", "down")):
        assert change in states, states


def test_a_silent_projector_costs_only_its_own_steps(impatient):
    walk = impatient
    walk.sim.call("sim.fault", device="projector", fault="silence")
    run = walk.play("lesson")
    steps = run["steps"]
    assert steps["projector-on"]["state"] in ("timeout", "away") and steps["projector-on"]["reason"]
    assert steps["source"]["state"] == steps["picture"]["state"] == "skipped"
    others = {name: step["state"] for name, step in steps.items() if not step["target"].startswith("projector.")}
    assert set(others.values()) <= set(GOOD), others
    assert run["state"] == "partly" and not run["ready"]
    rest = {target: value for target, value in LESSON.items() if not target.startswith("projector.")}
    assert walk.truth(rest) == rest
    walk.room.wait_for(lambda r: r.state["devices"]["projector"]["status"] == "away", 30)
    away = [d for d in walk.room.call("device.list")["devices"] if d["name"] == "projector"][0]
    assert away["reason"] and away["remedy"]["vi"] and away["remedy"]["en"]
    walk.sim.call("sim.clear", device="projector")
    walk.stage.online(walk.room, seconds=40)


def test_it_stops_and_waits_for_nobody_and_goes_on_counting_where_it_was(walk):
    """Within a second, usually. A read of a device that says nothing, and that is given a whole minute, does not hold it up."""
    boot, last = walk.room.boot, walk.journal()[-1]["journal"]
    walk.sim.call("sim.fault", device="audio", fault="silence")
    walk.room.send_raw(json.dumps({"jsonrpc": "2.0", "id": "held", "method": "point.read",
                                   "params": {"target": "audio.level", "fresh": True, "timeout_ms": 60000}}).encode())
    wait(lambda: walk.room.call("system.health")["bus"]["operations"] > 0, what="the read to be under way")
    walk.daemon.end()
    assert walk.daemon.process.returncode == 0, walk.daemon.text()
    walk.daemon = walk.stage.daemon()
    walk.room.close()
    walk.room = walk.stage.room()
    assert walk.room.call("room.describe")["boot"] != boot
    entries = wait(lambda: [e for e in walk.journal() if e["journal"] > last and e["kind"] in ("stop", "start")][:2])
    assert [e["kind"] for e in entries] == ["stop", "start"]
    numbers = [e["journal"] for e in walk.journal()]
    assert numbers == list(range(1, len(numbers) + 1))
