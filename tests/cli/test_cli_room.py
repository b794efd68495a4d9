"""lectern status, devices, describe, lines, reload, driver: which room is meant, and what it is."""

import socket
import subprocess
import unicodedata

import pytest

from cli_stage import PATIENCE, cli, english, room, run, say  # noqa: F401 (fixtures)
from fake_room import DEVICES, FakeRoom, Refuse, value


def columns(text):
    """Columns of a terminal, by Unicode's own tables rather than the C library's."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


# ---- Which room ----

def test_the_only_room_that_runs_is_taken(cli, room):
    assert cli("get", "projector.power").code == 0


def test_no_room_is_said_with_what_to_do(cli, run, say):
    got = cli("status")
    assert got.code == 3
    assert say("không có phòng nào đang chạy", "no room is running") in got.err and str(run) in got.err
    assert "lecternd" in got.err


def test_several_rooms_are_listed_and_one_can_be_chosen(cli, room, run, say):
    other = FakeRoom(str(run), "phong-hai")
    try:
        got = cli("get", "projector.power")
        assert got.code == 3
        assert say("có nhiều phòng", "there are several rooms") in got.err
        assert "phong-hai, phong-thu" in got.err
        other.values["projector"]["power"] = value("on")
        assert cli("--room", "phong-hai", "get", "projector.power").out == "on\n"
        assert cli("get", "projector.power", "-r", "phong-hai").out == "on\n"
        assert cli("get", "projector.power", env={"LECTERN_ROOM": "phong-thu"}).out == "off\n"
        assert cli("get", "projector.power", "--room=phong-hai", env={"LECTERN_ROOM": "phong-thu"}).out == "on\n"
    finally:
        other.close()


def test_a_room_that_is_not_there_is_said_with_those_that_are(cli, room, say):
    got = cli("--room", "phong-thuu", "status")
    assert got.code == 3
    assert say("có: phong-thu", "there are: phong-thu") in got.err


def test_a_room_whose_daemon_died_is_told_from_one_that_never_was(cli, run, say):
    (run / "phong-chet").mkdir()
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(run / "phong-chet" / "command"))
    dead.close()
    got = cli("--room", "phong-chet", "status")
    assert got.code == 3 and say("không chạy", "is not running") in got.err and "systemctl status" in got.err
    assert cli("status").code == 3


def test_a_room_that_says_nothing_is_no_answer(english, room):
    room.handlers["room.describe"] = lambda _: None
    room.handlers["device.list"] = lambda _: None
    got = english("devices", "--timeout", "2s")
    assert got.code == 4 and "did not answer device.list" in got.err


# ---- What the room is ----

def test_status_shows_each_device_and_names_what_is_wrong(cli, room, say):
    got = cli("status")
    assert got.code == 0
    assert say("Phòng thử", "Test room") in got.out
    assert say("2/3 thiết bị hoạt động", "2 of 3 devices online") in got.out
    assert say("Nên thử: Kiểm tra nguồn của bảng.", "What to do: Check the board's power.") in got.out
    assert "level -12.5 dB" in got.out
    assert "power on?" in got.out  # old, and marked so
    assert set(cli("status", "--json").json) == {"room", "devices", "state"}


def test_status_of_one_device_shows_only_that(english, room):
    got = english("status", "audio")
    assert "audio" in got.out and "projector" not in got.out
    assert english("status", "audoi").code == 2


def test_status_shows_a_scene_under_way(cli, room, say):
    room.runs = [{"run": "9f", "scene": "lesson", "state": "running", "ready": True, "remaining_ms": 18000, "steps": [
        {"name": "power", "target": "projector.power", "value": "on", "state": "waiting", "remaining_ms": 18000}]}]
    out = cli("status").out
    assert say("còn khoảng 18,0 s", "about 18.0 s left") in out
    assert say("có thể bắt đầu dạy", "ready to teach") in out


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_columns_line_up_whatever_the_letters(cli, room, form):
    labels = ["Máy chiếu phòng học", "投影机 スクリーン", "Bảng tương tác đa năng", "a"]
    rows = [dict(room._row("audio"), name="device-%d" % i, label={"vi": unicodedata.normalize(form, label)},
                 status="online") for i, label in enumerate(labels)]
    room.handlers["device.list"] = lambda _: {"devices": rows}
    lines = cli("devices").out.splitlines()[1:]
    starts = {columns(line[:line.index("audio  ")]) for line in lines}
    assert len(lines) == 4 and len(starts) == 1, lines


def test_devices_and_describe(cli, room, say):
    assert say("mất kết nối", "away") in cli("devices").out
    assert [d["name"] for d in cli("devices", "--json").json] == list(DEVICES)
    out = cli("describe", "projector").out
    assert "hdmi1 hdmi2 vga1" in out and "preset.recall" in out and say("đọc, ghi", "read, write") in out
    assert say("Máy chiếu", "Projector") in out
    assert cli("describe", "projector", "--json").json["points"][0]["name"] == "power"
    assert cli("describe", "projector", "--wot").json["title"] == "projector"
    assert room.calls("device.describe")[-1] == {"device": "projector", "as": "wot"}
    assert say("Phòng thử", "Test room") in cli("describe").out
    assert say("bạn: lan, vai trò teacher", "you: lan, role teacher") in cli("describe").out
    assert cli("describe", "nothing").code == 2


def test_lines_show_their_counters(cli, room, say):
    out = cli("lines").out
    assert "1000" in out and say("đóng", "closed") in out
    assert cli("lines", "--json").json[0]["asked"] == 1000


def test_reload_tells_what_was_kept(cli, room, say):
    assert say("giữ nguyên: tcp://10.20.1.11:4352", "kept: tcp://10.20.1.11:4352") in cli("reload").out


def test_a_reload_that_is_refused_lists_the_mistakes(english, room):
    def refuse(_):
        raise Refuse(-32011, "the new configuration is wrong", mistakes=[
            {"file": "phong.ini", "line": 7, "text": 'no device "x"'}, {"file": "phong.ini", "line": 9, "text": "twice"}])
    room.handlers["room.reload"] = refuse
    got = english("reload")
    assert got.code == 1
    assert 'phong.ini:7: no device "x"\n' in got.err and "phong.ini:9: twice\n" in got.err


def test_drivers_are_listed_and_search_shows_what_answered(cli, room, say):
    room.handlers["driver.list"] = lambda _: {"drivers": [{"name": "pjlink", "summary": "Projectors", "lines": "tcp"}]}
    room.handlers["driver.search"] = lambda p: {"found": [{"address": "10.0.0.5", "id": "00:11", "detail": "EPSON"}]
                                                if p.get("target") else []}
    assert "pjlink" in cli("driver", "list").out
    assert say("không thấy thiết bị nào", "no device answered") in cli("driver", "search", "pjlink").out
    assert "EPSON" in cli("driver", "search", "pjlink", "10.0.0.255").out
    assert cli("driver", "search", "pjlink", "x", "--json").json[0]["id"] == "00:11"


# ---- What a terminal gets ----

def test_a_device_cannot_paint_the_terminal(english, room):
    evil = "\x1b[2J\x1b]0;owned\x07 fine\nprojector.power  on\u202e\x9b31m"
    room.values["projector"]["input"] = value(evil)
    room.handlers["device.list"] = lambda _: {"devices": [dict(room._row("projector"), status="away", reason=evil)]}
    for args in (["get", "projector"], ["get", "projector.input"], ["status"], ["devices"], ["watch", "-c", "2"]):
        got = english.on_terminal(*args, env={"NO_COLOR": "1"})
        assert "\x1b" not in got.out and "\x07" not in got.out and "\u202e" not in got.out and "\x9b" not in got.out, args
    rows = english("get", "projector").out.splitlines()
    assert len(rows) == 4


def test_colours_are_for_terminals_and_can_be_refused(english, room):
    assert "\x1b[31m" in english.on_terminal("devices").out
    assert "\x1b" not in english.on_terminal("devices", env={"NO_COLOR": "1"}).out
    assert "\x1b" not in english.on_terminal("devices", env={"TERM": "dumb"}).out
    assert "\x1b[31m" in english.on_terminal("devices", env={"NO_COLOR": ""}).out
    assert "\x1b" not in english("devices").out


def test_output_that_cannot_be_written_is_no_success(english, room):
    with open("/dev/full", "wb") as full:
        process = english.start("devices", stdout=full, stderr=subprocess.DEVNULL)
        assert process.wait(PATIENCE) == 5
