"""Sixteen frames of people as numbers, one call for everybody in sight.

These are the formulas of ``systems.jaywalking.features``, which names the columns. What
is added up is added in NumPy's order, and logarithms and products come from NumPy, so
that the numbers are the same bits as those of NumPy's whole-array operations.
"""

import numpy as np

from lookalike.kernels.compiled import njit

LENGTH = 16


@njit(cache=True, nogil=True)
def take_up(history, n_known, last, slots, frame, box):
    """Add the boxes of one frame; frames since somebody's last are crossed straight.

    history : float64 (capacity, 16, 4), changed
    n_known, last : int64 (capacity,), frames that are known and the last one; changed
    slots : int64 (n,), where each person is kept
    box : float64 (n, 4)
    """
    for at in range(slots.shape[0]):
        slot = slots[at]
        gap = min(frame - last[slot], LENGTH) if n_known[slot] > 0 else 1
        for t in range(LENGTH - gap):
            for k in range(4):
                history[slot, t, k] = history[slot, t + gap, k]
        # The box before has moved to where the gap begins, if that is still in sight.
        for k in range(4):
            before = history[slot, LENGTH - 1, k]
            for step in range(1, gap):
                share = step / gap
                between = before + share * (box[at, k] - before)
                history[slot, LENGTH - 1 - gap + step, k] = between
            history[slot, LENGTH - 1, k] = box[at, k]
        n_known[slot] = min(n_known[slot] + gap, LENGTH)
        last[slot] = frame


@njit(cache=True, nogil=True)
def summarise_crowd(first, last, h, log_h, grown, width, near, far, way, found, sums):
    """Write what the people in one frame say of each other.

    first, last : float64 (n, 4), boxes 15 frames ago, nan where not seen, and now
    h, log_h : float64 (n,), heights now and their logarithms
    grown : float64 (n,), logarithm of how much each has grown
    found : out, float64 (n, 17); what is a sum over people is left to ``sums``
    sums : out, float64 (2, n): how fast each moves to the side, and comes in
    """
    n = last.shape[0]
    middle, side, there = np.empty(n), np.empty(n), np.empty(n, np.bool_)
    moved = np.zeros((n, 3))
    _place(first, last, h, grown, width, middle, side, there, moved, sums)
    _count(h, side, there, width, way, found)
    _write_gaps(middle, side, h, log_h, near, far, found, sums[1])
    for k in range(3):
        _write_median_of_others(moved[:, k], there, found[:, 10 + k])


@njit(cache=True, nogil=True)
def _place(first, last, h, grown, width, middle, side, there, moved, sums):
    """Write where each person is, whether they were there before, how they moved."""
    for i in range(last.shape[0]):
        middle[i] = (last[i, 0] + last[i, 2]) / 2
        side[i] = (middle[i] - width / 2) / h[i]
        there[i] = not np.isnan(first[i, 0])
        sums[1, i] = 0.0
        if there[i]:
            then = (first[i, 0] + first[i, 2]) / 2
            moved[i, 0] = (middle[i] - then) / width
            moved[i, 1] = (last[i, 3] - first[i, 3]) / width
            moved[i, 2] = grown[i]
            before = (then - width / 2) / (first[i, 3] - first[i, 1])
            sums[1, i] = np.abs(before) - np.abs(side[i])
        sums[0, i] = moved[i, 0] * width / h[i]


@njit(cache=True, nogil=True)
def _count(h, side, there, width, way, found):
    """Write the tallest, and how many stand on the way or were seen, but oneself."""
    n = h.shape[0]
    n_there = n_way = tallest = 0
    for i in range(n):
        n_there += 1 if there[i] else 0
        if np.abs(side[i]) < way:
            n_way += 1
        if h[i] > h[tallest]:
            tallest = i
    second = 0.0
    for i in range(n):
        if i != tallest:
            second = max(second, h[i])
    for i in range(n):
        found[i, 7] = (second if i == tallest else h[tallest]) / width
        found[i, 8] = n_way - (1 if np.abs(side[i]) < way else 0)
        found[i, 9] = n_there - (1 if there[i] else 0)


