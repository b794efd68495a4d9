"""The command line, and so liblectern, against a real room that is killed in the middle of things."""

import json
import os
import signal
import subprocess

from conftest import BUILD, PATIENCE, wait


class Following:
    """`lectern` that goes on, with its output in a file."""

    def __init__(self, stage, name, *args):
        self.path = stage.folder / name
        env = dict(os.environ, LECTERN_RUN=str(stage.run), LECTERN_LANG="en")
        with open(self.path, "wb") as file:
            self.process = subprocess.Popen([str(BUILD / "bin" / "lectern"), *args], env=env, stdout=file, stderr=file)

    def text(self):
        return self.path.read_text()

    def lines(self):
        return [json.loads(line) for line in self.text().splitlines() if line.startswith("{")]

    def until(self, what):
        wait(lambda: what in self.text(), what=what)

    def end(self):
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE)


def test_what_is_followed_goes_on_over_the_death_of_the_daemon(phong201):
    stage, sim, daemon, room = phong201
    watch = Following(stage, "watch.txt", "watch", "--json", "projector.power")
    journal = Following(stage, "journal.txt", "journal", "-f", "-n", "1", "--json")
    watch.until('"value":"off"')
    journal.until('"journal"')
    lesson = Following(stage, "lesson.txt", "scene", "start", "lesson", "--wait", "--json")
    wait(lambda: '"warming"' in watch.text() or '"value":"on"' in watch.text(), what="the projector to be told")
    daemon.kill()
    stage.daemon()
    assert lesson.process.wait(PATIENCE * 3) == 0, lesson.text()
    run = json.loads(lesson.text())
    assert run["state"] == "done"
    assert {step["state"] for step in run["steps"]} <= {"confirmed", "already", "accepted"}
    # The step on the projector was confirmed by reading it, and so says the device.
    assert sim.call("sim.state")["projector"]["power"] == "on"
    watch.until('"value":"on"')
    journal.until('"verdict":"done"')
    numbers = [entry["journal"] for entry in journal.lines()]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert watch.end() == 0 and journal.end() == 0
    values = [line["value"] for line in watch.lines() if line.get("target") and line["quality"] == "good"]
    assert values[0] == "off" and values[-1] == "on"


def test_each_command_answers_in_a_real_room(phong201):
    stage, _, _, _ = phong201
    assert "12 of 12 devices online" in stage.cli("status").stdout
    assert stage.cli("set", "audio.level", "-20.5").stdout.startswith("audio.level = -20.5: done")
    assert stage.cli("get", "audio.level").stdout == "-20.5\n"
    assert stage.cli("set", "audio.level", "500", check=False).returncode == 2
    assert stage.cli("describe", "projector", "--json").returncode == 0
    assert json.loads(stage.cli("describe", "projector", "--wot").stdout)["@context"]
    assert len(json.loads(stage.cli("scene", "plan", "lesson", "--json").stdout)["steps"]) == 10
    assert "captured" in stage.cli("scene", "capture", "now", "audio").stdout + stage.cli("scene", "list").stdout
    assert stage.cli("doctor").returncode == 0
    assert "pjlink" in stage.cli("driver", "list").stdout
    assert stage.cli("reload").stdout.startswith("the new configuration")
    assert "10.20.1.11" in stage.cli("lines").stdout
    entries = json.loads(stage.cli("journal", "--json", "--kind", "command").stdout)["entries"]
    assert "point.write" in [entry["data"]["method"] for entry in entries]
