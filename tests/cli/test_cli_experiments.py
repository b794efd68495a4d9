"""lectern experiment and lectern run: starting, following a recording to its end, and bringing its data home."""

import base64
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import threading
import time

import pytest

from cli_stage import PATIENCE, Reader, Result, cli, complete, english, room, run, say  # noqa: F401 (fixtures)
from fake_room import T0, Refuse

RUN = "20261122-101500-cooling-1"


def a_while():
    """Longer than the picture on a terminal stands unchanged, so that the next event is seen in one of its own."""
    time.sleep(0.3)


EXPERIMENTS = [
    {"experiment": "cooling", "label": {"vi": "Định luật làm nguội Newton", "en": "Newton's law of cooling"},
     "channels": [{"channel": "water", "kind": "point", "target": "probe-1.temperature", "rate_hz": 10, "unit": "Cel"},
                  {"channel": "air", "kind": "point", "target": "air.temperature", "unit": "Cel"}],
     "duration_ms": 1200000, "repeat": 1, "made": False,
     "fields": [{"field": "class", "required": True, "choices": ["10A1", "10A2"]}, {"field": "group", "required": False}]},
    {"experiment": "boyle", "label": {"vi": "Định luật Boyle"}, "repeat": 1, "made": True, "fields": [],
     "channels": [{"channel": "pressure", "kind": "point", "unit": "kPa"}, {"channel": "volume", "kind": "manual", "unit": "mL"}]},
]


def channel(name="water", last=61.25, samples=120, lost=0, there=True, unit="Cel"):
    return {"channel": name, "unit": unit, "last": last, "samples": samples, "lost": lost, "there": there}


def a_run(state="recording", elapsed=6000, channels=None, **more):
    return dict({"run": RUN, "experiment": "cooling", "label": EXPERIMENTS[0]["label"], "state": state, "start": T0,
                 "elapsed_ms": elapsed, "duration_ms": 1200000, "remaining_ms": 1200000 - elapsed, "samples": 120, "lost": 0,
                 "marks": 0, "principal": "lan", "channels": [channel()] if channels is None else channels}, **more)


def shown(state="done", **more):
    """What run.show says: the run as it is in the file."""
    return dict({"run": RUN, "experiment": "cooling", "label": EXPERIMENTS[0]["label"], "state": state, "start": T0,
                 "stop": T0 + 1200000000, "elapsed_ms": 1200000, "samples": 24000, "lost": 12, "bytes": 48000,
                 "operator": "Nguyễn Thị Lan", "principal": "lan",
                 "channels": [{"channel": "water", "label": {"vi": "nước", "en": "water"}, "kind": "point", "unit": "Cel",
                               "source": "probe-1.temperature", "sensor": "Vernier Go!Temp", "serial": "0A4711",
                               "calibration": {"form": "linear -0.2 1.003", "source": "room"}, "samples": 24000}],
                 "marks": [{"t_ms": 61500.25, "kind": "mark", "text": "thả đá", "by": "lan"},
                           {"t_ms": 90000, "kind": "gap", "channel": "water", "text": "the device skipped", "lost": 12}],
                 "metadata": {"class": "10A1", "group": "2"},
                 "documents": {"start": {}, "descriptor": {}, "stop": {"reason": ""}}, "definition": {}}, **more)


class Lab:
    """The room's experiments; `script` are the events of the run, a little apart, once it is started."""

    def __init__(self, room):
        self.room, self.script, self.timer = room, [], None
        self.under_way = {}  # experiment: run
        self.known = {}      # run: what run.show says
        room.handlers["experiment.list"] = self.list
        room.handlers["experiment.start"] = self.start
        room.handlers["run.show"] = self.show

    def list(self, _):
        return {"experiments": [dict(e, **({"run": self.under_way[e["experiment"]]} if e["experiment"] in self.under_way
                                           else {})) for e in EXPERIMENTS]}

    def start(self, _):
        self.under_way["cooling"] = RUN
        self.timer = threading.Timer(0.2, self.play)
        self.timer.start()
        return a_run(elapsed=0, channels=[channel(last=None, samples=0)])

    def show(self, params):
        if params["run"] not in self.known:
            raise Refuse(-32001, 'no run "%s"' % params["run"], reason="no such run")
        return self.known[params["run"]]

    def play(self):
        for event in self.script:
            if callable(event):
                event()
            else:
                self.tell(event)

    def tell(self, event):
        with self.room.lock:
            if event["state"] in ("done", "stopped", "failed", "interrupted"):
                self.under_way.pop(event["experiment"], None)
                self.known[event["run"]] = shown(event["state"])
            self.room.event("run", event["experiment"], event)