@njit(cache=True, nogil=True)
def _write_gaps(middle, side, h, log_h, near, far, found, inward):
    """Write who is near each person, and what the nearest one does."""
    n = h.shape[0]
    for i in range(n):
        least, beside_least, nearest = np.inf, np.inf, 0
        n_larger = n_near = n_beside = 0
        for j in range(n):
            if h[j] > h[i]:
                n_larger += 1
            if i == j:
                continue
            # In heights of the smaller of two: to the side, and ahead by how much
            # they differ.
            beside = np.abs(middle[i] - middle[j])
            apart = beside / min(h[i], h[j]) + 4 * np.abs(log_h[i] - log_h[j])
            if apart < least:
                least, nearest = apart, j
            beside_least = min(beside_least, beside)
            if apart < near:
                n_near += 1
            if beside < h[i]:
                n_beside += 1
        found[i, 0] = n - 1
        found[i, 1] = n_larger
        found[i, 2] = n_near
        found[i, 3] = n_beside
        found[i, 4] = min(least, far)
        found[i, 5] = min(beside_least / h[i], far)
        found[i, 15] = 0.0 if n == 1 else inward[nearest]
        found[i, 16] = 0.0 if n == 1 else side[nearest]


@njit(cache=True, nogil=True)
def _write_median_of_others(moved, there, found):
    """Write the median of what the others who were there moved, 0 of none."""
    n, m = moved.shape[0], 0
    known = np.empty(n)
    for i in range(n):
        if there[i]:
            known[m] = moved[i]
            m += 1
    ranked = np.sort(known[:m])
    for i in range(n):
        left = m - 1 if there[i] else m
        if left == 0:
            found[i] = 0.0
            continue
        low, high = (left - 1) // 2, left // 2
        if there[i]:  # without oneself, what stands further on moves up
            rank = np.searchsorted(ranked, moved[i])
            low += low >= rank
            high += high >= rank
        found[i] = (ranked[low] + ranked[high]) / 2


@njit(cache=True, nogil=True)
def summarise(box, h, log_h, size, vehicle, signs, crowd, side, sequence, summary):
    """Write the features of each person.

    box : float64 (n, 16, 4), smoothed
    h, log_h : float64 (n, 16), heights, at least 1, and their logarithms
    size : float64 (n, 2), width and height of the picture
    vehicle : int64 (n, 16); signs : bool (n, 16, n_signs)
    crowd : float64 (n, 17)
    side : out, float64 (n, 16)
    sequence : out, float32 (n, 16, n_steps), from -8 to 8
    summary : out, float32 (n, n_columns), without the slope of the side, column 11
    """
    shape, farness = np.empty(LENGTH), np.empty(LENGTH)
    x, change = np.empty(LENGTH), np.empty((5, LENGTH - 1))
    for i in range(len(box)):
        own = box[i], h[i], log_h[i], size[i]
        _write_steps(own, x, shape, side[i], farness, change, sequence[i])
        _write_motion(own, x, shape, side[i], farness, change, crowd[i], summary[i])
        _write_street(vehicle[i], signs[i], crowd[i], sequence[i], summary[i])


@njit(cache=True, nogil=True)
def _write_steps(own, x, shape, side, farness, change, steps):
    """Write the boxes of one person frame by frame, and their changes."""
    box, h, log_h, size = own
    width, height, bottom = size[0], size[1], box[:, 3]
    for t in range(LENGTH):
        left, right = box[t, 0], box[t, 2]
        x[t] = (left + right) / 2
        shape[t] = (right - left) / h[t]
        side[t] = (x[t] - width / 2) / h[t]
        farness[t] = height / h[t] / 10
    for t in range(LENGTH):
        row = steps[t]
        row[0], row[1] = _held(box[t, 0] / width), _held(box[t, 1] / height)
        row[2], row[3] = _held(box[t, 2] / width), _held(box[t, 3] / height)
        row[4], row[5] = _held(side[t] / 5), _held(farness[t])
        row[6] = _held(shape[t])
        row[7] = row[8] = row[9] = 0.0
        if t > 0:
            moved, fell = x[t] - x[t - 1], bottom[t] - bottom[t - 1]
            grown = log_h[t] - log_h[t - 1]
            row[7] = _held(moved / h[t] * 10)
            row[8] = _held(grown * 20)
            row[9] = _held(fell / h[t] * 10)
            change[0, t - 1] = side[t] - side[t - 1]
            change[1, t - 1] = grown
            change[2, t - 1] = shape[t] - shape[t - 1]
            change[3, t - 1] = np.abs(moved)
            change[4, t - 1] = np.abs(fell)
        row[10] = _held(side[t] - side[0])
        row[11] = _held(log_h[t] - log_h[0])


