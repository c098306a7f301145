"""One head: the weights of all terms for one kind of harm in one set of posts.

Two linear models are added, which err on different posts: a logistic regression of the
terms, and one of the terms times their log-count ratios, by which naive Bayes weighs
them [1]_. Of a kind that is rare a single regression in which both classes weigh alike
does better. All of it was chosen by cross-validation on the training and validation
parts of ToLD-Br, Davidson's tweets and K-MHaS.

References
----------
.. [1] Wang and Manning (2012). "Baselines and bigrams: simple, good sentiment and topic
   classification". ACL.
"""

import warnings
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.exceptions import ConvergenceWarning

from lookalike._typing import Array, Ints
from lookalike.datasets.posts import LabelledPosts
from lookalike.learn import LogisticRegression

RARE = 0.05
"""Share of harmful posts below which a kind is rare."""
_BALANCED_C = 1.5  # times C
_RATIO_C = 2.0  # times C


def learn_head(
    X: Any, y: Ints, C: float, sure: Array | None = None
) -> tuple[Array, float]:
    """Return weights float32 (n_terms,) and the intercept, for rows with labels 0, 1.

    X : CSR float32 (n_posts, n_terms)
    C : weight of the posts against the penalty
    sure : (n_posts,), weight of each post, see ``certainty``; None is one for all
    """
    if y.mean() < RARE:
        return _regression(X, y, sure, _BALANCED_C * C, "balanced")
    ratio = log_count_ratio(X, y)
    weighted = sp.csr_matrix(
        (X.data * ratio[X.indices], X.indices, X.indptr), shape=X.shape
    )
    plain = _regression(X, y, sure, C)
    by_ratio, intercept = _regression(weighted, y, sure, _RATIO_C * C)
    weights, total = np.zeros(X.shape[1]), 0.0
    for own, base in (plain, (by_ratio * ratio, intercept)):
        # Each counts alike: its scores of the posts vary by one.
        size = float(np.std(X @ own)) or 1.0
        weights += own / size
        total += base / size
    return weights.astype(np.float32), total


def certainty(posts: LabelledPosts, kind: int) -> Array:
    """Return how much each post counts for a kind, float64 (n_posts,).

    A post that its raters agree is harmful counts twice as much as one that a third of
    them called so; harmless posts, and those whose raters are not known, count one.

    Examples
    --------
    >>> agreed = np.array([[1.0], [2 / 3], [1 / 3], [1.0]])
    >>> labels = np.array([[1.0], [1], [1], [0]])
    >>> names = ("",) * 4, labels, ("en",) * 4, ("x",) * 4
    >>> posts = LabelledPosts(*names, agreement=agreed)
    >>> certainty(posts, 0)
    array([2. , 1.5, 1. , 1. ])
    """
    if posts.agreement is None:
        return np.ones(len(posts))
    agreed = posts.agreement[:, kind]
    counts = (posts.labels[:, kind] == 1) & np.isfinite(agreed)
    return np.where(counts, 0.5 + 1.5 * agreed, 1.0)


def log_count_ratio(X: Any, y: Ints) -> Array:
    r"""How much likelier each term is in posts of label 1, as a logarithm, float32.

    .. math:: r_t = \log \frac{(1 + \sum_{y = 1} |x_t|) / \|\cdot\|_1}
                              {(1 + \sum_{y = 0} |x_t|) / \|\cdot\|_1}

    Examples
    --------
    >>> X = sp.csr_matrix(np.array([[3, 0], [0, 3]], np.float32))
    >>> log_count_ratio(X, np.array([1, 0])).round(2)
    array([ 1.39, -1.39], dtype=float32)
    """
    sums = [1 + np.asarray(abs(X[y == label]).sum(axis=0)).ravel() for label in (1, 0)]
    of_one, of_other = (own / own.sum() for own in sums)
    found: Array = np.log(of_one / of_other).astype(np.float32)
    return found


def _regression(
    X: Any, y: Ints, sure: Array | None, C: float, class_weight: str | None = None
) -> tuple[Array, float]:
    model = LogisticRegression(C=C, class_weight=class_weight, max_iter=150, tol=1e-3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y, sample_weight=sure)
    return model.coef_[0], float(model.intercept_[0])
