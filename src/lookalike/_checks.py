"""Checks of what users pass to ``fit``: parameters and the weights of samples."""

from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lookalike._typing import Array


def check_positive(name: str, value: Any, zero: bool = False) -> None:
    """Refuse anything but a real number above zero (or zero, where ``zero``)."""
    real = isinstance(value, Real) and not isinstance(value, bool)
    if not real or not (value > 0 or (zero and value == 0)):
        expected = "a number of at least 0" if zero else "a number above 0"
        raise ValueError(f"{name} must be {expected}, got {value!r}.")


def check_number(name: str, value: Any) -> None:
    """Refuse anything but a finite real number."""
    real = isinstance(value, Real) and not isinstance(value, bool)
    if not real or not np.isfinite(float(value)):
        raise ValueError(f"{name} must be a finite number, got {value!r}.")


def check_whole(name: str, value: Any, least: int = 1) -> None:
    """Refuse anything but a whole number of at least ``least``."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise ValueError(
            f"{name} must be a whole number of at least {least}, got {value!r}."
        )


def check_pair(name: str, value: Any) -> None:
    """Refuse anything but two whole numbers of at least 1."""
    pair = tuple(value) if isinstance(value, tuple | list | np.ndarray) else ()
    whole = all(isinstance(n, Integral) and not isinstance(n, bool) for n in pair)
    if len(pair) != 2 or not whole or min(pair) < 1:
        raise ValueError(
            f"{name} must be two whole numbers of at least 1, got {value!r}."
        )


def check_choice(
    name: str,
    value: object,
    choices: tuple[object, ...],
    instead: Mapping[str, str] | None = None,
) -> None:
    """Refuse a value that is not one of ``choices``.

    ``instead`` says what to use for values that scikit-learn has and we have not.
    """
    if value not in choices:
        listed = ", ".join(map(repr, choices))
        reason = (instead or {}).get(value) if isinstance(value, str) else None
        hint = f": use {reason} instead" if reason else ""
        raise ValueError(f"{name} must be one of {listed}, got {value!r}{hint}.")


def check_learned(*found: Any) -> None:
    """Refuse losses or weights that are not finite numbers."""
    if not all(np.isfinite(each).all() for each in found):
        raise ValueError(
            "Training left the finite numbers: scale the features, penalise large "
            "weights more, or take smaller steps."
        )


def is_balanced(class_weight: object) -> bool:
    """Whether classes are to be weighed by their rarity."""
    return isinstance(class_weight, str) and class_weight == "balanced"


def check_class_weight(class_weight: Any) -> None:
    """Refuse anything but None, "balanced" or weights from 0 up, by class."""
    if class_weight is None or is_balanced(class_weight):
        return
    if not isinstance(class_weight, Mapping):
        raise ValueError(
            "class_weight must be a dict of weights by class, 'balanced' or None, got "
            f"{class_weight!r}."
        )
    for label, weight in class_weight.items():
        real = isinstance(weight, Real) and not isinstance(weight, bool)
        if not real or not 0 <= float(weight) < np.inf:
            raise ValueError(
                "class_weight must be a finite number of at least 0 for each class, "
                f"got {weight!r} for {label!r}."
            )


def check_sample_weight(sample_weight: ArrayLike | None, X: Any) -> Array:
    """Weights as an array of X's precision, ones where there are none."""
    from sklearn.utils.validation import check_array  # slow to import, rarely needed

    from lookalike._validation import check_range

    n_samples = X.shape[0]
    if sample_weight is None:
        return np.ones(n_samples, X.dtype)
    weights = np.asarray(sample_weight)
    if weights.ndim == 0:
        weights = np.full(n_samples, weights)
    weights = check_array(
        weights, ensure_2d=False, dtype=X.dtype, input_name="sample_weight"
    )
    if weights.shape != (n_samples,):
        raise ValueError(
            f"sample_weight must have shape ({n_samples},), got {weights.shape}."
        )
    check_range(weights, "sample_weight", power=1)
    if weights.min() < 0:
        raise ValueError(f"sample_weight must not be negative, got {weights.min()}.")
    if not weights.any():
        raise ValueError("sample_weight must have a weight that is not zero.")
    return weights
