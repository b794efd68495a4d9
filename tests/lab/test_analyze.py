"""Analysis gives the numbers that NumPy and SciPy give."""

import numpy as np
import pytest
from scipy.optimize import curve_fit

from lab_stage import E_RANGE, E_REFUSED

RNG = np.random.default_rng(7)
N = 1500
T = np.arange(N) / 20


def one(lab, values, interval_ns=5e7, t_ns=0, unit="Cel"):
    return lab.run([{"name": "y", "unit": unit}], [(0, t_ns, interval_ns, values)])


def parameters(answer):
    return (np.array([p["value"] for p in answer["parameters"]]),
            np.array([p["uncertainty"] for p in answer["parameters"]]))


# ---- Statistics ----------------------------------------------------------------------------------------------------


def test_statistics_are_those_of_numpy(lab):
    y = RNG.normal(1e6, 0.01, N)  # a large mean that a naive sum of squares would drown in
    s = lab.analyze(one(lab, y), "y", "statistics")
    assert (s["n"], s["missing"], s["lost"], s["min"], s["max"], s["first"], s["last"]) == (
        N, 0, 0, y.min(), y.max(), y[0], y[-1])
    assert s["mean"] == pytest.approx(y.mean(), rel=1e-15)
    assert s["sd"] == pytest.approx(y.std(ddof=1), rel=1e-9)
    assert s["median"] == pytest.approx(np.median(y), rel=1e-15)
    assert s["rms"] == pytest.approx(np.sqrt(np.mean(y ** 2)), rel=1e-15)
    assert (s["from"], s["to"], s["unit"]) == (0, T[-1], "Cel")


def test_what_is_missing_is_skipped_and_counted(lab):
    y = RNG.normal(0, 1, 100)
    y[10:20] = np.nan
    run = lab.run([{"name": "y"}], [(0, 0, 1e8, y[:50]), (0, 7_000_000_000, 1e8, y[50:], {"lost": 20})])
    s = lab.analyze(run, "y", "statistics")
    assert (s["n"], s["missing"], s["lost"], s["gaps"]) == (90, 10, 20, 1)
    assert s["mean"] == pytest.approx(np.nanmean(y), rel=1e-12)
    part = lab.analyze(run, "y", "statistics", **{"from": 1, "to": 3})
    assert part["n"] == 10 and part["first"] == y[20]


def test_one_sample_has_no_deviation(lab):
    s = lab.analyze(one(lab, [4.5]), "y", "statistics")
    assert (s["n"], s["mean"], s["median"], s["sd"]) == (1, 4.5, 4.5, None)


