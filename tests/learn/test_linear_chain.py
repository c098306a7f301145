"""The linear-chain field against all sequences of tags, its slope, and its refusals."""

import itertools
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from lookalike.learn import LinearChainCRF, LogisticRegression
from lookalike.learn.linear_chain import Packing, Sums, _best

TEXTS = ["in New York", "with York", "from New York", "by York", "New deal", ""]
X = [[[word, word[:1].isupper()] for word in text.split()] for text in TEXTS]
Y = [["O", "B", "I"], ["O", "O"], ["O", "B", "I"], ["O", "O"], ["O", "O"], []]


def every_sequence(scores, T):
    """All sequences of tags of one sentence, and the exponent of each."""
    for tags in itertools.product(range(len(T)), repeat=len(scores)):
        unary = sum(row[tag] for row, tag in zip(scores, tags, strict=True))
        yield tags, unary + sum(T[a, b] for a, b in itertools.pairwise(tags))


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=4),
    st.integers(1, 3),
    st.integers(0, 10**6),
)
def test_sums_and_the_best_sequence_are_those_of_all_sequences(lengths, k, seed):
    rng = np.random.default_rng(seed)
    scores, T = rng.normal(size=(sum(lengths), k)), 2 * rng.normal(size=(k, k))
    packing = Packing.of(lengths)
    sums, best = Sums.of(scores, T, packing), _best(scores, T, packing)
    unary, pairs = np.zeros_like(scores), np.zeros((len(scores), k, k))
    for n, end in zip(lengths, packing.ends, strict=True):
        if n == 0:
            continue
        here = slice(end - n, end)
        each = list(every_sequence(scores[here], T))
        z = sum(np.exp(value) for _, value in each)
        np.testing.assert_allclose(sums.log_z[here], np.log(z))
        for tags, value in each:
            for i, tag in enumerate(tags):
                unary[end - n + i, tag] += np.exp(value) / z
                if i:
                    pairs[end - n + i, tags[i - 1], tag] += np.exp(value) / z
        assert tuple(best[here]) == max(each, key=lambda item: item[1])[0]
    np.testing.assert_allclose(sums.unary(), unary, atol=1e-12)
    np.testing.assert_allclose(sums.pairs(), pairs, atol=1e-12)
    np.testing.assert_allclose(sums.pair_counts(), pairs.sum(axis=0), atol=1e-12)


def objective(model, C):
    """The objective at a fitted model, by all sequences of tags."""
    codes = {tag: i for i, tag in enumerate(model.classes_)}
    numbers = model.features_
    loss = 0.0
    for sentence, tags in zip(X, Y, strict=True):
        scores = np.array(
            [
                model.intercept_ + sum(model.coef_[:, numbers[s]] for s in word)
                for word in sentence
            ]
        )
        each = dict(every_sequence(scores, model.transitions_))
        loss += np.logaddexp.reduce(list(each.values()))
        loss -= each[tuple(codes[tag] for tag in tags)]
    return C * loss + ((model.coef_**2).sum() + (model.transitions_**2).sum()) / 2


def test_what_is_fitted_is_the_least_of_the_objective():
    model = LinearChainCRF(C=3.0, tol=1e-7).fit(X, Y)
    least = objective(model, 3.0)
    for name in ("coef_", "intercept_", "transitions_"):
        fitted = getattr(model, name)
        for cell in np.ndindex(fitted.shape):
            for step in (-1e-2, 1e-2):
                moved = fitted.copy()
                moved[cell] += step
                setattr(model, name, moved)
                # Moved along one of the offsets alone the objective may be flat.
                assert objective(model, 3.0) > least - 1e-9
        setattr(model, name, fitted)


def test_words_that_stand_alone_are_those_of_logistic_regression():
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 2, (60, 5))
    tags = np.array(["a", "b", "c"])[(rows[:, :2].sum(1) + rng.integers(0, 2, 60)) % 3]
    sentences = [[np.flatnonzero(row).tolist()] for row in rows]
    model = LinearChainCRF(C=0.7, tol=1e-7).fit(sentences, [[tag] for tag in tags])
    reference = LogisticRegression(C=0.7, tol=1e-9, max_iter=1000).fit(rows, tags)
    np.testing.assert_allclose(
        np.concatenate(model.predict_proba(sentences)),
        reference.predict_proba(rows),
        atol=1e-5,
    )
    assert (model.transitions_ == 0).all()


