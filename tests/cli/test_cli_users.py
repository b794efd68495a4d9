"""lectern user: people and panels of the gateway."""

import os
import pty
import re
import select
import signal
import stat
import subprocess
import time

import pytest

from cli_stage import BUILD, PATIENCE, Result, cli, complete, english, run, say  # noqa: F401 (fixtures)


class Users:
    """Runs `lectern user` with a file of its own."""

    def __init__(self, cli, folder):
        self.cli, self.folder = cli, folder
        self.env = dict(cli.env, LECTERN_WEB_STATE=str(folder))

    def __call__(self, *args, stdin=""):
        done = subprocess.run([str(BUILD / "bin" / "lectern"), "user", *args], env=self.env, input=stdin.encode(),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE, start_new_session=True)
        assert b"Sanitizer" not in done.stderr and b"runtime error" not in done.stderr, done.stderr.decode()
        return Result(done.returncode, done.stdout.decode(), done.stderr.decode())

    def add(self, name, *args, role="teacher", secret="4820"):
        got = self("add", name, "--role", role, "--secret-stdin", *args, stdin=secret + "\n")
        assert got.code == 0, got.err
        return got

    def type(self, answers, *args):
        """On a terminal of its own: waits for each prompt, types the answer; None: Ctrl-C. Returns what the terminal showed."""
        pid, fd = pty.fork()
        if pid == 0:
            os.execve(str(BUILD / "bin" / "lectern"), ["lectern", "user", *args], self.env)
        text, prompts, end = "", 0, time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if select.select([fd], [], [], 0.05)[0]:
                try:
                    text += os.read(fd, 4096).decode(errors="replace")
                except OSError:
                    break
            if text.count(": ") > prompts and prompts < len(answers):
                answer = answers[prompts]
                prompts += 1
                if answer is None:
                    os.kill(pid, signal.SIGINT)
                else:
                    os.write(fd, answer.encode() + b"\n")
        else:
            os.kill(pid, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        os.close(fd)
        return Result(code, text, "")


@pytest.fixture
def users(cli, tmp_path):
    return Users(cli, tmp_path)


@pytest.fixture
def in_english(english, tmp_path):
    return Users(english, tmp_path)


def test_people_are_added_listed_changed_and_removed(users, say):
    assert say("chưa có ai", "there is nobody") in users("list").out
    assert users.add("Lan", "--label", "Cô Nguyễn Thị Lan").out == say("Lan: đã thêm\n", "Lan: added\n")
    users.add("Hiệu phó", role="admin", secret="con chim xanh")
    out = users("list").out
    assert re.search(r"^Lan +Cô Nguyễn Thị Lan +teacher +0 +" + say("chưa bao giờ", "never"), out, re.M), out
    assert users("change", "Lan", "--role", "lab", "--label", "Cô Lan", "--disable").code == 0
    lan = users("list", "--json").json["people"][1]
    assert (lan["name"], lan["label"], lan["role"], lan["disabled"], lan["seen"], lan["sessions"]) == (
        "Lan", "Cô Lan", "lab", True, None, 0)
    assert say("đã khóa", "disabled") in users("list").out
    assert users("change", "Lan", "--enable").code == 0
    assert users("list", "--json").json["people"][1]["disabled"] is False
    assert users("remove", "Lan", "--json").json == {"user": "Lan", "done": "removed"}
    assert [p["name"] for p in users("list", "--json").json["people"]] == ["Hiệu phó"]


def test_the_file_is_its_owners_only_and_has_no_secret(in_english, tmp_path):
    in_english.add("Lan", secret="con chim xanh")
    file = tmp_path / "people.db"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert b"con chim" not in b"".join(p.read_bytes() for p in tmp_path.iterdir())


@pytest.mark.parametrize("args, secret, word", [
    (["add", "Lan", "--role", "teacher"], "1234", "first that anybody tries"),
    (["add", "Lan", "--role", "teacher"], "123", "4 to 12 digits"),
    (["add", "Lan", "--role", "admin"], "4820", "needs a password"),
    (["add", "Lan", "--role", "boss"], "4820", "no role"),
    (["add", "a/b", "--role", "teacher"], "4820", "letters, digits"),
    (["add", "Lan", "--role", "teacher"], "", "no PIN or password"),
    (["add", "Lan", "--role", "teacher"], "x" * 200, "longer than 128"),
    (["add", "Lan"], "4820", "--role is missing"),
    (["add", "x" * 100, "--role", "teacher"], "4820", "too long"),
    (["change", "Nobody", "--role", "lab"], "", "nobody has the name"),
    (["change", "Nobody"], "", "what is to change"),
    (["remove", "Nobody"], "", "nobody has the name"),
    (["sign-out", "Nobody"], "", "nobody has the name"),
    (["sign-out", "kiosk phong-201"], "", "nobody has the name"),
    (["pair", "--room", "phong-201", "--role", "admin"], "", "everybody can touch"),
    (["pair", "--room", "../phong"], "", "no name of a room"),
])
def test_what_cannot_be_is_refused_with_its_reason(in_english, args, secret, word):
    more = ["--secret-stdin"] if args[0] in ("add",) else []
    got = in_english(*args, *more, stdin=secret + "\n")
    assert got.code == 2 and word in got.err, (got.code, got.err)
    assert in_english("list", "--json").json == {"people": [], "panels": []}


def test_a_name_that_is_taken_is_refused(users):
    users.add("Lan")
    got = users("add", "lan", "--role", "teacher", "--secret-stdin", stdin="4820\n")
    assert got.code == 1 and "lan" in got.err


def test_what_a_pin_may_be_is_said_in_vietnamese_too(users, say):
    got = users("add", "Lan", "--role", "teacher", "--secret-stdin", stdin="1234\n")
    assert got.code == 2 and say("mã PIN: 4 đến 12 chữ số", "this PIN") in got.err


def test_a_pin_becomes_an_administrators_only_with_a_password(in_english):
    in_english.add("Lan")
    got = in_english("change", "Lan", "--role", "admin")
    assert got.code == 2 and "needs a password" in got.err
    assert in_english("change", "Lan", "--role", "admin", "--secret-stdin", stdin="con chim xanh\n").code == 0
    assert in_english("list", "--json").json["people"][0]["role"] == "admin"


def test_the_terminal_asks_twice_and_shows_nothing(users, say):
    got = users.type(["4820", "4820"], "add", "Lan", "--role", "teacher")
    assert got.code == 0 and "4820" not in got.out
    assert say("không hiện ra", "not shown") in got.out and say("Nhập lại", "Once more") in got.out
    got = users.type(["4821", "4822"], "change", "Lan", "--secret")
    assert got.code == 2 and say("không giống nhau", "not the same") in got.out


def test_ctrl_c_at_the_question_changes_nothing(in_english):
    assert in_english.type([None], "add", "Lan", "--role", "teacher").code == 130
    assert in_english.type(["4820", None], "add", "Lan", "--role", "teacher").code == 130
    assert in_english("list", "--json").json["people"] == []


def test_without_a_terminal_it_says_how_to_give_the_pin(in_english):
    got = in_english("add", "Lan", "--role", "teacher", stdin="4820\n")
    assert got.code == 2 and "--secret-stdin" in got.err


def test_a_pairing_code_has_eight_digits_and_is_for_one_room(users, say):
    out = users("pair", "--room", "phong-201").out
    assert re.match(r"^\d{4} \d{4}\n", out) and "phong-201" in out and say("10 phút", "10 minutes") in out
    got = users("pair", "--room", "phong-201", "--role", "viewer", "--json").json
    assert (got["room"], got["role"], got["seconds"]) == ("phong-201", "viewer", 600)
    assert re.fullmatch(r"\d{8}", got["code"])


def test_a_broken_or_open_file_is_said_and_left_as_it_is(in_english, tmp_path):
    file = tmp_path / "people.db"
    file.write_bytes(b"not a database at all, but some text that was put there by mistake" * 4)
    file.chmod(0o600)
    before = file.read_bytes()
    got = in_english("list")
    assert got.code == 1 and "damaged" in got.err and file.read_bytes() == before
    file.unlink()
    in_english.add("Lan")
    file.chmod(0o644)
    got = in_english("list")
    assert got.code == 1 and "chmod 600" in got.err
    other = tmp_path / "other.db"
    assert in_english("list", "--file", str(other)).code == 0 and other.exists()


def test_completion_offers_names_and_roles(in_english, tmp_path):
    in_english.add("Lan")
    in_english.add("Nguyễn Minh")
    english = in_english.cli
    english.env["LECTERN_WEB_STATE"] = str(tmp_path)
    assert complete(english, "lectern user s") == ["sign-out"]
    assert complete(english, "lectern user change ") == ["Lan", "Nguyễn\\ Minh"]
    assert "facilities" in complete(english, "lectern user add X --role ")
    assert "--secret-stdin" in complete(english, "lectern user change Lan --s")
    english.env["LECTERN_WEB_STATE"] = str(tmp_path / "none")
    assert complete(english, "lectern user remove ") == []
    assert not (tmp_path / "none").exists()
