"""lectern get, set, invoke: values, and the truth about them."""

import re

import pytest

from cli_stage import cli, english, room, run, say  # noqa: F401 (fixtures)
from fake_room import Refuse, value


def test_get_of_one_point_prints_the_bare_value_for_scripts(cli, room):
    assert cli("get", "projector.power").out == "off\n"
    assert cli("get", "audio.level").out == "-12.5\n"
    assert cli("get", "projector.picture_mute").out == "false\n"
    assert cli("get", "projector.lamp.hours").out == "1234\n"


def test_get_of_a_device_shows_all_its_points_with_units(english, room):
    lines = english("get", "projector").out.splitlines()
    assert [line.split()[0] for line in lines] == ["projector.power", "projector.input", "projector.picture_mute",
                                                   "projector.lamp.hours"]
    assert "1234 h" in lines[3]


def test_get_says_when_a_value_is_not_good(cli, room, say):
    got = cli("get", "board.power")
    assert got.code == 1
    assert got.out == "on\n"
    assert say("cũ", "stale") in got.err and "no reply in 2 s" in got.err


def test_get_gives_json_as_the_room_said_it(cli, room):
    one = cli("get", "projector.power", "--json")
    assert one.code == 0 and one.json["value"] == "off" and one.json["target"] == "projector.power"
    many = cli("get", "projector.power", "audio", "--json")
    assert [v["target"] for v in many.json] == ["projector.power", "audio.level", "audio.audio_mute"]


def test_get_fresh_asks_the_device(english, room):
    assert english("get", "--fresh", "projector.power", "-t", "3s").code == 0
    assert room.calls("point.read") == [{"target": "projector.power", "fresh": True, "timeout_ms": 3000}]


@pytest.mark.parametrize("number, shown", [(0.1, "0.1"), (1e21, "1e+21"), (230.26758, "230.26758"), (-0.0, "-0"), (5.0, "5"),
                                           (9007199254740993, "9007199254740993")])
def test_get_prints_numbers_so_that_they_read_back_the_same(english, room, number, shown):
    room.values["audio"]["level"] = value(number)
    assert english("get", "audio.level").out == shown + "\n"


def test_an_unknown_device_is_answered_with_the_nearest(cli, room, say):
    got = cli("get", "projektor.power")
    assert got.code == 2
    assert 'no device "projektor"' in got.err
    assert say('Có phải là "projector"?', 'Did you mean "projector"?') in got.err


def test_set_waits_for_the_confirmation_and_says_so(cli, room, say):
    got = cli("set", "projector.power", "on")
    assert got.code == 0
    assert got.out == say("projector.power = on: xong (1,2 s)\n", "projector.power = on: done (1.2 s)\n")
    assert room.calls("point.write") == [{"target": "projector.power", "value": "on", "until": "confirmed"}]


def test_set_without_waiting_does_not_claim_more_than_it_knows(cli, room, say):
    got = cli("set", "projector.power", "on", "--no-wait")
    assert got.code == 0
    assert say("đã gửi, thiết bị không báo lại", "sent, the device does not report back") in got.out
    assert room.calls("point.write")[0]["until"] == "accepted"


@pytest.mark.parametrize("target, text, sent", [("audio.level", "-20.5", -20.5), ("audio.level", "3", 3.0),
                                                ("audio.audio_mute", "off", False), ("audio.audio_mute", "1", True),
                                                ("projector.input", "hdmi2", "hdmi2")])
def test_set_reads_the_value_by_the_type_of_the_point(english, room, target, text, sent):
    assert english("set", target, text).code == 0
    written = room.calls("point.write")[0]["value"]
    assert written == sent and type(written) is type(sent)


@pytest.mark.parametrize("args, vi, en", [
    (["projector.power", "onn"], 'không có lựa chọn "onn"; có phải là "on"?', 'no choice "onn"; did you mean "on"?'),
    (["projector.power", "warming"], "phải là một trong: off, on", "it is one of: off, on"),
    (["projector.input", "scart-2"], "phải là một trong: hdmi1, hdmi2, vga1", "it is one of: hdmi1, hdmi2, vga1"),
    (["audio.level", "loud"], "dấu chấm thập phân", "decimal point"),
    (["audio.level", "1,5"], "dấu chấm thập phân", "decimal point"),
    (["audio.level", "13"], "nằm ngoài khoảng -60 đến 12", "is outside -60 to 12"),
    (["audio.audio_mute", "maybe"], "true hoặc false", "true or false"),
    (["projector.pwer", "on"], 'có phải là "projector.power"?', 'did you mean "projector.power"?'),
    (["projector.colour", "on"], "có: power, input, picture_mute, lamp.hours", "it has: power, input, picture_mute, lamp.hours"),
    (["projector.lamp.hours", "0"], "chỉ đọc được", "can only be read"),
    (["projector", "on"], "không phải là thiết-bị.tên", "is not device.name"),
])
def test_set_refuses_mistakes_before_anything_is_sent(cli, room, say, args, vi, en):
    got = cli("set", *args)
    assert got.code == 2
    assert say(vi, en) in got.err
    assert got.out == ""
    assert room.calls("point.write") == []


