"""Which classifier is taken, and how its scores become probabilities that come true.

Each candidate answers every training photograph once without having learned from it or
from a near copy of it. The one with the least mean logarithmic loss is taken; its
temperature, the factor that makes its probabilities come true, is fitted on the same
answers (Guo, Pleiss, Sun and Weinberger, 2017: "On calibration of modern neural
networks").
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from lookalike._typing import Floats, Ints
from lookalike.core.progress import ShareCallback
from lookalike.datasets.splits import folds_of
from lookalike.systems.photos.classifiers import CANDIDATES

N_FOLDS = 5
TEMPERATURES = (0.01, 100.0)
"""Least and most."""


@dataclass(frozen=True)
class Choice:
    """A candidate, and what cross-validation has shown of it."""

    name: str
    temperature: float
    """Scores are divided by it before the softmax."""
    loss: float
    """Mean logarithmic loss of answers that were not learned from."""
    accuracy: float
    """Of the same answers."""


def choose(
    X: Floats,
    y: Ints,
    groups: Ints,
    n_classes: int,
    only: str | None,
    random_state: int,
    on_progress: ShareCallback,
) -> tuple[Choice, list[Choice]]:
    """Return the best candidate by cross-validation, and what each has shown.

    groups : (n,), rows of one number stay in one fold
    only : the kind of candidates that is tried; None is all
    """
    folds = folds_of(y, groups, N_FOLDS, random_state)
    tried = [name for name, (kind, _) in CANDIDATES.items() if only in (None, kind)]
    found = []
    for done, name in enumerate(tried, start=1):
        found.append(_choice(name, X, y, folds, n_classes))
        on_progress(done / len(tried))
    return min(found, key=lambda choice: choice.loss), found


def _choice(name: str, X: Floats, y: Ints, folds: Ints, n_classes: int) -> Choice:
    scores = np.full((len(y), n_classes), np.nan)
    for fold in range(N_FOLDS):
        out = folds == fold
        if out.any() and len(np.unique(y[~out])) > 1:
            model = CANDIDATES[name][1]().fit(X[~out], y[~out], n_classes)
            scores[out] = model.scores(X[out])
    answered = ~np.isnan(scores[:, 0])
    scores, truth = scores[answered], y[answered]
    temperature = fitted_temperature(scores, truth)
    correct = float((scores.argmax(axis=1) == truth).mean())
    return Choice(name, temperature, loss_of(scores, truth, temperature), correct)


def fitted_temperature(scores: Floats, truth: Ints) -> float:
    """Return the temperature with the least loss.

    As Platt does (1999: "Probabilistic outputs for support vector machines"), a share
    1 / (n + 2) of each truth goes to the other classes, so that n right answers are not
    taken for certainty.

    Examples
    --------
    Answers that are right three times of four, stated with far more certainty; Laplace
    would state (3 + 1) / (4 + 2):

    >>> scores = np.array([[9.0, 0.0]] * 4)
    >>> temperature = fitted_temperature(scores, np.array([0, 0, 0, 1]))
    >>> print(f"{1 / (1 + np.exp(-9 / temperature)):.3f}")
    0.667
    """
    doubt = 1 / (len(truth) + 2)
    found = minimize_scalar(
        lambda log: loss_of(scores, truth, float(np.exp(log)), doubt),
        bounds=tuple(np.log(TEMPERATURES)),
        method="bounded",
    )
    return float(np.exp(found.x))


def loss_of(
    scores: Floats, truth: Ints, temperature: float, doubt: float = 0.0
) -> float:
    """Return the mean logarithmic loss of probabilities at a temperature.

    doubt : share of each truth that goes to the other classes
    """
    logarithms = log_softmax(scores / temperature, axis=1)
    right = logarithms[np.arange(len(truth)), truth]
    others = (logarithms.sum(axis=1) - right) / max(scores.shape[1] - 1, 1)
    return -float(((1 - doubt) * right + doubt * others).mean())
