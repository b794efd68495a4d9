"""Alarms of a real room: a fault at a device raises one, people acknowledge and shelve it, a kill forgets nothing, and each raise has exactly
one clear in the journal."""

import getpass

import pytest

from conftest import fill, state_disk, wait
from lectern_client import RoomError

ME = getpass.getuser()

HEAD = """
[room]
id = alarmed
site = school

[device projector]
label = Máy chiếu
label.en = Projector
profile = epson/eb-l200f
line = tcp://10.20.1.11:4352

[device air]
label = Không khí
label.en = Air
profile = generic/xy-md02
line = modbus+rtu:///dev/ttyUSB0?baud=9600&slave=3

[alarm projector.away]
delay = 2s
"""

WARM = """
[alarm warm]
point = air.temperature
above = %g
delay = %s
severity = warning
label = Nóng quá
label.en = Too warm
"""


def standing(room):
    return {a["alarm"]: a for a in room.call("alarm.list")["alarms"]}


def stands(room, alarm):
    return wait(lambda: standing(room).get(alarm), what=alarm + " to stand")


def gone(room, alarm):
    wait(lambda: alarm not in standing(room), what=alarm + " to clear")
    return next(a for a in room.call("alarm.list", ended=100)["ended"] if a["alarm"] == alarm)


def journal(room):
    return [(e["name"], e["data"]["what"], e["data"].get("raise")) for e in room.call("journal.read", kind="alarm", limit=1000)["entries"]]


def check_pairs(room):
    """Each raise of the journal has one clear or stands; numbers rise. The journal tells what is on the disk, a little later."""
    def agree():
        is_open, last = {}, 0
        for name, what, number in journal(room):
            if what == "raised":
                assert name not in is_open and number > last, (name, number, last)
                is_open[name] = last = number
            elif what == "cleared":
                assert is_open.pop(name, None) == number, (name, number)
        return is_open == {a["alarm"]: a["raise"] for a in room.call("state.snapshot")["alarms"]}
    wait(agree, what="the journal to say what stands")


@pytest.fixture
def alarmed(stage):
    sim = stage.sim(HEAD + WARM % (60, "0"))
    daemon = stage.daemon()
    room = stage.room()
    stage.online(room)
    yield stage, sim, daemon, room


def test_a_fault_is_raised_acknowledged_and_cleared(alarmed):
    _, sim, _, room = alarmed
    room.subscribe(("alarm",))
    sim.call("sim.remote", device="projector", point="error.lamp", value="error")
    alarm = stands(room, "projector.error.lamp")
    assert alarm["state"] == "raised" and alarm["severity"] == "error", alarm
    assert alarm["device"] == "projector" and alarm["point"] == "error.lamp" and alarm["value"] == "error", alarm
    assert alarm["text"]["en"] and "Máy chiếu" in alarm["text"]["vi"] and alarm["remedy"]["vi"], alarm
    health = room.call("system.health")["alarms"]
    assert health["standing"] == 1 and health["worst"] == "error" and health["shelved"] == 0, health

    with pytest.raises(RoomError) as refused:
        room.call("alarm.ack", alarm="projector.error.lamp", **{"raise": alarm["raise"] + 1})
    assert refused.value.code == -32009, refused.value.data
    seen = room.call("alarm.ack", alarm="projector.error.lamp", note="đã gọi kỹ thuật", **{"raise": alarm["raise"]})
    assert seen["state"] == "acknowledged" and seen["by"] == ME and seen["note"] == "đã gọi kỹ thuật", seen

    sim.call("sim.remote", device="projector", point="error.lamp", value="ok")
    ended = gone(room, "projector.error.lamp")
    assert ended["state"] == "cleared" and ended["raise"] == alarm["raise"] and ended["by"] == ME, ended
    with pytest.raises(RoomError) as refused:
        room.call("alarm.ack", alarm="projector.error.lamp")
    assert refused.value.code == -32001, refused.value.data
    states = []
    while "cleared" not in states:
        event = room.next_event()
        assert event, states
        if event["kind"] == "alarm":
            assert event["name"] == "projector.error.lamp" and event["body"]["raise"] == alarm["raise"], event
            states.append(event["body"]["state"])
    assert states == ["raised", "acknowledged", "cleared"]
    entries = {e["data"]["what"]: e for e in room.call("journal.read", kind="alarm", newest=True)["entries"]}
    assert entries["acknowledged"]["principal"] == ME and entries["acknowledged"]["data"]["note"] == "đã gọi kỹ thuật"
    check_pairs(room)


def test_what_stands_survives_a_kill_and_is_not_raised_again(alarmed):
    stage, sim, daemon, room = alarmed
    sim.call("sim.unplug", device="projector")
    alarm = stands(room, "projector.away")
    assert alarm["reason"] and alarm["remedy"]["en"], alarm
    room.call("alarm.ack", alarm="projector.away", note="seen")
    room.call("alarm.shelve", alarm="warm", for_ms=3600000, reason="tuần này sửa máy lạnh")
    wait(lambda: ("warm", "shelved", None) in journal(room))
    daemon.kill()
    stage.daemon()
    room = stage.room()
    again = standing(room)["projector.away"]
    assert {**again, "reason": alarm["reason"]} == {**alarm, "state": "acknowledged", "by": ME, "note": "seen",
                                                  "acknowledged": again["acknowledged"]}
    shelved = room.call("alarm.list")["shelved"]
    assert [s["alarm"] for s in shelved] == ["warm"] and shelved[0]["shelved_reason"] == "tuần này sửa máy lạnh", shelved
    sim.call("sim.plug", device="projector")
    gone(room, "projector.away")
    check_pairs(room)
    mine = [what for name, what, number in journal(room) if number == alarm["raise"]]
    assert mine == ["raised", "acknowledged", "cleared"], mine
    # What comes later has a higher number, also behind another kill.
    stage.programs[-1].kill()
    stage.daemon()
    room = stage.room()
    stage.online(room)
    sim.call("sim.remote", device="projector", point="error.fan", value="warning")
    later = stands(room, "projector.error.fan")
    assert later["raise"] > alarm["raise"] and later["severity"] == "warning", later
    check_pairs(room)


