"""Textures: say what a surface is, however it lies and however it is lit.

Replace grey levels by their ranks, smooth a little, count local binary patterns that
do not tell rotations apart at three scales, and part the histograms linearly.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy.ndimage import gaussian_filter, rotate
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
from lookalike.datasets import Pictures, load_textures, pictures_of
from lookalike.evaluate import Estimate, bootstrap, paired_test
from lookalike.features import LocalBinaryPattern
from lookalike.learn import LinearDiscriminantAnalysis
from lookalike.systems.textures.card import textures_card

if TYPE_CHECKING:
    from lookalike.evaluate.report import Report as Page

SCALES = ((8, 1.0), (16, 2.0), (24, 3.0))
"""Points and radius of the patterns, chosen on the training halves alone."""
ANGLES = range(0, 360, 15)
"""Degrees by which test patches are turned."""
GREYS: dict[str, Callable[[Floats], Floats]] = {
    "gamma 0.5": lambda x: 255 * (x / 255) ** 0.5,
    "gamma 2": lambda x: 255 * (x / 255) ** 2,
    "contrast halved": lambda x: 64 + x / 2,
    "darker": lambda x: x / 3,
}
"""Increasing functions of the grey level by which test patches are changed."""


@dataclass(frozen=True)
class Labels:
    """Answers to a batch of patches."""

    labels: Array  # (n_patches,)
    probabilities: Floats  # (n_patches, n_classes), in the order of ``classes_``


class Textures:
    """Recognise the texture of a grey picture, turned or lit in any way.

    Parameters
    ----------
    side : int, default=64
        Height and width in pixels of the patches that are told apart, at least 16.
    smoothing : float, default=1.0
        Deviation in pixels of the Gaussian that is laid over the ranks. Without it
        the points between pixels, which are interpolated, are smoother than those on
        pixels, and a turned picture has other patterns.
    random_state : int, default=0
        Nothing here is left to chance; kept so that all systems take a seed.
    n_jobs : int or None, default=None
        Threads of the patterns; None is one, -1 is every processor.

    Attributes
    ----------
    classes_ : ndarray of str, shape (n_classes,)
        The textures, in the order of the training pictures.
    histograms_ : ndarray of shape (n_classes, n_features)
        Mean description of each texture.
    about_ : dict
        Data and measured numbers, as in ``system.json``.

    Examples
    --------
    >>> from lookalike.datasets import load_textures
    >>> pictures = load_textures()
    >>> system = Textures().fit(pictures)
    >>> print(*system.classify([p[-64:, -64:].T for p in pictures.pictures]).labels)
    brick grass gravel
    """

    name = "textures"

    classes_: Array
    histograms_: Floats
    about_: dict[str, Any]

    _weights: Floats  # (n_classes, n_features)
    _offsets: Floats  # (n_classes,)

    def __init__(
        self,
        side: int = 64,
        smoothing: float = 1.0,
        random_state: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.side = side
        self.smoothing = smoothing
        self.random_state = random_state
        self.n_jobs = n_jobs

    @classmethod
    def find_data(cls, choice: str | None, warn: Callable[[str], None]) -> Pictures:
        """Return the three textures, or the pictures in the folder that was named."""
        if choice is not None and Path(choice).is_dir():
            files = image_files([choice])
            labels = [file.stem for file in files]
            return pictures_of(Path(choice).name, labels, read_images(files))
        return choose(choice, {"textures": load_textures}, "textures, or a folder,")

    def fit(self, data: Pictures, report: Tell | None = None) -> Self:
        """Learn from upright patches of the left half of each picture.

        Raises
        ------
        ValueError
            If there is only one texture, or a picture is too small to be halved.
        """
        tell = report or nobody
        self._check(data)
        tell("describing patches", 0.1)
        patches, y = self._training(data)
        X = self.describe(patches)
        tell("learning", 0.8)
        model = linear().fit(X, y)
        weights, offsets = _for_all(model.coef_, model.intercept_)
        means = np.stack([X[y == k].mean(axis=0) for k in range(len(data.labels))])
        self._know(np.array(data.labels), means, weights, offsets)
        self.about_ = {
            "configuration": {"side": self.side, "smoothing": self.smoothing},
            "data": {"name": data.name, "checksum": data.checksum},
            "facts": {"n_train": len(y), "n_features": X.shape[1]},
            "metrics": {},
            "comparisons": {},
        }
        tell("ready", 1.0)
        return self

    def describe(self, patches: Sequence[Array] | Array) -> Floats:
        """Histograms of a batch of patches, (n_patches, n_features).

        The same to the bit for every increasing function of the grey levels.
        """
        flat = np.stack([smoothed_ranks(p, self.smoothing) for p in patches])
        return np.hstack(
            [pattern(*scale, self.n_jobs).fit_transform(flat) for scale in SCALES]
        )

    def classify(self, patches: Sequence[Array] | Array) -> Labels:
        """Say which texture each patch of ``side`` by ``side`` pixels is."""
        if not hasattr(self, "_weights"):
            raise NotFittedError("Textures must be fitted or loaded before it answers.")
        checked = [self._patch(patch) for patch in patches]
        # One at a time: a product of matrices rounds by how many rows there are.
        rows = [self._weights @ row for row in self.describe(checked)]
        scores = np.stack(rows) + self._offsets
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        shares = powers / powers.sum(axis=1, keepdims=True)
        return Labels(self.classes_[shares.argmax(axis=1)], shares)

    def map(self, picture: Array, step: int = 16) -> Floats:
        """Probabilities at a grid of places, (n_rows, n_columns, n_classes).

        Place (i, j) is the patch whose upper left pixel is (i * step, j * step).
        """
        picture = _grey(picture)
        if min(picture.shape) < self.side:
            raise ValueError(
                f"The picture must measure at least {self.side} by {self.side} "
                f"pixels, got {picture.shape[0]} by {picture.shape[1]}."
            )
        rows, columns = (n - self.side for n in picture.shape)
        patches = cut(picture, self.side, step)
        shares = self.classify(patches).probabilities
        return shares.reshape(rows // step + 1, columns // step + 1, -1)

    @staticmethod
    def read(inputs: Sequence[str | os.PathLike[str]]) -> tuple[list[str], list[Array]]:
        """Return the image files that were named, and their grey pictures."""
        files = image_files(inputs)
        return list(map(str, files)), read_images(files)

    def answer(self, names: Sequence[str], queries: Sequence[Array]) -> list[Answer]:
        """Say what each picture is on the whole, and which share is what."""
        return [self._answer(*each) for each in zip(names, queries, strict=True)]

    def explain(self, name: str, query: Array) -> Explanation:
        """Map the picture, and compare its patterns with each texture's."""
        from lookalike.systems.textures.report import one_picture

        answer = self._answer(name, query)
        mean = self.describe(cut(_grey(query), self.side, self.side)).mean(axis=0)
        far = 0.5 * np.abs(mean - self.histograms_).sum(axis=1) / len(SCALES)
        reasons = [
            f"{share:.0%} of the patches are {label}; of its patterns "
            f"{distance:.1%} would have to change to be those of {label}"
            for label, share, distance in zip(
                self.classes_, answer["shares"].values(), far, strict=True
            )
        ]
        order = np.argsort(far, kind="stable")
        page = one_picture(self, query)
        return Explanation(answer, tuple(reasons[k] for k in order), page)

    def evaluate(self, data: Pictures, report: Tell | None = None) -> Measured:
        """Measure on the right halves: turned by every 15 degrees, and lit otherwise.

        The unit of chance is the patch: its share of right answers over all turns is
        one outcome. Plainer descriptions are learned from the same patches.
        """
        tell = report or nobody
        tell("turning the test patches", 0.05)
        upright, truth = self._testing(data, 0)
        turned = [self._testing(data, angle)[0] for angle in ANGLES]
        tell("answering", 0.2)
        right = np.stack(
            [self.classify(p).labels == self.classes_[truth] for p in turned], axis=1
        )
        grey = {
            name: self._right_when(turned[1::6], change, truth)
            for name, change in GREYS.items()
        }
        tell("measuring plainer descriptions", 0.4)
        table = self._plainer(data, turned, truth)
        share = right.mean(axis=1)
        metrics = {
            "accuracy": bootstrap(np.mean, share),
            "accuracy_upright": bootstrap(np.mean, right[:, 0].astype(float)),
            "accuracy_in_other_light": bootstrap(
                np.mean, np.mean(list(grey.values()), axis=0)
            ),
            "codes_that_change_with_gamma": self._changed_codes(upright),
            **{name: bootstrap(np.mean, shares) for name, shares in table.items()},
        }
        comparisons = {
            name.replace("_", " "): paired_test(share, shares)
            for name, shares in table.items()
        }
        answers = self.classify(turned[3]).labels
        measured = Measured(
            f"{len(truth) * len(ANGLES):,} turned test patches",
            metrics,
            comparisons,
            {
                "by_angle": right.mean(axis=0),
                "plain_by_angle": self._plain_by_angle,
                "grey": {name: float(shares.mean()) for name, shares in grey.items()},
                "patches": turned[3],
                "truth": self.classes_[truth],
                "predicted": answers,
            },
        )
        self.about_ |= measured_facts(measured)
        self.about_["facts"] |= {
            "n_test": len(truth),
            "milliseconds_per_answer": milliseconds(
                self.classify, [patch[None] for patch in upright[:30]]
            ),
        }
        tell("ready", 1.0)
        return measured

    def report(self, data: Pictures, measured: Measured) -> "Page":
        """Return the page on what was measured."""
        from lookalike.systems.textures.report import textures_report

        return textures_report(self, data, measured)

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write the system as a generation, complete or not at all."""
        arrays = {
            "classes": self.classes_,
            "histograms": self.histograms_,
            "weights": self._weights,
            "offsets": self._offsets,
        }
        return generation.save(folder, self.name, arrays, self.about_)

    @classmethod
    def load(
        cls, folder: str | os.PathLike[str] | Generation, n_jobs: int | None = None
    ) -> Self:
        """Read a generation: every file checked, none of its code run."""
        found = read_generation(folder, cls.name)
        try:
            system = cls(**found.about["configuration"], n_jobs=n_jobs)
            names = ("classes", "histograms", "weights", "offsets")
            system._know(*(found.arrays[name] for name in names))
            system.about_ = about_of(found)
        except (KeyError, TypeError, ValueError) as error:
            raise damaged(found, cls.name, error) from None
        return system

    def card(self) -> Card:
        """Tell the system in nine steps, with the numbers that were measured."""
        return textures_card(self.about_, self.classes_)

    def _know(
        self, classes: Array, histograms: Floats, weights: Floats, offsets: Floats
    ) -> None:
        width = sum(P + 2 for P, _ in SCALES)
        fits = histograms.shape == weights.shape == (len(classes), width)
        if not fits or offsets.shape != classes.shape:
            raise ValueError("its classes, histograms and weights do not fit.")
        self.classes_, self.histograms_ = classes, histograms
        self._weights, self._offsets = weights, offsets

    def _check(self, data: Pictures) -> None:
        if not isinstance(self.side, int) or self.side < 16:
            raise ValueError(
                f"side must be a whole number of at least 16, got {self.side!r}."
            )
        if not 0 <= self.smoothing < 10:
            raise ValueError(f"smoothing must lie in [0, 10), got {self.smoothing!r}.")
        if len(set(data.labels)) < 2:
            raise ValueError(
                f"At least two textures are needed, got {', '.join(data.labels)}."
            )
        least = around(self.side)
        for label, picture in zip(data.labels, data.pictures, strict=True):
            if picture.shape[0] < least or picture.shape[1] < 2 * least:
                raise ValueError(
                    f"The picture of {label} must measure at least {least} by "
                    f"{2 * least} pixels, got {picture.shape[0]} by "
                    f"{picture.shape[1]}."
                )

    def _training(self, data: Pictures) -> tuple[Array, Array]:
        """Upright patches of the left halves, overlapping by three quarters."""
        halves = [picture[:, : picture.shape[1] // 2] for picture in data.pictures]
        patches = [cut(half, self.side, self.side // 4) for half in halves]
        return np.concatenate(patches), np.repeat(
            np.arange(len(patches)), [len(part) for part in patches]
        )

    def _testing(self, data: Pictures, angle: float) -> tuple[Array, Array]:
        """Turned patches of the right halves, next to each other."""
        halves = [picture[:, picture.shape[1] // 2 :] for picture in data.pictures]
        patches = [turned(half, self.side, angle) for half in halves]
        return np.concatenate(patches), np.repeat(
            np.arange(len(patches)), [len(part) for part in patches]
        )

    def _right_when(
        self, turned: list[Array], change: Callable[[Floats], Floats], truth: Array
    ) -> Floats:
        """Each patch's share of right answers, its grey levels changed to bytes."""
        expected = self.classes_[truth]
        right = [
            self.classify(np.rint(change(p.astype(float))).astype(np.uint8)).labels
            == expected
            for p in turned
        ]
        return np.mean(right, axis=0)

    def _plainer(
        self, data: Pictures, turned: list[Array], truth: Array
    ) -> dict[str, Floats]:
        """Each patch's share of right answers under other descriptions."""
        patches, y = self._training(data)
        kinds = [("plain_lbp_8_1", 8, 1.0, "circular")]
        kinds += [("uniform_lbp_8_1", 8, 1.0, "uniform")]
        kinds += [(f"riu2_{P}_{R:.0f}", P, R, "riu2") for P, R in SCALES]
        found = {}
        for name, P, R, method in kinds:
            lbp = LocalBinaryPattern(P, R, method, border="edge", n_jobs=self.n_jobs)
            model = linear().fit(lbp.fit_transform(patches), y)
            right = [model.predict(lbp.transform(p)) == truth for p in turned]
            found[name] = np.mean(right, axis=0)
            if name == "plain_lbp_8_1":
                self._plain_by_angle = np.mean(right, axis=1)
        return found

    def _changed_codes(self, patches: Array) -> Estimate:
        """Share of the patterns that differ after a gamma of 2.2, at any scale."""
        lit = 255 * (patches / 255) ** 2.2
        changed = []
        for P, R in SCALES:
            codes = [
                pattern(P, R, self.n_jobs).fit(flat).codes(flat)
                for flat in map(
                    partial(_flattened, smoothing=self.smoothing), (patches, lit)
                )
            ]
            changed.append((codes[0] != codes[1]).mean(axis=(1, 2)))
        return bootstrap(np.mean, np.mean(changed, axis=0))

    def _patch(self, patch: Array) -> Array:
        array = _grey(patch)
        if array.shape != (self.side, self.side):
            raise ValueError(
                f"A patch must measure {self.side} by {self.side} pixels, got "
                f"{array.shape[0]} by {array.shape[1]}."
            )
        return array

    def _answer(self, name: str, picture: Array) -> Answer:
        try:
            shares = self.map(picture)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
        mean = shares.mean(axis=(0, 1))
        most = np.bincount(shares.argmax(axis=2).ravel(), minlength=len(mean))
        labels = self.classes_.tolist()
        return {
            "image": name,
            "label": labels[int(mean.argmax())],
            "probability": float(mean.max()),
            "shares": dict(zip(labels, (most / most.sum()).tolist(), strict=True)),
        }


