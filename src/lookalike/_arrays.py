"""Arrays that several parts of a saved model share one dictionary for."""

from collections.abc import Mapping

from lookalike._typing import Array


def named(prefix: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Arrays whose name begins with this, by the rest of it.

    Examples
    --------
    >>> named("plain_", {"plain_mean": [0.5], "matrix": [[1.0]]})
    {'mean': [0.5]}
    """
    return {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }
