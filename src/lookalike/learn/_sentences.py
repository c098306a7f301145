"""Tagged sentences: one tag for each word."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from lookalike._typing import Array


def tags_of(X: Sequence[Sequence[Any]], y: Sequence[Sequence[Any]]) -> Array:
    """Tags of all words end to end, after a check that there is one for each."""
    if len(X) != len(y):
        raise ValueError(f"X has {len(X)} sentences, y has {len(y)}.")
    for number, (sentence, tags) in enumerate(zip(X, y, strict=True)):
        if len(sentence) != len(tags):
            raise ValueError(
                f"sentence {number} has {len(sentence)} words and {len(tags)} tags."
            )
    if not any(len(sentence) for sentence in X):
        raise ValueError("X must hold at least one word.")
    return np.array([tag for tags in y for tag in tags])
