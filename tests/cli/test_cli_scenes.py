"""lectern scene: starting, following, and how it says it ended."""

import json
import signal
import subprocess
import threading

import pytest

from cli_stage import PATIENCE, Reader, cli, english, room, run, say  # noqa: F401 (fixtures)
from fake_room import T0, Refuse


def step(name, state, **more):
    return dict({"name": name, "target": "projector.power", "value": "on", "state": state, "optional": False}, **more)


def a_run(state, steps, **more):
    return dict({"run": "9f2c0000", "scene": "lesson", "principal": "teacher", "started": T0, "state": state, "ready": False,
                 "steps": steps}, **more)


class Script:
    """A scene that goes as the test says, once it is started and who started it follows the room."""

    def __init__(self, room, *rest):
        self.room, self.rest = room, rest
        room.handlers["scene.start"] = self.start

    def start(self, _):
        run = a_run("running", [step("power", "checking"), step("source", "queued")], expected_ms=21000, remaining_ms=18000)
        self.room.runs = [run]
        self.room.event("scene", "lesson", run)
        threading.Thread(target=self.follow, args=(self.room.asker,)).start()
        return dict(run, joined=False)

    def follow(self, starter):
        if self.room.wait_for_follower(starter):
            self.play()

    def play(self):
        for run in self.rest:
            self.room.event("scene", "lesson", run)
            if run["state"] != "running":
                self.room.runs = []
                self.room.ended_runs[run["run"]] = dict(run, steps=run["steps"])


DONE = [a_run("running", [step("power", "confirmed", ms=18200)]),
        a_run("done", [step("source", "already", ms=9, target="projector.input", value="hdmi1")], ready=True)]
PARTLY = [a_run("running", [step("power", "confirmed", ms=18200)]),
          a_run("partly", [step("source", "away", reason="no reply in 2 s", ms=2000)])]


def test_scenes_are_listed_in_the_persons_language(cli, room, say):
    out = cli("scene", "list").out
    assert say("Bắt đầu tiết học", "Start lesson") in out
    assert say("21,0 s", "21.0 s") in out
    assert [s["name"] for s in cli("scene", "list", "--json").json] == ["lesson", "end-of-day"]


def test_start_without_waiting_says_started_and_no_more(cli, room, say):
    Script(room)
    got = cli("scene", "start", "lesson")
    assert got.code == 0
    assert say("đã bắt đầu", "started") in got.out and "9f2c0000" in got.out
    assert say("xong", "done") not in got.out


def test_starting_again_says_that_it_joined(cli, room, say):
    room.handlers["scene.start"] = lambda _: a_run("running", [step("power", "waiting")], joined=True)
    assert say("đang chạy rồi", "is under way already") in cli("scene", "start", "lesson").out


def test_start_and_wait_tells_each_step_as_it_ends(cli, room, say):
    Script(room, *DONE)
    got = cli("scene", "start", "lesson", "--wait")
    assert got.code == 0
    lines = got.out.splitlines()
    assert len(lines) == 3
    assert say("xong", "done") in lines[0] and "✓ power" in lines[0] and say("18,2 s", "18.2 s") in lines[0]
    assert say("đã sẵn", "already so") in lines[1]
    assert lines[2].startswith("lesson: " + say("xong", "done"))


def test_start_and_wait_ends_with_1_when_not_all_came_true(cli, room, say):
    Script(room, *PARTLY)
    got = cli("scene", "start", "lesson", "--wait")
    assert got.code == 1
    assert "✗ source" in got.out and "no reply in 2 s" in got.out and say("mất kết nối", "cannot be reached") in got.out
    assert say("xong một phần", "partly done") in got.out


@pytest.mark.parametrize("state", ["failed", "cancelled", "interrupted", "partly", "something-new"])
def test_only_done_is_done(english, room, state):
    Script(room, a_run(state, [step("power", "timeout")]))
    assert english("scene", "start", "lesson", "--wait").code == 1


def test_start_and_wait_in_json_is_one_document_the_whole_run(english, room):
    Script(room, *DONE)
    got = english("scene", "start", "lesson", "--wait", "--json")
    assert got.code == 0
    run = got.json
    assert run["state"] == "done" and [s["state"] for s in run["steps"]] == ["confirmed", "already"]


def test_the_end_is_told_although_its_event_was_lost(english, room):
    script = Script(room, *DONE)

    def play():
        room.ended_runs["9f2c0000"] = a_run("done", [step("power", "confirmed", ms=1), step("source", "already", ms=2)])
        room.runs = []
        room.lose = 1
        room.event("scene", "lesson", DONE[1])
    script.play = play
    got = english("scene", "start", "lesson", "--wait")
    assert got.code == 0 and got.out.count("✓") == 2


def test_a_room_that_restarts_meanwhile_ends_the_wait_truthfully(english, room):
    script = Script(room)

    def play():
        def restart():
            room.runs = []
            room.restart()
        threading.Thread(target=restart).start()
    script.play = play
    got = english("scene", "start", "lesson", "--wait")
    assert got.code == 1 and "interrupted" in got.out


