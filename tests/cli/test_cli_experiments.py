"""lectern experiment: the list, starting, stopping, marks and samples by hand, help and completion."""

import subprocess

import pytest

from cli_stage import PATIENCE, cli, complete, english, room, run, say  # noqa: F401 (fixtures)
from fake_room import Refuse
from lab_stage import RUN, a_run, lab, shown  # noqa: F401 (fixture)


# ---- The list ----

def test_experiments_are_listed_with_what_is_being_recorded(cli, lab, say):
    lab.under_way["cooling"] = RUN
    out = cli("experiment", "list").out
    assert say("Định luật làm nguội Newton", "Newton's law of cooling") in out
    assert "water, air" in out and say("20 phút 0 s", "20 min 0 s") in out and RUN in out
    assert say("đến khi dừng", "until stopped") in out  # boyle has no duration
    assert "Định luật Boyle" in out  # has no English
    assert [e["experiment"] for e in cli("experiment", "list", "--json").json] == ["cooling", "boyle"]


# ---- Starting ----

def test_a_start_sends_the_fields_and_says_the_run(cli, lab, room, say):
    got = cli("experiment", "start", "cooling", "class=10A1", "note=nước = 80 °C", "group=", "operator=Nguyễn Thị Lan")
    assert got.code == 0, got.err
    assert RUN in got.out and say("đang ghi", "recording") in got.out
    assert room.calls("experiment.start") == [{"experiment": "cooling", "operator": "Nguyễn Thị Lan",
                                               "metadata": {"class": "10A1", "note": "nước = 80 °C", "group": ""}}]
    assert cli("experiment", "start", "cooling", "--json").json["run"] == RUN


@pytest.mark.parametrize("field", ["10A1", "=10A1", ""])
def test_a_field_without_a_name_or_an_equals_sign_is_wrong_use(cli, lab, room, say, field):
    got = cli("experiment", "start", "cooling", "class=10A1", field)
    assert got.code == 2 and got.out == ""
    assert say("phải có dạng mục=nội-dung", "it must be field=text") in got.err
    assert room.calls("experiment.start") == []
    assert cli("experiment", "start", "cooling", field, "--json").json["error"]["exit"] == 2


