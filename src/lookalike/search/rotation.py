r"""The rotation filter: short codes whose distances never exceed the true ones.

Let :math:`W` be any matrix without a singular value above one (its columns are the
leading principal axes) and :math:`\mu` any point. With the *residual*
:math:`\rho_x = \sqrt{|x - \mu|^2 - |W^T (x - \mu)|^2}`,

.. math:: |W^T q - W^T x|^2 + (\rho_q - \rho_x)^2 \le |q - x|^2 .

Proof. :math:`I - W W^T` is positive semidefinite; call its square root :math:`C`.
Then :math:`|z|^2 = |W^T z|^2 + |C z|^2` for every :math:`z`, and
:math:`\rho_x = |C (x - \mu)|`. Take :math:`z = q - x`; by the triangle inequality
:math:`|\rho_q - \rho_x| \le |C (q - x)|`. ∎

So a row is represented by its leading coordinates and one residual, and a product of
these short vectors bounds the distance of the long ones from below. Rounding them to
integers moves each by at most a known error, which the bound gives back: a row may be
skipped when the distance of the codes exceeds the distance to beat *plus both errors*.
Every allowance is derived in ``RotationFilter.encode_queries``, none is tuned.

References
----------
.. [1] Fukunaga and Narendra (1975). "A branch and bound algorithm for computing
   k-nearest neighbors". IEEE Transactions on Computers C-24(7).
.. [2] Halko, Martinsson and Tropp (2011). "Finding structure with randomness".
   SIAM Review 53(2), algorithm 4.4 (the axes).
.. [3] Higham (2002). "Accuracy and Stability of Numerical Algorithms", chapter 3 (the
   rounding of sums of products: gamma_n = n u / (1 - n u)).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lookalike._typing import Array, Floats
from lookalike.kernels.bounds import WIDE
from lookalike.kernels.neighbors import HIDDEN
from lookalike.kernels.simd import PANEL
from lookalike.search.geometry import Cosine, Euclidean, Geometry, InnerProduct
from lookalike.search.memory import aligned, attributes_for_kernels

SAMPLE = 6_000  # rows from which the axes are learned and the plan is made
USUAL = 0.95  # share of the sample that does not lie outside
OUTSIDE = 10.0  # times as far from the mean as those: left out of the sample
ROUNDS = 8  # of leaving out; the mean moves in each
PROBES = 48  # rows of the sample that serve as queries when the plan is made
# Queries from outside the catalogue leave more rows than those of the sample do.
MOST_COST = 0.8  # of a rotation, as a share of comparing all coordinates
# Numbers of axes that are considered: with the residual, multiples of eight.
AXES = (7, 15, 23, 31, 39, 47, 55, 63, 79, 95, 127)
RADIUS = 2.0**14  # codes of ordinary rows lie in a ball of this radius
QUERY_RADIUS = 2.0**15 - 64  # codes of queries in this one: all keys fit 32 bits
FAR = 2.0**30  # start of a padding row (never found) or, negative, always found
UNIT = 2.0**-53  # rounding of float64
CHUNK = 512  # rows that are encoded at once: few enough to stay in the cache


@dataclass(frozen=True)
class Codes:
    """Codes of a batch of queries: what the kernel needs beside the queries."""

    codes: Array  # (n_queries, n_steps), sign turned
    base: Floats  # (n_queries,) squared distance of codes = base + slope * distance
    slope: Floats  # (n_queries,)
    error: Floats  # (n_queries,)
    limit_offset: Floats  # (n_queries,)


class RotationFilter:
    """Leading principal coordinates of every row, rounded, with a proven bound.

    Parameters
    ----------
    geometry : Geometry
        Where distances of the metric are Euclidean distances.
    integers : bool
        int16 codes for the processor's instruction, else float32 codes.

    Attributes
    ----------
    mean : ndarray of shape (n_lifted,)
    axes : ndarray of shape (n_lifted, n_axes) or None
        None where no rotation pays: the coordinates themselves are then the code.
    scale : float
        Codes per unit of distance.
    panels, starts : see ``kernels.bounds.fill_keys``
    """

    mean: Floats
    axes: Floats | None
    scale: float
    panels: Array
    starts: Array

    def __init__(self, geometry: Geometry, integers: bool) -> None:
        self.geometry = geometry
        self.integers = integers

    def fit(self, X: Array, n_neighbors: int) -> "RotationFilter":
        """Learn the axes, choose how many of them pay, and encode the rows of X."""
        sample, self.mean = centred_sample(self.geometry, X)
        rank = max(1, round(n_neighbors * len(sample) / len(X)))
        self.axes = self._choose_axes(sample, rank, X)
        norms = self._norms(X)
        # Kept where its square is a number; rows too far out are then just compared.
        self.scale = float(np.clip(RADIUS / usual_radius(norms), 1e-140, 1e140))
        self._encode_rows(X)
        return self

    def state(self) -> tuple[dict[str, Array], dict[str, float]]:
        """Arrays and numbers from which ``from_state`` makes the filter."""
        arrays = {"panels": self.panels, "starts": self.starts, "mean": self.mean}
        if self.axes is not None:
            arrays["axes"] = self.axes
        about = {
            "scale": self.scale,
            "row_error": self._row_error,
            "row_radius": self._row_radius,
        }
        if isinstance(self.geometry, InnerProduct):
            about["squared_length"] = self.geometry.squared_length
        return arrays, about

    @classmethod
    def from_state(
        cls,
        arrays: Mapping[str, Array],
        about: Mapping[str, Any],
        metric: str,
        shape: tuple[int, int],
    ) -> "RotationFilter":
        """The filter whose ``state`` this is, of rows of this shape.

        Raises
        ------
        ValueError
            If the arrays do not belong together: kernels would read outside them.
        """
        geometry: Geometry = Cosine() if metric == "cosine" else Euclidean()
        if metric == "inner_product":
            geometry = InnerProduct.of_length(float(about["squared_length"]))
        found = cls(geometry, integers=arrays["panels"].dtype == np.int16)
        found.panels, found.starts = arrays["panels"], arrays["starts"]
        found.mean, found.axes = arrays["mean"], arrays.get("axes")
        found.scale = float(about["scale"])
        found._row_error = float(about["row_error"])
        found._row_radius = float(about["row_radius"])
        found._check(*shape)
        return found

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__dict__.update(attributes_for_kernels(state))

    def _check(self, n_samples: int, n_features: int) -> None:
        n_lifted = n_features + isinstance(self.geometry, InnerProduct)
        n_panels = -(-n_samples // (WIDE * PANEL)) * WIDE
        steps = self.n_steps
        width = PANEL if self.integers else WIDE * PANEL
        shape = (n_panels * PANEL // width, steps // 2, width, 2)
        kinds: tuple[type, type] = (np.int16, np.int32)
        if not self.integers:
            shape, kinds = (shape[0], steps, width, 1), (np.float32, np.float32)
        if self.panels.size != np.prod(shape):
            raise ValueError("rows and codes do not belong together.")
        first = n_samples // width
        last = self.panels.reshape(shape)[first:].transpose(0, 2, 1, 3)
        last = last.reshape(-1, steps)
        good = (
            self.mean.shape == (n_lifted,)
            and (self.axes is None or self.axes.shape[0] == n_lifted)
            and self.panels.shape == shape[: 4 if self.integers else 3]
            and self.starts.shape == (n_panels, PANEL)
            and self.panels.dtype == kinds[0]
            and self.starts.dtype == kinds[1]
            # Rows that are not there must have keys that are never found.
            and bool((self.starts.reshape(-1)[n_samples:] >= HIDDEN).all())
            and not last[n_samples - first * width :].any()
        )
        if not good:
            raise ValueError("rows and codes do not belong together.")

    def _choose_axes(self, sample: Floats, rank: int, X: Array) -> Floats | None:
        """Measure on the sample how many rows each number of axes leaves."""
        n_lifted = sample.shape[1]
        candidates = [m for m in AXES if m < n_lifted]
        if not candidates:
            return None
        axes = principal_axes(sample, candidates[-1])
        left = rows_left(sample, axes, candidates, rank)
        per_step, per_row = self._costs(X)
        cost = [
            (m + 1) * per_step + share * per_row
            for m, share in zip(candidates, left, strict=True)
        ]
        best = int(np.argmin(cost))
        if cost[best] >= MOST_COST * n_lifted * per_step:
            return None
        return np.ascontiguousarray(axes[:, : candidates[best]])

    def _costs(self, X: Array) -> tuple[float, float]:
        """Nanoseconds per coordinate of a bound and per computed distance.

        Measured once, on one processor: only their ratio matters, and only for speed.
        """
        per_step = 0.009 if self.integers else 0.02
        per_value = {1: 0.06 if self.integers else 0.15, 4: 0.5, 8: 0.8}[X.itemsize]
        return per_step, 40.0 + per_value * X.shape[1]

    def _norms(self, X: Array) -> Floats:
        parts = [_lengths(self._centred(chunk)) for chunk in _chunks(X)]
        return np.concatenate(parts)

    def _centred(self, X: Array) -> Floats:
        lifted = self.geometry.lift(X)
        lifted -= self.mean
        return lifted

    @property
    def n_steps(self) -> int:
        """Coordinates of a code, the residual included, as the kernels read it."""
        n = len(self.mean) if self.axes is None else self.axes.shape[1] + 1
        return -(-n // 8) * 8

    def coordinates(self, centred: Floats) -> Floats:
        """Leading coordinates and residual of centred rows, shape (n, n_steps)."""
        out = np.zeros((len(centred), self.n_steps))
        if self.axes is None:
            out[:, : centred.shape[1]] = centred
        else:
            m = self.axes.shape[1]
            leading = np.matmul(centred, self.axes, out=out[:, :m])
            rest = _squares(centred) - _squares(leading)
            out[:, m] = np.sqrt(np.maximum(rest, 0.0))
        return out

    def rounding(self, norms: Floats) -> Floats:
        """How far computed coordinates may lie from the true ones, for rows that long.

        The product errs by gamma_d per entry, sqrt(m) of them by gamma_d sqrt(m) |z|;
        the residual is a root of a difference of two sums of d and m squares, and
        |sqrt(a) - sqrt(b)| <= sqrt(|a - b|).
        """
        d = len(self.mean)
        m = self.n_steps
        product = (d + 4) * np.sqrt(m) * UNIT
        difference = (2 * d * np.sqrt(m) + 2 * d + m + 8) * UNIT
        relative: Floats = 1.01 * (product + np.sqrt(difference)) * norms
        return relative

    def _round(self, scaled: Floats) -> Array:
        return np.rint(scaled) if self.integers else scaled.astype(np.float32)

    def _encode_rows(self, X: Array) -> None:
        n_steps, n_panels = self.n_steps, -(-len(X) // (WIDE * PANEL)) * WIDE
        pair, width = (2, PANEL) if self.integers else (1, WIDE * PANEL)
        kind = np.int16 if self.integers else np.float32
        shape = (n_panels * PANEL // width, n_steps // pair, width, pair)
        panels = aligned(shape, kind)
        starts = np.full(n_panels * PANEL, FAR * 2 - 128)
        self._row_error = 0.0
        self._row_radius = 0.0
        for first in range(0, len(X), CHUNK):
            centred = self._centred(X[first : first + CHUNK])
            scaled = self.coordinates(centred) * self.scale
            # A scale for rows far outside would be too coarse: always compare them.
            far = _lengths(scaled) > 1.5 * RADIUS
            scaled[far] = 0.0
            codes = self._round(scaled)
            half = 0.5 * _squares(codes.astype(np.float64))
            error = _lengths(scaled - codes) + self.rounding(
                np.where(far, 0.0, self.scale * _lengths(centred))
            )
            self._row_error = max(self._row_error, float(error.max()))
            self._row_radius = max(self._row_radius, float(np.sqrt(2 * half.max())))
            last = first + len(codes)
            starts[first:last] = np.where(far, -FAR, np.floor(half))
            # CHUNK is a multiple of every width: a panel is filled by one chunk.
            block = np.zeros((-(-len(codes) // width) * width, n_steps), kind)
            block[: len(codes)] = codes
            p = first // width
            panels[p : p + len(block) // width] = block.reshape(
                -1, width, n_steps // pair, pair
            ).transpose(0, 2, 1, 3)
        self.panels = panels if self.integers else panels[..., 0]
        self.starts = starts.reshape(n_panels, PANEL).astype(
            np.int32 if self.integers else np.float32
        )

    def encode_queries(self, Q: Array) -> Codes:
        """Codes of queries, and the numbers that turn a distance into a limit.

        Writing c for codes, s for the scale and e for errors, a row x that is no
        further than T from q satisfies

            |c_q - c_x| <= s sqrt(base + slope T) + e_q + e_x,

        where e = (distance of the code from the scaled coordinates, measured)
        + (rounding of the coordinates, bounded). The kernel compares
        |c_x|^2 / 2 - c_q c_x with ((right side)^2 - |c_q|^2) / 2. Integer keys are
        exact. Float keys err by gamma_(n + 2) (|c_q| |c_x| + |c_x|^2 / 2), whatever
        the order of the sum, and by one more in becoming integers.
        """
        base, slope = self.geometry.to_squared(Q)
        parts, errors, squares = [], [], []
        for chunk in _chunks(Q):
            centred = self.geometry.lift_queries(chunk)
            centred -= self.mean
            scaled = self.coordinates(centred) * self.scale
            lengths = _lengths(scaled)
            # A query from far outside is pulled in; its error grows by as much.
            shrink = np.minimum(1.0, QUERY_RADIUS / np.maximum(lengths, 1.0))
            codes = self._round(scaled * shrink[:, None])
            errors.append(_lengths(scaled - codes) + self.rounding(lengths))
            squares.append(_squares(codes.astype(np.float64)))
            parts.append((-codes).astype(np.int16 if self.integers else np.float32))
        squared = np.concatenate(squares)
        slack = np.ones(len(squared))
        if not self.integers:
            gamma = 1.01 * (self.n_steps + 2) * 2.0**-24
            radius = self._row_radius
            slack += 1.0 + gamma * (np.sqrt(squared) * radius + 0.5 * radius**2)
        return Codes(
            codes=np.concatenate(parts),
            base=base * self.scale**2,
            slope=slope * self.scale**2,
            error=np.concatenate(errors) + self._row_error + 1e-3,
            limit_offset=slack - 0.5 * squared,
        )


def centred_sample(geometry: Geometry, X: Array) -> tuple[Floats, Floats]:
    """A sample of lifted rows less its mean, and the mean.

    Rows that lie far outside are left out: one of them would move the mean away from
    all others, and be an axis of its own.
    """
    sample = geometry.lift(X[:: -(-len(X) // SAMPLE)])
    mean = sample.mean(axis=0)
    sample -= mean
    for _ in range(ROUNDS):
        lengths = _lengths(sample)
        most = int(len(lengths) * USUAL)
        usual = float(np.partition(lengths, most)[most])
        inside = lengths <= OUTSIDE * usual
        if usual == 0.0 or inside.all():
            break
        sample = sample[inside]
        shift = sample.mean(axis=0)
        sample -= shift
        mean += shift
    return sample, mean


def principal_axes(sample: Floats, n_axes: int) -> Floats:
    """Leading principal axes of a centred sample, no singular value above one.

    Subspace iteration; whether the axes are exactly principal matters for speed only,
    that none of them stretches matters for the bound and is enforced at the end.
    """
    rng = np.random.default_rng(0)
    n_columns = min(n_axes + 8, sample.shape[1])
    largest = float(np.abs(sample).max())
    short = (sample / (largest if largest > 0.0 else 1.0)).astype(np.float32)
    covariance = short.T @ short if len(short) > sample.shape[1] else None
    basis: Array = rng.standard_normal((sample.shape[1], n_columns))
    basis = basis.astype(np.float32)
    for _ in range(6):
        if covariance is not None:
            basis = covariance @ basis
        else:
            basis = short.T @ (short @ basis)
        basis = np.linalg.qr(basis)[0]
    values = short @ basis
    _, vectors = np.linalg.eigh(values.T @ values)
    axes = np.linalg.qr(
        basis.astype(np.float64) @ vectors[:, ::-1][:, :n_axes].astype(np.float64)
    )[0]
    gram = axes.T @ axes
    stretch = np.linalg.norm(gram - np.eye(n_axes)) + len(axes) * n_axes * UNIT
    scaled: Floats = axes / np.sqrt(1.0 + 2.0 * stretch)
    return scaled


def rows_left(
    sample: Floats, axes: Floats, candidates: list[int], rank: int
) -> list[float]:
    """Share of the sample whose bound is below the rank-th distance, per candidate."""
    queries = sample[:: max(1, len(sample) // PROBES)]
    near, far = queries @ axes, sample @ axes
    q2, x2 = _squares(queries), _squares(sample)
    true = q2[:, None] + x2 - 2.0 * (queries @ sample.T)
    # Position 0 is the query itself.
    worst = np.partition(true, min(rank, len(sample) - 1), axis=1)[
        :, min(rank, len(sample) - 1)
    ]
    left = []
    for m in candidates:
        a, b = near[:, :m], far[:, :m]
        a2, b2 = _squares(a), _squares(b)
        rest_q = np.sqrt(np.maximum(q2 - a2, 0.0))
        rest_x = np.sqrt(np.maximum(x2 - b2, 0.0))
        bound = a2[:, None] + b2 - 2.0 * (a @ b.T) + (rest_q[:, None] - rest_x) ** 2
        left.append(float((bound <= worst[:, None]).mean()))
    return left


def usual_radius(norms: Floats) -> float:
    """The longest row's length, or that of all but a few if those are far outside."""
    most = int(len(norms) * 0.9995)
    usual = float(np.partition(norms, most)[most]) if most < len(norms) else 0.0
    longest = float(norms.max())
    radius = usual if longest > 3.0 * usual > 0.0 else longest
    return radius if radius > 0.0 else 1.0


def _chunks(X: Array) -> list[Array]:
    return [X[i : i + CHUNK] for i in range(0, len(X), CHUNK)]


def _squares(X: Floats) -> Floats:
    total: Floats = np.einsum("ij,ij->i", X, X)
    return total


def _lengths(X: Floats) -> Floats:
    return np.sqrt(_squares(X))
