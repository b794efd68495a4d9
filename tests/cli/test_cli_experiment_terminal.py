"""A recording as a picture on a terminal, whatever the room says."""

import re
import signal
import threading

import pytest

from cli_stage import PATIENCE, cli, english, room, run, say  # noqa: F401 (fixtures)
from lab_stage import EXPERIMENTS, RUN, a_run, channel, lab, shown  # noqa: F401 (fixture)


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


class Pictures:
    """Looks at what a terminal gets, so that an event can wait for the picture that has the one before it."""

    def __init__(self):
        self.drawn, self.changed = [], threading.Condition()

    def __call__(self, text, _):
        with self.changed:
            self.drawn = text.split("\x1b[?7h")
            self.changed.notify_all()

    def another(self):
        with self.changed:
            before = len(self.drawn)
            assert self.changed.wait_for(lambda: len(self.drawn) > before, PATIENCE)

    def having(self, text):
        def wait():
            with self.changed:
                assert self.changed.wait_for(lambda: any(text in picture for picture in self.drawn[:-1]), PATIENCE)
        return wait


@pytest.fixture
def pictures():
    return Pictures()


def test_on_a_terminal_the_recording_is_one_picture_that_changes(cli, lab, say, pictures):
    lab.script = []
    for i, v in enumerate([20, 40, 60, 80, None, 100]):
        lab.script += [a_run(elapsed=300000 + 500 * i, channels=[channel(last=v, samples=i + 1)]),
                       pictures.having(say("%d mẫu", "%d samples") % (i + 1))]
    lab.script += [a_run(elapsed=301000, mark={"t_ms": 300900, "kind": "mark", "text": "thả đá"}),
                   a_run("done", 1200000, channels=[channel(last=100)])]
    got = cli.on_terminal("experiment", "start", "cooling", "--watch", rows=24, columns=100, until=pictures)
    assert got.code == 0
    assert "\x1b[3A\x1b[J" in got.out  # heading, progress, one channel, drawn again in place
    assert "▁▃▅▇·█" in got.out
    assert "████████░" in got.out and say("còn 15 phút 0 s", "15 min 0 s left") in got.out
    screen = Screen(got.out, 100).lines
    assert len([line for line in screen if line.strip()]) == 4  # the mark, and the picture of the end
    assert "thả đá" in screen[0] and say("xong", "done") in screen[1] and "water" in screen[3]


@pytest.mark.parametrize("rows, columns", [(24, 80), (10, 60), (24, 30), (3, 20), (0, 0)])
def test_the_picture_fits_the_terminal_whatever_the_room_says(english, lab, pictures, rows, columns):
    many = [channel("channel-number-%d-with-a-long-name" % i, last=1e300, samples=10**15, lost=10**12) for i in range(32)]
    lab.script = []
    for i in range(4):
        lab.script += [a_run(channels=many, reason="r" * 300), pictures.another]
    lab.script += [a_run("done", channels=many)]
    got = english.on_terminal("experiment", "start", "cooling", "--watch", rows=rows, columns=columns, until=pictures)
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
    got = english.on_terminal("experiment", "start", "cooling", "--watch", until=stop, rows=24, columns=80)
    assert got.code == 130
    assert got.out.count("\x1b[?7l") == got.out.count("\x1b[?7h") > 0
    assert got.out.rindex("\x1b[?7h") > got.out.rindex("\x1b[?7l")


# ---- A room that lies ----

EVIL = "\x1b[2J\x1b]0;owned\x07 fine\n  water  99 °C\u202e\x9b31m"


def test_a_room_cannot_paint_the_terminal(english, lab, room, pictures):
    bad = a_run(label={"en": EVIL}, reason=EVIL, state=EVIL, run=RUN, channels=[
        {"channel": EVIL, "unit": EVIL, "last": EVIL, "samples": 1, "lost": 1, "there": True}])
    mark = {"t_ms": 1, "kind": EVIL, "channel": EVIL, "text": EVIL, "by": EVIL}
    lab.script = [dict(bad, state="recording", mark=mark), dict(bad, state="recording"), pictures.having("owned"), bad]
    lab.known[RUN] = shown(label={"en": EVIL}, operator=EVIL, metadata={EVIL: EVIL}, marks=[mark], documents={"stop": {"reason": EVIL}},
                           channels=[{"channel": EVIL, "unit": EVIL, "source": EVIL, "sensor": EVIL, "serial": EVIL}])
    room.handlers["run.list"] = lambda _: {"runs": [shown(label={"en": EVIL}, run=EVIL)], "bytes": 1, "budget": 2}
    room.handlers["experiment.list"] = lambda _: {"experiments": [dict(EXPERIMENTS[0], experiment=EVIL, run=EVIL, label=EVIL)]}
    english.env["NO_COLOR"] = "1"
    for args in (["experiment", "list"], ["run", "list"], ["run", "show", RUN], ["experiment", "start", "cooling", "--watch"]):
        got = english.on_terminal(*args, rows=24, columns=1000, until=pictures)
        text = re.sub(r"\x1b\[(\d+A|J|\?7[lh])", "", got.out)  # our own
        assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202e]", text), (args, text)
        assert "owned" in text and not re.search(r"^  water  99", text, re.M), args


@pytest.mark.parametrize("values", [[1e308, -1e308, 0], [5e-324, 0], [1.0, 1.0, 1.0], [None, None], ["x", {}, True]])
def test_any_numbers_make_a_course(english, lab, pictures, values):
    lab.script = []
    for v in values:
        lab.script += [a_run(elapsed=-5, duration_ms=2**62, remaining_ms=-2**62, channels=[channel(last=v)])]
    lab.script += [pictures.another, a_run("done", channels=[channel()])]
    assert english.on_terminal("experiment", "start", "cooling", "--watch", rows=24, columns=80, until=pictures).code == 0
