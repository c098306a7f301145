"""What each action is worth: a small file that an operator changes without training.

[weights]
like = 1.0
share = 5.0
hide = -10.0
"""

import math
import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lookalike._typing import Floats

USUAL = {
    "click": 0.2,
    "like": 1.0,
    "comment": 3.0,
    "share": 5.0,
    "forward": 5.0,
    "follow": 8.0,
    "profile": 1.0,
    "long_view": 0.5,
    "hide": -10.0,
    "report": -50.0,
    "dwell": 0.1,
}
"""What an action is worth where no file says; of the time, one more of ln(1 + s)."""
OTHER = 1.0


def usual_weights(heads: Sequence[str]) -> dict[str, float]:
    """Return the weights of heads where no file says.

    Examples
    --------
    >>> usual_weights(["like", "hide", "dance"])
    {'like': 1.0, 'hide': -10.0, 'dance': 1.0}
    """
    return {head: USUAL.get(head, OTHER) for head in heads}


def read_weights(
    path: str | os.PathLike[str], heads: Sequence[str]
) -> dict[str, float]:
    """Read a file of weights; a head that it does not name counts nothing.

    Raises
    ------
    ValueError
        If it is no such file, or names what is no head.
    """
    file = Path(path)
    try:
        form = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(f"There is no file of weights {file}.") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"{file} is no TOML file of weights: {error}.") from None
    if set(form) != {"weights"} or not isinstance(form["weights"], dict):
        found = ", ".join(form) or "nothing"
        raise ValueError(f"{file} must hold one table, [weights]; got {found}.")
    return checked_weights(form["weights"], heads)


def checked_weights(given: Mapping[str, Any], heads: Sequence[str]) -> dict[str, float]:
    """Return weights of all heads, 0 of those that are not given.

    Raises
    ------
    ValueError
        If one is no finite number, names no head, or all are 0.

    Examples
    --------
    >>> checked_weights({"like": 2}, ["like", "hide"])
    {'like': 2.0, 'hide': 0.0}
    >>> checked_weights({"love": 2}, ["like", "hide"])
    Traceback (most recent call last):
    ValueError: There is no head love; the heads are like, hide.
    """
    for name, value in given.items():
        if name not in heads:
            raise ValueError(
                f"There is no head {name}; the heads are {', '.join(heads)}."
            )
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not math.isfinite(value) or abs(value) > 1e6:
            raise ValueError(
                f"The weight of {name} must be a number from -1e6 to 1e6, got "
                f"{value!r}."
            )
    found = {head: float(given.get(head, 0.0)) for head in heads}
    if not any(found.values()):
        raise ValueError("At least one weight must not be 0.")
    return found


def value_of(expected: Floats, weights: Mapping[str, float]) -> Floats:
    """Return the value of each row of expectations, (n,), the heads in their order."""
    line = np.array(list(weights.values()))
    # Column by column, so that a row's value does not depend on the batch.
    found: Floats = sum(
        (w * expected[..., at] for at, w in enumerate(line)), np.zeros(1)
    )
    return found
