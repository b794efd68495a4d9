"""A room that does what a test says: plays the daemon's side of docs/protocol.md over real sockets, and misbehaves on
demand. For tests of the command line and of liblectern, never of the daemon."""

import json
import os
import threading
import time
import uuid

import zmq

SITE, ROOM = "truong-thu", "phong-thu"
T0 = 1790000000000000
BEAT = 0.25  # seconds between heartbeats; a real room's are 1 s apart, and what was lost is told as late


def value(v, quality="good", **more):
    return dict({"value": v, "quality": quality, "time": T0, "age_ms": 400}, **more)


DEVICES = {
    "projector": {
        "label": {"vi": "Máy chiếu", "en": "Projector"}, "class": "projector", "profile": "epson/eb-l200f",
        "driver": "pjlink", "line": "tcp://10.20.1.11:4352", "vendor": "Epson", "model": "EB-L200F",
        "points": [
            {"name": "power", "label": {"vi": "Nguồn", "en": "Power"}, "type": "enum", "unit": "", "access": "both",
             "choices": ["off", "warming", "on", "cooling"], "settable": ["off", "on"], "confirm": True},
            {"name": "input", "type": "enum", "unit": "", "access": "both", "choices": ["hdmi1", "hdmi2", "vga1"],
             "confirm": True},
            {"name": "picture_mute", "type": "bool", "unit": "", "access": "both", "confirm": True},
            {"name": "lamp.hours", "type": "int", "unit": "h", "access": "read"},
        ],
        "actions": [{"name": "preset.recall", "label": {"vi": "Gọi cấu hình", "en": "Recall preset"},
                     "args": [{"name": "number", "type": "int", "min": 1, "max": 10}], "urgent": False}],
    },
    "audio": {
        "label": {"vi": "Âm thanh", "en": "Sound"}, "class": "audio", "profile": "biamp/tesira", "driver": "dialogue",
        "line": "tcp://10.20.1.13:23", "vendor": "Biamp", "model": "Tesira",
        "points": [
            {"name": "level", "type": "float", "unit": "dB", "access": "both", "min": -60, "max": 12, "confirm": True},
            {"name": "audio_mute", "type": "bool", "unit": "", "access": "both", "confirm": True},
        ],
        "actions": [],
    },
    "board": {
        "label": {"vi": "Bảng tương tác", "en": "Interactive board"}, "class": "board", "profile": "smart/mx",
        "driver": "dialogue", "line": "serial:///dev/ttyUSB7?baud=19200", "vendor": "SMART", "model": "MX",
        "points": [{"name": "power", "type": "enum", "unit": "", "access": "both", "choices": ["off", "on"]}],
        "actions": [],
    },
}


