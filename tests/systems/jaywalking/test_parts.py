"""The network and its small forms, noise, and when alarms come."""

import numpy as np
import pytest

from lookalike.datasets.composed_streets import load_composed_streets
from lookalike.datasets.streets import observations
from lookalike.evaluate.roc_area import roc_auc
from lookalike.systems.jaywalking.compact import in_bytes, pruned, whole_bytes
from lookalike.systems.jaywalking.features import (
    SUMMARY_NAMES,
    features_of,
    windows_of,
)
from lookalike.systems.jaywalking.labelled import labelled
from lookalike.systems.jaywalking.noise import followed
from lookalike.systems.jaywalking.sequence import FUSIONS, SequenceModel
from lookalike.systems.jaywalking.warning import Timeline, timelines, warning_curve


@pytest.fixture(scope="module")
def train():
    return labelled(load_composed_streets(24).of("train"))


@pytest.mark.parametrize("fusion", FUSIONS)
def test_every_fusion_learns_and_is_taken_up_again(train, fusion):
    model = SequenceModel(fusion, n_epochs=3, learning_rate=0.01)
    model.fit(train.features, train.crosses)
    scores = model.scores(train.features)
    assert roc_auc(train.crosses, scores) > 0.9
    again = SequenceModel.from_arrays(model.arrays(), fusion)
    assert np.array_equal(again.scores(train.features), scores)


@pytest.mark.parametrize("fusion", FUSIONS)
def test_the_slopes_are_those_of_small_differences(train, fusion):
    """What backward returns, beside the loss a little to the left and right."""
    model = SequenceModel(fusion, n_units=3, dropout=0.0, n_epochs=1)
    few = train.features[np.arange(0, len(train.features), 9)]
    model.fit(few, train.crosses[::9])
    for layer in model._layers:
        layer.parameters[:] = [p.astype(np.float64) for p in layer.parameters]
    direction = np.linspace(-1, 1, len(few))[:, None]
    model._forward(few, training=True)
    model._backward(direction)
    first = model._recurrent[0].parameters[0]
    slope = model._recurrent[0].gradients[0][4, 2]
    found = []
    for step in (1e-4, -1e-4):
        first[4, 2] += step
        found.append(float(model._forward(few, training=True) @ direction[:, 0]))
        first[4, 2] -= step
    assert slope == pytest.approx((found[0] - found[1]) / 2e-4, rel=1e-3, abs=1e-6)
    assert abs(slope) > 1e-6


def test_small_forms_answer_nearly_alike_in_fewer_bytes(train):
    model = SequenceModel("late", n_epochs=2).fit(train.features, train.crosses)
    scores = model.scores(train.features)
    for made, size in (pruned(model), in_bytes(model)):
        assert size < whole_bytes(model)
        assert np.corrcoef(made.scores(train.features), scores)[0, 1] > 0.9
    half = pruned(model)[0].arrays()["weights_0"]
    assert np.mean(half == 0) == pytest.approx(0.5, abs=0.02)


def test_noisy_tracks_are_followed_and_nearly_the_same():
    clips = load_composed_streets(10).of("train")
    found = observations(clips)
    exact = features_of(windows_of(clips, found))
    noisy, is_known = followed(clips, found, np.random.default_rng(0))
    assert is_known.mean() > 0.9
    at = SUMMARY_NAMES.index("side")
    near = np.corrcoef(exact.summary[is_known, at], noisy.summary[is_known, at])
    assert near[0, 1] > 0.95
    assert not np.array_equal(exact.summary, noisy.summary)
    all_there, _ = followed(clips, found, np.random.default_rng(0), dropped=0.9)
    assert len(all_there) == len(found)


def line(chance, event):
    return Timeline(0, 0, np.arange(len(chance)) * 3, np.array(chance), event)


def test_alarms_need_three_looks_on_end_and_count_by_person():
    clips = load_composed_streets(5).of("train")
    lines = [
        line([0.1, 0.9, 0.9, 0.9, 0.9], 40),
        line([0.9, 0.9, 0.1, 0.9, 0.9], None),
        line([0.2, 0.6, 0.6, 0.6, 0.1], None),
    ]
    curve = warning_curve(lines, clips)
    hours = sum(clip.n_frames for clip in clips) / 30 / 3600
    assert curve.hours == pytest.approx(hours)
    row = int(np.searchsorted(curve.threshold, 0.55))
    assert curve.false_an_hour[row] == pytest.approx(1 / hours)
    assert curve.warned[row] == 1.0
    assert curve.seconds[row] == pytest.approx((40 - 9) / 30)
    threshold, warned, seconds = curve.at(0.0)
    assert 0.6 < threshold < 0.65
    assert (warned, round(seconds, 2)) == (1.0, 1.03)


def test_a_timeline_ends_where_somebody_sets_out(made):
    clips = made.data.of("test")
    for each in timelines(clips, made.system.chances_):
        person = clips[each.clip].people[each.person]
        assert each.event == person.event
        if each.event is not None:
            assert each.frame.max() < each.event
        assert len(each.chance) == len(each.frame) > 0
