"""Lessons that start by themselves, in a real room: an .ics file whose lessons are seconds away. The daemon's clock is that of a zone in
which it is about eleven in the morning, so that no test comes near midnight."""

import datetime
import getpass
import json
import os
import pathlib
import signal
import time

import pytest

from conftest import wait
from lectern_client import RoomError

ME = getpass.getuser()

ROOM = """
[room]
id = phong-9
site = school

[device lights]
profile = waveshare/io-8ch-lights
line = modbus+rtu:///dev/ttyUSB3?baud=9600&slave=1

[device air]
profile = generic/xy-md02
line = modbus+rtu:///dev/ttyUSB1?baud=9600&slave=3

[scene lesson]
step front = lights.front on
step rear  = lights.rear on

[scene film]
step front = lights.front off

[scene end-of-day]
step front = lights.front off
step rear  = lights.rear off

[experiment cooling]
channel t = air.temperature, rate 10Hz

[timetable]
file = lessons.ics
holidays = holidays.ics
"""


def zone():
    """A zone, and its offset, in which it is between 11 and 12 o'clock."""
    hours = 11 - datetime.datetime.now(datetime.timezone.utc).hour
    return "TST%+d" % -hours, datetime.timedelta(hours=hours)


TZ, OFFSET = zone()


def local(us):
    return datetime.datetime.fromtimestamp(us / 1e6, datetime.timezone.utc) + OFFSET


def stamp(at):
    return local(at * 1e6).strftime("%Y%m%dT%H%M%S")


def event(uid, start, end, *lines):
    """Whole seconds: iCalendar knows no others."""
    return ["BEGIN:VEVENT", "UID:" + uid, "SUMMARY:Tiết " + uid, "DTSTART:" + stamp(start), "DTEND:" + stamp(end), *lines,
            "END:VEVENT"]


def calendar(*events):
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", *(line for e in events for line in e), "END:VCALENDAR", ""])


class School:
    """A room with a timetable."""

    def __init__(self, stage):
        self.stage = stage
        self.lessons()
        self.holidays()

    def lessons(self, *events):
        self.stage.file("lessons.ics", calendar(*events))

    def holidays(self, *events):
        self.stage.file("holidays.ics", calendar(*events))

    def follow(self, *events):
        """The room follows these lessons from now on."""
        self.lessons(*events)
        self.room.call("room.reload")

    def open(self, keys=""):
        self.stage.use(ROOM + keys)
        self.sim = self.stage.sim()
        self.daemon = self.start()
        self.room = self.stage.room()
        self.stage.online(self.room)
        return self

    def start(self):
        return self.stage.daemon(env={"TZ": TZ})

    def show(self, **params):
        return self.room.call("timetable.show", **params)

    def period(self, uid, **params):
        return next((p for p in self.show(**params)["periods"] if p["uid"] == uid), None)

    def becomes(self, uid, state, seconds=None):
        return wait(lambda: (lambda p: p if p and p["state"] == state else None)(self.period(uid)), seconds,
                    "%s %s" % (uid, state))

    def light(self, point, value):
        wait(lambda: self.room.call("point.read", target="lights." + point)["value"] is value, what="%s %s" % (point, value))

    def write(self, point, value):
        self.room.call("point.write", target="lights." + point, value=value, timeout=30, retry=30)

    def journal(self, what):
        """The entries of the timetable about that."""
        rows = self.room.call("journal.read", kind="timetable", limit=1000)["entries"]
        return [row for row in rows if row["data"]["what"] == what]

    def started(self, scene, *by):
        """Waits until the journal says that the scene was started by these, and by nobody else."""
        wait(lambda: len(self.scenes(scene)) >= len(by), what=scene)
        assert self.scenes(scene) == list(by)

    def scenes(self, scene):
        """Who started that scene, each time."""
        rows = self.room.call("journal.read", kind="scene", limit=1000)["entries"]
        return [row["principal"] for row in rows if row["name"] == scene and row["data"].get("what", "started") == "started"
                and "verdict" not in row["data"]]


