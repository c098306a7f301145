r"""Average precision of detected boxes, after PASCAL VOC and after COCO.

Detections are taken best score first; each is a hit if it overlaps a true box, that
none before it has taken, by at least a threshold. The precision at a recall is the best
that is reached there or later. VOC integrates it (since 2010), or averages it over 11
recalls (2007) [1]_; COCO averages it over 101, and over thresholds of 0.5 to 0.95 [2]_.

References
----------
.. [1] Everingham, Van Gool, Williams, Winn and Zisserman (2010). "The PASCAL visual
   object classes (VOC) challenge". IJCV 88.
.. [2] Lin et al. (2014). "Microsoft COCO: common objects in context". ECCV; and the
   program of its evaluation.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lookalike._typing import Array, Floats, Ints
from lookalike.kernels.boxes import fill_overlaps

RULES = ("voc", "voc2007", "coco")
COCO_THRESHOLDS: Floats = np.linspace(0.5, 0.95, 10)
SIZES = {
    "small": (0.0, 32.0**2),
    "medium": (32.0**2, 96.0**2),
    "large": (96.0**2, 1e10),
}
"""Areas in square pixels between which COCO counts true boxes."""
MOST = 100
"""Detections of a picture that COCO counts, the best of each class."""


@dataclass(frozen=True)
class PrecisionRecall:
    """The curve of one class at one threshold.

    scores : (n,), of the detections that count, best first
    precision, recall : (n,), down to each of them
    truth : true boxes that count
    """

    scores: Floats
    precision: Floats
    recall: Floats
    truth: int

    def average_precision(self, rule: str = "voc") -> float:
        """Return the area under the curve, after a rule; nan without true boxes."""
        if rule not in RULES:
            raise ValueError(f"rule must be one of {', '.join(RULES)}, got {rule!r}.")
        if not self.truth:
            return float("nan")
        best = np.maximum.accumulate(self.precision[::-1])[::-1]
        if rule == "voc":
            gained = np.diff(self.recall, prepend=0.0)
            return float((gained * best).sum())
        n = 11 if rule == "voc2007" else 101
        at = np.searchsorted(self.recall, np.linspace(0, 1, n), side="left")
        return float(np.append(best, 0.0)[np.minimum(at, len(best))].mean())


def precision_recall_of_boxes(
    truth: Sequence[ArrayLike],
    boxes: Sequence[ArrayLike],
    scores: Sequence[ArrayLike],
    least: float = 0.5,
    rule: str = "voc",
    size: str | None = None,
) -> PrecisionRecall:
    """Return precision and recall of the detections of one class.

    Parameters
    ----------
    truth : sequence of array-like (n, 4)
        True boxes of each picture: left, top, right, bottom.
    boxes, scores : sequences of array-like (m, 4) and (m,)
        Detections of each picture, and how sure each is.
    least : float, default=0.5
        Overlap of a hit, in (0, 1].
    rule : {"voc", "voc2007", "coco"}
        VOC compares a detection with the true box that it overlaps most, and counts it
        as wrong if that one is taken; COCO with the best one that is free, and no more
        than 100 detections of a picture.
    size : {"small", "medium", "large"}, default=None
        COCO's: true boxes of another size count neither way, nor do detections of
        another size that hit nothing.

    Raises
    ------
    ValueError
        If the three do not have the same pictures, or a number is not finite.

    Examples
    --------
    >>> found = precision_recall_of_boxes(
    ...     [[[0, 0, 10, 10]], [[0, 0, 10, 10]]],
    ...     [[[0, 0, 10, 9], [50, 50, 60, 60]], [[0, 0, 10, 10]]],
    ...     [[0.9, 0.8], [0.7]])
    >>> found.precision.round(2), found.recall
    (array([1.  , 0.5 , 0.67]), array([0.5, 0.5, 1. ]))
    >>> round(found.average_precision(), 3)
    0.833
    """
    _check_options(least, rule, size)
    if not len(truth) == len(boxes) == len(scores):
        raise ValueError(
            "truth, boxes and scores must be of the same pictures, got "
            f"{len(truth)}, {len(boxes)} and {len(scores)}."
        )
    none = np.empty(0)
    pictures = [
        _of_picture(*each, least, rule, size)
        for each in zip(truth, boxes, scores, strict=True)
    ]
    sure = np.concatenate([none, *(each for each, _, _ in pictures)])
    hits = np.concatenate([none, *(each for _, each, _ in pictures)])
    n_truth = sum(n for _, _, n in pictures)
    order = np.argsort(-sure, kind="stable")
    right = np.cumsum(hits[order])
    precision = right / np.arange(1, len(right) + 1)
    recall = right / n_truth if n_truth else np.zeros(len(right))
    return PrecisionRecall(sure[order], precision, recall, n_truth)


def _check_options(least: float, rule: str, size: str | None) -> None:
    if rule not in RULES:
        raise ValueError(f"rule must be one of {', '.join(RULES)}, got {rule!r}.")
    if size is not None and (size not in SIZES or rule != "coco"):
        raise ValueError(
            f"size must be one of {', '.join(SIZES)}, with the rule coco; got {size!r}."
        )
    if not 0 < least <= 1:
        raise ValueError(f"least must be in (0, 1], got {least!r}.")


def _of_picture(
    truth: ArrayLike,
    boxes: ArrayLike,
    scores: ArrayLike,
    least: float,
    rule: str,
    size: str | None,
) -> tuple[Floats, Array, int]:
    """Scores and hits of the detections that count, and how many true boxes do."""
    true, found = _boxes(truth), _boxes(boxes)
    sure = np.asarray(scores, np.float64).reshape(-1)
    if len(sure) != len(found) or not np.isfinite(sure).all():
        raise ValueError(
            f"scores must be one finite number a box, got {len(sure)} for "
            f"{len(found)} boxes."
        )
    order = np.argsort(-sure, kind="stable")
    order = order[:MOST] if rule == "coco" else order
    found, sure = found[order], sure[order]
    ignored = _other_size(true, size)
    hits, counted = _hits(true, found, ignored, least, rule)
    counted &= hits | ~_other_size(found, size)
    return sure[counted], hits[counted], int((~ignored).sum())


def _hits(
    true: Floats, found: Floats, ignored: Array, least: float, rule: str
) -> tuple[Array, Array]:
    """Whether each detection is a hit, and whether it counts."""
    overlaps = np.empty((len(found), len(true)))
    fill_overlaps(found, true, False, overlaps)
    hit, counted = np.zeros(len(found), bool), np.ones(len(found), bool)
    taken = np.zeros(len(true), bool)
    for row, shared in enumerate(overlaps):
        good = shared >= least
        if rule == "coco":
            good &= ~taken
            # A box that does not count is taken only where no other one is left.
            if (good & ~ignored).any():
                good &= ~ignored
        if not good.any():
            continue
        # COCO's program takes the last of equally good ones, VOC's the first.
        candidates = np.where(good, shared, -1.0)
        best = int(candidates.argmax())
        if rule == "coco":
            best = len(candidates) - 1 - int(candidates[::-1].argmax())
        if ignored[best]:
            counted[row] = False
        elif not taken[best]:
            hit[row] = True
        taken[best] = True
    return hit, counted


def _boxes(boxes: ArrayLike) -> Floats:
    found = np.asarray(boxes, np.float64)
    if found.size == 0:
        return np.empty((0, 4))
    if found.ndim != 2 or found.shape[1] != 4 or not np.isfinite(found).all():
        raise ValueError(
            f"boxes must be finite numbers of shape (n, 4), got shape {found.shape}."
        )
    return np.ascontiguousarray(found)


def _other_size(boxes: Floats, size: str | None) -> Array:
    if size is None:
        return np.zeros(len(boxes), bool)
    low, high = SIZES[size]
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return (area < low) | (area > high)


def mean_average_precision(
    truth: Sequence[ArrayLike],
    true_classes: Sequence[ArrayLike],
    boxes: Sequence[ArrayLike],
    scores: Sequence[ArrayLike],
    classes: Sequence[ArrayLike],
    thresholds: ArrayLike = COCO_THRESHOLDS,
    rule: str = "coco",
    size: str | None = None,
) -> float:
    """Return the average precision, averaged over classes and thresholds.

    Classes without a true box do not count. The other parameters are those of
    ``precision_recall_of_boxes``, with the class of each box beside them.

    Examples
    --------
    >>> box = [[0, 0, 10, 10]]
    >>> shifted = [[0, 0, 10, 7]]
    >>> mean_average_precision([box], [[1]], [shifted], [[0.9]], [[1]])
    0.5
    """
    labels = [np.asarray(each).reshape(-1) for each in true_classes]
    guesses = [np.asarray(each).reshape(-1) for each in classes]
    for name, of, sides in (
        ("true_classes", labels, truth),
        ("classes", guesses, boxes),
    ):
        sizes: list[tuple[int, int]] = [
            (len(a), len(_boxes(b))) for a, b in zip(of, sides, strict=True)
        ]
        if any(a != b for a, b in sizes):
            raise ValueError(f"{name} must have one class a box.")
    found = [
        precision_recall_of_boxes(
            [_boxes(b)[c == label] for b, c in zip(truth, labels, strict=True)],
            [_boxes(b)[c == label] for b, c in zip(boxes, guesses, strict=True)],
            [
                np.asarray(s, np.float64).reshape(-1)[c == label]
                for s, c in zip(scores, guesses, strict=True)
            ],
            float(least),
            rule,
            size,
        ).average_precision(rule)
        for label in _distinct(labels)
        for least in np.atleast_1d(np.asarray(thresholds, np.float64))
    ]
    found = [value for value in found if not np.isnan(value)]
    return float(np.mean(found)) if found else float("nan")


def _distinct(labels: Sequence[Ints]) -> Array:
    whole = [each for each in labels if len(each)]
    return np.unique(np.concatenate(whole)) if whole else np.empty(0)
