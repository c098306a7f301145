import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.evaluate.detection import (
    COCO_THRESHOLDS,
    mean_average_precision,
    precision_recall_of_boxes,
)


def pictures(seed, n):
    """True boxes, and detections near them and elsewhere; each score once."""
    rng = np.random.default_rng(seed)
    truth, boxes, scores = [], [], []
    for at in range(n):
        corner = rng.integers(0, 40, (rng.integers(0, 5), 2)).astype(float)
        true = np.hstack([corner, corner + rng.integers(4, 20, corner.shape)])
        near = np.repeat(true, rng.integers(0, 3, len(true)), axis=0)
        near = near + rng.integers(-2, 3, near.shape)
        far = rng.integers(0, 40, (rng.integers(0, 3), 2)).astype(float)
        found = np.vstack([near, np.hstack([far, far + 9])])
        truth.append(true)
        boxes.append(found)
        scores.append((rng.permutation(50)[: len(found)] + at / 100) / 100)
    return truth, boxes, scores


def overlap(a, b):
    w = min(a[2], b[2]) - max(a[0], b[0])
    h = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(w, 0) * max(h, 0)
    area = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return shared / (area - shared)


def plain(truth, boxes, scores, least, rule):
    """Hits in the order of scores, written down."""
    taken, hits = set(), []
    order = sorted(
        ((-s, at, n) for at, each in enumerate(scores) for n, s in enumerate(each))
    )
    for _, at, n in order:
        shared = [overlap(boxes[at][n], t) for t in truth[at]]
        if rule == "coco":
            shared = [-1 if (at, t) in taken else s for t, s in enumerate(shared)]
        best = int(np.argmax(shared)) if shared else -1
        if rule == "coco" and shared:
            best = len(shared) - 1 - int(np.argmax(shared[::-1]))
        hit = best >= 0 and shared[best] >= least and (at, best) not in taken
        hits.append(hit)
        if best >= 0 and shared[best] >= least:
            taken.add((at, best))
    return np.array(hits, bool)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    least=st.sampled_from([0.3, 0.5, 0.8]),
    rule=st.sampled_from(["voc", "voc2007", "coco"]),
)
def test_average_precision_is_its_definition(seed, least, rule):
    truth, boxes, scores = pictures(seed, 4)
    found = precision_recall_of_boxes(truth, boxes, scores, least, rule)
    hits = plain(truth, boxes, scores, least, rule)
    n = sum(map(len, truth))
    assert found.truth == n
    right = np.cumsum(hits)
    np.testing.assert_allclose(found.precision, right / np.arange(1, len(hits) + 1))
    if n == 0:
        assert np.isnan(found.average_precision(rule))
        return
    recall = right / n
    np.testing.assert_allclose(found.recall, recall)

    def best_from(r):
        return max(
            (p for p, x in zip(found.precision, recall, strict=True) if x >= r),
            default=0.0,
        )

    if rule == "voc":
        steps = np.diff(recall, prepend=0)
        expected = sum(s * best_from(r) for s, r in zip(steps, recall, strict=True))
    else:
        levels = np.linspace(0, 1, 11 if rule == "voc2007" else 101)
        expected = np.mean([best_from(r) for r in levels])
    assert found.average_precision(rule) == pytest.approx(expected)


def test_sizes_leave_out_what_is_of_another_size():
    small, large = [0.0, 0, 10, 10], [100.0, 100, 300, 300]
    truth, scores = [[small, large]], [[0.9, 0.8, 0.7]]
    boxes = [[small, large, [400.0, 400, 410, 410]]]
    found = {
        size: precision_recall_of_boxes(truth, boxes, scores, 0.5, "coco", size)
        for size in ("small", "medium", "large")
    }
    assert {size: each.truth for size, each in found.items()} == {
        "small": 1,
        "medium": 0,
        "large": 1,
    }
    assert found["small"].precision.tolist() == [1.0, 0.5]  # the far one is small too
    assert found["large"].precision.tolist() == [1.0]


def test_boxes_of_no_size_hit_nothing():
    point = [[[0.0, 0, 0, 0]]]
    found = precision_recall_of_boxes(point, point, [[0.9]])
    assert found.precision.tolist() == [0.0]


def test_coco_counts_a_hundred_detections_of_a_picture():
    box = [[0.0, 0, 10, 10]]
    many = box * 150
    scores = np.linspace(1, 0.1, 150)
    found = precision_recall_of_boxes([box], [many], [scores], rule="coco")
    assert len(found.scores) == 100
    assert len(precision_recall_of_boxes([box], [many], [scores]).scores) == 150


def test_the_mean_is_over_classes_with_truth_and_over_thresholds():
    truth, boxes, scores = pictures(3, 6)
    rng = np.random.default_rng(0)
    true_classes = [rng.integers(0, 2, len(t)) for t in truth]
    classes = [rng.integers(0, 3, len(b)) for b in boxes]  # 2 is never true
    found = mean_average_precision(truth, true_classes, boxes, scores, classes)
    each = [
        precision_recall_of_boxes(
            [t[c == k] for t, c in zip(truth, true_classes, strict=True)],
            [b[c == k] for b, c in zip(boxes, classes, strict=True)],
            [s[c == k] for s, c in zip(scores, classes, strict=True)],
            least,
            "coco",
        ).average_precision("coco")
        for k in (0, 1)
        for least in COCO_THRESHOLDS
    ]
    assert found == pytest.approx(np.mean(each))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"rule": "best"}, "rule must be one of voc, voc2007, coco, got 'best'"),
        ({"size": "small"}, "size must be one of small, medium, large, with the rule"),
        ({"least": 0}, "least must be in (0, 1], got 0"),
        (
            {"scores": [[0.5, 0.4]]},
            "scores must be one finite number a box, got 2 for 1",
        ),
        ({"scores": [[np.nan]]}, "scores must be one finite number a box"),
        ({"scores": []}, "must be of the same pictures, got 1, 1 and 0"),
        ({"boxes": [[[0, 0, np.inf, 1]]]}, "boxes must be finite numbers"),
    ],
)
def test_what_cannot_be_compared_is_refused(change, sentence):
    box = [[[0, 0, 1, 1]]]
    with pytest.raises(ValueError) as error:
        precision_recall_of_boxes(
            **{"truth": box, "boxes": box, "scores": [[0.5]], **change}
        )
    assert sentence in str(error.value)