@njit(cache=True, nogil=True)
def _write_motion(own, x, shape, side, farness, change, crowd, row):
    """Write where one person is and how they moved, the first 29 columns but 11."""
    box, h, log_h, size = own
    width, height, bottom = size[0], size[1], box[:, 3]
    half, end = LENGTH // 2, LENGTH - 1
    last, now_h = side[end], h[end]
    inward = -np.sign(last)
    across, growth = x[end] - x[0], log_h[end] - log_h[0]
    against = across - crowd[10] * width
    mean_h = _total(h) / LENGTH
    ranked = np.sort(shape)
    row[0] = bottom[end] / height - box[end, 1] / height
    row[1] = shape[end]
    row[2] = last
    row[3] = np.abs(last)
    row[4] = farness[end]
    row[5] = (bottom[end] - height / 2) / now_h
    row[6] = np.abs(last) / farness[end]
    row[7] = last - side[0]
    row[8] = last - side[half]
    row[9] = inward * (last - side[0])
    row[10] = inward * (last - side[half])
    row[12] = farness[0] - farness[end]
    row[13] = farness[half] - farness[end]
    row[14] = growth
    row[15] = across / now_h
    row[16] = (x[end] - x[half]) / now_h
    row[17] = (bottom[end] - bottom[0]) / now_h
    row[18] = against / now_h
    row[19] = inward * against / now_h
    row[20] = growth - crowd[12]
    row[21] = _deviation(change[0])
    row[22] = _deviation(change[1])
    row[23] = _deviation(change[2])
    row[24] = ranked[end] - ranked[0]
    row[25] = (ranked[half - 1] + ranked[half]) / 2
    row[26] = _total(change[3]) / mean_h
    row[27] = _total(change[4]) / mean_h
    row[28] = _total(side) / LENGTH


@njit(cache=True, nogil=True)
def _write_street(vehicle, signs, crowd, steps, row):
    """Write the people around, the car and the signs, in each frame and together."""
    n_signs, n_crowd, end = signs.shape[1], crowd.shape[0], LENGTH - 1
    n_cars = steps.shape[1] - 12 - n_signs
    counts = np.zeros(n_cars + n_signs)
    for t in range(LENGTH):
        for k in range(n_cars):
            steps[t, 12 + k] = 1.0 if vehicle[t] == k else 0.0
            counts[k] += steps[t, 12 + k]
        for k in range(n_signs):
            steps[t, 12 + n_cars + k] = 1.0 if signs[t, k] else 0.0
            counts[n_cars + k] += steps[t, 12 + n_cars + k]
    for k in range(n_crowd):
        row[29 + k] = crowd[k]
    at = 29 + n_crowd
    row[at], row[at + 1] = vehicle[end], vehicle[0]
    at += 2
    for k in range(n_cars):
        row[at + k] = counts[k] / LENGTH
    at += n_cars
    for k in range(n_signs):
        row[at + k] = 1.0 if signs[end, k] else 0.0
        row[at + n_signs + k] = counts[n_cars + k] / LENGTH


@njit(cache=True, nogil=True)
def _held(value):
    return min(max(value, -8.0), 8.0)


@njit(cache=True, nogil=True)
def _total(values):
    """The sum of 8 to 16 values, in NumPy's order: eight sums side by side."""
    n = values.shape[0]
    s = values[:8].copy()
    if n == 16:
        for k in range(8):
            s[k] += values[8 + k]
    total = ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]))
    if n < 16:
        for k in range(8, n):
            total += values[k]
    return total


@njit(cache=True, nogil=True)
def _deviation(values):
    n = values.shape[0]
    mean = _total(values) / n
    squares = np.empty(n)
    for k in range(n):
        squares[k] = (values[k] - mean) * (values[k] - mean)
    return np.sqrt(_total(squares) / n)
