"""What the races of ``lookalike bench algorithms`` share."""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

from lookalike_bench.arrays import Array
from lookalike_bench.runner import OURS, PLAIN, Contestant, Job

SCIKIT, INTEL = "scikit-learn", "intel extension"
Answer = Callable[[Any], dict[str, Any]]
Timed = tuple[Callable[[], Any], Answer]
"""What is timed, and what its answer shows."""


def compare(
    name: str,
    factory: Callable[..., Any],
    methods: Iterable[str],
    rounds: int,
    settings: Sequence[dict[str, str]] = PLAIN,
    **arguments: Any,
) -> Job:
    """Race some methods, which one factory knows by their name."""
    place = f"{factory.__module__}:{factory.__name__}"
    contestants = [
        Contestant(method, place, {"method": method, **arguments}, settings)
        for method in methods
    ]
    return Job(name, contestants, rounds)


def ours(method: str) -> bool:
    """Whether a method is ours."""
    return method.split()[0] == OURS


def kind_of(method: str, module: str, name: str) -> Any:
    """Class of a library: ``module`` is scikit-learn's, ours are all in ``learn``."""
    if ours(method):
        return getattr(import_module("lookalike.learn"), name)
    root = "sklearnex" if method.startswith(INTEL) else "sklearn"
    return getattr(import_module(f"{root}.{module}"), name)


@cache
def digits() -> tuple[Array, Array, Array, Array]:
    """MNIST as rows of bytes, and labels: training, then test images."""
    from lookalike.datasets import load_mnist

    images = load_mnist()
    X, Q = (x.reshape(len(x), -1) for x in (images.x_train, images.x_test))
    return X, images.y_train, Q, images.y_test


@cache
def shades() -> tuple[Array, Array, Array, Array]:
    """MNIST as rows of float32 in [0, 1], and labels."""
    X, y, Q, truth = digits()
    X, Q = (np.ascontiguousarray(x, np.float32) / 255 for x in (X, Q))
    return X, y, Q, truth
