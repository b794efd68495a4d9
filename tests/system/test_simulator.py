"""The simulator as a stranger meets it: raw sockets and pseudo-terminals with the fact sheets' bytes, other people's Modbus
masters. Its faults are in test_simulator_faults.py. No part of Lectern but lectern-sim takes part."""

import configparser
import hashlib
import importlib.util
import os
import select
import signal
import socket
import subprocess
import sys
import time
import unittest.mock

import pytest
from conftest import BUILD, PATIENCE, ROOMS, Stage, wait
from simulator_bench import ROOM, Bench, Wire, bench, fast, rtu, shared  # noqa: F401 (fixtures)

# ---- Lines ------------------------------------------------------------------------------------------------------------


def test_the_line_map_names_every_line_and_everything_answers_when_it_is_there(bench):
    lines = configparser.ConfigParser()
    lines.read(bench.stage.map)
    names = {lines[s]["line"]: lines[s]["at"] for s in lines.sections()}
    assert set(names) == {"tcp://10.0.0.1:4352", "serial:///dev/ttyUSB0", "serial:///dev/ttyUSB1", "serial:///dev/ttyUSB2",
                          "tcp://10.0.0.2:502", "tcp://10.0.0.3:1515"}
    assert all(at.startswith(("tcp://127.0.0.1:", "pty:///")) for at in names.values())
    assert bench.pjlink().ask(b"%1CLSS ?\r", 9) == b"%1CLSS=2\r"


def test_a_second_simulator_of_the_same_room_is_refused(bench):
    env = dict(os.environ, LECTERN_RUN=str(bench.stage.run))
    done = subprocess.run([BUILD / "bin" / "lectern-sim", bench.stage.room_file], env=env, capture_output=True, text=True,
                          timeout=PATIENCE)
    assert done.returncode == 1 and "another simulator plays this room" in done.stderr
    assert bench.pjlink().ask(b"%1CLSS ?\r", 9) == b"%1CLSS=2\r"


def test_it_ends_at_once_and_leaves_nothing_behind(fast):
    fast.sim.call("sim.speed", speed=0.1)
    fast.pjlink().ask(b"%1POWR 1\r", 10)  # three minutes to warm up: not waited for
    fast.sim.program.end()
    left = {p.name for p in (fast.stage.run / "bench").iterdir()}
    assert left <= {"simulator.lock"} and not fast.stage.map.exists()


def test_an_idle_room_costs_no_processor_time(bench):
    def ticks():
        fields = open("/proc/%d/stat" % bench.sim.program.process.pid).read().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    before, begin = ticks(), time.monotonic()
    assert not select.select([], [], [], 2)[0]
    used = (ticks() - before) / os.sysconf("SC_CLK_TCK")
    assert used <= 0.01 * (time.monotonic() - begin)


def test_a_serial_port_comes_back_under_another_number(bench):
    path = bench.at("side")[6:]
    old = os.readlink(path)
    wire = bench.wire("side")
    bench.sim.call("sim.unplug", device="side")
    assert not os.path.lexists(path)
    poll = select.poll()
    poll.register(wire.fd)
    assert any(events & (select.POLLHUP | select.POLLERR) for _, events in poll.poll(PATIENCE * 1000))
    bench.sim.call("sim.plug", device="side")
    assert os.readlink(path) != old
    assert bench.wire("side").ask(b"PWR?\r", 8) == b"PWR=04\r:"


def test_an_unplugged_network_device_refuses_connections(bench):
    at = bench.at("display")
    bench.sim.call("sim.unplug", device="display")
    with pytest.raises(ConnectionRefusedError):
        Wire(at)
    bench.sim.call("sim.plug", device="display")
    assert bench.at("display") == at
    assert bench.wire("display").ask(bytes.fromhex("AA11010012"), 8) == bytes.fromhex("AAFF010341110055")


# ---- PJLink ------------------------------------------------------------------------------------------------------------


