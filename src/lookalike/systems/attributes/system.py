"""Attributes: recognise a combination of attributes that was seen only once.

Each attribute is learned from all images that have it, and the classes are put
together from them; beside it, one flat classifier of the combinations.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from lookalike._checks import check_whole
from lookalike._typing import Array, Ints
from lookalike.core.base import BaseSystem
from lookalike.core.contracts import Answer, ClassificationResult, Explanation
from lookalike.core.inputs import check_image, check_images, check_labels
from lookalike.core.manifest import Manifest
from lookalike.core.progress import ProgressCallback, no_progress
from lookalike.datasets.strokes import Attributed
from lookalike.features.blank import blank_rows, check_not_blank
from lookalike.learn import AttributeComposedClassifier, LogisticRegression
from lookalike.systems.attributes.classifiers import (
    block_means,
    composed_classifier,
    flat_classifier,
)

USUAL = "3, thin"
"""The combination of the digits that is rare unless another is named."""


@dataclass(frozen=True)
class AttributesAnswer(Answer):
    """The combination of attributes of one image."""

    label: str
    probability: float
    probabilities: dict[str, float]


class Attributes(BaseSystem):
    """Recognise combinations of two attributes, one of them hardly ever seen.

    Parameters
    ----------
    n_common : int, default=4
        Training images of each combination.
    n_rare : int, default=1
        Training images of the rare one.
    rare : str or None, default=None
        Which combination is rare; None is the one with the fewest images, "3, thin" of
        the digits.
    n_draws : int, default=200
        Draws of training images over which it is evaluated.
    random_state : int, default=0
        Chooses the training images; draw i is that of ``random_state + i``.
    n_jobs : int or None, default=None
        Taken so that all systems take it; this little needs no threads.

    Attributes
    ----------
    classes_ : ndarray of str, shape (4,)
        The combinations.
    images_, labels_ : ndarray
        The training images and their combinations.
    rare_ : str
        Which combination is rare.
    manifest_ : Manifest
        Data and, once loaded, the measured numbers.

    Examples
    --------
    >>> from lookalike.datasets.strokes import load_strokes_of_digits_sample
    >>> data = load_strokes_of_digits_sample()
    >>> system = Attributes().fit(data)
    >>> thick = data.x_test[data.y_test == "8, thick"]
    >>> len(system.labels_), float((system.classify(thick).labels == "8, thick").mean())
    (13, 0.76)
    """

    name = "attributes"

    classes_: Array
    images_: Array
    labels_: Array
    rare_: str

    _composed: AttributeComposedClassifier
    _flat: LogisticRegression

    def __init__(
        self,
        n_common: int = 4,
        n_rare: int = 1,
        rare: str | None = None,
        n_draws: int = 200,
        random_state: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.n_common = n_common
        self.n_rare = n_rare
        self.rare = rare
        self.n_draws = n_draws
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(
        self, data: Attributed, on_progress: ProgressCallback = no_progress
    ) -> Self:
        """Learn from a few images of each combination, and one of the rare one."""
        images = check_images(data.x_train)
        labels = check_labels(data.y_train, len(images))
        self._check(labels)
        self.rare_ = self._rare_of(labels)
        rows = self.draw(labels, self.random_state)
        on_progress("learning attributes", 0.5)
        self._learn(images[rows], labels[rows])
        facts = {"n_train": len(rows), "n_pool": len(labels)}
        self.manifest_: Manifest = self.new_manifest(data, facts)
        on_progress("ready", 1.0)
        return self

    def draw(self, labels: Array, seed: int) -> Ints:
        """Return the rows of the training images of one draw."""
        rng = np.random.default_rng(seed)
        rows = []
        for label in np.unique(labels):
            n = self.n_rare if label == self.rare_ else self.n_common
            rows.append(rng.permutation(np.flatnonzero(labels == label))[:n])
        return np.concatenate(rows)

    # --- answers ----------------------------------------------------------------------

    def classify(self, images: Array) -> ClassificationResult:
        """Say which combination each image shows; of a blank one, each is as likely."""
        self.check_fitted()
        images = check_images(images, self.images_.shape[1:])
        # Image by image: a product of matrices rounds by how many rows there are.
        rows = [self._composed.predict_proba(row[None]) for row in block_means(images)]
        shares = np.concatenate(rows)
        shares[blank_rows(images)] = 1 / len(self.classes_)
        return ClassificationResult(self.classes_[shares.argmax(axis=1)], shares)

    def classify_each(self, queries: Sequence[Array]) -> list[list[Answer]]:
        """Say which combination each image shows, and how sure the answer is."""
        found = self.classify(np.asarray(queries)).by_query(self.classes_)
        return [[AttributesAnswer(*each)] for each in found]

    def explain(self, query: Array) -> Explanation:
        """Show each attribute's probabilities, whose products the classes are."""
        [[answer]] = self.classify_each([query])
        x, reasons = block_means(query[None]), []
        for model, values in zip(
            self._composed.estimators_, self._composed.values_, strict=True
        ):
            shares = model.predict_proba(x)[0]
            best = int(shares.argmax())
            seen = sum(str(values[best]) in label.split(", ") for label in self.labels_)
            others = ", ".join(str(v) for k, v in enumerate(values) if k != best)
            reasons.append(
                f"{values[best]} rather than {others}: probability {shares[best]:.2f}, "
                f"learned from {seen} images that have it"
            )
        flat = self._flat.predict(x)[0]
        reasons.append(f"a flat classifier of the combinations says {flat}")
        return Explanation(answer.record(), tuple(reasons))

    def check_query(self, query: Array) -> Array:
        """Return one image in the form of the training images, or refuse it."""
        image = check_image(query, self.images_.shape[1:])
        check_not_blank(image, "a digit")
        return image

    # --- saving -----------------------------------------------------------------------

    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Return the training images.

        They are so few that what is learned from them is learned again when a
        generation is read.
        """
        return {"images": self.images_, "labels": self.labels_}, {"rare": self.rare_}

    def restore(self, arrays: Mapping[str, Array], document: Mapping[str, Any]) -> None:
        """Learn again from what ``state`` returned."""
        self.rare_ = str(document["rare"])
        images = check_images(arrays["images"])
        self._learn(images, check_labels(arrays["labels"], len(images)))

    # --- inside -----------------------------------------------------------------------

    def _learn(self, images: Array, labels: Array) -> None:
        self.images_, self.labels_ = images, labels
        X = block_means(images)
        self._composed = composed_classifier(labels).fit(X, labels)
        self._flat = flat_classifier().fit(X, labels)
        self.classes_ = self._composed.classes_

    def _check(self, labels: Array) -> None:
        for name in ("n_common", "n_rare", "n_draws"):
            check_whole(name, getattr(self, name))
        names, counts = np.unique(labels, return_counts=True)
        if self.rare not in (None, *names):
            raise ValueError(
                f"rare must be one of {'; '.join(names)}, got {self.rare!r}."
            )
        rare = self._rare_of(labels)
        for name, count in zip(names.tolist(), counts.tolist(), strict=True):
            needed = self.n_rare if name == rare else self.n_common
            if count < needed:
                raise ValueError(
                    f"At least {needed} images of {name} are needed, got {count}."
                )

    def _rare_of(self, labels: Array) -> str:
        names, counts = np.unique(labels, return_counts=True)
        if self.rare is not None:
            return self.rare
        return USUAL if USUAL in names else str(names[counts.argmin()])
