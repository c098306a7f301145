"""Posts that are more than a text: picture, author and reactions, fused early.

The terms of the text in a few directions (or the vector of the user's text encoder),
the vector of the picture, and what is known of the author and of reactions enter one
network (``joint_network``), which learns all kinds of harm together from the posts
that have any of them. A part that is missing is all zeros; one is taken away from some
posts while it learns, so that it can answer without. Text alone stays with the heads.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from scipy.special import expit
from sklearn.utils.extmath import randomized_svd

from lookalike._arrays import named, prefixed
from lookalike._typing import Array, Floats, Ints
from lookalike.core.progress import ShareCallback
from lookalike.datasets.posts import SIGNALS, LabelledPosts
from lookalike.systems.harmful.calibration import N_BINS, Calibration, bins, calibrated
from lookalike.systems.harmful.joint_network import JointNetwork, Parts
from lookalike.systems.harmful.pictures import PictureVectors

FEWEST = 20
"""Harmful posts, and harmless ones, with more than a text from which on fusion is
learned; of held-out posts, a fifth of that."""
N_DIRECTIONS = 64
"""Of terms."""
HIDDEN_SHARE = 0.15
"""Share of the posts from which a part is taken away in each step."""
_LARGEST = 4.0
"""Signals beyond so many standard deviations are taken for that."""


class FusedModel:
    """Probabilities of kinds of harm in posts with pictures, authors or reactions.

    pictures : PictureVectors
    directions : float32 (n_columns, n_directions), of the rows of texts
    signals : (2, len(SIGNALS)), mean and deviation of the logarithms of counts; nan of
        one that was never known
    network : JointNetwork
    calibration : (4, n_kinds), slopes, offsets, least probability and least score, as
        in ``Calibration``; nan of a kind that was not learned
    seen : (N_BINS,), held-out posts by probability of any harm
    """

    def __init__(
        self,
        pictures: PictureVectors,
        directions: Array,
        signals: Floats,
        network: JointNetwork,
        calibration: Floats,
        seen: Ints,
    ) -> None:
        self._pictures, self._directions = pictures, directions
        self._signals, self._network = signals, network
        self._calibration, self.seen = calibration, seen

    @classmethod
    def learned(
        cls,
        X: Any,
        posts: LabelledPosts,
        held_X: Any,
        held: LabelledPosts,
        *,
        picture_encoder: str | None,
        precision: float,
        doubt: float,
        random_state: int,
        on_progress: ShareCallback,
    ) -> Self | None:
        """Learn from posts that are more than a text; None where they are too few.

        X, held_X : CSR float32 (n_posts, n_columns), the rows of their texts
        """
        rows, kept = (np.flatnonzero(each.has_more) for each in (posts, held))
        for part, own, least in ((posts, rows, FEWEST), (held, kept, FEWEST // 5)):
            labels = part.labels[own, 0]
            if min(np.sum(labels == 1), np.sum(labels == 0)) < least:
                return None
        X, posts, held_X, held = (
            X[rows],
            posts.take(rows),
            held_X[kept],
            held.take(kept),
        )
        shown = [each for each in posts.all_pictures if each is not None]
        blank = np.zeros((1, 1), np.uint8)
        pictures = PictureVectors.learned(
            shown or [blank], picture_encoder, random_state
        )
        on_progress(0.1)
        n = min(N_DIRECTIONS, *(side - 1 for side in X.shape))
        _, _, found = randomized_svd(X, n, random_state=random_state)
        model = cls(
            pictures,
            np.ascontiguousarray(found.T, np.float32),
            _scales(posts.all_signals),
            JointNetwork(hidden_share=HIDDEN_SHARE, random_state=random_state),
            np.full((4, posts.labels.shape[1]), np.nan),
            np.zeros(N_BINS, np.int64),
        )
        known, other = (
            model._parts(rows, each.all_pictures, each.all_signals)
            for rows, each in ((X, posts), (held_X, held))
        )
        on_progress(0.4)
        model._network.fit(known, posts.labels, other, held.labels)
        on_progress(0.9)
        model._calibrate(posts, other, held, precision, doubt)
        return model

    def judge(
        self, X: Any, pictures: Sequence[Array | None], signals: Floats
    ) -> tuple[Floats, Array, Array]:
        """Judge posts, each the same alone and in a batch.

        Returns
        -------
        probabilities : (n_posts, n_kinds), nan of a kind that was not learned
        named, sure : bool (n_posts, n_kinds), whether each is named, and may be removed
        """
        scores = self.scores(X, pictures, signals)
        slopes, offsets, named_from, removable = self._calibration
        shares = expit(scores * slopes + offsets)
        with np.errstate(invalid="ignore"):
            return shares, shares >= named_from, scores >= removable

    def scores(
        self, X: Any, pictures: Sequence[Array | None], signals: Floats
    ) -> Floats:
        """Raw scores (n_posts, n_kinds)."""
        parts = self._parts(X, pictures, signals)
        return self._network.kind_scores(parts).astype(np.float64)

    @property
    def knows(self) -> Array:
        """Whether each kind was learned, bool (n_kinds,)."""
        found: Array = np.isfinite(self._calibration[0])
        return found

    def arrays(self) -> dict[str, Array]:
        """Return what ``from_arrays`` takes."""
        return {
            **prefixed("picture_", self._pictures.arrays()),
            **prefixed("network_", self._network.arrays()),
            "directions": self._directions,
            "signals": self._signals,
            "calibration": self._calibration,
            "seen": self.seen,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Take up what ``arrays`` returned."""
        found = cls(
            PictureVectors.from_arrays(named("picture_", arrays)),
            np.asarray(arrays["directions"]),
            np.asarray(arrays["signals"]),
            JointNetwork.from_arrays(named("network_", arrays)),
            np.asarray(arrays["calibration"]),
            np.asarray(arrays["seen"]),
        )
        if found._calibration.shape != (4, found._network.n_kinds):
            raise ValueError("its kinds and probabilities do not belong together.")
        return found

    def _calibrate(
        self,
        posts: LabelledPosts,
        parts: Parts,
        held: LabelledPosts,
        precision: float,
        doubt: float,
    ) -> None:
        scores = self._network.kind_scores(parts).astype(np.float64)
        for kind in range(scores.shape[1]):
            own = posts.labels[:, kind]
            if not 0 < np.nansum(own) < np.isfinite(own).sum():
                continue
            rows = np.isfinite(held.labels[:, kind])
            found = Calibration()
            if rows.any():
                found = calibrated(
                    scores[rows, kind],
                    held.labels[rows, kind],
                    kind == 0,
                    precision,
                    doubt,
                )
            self._calibration[:, kind] = (
                *(found.slope, found.offset),
                *(found.named_from, found.removable),
            )
        shares = expit(scores[:, 0] * self._calibration[0, 0] + self._calibration[1, 0])
        self.seen = np.bincount(bins(shares), minlength=N_BINS).astype(np.int64)

    def _parts(
        self, X: Any, pictures: Sequence[Array | None], signals: Floats
    ) -> Parts:
        shown = [at for at, each in enumerate(pictures) if each is not None]
        vectors = np.zeros((len(pictures), self._pictures.n_dimensions), np.float32)
        given = [each for each in pictures if each is not None]
        vectors[shown] = self._pictures.transform(given)
        texts = np.asarray(X @ self._directions, np.float32)
        return Parts(vectors, texts, self._numbers(signals))

    def _numbers(self, signals: Floats) -> Array:
        """Signals on one scale, 0 where not known, and which are known."""
        mean, deviation = self._signals
        scaled = (np.log1p(signals) - mean) / deviation
        known = np.isfinite(scaled)
        cut = np.clip(np.where(known, scaled, 0.0), -_LARGEST, _LARGEST)
        return np.hstack([cut, known]).astype(np.float32)


def _scales(signals: Floats) -> Floats:
    """Mean and deviation of each signal's logarithm, nan of one that is never known."""
    found = np.full((2, len(SIGNALS)), np.nan)
    for at, own in enumerate(np.log1p(signals).T):
        known = own[np.isfinite(own)]
        if len(known):
            found[:, at] = known.mean(), known.std() or 1.0
    return found