@pytest.fixture
def lab(room):
    lab = Lab(room)
    yield lab
    if lab.timer:
        lab.timer.join(PATIENCE)


def terminal(cli, *args, rows=24, columns=80, while_open=None):
    """Like cli.on_terminal, with a size; `while_open(text, process)` is called with what came so far."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    process = cli.start(*args, stdout=slave, stderr=slave)
    os.close(slave)
    data, end = b"", time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if select.select([master], [], [], 0.05)[0]:
            try:
                data += os.read(master, 65536)
            except OSError:
                break
        if while_open:
            while_open(data.decode(errors="replace"), process)
    process.wait(PATIENCE)
    os.close(master)
    assert b"Sanitizer" not in data and b"runtime error" not in data, data
    return Result(process.returncode, data.decode(), "")


def watching(cli, room, *args):
    """Starts a watch and waits until it follows the room."""
    before = len(room.calls("state.snapshot"))
    process = cli.start("experiment", "watch", *args, stdout=subprocess.PIPE)
    end = time.monotonic() + PATIENCE
    while len(room.calls("state.snapshot")) == before:
        assert time.monotonic() < end and process.poll() is None
        time.sleep(0.02)
    return process, Reader(process)


class Screen:
    """A terminal of 80 columns: what stands on it in the end."""

    def __init__(self, text, columns=80):
        self.lines, self.row, wrap = [""], 0, True
        text = re.sub(r"\x1b\[[0-9;]*m", "", text)
        for part in re.findall(r"\x1b\[\d+A|\x1b\[J|\x1b\[\?7[lh]|\r?\n|[^\x1b\r\n]+", text):
            if part.endswith("\n"):
                self.row += 1
                while self.row >= len(self.lines):
                    self.lines.append("")
            elif part.endswith("A"):
                self.row -= int(part[2:-1])
                assert self.row >= 0, "above the top of what was written"
            elif part == "\x1b[J":
                self.lines = self.lines[:self.row] + [""]
            elif part.startswith("\x1b[?7"):
                wrap = part[-1] == "h"
            else:
                assert wrap is False or len(self.lines[self.row]) + len(part) <= columns, "a line that wraps: " + part
                self.lines[self.row] += part


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


# ---- Following ----

def test_a_recording_is_followed_to_its_end(cli, lab, say):
    lab.script = [a_run("armed", 0, [channel(last=None, samples=0)]), a_run(elapsed=5000),
                  a_run(elapsed=6000, mark={"t_ms": 5250.5, "kind": "mark", "text": "thả đá", "by": "lan"}),
                  a_run(elapsed=7000, channels=[channel(there=False, lost=3)],
                        mark={"t_ms": 6900, "kind": "unplug", "channel": "water", "text": "no reply in 2 s", "lost": 3}),
                  a_run("done", 1200000, remaining_ms=0, lost=3)]
    got = cli("experiment", "start", "cooling", "--watch")
    assert got.code == 0, got.err
    marks = [line for line in got.out.splitlines() if "5.250 s" in line or "6.900 s" in line]
    assert len(marks) == 2
    assert say("ghi chú", "mark") in marks[0] and "thả đá" in marks[0] and marks[0].endswith("lan")
    assert say("rút ra", "unplugged") in marks[1] and say("(mất 3 mẫu)", "(3 samples lost)") in marks[1]
    last = got.out.rsplit(say("Định luật", "Newton"), 1)[1]
    assert say("xong", "done") in last and "61.25 °C" in last and say("120 mẫu", "120 samples") in last
    assert say("còn", "left") not in last


@pytest.mark.parametrize("state, code", [("done", 0), ("stopped", 0), ("interrupted", 1), ("failed", 1)])
def test_only_a_recording_that_is_whole_ends_with_0(english, lab, state, code):
    lab.script = [a_run(state, reason="because")]
    got = english("experiment", "start", "cooling", "--watch")
    assert got.code == code and "because" in got.out


def test_a_full_disk_and_a_device_that_is_away_are_said(cli, lab, say):
    lab.script = [a_run("stopped", full=False, simulated=True, channels=[
        channel("water", there=False, lost=14), channel("air", last=None, samples=0, there=False), channel("mass", lost=7, unit="g"),
        channel("time", last=None, samples=0)])]
    out = cli("experiment", "start", "cooling", "--watch").out
    rows = {line.split()[0]: line for line in out.splitlines() if line.startswith("  ") and line.split()}
    assert say("thiết bị không có mặt, mất 14", "its device is away, 14 lost") in rows["water"]
    assert say("chưa gửi gì", "nothing came yet") in rows["air"] and "–" in rows["air"]
    assert say("mất 7", "7 lost") in rows["mass"] and "61.25 g" in rows["mass"]
    assert rows["time"].rstrip().endswith(say("0 mẫu", "0 samples"))
    assert say("(mô phỏng)", "(simulated)") in out

    lab.under_way["cooling"] = RUN
    lab.known[RUN] = shown("recording")
    process, reader = watching(cli, lab.room)
    lab.tell(a_run(full=True))
    reader.until(say("đĩa đầy, tạm ngừng ghi", "the disk is full, recording waits"))
    lab.tell(a_run("done"))
    reader.until(say("xong", "done"))
    assert process.wait(PATIENCE) == 0


def test_values_have_the_decimals_that_the_experiment_says(english, lab):
    lab.script = [a_run("done", channels=[dict(channel("water", last=71.375), decimals=2), dict(channel("mass", last=5, unit=""), decimals=1),
                                          dict(channel("far", last=1e12), decimals=3), dict(channel("odd", last=2.5), decimals=99)])]
    out = english("experiment", "start", "cooling", "--watch").out
    assert "71.38 °C" in out and "5.0 " in out and "1e+12 °C" in out and "2.5 °C" in out


def test_watch_in_json_is_a_document_a_line_until_the_end(english, lab):
    lab.script = [a_run(elapsed=5000), a_run(elapsed=5100, mark={"t_ms": 1, "kind": "mark", "text": "\x1b[31m"}), a_run("done")]
    got = english("experiment", "start", "cooling", "--watch", "--json")
    assert got.code == 0 and "\x1b" not in got.out
    docs = [json.loads(line) for line in got.out.splitlines()]
    assert [d["state"] for d in docs] == ["recording", "recording", "recording", "done"]
    assert [d["elapsed_ms"] for d in docs[:3]] == [0, 5000, 5100]
    assert docs[2]["mark"]["text"] == "\x1b[31m"


def test_the_end_is_told_although_its_event_was_lost(cli, lab, say):
    lab.script = [lambda: setattr(lab.room, "lose", 1), a_run("done")]
    got = cli("experiment", "start", "cooling", "--watch")
    assert got.code == 0 and say("xong", "done") in got.out.splitlines()[-3]
    lab.script = [lambda: setattr(lab.room, "lose", 1), a_run("failed")]
    docs = [json.loads(line) for line in cli("experiment", "start", "cooling", "--watch", "--json").out.splitlines()]
    assert [d["state"] for d in docs] == ["recording", "failed"] and "documents" in docs[1]


def test_ctrl_c_ends_the_watching_and_leaves_the_recording(cli, lab, room, say):
    process = cli.start("experiment", "start", "cooling", "--watch", stdout=subprocess.PIPE)
    Reader(process).until(say("đang ghi", "recording"))
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "lectern experiment stop " + RUN in out.decode()
    assert say("việc ghi vẫn tiếp tục", "the recording goes on") in out.decode()
    assert room.calls("experiment.stop") == []


def test_a_watch_lasts_no_longer_than_wanted(cli, lab, say):
    got = cli("experiment", "start", "cooling", "--watch", "--timeout", "700ms")
    assert got.code == 4 and say("hết thời gian chờ", "the time to wait is over") in got.out


def test_a_room_that_is_lost_and_comes_back_is_followed_on(cli, lab, room, say):
    def restart():
        room.stop()
        lab.known[RUN] = shown("interrupted", documents={"stop": {"reason": "the daemon was stopped"}})
        time.sleep(3.5)  # longer than a heartbeat may be late
        room.start()
    lab.script = [a_run(elapsed=5000), restart]
    got = cli("experiment", "start", "cooling", "--watch")
    assert got.code == 1
    assert say("mất liên lạc với phòng", "the room is out of reach") in got.err
    assert say("bị ngắt giữa chừng", "interrupted") in got.out.splitlines()[-3]


def test_a_run_that_the_room_knows_no_more_is_not_waited_for(cli, lab, say):
    """It was armed when the daemon died: nothing of it is in the file."""
    lab.script = [a_run("armed")]
    got = cli("experiment", "start", "cooling", "--watch")
    assert got.code == 1 and say("không còn biết lần ghi", "knows no run") in got.err and RUN in got.err


def test_several_runs_in_a_row_are_followed_to_the_last(cli, lab, say):
    second = RUN[:-1] + "2"
    lab.script = [a_run("done", nth=1, repeat=2), a_run(nth=2, repeat=2, run=second),
                  a_run("done", nth=2, repeat=2, run=second)]
    got = cli("experiment", "start", "cooling", "--watch")
    assert got.code == 0
    assert say("xong, lần 1 trong 2", "done, 1 of 2") in got.out and say("xong, lần 2 trong 2", "done, 2 of 2") in got.out
    assert second in got.out.splitlines()[-3]


def test_a_row_that_was_ended_in_its_pause_ends_the_watch(english, lab):
    lab.script = [a_run("done", nth=1, repeat=2)]
    got = english("experiment", "start", "cooling", "--watch")
    assert got.code == 0 and "done, 1 of 2" in got.out


def test_a_row_goes_on_although_the_beginning_of_the_next_was_not_heard(english, lab):
    second = RUN[:-1] + "2"

    def next_one():
        lab.under_way["cooling"] = second
        lab.known[second] = shown(run=second)
    lab.script = [a_run("done", nth=1, repeat=2), next_one]
    got = english("experiment", "start", "cooling", "--watch")
    assert got.code == 0 and second in got.out.splitlines()[-3]


# ---- Which one ----

def test_watch_takes_the_only_one_an_experiment_or_a_run(english, lab):
    lab.known[RUN] = shown()
    assert english("experiment", "watch", RUN).code == 0
    lab.known[RUN] = shown("interrupted")
    assert english("experiment", "watch", RUN).code == 1
    for name in ([], ["cooling"], [RUN]):
        lab.under_way["cooling"] = RUN
        lab.known[RUN] = shown("recording")
        process, reader = watching(english, lab.room, *name, "--json")
        lab.tell(a_run("armed"))
        lab.tell(a_run("stopped"))
        assert json.loads(reader.until("stopped"))["state"] == "stopped"
        assert process.wait(PATIENCE) == 0


@pytest.mark.parametrize("name, vi, en", [
    ([], "không có thí nghiệm nào đang ghi", "no experiment is being recorded"),
    (["boyle"], "lectern experiment start boyle", "lectern experiment start boyle"),
    (["coolin"], 'có phải là "cooling"?', 'did you mean "cooling"?'),
    (["frobnicate"], "lectern experiment list", "lectern experiment list"),
    (["20261122-101500-cooling-9"], 'no run "20261122-101500-cooling-9"', 'no run "20261122-101500-cooling-9"'),
])
def test_what_is_not_being_recorded_is_said(cli, lab, say, name, vi, en):
    got = cli("experiment", "watch", *name)
    assert got.code == 2 and say(vi, en) in got.err and got.out == ""


def test_of_two_under_way_one_must_be_named(cli, lab, say):
    lab.under_way = {"cooling": RUN, "boyle": "20261122-101500-boyle-1"}
    got = cli("experiment", "watch")
    assert got.code == 2 and say("hãy nói tên", "say which") in got.err


# ---- A terminal ----

def test_on_a_terminal_the_recording_is_one_picture_that_changes(cli, lab, say):
    values = [20, 40, 60, 80, None, 100]
    lab.script = []
    for i, v in enumerate(values):
        lab.script += [a_run(elapsed=300000 + 500 * i, channels=[channel(last=v)]), a_while]
    lab.script += [a_run(elapsed=301000, mark={"t_ms": 300900, "kind": "mark", "text": "thả đá"}),
                   a_run("done", 1200000, channels=[channel(last=100)])]
    got = terminal(cli, "experiment", "start", "cooling", "--watch", columns=100)
    assert got.code == 0
    assert "\x1b[3A\x1b[J" in got.out  # heading, progress, one channel, drawn again in place
    assert "▁▃▅▇·█" in got.out
    assert "████████░" in got.out and say("còn 15 phút 0 s", "15 min 0 s left") in got.out
    screen = Screen(got.out, 100).lines
    assert len([line for line in screen if line.strip()]) == 4  # the mark, and the picture of the end
    assert "thả đá" in screen[0] and say("xong", "done") in screen[1] and "water" in screen[3]


@pytest.mark.parametrize("rows, columns", [(24, 80), (10, 60), (24, 30), (3, 20), (0, 0)])
def test_the_picture_fits_the_terminal_whatever_the_room_says(english, lab, rows, columns):
    many = [channel("channel-number-%d-with-a-long-name" % i, last=1e300, samples=10**15, lost=10**12) for i in range(32)]
    lab.script = []
    for i in range(4):
        lab.script += [a_run(channels=many, reason="r" * 300), a_while]
    lab.script += [a_run("done", channels=many)]
    got = terminal(english, "experiment", "start", "cooling", "--watch", rows=rows, columns=columns)
    assert got.code == 0
    ups = [int(n) for n in re.findall(r"\x1b\[(\d+)A", got.out)]
    assert ups and (rows == 0 or max(ups) < max(rows, 5))
    Screen(got.out, columns)
    assert rows == 0 or re.search(r"and \d+ channels more", got.out)


def test_ctrl_c_on_a_terminal_leaves_it_as_it_was(english, lab):
    sent = []

    def stop(text, process):
        if "█" in text + "█" * ("░" in text) and not sent:
            sent.append(process.send_signal(signal.SIGINT))
    got = terminal(english, "experiment", "start", "cooling", "--watch", while_open=stop)
    assert got.code == 130
    assert got.out.count("\x1b[?7l") == got.out.count("\x1b[?7h") > 0
    assert got.out.rindex("\x1b[?7h") > got.out.rindex("\x1b[?7l")


# ---- A room that lies ----

EVIL = "\x1b[2J\x1b]0;owned\x07 fine\n  water  99 °C\u202e\x9b31m"


def test_a_room_cannot_paint_the_terminal(english, lab, room):
    bad = a_run(label={"en": EVIL}, reason=EVIL, state=EVIL, run=RUN, channels=[
        {"channel": EVIL, "unit": EVIL, "last": EVIL, "samples": 1, "lost": 1, "there": True}])
    mark = {"t_ms": 1, "kind": EVIL, "channel": EVIL, "text": EVIL, "by": EVIL}
    lab.script = [dict(bad, state="recording", mark=mark), dict(bad, state="recording"), a_while, bad]
    lab.known[RUN] = shown(label={"en": EVIL}, operator=EVIL, metadata={EVIL: EVIL}, marks=[mark], documents={"stop": {"reason": EVIL}},
                           channels=[{"channel": EVIL, "unit": EVIL, "source": EVIL, "sensor": EVIL, "serial": EVIL}])
    room.handlers["run.list"] = lambda _: {"runs": [shown(label={"en": EVIL}, run=EVIL)], "bytes": 1, "budget": 2}
    room.handlers["experiment.list"] = lambda _: {"experiments": [dict(EXPERIMENTS[0], experiment=EVIL, run=EVIL, label=EVIL)]}
    english.env["NO_COLOR"] = "1"
    for args in (["experiment", "list"], ["run", "list"], ["run", "show", RUN], ["experiment", "start", "cooling", "--watch"]):
        got = terminal(english, *args, columns=1000)
        text = re.sub(r"\x1b\[(\d+A|J|\?7[lh])", "", got.out)  # our own
        assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202e]", text), (args, text)
        assert "owned" in text and not re.search(r"^  water  99", text, re.M), args


@pytest.mark.parametrize("values", [[1e308, -1e308, 0], [5e-324, 0], [1.0, 1.0, 1.0], [None, None], ["x", {}, True]])
def test_any_numbers_make_a_course(english, lab, values):
    lab.script = []
    for v in values:
        lab.script += [a_run(elapsed=-5, duration_ms=2**62, remaining_ms=-2**62, channels=[channel(last=v)])]
    lab.script += [a_while, a_run("done", channels=[channel()])]
    assert terminal(english, "experiment", "start", "cooling", "--watch").code == 0


@pytest.mark.parametrize("result", [[], "x", {"channels": 5, "label": 7}, {"channels": ["x"], "marks": [5], "metadata": "y"}])
def test_answers_of_the_wrong_shape_are_no_crash(english, lab, room, result):
    for method in ("experiment.list", "run.list", "run.show", "experiment.stop", "experiment.mark"):
        room.handlers[method] = lambda _: result
    for args in (["experiment", "list"], ["run", "list"], ["run", "show", RUN], ["experiment", "stop"],
                 ["experiment", "mark", "x"], ["run", "list", "--json"], ["experiment", "list", "--json"]):
        assert english(*args).code in (0, 5), args


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


# ---- Runs ----

def test_runs_are_listed_with_what_is_missing_and_the_budget(cli, lab, room, say):
    room.handlers["run.list"] = lambda p: {"runs": [shown(marks=2), shown("interrupted", lost=0, exported=T0)][:p["limit"]],
                                           "bytes": 12_300_000, "budget": 2_000_000_000}
    got = cli("run", "list")
    lines = got.out.splitlines()
    assert got.code == 0 and len(lines) == 4
    assert RUN in lines[1] and say("xong", "done") in lines[1] and " 24000 " in lines[1] and " 12 " in lines[1]
    assert lines[1].endswith(say("chưa", "no")) and lines[2].endswith(say("rồi", "yes"))
    assert say("bị ngắt giữa chừng", "interrupted") in lines[2]
    assert say("đã dùng 12,3 MB trong 2000 MB", "12.3 MB used of 2000 MB") == lines[3]
    assert len(cli("run", "list", "--lines", "1").out.splitlines()) == 3
    assert room.calls("run.list") == [{"limit": 20}, {"limit": 1}]
    assert cli("run", "list", "--json").json["budget"] == 2_000_000_000
    for n in ("0", "1001", "many"):
        assert cli("run", "list", "-n", n).code == 2
    room.handlers["run.list"] = lambda _: {"runs": [], "bytes": 0, "budget": 5}
    assert cli("run", "list").out == say("chưa có lần ghi nào\n", "nothing has been recorded yet\n")


def test_a_run_is_shown_with_sensor_calibration_fields_and_marks(cli, lab, say):
    lab.known[RUN] = shown("interrupted", documents={"stop": {"reason": "the power failed"}})
    got = cli("run", "show", RUN)
    assert got.code == 0
    for text in ("Nguyễn Thị Lan", "10A1", "Vernier Go!Temp 0A4711", "linear -0.2 1.003", " °C ", "probe-1.temperature", "thả đá",
                 "the power failed", say("bị ngắt giữa chừng", "interrupted"), say("(mất 12 mẫu)", "(12 samples lost)"),
                 "61.500 s", "90.000 s"):
        assert text in got.out, text
    assert cli("run", "show", RUN, "--json").json["documents"]["stop"]["reason"] == "the power failed"
    assert cli("run", "show", "20260101-000000-x-1").code == 2
    lab.known[RUN] = shown("interrupted", documents={"stop": {"reason": "the daemon ended while the run was being recorded"}})
    assert say("mất điện, hoặc lecternd dừng đột ngột", "the power or lecternd ended suddenly") in cli("run", "show", RUN).out


def test_an_unexported_run_is_kept_unless_forced(cli, lab, room, say):
    def delete(params):
        if not params["force"] and params["run"].endswith("2"):
            raise Refuse(-32002, "run %s was never exported: export it first, or delete it with force" % params["run"],
                         remedy={"vi": "Xuất trước, hoặc thêm --force.", "en": "Export it first, or add --force."})
        return {}
    room.handlers["run.delete"] = delete
    got = cli("run", "delete", "a1", "a2", "a3")
    assert got.code == 1 and "never exported" in got.err
    assert say("Nên thử: Xuất trước", "What to do: Export it first") in got.err
    assert got.out == say("đã xóa a1\n", "deleted a1\n")  # and a3 was not touched
    assert [p["run"] for p in room.calls("run.delete")] == ["a1", "a2"]
    assert cli("run", "delete", "a2", "a3", "--force", "--json").json == ["a2", "a3"]
    assert cli("run", "delete", "a2", "--json").json["error"]["code"] == -32002
    assert cli("run", "delete").code == 2


def test_the_journal_tells_of_recordings(cli, lab, room, say):
    room.log("run", name="cooling", principal="lan", data={"what": "began", "run": RUN})
    room.log("run", name="cooling", data={"what": "ended", "run": RUN, "state": "done", "samples": 24000, "lost": 12, "marks": 1,
                                          "reason": "duration"})
    room.log("run", data={"what": "interrupted", "runs": 1})
    lines = cli("journal", "--kind", "run").out.splitlines()
    assert say("cooling: bắt đầu ghi %s", "cooling: recording began %s") % RUN in lines[0] and "(lan)" in lines[0]
    assert say("xong: 24000 mẫu, mất 12  đủ thời gian", "done: 24000 samples, 12 lost  its time is over") in lines[1]
    assert '"interrupted"' in lines[2]


# ---- Export ----

class Files:
    """The room's exported file, in pieces."""

    def __init__(self, room, data=b"t;water\r\n0,0;61,25\r\n", piece=7, **answer):
        self.room, self.data, self.piece, self.answer = room, data, piece, answer
        room.handlers["run.export"] = self.export
        room.handlers["run.fetch"] = self.fetch

    def export(self, params):
        return dict({"file": "e-1.csv", "bytes": len(self.data), "type": "text/csv", "name": RUN + ".csv"}, **self.answer)

    def fetch(self, params):
        assert params["file"] == "e-1.csv"
        at = params["offset"]
        return {"data": base64.b64encode(self.data[at:at + self.piece]).decode(), "more": at + self.piece < len(self.data)}


