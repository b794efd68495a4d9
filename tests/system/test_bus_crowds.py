"""Many requests, many clients, and clients who do not listen: none of them costs the others anything, and the daemon's memory
stays bounded. The limits are those of docs/protocol.md, section 2."""

import contextlib
import json
import multiprocessing
import pathlib
import resource
import socket
import struct
import threading
import time

import pytest
import zmq

from bus_raw import LEAN, PATIENT, ROOM, Raw, bus, request, rss, shared  # noqa: F401 (fixtures)
from conftest import PATIENCE, ROOT, wait
from lectern_client import Room, RoomError

KEPT_BACK, PENDING_PER_CALLER, PENDING_MAX = 64, 256, 4096


# ---- Many requests, many clients ----------------------------------------------------------------------------------------


def fresh(target, name):
    return request("point.read", {"target": target, "fresh": True, "timeout_ms": 60000}, name)


def deaf_devices(number):
    """Sockets that let themselves be connected to and never say anything, and the devices d0, d1... of a room file that are there.
    Nothing that is asked of them ends in the time of a test."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    return sockets, "".join(
        "[device d%d]\nprofile = epson/eb-l200f\nline = tcp://127.0.0.1:%d\ntimeout = 2min\n" % (n, one.getsockname()[1])
        for n, one in enumerate(sockets))


def test_256_requests_may_wait_for_devices_and_the_next_is_told_so(stage):
    deaf, devices = deaf_devices(2)  # two lines, since a line takes 256 as well
    stage.sim("[room]\nid = full\nsite = school\n" + devices
              + "[device audio]\nprofile = biamp/tesira\nline = tcp://10.20.1.13:23\ntimeout = 20s\n", only="audio")
    with open(stage.map, "a") as lines:  # the others are where they say they are
        for one in deaf:
            lines.write("\n[line %d]\nline = tcp://127.0.0.1:%d\nat = tcp://127.0.0.1:%d\n" % ((one.getsockname()[1],) * 3))
    stage.daemon()
    room = stage.room()
    stage.online(room, "audio")
    raw = Raw(room)
    for n in range(300):
        raw.send(fresh("d%d.power" % (n % 2), n))
    full = [raw.receive() for _ in range(300 - PENDING_PER_CALLER)]
    assert {answer["error"]["code"] for answer in full} == {-32007}, full
    assert room.call("point.read", target="audio.level", fresh=True, **PATIENT)["quality"] == "good"  # others are not kept waiting
    health = room.call("system.health")
    assert health["bus"]["operations"] == PENDING_PER_CALLER and health["limits"]["caller_operations"] == len(full)
    assert raw.silent()
    for one in deaf:
        one.close()
    seen = {answer["id"] for answer in full}
    while len(seen) < 300:
        answer = raw.receive()
        assert answer["id"] not in seen and answer["error"]["code"] in (-32003, -32004), "answered twice, or wrongly: %r" % answer
        seen.add(answer["id"])
    assert raw.silent()
    wait(lambda: room.call("system.health")["bus"]["operations"] == 0)
    raw.close()


def test_4096_requests_may_wait_in_the_room_whoever_sent_them(stage):
    deaf, devices = deaf_devices(17)
    stage.daemon("[room]\nid = full\nsite = school\n" + devices)
    room = stage.room()
    lines = [Raw(room) for _ in deaf]
    for n, line in enumerate(lines):
        for _ in range(PENDING_PER_CALLER):
            line.send(fresh("d%d.power" % n, None))
    refused = 0
    end = time.monotonic() + 3 * PATIENCE
    while refused < 17 * PENDING_PER_CALLER - PENDING_MAX:
        for line in lines:
            while line.socket.poll(0):
                assert line.receive()["error"]["code"] == -32007
                refused += 1
        assert time.monotonic() < end, refused
    assert refused == 17 * PENDING_PER_CALLER - PENDING_MAX
    health = room.call("system.health")
    assert health["bus"]["operations"] == PENDING_MAX and health["limits"]["room_operations"] == refused
    assert room.call("point.read", target="d3.power")["quality"] == "bad"
    with pytest.raises(RoomError) as no:
        room.call("point.write", target="d3.power", value="on")
    assert no.value.code == -32007
    stage.programs[-1].end(PATIENCE)  # no device is waited for: that would take two minutes
    for one in lines + deaf:
        one.close()


def test_a_client_that_asks_without_end_does_not_keep_others_waiting(bus):
    stop = threading.Event()
    asked = [0]

    def pour():
        flood = Raw(bus.room, SNDHWM=1000, RCVHWM=1000)
        while not stop.is_set():
            with contextlib.suppress(zmq.Again):
                flood.socket.send(request("point.read", {"target": "lights.rear"}, 1).encode(), zmq.DONTWAIT)
                asked[0] += 1
            while flood.socket.poll(0):
                flood.socket.recv()
        flood.close()
    pourer = threading.Thread(target=pour)
    pourer.start()
    try:
        wait(lambda: asked[0] > 1000, what="the flood")
        for _ in range(50):  # it ends after them: who had to wait for its end would never be answered
            before = asked[0]
            assert bus.room.call("point.read", target="audio.level", **PATIENT)["value"] is not None
        wait(lambda: asked[0] > before, what="the flood to go on")
    finally:
        stop.set()
        pourer.join()


def test_a_client_that_never_takes_its_answers_costs_no_memory_without_bound(bus):
    big = bus.raw.ask(request("state.snapshot"))
    size = len(json.dumps(big))
    deaf = Raw(bus.room, RCVHWM=1, SNDHWM=20000)
    before = rss(bus.daemon)
    text = request("state.snapshot", name=1).encode()
    served = bus.room.call("system.health")["bus"]["requests"]
    for _ in range(15000):
        deaf.send(text)
    wait(lambda: bus.room.call("system.health")["bus"]["requests"] >= served + 15000, 6 * PATIENCE)
    grown = rss(bus.daemon) - before
    assert grown * 1024 < 15000 * size / 2, "%d KiB for 15,000 answers of %d bytes" % (grown, size)
    deaf.close()


@pytest.fixture
def many_descriptors():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 6000:
        pytest.skip("this user may have %d descriptors only; 1,000 clients need 6,000" % hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 6000), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def crowd(many_descriptors):
    """crowd(n): n clients in a context of their own, which is gone at the end."""
    context = zmq.Context()
    context.set(zmq.MAX_SOCKETS, 5000)
    yield context
    context.destroy(linger=0)


def test_a_thousand_clients_at_once_are_all_served(stage, crowd):
    stage.sim(ROOM, speed=20)
    daemon = stage.daemon(env=LEAN)
    room = stage.room()
    stage.online(room)
    clients, listeners = [], []
    for n in range(1000):
        client = crowd.socket(zmq.DEALER)
        client.connect(room.command_at)
        client.send_json({"jsonrpc": "2.0", "id": n, "method": "point.read", "params": {"target": "audio.level", "fresh": n % 50 == 0}})
        clients.append(client)
    for _ in range(300):
        listener = crowd.socket(zmq.SUB)
        listener.connect(room.event_at)
        listener.subscribe(b"school/bus/")
        listeners.append(listener)
    end = time.monotonic() + 3 * PATIENCE
    for n, client in enumerate(clients):
        assert client.poll(int(max(0.1, end - time.monotonic()) * 1000)), "client %d of 1,000 got no answer" % n
        answer = client.recv_json()
        assert answer["id"] == n and answer["result"]["quality"] == "good", answer
    for n, listener in enumerate(listeners):
        assert listener.poll(int(max(0.1, end - time.monotonic()) * 1000)), "listener %d of 300 heard nothing" % n
    assert room.call("point.write", target="lights.rear", value=True, **PATIENT)["verdict"] == "confirmed"
    assert daemon.running()


def test_at_the_limit_of_descriptors_the_others_go_on(stage, crowd):
    """Where the system lets the daemon have few descriptors, newcomers wait until there is room; whoever is there is
    served, and so are the devices, for which some are kept back."""
    sim = stage.sim(ROOM, speed=20)
    daemon = stage.daemon(env=LEAN)
    room = stage.room()
    stage.online(room)
    room.subscribe(kinds=("state",))
    used = len(list(pathlib.Path("/proc/%d/fd" % daemon.process.pid).iterdir()))
    resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, (used + KEPT_BACK + 40, used + KEPT_BACK + 40))
    clients = []
    for n in range(150):
        client = crowd.socket(zmq.DEALER)
        client.connect(room.command_at)
        client.send_json({"jsonrpc": "2.0", "id": n, "method": "room.describe"})
        clients.append(client)

    def answered():
        return [client for client in clients if client.poll(0)]
    wait(lambda: len(answered()) >= 35, what="those for whom there is room")
    # a question that is asked again over a new connection would be sent away itself
    wait(lambda: room.call("system.health", **PATIENT)["limits"].get("connections", 0) >= 100, what="the others to be sent away")
    assert len(answered()) <= 45
    assert room.call("point.write", target="lights.rear", value=True, **PATIENT)["verdict"] == "confirmed"
    sim.call("sim.fault", device="audio", fault="disconnect", count=1)  # and has to be connected to again
    assert room.call("point.write", target="audio.level", value=-17, **PATIENT)["verdict"] == "confirmed"
    room.wait_for(lambda r: r.value("audio.level")["value"] == -17.0, 20)

    def all_served():
        """Who has been served goes home and makes room."""
        for client in answered():
            client.close(linger=0)
            clients.remove(client)
        return not clients
    wait(all_served, 6 * PATIENCE, "the others to be let in")
    assert Room(command=room.command_at, event=room.event_at).call("room.describe")["room"] == "bus"


# ---- A listener who does not listen ---------------------------------------------------------------------------------------

METER = """
[device]
class = meter
driver = modbus
vendor = Test
model = Flood
source = nothing real: every register counts up with each look
grade = 1

