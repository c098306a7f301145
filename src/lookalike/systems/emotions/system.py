"""Emotions: say what a face shows, how sure the answer is, and in which photographs.

A photograph is searched for faces; each face, 48 by 48 grey, gets scores from a model
(gradient histograms and a support vector machine, or a convolutional network), and the
scores become probabilities that were fitted on images the model had not seen.
"""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy.special import softmax
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
    choose,
    damaged,
    image_files,
    measured_facts,
    milliseconds,
    nobody,
    read_generation,
    read_images,
)
from lookalike.datasets import Expressions, load_fer2013, load_happy_and_fear
from lookalike.evaluate import (
    Estimate,
    accuracy,
    bootstrap,
    expected_calibration_error,
    f1,
    paired_test,
    precision,
    recall,
)
from lookalike.features.face_detection import Box, cut_face, find_faces
from lookalike.learn import LogisticRegression
from lookalike.systems.digits.system import check_images, check_labels
from lookalike.systems.emotions.baseline import VARIANTS, SourceModel
from lookalike.systems.emotions.card import emotions_card
from lookalike.systems.emotions.models import MODELS, Model, PixelModel

if TYPE_CHECKING:
    from lookalike.evaluate.report import Report as Page

MARGIN = 0.05
"""How much wider than the detector's box a face is cut, as a share of the box."""
HELD_OUT = 0.1
"""Share of the training part that makes a validation part where there is none."""


@dataclass(frozen=True)
class Labels:
    """Answers to a batch of faces."""

    labels: Array  # (n_faces,)
    probabilities: Floats  # (n_faces, n_classes), in the order of ``classes_``