@pytest.fixture
def folder(run):
    path = run / "home"
    path.mkdir()
    return path


def in_folder(cli, folder, *args):
    process = cli.start(*args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder)
    out, err = process.communicate(timeout=PATIENCE)
    assert b"Sanitizer" not in err and b"runtime error" not in err, err.decode()
    return Result(process.returncode, out, err.decode())


def test_an_export_is_fetched_in_pieces_under_the_proposed_name(cli, room, folder, say):
    files = Files(room)
    got = in_folder(cli, folder, "run", "export", RUN)
    assert got.code == 0, got.err
    assert (folder / (RUN + ".csv")).read_bytes() == files.data
    assert os.listdir(folder) == [RUN + ".csv"]
    assert say("đã xuất: %s.csv (20 byte)", "exported: %s.csv (20 bytes)") % RUN in got.out.decode()
    assert room.calls("run.export") == [{"run": RUN, "format": say("csv-vi", "csv")}]
    assert [p["offset"] for p in room.calls("run.fetch")] == [0, 7, 14]


def test_an_export_of_megabytes_is_whole(english, room, folder):
    files = Files(room, data=os.urandom(3 << 20), piece=512 << 10)
    assert in_folder(english, folder, "run", "export", RUN, "-o", "x.h5").code == 0
    assert (folder / "x.h5").read_bytes() == files.data


