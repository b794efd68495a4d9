"""lectern journal."""

import json
import signal
import subprocess

from cli_stage import PATIENCE, Reader, cli, english, room, run, say  # noqa: F401 (fixtures)


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
