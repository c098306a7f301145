"""What the metrics and their intervals share: ratios, blocks, percentile intervals."""

from collections.abc import Iterator

import numpy as np

from lookalike._checks import check_whole
from lookalike._typing import Array, Floats


def ratio(part: Array, whole: Array) -> Floats:
    """Part over whole, 0 where the whole is 0.

    Examples
    --------
    >>> ratio(np.array([1, 0]), np.array([4, 0]))
    array([0.25, 0.  ])
    """
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1), 0.0)


def blocks(n: int, width: int) -> Iterator[int]:
    """Split n rows of this width into blocks of about a million entries.

    Examples
    --------
    >>> list(blocks(5, 2**19))
    [2, 2, 1]
    """
    size = max(1, 2**20 // width)
    yield from [size] * (n // size)
    if n % size:
        yield n % size


def percentile_interval(values: Array, confidence: float) -> tuple[float, float]:
    """Return the quantiles between which this share of the values lies.

    Examples
    --------
    >>> percentile_interval(np.arange(101), confidence=0.9)
    (5.0, 95.0)
    """
    tail = (1 - confidence) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)


def check_resampling(n_resamples: int, confidence: float) -> None:
    """Refuse options of a bootstrap or a test that give no interval."""
    check_whole("n_resamples", n_resamples)
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, got {confidence!r}.")
