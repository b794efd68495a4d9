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

from bus_raw import LEAN, QUICK, ROOM, Raw, bus, request, rss, shared  # noqa: F401 (fixtures)
from conftest import PATIENCE, ROOT, wait
from lectern_client import Room, RoomError

KEPT_BACK, PENDING_PER_CALLER, PENDING_MAX = 64, 256, 4096


# ---- Many requests, many clients ----------------------------------------------------------------------------------------


def fresh(target, name):
    return request("point.read", {"target": target, "fresh": True, "timeout_ms": 60000}, name)


def test_256_requests_may_wait_for_devices_and_the_next_is_told_so(bus):
    for device in ("audio", "projector"):
        bus.sim.call("sim.fault", device=device, fault="delay", ms=150)
    try:
        for n in range(300):  # over two lines, since a line takes 256 as well
            bus.raw.send(fresh(("audio.level", "projector.power")[n % 2], n))
        full = {}
        while len(full) < 300 - PENDING_PER_CALLER:
            answer = bus.raw.receive()
            if "error" in answer:
                full[answer["id"]] = answer["error"]["code"]
            assert len(full) + 1 <= 300
            if "result" in answer:
                break
        assert len(full) >= 300 - PENDING_PER_CALLER - 5 and set(full.values()) == {-32007}, full
        begin = time.monotonic()
        assert bus.room.call("point.read", target="lights.rear", fresh=True)["quality"] == "good"
        assert time.monotonic() - begin < QUICK
        assert bus.room.call("system.health")["limits"]["caller_operations"] >= len(full)
    finally:
        for device in ("audio", "projector"):
            bus.sim.call("sim.clear", device=device)
    seen = set(full)
    if "result" in answer:
        seen.add(answer["id"])
    while len(seen) < 300:
        answer = bus.raw.receive()
        assert answer["id"] not in seen, "answered twice"
        seen.add(answer["id"])
    assert bus.raw.silent()
    wait(lambda: bus.room.call("system.health")["bus"]["operations"] == 0)


def test_4096_requests_may_wait_in_the_room_whoever_sent_them(stage):
    deaf = [socket.create_server(("127.0.0.1", 0)) for _ in range(17)]  # connections are made, and nothing is ever said
    stage.daemon("[room]\nid = full\nsite = school\n" + "".join(
        "[device d%d]\nprofile = epson/eb-l200f\nline = tcp://127.0.0.1:%d\ntimeout = 1min\n" % (n, one.getsockname()[1])
        for n, one in enumerate(deaf)))
    room = stage.room()
    lines = [Raw(room) for _ in deaf]
    for n, line in enumerate(lines):
        for _ in range(PENDING_PER_CALLER):
            line.send(fresh("d%d.power" % n, None))
    refused = 0
    end = time.monotonic() + PATIENCE
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
    assert stage.programs[-1].end() < 1.0
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
        longest, end = 0.0, time.monotonic() + 2
        while time.monotonic() < end:
            begin = time.monotonic()
            assert bus.room.call("point.read", target="audio.level")["value"] is not None
            longest = max(longest, time.monotonic() - begin)
    finally:
        stop.set()
        pourer.join()
    assert longest < QUICK, longest


def test_a_client_that_never_takes_its_answers_costs_no_memory_without_bound(bus):
    big = bus.raw.ask(request("state.snapshot"))
    size = len(json.dumps(big))
    deaf = Raw(bus.room, RCVHWM=1, SNDHWM=20000)
    before = rss(bus.daemon)
    text = request("state.snapshot", name=1).encode()
    served = bus.room.call("system.health")["bus"]["requests"]
    for _ in range(15000):
        deaf.send(text)
    wait(lambda: bus.room.call("system.health")["bus"]["requests"] >= served + 15000, 60)
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
    begin = time.monotonic()
    assert room.call("point.write", target="lights.rear", value=True)["verdict"] == "confirmed"
    assert time.monotonic() - begin < 5
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
    wait(lambda: room.call("system.health")["limits"].get("connections", 0) >= 100, what="the others to be sent away")
    assert len(answered()) <= 45
    begin = time.monotonic()
    assert room.call("point.write", target="lights.rear", value=True)["verdict"] == "confirmed"
    assert time.monotonic() - begin < 5
    sim.call("sim.fault", device="audio", fault="disconnect", count=1)  # and has to be connected to again
    assert room.call("point.write", target="audio.level", value=-17)["verdict"] == "confirmed"
    room.wait_for(lambda r: r.value("audio.level")["value"] == -17.0, 20)

    def all_served():
        """Who has been served goes home and makes room."""
        for client in answered():
            client.close(linger=0)
            clients.remove(client)
        return not clients
    wait(all_served, 60, "the others to be let in")
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
timeout = 2s

[driver]
gap registers = 0

[point power.active]
register = input 0 f32
period = 1ms
""" + "".join("[point count_%d]\ntype = float\naccess = read\nregister = input %d f32\nperiod = 1ms\n" % (n, 2 * n)
              for n in range(1, 50))


def counting_unit(port_to):
    """Modbus TCP: answers every read of registers with numbers that no two answers share."""
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
        data = b"".join(struct.pack(">f", count + i / 1000) for i in range((n + 1) // 2))[:2 * n]
        connection.sendall(struct.pack(">HHHBBB", number, 0, 3 + len(data), unit, head[7], len(data)) + data)


@pytest.fixture
def flood(stage):
    """A room whose only device changes with every look, as fast as it can be asked: (daemon, room)."""
    mine, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=counting_unit, args=(theirs,), daemon=True)
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
    yield daemon, room
    process.kill()
    process.join()


def test_a_subscriber_who_never_reads_costs_no_memory_and_others_lose_nothing(flood):
    daemon, room = flood
    deaf = []
    for _ in range(3):
        listener = room.context.socket(zmq.SUB)
        listener.setsockopt(zmq.RCVHWM, 1)
        listener.setsockopt(zmq.RCVBUF, 1024)
        listener.connect(room.event_at)
        listener.subscribe(b"school/flood/")
        deaf.append(listener)
    room.subscribe(kinds=("state",))
    heard, began, half = 0, time.monotonic(), None
    while heard < 4000:
        event = room.next_event(timeout=PATIENCE)
        assert event and event["kind"] == "state", event
        heard += 1
        if heard == 1500:  # the deaf ones' queues are full: 1,000 messages and what the kernel holds
            half = rss(daemon)
            assert len(event["body"]["points"]) == 50
    grown = rss(daemon) - half
    each = len(json.dumps(event["body"]))
    assert grown * 1024 < 2500 * len(deaf) * each / 4, "%d KiB more for 2,500 events of %d bytes" % (grown, each)
    assert room.gaps == 0
    assert len(deaf) == 3 and time.monotonic() - began < 60
    for listener in deaf:
        listener.close(linger=0)
