"""The experiments of a fake room, and a run that goes as the test says. A test file imports the fixtures that it uses."""

import subprocess
import threading
import time

import pytest

from cli_stage import PATIENCE, Reader
from fake_room import T0, Refuse

RUN = "20261122-101500-cooling-1"


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
    """The room's experiments; `script` are the events of the run, once it is started and who started it follows the room."""

    def __init__(self, room):
        self.room, self.script, self.player = room, [], None
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
        self.player = threading.Thread(target=self.play, args=(self.room.asker,))
        self.player.start()
        return a_run(elapsed=0, channels=[channel(last=None, samples=0)])

    def show(self, params):
        if params["run"] not in self.known:
            raise Refuse(-32001, 'no run "%s"' % params["run"], reason="no such run")
        return self.known[params["run"]]

    def play(self, starter):
        if not self.room.wait_for_follower(starter):
            return
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
    room.end_waits()
    if lab.player:
        lab.player.join(PATIENCE)


def watching(cli, room, *args):
    """Starts a watch and waits until it follows the room."""
    before = len(room.calls("state.snapshot"))
    process = cli.start("experiment", "watch", *args, stdout=subprocess.PIPE)
    end = time.monotonic() + PATIENCE
    while len(room.calls("state.snapshot")) == before:
        assert time.monotonic() < end and process.poll() is None
        time.sleep(0.02)
    return process, Reader(process)
