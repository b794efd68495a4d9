"""lectern timetable: what happens today, closing later, a lesson skipped; and calendars in lectern check."""

import datetime
import time

import pytest

from cli_stage import ROOT, cli, complete, english, room, run, say  # noqa: F401 (fixtures)
from fake_room import Refuse


def at(hour, minute, day=0):
    """Microseconds of a time today (or so many days later); the program runs in Greenwich."""
    when = datetime.datetime.now(datetime.timezone.utc).replace(hour=hour, minute=minute, second=0, microsecond=0) + datetime.timedelta(days=day)
    return int(when.timestamp()) * 1000000


def lesson(uid, hour, minute, state="planned", **more):
    return {"uid": uid, "start": at(hour, minute), "end": at(hour, minute) + 45 * 60 * 10**6, "text": "Tiết " + uid,
            "start_scene": "lesson", "end_scene": "end-of-day", "state": state, **more}


@pytest.fixture
def school(room):
    shown = {"periods": [lesson("1", 7, 0, "ended"), lesson("2", 7, 50, "missed", reason="the room was not there"),
                         lesson("3", 9, 0, "begun"), lesson("4", 9, 50)],
             "closing": {"time": at(18, 0), "scene": "off", "state": "planned", "extended_ms": 1800000, "warn_at": at(17, 50)},
             "holiday": "Khai giảng", "file": "phong.ics", "mistakes": ["phong.ics:12: this event has no DTSTART"],
             "now": at(9, 10)}
    room.handlers["timetable.show"] = lambda p: shown
    room.handlers["timetable.extend"] = lambda p: {"closing": {"time": at(18, 30), "scene": "off", "state": "planned"}}
    room.handlers["timetable.skip"] = lambda p: lesson(p["uid"], 9, 0, "skipped")
    return room


def test_the_day_is_shown_with_what_became_of_each_lesson(cli, school, say):
    out = cli("timetable").out
    today = datetime.datetime.now(datetime.timezone.utc)
    assert today.strftime(say("%d/%m/%Y", "%Y-%m-%d")) in out.splitlines()[0] and "Khai giảng" in out.splitlines()[0]
    rows = {row.split()[0]: row for row in out.splitlines()[1:] if row.strip()}
    assert "Tiết 1" in rows["07:00–07:45"] and say("đã xong", "ended") in rows["07:00–07:45"]
    assert say("bị lỡ", "missed") in rows["07:50–08:35"] and "the room was not there" in rows["07:50–08:35"]
    assert "lesson → end-of-day" in rows["09:00–09:45"] and say("đang diễn ra", "begun") in rows["09:00–09:45"]
    assert say("đóng phòng", "closing") in rows["18:00"] and say("lùi 30 phút", "30 min 0 s later") in rows["18:00"]
    assert "phong.ics:12: this event has no DTSTART" in out
    assert school.calls("timetable.show")[-1] == {"days": 1}
    assert cli("timetable", "--json").json["periods"][0]["uid"] == "1"


def test_another_day_can_be_named(cli, school):
    for given, wanted in (("2026-11-24", "2026-11-24"), ("24/11/2026", "2026-11-24"),
                          ("tomorrow", str(datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(days=1))),
                          ("mai", str(datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(days=1)))):
        assert cli("timetable", given, "--days", "3").code == 0
        assert school.calls("timetable.show")[-1] == {"day": wanted, "days": 3}
    for wrong in (["yesterweek"], ["2026-13-01"], ["24/11"], ["--days", "0"], ["--days", "32"], ["--days", "many"]):
        assert cli("timetable", *wrong).code == 2, wrong


def test_a_room_without_a_timetable_says_so(cli, room, say):
    room.handlers["timetable.show"] = lambda p: {"periods": [], "mistakes": [], "now": int(time.time() * 1e6)}
    got = cli("timetable")
    assert got.code == 0 and got.out.strip() == say("phòng này không có thời khóa biểu", "this room has no timetable")


def test_closing_is_put_off(cli, school, say):
    assert cli("timetable", "extend").out.strip() == say("phòng đóng lúc 18:30", "the room closes at 18:30")
    assert school.calls("timetable.extend")[-1] == {}
    assert cli("timetable", "extend", "15min").code == 0
    assert school.calls("timetable.extend")[-1] == {"ms": 900000}
    assert cli("timetable", "extend", "later").code == 2

    def late(params):
        raise Refuse(-32002, "closing cannot be later than midnight")
    school.handlers["timetable.extend"] = late
    got = cli("timetable", "extend")
    assert got.code == 1 and "midnight" in got.err


def test_a_lesson_is_skipped_by_its_time_its_uid_or_as_the_next_one(cli, school, say):
    for words, uid in (([], "3"), (["09:50"], "4"), (["2"], "2")):
        got = cli("timetable", "skip", *words)
        assert got.code == 0, got.err
        assert school.calls("timetable.skip")[-1]["uid"] == uid
    assert say("bỏ qua 09:00–09:45", "skipped 09:00–09:45") in cli("timetable", "skip").out
    assert cli("timetable", "skip", "10:10").code == 2
    school.handlers["timetable.show"] = lambda p: {"periods": [lesson("1", 7, 0)], "file": "x", "mistakes": [], "now": at(12, 0)}
    assert cli("timetable", "skip").code == 1


ROOM = """[room]
id = phong-9
site = school

[device lights]
profile = waveshare/io-8ch-lights
line = modbus+rtu:///dev/ttyUSB3?baud=9600&slave=1

[scene lesson]
step front = lights.front on

[timetable]
file = lessons.ics
start = lesson
"""

CALENDAR = """BEGIN:VCALENDAR
BEGIN:VEVENT
UID:1
DTSTART:20261123T070000
DURATION:PT45M
X-LECTERN-START:leson
END:VEVENT
END:VCALENDAR
"""


def test_check_tells_the_mistakes_of_a_rooms_calendars(cli, tmp_path):
    (tmp_path / "room.ini").write_text(ROOM)
    got = cli("check", tmp_path / "room.ini")
    assert got.code == 1 and "lessons.ics: this calendar cannot be read: No such file or directory" in got.out
    (tmp_path / "lessons.ics").write_text(CALENDAR)
    got = cli("check", tmp_path / "room.ini")
    assert got.code == 1 and '''lessons.ics:6: X-LECTERN-START: this room has no scene "leson" (did you mean "lesson"?)''' in got.out
    (tmp_path / "lessons.ics").write_text(CALENDAR.replace("leson", "lesson"))
    got = cli("check", tmp_path / "room.ini")
    assert got.code == 0, got.out


def test_the_calendars_that_are_shipped_are_clean(cli, say):
    for room in sorted((ROOT / "profiles" / "rooms").glob("*.ini")):
        got = cli("check", room)
        assert got.code == 0 and got.out == "%s: %s\n" % (room, say("không có lỗi", "no mistakes")), got.out


def test_check_reads_a_calendar_by_itself(cli, tmp_path, say):
    (tmp_path / "a.ics").write_text(CALENDAR)
    got = cli("check", tmp_path / "a.ics")
    assert got.code == 0 and say("không có lỗi", "no mistakes") in got.out
    (tmp_path / "b.ics").write_text("not a calendar")
    rows = cli("check", "--json", tmp_path / "b.ics").json
    assert [(row["line"], row["severity"]) for row in rows] == [(1, "error")]
    assert rows[0]["text"] == '"not a calendar" is no line of a calendar, expected NAME:VALUE'


def test_the_commands_are_completed(cli, room):
    assert {"extend", "skip"} <= set(complete(cli, "lectern timetable "))
    assert "timetable" in complete(cli, "lectern journal --kind t")
