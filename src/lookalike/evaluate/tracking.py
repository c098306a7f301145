r"""Measures of tracking: MOTA, MOTP, IDF1 and HOTA, from counts that add up.

- **MOTA** counts what is missed, what is made up, and changes of identity, each frame;
  **MOTP** is the mean overlap of what is matched [1]_.
- **IDF1** gives each true trajectory one found one for the whole sequence, and counts
  the boxes in which they agree [2]_.
- **HOTA** is the geometric mean of how well boxes are found and how well they are
  joined, averaged over how much they must overlap [3]_.

References
----------
.. [1] Bernardin and Stiefelhagen (2008). "Evaluating multiple object tracking
   performance: the CLEAR MOT metrics". EURASIP Journal on Image and Video Processing.
.. [2] Ristani, Solera, Zou, Cucchiara and Tomasi (2016). "Performance measures and a
   data set for multi-target, multi-camera tracking". ECCV workshops.
.. [3] Luiten et al. (2021). "HOTA: a higher order metric for evaluating multi-object
   tracking". IJCV 129.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from lookalike._typing import Floats, Ints
from lookalike.kernels import tracking as kernels

ALPHAS: Floats = np.arange(0.05, 0.99, 0.05)
"""Overlaps over which HOTA is averaged."""
_EPS = np.finfo(float).eps
_NEVER = 1e5  # more than any sum of distances of pairs that may be matched


class BoxesOfFrames(Protocol):
    """Boxes with frames and identities, such as ``track.Trajectories``."""

    @property
    def frame(self) -> Ints:
        """Numbers of frames, (n,)."""
        ...

    @property
    def id(self) -> Ints:
        """Identities, (n,); each at most once a frame."""
        ...

    @property
    def box(self) -> Floats:
        """Left, top, right, bottom, (n, 4)."""
        ...


@dataclass(frozen=True)
class TrackingCounts:
    """What the measures are made of; counts of sequences add up.

    truth, found : boxes
    matches, switches : of MOTA
    overlap : sum over the matches
    agreed : boxes of IDF1, in which identities agree
    hits : (n_alphas,), matched boxes of HOTA at each overlap
    joined : (n_alphas,), sum over them of how well their trajectories agree
    frames : frames with a box in either
    """

    truth: int
    found: int
    matches: int
    switches: int
    overlap: float
    agreed: int
    hits: Floats
    joined: Floats
    frames: int

    def __add__(self, other: "TrackingCounts") -> "TrackingCounts":
        """Return the counts of both."""
        names = self.__dataclass_fields__
        return TrackingCounts(
            *(getattr(self, name) + getattr(other, name) for name in names)
        )

    @property
    def misses(self) -> int:
        """True boxes that nothing matches."""
        return self.truth - self.matches

    @property
    def false_positives(self) -> int:
        """Found boxes that match nothing."""
        return self.found - self.matches

    @property
    def mota(self) -> float:
        """1 less misses, false positives and switches over true boxes; at most 1."""
        wrong = self.misses + self.false_positives + self.switches
        return _over(self.truth - wrong, self.truth)

    @property
    def motp(self) -> float:
        """Mean overlap of the matches, in [0, 1]."""
        return _over(self.overlap, self.matches)

    @property
    def idf1(self) -> float:
        """Boxes in which identities agree, over the mean of true and found ones."""
        return _over(2 * self.agreed, self.truth + self.found)

    @property
    def idp(self) -> float:
        """The same over the found boxes."""
        return _over(self.agreed, self.found)

    @property
    def idr(self) -> float:
        """The same over the true boxes."""
        return _over(self.agreed, self.truth)

    @property
    def deta(self) -> float:
        """HOTA's accuracy of detection."""
        return float(np.mean(self._detection))

    @property
    def assa(self) -> float:
        """HOTA's accuracy of association."""
        return float(np.mean(self._association))

    @property
    def hota(self) -> float:
        """The mean over overlaps of the root of both accuracies' product."""
        return float(np.mean(np.sqrt(self._detection * self._association)))

    @property
    def _detection(self) -> Floats:
        either = self.truth + self.found - self.hits
        return self.hits / np.maximum(1, either)

    @property
    def _association(self) -> Floats:
        return self.joined / np.maximum(1, self.hits)


def tracking_counts(
    truth: BoxesOfFrames, found: BoxesOfFrames, least: float = 0.5
) -> TrackingCounts:
    """Return what the measures of one sequence are made of.

    Parameters
    ----------
    truth, found : with ``frame``, ``id`` and ``box``
    least : float, default=0.5
        Overlap of a match, for MOTA and IDF1.

    Raises
    ------
    ValueError
        If an identity is twice in a frame, or lengths differ.

    Notes
    -----
    Matching of MOTA: a pair that was matched last and still overlaps stays; of the rest
    as many as possible are matched, with the greatest overlap. A switch is a match of a
    true box whose identity was last matched with another found one, however long ago.

    Examples
    --------
    >>> from types import SimpleNamespace as S
    >>> box = np.array([[0.0, 0, 2, 2]] * 4)
    >>> truth = S(frame=np.arange(4), id=np.array([1, 1, 1, 1]), box=box)
    >>> found = S(frame=np.arange(4), id=np.array([5, 5, 6, 6]), box=box)
    >>> counts = tracking_counts(truth, found)
    >>> counts.switches, counts.mota, counts.idf1, round(counts.hota, 3)
    (1, 0.75, 0.5, 0.707)
    """
    sequence = _Sequence(truth, found)
    last = np.full(sequence.shape[0], -1)
    matches, switches, overlap = kernels.match_by_frame(
        *sequence.arrays, least, _NEVER, last
    )
    hits, joined = _higher_order(sequence)
    return TrackingCounts(
        len(sequence.true_ids),
        len(sequence.found_ids),
        int(matches),
        int(switches),
        float(overlap),
        _agreed(sequence, least),
        hits,
        joined,
        sequence.n_frames,
    )


