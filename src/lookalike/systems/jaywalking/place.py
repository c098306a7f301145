"""Is this a place to cross? From the signs in sight, learned where people said so."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.special import expit

from lookalike._typing import Array, Floats
from lookalike.learn import LogisticRegression
from lookalike.systems.jaywalking.features import SIGN_COLUMNS, Features

_C = 0.1


@dataclass(frozen=True)
class Place:
    """The chance that nobody is meant to cross here, by a logistic regression.

    weights : (n_signs,), of the share of the sixteen frames in which each is in sight
    """

    weights: Floats
    intercept: float

    @classmethod
    def learned(cls, features: Features, designated: Array) -> Self:
        """Learn from features (n) and whether each place is one to cross (n)."""
        away = ~np.asarray(designated, bool)
        X = features.summary[:, SIGN_COLUMNS].astype(np.float64)
        if away.all() or not away.any():  # nothing to tell apart
            share = np.clip(away.mean(), 0.01, 0.99)
            return cls(np.zeros(X.shape[1]), float(np.log(share / (1 - share))))
        found = LogisticRegression(C=_C).fit(X, away)
        return cls(found.coef_[0].copy(), float(found.intercept_[0]))

    def away(self, features: Features) -> Floats:
        """Return the chance that this is no place to cross, (n,)."""
        signs = features.summary[:, SIGN_COLUMNS].astype(np.float64)
        # Row by row, so that a batch answers like its rows one by one.
        found: Floats = expit((signs * self.weights).sum(axis=1) + self.intercept)
        return found

    def arrays(self) -> dict[str, Array]:
        """Return the weights, the intercept last."""
        return {"place": np.append(self.weights, self.intercept)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Take up what ``arrays`` returned."""
        found = np.asarray(arrays["place"], np.float64)
        return cls(found[:-1].copy(), float(found[-1]))