def linear() -> LinearDiscriminantAnalysis:
    """Linear discriminants, the covariance shrunk as Ledoit and Wolf do."""
    return LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")


def pattern(P: int, R: float, n_jobs: int | None) -> LocalBinaryPattern:
    """Patterns that are the same however the picture is turned."""
    return LocalBinaryPattern(P, R, "riu2", border="edge", n_jobs=n_jobs)


def smoothed_ranks(patch: Array, smoothing: float) -> Floats:
    """Grey levels by their order in the patch, 0, 1, 2, ..., then smoothed.

    Every increasing function of the grey levels has the same order.

    Examples
    --------
    >>> smoothed_ranks(np.array([[7, 250], [30, 7]]), 0)
    array([[0., 2.], [1., 0.]])
    """
    ranks = np.unique(patch, return_inverse=True)[1].reshape(patch.shape)
    flat = ranks.astype(np.float64)
    return gaussian_filter(flat, smoothing) if smoothing else flat


def cut(picture: Array, side: int, step: int) -> Array:
    """Square patches from left to right, then down, ``step`` pixels apart."""
    windows = np.lib.stride_tricks.sliding_window_view(picture, (side, side))
    return windows[::step, ::step].reshape(-1, side, side)


def around(side: int) -> int:
    """Side of the square within which a patch of this side can turn."""
    wide = int(np.ceil(side * np.sqrt(2))) + 2
    return wide + (wide - side) % 2


