"""Stratified sampling: a fixed number of rows from each group."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import column_or_1d

from lookalike._typing import Floats, Ints
from lookalike.features._random import as_generator


@dataclass(frozen=True)
class WeightedRows:
    """Chosen rows, and how many rows of the population each of them stands for."""

    rows: Ints  # (n_samples,)
    weights: Floats  # (n_samples,)


def stratified_sample(
    strata: ArrayLike,
    n_samples: int | Mapping[Any, int],
    allocation: str = "proportional",
    random_state: Any = None,
) -> WeightedRows:
    r"""Choose rows without replacement so that each stratum gets its number.

    With :math:`n_h` rows from the :math:`N_h` of stratum h, a row stands for
    :math:`N_h / n_h` rows, so the weighted mean of any quantity estimates its mean
    over all rows without bias, provided that no stratum is left out.

    Parameters
    ----------
    strata : array-like of shape (n_rows,)
        Stratum of each row.
    n_samples : int or mapping from stratum to int
        Rows in all, or rows from each stratum (others give none).
    allocation : {"proportional", "equal"}, default="proportional"
        How rows in all are shared out: by size of the stratum, with the largest
        remainders rounded up (ties to the first stratum in sorted order), or as
        equally as the sizes allow.
    random_state : int, Generator, RandomState or None, default=None
        Source of chance.

    Returns
    -------
    WeightedRows
        ``rows`` in ascending order and their ``weights``.

    Notes
    -----
    Cost: O(n_rows log n_rows), the sort that finds the strata.

    References
    ----------
    .. [1] Cochran (1977). "Sampling techniques". Wiley, chapter 5.

    Examples
    --------
    >>> from lookalike.features.sampling import stratified_sample
    >>> sample = stratified_sample(["a"] * 90 + ["b"] * 10, 10, random_state=0)
    >>> int((sample.rows < 90).sum()), float(sample.weights.sum())
    (9, 100.0)
    >>> even = stratified_sample(["a"] * 90 + ["b"] * 10, 10, "equal", random_state=0)
    >>> int((even.rows < 90).sum()), sorted(set(even.weights.tolist()))
    (5, [2.0, 18.0])
    """
    labels = column_or_1d(strata)
    names, members, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    if len(names) < 2**16:
        members = members.astype(np.uint16)  # NumPy sorts these by counting
    if isinstance(n_samples, Mapping):
        taken = _by_name(names, sizes, n_samples)
    else:
        taken = _share_out(sizes, n_samples, allocation)
    order = as_generator(random_state).permutation(len(labels))
    shuffled = order[np.argsort(members[order], kind="stable")]  # by stratum
    rank = np.arange(len(labels)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    rows = np.sort(shuffled[rank < taken[members[shuffled]]])
    return WeightedRows(rows, sizes[members[rows]] / taken[members[rows]])


def _by_name(names: Any, sizes: Ints, requested: Mapping[Any, int]) -> Ints:
    missing = sorted(set(requested) - set(names.tolist()))
    if missing:
        raise ValueError(f"n_samples asks for strata that do not occur: {missing}.")
    taken = np.array(
        [requested.get(name, 0) for name in names.tolist()], dtype=np.int64
    )
    for name, n, size in zip(names, taken, sizes, strict=True):
        if not 0 <= n <= size:
            raise ValueError(f"Stratum {name} has {size} rows, got n_samples={n}.")
    return taken


def _share_out(sizes: Ints, n_samples: int, allocation: str) -> Ints:
    if not 0 <= n_samples <= sizes.sum():
        raise ValueError(f"n_samples must be in [0, {sizes.sum()}], got {n_samples!r}.")
    if allocation == "proportional":
        exact = n_samples * sizes  # in units of 1 / n_rows: no rounding
        taken, remainders = exact // sizes.sum(), exact % sizes.sum()
        largest = np.argsort(-remainders, kind="stable")
        taken[largest[: n_samples - taken.sum()]] += 1
        return taken
    if allocation == "equal":
        taken = np.zeros(len(sizes), dtype=np.int64)
        while n_samples > taken.sum():
            roomy = np.flatnonzero(taken < sizes)
            each = max(1, (n_samples - taken.sum()) // len(roomy))
            roomy = roomy[: n_samples - taken.sum()]
            taken[roomy] = np.minimum(sizes[roomy], taken[roomy] + each)
        return taken
    raise ValueError(
        f"allocation must be 'proportional' or 'equal', got {allocation!r}."
    )
