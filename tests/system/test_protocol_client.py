"""The bus as a stranger uses it, with a client written from docs/protocol.md alone (lectern_client.py): snapshot, then
updates; what is lost on the way is noticed and made good; a restart and a standstill are seen for what they are."""

import json
import random
import signal
import threading
import time

import pytest
import zmq

from conftest import PATIENCE, wait
from lectern_client import NoAnswer, Restarted, Room, RoomError

ROOM = """
[room]
id = client
site = school
site.label = Trường mẫu
label = Phòng khách

[device projector]
profile = epson/eb-l200f
line = tcp://10.20.1.11:4352

[device audio]
profile = biamp/tesira
line = tcp://10.20.1.13:23

[device lights]
profile = waveshare/io-8ch-lights
line = modbus+rtu:///dev/ttyUSB0?baud=9600&slave=1

[device comfort]
profile = wirenboard/wb-msw
line = modbus+tcp://10.20.1.15:502?slave=7

[scene lesson]
step projector-on = projector.power on
step rear         = lights.rear true
step sound        = audio.level -12
"""
KINDS = ("state", "scene", "journal", "event")


class Play:
    def __init__(self, stage):
        self.stage = stage
        self.sim = stage.sim(ROOM, speed=20)
        self.daemon = stage.daemon()
        self.room = stage.room()
        stage.online(self.room)


@pytest.fixture
def play(stage):
    return Play(stage)


class Leak:
    """Stands between a room and a client and loses the events that `loses` picks: topic and body, as they pass."""

    def __init__(self, room, folder):
        self.at = "ipc://%s/leak" % folder
        self.loses = lambda topic, body: False
        self.lost = []
        self.context = zmq.Context()
        self.front = self.context.socket(zmq.XPUB)
        self.front.bind(self.at)
        self.back = self.context.socket(zmq.XSUB)
        self.back.connect(room.event_at)
        self.end = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.end.is_set():
            if self.front.poll(1):
                self.back.send(self.front.recv())
            while self.back.poll(1):
                frames = self.back.recv_multipart()
                topic, body = frames[0].decode(), json.loads(frames[1])
                if self.loses(topic, body):
                    self.lost.append((topic, body))
                else:
                    self.front.send_multipart(frames)

    def close(self):
        self.end.set()
        self.thread.join()
        self.context.destroy(linger=0)


@pytest.fixture
def leaky(play):
    """A client behind a leak: (play, leak, client)."""
    leak = Leak(play.room, play.stage.folder)
    client = Room(command=play.room.command_at, event=leak.at)
    client.subscribe(kinds=("state", "scene"))
    yield play, leak, client
    client.close()
    leak.close()


def bare(state):
    """What must be the same for two who look at the same moment: values, qualities and reasons of all devices."""
    return {device: {"status": d["status"], "points": {
        point: {key: value[key] for key in ("value", "quality", "wanted", "simulated") if key in value}
        for point, value in d["points"].items()}} for device, d in state["devices"].items()}


def settled(client):
    """Applies what comes until the live state is the room's own; returns it."""
    def same():
        while client.next_event(timeout=0.05):
            pass
        return bare(client.state) == bare(client.call("state.snapshot"))
    wait(same, what="the live state to be the room's")
    return bare(client.state)


# ---- Snapshot, then updates ---------------------------------------------------------------------------------------------


def test_a_snapshot_and_the_updates_after_it_are_the_rooms_state(play):
    chance = random.Random(4)
    play.room.subscribe(kinds=("state", "scene"))
    run = play.room.call("scene.start", scene="lesson")["run"]
    for _ in range(30):
        device, point, value = chance.choice((("lights", "rear", chance.random() < 0.5), ("lights", "front", chance.random() < 0.5),
                                              ("audio", "level", float(chance.randrange(-60, 0)))))
        play.room.call("point.write", target="%s.%s" % (device, point), value=value)
        play.room.next_event(timeout=0)
    play.room.wait_for(lambda r: r.runs.get(run, {}).get("state") not in (None, "running"), 30)
    settled(play.room)
    assert play.room.gaps == 0
    truth = play.sim.call("sim.state")
    for device, point in (("lights", "rear"), ("lights", "front"), ("audio", "level"), ("projector", "power")):
        assert play.room.value("%s.%s" % (device, point))["value"] == truth[device][point]


def test_whoever_comes_in_the_middle_sees_the_same_as_whoever_was_there(play):
    play.room.subscribe(kinds=("state", "scene"))
    stop = threading.Event()

    def stir():
        mine = play.stage.room()
        level = 0
        while not stop.is_set():
            level = (level + 1) % 50
            mine.call("point.write", target="audio.level", value=-level)
        mine.close()
    stirrer = threading.Thread(target=stir)
    stirrer.start()
    try:
        late = []
        for _ in range(5):
            client = play.stage.room()
            client.subscribe(kinds=("state", "scene"))
            late.append(client)
            play.room.next_event(timeout=0.2)
    finally:
        stop.set()
        stirrer.join()
    for client in late + [play.room]:
        settled(client)
        assert client.gaps == 0
    for client in late:
        client.close()