def test_a_projector_warms_up_locks_out_and_cools_down(fast):
    wire = fast.pjlink()
    assert wire.ask(b"%1POWR ?\r", 9) == b"%1POWR=0\r"
    assert wire.ask(b"%1INPT 32\r", 12) == b"%1INPT=ERR3\r"
    fast.sim.call("sim.speed", speed=0.1)  # slow enough to be seen in between
    assert wire.ask(b"%1POWR 1\r", 10) == b"%1POWR=OK\r"
    assert wire.ask(b"%1POWR ?\r", 9) == b"%1POWR=3\r"
    fast.sim.call("sim.speed", speed=40)
    wait(lambda: wire.ask(b"%1POWR ?\r", 9) == b"%1POWR=1\r", what="the lamp")
    assert wire.ask(b"%1INPT 33\r", 10) == b"%1INPT=OK\r"
    assert fast.truth("projector")["input"] == "hdmi2"
    fast.sim.call("sim.speed", speed=0.1)
    assert wire.ask(b"%1POWR 0\r", 10) == b"%1POWR=OK\r"
    assert wire.ask(b"%1POWR ?\r", 9) == b"%1POWR=2\r"
    fast.sim.call("sim.speed", speed=40)
    wait(lambda: wire.ask(b"%1POWR ?\r", 9) == b"%1POWR=0\r", what="standby")


def test_a_projector_tells_its_changes_and_answers_a_search(fast):
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.bind(("127.0.0.1", fast.notify_port()))
    listener.settimeout(PATIENCE)
    wire = fast.pjlink()
    port = wire.port
    wire.send(b"%1POWR 1\r")
    data, sender = listener.recvfrom(100)
    assert data == b"%2POWR=1\r" and sender == ("127.0.0.1", port)
    listener.sendto(b"%2SRCH\r", ("127.0.0.1", port))
    wait(lambda: listener.recv(100).startswith(b"%2ACKN=02:4C:"), what="ACKN")
    fast.sim.call("sim.remote", device="projector", point="error.filter", value="warning")
    wait(lambda: listener.recv(100) == b"%2ERST=000010\r", what="ERST")
    fast.sim.call("sim.unplug", device="projector")
    fast.sim.call("sim.plug", device="projector")
    wait(lambda: listener.recv(100).startswith(b"%2LKUP=02:4C:"), what="LKUP")
    listener.close()


def test_a_password_wants_its_digest():
    stage = Stage()
    secrets = stage.file("secrets.ini", "[projector]\npassword = JBMIAProjectorLink\n")
    secrets.chmod(0o600)
    sim = stage.sim(ROOM, secrets=secrets, only="projector")
    at = sim.call("sim.state", device="projector")["at"]
    wire = Wire(at)
    hello = wire.receive(18)
    assert hello.startswith(b"PJLINK 1 ") and hello.endswith(b"\r")
    digest = hashlib.md5(hello[9:17] + b"JBMIAProjectorLink").hexdigest().encode()
    assert wire.ask(digest + b"%1POWR ?\r", 9) == b"%1POWR=0\r"
    assert wire.ask(b"%1CLSS ?\r", 9) == b"%1CLSS=2\r"
    wire.close()
    wire = Wire(at)
    wire.receive(18)
    assert wire.ask(b"0" * 32 + b"%1POWR ?\r", 100) == b"PJLINK ERRA\r", "then it hangs up"
    wire.close()
    stage.close()


def test_a_projector_hangs_up_on_who_says_nothing():
    bench = Bench(trait="projector.idle=500ms")
    wire = bench.pjlink()
    assert wire.receive(1) == b"" and select.select([wire.fd], [], [], 0)[0], "the connection has ended"
    bench.end()


# ---- Modbus: our own frames and other people's masters -----------------------------------------------------------------