def test_a_tag_depends_on_the_tag_before():
    model = LinearChainCRF(C=10.0).fit(X, Y)
    found = model.predict([[["New", True], ["York", True]], [["York", True]], []])
    assert [tags.tolist() for tags in found] == [["B", "I"], ["O"], []]
    assert model.score(X, Y) == 1.0
    [pairs] = model.predict_pair_proba([[["New", True], ["York", True]]])
    [shares] = model.predict_proba([[["New", True], ["York", True]]])
    np.testing.assert_allclose(pairs[1].sum(axis=0), shares[1])
    assert (pairs[0] == 0).all()


def test_rare_and_unknown_features_count_nothing_and_repeated_ones_once():
    model = LinearChainCRF(min_count=2).fit(X, Y)
    assert "deal" not in model.features_
    assert "York" in model.features_
    sentences = [[["York"]], [["York", "York", "deal", "never"]]]
    a, b = model.predict_proba(sentences)
    np.testing.assert_array_equal(a, b)


def test_large_scores_do_not_overflow():
    scores, T = np.array([[1e5, -1e5], [1e5, -1e5], [-1e5, 1e5]]), np.eye(2)
    sums = Sums.of(scores, T, Packing.of([3]))
    np.testing.assert_allclose(sums.unary(), [[1, 0], [1, 0], [0, 1]])
    np.testing.assert_allclose(sums.pair_counts(), [[1, 1], [0, 0]])


def test_a_fit_that_is_cut_short_says_so():
    with pytest.warns(ConvergenceWarning, match="did not converge in 1 steps"):
        LinearChainCRF(max_iter=1, tol=1e-9).fit(X, Y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert LinearChainCRF().fit(X, Y).n_iter_ > 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"C": 0}, "C must be a positive number, got 0"),
        ({"tol": np.inf}, "tol must be a positive number, got inf"),
        ({"min_count": 0}, "min_count must be a whole number of at least 1, got 0"),
        ({"max_iter": 1.5}, "max_iter must be a whole number of at least 1, got 1.5"),
    ],
)
def test_bad_parameters_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        LinearChainCRF(**options).fit(X, Y)


def test_bad_sentences_are_refused():
    model = LinearChainCRF()
    with pytest.raises(ValueError, match="X has 6 sentences, y has 1"):
        model.fit(X, Y[:1])
    with pytest.raises(ValueError, match="sentence 0 has 3 words and 2 tags"):
        model.fit(X[:1], [["O", "O"]])
    with pytest.raises(ValueError, match="at least one word"):
        model.fit([[]], [[]])
    with pytest.raises(ValueError, match="X must be sentences of words of features"):
        model.fit(["in York"], [["O"] * 7])
    with pytest.raises(ValueError, match="A word must be a sequence of features"):
        model.fit([["in", "York"]], [["O", "B"]])
    with pytest.raises(NotFittedError):
        LinearChainCRF().predict(X)


def test_a_field_restored_from_arrays_predicts_the_same():
    texts = ["in New York", "with York", "from New York", "by York"]
    X = [[[word, word[-2:]] for word in text.split()] for text in texts]
    y = [["O", "B", "I"], ["O", "O"], ["O", "B", "I"], ["O", "O"]]
    fitted = LinearChainCRF(C=10.0).fit(X, y)
    arrays = fitted.arrays()
    model = LinearChainCRF.from_arrays(arrays)
    assert list(model.features_.items()) == list(fitted.features_.items())
    for one, other in zip(model.predict_proba(X), fitted.predict_proba(X), strict=True):
        np.testing.assert_array_equal(one, other)
    for one, other in zip(model.predict(X), fitted.predict(X), strict=True):
        np.testing.assert_array_equal(one, other)
    for name, array in model.arrays().items():
        np.testing.assert_array_equal(array, arrays[name])
        assert array.dtype == arrays[name].dtype
    for name in ("classes", "coef", "intercept", "transitions", "features"):
        with pytest.raises(ValueError, match="do not fit"):
            LinearChainCRF.from_arrays({**arrays, name: arrays[name][:2]})


def test_a_field_without_features_is_restored():
    fitted = LinearChainCRF(min_count=9).fit([[["a"], ["b"]]], [["O", "B"]])
    model = LinearChainCRF.from_arrays(fitted.arrays())
    assert model.features_ == fitted.features_ == {}
    np.testing.assert_array_equal(
        model.predict_proba([[["a"], ["c"]]])[0],
        fitted.predict_proba([[["a"], ["c"]]])[0],
    )


@pytest.mark.parametrize("feature", [7, "two\nlines"])
def test_features_that_cannot_be_saved_as_text_are_refused(feature):
    fitted = LinearChainCRF().fit([[[feature], ["x"]]], [["A", "B"]])
    with pytest.raises(ValueError, match="without line breaks"):
        fitted.arrays()
