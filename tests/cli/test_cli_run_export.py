"""lectern run export: a run as a file on this computer."""

import base64
import json
import os
import subprocess

import pytest

from cli_stage import PATIENCE, Result, cli, english, room, run, say  # noqa: F401 (fixtures)
from fake_room import Refuse
from lab_stage import RUN


class Files:
    """The room's exported file, in pieces."""

    def __init__(self, room, data=b"t;water\r\n0,0;61,25\r\n", piece=7, **answer):
        self.room, self.data, self.piece, self.answer = room, data, piece, answer
        room.handlers["run.export"] = self.export
        room.handlers["run.fetch"] = self.fetch

    def export(self, params):
        return dict({"file": "e-1.csv", "bytes": len(self.data), "type": "text/csv", "name": RUN + ".csv"}, **self.answer)

    def fetch(self, params):
        assert params["file"] == "e-1.csv"
        at = params["offset"]
        return {"data": base64.b64encode(self.data[at:at + self.piece]).decode(), "more": at + self.piece < len(self.data)}


@pytest.fixture
def folder(run):
    path = run / "home"
    path.mkdir()
    return path


def in_folder(cli, folder, *args):
    process = cli.start(*args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder)
    out, err = process.communicate(timeout=PATIENCE)
    assert b"Sanitizer" not in err and b"runtime error" not in err, err.decode()
    return Result(process.returncode, out, err.decode())


def test_an_export_is_fetched_in_pieces_under_the_proposed_name(cli, room, folder, say):
    files = Files(room)
    got = in_folder(cli, folder, "run", "export", RUN)
    assert got.code == 0, got.err
    assert (folder / (RUN + ".csv")).read_bytes() == files.data
    assert os.listdir(folder) == [RUN + ".csv"]
    assert say("đã xuất: %s.csv (20 byte)", "exported: %s.csv (20 bytes)") % RUN in got.out.decode()
    assert room.calls("run.export") == [{"run": RUN, "format": say("csv-vi", "csv")}]
    assert [p["offset"] for p in room.calls("run.fetch")] == [0, 7, 14]


def test_an_export_of_megabytes_is_whole(english, room, folder):
    files = Files(room, data=os.urandom(3 << 20), piece=512 << 10)
    assert in_folder(english, folder, "run", "export", RUN, "-o", "x.h5").code == 0
    assert (folder / "x.h5").read_bytes() == files.data


def test_an_empty_export_is_an_empty_file(english, room, folder):
    Files(room, data=b"")
    assert in_folder(english, folder, "run", "export", RUN, "-o", "x.csv").code == 0
    assert (folder / "x.csv").read_bytes() == b""


def test_what_is_asked_for_is_sent(english, room, folder):
    Files(room)
    got = in_folder(english, folder, "run", "export", RUN, "-o", "a.csv", "--format", "csv-vi", "--shape", "linear",
                    "--channels", "water,,air,", "--raw", "--from", "-5", "--to", "1.5e2")
    assert got.code == 0, got.err
    assert room.calls("run.export") == [{"run": RUN, "format": "csv-vi", "shape": "linear", "channels": ["water", "air"], "raw": True,
                                         "from": -5, "to": 150}]


@pytest.mark.parametrize("name, vi, en", [("a.csv", "csv-vi", "csv"), ("a.XLSX", "xlsx", "xlsx"), ("a.h5", "hdf5", "hdf5"),
                                          ("a.jsonl", "jsonl", "jsonl"), ("b.h5/a", "csv-vi", "csv"), ("data", "csv-vi", "csv")])
def test_the_format_is_that_of_the_ending_then_of_the_language(cli, room, folder, say, name, vi, en):
    Files(room)
    (folder / "b.h5").mkdir()
    assert in_folder(cli, folder, "run", "export", RUN, "-o", name).code == 0
    asked = room.calls("run.export")[0]
    assert asked["format"] == say(vi, en)
    assert asked.get("lang") == (say("vi", None) if vi == "xlsx" else None)


def test_a_file_that_exists_is_kept_unless_forced(cli, room, folder, say):
    files = Files(room)
    for name in (["-o", "mine.csv"], []):
        file = folder / (name[1] if name else RUN + ".csv")
        file.write_text("mine")
        got = in_folder(cli, folder, "run", "export", RUN, *name)
        assert got.code == 2 and say("thêm --force", "add --force") in got.err
        assert file.read_text() == "mine" and room.calls("run.fetch") == []
    assert len(room.calls("run.export")) == 1  # with a name it was known before asking
    assert in_folder(cli, folder, "run", "export", RUN, "-o", "mine.csv", "--force").code == 0
    assert (folder / "mine.csv").read_bytes() == files.data
    assert sorted(os.listdir(folder)) == sorted(["mine.csv", RUN + ".csv"])


