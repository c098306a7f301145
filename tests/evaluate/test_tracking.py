from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from lookalike.evaluate.tracking import ALPHAS, TrackingCounts, tracking_counts
from lookalike.kernels.boxes import fill_overlaps


def overlaps_of(A, B):
    out = np.empty((len(A), len(B)))
    fill_overlaps(A, B, False, out)
    return out


def sequence(seed, n_ids, n_frames, missing=0.3):
    """Boxes that jump about a few places, so that many overlap."""
    rng = np.random.default_rng(seed)
    rows = [
        (frame, id, *rng.integers(0, 3, 2) * 2)
        for frame in range(n_frames)
        for id in rng.permutation(n_ids)
        if rng.random() > missing
    ]
    found = np.array(rows, float).reshape(-1, 4)
    box = np.hstack([found[:, 2:], found[:, 2:] + 5])
    return SimpleNamespace(
        frame=found[:, 0].astype(int), id=found[:, 1].astype(int), box=box
    )


def plain(truth, found, least):
    """The measures written down frame by frame."""
    last, matches, switches, total = {}, 0, 0, 0.0
    ids, others = np.unique(truth.id), np.unique(found.id)
    together = np.zeros((len(ids), len(others)))
    likely, frames = np.zeros_like(together), []
    for frame in range(100):
        a, b = truth.frame == frame, found.frame == frame
        mine, theirs = truth.id[a], found.id[b]
        over = overlaps_of(truth.box[a], found.box[b])
        rows, columns = np.searchsorted(ids, mine), np.searchsorted(others, theirs)
        frames.append((rows, columns, over))
        if over.size:
            together[np.ix_(rows, columns)] += over >= least
            either = over.sum(1)[:, None] + over.sum(0) - over
            likely[np.ix_(rows, columns)] += np.where(
                either > 0, over / np.maximum(either, 1e-300), 0
            )
        left, right = list(range(len(mine))), list(range(len(theirs)))
        for i, id in enumerate(mine):
            for j in list(right):
                if last.get(id) == theirs[j] and over[i, j] >= least and i in left:
                    left.remove(i)
                    right.remove(j)
                    matches, total = matches + 1, total + over[i, j]
        part = over[np.ix_(left, right)]
        cost = np.where(part >= least, 1 - part, 1e5)
        for p, q in zip(*linear_sum_assignment(cost), strict=True):
            if part[p, q] >= least:
                id, other = mine[left[p]], theirs[right[q]]
                switches += id in last and last[id] != other
                last[id] = other
                matches, total = matches + 1, total + part[p, q]
    rows, columns = linear_sum_assignment(-together)
    agreed = together[rows, columns].sum()
    n_true, n_found = (
        np.array([(s.id == id).sum() for id in names])
        for s, names in ((truth, ids), (found, others))
    )
    alignment = likely / (n_true[:, None] + n_found - likely)
    hits, joined = np.zeros(len(ALPHAS)), np.zeros(len(ALPHAS))
    for at, alpha in enumerate(ALPHAS):
        pairs = np.zeros_like(together)
        for rows, columns, over in frames:
            score = alignment[np.ix_(rows, columns)] * over
            for p, q in zip(*linear_sum_assignment(-score), strict=True):
                if over[p, q] >= alpha - 1e-15:
                    pairs[rows[p], columns[q]] += 1
        hits[at] = pairs.sum()
        joined[at] = (pairs**2 / np.maximum(1, n_true[:, None] + n_found - pairs)).sum()
    return matches, switches, total, agreed, hits, joined


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(0, 5),
    m=st.integers(0, 5),
    least=st.sampled_from([0.1, 0.5, 1.0]),
)
def test_counts_are_those_of_the_definition(seed, n, m, least):
    truth, found = sequence(seed, n, 6), sequence(seed + 1, m, 6)
    counts = tracking_counts(truth, found, least)
    matches, switches, total, agreed, hits, joined = plain(truth, found, least)
    assert (counts.matches, counts.switches) == (matches, switches)
    assert counts.overlap == pytest.approx(total)
    assert counts.agreed == agreed
    np.testing.assert_array_equal(counts.hits, hits)
    np.testing.assert_allclose(counts.joined, joined)


def test_perfect_tracks_have_ones_whatever_their_names():
    truth = sequence(0, 3, 8)
    apart = 100.0 * truth.id[:, None]
    truth.box = truth.box + apart
    found = SimpleNamespace(frame=truth.frame, id=truth.id + 40, box=truth.box)
    counts = tracking_counts(truth, found)
    assert counts.mota == counts.motp == counts.idf1 == counts.idp == counts.idr == 1
    assert counts.hota == counts.deta == pytest.approx(1.0)
    assert counts.assa == pytest.approx(1.0)


def test_counts_of_sequences_add_up():
    parts = [tracking_counts(sequence(s, 4, 6), sequence(s + 9, 4, 6)) for s in (0, 1)]
    both = parts[0] + parts[1]
    assert isinstance(both, TrackingCounts)
    assert both.truth == parts[0].truth + parts[1].truth
    assert both.misses == parts[0].misses + parts[1].misses
    np.testing.assert_array_equal(both.hits, parts[0].hits + parts[1].hits)


def test_nothing_true_has_no_accuracy_and_nothing_found_has_none_right():
    some, none = sequence(0, 3, 5), sequence(0, 0, 5)
    assert np.isnan(tracking_counts(none, none).mota)
    assert tracking_counts(some, none).mota == 0
    assert tracking_counts(none, some).false_positives == len(some.frame)
    assert tracking_counts(some, none).hota == 0


def test_boxes_of_no_size_match_nothing():
    point = SimpleNamespace(frame=np.array([1]), id=np.array([1]), box=np.zeros((1, 4)))
    assert tracking_counts(point, point).matches == 0


def test_an_identity_twice_in_a_frame_is_refused():
    box = np.array([[0.0, 0, 1, 1]] * 2)
    twice = SimpleNamespace(frame=np.array([3, 3]), id=np.array([7, 7]), box=box)
    with pytest.raises(ValueError, match="truth has the identity 7 twice in frame 3"):
        tracking_counts(twice, sequence(0, 1, 1))
    lost = np.array([[0.0, 0, np.nan, 1]] * 2)
    bad = SimpleNamespace(frame=np.array([3, 4]), id=np.array([7, 7]), box=lost)
    with pytest.raises(ValueError, match="boxes of found must be finite numbers"):
        tracking_counts(sequence(0, 1, 1), bad)
    short = SimpleNamespace(frame=np.array([3]), id=np.array([7, 7]), box=box)
    with pytest.raises(ValueError, match="as many frames as ids and boxes, got 1, 2"):
        tracking_counts(sequence(0, 1, 1), short)
