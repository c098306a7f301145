"""Attributes: recognise a combination of attributes that was seen only once.

Each attribute is learned from all images that have it, and the classes are put
together from them; beside it, one flat classifier of the combinations.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.exceptions import NotFittedError

from lookalike._typing import Array, Floats
from lookalike.core import generation
from lookalike.core.card import Card
from lookalike.core.generation import Generation
from lookalike.core.verbs import (
    Answer,
    Explanation,
    Measured,
    Tell,
    about_of,
    choose,
    damaged,
    image_files,
    measured_facts,
    milliseconds,
    nobody,
    read_generation,
    read_images,
)
from lookalike.datasets import Images, load_digits_sample, load_mnist
from lookalike.datasets.strokes import Attributed, with_strokes
from lookalike.evaluate import Estimate, bootstrap, paired_test
from lookalike.features.image import prepare_digit
from lookalike.learn import AttributeComposedClassifier, LogisticRegression
from lookalike.systems.attributes.card import attributes_card
from lookalike.systems.digits.system import check_images, check_labels

if TYPE_CHECKING:
    from lookalike.evaluate.report import Report as Page

BLOCK = 4
"""Pixels each way that are averaged into one feature."""


@dataclass(frozen=True)
class Labels:
    """Answers to a batch of images."""

    labels: Array  # (n_images,)
    probabilities: Floats  # (n_images, n_classes), in the order of ``classes_``


class Attributes:
    """Recognise combinations of two attributes, one of them hardly ever seen.

    Parameters
    ----------
    n_common : int, default=4
        Training images of each combination.
    n_rare : int, default=1
        Training images of the rare one.
    rare : str, default="3, thin"
        Which combination is rare.
    n_draws : int, default=200
        Draws of training images over which ``evaluate`` measures.
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
    about_ : dict
        Data and measured numbers, as in ``system.json``.

    Examples
    --------
    >>> from lookalike.datasets import load_digits_sample
    >>> from lookalike.datasets.strokes import with_strokes
    >>> data = with_strokes(load_digits_sample())
    >>> system = Attributes().fit(data)
    >>> thick = data.x_test[data.y_test == "8, thick"]
    >>> len(system.labels_), float((system.classify(thick).labels == "8, thick").mean())
    (13, 0.76)
    """

    name = "attributes"

    classes_: Array
    images_: Array
    labels_: Array
    about_: dict[str, Any]

    _composed: AttributeComposedClassifier
    _flat: LogisticRegression

    def __init__(
        self,
        n_common: int = 4,
        n_rare: int = 1,
        rare: str = "3, thin",
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

    @classmethod
    def find_data(cls, choice: str | None, warn: Callable[[str], None]) -> Attributed:
        """Return the strokes of MNIST's digits, or of the sample where it is not."""
        loaders: dict[str, Callable[[], Images]] = {
            "mnist": load_mnist,
            "digits_sample": load_digits_sample,
        }
        prefix = "strokes_of_"
        if choice is None:
            try:
                return with_strokes(load_mnist())
            except FileNotFoundError:
                warn("MNIST is not here (`lookalike data get mnist`); using a sample.")
                choice = "digits_sample"
        return with_strokes(choose(choice.removeprefix(prefix), loaders, "attributes"))

    def fit(self, data: Attributed, report: Tell | None = None) -> Self:
        """Learn from a few images of each combination, and one of the rare one."""
        tell = report or nobody
        images = check_images(data.x_train)
        labels = check_labels(data.y_train, len(images))
        self._check(labels)
        rows = self.draw(labels, self.random_state)
        tell("learning attributes", 0.5)
        self._learn(images[rows], labels[rows])
        self.about_ = {
            "configuration": {
                "n_common": self.n_common,
                "n_rare": self.n_rare,
                "rare": self.rare,
                "n_draws": self.n_draws,
                "random_state": self.random_state,
            },
            "data": {"name": data.name, "checksum": data.checksum},
            "facts": {"n_train": len(rows), "n_pool": len(labels)},
            "metrics": {},
            "comparisons": {},
        }
        tell("ready", 1.0)
        return self

    def classify(self, images: Array) -> Labels:
        """Say which combination each image shows."""
        if not hasattr(self, "_composed"):
            raise NotFittedError(
                "Attributes must be fitted or loaded before it answers."
            )
        images = check_images(images, self.images_.shape[1:])
        # Image by image: a product of matrices rounds by how many rows there are.
        rows = [self._composed.predict_proba(row[None]) for row in features(images)]
        shares = np.concatenate(rows)
        return Labels(self.classes_[shares.argmax(axis=1)], shares)

    @staticmethod
    def read(inputs: Sequence[str | os.PathLike[str]]) -> tuple[list[str], Array]:
        """Return the image files that were named, and the digits on them."""
        files = image_files(inputs)
        return list(map(str, files)), np.stack(read_images(files, prepare_digit))

    def answer(self, names: Sequence[str], queries: Array) -> list[Answer]:
        """Say which combination each image shows, and how sure each attribute is."""
        found = self.classify(queries)
        classes = self.classes_.tolist()
        return [
            {
                "image": name,
                "label": label,
                "probability": max(shares),
                "probabilities": dict(zip(classes, shares, strict=True)),
            }
            for name, label, shares in zip(
                names, found.labels.tolist(), found.probabilities.tolist(), strict=True
            )
        ]

    def explain(self, name: str, query: Array) -> Explanation:
        """Show each attribute's probabilities, whose products the classes are."""
        [answer] = self.answer([name], query[None])
        x, reasons = features(query[None]), []
        for kind, model, values in zip(
            ("digit", "stroke"),
            self._composed.estimators_,
            self._composed.values_,
            strict=True,
        ):
            shares = model.predict_proba(x)[0]
            best = int(shares.argmax())
            seen = sum(str(values[best]) in label.split(", ") for label in self.labels_)
            reasons.append(
                f"{kind}: {values[best]} with probability {shares[best]:.2f}, learned "
                f"from {seen} images that have it"
            )
        flat = self._flat.predict(x)[0]
        reasons.append(f"a flat classifier of the four combinations says {flat}")
        return Explanation(answer, tuple(reasons))

    def evaluate(self, data: Attributed, report: Tell | None = None) -> Measured:
        """Measure both classifiers over many draws of the training images.

        A draw is the unit of chance. Recall of each combination on all test images;
        the comparison is paired draw by draw.
        """
        tell = report or nobody
        train = check_images(data.x_train)
        labels = check_labels(data.y_train, len(train))
        truth = check_labels(data.y_test, len(data.x_test))
        X = features(check_images(data.x_test, train.shape[1:]))
        recalls: dict[str, list[Floats]] = {"composed": [], "flat": []}
        for i in range(self.n_draws):
            rows = self.draw(labels, self.random_state + i)
            x, y = features(train[rows]), labels[rows]
            for name, model in (("composed", composed(y)), ("flat", flat())):
                right = model.fit(x, y).predict(X) == truth
                each = [right[truth == label].mean() for label in self.classes_]
                recalls[name].append(np.array(each))
            tell("drawing training images", 0.9 * (i + 1) / self.n_draws)
        arrays = {name: np.array(rows) for name, rows in recalls.items()}
        rare = self.classes_.tolist().index(self.rare)
        metrics: dict[str, Estimate] = {}
        for name, values in arrays.items():
            metrics[f"accuracy_{name}"] = bootstrap(np.mean, values.mean(axis=1))
            for k, label in enumerate(self.classes_.tolist()):
                key = f"recall_of_{label.replace(', ', '_')}_{name}"
                metrics[key] = bootstrap(np.mean, values[:, k])
        pair = arrays["composed"], arrays["flat"]
        measured = Measured(
            f"{self.n_draws} draws of training images and {len(truth):,} test images",
            metrics,
            {
                f"flat, recall of the rare {self.rare}": paired_test(
                    *(values[:, rare] for values in pair)
                ),
                "flat, mean recall": paired_test(
                    *(values.mean(axis=1) for values in pair)
                ),
            },
            {"images": data.x_test, "truth": truth},
        )
        self.about_ |= measured_facts(measured)
        self.about_["facts"] |= {
            "n_test": len(truth),
            "milliseconds_per_answer": milliseconds(
                self.classify, [image[None] for image in data.x_test[:20]]
            ),
        }
        tell("ready", 1.0)
        return measured

    def report(self, data: Attributed, measured: Measured) -> "Page":
        """Return the page on what was measured."""
        from lookalike.systems.attributes.report import attributes_report

        return attributes_report(self, measured)

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write the system as a generation, complete or not at all.

        The training images are so few that what is learned from them is learned again
        when the generation is read.
        """
        arrays = {"images": self.images_, "labels": self.labels_}
        return generation.save(folder, self.name, arrays, self.about_)

    @classmethod
    def load(
        cls, folder: str | os.PathLike[str] | Generation, n_jobs: int | None = None
    ) -> Self:
        """Read a generation: every file checked, none of its code run."""
        found = read_generation(folder, cls.name)
        try:
            system = cls(**found.about["configuration"], n_jobs=n_jobs)
            images = check_images(found.arrays["images"])
            system._learn(images, check_labels(found.arrays["labels"], len(images)))
            system.about_ = about_of(found)
        except (KeyError, TypeError, ValueError) as error:
            raise damaged(found, cls.name, error) from None
        return system

    def card(self) -> Card:
        """Tell the system in nine steps, with the numbers that were measured."""
        return attributes_card(self.about_, self.classes_)

    def draw(self, labels: Array, seed: int) -> Array:
        """Rows of the training images of one draw."""
        rng = np.random.default_rng(seed)
        rows = []
        for label in np.unique(labels):
            n = self.n_rare if label == self.rare else self.n_common
            rows.append(rng.permutation(np.flatnonzero(labels == label))[:n])
        return np.concatenate(rows)

    def _learn(self, images: Array, labels: Array) -> None:
        self.images_, self.labels_ = images, labels
        X = features(images)
        self._composed = composed(labels).fit(X, labels)
        self._flat = flat().fit(X, labels)
        self.classes_ = self._composed.classes_

    def _check(self, labels: Array) -> None:
        for name in ("n_common", "n_rare", "n_draws"):
            value = getattr(self, name)
            if not isinstance(value, Integral) or value < 1:
                raise ValueError(f"{name} must be a positive integer, got {value!r}.")
        names, counts = np.unique(labels, return_counts=True)
        if self.rare not in names:
            raise ValueError(
                f"rare must be one of {'; '.join(names)}, got {self.rare!r}."
            )
        if counts.min() < max(self.n_common, self.n_rare):
            raise ValueError(
                f"At least {max(self.n_common, self.n_rare)} images of each "
                f"combination are needed, got {counts.min()} of "
                f"{names[counts.argmin()]}."
            )


def features(images: Array) -> Floats:
    """Means of blocks of 4 by 4 pixels, in [0, 1]; nothing is learned."""
    n, height, width = images.shape
    rows, columns = height // BLOCK, width // BLOCK
    whole = images[:, : rows * BLOCK, : columns * BLOCK] / 255.0
    blocks = whole.reshape(n, rows, BLOCK, columns, BLOCK)
    means: Floats = blocks.mean(axis=(2, 4)).reshape(n, -1)
    return means


def composed(labels: Array) -> AttributeComposedClassifier:
    """Return a classifier of each attribute, put together into the classes."""
    attributes = {label: label.split(", ") for label in np.unique(labels).tolist()}
    return AttributeComposedClassifier(flat(), attributes)


def flat() -> LogisticRegression:
    """Return a logistic regression that knows nothing of attributes.

    The penalty is light: chosen for both classifiers on training images.
    """
    return LogisticRegression(C=100.0, max_iter=200)