class Emotions:
    """Recognise the emotion of a face, and the faces of a photograph.

    Parameters
    ----------
    model : {"histograms", "conv", "source"}, default="histograms"
        How a face becomes scores: gradient histograms and a support vector machine, a
        convolutional network (needs the ``deep`` extra), or the source experiments'
        logistic regression of pixels, for two emotions.
    max_iter : int or None, default=None
        Passes of "conv" (None is 18) or "source" (None is 5,000) over the training
        images.
    balance : float, default=0.0
        How much rare emotions are favoured: each probability is divided by the
        emotion's share of the training images to this power, in [0, 1].
    random_state : int, default=0
        The only source of chance.
    n_jobs : int or None, default=None
        Threads; None is one for the histograms and torch's own choice for the
        network, -1 is every processor.

    Attributes
    ----------
    classes_ : ndarray of str, shape (n_classes,)
        The emotions, in the order of the probabilities.
    shares_ : ndarray of shape (n_classes,)
        Share of each among the training images.
    about_ : dict
        Data and measured numbers, as in ``system.json``.

    Examples
    --------
    >>> import numpy as np
    >>> from lookalike.datasets import Expressions
    >>> rng = np.random.default_rng(0)
    >>> faces = rng.integers(0, 60, (120, 48, 48)).astype(np.uint8)
    >>> faces[::2, 30:34, 8:40] = 255  # half of them with a straight mouth
    >>> y = np.arange(120) % 2
    >>> data = Expressions(
    ...     "toy", "", ("calm", "cross"), faces, y, faces[:0], y[:0], faces, y
    ... )
    >>> Emotions().fit(data).classify(faces[:2]).labels
    array(['calm', 'cross'], dtype='<U5')
    """

    name = "emotions"

    classes_: Array
    shares_: Floats
    about_: dict[str, Any]

    _model: Model
    _shape: tuple[int, int]
    _slopes: Floats  # (n_classes, n_scores): from scores to logarithms of probabilities
    _offsets: Floats  # (n_classes,)

    def __init__(
        self,
        model: str = "histograms",
        max_iter: int | None = None,
        balance: float = 0.0,
        random_state: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.model = model
        self.max_iter = max_iter
        self.balance = balance
        self.random_state = random_state
        self.n_jobs = n_jobs

    @classmethod
    def find_data(cls, choice: str | None, warn: Callable[[str], None]) -> Expressions:
        """Return FER-2013 in all seven emotions, or its happy and fearful faces."""
        loaders = {"fer2013": load_fer2013, "happy_and_fear": load_happy_and_fear}
        return choose(choice, loaders, "emotions")

    def fit(self, data: Expressions, report: Tell | None = None) -> Self:
        """Learn the model from the training part, the probabilities from another.

        Raises
        ------
        ValueError
            If the options, images or labels are not such that can be learned from.
        """
        tell = report or nobody
        x, y = check_images(data.x_train), check_labels(data.y_train, len(data.x_train))
        self._check(data, y)
        held_x, held_y = x[:0], y[:0]
        if self.model != "source":  # its scores are logarithms of odds already
            x, y, held_x, held_y = self._parts(data, x, y)
        kind = MODELS[self.model]
        model = kind() if self.max_iter is None else kind(self.max_iter)
        started = time.perf_counter()
        model.fit(
            x,
            y,
            random_state=self.random_state,
            n_jobs=self.n_jobs,
            report=lambda share: tell("learning faces", 0.9 * share),
        )
        seconds = round(time.perf_counter() - started, 1)
        tell("learning probabilities", 0.95)
        slopes, offsets = np.ones((1, 1)), np.zeros(1)
        if len(held_x):
            calibration = LogisticRegression(C=1.0, max_iter=500)
            calibration.fit(model.scores(held_x), held_y)
            slopes, offsets = calibration.coef_, calibration.intercept_
        if len(slopes) == 1:  # two classes share one row
            slopes, offsets = np.vstack([0 * slopes, slopes]), np.append(0.0, offsets)
        shares = np.bincount(y, minlength=len(data.classes)) / len(y)
        classes = np.array(data.classes)
        self._know(model, x.shape[1:], classes, shares, slopes, offsets)
        self.about_ = {
            "configuration": {
                "model": self.model,
                "max_iter": self.max_iter,
                "balance": self.balance,
                "random_state": self.random_state,
            },
            "data": {"name": data.name, "checksum": data.checksum},
            "facts": {
                "n_train": len(y),
                "n_held_out": len(held_y),
                "seconds_to_learn": seconds,
                **model.facts,
            },
            "metrics": {},
            "comparisons": {},
        }
        tell("ready", 1.0)
        return self

    def classify(self, images: Array) -> Labels:
        """Say what each face shows; images are (n_faces, height, width)."""
        if not hasattr(self, "_model"):
            raise NotFittedError("Emotions must be fitted or loaded before it answers.")
        checked = check_images(images, self._shape)
        shares = self._probabilities(self._model.scores(checked), self.balance)
        return Labels(self.classes_[shares.argmax(axis=1)], shares)

    @staticmethod
    def read(inputs: Sequence[str | os.PathLike[str]]) -> tuple[list[str], list[Array]]:
        """Return the image files that were named, and their grey pictures."""
        files = image_files(inputs)
        return list(map(str, files)), read_images(files)

    def faces(self, photograph: Array) -> list[tuple[Box, Array]]:
        """Find the faces of a photograph, each cut out as the model knows faces.

        A picture of exactly the model's size, or smaller than twice that, is taken for
        a face itself.
        """
        height, width = self._shape
        if max(photograph.shape) < 2 * max(self._shape):
            box = Box(0, 0, *photograph.shape)
            return [(box, cut_face(photograph, box, self._shape, 0.0))]
        return [
            (box, cut_face(photograph, box, (height, width), MARGIN))
            for box in find_faces(photograph)
        ]

    def answer(self, names: Sequence[str], queries: Sequence[Array]) -> list[Answer]:
        """Say what each face of each photograph shows.

        A photograph without a face has one answer without a label; ValueError if none
        of them has a face.
        """
        answers: list[Answer] = []
        for name, photograph in zip(names, queries, strict=True):
            answers += self._answers(name, photograph)
        if all(each["label"] is None for each in answers):
            raise ValueError(f"{names[0]}: no face was found on the picture.")
        return answers

    def explain(self, name: str, query: Array) -> Explanation:
        """Cover parts of the largest face, and see how the probability changes."""
        from lookalike.systems.emotions.report import one_face

        found = self.faces(query)
        if not found:
            raise ValueError(f"{name}: no face was found on the picture.")
        answer = self._answers(name, query)[0]
        face = found[0][1]
        drop = self.drops(face)
        rows, columns = (
            np.array(part)
            for part in (("brow", "eyes", "nose", "mouth"), ("left", "middle", "right"))
        )
        order = np.argsort(-drop, axis=None)[:4]
        places = zip(*np.unravel_index(order, drop.shape), strict=True)
        reasons = tuple(
            f"covering row {row + 1} of {len(drop)} (about the "
            f"{rows[row * len(rows) // len(drop)]}), "
            f"{columns[column * 3 // drop.shape[1]]}: the probability changes by "
            f"{-drop[row, column]:+.2f}"
            for row, column in places
        )
        return Explanation(answer, reasons, one_face(face, drop, answer))

    def drops(self, face: Array, side: int = 12, step: int = 6) -> Floats:
        """How far the answer's probability falls when each square is covered.

        Squares of ``side`` pixels, ``step`` apart, are painted in the face's mean grey.
        """
        whole = self.classify(face[None]).probabilities[0]
        best = int(whole.argmax())
        covered = []
        tops, lefts = (range(0, n - side + 1, step) for n in face.shape)
        for top in tops:
            for left in lefts:
                copy = face.copy()
                copy[top : top + side, left : left + side] = round(float(face.mean()))
                covered.append(copy)
        shares = self.classify(np.stack(covered)).probabilities[:, best]
        drop: Floats = whole[best] - shares.reshape(len(tops), len(lefts))
        return drop

    def evaluate(self, data: Expressions, report: Tell | None = None) -> Measured:
        """Measure on the test part, beside logistic regression on the pixels.

        Every number carries a 95% bootstrap interval; the comparison is paired, face
        by face. The effect of favouring rare emotions is measured beside.
        """
        tell = report or nobody
        images = check_images(data.x_test, self._shape)
        truth = check_labels(data.y_test, len(images))
        tell("answering the test faces", 0.05)
        scores = self._model.scores(images)
        shares = self._probabilities(scores, self.balance)
        predicted = shares.argmax(axis=1)
        other = self._probabilities(scores, 1.0 - round(self.balance)).argmax(axis=1)
        tell("learning from raw pixels", 0.4)
        train = check_labels(data.y_train, len(data.x_train))
        plain = PixelModel().fit(data.x_train, train, n_jobs=self.n_jobs)
        raw = plain.predict(images)
        tell("drawing intervals", 0.8)
        macro = partial(f1, average="macro")
        name = "unfavoured" if round(self.balance) else "with_rare_ones_favoured"
        confidence, right = shares.max(axis=1), predicted == truth
        metrics = {
            "accuracy": bootstrap(accuracy, truth, predicted),
            "macro_f1": bootstrap(macro, truth, predicted),
            "calibration_error": bootstrap(
                expected_calibration_error, confidence, right, n_resamples=300
            ),
            f"accuracy_{name}": bootstrap(accuracy, truth, other),
            f"macro_f1_{name}": bootstrap(macro, truth, other),
            "accuracy_of_pixels": bootstrap(accuracy, truth, raw),
        }
        if isinstance(self._model, SourceModel):
            metrics |= source_metrics(truth, self._model.variants(images) > 0)
        measured = Measured(
            f"{len(truth):,} test faces",
            metrics,
            {"logistic regression on pixels": paired_test(right, raw == truth)},
            {
                "truth": truth,
                "predicted": predicted,
                "confidence": confidence,
                "images": images,
            },
        )
        self.about_ |= measured_facts(measured)
        self.about_["facts"] |= {
            "n_test": len(truth),
            "milliseconds_per_answer": milliseconds(
                self.classify, [image[None] for image in images[:20]]
            ),
        }
        tell("ready", 1.0)
        return measured

    def report(self, data: Expressions, measured: Measured) -> "Page":
        """Return the page on what was measured."""
        from lookalike.systems.emotions.report import emotions_report

        return emotions_report(self, measured)

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write the system as a generation, complete or not at all."""
        own = {
            "emotions": self.classes_,
            "shares": self.shares_,
            "shape": np.array(self._shape),
            "slopes": self._slopes,
            "offsets": self._offsets,
        }
        model = {_file(key): array for key, array in self._model.arrays().items()}
        return generation.save(folder, self.name, {**own, **model}, self.about_)

    @classmethod
    def load(
        cls, folder: str | os.PathLike[str] | Generation, n_jobs: int | None = None
    ) -> Self:
        """Read a generation: every file checked, none of its code run."""
        found = read_generation(folder, cls.name)
        arrays = dict(found.arrays)
        try:
            system = cls(**found.about["configuration"], n_jobs=n_jobs)
            keys = ("shape", "emotions", "shares", "slopes", "offsets")
            shape, *own = (arrays.pop(key) for key in keys)
            height, width = shape.tolist()
            named = {_key(file): array for file, array in arrays.items()}
            model = MODELS[system.model].from_arrays(named)
            system._know(model, (height, width), *own)
            about = ("configuration", "data", "facts", "metrics", "comparisons")
            system.about_ = {key: found.about[key] for key in about}
        except (KeyError, TypeError, ValueError) as error:
            raise damaged(found, cls.name, error) from None
        return system

    def card(self) -> Card:
        """Tell the system in nine steps, with the numbers that were measured."""
        return emotions_card(self.about_, self.classes_, self.shares_)

    def _answers(self, name: str, photograph: Array) -> list[Answer]:
        found = self.faces(photograph)
        if not found:
            return [{"image": name, "face": None, "label": None, "probability": None}]
        answers = self.classify(np.stack([face for _, face in found]))
        classes = self.classes_.tolist()
        return [
            {
                "image": name,
                "face": "{} {} {} {}".format(*box.sides),
                "label": label,
                "probability": max(shares),
                "probabilities": dict(zip(classes, shares, strict=True)),
            }
            for (box, _), label, shares in zip(
                found,
                answers.labels.tolist(),
                answers.probabilities.tolist(),
                strict=True,
            )
        ]

    def _know(
        self,
        model: Model,
        shape: tuple[int, int],
        classes: Array,
        shares: Floats,
        slopes: Floats,
        offsets: Floats,
    ) -> None:
        if not len(classes) == len(shares) == len(slopes) == len(offsets):
            raise ValueError("its emotions and probabilities do not fit.")
        self._model, self._shape = model, (int(shape[0]), int(shape[1]))
        self.classes_, self.shares_ = classes, shares
        self._slopes, self._offsets = slopes, offsets
        self._probabilities(model.scores(np.zeros((1, *self._shape), np.uint8)), 0.0)

    def _probabilities(self, scores: Floats, balance: float) -> Floats:
        logarithms = scores @ self._slopes.T + self._offsets
        favoured = balance * np.log(np.maximum(self.shares_, 1e-12))
        shares: Floats = softmax(logarithms - favoured, axis=1)
        return shares

    def _parts(
        self, data: Expressions, x: Array, y: Array
    ) -> tuple[Array, Array, Array, Array]:
        """Images to learn from and to hold out, with their labels."""
        if len(data.x_validation):
            held = check_images(data.x_validation, x.shape[1:])
            return x, y, held, check_labels(data.y_validation, len(held))
        rng = np.random.default_rng(self.random_state)
        held_out = np.zeros(len(y), dtype=bool)
        for label in np.unique(y):
            rows = rng.permutation(np.flatnonzero(y == label))
            held_out[rows[: max(1, round(HELD_OUT * len(rows)))]] = True
        return x[~held_out], y[~held_out], x[held_out], y[held_out]

    def _check(self, data: Expressions, labels: Array) -> None:
        if self.model not in MODELS:
            raise ValueError(
                f"model must be one of {', '.join(MODELS)}, got {self.model!r}."
            )
        if not 0 <= self.balance <= 1:
            raise ValueError(f"balance must lie in [0, 1], got {self.balance!r}.")
        if self.max_iter is not None and (
            not isinstance(self.max_iter, Integral) or self.max_iter < 1
        ):
            raise ValueError(
                f"max_iter must be a positive integer or None, got {self.max_iter!r}."
            )
        counts = np.bincount(labels, minlength=len(data.classes))
        if len(data.classes) < 2 or len(counts) > len(data.classes):
            raise ValueError(
                f"Labels must be positions among {len(data.classes)} emotions, of "
                "which there must be two."
            )
        if counts.min() < 2:
            rare = data.classes[int(counts.argmin())]
            raise ValueError(
                f"At least two faces of each emotion are needed, got {counts.min()} of "
                f"{rare}."
            )


def source_metrics(truth: Array, answers: Array) -> dict[str, Estimate]:
    """Return the numbers that the source gives, for each variant of its recipe.

    truth : 0 (fear) or 1 (happy); answers : bool (n, n_variants)

    Precision, recall and F1 are those of fear, the rarer of the two.
    """
    found = {}
    for name, column in zip(VARIANTS, answers.T, strict=True):
        given = column.astype(np.int64)
        key = name.replace(" ", "_")
        found[f"accuracy_of_{key}"] = bootstrap(accuracy, truth, given)
        for metric in (precision, recall, f1):
            of_fear = partial(metric, pos_label=0)
            found[f"{metric.__name__}_of_{key}"] = bootstrap(of_fear, truth, given)
    return found


def _file(key: str) -> str:
    """Name of a network's weight as that of a file."""
    return "model__" + key.replace(".", "__")


def _key(file: str) -> str:
    return file.removeprefix("model__").replace("__", ".")
