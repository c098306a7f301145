"""One space of words and pixels: learned from pairs, or the user's two encoders.

Learned: texts are vectors of latent semantic analysis, and a kernel ridge regression
maps the description of pixels to the vector of the text that belongs to them,

    g(x) = m + sum over i of a_i exp(-gamma |x - x_i|^2),  a = (K + alpha I)^-1 (T - m),

over the pairs (x_i, t_i) that it has learned from. What asks and what is found then
lie in the space of the texts, both less their mean, of length one.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, Self

import numpy as np

from lookalike._arrays import named, prefixed, unit
from lookalike._typing import Array
from lookalike.features.text.encoder import TextEncoder
from lookalike.learn.latent_meaning import LatentMeaning
from lookalike.search.terms import Analysis

N_COMPONENTS = 100
WIDTH = 3.0
"""Of the kernel: gamma is this over the median squared distance of two pairs."""
ALPHA = 0.1
LEAST_PAIRS = 40
"""Pairs; of fewer nothing is learned."""
MOST_PAIRS = 2000


class WordsAndPixels(Protocol):
    """A space in which a text and frames can be compared."""

    def text(self, query: str) -> Array:
        """Return a text as a vector of length one; zeros where it says nothing."""
        ...

    def pixels(self, vectors: Array) -> Array:
        """Return frames' vectors as vectors of the space, of length one."""
        ...


class JointSpace:
    """A space of words and pixels that is learned from pairs.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> kinds = np.repeat(np.eye(2), 30, axis=0)
    >>> pixels = unit(np.hstack([kinds, rng.random((60, 3)) / 5])).astype(np.float32)
    >>> texts = ["a red car on a road"] * 30 + ["wine in a glass"] * 30
    >>> space = JointSpace.fit(pixels, texts, Analysis(), n_components=2)
    >>> found = space.pixels(pixels[[0, 59]]) @ space.text("cars")
    >>> bool(found[0] > 0.9 > 0 > found[1])
    True
    """

    meaning: LatentMeaning

    def __init__(
        self,
        meaning: LatentMeaning,
        analysis: Analysis,
        landmarks: Array,
        weights: Array,
        mean: Array,
        gamma: float,
    ) -> None:
        self.meaning = meaning
        self.analysis = analysis
        self.landmarks = landmarks
        self.weights = weights
        self.mean = mean
        self.gamma = gamma

    @classmethod
    def fit(
        cls,
        pixels: Array,
        texts: Sequence[str],
        analysis: Analysis,
        n_components: int = N_COMPONENTS,
        random_state: int = 0,
    ) -> Self:
        """Learn from pairs of a description of pixels and a text.

        pixels : float32 (n_pairs, n_dimensions), of length one
        """
        rng = np.random.default_rng(random_state)
        if len(pixels) > MOST_PAIRS:
            kept = np.sort(rng.permutation(len(pixels))[:MOST_PAIRS])
            pixels, texts = pixels[kept], [texts[row] for row in kept.tolist()]
        meaning, targets = LatentMeaning.fit(
            texts, analysis, n_components, random_state
        )
        X = np.asarray(pixels, np.float64)
        squared = _squared_distances(X, X)
        above = squared[np.triu_indices(len(X), 1)]
        usual = float(np.median(above)) if len(above) else 1.0
        gamma = WIDTH / max(usual, 1e-12)
        mean = targets.mean(axis=0, dtype=np.float64)
        K = np.exp(-gamma * squared)
        K[np.diag_indices(len(K))] += ALPHA
        weights = np.linalg.solve(K, targets - mean)
        return cls(
            meaning,
            analysis,
            np.asarray(pixels, np.float32),
            np.asarray(weights, np.float32),
            np.asarray(mean, np.float32),
            gamma,
        )

    def text(self, query: str) -> Array:
        """Return a text's vector, of length one; zeros where no word is known."""
        found = self.meaning.vector(query, self.analysis)
        if not found.any():
            return found
        return np.asarray(unit((found - self.mean)[None])[0], np.float32)

    def pixels(self, vectors: Array) -> Array:
        """Return where descriptions of pixels lie, float32 (n, n_components)."""
        blocks = [np.zeros((0, len(self.mean)), np.float32)]
        known = np.asarray(self.landmarks, np.float32)
        for start in range(0, len(vectors), 512):
            X = np.asarray(vectors[start : start + 512], np.float32)
            K = np.exp(np.float32(-self.gamma) * _squared_distances(X, known))
            blocks.append(unit(K @ self.weights).astype(np.float32))
        return np.vstack(blocks)

    def arrays(self) -> dict[str, Array]:
        """Return everything that answers depend on."""
        return {
            **prefixed("meaning_", self.meaning.arrays()),
            "landmarks": self.landmarks,
            "weights": self.weights,
            "mean": self.mean,
            "gamma": np.array(self.gamma),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array], analysis: Analysis) -> Self:
        """Return the space that these arrays were taken from."""
        meaning = LatentMeaning.from_arrays(named("meaning_", arrays))
        n = meaning.n_components
        fits = arrays["weights"].shape == (len(arrays["landmarks"]), n)
        if not fits or arrays["mean"].shape != (n,):
            raise ValueError("the space of words and pixels does not fit.")
        landmarks, weights, mean = (arrays[n] for n in ("landmarks", "weights", "mean"))
        return cls(meaning, analysis, landmarks, weights, mean, float(arrays["gamma"]))


class EncoderPair:
    """The space of two encoders of one origin, such as CLIP's."""

    def __init__(self, texts: TextEncoder) -> None:
        self.texts = texts

    def text(self, query: str) -> Array:
        """Return a text's vector, of length one."""
        found: Any = self.texts.transform([query])
        return np.asarray(found[0], np.float32)

    def pixels(self, vectors: Array) -> Array:
        """Return the vectors as they are: they lie in the space already."""
        return np.asarray(vectors, np.float32)


def _squared_distances(X: Array, Y: Array) -> Array:
    squares = (X**2).sum(axis=1)[:, None] + (Y**2).sum(axis=1)
    return np.asarray(np.maximum(squares - 2 * (X @ Y.T), 0))
