"""Sample-ratio check: whether variants got the shares they were meant to have.

Where they did not, units were lost or drawn wrongly in one of them, and no comparison
is to be trusted, however the result looks [1]_.

References
----------
.. [1] Fabijan, Gupchup, Gupta, Omhover, Qin, Vermeer and Dmitriev (2019). "Diagnosing
   sample ratio mismatch in online controlled experiments". KDD.
.. [2] Lindon and Malek (2022). "Anytime-valid inference for multinomial count data".
   NeurIPS. (the Dirichlet-multinomial mixture, equation 5)
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from lookalike._typing import Floats

ALARM = 0.001
"""p-value below which a ratio is wrong: one healthy experiment in a thousand."""
PLATFORM_ALARM = 1e-6
"""p-value of ``platform_check`` below which the platform is at fault. Chosen on weeks
of Upworthy's archive: all between 2e-10 and 1e-4 tell the same ones apart."""
CONCENTRATION = 100.0
"""Of the mixture over wrong shares. Halves vary around the right share with a standard
deviation of 0.05: faults of some percent are met early, and larger ones too."""


def ratio_check(counts: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Return the p-value of the counts of units, by Pearson's chi-squared test.

    For one look, as after the end.

    Parameters
    ----------
    counts : array-like (n_variants,)
        Units of each variant.
    weights : array-like (n_variants,), optional
        The shares they were meant to have; None is equal ones.

    Raises
    ------
    ValueError
        If there are fewer than two variants, no units, or a weight that is not above 0.

    Examples
    --------
    >>> ratio_check([5000, 5100]), ratio_check([50_000, 51_000])
    (0.32, 0.0017)
    """
    found, shares = _checked(counts, weights)
    expected = found.sum() * shares
    statistic = float(((found - expected) ** 2 / expected).sum())
    return float(special.chdtrc(len(found) - 1, statistic))


def ratio_p_value(
    counts: ArrayLike,
    weights: ArrayLike | None = None,
    concentration: float = CONCENTRATION,
) -> Floats:
    """Return always-valid p-values of the counts, (...) for counts (..., n_variants).

    For any number of looks: the least p-value of all looks so far falls below alpha
    with probability at most alpha in an experiment without fault [2]_.

    Examples
    --------
    >>> ratio_p_value([[500, 510], [5000, 5100], [50_000, 51_800]]).round(4).tolist()
    [1.0, 1.0, 0.0]
    """
    found, shares = _checked(counts, weights)
    prior = concentration * shares
    n = found.sum(axis=-1)
    log = special.gammaln(concentration) - special.gammaln(concentration + n)
    log = log + (special.gammaln(prior + found) - special.gammaln(prior)).sum(axis=-1)
    log = log - special.xlogy(found, shares).sum(axis=-1)
    p: Floats = np.minimum(1.0, np.exp(-np.maximum(log, 0.0)))
    return p


def platform_check(
    experiments: Sequence[ArrayLike], weights: Sequence[ArrayLike] | None = None
) -> float:
    """Return one p-value for the counts of many experiments, as those of a week.

    It is the probability that so many of them fail ``ratio_check`` at ``ALARM`` by
    chance: a fault of what assigns units makes many fail, and one broken experiment is
    not taken for it. Below ``PLATFORM_ALARM`` the platform is at fault.

    Raises
    ------
    ValueError
        If there is no experiment, or the counts of one are bad.

    Examples
    --------
    >>> healthy, broken = [5000, 5050], [5000, 5600]
    >>> one = platform_check([healthy] * 19 + [broken])
    >>> four = platform_check([healthy] * 16 + [broken] * 4)
    >>> one < PLATFORM_ALARM, four < PLATFORM_ALARM
    (False, True)
    """
    if not experiments:
        raise ValueError("expected the counts of at least one experiment, got none.")
    meant = [None] * len(experiments) if weights is None else list(weights)
    failed = sum(
        ratio_check(counts, shares) < ALARM
        for counts, shares in zip(experiments, meant, strict=True)
    )
    if not failed:
        return 1.0
    return float(special.bdtrc(failed - 1, len(experiments), ALARM))


def _checked(counts: ArrayLike, weights: ArrayLike | None) -> tuple[Floats, Floats]:
    found = np.asarray(counts, np.float64)
    n = found.shape[-1] if found.ndim else 0
    if n < 2 or not np.isfinite(found).all() or (found < 0).any():
        raise ValueError(
            f"expected units of at least two variants, none below 0, got {counts!r}."
        )
    if (found.sum(axis=-1) == 0).any():
        raise ValueError("no variant has any unit: there is no ratio to check.")
    shares = np.full(n, 1 / n) if weights is None else np.asarray(weights, np.float64)
    if shares.shape != (n,) or not (shares > 0).all():
        raise ValueError(f"weights must be {n} numbers above 0, got {weights!r}.")
    return found, shares / shares.sum()