@pytest.fixture
def school(stage):
    return School(stage)


def soon(seconds=3):
    return int(time.time()) + seconds


def test_a_lesson_starts_and_ends_by_itself(school):
    school.open("start = lesson\nend = end-of-day\n")
    room, start = school.room, soon(1)
    school.follow(event("1", start, start + 600))
    school.becomes("1", "begun")
    assert time.time() >= start
    school.light("front", True)
    school.light("rear", True)
    school.started("lesson", "timetable")
    end = soon(2)
    school.follow(event("1", start, end))  # it ends only once all that was seen
    school.becomes("1", "ended")
    assert time.time() >= end
    school.light("front", False)
    school.started("end-of-day", "timetable")
    told = wait(lambda: [e["data"]["what"] for e in room.call("journal.read", kind="timetable")["entries"]][-2:] ==
                ["begun", "ended"] and school.journal("begun")[0], what="the journal")
    assert told["data"]["uid"] == "1" and told["data"]["scene"] == "lesson" and told["principal"] == "timetable"


def test_an_event_says_its_own_scenes(school):
    start = soon(0)
    school.lessons(event("1", start, start + 600, "X-LECTERN-START:end-of-day"),
                   event("2", start + 1, start + 500, "X-LECTERN-START:none"))
    school.open("start = lesson\n")
    school.becomes("1", "begun")
    school.becomes("2", "begun")
    school.started("end-of-day", "timetable")
    assert school.scenes("lesson") == []
    shown = school.period("1")
    assert shown["start_scene"] == "end-of-day" and "end_scene" not in shown
    assert "start_scene" not in school.period("2")


def test_killed_in_the_middle_nothing_is_repeated_and_nothing_is_missed(school):
    start = soon(3)
    school.lessons(event("1", start, start + 600), event("2", start + 600, start + 1200))
    school.open("start = lesson\nend = end-of-day\n")
    # Killed before: what it was not there for is caught up.
    school.daemon.kill()
    wait(lambda: time.time() > start + 0.2, what="the start of the lesson")
    school.daemon = school.start()
    school.becomes("1", "begun")
    school.light("front", True)
    school.started("lesson", "timetable")
    # Killed after: nothing is done again, though a person has switched off meanwhile.
    school.write("front", False)
    for _ in range(2):
        school.daemon.kill()
        school.daemon = school.start()
        school.becomes("1", "begun")
    school.stage.online(school.room)
    school.light("front", False)
    school.started("lesson", "timetable")
    assert len(school.journal("begun")) == 1


def test_a_kill_at_the_very_start_neither_misses_nor_repeats(school):
    school.open("start = lesson\n")
    room, start = school.room, soon(1)
    school.follow(event("1", start, start + 600))
    # As soon as anything is seen of the scene; at the latest when it is over.
    wait(lambda: room.call("state.snapshot")["runs"] or school.scenes("lesson"), what="the scene")
    school.daemon.kill()
    school.daemon = school.start()
    school.stage.online(room)
    school.becomes("1", "begun")
    school.light("front", True)
    school.light("rear", True)
    school.started("lesson", "timetable")


def test_a_start_that_nobody_was_there_for_is_missed_visibly(school):
    start = soon(3)
    school.lessons(event("1", start, start + 600))
    school.open("start = lesson\ncatch-up = 0\n")
    school.daemon.end()
    school.lessons(event("1", start, start + 600), event("2", start - 3600, start + 600))
    wait(lambda: time.time() > start, what="the start of the lesson")
    school.daemon = school.start()
    # Half a minute late is still in time; an hour is not.
    school.becomes("1", "begun")
    missed = school.becomes("2", "missed")
    assert "was not there" in missed["reason"]


