"""Scenes when the daemon is killed at any moment, in some rooms at once."""

import random
import time

from conftest import at_once, shares, wait
from lectern_client import RoomError
from test_scenes import ENDED, Play, ended


def known(room, run):
    try:
        return room.call("scene.run", run=run)
    except RoomError as no:
        assert no.code == -32001  # killed in the 20 ms before its start was on the disk
        return None


def everything(room):
    entries, after = [], 0
    while True:
        page = room.call("journal.read", after=after, limit=1000)["entries"]
        if not page:
            return entries
        entries += page
        after = page[-1]["journal"]


def whole_journal(room, last):
    """Checks that the numbers have no gap and none was taken back; returns the newest."""
    numbers = [e["journal"] for e in everything(room)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= last
    return len(numbers)


def kill_at_any_moment(stage, seed, kills):
    """One room, killed so many times; returns how many runs it knows of in the end."""
    play = Play(stage, 20)
    story = random.Random(seed)
    runs, last = [], 0

    def accounts():
        """The runs of which the journal has a start, and those of which it has an end."""
        scenes = [e["data"] for e in everything(play.room) if e["kind"] == "scene"]
        return ({d["run"] for d in scenes if d["what"] == "started"}, sorted(d["run"] for d in scenes if d["what"] == "ended"))
    for turn in range(kills):
        play.room.call("point.write", target="lights.rear", value=False)
        run = play.start("lesson" if turn % 2 else "end")
        runs.append(run)
        if turn % 5:  # most are killed after their start is on the disk, the others whenever it happens
            wait(lambda: run in accounts()[0], what="the start to be on the disk")
        until = time.monotonic() + story.uniform(0, 0.8)
        while time.monotonic() < until:
            play.room.next_event(timeout=max(0.001, until - time.monotonic()))
        play.daemon.kill()
        play.restart()
        told = play.room.call("scene.run", run=run) if known(play.room, run) else None
        if told is not None and told["state"] == "running":
            play.room.call("scene.cancel", run=run)
            told = ended(play.room, run)
        assert told is None or told["state"] in ENDED
        last = whole_journal(play.room, last)
    wait(lambda: sorted(accounts()[0]) == accounts()[1], what="each run to have ended, once")
    assert accounts()[0] <= set(runs)
    return len(accounts()[0])


def test_killed_at_any_moment_of_a_scene_nothing_is_lost(stages):
    """kill -9 at 50 random moments: the journal stays whole and without a gap, and each run is taken up again or closed."""
    runs = at_once(lambda i, kills: kill_at_any_moment(stages[i], 201 + i, kills), shares(50, len(stages)))
    assert sum(runs) >= 36  # four in five of each room's
