"""Networks that rank, as arrays: evaluated without torch, row by row.

Features are centred and scaled. They pass through cross layers, if there are any, and
then through dense layers with rectifiers between them; the output is one number.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np

from lookalike._parallel import run_slices
from lookalike._typing import Array, Floats
from lookalike.kernels.dense import dense_rows

GRAIN = 64  # rows a thread takes at a time

Layer = tuple[Floats, Floats]
"""Weights (n_inputs, n_outputs) and bias (n_outputs,)."""


@dataclass(frozen=True)
class Network:
    r"""The learned arrays of a network.

    mean, scale : (n_features,), subtracted from the features, which are then divided
    cross : layers :math:`x_{l+1} = x_0 \odot (x_l W_l + b_l) + x_l`
    dense : layers with a rectifier after each but the last
    """

    mean: Floats
    scale: Floats
    cross: tuple[Layer, ...]
    dense: tuple[Layer, ...]

    def scores(self, X: Array, n_jobs: int | None = None) -> Floats:
        """Scores (n_rows,) for X float32 (n_rows, n_features)."""
        scores = np.empty(len(X))

        def work(first: int, last: int) -> None:
            scores[first:last] = self._scored(X[first:last])

        run_slices(work, len(X), n_jobs, GRAIN)
        return scores

    def _scored(self, X: Array) -> Floats:
        first = np.ascontiguousarray((X - self.mean) / self.scale)
        rows = first
        for layer in self.cross:
            rows = first * _through(rows, layer) + rows
        for layer in self.dense[:-1]:
            rows = np.maximum(_through(rows, layer), 0.0)
        return _through(rows, self.dense[-1])[:, 0]

    def arrays(self) -> dict[str, Array]:
        """Return the arrays by name."""
        layers = {}
        for kind, found in (("cross", self.cross), ("dense", self.dense)):
            for position, (weights, bias) in enumerate(found):
                layers[f"{kind}_{position}_weights"] = weights
                layers[f"{kind}_{position}_bias"] = bias
        return {"mean": self.mean, "scale": self.scale, **layers}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Return the network of these arrays.

        Raises
        ------
        ValueError
            If the layers do not fit together or hold numbers that are not finite.
        """
        network = cls(
            np.asarray(arrays["mean"], np.float64),
            np.asarray(arrays["scale"], np.float64),
            _layers(arrays, "cross"),
            _layers(arrays, "dense"),
        )
        network._check()
        return network

    def _check(self) -> None:
        n = len(self.mean)
        widths = [n, *(len(weights) for weights, _ in self.dense[1:]), 1]
        square = [((n, n), (n,))] * len(self.cross)
        expected = [*square, *(((a, b), (b,)) for a, b in pairwise(widths))]
        found = [(w.shape, b.shape) for w, b in (*self.cross, *self.dense)]
        arrays = self.arrays().values()
        finite = all(np.isfinite(each).all() for each in arrays)
        shaped = self.mean.shape == self.scale.shape == (n,)
        if not (finite and shaped and found == expected and (self.scale > 0).all()):
            raise ValueError("its layers do not fit together.")


def _through(rows: Floats, layer: Layer) -> Floats:
    weights, bias = layer
    out = np.empty((len(rows), len(bias)))
    dense_rows(rows, weights, bias, 0, len(rows), out)
    return out


def _layers(arrays: Mapping[str, Array], kind: str) -> tuple[Layer, ...]:
    found: list[Layer] = []
    while f"{kind}_{len(found)}_weights" in arrays:
        name = f"{kind}_{len(found)}"
        weights, bias = (arrays[f"{name}_{part}"] for part in ("weights", "bias"))
        found.append(
            (
                np.ascontiguousarray(weights, np.float64),
                np.ascontiguousarray(bias, np.float64),
            )
        )
    return tuple(found)


def effective_weights(relevant: Array, beta: float) -> Floats:
    r"""Weight of each row by the effective number of its class, 1 on average.

    .. math:: w_c \propto \frac{1 - \beta}{1 - \beta^{n_c}}

    With :math:`\beta = 0` all rows have equal weight; towards 1 both classes have [1]_.

    References
    ----------
    .. [1] Cui, Jia, Lin, Song and Belongie (2019). "Class-balanced loss based on
       effective number of samples". CVPR, equation 3.

    Examples
    --------
    >>> relevant = np.repeat([True, False], [10, 990])
    >>> effective_weights(relevant, 0.9999)[[0, -1]]  # fully balanced: 50, 0.505
    array([48.8, 0.52])
    """
    counts = np.array([np.sum(~relevant), np.sum(relevant)])
    each = (1 - beta) / -np.expm1(counts * np.log(beta)) if beta else np.ones(2)
    weights: Floats = each[relevant.astype(np.int64)]
    return weights / weights.mean()