def test_of_very_many_samples_some_are_used_and_the_answer_says_so(lab):
    n = 2_100_000
    run = lab.run([{"name": "y"}], [{"channel": 0, "t_ns": 0, "interval_ns": 1e6, "ramp": n}])
    s = lab.analyze(run, "y", "statistics")
    y = np.arange(n) % 4096 * 0.0625
    assert (s["n"], s["used"]) == (n, n // 2) and "one sample in 2" in s["note"]
    assert s["mean"] == pytest.approx(y.mean(), rel=1e-13) and s["sd"] == pytest.approx(y.std(ddof=1), rel=1e-12)
    assert s["median"] == pytest.approx(np.median(y[::2]), rel=1e-12)


# ---- Fits ----------------------------------------------------------------------------------------------------------


def exponential(x, a, b, c):
    return a * np.exp(b * x) + c


def power(x, a, b):
    return a * x ** b


def sine(x, a, f, p, c):
    return a * np.sin(2 * np.pi * f * x + p) + c


CURVES = [
    ("exponential", exponential, (60, -0.05, 22)),  # a cooling cup
    ("exponential", exponential, (5, -0.4, 0)),  # a capacitor
    ("exponential", exponential, (0.2, 0.08, -3)),  # growth
    ("exponential", exponential, (-9, -2.5, 4)),  # over long before the end
    ("power", power, (2.5, 1.7)),
    ("power", power, (300, -0.5)),
    ("power", power, (-4.9, 2)),  # a falling body
    ("sine", sine, (3, 1.37, 0.6, 12)),
    ("sine", sine, (0.5, 9.3, -2.9, 0)),  # near half the sampling rate
    ("sine", sine, (20, 0.009, 1, 5)),  # less than one cycle
]


@pytest.mark.parametrize("form, curve, truth", CURVES)
def test_curves_are_those_of_scipy(lab, form, curve, truth):
    x = T[1:]
    clean = curve(x, *truth)
    y = clean + np.random.default_rng(11).normal(0, 0.01 * np.ptp(clean), len(x))
    answer = lab.analyze(one(lab, y, t_ns=50_000_000), "y", "fit", form=form)
    want, covariance = curve_fit(curve, x, y, p0=truth, xtol=1e-15, ftol=1e-15, gtol=1e-15, maxfev=100000)
    value, uncertainty = parameters(answer)
    sd = np.sqrt(np.diag(covariance))
    assert np.all(np.abs(value - want) < 1e-4 * sd), (value, want, sd)
    np.testing.assert_allclose(uncertainty, sd, rtol=1e-3)
    assert np.all(np.abs(value - truth) < 6 * sd)
    rest = y - curve(x, *want)
    assert answer["rmse"] == pytest.approx(np.sqrt(np.mean(rest ** 2)), rel=1e-6)
    assert answer["r2"] == pytest.approx(1 - np.sum(rest ** 2) / np.sum((y - y.mean()) ** 2), rel=1e-6)
    assert answer["residuals"]["max"] == pytest.approx(rest.max(), rel=1e-3)
    np.testing.assert_allclose(answer["curve"]["y"], curve(np.array(answer["curve"]["x"]), *value), rtol=1e-6,
                               atol=1e-9 * np.ptp(clean))
    assert len(answer["curve"]["x"]) == 200


@pytest.mark.parametrize("form, curve, truth", CURVES)
def test_without_noise_the_truth_comes_back(lab, form, curve, truth):
    x = T[1:]
    answer = lab.analyze(one(lab, curve(x, *truth), t_ns=50_000_000), "y", "fit", form=form, points=0)
    np.testing.assert_allclose(parameters(answer)[0], truth, rtol=1e-6, atol=1e-9)
    assert answer["curve"]["x"] == []


@pytest.mark.parametrize("order", range(1, 7))
def test_polynomials_are_those_of_numpy(lab, order):
    t = 100 + T  # far from zero, where powers of x alone lose all digits
    y = np.polynomial.Polynomial([3, -2, 0.5, -0.02, 1e-3, -1e-5, 1e-7][:order + 1])(T) + RNG.normal(0, 0.1, N)
    run = one(lab, y, t_ns=100_000_000_000)
    answer = lab.analyze(run, "y", "fit", form="polynomial", order=order, origin=100)
    want, covariance = np.polyfit(T, y, order, cov=True)
    value, uncertainty = parameters(answer)
    np.testing.assert_allclose(value, want[::-1], rtol=1e-7)
    np.testing.assert_allclose(uncertainty, np.sqrt(np.diag(covariance))[::-1], rtol=1e-7)
    assert [p["name"] for p in answer["parameters"]] == ["c%d" % i for i in range(order + 1)]
    far = np.array(lab.analyze(run, "y", "fit", form="polynomial", order=order)["curve"]["y"])
    np.testing.assert_allclose(far, answer["curve"]["y"], rtol=1e-9)
    assert len(t) == answer["n"]


def test_a_line_has_slope_and_intercept(lab):
    y = 3 * T - 7 + RNG.normal(0, 0.5, N)
    answer = lab.analyze(one(lab, y), "y", "fit", form="linear")
    (slope, intercept), covariance = np.polyfit(T, y, 1, cov=True)
    assert [p["name"] for p in answer["parameters"]] == ["A", "B"]
    np.testing.assert_allclose(parameters(answer)[0], [slope, intercept], rtol=1e-11)
    np.testing.assert_allclose(parameters(answer)[1], np.sqrt(np.diag(covariance)), rtol=1e-9)


def test_a_channel_can_be_laid_against_another(lab):
    volt = np.sin(T) * 5
    ampere = 0.02 * volt + 0.001
    run = lab.run([{"name": "i", "unit": "A"}, {"name": "u", "unit": "V"}], [(0, 0, 5e7, ampere), (1, 0, 5e7, volt)])
    answer = lab.analyze(run, "i", "fit", form="linear", against="u")
    np.testing.assert_allclose(parameters(answer)[0], [0.02, 0.001], rtol=1e-10)
    assert answer["x"] == "u" and answer["points"] == N


def test_gaps_do_not_bend_a_curve(lab):
    y = exponential(T, 60, -0.05, 22)
    y[300:400] = np.nan
    run = lab.run([{"name": "y"}], [(0, 0, 5e7, y[:700]), (0, 50_000_000_000, 5e7, exponential(T[1000:], 60, -0.05, 22),
                                                        {"lost": 300})])
    answer = lab.analyze(run, "y", "fit", form="exponential")
    np.testing.assert_allclose(parameters(answer)[0], (60, -0.05, 22), rtol=1e-7)
    assert (answer["n"], answer["missing"], answer["lost"]) == (N - 400, 100, 300)


@pytest.mark.parametrize("form, values", [
    ("exponential", 3 * T + 1),  # a straight line has no exponential
    ("exponential", np.full(N, 4.0)),
    ("sine", np.full(N, 4.0)),
    ("power", np.full(N, 0.0)),
])
def test_a_curve_that_the_samples_do_not_determine_is_an_error(lab, form, values):
    said = lab.refused({"do": "analyze", "run": one(lab, values), "channel": "y", "what": "fit", "form": form}, E_REFUSED)
    assert "determine" in said or "converge" in said or "same" in said or "fits" in said


def test_too_few_samples_are_an_error_and_just_enough_have_no_uncertainty(lab):
    run = one(lab, [1, 2.5])
    for form in ("exponential", "sine"):
        assert "at least" in lab.refused(
            {"do": "analyze", "run": run, "channel": "y", "what": "fit", "form": form}, E_RANGE)
    answer = lab.analyze(run, "y", "fit", form="linear")
    np.testing.assert_allclose(parameters(answer)[0].astype(float), [30, 1], rtol=1e-12)
    assert [p["uncertainty"] for p in answer["parameters"]] == [None, None]
    assert lab.refused({"do": "analyze", "run": run, "channel": "y", "what": "fit", "form": "linear", "from": 50}, E_RANGE)


# ---- Area, tangent, comparison -------------------------------------------------------------------------------------


def test_the_area_is_that_of_the_trapezoids(lab):
    y = np.sin(T) + 2
    a = lab.analyze(one(lab, y, unit="W"), "y", "area")
    assert a["area"] == pytest.approx(np.trapz(y, T), rel=1e-13) and a["area_unit"] == "W.s"
    assert a["covered_s"] == pytest.approx(T[-1]) and a["left_out_s"] == 0


def test_the_area_leaves_gaps_out_and_says_so(lab):
    y = np.ones(100)
    y[20:30] = np.nan
    run = lab.run([{"name": "y"}], [(0, 0, 1e8, y), (0, 15_000_000_000, 1e8, np.ones(10), {"lost": 50})])
    a = lab.analyze(run, "y", "area")
    assert a["area"] == pytest.approx(1.9 + 6.9 + 0.9) == a["covered_s"]
    assert a["left_out_s"] == pytest.approx(1.1 + 5.1) and a["holes"] == 2


def test_the_tangent_follows_a_bend(lab):
    y = exponential(T, 60, -0.5, 22)
    answer = lab.analyze(one(lab, y), "y", "tangent", at=1.5)
    assert answer["slope"] == pytest.approx(-30 * np.exp(-0.75), rel=3e-3)
    assert answer["value"] == pytest.approx(exponential(1.5, 60, -0.5, 22), rel=1e-5)
    assert answer["n"] == 11 and answer["slope_unit"] == "Cel/s"


def test_the_tangent_is_the_middle_of_a_parabola_of_least_squares(lab):
    y = exponential(T, 60, -0.05, 22) + RNG.normal(0, 0.3, N)
    answer = lab.analyze(one(lab, y), "y", "tangent", at=20, window=10)
    near = (T >= 15) & (T <= 25)
    want, covariance = np.polyfit(T[near] - 20, y[near], 2, cov=True)
    assert (answer["value"], answer["slope"]) == pytest.approx((want[2], want[1]), rel=1e-9)
    assert answer["slope_uncertainty"] == pytest.approx(np.sqrt(covariance[1, 1]), rel=1e-9)
    assert answer["n"] == near.sum()


def test_there_is_no_tangent_in_a_gap(lab):
    run = lab.run([{"name": "y"}], [(0, 0, 1e8, np.arange(50.0)), (0, 10_000_000_000, 1e8, np.arange(50.0), {"lost": 50})])
    request = {"do": "analyze", "run": run, "channel": "y", "what": "tangent"}
    for at in (7, -1, 100):
        assert lab.refused({**request, "at": at}, E_RANGE)
    edge = lab.analyze(run, "y", "tangent", at=4.8)
    assert edge["to"] == 4.9 and edge["slope"] == pytest.approx(10)


def test_two_runs_are_compared_over_their_common_time(lab):
    a, b = RNG.normal(20, 3, N), RNG.normal(21, 3, N)
    first, second = one(lab, a), one(lab, b[:1000])
    answer = lab.analyze(first, "y", "compare", with_run=second)
    d = a[:1000] - b[:1000]
    assert (answer["n"], answer["from"], answer["to"]) == (1000, 0, T[999])
    assert answer["mean_difference"] == pytest.approx(d.mean(), rel=1e-10)
    assert answer["rms_difference"] == pytest.approx(np.sqrt(np.mean(d ** 2)), rel=1e-12)
    assert answer["max_difference"] == pytest.approx(np.abs(d).max(), rel=1e-15)
    assert answer["correlation"] == pytest.approx(np.corrcoef(a[:1000], b[:1000])[0, 1], rel=1e-9)


@pytest.mark.parametrize("late", [0.0, 1.25, -2.5, 0.02])
def test_the_offset_says_how_much_later_the_second_one_is(lab, late):
    def pulse(t):
        return np.exp(-((t - 35) / 2) ** 2) + 0.5 * np.exp(-((t - 45) / 1) ** 2)
    run = lab.run([{"name": "a"}, {"name": "b"}], [(0, 0, 5e7, pulse(T)), (1, 0, 5e7, pulse(T - late))])
    answer = lab.analyze(run, "a", "compare", with_channel="b")
    assert answer["offset_s"] == pytest.approx(late, abs=0.005)
    assert answer["offset_correlation"] > 0.999


def test_channels_of_different_rates_are_compared_between_samples_but_not_over_gaps(lab):
    run = lab.run([{"name": "fast"}, {"name": "slow"}],
                  [(0, 0, 1e8, np.arange(100) / 10), (1, 0, 1e9, np.arange(5.0)),
                   (1, 7_000_000_000, 1e9, [7.0, 8.0, 9.0], {"lost": 2})])
    answer = lab.analyze(run, "slow", "compare", with_channel="fast")
    assert answer["n"] == 41 + 21 and answer["rms_difference"] < 1e-12 and answer["lost"] == 2


def test_what_has_no_common_time_cannot_be_compared(lab):
    first, second = one(lab, [1, 2, 3]), one(lab, [1, 2, 3], t_ns=60_000_000_000)
    request = {"do": "analyze", "run": first, "channel": "y", "what": "compare", "with_run": second}
    assert "common" in lab.refused(request, E_RANGE)
    assert lab.refused({**request, "with_run": "20200101-000000-x-1"}, E_RANGE)
    assert lab.refused({**request, "with_channel": "z"}, E_RANGE)
