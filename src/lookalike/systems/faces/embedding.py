"""How the faces system turns a face into a vector."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Self

import numpy as np

from lookalike._arrays import product_by_row, unit
from lookalike._typing import Array, Floats
from lookalike.features import GradientHistogram, LocalBinaryPattern
from lookalike.learn import PCA, LinearDiscriminantAnalysis
from lookalike.learn.discriminant import shrunk


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
        return unit(product_by_row(self.describe(images) - self.mean, self.matrix))

    def arrays(self) -> dict[str, Array]:
        """Return the mean and the matrix."""
        return {"mean": self.mean, "matrix": self.matrix}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Return the embedding with this mean and matrix."""
        embedding = cls()
        embedding.mean = np.array(arrays["mean"])
        embedding.matrix = np.array(arrays["matrix"])
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
        self.mean: Floats = pca.mean_
        self.matrix: Floats = pca.components_.T @ lda.scalings_[:, :n]
        return self

    @staticmethod
    def describe(images: Array) -> Floats:
        """Roots of pattern histograms."""
        return np.sqrt(pattern_histograms(images))


class PairEmbedding(_Embedding):
    r"""Coordinates in which pictures of one person vary alike every way.

    With the covariance S within people, in all principal components, and a small share
    of it spread evenly,

    .. math:: z = S^{-1/2} (x - \bar x).

    The discriminants of few people keep only what parts these; this keeps everything,
    and so says more of people who were never seen. Patterns of four radii and gradient
    histograms. Chosen by leaving out groups of training people.
    """

    evenly: float = 0.05

    def fit(self, images: Array, people: Array) -> Self:
        """Learn from uint8 images (n, height, width) of at least two people."""
        X = self.describe(images)
        pca = PCA(min(X.shape[0] - 1, X.shape[1]), svd_solver="full").fit(X)
        Z = pca.transform(X).astype(np.float64)
        groups = [Z[people == name] for name in np.unique(people)]
        rest = np.concatenate([group - group.mean(axis=0) for group in groups])
        S = shrunk(rest.T @ rest / len(rest), self.evenly)
        values, axes = np.linalg.eigh(S)
        self.mean: Floats = pca.mean_
        matrix = pca.components_.T @ (axes / np.sqrt(values))
        self.matrix: Floats = matrix.astype(X.dtype)
        return self

    @staticmethod
    def describe(images: Array) -> Floats:
        """Patterns and gradients, each of length one, float32."""
        grids = ((1.0, 7), (2.0, 7), (3.0, 5), (4.0, 5))
        counts = [pattern_histograms(images, R, cells) for R, cells in grids]
        roots = np.hstack([np.sqrt(each) for each in counts])
        edges = GradientHistogram(pixels_per_cell=(14, 13), cells_per_block=(2, 2))
        both = [unit(roots), unit(edges.fit_transform(images))]
        described: Floats = np.hstack(both).astype(np.float32)
        return described


def pattern_histograms(images: Array, R: float = 2.0, cells: int = 7) -> Floats:
    """Histograms of uniform patterns of radius R over cells by cells, a row a face."""
    lbp = LocalBinaryPattern(8, R, "uniform", grid=(cells, cells), border="edge")
    histograms: Floats = lbp.fit_transform(images).astype(np.float64)
    return histograms


def centres(vectors: Floats, people: Array) -> tuple[Array, Floats]:
    """Who there is, sorted, and each one's mean vector at length one."""
    names = np.unique(people)
    means = np.stack([vectors[people == name].mean(axis=0) for name in names])
    return names, unit(means)