def test_an_empty_export_is_an_empty_file(english, room, folder):
    Files(room, data=b"")
    assert in_folder(english, folder, "run", "export", RUN, "-o", "x.csv").code == 0
    assert (folder / "x.csv").read_bytes() == b""


def test_what_is_asked_for_is_sent(english, room, folder):
    Files(room)
    got = in_folder(english, folder, "run", "export", RUN, "-o", "a.csv", "--format", "csv-vi", "--shape", "linear",
                    "--channels", "water,,air,", "--raw", "--from", "-5", "--to", "1.5e2")
    assert got.code == 0, got.err
    assert room.calls("run.export") == [{"run": RUN, "format": "csv-vi", "shape": "linear", "channels": ["water", "air"], "raw": True,
                                         "from": -5, "to": 150}]


@pytest.mark.parametrize("name, vi, en", [("a.csv", "csv-vi", "csv"), ("a.XLSX", "xlsx", "xlsx"), ("a.h5", "hdf5", "hdf5"),
                                          ("a.jsonl", "jsonl", "jsonl"), ("b.h5/a", "csv-vi", "csv"), ("data", "csv-vi", "csv")])
def test_the_format_is_that_of_the_ending_then_of_the_language(cli, room, folder, say, name, vi, en):
    Files(room)
    (folder / "b.h5").mkdir()
    assert in_folder(cli, folder, "run", "export", RUN, "-o", name).code == 0
    asked = room.calls("run.export")[0]
    assert asked["format"] == say(vi, en)
    assert asked.get("lang") == (say("vi", None) if vi == "xlsx" else None)


