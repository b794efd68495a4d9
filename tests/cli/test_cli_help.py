"""Wrong use, help, languages and completion: what is the same for every command."""

import re

import pytest

from cli_stage import ROOT, cli, complete, english, room, run, say  # noqa: F401 (fixtures)


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
    words = [[w for w in name.split() if w.islower()] for name in names]
    by_option, by_command = cli.several([*w, "--help"] for w in words), cli.several(["help", *w] for w in words)
    for name, one, other in zip(names, by_option, by_command, strict=True):
        assert one.code == 0 and one.out.startswith("lectern " + name)
        assert other.out == one.out


def test_the_manual_names_every_command_option_and_exit_code(english):
    page = (ROOT / "docs" / "cli.md").read_text()
    out = english("help").out
    names = re.findall(r"^  ([a-z]+(?: [a-z]+)?) ", out.split("Options")[0], re.M)
    for name, one in zip(names, english.several([*name.split(), "--help"] for name in names), strict=True):
        assert "`%s" % name in page, name
        for option in re.findall(r"--([a-z-]+)", one.out):
            assert "`--%s" % option in page, (name, option)
    for code, text in re.findall(r"^  (\d+) +(.*)$", out.split("Exit codes")[1], re.M):
        assert "| %s | %s |" % (code, text) in page


def test_a_scene_is_called_as_on_the_pages(cli, say):
    out = cli("help").out
    assert say("kịch bản", "scene") in out
    assert not re.search("cảnh(?! báo)", out)


@pytest.mark.parametrize("env, vietnamese", [
    ({"LANG": "vi_VN.UTF-8"}, True), ({"LANG": "vi"}, True), ({"LANG": "en_US.UTF-8"}, False), ({"LANG": "C"}, False),
    ({"LANG": "vi_VN", "LC_MESSAGES": "en_GB"}, False), ({"LC_ALL": "vi_VN", "LC_MESSAGES": "en_GB"}, True),
    ({"LC_ALL": "vi_VN", "LECTERN_LANG": "en"}, False), ({"LANG": "C", "LECTERN_LANG": "vi"}, True),
    ({"LC_ALL": "", "LANG": "vi_VN"}, True)])
def test_the_language_is_that_of_the_locale(english, env, vietnamese):
    assert ("Lệnh" in english("--help", env=env).out) == vietnamese


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