def test_a_scene_that_is_not_there_is_said(cli, room):
    def none(_):
        raise Refuse(-32001, 'no scene "lessen"', nearest="lesson", reason="no such scene")
    room.handlers["scene.start"] = none
    got = cli("scene", "start", "lessen", "--wait")
    assert got.code == 2 and '"lesson"' in got.err


def test_ctrl_c_leaves_the_scene_running_and_says_how_to_stop_it(cli, room):
    Script(room)
    process = cli.start("scene", "start", "lesson", "--wait", stdout=subprocess.PIPE)

    def asked():
        return room.calls("state.snapshot")
    end = threading.Event()
    for _ in range(int(PATIENCE * 20)):
        if asked():
            break
        end.wait(0.05)
    assert asked()
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "lectern scene cancel lesson" in out.decode()
    assert room.calls("scene.cancel") == []


def test_a_room_that_goes_away_is_not_waited_for_longer_than_wanted(cli, room, say):
    Script(room, DONE[0])
    process = cli.start("scene", "start", "lesson", "--wait", "--timeout", "12s", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    reader = Reader(process)
    reader.until("✓ power")
    room.stop()
    reader.until(say("mất liên lạc với phòng", "the room is out of reach"))
    reader.until(say("hết thời gian chờ", "the time to wait is over"))
    assert process.wait(PATIENCE) == 4


def test_without_events_the_room_is_asked_how_the_run_stands(english, room):
    script = Script(room)
    room.heartbeats = False

    def end(_):  # at once: who hears no heartbeat asks for no snapshot
        room.runs = []
        room.ended_runs["9f2c0000"] = a_run("done", [step("power", "confirmed", ms=1), step("source", "already", ms=2)])
    script.follow = end
    assert english("scene", "start", "lesson", "--wait").code == 0


def test_on_a_terminal_the_run_is_one_picture_that_changes(cli, room, say):
    Script(room, *DONE)
    got = cli.on_terminal("scene", "start", "lesson", "--wait")
    assert got.code == 0
    assert "\x1b[3A\x1b[J" in got.out  # heading and two steps, drawn again in place
    assert say("còn khoảng", "left") in got.out
    assert say("xong", "done") in got.out.rsplit("\x1b[J", 1)[1]


def test_a_plan_shows_what_would_be_done(cli, room, say):
    room.handlers["scene.plan"] = lambda _: {"scene": "lesson", "expected_ms": 21000, "steps": [
        {"name": "power", "target": "projector.power", "value": "on", "after": [], "optional": False, "would": "set",
         "usual_ms": 18000},
        {"name": "source", "target": "projector.input", "value": "hdmi1", "after": ["power"], "optional": True, "would": "skip"}]}
    out = cli("scene", "plan", "lesson").out
    assert say("sẽ đặt", "would set") in out and say("đã sẵn, bỏ qua", "already so, skipped") in out
    assert say("sau power", "after power") in out and say("không bắt buộc", "optional") in out
    assert room.calls("scene.plan")[-1] == {"scene": "lesson", "fresh": True}
    cli("scene", "plan", "lesson", "--known")
    assert room.calls("scene.plan")[-1]["fresh"] is False


def test_cancel_says_what_cannot_be_stopped(cli, room, say):
    room.handlers["scene.cancel"] = lambda _: dict(a_run("cancelled", [step("power", "cancelled")]), unstoppable=[
        {"step": "power", "reason": "the projector is warming up"}])
    got = cli("scene", "cancel", "lesson")
    assert got.code == 0
    assert say("không dừng được power", "cannot be stopped: power") in got.out
    assert room.calls("scene.cancel") == [{"scene": "lesson"}]
    cli("scene", "cancel", "9f2c0000")
    assert room.calls("scene.cancel")[-1] == {"run": "9f2c0000"}


def test_undo_starts_a_run_that_puts_back(english, room):
    room.handlers["scene.undo"] = lambda _: dict(a_run("running", [step("power", "queued")]), scene="undo")
    assert english("scene", "undo").code == 0
    assert english("scene", "undo", "9f2c0000").code == 0
    assert room.calls("scene.undo") == [{}, {"run": "9f2c0000"}]


def test_capture_sends_label_and_devices(english, room):
    room.handlers["scene.capture"] = lambda p: {"scene": p["scene"], "steps": 3, "text": "[scene movie]\n"}
    got = english("scene", "capture", "movie", "projector", "audio", "--label", "Phim", "-L", "Movie")
    assert got.code == 0 and "[scene movie]" in got.out and "3 steps" in got.out
    assert room.calls("scene.capture") == [{"scene": "movie", "label": {"vi": "Phim", "en": "Movie"},
                                            "devices": ["projector", "audio"]}]


def test_show_tells_how_a_run_ended_and_ends_accordingly(english, room):
    room.ended_runs = {"a": dict(a_run("partly", [step("power", "away", reason="gone")]), run="a"),
                       "b": dict(a_run("done", [step("power", "confirmed")]), run="b")}
    assert english("scene", "show", "a").code == 1
    assert english("scene", "show", "b").code == 0
    assert json.loads(english("scene", "show", "b", "--json").out)["state"] == "done"
    assert english("scene", "show", "c").code == 2
