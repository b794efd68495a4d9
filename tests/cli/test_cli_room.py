"""lectern status, devices, describe, lines, journal, doctor, reload, driver, check; rooms, words and terminals."""

import json
import re
import signal
import socket
import subprocess
import unicodedata

import pytest

from cli_stage import PATIENCE, ROOT, Reader, cli, complete, english, room, run, say  # noqa: F401 (fixtures)
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
    got = english("devices", "--timeout", "200ms")
    assert got.code == 4 and "did not answer device.list" in got.err


# ---- Arguments ----

@pytest.mark.parametrize("args, vi, en", [
    (["staus"], 'có phải là "status"?', 'did you mean "status"?'),
    (["frobnicate"], "lectern --help", "lectern --help"),
    (["scene"], "list, plan, start, cancel, undo, capture, show", "list, plan, start, cancel, undo, capture, show"),
    (["scene", "strat", "x"], '"scene start"', '"scene start"'),
    (["get"], "dùng: lectern get TARGET...", "use: lectern get TARGET..."),
    (["set", "a.b"], "dùng: lectern set TARGET VALUE", "use: lectern set TARGET VALUE"),
    (["set", "a.b", "1", "2"], "dùng:", "use:"),
    (["get", "--frsh", "x"], "không có tùy chọn --frsh", "no option --frsh"),
    (["get", "-z", "x"], "không có tùy chọn", "no option"),
    (["get", "x", "--timeout"], "thiếu giá trị", "value is missing"),
    (["get", "x", "--timeout", "soon"], "không phải là thời gian", "is not a time"),
    (["get", "x", "--timeout", "-5s"], "không phải là thời gian", "is not a time"),
    (["watch", "--count", "many"], "không phải là số", "is not a number"),
    (["journal", "--lines", "1001"], "từ 0 đến 1000", "from 0 to 1000"),
])
def test_wrong_use_is_code_2_and_says_what_is_right(cli, room, say, args, vi, en):
    got = cli(*args)
    assert got.code == 2 and got.out == ""
    assert say(vi, en) in got.err


def test_without_a_command_the_help_is_shown(cli):
    got = cli()
    assert got.code == 2 and "scene start" in got.out
    assert cli("--help").code == 0
    assert re.fullmatch(r"lectern \d+\.\d+\.\d+\n", cli("--version").out)


def test_every_command_has_help_in_both_languages(cli, say):
    out = cli("help").out
    names = re.findall(r"^  ([a-z]+(?: [a-z-]+)?)", out.split(say("Tùy chọn", "Options"))[0], re.M)
    assert len(names) >= 21
    for name in names:
        words = [w for w in name.split() if w.islower()]
        one = cli(*words, "--help")
        assert one.code == 0 and one.out.startswith("lectern " + name)
        assert cli("help", *words).out == one.out


def test_the_manual_names_every_command_option_and_exit_code(english):
    page = (ROOT / "docs" / "cli.md").read_text()
    out = english("help").out
    for name in re.findall(r"^  ([a-z]+(?: [a-z]+)?) ", out.split("Options")[0], re.M):
        assert "`%s" % name in page, name
        for option in re.findall(r"--([a-z-]+)", english(*name.split(), "--help").out):
            assert "`--%s" % option in page, (name, option)
    for code, text in re.findall(r"^  (\d+) +(.*)$", out.split("Exit codes")[1], re.M):
        assert "| %s | %s |" % (code, text) in page


@pytest.mark.parametrize("env, vietnamese", [
    ({"LANG": "vi_VN.UTF-8"}, True), ({"LANG": "vi"}, True), ({"LANG": "en_US.UTF-8"}, False), ({"LANG": "C"}, False),
    ({"LANG": "vi_VN", "LC_MESSAGES": "en_GB"}, False), ({"LC_ALL": "vi_VN", "LC_MESSAGES": "en_GB"}, True),
    ({"LC_ALL": "vi_VN", "LECTERN_LANG": "en"}, False), ({"LANG": "C", "LECTERN_LANG": "vi"}, True),
    ({"LC_ALL": "", "LANG": "vi_VN"}, True)])
def test_the_language_is_that_of_the_locale(english, env, vietnamese):
    assert ("Lệnh" in english("--help", env=env).out) == vietnamese


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


# ---- The journal ----

