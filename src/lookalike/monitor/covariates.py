"""Has a feature moved: each by itself, and all of them corrected for being many.

A test of many rows finds the smallest change, so that a p value says whether there is
one, and an effect size how large it is. Numbers have the Kolmogorov-Smirnov test (and
one of how many are missing), categories the chi-squared one; both have these sizes:

psi : sum over bins of (q - p) ln(q / p), p of the reference and q of now. By custom
    below 0.1 nothing, above 0.25 much. Bins are tenths of the reference, or categories.
jensen_shannon : distance of the two binned distributions, from 0 to 1.
ks : the largest distance of the two distribution functions, from 0 to 1; numbers only.
wasserstein : mean distance by which values moved, in standard deviations of the
    reference; numbers only.

The p values of all features are corrected by Holm: the chance that any feature is said
to have moved when none has is at most the level.

References
----------
.. [1] Lin (1991). "Divergence measures based on the Shannon entropy". IEEE Transactions
   on Information Theory 37(1).
.. [2] Yurdakul and Naranjo (2020). "Statistical properties of the population stability
   index". Journal of Risk Model Validation 14(3).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import chi2_contingency, ks_2samp, wasserstein_distance

from lookalike._checks import check_whole
from lookalike._typing import Array, Floats
from lookalike.evaluate import holm

N_BINS = 10
LEVEL = 0.05
NONE = 0.5
"""Added to the count of each bin, so that an empty one has a logarithm."""
MISSING = "missing"


@dataclass(frozen=True)
class FeatureDrift:
    """How a feature moved.

    kind : "number" or "category"
    psi, jensen_shannon, ks, wasserstein : effect sizes; the last two nan of categories
    p_value : of the feature alone
    corrected : of it among all, at least ``p_value``; before correction the same
    missing : shares of missing cells in the reference and now
    """

    kind: str
    psi: float
    jensen_shannon: float
    ks: float
    wasserstein: float
    p_value: float
    corrected: float
    missing: tuple[float, float]

    def moved(self, level: float = LEVEL) -> bool:
        """Whether it moved by more than chance, at a corrected level."""
        return self.corrected < level


def covariate_drift(
    reference: Mapping[str, ArrayLike],
    current: Mapping[str, ArrayLike],
    n_bins: int = N_BINS,
) -> dict[str, FeatureDrift]:
    """Compare each feature now with a reference.

    Parameters
    ----------
    reference, current : mapping of array-like of shape (n_rows,)
        Columns by name, the same names in both. Columns of numbers are numbers, nan is
        missing; all others are categories, "" and None are missing.
    n_bins : int, default=10
        Of numbers, at least 2; bins with the same limits become one.

    Returns
    -------
    dict
        By name, the features that moved most certainly first.

    Raises
    ------
    ValueError
        If the names differ, or a column is empty or has no value in one of the two.

    Notes
    -----
    Rows must be independent: of users with many rows take one each. Cost:
    O(n_rows log n_rows) a feature.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> reference = {"age": rng.normal(40, 10, 1000), "job": ["a", "b"] * 500}
    >>> current = {"age": rng.normal(45, 10, 1000), "job": ["b", "a"] * 500}
    >>> for name, found in covariate_drift(reference, current).items():
    ...     print(name, found.moved(), f"{found.psi:.2f} {found.wasserstein:.2f}")
    age True 0.28 0.55
    job False 0.00 nan
    """
    check_whole("n_bins", n_bins, least=2)
    if set(reference) != set(current):
        odd = sorted(set(reference) ^ set(current))
        raise ValueError(
            f"Both tables must have the same columns; {odd[0]!r} is in one of them."
        )
    found = {
        name: _feature(name, reference[name], current[name], n_bins)
        for name in reference
    }
    corrected = holm([each.p_value for each in found.values()])
    found = {
        name: replace(each, corrected=float(p))
        for (name, each), p in zip(found.items(), corrected, strict=True)
    }
    return dict(
        sorted(found.items(), key=lambda each: (each[1].corrected, -each[1].psi))
    )


def population_stability(reference: ArrayLike, current: ArrayLike) -> float:
    """Return the population stability index of two counts of the same bins.

    reference, current : (n_bins,), counts of at least 0; half a row is added to each

    Examples
    --------
    >>> round(population_stability([500, 500], [800, 200]), 2)
    0.41
    """
    p, q = (_smoothed(counts) for counts in (reference, current))
    return float(np.sum((q - p) * np.log(q / p)))


def jensen_shannon(reference: ArrayLike, current: ArrayLike) -> float:
    """Return the Jensen-Shannon distance of two counts, in [0, 1].

    reference, current : (n_bins,), counts of at least 0, not all 0

    Examples
    --------
    >>> jensen_shannon([1, 0], [0, 3]), jensen_shannon([1, 1], [2, 2])
    (1.0, 0.0)
    """
    p, q = (np.asarray(c, np.float64) / np.sum(c) for c in (reference, current))
    middle = (p + q) / 2
    parts = [
        float(np.sum(each[each > 0] * np.log2(each[each > 0] / middle[each > 0])))
        for each in (p, q)
    ]
    return float(np.sqrt(max(0.0, sum(parts) / 2)))


# --- one feature -------------------------------------------------------------------


def _feature(
    name: str, reference: ArrayLike, current: ArrayLike, n_bins: int
) -> FeatureDrift:
    before, now = np.asarray(reference), np.asarray(current)
    is_number = before.dtype.kind in "biuf" and now.dtype.kind in "biuf"
    columns, missing = [], []
    for column, which in ((before, "the reference"), (now, "the current rows")):
        if column.ndim != 1:
            raise ValueError(f"{name} must be one column, got shape {column.shape}.")
        here = _here(column, is_number)
        if not here.any():
            raise ValueError(f"{name} has no value in {which}.")
        columns.append(column[here].astype(np.float64) if is_number else column)
        missing.append(1 - float(here.mean()))
    kept = missing[0], missing[1]
    if is_number:
        return _number(columns[0], columns[1], n_bins, (before, now))
    return _category(_names(columns[0]), _names(columns[1]), kept)


def _here(column: Array, is_number: bool) -> Array:
    if is_number:
        return np.isfinite(column.astype(np.float64))
    return np.array([cell is not None and cell != "" for cell in column.tolist()])


def _names(column: Array) -> Array:
    cells = (MISSING if c is None or c == "" else str(c) for c in column.tolist())
    return np.array(list(cells))


def _number(
    before: Floats, now: Floats, n_bins: int, whole: tuple[Array, Array]
) -> FeatureDrift:
    inner = np.unique(np.quantile(before, np.arange(1, n_bins) / n_bins))
    counts = [
        np.bincount(np.searchsorted(inner, each, side="left"), minlength=len(inner) + 1)
        for each in (before, now)
    ]
    gone = [
        len(all_) - len(here) for all_, here in zip(whole, (before, now), strict=True)
    ]
    missing = gone[0] / len(whole[0]), gone[1] / len(whole[1])
    counts = [np.append(each, n) for each, n in zip(counts, gone, strict=True)]
    test = ks_2samp(before, now, method="asymp")
    spread = float(before.std()) or float(now.std()) or 1.0
    p = float(test.pvalue)
    if any(gone):  # two ways to move, so that the surer one counts twice
        table = [[len(before), gone[0]], [len(now), gone[1]]]
        p = min(1.0, 2 * min(p, float(chi2_contingency(table).pvalue)))
    return FeatureDrift(
        "number",
        population_stability(*counts),
        jensen_shannon(*counts),
        float(test.statistic),
        float(wasserstein_distance(before, now)) / spread,
        p,
        p,
        missing,
    )


def _category(before: Array, now: Array, missing: tuple[float, float]) -> FeatureDrift:
    names, kind = np.unique(np.concatenate([before, now]), return_inverse=True)
    counts = [
        np.bincount(each, minlength=len(names))
        for each in (kind[: len(before)], kind[len(before) :])
    ]
    p = 1.0
    if len(names) > 1:
        p = float(chi2_contingency(_pooled(np.array(counts)), correction=False).pvalue)
    return FeatureDrift(
        "category",
        population_stability(*counts),
        jensen_shannon(*counts),
        np.nan,
        np.nan,
        p,
        p,
        missing,
    )


def _pooled(counts: Array) -> Array:
    """Add the rare categories up: expected counts below 5 are not chi-squared."""
    expected = counts.sum(axis=0) * counts.sum(axis=1).min() / counts.sum()
    rare = expected < 5
    if rare.sum() < 2 or rare.all():
        return counts
    return np.column_stack([counts[:, ~rare], counts[:, rare].sum(axis=1)])


def _smoothed(counts: ArrayLike) -> Floats:
    found = np.asarray(counts, np.float64) + NONE
    return np.asarray(found / found.sum(), np.float64)
