"""Textures: say what a surface is, however it lies and however it is lit.

Replace grey levels by their ranks, smooth a little, count local binary patterns that
do not tell rotations apart at three scales, and part the histograms linearly.
"""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy.special import softmax

from lookalike._arrays import product_by_row
from lookalike._checks import check_whole
from lookalike._typing import Array, Floats, Ints
from lookalike.core.base import BaseSystem
from lookalike.core.contracts import Answer, ClassificationResult, Explanation
from lookalike.core.manifest import Manifest
from lookalike.core.progress import ProgressCallback, no_progress
from lookalike.datasets import Pictures
from lookalike.features.blank import is_blank
from lookalike.learn import LinearDiscriminantAnalysis, row_for_each_class
from lookalike.systems.textures.explanation import page_of_map
from lookalike.systems.textures.features import SCALES, histograms_of
from lookalike.systems.textures.patches import (
    LEAST_SIDE,
    around,
    cut,
    side_that_fits,
    training_patches,
    whole_patches,
)

STEP = 16
"""Pixels between the patches of a map."""
LEAST_SPREAD = 2.0
"""Grey levels of a patch of whole numbers that is not blank: a texture may be faint."""
ROUNDING = 1e-6
"""Share of the largest number that a blank patch of other numbers may vary by."""


@dataclass(frozen=True)
class TextureAnswer(Answer):
    """What a picture is on the whole, and which share of its patches is what."""

    label: str
    probability: float
    shares: dict[str, float]


