"""How the faces system turns a face into a vector, and how plainer ones do."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Self

import numpy as np

from lookalike._typing import Array, Floats
from lookalike.features import GradientHistogram, LocalBinaryPattern
from lookalike.learn import PCA, LinearDiscriminantAnalysis
from lookalike.learn.discriminant import shrunk

Recognise = Callable[[Array, Array, Array], Array]
"""Takes enrolled images, who is on them, and queries; says who is on each query."""


class _Embedding(ABC):
    """A description of faces, projected to vectors of length one."""

    mean: Floats  # (n_features,)
    matrix: Floats  # (n_features, n_dimensions)

    @abstractmethod
    def fit(self, images: Array, people: Array) -> Self:
        """Learn from uint8 images (n, height, width) of at least two people."""

    @staticmethod
    @abstractmethod
    def describe(images: Array) -> Floats:
        """Return what is projected, (n, n_features)."""

    def transform(self, images: Array) -> Floats:
        """Map faces to vectors of length one, (n, n_dimensions)."""
        # One at a time: a product of matrices rounds by how many rows there are.
        rows = self.describe(images) - self.mean
        return unit(np.stack([row @ self.matrix for row in rows]))

    def arrays(self, prefix: str = "") -> dict[str, Array]:
        """Return the mean and the matrix."""
        return {f"{prefix}mean": self.mean, f"{prefix}matrix": self.matrix}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array], prefix: str = "") -> Self:
        """Return the embedding with this mean and matrix."""
        embedding = cls()
        embedding.mean = np.array(arrays[f"{prefix}mean"])
        embedding.matrix = np.array(arrays[f"{prefix}matrix"])
        if embedding.matrix.shape[:-1] != embedding.mean.shape:
            raise ValueError("the mean and the matrix do not belong together.")
        return embedding


class FaceEmbedding(_Embedding):
    """Local binary patterns on a grid, then the directions that part people best.

    The histograms' roots are projected on all principal components and from there on
    the discriminant directions, the covariance within people shrunk as Ledoit and Wolf
    do; vectors have length one. Chosen by leaving out one enrolled image a person.
    """

    def fit(self, images: Array, people: Array) -> Self:
        """Learn from uint8 images (n, height, width) of at least two people."""
        X = self.describe(images)
        pca = PCA(min(X.shape[0] - 1, X.shape[1]), svd_solver="full").fit(X)
        lda = LinearDiscriminantAnalysis(solver="eigen", shrinkage="auto")
        lda.fit(pca.transform(X), people)
        n = min(len(lda.classes_) - 1, lda.scalings_.shape[1])
        self.mean = pca.mean_
        self.matrix = pca.components_.T @ lda.scalings_[:, :n]
        return self

    @staticmethod
    def describe(images: Array) -> Floats:
        """Roots of pattern histograms."""
        return patterns(images)


class PairEmbedding(_Embedding):
    r"""Coordinates in which pictures of one person vary alike every way.

    With the covariance S within people, in all principal components, and a small share
    of it spread evenly,

    .. math:: z = S^{-1/2} (x - \bar x).

    The discriminants of few people keep only what parts these; this keeps everything,
    and so says more of people who were never seen. Patterns of four radii and gradient
    histograms. Chosen by leaving out groups of training people.
    """

    evenly = 0.05

    def fit(self, images: Array, people: Array) -> Self:
        """Learn from uint8 images (n, height, width) of at least two people."""
        X = self.describe(images)
        pca = PCA(min(X.shape[0] - 1, X.shape[1]), svd_solver="full").fit(X)
        Z = pca.transform(X).astype(np.float64)
        groups = [Z[people == name] for name in np.unique(people)]
        rest = np.concatenate([group - group.mean(axis=0) for group in groups])
        S = shrunk(rest.T @ rest / len(rest), self.evenly)
        values, axes = np.linalg.eigh(S)
        self.mean = pca.mean_
        matrix = pca.components_.T @ (axes / np.sqrt(values))
        self.matrix = matrix.astype(X.dtype)
        return self

    @staticmethod
    def describe(images: Array) -> Floats:
        """Patterns and gradients, each of length one, float32."""
        grids = ((1.0, 7), (2.0, 7), (3.0, 5), (4.0, 5))
        roots = np.hstack([np.sqrt(_lbp(images, R, cells)) for R, cells in grids])
        edges = GradientHistogram(pixels_per_cell=(14, 13), cells_per_block=(2, 2))
        both = [unit(roots), unit(edges.fit_transform(images))]
        described: Floats = np.hstack(both).astype(np.float32)
        return described


def patterns(images: Array) -> Floats:
    """Roots of the histograms of uniform patterns over 7 by 7 cells."""
    return np.sqrt(_lbp(images, 2.0))


def eigenfaces(images: Array, people: Array, queries: Array) -> Array:
    """Answer by the nearest enrolled face in 80 principal components."""
    X, Q = _pixels(images), _pixels(queries)
    pca = PCA(min(80, len(X) - 1), svd_solver="full").fit(X)
    return people[_squared(pca.transform(Q), pca.transform(X)).argmin(axis=1)]


def fisherfaces(
    images: Array, people: Array, queries: Array, n_principal: int = 60
) -> Array:
    """Answer by the nearest enrolled face in the discriminants of a few components.

    The scatter within people is singular in pixels. Projecting on as many components
    as it has rank makes it regular, and so ill-conditioned that the discriminants fit
    noise; 60 components leave the noise out.
    """
    X, Q = _pixels(images), _pixels(queries)
    pca = PCA(min(n_principal, len(X) - 1), svd_solver="full").fit(X)
    lda = LinearDiscriminantAnalysis().fit(pca.transform(X), people)
    known, asked = (unit(lda.transform(pca.transform(A))) for A in (X, Q))
    return people[(asked @ known.T).argmax(axis=1)]


def fisherfaces_of_full_rank(images: Array, people: Array, queries: Array) -> Array:
    """Answer as the source experiments do: as many components as there is rank."""
    rank = len(images) - len(np.unique(people))
    return fisherfaces(images, people, queries, rank)


def pattern_histograms(images: Array, people: Array, queries: Array) -> Array:
    r"""Answer by the least chi-square distance of pattern histograms on a 7 by 7 grid.

    .. math:: d(u, v) = \sum_j (u_j - v_j)^2 / (u_j + v_j)
    """
    known, asked = _lbp(images, 2.0), _lbp(queries, 2.0)
    far = [((q - known) ** 2 / (q + known + 1e-300)).sum(axis=1) for q in asked]
    return people[np.argmin(far, axis=1)]


def learned_embedding(images: Array, people: Array, queries: Array) -> Array:
    """Answer by the person whose mean vector is most alike."""
    embedding = FaceEmbedding().fit(images, people)
    names, means = centres(embedding.transform(images), people)
    return names[(embedding.transform(queries) @ means.T).argmax(axis=1)]


METHODS: dict[str, Recognise] = {
    "learned embedding": learned_embedding,
    "eigenfaces": eigenfaces,
    "Fisherfaces": fisherfaces,
    "Fisherfaces of full rank": fisherfaces_of_full_rank,
    "patterns, chi-square": pattern_histograms,
}
"""What is compared, the shipped one first."""


def centres(vectors: Floats, people: Array) -> tuple[Array, Floats]:
    """Who there is, sorted, and each one's mean vector at length one."""
    names = np.unique(people)
    means = np.stack([vectors[people == name].mean(axis=0) for name in names])
    return names, unit(means)


def unit(vectors: Floats) -> Floats:
    """Scale each row to length one; a row of zeros stays."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Floats = vectors / np.where(length > 0, length, 1)
    return scaled


def _pixels(images: Array) -> Floats:
    return images.reshape(len(images), -1) / 255.0


def _lbp(images: Array, R: float, cells: int = 7) -> Floats:
    lbp = LocalBinaryPattern(8, R, "uniform", grid=(cells, cells), border="edge")
    histograms: Floats = lbp.fit_transform(images).astype(np.float64)
    return histograms


def _squared(queries: Floats, rows: Floats) -> Floats:
    return ((queries[:, None] - rows) ** 2).sum(axis=2)
