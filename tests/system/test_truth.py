"""What the room says of a value is what the device said, when it said it."""

import time

import pytest
import zmq

from conftest import PATIENCE, ROOMS, wait
from lectern_client import RoomError

AIR = """
[room]
id = truth
site = school
label = Phòng thử

[device air]
profile = generic/xy-md02
line = modbus+rtu:///dev/ttyUSB0?baud=9600&slave=3
"""


@pytest.fixture
def air(stage):
    sim = stage.sim(AIR)
    stage.daemon()
    room = stage.room()
    stage.online(room)
    wait(lambda: room.call("point.read", target="air.temperature")["quality"] == "good", what="a value")
    return stage, sim, room


def test_a_value_that_the_device_refuses_again_and_again_is_never_called_good(air):
    _, sim, room = air

    def read():
        return room.call("point.read", target="air.temperature")
    sim.call("sim.fault", device="air", fault="refuse", all=True)
    first = wait(lambda: (lambda v: v if v["quality"] != "good" else None)(read()), what="the refusal")
    refused = sim.call("sim.state", device="air")["commands"]
    while sim.call("sim.state", device="air")["commands"] < refused + 4:  # it is asked, and refuses, again
        value = read()
        assert value["quality"] != "good" and value["time"] == first["time"], value
    sim.call("sim.clear", device="air")
    wait(lambda: read()["quality"] == "good", what="good again")


def test_a_fresh_read_bears_the_time_at_which_the_device_answered(air):
    _, _, room = air
    for _ in range(5):
        before = time.time() * 1e6
        value = room.call("point.read", target="air.temperature", fresh=True)
        assert value["quality"] == "good" and value["time"] >= before - 1000, value


def test_a_fresh_read_behind_a_closed_gate_says_so_at_once(stage):
    stage.sim(ROOMS / "phong-201.ini")
    stage.daemon()
    room = stage.room()
    stage.online(room)
    wait(lambda: room.call("point.read", target="projector.power")["quality"] == "good", what="the gate")
    with pytest.raises(RoomError) as no:  # whoever waits for the gate waits a minute, and longer than this call
        room.call("point.read", timeout=PATIENCE, retry=PATIENCE, target="projector.input", fresh=True, timeout_ms=60000)
    assert no.value.code == -32002 and "power is off" in no.value.data["reason"]
    steps = {s["name"]: s["would"] for s in room.call("scene.plan", retry=30.0, scene="lesson")["steps"]}
    assert steps["source"] == steps["picture"] == "set", "of what a closed gate hides nothing is waited for in vain"


def test_a_plan_is_answered_while_a_line_is_full(stage):
    sim = stage.sim(ROOMS / "phong-201.ini")
    daemon = stage.daemon()
    room = stage.room()
    stage.online(room)
    sim.call("sim.fault", device="audio", fault="silence")
    sockets = []
    for _ in range(2):
        socket = room.context.socket(zmq.DEALER)
        socket.setsockopt(zmq.LINGER, 0)
        socket.connect(room.command_at)
        sockets.append(socket)
        for i in range(200):
            socket.send_json({"jsonrpc": "2.0", "id": i + 1, "method": "point.read",
                              "params": {"target": "audio.level", "fresh": True, "timeout_ms": 30000}})
    wait(lambda: sockets[1].poll(10), what="the line to be full")
    answer = sockets[1].recv_json()
    assert answer["error"]["code"] == -32007 and "256" in answer["error"]["data"]["reason"], answer
    steps = {s["target"]: s["would"] for s in room.call("scene.plan", retry=30.0, scene="lesson")["steps"]}
    assert steps["audio.level"] in ("unknown", "away") and daemon.running(), steps
    assert not room.call("journal.read", kind="command")["entries"], "a read is no command"
    for socket in sockets:
        socket.close()


def test_subscriptions_are_counted_down_when_subscribers_go(air):
    _, _, room = air

    def count():
        return room.call("system.health")["bus"]["subscriptions"]
    before = count()
    sockets = [room.context.socket(zmq.SUB) for _ in range(20)]
    for socket in sockets:
        socket.connect(room.event_at)
        socket.subscribe(b"school/truth/")
    wait(lambda: count() == before + 20, what="all subscriptions")
    for socket in sockets:
        socket.close(linger=0)
    wait(lambda: count() == before, what="none left")
