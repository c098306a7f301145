"""Boxes: how much they overlap, and which of those that overlap to keep.

A box is ``left, top, right, bottom`` in pixels, with the right edge beyond the left one
and the bottom beyond the top.

References
----------
.. [1] Rezatofighi et al. (2019). "Generalized intersection over union: a metric and a
   loss for bounding box regression". CVPR.
.. [2] Bodla, Singh, Chellappa and Davis (2017). "Soft-NMS: improving object detection
   with one line of code". ICCV.
"""

import numpy as np
from numpy.typing import ArrayLike

from lookalike._typing import Array, Floats, Ints
from lookalike.kernels import boxes as kernels


def check_boxes(boxes: ArrayLike, name: str = "boxes") -> Floats:
    """Return boxes as float64 of shape (n, 4), or refuse them.

    Raises
    ------
    ValueError
        If they are not four finite numbers each, or a box has no size.

    Examples
    --------
    >>> check_boxes([[0, 0, 10, 0]])
    Traceback (most recent call last):
    ...
    ValueError: boxes must be left, top, right, bottom with right > left and bottom >
    top; box 0 is [0.0, 0.0, 10.0, 0.0].
    """
    try:
        found = np.asarray(boxes, np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be numbers, four a box.") from None
    if found.size == 0 and found.ndim <= 2:
        return np.empty((0, 4))
    if found.ndim != 2 or found.shape[1] != 4:
        raise ValueError(f"{name} must have the shape (n, 4), got {found.shape}.")
    found = np.ascontiguousarray(found)
    row = kernels.first_bad(found)
    if row >= 0:
        raise ValueError(
            f"{name} must be left, top, right, bottom with right > left and bottom > "
            f"top; box {row} is {found[row].tolist()}."
        )
    return found


def iou(A: ArrayLike, B: ArrayLike) -> Floats:
    """Return the intersection over union of all pairs, shape (n, m), in [0, 1].

    Parameters
    ----------
    A, B : array-like (n, 4) and (m, 4)

    Examples
    --------
    >>> iou([[0, 0, 2, 2]], [[1, 0, 3, 2], [0, 0, 2, 1], [5, 5, 6, 6]])
    array([[0.33333333, 0.5       , 0.        ]])
    """
    return _overlaps(A, B, False)


def generalised_iou(A: ArrayLike, B: ArrayLike) -> Floats:
    r"""Return the generalised overlap of all pairs, shape (n, m), in (-1, 1] [1]_.

    With the smallest box C around both: :math:`IoU - |C \setminus (A \cup B)| / |C|`,
    which tells apart how far boxes are that do not overlap.

    Examples
    --------
    >>> generalised_iou([[0, 0, 1, 1]], [[0, 0, 1, 1], [1, 0, 2, 1], [3, 0, 4, 1]])
    array([[ 1. ,  0. , -0.5]])
    """
    return _overlaps(A, B, True)


def _overlaps(A: ArrayLike, B: ArrayLike, generalised: bool) -> Floats:
    first, second = check_boxes(A, "A"), check_boxes(B, "B")
    found = np.empty((len(first), len(second)))
    kernels.fill_overlaps(first, second, generalised, found)
    return found


def nms(
    boxes: ArrayLike,
    scores: ArrayLike,
    threshold: float = 0.5,
    classes: ArrayLike | None = None,
) -> Ints:
    """Return the rows of the boxes that no better one covers, best first.

    Non-maximum suppression: from the best box on, every one whose overlap with a box
    that is kept is above the threshold is dropped. Ties go to the earlier row.

    Parameters
    ----------
    boxes : array-like (n, 4)
    scores : array-like (n,)
    threshold : float, default=0.5
        Overlap, in [0, 1], that is still kept.
    classes : array-like (n,), default=None
        Boxes of different classes leave each other alone.

    Examples
    --------
    >>> boxes = [[0, 0, 10, 10], [1, 0, 11, 10], [20, 0, 30, 10]]
    >>> nms(boxes, [0.8, 0.9, 0.3]), nms(boxes, [0.8, 0.9, 0.3], classes=[0, 1, 0])
    (array([1, 2]), array([1, 0, 2]))
    """
    found, values = _scored(boxes, scores)
    _check_share("threshold", threshold)
    order = np.argsort(-values, kind="stable")
    kept = np.ones(len(found), bool)
    if classes is None:
        kernels.suppress(found, order, threshold, kept)
        return order[kept[order]]
    labels = np.asarray(classes)
    if labels.shape != (len(found),):
        raise ValueError(
            f"classes must have one label a box, ({len(found)},), got {labels.shape}."
        )
    for label in np.unique(labels):
        kernels.suppress(found, order[labels[order] == label], threshold, kept)
    return order[kept[order]]


def soft_nms(
    boxes: ArrayLike,
    scores: ArrayLike,
    sigma: float = 0.5,
    least: float = 0.001,
) -> tuple[Ints, Floats]:
    r"""Return rows, best first, and scores that overlaps have lowered [2]_.

    The best box lowers each other one's score by :math:`\exp(-IoU^2 / \sigma)`; then
    the best of the rest does, until all are below ``least``.

    Parameters
    ----------
    boxes : array-like (n, 4)
    scores : array-like (n,), in [0, 1]
    sigma : float, default=0.5
        Above 0; a small one is close to ``nms``.
    least : float, default=0.001

    Notes
    -----
    Cost: O(n**2).

    Examples
    --------
    >>> rows, lowered = soft_nms([[0, 0, 10, 10], [0, 0, 10, 10]], [0.9, 0.8])
    >>> rows, lowered.round(3)
    (array([0, 1]), array([0.9  , 0.108]))
    """
    found, values = _scored(boxes, scores)
    if not sigma > 0:
        raise ValueError(f"sigma must be above 0, got {sigma!r}.")
    left, values = np.arange(len(found)), values.copy()
    rows, lowered = [], []
    while len(left):
        best = left[np.argmax(values[left])]
        if values[best] < least:
            break
        rows.append(best)
        lowered.append(values[best])
        left = left[left != best]
        shared = np.empty((1, len(left)))
        kernels.fill_overlaps(found[[best]], found[left], False, shared)
        values[left] *= np.exp(-(shared[0] ** 2) / sigma)
    return np.array(rows, np.int64), np.array(lowered, np.float64)


def _scored(boxes: ArrayLike, scores: ArrayLike) -> tuple[Floats, Floats]:
    found = check_boxes(boxes)
    values = np.asarray(scores, np.float64)
    if values.shape != (len(found),):
        raise ValueError(
            f"scores must have one number a box, ({len(found)},), got {values.shape}."
        )
    if not np.isfinite(values).all():
        raise ValueError("scores must be finite numbers.")
    return found, values


def _check_share(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise ValueError(f"{name} must be in [0, 1], got {value!r}.")


def clipped(boxes: ArrayLike, width: float, height: float) -> tuple[Array, Ints]:
    """Return boxes cut at the edges of a picture, and the rows of those that are left.

    Examples
    --------
    >>> clipped([[-5, 0, 5, 5], [90, 0, 95, 5]], 50, 50)
    (array([[0., 0., 5., 5.]]), array([0]))
    """
    found = check_boxes(boxes)
    cut = np.clip(found, 0, [width, height, width, height])
    rows = np.flatnonzero((cut[:, 2] > cut[:, 0]) & (cut[:, 3] > cut[:, 1]))
    return cut[rows], rows
