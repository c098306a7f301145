"""The parameters of a multi-layer network, checked."""

from numbers import Integral, Real
from typing import Any

import numpy as np

from lookalike._checks import check_choice, check_whole
from lookalike.learn.layers.activations import ACTIVATIONS
from lookalike.learn.layers.initializers import INITIALIZERS

SOLVERS = ("lbfgs", "sgd", "adagrad", "rmsprop", "adam")
SCHEDULES = ("constant", "invscaling", "adaptive")


def check_parameters(model: Any) -> list[int]:
    """Refuse invalid parameters; return the sizes of the hidden layers as a list."""
    check_choice("activation", model.activation, tuple(ACTIVATIONS))
    check_choice("solver", model.solver, SOLVERS)
    check_choice("learning_rate", model.learning_rate, SCHEDULES)
    check_choice("weight_init", model.weight_init, ("auto", *INITIALIZERS))
    if model.batch_size != "auto":
        check_whole("batch_size", model.batch_size)
    check_whole("max_iter", model.max_iter)
    check_whole("max_fun", model.max_fun)
    if model.n_iter_no_change != np.inf:
        check_whole("n_iter_no_change", model.n_iter_no_change)
    for name in ("learning_rate_init", "epsilon"):
        _check_number(model, name, "above 0", lambda value: value > 0)
    for name in ("alpha", "power_t", "tol"):
        _check_number(model, name, "of at least 0", lambda value: value >= 0)
    for name in ("momentum", "l1_ratio"):
        _check_number(model, name, "in [0, 1]", lambda value: 0 <= value <= 1)
    for name in ("beta_1", "beta_2", "rho", "dropout"):
        _check_number(model, name, "in [0, 1)", lambda value: 0 <= value < 1)
    _check_number(model, "validation_fraction", "in (0, 1)", lambda v: 0 < v < 1)
    return _hidden_sizes(model.hidden_layer_sizes)


def learns_by_batches(model: Any) -> bool:
    """Whether there is a ``partial_fit``; an AttributeError says why there is none."""
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


def _check_number(model: Any, name: str, expected: str, is_valid: Any) -> None:
    value = getattr(model, name)
    if not isinstance(value, Real) or not is_valid(value):
        raise ValueError(f"{name} must be a number {expected}, got {value!r}.")