def test_a_file_that_exists_is_kept_unless_forced(cli, room, folder, say):
    files = Files(room)
    for name in (["-o", "mine.csv"], []):
        file = folder / (name[1] if name else RUN + ".csv")
        file.write_text("mine")
        got = in_folder(cli, folder, "run", "export", RUN, *name)
        assert got.code == 2 and say("thêm --force", "add --force") in got.err
        assert file.read_text() == "mine" and room.calls("run.fetch") == []
    assert len(room.calls("run.export")) == 1  # with a name it was known before asking
    assert in_folder(cli, folder, "run", "export", RUN, "-o", "mine.csv", "--force").code == 0
    assert (folder / "mine.csv").read_bytes() == files.data
    assert sorted(os.listdir(folder)) == sorted(["mine.csv", RUN + ".csv"])


def test_an_export_can_go_to_standard_output(english, room, folder):
    files = Files(room, data=bytes(range(256)) * 9, piece=100)
    got = in_folder(english, folder, "run", "export", RUN, "-o", "-")
    assert got.code == 0 and got.out == files.data and os.listdir(folder) == []
    with open("/dev/full", "wb") as full:
        process = english.start("run", "export", RUN, "-o", "-", stdout=full, stderr=subprocess.PIPE)
        assert b"cannot write" in process.communicate(timeout=PATIENCE)[1] and process.returncode == 1