class Textures(BaseSystem):
    """Recognise the texture of a grey picture, turned or lit in any way.

    Parameters
    ----------
    side : int, default=64
        Height and width in pixels of the patches that are told apart, at least 16; of
        small pictures that are tested whole, less.
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
    side_ : int
        Height and width of the patches.
    manifest_ : Manifest
        Data and, once loaded, the measured numbers.

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
    side_: int

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

    def fit(self, data: Pictures, on_progress: ProgressCallback = no_progress) -> Self:
        """Learn from upright patches of each left half, or of the training pictures.

        Raises
        ------
        ValueError
            If there is only one texture, or a picture is too small to be halved.
        """
        self._check_options()
        self.side_ = side_that_fits(data, self.side)
        self._check(data)
        on_progress("describing patches", 0.1)
        patches, y = training_patches(data, self.side_)
        self._learn(patches, y, data.classes)
        facts = {"n_train": len(y), "n_features": self.histograms_.shape[1]}
        self.manifest_: Manifest = self.new_manifest(data, facts)
        on_progress("ready", 1.0)
        return self

    def refit(
        self, data: Pictures, on_progress: ProgressCallback = no_progress
    ) -> Self:
        """Return the system that answers: it has learned from all there is."""
        self.check_fitted()
        on_progress("learning from all there is", 0.1)
        system = copy(self)
        system._learn(*whole_patches(data, self.side_), data.classes)
        system.mark_refitted(True)
        return system

    def before_refit(self, data: Pictures) -> Self:
        """Return the system that was measured, of one that ``refit`` has returned."""
        if not self.is_refitted or data.checksum != self.manifest_.data["checksum"]:
            return self
        system = copy(self)
        system._learn(*training_patches(data, self.side_), data.classes)
        system.mark_refitted(False)
        return system

    # --- answers ----------------------------------------------------------------------

    def classify(self, patches: Sequence[Array] | Array) -> ClassificationResult:
        """Say which texture each patch of ``side`` by ``side`` pixels is.

        Of a blank patch each texture is as likely.
        """
        self.check_fitted()
        shares, _ = self._shares([self._patch(patch) for patch in patches])
        return ClassificationResult(self.classes_[shares.argmax(axis=1)], shares)

    def map(self, picture: Array, step: int = STEP) -> Floats:
        """Probabilities at a grid of places, (n_rows, n_columns, n_classes).

        Place (i, j) is the patch whose upper left pixel is (i * step, j * step).
        """
        self.check_fitted()
        picture = self.check_query(picture)
        rows, columns = (n - self.side_ for n in picture.shape)
        shares, _ = self._shares(cut(picture, self.side_, step))
        return shares.reshape(rows // step + 1, columns // step + 1, -1)

    def classify_each(self, queries: Sequence[Array]) -> list[list[Answer]]:
        """Say what each picture is on the whole, and which share is what."""
        return [[self._answer(picture)] for picture in queries]

    def explain(self, query: Array) -> Explanation:
        """Map the picture, and compare its patterns with each texture's."""
        self.check_fitted()
        query = self.check_query(query)
        answer = self._answer(query)
        mean = self.describe(cut(query, self.side_, self.side_)).mean(axis=0)
        far = 0.5 * np.abs(mean - self.histograms_).sum(axis=1) / len(SCALES)
        reasons = [
            f"{share:.0%} of the patches are {label}; of its patterns "
            f"{distance:.1%} would have to change to be those of {label}"
            for label, share, distance in zip(
                self.classes_, answer.shares.values(), far, strict=True
            )
        ]
        order = np.argsort(far, kind="stable")
        step = 8
        textures = self.map(query, step).argmax(axis=2)
        page = page_of_map(query, textures, self.side_, step, self.classes_.tolist())
        return Explanation(answer.record(), tuple(reasons[k] for k in order), page)

    def describe(self, patches: Sequence[Array] | Array) -> Floats:
        """Histograms of a batch of patches, (n_patches, n_features).

        The same to the bit for every increasing function of the grey levels.
        """
        return histograms_of(patches, self.smoothing, self.n_jobs)

    def check_query(self, query: Array) -> Array:
        """Return a grey picture of a patch's size at least, not blank, or refuse it."""
        picture = _grey(query)
        if min(picture.shape) < self.side_:
            raise ValueError(
                f"The picture must measure at least {self.side_} by {self.side_} "
                f"pixels, got {picture.shape[0]} by {picture.shape[1]}."
            )
        if all(map(_is_blank, cut(picture, self.side_, STEP))):
            raise ValueError(
                "There is no texture on the picture: its pixels are all alike."
            )
        return picture

    def warm_up(self) -> None:
        """Compile the patterns at every scale."""
        self.classify(np.zeros((1, self.side_, self.side_), np.uint8))

    # --- saving -----------------------------------------------------------------------

    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Return the classes with their mean descriptions, and the linear map."""
        return {
            "classes": self.classes_,
            "histograms": self.histograms_,
            "weights": self._weights,
            "offsets": self._offsets,
        }, {"side": self.side_}

    def restore(self, arrays: Mapping[str, Array], document: Mapping[str, Any]) -> None:
        """Take up what ``state`` returned."""
        names = ("classes", "histograms", "weights", "offsets")
        self.side_ = int(document["side"])
        self._take_up(*(arrays[name] for name in names))

    # --- inside -----------------------------------------------------------------------

    def _learn(self, patches: Array, y: Ints, labels: Sequence[str]) -> None:
        """Take up the discriminants of these patches of so many textures."""
        X = self.describe(patches)
        model = linear_discriminants().fit(X, y)
        weights, offsets = row_for_each_class(model.coef_, model.intercept_)
        means = np.stack([X[y == k].mean(axis=0) for k in range(len(labels))])
        self._take_up(np.array(labels), means, weights, offsets)

    def _take_up(
        self, classes: Array, histograms: Floats, weights: Floats, offsets: Floats
    ) -> None:
        width = sum(P + 2 for P, _ in SCALES)
        fits = histograms.shape == weights.shape == (len(classes), width)
        if not fits or offsets.shape != classes.shape:
            raise ValueError("its classes, histograms and weights do not fit.")
        self.classes_, self.histograms_ = classes, histograms
        self._weights, self._offsets = weights, offsets

    def _check_options(self) -> None:
        check_whole("side", self.side, LEAST_SIDE)
        if not 0 <= self.smoothing < 10:
            raise ValueError(f"smoothing must lie in [0, 10), got {self.smoothing!r}.")

    def _check(self, data: Pictures) -> None:
        if len(data.classes) < 2:
            raise ValueError(
                f"At least two textures are needed, got {', '.join(data.classes)}."
            )
        least = around(self.side_)
        wide = least if data.is_test else 2 * least
        for label, picture in zip(data.labels, data.pictures, strict=True):
            if picture.shape[0] < least or picture.shape[1] < wide:
                raise ValueError(
                    f"The picture of {label} must measure at least {least} by "
                    f"{wide} pixels, got {picture.shape[0]} by {picture.shape[1]}."
                )

    def _patch(self, patch: Array) -> Array:
        array = _grey(patch)
        if array.shape != (self.side_, self.side_):
            raise ValueError(
                f"A patch must measure {self.side_} by {self.side_} pixels, got "
                f"{array.shape[0]} by {array.shape[1]}."
            )
        return array

    def _shares(self, patches: Sequence[Array] | Array) -> tuple[Floats, Array]:
        """Probabilities of checked patches, all alike for blank ones, and which are."""
        scores = product_by_row(self.describe(patches), self._weights.T)
        shares = softmax(scores + self._offsets, axis=1)
        blank = np.fromiter(map(_is_blank, patches), bool, len(patches))
        shares[blank] = 1 / len(self.classes_)
        return shares, blank

    def _answer(self, picture: Array) -> TextureAnswer:
        """What the patches that are not blank say together."""
        self.check_fitted()
        picture = self.check_query(picture)
        shares, blank = self._shares(cut(picture, self.side_, STEP))
        shares = shares[~blank]
        mean = shares.mean(axis=0)
        most = np.bincount(shares.argmax(axis=1), minlength=len(mean))
        labels = self.classes_.tolist()
        return TextureAnswer(
            label=labels[int(mean.argmax())],
            probability=float(mean.max()),
            shares=dict(zip(labels, (most / most.sum()).tolist(), strict=True)),
        )


def linear_discriminants() -> LinearDiscriminantAnalysis:
    """Linear discriminants, the covariance shrunk as Ledoit and Wolf do."""
    return LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")


def _is_blank(patch: Array) -> bool:
    """Whether there is no texture on a patch, whatever the unit of its grey levels."""
    if patch.dtype.kind != "f":
        return is_blank(patch, LEAST_SPREAD)
    largest = float(np.abs(patch).max())
    return is_blank(patch, ROUNDING * largest + np.finfo(np.float64).tiny)


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
