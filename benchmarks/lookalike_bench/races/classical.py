"""Races of ``lookalike bench algorithms`` for trees, clusters, discriminants, texture.

All contestants of a race get the same numbers and the same start, one thread, and show
what they reached: accuracy on the test images, inertia, or the share of uniform
patterns. Trees and patterns take 8-bit pixels as they are; peers get them in the type
that they would otherwise convert to.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from lookalike_bench.arrays import Array
from lookalike_bench.races.common import (
    INTEL,
    SCIKIT,
    Timed,
    compare,
    digits,
    kind_of,
    ours,
    shades,
)
from lookalike_bench.runner import BLAS, OURS, Job

ROUNDS_OF_LLOYD = 15


def jobs(rounds: int = 3) -> Iterator[Job]:
    """All races of this file."""
    both = OURS, SCIKIT
    for P, R in ((8, 1), (16, 2)):
        name = f"LBP riu2, P={P}, R={R}, 40 images of 512 by 512"
        yield compare(name, patterns, (OURS, "scikit-image"), rounds, P=P, R=R)
    name = "gradient histograms, 5,000 digits"
    yield compare(name, gradients, (OURS, "scikit-image"), rounds)
    solvers = [f"{library} {solver}" for library in both for solver in ("lsqr", "svd")]
    yield compare("LDA, fit and predict, MNIST", discriminant, solvers, rounds, BLAS)
    for depth, deep in ((10, "depth 10"), (None, "full")):
        name = f"decision tree, {deep}, 8-bit, MNIST"
        yield compare(name, tree, both, min(rounds, 2), depth=depth)
    name = "regression tree, depth 10, 50 continuous features"
    yield compare(name, tree_of_numbers, both, rounds)
    for k in (1000, 100, 10):
        name = f"k-means, k={k:,}, {ROUNDS_OF_LLOYD} rounds, MNIST"
        few = 1 if k == 1000 else rounds
        yield compare(name, clusters, (*both, INTEL, "faiss"), few, BLAS, k=k)
    name = "mini-batch k-means, k=100, 2 epochs, MNIST"
    yield compare(name, mini_batches, both, rounds, BLAS)
    name = "k-medians, k=20, 10 rounds, 3,000 digits"
    yield compare(name, medians, (OURS, "plain NumPy"), min(rounds, 2))
    name = "3 nearest neighbours of 2,000 digits, predict, MNIST"
    yield compare(name, neighbours, (*both, INTEL), min(rounds, 2), BLAS)
    name = "classes composed of attributes, 5,000 digits"
    yield compare(name, composed, both, rounds, BLAS)


def patterns(method: str, P: int, R: float) -> Timed:
    """Histograms of rotation invariant uniform patterns of smooth noise."""
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(0)
    noise = (gaussian_filter(rng.normal(128, 80, (512, 512)), 1.2) for _ in range(40))
    images = np.stack([np.clip(image, 0, 255).astype(np.uint8) for image in noise])
    if ours(method):
        from lookalike.features import LocalBinaryPattern

        lbp = LocalBinaryPattern(P, R, "riu2", normalize=False)
        return lambda: lbp.fit_transform(images), _share_of_uniform
    from skimage.feature import local_binary_pattern

    def call() -> Array:
        codes = (local_binary_pattern(image, P, R, "uniform") for image in images)
        return np.array([np.bincount(c.astype(int).ravel()) for c in codes])

    return call, _share_of_uniform


def _share_of_uniform(histograms: Array) -> dict[str, Any]:
    return {"uniform": float(1 - histograms[:, -1].sum() / histograms.sum())}


def gradients(method: str) -> Timed:
    """Histograms of gradients by cells of 7 by 7, blocks of 2 by 2."""
    from skimage.feature import hog

    from lookalike.features import GradientHistogram

    images = digits()[0][:5000].reshape(-1, 28, 28)
    model = GradientHistogram(pixels_per_cell=(7, 7), cells_per_block=(2, 2))

    def by_peer() -> Array:
        shape: dict[str, Any] = {"pixels_per_cell": (7, 7), "cells_per_block": (2, 2)}
        return np.array([hog(image, **shape) for image in images])

    call = (lambda: model.fit_transform(images)) if ours(method) else by_peer
    return call, lambda answer: {"error": float(np.abs(answer - by_peer()).max())}


def discriminant(method: str) -> Timed:
    """Linear discriminant analysis of float32 pixels; the answer is predictions."""
    solver = method.split()[-1]
    X, y, Q, truth = digits()
    X, Q = X.astype(np.float32), Q.astype(np.float32)
    kind = kind_of(method, "discriminant_analysis", "LinearDiscriminantAnalysis")

    def call() -> Array:
        return kind(solver=solver).fit(X, y).predict(Q)

    return call, lambda guess: {"accuracy": float((guess == truth).mean())}


def tree(method: str, depth: int | None) -> Timed:
    """A tree of MNIST's pixels."""
    X, y, Q, truth = digits()
    kind = kind_of(method, "tree", "DecisionTreeClassifier")
    if not ours(method):  # which would convert them
        X, Q = X.astype(np.float32), Q.astype(np.float32)

    def call() -> Any:
        return kind(max_depth=depth, random_state=0).fit(X, y)

    return call, lambda model: {
        "accuracy": float(model.score(Q, truth)),
        "nodes": int(model.tree_.node_count),
    }


