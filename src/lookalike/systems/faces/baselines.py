"""Plainer ways to recognise faces, with which the shipped one is compared."""

from collections.abc import Callable

import numpy as np

from lookalike._arrays import unit
from lookalike._typing import Array, Floats
from lookalike.learn import PCA, LinearDiscriminantAnalysis
from lookalike.systems.faces.embedding import (
    FaceEmbedding,
    centres,
    pattern_histograms,
)

Recognise = Callable[[Array, Array, Array], Array]
"""Takes enrolled images, who is on them, and queries; says who is on each query."""


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


def patterns_by_chi_square(images: Array, people: Array, queries: Array) -> Array:
    r"""Answer by the least chi-square distance of pattern histograms on a 7 by 7 grid.

    .. math:: d(u, v) = \sum_j (u_j - v_j)^2 / (u_j + v_j)
    """
    known, asked = pattern_histograms(images), pattern_histograms(queries)
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
    "patterns, chi-square": patterns_by_chi_square,
}
"""What is compared, the shipped one first."""


def _pixels(images: Array) -> Floats:
    return images.reshape(len(images), -1) / 255.0


def _squared(queries: Floats, rows: Floats) -> Floats:
    return ((queries[:, None] - rows) ** 2).sum(axis=2)