[line]
timeout = 2min

[driver]
gap registers = 0

[point power.active]
register = input 0 f32
period = 1ms
""" + "".join("[point count_%d]\ntype = float\naccess = read\nregister = input %d f32\nperiod = 1ms\n" % (n, 2 * n)
              for n in range(1, 50))


AHEAD = 300  # looks of the meter that the reader of their events has not heard of yet: half of what may wait for it (1,000) is not used


def counting_unit(port_to, allowed):
    """Modbus TCP: answers every read of registers with numbers that no two answers share, the number of the look before the point;
    and no look after `allowed` until that has grown."""
    listener = socket.create_server(("127.0.0.1", 0))
    port_to.send(listener.getsockname()[1])
    connection, _ = listener.accept()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    count = 0
    while True:
        head = connection.recv(12, socket.MSG_WAITALL)
        if len(head) < 12:
            connection, _ = listener.accept()
            continue
        number, unit, n = struct.unpack(">H", head[:2])[0], head[6], struct.unpack(">H", head[10:12])[0]
        count += 1
        while count > allowed.value:
            time.sleep(0.001)
        data = b"".join(struct.pack(">f", count + i / 1000) for i in range((n + 1) // 2))[:2 * n]
        connection.sendall(struct.pack(">HHHBBB", number, 0, 3 + len(data), unit, head[7], len(data)) + data)


@pytest.fixture
def flood(stage):
    """A room whose only device changes with every look, as fast as it can be asked: (daemon, room, how many looks are allowed)."""
    mine, theirs = multiprocessing.Pipe()
    allowed = multiprocessing.get_context("fork").Value("q", AHEAD)
    process = multiprocessing.get_context("fork").Process(target=counting_unit, args=(theirs, allowed), daemon=True)
    process.start()
    profiles = stage.folder / "profiles"
    profiles.mkdir()
    (profiles / "classes").symlink_to(ROOT / "profiles" / "classes")
    (profiles / "devices" / "test").mkdir(parents=True)
    (profiles / "devices" / "test" / "flood.ini").write_text(METER)
    daemon = stage.daemon("[room]\nid = flood\nsite = school\n[device meter]\nprofile = test/flood\n"
                          "line = modbus+tcp://127.0.0.1:%d?slave=1\n" % mine.recv(), args=["--profiles", profiles], env=LEAN)
    room = stage.room()
    stage.online(room)
    yield daemon, room, allowed
    process.kill()
    process.join()


def test_a_subscriber_who_never_reads_costs_no_memory_and_others_lose_nothing(flood):
    daemon, room, allowed = flood
    deaf = []
    for _ in range(3):
        listener = room.context.socket(zmq.SUB)
        listener.setsockopt(zmq.RCVHWM, 1)
        listener.setsockopt(zmq.RCVBUF, 1024)
        listener.connect(room.event_at)
        listener.subscribe(b"school/flood/")
        deaf.append(listener)
    room.subscribe(kinds=("state",))
    allowed.value = int(room.value("meter.power.active")["value"]) + AHEAD  # from here on the flood waits for us, and not for them
    heard, half = 0, None
    while heard < 4000:
        event = room.next_event(timeout=PATIENCE)
        assert event and event["kind"] == "state", event
        heard += 1
        allowed.value = int(room.value("meter.power.active")["value"]) + AHEAD
        if heard == 1500:  # the deaf ones' queues are full: 1,000 messages and what the kernel holds
            half = rss(daemon)
            assert len(event["body"]["points"]) == 50
    grown = rss(daemon) - half
    each = len(json.dumps(event["body"]))
    assert grown * 1024 < 2500 * len(deaf) * each / 4, "%d KiB more for 2,500 events of %d bytes" % (grown, each)
    assert room.gaps == 0
    assert len(deaf) == 3
    for listener in deaf:
        listener.close(linger=0)
