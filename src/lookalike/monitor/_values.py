"""Values that detectors take: finite numbers."""

from math import inf


def is_off(value: object, low: float = -inf, high: float = inf) -> bool:
    """Whether this is no finite number from low to high.

    Examples
    --------
    >>> [is_off(each, 0, 1) for each in (0.5, 2, float("nan"), "0.5", True)]
    [False, True, True, True, False]
    """
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return True
    return isinstance(value, str) or not low <= number <= high or abs(number) == inf


def checked_number(value: object, low: float = -inf, high: float = inf) -> float:
    """Return a finite number from low to high, and refuse anything else.

    Examples
    --------
    >>> checked_number(2, 0, 1)
    Traceback (most recent call last):
    ...
    ValueError: A value must be a number from 0 to 1, got 2.
    """
    if is_off(value, low, high):
        among = (
            "a finite number" if low == -inf else f"a number from {low:g} to {high:g}"
        )
        raise ValueError(f"A value must be {among}, got {value!r}.")
    return float(value)  # type: ignore[arg-type]
