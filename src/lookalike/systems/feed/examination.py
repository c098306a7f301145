r"""How often each place of a list is looked at, by device: the position curve.

In a shuffled list every place holds any post, so that what happens less often further
down does so because fewer look there. With a the share of the posts at place i of
device d that got attention (anything was done, or they were looked at for a second),

.. math:: \hat\gamma_{d i} = a_{d i} / a_{d 1},

made to fall by isotonic regression. Without shuffled lists nothing is known, and the
curve is flat.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import isotonic_regression

from lookalike._typing import Array, Floats, Ints
from lookalike.datasets.feed_log import FeedLog

ATTENTION = 1.0  # seconds
LEAST_ROWS = 30  # of a place, below which it is taken to be like the one above


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
        names = log.device[some]
        lines = [
            _line(place[names == name], attended[names == name], n_places)
            for name in devices
        ]
        together = _line(place, attended, n_places)
        n_lists = int((place == 0).sum())
        return cls(devices, np.array([*lines, together]), n_lists)

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


def _line(place: Ints, attended: Floats, n_places: int) -> Floats:
    n = np.bincount(place, minlength=n_places)
    hits = np.bincount(place, attended, n_places)
    if n[0] < LEAST_ROWS or not hits[0]:
        return np.ones(n_places)
    share = hits / np.maximum(n, 1) / (hits[0] / n[0])
    enough = n >= LEAST_ROWS
    last = np.maximum.accumulate(np.where(enough, np.arange(n_places), 0))
    weight = np.where(enough, n, 1e-6).astype(np.float64)
    falling = isotonic_regression(share[last], weights=weight, increasing=False).x
    return np.clip(falling / falling[0], 1e-3, 1.0)
