"""Two maps into one space: gradients, negatives that are none, and refusals."""

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.optimize import approx_fprime
from sklearn.exceptions import NotFittedError

from lookalike.learn.paired_towers import PairedTowers


def loss(X, Y, W, V, temperature, same):
    """The loss by its definition."""
    u, v = X @ W, Y @ V
    u, v = (a / np.linalg.norm(a, axis=1, keepdims=True) for a in (u, v))
    scores = u @ v.T / temperature
    twins = (same[:, None] == same) & ~np.eye(len(X), dtype=bool)
    scores = np.where(twins, -np.inf, scores)
    own = np.diag(scores)
    across = np.log(np.exp(scores).sum(axis=1)) - own
    down = np.log(np.exp(scores).sum(axis=0)) - own
    return (across + down).mean() / 2


@pytest.mark.parametrize("is_sparse", [False, True])
def test_a_step_goes_down_the_gradient_of_the_definition(is_sparse):
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(6, 4)), rng.normal(size=(6, 3))
    same = np.array([0, 0, 1, 2, 3, 4])
    given = sp.csr_array(X) if is_sparse else X
    options = {"n_components": 2, "temperature": 0.5, "batch_size": 6}
    towers = PairedTowers(max_iter=1, learning_rate=1e-4, **options)
    towers.fit(given, Y, same)
    first = np.random.RandomState(0)
    W = first.normal(scale=1 / np.sqrt(2), size=(4, 2))
    V = first.normal(scale=1 / np.sqrt(2), size=(3, 2))
    assert towers.losses_[0] == pytest.approx(loss(X, Y, W, V, 0.5, same), rel=1e-4)
    slope = approx_fprime(
        W.ravel(), lambda w: loss(X, Y, w.reshape(4, 2), V, 0.5, same), 1e-6
    )
    step = (towers.left_ - W).ravel()  # Adam's first step is the sign of the slope
    steep = np.abs(slope) > 1e-3
    np.testing.assert_array_equal(np.sign(step[steep]), -np.sign(slope[steep]))


def test_pairs_of_one_thing_are_no_negatives():
    X = np.kron(np.eye(4), np.ones((30, 3)))
    number = np.repeat(np.arange(4), 30)
    Y = np.random.default_rng(1).normal(size=(4, 5))[number]
    towers = PairedTowers(4, max_iter=20, batch_size=24).fit(X, Y, number)
    found = towers.transform(X) @ towers.transform(Y, "right").T
    assert (number[found.argmax(axis=1)] == number).all()
    assert towers.losses_[-1] < 0.05 < towers.losses_[0]
    np.testing.assert_allclose(
        np.linalg.norm(towers.transform(X), axis=1), 1, rtol=1e-5
    )


def test_one_matrix_for_both_sides():
    rng = np.random.default_rng(0)
    X = sp.csr_array((rng.random((40, 9)) < 0.3).astype(float))
    towers = PairedTowers(4, max_iter=2, batch_size=20, sides="one").fit(X, X)
    assert towers.left_ is towers.right_
    with pytest.raises(ValueError, match="the same features; got 9 and 8"):
        PairedTowers(sides="one").fit(X, X[:, :8])


def test_refusals():
    X = np.ones((4, 2))
    with pytest.raises(ValueError, match="the same number of rows, at least 2; got 4"):
        PairedTowers().fit(X, X[:3])
    with pytest.raises(NotFittedError, match="must be fitted"):
        PairedTowers().transform(X)
    with pytest.raises(ValueError, match="sides must be one of"):
        PairedTowers(sides="both").fit(X, X)
    for name in ("temperature", "n_components", "learning_rate", "max_iter"):
        with pytest.raises(ValueError, match=f"{name} must be"):
            PairedTowers(**{name: 0}).fit(X, X)
    towers = PairedTowers(2, max_iter=1).fit(X, X)
    with pytest.raises(ValueError, match="Expected 2 features, got 3"):
        towers.transform(np.ones((1, 3)))
