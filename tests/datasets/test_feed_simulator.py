"""The simulated feed: what is stated of it is what it does."""

import numpy as np
import pytest

from lookalike.datasets.feed_log import DWELL
from lookalike.datasets.feed_simulator import (
    DEVICES,
    FORMULA,
    K,
    examination,
    shown_before,
    simulate_feed,
    weighted,
)


@pytest.fixture(scope="module")
def log():
    return simulate_feed(80, 30, 1500, 3000, 8, shuffled=0.2)


def test_actions_follow_the_stated_formula(log):
    before = shown_before(
        log.posts, log.user, log.post, log.time, log.place, len(log.authors)
    )
    expected = log.truth.expected(log.user, log.post, log.time, before)
    looked = np.empty(len(log))
    for device in DEVICES:
        mine = log.device == device
        looked[mine] = examination(device, log.place[mine])
    for name in FORMULA:
        chance = looked * expected[name]
        error = np.sqrt((chance * (1 - chance)).sum())
        assert abs(log.actions[name].sum() - chance.sum()) < 4 * error, name
    seen = log.place == 1  # always looked at
    off = np.log1p(log.dwell[seen]) - expected[DWELL][seen]
    assert abs(off.mean()) < 4 * off.std() / np.sqrt(seen.sum())


def test_nobody_is_shown_a_post_twice_or_of_themselves_or_whom_they_mute(log):
    pairs = log.user * len(log.posts.ids) + log.post
    assert len(np.unique(pairs)) == len(log)
    author = log.posts.author[log.post]
    assert not (log.user == author).any()
    muted = {tuple(pair) for pair in log.blocks.tolist()}
    assert muted
    assert not muted & set(zip(log.user.tolist(), author.tolist(), strict=True))
    assert (log.posts.created[log.post] <= log.time).all()


def test_draws_have_the_propensities_that_they_state(log):
    draws = log.draws
    n = np.arange(len(draws.row))
    assert (draws.pool[n, draws.chosen] == log.post[draws.row]).all()
    assert (log.place[draws.row] == 4).all()
    assert not log.shuffled[draws.row].any()
    share = np.bincount(draws.chosen, minlength=10) / len(n)
    error = np.sqrt(draws.propensity[0] * (1 - draws.propensity[0]) / len(n))
    assert (np.abs(share - draws.propensity[0]) < 4 * error).all()
    assert draws.propensity.sum(axis=1) == pytest.approx(1)


def test_how_often_an_author_was_shown_is_counted_by_hand(log):
    rows = np.flatnonzero(log.user == log.user[-1])
    author = log.posts.author[log.post]
    found = shown_before(
        log.posts, log.user, log.post, log.time, log.place, len(log.authors)
    )
    for row in rows[-25:]:
        earlier = (log.time < log.time[row]) & (log.time >= log.time[row] - 86_400)
        above = (log.time == log.time[row]) & (log.place < log.place[row])
        mine = (log.user == log.user[row]) & (author == author[row])
        assert found[row] == (mine & (earlier | above)).sum()


def test_the_best_list_is_better_than_any_other_that_is_tried(log):
    weights = {"like": 1.0, "hide": -5.0}
    rng = np.random.default_rng(0)
    posts = np.arange(1300, 1400)
    now = log.time[-1]

    def value(chosen):
        worth = log.truth.worth(5, chosen, now, "phone")
        return sum(weights[name] * worth[name] for name in weights)

    best = log.truth.best_list(5, posts, now, weights)
    assert len(set(best.tolist())) == K
    plain = log.truth.expected(np.full(100, 5), posts, now)
    by_value = posts[np.argsort(-weighted(plain, weights))][:K]
    assert value(best) >= value(by_value)
    assert all(value(best) > value(rng.permutation(posts)[:K]) for _ in range(50))


def test_the_same_seed_gives_the_same_and_another_another():
    one, two, three = (
        simulate_feed(40, 12, 300, 200, 6, random_state=s) for s in (1, 1, 2)
    )
    assert one.checksum == two.checksum != three.checksum
    np.testing.assert_array_equal(one.post, two.post)
    assert len(one) != len(three) or (one.post != three.post).any()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"n_users": 5}, "n_users must be a whole number of at least 10"),
        ({"n_users": 20, "n_authors": 30}, "n_authors=30 exceeds n_users=20"),
        ({"shuffled": 1.0}, "shuffled must lie between 0 and 1"),
    ],
)
def test_what_is_too_small_is_refused(given, told):
    with pytest.raises(ValueError, match=told):
        simulate_feed(**given)