def fill(room, n):
    for i in range(n):
        room.log("state", device="projector", name="power", data={"from": "off", "to": "on-%d" % (i + 1)})


def test_the_journal_shows_the_last_entries(cli, room, say):
    fill(room, 30)
    room.log("step", device="projector", name="lesson", principal="cô Lan",
             data={"run": "9f", "step": "power", "target": "projector.power", "value": "on", "verdict": "timeout", "ms": 90000,
                   "reason": "no reply"})
    lines = cli("journal").out.splitlines()
    assert len(lines) == 20
    assert "projector.power: off → on-30" in lines[-2]
    assert "lesson/power: projector.power → on" in lines[-1] and say("chưa thấy trả lời", "not confirmed in time") in lines[-1]
    assert "cô Lan" in lines[-1] and "no reply" in lines[-1]
    assert len(cli("journal", "-n", "3").out.splitlines()) == 3
    assert cli("journal", "--json", "-n", "2").json["last"] == 31


def test_the_journal_says_who_signed_in_and_who_called_for_help(cli, room, say):
    room.log("login", name="wrong", principal="lectern-web", data={"what": "wrong", "person": "Lan", "address": "10.0.0.7"})
    room.log("help", device="projector", name="help", principal="Lan",
             data={"text": "Không lên hình", "before": [{"journal": 1, "kind": "state"}] * 50})
    room.log("command", name="projector.power", principal="Lan", data={
        "method": "point.write", "target": "projector.power", "outcome": "refused", "reason": "the role viewer may not do this"})
    login, call, refused = cli("journal").out.splitlines()
    assert say("Lan: sai mã hoặc mật khẩu, 10.0.0.7", "Lan: gave a wrong PIN or password, 10.0.0.7") in login
    assert say("gọi hỗ trợ, projector: Không lên hình", "called for help, projector: Không lên hình") in call
    assert "before" not in call and "(Lan)" in call
    assert "point.write projector.power" in refused and "may not do this" in refused


def test_the_journal_can_be_read_from_a_number_and_filtered(english, room):
    fill(room, 5)
    room.log("event", device="reader", name="card", data={"id": 1})
    assert "on-4" in english("journal", "--after", "3").out.splitlines()[0]
    only = english("journal", "--kind", "event").out.splitlines()
    assert len(only) == 1 and "reader.card" in only[0]
    assert english("journal", "--device", "reader", "-k", "state").out == ""


def test_following_the_journal_gives_each_entry_once_and_in_order(english, room):
    fill(room, 3)
    process = english.start("journal", "-f", "-n", "2", "--json", stdout=subprocess.PIPE)
    reader = Reader(process)
    got = [json.loads(reader.until(".")) for _ in range(2)]
    room.log("state", device="a", name="b", data={})
    got.append(json.loads(reader.until(".")))
    room.lose = 2
    fill(room, 4)
    room.lose = 0
    got += [json.loads(reader.until(".")) for _ in range(4)]
    assert [e["journal"] for e in got] == [2, 3, 4, 5, 6, 7, 8]
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE) == 0


# ---- The doctor ----

def test_the_doctor_names_each_fault_with_what_to_do(cli, room, say):
    got = cli("doctor")
    assert got.code == 1
    assert say("board: mất kết nối: no reply in 2 s", "board: away: no reply in 2 s") in got.out
    assert say("Nên thử: Kiểm tra nguồn của bảng.", "What to do: Check the board's power.") in got.out
    assert say("2 trong 3 hoạt động", "2 of 3 online") in got.out
    assert say("1 điều cần sửa", "1 to mend") in got.out


def test_the_doctor_looks_at_ports_counters_and_disk(english, room):
    health = room._system_health({})
    health["lines"] += [
        {"line": "serial:///dev/ttyNONE7?baud=9600", "devices": ["board"], "open": False, "asked": 0},
        {"line": "tcp://a:1", "devices": [], "open": True, "asked": 1000, "timed_out": 2, "bad_frames": 100},
        {"line": "tcp://b:1", "devices": [], "open": True, "asked": 1000, "timed_out": 100, "bad_frames": 0},
        {"line": "tcp://c:1", "devices": [], "open": True, "asked": 1000, "timed_out": 10, "bad_frames": 10}]
    health["journal"]["free_bytes"] = 5 << 20
    health["limits"] = {"room_operations": 3}
    room.handlers["system.health"] = lambda _: health
    findings = {(f["finding"], f["about"]): f for f in english("doctor", "--json").json}
    assert "there is no port /dev/ttyNONE7" in findings[("fault", "serial:///dev/ttyNONE7?baud=9600")]["text"]
    assert "termination" in findings[("fault", "tcp://a:1")]["remedy"]
    assert "address" in findings[("fault", "tcp://b:1")]["remedy"]
    assert ("fault", "tcp://c:1") not in findings
    assert "only 5 MB left" in findings[("fault", "journal")]["text"]
    assert ("note", "limit") in findings


