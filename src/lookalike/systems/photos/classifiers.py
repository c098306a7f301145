"""What can be learned on top of the description of photographs, one class a kind.

All of them map vectors to scores, one for each class; the scores are nearly logarithms
of probabilities, up to a factor that is fitted by cross-validation.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from itertools import combinations
from typing import Any, Self

import numpy as np

from lookalike._arrays import product_by_row
from lookalike._typing import Array, Floats, Ints
from lookalike.learn import (
    SVC,
    LinearDiscriminantAnalysis,
    LogisticRegression,
    row_for_each_class,
)

ABSENT = -20.0
"""Score of a class that there was no example of, beside scores of about 1."""


class Classifier(ABC):
    """Maps vectors to a score for each class."""

    @abstractmethod
    def fit(self, X: Floats, y: Ints, n_classes: int) -> Self:
        """Learn from vectors (n, n_dimensions) and the numbers of their classes."""

    @abstractmethod
    def scores(self, X: Floats) -> Floats:
        """Return scores (n, n_classes); a row's are the same alone and in a batch."""

    @abstractmethod
    def arrays(self) -> dict[str, Array]:
        """Return what was learned."""

    @classmethod
    @abstractmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Return the classifier that these arrays were taken from."""


class LinearClassifier(Classifier):
    """Linear scores, by logistic regression or by discriminants of one covariance."""

    weights: Floats  # (n_classes, n_dimensions)
    offsets: Floats  # (n_classes,)

    def __init__(self, model: Callable[[], Any] | None = None) -> None:
        self._model = model

    def fit(self, X: Floats, y: Ints, n_classes: int) -> Self:
        """Learn a row of weights for each class."""
        assert self._model is not None
        model = self._model().fit(X, y)
        weights, offsets = row_for_each_class(model.coef_, model.intercept_)
        self.weights = np.zeros((n_classes, X.shape[1]))
        self.offsets = np.full(n_classes, ABSENT)
        self.weights[model.classes_], self.offsets[model.classes_] = weights, offsets
        return self

    def scores(self, X: Floats) -> Floats:
        """Return linear scores."""
        return product_by_row(X, self.weights.T) + self.offsets

    def arrays(self) -> dict[str, Array]:
        """Return weights and offsets."""
        return {"weights": self.weights, "offsets": self.offsets}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Return the classifier with these weights and offsets."""
        found = cls()
        found.weights = np.array(arrays["weights"])
        found.offsets = np.array(arrays["offsets"])
        if found.weights.shape[:1] != found.offsets.shape:
            raise ValueError("its weights and offsets do not belong together.")
        return found


class SupportClassifier(Classifier):
    """Support vectors with a Gaussian kernel as wide as the data."""

    C = 10.0

    machine: SVC
    n_classes: int

    def fit(self, X: Floats, y: Ints, n_classes: int) -> Self:
        """Learn a machine for each two classes."""
        shape = "ovo"
        self.machine = SVC(C=self.C, gamma="scale", decision_function_shape=shape)
        self.machine.fit(X, y)
        self.n_classes = n_classes
        return self

    def scores(self, X: Floats) -> Floats:
        """Return each class's sum of margins over the machines that know it."""
        found = np.full((len(X), self.n_classes), ABSENT)
        classes = self.machine.classes_
        for row, x in enumerate(X):
            margins = np.atleast_1d(self.machine.decision_function(x[None])[0])
            if len(classes) == 2:
                margins = -margins  # of two classes, a positive one is the second's
            sums = np.zeros(len(classes))
            pairs = combinations(range(len(classes)), 2)
            for (first, second), margin in zip(pairs, margins, strict=True):
                sums[first] += margin
                sums[second] -= margin
            found[row, classes] = sums
        return found

    def arrays(self) -> dict[str, Array]:
        """Return the support vectors."""
        return {**self.machine.arrays(), "n_classes": np.array(self.n_classes)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Return the classifier with these support vectors."""
        found = cls()
        found.machine = SVC.from_arrays(arrays)
        found.n_classes = int(arrays["n_classes"])
        return found


class NeighborsClassifier(Classifier):
    """The shares of the classes among the photographs that are most alike."""

    K = 5

    vectors: Floats  # (n, n_dimensions), of length one
    labels: Ints  # (n,)
    n_classes: int

    def fit(self, X: Floats, y: Ints, n_classes: int) -> Self:
        """Store what is known."""
        self.vectors, self.labels, self.n_classes = _unit(X), y, n_classes
        return self

    def scores(self, X: Floats) -> Floats:
        """Return logarithms of the shares, each class with a fraction of a vote more.

        Of two neighbours as near as each other the one known first counts.
        """
        alike = product_by_row(_unit(X), self.vectors.T)
        near = np.argsort(-alike, axis=1, kind="stable")[:, : self.K]
        votes = self.labels[near][:, :, None] == np.arange(self.n_classes)
        shares = (votes.sum(axis=1) + 1 / self.n_classes) / (near.shape[1] + 1)
        scores: Floats = np.log(shares)
        return scores

    def arrays(self) -> dict[str, Array]:
        """Return what is known."""
        return {
            "vectors": self.vectors,
            "labels": self.labels,
            "n_classes": np.array(self.n_classes),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Return the classifier that knows these vectors."""
        found = cls()
        found.vectors, found.labels = np.array(arrays["vectors"]), arrays["labels"]
        found.n_classes = int(arrays["n_classes"])
        if len(found.vectors) != len(found.labels):
            raise ValueError("its vectors and labels do not belong together.")
        return found


KINDS: dict[str, type[Classifier]] = {
    "logistic": LinearClassifier,
    "discriminants": LinearClassifier,
    "support": SupportClassifier,
    "neighbors": NeighborsClassifier,
}
"""Class of each candidate, by which a generation is read."""
CANDIDATES: dict[str, tuple[str, Callable[[], Classifier]]] = {
    "logistic regression, C = 1": (
        "logistic",
        lambda: LinearClassifier(lambda: LogisticRegression(C=1.0, max_iter=300)),
    ),
    "logistic regression, C = 10": (
        "logistic",
        lambda: LinearClassifier(lambda: LogisticRegression(C=10.0, max_iter=300)),
    ),
    "linear discriminants, shrunk": (
        "discriminants",
        lambda: LinearClassifier(
            lambda: LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
        ),
    ),
    "support vectors": ("support", SupportClassifier),
    "5 nearest neighbours": ("neighbors", NeighborsClassifier),
}
"""What is tried, by the name that the card shows: its kind, and a new one of it."""


def _unit(X: Floats) -> Floats:
    length = np.linalg.norm(X, axis=1, keepdims=True)
    return X / np.where(length > 0, length, 1)
