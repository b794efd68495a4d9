"""lectern doctor and lectern check: what is wrong with a room, and with its files."""

import re

from cli_stage import ROOT, cli, english, room, run, say  # noqa: F401 (fixtures)


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
