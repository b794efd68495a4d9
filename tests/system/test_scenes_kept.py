"""What the daemon keeps of scenes: learnt durations, captured scenes, and runs that a restart meets."""

import time

import pytest

from conftest import PATIENCE, wait
from lectern_client import RoomError
from test_scenes import ENDED, ended, fast, lesson_holds, reached, slow, states, steps, truth  # noqa: F401 (fixtures)


def test_a_duration_is_learnt_and_told(slow):
    first = slow.room.call("scene.start", scene="lesson")
    assert steps(first)["projector-on"]["expected_ms"] == 20000  # the profile's word
    run = ended(slow.room, first["run"])
    took = steps(run)["projector-on"]["ms"]
    slow.room.call("point.write", target="projector.power", value="off", timeout_ms=60000, timeout=70.0, retry=60.0)
    slow.drag()
    second = slow.room.call("scene.start", scene="lesson")
    assert steps(second)["projector-on"]["expected_ms"] == pytest.approx((20000 + took) / 2, abs=20)
    seen = []
    def follow(room):
        here = room.runs.get(second["run"], {})
        if "remaining_ms" in here:
            seen.append(here["remaining_ms"])
            if len(seen) == 4:
                slow.run()
        return here.get("state") in ENDED
    slow.room.wait_for(follow, 40.0)
    assert all(left >= 0 for left in seen) and len(seen) > 3


def test_a_scenes_deadline_ends_what_is_unfinished(slow):
    slow.drag()  # nothing else would end it before the projector's own time is over
    run = ended(slow.room, slow.start("short"))
    assert states(run)["projector-on"] == "timeout" and steps(run)["projector-on"]["reason"]
    assert states(run)["source"] in ("timeout", "skipped")  # the line and the scene give up at the same moment
    assert states(run)["rear"] in ("confirmed", "already")
    assert 5000 <= run["ms"] < 5000 + PATIENCE * 1000


def test_what_is_captured_can_be_started(fast):
    ended(fast.room, fast.start("lesson"))
    answer = fast.room.call("scene.capture", scene="like-now", label={"vi": "Như bây giờ", "en": "Like now"},
                            devices=["lights", "screen"])
    assert "lights.rear true" in answer["text"] and "Như bây giờ" in answer["text"] and answer["steps"] >= 3
    row = {s["name"]: s for s in fast.room.call("scene.list")["scenes"]}["like-now"]
    assert row["captured"] is True and row["label"]["en"] == "Like now"
    fast.room.call("point.write", target="lights.rear", value=False)
    run = ended(fast.room, fast.start("like-now"))
    assert run["state"] == "done", run
    assert truth(fast.sim, "lights") == {"front": False, "rear": True, "board": False}
    with pytest.raises(RoomError) as no:
        fast.room.call("scene.capture", scene="lesson")
    assert "lesson" in str(no.value)


@pytest.mark.parametrize("how", ["killed", "asked to end"])
def test_a_run_goes_on_after_the_daemon_is(slow, how):
    slow.drag()
    run = slow.start("lesson")
    reached(slow.room, run, "projector-on", "waiting")
    reached(slow.room, run, "rear", "confirmed", "already")
    wait(lambda: any(e["data"].get("step") == "rear" for e in slow.room.call("journal.read", kind="step")["entries"]))
    if how == "killed":
        slow.daemon.kill()
    else:
        slow.daemon.end()
    slow.run()
    slow.restart()
    resumed = slow.room.call("scene.run", run=run)
    assert resumed["state"] in ("running", "done"), resumed
    assert states(resumed)["rear"] in ("confirmed", "already")
    done = ended(slow.room, run) if resumed["state"] == "running" else resumed
    assert done["state"] == "done", done
    assert lesson_holds(slow.sim)

    def told():
        entries = slow.room.call("journal.read", kind="scene")["entries"]
        return [e["data"]["what"] for e in entries if e["data"]["run"] == run]
    wait(lambda: told() == ["started", "resumed", "ended"], what="the journal")


def test_a_run_whose_time_is_over_is_closed_as_interrupted(slow):
    slow.drag()
    run = slow.start("short")
    reached(slow.room, run, "projector-on", "waiting")
    journal = lambda: slow.room.call("journal.read", kind="scene")["entries"]  # noqa: E731
    wait(lambda: any(e["data"]["run"] == run for e in journal()))
    started = slow.room.call("scene.run", run=run)["started"]
    slow.daemon.kill()

    wait(lambda: time.time() * 1e6 > started + 5.1e6, what="the scene's deadline")
    slow.restart()
    closed = slow.room.call("scene.run", run=run)
    assert closed["state"] == "interrupted"
    assert states(closed)["source"] == "cancelled" and steps(closed)["source"]["reason"]
    wait(lambda: any(e["data"].get("verdict") == "interrupted" for e in journal() if e["data"]["run"] == run))