def test_an_export_can_go_to_standard_output(english, room, folder):
    files = Files(room, data=bytes(range(256)) * 9, piece=100)
    got = in_folder(english, folder, "run", "export", RUN, "-o", "-")
    assert got.code == 0 and got.out == files.data and os.listdir(folder) == []
    with open("/dev/full", "wb") as full:
        process = english.start("run", "export", RUN, "-o", "-", stdout=full, stderr=subprocess.PIPE)
        assert b"cannot write" in process.communicate(timeout=PATIENCE)[1] and process.returncode == 1


def test_a_folder_takes_the_proposed_name(english, room, folder):
    (folder / "usb").mkdir()
    files = Files(room)
    got = in_folder(english, folder, "run", "export", RUN, "-o", "usb/", "--json")
    assert got.code == 0 and json.loads(got.out)["saved"] == "usb//%s.csv" % RUN
    assert (folder / "usb" / (RUN + ".csv")).read_bytes() == files.data


@pytest.mark.parametrize("where", ["nowhere/a.csv", "file/a.csv", "/proc/self/a.csv", "x" * 300])
def test_a_place_that_cannot_be_written_is_said_before_the_room_is_asked(cli, room, folder, say, where):
    (folder / "file").write_text("")
    Files(room)
    got = in_folder(cli, folder, "run", "export", RUN, "-o", where)
    assert got.code == 1 and say("không tạo được", "cannot make") in got.err
    assert room.calls("run.export") == []  # it must not count as exported


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "..", ".", ".bashrc", "-", "-rf", "", "a\nb.csv", "a\x1b[2J.csv",
                                  "x" * 300, "a/b.csv"])
def test_the_rooms_proposal_is_a_plain_name_or_none(english, room, folder, name):
    files = Files(room, name=name)
    got = in_folder(english, folder, "run", "export", RUN)
    assert got.code == 0, got.err
    assert os.listdir(folder) == ["run.csv"] and (folder / "run.csv").read_bytes() == files.data
    assert got.out.startswith(b"exported: run.csv")


@pytest.mark.parametrize("fetch, vi, en", [
    (lambda at: {"data": "!!!!", "more": False}, "hỏng", "broken"),
    (lambda at: {"data": "QUJD" * (300 << 10), "more": False}, "hỏng", "broken"),
    (lambda at: {"more": True}, "phần rỗng", "empty piece"),
    (lambda at: {"data": "", "more": True}, "phần rỗng", "empty piece"),
    (lambda at: {"data": "QUJD", "more": False}, "hứa 20 byte nhưng gửi 3", "promised 20 bytes and sent 3"),
    (lambda at: {"data": "QUJD", "more": at < 30}, "hứa 20 byte nhưng gửi 33", "promised 20 bytes and sent 33"),
])
def test_a_broken_piece_leaves_no_file(cli, room, folder, say, fetch, vi, en):
    Files(room)
    room.handlers["run.fetch"] = lambda p: fetch(p["offset"])
    (folder / "old.csv").write_text("old")
    got = in_folder(cli, folder, "run", "export", RUN, "-o", "old.csv", "--force")
    assert got.code == 5 and say(vi, en) in got.err
    assert os.listdir(folder) == ["old.csv"] and (folder / "old.csv").read_text() == "old"


def test_a_fetch_that_the_room_refuses_leaves_no_file(english, room, folder):
    def refuse(_):
        raise Refuse(-32001, "there is no such exported file; they are kept for an hour")
    Files(room)
    room.handlers["run.fetch"] = refuse
    got = in_folder(english, folder, "run", "export", RUN, "--json")
    assert got.code == 2 and json.loads(got.out)["error"]["code"] == -32001 and os.listdir(folder) == []


@pytest.mark.parametrize("args", [["--from", "soon"], ["--to", "1,5"], ["--from", "nan"], ["--frm", "1"], []])
def test_wrong_use_of_export_is_code_2(cli, room, folder, args):
    Files(room)
    assert in_folder(cli, folder, "run", "export", *([RUN] if args else []), *args).code == 2
    assert room.calls("run.export") == [] and os.listdir(folder) == []


def test_what_the_room_says_of_a_wrong_format_is_handed_on(english, room, folder):
    def refuse(_):
        raise Refuse(-32602, '"format": there is no "ods"', nearest="xlsx", reason="no such format")
    room.handlers["run.export"] = refuse
    got = in_folder(english, folder, "run", "export", RUN, "-f", "ods", "-o", "a.ods")
    assert got.code == 2 and 'there is no "ods"' in got.err and os.listdir(folder) == []
