"""Exports equal their source: written, read back with what people read them with, compared to the last bit."""

import datetime
import json
import re
import resource
import signal
import subprocess
import xml.etree.ElementTree
import zipfile

import h5py
import numpy as np
import openpyxl
import pandas
import pytest

from lab_stage import BUILD, E_CONFIG, E_LINK, E_RANGE, PATIENCE, ROOT, START_US, same

CSV = {"comment": "#", "float_precision": "round_trip"}
CSV_VI = {"comment": "#", "float_precision": "round_trip", "sep": ";", "decimal": ",", "encoding": "utf-8-sig"}


def signal_of(n, seed):
    """Values as sensors and formulas give them: quantised, with all digits, very small, large, missing."""
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 65536, n) * 0.0625 - 1000
    values[1::5] = rng.normal(20, 5, len(values[1::5]))
    values[2::7] = rng.normal(0, 1e-7, len(values[2::7]))
    values[3::11] = rng.normal(0, 1e17, len(values[3::11]))
    values[4::13] = np.nan
    values[:4] = [0.1 + 0.2, -0.0, 1e-300, 123456.78901234567]
    return values


class Sample:
    """A run of two rates with a gap: water at 10 Hz (0..3.9 s and 5..7.9 s), air at 1 Hz."""

    def __init__(self, lab, **more):
        self.water = signal_of(70, 1)
        self.air = np.round(np.random.default_rng(2).normal(20, 1, 9), 3)
        self.t = np.concatenate([np.arange(40) / 10, np.arange(50, 80) / 10])
        self.run = lab.run(
            [{"name": "water", "label": "Nước", "label_en": "Water", "sensor": "Go!Temp", "serial": "0A-7", "rate_hz": 10,
              "source": "probe-1.temperature"},
             {"name": "air", "rate_hz": 1}],
            [(0, 0, 1e8, self.water[:40]), (1, 0, 1e9, self.air),
             (0, 5_000_000_000, 1e8, self.water[40:], {"lost": 10})],
            marks=[{"t_ns": 2500000000, "kind": "mark", "text": "đá lạnh", "by": "An"},
                   {"t_ns": 4000000000, "kind": "gap", "channel": "water", "lost": 10}], **more)


@pytest.fixture
def sample(lab):
    return Sample(lab)