def test_the_doctor_says_when_all_is_well(cli, room, say):
    room.status["board"] = "online"
    got = cli("doctor")
    assert got.code == 0, got.out
    assert say("mọi thứ đều ổn", "all is well") in got.out


def test_the_doctor_works_without_a_room(cli, run, say):
    got = cli("doctor")
    assert got.code == 3 and say("thư mục chạy", "run folder") in got.out and "systemctl start" in got.out


def test_the_doctor_tells_a_version_that_differs(english, room):
    room.handlers["room.describe"] = lambda _: dict(room._room_describe(_), version="9.9.9")
    assert "lecternd 9.9.9" in english("doctor").out


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


# ---- Checking files ----

def test_check_names_every_mistake_with_file_and_line(cli, run, say):
    file = run / "phong.ini"
    file.write_text("[room]\nid = phong-1\nsite = truong\n\n[device projector]\nprofile = epson/eb-l200\n"
                    "line = tcp://10.0.0.1:4352\n\n[scene lesson]\nstep a = projektor.power on\n")
    got = cli("check", str(file))
    assert got.code == 1
    lines = [int(n) for n in re.findall(re.escape(str(file)) + r":(\d+): ", got.out)]
    assert 6 in lines and 10 in lines and lines == sorted(lines)
    assert say("lỗi", "mistakes") in got.out.splitlines()[-1]
    found = cli("check", str(file), "--json").json
    assert {m["line"] for m in found} >= {6, 10} and all(m["text"] and m["file"] == str(file) for m in found)


def test_check_of_good_files_says_so(cli, say):
    got = cli("check", str(ROOT / "profiles" / "classes" / "projector.ini"),
              str(ROOT / "profiles" / "devices" / "epson" / "eb-l200f.ini"))
    assert got.code == 0, got.out
    assert got.out.count(say("không có lỗi", "no mistakes")) == 2


def test_check_of_what_is_no_such_file_is_a_mistake(cli, run):
    (run / "x.ini").write_text("hello\n")
    assert cli("check", str(run / "x.ini")).code == 1
    assert cli("check", str(run / "none.ini")).code == 1
    assert cli("check", "/dev/null").code == 1


# ---- Completion ----

@pytest.mark.parametrize("line, offered", [
    ("lectern sta", ["status"]),
    ("lectern scene ", ["list", "plan", "start", "cancel", "undo", "capture", "show"]),
    ("lectern scene st", ["start"]),
    ("lectern scene start ", ["lesson", "end-of-day"]),
    ("lectern scene start lesson ", []),
    ("lectern scene start --w", ["--wait"]),
    ("lectern --room ", ["phong-thu"]),
    ("lectern --room phong-thu describe pro", ["projector"]),
    ("lectern set ", ["projector.", "audio.", "board."]),
    ("lectern set projector.", ["projector.power", "projector.input", "projector.picture_mute"]),
    ("lectern set projector.power ", ["off", "on"]),
    ("lectern set projector.power o", ["off", "on"]),
    ("lectern set projector.picture_mute ", ["true", "false"]),
    ("lectern get audio", ["audio.", "audio"]),
    ("lectern get projector.power audio.l", ["audio.level"]),
    ("lectern journal --kind st", ["start", "stop", "state", "step"]),
    ("lectern journal --json --dev", ["--device"]),
    ("lectern check no-such-fi", []),
    ("lectern check profiles/rooms/phong-201.in", ["profiles/rooms/phong-201.ini"]),
    ("lectern nonsense ", []),
])
def test_completion_offers_what_may_come_next(english, room, line, offered):
    assert complete(english, line) == offered


def test_completion_without_a_room_is_quiet_and_quick(english, run):
    assert complete(english, "lectern set pro") == []
    assert complete(english, "lectern --r") == ["--room"]
