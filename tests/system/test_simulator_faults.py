"""Each fault that the simulator can play, with its effect on the wire."""

import os
import select
import time

import pytest
from conftest import PATIENCE, wait
from simulator_bench import bench, rtu, shared  # noqa: F401 (fixtures)

ASK = b"%1CLSS ?\r"
ANSWER = b"%1CLSS=2\r"


def fault(bench, name, device="projector", **more):
    bench.sim.call("sim.fault", device=device, fault=name, **more)


def test_silence_ends_with_its_time(bench):
    wire = bench.pjlink()
    begin = time.monotonic()
    fault(bench, "silence", for_ms=400)
    wait(lambda: wire.ask(ASK, 9, 0.05) == ANSWER, what="an answer")
    assert time.monotonic() - begin > 0.39


def test_a_silent_projector_does_not_even_greet(bench):
    fault(bench, "silence")
    assert bench.wire("projector").silent()


def test_silence_does_nothing_either(bench):
    wire = bench.wire("lights")
    fault(bench, "silence", "lights", count=1)
    wire.send(rtu("01050004FF00"))
    assert wire.silent() and bench.truth("lights")["board"] is False
    assert wire.ask(rtu("01050004FF00"), 8) == rtu("01050004FF00"), "once only"
    wire.ask(rtu("010500040000"), 8)


def test_delay_is_as_long_as_it_says(bench):
    wire = bench.pjlink()
    fault(bench, "delay", ms=400)
    begin = time.monotonic()
    assert wire.ask(ASK, 9) == ANSWER
    assert time.monotonic() - begin > 0.39


def test_late_comes_after_the_devices_time_out(bench):
    wire = bench.wire("air")
    fault(bench, "late", "air", count=1)
    begin = time.monotonic()
    assert len(wire.ask(rtu("030400010002"), 9)) == 9
    assert time.monotonic() - begin > 0.5


def test_garbage_is_not_the_answer_and_garbage_before_has_it_at_its_end(bench):
    wire = bench.pjlink()
    fault(bench, "garbage", count=1)
    assert wire.ask(ASK, 9) not in (ANSWER, b"")
    fault(bench, "garbage-before", count=1)
    got = wire.ask(ASK, 10)
    assert len(got) == 10 and not got.startswith(ANSWER)
    got += wire.receive(7, 0.3)  # there may be as many
    assert got.endswith(ANSWER) or (got + wire.until(ANSWER[-1:])).endswith(ANSWER)


def test_checksum_is_wrong_and_the_rest_right(bench):
    wire = bench.wire("air")
    fault(bench, "lie", "air", point="temperature", value=25.0)
    fault(bench, "checksum", "air", count=1)
    got = wire.ask(rtu("030400010001"), 7)
    assert got[:-2] == bytes.fromhex("03040200FA") and got != rtu("03040200FA")
    assert wire.ask(rtu("030400010001"), 7) == rtu("03040200FA")


def test_a_fault_that_the_protocol_cannot_have_is_refused(bench):
    with pytest.raises(AssertionError, match="no checksum"):
        fault(bench, "checksum")
    with pytest.raises(AssertionError, match="no units"):
        fault(bench, "other-unit")
    with pytest.raises(AssertionError, match="sim.describe lists them"):
        fault(bench, "hiccups")


def test_half_stops_short(bench):
    wire = bench.pjlink()
    fault(bench, "half", count=1)
    assert wire.ask(ASK, 5) == ANSWER[:5]
    assert wire.silent()


def test_reset_and_disconnect_end_the_connection(bench):
    wire = bench.pjlink()
    fault(bench, "reset", count=1)
    wire.send(ASK)
    with pytest.raises(ConnectionResetError):
        wire.receive(1)
    wire = bench.pjlink()
    fault(bench, "disconnect", count=1)
    assert wire.ask(ASK, 1) == b"" and select.select([wire.fd], [], [], 0)[0]
    assert bench.pjlink().ask(ASK, 9) == ANSWER


def test_a_lie_acknowledges_and_does_nothing(bench):
    wire = bench.wire("lights")
    fault(bench, "lie", "lights", point="rear")
    assert wire.ask(rtu("01050003FF00"), 8) == rtu("01050003FF00")
    assert bench.truth("lights")["rear"] is False
    assert wire.ask(rtu("010100030001"), 6) == rtu("01010100")


def test_a_lie_reports_a_constant_while_the_truth_is_another(bench):
    wire = bench.pjlink()
    fault(bench, "lie", point="power", value="on")
    assert wire.ask(b"%1POWR ?\r", 9) == b"%1POWR=1\r"
    assert bench.truth("projector")["power"] == "off"


def test_refuse_and_busy_speak_the_protocols_words(bench):
    wire = bench.pjlink()
    fault(bench, "refuse", count=1)
    assert wire.ask(b"%1POWR 0\r", 12) == b"%1POWR=ERR4\r"
    fault(bench, "busy", count=2)
    assert wire.ask(b"%1POWR ?\r", 12) == b"%1POWR=ERR3\r"
    assert wire.ask(b"%1POWR 0\r", 12) == b"%1POWR=ERR3\r"
    assert wire.ask(b"%1POWR ?\r", 9) == b"%1POWR=0\r"
    line = bench.wire("air")
    fault(bench, "busy", "air", count=1)
    assert line.ask(rtu("030400010001"), 5) == rtu("038406")
    fault(bench, "refuse", "air", count=1)
    assert line.ask(rtu("030601030001"), 5) == rtu("038604")


def test_other_unit_answers_in_anothers_name(bench):
    wire = bench.wire("air")
    fault(bench, "lie", "air", point="temperature", value=25.0)
    fault(bench, "other-unit", "air", count=1)
    assert wire.ask(rtu("030400010001"), 7) == rtu("04040200FA")


def test_echo_sends_the_command_back_first(bench):
    wire = bench.wire("air")
    fault(bench, "lie", "air", point="temperature", value=25.0)
    fault(bench, "echo", "air", count=1)
    request = rtu("030400010001")
    assert wire.ask(request, 15) == request + rtu("03040200FA")


def test_split_and_slow_bytes_come_whole_in_the_end(bench):
    wire = bench.pjlink()
    fault(bench, "split")
    pieces = set()

    def torn():
        wire.send(ASK)
        select.select([wire.fd], [], [], PATIENCE)
        first = os.read(wire.fd, 100)
        pieces.add(len(first))
        assert first + wire.receive(9 - len(first)) == ANSWER
        return len(pieces - {9}) > 1  # whoever comes late finds all of them
    wait(torn, what="pieces, not always torn in the same way")
    bench.sim.call("sim.clear", device="projector", fault="split")
    fault(bench, "slow-bytes", ms=30, count=1)
    begin = time.monotonic()
    assert wire.ask(ASK, 9) == ANSWER
    assert time.monotonic() - begin > 0.2


def test_nul_bytes_lie_in_the_answer(bench):
    wire = bench.pjlink()
    fault(bench, "nul", count=1)
    got = wire.ask(ASK, 10)
    assert got.count(b"\0") == 1 and got.replace(b"\0", b"") == ANSWER


def test_a_fault_on_one_device_leaves_the_others_alone(bench):
    wire = bench.wire("air")
    fault(bench, "silence", "air")
    wire.send(rtu("030400010001"))
    assert wire.silent()
    assert len(wire.ask(rtu("050400000002"), 9)) == 9
    assert bench.pjlink().ask(ASK, 9) == ANSWER
