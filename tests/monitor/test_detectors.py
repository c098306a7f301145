"""Detectors: definitions, run lengths by exact sums, budgets held, states kept."""

import json

import numpy as np
import pytest
from scipy.optimize import brentq

from lookalike.monitor import (
    Adwin,
    Budget,
    Cusum,
    PageHinkley,
    calibrated,
    false_alarms,
    first_alarms,
)

DETECTORS = [
    Cusum(0.1, 0.3, 2.0),
    PageHinkley(0.05, 4.0, warm_up=20),
    Adwin(2.0, every=8, least=4),
]
NAMES = [type(each).__name__ for each in DETECTORS]
each_detector = pytest.mark.parametrize("detector", DETECTORS, ids=NAMES)


def stream(seed, *parts):
    rng = np.random.default_rng(seed)
    return np.concatenate([(rng.random(n) < p) * 1.0 for n, p in parts])


@each_detector
def test_path_is_what_update_sees_until_the_first_alarm(detector):
    for seed in range(5):
        values = stream(seed, (200, 0.1), (200, 0.6))
        fresh = detector.fresh(detector.threshold)
        [first] = first_alarms(fresh, values[None])
        rang = [n for n, value in enumerate(values) if fresh.update(value)]
        assert rang[0] == first < 400


@each_detector
def test_a_detector_goes_on_from_its_state(detector):
    values = stream(7, (300, 0.1), (100, 0.7), (200, 0.1))
    whole, part = detector.fresh(1.5), detector.fresh(1.5)
    expected = [whole.update(value) for value in values]
    got = []
    for value in values:
        part = type(part).from_state(json.loads(json.dumps(part.state())))
        got.append(part.update(value))
    assert got == expected
    assert any(expected)


@each_detector
def test_the_budget_is_kept_and_not_by_silence(detector):
    reference = [1] + [0] * 9
    budget = Budget(alarms=4, values=8000)
    found = calibrated(detector, reference, budget)
    assert type(found) is type(detector)
    simulated = false_alarms(found, reference, 2000, n_runs=300)
    assert 0.55 < simulated.value < 1.15
    assert simulated.low < simulated.value < simulated.high
    late = first_alarms(
        found, np.stack([stream(s, (600, 0.1), (900, 0.5)) for s in range(20)])
    )
    assert (late < 1500).all()


def test_cusum_is_its_recursion():
    detector = Cusum(0.2, 0.6, 100.0)
    values = stream(1, (100, 0.3))
    gain = np.where(values == 1, np.log(3), np.log(0.5))
    total = 0.0
    for value, added in zip(values, gain, strict=True):
        detector.update(value)
        total = max(0.0, total + added)
        assert detector.statistic == pytest.approx(total)
    assert detector.path(values[None])[0, -1] == pytest.approx(total)


def test_run_lengths_of_cusum_are_those_of_its_markov_chain():
    # A worse rate at which an error weighs exactly three good answers (Brook and Evans
    # 1972): the sum is 0, 1, 2, ... steps, and 13 steps are an alarm.
    p = 0.2
    q = brentq(lambda q: np.log(q / p) + 3 * np.log((1 - q) / (1 - p)), 0.25, 0.4)
    step, top = -np.log((1 - q) / (1 - p)), 12
    chain = np.zeros((top + 1, top + 1))
    for state in range(top + 1):
        chain[state, max(0, state - 1)] += 1 - p
        if state + 3 <= top:
            chain[state, state + 3] += p
    expected = np.linalg.solve(np.eye(top + 1) - chain, np.ones(top + 1))[0]
    values = (np.random.default_rng(2).random((2000, 2000)) < p) * 1.0
    first = first_alarms(Cusum(p, q, (top + 0.5) * step), values) + 1
    assert 100 < expected < 300
    assert first.mean() == pytest.approx(expected, rel=0.06)


def test_page_hinkley_is_its_definition():
    values = np.random.default_rng(3).normal(size=60)
    detector = PageHinkley(0.1, 1e9)
    deviations = [values[n] - values[: n + 1].mean() - 0.1 for n in range(len(values))]
    total = np.cumsum(deviations)
    for n, value in enumerate(values):
        detector.update(value)
        assert detector.statistic == pytest.approx(
            total[n] - min(0, total[: n + 1].min())
        )


def test_adwin_keeps_the_moments_of_its_window():
    values = np.random.default_rng(4).normal(3, 2, 1000)
    detector = Adwin(1e9)
    for value in values:
        detector.update(value)
    assert detector.length == 1000
    assert detector.mean == pytest.approx(values.mean())
    assert len(detector.counts) < 60
    assert sorted(detector.counts, reverse=True) == detector.counts
    ends = np.cumsum(detector.counts)
    for start, end, n in zip(ends - detector.counts, ends, range(99), strict=False):
        part = values[start:end]
        assert detector.sums[n] == pytest.approx(part.sum())
        assert detector.squares[n] == pytest.approx(part.var() * len(part), abs=1e-9)


def test_adwin_rings_where_the_bound_of_the_paper_says():
    values = stream(5, (150, 0.1), (106, 0.45))
    detector = Adwin(1e9, every=1, least=5)
    for value in values:
        detector.update(value)
    n, ends = len(values), np.cumsum(detector.counts)[:-1]

    def cut(delta):
        level = np.log(2 * np.log(n) / delta)
        for end in ends[(ends >= 5) & (n - ends >= 5)]:
            m = 1 / (1 / end + 1 / (n - end))
            bound = np.sqrt(2 / m * values.var() * level) + 2 / (3 * m) * level
            if abs(values[:end].mean() - values[end:].mean()) > bound:
                return True
        return False

    delta = np.exp(-detector.statistic)
    assert cut(delta * 1.001)
    assert not cut(delta * 0.999)


def test_adwin_forgets_what_was_before_the_change():
    detector = Adwin(5.0)
    rang = [
        n
        for n, value in enumerate(stream(6, (2000, 0.1), (600, 0.6)))
        if detector.update(value)
    ]
    assert rang
    assert rang[0] >= 2000
    assert detector.length <= 700
    assert detector.mean == pytest.approx(0.6, abs=0.1)


def test_falls_are_found_too():
    values = stream(8, (2000, 0.5), (400, 0.1))
    assert any(map(Adwin(5.0).update, values))
    assert any(map(Cusum(0.5, 0.2, 6.0).update, values))


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: Cusum(0, 0.5), "rate must be between 0 and 1, got 0"),
        (lambda: Cusum(0.1, 1), "worse must be between 0 and 1, got 1"),
        (lambda: Cusum(0.1, 0.1), "worse must differ"),
        (lambda: Cusum(0.1, 0.2, 0), "threshold"),
        (lambda: Cusum(0.1, 0.2).update(2), "number from 0 to 1, got 2"),
        (lambda: Cusum(0.1, 0.2).update(float("nan")), "got nan"),
        (lambda: PageHinkley(-1), "tolerance"),
        (lambda: PageHinkley(0.1).update("a"), "finite number, got 'a'"),
        (lambda: Adwin(every=0), "every"),
        (lambda: Adwin().update(np.inf), "finite number, got inf"),
        (lambda: Budget(0, 10), "alarms"),
        (lambda: calibrated(Adwin(), [1, 1], Budget(1, 10)), "two different values"),
        (lambda: calibrated(Adwin(), [1, np.nan], Budget(1, 10)), "finite"),
        (lambda: calibrated(Adwin(), [0, 1], Budget(1, 10**9)), "watch means"),
    ],
)
def test_bad_input_gets_a_sentence(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
