"""Pages of a real room through the gateway: what they are told, that one person's role holds, that a slow page hurts nobody, and what
happens when the daemon or the gateway goes."""

import contextlib
import json
import time
import uuid

import pytest

from web_stage import SANITIZED, Page, Web, daemon, phong201, stage, system_stage, wait  # noqa: F401


def commands(stage, method):  # noqa: F811
    """What the journal says was done with this method; waits until it says anything."""
    room = stage.room()
    return wait(lambda: [e for e in room.call("journal.read", kind="command")["entries"] if e["data"].get("method") == method])


def test_a_page_is_told_who_it_is_and_the_whole_room(phong201):  # noqa: F811
    stage, sim, web = phong201  # noqa: F811
    page = web.page().ready()
    assert [m["method"] for m in page.seen[:3]] == ["live", "hello", "state"] and page.live
    hello = page.hello
    assert {k: hello["person"][k] for k in ("name", "role", "kiosk")} == {"name": "Lan", "role": "teacher", "kiosk": False}
    assert "scene.start" in hello["person"]["may"] and "room.reload" not in hello["person"]["may"]
    assert hello["room"]["room"] == "phong-201" and hello["room"]["label"]["vi"] and abs(hello["now"] / 1e6 - time.time()) < 60
    snapshot = stage.room().call("state.snapshot")
    assert set(page.state) == set(snapshot["devices"])
    for name, device in snapshot["devices"].items():
        assert set(page.state[name]["points"]) == set(device["points"]), name
    power = page.state["projector"]["points"]["power"]
    assert power["quality"] == "good" and power["simulated"] and power["age_ms"] >= 0 and power["time"] > 0
    assert page.state["air"]["points"]["temperature"]["unit"] == "Cel"


def test_what_one_page_does_the_others_see(phong201):  # noqa: F811
    stage, sim, web = phong201  # noqa: F811
    teacher, other = web.page(web.session("Lan")).ready(), web.page(web.session("Minh")).ready()
    done = teacher.call("point.write", target="projector.power", value="on", until="accepted")
    assert done["result"]["verdict"] in ("accepted", "confirmed")
    other.until(lambda: other.value("projector.power") == "on", what="the projector is on")
    teacher.call("scene.start", scene="end-of-day")
    for page in (teacher, other):
        page.until(lambda: [m for m in page.seen if m.get("method") == "runs"], what="the run of the scene")
    assert {e.get("principal") for e in commands(stage, "point.write")} == {"Lan"}


def test_a_request_repeated_after_a_reconnection_is_done_once(phong201):  # noqa: F811
    stage, sim, web = phong201  # noqa: F811
    token, id = web.session(), str(uuid.uuid4())
    first, second = web.page(token).ready(), web.page(token).ready()
    first.ask("point.write", id=id, target="projector.power", value="on")  # takes a while: the old socket is not dead yet
    time.sleep(0.05)
    assert second.answer(second.ask("point.write", id=id, target="projector.power", value="on"))["result"]["verdict"]
    first.close()
    third = web.page(token).ready()
    assert third.answer(third.ask("point.write", id=id, target="projector.power", value="on"))["result"]["verdict"]
    assert len(commands(stage, "point.write")) == 1


def test_what_a_person_asks_the_simulator_is_journalled_as_theirs(phong201):  # noqa: F811
    stage, sim, web = phong201  # noqa: F811
    ky, lan = web.page(web.session("Ky", "facilities")).ready(), web.page(web.session("Lan")).ready()
    assert "sim.fault" in ky.hello["person"]["may"] and "sim.fault" not in lan.hello["person"]["may"]
    assert ky.call("sim.state")["result"]
    assert "result" in ky.call("sim.fault", device="camera", fault="silence")
    assert "error" in ky.call("sim.fault", device="nothing", fault="silence")
    assert lan.call("sim.clear", device="camera")["error"]["code"] == -32008

    def noted():
        entries = stage.room().call("journal.read", kind="command", limit=1000)["entries"]
        return [e for e in entries if e["name"].startswith("sim.")]
    entries = wait(lambda: (lambda e: e if len(e) == 3 else None)(noted()), what="three entries")
    assert [(e["principal"], e["name"], e.get("device"), e["data"]["outcome"]) for e in entries] == [
        ("Ky", "sim.fault", "camera", "done"), ("Ky", "sim.fault", "nothing", "refused"), ("Lan", "sim.clear", "camera", "refused")]
    assert json.loads(entries[0]["data"]["details"]) == {"device": "camera", "fault": "silence"}
    assert "nothing" in entries[1]["data"]["reason"]


def test_a_role_is_the_sessions_and_never_the_pages(phong201):  # noqa: F811
    stage, sim, web = phong201  # noqa: F811
    viewer = web.page(web.session("Khach", "viewer")).ready()
    assert viewer.call("point.write", target="projector.power", value="on")["error"]["code"] == -32008
    assert viewer.call("scene.start", scene="lesson")["error"]["code"] == -32008
    assert viewer.call("room.reload")["error"]["code"] == -32008
    assert viewer.call("login.note", person="x", what="in")["error"]["code"] == -32008
    viewer.text(json.dumps({"jsonrpc": "2.0", "id": "i" * 20, "method": "scene.start", "params": {"scene": "lesson"},
                            "as": {"principal": "Khach", "role": "admin"}}))
    assert viewer.answer("i" * 20)["error"]["code"] == -32600
    assert viewer.call("point.read", target="projector.power")["result"]["value"] == "off"


