"""lectern run list, show and delete: what the room has recorded."""

import pytest

from cli_stage import cli, english, room, run, say  # noqa: F401 (fixtures)
from fake_room import T0, Refuse
from lab_stage import RUN, lab, shown  # noqa: F401 (fixture)


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


@pytest.mark.parametrize("result", [[], "x", {"channels": 5, "label": 7}, {"channels": ["x"], "marks": [5], "metadata": "y"}])
def test_answers_of_the_wrong_shape_are_no_crash(english, lab, room, result):
    for method in ("experiment.list", "run.list", "run.show", "experiment.stop", "experiment.mark"):
        room.handlers[method] = lambda _: result
    for args in (["experiment", "list"], ["run", "list"], ["run", "show", RUN], ["experiment", "stop"],
                 ["experiment", "mark", "x"], ["run", "list", "--json"], ["experiment", "list", "--json"]):
        assert english(*args).code in (0, 5), args
