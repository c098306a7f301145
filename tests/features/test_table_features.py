"""Encoders of tables: conventions, definitions, and that the target does not leak."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import KFold
from sklearn.preprocessing import KBinsDiscretizer, TargetEncoder

from lookalike.features.table import (
    Bucketiser,
    ClassCountEncoder,
    CountEncoder,
    HashedCrosses,
    OrderedTargetEncoder,
)


@pytest.mark.parametrize("kind", [np.int64, np.int8, np.float64, object])
@pytest.mark.parametrize("far", [100, 2**40])
def test_numbers_are_known_by_their_value_whatever_their_type(kind, far):
    X = np.array([[3], [-2], [3], [0]])
    Q = np.array([[3], [-3], [4], [0], [1], [-2], [far if kind != np.int8 else 100]])
    encoder = CountEncoder().fit(X.astype(kind))
    for other in (kind, np.int64, np.float64):
        if not (other == kind == np.int8):
            found = encoder.transform(Q.astype(other if far < 128 else np.int64))
            np.testing.assert_array_equal(found.ravel(), [2, 0, 0, 1, 0, 1, 0])
    ends = np.array([[-(2**63)], [2**63 - 1], [2**63 - 1]])
    assert CountEncoder().fit(ends).transform(ends).ravel().tolist() == [1, 2, 2]


# Buckets


@settings(max_examples=40, deadline=None)
@given(
    boundaries=st.sets(st.integers(-3, 3), min_size=1),
    values=st.lists(st.integers(-4, 4), min_size=1),
)
def test_buckets_equal_their_definition(boundaries, values):
    boundaries = sorted(boundaries)
    buckets = Bucketiser(boundaries).fit_transform(np.c_[values])
    assert buckets.ravel().tolist() == [sum(b <= v for b in boundaries) for v in values]


def test_buckets_agree_with_scikit_learn_given_the_edges_that_it_finds():
    X = np.random.default_rng(0).normal(size=(200, 3))
    theirs = KBinsDiscretizer(
        5,
        encode="ordinal",
        strategy="quantile",
        quantile_method="averaged_inverted_cdf",
    ).fit(X)
    inner = [edges[1:-1] for edges in theirs.bin_edges_]
    np.testing.assert_array_equal(
        Bucketiser(inner).fit_transform(X), theirs.transform(X)
    )


def test_missing_and_infinite_numbers_have_buckets():
    model = Bucketiser([[0.0, 1.0], [5.0]], missing="bucket").fit([[0.0, 0.0]])
    X = [[np.nan, np.nan], [-5, 4], [0.5, 5], [9, 9]]
    assert model.transform(X).tolist() == [[3, 2], [0, 0], [1, 1], [2, 1]]
    with pytest.raises(ValueError, match="NaN"):
        Bucketiser([0.0]).fit([[np.nan]])


@pytest.mark.parametrize(
    ("boundaries", "message"),
    [
        ([1.0, 1.0], "rising list of numbers, got"),
        ([2.0, 1.0], "rising list of numbers, got"),
        ([], "rising list of numbers, got"),
        ([np.nan], "rising list of numbers, got"),
        ([[0.0], [1.0], [2.0]], "3 lists of boundaries for 2 columns"),
    ],
)
def test_refuses_boundaries_that_make_no_buckets(boundaries, message):
    with pytest.raises(ValueError, match=message):
        Bucketiser(boundaries).fit([[0.0, 0.0]])
    with pytest.raises(ValueError, match="missing must be 'error' or 'bucket'"):
        Bucketiser(missing="drop").fit([[0.0]])


# Counts

TABLE = [["a", 1], ["b", 1], ["a", 2], [None, 1], ["a", np.nan], [None, np.nan]]


def test_counts_are_of_other_rows():
    model = CountEncoder()
    expected = [[2, 2], [0, 2], [2, 0], [1, 2], [2, 1], [1, 1]]
    assert model.fit_transform(TABLE).tolist() == expected
    new = [["a", 2], ["z", 3], [None, np.nan]]
    assert model.transform(new).tolist() == [[3, 1], [0, 0], [2, 2]]


def test_equal_numbers_are_one_category_however_they_are_written():
    zeros = np.array([[0.0], [-0.0], [np.nan], [-np.nan]])
    assert CountEncoder().fit_transform(zeros).ravel().tolist() == [1, 1, 1, 1]
    model = CountEncoder().fit(np.array([[3], [3]], dtype=np.int8))
    assert model.transform(np.array([[3.0]])).item() == 2
    large = np.array([[2**63], [2**63 + 1]], dtype=np.uint64)
    assert CountEncoder().fit(large).categories_ == [[2**63, 2**63 + 1]]


def test_shares_are_of_other_rows():
    shares = CountEncoder(normalize=True)
    np.testing.assert_allclose(
        shares.fit_transform([["a"], ["a"], ["b"]]).T, [[0.5, 0.5, 0]]
    )
    np.testing.assert_allclose(shares.transform([["a"], ["z"]]).T, [[2 / 3, 0]])
    assert shares.fit_transform([["a"]]).tolist() == [[0.0]]


def test_training_counts_look_like_counts_of_new_rows_and_own_counts_do_not():
    rng = np.random.default_rng(0)
    train, new = rng.zipf(1.5, size=(2, 4000, 1)) % 5000
    model = CountEncoder()
    in_training, in_service = model.fit_transform(train), model.transform(new)
    never_met = (in_service == 0).mean()
    assert (in_training == 0).mean() == pytest.approx(never_met, abs=0.02)
    assert (model.transform(train) == 0).mean() == 0
    assert never_met > 0.05


# Class counts


def noise(seed=0, n_rows=3000):
    """Categories with three rows each that say nothing about the target."""
    rng = np.random.default_rng(seed)
    return rng.integers(n_rows // 3, size=(n_rows, 1)), rng.integers(2, size=n_rows)


def share_of_ones(counts):
    return (counts[:, 1] + 0.5) / (counts.sum(axis=1) + 1)


def test_class_counts_do_not_leak_the_target_and_naive_ones_do():
    X, y = noise()
    model = ClassCountEncoder(random_state=0)
    crossed = share_of_ones(model.fit_transform(X, y))
    assert roc_auc_score(y, crossed) == pytest.approx(0.5, abs=0.03)
    naive = share_of_ones(model.transform(X))
    assert roc_auc_score(y, naive) > 0.8


def test_leaving_out_only_the_row_itself_would_leak():
    X, y = noise()
    constant = np.zeros_like(X)
    model = ClassCountEncoder(random_state=0)
    crossed = share_of_ones(model.fit_transform(constant, y))
    left_out = share_of_ones(model.transform(constant) - np.eye(2)[y])
    assert roc_auc_score(y, left_out) == 0  # a model need only turn the sign
    assert roc_auc_score(y, crossed) == pytest.approx(0.5, abs=0.05)


def test_a_model_trained_on_naive_counts_believes_in_noise():
    X, y = noise()
    new_X, new_y = X, np.random.default_rng(1).integers(2, size=len(y))
    model = ClassCountEncoder(random_state=0)
    crossed = np.c_[share_of_ones(model.fit_transform(X, y))]
    naive = np.c_[share_of_ones(model.transform(X))]
    new = np.c_[share_of_ones(model.transform(new_X))]
    losses = []
    for columns in (crossed, naive):
        classifier = LogisticRegression(C=1e6).fit(columns, y)
        p = classifier.predict_proba(new)[np.arange(len(new_y)), new_y]
        losses.append(-np.log(p).mean())
    assert losses[0] == pytest.approx(np.log(2), abs=0.02)
    assert losses[1] > 0.9


def test_class_counts_equal_their_definition():
    rng = np.random.default_rng(0)
    X, y = rng.integers(4, size=(60, 2)), rng.choice(list("uvw"), size=60)
    folds = list(KFold(3).split(X))
    model = ClassCountEncoder(cv=folds)
    found = model.fit_transform(X, y)
    for rows, test in folds:
        for i in test:
            expected = [
                sum(X[j, f] == X[i, f] and y[j] == c for j in rows) * 60 / 40
                for f in range(2)
                for c in "uvw"
            ]
            np.testing.assert_allclose(found[i], expected)
    assert model.transform([[9, 9]]).tolist() == [[0] * 6]


def test_shares_of_class_counts_are_the_means_of_scikit_learn():
    rng = np.random.default_rng(0)
    X, y = rng.integers(5, size=(200, 1)), rng.integers(2, size=200)
    cv = KFold(4, shuffle=True, random_state=0)
    counts = ClassCountEncoder(cv=cv).fit_transform(X, y)
    means = TargetEncoder(cv=cv, smooth=0.0).fit_transform(X, y)
    np.testing.assert_allclose(counts[:, 1:] / counts.sum(axis=1, keepdims=True), means)


def test_columns_are_named_by_feature_and_class():
    model = ClassCountEncoder().fit(TABLE, [0, 1, 1, 0, 0, 1])
    assert model.get_feature_names_out().tolist() == ["x0_0", "x0_1", "x1_0", "x1_1"]
    assert model.get_feature_names_out(["ad", "hour"])[3] == "hour_1"
    with pytest.raises(ValueError, match="length equal to number of features"):
        model.get_feature_names_out(["ad"])


def test_class_counts_refuse_folds_that_do_not_cover_the_rows():
    X, y = noise(n_rows=30)
    with pytest.raises(ValueError, match="all rows, each once"):
        ClassCountEncoder(cv=[([0, 1], [2, 3])]).fit_transform(X, y)
    with pytest.raises(ValueError, match=r"cv must be in \[2, 30\], .* got 1"):
        ClassCountEncoder(cv=1).fit_transform(X, y)
    for cv in ("5", None, 2.5):
        with pytest.raises(ValueError, match="cv must be a whole number, a splitter"):
            ClassCountEncoder(cv=cv).fit_transform(X, y)
    with pytest.raises(ValueError, match="requires y to be passed"):
        ClassCountEncoder().fit(X, None)


# Ordered target means


@settings(max_examples=40, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.sampled_from(["a", "b", None]), st.integers(-2, 2)),
        min_size=1,
        max_size=15,
    ),
    smooth=st.sampled_from([0.5, 1.0, 10.0]),
    start=st.sampled_from([0.0, 0.3]),
)
def test_ordered_means_equal_their_definition(rows, smooth, start):
    X, y = [[value] for value, _ in rows], [target for _, target in rows]
    expected = []
    for i, (value, _) in enumerate(rows):
        before = [t for v, t in rows[:i] if v == value]
        overall = np.mean(y[:i]) if i else start
        expected.append((sum(before) + smooth * overall) / (len(before) + smooth))
    model = OrderedTargetEncoder(smooth=smooth, start=start)
    np.testing.assert_allclose(model.fit_transform(X, y).ravel(), expected, atol=1e-12)
    seen = [t for v, t in rows if v == "a"]
    last = (sum(seen) + smooth * np.mean(y)) / (len(seen) + smooth)
    np.testing.assert_allclose(model.transform([["a"]]), [[last]], atol=1e-12)
    np.testing.assert_allclose(model.transform([["?"]]), [[np.mean(y)]], atol=1e-12)


def test_neither_the_own_target_nor_a_later_row_reaches_a_row():
    rng = np.random.default_rng(0)
    X, y = rng.integers(4, size=(50, 2)), rng.normal(size=50)
    found = OrderedTargetEncoder().fit_transform(X, y)
    changed_X, changed_y = X.copy(), y.copy()
    changed_y[30:] += 100
    changed_X[31:] = 0
    again = OrderedTargetEncoder().fit_transform(changed_X, changed_y)
    np.testing.assert_array_equal(again[:31], found[:31])
    assert (again[31:] != found[31:]).any()


def test_ordered_means_do_not_leak_the_target_and_naive_ones_do():
    X, y = noise()
    model = OrderedTargetEncoder()
    assert roc_auc_score(y, model.fit_transform(X, y)) == pytest.approx(0.5, abs=0.03)
    assert roc_auc_score(y, model.transform(X)) > 0.8


def test_portions_of_a_log_give_the_means_of_the_whole():
    rng = np.random.default_rng(0)
    X, y = rng.choice(["a", "b", "c"], size=(40, 2)).astype(object), rng.normal(size=40)
    X[3, 0] = np.nan
    whole = OrderedTargetEncoder()
    expected = whole.fit_transform(X, y)
    portions = OrderedTargetEncoder()
    found = [
        portions.partial_fit_transform(X[k : k + 9], y[k : k + 9])
        for k in range(0, 40, 9)
    ]
    np.testing.assert_allclose(np.vstack(found), expected)
    np.testing.assert_allclose(portions.transform(X), whole.transform(X))
    assert portions.n_rows_ == 40
    again = portions.fit(X[:9], y[:9])
    assert again.n_rows_ == 9


def test_rows_of_service_are_encoded_as_the_log_was_written():
    X, y = noise(n_rows=60)
    model = OrderedTargetEncoder()
    expected = model.fit_transform(X, y)
    served = OrderedTargetEncoder().partial_fit(X[:1], y[:1])
    for i in range(1, 60):
        np.testing.assert_allclose(served.transform(X[i : i + 1])[0], expected[i])
        served.partial_fit(X[i : i + 1], y[i : i + 1])


def test_ordered_means_refuse_no_smoothing_and_no_target():
    with pytest.raises(ValueError, match="smooth must be above 0, got 0"):
        OrderedTargetEncoder(smooth=0).fit([[1]], [1])
    with pytest.raises(ValueError, match="start must be a finite number, got nan"):
        OrderedTargetEncoder(start=np.nan).fit([[1]], [1])
    with pytest.raises(ValueError, match="requires y to be passed"):
        OrderedTargetEncoder().fit([[1]], None)


# Crosses


def test_a_cross_solves_what_columns_apart_cannot():
    rng = np.random.default_rng(0)
    X = rng.integers(2, size=(400, 2))
    y = X[:, 0] ^ X[:, 1]
    apart = HashedCrosses([(0,), (1,)], n_features=512).fit_transform(X)
    crossed = HashedCrosses(n_features=512).fit_transform(X)
    assert LogisticRegression().fit(apart, y).score(apart, y) < 0.65
    assert LogisticRegression().fit(crossed, y).score(crossed, y) == 1.0


def test_equal_combinations_share_a_column_and_others_rarely_do():
    X = np.array([[a, b] for a in range(60) for b in range(60)])
    model = HashedCrosses([(0, 1)], n_features=2**20).fit(X)
    columns = model.transform(X).indices
    np.testing.assert_array_equal(columns, model.transform(X[::-1]).indices[::-1])
    pairs = 3600 * 3599 / 2
    collisions = sum(n * (n - 1) / 2 for n in Counter(columns.tolist()).values())
    assert collisions < 4 * pairs / 2**20


def test_columns_are_used_evenly_whatever_the_order_of_values():
    X = np.array([[a, b] for a in range(100) for b in range(100)])
    columns = HashedCrosses([(0, 1)], n_features=64).fit_transform(X).indices
    assert chisquare(np.bincount(columns, minlength=64)).pvalue > 1e-3
    assert chisquare(np.bincount(X[:, 0] * X[:, 1] % 64, minlength=64)).pvalue < 1e-9


def test_order_and_number_of_a_cross_matter():
    X = [["a", "b"], ["b", "a"]]
    columns = HashedCrosses([(0, 1)]).fit_transform(X).indices
    assert columns[0] != columns[1]
    two = HashedCrosses([(0, 1), (0, 1)]).fit_transform(X)
    assert two.nnz == 4


def test_the_kind_of_number_does_not_matter_and_missing_is_a_value():
    crosses = HashedCrosses([(0, 1)], n_features=2**30)
    texts = [["3", "x"], ["", "x"]]
    numbers = [[3.0, "x"], [np.nan, "x"]]
    integers = [[3, "x"], [None, "x"]]
    columns = [
        crosses.fit(t).transform(t).indices.tolist() for t in (texts, numbers, integers)
    ]
    assert columns[0] == columns[1] == columns[2]


def test_a_missing_value_does_not_vanish_from_a_combination():
    X = [[None, "x"]]
    both = HashedCrosses([(0, 1)]).fit_transform(X).indices
    alone = HashedCrosses([(1,)]).fit_transform(X).indices
    assert both[0] != alone[0]


def test_a_row_has_as_many_marks_as_crosses():
    X = np.random.default_rng(0).integers(9, size=(30, 4))
    marked = HashedCrosses(n_features=8).fit_transform(X)
    assert marked.sum(axis=1).tolist() == [6.0] * 30
    assert marked.has_sorted_indices


def test_columns_can_be_named_in_a_data_frame():
    pandas = pytest.importorskip("pandas")
    rows = pandas.DataFrame({"city": ["Bonn", "Rome"], "day": [1, 2], "hour": [8, 9]})
    named = HashedCrosses([("city", "hour")]).fit(rows)
    assert named.crosses_ == [(0, 2)]
    placed = HashedCrosses([(0, 2)]).fit(rows.to_numpy())
    assert (named.transform(rows) != placed.transform(rows.to_numpy())).nnz == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"crosses": "triples"}, "must be 'pairs' or a list of tuples, got 'triples'"),
        ({"crosses": []}, "at least one combination"),
        ({"crosses": [(0, 7)]}, r"tuple of columns of X, got \(0, 7\); X has \[0, 1\]"),
        ({"crosses": [()]}, r"tuple of columns of X, got \(\)"),
        ({"n_features": 0}, r"n_features must be an integer in \[1, 2\*\*31\), got 0"),
    ],
)
def test_crosses_refuse_with_a_sentence(options, message):
    with pytest.raises(ValueError, match=message):
        HashedCrosses(**options).fit([["a", "b"]])
