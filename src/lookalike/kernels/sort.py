"""One frame of SORT: predict, match, update, begin, tell and end tracks."""

import numpy as np

from lookalike.kernels.compiled import njit
from lookalike.kernels.constant_velocity import (
    associate,
    centres,
    corners,
    predict,
    update,
)

ID, UNSEEN, STREAK = 0, 1, 2  # columns of ``about``


@njit(cache=True, nogil=True)
def step(n, states, variances, about, boxes, stage, rules, noise, told):
    """Bring tracks to the next frame; return their number, how many are told, last id.

    n : tracks so far
    states, variances : float64 (capacity, 7) and (capacity, 10), as in
        ``constant_velocity``; capacity is at least n and all boxes
    about : int64 (capacity, 3): identity, frames since it was seen, frames on end in
        which it was seen
    boxes : float64 (m, 4), detections
    stage : int64 (m,): 0 is matched first and may begin a track, 1 is matched with
        what is left and was seen in the last frame, 2 is left out
    rules : (least overlap, least frames on end to be told, last identity)
    noise : (of the first box (10,), of a frame (7,), of what is seen (4,))
    told : int64 (capacity, 2): place of a track, and the row of its box; written

    The tracks that end are removed afterwards, by ``remove``: ``told`` names places.
    """
    least, min_hits, last_id = rules
    first, of_frame, seen_noise = noise
    predict(states[:n], variances[:n], of_frame)
    n = remove(n, states, variances, about, -1)
    row_of = np.full(n + boxes.shape[0], -1)
    taken = np.zeros(boxes.shape[0], np.bool_)
    for turn in range(2):
        tracks, rows = np.empty(n, np.int64), np.empty(boxes.shape[0], np.int64)
        n_tracks, n_rows = 0, 0
        for i in range(n):
            if row_of[i] < 0 and (turn == 0 or about[i, UNSEEN] == 0):
                tracks[n_tracks] = i
                n_tracks += 1
        for j in range(boxes.shape[0]):
            if stage[j] == turn:
                rows[n_rows] = j
                n_rows += 1
        if n_tracks == 0 or n_rows == 0:
            continue
        column_of = np.empty(n_tracks, np.int64)
        associate(states[tracks[:n_tracks]], boxes[rows[:n_rows]], least, column_of)
        for at in range(n_tracks):
            if column_of[at] >= 0:
                row_of[tracks[at]] = rows[column_of[at]]
                taken[rows[column_of[at]]] = True
    n_seen = 0
    tracks = np.empty(n, np.int64)
    for i in range(n):
        # A track that was unseen begins to count anew.
        about[i, STREAK] = 0 if about[i, UNSEEN] > 0 else about[i, STREAK]
        about[i, UNSEEN] += 1
        if row_of[i] >= 0:
            about[i, UNSEEN] = 0
            about[i, STREAK] += 1
            tracks[n_seen] = i
            n_seen += 1
    seen = np.empty((n_seen, 4))
    centres(boxes[row_of[tracks[:n_seen]]], seen)
    update(states, variances, tracks[:n_seen], seen, seen_noise)
    for j in range(boxes.shape[0]):
        if stage[j] == 0 and not taken[j]:
            states[n] = 0.0
            centres(boxes[j : j + 1], states[n : n + 1, :4])
            variances[n] = first
            last_id += 1
            about[n, ID], about[n, UNSEEN], about[n, STREAK] = last_id, 0, 0
            row_of[n] = j
            n += 1
    n_told = 0
    for i in range(n):
        if about[i, UNSEEN] == 0 and about[i, STREAK] >= min_hits:
            told[n_told, 0], told[n_told, 1] = i, row_of[i]
            n_told += 1
    return n, n_told, last_id


@njit(cache=True, nogil=True)
def tell(states, about, told, ids, boxes, rows):
    """Write identity, box and row of tracks that are told.

    told : int64 (n, 2); ids : int64 (n,); boxes : float64 (n, 4); rows : int64 (n,)
    """
    corners(states[told[:, 0]], boxes)
    for at in range(told.shape[0]):
        ids[at] = about[told[at, 0], ID]
        rows[at] = told[at, 1]


@njit(cache=True, nogil=True)
def remove(n, states, variances, about, max_age):
    """Remove tracks, and return how many are left.

    max_age : frames for which a track may be unseen; below 0, those are removed whose
        area is not above 0
    """
    kept = 0
    for i in range(n):
        if max_age >= 0:
            stays = about[i, UNSEEN] <= max_age
        else:
            stays = states[i, 2] * states[i, 3] > 0
        if stays:
            if kept < i:
                states[kept] = states[i]
                variances[kept] = variances[i]
                about[kept] = about[i]
            kept += 1
    return kept