def test_a_limit_comes_and_goes_with_the_room_file(alarmed):
    stage, sim, _, room = alarmed
    assert "warm" not in standing(room)
    stage.use(HEAD + WARM % (-10, "300ms"))
    room.call("room.reload")
    alarm = stands(room, "warm")
    assert alarm["limit"] == -10 and alarm["value"] > -10 and alarm["side"] == "above", alarm
    assert alarm["text"]["en"].startswith("Too warm: ") and "°C" in alarm["text"]["vi"], alarm
    rule = next(r for r in room.call("alarm.list")["rules"] if r["alarm"] == "warm")
    assert rule["target"] == "air.temperature" and rule["above"] == -10 and rule["delay_ms"] == 300, rule
    stage.use(HEAD)
    room.call("room.reload")
    ended = gone(room, "warm")
    assert "configuration" in ended["over"], ended
    assert "warm" not in {r["alarm"] for r in room.call("alarm.list")["rules"]}
    check_pairs(room)


def test_what_is_shelved_is_out_of_sight_and_still_journalled(alarmed):
    _, sim, _, room = alarmed
    with pytest.raises(RoomError) as refused:
        room.call("alarm.shelve", alarm="projector.error.lmp", for_ms=60000, reason="x")
    assert refused.value.code == -32001 and "projector.error.lamp" in refused.value.data["reason"]
    for wrong in ({"for_ms": 59999, "reason": "x"}, {"for_ms": 31 * 86400000, "reason": "x"}, {"for_ms": "1h", "reason": "x"},
                  {"for_ms": 60000}, {"for_ms": 60000, "reason": "x" * 300}, {"for_ms": 60000, "reason": "a\u0001b"},
                  {"for_ms": 60000, "reason": ""}, {"for_ms": 60000, "reason": "x", "until": 1}):
        with pytest.raises(RoomError) as refused:
            room.call("alarm.shelve", alarm="projector.error.lamp", **wrong)
        assert refused.value.code == -32602, (wrong, refused.value)
    room.call("alarm.shelve", alarm="projector.error.lamp", for_ms=60000, reason="đèn mới về thứ hai")
    sim.call("sim.remote", device="projector", point="error.lamp", value="error")
    wait(lambda: room.call("state.snapshot")["alarms"], what="the shelved alarm in the snapshot")
    listed = room.call("alarm.list")
    assert listed["alarms"] == [] and [s["alarm"] for s in listed["shelved"]] == ["projector.error.lamp"]
    assert listed["shelved"][0]["state"] == "raised" and listed["shelved"][0]["shelved_by"] == ME
    assert room.call("system.health")["alarms"]["standing"] == 0
    back = room.call("alarm.unshelve", alarm="projector.error.lamp")
    assert back["state"] == "raised" and "shelved_until" not in back, back
    assert "projector.error.lamp" in standing(room)
    with pytest.raises(RoomError) as refused:
        room.call("alarm.unshelve", alarm="projector.error.lamp")
    assert refused.value.code == -32001
    check_pairs(room)

    def whats():
        return [what for name, what, _ in journal(room) if name == "projector.error.lamp"]
    wait(lambda: len(whats()) == 3, what="three entries")
    assert whats() == ["shelved", "raised", "unshelved"], whats()


def test_a_call_for_help_stands_until_somebody_comes(alarmed):
    stage, _, daemon, room = alarmed
    room.call("help.call", device="projector", text="mất hình")
    alarm = stands(room, "help")
    assert alarm["severity"] == "critical" and alarm["caller"] == ME and alarm["device"] == "projector", alarm
    assert "mất hình" in alarm["text"]["vi"] and "mất hình" in alarm["text"]["en"], alarm
    wait(lambda: ("help", "raised", alarm["raise"]) in journal(room))
    daemon.kill()
    assert " is of no kind that is known" not in stage.daemon().text()
    room = stage.room()
    assert standing(room)["help"]["caller"] == ME
    assert room.call("alarm.ack", alarm="help", note="đang đến")["state"] == "cleared"
    assert "help" not in standing(room)
    check_pairs(room)


@pytest.fixture
def small_disk(stage):
    with state_disk(stage, "768k") as folder:
        yield folder


def test_a_full_disk_is_an_alarm_until_there_is_room(stage, small_disk):
    stage.sim(HEAD)
    stage.daemon()
    room = stage.room()
    stage.online(room)
    fill(small_disk)

    def trouble():
        room.call("alarm.shelve", alarm="projector.error.fan", for_ms=60000, reason="x" * 150)
        return not room.call("system.health")["journal"]["ok"]
    wait(trouble, 60, "the journal on a full disk")
    alarm = stands(room, "room.journal")
    assert alarm["severity"] == "critical" and alarm["reason"] and alarm["remedy"]["vi"], alarm
    (small_disk / "hog").unlink()
    gone(room, "room.journal")
    wait(lambda: ("room.journal", "cleared", alarm["raise"]) in journal(room), what="the journal to say so")
    check_pairs(room)