def test_a_text_that_is_no_utf8_is_refused_rather_than_left_out(cli, lab, room, say):
    for args in (["start", "cooling", b"class=\xff\xfe"], ["mark", b"\xc3"], ["stop", b"\x80"], ["mark", "two\nlines"]):
        process = cli.start("experiment", *args, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == 2 and out == b""
        assert say("phải là chữ UTF-8", "it must be UTF-8 text") in err.decode(), args
    assert [m for m, _, _ in room.asked if m.startswith("experiment.")] == []


def test_what_the_room_refuses_is_said_with_the_remedy(cli, lab, room, say):
    def refuse(_):
        raise Refuse(-32005, "water: probe-1.temperature cannot deliver 1000 Hz", reason="at most 200 Hz",
                     remedy={"vi": "Chọn tần số đến 200 Hz.", "en": "Choose a rate up to 200 Hz."})
    room.handlers["experiment.start"] = refuse
    for args in ([], ["--watch"]):
        got = cli("experiment", "start", "cooling", *args)
        assert got.code == 2 and "cannot deliver 1000 Hz" in got.err
        assert say("Nên thử: Chọn tần số đến 200 Hz.", "What to do: Choose a rate up to 200 Hz.") in got.err
    assert cli("experiment", "start", "cooling", "--watch", "--json").json["error"]["code"] == -32005


def test_a_device_that_is_away_at_the_start_is_named_with_the_remedy(cli, lab, room, say):
    start = room.handlers["experiment.start"]
    room.handlers["experiment.start"] = lambda p: dict(start(p), away=[{
        "device": "probe-1", "reason": "no such device", "remedy": {"vi": "Cắm lại cáp USB.", "en": "Plug the USB cable in."}}])
    lab.script = [a_run("done")]
    for args in ([], ["--watch"]):
        got = cli("experiment", "start", "cooling", *args)
        assert got.code == 0 and say("probe-1: không có mặt: no such device", "probe-1: away: no such device") in got.out
        assert say("Nên thử: Cắm lại cáp USB.", "What to do: Plug the USB cable in.") in got.out


def test_a_room_that_does_not_say_which_run_it_is_ends_the_watch(english, lab, room):
    room.handlers["experiment.start"] = lambda _: {"state": "recording"}
    got = english("experiment", "start", "cooling", "--watch")
    assert got.code == 5 and "which run" in got.err


# ---- Stop, mark, sample ----

def test_stop_names_a_run_an_experiment_or_the_only_one(cli, lab, room, say):
    room.handlers["experiment.stop"] = lambda _: a_run("stopped")
    got = cli("experiment", "stop")
    assert got.code == 0 and say("đã dừng", "stopped") in got.out and "61.25 °C" in got.out
    cli("experiment", "stop", "cooling")
    assert cli("experiment", "stop", RUN, "--json").json["state"] == "stopped"
    assert room.calls("experiment.stop") == [{}, {"experiment": "cooling"}, {"run": RUN}]


def test_stop_of_nothing_is_what_the_room_says(cli, lab, room):
    def refuse(_):
        raise Refuse(-32001, "no run is under way", reason="no run is under way")
    room.handlers["experiment.stop"] = refuse
    got = cli("experiment", "stop")
    assert got.code == 2 and "no run is under way" in got.err


def test_a_mark_says_its_moment_to_the_millisecond(cli, lab, room, say):
    room.handlers["experiment.mark"] = lambda _: {"t_ms": 61500.25}
    assert cli("experiment", "mark", "thả đá").out == say("ghi chú tại 61.500 s\n", "marked at 61.500 s\n")
    cli("experiment", "mark", "--", "-5 °C", "cooling")
    assert cli("experiment", "mark", "x", RUN, "--json").json == {"t_ms": 61500.25}
    assert room.calls("experiment.mark") == [{"text": "thả đá"}, {"experiment": "cooling", "text": "-5 °C"},
                                             {"run": RUN, "text": "x"}]
    assert cli("experiment", "mark").code == 2


def test_a_sample_by_hand_sends_the_numbers(cli, lab, room, say):
    room.handlers["experiment.sample"] = lambda _: {"t_ms": 2000}
    assert cli("experiment", "sample", "boyle", "volume=12.5", "x=-3e-2").out == say("lấy mẫu tại 2.000 s\n", "sampled at 2.000 s\n")
    cli("experiment", "sample", "volume=1")
    cli("experiment", "sample")
    cli("experiment", "sample", RUN)
    assert room.calls("experiment.sample") == [
        {"experiment": "boyle", "values": {"volume": 12.5, "x": -0.03}}, {"values": {"volume": 1}}, {"values": {}},
        {"run": RUN, "values": {}}]


@pytest.mark.parametrize("args", [["volume=12,5"], ["volume="], ["=5"], ["volume=nan"], ["volume=inf"], ["volume=1e999"],
                                  ["boyle", "volume"], ["volume=1", "boyle"]])
def test_a_sample_takes_numbers_only(cli, lab, room, say, args):
    room.handlers["experiment.sample"] = lambda _: {"t_ms": 2000}
    got = cli("experiment", "sample", *args)
    assert got.code == 2 and say("phải có dạng kênh=số, như volume=12.5", "it must be channel=number, as volume=12.5") in got.err
    assert room.calls("experiment.sample") == []


# ---- Help and completion ----

@pytest.mark.parametrize("command, vi, en", [
    ("experiment start", "class=10A1, group=2, operator=Lan", "class=10A1, group=2, operator=Lan"),
    ("experiment watch", "Ctrl-C chỉ thôi xem", "Ctrl-C only ends the watching"),
    ("run export", "csv, csv-vi, xlsx, hdf5, jsonl", "csv, csv-vi, xlsx, hdf5, jsonl"),
    ("run delete", "--force", "--force"),
])
def test_help_says_what_matters(cli, say, command, vi, en):
    assert say(vi, en) in cli(*command.split(), "--help").out


def test_a_half_command_lists_what_may_follow(cli):
    assert "list, start, watch, stop, mark, sample" in cli("experiment").err
    assert "list, show, export, delete" in cli("run").err


@pytest.mark.parametrize("line, offered", [
    ("lectern exp", ["experiment"]),
    ("lectern experiment ", ["list", "start", "watch", "stop", "mark", "sample"]),
    ("lectern experiment start ", ["cooling", "boyle"]),
    ("lectern experiment start cooling ", ["class=", "group="]),
    ("lectern experiment start cooling class = 10A1 g", ["group="]),
    ("lectern experiment start boyle ", []),
    ("lectern experiment mark hello ", ["cooling", "boyle"]),
    ("lectern experiment mark ", []),
    ("lectern experiment sample boyle ", ["volume="]),
    ("lectern run ", ["list", "show", "export", "delete"]),
    ("lectern run show ", [RUN]),
    ("lectern run delete a ", [RUN]),
    ("lectern run export --format ", ["csv", "csv-vi", "xlsx", "hdf5", "jsonl"]),
    ("lectern run export --shape n", ["nearest"]),
])
def test_completion_knows_experiments_fields_and_runs(english, lab, room, line, offered):
    room.handlers["run.list"] = lambda _: {"runs": [shown()]}
    assert complete(english, line) == offered
