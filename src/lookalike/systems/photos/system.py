"""Photos: which of one's own classes a photograph shows, or that it is unclear.

A photograph is described without learning (colour, texture, edges, layout), projected
on the directions in which the known ones vary, and scored by the classifier that
cross-validation has found best; the scores become probabilities that were fitted on
photographs that were not learned from.
"""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy.special import softmax

from lookalike._arrays import named, prefixed, product_by_row
from lookalike._parallel import blas_threads
from lookalike._typing import Array, Floats, Ints
from lookalike.core.base import BaseSystem
from lookalike.core.contracts import Answer, ClassificationResult, Explanation
from lookalike.core.manifest import Manifest
from lookalike.core.progress import (
    ProgressCallback,
    ShareCallback,
    no_progress,
    share_of,
)
from lookalike.datasets import LabelledPictures
from lookalike.features.blank import blank_rows, check_not_blank
from lookalike.features.photograph import CODE, PREPARATION, describe_photographs
from lookalike.learn import PCA
from lookalike.systems.photos.classifiers import CANDIDATES, KINDS, Classifier
from lookalike.systems.photos.data import LEAST
from lookalike.systems.photos.explanation import page_of_photograph
from lookalike.systems.photos.selection import Choice, choose

N_PRINCIPAL = 256
"""Most directions in which photographs are compared."""
N_EXPLAINED = 6
"""Known photographs of an explanation."""
CLASSIFIER = "classifier__"
"""Begins the names of the classifier's arrays in a generation."""


@dataclass(frozen=True)
class PhotoAnswer(Answer):
    """What one photograph shows; the label of an unclear one is None."""

    label: str | None
    most_likely: str
    probability: float
    """Of the most likely class."""
    unclear: bool
    probabilities: dict[str, float]


