r"""Random initial weights that keep the variance of signals from layer to layer.

A sum of :math:`n` products of unit variance has variance :math:`n`: without a scale
that depends on the fan-in, outputs and gradients of a deep network vanish or explode.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import DTypeLike

from lookalike._typing import Array


def he(
    rng: np.random.RandomState, shape: tuple[int, ...], fan_in: int, fan_out: int
) -> Array:
    r"""Draw normal numbers of variance :math:`2 / n_{in}`, for layers before a ReLU.

    A ReLU halves the variance, hence the 2.

    References
    ----------
    .. [1] He, Zhang, Ren and Sun (2015). "Delving deep into rectifiers". ICCV. (10)

    Examples
    --------
    >>> rng = np.random.RandomState(0)
    >>> print(he(rng, (400, 1000), fan_in=400, fan_out=1000).var() * 400)
    2.0
    """
    return rng.normal(0.0, math.sqrt(2.0 / fan_in), shape)


def xavier(
    rng: np.random.RandomState, shape: tuple[int, ...], fan_in: int, fan_out: int
) -> Array:
    r"""Draw uniform numbers of variance :math:`2 / (n_{in} + n_{out})`, before a tanh.

    A compromise between keeping the variance of the signals (:math:`1 / n_{in}`) and
    that of the gradients (:math:`1 / n_{out}`).

    References
    ----------
    .. [1] Glorot and Bengio (2010). "Understanding the difficulty of training deep
       feedforward neural networks". AISTATS. (16)

    Examples
    --------
    >>> rng = np.random.RandomState(0)
    >>> print(xavier(rng, (400, 1000), fan_in=400, fan_out=1000).var() * 1400)
    2.0
    """
    bound = math.sqrt(6.0 / (fan_in + fan_out))
    return rng.uniform(-bound, bound, shape)


INITIALIZERS: dict[str, Callable[..., Array]] = {"he": he, "xavier": xavier}


def draw(
    initializer: str,
    rng: np.random.RandomState,
    shape: tuple[int, ...],
    fan_in: int,
    fan_out: int,
    dtype: DTypeLike,
) -> Array:
    """Draw weights by the initializer of this name, ``"he"`` or ``"xavier"``."""
    if initializer not in INITIALIZERS:
        raise ValueError(
            f"initializer must be one of {sorted(INITIALIZERS)}, got {initializer!r}."
        )
    return INITIALIZERS[initializer](rng, shape, fan_in, fan_out).astype(dtype)
