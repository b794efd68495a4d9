"""A client of the Lectern bus in Python, written from docs/protocol.md alone, with pyzmq and json.

    room = Room("phong-201")
    room.call("point.read", target="projector.power")["value"]
    for change in room.follow():
        ...

It is what a stranger would write in an afternoon, and shares nothing with liblectern: the system tests use it so that
both sides of the protocol are held to the page. One Room belongs to one thread.
"""

import json
import os
import time
import uuid

import zmq


class RoomError(Exception):
    """The room said no. `code`, `data` and the message are those of the answer."""

    def __init__(self, error):
        super().__init__("%s (%s)" % (error.get("message"), error.get("code")))
        self.code = error.get("code")
        self.data = error.get("data") or {}


class NoAnswer(Exception):
    """The room did not answer in time; what was asked may or may not have been done."""


class Restarted(NoAnswer):
    """The room restarted before it answered; what was asked may or may not have been done."""


def run_folder():
    """Where the sockets of rooms lie (section 1)."""
    if os.environ.get("LECTERN_RUN"):
        return os.environ["LECTERN_RUN"]
    if os.access("/run/lectern", os.W_OK):
        return "/run/lectern"
    if os.path.isdir(os.environ.get("XDG_RUNTIME_DIR", "")):
        return os.path.join(os.environ["XDG_RUNTIME_DIR"], "lectern")
    return "/tmp/lectern-%d" % os.getuid()


READING_VERBS = {"describe", "list", "read", "run", "plan", "snapshot", "health", "search", "show", "fetch", "analyze"}


