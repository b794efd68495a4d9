"""Runs whose every sample is known, and lectern-lab's answers about them.

The programs come from $LECTERN_BUILD (default build/asan). Nothing here needs a daemon: make_run writes the run file as the recorder
would.
"""

import json
import os
import pathlib
import subprocess

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("LECTERN_BUILD", ROOT / "build" / "asan"))
PATIENCE = float(os.environ.get("LECTERN_PATIENCE", "20"))
START_US = 1763783100123456  # 2025-11-22 03:45:00.123456 UTC
E_LINK, E_REFUSED, E_BUSY, E_RANGE, E_CONFIG = -2, -4, -5, -6, -7


class Lab:
    """A folder with one run file."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.file = self.folder / "runs.db"

    def run(self, channels, blocks, **more):
        """Writes a run and returns its id. blocks: (channel, t_ns, interval_ns, values, further) or whole objects."""
        def block(b):
            if isinstance(b, dict):
                return b
            channel, t_ns, interval_ns, values = b[:4]
            values = [None if v is None or np.isnan(v) else float(v) for v in values]
            return {"channel": channel, "t_ns": int(t_ns), "interval_ns": float(interval_ns), "values": values,
                    **(b[4] if len(b) > 4 else {})}
        spec = {"experiment": "cooling", "label": "Làm nguội", "label_en": "Cooling", "start_us": START_US,
                "channels": [{"kind": "point", "unit": "Cel", **c} for c in channels],
                "blocks": [block(b) for b in blocks],
                "stop": {"us": START_US + 60_000_000, "status": "done", "reason": "duration"}, **more}
        done = subprocess.run([BUILD / "tests" / "make_run", self.file], input=json.dumps(spec), capture_output=True,
                              text=True, timeout=10 * PATIENCE)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def ask(self, request, environment=None, prepare=None):
        """One request; the answer, whatever it is. A sanitizer's complaint fails the test."""
        text = request if isinstance(request, (str, bytes)) else json.dumps(request)
        text = text.encode() if isinstance(text, str) else text
        done = subprocess.run([BUILD / "bin" / "lectern-lab", self.file], input=text, capture_output=True,
                              timeout=10 * PATIENCE, env={**os.environ, "TZ": "Asia/Ho_Chi_Minh", **(environment or {})},
                              preexec_fn=prepare)
        assert done.stderr == b"", done.stderr.decode(errors="replace")
        answer = json.loads(done.stdout)
        assert done.returncode == (1 if "error" in answer else 0)
        return answer

    def export(self, run, form, prepare=None, **more):
        """The file that an export makes."""
        ending = {"csv-vi": "vi.csv", "hdf5": "h5"}.get(form, form)
        path = self.folder / ("%s-%s.%s" % (run, more.get("shape", "long"), ending))
        answer = self.ask({"do": "export", "run": run, "format": form, "out": str(path), **more}, prepare=prepare)
        assert "error" not in answer, answer
        assert answer["bytes"] == path.stat().st_size
        assert not path.with_name(path.name + ".part").exists()
        return path

    def analyze(self, run, channel, what, **more):
        answer = self.ask({"do": "analyze", "run": run, "channel": channel, "what": what, **more})
        assert "error" not in answer, answer
        return answer

    def refused(self, request, code):
        """The sentence of an answer that is an error with this code."""
        answer = self.ask(request)
        assert answer.get("error", {}).get("code") == code, answer
        return answer["error"]["message"]


def same(got, want):
    """Equal to the last bit, NaN where NaN is."""
    got, want = np.asarray(got, dtype=float), np.asarray(want, dtype=float)
    assert got.shape == want.shape, (got.shape, want.shape)
    different = ~((got == want) | (np.isnan(got) & np.isnan(want)))
    assert not different.any(), (np.flatnonzero(different)[:5], got[different][:5], want[different][:5])
