"""Emotions: say what a face shows, how sure the answer is, and in which photographs.

A photograph is searched for faces; each face, 48 by 48 grey, gets scores from a model
(gradient histograms and a support vector machine, or a convolutional network), and the
scores become probabilities that were fitted on images the model had not seen.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy.special import softmax

from lookalike._arrays import named, prefixed
from lookalike._checks import check_whole
from lookalike._typing import Array, Floats
from lookalike.core.base import BaseSystem
from lookalike.core.contracts import Answer, ClassificationResult, Explanation
from lookalike.core.inputs import check_image, check_images, check_labels
from lookalike.core.manifest import Manifest
from lookalike.core.progress import ProgressCallback, no_progress, share_of
from lookalike.datasets import Expressions
from lookalike.features.blank import blank_rows
from lookalike.features.face_detection import Box, faces_on
from lookalike.learn import LogisticRegression, row_for_each_class
from lookalike.systems.emotions.data import MARGIN
from lookalike.systems.emotions.explanation import page_of_face
from lookalike.systems.emotions.models import MODELS, Model
from lookalike.systems.emotions.splits import parts_of

MODEL_PREFIX = "model__"
"""Begins the names of the model's arrays in a generation."""


@dataclass(frozen=True)
class EmotionAnswer(Answer):
    """What one face of a photograph shows; None where the photograph has no face."""

    face: str | None
    """Top, left, height and width in pixels of the photograph."""
    label: str | None
    probability: float | None
    probabilities: dict[str, float]
    """Of every emotion; empty where there is no face."""