@pytest.mark.parametrize("form, options", [("csv", CSV), ("csv-vi", CSV_VI)])
def test_pandas_reads_every_sample_back_the_same(lab, sample, form, options):
    table = pandas.read_csv(lab.export(sample.run, form), **options)
    water = table[(table.channel == "water") & (table.quality != "gap")]
    air = table[table.channel == "air"]
    same(water.value, sample.water)
    same(air.value, sample.air)
    same(water.t_s, sample.t)
    assert table.t_s.is_monotonic_increasing
    assert (table.unit == "Cel").all()
    assert (water.quality == np.where(np.isnan(sample.water), "missing", "good")).all()
    gap = table[table.quality == "gap"]
    assert gap[["t_s", "channel", "lost"]].values.tolist() == [[4.0, "water", 10.0]] and gap.value.isna().all()
    times = pandas.to_datetime(water.time, utc=True)
    want = START_US + np.round(sample.t * 1e6).astype(np.int64)
    assert (times.astype("int64") // 1000 == want).all()
    assert table.time.str.endswith("+07:00").all()


def test_the_international_profile_is_plain_and_the_vietnamese_one_is_for_spreadsheets(lab, sample):
    plain, sheet = lab.export(sample.run, "csv").read_bytes(), lab.export(sample.run, "csv-vi").read_bytes()
    assert plain.startswith(b"# run: ") and b"\r" not in plain
    assert sheet.startswith(b"\xef\xbb\xbf# run: ") and sheet.count(b"\n") == sheet.count(b"\r\n") > 80
    assert b";0,30000000000000004;" in sheet and b",0.30000000000000004," in plain


def test_the_header_says_who_when_and_with_what(lab):
    run = lab.run(
        [{"name": "force", "unit": "N", "label": "Lực", "label_en": "Force", "sensor": "Go!Link", "serial": "17",
          "rate_hz": 0.5, "source": "probe-2.force", "calibration": "linear -2.5 0.01", "by": "An"}],
        [(0, 0, 2e9, [1000, 1001])], operator="Nguyễn Văn An", metadata={"class": "10A1", "group": 3, "note": None},
        simulated=True)
    for form, language, comma in (("csv", "en", ","), ("csv-vi", "vi", ";")):
        lines = lab.export(run, form, lang=language).read_text(encoding="utf-8-sig").splitlines()
        head = dict(line[2:].split(": ", 1) for line in lines if line.startswith("# "))
        words = {"en": ["operator", "class", "group", "start", "simulated", "force.label", "force.unit", "force.sensor",
                        "force.serial", "force.calibration", "force.rate_hz"],
                 "vi": ["người thực hiện", "class", "group", "bắt đầu", "mô phỏng", "force.tên", "force.đơn vị",
                        "force.cảm biến", "force.số sê-ri", "force.hiệu chuẩn", "force.tần số (Hz)"]}[language]
        between = ";" if comma == "," else ","
        assert [head[w].replace(between, ",") for w in words] == [
            "Nguyễn Văn An", "10A1", "3", "2025-11-22T10:45:00.123456+07:00", "yes" if language == "en" else "có",
            "Force" if language == "en" else "Lực", "N", "Go!Link", "17", "linear -2.5 0.01 (room, An)", "0.5"]
        assert "note" not in head


def test_calibrated_and_raw_stand_beside_each_other(lab):
    raw = np.arange(0, 65536, 97, dtype=float)
    run = lab.run([{"name": "p", "calibration": "linear -2.5 0.0123"}, {"name": "d", "kind": "derived"}],
                  [(0, 0, 1e6, raw), (1, 0, 1e9, [5.5])])
    table = pandas.read_csv(lab.export(run, "csv", raw=True), **CSV)
    p = table[table.channel == "p"]
    same(p.raw, raw)
    same(p.value, -2.5 + 0.0123 * raw)
    assert table[table.channel == "d"].raw.isna().all() and table[table.channel == "d"].value.tolist() == [5.5]
    with h5py.File(lab.export(run, "hdf5", raw=True)) as f:
        same(f[run]["p.raw"], raw)
        same(f[run]["p"], -2.5 + 0.0123 * raw)
        assert "d.raw" not in f[run]
    wide = pandas.read_csv(lab.export(run, "csv", raw=True, shape="nearest"), **CSV)
    same(wide.p_raw, raw)
    assert "d_raw" not in wide


def wide_reference(sample):
    """Air at water's times: nearest, and linear."""
    t_air = np.arange(9.0)
    t = np.concatenate([np.arange(40) / 10, [4.0], np.arange(50, 80) / 10])
    near = sample.air[np.ceil(t - 0.5).astype(int)]
    return t, near, np.interp(t, t_air, sample.air)


def test_nearest_gives_a_row_for_each_time_of_the_fastest_channel(lab, sample):
    table = pandas.read_csv(lab.export(sample.run, "csv", shape="nearest"), **CSV)
    t, near, _ = wide_reference(sample)
    same(table.t_s, t)
    same(table.water, np.concatenate([sample.water[:40], [np.nan], sample.water[40:]]))
    same(table.air, near)
    assert table.quality[40] == "gap:water:10"
    assert set(table.quality.drop(40)) == {"good", "missing:water"}


def test_linear_lies_on_the_line_between_neighbours(lab, sample):
    table = pandas.read_csv(lab.export(sample.run, "csv-vi", shape="linear"), **CSV_VI)
    t, _, line = wide_reference(sample)
    same(table.t_s, t)
    np.testing.assert_allclose(table["air (Cel)"], line, rtol=1e-14)
    same(table["air (Cel)"][:40:10], sample.air[:4])


def test_nothing_is_made_up_over_a_gap_or_beyond_the_ends(lab):
    run = lab.run([{"name": "fast"}, {"name": "slow"}],
                  [(0, 0, 1e8, np.arange(100.0)), (1, 1_000_000_000, 1e9, [1, 2]),
                   (1, 6_000_000_000, 1e9, [6, 7], {"lost": 3})])
    line = pandas.read_csv(lab.export(run, "csv", shape="linear"), **CSV)
    there = line[line.slow.notna()]
    assert set(np.round(there.t_s * 10).astype(int)) == set(range(10, 21)) | set(range(60, 71))
    near = pandas.read_csv(lab.export(run, "csv", shape="nearest"), **CSV)
    there = near[near.slow.notna()]
    assert set(np.round(there.t_s * 10).astype(int)) == set(range(5, 26)) | set(range(55, 76))
    for table in (line, near):
        assert table.quality.tolist().count("gap:slow:3") == 1 and table.quality[30] == "gap:slow:3"


def test_a_jump_in_time_that_nobody_explained_is_a_gap_too(lab):
    run = lab.run([{"name": "a"}], [(0, 0, 1e8, [1, 2, 3]), (0, 1_000_000_000, 1e8, [4]),
                                    (0, 1_150_000_000, 1e8, [5])])  # half an interval late: jitter
    table = pandas.read_csv(lab.export(run, "csv"), **CSV)
    assert table[table.quality == "gap"][["t_s", "lost"]].values.tolist() == [[0.3, 7]]


def test_a_channel_that_fell_silent_or_never_came_has_its_gap_too(lab):
    run = lab.run([{"name": "water", "rate_hz": 10}, {"name": "air", "rate_hz": 1}, {"name": "dead", "rate_hz": 2}],
                  [(0, 0, 1e8, np.arange(40.0)), (1, 0, 1e9, np.arange(9.0))],
                  marks=[{"t_ns": 8_500_000_000, "kind": "gap", "channel": "water", "text": "nothing came", "lost": 45},
                         {"t_ns": 8_500_000_000, "kind": "gap", "channel": "dead", "text": "nothing came", "lost": 17}])
    gaps = {("water", 4.0, 45), ("dead", 0.0, 17)}
    table = pandas.read_csv(lab.export(run, "csv"), **CSV)
    assert set(table[table.quality == "gap"][["channel", "t_s", "lost"]].itertuples(index=False, name=None)) == gaps
    assert list(table.t_s) == sorted(table.t_s) and (table.channel == "air").sum() == 9
    with h5py.File(lab.export(run, "hdf5")) as f:
        assert {(g["channel"].decode(), g["t_s"], g["lost"]) for g in f[run]["gaps"]} == gaps
        assert len(f[run]["water"]) == 41 and np.isnan(f[run]["water"][-1]) and len(f[run]["dead"]) == 1
    lines = [json.loads(line)[1] for line in lab.export(run, "jsonl").read_text().splitlines()]
    told = [d["data"] for d in lines if "gaps" in d.get("descriptor", "")]
    assert {(d["channel"], d["t_s"], d["lost"]) for d in told} == gaps
    for shape in "nearest", "linear":  # behind the end of the fastest channel the rows are the times of the next one
        wide = pandas.read_csv(lab.export(run, "csv", shape=shape), **CSV)
        assert list(wide.t_s) == [*np.arange(41) / 10, 5, 6, 7, 8]
        assert wide.quality[0] == "gap:dead:17" and wide.quality[40] == "gap:water:45" and wide.water[40:].isna().all()
        assert list(wide.air[41:]) == [5, 6, 7, 8]
    assert lab.analyze(run, "water", "statistics")["lost"] == 45
    cut = pandas.read_csv(lab.export(run, "csv", to=3), **CSV)
    assert not (cut.channel[cut.quality == "gap"] == "water").any()


def test_channels_and_an_interval_can_be_chosen(lab, sample):
    table = pandas.read_csv(lab.export(sample.run, "csv", channels=["air"], **{"from": 2, "to": 5}), **CSV)
    assert set(table.channel) == {"air"} and table.t_s.tolist() == [2, 3, 4]
    order = pandas.read_csv(lab.export(sample.run, "csv", channels=["air", "water"], shape="nearest"), **CSV)
    assert order.columns.tolist() == ["t_s", "time", "air", "water", "quality"]
    nothing = pandas.read_csv(lab.export(sample.run, "csv", **{"from": 1000, "to": 2000}), **CSV)
    assert len(nothing) == 0 and "value" in nothing


def test_times_follow_the_clock_when_it_was_set(lab):
    run = lab.run([{"name": "a"}], [(0, -500_000_000, 1e9, [1]), (0, 500_000_000, 1e9, [2], {"correction_us": -250_000}),
                                    {"channel": 0, "times": [1500000000, 1500000777], "values": [3, 4], "interval_ns": 0}])
    table = pandas.read_csv(lab.export(run, "csv"), **CSV)
    assert table.t_s.tolist() == [-0.5, 0.5, 1.5, 1.500000777]
    us = (pandas.to_datetime(table.time, utc=True).astype("int64") // 1000 - START_US).tolist()
    assert us == [-500000, 250000, 1500000, 1500000]


# ---- XLSX ----------------------------------------------------------------------------------------------------------


def sheet_rows(book, name):
    rows = list(book[name].iter_rows(values_only=True))
    return rows[0], rows[1:]


def test_xlsx_has_data_channels_marks_and_run(lab, sample):
    book = openpyxl.load_workbook(lab.export(sample.run, "xlsx"))
    assert book.sheetnames == ["Data", "Channels", "Marks", "Run"]
    head, rows = sheet_rows(book, "Data")
    assert head == ("t_s", "time", "channel", "value", "unit", "quality", "lost")
    water = [r for r in rows if r[2] == "water" and r[5] != "gap"]
    got = np.array([np.nan if r[3] is None else r[3] for r in water], dtype=float)
    want = np.array([float("%.16G" % v) for v in sample.water])  # what libxlsxwriter keeps: the last bit may differ
    same(got, want)
    assert [r[:4] + r[5:7] for r in rows if r[5] == "gap"] == [
        (4, datetime.datetime(2025, 11, 22, 10, 45, 4, 123000), "water", None, "gap", 10)]
    assert abs(water[1][1] - datetime.datetime(2025, 11, 22, 10, 45, 0, 223456)) < datetime.timedelta(milliseconds=1)
    head, rows = sheet_rows(book, "Channels")
    assert rows[0][:4] == ("water", "Water", "Cel", "point") and rows[0][5:7] == ("Go!Temp", "0A-7")
    _, rows = sheet_rows(book, "Marks")
    assert [(r[0], r[2], r[3], r[4], r[5]) for r in rows] == [(2.5, "mark", None, "đá lạnh", None),
                                                           (4, "gap", "water", None, 10)]
    run = {r[0]: r[1] for r in book["Run"].iter_rows(values_only=True)}
    assert run["run"] == sample.run and run["label"] == "Cooling"


def test_xlsx_goes_on_in_a_second_sheet_when_one_is_full(lab):
    run = lab.run([{"name": "a", "unit": ""}], [{"channel": 0, "t_ns": 0, "interval_ns": 1e6, "ramp": 1048580}])
    with zipfile.ZipFile(lab.export(run, "xlsx", shape="nearest")) as z:
        names = re.findall(r'<sheet name="([^"]+)"', z.read("xl/workbook.xml").decode())
        first, second = (z.read("xl/worksheets/sheet%d.xml" % i) for i in (1, 2))
    assert names == ["Data", "Data-2", "Channels", "Marks", "Run"]
    assert first.count(b"<row ") == 1048576 and second.count(b"<row ") == 6
    assert re.search(rb'r="A2"><v>1048.575</v>', second)


# ---- HDF5 ----------------------------------------------------------------------------------------------------------


def test_hdf5_has_a_group_with_a_dataset_for_each_channel(lab, sample):
    with h5py.File(lab.export(sample.run, "hdf5", lang="vi")) as f:
        group = f[sample.run]
        water = group["water"]
        quality = group["water.quality"]
        words = h5py.check_enum_dtype(quality.dtype)
        keep = quality[:] != words["gap"]
        same(water[:][keep], sample.water)
        same(group["air"], sample.air)
        assert water.dtype == np.dtype("<f8") and water.attrs["units"] == "Cel" and water.attrs["long_name"] == "Nước"
        assert water.attrs["sensor"] == "Go!Temp" and group.attrs["label"] == "Cooling"
        same(group[water.attrs["t"]][:][keep], sample.t)
        seconds = group[water.attrs["time"]]
        assert seconds.attrs["units"] == "seconds since 1970-01-01 00:00:00 UTC"
        np.testing.assert_allclose(seconds[:][keep] - START_US / 1e6, sample.t, atol=1e-6)
        assert np.isnan(water[:][~keep]).all() and group["water.t"][:][~keep].tolist() == [4.0]
        assert [(g["channel"].decode(), g["t_s"], g["lost"]) for g in group["gaps"]] == [("water", 4.0, 10)]
        marks = [(m["t_s"], m["kind"].decode(), m["text"].decode(), m["by"].decode()) for m in group["marks"]]
        assert marks == [(2.5, "mark", "đá lạnh", "An"), (4.0, "gap", "", "")]


def test_hdf5_can_be_wide(lab, sample):
    with h5py.File(lab.export(sample.run, "hdf5", shape="nearest")) as f:
        group = f[sample.run]
        t, near, _ = wide_reference(sample)
        same(group[group["air"].attrs["t"]], t)
        same(group["air"], near)
        assert [(g["channel"].decode(), g["lost"]) for g in group["gaps"]] == [("water", 10)]


def test_a_channel_may_be_called_as_a_table_is(lab):
    run = lab.run([{"name": "marks"}, {"name": "gaps"}, {"name": "time"}, {"name": "t"}],
                  [(i, 0, 1e9, [i + 1, 2]) for i in range(4)], marks=[{"t_ns": 0, "kind": "mark", "text": "x"}])
    for shape in ("long", "linear"):
        with h5py.File(lab.export(run, "hdf5", shape=shape)) as f:
            assert [f[run][name][0] for name in ("marks", "gaps", "time", "t")] == [1, 2, 3, 4]
            assert f[run]["marks.table"][0]["text"] == b"x"


# ---- Documents -----------------------------------------------------------------------------------------------------


def test_documents_follow_the_event_model(lab, sample):
    lines = [json.loads(line) for line in lab.export(sample.run, "jsonl").read_text().splitlines()]
    names = [name for name, _ in lines]
    assert names[:2] == ["start", "descriptor"] and names[-1] == "stop"
    start, stop = lines[0][1], lines[-1][1]
    descriptors = {d["uid"]: d["name"] for name, d in lines if name == "descriptor"}
    assert sorted(descriptors.values()) == ["gaps", "marks", "primary"]
    assert stop["run_start"] == start["uid"] and stop["exit_status"] == "success"
    got = {"water": [], "air": []}
    times = {"water": [], "air": []}
    for page in (d for name, d in lines if name == "event_page"):
        assert descriptors[page["descriptor"]] == "primary"
        (channel, values), = page["data"].items()
        assert len(page["uid"]) == len(page["seq_num"]) == len(page["time"]) == len(values)
        assert page["seq_num"][0] == len(got[channel]) + 1 and page["timestamps"] == {channel: page["time"]}
        got[channel] += [np.nan if v is None else v for v in values]
        times[channel] += page["time"]
    same(got["water"], sample.water)
    same(got["air"], sample.air)
    np.testing.assert_allclose(np.array(times["water"]) - START_US / 1e6, sample.t, atol=1e-6)
    events = [(descriptors[d["descriptor"]], d["data"]) for name, d in lines if name == "event"]
    assert ("gaps", {"channel": "water", "t_s": 4, "lost": 10}) in events
    assert any(stream == "marks" and data["text"] == "đá lạnh" for stream, data in events)


def test_raw_values_are_described_in_the_documents_too(lab, sample):
    lines = [json.loads(line) for line in lab.export(sample.run, "jsonl", raw=True).read_text().splitlines()]
    keys = next(d["data_keys"] for name, d in lines if name == "descriptor" and d["name"] == "primary")
    data = {channel for name, d in lines if name == "event_page" for channel in d["data"]}
    assert any(channel.endswith("_raw") for channel in data) and data <= set(keys)


def test_the_reader_of_the_documentation_reads_them(lab, sample):
    example = ROOT / "docs" / "examples" / "read_run.py"
    code = [line for line in example.read_text().splitlines() if line.strip() and not line.lstrip().startswith(("#", '"""'))]
    assert len(code) <= 11  # with its import
    done = subprocess.run(["/usr/bin/python3", example, lab.export(sample.run, "jsonl")], capture_output=True, text=True,
                          timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    assert re.search(r"water\s+70 samples.*Cel", done.stdout)


def test_a_run_that_is_being_recorded_is_exported_as_far_as_it_is(lab):
    run = lab.run([{"name": "a"}], [(0, 0, 1e9, [1, 2, 3])], stop=None)
    assert "# status: recording" in lab.export(run, "csv").read_text()
    names = [json.loads(line)[0] for line in lab.export(run, "jsonl").read_text().splitlines()]
    assert names == ["start", "descriptor", "event_page"]


# ---- Hostile texts, and what goes wrong ----------------------------------------------------------------------------

NASTY = ['a,b;c', 'say "hello', "=1+1", "line\nbreak\r\n", "tab\there", "# no comment", "\u0001\u007f", "'quote", "x" * 200]


@pytest.mark.parametrize("form, options", [("csv", CSV), ("csv-vi", CSV_VI)])
def test_no_text_can_break_a_table(lab, form, options):
    run = lab.run([{"name": "a", "unit": u} for u in ("m", "a,b;c", 'say "x', "=1+1", "#", " m", "@x", "a\nb")],
                  [(i, 0, 1e9, [i + 0.5]) for i in range(8)], operator=" ".join(NASTY), label_en=NASTY[0],
                  metadata={"note": NASTY[1], "key,;\"\n#": NASTY[3]},
                  marks=[{"t_ns": 0, "kind": "mark", "text": t, "by": t} for t in NASTY])
    path = lab.export(run, form)
    table = pandas.read_csv(path, skipinitialspace=False, **options)
    assert table.value.tolist() == [i + 0.5 for i in range(8)]
    assert table.unit.tolist() == ["m", "a,b;c", 'say "x', "'=1+1", "#", " m", "'@x", "a b"]
    comments = [line for line in path.read_text(encoding="utf-8-sig").splitlines() if line.startswith("#")]
    assert not any('"' in line or options.get("sep", ",") in line for line in comments)


def test_no_text_can_break_a_workbook_or_a_document(lab):
    run = lab.run([{"name": "a", "unit": "=1+1", "label": NASTY[6]}], [(0, 0, 1e9, [1.5])],
                  metadata={"note": "=cmd|' /C calc'!A0"}, operator=NASTY[6],
                  marks=[{"t_ns": 0, "kind": "mark", "text": t} for t in NASTY])
    book = openpyxl.load_workbook(lab.export(run, "xlsx"))
    assert book["Data"]["E2"].value == "=1+1" and book["Data"]["E2"].data_type != "f"
    assert all(cell.data_type != "f" for sheet in book for row in sheet.iter_rows() for cell in row)
    texts = [json.loads(line)[1]["data"]["text"] for line in lab.export(run, "jsonl").read_text().splitlines()
             if '"descriptor-marks"' in line or "-marks-" in line]
    assert texts == NASTY
    with h5py.File(lab.export(run, "hdf5")) as f:
        assert f[run]["marks"][1]["text"].decode() == NASTY[1]


def test_what_is_not_there_is_said_with_the_nearest_name(lab, sample):
    request = {"do": "export", "run": sample.run, "format": "csv", "out": str(lab.folder / "x.csv")}
    assert 'did you mean "water"?' in lab.refused({**request, "channels": ["watre"]}, E_RANGE)
    assert "20200101-000000-x-1" in lab.refused({**request, "run": "20200101-000000-x-1"}, E_RANGE)
    for form in ("csv", "xlsx", "hdf5", "jsonl"):
        assert "/nowhere" in lab.refused({**request, "format": form, "out": "/nowhere/x"}, E_CONFIG)
    assert sorted(p.name for p in lab.folder.iterdir() if "x." in p.name) == []


def test_a_file_that_is_no_run_file_is_refused(lab):
    lab.file.write_bytes(b"not a database" * 1000)
    answer = lab.ask({"do": "export", "run": "x", "format": "csv", "out": "/tmp/never"})
    assert answer["error"]["code"] < 0
    lab.file.unlink()
    assert lab.refused({"do": "export", "run": "x", "format": "csv", "out": "/tmp/never"}, E_RANGE)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"\xff\xfe", b"null", b"{}" * 40000, b"[" * 65536, b"{\"do\":\"\\u0000\"}"])
def test_a_request_that_is_none_is_refused(lab, text):
    lab.run([{"name": "a"}], [(0, 0, 1e9, [1])])
    assert lab.refused(text, E_RANGE)


@pytest.mark.parametrize("form", ["csv", "csv-vi", "hdf5", "jsonl"])
def test_a_write_that_fails_leaves_no_file_and_an_old_one_alone(lab, form):
    run = lab.run([{"name": "a"}], [(0, 0, 1e6, np.random.default_rng(3).normal(0, 1, 20000))])
    old = lab.folder / "old"
    old.write_text("old")

    def no_room():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
    answer = lab.ask({"do": "export", "run": run, "format": form, "out": str(old)}, prepare=no_room)
    assert answer["error"]["code"] in (E_LINK, E_CONFIG)
    assert old.read_text() == "old" and not old.with_name("old.part").exists()


def test_a_killed_export_leaves_nothing_under_the_name(lab):
    run = lab.run([{"name": "a"}], [{"channel": 0, "t_ns": 0, "interval_ns": 1e6, "ramp": 2000000}])
    out = lab.folder / "x.csv"
    request = {"do": "export", "run": run, "format": "csv", "out": str(out)}
    part = out.with_name("x.csv.part")

    def killed():
        """Killed in the midst of it, unless it was quicker."""
        out.unlink(missing_ok=True)
        process = subprocess.Popen([BUILD / "bin" / "lectern-lab", lab.file], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        process.stdin.write(json.dumps(request).encode())
        process.stdin.close()
        while process.poll() is None and not (part.exists() and part.stat().st_size > 0):
            pass
        process.kill()
        process.stdout.close()
        return process.wait() == -signal.SIGKILL
    assert any(killed() for _ in range(10))
    assert not out.exists() and part.exists()
    assert len(pandas.read_csv(lab.export(run, "csv", **{"to": 1}), **CSV)) == 1000
    assert "error" not in lab.ask({**request, "to": 1}) and out.exists() and not part.exists()


# ---- LibreOffice ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    """Opens a file as LibreOffice in that locale does, and gives the cells of its first sheet as LibreOffice keeps them: numbers with
    the at most 15 digits that it writes, texts, None."""
    home = tmp_path_factory.mktemp("office")
    name = "{urn:oasis:names:tc:opendocument:xmlns:%s:1.0}%s"

    def convert(path, language=None, separator=","):
        out = home / ("out-%s" % path.name)
        command = ["soffice", "-env:UserInstallation=file://%s/profile" % home, "--headless"]
        if language:
            command.append("--infilter=CSV:%d,34,76,1,,%d,false,true" % (ord(separator), language))
        subprocess.run([*command, "--convert-to", "fods", "--outdir", out, path], capture_output=True,
                       timeout=10 * PATIENCE, check=True)
        file, = out.iterdir()
        table = next(xml.etree.ElementTree.parse(file).iter(name % ("table", "table")))
        rows = []
        for row in table.iter(name % ("table", "table-row")):
            cells = []
            for cell in row:
                kind, text = cell.get(name % ("office", "value-type")), "".join(cell.itertext()).strip("\n ")
                value = float(cell.get(name % ("office", "value"))) if kind == "float" else text or None
                cells += [value] * min(int(cell.get(name % ("table", "number-columns-repeated"), 1)), 20)
            rows.append(cells)
        rows = [r for r in rows if r and r[0] is not None and not str(r[0]).startswith("#")]
        return pandas.DataFrame([r[:len(rows[0])] + [None] * (len(rows[0]) - len(r)) for r in rows[1:]], columns=rows[0])
    return convert


ENGLISH, VIETNAMESE = 1033, 1066


@pytest.mark.parametrize("form, language, separator", [("csv", ENGLISH, ","), ("csv-vi", VIETNAMESE, ";"), ("xlsx", None, ",")])
def test_libreoffice_reads_every_sample_back_the_same(lab, sample, office, form, language, separator):
    table = office(lab.export(sample.run, form), language, separator)
    water = table[(table.channel == "water") & (table.quality != "gap")]
    assert all(v is None or isinstance(v, float) for v in table.value)  # numbers, not texts
    np.testing.assert_allclose(np.array(water.value, dtype=float), sample.water, rtol=1e-14, atol=1e-20)  # what LibreOffice writes of them
    same(table[table.channel == "air"].value, sample.air)  # three decimals: to the last bit
    same(water.t_s, sample.t)
    assert table[table.quality == "gap"][["t_s", "lost"]].values.tolist() == [[4.0, 10.0]]