def test_units_on_one_line_answer_for_themselves(bench):
    wire = bench.wire("air")
    bench.sim.call("sim.fault", device="air", fault="lie", point="temperature", value=25.0)
    bench.sim.call("sim.fault", device="air", fault="lie", point="humidity", value=50.5)
    bench.sim.call("sim.fault", device="meter", fault="lie", point="voltage", value=230.1)
    assert wire.ask(rtu("030400010002"), 9) == rtu("03040400FA01F9")
    assert wire.ask(rtu("050400000002"), 9) == rtu("0504044366199A")
    wire.send(rtu("040400000002"))
    assert wire.silent(), "nobody has address 4"
    assert wire.ask(rtu("030400000002"), 5) == rtu("038402"), "register 0 is a hole"


def mbpoll(*args):
    return subprocess.run(["mbpoll", *map(str, args)], capture_output=True, text=True, timeout=PATIENCE)


def test_mbpoll_reads_and_writes_over_a_pseudo_terminal(fast):
    path = fast.at("lights")[6:]
    assert mbpoll("-m", "rtu", "-b", 9600, "-P", "none", "-a", 1, "-t", 0, "-0", "-r", 2, path, 1).returncode == 0
    assert fast.truth("lights")["front"] is True
    done = mbpoll("-m", "rtu", "-b", 9600, "-P", "none", "-a", 1, "-t", 0, "-0", "-r", 0, "-c", 8, "-1", path)
    assert done.returncode == 0 and "[2]: \t1" in done.stdout and "[3]: \t0" in done.stdout


def test_mbpoll_and_pymodbus_read_over_tcp(bench):
    port = int(bench.at("comfort").rsplit(":", 1)[1])
    bench.sim.call("sim.fault", device="comfort", fault="lie", point="co2", value=812)
    bench.sim.call("sim.fault", device="comfort", fault="lie", point="illuminance", value=655.37)
    done = mbpoll("-m", "tcp", "-p", port, "-a", 7, "-t", 3, "-0", "-r", 8, "-c", 3, "-1", "127.0.0.1")
    assert "[8]: \t812" in done.stdout, done.stdout + done.stderr
    # Debian's pymodbus imports pyserial, which it only suggests, even for TCP.
    for module in ("serial", "serial_asyncio"):
        if importlib.util.find_spec(module) is None:
            sys.modules[module] = unittest.mock.MagicMock()
    from pymodbus.client import ModbusTcpClient

    client = ModbusTcpClient("127.0.0.1", port=port)
    assert client.connect()
    assert client.read_input_registers(8, 3, slave=7).registers == [812, 1, 1]
    assert client.read_input_registers(6, 1, slave=7).exception_code == 2
    assert client.read_coils(0, 1, slave=7).exception_code == 1
    assert client.write_register(113, 20, slave=7).isError() is False
    assert client.read_holding_registers(113, 1, slave=7).registers == [20]
    client.write_register(113, 0, slave=7)
    client.close()


def test_relays_move_the_screen_until_its_end_switch(fast):
    wire = fast.wire("screen")
    assert wire.ask(rtu("010200000002"), 6) == rtu("01020101"), "up: the first end switch"
    fast.sim.call("sim.speed", speed=0.1)  # slow enough to be seen in between
    wire.ask(rtu("01050001FF00"), 8)
    assert fast.truth("screen")["position"] == "moving"
    fast.sim.call("sim.speed", speed=40)
    wait(lambda: wire.ask(rtu("010200000002"), 6) == rtu("01020102"), what="the screen to be down")
    assert fast.truth("screen")["position"] == "down" and fast.truth("screen")["jams"] == 0
    wire.ask(rtu("01050000FF00"), 8)
    assert fast.truth("screen")["jammed"] is True, "both relays at once"
    wire.ask(rtu("010500010000"), 8)
    assert fast.truth("screen")["place"] == 1, "it stays jammed until both are released"
    wire.ask(rtu("010500000000"), 8)
    wire.ask(rtu("01050000FF00"), 8)
    wait(lambda: fast.truth("screen")["position"] == "up", what="the screen to be up")


# ---- The room ----------------------------------------------------------------------------------------------------------


