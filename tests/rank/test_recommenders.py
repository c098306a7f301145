"""Recommenders: each against its own definition, refusals, and one answer a user."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.utils.estimator_checks import parametrize_with_checks

from lookalike.kernels.implicit_als import few, solve_rows
from lookalike.kernels.top_items import best_items, products
from lookalike.rank._known_rows import KnownRows
from lookalike.rank._weighting import weigh
from lookalike.rank.content import ContentSimilarity
from lookalike.rank.ease import EASE
from lookalike.rank.implicit_als import ImplicitALS
from lookalike.rank.item_neighbors import ItemNeighbors
from lookalike.rank.popularity import DAY, Popularity
from lookalike.rank.recommender import pick
from lookalike.rank.user_neighbors import UserNeighbors

RECOMMENDERS = [
    Popularity(),
    EASE(3.0),
    ImplicitALS(4, 0.1, 2.0, random_state=0),
    ItemNeighbors(5),
    ItemNeighbors(5, "cosine"),
    UserNeighbors(7),
]


def plays(n_users=40, n_items=30, share=0.2, seed=0):
    rng = np.random.default_rng(seed)
    there = rng.random((n_users, n_items)) < share
    values = rng.integers(1, 9, there.shape).astype(np.float32)
    return sp.csr_array(np.where(there, values, 0))


# --- kernels --------------------------------------------------------------------------


@given(st.integers(0, 10**6), st.integers(1, 12), st.integers(1, 12))
@settings(deadline=None, max_examples=40)
def test_best_items_follow_the_definition_also_on_ties(seed, n_items, k):
    k = min(k, n_items)
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 3, (3, n_items)).astype(np.float32)
    seen = sp.csr_array(rng.random((3, n_items)) < 0.3)
    ids, best = np.empty((3, k), np.int64), np.empty((3, k), np.float32)
    best_items(scores.copy(), seen.indptr, seen.indices, 0, 3, ids, best)
    for row in range(3):
        left = [j for j in range(n_items) if not seen[row, j]]
        order = sorted(left, key=lambda j: (-scores[row, j], j))[:k]
        assert ids[row].tolist() == order + [-1] * (k - len(order))
        assert best[row, : len(order)].tolist() == scores[row, order].tolist()
        assert (best[row, len(order) :] == -np.inf).all()


@given(st.integers(0, 10**6), st.integers(1, 9))
@settings(deadline=None, max_examples=20)
def test_products_follow_the_definition_and_rows_stand_alone(seed, n_components):
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(5, n_components)).astype(np.float32)
    columns = rng.normal(size=(n_components, 1100 if seed % 2 else 7))
    columns = columns.astype(np.float32)
    together = np.empty((5, columns.shape[1]), np.float32)
    products(rows, columns, 0, 5, together)
    np.testing.assert_allclose(together, rows @ columns, rtol=1e-4, atol=1e-5)
    alone = np.empty((1, columns.shape[1]), np.float32)
    products(rows[3:4].copy(), columns, 0, 1, alone)
    np.testing.assert_array_equal(alone[0], together[3])


@given(st.integers(0, 10**6), st.integers(1, 40))
@settings(deadline=None, max_examples=30)
def test_a_solved_row_follows_the_definition(seed, n):
    rng = np.random.default_rng(seed)
    n_factors, n_items = 5, 40
    assert few(n_factors) < 40  # both ways are tried
    Y = rng.normal(size=(n_items, n_factors)).astype(np.float32)
    d = rng.uniform(0, 5, n).astype(np.float32)
    d[rng.random(n) < 0.2] = 0
    items = rng.permutation(n_items)[:n].astype(np.int32)
    gram = (Y.T @ Y).astype(float) + 2 * np.eye(n_factors)
    solved = (Y @ np.linalg.inv(gram)).astype(np.float32)
    out = np.zeros((1, n_factors), np.float32)
    indptr = np.array([0, n], np.int32)
    grams = gram, gram.astype(np.float32)
    solve_rows(indptr, items, d, Y, *grams, solved, 3 * n_factors, 0, 1, out)
    U = Y[items].T.astype(float)
    expected = np.linalg.solve(gram + U @ np.diag(d) @ U.T, U @ (1 + d))
    np.testing.assert_allclose(out[0], expected, rtol=2e-3, atol=2e-3)
    d *= np.float32(1e6)  # single precision would not do
    solve_rows(indptr, items, d, Y, *grams, solved, 3 * n_factors, 0, 1, out)
    expected = np.linalg.solve(gram + U @ np.diag(d.astype(float)) @ U.T, U @ (1.0 + d))
    np.testing.assert_allclose(out[0], expected, rtol=2e-3, atol=2e-3)


# --- each against its definition ------------------------------------------------------


@pytest.mark.parametrize("shape", [(40, 12), (12, 40)])
def test_ease_minimises_its_loss_column_by_column(shape):
    X = plays(*shape).toarray().astype(float)
    model = EASE(2.0).fit(X)
    B = np.zeros((shape[1], shape[1]))
    for j in range(shape[1]):  # ridge regression of an item on all others
        rest = np.delete(np.arange(shape[1]), j)
        A = X[:, rest].T @ X[:, rest] + 2.0 * np.eye(len(rest))
        B[rest, j] = np.linalg.solve(A, X[:, rest].T @ X[:, j])
    queries = plays(*shape, seed=1).toarray()
    np.testing.assert_allclose(model.score_items(queries), queries @ B, atol=2e-4)


def test_als_reaches_a_point_where_no_factor_can_do_better():
    X = plays()
    model = ImplicitALS(3, 0.5, 2.0, max_iter=200, n_steps=9, random_state=0).fit(X)
    U, V = model.transform(X).astype(float), model.item_factors_.astype(float)
    dense = X.toarray()
    weight, preference = 1 + 2.0 * dense, dense > 0
    error = weight * (preference - U @ V.T)
    np.testing.assert_allclose(error @ V, 0.5 * U, atol=2e-3)
    np.testing.assert_allclose(error.T @ U, 0.5 * V, atol=2e-2)


@pytest.mark.parametrize("value", [1e4, 1e6, 1e8, 1e10])
@pytest.mark.parametrize("density", [0.1, 0.9])
def test_als_of_large_values_stays_finite_and_solves_its_equations(value, density):
    X = sp.random(300, 100, density=density, format="csr", random_state=0)
    X.data[:] = value
    model = ImplicitALS(8, random_state=0, max_iter=3).fit(X)
    V = model.item_factors_.astype(float)
    assert np.isfinite(V).all()
    first = np.flatnonzero(X[[0]].toarray()[0])
    A = V.T @ V + 0.01 * np.eye(8) + 40 * value * V[first].T @ V[first]
    expected = np.linalg.solve(A, (1 + 40 * value) * V[first].sum(axis=0))
    scores = V @ model.user_factors_[0]
    np.testing.assert_allclose(scores, V @ expected, atol=0.02)


def test_als_refuses_values_beside_which_nothing_else_counts():
    X = plays()
    X.data[0] = 1e12
    with pytest.raises(ValueError, match=r"at most 1e\+12, got 4e\+13"):
        ImplicitALS(3, random_state=0).fit(X)
    model = ImplicitALS(3, random_state=0).fit(plays())
    with pytest.raises(ValueError, match="scale user_items down"):
        model.recommend(X, k=1)


def test_als_gives_the_same_answer_on_two_threads():
    X = plays(300, 50)
    one, two = (ImplicitALS(4, random_state=0, n_jobs=n).fit(X) for n in (1, 2))
    np.testing.assert_array_equal(one.item_factors_, two.item_factors_)


def test_als_folds_in_new_users_and_items_and_keeps_the_old():
    X = plays(60, 20)
    model = ImplicitALS(4, 0.1, 2.0, random_state=0).fit(X[:50, :15])
    users, items = model.user_factors_.copy(), model.item_factors_.copy()
    model.partial_fit(X)
    assert model.user_factors_.shape == (60, 4)
    assert model.item_factors_.shape == (20, 4)
    np.testing.assert_array_equal(model.user_factors_[:50], users)
    np.testing.assert_array_equal(model.item_factors_[:15], items)
    gram = items.T @ items + 0.1 * np.eye(4)
    row = X[[50], :15].toarray()[0]
    U = items[row > 0].T
    A = gram + U @ np.diag(2 * row[row > 0]) @ U.T
    expected = np.linalg.solve(A, U @ (1 + 2 * row[row > 0]))
    np.testing.assert_allclose(model.user_factors_[50], expected, rtol=1e-2, atol=1e-3)
    with pytest.raises(ValueError, match="must keep the 60 users and 20 items"):
        model.partial_fit(X[:30])


def test_als_looks_up_a_history_it_fitted_and_solves_one_that_was_altered():
    X = plays(300, 50)
    model = ImplicitALS(4, 0.1, 2.0, random_state=0).fit(X)
    queries = X[100:140].copy()
    queries[3, queries[[3]].indices[0]] += 1  # one value of one history
    queries[5, queries[[5]].indices[0]] = 0  # one entry of another, gone
    again = ImplicitALS(4, 0.1, 2.0).fit(X)
    again.item_factors_, again._known = model.item_factors_, None
    solved = again.transform(queries)
    np.testing.assert_array_equal(model.transform(queries), solved)
    assert (solved[[3, 5]] != model.user_factors_[[103, 105]]).any(axis=1).all()
    # It is the stored ones that are handed out, and those that solving gives.
    np.testing.assert_array_equal(model.user_factors_, again.transform(X))
    model.user_factors_ += 1
    moved = (model.transform(queries) - solved).round(3)
    kept = np.zeros(40)
    kept[[3, 5]] = 1
    np.testing.assert_array_equal(moved, np.tile(1 - kept[:, None], 4))


def test_als_keeps_its_answers_when_the_fitted_matrix_is_changed_in_place():
    X = plays(60, 20)
    model = ImplicitALS(4, 0.1, 2.0, random_state=0).fit(X)
    queries, before = X.copy(), model.transform(X)
    X.data += 1
    np.testing.assert_array_equal(model.transform(queries), before)
    changed = (model.transform(X) != before).any(axis=1)
    np.testing.assert_array_equal(changed, np.diff(X.indptr) > 0)


def test_als_solves_all_users_again_once_it_knows_new_items():
    X = plays(60, 20)
    model = ImplicitALS(4, 0.1, 2.0, random_state=0).fit(X[:50, :15]).partial_fit(X)
    factors, found = model.user_factors_.copy(), model.transform(X)
    model.user_factors_ += 1
    np.testing.assert_array_equal(model.transform(X), found)
    assert (found != factors).any()


@given(st.integers(0, 10**6))
@settings(deadline=None, max_examples=40)
def test_a_row_is_known_by_all_that_it_holds(seed):
    rng = np.random.default_rng(seed)
    rows, queries = (rng.integers(0, 3, (n, 3)).astype(np.float32) for n in (12, 20))
    first = {tuple(row): position for position, row in reversed([*enumerate(rows)])}
    expected = [first.get(tuple(row), -1) for row in queries]
    known = KnownRows(sp.csr_array(rows))
    assert known.positions(sp.csr_array(queries)).tolist() == expected
    known.hashes[:] = known.hashes[0]  # equal hashes: rows are still not confused
    found = known.positions(sp.csr_array(queries))
    for position, row in zip(found, queries, strict=True):
        assert position == -1 or (rows[position] == row).all()


def test_item_neighbours_are_the_products_of_weighted_columns():
    X = plays()
    W = weigh(X, "tfidf").toarray()
    close = W.T @ W
    np.fill_diagonal(close, 0)
    model = ItemNeighbors(4, "tfidf").fit(X)
    for item, row in enumerate(model.similarity_.toarray()):
        best = np.sort(close[item])[-4:]
        np.testing.assert_allclose(np.sort(row)[-4:], best, rtol=1e-5)


@pytest.mark.parametrize("weighting", ["cosine", "tfidf", "bm25"])
def test_weights_follow_their_formula_in_numpy(weighting):
    X = plays(9, 6, 0.5).toarray().astype(float)
    X[0] = 1
    rare = 1 + np.log(7 / (1 + (X > 0).sum(axis=1)))[:, None]
    if weighting == "bm25":
        size = X.sum(axis=0)
        long = 1.2 * (0.25 + 0.75 * size / size.mean())
        expected = X * 2.2 / (X + long) * rare
    else:
        raw = X if weighting == "cosine" else np.sqrt(X) * rare
        expected = raw / np.linalg.norm(raw, axis=0)
    found = weigh(sp.csr_array(X), weighting).toarray()
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize(("k1", "b"), [(0.5, 0.75), (1.2, 0.0), (3.0, 1.0), (0, 0.5)])
def test_item_neighbours_saturate_and_shorten_as_they_are_told(k1, b):
    X = plays().toarray().astype(float)
    size = X.sum(axis=0)
    rare = 1 + np.log(31 / (1 + (X > 0).sum(axis=1)))[:, None]
    long = k1 * (1 - b + b * size / size.mean())
    W = np.where(X > 0, X * (k1 + 1) / np.maximum(X + long, 1e-9) * rare, 0)
    close = W.T @ W
    np.fill_diagonal(close, 0)
    model = ItemNeighbors(4, k1=k1, b=b).fit(X)
    for item, row in enumerate(model.similarity_.toarray()):
        best = np.sort(close[item])[-4:]
        np.testing.assert_allclose(np.sort(row)[-4:], best, rtol=1e-5)


@pytest.mark.parametrize(
    "options", [{"k1": -1.0}, {"b": -0.1}, {"b": 1.5}, {"k1": "2"}]
)
def test_saturation_and_shortening_out_of_range_are_refused(options):
    name = next(iter(options))
    with pytest.raises(ValueError, match=rf"^{name} must"):
        ItemNeighbors(**options).fit(plays())


@pytest.mark.parametrize("weighting", ["cosine", "tfidf", "bm25"])
def test_user_neighbours_sum_what_the_closest_have(weighting):
    X = plays()
    W = weigh(sp.csr_array(X.T), weighting).toarray()
    dense, model = X.toarray(), UserNeighbors(6, weighting).fit(X)
    close = dense @ W
    for row, found in enumerate(model.score_items(X)):
        near = np.argsort(-close[row], kind="stable")[:6]
        np.testing.assert_allclose(found, close[row, near] @ dense[near], rtol=1e-4)


def test_trending_items_are_those_of_late():
    X = sp.csr_array([[1.0, 0], [1, 0], [0, 1]])
    times = sp.csr_array([[1 * DAY, 0], [1 * DAY, 0], [0, 31 * DAY]])
    assert Popularity().fit(X).scores_.tolist() == [2, 1]
    late = Popularity(half_life=15.0).fit(X, times=times)
    np.testing.assert_allclose(late.scores_, [2 * 0.25, 1])


def test_content_needs_no_user_of_an_item():
    words = [[1.0, 0, 1], [1, 0, 0], [0, 1, 0]]
    model = ContentSimilarity().fit(words)
    scores = model.score_items([[1, 0, 0]])
    np.testing.assert_allclose(scores, [[1, np.sqrt(0.5), 0]], rtol=1e-6)
    with pytest.raises(ValueError, match="must have 3 columns, one an item, got 2"):
        model.score_items([[1, 0]])


def test_restored_content_counts_the_columns_of_descriptions_and_the_items():
    words = [[1.0, 0, 1, 1, 0], [1, 0, 0, 0, 0], [0, 1, 0, 0, 0]]
    model = ContentSimilarity().fit(words)
    again = ContentSimilarity.from_arrays(model.arrays())
    for each in (model, again):
        assert (each.n_features_in_, each.n_items_) == (5, 3)
    np.testing.assert_array_equal(
        again.score_items(np.eye(3)), model.score_items(np.eye(3))
    )


# --- what all promise -----------------------------------------------------------------


@pytest.mark.parametrize("model", RECOMMENDERS, ids=lambda m: type(m).__name__)
def test_a_batch_answers_like_its_users_one_by_one(model):
    X = plays()
    together = model.fit(X).recommend(X, 5)
    for user in range(X.shape[0]):
        alone = model.recommend(X[[user]], 5)
        np.testing.assert_array_equal(alone.ids[0], together.ids[user])
        np.testing.assert_array_equal(alone.scores[0], together.scores[user])


@pytest.mark.parametrize("model", RECOMMENDERS, ids=lambda m: type(m).__name__)
def test_what_a_user_has_is_left_out_and_k_may_be_the_whole_catalogue(model):
    X = plays()
    found = model.fit(X).recommend(X, X.shape[1])
    for user, ids in enumerate(found.ids):
        left = np.setdiff1d(np.arange(X.shape[1]), X[[user]].indices)
        np.testing.assert_array_equal(np.sort(ids), left)
        assert len(found.scores[user]) == len(left)
    everything = model.recommend(X, X.shape[1], filter_seen=False)
    assert (np.sort(everything.ids) == np.arange(X.shape[1])).all()


@pytest.mark.parametrize("model", RECOMMENDERS, ids=lambda m: type(m).__name__)
def test_k_above_what_is_left_answers_with_what_is_left(model):
    X = plays()
    together = model.fit(X).recommend(X, 1000)
    for user, (ids, scores) in enumerate(together):
        alone = model.recommend(X[[user]], 1000)
        assert len(ids) == len(scores) == X.shape[1] - len(X[[user]].indices)
        np.testing.assert_array_equal(alone.ids[0], ids)
        np.testing.assert_array_equal(alone.scores[0], scores)


@pytest.mark.parametrize("model", RECOMMENDERS, ids=lambda m: type(m).__name__)
def test_a_restored_recommender_answers_the_same(model):
    X = plays()
    arrays = model.fit(X).arrays()
    again = type(model).from_arrays(arrays, **model.get_params())
    np.testing.assert_array_equal(model.score_items(X), again.score_items(X))
    assert again.n_features_in_ == again.n_items_ == X.shape[1]
    with pytest.raises(ValueError, match=f"not the arrays of a {type(model).__name__}"):
        type(model).from_arrays({})


@pytest.mark.parametrize("model", RECOMMENDERS, ids=lambda m: type(m).__name__)
def test_bad_input_gets_a_sentence(model):
    X = plays()
    model.fit(X)
    with pytest.raises(
        ValueError, match="k must be a whole number of at least 1, got 0"
    ):
        model.recommend(X, 0)
    with pytest.raises(ValueError, match="29 features"):
        model.recommend(X[:, :29])
    with pytest.raises(ValueError, match=r"[Nn]egative"):
        model.fit(-X)
    with pytest.raises(ValueError, match="NaN"):
        model.fit(X * np.nan)


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        (EASE(0), "alpha must be a number above 0, got 0"),
        (ImplicitALS(0), "n_components must be a whole number of at least 1, got 0"),
        (ImplicitALS(alpha=-1), "alpha must be a number above 0, got -1"),
        (
            ImplicitALS(confidence=-1),
            "confidence must be a number of at least 0, got -1",
        ),
        (ItemNeighbors(0), "n_neighbors must be a whole number of at least 1, got 0"),
        (
            ItemNeighbors(3, "sine"),
            "weighting must be one of 'cosine', 'bm25', 'tfidf'",
        ),
        (UserNeighbors(0), "n_neighbors must be a whole number of at least 1, got 0"),
        (Popularity(0), "half_life must be a number above 0, got 0"),
    ],
)
def test_parameters_out_of_range_are_refused(model, sentence):
    with pytest.raises(ValueError, match=sentence):
        model.fit(plays())


def test_an_empty_history_and_an_item_that_nobody_has_are_answered():
    X = plays()
    X = sp.csr_array(X.multiply(np.arange(30) != 4))
    empty = sp.csr_array((1, 30), dtype=np.float32)
    for model in RECOMMENDERS:
        found = model.fit(X).recommend(empty, 30)
        assert np.isfinite(found.scores).all()
        assert sorted(found.ids[0]) == list(range(30))


def test_explicit_zeros_and_repeated_pairs_are_tidied():
    rows, columns = [0, 0, 0, 1, 2, 2], [1, 1, 2, 0, 0, 3]
    values = [1.0, 2, 0, 1, 1, 1]
    messy = sp.csr_array((values, columns, [0, 3, 4, 6]), shape=(3, 4))
    clean = np.zeros((3, 4))
    np.add.at(clean, (rows, columns), values)
    found, expected = (EASE(1.0).fit(X).weights_ for X in (messy, clean))
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    left = EASE(1.0).fit(messy).recommend(messy, 4).ids[0]
    assert sorted(left) == [0, 2, 3]


def test_pick_of_more_than_there_is_ends_with_nothing():
    ids, best = pick(np.array([[1.0, 3]], np.float32), None, 4)
    assert ids.tolist() == [[1, 0, -1, -1]]
    assert best.tolist() == [[3, 1, -np.inf, -np.inf]]


def test_pick_leaves_the_matrix_of_seen_items_alone():
    X = plays()
    before = X.copy()
    pick(np.ones(X.shape, np.float32), X, 3)
    assert (before != X).nnz == 0


# --- two towers -----------------------------------------------------------------------


def test_two_towers_answer_without_torch_what_torch_would():
    torch = pytest.importorskip("torch")
    from lookalike.rank.two_tower import TwoTower

    X = plays()
    model = TwoTower(6, 8, 3, 64).fit(X)
    (W, b), (V, c) = model.layers_
    sums = (X.toarray() > 0) @ model.history_vectors_
    sums = torch.tensor(sums / np.sqrt(np.diff(X.indptr))[:, None]).float()
    inner = torch.relu(sums @ torch.tensor(W) + torch.tensor(b))
    users = torch.nn.functional.normalize(inner @ torch.tensor(V) + torch.tensor(c))
    expected = users.numpy() @ model.item_vectors_.T
    np.testing.assert_allclose(model.score_items(X), expected, rtol=1e-3, atol=1e-4)
    together = model.recommend(X, 5)
    alone = model.recommend(X[[7]], 5)
    np.testing.assert_array_equal(together.scores[7], alone.scores[0])


@pytest.mark.parametrize("temperature", [0.1, 0.5])
def test_item_vectors_have_the_inverse_of_the_temperature_for_length(temperature):
    pytest.importorskip("torch")
    from lookalike.rank.two_tower import TwoTower

    model = TwoTower(4, 8, 2, 64, temperature=temperature).fit(plays())
    lengths = np.linalg.norm(model.item_vectors_, axis=1)
    np.testing.assert_allclose(lengths, 1 / temperature, rtol=1e-5)
    assert model.item_vectors_.shape == (30, 4)
    assert [weights.shape for weights, _ in model.layers_] == [(4, 8), (8, 4)]
    still = TwoTower(4, 8, 2, 64, learning_rate=1e-12, temperature=temperature)
    losses = still.fit(plays()).losses_
    assert losses[0] == pytest.approx(losses[1], rel=0.2)
    assert model.losses_[1] < model.losses_[0]


def test_two_towers_find_tastes_also_by_content_and_the_same_twice():
    pytest.importorskip("torch")
    from lookalike.rank.two_tower import TwoTower

    rng = np.random.default_rng(0)
    kind = np.arange(30) % 3
    X = ((np.arange(90) % 3)[:, None] == kind) & (rng.random((90, 30)) < 0.5)
    words = np.eye(3)[kind]
    models = [
        TwoTower(8, 16, 25, 128).fit(X.astype(float), item_features=F)
        for F in (None, words, words)
    ]
    for model in models:
        ids = model.recommend(X.astype(float), 3).ids
        assert (kind[np.stack(ids)] == (np.arange(90) % 3)[:, None]).mean() > 0.9
        assert model.losses_[-1] < 0.7 * model.losses_[0]
    np.testing.assert_array_equal(models[1].item_vectors_, models[2].item_vectors_)
    with pytest.raises(ValueError, match="item_features must have 30 rows, got 2"):
        models[0].fit(X.astype(float), item_features=np.eye(2))
    with pytest.raises(ValueError, match="temperature must be a number above 0, got 0"):
        TwoTower(temperature=0).fit(X.astype(float))


def test_the_correction_stops_popular_items_from_being_pushed_down():
    pytest.importorskip("torch")
    from lookalike.rank.two_tower import TwoTower

    # One item that half of the users have, the others at random: it should be first.
    rng = np.random.default_rng(0)
    X = (rng.random((400, 40)) < 0.08).astype(float)
    X[:, 0] = rng.random(400) < 0.5
    queries = X[X[:, 0] == 0]
    rank = {}
    for correct in (True, False):
        model = TwoTower(8, 16, 20, 256, logq_correction=correct).fit(X)
        scores = model.score_items(queries)
        rank[correct] = (scores > scores[:, [0]]).sum(axis=1).mean()
    assert rank[True] < 3
    assert rank[False] > 4


@parametrize_with_checks(
    [
        Popularity(),
        EASE(),
        ImplicitALS(4, max_iter=3, random_state=0),
        ItemNeighbors(),
        UserNeighbors(),
        ContentSimilarity(),
    ],
    expected_failed_checks=lambda model: (
        {"check_n_features_in_after_fitting": "partial_fit takes new items"}
        if isinstance(model, ImplicitALS)
        else {}
    ),
)
def test_conventions_of_scikit_learn(estimator, check):
    check(estimator)
