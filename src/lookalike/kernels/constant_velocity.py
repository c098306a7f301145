"""The Kalman filter of a box that moves at constant velocity, for many boxes at once.

The state of SORT is the centre, the area and the aspect ratio of a box, and how fast
the first three change. Its noise has no correlation between them, so that the filter of
seven numbers falls apart into three of two numbers and one of one: nothing is inverted.
"""

import numpy as np

from lookalike.kernels.assignment import match
from lookalike.kernels.boxes import fill_overlaps
from lookalike.kernels.compiled import njit


@njit(cache=True, nogil=True)
def predict(states, variances, noise):
    """Move tracks on by one frame.

    states : float64 (n, 7), centre x and y, area, aspect ratio (width over height), and
        velocities of the first three; changed. An area does not become negative.
    variances : float64 (n, 10): of the three positions, of their velocities, the
        covariance of each with its velocity, of the aspect ratio; changed
    noise : float64 (7,), variance that a frame adds to each number of the state

    Cost: O(n).
    """
    for i in range(states.shape[0]):
        if states[i, 6] + states[i, 2] <= 0:
            states[i, 6] = 0.0
        for a in range(3):
            states[i, a] += states[i, 4 + a]
            variances[i, a] += 2 * variances[i, 6 + a] + variances[i, 3 + a] + noise[a]
            variances[i, 6 + a] += variances[i, 3 + a]
            variances[i, 3 + a] += noise[4 + a]
        variances[i, 9] += noise[3]


@njit(cache=True, nogil=True)
def update(states, variances, rows, seen, noise):
    """Correct tracks by what was seen of them.

    states, variances : as in ``predict``; the rows that are named are changed
    rows : int64 (m,), tracks, each once
    seen : float64 (m, 4), centre x and y, area, aspect ratio
    noise : float64 (4,), variance of what is seen

    Cost: O(m).
    """
    for at in range(rows.size):
        i = rows[at]
        for a in range(3):
            position, velocity = variances[i, a], variances[i, 3 + a]
            both = variances[i, 6 + a]
            total = position + noise[a]
            missed = seen[at, a] - states[i, a]
            states[i, a] += position / total * missed
            states[i, 4 + a] += both / total * missed
            variances[i, a] = position - position * position / total
            variances[i, 3 + a] = velocity - both * both / total
            variances[i, 6 + a] = both - position * both / total
        total = variances[i, 9] + noise[3]
        states[i, 3] += variances[i, 9] / total * (seen[at, 3] - states[i, 3])
        variances[i, 9] -= variances[i, 9] * variances[i, 9] / total


@njit(cache=True, nogil=True)
def corners(states, out):
    """Write the boxes of states: left, top, right, bottom, nan for an area below 0.

    states : float64 (n, 7)
    out : float64 (n, 4)
    """
    for i in range(states.shape[0]):
        width = (states[i, 2] * states[i, 3]) ** 0.5
        height = states[i, 2] / width
        out[i, 0] = states[i, 0] - width / 2
        out[i, 1] = states[i, 1] - height / 2
        out[i, 2] = states[i, 0] + width / 2
        out[i, 3] = states[i, 1] + height / 2


@njit(cache=True, nogil=True)
def centres(boxes, out):
    """Write centre x and y, area and aspect ratio of boxes: what is seen of a track.

    boxes : float64 (n, 4), left, top, right, bottom
    out : float64 (n, 4)
    """
    for i in range(boxes.shape[0]):
        width = boxes[i, 2] - boxes[i, 0]
        height = boxes[i, 3] - boxes[i, 1]
        out[i, 0] = boxes[i, 0] + width / 2
        out[i, 1] = boxes[i, 1] + height / 2
        out[i, 2] = width * height
        out[i, 3] = width / height


@njit(cache=True, nogil=True)
def associate(states, detections, least, column_of):
    """Write the detection of each track, see ``assignment.match``.

    states : float64 (n, 7), as predicted
    detections : float64 (m, 4), left, top, right, bottom
    least : float, overlap of a match
    column_of : int64 (n,), -1 where there is none; written
    """
    predicted = np.empty((states.shape[0], 4))
    corners(states, predicted)
    overlaps = np.empty((states.shape[0], detections.shape[0]))
    fill_overlaps(predicted, detections, False, overlaps)
    match(overlaps, least, column_of)