def test_a_folder_takes_the_proposed_name(english, room, folder):
    (folder / "usb").mkdir()
    files = Files(room)
    got = in_folder(english, folder, "run", "export", RUN, "-o", "usb/", "--json")
    assert got.code == 0 and json.loads(got.out)["saved"] == "usb//%s.csv" % RUN
    assert (folder / "usb" / (RUN + ".csv")).read_bytes() == files.data


@pytest.mark.parametrize("where", ["nowhere/a.csv", "file/a.csv", "/proc/self/a.csv", "x" * 300])
def test_a_place_that_cannot_be_written_is_said_before_the_room_is_asked(cli, room, folder, say, where):
    (folder / "file").write_text("")
    Files(room)
    got = in_folder(cli, folder, "run", "export", RUN, "-o", where)
    assert got.code == 1 and say("không tạo được", "cannot make") in got.err
    assert room.calls("run.export") == []  # it must not count as exported


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "..", ".", ".bashrc", "-", "-rf", "", "a\nb.csv", "a\x1b[2J.csv",
                                  "x" * 300, "a/b.csv"])
def test_the_rooms_proposal_is_a_plain_name_or_none(english, room, folder, name):
    files = Files(room, name=name)
    got = in_folder(english, folder, "run", "export", RUN)
    assert got.code == 0, got.err
    assert os.listdir(folder) == ["run.csv"] and (folder / "run.csv").read_bytes() == files.data
    assert got.out.startswith(b"exported: run.csv")


