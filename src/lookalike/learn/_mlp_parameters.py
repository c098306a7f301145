"""The parameters of a multi-layer network, checked."""

from numbers import Integral, Real
from typing import Any

import numpy as np

from lookalike.learn.layers.activations import ACTIVATIONS
from lookalike.learn.layers.initializers import INITIALIZERS

SOLVERS = ("lbfgs", "sgd", "adagrad", "rmsprop", "adam")
SCHEDULES = ("constant", "invscaling", "adaptive")


def check_parameters(model: Any) -> list[int]:
    """Refuse what cannot be; return the sizes of the hidden layers as a list."""
    _check_choice(model, "activation", tuple(ACTIVATIONS))
    _check_choice(model, "solver", SOLVERS)
    _check_choice(model, "learning_rate", SCHEDULES)
    _check_choice(model, "weight_init", ("auto", *INITIALIZERS))
    if model.batch_size != "auto":
        _check_whole(model, "batch_size")
    _check_whole(model, "max_iter")
    _check_whole(model, "max_fun")
    if model.n_iter_no_change != np.inf:
        _check_whole(model, "n_iter_no_change")
    for name in ("learning_rate_init", "epsilon"):
        _check_number(model, name, "above 0", lambda value: value > 0)
    for name in ("alpha", "power_t", "tol"):
        _check_number(model, name, "of at least 0", lambda value: value >= 0)
    for name in ("momentum", "l1_ratio"):
        _check_number(model, name, "in [0, 1]", lambda value: 0 <= value <= 1)
    for name in ("beta_1", "beta_2", "rho", "dropout"):
        _check_number(model, name, "in [0, 1)", lambda value: 0 <= value < 1)
    for name in ("validation_fraction",):
        _check_number(model, name, "in (0, 1)", lambda value: 0 < value < 1)
    return _hidden_sizes(model.hidden_layer_sizes)


def learns_by_batches(model: Any) -> bool:
    """Say that there is a ``partial_fit``, or why there is none."""
    if model.solver == "lbfgs":
        raise AttributeError("partial_fit needs a solver that learns by batches.")
    return True


def _hidden_sizes(sizes: Any) -> list[int]:
    listed = list(sizes) if np.iterable(sizes) else [sizes]
    if not all(isinstance(size, Integral) and int(size) > 0 for size in listed):
        raise ValueError(
            f"hidden_layer_sizes must be whole numbers above 0, got {sizes!r}."
        )
    return [int(size) for size in listed]


def _check_choice(model: Any, name: str, choices: tuple[str, ...]) -> None:
    value = getattr(model, name)
    if value not in choices:
        raise ValueError(f"{name} must be one of {choices}, got {value!r}.")


def _check_whole(model: Any, name: str) -> None:
    value = getattr(model, name)
    if not isinstance(value, Integral) or value < 1:
        raise ValueError(f"{name} must be a whole number above 0, got {value!r}.")


def _check_number(model: Any, name: str, expected: str, is_right: Any) -> None:
    value = getattr(model, name)
    if not isinstance(value, Real) or not is_right(value):
        raise ValueError(f"{name} must be a number {expected}, got {value!r}.")
