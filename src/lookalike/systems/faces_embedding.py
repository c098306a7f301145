"""How the faces system turns a face into a vector, and how plainer ones do."""

from collections.abc import Callable, Mapping
from typing import Self

import numpy as np

from lookalike._typing import Array, Floats
from lookalike.features import LocalBinaryPattern
from lookalike.learn import PCA, LinearDiscriminantAnalysis

Recognise = Callable[[Array, Array, Array], Array]
"""Takes enrolled images, who is on them, and queries; says who is on each query."""


class FaceEmbedding:
    """Local binary patterns on a grid, then the directions that part people best.

    The histograms' roots are projected on all principal components and from there on
    the discriminant directions, the covariance within people shrunk as Ledoit and Wolf
    do; vectors have length one. Chosen by leaving out one enrolled image a person.
    """

    mean: Floats  # (n_features,)
    matrix: Floats  # (n_features, n_dimensions)

    def fit(self, images: Array, people: Array) -> Self:
        """Learn from uint8 images (n, height, width) of at least two people."""
        X = patterns(images)
        pca = PCA(min(X.shape[0] - 1, X.shape[1]), svd_solver="full").fit(X)
        lda = LinearDiscriminantAnalysis(solver="eigen", shrinkage="auto")
        lda.fit(pca.transform(X), people)
        n = min(len(lda.classes_) - 1, lda.scalings_.shape[1])
        self.mean = pca.mean_
        self.matrix = pca.components_.T @ lda.scalings_[:, :n]
        return self

    def transform(self, images: Array) -> Floats:
        """Map faces to vectors of length one, (n, n_dimensions)."""
        # One at a time: a product of matrices rounds by how many rows there are.
        vectors = np.stack([row @ self.matrix for row in patterns(images) - self.mean])
        return unit(vectors)

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


def _lbp(images: Array, R: float) -> Floats:
    lbp = LocalBinaryPattern(8, R, "uniform", grid=(7, 7), border="edge")
    histograms: Floats = lbp.fit_transform(images).astype(np.float64)
    return histograms


def _squared(queries: Floats, rows: Floats) -> Floats:
    return ((queries[:, None] - rows) ** 2).sum(axis=2)