def test_events_are_numbered_and_linked_as_the_page_says(play):
    room = play.room
    room.subscribe(kinds=KINDS)
    events = []
    run = room.call("scene.start", scene="lesson")["run"]
    end = time.monotonic() + 30
    while not any(e["kind"] == "scene" and e["body"].get("state") == "done" for e in events):
        event = room._receive(1.0)  # as they come, with nothing done to them
        if event:
            events.append(event)
        assert time.monotonic() < end
    last, of_kind, numbers = {}, {}, [e["body"]["seq"] for e in events]
    assert numbers == sorted(set(numbers)), "each number once, and upwards"
    for event in events:
        body, topic = event["body"], event["topic"]
        assert topic.startswith("school/client/%s/" % event["kind"])
        assert body["prev"] < body["seq"] and abs(body["time"] / 1e6 - time.time()) < 60
        if topic in last:
            assert body["prev"] == last[topic], "the one before on the same topic"
        if event["kind"] in of_kind:
            assert body["before"] == of_kind[event["kind"]], "the one before of the same kind"
        last[topic] = of_kind[event["kind"]] = body["seq"]
        if event["kind"] == "state":
            assert event["name"] == body["device"] and all("age_ms" not in v and "unit" not in v for v in body["points"].values())
        if event["kind"] == "heartbeat":
            assert event["name"] == "room" and body["boot"] == room.boot
            assert all(seq <= body["seq"] for seq in body["last"].values()) and set(body["last"]) <= set(KINDS) | {"sample", "run", "trace", "alarm", "timetable"}
    first = [e["body"] for e in events if e["kind"] == "scene" and e["body"]["run"] == run][0]
    assert len(first["steps"]) == 3, "the first event of a run carries all its steps"


def test_a_subscription_to_one_device_brings_that_device_only(play):
    events = play.room.context.socket(zmq.SUB)
    events.connect(play.room.event_at)
    events.subscribe("school/client/state/lights")
    events.subscribe("school/client/heartbeat/")
    assert events.poll(PATIENCE * 1000) and b"heartbeat" in events.recv_multipart()[0]
    for value in (True, False, True):
        play.room.call("point.write", target="lights.rear", value=value)
        play.room.call("point.write", target="audio.level", value=-5 if value else -6)
    seen = []
    while len([s for s in seen if s[0] != b"school/client/heartbeat/room"]) < 3:
        assert events.poll(PATIENCE * 1000), seen
        seen.append(events.recv_multipart())
    assert {s[0] for s in seen} <= {b"school/client/state/lights", b"school/client/heartbeat/room"}
    events.close(linger=0)


def test_journal_events_are_the_entries_that_can_be_read(play):
    play.room.subscribe(kinds=("journal",))
    told = {}
    for value in (-1, -2, -3):
        play.room.call("point.write", target="audio.level", value=value)
    end = time.monotonic() + PATIENCE
    while sum(e["kind"] == "command" for e in told.values()) < 3:
        event = play.room.next_event(timeout=1)
        if event:
            told[event["body"]["journal"]] = event["body"]
        assert time.monotonic() < end
    entries = {e["journal"]: e for e in play.room.call("journal.read", after=min(told) - 1, limit=1000)["entries"]}
    for number, body in told.items():
        assert {key: value for key, value in body.items() if key not in ("seq", "prev", "before")} == entries[number]
    assert sorted(told) == list(range(min(told), max(told) + 1))
    commands = [e for e in told.values() if e["kind"] == "command"]
    assert [(e["data"]["method"], e["data"]["target"], e["data"]["value"], e["data"]["outcome"]) for e in commands] == \
        [("point.write", "audio.level", value, "confirmed") for value in (-1.0, -2.0, -3.0)]
    assert all(e["principal"] and e["device"] == "audio" for e in commands)


# ---- What is lost ----------------------------------------------------------------------------------------------------------


def test_an_event_lost_in_the_middle_is_noticed_by_the_next_of_its_topic(leaky):
    play, leak, client = leaky
    leak.loses = lambda topic, body: topic.endswith("/state/audio") and len(leak.lost) == 0
    play.room.call("point.write", target="audio.level", value=-44)
    wait(lambda: leak.lost, what="an event to be lost")
    play.room.call("point.write", target="audio.level", value=-45)
    client.wait_for(lambda c: c.gaps == 1 and c.value("audio.level")["value"] == -45.0)
    settled(client)
    assert client.gaps == 1 and client.restarts == 0