def refuse(code, message, **data):
    def handler(_):
        raise Refuse(code, message, **data)
    return handler


@pytest.mark.parametrize("code, verdict, exit_code", [(-32002, "refused", 1), (-32003, "timeout", 4), (-32004, "away", 1),
                                                      (-32005, "", 2), (-32006, "", 2), (-32007, "", 1), (-32008, "", 1),
                                                      (-32009, "overridden", 1), (-32010, "cancelled", 1), (-32603, "", 5)])
def test_set_never_claims_what_the_room_did_not_say(cli, room, say, code, verdict, exit_code):
    room.handlers["point.write"] = refuse(code, "projector: no", verdict=verdict, reason="no",
                                          remedy={"vi": "Kiểm tra dây.", "en": "Check the cable."})
    got = cli("set", "projector.power", "on")
    assert got.code == exit_code
    assert got.out == ""
    assert "projector: no" in got.err
    assert say("Nên thử: Kiểm tra dây.", "What to do: Check the cable.") in got.err


def test_who_may_not_is_told_so_in_words(cli, room, say):
    room.handlers["point.write"] = refuse(-32008, "the role viewer may not do this", reason="the role viewer may not do this",
                                          remedy={"vi": "Hãy đăng nhập với tài khoản giáo viên.", "en": "Sign in as a teacher."})
    got = cli("set", "projector.power", "on")
    assert got.code == 1
    assert say("bạn không có quyền làm việc này", "you may not do this") in got.err
    assert say("Hãy đăng nhập với tài khoản giáo viên.", "Sign in as a teacher.") in got.err


def test_set_of_a_verdict_it_does_not_know_is_no_success(english, room):
    room.handlers["point.write"] = lambda _: {"target": "projector.power", "verdict": "perhaps"}
    assert english("set", "projector.power", "on").code == 1


def test_set_without_an_answer_says_that_it_does_not_know(english, room):
    room.handlers["point.write"] = lambda _: None
    got = english("set", "projector.power", "on", "--timeout", "3s")
    assert got.code == 4
    assert "whether it was done is not known" in got.err


def test_errors_are_json_too_when_asked_for(cli, room):
    room.handlers["point.write"] = refuse(-32002, "projector: no", verdict="refused", reason="no")
    got = cli("set", "projector.power", "on", "--json")
    assert got.code == 1 and got.err == ""
    assert got.json == {"error": {"code": -32002, "message": "projector: no", "data": {"verdict": "refused", "reason": "no"},
                                  "exit": 1}}
    assert cli("set", "projector.power", "maybe", "--json").json["error"]["exit"] == 2


def test_set_on_a_terminal_shows_that_it_is_going_on(english, room):
    room.handlers["point.write"] = lambda _: None
    got = english.on_terminal("set", "projector.power", "on", "-t", "5s")
    assert re.search("projector.power → on … [1-5]", got.out)
    assert got.code == 4


def test_invoke_sends_the_arguments_by_their_type(english, room):
    assert english("invoke", "projector.preset.recall", "number=3").code == 0
    assert room.calls("action.invoke") == [{"target": "projector.preset.recall", "args": {"number": 3}}]


@pytest.mark.parametrize("args, en", [(["projector.preset.recall", "number=11"], "is outside 1 to 10"),
                                      (["projector.preset.recall", "numbr=1"], "did you mean"),
                                      (["projector.preset.recall", "number"], "must be name=value"),
                                      (["projector.preset.recal"], "did you mean")])
def test_invoke_refuses_mistakes_before_anything_is_sent(english, room, args, en):
    got = english("invoke", *args)
    assert got.code == 2 and en in got.err
    assert room.calls("action.invoke") == []