def test_an_end_waits_for_a_recording_and_says_so(school):
    school.open("start = lesson\nend = end-of-day\n")
    room = school.room
    room.call("experiment.start", experiment="cooling")
    start = soon(0)
    school.follow(event("1", start, start + 600))
    school.becomes("1", "begun")
    school.follow(event("1", start, soon(1)))
    held = school.becomes("1", "held")
    assert held["reason"] == "waits for the end of a recording: cooling"
    assert (held["code"], held["about"]) == ("recording", "cooling")
    wait(lambda: [e["data"]["code"] for e in school.journal("held")] == ["recording"], what="the journal")
    school.light("front", True)
    assert school.scenes("end-of-day") == []
    room.call("experiment.stop")
    school.becomes("1", "ended")
    school.light("front", False)


def test_nothing_is_switched_off_between_two_lessons(school):
    school.open("start = lesson\nend = end-of-day\n")
    start = soon(0)
    school.follow(event("1", start, start + 600))
    school.becomes("1", "begun")
    end = soon(1)
    school.follow(event("1", start, end), event("2", end + 1, end + 600))
    ended = school.becomes("1", "ended")
    assert "nothing is switched off" in ended["reason"]
    school.becomes("2", "begun")
    assert school.scenes("end-of-day") == []


def closing_in(seconds):
    """The next full minute that is at least so far away, as a key of the room file and in microseconds."""
    at = (int(time.time()) + seconds + 59) // 60 * 60
    return "closing = %s end-of-day\n" % local(at * 1e6).strftime("%H:%M"), at * 1000000


def test_closing_is_announced_put_off_and_shown(school):
    key, at = closing_in(120)
    school.open(key + "warn = 1h\nextend = 20min\n")
    room = school.room
    closing = wait(lambda: room.call("state.snapshot")["timetable"].get("closing"), what="closing")
    assert closing["time"] == at and closing["warning"] is True and closing["extend_ms"] == 20 * 60000
    assert closing["scene"] == "end-of-day"
    room.subscribe(("timetable",))
    later = room.call("timetable.extend")["closing"]
    assert later["time"] == at + 20 * 60000000 and later["extended_ms"] == 20 * 60000 and later["state"] == "planned"
    event = room.next_event()
    assert event["kind"] == "timetable" and event["body"]["closing"]["time"] == later["time"]
    assert room.call("timetable.extend", ms=60000)["closing"]["time"] == at + 21 * 60000000
    assert school.show()["closing"]["warn_at"] == at + 21 * 60000000 - 3600 * 1000000
    with pytest.raises(RoomError) as refused:
        room.call("timetable.extend", ms=5)
    assert refused.value.code == -32602
    wait(lambda: [e["principal"] for e in school.journal("extended")] == [ME, ME], what="the journal")
    # It is remembered.
    school.daemon.kill()
    school.daemon = school.start()
    wait(lambda: school.show().get("closing", {}).get("time") == at + 21 * 60000000, what="the later closing")


def test_a_closing_that_was_missed_comes_with_its_warning(school):
    minute = int(time.time()) // 60 * 60 - 600
    key = "closing = %s end-of-day\nwarn = 1s\n" % local(minute * 1e6).strftime("%H:%M")
    school.open(key)
    wait(lambda: school.show()["closing"]["state"] == "ended", what="closing")
    school.started("end-of-day", "timetable")
    assert school.show()["closing"]["time"] > minute * 1000000


def test_holidays_cancel_lessons_and_are_told(school):
    start = soon(3)
    today = local(time.time() * 1e6).strftime("%Y%m%d")
    school.lessons(event("1", start, start + 600))
    school.holidays(["BEGIN:VEVENT", "UID:h", "SUMMARY:Quốc khánh", "DTSTART;VALUE=DATE:" + today, "END:VEVENT"])
    school.open("start = lesson\n")
    skipped = school.becomes("1", "skipped")
    assert skipped["reason"] == "Quốc khánh"
    assert school.show()["holiday"] == "Quốc khánh"
    assert school.room.call("state.snapshot")["timetable"]["holiday"] == "Quốc khánh"
    wait(lambda: time.time() > start + 1.5, what="the time of the lesson")
    assert school.scenes("lesson") == []


