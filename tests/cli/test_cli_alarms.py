"""lectern alarm: what stands, who sees to it, what is put aside; and the line about alarms in status, doctor, watch and journal."""

import subprocess

import pytest

from cli_stage import PATIENCE, Reader, cli, complete, english, room, run, say  # noqa: F401 (fixtures)
from fake_room import T0, Refuse

AWAY = {"alarm": "projector.away", "raise": 17, "state": "raised", "severity": "error", "device": "projector",
        "text": {"vi": "Mất kết nối với Máy chiếu.", "en": "Projector is away."}, "reason": "no reply in 2 s",
        "remedy": {"vi": "Kiểm tra nguồn.", "en": "Check its power."}, "raised": T0}
STUFFY = {"alarm": "co2-high", "raise": 18, "state": "acknowledged", "severity": "warning", "device": "comfort", "point": "co2",
          "value": 1612.5, "limit": 1500, "side": "above", "by": "Lan", "note": "mở cửa sổ rồi", "acknowledged": T0,
          "text": {"vi": "Ngột ngạt: 1612,5 ppm (giới hạn trên 1500 ppm).", "en": "Stuffy: 1612.5 ppm (upper limit 1500 ppm)."},
          "raised": T0, "chatters": True, "times": 9}
ASIDE = {"alarm": "board.away", "state": "cleared", "severity": "error", "device": "board", "text": {"vi": "Bảng", "en": "Board"},
         "shelved_until": T0 + 3600 * 10**6, "shelved_by": "An", "shelved_reason": "đang sửa"}
RULES = [{"alarm": "co2-high", "target": "comfort.co2", "above": 1500, "hysteresis": 100, "delay_ms": 300000,
          "severity": "warning", "label": {"vi": "Ngột ngạt", "en": "Stuffy"}},
         {"alarm": "projector.away", "target": "projector", "delay_ms": 60000, "severity": "error",
          "label": {"vi": "Mất kết nối", "en": "Away"}}]


@pytest.fixture
def alarmed(room):
    def listed(params):
        answer = {"alarms": [AWAY, STUFFY], "shelved": [ASIDE], "rules": RULES}
        if params.get("ended"):
            answer["ended"] = [dict(AWAY, state="cleared", cleared=T0 + 10**6, **{"raise": 3})]
        return answer
    room.handlers["alarm.list"] = listed
    room.handlers["alarm.ack"] = lambda p: dict(AWAY, state="acknowledged", by="Lan", note=p.get("note", ""))
    room.handlers["alarm.shelve"] = lambda p: dict(AWAY, shelved_until=T0, shelved_by="Lan", shelved_reason=p["reason"])
    room.handlers["alarm.unshelve"] = lambda p: AWAY
    return room


def test_what_stands_is_listed_with_what_to_do(cli, alarmed, say):
    out = cli("alarm", "list").out
    assert say("lỗi", "error") in out and "projector.away" in out
    assert say("Mất kết nối với Máy chiếu.", "Projector is away.") in out
    assert say("Nên thử: Kiểm tra nguồn.", "What to do: Check its power.") in out and "no reply in 2 s" in out
    assert say("đã nhận (Lan), chập chờn", "acknowledged (Lan), chattering") in out and "mở cửa sổ rồi" in out
    assert "board.away (An): đang sửa" in out
    assert alarmed.calls("alarm.list")[-1] == {"ended": 0}
    assert [a["alarm"] for a in cli("alarm", "list", "--json").json["alarms"]] == ["projector.away", "co2-high"]


def test_what_cleared_and_the_rules_are_listed_when_asked_for(cli, alarmed, say):
    out = cli("alarm", "list", "--ended", "5").out
    assert say("đã hết", "cleared") in out and alarmed.calls("alarm.list")[-1] == {"ended": 5}
    out = cli("alarm", "list", "--rules").out
    assert say("comfort.co2 ≥ 1500", "comfort.co2 ≥ 1500") in out and say("5 phút", "5 min") in out
    for wrong in ("0", "101", "many", "-1"):
        assert cli("alarm", "list", "--ended", wrong).code == 2


def test_no_alarm_is_said_plainly(cli, room, say):
    room.handlers["alarm.list"] = lambda _: {"alarms": [], "shelved": [], "rules": []}
    got = cli("alarm", "list")
    assert got.code == 0 and got.out.strip() == say("không có báo động nào", "no alarm stands")


