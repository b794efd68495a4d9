"""What the tests of recording share: a simulated room with experiments, and somebody who follows what is recorded."""

import json
import time

import pytest

from conftest import PATIENCE
from lectern_client import RoomError

ROOM = """
[room]
id = lab
site = school

[device air]
profile = generic/xy-md02
line = modbus+rtu:///dev/ttyUSB1?baud=9600&slave=3

[device box]
profile = generic/xy-md02
line = modbus+rtu:///dev/ttyUSB2?baud=9600&slave=4

[device lights]
profile = waveshare/io-8ch-lights
line = modbus+rtu:///dev/ttyUSB3?baud=9600&slave=1

[experiment air]
label = Không khí trong phòng
label.en = Air in the room
channel t = air.temperature, rate 10Hz
channel h = air.humidity, rate 2Hz
derive twice = t * 2, unit Cel
ask note =
ask class = choices 10A1|10A2

[experiment slow]
channel t = air.temperature, rate 2Hz

[experiment both]
channel a = air.temperature, rate 5Hz
channel b = box.temperature, rate 5Hz

[experiment short]
channel t = air.temperature, rate 10Hz
duration = 700ms
repeat = 2
pause = 200ms

[experiment switched]
channel t = air.temperature, rate 10Hz
start = lights.rear on
pre = 1s
duration = 1s

[experiment byhand]
channel t = air.temperature
manual volume = , unit mL
sample = by hand

[experiment signed]
channel t = air.temperature, rate 5Hz
ask operator = required
"""


class Lab:
    """The room recorded: a simulator, a daemon, and somebody who follows it."""

    def __init__(self, stage, text=ROOM, env=None, follow=("run",), speed=20):
        self.stage = stage
        self.sim = stage.sim(text, speed=speed)
        self.begin(env, follow)

    def begin(self, env=None, follow=("run",), online=True):
        self.daemon = self.stage.daemon(env=env)
        self.room = self.stage.room()
        if online:
            self.stage.online(self.room)
        self.room.subscribe(kinds=follow)
        self.call = self.room.call

    def again(self, **options):
        """Another daemon, after the end of the one before."""
        self.room.close()
        self.begin(**options)

    def start(self, experiment, **params):
        return self.call("experiment.start", experiment=experiment, **params)["run"]

    def shown(self, run):
        return self.call("run.show", run=run)

    def read(self, run, **params):
        return {c["channel"]: c for c in self.call("run.read", run=run, **params)["channels"]}

    def recorded(self, run, channel="t"):
        """How many samples of the channel are in the file."""
        try:
            return len(self.read(run, channels=[channel])[channel]["t"])
        except RoomError:
            return 0

    def entries(self, kind):
        return [e for e in self.call("journal.read", limit=1000)["entries"] if e["kind"] == kind]

    def until(self, condition, seconds=None, kind="run"):
        """Follows events until one of them fulfils the condition."""
        end = time.monotonic() + (seconds or PATIENCE)
        seen = []
        while time.monotonic() < end:
            event = self.room.next_event(timeout=0.2)
            if event and event["kind"] == kind:
                seen.append(event["body"])
                if condition(event["body"]):
                    return event["body"]
        raise AssertionError("waited in vain; the last: %s" % json.dumps(seen[-2:], ensure_ascii=False))


@pytest.fixture
def lab(stage):
    return Lab(stage)


def steps(times):
    return [b - a for a, b in zip(times, times[1:])]
