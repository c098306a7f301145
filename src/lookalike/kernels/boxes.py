"""Boxes in a picture: overlaps of all pairs, and suppression of those that overlap."""

import numpy as np

from lookalike.kernels.compiled import njit


@njit(cache=True, nogil=True)
def fill_overlaps(A, B, generalised, out):
    """Write the intersection over union of all pairs of boxes to out.

    A : float64 (n, 4), left, top, right, bottom; without a size, overlaps are 0
    B : float64 (m, 4)
    generalised : bool, less the share of the enclosing box that neither covers
    out : float64 (n, m), in [0, 1], or in (-1, 1] if generalised

    Cost: O(n * m).
    """
    for i in range(A.shape[0]):
        area = (A[i, 2] - A[i, 0]) * (A[i, 3] - A[i, 1])
        for j in range(B.shape[0]):
            width = min(A[i, 2], B[j, 2]) - max(A[i, 0], B[j, 0])
            height = min(A[i, 3], B[j, 3]) - max(A[i, 1], B[j, 1])
            shared = max(width, 0.0) * max(height, 0.0)
            union = area + (B[j, 2] - B[j, 0]) * (B[j, 3] - B[j, 1]) - shared
            out[i, j] = shared / union if union > 0 else 0.0
            if generalised:
                width = max(A[i, 2], B[j, 2]) - min(A[i, 0], B[j, 0])
                height = max(A[i, 3], B[j, 3]) - min(A[i, 1], B[j, 1])
                if width * height > 0:
                    out[i, j] -= (width * height - union) / (width * height)


@njit(cache=True, nogil=True)
def suppress(boxes, order, threshold, kept):
    """Mark boxes that no better one overlaps by more than a threshold.

    boxes : float64 (n, 4), left, top, right, bottom
    order : int64 (n,), best first
    threshold : float in [0, 1]
    kept : bool (n,), all True; written

    Cost: O(n * number of kept boxes).
    """
    for a in range(order.size):
        i = order[a]
        if not kept[i]:
            continue
        area = (boxes[i, 2] - boxes[i, 0]) * (boxes[i, 3] - boxes[i, 1])
        for b in range(a + 1, order.size):
            j = order[b]
            if not kept[j]:
                continue
            width = min(boxes[i, 2], boxes[j, 2]) - max(boxes[i, 0], boxes[j, 0])
            height = min(boxes[i, 3], boxes[j, 3]) - max(boxes[i, 1], boxes[j, 1])
            shared = max(width, 0.0) * max(height, 0.0)
            other = (boxes[j, 2] - boxes[j, 0]) * (boxes[j, 3] - boxes[j, 1])
            if shared > threshold * (area + other - shared):
                kept[j] = False


@njit(cache=True, nogil=True)
def first_bad(boxes):
    """Row of the first box that has no size or is not finite, -1 of none.

    boxes : float64 (n, 4): left, top, right, bottom
    """
    for i in range(boxes.shape[0]):
        width, height = boxes[i, 2] - boxes[i, 0], boxes[i, 3] - boxes[i, 1]
        # A comparison with what is not a number is false.
        if not (width > 0 and height > 0 and 0 < width * height < np.inf):
            return i
    return -1


@njit(cache=True, nogil=True)
def first_outside(boxes, width, height, least, most):
    """Row of the first box wholly outside of a picture or of an odd size, -1 of none.

    least, most : what each side must lie between
    """
    for i in range(boxes.shape[0]):
        wide, high = boxes[i, 2] - boxes[i, 0], boxes[i, 3] - boxes[i, 1]
        if (
            boxes[i, 0] >= width
            or boxes[i, 1] >= height
            or boxes[i, 2] <= 0
            or boxes[i, 3] <= 0
            or min(wide, high) < least
            or max(wide, high) > most
        ):
            return i
    return -1