class Emotions(BaseSystem):
    """Recognise the emotion of a face, and the faces of a photograph.

    Parameters
    ----------
    model : {"histograms", "conv", "source"}, default="histograms"
        How a face becomes scores: gradient histograms and a support vector machine, a
        convolutional network (needs the ``deep`` extra), or the source experiments'
        logistic regression of pixels, for two emotions.
    max_iter : int or None, default=None
        Passes of "conv" (None is 18) or "source" (None is 5,000) over the training
        images; "histograms" refuses it.
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
    model_ : Model
        What turns faces into scores.
    manifest_ : Manifest
        Data and, once loaded, the measured numbers.

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
    model_: Model

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

    def fit(
        self, data: Expressions, on_progress: ProgressCallback = no_progress
    ) -> Self:
        """Learn the model from the training part, the probabilities from another.

        Raises
        ------
        ValueError
            If the options, images or labels are not such that can be learned from.
        """
        x, y = check_images(data.x_train), check_labels(data.y_train, len(data.x_train))
        self._check(data, y)
        held_x, held_y = x[:0], y[:0]
        if self.model != "source":  # its scores are logarithms of odds already
            x, y, held_x, held_y = parts_of(data, x, y, self.random_state)
        kind = MODELS[self.model]
        model = kind() if self.max_iter is None else kind(self.max_iter)
        started = time.perf_counter()
        model.fit(
            x,
            y,
            random_state=self.random_state,
            n_jobs=self.n_jobs,
            on_progress=share_of(on_progress, "learning faces", 0.0, 0.9),
        )
        seconds = round(time.perf_counter() - started, 1)
        on_progress("learning probabilities", 0.95)
        slopes, offsets = np.ones((1, 1)), np.zeros(1)
        if len(held_x):
            calibration = LogisticRegression(C=1.0, max_iter=500)
            calibration.fit(model.scores(held_x), held_y)
            slopes, offsets = calibration.coef_, calibration.intercept_
        slopes, offsets = row_for_each_class(slopes, offsets)
        shares = np.bincount(y, minlength=len(data.classes)) / len(y)
        classes = np.array(data.classes)
        self._take_up(model, x.shape[1:], classes, shares, slopes, offsets)
        facts = {
            "n_train": len(y),
            "n_held_out": len(held_y),
            "seconds_to_learn": seconds,
            **model.facts,
        }
        self.manifest_: Manifest = self.new_manifest(data, facts)
        on_progress("ready", 1.0)
        return self

    # --- answers ----------------------------------------------------------------------

    def classify(self, images: Array) -> ClassificationResult:
        """Say what each face shows; images are (n_faces, height, width).

        Of a blank picture each emotion is as likely.
        """
        shares = self.probabilities(self.scores(images))
        shares[blank_rows(images)] = 1 / len(self.classes_)
        return ClassificationResult(self.classes_[shares.argmax(axis=1)], shares)

    def classify_each(self, queries: Sequence[Array]) -> list[list[Answer]]:
        """Say what each face of each photograph shows, the largest face first.

        A photograph without a face has one answer without a label.
        """
        return [[*self._answers(self.faces(photograph))] for photograph in queries]

    def explain(self, query: Array) -> Explanation:
        """Cover parts of the largest face, and see how the probability changes.

        Raises
        ------
        ValueError
            If there is no face on the photograph.
        """
        found = self.faces(query)
        if not found:
            raise ValueError("no face was found on the picture.")
        answer = self._answers(found)[0].record()
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
        page = page_of_face(face, drop, answer["label"], answer["probability"])
        return Explanation(answer, reasons, page)

    def check_query(self, query: Array) -> Array:
        """Return a grey photograph of bytes, or refuse it."""
        return check_image(query)

    # --- parts of an answer -----------------------------------------------------------

    def faces(self, photograph: Array) -> list[tuple[Box, Array]]:
        """Find the faces of a photograph, each cut out as the model knows faces.

        A picture smaller than twice the model's size is taken for a face itself.
        """
        self.check_fitted()
        return faces_on(photograph, self._shape, MARGIN)

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

    def scores(self, images: Array) -> Floats:
        """Return the model's scores of faces, (n_faces, n_scores)."""
        self.check_fitted()
        return self.model_.scores(check_images(images, self._shape))

    def probabilities(self, scores: Floats, balance: float | None = None) -> Floats:
        """Map scores to probabilities, (n_faces, n_classes).

        ``balance`` says how much rare emotions are favoured; None is as the system
        does.
        """
        logarithms = scores @ self._slopes.T + self._offsets
        balance = self.balance if balance is None else balance
        favoured = balance * np.log(np.maximum(self.shares_, 1e-12))
        shares: Floats = softmax(logarithms - favoured, axis=1)
        return shares

    # --- saving -----------------------------------------------------------------------

    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Return the model, and how its scores become probabilities of emotions."""
        own = {
            "emotions": self.classes_,
            "shares": self.shares_,
            "shape": np.array(self._shape),
            "slopes": self._slopes,
            "offsets": self._offsets,
        }
        return {**own, **prefixed(MODEL_PREFIX, self.model_.arrays())}, {}

    def restore(self, arrays: Mapping[str, Array], document: Mapping[str, Any]) -> None:
        """Take up what ``state`` returned."""
        keys = ("emotions", "shares", "slopes", "offsets")
        height, width = arrays["shape"].tolist()
        model = MODELS[self.model].from_arrays(named(MODEL_PREFIX, arrays))
        self._take_up(model, (height, width), *(arrays[key] for key in keys))

    # --- inside -----------------------------------------------------------------------

    def _answers(self, faces: Sequence[tuple[Box, Array]]) -> list[EmotionAnswer]:
        if not faces:
            return [EmotionAnswer(None, None, None, {})]
        boxes, cut = zip(*faces, strict=True)
        found = self.classify(np.stack(cut)).by_query(self.classes_)
        return [
            EmotionAnswer(" ".join(map(str, box.sides)), *each)
            for box, each in zip(boxes, found, strict=True)
        ]

    def _take_up(
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
        self.model_, self._shape = model, (int(shape[0]), int(shape[1]))
        self.classes_, self.shares_ = classes, shares
        self._slopes, self._offsets = slopes, offsets
        self.probabilities(model.scores(np.zeros((1, *self._shape), np.uint8)))

    def _check(self, data: Expressions, labels: Array) -> None:
        if self.model not in MODELS:
            raise ValueError(
                f"model must be one of {', '.join(MODELS)}, got {self.model!r}."
            )
        if not 0 <= self.balance <= 1:
            raise ValueError(f"balance must lie in [0, 1], got {self.balance!r}.")
        if self.max_iter is not None:
            check_whole("max_iter", self.max_iter)
            if self.model == "histograms":
                raise ValueError(
                    "max_iter is an option of the models conv and source, got "
                    f"max_iter={self.max_iter!r} for 'histograms'."
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
