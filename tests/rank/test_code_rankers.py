"""Models over rows of codes: their definitions, their references, what they refuse."""

from itertools import combinations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from lookalike.kernels.code_rows import code_curvature, code_sums, code_totals
from lookalike.kernels.factorisation import factorisation_scores
from lookalike.rank.embedding_ranker import STRUCTURES, EmbeddingRanker
from lookalike.rank.factorisation_machine import FactorisationMachine
from lookalike.rank.leaf_logistic import LeafLogistic
from lookalike.rank.sparse_logistic import SparseLogistic

N_CODES = 12


def rows(n=1500, seed=0, rate=-1.0):
    """Codes of three columns, the last sometimes empty, and clicks on a pair."""
    rng = np.random.default_rng(seed)
    codes = np.column_stack([rng.integers(4, size=n) + 4 * at for at in range(3)])
    codes[rng.random(n) < 0.2, 2] = -1
    odds = rate + codes[:, 0] % 2 + 1.5 * (codes[:, 0] % 4 == codes[:, 1] % 4)
    return codes.astype(float), (rng.random(n) < expit(odds)).astype(int)


def matrix(codes):
    at, slot = np.nonzero(codes >= 0)
    shape = len(codes), N_CODES
    ones = np.ones(len(at))
    return sp.csr_array((ones, (at, codes[at, slot].astype(int))), shape=shape)


def made(name):
    if name in STRUCTURES:
        pytest.importorskip("torch")
        return EmbeddingRanker(N_CODES, name, max_iter=1, n_jobs=1)
    if name == "leaves":
        return LeafLogistic(2, N_CODES, n_estimators=5)
    kind = SparseLogistic if name == "logistic" else FactorisationMachine
    return kind(N_CODES)


NAMES = ("logistic", "fm", "leaves", *STRUCTURES)


def test_the_kernels_are_products_of_the_matrix():
    codes, _ = rows(60)
    M, codes = matrix(codes).toarray(), codes.astype(np.int32)
    rng = np.random.default_rng(0)
    w, r, h = rng.normal(size=N_CODES), rng.normal(size=60), rng.random(60)
    out, total = np.empty(60), np.empty(N_CODES)
    code_sums(codes, w, out)
    np.testing.assert_allclose(out, M @ w)
    code_totals(codes, r, total)
    np.testing.assert_allclose(total, M.T @ r)
    first = code_curvature(codes, h, w, 0.3, total)
    np.testing.assert_allclose(total, M.T @ (h * (M @ w + 0.3)))
    assert first == pytest.approx(h @ (M @ w + 0.3))


@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(1, 4))
@settings(max_examples=30, deadline=None)
def test_the_factorisation_is_that_of_all_pairs(seed, n_slots, k):
    rng = np.random.default_rng(seed)
    codes = rng.integers(-1, 6, size=(4, n_slots)).astype(np.int32)
    w, v = rng.normal(size=6), rng.normal(size=(6, k))
    out = np.empty(4)
    factorisation_scores(codes, 0.5, w, v, out)
    for row, score in zip(codes, out, strict=True):
        held = [code for code in row if code >= 0]
        pairs = sum(v[a] @ v[b] for a, b in combinations(held, 2))
        assert score == pytest.approx(0.5 + sum(w[c] for c in held) + pairs)


def test_logistic_regression_is_that_of_the_reference():
    codes, y = rows()
    weight = np.random.default_rng(1).uniform(0.5, 2, len(y)).astype(np.float32)
    ours = SparseLogistic(N_CODES, alpha=2.0, tol=1e-10)
    ours.fit(codes, y, sample_weight=weight)
    theirs = LogisticRegression(C=0.5, tol=1e-10, max_iter=5000)
    theirs.fit(matrix(codes), y, sample_weight=weight)
    np.testing.assert_allclose(ours.weights_, theirs.coef_[0], atol=1e-5)
    assert ours.intercept_ == pytest.approx(theirs.intercept_[0], abs=1e-5)


def test_rare_clicks_do_not_stop_it_and_too_few_steps_are_told():
    codes, y = rows(40_000, rate=-8.0)
    ours = SparseLogistic(N_CODES, alpha=1.0).fit(codes, y)
    theirs = LogisticRegression(C=1.0, tol=1e-12, max_iter=9000).fit(matrix(codes), y)

    def loss(odds):
        return np.mean(np.logaddexp(0, odds) - y * odds)

    best = loss(theirs.decision_function(matrix(codes)))
    assert 0 < y.sum() < 200
    assert loss(ours.score_rows(codes)) < best * (1 + 1e-4)
    with pytest.warns(ConvergenceWarning, match="steps are not enough"):
        SparseLogistic(N_CODES, alpha=1.0, max_iter=1).fit(codes, y)