class Room:
    """A connection to one room: calls, and events with a live state."""

    def __init__(self, name=None, command=None, event=None, context=None):
        folder = os.path.join(run_folder(), name) if name else None
        self.command_at = command or "ipc://%s/command" % folder
        self.event_at = event or "ipc://%s/event" % folder
        self.context = context or zmq.Context.instance()
        self._command = None
        self._events = None
        self._about = None
        self._connect()

    def close(self):
        for socket in (self._command, self._events):
            if socket is not None:
                socket.close(linger=0)
        self._command = self._events = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # ---- Commands (section 2) ----

    def _connect(self):
        if self._command is not None:
            self._command.close(linger=0)
        self._command = self.context.socket(zmq.DEALER)
        self._command.connect(self.command_at)

    def _exchange(self, request, deadline):
        """Sends and waits for the answer with the same id; None when there is none in time."""
        self._command.send(json.dumps(request, ensure_ascii=False).encode())
        while True:
            left = deadline - time.monotonic()
            if left <= 0 or not self._command.poll(int(left * 1000) + 1):
                return None
            try:
                answer = json.loads(self._command.recv_multipart()[-1])
            except ValueError:
                continue
            if isinstance(answer, dict) and answer.get("id") == request["id"]:
                return answer

    def _boot(self, deadline):
        answer = self._exchange({"jsonrpc": "2.0", "id": str(uuid.uuid4()), "method": "room.describe"}, deadline)
        return answer["result"]["boot"] if answer else None

    def call(self, method, timeout=30.0, retry=5.0, **params):
        """Calls a method. Raises RoomError when the room says no, NoAnswer when it says nothing in `timeout` seconds.

        Asks again under the same id each `retry` seconds, over a new connection, but never twice of different starts
        of the room when the method changes something. A slow method that only reads wants `retry` = `timeout`: the room
        does not join such a request to the one under way."""
        request = {"jsonrpc": "2.0", "id": str(uuid.uuid4()), "method": method, "params": params}
        deadline = time.monotonic() + timeout
        changes = method.split(".", 1)[1] not in READING_VERBS
        boot = self._boot(deadline) if changes else None
        while True:
            answer = self._exchange(request, min(deadline, time.monotonic() + retry))
            if answer is not None:
                if "error" in answer:
                    raise RoomError(answer["error"])
                return answer["result"]
            if time.monotonic() >= deadline:
                raise NoAnswer("%s: no answer in %g s" % (method, timeout))
            self._connect()
            if changes and self._boot(deadline) != boot:
                raise Restarted("%s: the room restarted meanwhile" % method)

    def send_raw(self, *frames):
        """For tests of bad input: sends bytes as they are."""
        self._command.send_multipart(list(frames))

    def receive_raw(self, timeout=30.0):
        """The frames of the next message, or None."""
        if not self._command.poll(int(timeout * 1000)):
            return None
        return self._command.recv_multipart()

    # ---- Events (section 6) ----

    def subscribe(self, kinds=("state", "scene"), timeout=30.0):
        """Connects SUB, subscribes, waits for the heartbeat and takes the snapshot. Afterwards `state` is live as long
        as next_event() is called."""
        self._about = self.call("room.describe")
        self._prefix = "%s/%s/" % (self._about["site"], self._about["room"])
        self._kinds = set(kinds)
        if self._events is not None:
            self._events.close(linger=0)
        self._events = self.context.socket(zmq.SUB)
        self._events.connect(self.event_at)
        for kind in kinds:
            self._events.subscribe("%s%s/" % (self._prefix, kind))
        self._events.subscribe(self._prefix + "heartbeat/")
        self.gaps = 0
        self.restarts = 0
        self.state = None
        self._last = {}  # topic: seq of its last event
        deadline = time.monotonic() + timeout
        while True:
            event = self._receive(max(0.0, deadline - time.monotonic()))
            if event is None:
                raise NoAnswer("no heartbeat in %g s" % timeout)
            if event["kind"] == "heartbeat":
                break
        self._start = event["body"]["seq"]  # what is lost is counted from here
        self._heard = time.monotonic()
        self._snapshot()

    def _snapshot(self):
        self.state = self.call("state.snapshot")
        self.boot = self.state["boot"]
        self.seq = self.state["seq"]
        self.runs = {run["run"]: run for run in self.state["runs"]}
        self._seen = {kind: max(self.seq, self._start) for kind in self._kinds}

    def _receive(self, timeout):
        if not self._events.poll(int(timeout * 1000)):
            return None
        frames = self._events.recv_multipart()
        topic = frames[0].decode()
        kind, name = topic[len(self._prefix):].split("/", 1)
        return {"topic": topic, "kind": kind, "name": name, "body": json.loads(frames[1]),
                "samples": frames[2] if len(frames) > 2 else None}

    @property
    def alive(self):
        """Heartbeats have come within 3 s."""
        return time.monotonic() - self._heard < 3.0

    def next_event(self, timeout=30.0):
        """The next event that is new, already applied to `state` and `runs`; None when none came in time. After a gap
        or a restart it is {"kind": "snapshot"}: everything may have changed."""
        deadline = time.monotonic() + timeout
        while True:
            event = self._receive(max(0.0, deadline - time.monotonic()))
            if event is None:
                return None
            self._heard = time.monotonic()
            body = event["body"]
            if event["kind"] == "heartbeat":
                if self._missed(body):
                    self._snapshot()
                    return {"kind": "snapshot", "topic": None, "name": None, "body": self.state, "samples": None}
                continue
            snapshotted = event["kind"] in ("state", "scene")
            floor = max(self._last.get(event["topic"], 0), self.seq if snapshotted else self._start)
            if body["seq"] <= floor and (snapshotted or event["topic"] in self._last):
                continue
            whole = max(self._seen.get(event["kind"], 0), self.seq if snapshotted else self._start)
            gap = body["before"] > whole  # of the whole kind, as it is subscribed to
            self._last[event["topic"]] = body["seq"]
            self._seen[event["kind"]] = max(self._seen.get(event["kind"], 0), body["seq"])
            if gap:
                self.gaps += 1
                if snapshotted:
                    self._snapshot()
                    return {"kind": "snapshot", "topic": None, "name": None, "body": self.state, "samples": None}
            self._apply(event)
            return event

    def _missed(self, heartbeat):
        if heartbeat["boot"] != self.boot:
            self.restarts += 1
            self._last.clear()
            self._start = heartbeat["seq"]
            return True
        lost = [kind for kind, seq in heartbeat["last"].items() if kind in self._kinds and seq > self._seen[kind]]
        for kind in lost:
            self.gaps += 1
            self._seen[kind] = heartbeat["last"][kind]
        return any(kind in ("state", "scene") for kind in lost)

    def _apply(self, event):
        body = event["body"]
        if event["kind"] == "state":
            device = self.state["devices"].setdefault(body["device"], {"status": "starting", "points": {}})
            if "status" in body:
                device["status"] = body["status"]
                device.pop("reason", None)
                if "reason" in body:
                    device["reason"] = body["reason"]
            for name, value in body.get("points", {}).items():
                device["points"][name] = value
        elif event["kind"] == "scene":
            run = self.runs.setdefault(body["run"], {"steps": []})
            steps = {step["name"]: step for step in run["steps"]}
            steps.update({step["name"]: step for step in body["steps"]})
            run.update({key: value for key, value in body.items() if key not in ("seq", "prev", "time")})
            run["steps"] = list(steps.values())

    def value(self, target):
        """The value object of a target in the live state, or None."""
        device, point = target.split(".", 1)
        return self.state["devices"].get(device, {}).get("points", {}).get(point)

    def wait_for(self, what, timeout=30.0):
        """Applies events until what(self) is true; raises NoAnswer when it does not come true in time."""
        deadline = time.monotonic() + timeout
        while not what(self):
            if time.monotonic() >= deadline:
                raise NoAnswer("it did not come true in %g s" % timeout)
            self.next_event(timeout=min(1.0, max(0.01, deadline - time.monotonic())))