def test_a_skipped_lesson_does_not_start(school):
    school.open("start = lesson\n")
    room, start = school.room, soon(8)
    school.follow(event("1", start, start + 600), event("2", start, start + 600, "X-LECTERN-START:film"))
    school.becomes("1", "planned")
    skipped = room.call("timetable.skip", uid="1", start=start * 1000000)
    assert skipped["state"] == "skipped" and skipped["reason"] == "skipped by " + ME
    school.becomes("2", "begun")
    school.started("film", "timetable")
    assert school.scenes("lesson") == [] and school.period("1")["state"] == "skipped"
    for params, code in (({"uid": "3", "start": start * 1000000}, -32001), ({"uid": "1", "start": 5}, -32001),
                         ({"uid": "1"}, -32602), ({"start": 5}, -32602), ({"uid": "1", "start": "x"}, -32602)):
        with pytest.raises(RoomError) as refused:
            room.call("timetable.skip", **params)
        assert refused.value.code == code, params


def test_what_a_person_has_just_changed_is_left_alone(school):
    school.open("start = lesson\n")
    school.write("rear", True)
    school.write("front", True)
    school.write("front", False)
    school.write("rear", False)
    start = soon(0)
    school.follow(event("1", start, start + 600))
    school.becomes("1", "begun")
    run = wait(lambda: next(iter(school.room.call("journal.read", kind="step", limit=100)["entries"]), None), what="steps")
    assert run["data"]["verdict"] == "overridden"
    assert run["data"]["reason"].startswith("left alone: %s changed it at " % ME), run
    assert school.room.call("point.read", target="lights.front")["value"] is False


def test_a_hand_at_the_switch_is_left_alone(school):
    school.open("start = lesson\n")
    school.light("front", False)
    school.sim.call("sim.remote", device="lights", point="front", value=True)
    school.light("front", True)
    start = soon(0)
    school.follow(event("1", start, start + 600, "X-LECTERN-START:film"))
    school.becomes("1", "begun")
    step = wait(lambda: next(iter(school.room.call("journal.read", kind="step", limit=100)["entries"]), None), what="steps")
    assert step["data"]["verdict"] == "overridden" and "at the device" in step["data"]["reason"], step
    school.light("front", True)


def test_a_new_calendar_is_read_by_a_reload_and_a_broken_one_changes_nothing(school):
    start = soon(1000)
    school.lessons(event("1", start, start + 600))
    school.open("start = lesson\n")
    room = school.room
    school.becomes("1", "planned")
    school.lessons(event("1", start, start + 600), event("2", start + 700, start + 1300))
    room.call("room.reload")
    school.becomes("2", "planned")
    school.stage.file("lessons.ics", "BEGIN:VCALENDAR\nhalf a fi")
    room.call("room.reload")
    shown = wait(lambda: (lambda s: s if s["mistakes"] else None)(school.show()), what="mistakes")
    assert shown["mistakes"] == ['lessons.ics:2: "half a fi" is no line of a calendar, expected NAME:VALUE']
    assert {p["uid"] for p in shown["periods"]} == {"1", "2"}
    # One wrong event leaves only itself out.
    school.lessons(event("1", start, start + 600), event("3", start, start - 600))
    room.call("room.reload")
    shown = wait(lambda: (lambda s: s if len(s["periods"]) == 1 else None)(school.show()), what="the new calendar")
    assert shown["mistakes"] == ["lessons.ics:13: this event ends before it begins (DTSTART is in line 12)"]


def test_a_timetable_comes_and_goes_with_the_room_file(school):
    start = soon(1000)
    school.lessons(event("1", start, start + 600))
    school.open("start = lesson\n")
    room = school.room
    school.becomes("1", "planned")
    with_it = school.stage.room_file.read_text()
    school.stage.room_file.write_text(with_it[:with_it.index("[timetable]")])
    room.call("room.reload")
    assert school.show()["periods"] == [] and "file" not in school.show()
    assert "timetable" not in room.call("state.snapshot")
    with pytest.raises(RoomError) as refused:
        room.call("timetable.extend")
    assert refused.value.code == -32006
    school.stage.room_file.write_text(with_it)
    room.call("room.reload")
    school.becomes("1", "planned")


