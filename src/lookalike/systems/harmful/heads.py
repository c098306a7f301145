"""A head for each kind of harm over one encoder, each learned where it has labels.

A head is a logistic regression of the shared terms. A post without a label for a kind
plays no part in that head's loss, so that data sets which label other kinds teach one
model together. Held-out posts then turn scores into probabilities, kind by kind and
language by language (Platt), and choose from which probability on a kind is named.
"""

import warnings
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from scipy.special import expit
from sklearn.exceptions import ConvergenceWarning

from lookalike._typing import Array, Floats, Ints
from lookalike.core.progress import ShareCallback
from lookalike.evaluate import f1
from lookalike.evaluate.stated_precision import stated_precision
from lookalike.learn import LogisticRegression

FEWEST = 8
"""Labels of each sort among the held-out posts of a language, from which on it has its
own probabilities."""
TRIED = 50
"""Probabilities that are tried as the least one of a named kind."""


def learn_weights(
    X: Any, labels: Floats, C: float, on_progress: ShareCallback
) -> tuple[Array, Array]:
    """Return weights float32 (n_terms, n_kinds) and intercepts, kind by kind.

    A kind without labels of both sorts has weights of zero and the intercept nan.
    """
    n_kinds = labels.shape[1]
    weights = np.zeros((X.shape[1], n_kinds), np.float32)
    intercepts = np.full(n_kinds, np.nan, np.float32)
    for kind in range(n_kinds):
        on_progress(kind / n_kinds)
        own = labels[:, kind]
        rows = np.isfinite(own)
        if rows.any() and 0 < own[rows].sum() < rows.sum():
            head = LogisticRegression(C=C, max_iter=200, tol=1e-3)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                head.fit(X[rows], own[rows].astype(np.int64))
            weights[:, kind] = head.coef_[0]
            intercepts[kind] = head.intercept_[0]
    return weights, intercepts


