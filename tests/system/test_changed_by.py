"""A value says who changed it: a command's principal, a scene, or somebody at the device."""

import getpass
import json

from conftest import ROOMS, wait

ME = getpass.getuser()


def read(room, target):
    return room.call("point.read", target=target)


def settled(room, target, value):
    return wait(lambda: (lambda v: v if v["value"] == value and v["quality"] == "good" else None)(read(room, target)),
                what="%s %s" % (target, value))


def by_of_each_change(room, target, until):
    """The writers that events tell of each value of a point, until it has a value; [(value, by)]."""
    device, point = target.split(".", 1)
    told = []
    while not told or told[-1][0] != until:
        event = room.next_event()
        assert event is not None, told
        if event["kind"] != "state" or event["name"] != device:
            continue
        value = event["body"]["points"].get(point)
        if value and (not told or told[-1][0] != value["value"]):
            told.append((value["value"], value.get("by")))
    return told


def test_what_a_command_brings_is_of_who_asked_for_it_also_while_it_warms_up(phong201):
    _, sim, _, room = phong201
    settled(room, "projector.power", "off")
    assert "by" not in read(room, "projector.power"), "as it was found"
    room.subscribe()
    sim.call("sim.speed", speed=0.5)  # slow enough to be seen warming up
    room.send_raw(json.dumps({"jsonrpc": "2.0", "id": "on", "method": "point.write",
                              "params": {"target": "projector.power", "value": "on"}}).encode())
    told = by_of_each_change(room, "projector.power", "warming")
    sim.call("sim.speed", speed=20)
    told += by_of_each_change(room, "projector.power", "on")
    assert ("warming", ME) in told and told[-1] == ("on", ME), told
    value = read(room, "projector.power")
    assert value["by"] == ME and 0 <= value["time"] - value["by_time"] < 120e6, value
    # Not what was only measured.
    assert "by" not in read(room, "projector.lamp.hours")


def test_a_hand_at_the_device_is_not_ours(phong201):
    _, sim, _, room = phong201
    settled(room, "projector.power", "off")
    room.subscribe()
    sim.call("sim.remote", device="projector", point="power", value="on")
    told = by_of_each_change(room, "projector.power", "on")
    assert {by for value, by in told if value != "off"} == {"device"}, told
    # A command after it is ours again, and what it leads to.
    room.call("point.write", target="projector.power", value="off", timeout=60, retry=60)
    told = by_of_each_change(room, "projector.power", "off")
    assert {by for value, by in told if value != "on"} == {ME}, told


def test_a_scene_is_called_by_its_name(phong201):
    _, _, _, room = phong201
    run = room.call("scene.start", scene="lesson")["run"]
    wait(lambda: room.call("scene.run", run=run)["state"] != "running", 60, what="the end of the scene")
    value = read(room, "projector.power")
    assert value["value"] == "on" and value["by"] == "scene:lesson", value
    snapshot = room.call("state.snapshot")["devices"]
    assert snapshot["projector"]["points"]["power"]["by"] == "scene:lesson"
    assert "device" not in {p.get("by") for d in snapshot.values() for p in d["points"].values()}, snapshot


def test_a_restart_forgets_who_it_was(stage):
    sim = stage.sim(ROOMS / "phong-201.ini")
    daemon = stage.daemon()
    room = stage.room()
    settled(room, "projector.power", "off")
    sim.call("sim.remote", device="projector", point="power", value="on")
    assert settled(room, "projector.power", "on")["by"] == "device"
    daemon.end()
    stage.daemon()
    assert "by" not in settled(stage.room(), "projector.power", "on")