def test_who_waits_for_days_of_a_timetable_that_goes_is_told(school):
    start = soon(1000)
    school.lessons(event("1", start, start + 600))
    school.open("start = lesson\n")
    school.becomes("1", "planned")
    text = school.stage.room_file.read_text()
    school.stage.room_file.write_text(text[:text.index("[timetable]")])
    far = str((local(time.time() * 1e6) + datetime.timedelta(days=300)).date())
    school.daemon.process.send_signal(signal.SIGSTOP)  # it finds both at once: the one is not answered before the other has come
    for id, method, params in (("show", "timetable.show", {"day": far}), ("reload", "room.reload", {})):
        school.room.send_raw(json.dumps({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).encode())
    school.daemon.process.send_signal(signal.SIGCONT)
    answers = {}
    while len(answers) < 2:
        frames = school.room.receive_raw()
        assert frames, answers
        answer = json.loads(frames[-1])
        answers[answer["id"]] = answer
    assert "result" in answers["reload"]
    assert "ask again" in answers["show"]["error"]["message"], answers


def test_other_days_can_be_asked_for(school):
    start = soon(1000)
    school.lessons(event("1", start, start + 600, "RRULE:FREQ=DAILY"))
    school.open("start = lesson\nclosing = 17:30 end-of-day\n")
    school.becomes("1", "planned")
    day = local(time.time() * 1e6).date()
    assert len(school.show(days=31)["periods"]) == 31
    tomorrow = school.show(day=str(day + datetime.timedelta(days=1)))
    assert [p["start"] for p in tomorrow["periods"]] == [(start + 86400) * 1000000]
    assert tomorrow["closing"]["state"] == "planned" and local(tomorrow["closing"]["time"]).strftime("%H:%M") == "17:30"
    far = school.show(day=str(day + datetime.timedelta(days=300)), days=2)
    assert [p["start"] for p in far["periods"]] == [(start + 300 * 86400) * 1000000, (start + 301 * 86400) * 1000000]
    for params in ({"day": "tomorrow"}, {"day": "2026-02-30"}, {"day": "2026-2-3"}, {"day": 5}, {"days": 0}, {"days": 32},
                   {"days": "x"}, {"from": 1}):
        with pytest.raises(RoomError) as refused:
            school.show(**params)
        assert refused.value.code == -32602, params


def test_rules_that_lead_nowhere_do_not_hold_up_the_room(school):
    start = soon(1000)
    wrong = event("x", start - 86400 * 2000, start - 86400 * 2000 + 600, "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30")
    school.open("start = lesson\n")
    children = pathlib.Path("/proc/%d/task/%d/children" % (2 * (school.daemon.process.pid,)))
    school.lessons(event("1", start, start + 600), *([wrong] * 20))
    school.room.call("room.reload")
    reader = int(wait(children.read_text, what="somebody to read it").split()[0])
    os.kill(reader, signal.SIGSTOP)  # however long it takes
    for _ in range(3):
        assert school.show()["mistakes"] == []
    os.kill(reader, signal.SIGCONT)
    told = wait(lambda: school.show()["mistakes"], 60, "the calendar")
    assert "took longer than" in told[0], told
    school.becomes("1", "planned")


def test_reloads_while_the_calendar_is_being_read_end_in_the_newest(school):
    start = soon(1000)
    school.lessons(event("1", start, start + 600))
    school.open("start = lesson\n")
    for number in range(2, 12):
        school.lessons(event(str(number), start, start + 600))
        school.room.call("room.reload")
    school.becomes("11", "planned")
    assert [p["uid"] for p in school.show()["periods"]] == ["11"] and school.show()["mistakes"] == []
