"""Heads of one language: what one says of another is used where it helps."""

from dataclasses import replace

import numpy as np

from lookalike.datasets.posts import LabelledPosts
from lookalike.systems.harmful.heads import Heads
from lookalike.systems.harmful.linear_head import certainty, learn_head
from lookalike.systems.harmful.terms import TermEncoder
from lookalike.systems.harmful.together import _fitted, weights_together


def labels_of(scores, rng):
    return (scores + rng.logistic(size=len(scores)) > 0).astype(int)


def test_a_head_takes_what_others_know_and_stays_alone_where_they_know_nothing():
    rng = np.random.default_rng(0)
    scores, folds = rng.normal(size=(4000, 3)), np.arange(4000) % 3
    helped = weights_together(
        scores, labels_of(scores[:, 0] + 2 * scores[:, 2], rng), 0, folds
    )
    np.testing.assert_allclose(helped / helped[0], [1, 0, 2], atol=0.2)
    alone = weights_together(scores, labels_of(2 * scores[:, 0], rng), 0, folds)
    assert alone is None or np.abs(alone[1:]).max() < 0.1 * alone[0]


def test_a_strong_penalty_draws_a_head_to_itself_alone():
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(2000, 2))
    y = labels_of(scores.sum(axis=1), rng)
    free, drawn = (_fitted(scores, y, 0, penalty)[0] for penalty in (0.1, 1e6))
    assert free[1] > 0.8
    assert abs(drawn[1]) < 0.01


def test_too_few_labels_leave_a_head_alone():
    scores = np.random.default_rng(0).normal(size=(9, 2))
    y = np.zeros(9, int)
    y[0] = 1  # in one fold alone
    assert weights_together(scores, y, 0, np.arange(9) % 3) is None


def test_a_small_head_gains_from_a_large_one_of_the_same_language():
    """A few labels of the kind, in words of which the other kind has many."""
    rng = np.random.default_rng(0)
    words = [f"word{n}" for n in range(60)]
    harmful = set(words[:20])
    texts, truth = [], []
    for _ in range(1500):
        own = rng.choice(words, 6)
        texts.append(" ".join(own))
        truth.append(sum(word in harmful for word in own) >= 3)
    labels = np.column_stack([truth, truth]).astype(float)
    labels[120:, 1] = np.nan  # 120 labels of the second kind
    n = len(texts)
    posts = LabelledPosts(tuple(texts), labels, ("en",) * n, ("set",) * n)
    encoder = TermEncoder()
    X = encoder.fit_transform(texts)
    rows = np.arange(1000)
    heads = Heads.learned(encoder, X[rows], posts.take(rows), 1.5, lambda share: None)
    asked = np.arange(1000, n)
    found = heads.scores(encoder, X[asked], np.zeros(len(asked), int))
    own = encoder.weighed(X[:120], encoder.idf(X[rows]))
    weights, _ = learn_head(own, labels[:120, 1].astype(int), 1.5)
    alone = encoder.weighed(X[asked], encoder.idf(X[rows])) @ weights
    right = np.array(truth)[asked]

    def area(scores):
        pairs = scores[right][:, None] - scores[~right][None]
        return float(np.mean(pairs > 0))

    assert area(found[:, heads.table[0, 1]]) > area(alone) + 0.03


def test_posts_that_raters_agree_on_count_more(data):
    n = len(data.train)
    agreement = np.ones((n, 3))
    agreement[: n // 2] = 1 / 3
    posts = replace(data.train, agreement=agreement)
    found, labels = certainty(posts, 1), posts.labels[:, 1]
    assert (found[labels == 0] == 1).all()
    assert (found[: n // 2][labels[: n // 2] == 1] == 1).all()
    assert (found[n // 2 :][labels[n // 2 :] == 1] == 2).all()
    assert (certainty(data.train, 1) == 1).all()
    mixed = posts.take(np.arange(4)) + data.train.take(np.arange(2))
    assert np.isnan(mixed.agreement[4:]).all()
    np.testing.assert_array_equal(mixed.agreement[:4], agreement[:4])


def test_votes_change_what_is_learned():
    X = TermEncoder(min_df=1)
    rows = X.fit_transform(["bad"] * 6 + ["odd"] * 6 + ["good"] * 20)
    y = np.array([1] * 12 + [0] * 20)
    sure = np.array([2.0] * 6 + [0.2] * 6 + [1.0] * 20)
    plain, weighted = (learn_head(rows, y, 1.0, each)[0] for each in (None, sure))
    bad, odd = (X.transform([word]) for word in ("bad", "odd"))
    assert abs(float((bad @ plain)[0] - (odd @ plain)[0])) < 0.2
    assert float((bad @ weighted)[0]) > float((odd @ weighted)[0]) + 0.5