def turned(picture: Array, side: int, angle: float) -> Array:
    """Patches that lie side by side, each turned about its centre, in bytes."""
    wide = around(side)
    frame = (wide - side) // 2
    inside = slice(frame, frame + side)
    squares = cut(picture, wide, side).astype(np.float64)
    moved = rotate(squares, angle, axes=(2, 1), reshape=False, order=1)
    return np.clip(np.rint(moved[:, inside, inside]), 0, 255).astype(np.uint8)


def _flattened(patches: Array, smoothing: float) -> Floats:
    return np.stack([smoothed_ranks(patch, smoothing) for patch in patches])


def _grey(picture: Array) -> Array:
    array = np.asarray(picture)
    if array.ndim != 2 or array.size == 0 or array.dtype.kind not in "uif":
        raise ValueError(
            "A picture must be grey, of shape (height, width) and hold numbers; got "
            f"{array.dtype} of shape {array.shape}."
        )
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError("Grey levels must be finite, got NaN or infinity.")
    return array


def _for_all(weights: Floats, offsets: Floats) -> tuple[Floats, Floats]:
    """Two classes share one row, the second's less the first's: give each its own."""
    if len(weights) > 1:
        return weights, offsets
    return np.vstack([0 * weights, weights]), np.append(0.0, offsets)