@pytest.mark.parametrize("fetch, vi, en", [
    (lambda at: {"data": "!!!!", "more": False}, "hỏng", "broken"),
    (lambda at: {"data": "QUJD" * (300 << 10), "more": False}, "hỏng", "broken"),
    (lambda at: {"more": True}, "phần rỗng", "empty piece"),
    (lambda at: {"data": "", "more": True}, "phần rỗng", "empty piece"),
    (lambda at: {"data": "QUJD", "more": False}, "hứa 20 byte nhưng gửi 3", "promised 20 bytes and sent 3"),
    (lambda at: {"data": "QUJD", "more": at < 30}, "hứa 20 byte nhưng gửi 33", "promised 20 bytes and sent 33"),
])
def test_a_broken_piece_leaves_no_file(cli, room, folder, say, fetch, vi, en):
    Files(room)
    room.handlers["run.fetch"] = lambda p: fetch(p["offset"])
    (folder / "old.csv").write_text("old")
    got = in_folder(cli, folder, "run", "export", RUN, "-o", "old.csv", "--force")
    assert got.code == 5 and say(vi, en) in got.err
    assert os.listdir(folder) == ["old.csv"] and (folder / "old.csv").read_text() == "old"


def test_a_fetch_that_the_room_refuses_leaves_no_file(english, room, folder):
    def refuse(_):
        raise Refuse(-32001, "there is no such exported file; they are kept for an hour")
    Files(room)
    room.handlers["run.fetch"] = refuse
    got = in_folder(english, folder, "run", "export", RUN, "--json")
    assert got.code == 2 and json.loads(got.out)["error"]["code"] == -32001 and os.listdir(folder) == []


@pytest.mark.parametrize("args", [["--from", "soon"], ["--to", "1,5"], ["--from", "nan"], ["--frm", "1"], []])
def test_wrong_use_of_export_is_code_2(cli, room, folder, args):
    Files(room)
    assert in_folder(cli, folder, "run", "export", *([RUN] if args else []), *args).code == 2
    assert room.calls("run.export") == [] and os.listdir(folder) == []


def test_what_the_room_says_of_a_wrong_format_is_handed_on(english, room, folder):
    def refuse(_):
        raise Refuse(-32602, '"format": there is no "ods"', nearest="xlsx", reason="no such format")
    room.handlers["run.export"] = refuse
    got = in_folder(english, folder, "run", "export", RUN, "-f", "ods", "-o", "a.ods")
    assert got.code == 2 and 'there is no "ods"' in got.err and os.listdir(folder) == []


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