def tree_of_numbers(method: str) -> Timed:
    """A regression tree of 50,000 rows whose values are all different."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60_000, 50)).astype(np.float32)
    y = X[:, 0] * X[:, 1] + np.sin(3 * X[:, 2]) + rng.normal(size=len(X)) * 0.3
    X, Q, y, truth = X[:50_000], X[50_000:], y[:50_000], y[50_000:]
    kind = kind_of(method, "tree", "DecisionTreeRegressor")

    def call() -> Any:
        return kind(max_depth=10, random_state=0).fit(X, y)

    return call, lambda model: {
        "r2": float(model.score(Q, truth)),
        "nodes": int(model.tree_.node_count),
    }


def clusters(method: str, k: int) -> Timed:
    """Rounds of Lloyd's algorithm from the same images."""
    X = shades()[0]
    rows = np.random.default_rng(0).choice(len(X), k, replace=False)
    start = X[rows].copy()
    if method == "faiss":
        return _clusters_of_faiss(X, start)
    kind = kind_of(method, "cluster", "KMeans")

    def call() -> Any:
        return kind(k, init=start, n_init=1, max_iter=ROUNDS_OF_LLOYD, tol=0).fit(X)

    return call, lambda model: {"inertia": float(model.inertia_)}


def _clusters_of_faiss(X: Array, start: Array) -> Timed:
    import faiss

    k, n_features = start.shape
    many = 10**9  # faiss samples the rows where there are more than this

    def call() -> Any:
        model = faiss.Kmeans(
            n_features,
            k,
            niter=ROUNDS_OF_LLOYD,
            max_points_per_centroid=many,
            min_points_per_centroid=1,
        )
        model.train(X, init_centroids=start)
        return model

    def describe(model: Any) -> dict[str, Any]:
        squared, _ = model.index.search(X, 1)
        return {"inertia": float(squared.sum(dtype=np.float64))}

    return call, describe


def mini_batches(method: str) -> Timed:
    """Batches of 1,024 from the same start, none ended early."""
    X = shades()[0]
    start = X[np.random.default_rng(0).choice(len(X), 100, replace=False)].copy()
    kind = kind_of(method, "cluster", "MiniBatchKMeans")

    def call() -> Any:
        return kind(
            100,
            init=start,
            n_init=1,
            max_iter=2,
            max_no_improvement=None,
            random_state=0,
        ).fit(X)

    return call, lambda model: {"inertia": float(model.inertia_)}


def medians(method: str) -> Timed:
    """Rounds from the same images; distances by the sum of differences."""
    from scipy.spatial.distance import cdist

    from lookalike.learn import KMedians

    X = shades()[0][:3000]
    start = X[np.random.default_rng(0).choice(len(X), 20, replace=False)].copy()

    def call() -> float:
        if ours(method):
            model = KMedians(20, init=start, max_iter=10, tol=0)
            return float(model.fit(X).inertia_)
        centers = start
        for _ in range(10):
            labels = cdist(X, centers, "cityblock").argmin(axis=1)
            centers = np.array([np.median(X[labels == j], axis=0) for j in range(20)])
        return float(cdist(X, centers, "cityblock").min(axis=1).sum())

    return call, lambda inertia: {"inertia": inertia}


def neighbours(method: str) -> Timed:
    """The vote of three; ours reads bytes, peers what is fastest for them."""
    X, y, Q, truth = digits() if ours(method) else shades()
    kind = kind_of(method, "neighbors", "KNeighborsClassifier")
    model = kind(3) if ours(method) else kind(3, algorithm="brute")
    model.fit(X, y)
    return lambda: model.predict(Q[:2000]), lambda guess: {
        "accuracy": float((guess == truth[:2000]).mean())
    }


def composed(method: str) -> Timed:
    """Digits as their fifth and their rest; a logistic model for each of the two.

    scikit-learn's several outputs are put together by hand, which is all that it lacks.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.multioutput import MultiOutputClassifier

    from lookalike.learn import AttributeComposedClassifier

    X, y, Q, truth = shades()
    X, y = X[:5000], y[:5000]
    parts = np.column_stack([y // 5, y % 5])

    def call() -> Array:
        if ours(method):
            attributes: Any = {d: divmod(d, 5) for d in range(10)}
            model = AttributeComposedClassifier(attributes=attributes)
            return model.fit(X, y).predict(Q)
        several = MultiOutputClassifier(LogisticRegression(max_iter=1000))
        fifth, rest = several.fit(X, parts).predict_proba(Q)
        joint = fifth[:, :, None] * rest[:, None, :]
        return joint.reshape(len(Q), 10).argmax(axis=1)

    return call, lambda guess: {"accuracy": float((guess == truth).mean())}
