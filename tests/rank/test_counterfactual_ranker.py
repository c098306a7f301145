"""Learning from clicks of unknown examination: definitions, logs, refusals."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import logsumexp
from sklearn.exceptions import ConvergenceWarning

from lookalike.rank._additive_clicks import ClickCells, additive_fit
from lookalike.rank.click_model import ShownLists
from lookalike.rank.clicks import Impressions
from lookalike.rank.counterfactual_ranker import CounterfactualRanker
from lookalike.rank.linear_ranker import LinearRanker
from lookalike.rank.ranker import mean_and_scale

EXAMINATION = np.array([1.0, 0.5, 0.33, 0.25, 0.2])


def world(rng, n_queries=150, size=5, asked=100, eta=0.0):
    """Lists in the order of feature 0 in each log; feature 1 attracts, 2 is nothing.

    eta : how much feature 0 attracts, too
    """
    sizes = np.full(n_queries, size)
    X = rng.normal(size=(n_queries * size, 3))
    item = np.lexsort((-X[:, 0], np.arange(len(X)) // size))
    shown = np.tile(item, asked)
    position = np.tile(np.arange(size), n_queries * asked)
    log_rate = X[shown, 1] + eta * X[shown, 0] - 3
    chance = EXAMINATION[position] * np.exp(np.minimum(log_rate, 0))
    clicked = rng.random(len(shown)) < chance
    query = np.arange(len(shown)) // size
    return X, Impressions(query, shown, position, clicked, query < 0), sizes


@pytest.fixture(scope="module")
def given():
    return world(np.random.default_rng(0), eta=0.5)


@pytest.fixture(scope="module")
def model(given):
    return CounterfactualRanker().fit(*given)


def test_examination_is_learned_from_lists_in_one_order(given, model):
    np.testing.assert_allclose(model.examination_, EXAMINATION, atol=0.05)
    assert model.examination_[0] == 1


def test_positions_are_not_learned_as_relevance(given, model):
    X, shown, sizes = given
    fooled = CounterfactualRanker(examination=np.ones(5)).fit(X, shown, sizes)
    known = CounterfactualRanker(examination=EXAMINATION).fit(X, shown, sizes)
    ratios = [
        each.ranker_.weights_[0] / each.ranker_.weights_[1]
        for each in (model, known, fooled)
    ]
    np.testing.assert_allclose(ratios[:2], 0.5, atol=0.1)
    assert ratios[2] > 0.9
    np.testing.assert_array_equal(fooled.examination_, np.ones(5))
    scores = model.score_rows(X)
    np.testing.assert_array_equal(scores, model.ranker_.score_rows(X))


def small(seed=1):
    """A log in which items stand in several positions, and lists differ in length."""
    rng = np.random.default_rng(seed)
    sizes = np.array([4, 1, 3, 5, 2, 6])
    X = rng.normal(size=(sizes.sum(), 2))
    begins = np.cumsum(sizes) - sizes
    items, lists = [], []
    for n in range(90):
        query = rng.integers(0, 6) if n % 2 else 0
        order = begins[query] + rng.permutation(sizes[query])
        items.append(order[: rng.integers(1, 6)])
        lists.append(np.full(len(items[-1]), n))
    item, query = np.concatenate(items), np.concatenate(lists)
    position = np.concatenate([np.arange(len(each)) for each in items])
    clicked = rng.random(len(item)) < 0.7 / (1 + position)
    return X, Impressions(query, item, position, clicked, query < 0), sizes


def test_rates_are_the_maximum_of_their_definition():
    X, shown, sizes = small()
    query = np.repeat(np.arange(6), sizes)
    cells = ClickCells.of(ShownLists(shown, len(X)), sizes)
    n = int(shown.position.max())

    def objective(v):
        w, logs = v[:2], np.concatenate([[0.0], v[2:]])
        loss = (w @ w + (np.diff(logs) ** 2).sum()) / 2
        for q in range(6):
            rows = query[shown.item] == q
            # One term for every row that was shown: cells are its sums.
            scores = X[shown.item[rows]] @ w + logs[shown.position[rows]]
            clicked = shown.clicked[rows]
            loss -= (scores[clicked] - logsumexp(scores)).sum()
        return loss

    best = minimize(objective, np.zeros(2 + n), options={"gtol": 1e-6}).x
    score, logs = additive_fit(X, cells, None, 200, 1e-6)
    np.testing.assert_allclose(logs[1:], best[2:], atol=1e-4)
    np.testing.assert_allclose(score, X @ best[:2], atol=1e-4)
    known = np.log(0.9 ** np.arange(n + 1))

    def narrowed(w):
        return objective(np.concatenate([w, known[1:]]))

    best = minimize(narrowed, np.zeros(2), options={"gtol": 1e-6}).x
    score, logs = additive_fit(X, cells, known, 200, 1e-6)
    np.testing.assert_array_equal(logs, known)
    np.testing.assert_allclose(score, X @ best, atol=1e-4)


@pytest.mark.parametrize("prior", [0.5, 30.0])
def test_relevance_is_clicks_over_expected_looks_drawn_to_the_features(prior):
    X, shown, sizes = small()
    kept = shown.item != 9  # never shown
    lists = shown.among(np.isin(shown.query, shown.query[~kept], invert=True))
    model = CounterfactualRanker(prior=prior).fit(X, lists, sizes)
    mean, scale = mean_and_scale(X)
    cells = ClickCells.of(ShownLists(lists, len(X)), sizes)
    score, _ = additive_fit((X - mean) / scale, cells, None, 500, 1e-3)
    query = np.repeat(np.arange(6), sizes)
    looks = np.bincount(lists.item, model.examination_[lists.position], len(X))
    clicks = np.bincount(lists.item, lists.clicked, len(X))
    for item in range(len(X)):
        mine = query == query[item]
        level = clicks[mine].sum() / max((looks * np.exp(score))[mine].sum(), 1e-300)
        drawn = clicks[item] + prior * level * np.exp(score[item])
        if looks[item]:
            expected = drawn / (looks[item] + prior)
            assert model.relevance_[item] == pytest.approx(expected)
        else:
            assert np.isnan(model.relevance_[item])
    assert np.isnan(model.relevance_[9])


class Recorded(LinearRanker):
    """The ranker, and what it was given."""

    def fit(self, X, y, groups=None, sample_weight=None):
        self.given_ = X, y, groups, sample_weight
        return super().fit(X, y, groups, sample_weight)


def test_a_ranker_of_ones_own_learns_from_what_was_shown():
    X, shown, sizes = small()
    ours = Recorded("softmax", alpha=0.3)
    some = shown.among(~np.isin(shown.item, [4, 20]))  # query 1, and one of query 5
    some = some.among(np.lexsort((some.position, some.query)))
    begins = np.flatnonzero(np.diff(some.query, prepend=-1))
    sized = np.diff(begins, append=len(some))
    position = np.arange(len(some)) - np.repeat(begins, sized)
    some = replace(some, position=position)
    model = CounterfactualRanker(ours).fit(X, some, sizes)
    assert not hasattr(ours, "given_")
    assert model.ranker_.alpha == 0.3
    rows, relevance, groups, weight = model.ranker_.given_
    seen = np.unique(some.item)
    np.testing.assert_allclose(rows, X[seen])
    np.testing.assert_array_equal(relevance, model.relevance_[seen])
    query = np.repeat(np.arange(6), sizes)
    counts = np.bincount(query[seen], minlength=6)
    np.testing.assert_array_equal(groups, counts[counts > 0])
    lists = np.bincount(query[some.item[begins]], minlength=6)
    np.testing.assert_allclose(weight, lists[query[seen]] / lists[counts > 0].mean())
    assert lists[0] > 2 * lists[2]  # asked more often, so it weighs more


def test_rows_may_come_in_any_order(given, model):
    X, shown, sizes = given
    mixed = shown.among(np.random.default_rng(2).permutation(len(shown)))
    again = CounterfactualRanker().fit(X, mixed, sizes)
    np.testing.assert_array_equal(again.examination_, model.examination_)
    np.testing.assert_array_equal(again.score_rows(X), model.score_rows(X))


def test_features_may_be_far_from_zero_and_repeat_each_other(given, model):
    X, shown, sizes = given
    moved = np.column_stack([X * [1, 1000, 1] + [0, 1e4, 5], X[:, 0], np.ones(len(X))])
    again = CounterfactualRanker().fit(moved, shown, sizes)
    np.testing.assert_allclose(again.examination_, model.examination_, atol=0.01)


def test_rounds_are_limited_and_end_early_where_that_is_near_enough(given, model):
    with pytest.warns(ConvergenceWarning, match="after 2 iterations"):
        CounterfactualRanker(max_iter=2).fit(*given)
    soon = CounterfactualRanker(tol=300.0).fit(*given)
    off = [abs(each.examination_ - EXAMINATION).max() for each in (model, soon)]
    assert off[1] > 2 * off[0]


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"prior": 0}, "prior must be a number above 0, got 0"),
        ({"max_iter": 0}, "max_iter must be a whole number"),
        ({"tol": 0}, "tol must be a number above 0"),
        ({"examination": [1.0, 0.5]}, "a number for each of 5 positions, got 2"),
        ({"examination": [1, 0.5, 0.3, 0.2, 0]}, "a flat list of numbers above 0"),
        ({"examination": [[1.0] * 5]}, "a flat list of numbers above 0"),
        ({"examination": [np.nan] * 5}, "a flat list of numbers above 0"),
    ],
)
def test_parameters_out_of_range_are_refused(parameters, sentence):
    X, shown, sizes = world(np.random.default_rng(3), 10, asked=5)
    with pytest.raises(ValueError, match=sentence):
        CounterfactualRanker(**parameters).fit(X, shown, sizes)


def test_what_nothing_can_be_learned_from_is_refused():
    X, shown, sizes = world(np.random.default_rng(3), 10, asked=20)
    model = CounterfactualRanker()
    with pytest.raises(ValueError, match="has not learned: call fit"):
        model.score_rows(X)
    with pytest.raises(ValueError, match="Nothing was clicked in 200 lists"):
        model.fit(X, replace(shown, clicked=np.zeros(len(shown), bool)), sizes)
    with pytest.raises(ValueError, match=r"items of the queries 1 and 0"):
        model.fit(X, shown, np.full(25, 2))
    with pytest.raises(ValueError, match="add up to the 50 rows of X, got 49"):
        model.fit(X, shown, [49])
    with pytest.raises(ValueError, match=r"items must be in \[0, 48\], got 0 to 49"):
        model.fit(X[:49], shown, [49])
    with pytest.raises(ValueError, match="contains NaN"):
        model.fit(np.where(X > 2, np.nan, X), shown, sizes)
    top = shown.among(shown.position == 0)
    with pytest.raises(ValueError, match="lists of at least two items, got none"):
        model.fit(X, top, sizes)


@pytest.mark.parametrize("told", [lambda k: k, lambda k: np.log(1.0 + k)])
def test_features_that_tell_the_position_are_refused(told):
    X, shown, sizes = world(np.random.default_rng(3), 10, asked=20)
    place = np.empty(len(X))
    place[shown.item] = shown.position
    level = np.repeat(np.arange(10.0), 5)  # of the query: it does not hide it
    told_too = np.column_stack([X, told(place) + level])
    with pytest.raises(ValueError, match="The features determine the position"):
        CounterfactualRanker().fit(told_too, shown, sizes)
    CounterfactualRanker(examination=EXAMINATION).fit(told_too, shown, sizes)