class Heads:
    """Scores of kinds, and what they mean in each language.

    weights, intercepts : of ``learn_weights``
    slopes, offsets : (n_languages + 1, n_kinds), from a score to the logarithm of odds;
        nan where a language has no such labels; last those of any language together
    named_from : (n_languages + 1, n_kinds), least probability of a kind that is named
    removable_from : (n_languages + 1, n_kinds), least score at which the stated
        precision holds, infinity where none does
    """

    PARTS = ("weights", "intercepts", "slopes", "offsets", "named_from", "removable")

    def __init__(
        self,
        weights: Array,
        intercepts: Array,
        slopes: Floats,
        offsets: Floats,
        named_from: Floats,
        removable: Floats,
    ) -> None:
        self.weights, self.intercepts = weights, intercepts
        self.slopes, self.offsets = slopes, offsets
        self.named_from, self.removable = named_from, removable

    @classmethod
    def calibrated(
        cls,
        weights: Array,
        intercepts: Array,
        X: Any,
        labels: Floats,
        languages: Ints,
        n_languages: int,
        precision: float,
        doubt: float,
    ) -> Self:
        """Fit probabilities and thresholds on held-out posts.

        languages : (n_posts,), the place of each post's language
        """
        shape = n_languages + 1, labels.shape[1]
        parts = [np.full(shape, value) for value in (np.nan, np.nan, 0.5, np.inf)]
        heads = cls(weights, intercepts, *parts)
        scores = heads.scores(X)
        for kind in range(shape[1]):
            known = np.isfinite(labels[:, kind]) & np.isfinite(scores[:, kind])
            for language in (n_languages, *range(n_languages)):
                rows = known & ((languages == language) | (language == n_languages))
                if rows.any():
                    heads._fit_one(
                        language,
                        kind,
                        scores[rows, kind].astype(np.float64),
                        labels[rows, kind],
                        precision,
                        doubt,
                    )
        return heads

    def scores(self, X: Any) -> Array:
        """Raw scores float32 (n_posts, n_kinds), nan of a kind that nobody taught."""
        found: Array = np.asarray(X @ self.weights) + self.intercepts
        return found

    def probabilities(self, scores: Array, languages: Ints) -> Floats:
        """Probabilities (n_posts, n_kinds), nan where a language has no such labels.

        languages : (n_posts,), -1 of a language that is not known
        """
        logits = scores * self.slopes[languages] + self.offsets[languages]
        found: Floats = expit(logits)
        return found

    def is_named(self, probabilities: Floats, languages: Ints) -> Array:
        """Which kinds a post has, bool (n_posts, n_kinds); see ``consistent``."""
        return consistent(probabilities, self.named_from[languages])

    def may_remove(self, scores: Array, languages: Ints) -> Array:
        """Whether some kind has its stated precision, bool (n_posts,)."""
        sure = scores >= self.removable[languages]
        found: Array = (sure & (languages >= 0)[:, None]).any(axis=1)
        return found

    def arrays(self) -> dict[str, Array]:
        """All parts, for a generation."""
        return {f"head_{name}": getattr(self, name) for name in self.PARTS}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Take up what ``arrays`` returned."""
        return cls(*(np.asarray(arrays[f"head_{name}"]) for name in cls.PARTS))

    def _fit_one(
        self,
        language: int,
        kind: int,
        scores: Floats,
        labels: Floats,
        precision: float,
        doubt: float,
    ) -> None:
        at = language, kind
        n_positive = int(labels.sum())
        if min(n_positive, len(labels) - n_positive) < FEWEST:
            # Too few of one sort: the slope of all languages, if that is known.
            self.slopes[at], self.offsets[at] = (
                self.slopes[-1, kind],
                self.offsets[-1, kind],
            )
            self.named_from[at] = self.named_from[-1, kind]
            if not np.isfinite(self.slopes[at]):
                self.slopes[at], self.offsets[at] = 1.0, 0.0
            return
        platt = LogisticRegression(C=100.0, max_iter=500)
        platt.fit(scores[:, None], labels.astype(np.int64))
        slope = max(float(platt.coef_[0, 0]), 1e-3)
        self.slopes[at], self.offsets[at] = slope, float(platt.intercept_[0])
        shares = expit(scores * slope + self.offsets[at])
        self.named_from[at] = best_threshold(labels, shares, macro=kind == 0)
        self.removable[at] = stated_precision(
            labels, scores, precision, doubt
        ).threshold


def best_threshold(labels: Floats, shares: Floats, macro: bool) -> float:
    """Return the probability from which on naming a kind has the best F1.

    macro : whether F1 is the mean of that of harmful and that of harmless posts

    Examples
    --------
    >>> best_threshold(np.array([0, 0, 1, 1]), np.array([0.1, 0.3, 0.5, 0.8]), False)
    0.4
    """
    wanted = labels.astype(np.int64)
    grid = np.quantile(shares, np.linspace(0.0, 1.0, TRIED), method="nearest")
    tried, average = np.unique(grid), "macro" if macro else "binary"
    found = [
        f1(
            wanted,
            (shares >= least).astype(np.int64),
            average=average,
            zero_division=0.0,
        )
        for least in tried
    ]
    best = int(np.argmax(found))
    # Between the last that is named and the first that is not.
    return float(tried[max(best - 1, 0) : best + 1].mean())


def consistent(probabilities: Floats, least: Floats) -> Array:
    """Return named kinds that agree: one of them where there is harm, else none.

    probabilities, least : (n_posts, n_kinds), the first kind is harm of any kind; nan
        is a kind that is not known

    Examples
    --------
    >>> least = np.full((3, 3), 0.5)
    >>> shares = [[0.9, 0.2, 0.4], [0.3, 0.9, 0.1], [0.8, 0.7, np.nan]]
    >>> consistent(np.array(shares), least).astype(int)
    array([[1, 0, 1],
           [0, 0, 0],
           [1, 1, 0]])
    """
    named = probabilities >= least
    known = np.isfinite(probabilities[:, 1:])
    share = np.where(known, probabilities[:, 1:] / np.maximum(least[:, 1:], 1e-6), -1.0)
    lacking = named[:, 0] & ~named[:, 1:].any(axis=1) & known.any(axis=1)
    if lacking.any():
        named[np.flatnonzero(lacking), 1 + share[lacking].argmax(axis=1)] = True
    return named & named[:, :1]
