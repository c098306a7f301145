"""Numba's decorator, typed: what it compiles is called like a function.

Parameters and results of kernels are described in their docstrings.
"""

from collections.abc import Callable
from typing import Any

import numba

Function = Callable[..., Any]


def njit(**options: Any) -> Callable[[Function], Function]:
    """Return ``numba.njit`` with these options."""
    return numba.njit(**options)