class _Sequence:
    """Boxes by frame, with the overlaps of each frame; identities are from 0."""

    def __init__(self, truth: BoxesOfFrames, found: BoxesOfFrames) -> None:
        sides = _read(truth, "truth"), _read(found, "found")
        frames = np.union1d(sides[0].frame, sides[1].frame)
        self.n_frames = len(frames)
        self.true_ids, self.found_ids = sides[0].id, sides[1].id
        self.shape = sides[0].n_ids, sides[1].n_ids
        ends = [
            np.concatenate([[0], np.searchsorted(side.frame, frames, side="right")])
            for side in sides
        ]
        n_pairs = np.diff(ends[0]) * np.diff(ends[1])
        starts = np.concatenate([[0], np.cumsum(n_pairs)])
        self.most_pairs = int(np.minimum(np.diff(ends[0]), np.diff(ends[1])).sum())
        overlaps = np.empty(starts[-1])
        kernels.fill_all_overlaps(
            *(sides[0].box, sides[1].box, *ends, starts), overlaps
        )
        self.overlaps = overlaps
        self.ends = ends
        self.arrays = overlaps, starts, self.true_ids, self.found_ids, *ends

    def pairs(self, least: float) -> tuple[Ints, Ints]:
        """Identities of each pair of boxes of one frame that overlap so much."""
        rows = np.repeat(np.arange(len(self.true_ids)), self._beside)
        good = self.overlaps >= least
        first = np.repeat(self.ends[1][:-1], np.diff(self.ends[0]))
        place = np.arange(len(rows)) - np.repeat(
            np.cumsum(self._beside) - self._beside, self._beside
        )
        columns = first[rows] + place
        return self.true_ids[rows[good]], self.found_ids[columns[good]]

    @property
    def _beside(self) -> Ints:
        """How many found boxes the frame of each true box has."""
        found: Ints = np.repeat(np.diff(self.ends[1]), np.diff(self.ends[0]))
        return found

    def counts(self) -> tuple[Ints, Ints]:
        """Boxes of each true and of each found identity."""
        n_true, n_found = self.shape
        return (
            np.bincount(self.true_ids, minlength=n_true),
            np.bincount(self.found_ids, minlength=n_found),
        )


@dataclass(frozen=True)
class _Side:
    """Boxes in the order of frames, those of one frame as they came."""

    frame: Ints
    id: Ints
    box: Floats
    n_ids: int


def _read(boxes: BoxesOfFrames, name: str) -> _Side:
    frame, box = np.asarray(boxes.frame), np.asarray(boxes.box, np.float64)
    if not np.isfinite(box).all():
        row = int(
            np.flatnonzero(~np.isfinite(box.reshape(len(box), -1)).all(axis=1))[0]
        )
        raise ValueError(
            f"boxes of {name} must be finite numbers, got {box[row].tolist()} in row "
            f"{row}."
        )
    if not len(frame) == len(boxes.id) == len(box):
        raise ValueError(
            f"{name} must have as many frames as ids and boxes, got {len(frame)}, "
            f"{len(boxes.id)} and {len(box)}."
        )
    names, ids = np.unique(boxes.id, return_inverse=True)
    order = np.lexsort((ids, frame))
    again = (np.diff(frame[order]) == 0) & (np.diff(ids[order]) == 0)
    if again.any():
        row = order[np.flatnonzero(again)[0]]
        raise ValueError(
            f"{name} has the identity {boxes.id[row]} twice in frame {frame[row]}."
        )
    order = np.argsort(frame, kind="stable")
    return _Side(
        frame[order],
        ids[order].astype(np.int64),
        np.ascontiguousarray(box[order].reshape(-1, 4)),
        len(names),
    )


def _agreed(sequence: _Sequence, least: float) -> int:
    """Boxes in which identities agree, with the best pairs of trajectories."""
    from scipy.optimize import linear_sum_assignment

    together = np.zeros(sequence.shape)
    np.add.at(together, sequence.pairs(least), 1)
    rows, columns = linear_sum_assignment(together, maximize=True)
    return int(together[rows, columns].sum())


def _higher_order(sequence: _Sequence) -> tuple[Floats, Floats]:
    """Hits at each overlap, and how well the trajectories of each hit agree."""
    true_counts, found_counts = sequence.counts()
    both = true_counts[:, None] + found_counts
    likely = np.zeros(sequence.shape)
    kernels.add_likely(*sequence.arrays, _EPS, likely)
    alignment = likely / np.maximum(both - likely, _EPS)
    pairs = np.empty((sequence.most_pairs, 2), np.int64)
    shared = np.empty(sequence.most_pairs)
    n = kernels.align(*sequence.arrays, alignment, pairs, shared)
    code = pairs[:n, 0] * sequence.shape[1] + pairs[:n, 1]
    hits, joined = np.zeros(len(ALPHAS)), np.zeros(len(ALPHAS))
    for at, alpha in enumerate(ALPHAS):
        of_pair = np.bincount(code[shared[:n] >= alpha - _EPS])
        used = np.flatnonzero(of_pair)
        often = of_pair[used]
        hits[at] = often.sum()
        either = both.ravel()[used] - often
        joined[at] = (often * often / np.maximum(1, either)).sum()
    return hits, joined


def _over(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")