def test_learning_on_is_nearly_learning_at_once():
    codes, y = rows(4000)
    whole = SparseLogistic(N_CODES).fit(codes, y).score_rows(codes)
    half = SparseLogistic(N_CODES).fit(codes[:2000], y[:2000])
    before = np.abs(half.score_rows(codes) - whole).mean()
    half.partial_fit(codes[2000:], y[2000:])
    after = np.abs(half.score_rows(codes) - whole).mean()
    assert after < before / 2
    assert (half.precision_ > SparseLogistic(N_CODES).fit(codes, y).alpha).all()


@pytest.mark.parametrize("name", ["logistic", "fm", "leaves"])
def test_partial_fit_begins_where_there_is_nothing_and_takes_one_class(name):
    codes, y = rows()
    first = made(name).fit(codes, y).score_rows(codes)
    model = made(name).partial_fit(codes, y)
    np.testing.assert_array_equal(model.score_rows(codes), first)
    model.partial_fit(codes[:300], np.zeros(300, int))
    assert model.score_rows(codes).mean() < first.mean()


@pytest.mark.parametrize("name", ["logistic", "fm", "leaves"])
def test_partial_fit_refuses_what_fit_refuses(name):
    codes, y = rows(300)
    model = made(name).fit(codes, y)
    before = model.score_rows(codes)
    for bad in (
        codes[:, :1],
        codes[0],
        codes + np.array([0, 0, 0.5]),
        np.full((300, 3), np.nan),
    ):
        with pytest.raises(ValueError):
            model.partial_fit(bad, y)
    with pytest.raises(ValueError, match="A click must be 0 or 1, got 2"):
        model.partial_fit(codes, y * 2)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        model.partial_fit(codes, y[:5])
    with pytest.raises(ValueError, match="sample_weight must have shape"):
        model.partial_fit(codes, y, sample_weight=[1.0])
    np.testing.assert_array_equal(model.score_rows(codes), before)


@pytest.mark.parametrize("name", NAMES)
def test_kept_as_arrays_it_scores_the_same_row_by_row(name):
    codes, y = rows(400)
    model = made(name).fit(codes, y)
    again = type(model).from_arrays(model.arrays())
    scores = model.score_rows(codes)
    np.testing.assert_array_equal(again.score_rows(codes), scores)
    alone = [model.score_rows(row[None])[0] for row in codes[:30]]
    np.testing.assert_array_equal(alone, scores[:30])
    assert np.std(scores) > 0


@pytest.mark.parametrize("name", NAMES)
def test_arrays_that_do_not_fit_are_refused(name):
    codes, y = rows(300)
    model = made(name).fit(codes, y)
    for part, array in model.arrays().items():
        if array.dtype.kind != "f" or not array.size or "trees" in part:
            continue
        spoilt = array.copy()
        spoilt.flat[0] = np.nan
        with pytest.raises(ValueError):
            type(model).from_arrays({**model.arrays(), part: spoilt})


@pytest.mark.parametrize("name", ["logistic", "fm", *STRUCTURES])
def test_codes_and_labels_that_are_none_are_refused(name):
    codes, y = rows(300)
    for bad in (codes + 0.5, codes - 5, codes + N_CODES):
        with pytest.raises(ValueError, match="Codes must be whole numbers"):
            made(name).fit(bad, y)
    with pytest.raises(ValueError, match="A click must be 0 or 1, got 2"):
        made(name).fit(codes, y * 2)
    with pytest.raises(ValueError, match="clicks and others, got 0 clicks"):
        made(name).fit(codes, y * 0)


@pytest.mark.parametrize("name", STRUCTURES)
def test_scores_are_those_of_the_network_that_was_trained(name):
    torch = pytest.importorskip("torch")
    from lookalike.rank import _embedding_training as training

    codes, y = rows(200)
    kept = []
    module = training.EmbeddingModule

    class Kept(module):
        def __init__(self, *given):
            super().__init__(*given)
            kept.append(self)

    training.EmbeddingModule = Kept
    try:
        model = made(name).fit(codes, y)
    finally:
        training.EmbeddingModule = module
    with torch.no_grad():
        scores, _ = kept[0](torch.from_numpy(codes.astype(np.int64) + 1))
    np.testing.assert_allclose(model.score_rows(codes), scores.numpy(), atol=1e-5)


def test_leaves_are_those_that_the_trees_add_up():
    X = np.random.default_rng(0).normal(size=(800, 3)).astype(np.float32)
    y = (X[:, 0] * X[:, 1] > 0).astype(int)
    model = LeafLogistic(n_estimators=7).fit(X, y)
    forest = model.trees_.forest_
    leaves = forest.leaves(X)
    value = forest.thresholds[forest.features < 0]
    np.testing.assert_allclose(value[leaves].sum(axis=1), forest.scores(X))
    assert len(np.unique(leaves)) == forest.n_leaves
