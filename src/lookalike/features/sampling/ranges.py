"""Random integers in one range from random integers in another, without bias."""

from collections.abc import Callable


def random_below(n: int, source: Callable[[], int], m: int) -> int:
    r"""Draw a uniform integer from ``range(n)`` with a source for ``range(m)``.

    Keep a number ``value`` that is uniform in ``range(span)``. A call of the source
    widens it: ``value * m + source()`` is uniform in ``range(span * m)``. Once the span
    is n or more, it is cut at the largest multiple of n that fits: below the cut,
    ``value % n`` is the answer; above it, the remainder is uniform too, and is widened
    further instead of being rejected. ``source() * n // m`` or a sum of calls modulo n
    would be biased.

    Parameters
    ----------
    n : int
        Size of the requested range, at least 1.
    source : callable
        Returns an integer, uniform in ``range(m)``, new at each call.
    m : int
        Size of the range of the source, at least 2.

    Notes
    -----
    From 7 to 10 a draw takes 2.19 calls on average; with rejection it takes 2.45, and
    the entropy bound is 1.18.

    References
    ----------
    .. [1] von Neumann (1951). "Various techniques used in connection with random
       digits". National Bureau of Standards, Applied Mathematics Series 12.

    Examples
    --------
    >>> from lookalike.features.sampling import random_below
    >>> throws = iter([6, 6, 0, 3])  # 48 is cut off, 8 is left of 9; 8 * 7 + 0 is 56
    >>> random_below(10, lambda: next(throws), 7)
    6
    """
    if n < 1 or m < 2:
        raise ValueError(f"Ranges need n >= 1 and m >= 2, got n={n} and m={m}.")
    value, span = 0, 1
    while True:
        while span < n:
            value, span = value * m + _checked(source(), m), span * m
        cut = span - span % n
        if value < cut:
            return value % n
        value, span = value - cut, span - cut


def rand10(rand7: Callable[[], int]) -> int:
    """Draw 1 to 10 uniformly, given a function that draws 1 to 7 uniformly.

    Examples
    --------
    >>> from lookalike.features.sampling import rand10
    >>> rand10(iter([3, 5]).__next__)  # (3 - 1) * 7 + (5 - 1) is 18
    9
    """
    return 1 + random_below(10, lambda: rand7() - 1, 7)


def _checked(drawn: int, m: int) -> int:
    if not 0 <= drawn < m:
        raise ValueError(f"The source must give 0 to {m - 1}, got {drawn}.")
    return drawn
