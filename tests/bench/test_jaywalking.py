"""The benchmark of jaywalking: every job but the one that reads JAAD's test clips."""

import numpy as np
import pytest

from lookalike.datasets.composed_streets import load_composed_streets
from lookalike.systems.jaywalking import Jaywalking
from lookalike.systems.jaywalking.labelled import labelled
from lookalike_bench import jaywalking, jaywalking_settings
from lookalike_bench.jaywalking_settings import Fold, folds, rows_of


@pytest.fixture(scope="module")
def clips():
    return load_composed_streets(24)


@pytest.fixture
def rows(monkeypatch, clips):
    """Run a job on composed clips, and return its rows by method."""
    system = Jaywalking(n_trees=20, n_forests=1, n_epochs=1).fit(clips)
    monkeypatch.setattr(jaywalking, "_system", lambda: system)
    monkeypatch.setattr(jaywalking, "_data", lambda: clips)
    monkeypatch.setattr(jaywalking, "_part", lambda name: labelled(clips.of(name)))
    monkeypatch.setattr(jaywalking, "N_FRAMES", 140)

    def run(job):
        report = jaywalking.run(only=job, rounds=1)
        assert not [row for row in report["rows"] if "error" in row]
        return {row["method"]: row for row in report["rows"]}

    return run


def test_small_forms_are_beside_the_whole_one(rows):
    found = rows("small")
    assert set(found) == {"whole", "pruned", "int8"}
    for name in ("pruned", "int8"):
        times = float(found["whole"]["bytes"]) / float(found[name]["bytes"])
        assert float(found[name]["times_as_small"]) == pytest.approx(times, rel=0.01)


def test_twenty_people_are_judged_in_every_frame_that_is_timed(rows):
    found = rows("speed")["boxes to risks"]
    assert float(found["people"]) == jaywalking.N_PEOPLE
    assert 0 < float(found["median_ms"]) <= float(found["p99_ms"])


def test_nobody_is_in_two_folds_and_no_test_clip_is_read(clips):
    found = list(folds(clips, n_trees=5, n_epochs=1))
    people = [set(each.person.tolist()) for each in found]
    assert sum(map(len, people)) == len(set.union(*people))
    both = labelled(clips.of("train", "validation"))
    assert sum(len(each.y) for each in found) == len(both.crosses)
    assert sum(each.y.sum() for each in found) == both.crosses.sum()


def test_what_is_shipped_differs_from_itself_by_nothing(monkeypatch):
    monkeypatch.setattr(jaywalking_settings, "N_RESAMPLES", 30)
    rng = np.random.default_rng(0)
    found = []
    for at in range(3):
        y, person = rng.random(60) < 0.4, np.arange(60) // 3 + 20 * at
        trees, network = (2 * y - 1 + rng.normal(0, sd, 60) for sd in (1.0, 4.0))
        found.append(Fold(trees, network, y, person))
    told = {row["method"]: row for row in rows_of(found)}
    weight, threshold = told["weight 0.5"], told["threshold 0.4"]
    assert weight["less_shipped_low"] == weight["less_shipped_high"] == 0
    assert threshold["f1_less_shipped_low"] == threshold["f1_less_shipped_high"] == 0
    # A network that is mostly noise deserves less weight.
    assert told["weight 0.2"]["auc"] > weight["auc"] > told["weight 1"]["auc"]
    assert told["weight 1"]["less_shipped_high"] < 0