def test_an_event_lost_is_noticed_by_the_next_of_another_device(leaky):
    """Else the lost value would be shown as good for as long as its own device has nothing new to say."""
    play, leak, client = leaky
    settled(client)
    rear = not client.value("lights.rear")["value"]
    leak.loses = lambda topic, body: topic.endswith("/state/lights") or "/heartbeat/" in topic
    play.room.call("point.write", target="lights.rear", value=rear)
    wait(lambda: any(topic.endswith("/state/lights") for topic, _ in leak.lost), what="an event to be lost")
    play.room.call("point.write", target="audio.level", value=-52)
    client.wait_for(lambda c: c.value("lights.rear")["value"] is rear)
    assert client.gaps >= 1 and client.restarts == 0
    leak.loses = lambda topic, body: False
    settled(client)


def test_a_lost_last_event_is_noticed_by_the_heartbeat(leaky):
    play, leak, client = leaky
    settled(client)
    leak.loses = lambda topic, body: "/state/" in topic
    play.room.call("point.write", target="lights.rear", value=True)
    wait(lambda: leak.lost)
    client.wait_for(lambda c: c.value("lights.rear")["value"] is True)  # nothing but heartbeats could tell it
    assert client.gaps >= 1
    leak.loses = lambda topic, body: False
    settled(client)


def test_whatever_is_lost_the_state_is_right_in_the_end(leaky):
    play, leak, client = leaky
    chance = random.Random(9)
    leak.loses = lambda topic, body: "/heartbeat/" not in topic and chance.random() < 0.3
    play.room.call("scene.start", scene="lesson")
    for n in range(25):
        play.room.call("point.write", target="audio.level", value=-n)
        play.room.call("point.write", target="lights.front", value=n % 2 == 0)
        client.next_event(timeout=0)
    assert len(leak.lost) > 10
    leak.loses = lambda topic, body: False
    settled(client)
    assert client.gaps > 0
    assert client.value("audio.level")["value"] == -24.0 and client.value("lights.front")["value"] is True


# ---- Restart, standstill -----------------------------------------------------------------------------------------------------


def test_the_heartbeat_comes_each_second_and_at_once_to_a_newcomer(play):
    def greeted():
        """Of those who come one after the other each would wait for the next second, if it was not told at once."""
        begin = time.monotonic()
        for _ in range(10):
            with play.stage.room() as newcomer:
                newcomer.subscribe(kinds=("state",))
        return time.monotonic() - begin < 5
    wait(greeted, 2 * PATIENCE, "ten newcomers to be greeted in less than ten seconds, if only once")

    play.room.subscribe(kinds=("state",))
    beats = []

    def regular():
        """On a machine that stands still at times a beat is late; on no machine are many in a row, or many too early."""
        event = play.room._receive(PATIENCE)
        assert event, "no heartbeat"
        if event["kind"] == "heartbeat":
            beats.append(event["body"])
        steps = [(later["time"] - earlier["time"]) / 1e6 for earlier, later in zip(beats[-4:], beats[-3:])]
        return len(steps) == 3 and all(0.5 < step < 2.0 for step in steps)
    wait(regular, 2 * PATIENCE, "four beats, a second apart")
    assert all(body["boot"] == play.room.boot and body["last"].get("state", 0) > 0 for body in beats)


def test_three_seconds_without_a_heartbeat_mean_out_of_reach(play):
    play.room.subscribe()
    wait(lambda: play.room.alive or play.room.next_event(timeout=0.2) and False, what="a heartbeat")
    play.daemon.process.send_signal(signal.SIGSTOP)
    try:
        begin = time.monotonic()
        while play.room.alive:
            play.room.next_event(timeout=0.2)
            assert time.monotonic() - begin < PATIENCE
        assert time.monotonic() - begin > 1.5
        with pytest.raises(NoAnswer):
            play.room.call("point.read", target="audio.level", timeout=0.5)
    finally:
        play.daemon.process.send_signal(signal.SIGCONT)
    wait(lambda: play.room.alive or play.room.next_event(timeout=0.2) and False, what="the room to be heard again")
    assert play.room.restarts == 0
    settled(play.room)


def test_a_restart_is_seen_by_its_boot_and_all_is_taken_anew(play):
    play.room.subscribe(kinds=("state", "scene"))
    old = play.room.boot
    play.daemon.kill()
    play.daemon = play.stage.daemon()
    play.room.wait_for(lambda r: r.restarts == 1 and r.boot != old, 20)
    play.stage.online(play.room)
    settled(play.room)
    assert play.room.call("point.write", target="lights.rear", value=True)["verdict"] == "confirmed"
    play.room.wait_for(lambda r: r.value("lights.rear")["value"] is True)