def test_journal_and_events_come_to_those_who_follow_them(phong201):  # noqa: F811
    stage, sim, web = phong201  # noqa: F811
    page, quiet = web.page(web.session("Lan", "lab")).ready(), web.page(web.session("Minh")).ready()
    assert page.call("web.follow", journal=True, events=True)["result"] == {}
    page.call("point.write", target="projector.power", value="on", until="accepted")
    entry = page.until(lambda: [m for m in page.seen if m.get("method") == "journal" and m["params"]["kind"] == "command"],
                       what="the journal's entry")[0]
    assert entry["params"]["principal"] == "Lan" and "lost" not in entry["params"]
    quiet.call("web.follow")
    assert not [m for m in quiet.seen if m.get("method") in ("journal", "event")]


def test_changes_come_conflated_at_most_ten_times_a_second_and_the_first_at_once(phong201):  # noqa: F811
    stage, sim, web = phong201  # noqa: F811
    token = web.session("Kỹ thuật", "facilities")
    begin = time.monotonic()  # what is on its way already counts
    page = web.page(token).ready()
    states = page.states
    for n in range(60):
        page.answer(page.ask("point.write", target="audio.level", value=-float(n % 60), until="accepted"))
        if n == 0:
            page.until(lambda: page.states > states, what="the first change")
    page.until(lambda: page.value("audio.level") == -59, what="the last value")
    assert page.states <= 10 * (time.monotonic() - begin) + 2


def test_a_lost_room_is_told_within_seconds_and_comes_back_whole(phong201):  # noqa: F811
    stage, sim, web = phong201  # noqa: F811
    page = web.page().ready()
    lecternd = [p for p in stage.programs if p.name == "lecternd"][0]
    lecternd.kill()
    page.until(lambda: page.live is False, what="the loss")  # 3.5 s at most, on a machine that has nothing else to do
    assert [m["params"].get("reason") for m in page.seen if m.get("method") == "live"][-1]
    refused = page.call("point.read", target="projector.power")
    assert refused["error"]["code"] == -32004 and refused["error"]["data"]["remedy"]["vi"]
    hellos = len([m for m in page.seen if m.get("method") == "hello"])
    late = web.page(web.session("Minh"))  # opened while the room is away
    late.until(lambda: late.live is False)
    daemon(stage)
    for p in (page, late):
        p.until(lambda: p.live and p.hello and p.state, what="the room again")
    page.until(lambda: len([m for m in page.seen if m.get("method") == "hello"]) > hellos and page.seen[-1].get("method"), what="hello")
    page.until(lambda: page.call("point.read", target="projector.power").get("result"), what="a value")


def test_the_gateway_killed_and_started_again_takes_the_same_session(phong201):  # noqa: F811
    stage, sim, web = phong201  # noqa: F811
    token = web.session()
    page = web.page(token).ready()
    web.program.kill()
    assert page.closed().code is None
    again = Web(stage, "phong-201", port=web.port)
    assert again.page(token).ready().call("point.read", target="projector.power")["result"]["value"]


def test_a_page_may_wait_for_a_room_that_is_not_there_yet(stage):  # noqa: F811
    web = Web(stage, "phong-201")
    page = web.page()
    page.until(lambda: page.live is False)
    sim = stage.sim(system_stage.ROOMS / "phong-201.ini")
    assert sim
    daemon(stage)
    page.ready()
    assert page.live


def test_only_so_many_rooms_that_do_not_exist_can_be_asked_for(stage):  # noqa: F811
    web = Web(stage, "phong-201")
    token = web.session()
    pages = [Page(web, token, room="none-%d" % n) for n in range(12)]
    ends = [p for p in pages[8:] if p.closed().code == 4404]
    assert len(ends) == 4
    assert pages[0].call("web.follow")["result"] == {}


def test_a_page_that_reads_nothing_for_a_minute_costs_the_others_nothing(phong201):  # noqa: F811
    """Two pages stop reading, with little room in their sockets. The others go on; memory stays; then one of them reads again and has the
    newest state. A third has room enough for all, and is there no more: it does not answer a ping. One goes on, and answers."""
    stage, sim, web = phong201  # noqa: F811
    token = web.session("Kỹ thuật", "facilities")
    quick, asleep = web.page(token).ready(), Page(web, token, takes=2_000_000).ready()
    slow = [Page(web, token, takes=4096) for _ in range(2)]
    for page in slow:
        page.ready()
        page.call("web.follow", journal=True, events=True)
    before, begin, n = web.rss(), time.monotonic(), 0
    while time.monotonic() - begin < 60:
        n += 1
        if n % 20 == 0:  # answers that it does not take either
            with contextlib.suppress(OSError):
                slow[1].ask("journal.read", limit=1000)
        quick.answer(quick.ask("point.write", target="audio.level", value=-float(n % 60), until="accepted"))
    assert web.rss() - before < (24e6 if SANITIZED else 6e6)
    last = -float(n % 60)
    quick.until(lambda: quick.value("audio.level") == last, what="the last value")
    slow[0].until(lambda: slow[0].value("audio.level") == last, 30, "the newest state")
    assert slow[0].states < quick.states, "it was told each change"
    assert asleep.closed().code == 4408