class Photos(BaseSystem):
    """Recognise photographs in classes of one's own.

    Parameters
    ----------
    classifier : {"best", "logistic", "discriminants", "support", "neighbors"}
        What is learned on top of the description; "best", the default, is what
        cross-validation within the training part finds.
    unclear : float, default=0.5
        Below this probability of the most likely class the answer is that it is
        unclear: it is then more likely wrong than right. In [0, 1].
    random_state : int, default=0
        Of the folds of the cross-validation.
    n_jobs : int or None, default=None
        Threads of the description; None is one, -1 is every processor.

    Attributes
    ----------
    classes_ : ndarray of str, shape (n_classes,)
    tiles_ : ndarray of uint8, shape (n_known, 128, 128, 3)
        The photographs that are known, by which answers are explained.
    labels_ : ndarray of int, shape (n_known,)
        Their classes.
    choice_ : str
        Name of the classifier that was taken.
    temperature_ : float
        By which its scores are divided.
    manifest_ : Manifest
        Data, what was tried and, once loaded, the measured numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from lookalike.datasets import LabelledPictures
    >>> rng = np.random.default_rng(0)
    >>> light = np.repeat([[200, 60, 40], [40, 90, 200]], 20, axis=0)  # red, blue
    >>> noise = rng.integers(-40, 40, (40, 60, 80, 3))
    >>> tiles = (light[:, None, None] + noise).clip(0, 255).astype(np.uint8)
    >>> labels, test = np.repeat(["autumn", "sea"], 20), np.arange(40) % 4 == 0
    >>> none, sizes = np.zeros(40, bool), np.full((40, 2), 60)
    >>> data = LabelledPictures("toy", "", list(tiles), labels, np.arange(40), test,
    ...                         none, [], sizes, ())
    >>> Photos().fit(data).classify(tiles[[0, 20]]).labels
    array(['autumn', 'sea'], dtype='<U6')
    """

    name = "photos"

    classes_: Array
    tiles_: Array
    labels_: Ints
    choice_: str
    temperature_: float

    _mean: Floats  # (n_features,)
    _components: Floats  # (n_features, n_dimensions)
    _known: Floats  # (n_known, n_dimensions)
    _classifier: Classifier

    def __init__(
        self,
        classifier: str = "best",
        unclear: float = 0.5,
        random_state: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.classifier = classifier
        self.unclear = unclear
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(
        self, data: LabelledPictures, on_progress: ProgressCallback = no_progress
    ) -> Self:
        """Choose a classifier by cross-validation, and learn from the training part.

        Raises
        ------
        ValueError
            If an option means nothing, or there are not two classes with enough
            photographs.
        """
        self._check_options()
        data.check_classes(LEAST)
        known = data.take(~data.is_test)
        classes = np.array(data.classes)
        y = np.searchsorted(classes, known.labels)
        describing = share_of(on_progress, "describing photographs", 0.0, 0.6)
        X = self._described(known.pictures, describing)
        Z = self._project(X)
        best, tried = choose(
            Z,
            y,
            known.groups,
            len(classes),
            None if self.classifier == "best" else self.classifier,
            self.random_state,
            share_of(on_progress, "choosing a classifier", 0.6, 0.3),
        )
        on_progress("learning", 0.95)
        self._learn(best.name, best.temperature, Z, y, classes, known.pictures)
        facts = {
            "n_train": len(y),
            "n_held_out": int(data.is_test.sum()),
            "n_classes": len(classes),
            "classes": _counted(data.labels, classes),
            "n_features": X.shape[1],
            "description": CODE,
            "tried": _told(tried),
        }
        self.manifest_: Manifest = self.new_manifest(data, facts)
        on_progress("ready", 1.0)
        return self

    def refit(
        self, data: LabelledPictures, on_progress: ProgressCallback = no_progress
    ) -> Self:
        """Return the system that answers: it has learned from all photographs.

        Classifier and temperature are those that were measured.
        """
        self.check_fitted()
        describing = share_of(on_progress, "describing photographs", 0.0, 0.9)
        system = copy(self)
        X = self._described(data.pictures, describing)
        Z = system._project(X)
        y = np.searchsorted(self.classes_, data.labels)
        system._learn(
            self.choice_, self.temperature_, Z, y, self.classes_, data.pictures
        )
        system.mark_refitted(True)
        return system

    def before_refit(self, data: LabelledPictures) -> Self:
        """Return the system that was measured, of one that ``refit`` has returned."""
        if not self.is_refitted or data.checksum != self.manifest_.data["checksum"]:
            return self
        return copy(self).fit(data)

    # --- answers ----------------------------------------------------------------------

    def classify(self, images: Sequence[Array] | Array) -> ClassificationResult:
        """Say what each photograph most likely shows, unclear or not.

        images : uint8 (height, width, 3) each, of any size. Of a blank one each class
        is as likely.
        """
        self.check_fitted()
        vectors = self._vectors(images)
        scores = self._classifier.scores(vectors) / self.temperature_
        shares = softmax(scores, axis=1)
        shares[blank_rows(images)] = 1 / len(self.classes_)
        return ClassificationResult(self.classes_[shares.argmax(axis=1)], shares)

    def classify_each(self, queries: Sequence[Array]) -> list[list[Answer]]:
        """Say what each photograph shows, or that it is unclear."""
        found = self.classify(queries).by_query(self.classes_)
        answers: list[list[Answer]] = []
        for label, probability, each in found:
            unclear = probability < self.unclear
            told = None if unclear else label
            answers.append([PhotoAnswer(told, label, probability, unclear, each)])
        return answers

    def explain(self, query: Array) -> Explanation:
        """Show the known photographs that are most alike, of whatever class."""
        self.check_fitted()
        query = self.check_query(query)
        [[answer]] = self.classify_each([query])
        record = answer.record()
        vector = self._vectors([query])[0]
        cosines = _cosines(self._known, vector)
        rows = np.argsort(-cosines, kind="stable")[:N_EXPLAINED]
        names, alike = self.classes_[self.labels_[rows]].tolist(), cosines[rows]
        second = sorted(record["probabilities"].values())[-2]
        verdict = "not enough for" if record["unclear"] else "enough for"
        reasons = (
            f"{record['most_likely']} with probability {record['probability']:.2f}, "
            f"{verdict} the {self.unclear:.2f} that is needed; the next class has "
            f"{second:.2f}",
            f"of the {len(rows)} known photographs most like it "
            f"{names.count(record['most_likely'])} are {record['most_likely']}",
            *(
                f"similarity {cosine:.2f} with a photograph of {name}"
                for name, cosine in zip(names, alike, strict=True)
            ),
        )
        page = page_of_photograph(query, self.tiles_[rows], names, alike)
        return Explanation(record, reasons, page)

    def check_query(self, query: Array) -> Array:
        """Return a photograph in the form that is described, or refuse it."""
        tile = PREPARATION.tile(query)
        check_not_blank(tile, "anything")
        return tile

    def warm_up(self) -> None:
        """Compile what describing a photograph needs."""
        self.classify(self.tiles_[:1])

    # --- saving -----------------------------------------------------------------------

    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Return the projection, the classifier, and the photographs that are known."""
        own = {
            "classes": self.classes_,
            "tiles": self.tiles_,
            "labels": self.labels_,
            "known": self._known,
            "mean": self._mean,
            "components": self._components,
        }
        document = {
            "choice": self.choice_,
            "temperature": self.temperature_,
            "description": CODE,
        }
        return {**own, **prefixed(CLASSIFIER, self._classifier.arrays())}, document

    def restore(self, arrays: Mapping[str, Array], document: Mapping[str, Any]) -> None:
        """Take up what ``state`` returned."""
        if document["description"] != CODE:
            raise ValueError(
                f"it describes photographs by version {document['description']}, this "
                f"lookalike by {CODE}: train it again."
            )
        self.choice_ = str(document["choice"])
        self.temperature_ = float(document["temperature"])
        kind = KINDS[CANDIDATES[self.choice_][0]]
        self._classifier = kind.from_arrays(named(CLASSIFIER, arrays))
        self._mean = np.array(arrays["mean"])
        self._components = np.array(arrays["components"])
        self.classes_, self.tiles_ = arrays["classes"], arrays["tiles"]
        self.labels_, self._known = arrays["labels"], arrays["known"]
        if not len(self.tiles_) == len(self.labels_) == len(self._known):
            raise ValueError("its photographs and labels do not fit.")
        found = self._classifier.scores(np.zeros((1, self._components.shape[1])))
        if self._components.shape[:1] != self._mean.shape or found.shape != (
            1,
            len(self.classes_),
        ):
            raise ValueError("its classes and classifier do not fit.")

    # --- inside -----------------------------------------------------------------------

    def _described(self, images: Sequence[Array], on_progress: ShareCallback) -> Floats:
        """Description of photographs, float64 (n, n_features), a few at a time."""
        rows = []
        for start in range(0, len(images), 32):
            rows.append(describe_photographs(images[start : start + 32], self.n_jobs))
            on_progress(min(1.0, (start + 32) / len(images)))
        return np.concatenate(rows).astype(np.float64)

    def _project(self, X: Floats) -> Floats:
        """Take up the directions in which these vary most, at one scale; project."""
        # One thread: what is learned must not depend on how many there are.
        with blas_threads(1, len(X)):
            pca = PCA(min(N_PRINCIPAL, len(X) - 1, X.shape[1]), svd_solver="full")
            Z = pca.fit(X).transform(X)
        scale = 1 / max(float(np.sqrt((Z**2).sum(axis=1).mean())), 1e-12)
        self._mean = pca.mean_
        self._components = np.ascontiguousarray(pca.components_.T * scale)
        return product_by_row(X - self._mean, self._components)

    def _learn(
        self,
        name: str,
        temperature: float,
        Z: Floats,
        y: Ints,
        classes: Array,
        pictures: Sequence[Array],
    ) -> None:
        self.choice_, self.temperature_, self.classes_ = name, temperature, classes
        with blas_threads(1, len(Z)):
            self._classifier = CANDIDATES[name][1]().fit(Z, y, len(classes))
        self.tiles_ = np.stack(pictures)
        self.labels_, self._known = y.astype(np.int64), Z

    def _vectors(self, images: Sequence[Array] | Array) -> Floats:
        X = describe_photographs(list(images), self.n_jobs).astype(np.float64)
        return product_by_row(X - self._mean, self._components)

    def _check_options(self) -> None:
        kinds = ("best", *KINDS)
        if self.classifier not in kinds:
            raise ValueError(
                f"classifier must be one of {', '.join(kinds)}, got "
                f"{self.classifier!r}."
            )
        if not 0 <= self.unclear <= 1:
            raise ValueError(f"unclear must lie in [0, 1], got {self.unclear!r}.")


def _cosines(vectors: Floats, vector: Floats) -> Floats:
    lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(vector)
    cosines: Floats = vectors @ vector / np.where(lengths > 0, lengths, 1)
    return cosines


def _counted(labels: Array, classes: Array) -> str:
    return ", ".join(f"{name} {np.count_nonzero(labels == name):,}" for name in classes)


def _told(tried: Sequence[Choice]) -> str:
    return "; ".join(
        f"{each.name}: loss {each.loss:.3f}, accuracy {each.accuracy:.3f}"
        for each in tried
    )
