"""The random generator of a ``random_state``."""

from typing import Any

import numpy as np


def as_generator(random_state: Any) -> np.random.Generator:
    """Turn None, an integer, a RandomState or a Generator into a Generator."""
    if isinstance(random_state, np.random.RandomState):
        return np.random.default_rng(random_state.randint(2**31 - 1))
    return np.random.default_rng(random_state)