def test_a_change_is_never_repeated_to_another_start_of_the_room(play):
    play.sim.call("sim.fault", device="audio", fault="silence")
    outcome = []

    def change():
        mine = play.stage.room()
        try:
            outcome.append(mine.call("point.write", target="audio.level", value=-55, timeout=20, retry=1.0, timeout_ms=60000))
        except (Restarted, NoAnswer, RoomError) as no:
            outcome.append(no)
        mine.close()
    changer = threading.Thread(target=change)
    changer.start()
    wait(lambda: play.room.call("system.health")["bus"]["operations"] == 1)
    play.daemon.kill()
    play.sim.call("sim.clear", device="audio")
    play.daemon = play.stage.daemon()
    changer.join(30)
    assert len(outcome) == 1 and isinstance(outcome[0], Restarted), outcome
    play.room.close()
    play.room = play.stage.room()
    play.stage.online(play.room)
    assert play.room.call("point.read", target="audio.level", fresh=True)["value"] != -55.0
    commands = play.room.call("journal.read", kind="command")["entries"]
    assert not [e for e in commands if e["data"].get("target") == "audio.level"]


# ---- Answers ------------------------------------------------------------------------------------------------------------------


def test_what_a_stranger_is_told_about_a_room_is_enough_to_use_it(play):
    about = play.room.call("room.describe")
    assert about["site"] == "school" and about["site_label"] == {"vi": "Trường mẫu", "en": "Trường mẫu"} and about["room"] == "client" and about["label"]["vi"] == "Phòng khách"
    assert about["devices"] == ["projector", "audio", "lights", "comfort"] and about["scenes"] == ["lesson"] and about["simulated"] is True
    for row in play.room.call("device.list")["devices"]:
        whole = play.room.call("device.describe", device=row["name"])
        assert {key: whole[key] for key in ("name", "class", "profile", "driver", "line")} == \
            {key: row[key] for key in ("name", "class", "profile", "driver", "line")}
        state = play.room.call("state.snapshot")["devices"][row["name"]]["points"]
        assert {p["name"] for p in whole["points"]} == set(state)
        for point in whole["points"]:
            target = "%s.%s" % (row["name"], point["name"])
            if point["access"] == "write":
                with pytest.raises(RoomError) as no:
                    play.room.call("point.read", target=target)
                assert no.value.code == -32006
                continue
            value = play.room.call("point.read", target=target)
            assert value["target"] == target and value["quality"] in ("good", "stale", "bad")
            assert (value["quality"] == "good") != ("reason" in value), value
            if value["quality"] == "good":
                fits = {"bool": bool, "int": int, "float": (int, float), "enum": str, "text": str}[point["type"]]
                assert isinstance(value["value"], fits) and value.get("unit", "") == point.get("unit", "")
                assert point["type"] != "enum" or value["value"] in point["choices"], (point, value)
        thing = play.room.call("device.describe", device=row["name"], **{"as": "wot"})
        assert thing["@context"] and set(thing["properties"]) == {p["name"] for p in whole["points"]}


def test_answers_come_in_the_order_in_which_they_are_ready(play):
    play.sim.call("sim.fault", device="audio", fault="silence")
    socket = play.room.context.socket(zmq.DEALER)
    socket.connect(play.room.command_at)
    for name, target in (("slow", "audio.level"), ("quick", "lights.rear")):
        socket.send_json({"jsonrpc": "2.0", "id": name, "method": "point.read",
                          "params": {"target": target, "fresh": True, "timeout_ms": 60000}})

    def next_one():
        assert socket.poll(PATIENCE * 1000), "no answer"
        return socket.recv_json()["id"]
    assert next_one() == "quick"  # the other one cannot be ready
    play.sim.call("sim.clear", device="audio")
    assert next_one() == "slow"
    socket.close(linger=0)


def test_traced_bytes_are_those_on_the_wire_until_tracing_ends(play):
    line = [d["line"] for d in play.room.call("device.list")["devices"] if d["name"] == "audio"][0]
    play.room.subscribe(kinds=("trace",))
    assert play.room.call("line.trace", line=line, on=True) == {"line": line, "on": True}
    play.room.call("point.write", target="audio.level", value=-31)
    bytes_of = {"sent": b"", "received": b""}
    end = time.monotonic() + PATIENCE
    while b"Level1 set level 1 -31" not in bytes_of["sent"] or b"+OK" not in bytes_of["received"]:
        event = play.room.next_event(timeout=1)
        if event:
            assert event["kind"] == "trace" and event["name"] == line
            bytes_of[event["body"]["dir"]] += bytes.fromhex(event["body"]["hex"])
        assert time.monotonic() < end, bytes_of
    play.room.call("line.trace", line=line, on=False)
    while play.room.next_event(timeout=0.3):
        pass
    play.room.call("point.read", target="audio.level", fresh=True)
    assert play.room.next_event(timeout=0.3) is None