class FakeRoom:
    """Answers in a thread of its own. Tests change `handlers` (method: function of params giving a result, raising
    Refuse, or returning a list of frames to send as they are, None to say nothing) and send events."""

    def __init__(self, folder, room=ROOM):
        self.folder = os.path.join(folder, room)
        os.makedirs(self.folder, exist_ok=True)
        self.room = room
        self.asked = []  # (method, params, id)
        self.handlers = {}
        self.status = {name: "online" for name in DEVICES}
        self.status["board"] = "away"
        self.values = {
            "projector": {"power": value("off"), "input": value("hdmi1"), "picture_mute": value(False),
                          "lamp.hours": value(1234, unit="h")},
            "audio": {"level": value(-12.5, unit="dB"), "audio_mute": value(True)},
            "board": {"power": value("on", "stale", reason="no reply in 2 s")},
        }
        self.runs = []
        self.ended_runs = {}
        self.journal = []
        self.heartbeats = True
        self.asker = None       # who asked what a handler answers
        self.followers = set()  # who has asked for a snapshot
        self.closing = False
        self.lose = 0  # events that are counted and not sent
        self.seq = 0
        self.last = {}
        self.prev = {}
        self.lock = threading.RLock()
        self.followed = threading.Condition(self.lock)
        self.context = zmq.Context()
        self.thread = None
        self.start()

    def start(self):
        self.boot = uuid.uuid4().hex
        self.seq, self.last, self.prev = 0, {}, {}
        self.stopping = threading.Event()
        self.ready = threading.Event()
        self.outbox = []
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()
        assert self.ready.wait(30)

    def stop(self):
        if self.thread:
            self.stopping.set()
            self.thread.join(30)
            assert not self.thread.is_alive()
            self.thread = None

    def close(self):
        self.end_waits()
        self.stop()
        self.context.term()

    def restart(self):
        self.stop()
        self.start()

    # ---- What tests do ----

    def event(self, kind, name, body, samples=None):
        """Sends an event, or counts it as sent and loses it."""
        with self.lock:
            topic = "%s/%s/%s/%s" % (SITE, self.room, kind, name)
            self.seq += 1
            full = dict({"seq": self.seq, "prev": self.prev.get(topic, 0), "before": self.last.get(kind, 0),
                         "time": T0 + self.seq}, **body)
            self.prev[topic] = self.seq
            if kind != "heartbeat":
                self.last[kind] = self.seq
            if self.lose > 0 and kind != "heartbeat":
                self.lose -= 1
                return
            frames = [topic.encode(), json.dumps(full, ensure_ascii=False).encode()]
            self.outbox.append(frames + ([samples] if samples is not None else []))

    def raw_event(self, *frames):
        with self.lock:
            self.outbox.append(list(frames))

    def set_point(self, device, point, new):
        with self.lock:
            self.values[device][point] = new
            told = {k: v for k, v in new.items() if k not in ("age_ms", "unit")}
            self.event("state", device, {"device": device, "points": {point: told}})

    def set_status(self, device, status, reason=None):
        with self.lock:
            self.status[device] = status
            body = {"device": device, "status": status, "points": {}}
            if reason:
                body["reason"] = reason
            self.event("state", device, body)

    def log(self, kind, **entry):
        with self.lock:
            entry = dict({"journal": len(self.journal) + 1, "time": T0, "kind": kind, "data": {}}, **entry)
            self.journal.append(entry)
            self.event("journal", kind, {k: v for k, v in entry.items() if k != "time"})

    def wait_for_follower(self, who):
        """Waits until that client follows the room, so that it hears the next event. False: it never did, and the test is over."""
        with self.followed:
            self.followed.wait_for(lambda: who in self.followers or self.closing)
            return who in self.followers

    def end_waits(self):
        with self.followed:
            self.closing = True
            self.followed.notify_all()

    def calls(self, method):
        return [params for m, params, _ in self.asked if m == method]

    # ---- The room ----

    def _serve(self):
        command = self.context.socket(zmq.ROUTER)
        events = self.context.socket(zmq.XPUB)
        for socket in (command, events):
            socket.linger = 0
        events.setsockopt(zmq.XPUB_VERBOSE, 1)
        command.bind("ipc://%s/command" % self.folder)
        events.bind("ipc://%s/event" % self.folder)
        self.ready.set()
        poller = zmq.Poller()
        poller.register(command, zmq.POLLIN)
        poller.register(events, zmq.POLLIN)
        beat = time.monotonic() + BEAT
        while not self.stopping.is_set():
            ready = dict(poller.poll(5))
            if events in ready:
                topic = events.recv()
                if topic[:1] == b"\x01" and b"/heartbeat/" in topic:
                    self._heartbeat()
            if time.monotonic() >= beat:
                beat += BEAT
                self._heartbeat()
            if command in ready:
                frames = command.recv_multipart()
                for answer in self._answer(frames[0], frames[-1]):
                    command.send_multipart(frames[:-1] + (answer if isinstance(answer, list) else [answer]))
            with self.lock:
                box, self.outbox = self.outbox, []
            for frames in box:
                events.send_multipart(frames)
        for socket in (command, events):
            socket.close()

    def _heartbeat(self):
        if self.heartbeats:
            with self.lock:
                self.event("heartbeat", "room", {"boot": self.boot, "last": dict(self.last)})

    def _answer(self, who, data):
        request = json.loads(data)
        method, params = request["method"], request.get("params", {})
        with self.lock:
            self.asked.append((method, params, request["id"]))
            self.asker = who
            if method == "state.snapshot":
                self.followers.add(who)
                self.followed.notify_all()
            try:
                handler = self.handlers.get(method) or getattr(self, "_" + method.replace(".", "_"), None)
                if handler is None:
                    raise Refuse(-32601, "no method %s" % method)
                result = handler(params)
            except Refuse as no:
                return [json.dumps({"jsonrpc": "2.0", "id": request["id"], "error": no.error}).encode()]
            if result is None:
                return []
            if isinstance(result, Raw):
                return [part.replace(b"@ID", request["id"].encode()) for part in result.messages]
            return [json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}, ensure_ascii=False).encode()]

    def _row(self, name):
        row = {k: v for k, v in DEVICES[name].items() if k not in ("points", "actions", "vendor", "model")}
        row.update(name=name, status=self.status[name], simulated=False)
        if self.status[name] == "away":
            row["reason"] = "no reply in 2 s"
            row["remedy"] = {"vi": "Kiểm tra nguồn của bảng.", "en": "Check the board's power."}
        return row

    def _find(self, target):
        device, _, point = target.partition(".")
        if device not in DEVICES:
            raise Refuse(-32001, 'no device "%s"' % device, nearest="projector", reason="no such device")
        if point and point not in self.values[device]:
            raise Refuse(-32001, '%s has no point "%s"' % (device, point), reason="no such point")
        return device, point

    def _room_describe(self, _):
        return {"site": SITE, "room": self.room, "label": {"vi": "Phòng thử", "en": "Test room"}, "boot": self.boot,
                "version": "0.1.0", "simulated": False, "devices": list(DEVICES), "scenes": ["lesson", "end-of-day"],
                "you": {"principal": "lan", "role": "teacher", "may": ["room.describe"]}}

    def _device_list(self, _):
        return {"devices": [self._row(name) for name in DEVICES]}

    def _device_describe(self, params):
        device, _ = self._find(params["device"])
        if params.get("as") == "wot":
            return {"@context": "https://www.w3.org/2022/wot/td/v1.1", "title": device}
        return dict(self._row(device), **{k: DEVICES[device][k] for k in ("points", "actions", "vendor", "model")})

    def _point_read(self, params):
        device, point = self._find(params["target"])
        return dict(self.values[device][point], target=params["target"])

    def _point_write(self, params):
        device, point = self._find(params["target"])
        self.set_point(device, point, value(params["value"]))
        return {"target": params["target"], "verdict": "confirmed" if params["until"] == "confirmed" else "accepted",
                "value": params["value"], "ms": 1234}

    def _action_invoke(self, params):
        return {"target": params["target"], "verdict": "accepted", "ms": 12}

    def _scene_list(self, _):
        return {"scenes": [
            {"name": "lesson", "label": {"vi": "Bắt đầu tiết học", "en": "Start lesson"}, "steps": 2, "usual_ms": 21000,
             "captured": False},
            {"name": "end-of-day", "label": {"vi": "Kết thúc ngày", "en": "End of day"}, "steps": 1, "captured": False}]}

    def _scene_run(self, params):
        for run in self.runs + list(self.ended_runs.values()):
            if run["run"] == params["run"]:
                return run
        raise Refuse(-32001, "no such run", reason="no such run")

    def _journal_read(self, params):
        entries = [e for e in self.journal if e["journal"] > params.get("after", 0)
                   and params.get("kind") in (None, e["kind"]) and params.get("device") in (None, e.get("device"))]
        limit = params.get("limit", 100)
        entries = entries[-limit:] if params.get("newest") else entries[:limit]
        return {"entries": entries, "last": len(self.journal), "first": 1 if self.journal else 0}

    def _state_snapshot(self, _):
        devices = {}
        for name in DEVICES:
            devices[name] = {"status": self.status[name], "points": dict(self.values[name])}
            if self.status[name] == "away":
                devices[name]["reason"] = "no reply in 2 s"
        return {"boot": self.boot, "seq": self.seq, "time": T0, "devices": devices, "runs": self.runs}

    def _system_health(self, _):
        return {"version": "0.1.0", "boot": self.boot, "uptime_ms": 1000,
                "journal": {"first": 1, "last": 9, "waiting": 0, "lost": 0, "free_bytes": 50 << 30},
                "lines": [
                    {"line": "tcp://10.20.1.11:4352", "devices": ["projector"], "open": True, "asked": 1000,
                     "answered": 999, "timed_out": 1, "bad_frames": 0, "refused": 0, "opens": 1},
                    {"line": "modbus+rtu:///dev/ttyUSB9", "devices": ["board"], "open": False,
                     "reason": "no such port", "asked": 0, "answered": 0, "timed_out": 0, "bad_frames": 0, "refused": 0,
                     "opens": 0}],
                "bus": {"clients": 1, "requests": 5, "errors": 0, "events": 3, "dropped": 0}, "limits": {}}

    def _room_reload(self, _):
        return {"kept": ["tcp://10.20.1.11:4352"], "opened": [], "closed": []}


class Refuse(Exception):
    """The room says no."""

    def __init__(self, code, message, **data):
        super().__init__(message)
        self.error = {"code": code, "message": message, "data": data}


class Raw:
    """Bytes to answer with, as they are; @ID stands for the request's id."""

    def __init__(self, *messages):
        self.messages = messages
