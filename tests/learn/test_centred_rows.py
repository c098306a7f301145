import numpy as np
import pytest

from lookalike.learn import _centred_rows
from lookalike.learn._centred_rows import CentredRows


@pytest.mark.parametrize("n", [255, 256, 700])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_each_pass_equals_that_over_the_whole_array(
    monkeypatch, n, order, weighted, kind
):
    monkeypatch.setattr(_centred_rows, "BLOCK_BYTES", 1)  # 256 rows a block
    rng = np.random.default_rng(n)
    X = np.asarray(rng.integers(0, 4, (n, 6)), kind, order=order)
    X[:, 2] = 3
    mean, root = X.mean(axis=0), rng.random(n).astype(kind) if weighted else None
    B, V = rng.normal(size=(n, 2)).astype(kind), rng.normal(size=(5, 3)).astype(kind)
    rows = CentredRows(X, mean, root)
    A = (X - mean) * (1 if root is None else root[:, None])
    A = A[:, rows.columns]
    gram, right = rows.products(B)
    for got, expected in (
        (rows.whole(), A),
        (gram, A.T @ A),
        (right, A.T @ B),
        (rows.slopes(V, B), A.T @ (np.pad(B, ((0, 0), (0, 1))) - A @ V)),
        (rows.spread(V), np.linalg.norm(A @ V, axis=0)),
    ):
        rtol = 100 * np.finfo(kind).eps
        np.testing.assert_allclose(got, expected, rtol, atol=rtol * n)
    assert list(rows.columns) == [0, 1, 3, 4, 5]


def test_rows_that_are_not_centred_keep_constant_columns_but_zeros():
    X = np.array([[0.0, 2, 1], [0, 2, 3]])
    rows = CentredRows(X, None, None)
    assert list(rows.columns) == [1, 2]
    np.testing.assert_array_equal(rows.whole(), X[:, 1:])
