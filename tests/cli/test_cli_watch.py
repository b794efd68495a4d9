"""lectern watch: what is, what changes, and a room that is lost and comes back."""

import json
import signal
import subprocess

from cli_stage import PATIENCE, Reader, cli, english, room, run, say  # noqa: F401 (fixtures)
from fake_room import value


def test_watch_shows_what_is_and_then_what_changes(cli, room, say):
    process = cli.start("watch", "projector", stdout=subprocess.PIPE)
    reader = Reader(process)
    reader.until(r"projector.power = off")
    reader.until(r"projector.lamp.hours = 1234 h")
    room.set_point("projector", "power", value("warming", wanted="on"))
    reader.until(r"projector.power = warming → on")
    room.set_point("audio", "level", value(-3.0))  # not asked for
    room.set_status("projector", "away", "no reply in 2 s")
    assert "audio" not in reader.until(say("mất kết nối: no reply", "away: no reply"))
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE) == 0


def test_watch_recovers_what_was_lost(english, room):
    process = english.start("watch", "projector.power", stdout=subprocess.PIPE)
    reader = Reader(process)
    reader.until(r"projector.power = off")
    room.lose = 1
    room.set_point("projector", "power", value("on"))
    reader.until(r"projector.power = on")
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0


def test_watch_says_when_the_room_is_lost_and_when_it_is_back(cli, room, say):
    process = cli.start("watch", "projector.power", stdout=subprocess.PIPE)
    reader = Reader(process)
    reader.until(r"projector.power = off")
    room.stop()
    reader.until(say("mất liên lạc với phòng", "the room is out of reach"))
    room.values["projector"]["power"] = value("on")
    room.start()
    reader.until(say("đã nối lại với phòng", "the room is back"))
    reader.until(r"projector.power = on")
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE) == 0


def test_watch_in_json_is_one_document_a_line(english, room):
    process = english.start("watch", "--json", "--events", "projector.power", stdout=subprocess.PIPE)
    reader = Reader(process)
    first = json.loads(reader.until("."))
    assert first == {"target": "projector.power", "value": "off", "quality": "good", "time": 1790000000000000}
    room.event("event", "projector", {"device": "projector", "event": "remote", "data": {"key": "power"}})
    assert json.loads(reader.until("event"))["event"]["event"] == "remote"
    room.set_point("projector", "power", value("on", "bad", reason="odd", simulated=True))
    assert json.loads(reader.until("odd")) == {"target": "projector.power", "value": "on", "quality": "bad", "reason": "odd",
                                               "simulated": True, "time": 1790000000000000}
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE) == 0


def test_watch_ends_by_itself_after_a_count(english, room):
    got = english("watch", "--count", "2")
    assert got.code == 0 and len(got.out.splitlines()) == 2


def test_watch_of_a_name_that_is_not_there_does_not_wait_for_ever(cli, room):
    assert cli("watch", "projector.pwer").code == 2
    assert cli("watch", "projektor").code == 2
