r"""How often each place of a list is looked at, by device: the position curve.

In a shuffled list every place holds any post, so that what happens less often further
down does so because fewer look there. With a the share of the posts at place i of
device d that got attention (anything was done, or they were looked at for a second),

.. math:: \hat\gamma_{d i} = a_{d i} / a_{d 1},

made to fall by isotonic regression. A device with few lists borrows from the others:
its curve is drawn towards

.. math:: \ln a_{d i} = \alpha_d - s_d\, b_i,

in which devices differ in how fast attention falls and share the depth b of the places,
by as much as what lies beside it looks like chance (empirical Bayes [1]_). Without
shuffled lists nothing is known, and the curve is flat.

References
----------
.. [1] DerSimonian and Laird (1986). "Meta-analysis in clinical trials". Controlled
   Clinical Trials 7(3).   (the variance that is not chance)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import isotonic_regression

from lookalike._typing import Array, Floats, Ints
from lookalike.datasets.feed_log import FeedLog

ATTENTION = 1.0  # seconds
LEAST_ROWS = 30  # of a place, below which it is taken to be like the one above
PRIOR = 0.5  # by how much devices are expected to differ in how fast attention falls


@dataclass(frozen=True)
class Examination:
    """The position curve.

    devices : names
    curve : float64 (n_devices, n_places), 1 at the first place; the last line of
        a device that is not known is the mean
    n_shuffled : lists it was learned from
    """

    devices: tuple[str, ...]
    curve: Floats
    n_shuffled: int

    @classmethod
    def learned(cls, log: FeedLog, rows: Array) -> "Examination":
        """Learn from the shuffled lists among some rows, bool (n,)."""
        some = rows & log.shuffled
        devices = tuple(np.unique(log.device).tolist())
        n_places = int(log.place.max(initial=1))
        attended = attention(log)[some].astype(np.float64)
        place = log.place[some] - 1
        code = np.searchsorted(devices, log.device[some])
        cell, shape = code * n_places + place, (len(devices), n_places)
        n_cells = shape[0] * shape[1]
        n = np.bincount(cell, np.ones(len(cell)), n_cells).reshape(shape)
        hits = np.bincount(cell, attended, n_cells).reshape(shape)
        n_lists = int(n[:, 0].sum())
        lines = curves(np.asarray(n, np.float64), np.asarray(hits, np.float64))
        return cls(devices, lines, n_lists)

    def at(self, device: Array | Sequence[str], place: Ints) -> Floats:
        """Return the examination of places, (n,); places below the last are like it."""
        code = {name: at for at, name in enumerate(self.devices)}
        distinct, where = np.unique(np.asarray(device), return_inverse=True)
        rows = np.array(
            [code.get(name, len(self.devices)) for name in distinct.tolist()]
        )
        column = np.minimum(place, self.curve.shape[1]) - 1
        found: Floats = self.curve[rows[where], column]
        return found

    def arrays(self) -> dict[str, Array]:
        """Return the curve by name."""
        return {
            "devices": np.array(self.devices, dtype=str),
            "curve": self.curve,
            "n_shuffled": np.array(self.n_shuffled),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> "Examination":
        """Return the curve of these arrays.

        Raises
        ------
        ValueError
            If they are not whole.
        """
        devices = tuple(np.asarray(arrays["devices"]).tolist())
        curve = np.asarray(arrays["curve"], np.float64)
        if curve.ndim != 2 or len(curve) != len(devices) + 1 or not curve.size:
            raise ValueError("its position curve is not whole.")
        return cls(devices, curve, int(arrays["n_shuffled"]))


def attention(log: FeedLog) -> Array:
    """Return which impressions got attention, bool (n,)."""
    found = np.zeros(len(log), bool)
    for values in log.actions.values():
        found |= values > 0
    if log.dwell is not None:
        found |= np.nan_to_num(log.dwell) >= ATTENTION
    return found


def curves(n: Floats, hits: Floats) -> Floats:
    """Return the curve of each device, and below them that of all, 1 at first places.

    n : (n_devices, n_places), how often a place was shown
    hits : how often it got attention

    Where the first place of all was shown too rarely, nothing is known: they are flat.
    """
    whole, of_all = n.sum(axis=0), hits.sum(axis=0)
    if whole[0] < LEAST_ROWS or not of_all[0]:
        return np.ones((len(n) + 1, n.shape[1]))
    together = _falling(of_all / np.maximum(whole, 1), whole)
    level, slope, depth = _fitted(n, hits, -np.log(together))
    shape = np.exp(-slope[:, None] * depth)
    expected = np.minimum(np.exp(level)[:, None] * shape, 1 - 1e-9)
    share = np.where(n > 0, hits / np.maximum(n, 1), expected)
    # What places of one device are off by chance, beside what they are off in truth.
    chance = expected * (1 - expected) / np.maximum(n, 1)
    weight = np.where(n > 0, 1 / chance, 0.0)
    spare = (n > 0).sum() - 2 * len(n) - n.shape[1] + 2
    beyond = (weight * (share - expected) ** 2).sum() - max(spare, 0)
    truly = max(beyond, 0.0) / (weight.sum() - (weight**2).sum() / weight.sum())
    mixed = expected + truly / (truly + chance) * (share - expected)
    lines = [_falling(one, own) for one, own in zip(mixed, n, strict=True)]
    return np.array([*lines, together])


def _fitted(
    n: Floats, hits: Floats, depth: Floats, n_rounds: int = 30
) -> tuple[Floats, Floats, Floats]:
    """Levels and slopes of devices, and the depth of places that all share.

    The rate of a device at a place is taken to be Poisson, exp(level - slope depth);
    slopes are drawn towards 1 by ``PRIOR``.
    """
    first = hits[:, 0] / np.maximum(n[:, 0], 1)
    level = np.log(np.clip(first, 1e-3, 1.0))
    slope, depth = np.ones(len(n)), depth.copy()
    enough = n.sum(axis=0) >= LEAST_ROWS
    for _ in range(n_rounds):
        for _ in range(3):
            rate = n * np.exp(level[:, None] - slope[:, None] * depth)
            level += np.clip(
                np.log((hits.sum(axis=1) + 0.5) / (rate.sum(axis=1) + 0.5)), -1, 1
            )
            rate = n * np.exp(level[:, None] - slope[:, None] * depth)
            off = ((rate - hits) * depth).sum(axis=1) - (slope - 1) / PRIOR**2
            slope += np.clip(
                off / ((rate * depth**2).sum(axis=1) + PRIOR**-2), -0.3, 0.3
            )
            slope = np.clip(slope, 0.05, 20.0)
            rate = n * np.exp(level[:, None] - slope[:, None] * depth)
            off = ((rate - hits) * slope[:, None]).sum(axis=0)
            curved = (rate * slope[:, None] ** 2).sum(axis=0) + 1e-9
            depth = depth + np.where(enough, np.clip(off / curved, -0.3, 0.3), 0.0)
        weights = np.where(enough, (rate * slope[:, None] ** 2).sum(axis=0), 0.0) + 1e-9
        rising = isotonic_regression(depth - depth[0], weights=weights).x
        depth = np.maximum(rising - rising[0], 0.0)
    return level, slope, depth


def _falling(share: Floats, n: Floats) -> Floats:
    """Shares made to fall, 1 at the first place; rare places are like those above."""
    enough = n >= LEAST_ROWS
    enough[0] = True
    last = np.maximum.accumulate(np.where(enough, np.arange(len(n)), 0))
    weight = np.where(enough, n, 0.0) + 1e-6
    falling = isotonic_regression(share[last], weights=weight, increasing=False).x
    return np.clip(falling / max(falling[0], 1e-9), 1e-3, 1.0)
