"""One bad answer, and a line that comes back elsewhere: got over without anybody's help, and nothing is done twice."""

import os

import pytest

from conftest import wait
from test_devices_hostile import FINE, SUBJECTS, hostile, put_on, rush_until, shared  # noqa: F401 (fixtures)


@pytest.mark.parametrize("fault", ("silence", "late", "garbage", "half", "checksum", "reset", "disconnect"))
def test_one_bad_answer_is_got_over_without_doing_it_twice(hostile, fault):
    """A command whose answer is lost is read back, and a late answer is never taken for the next one's."""
    tcp = ("projector", "display", "relay")
    on = put_on(hostile, fault, count=1) if fault != "disconnect" else list(tcp)
    if fault == "disconnect":  # of a serial line: a cable, which does not come back by itself
        for device in tcp:
            hostile.sim.call("sim.fault", device=device, fault=fault, count=1)
    wanted = {device: hostile.other(device) for device in on}
    answers = rush_until(hostile.room, {device: ("point.write", {
        "target": "%s.%s" % (device, SUBJECTS[device][0]), "value": wanted[device], "timeout_ms": 8000}) for device in on},
        {device: FINE for device in on})
    for device, answer in answers.items():
        assert answer.get("result", {}).get("verdict") == "confirmed", (device, answer)
        assert answer["result"]["value"] == hostile.truth(device) == wanted[device]


def test_a_serial_line_comes_back_under_another_number(hostile):
    for device in ("side", "lights"):
        path = hostile.sim.call("sim.state", device=device)["at"][len("pty://"):]
        old = os.readlink(path)
        hostile.sim.call("sim.unplug", device=device)
        with_reason = wait(lambda: [d for d in hostile.room.call("device.list")["devices"]
                                    if d["name"] == device and d["status"] == "away"], 30)
        assert "unplugged" in with_reason[0]["reason"] and with_reason[0]["remedy"]["en"]
        opens = {row["line"]: row["opens"] for row in hostile.room.call("system.health")["lines"] if device in row["devices"]}
        hostile.sim.call("sim.plug", device=device)
        assert os.readlink(path) != old
        hostile.stage.online(hostile.room, device, seconds=30)
        fresh = hostile.room.call("point.read", target="%s.%s" % (device, SUBJECTS[device][0]), fresh=True)
        assert fresh["value"] == hostile.truth(device)
        for row in hostile.room.call("system.health")["lines"]:
            if row["line"] in opens:
                wait(lambda: [r for r in hostile.room.call("system.health")["lines"]
                              if r["line"] == row["line"]][0]["opens"] > opens[row["line"]])