def test_acknowledging_sends_the_note(cli, alarmed, say):
    got = cli("alarm", "ack", "projector.away", "đã gọi kỹ thuật")
    assert got.code == 0 and say("đã nhận (Lan)", "acknowledged (Lan)").split(" ")[0] in got.out
    assert alarmed.calls("alarm.ack") == [{"alarm": "projector.away", "note": "đã gọi kỹ thuật"}]
    assert cli("alarm", "ack", "projector.away", "--json").json["by"] == "Lan"
    assert alarmed.calls("alarm.ack")[-1] == {"alarm": "projector.away"}


def test_shelving_takes_times_up_to_thirty_days(cli, alarmed, say):
    for text, ms in (("1min", 60000), ("90min", 5400000), ("2h", 7200000), ("7d", 604800000), ("30d", 2592000000)):
        assert cli("alarm", "shelve", "board.away", text, "đang sửa").code == 0
        assert alarmed.calls("alarm.shelve")[-1] == {"alarm": "board.away", "for_ms": ms, "reason": "đang sửa"}
    n = len(alarmed.calls("alarm.shelve"))
    for wrong in ("59s", "31d", "0d", "soon", "d", "2 h"):
        got = cli("alarm", "shelve", "board.away", wrong, "x")
        assert got.code == 2 and say("30d", "30d") in got.err, wrong
    assert cli("alarm", "shelve", "board.away", "2h").code == 2, "a reason is wanted"
    assert len(alarmed.calls("alarm.shelve")) == n
    assert say("gác lại", "shelved") in cli("alarm", "shelve", "board.away", "2h", "x").out
    assert cli("alarm", "unshelve", "board.away").code == 0
    assert alarmed.calls("alarm.unshelve") == [{"alarm": "board.away"}]


def test_a_refusal_is_told(cli, room):
    def no(_):
        raise Refuse(-32001, 'the room has no alarm "x" (did you mean help?)', reason='the room has no alarm "x" (did you mean help?)')
    room.handlers["alarm.ack"] = no
    got = cli("alarm", "ack", "x")
    assert got.code != 0 and "help" in got.err


def test_status_and_doctor_have_one_line_about_alarms(cli, room, say):
    assert "alarm list" not in cli("status").out
    real = room._state_snapshot
    room.handlers["state.snapshot"] = lambda p: dict(real(p), alarms=[STUFFY, AWAY, dict(AWAY, alarm="x", severity="critical", shelved_until=T0)])
    assert say("2 báo động, nặng nhất: lỗi", "2 alarms, the gravest: error") in cli("status").out
    health = room._system_health
    room.handlers["system.health"] = lambda p: dict(health(p), alarms={"standing": 2, "shelved": 1, "rules": 9, "worst": "error"})
    out = cli("doctor").out
    assert say("2 đang báo, nặng nhất: lỗi, 1 được gác lại", "2 standing, the gravest: error, 1 shelved") in out


def test_watch_shows_alarms_as_they_come(cli, room, say):
    process = cli.start("watch", "projector", stdout=subprocess.PIPE)
    reader = Reader(process)
    reader.until("projector.power")
    room.event("alarm", "projector.away", AWAY)
    reader.until("projector.away: " + say("Mất kết nối với Máy chiếu.", "Projector is away.").replace(".", r"\."))
    process.terminate()
    process.wait(PATIENCE)


def test_the_journal_reads_as_a_sentence(cli, room, say):
    room.log("alarm", name="co2-high", device="comfort", data={"what": "raised", "raise": 18, "severity": "warning", "value": 1612.5})
    room.log("alarm", name="co2-high", principal="Lan", data={"what": "acknowledged", "raise": 18, "severity": "warning", "note": "seen"})
    out = cli("journal").out
    assert say("co2-high: báo động (cảnh báo) 1612.5", "co2-high: raised (warning) 1612.5") in out
    assert say("co2-high: đã nhận", "co2-high: acknowledged") in out and "seen" in out and "(Lan)" in out


def test_names_are_completed(english, alarmed):
    assert complete(english, "lectern alarm ") == ["ack", "list", "shelve", "unshelve"] or \
        sorted(complete(english, "lectern alarm ")) == ["ack", "list", "shelve", "unshelve"]
    assert complete(english, "lectern alarm ack co") == ["co2-high"]
