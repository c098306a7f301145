import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.track import clipped, generalised_iou, iou, nms, soft_nms


def some(seed, n, most=8):
    """Boxes with whole corners, so that many overlaps are equal."""
    rng = np.random.default_rng(seed)
    corner = rng.integers(0, most, (n, 2))
    return np.hstack([corner, corner + rng.integers(1, most, (n, 2))]).astype(float)


def cells(box):
    left, top, right, bottom = box.astype(int)
    return {(x, y) for x in range(left, right) for y in range(top, bottom)}


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(0, 6), m=st.integers(0, 6))
def test_overlaps_are_those_of_counted_cells(seed, n, m):
    A, B = some(seed, n), some(seed + 1, m)
    for row, a in zip(iou(A, B), A, strict=True):
        for found, b in zip(row, B, strict=True):
            assert found == len(cells(a) & cells(b)) / len(cells(a) | cells(b))
    for row, a in zip(generalised_iou(A, B), A, strict=True):
        for found, b in zip(row, B, strict=True):
            both = np.array([*np.minimum(a, b)[:2], *np.maximum(a, b)[2:]])
            union = len(cells(a) | cells(b))
            extra = (len(cells(both)) - union) / len(cells(both))
            assert found == pytest.approx(len(cells(a) & cells(b)) / union - extra)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(0, 12),
    threshold=st.sampled_from([0.0, 0.25, 0.5, 1.0]),
    classes=st.booleans(),
)
def test_suppression_is_its_definition(seed, n, threshold, classes):
    boxes, rng = some(seed, n, 5), np.random.default_rng(seed)
    scores = rng.integers(0, 4, n) / 4  # many ties
    labels = rng.integers(0, 2, n)
    overlaps, kept = iou(boxes, boxes), []
    for row in np.argsort(-scores, kind="stable"):
        against = [k for k in kept if not classes or labels[k] == labels[row]]
        if all(overlaps[row, k] <= threshold for k in against):
            kept.append(row)
    found = nms(boxes, scores, threshold, labels if classes else None)
    assert found.tolist() == kept


def test_soft_suppression_is_hard_where_sigma_is_small():
    boxes = some(3, 10, 5)
    scores = np.linspace(0.9, 0.2, 10)
    rows, lowered = soft_nms(boxes, scores, sigma=1e-6, least=0.01)
    assert rows.tolist() == nms(boxes, scores, 0.0).tolist()
    np.testing.assert_allclose(lowered, scores[rows])
    rows, lowered = soft_nms(boxes, scores, sigma=0.5)
    assert (np.diff(lowered) <= 0).all()
    assert (lowered <= scores[rows]).all()


@pytest.mark.parametrize(
    ("boxes", "sentence"),
    [
        ([[0, 0, 0, 1]], "box 0 is [0.0, 0.0, 0.0, 1.0]"),
        ([[0, 0, 1, 1], [3, 0, 2, 1]], "box 1 is [3.0, 0.0, 2.0, 1.0]"),
        ([[0, 0, np.nan, 1]], "box 0 is"),
        ([[0, 0, 1e-200, 1e-200]], "box 0 is"),  # whose area is none
        ([[0, 0, 1e160, 1e160]], "box 0 is"),
        ([[0, 0, np.inf, 1]], "box 0 is"),
        ([[0, 0, 1]], "must have the shape (n, 4), got (1, 3)"),
        ("boxes", "must be numbers, four a box"),
    ],
)
def test_what_is_no_box_is_refused(boxes, sentence):
    for call in (lambda: iou(boxes, []), lambda: nms(boxes, [1.0])):
        with pytest.raises(ValueError) as error:
            call()
        assert sentence in str(error.value)


def test_scores_classes_and_thresholds_are_checked():
    box = [[0, 0, 1, 1]]
    for call, sentence in (
        (lambda: nms(box, [1, 2]), "scores must have one number a box, (1,), got (2,)"),
        (lambda: nms(box, [np.nan]), "scores must be finite"),
        (lambda: nms(box, [1], 1.5), "threshold must be in [0, 1], got 1.5"),
        (lambda: nms(box, [1], classes=[1, 2]), "classes must have one label a box"),
        (lambda: soft_nms(box, [1], sigma=0), "sigma must be above 0, got 0"),
    ):
        with pytest.raises(ValueError) as error:
            call()
        assert sentence in str(error.value)
    assert nms([], []).shape == (0,)
    assert clipped([], 5, 5)[0].shape == (0, 4)