def test_lights_and_people_show_in_meter_and_air(fast):
    before = fast.truth("meter")["power.active"]
    fast.sim.call("sim.remote", device="lights", point="front", value=True)
    assert fast.truth("meter")["power.active"] > before + 150
    assert fast.truth("comfort")["presence"] is True
    co2 = fast.truth("comfort")["co2"]
    wait(lambda: fast.truth("comfort")["co2"] > co2 + 100, what="30 people to be smelt")
    fast.sim.call("sim.remote", device="room", point="people", value=0)
    assert fast.truth("comfort")["presence"] is False


def test_the_same_seed_gives_the_same_noise():
    def first_sample(seed):
        bench = Bench(seed=seed, speed=0.01)
        value = bench.truth("air")["humidity"]
        bench.end()
        return value

    assert first_sample(7) == pytest.approx(first_sample(7), abs=1e-4)
    assert first_sample(7) != pytest.approx(first_sample(8), abs=1e-4)


def test_speed_can_be_changed_while_something_happens(fast):
    wire = fast.pjlink()
    fast.sim.call("sim.speed", speed=0.1)
    wire.ask(b"%1POWR 1\r", 10)
    assert wire.ask(b"%1POWR ?\r", 9) == b"%1POWR=3\r"
    fast.sim.call("sim.speed", speed=1000)
    wait(lambda: wire.ask(b"%1POWR ?\r", 9) == b"%1POWR=1\r", what="18 s at a thousand times the speed")


# ---- Control ------------------------------------------------------------------------------------------------------------


def test_bad_requests_get_errors_and_hurt_nothing(bench):
    raw = bench.sim.socket
    for request, code in ((b"{", -32700), (b"[]", -32600), (b'{"jsonrpc":"2.0","id":1,"method":"sim.dance"}', -32601),
                          (b'{"jsonrpc":"2.0","id":1,"method":"sim.state","params":{"device":"nobody"}}', -32001),
                          (b'{"jsonrpc":"2.0","id":1,"method":"sim.state","params":{"what":1}}', -32602),
                          (b'{"jsonrpc":"2.0","id":1,"method":"sim.speed","params":{"speed":0}}', -32602),
                          (b'{"jsonrpc":"2.0","id":1,"method":"' + b"x" * 70000 + b'"}', -32600)):
        raw.send(request)
        assert raw.recv_json()["error"]["code"] == code, request[:60]
    assert bench.sim.call("sim.describe")["room"] == "bench"


def test_the_subcommands_speak_to_it(bench):
    def run(*args):
        env = dict(os.environ, LECTERN_RUN=str(bench.stage.run))
        return subprocess.run([BUILD / "bin" / "lectern-sim", *args], env=env, capture_output=True, text=True, timeout=PATIENCE)

    assert '"power": "off"' in run("state", "projector").stdout
    assert run("fault", "projector", "busy", "count=1").returncode == 0
    assert bench.sim.call("sim.state", device="projector")["faults"] == ["busy"]
    assert run("clear", "projector").returncode == 0
    wrong = run("fault", "projector", "hiccups")
    assert wrong.returncode == 1 and "hiccups" in wrong.stderr
    assert run("state", "--room", "nowhere").returncode == 3
    assert run("fault", "projector").returncode == 2


def test_a_wrong_room_file_is_refused_with_its_lines(bench):
    bad = bench.stage.file("bad.ini", "[room]\nid = x\nsite = y\n[device a]\nprofile = no/such\nline = tcp://h:1\n")
    done = subprocess.run([BUILD / "bin" / "lectern-sim", bad], capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 1 and "bad.ini:5:" in done.stderr


def test_room_201_is_played_whole(stage):
    sim = stage.sim(ROOMS / "phong-201.ini")
    devices = {d["device"] for d in sim.call("sim.describe")["devices"]}
    assert devices == {"projector", "projector-side", "board", "display", "screen", "lights", "audio", "camera", "air",
                       "meter", "comfort", "blinds"}
    assert "nobody can play" not in sim.program.text()
    sim.program.process.send_signal(signal.SIGINT)
    assert sim.program.process.wait(PATIENCE) == 0
