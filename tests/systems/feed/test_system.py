"""The feed: candidates, heads, weights, order, and what other weights would change."""

from dataclasses import replace

import numpy as np
import pytest

from lookalike.core.items import Item
from lookalike.core.weights import checked_weights, read_weights, value_of
from lookalike.datasets.feed_simulator import DEVICES, examination, simulate_feed
from lookalike.datasets.own_feed import load_own_feed
from lookalike.systems.feed import Feed
from lookalike.systems.feed.decisions import Decisions
from lookalike.systems.feed.evaluation import evaluate
from lookalike.systems.feed.examination import Examination, curves
from lookalike.systems.feed.order import BEYOND, in_order
from lookalike.systems.feed.preview import LEAST, previewed
from lookalike.systems.feed.rows import SMOOTH, FeedCounts
from lookalike.systems.feed.system import looks_of


def test_no_list_holds_what_was_seen_muted_old_or_ones_own(system, data):
    known = ~data.is_test
    muted = {tuple(pair) for pair in data.blocks.tolist()}
    assert muted
    n_left_out = 0
    for user, name in enumerate(data.users.tolist()):
        [slate] = system.recommend_each([name], 10_000)
        posts = [system._post_position[id] for id in slate.ids]
        seen = set(data.post[known & (data.user == user)].tolist())
        assert not seen & set(posts)
        authors = data.posts.author[posts]
        assert not any((user, author) in muted for author in authors.tolist())
        assert user not in authors
        created = data.posts.created[posts]
        assert (created <= system.now_).all()
        assert (created > system.now_ - 3 * 86_400).all()
        assert sorted(posts) == system.eligible(user).tolist()[: len(posts)] or len(
            posts
        ) < len(system.eligible(user))
        n_left_out += len(seen)
    assert n_left_out


def test_kept_out_says_why(system, data):
    user = int(data.blocks[0, 0])
    name = str(data.users[user])
    of_muted = np.flatnonzero(data.posts.author == data.blocks[0, 1])
    seen = int(data.post[data.user == user][0])
    for post, told in ((int(of_muted[-1]), "the user mutes"), (seen, "has seen it")):
        found = system.explain_item(name, str(data.posts.ids[post]))
        assert found["rank"] is None
        assert any(told in each for each in found["kept_out"])


def test_a_value_is_the_sum_of_its_heads_and_the_reason_says_so(system):
    [slate] = system.recommend_each(["u3"], 5)
    told = system.explain_item("u3", slate.ids[0], 5)
    assert [each["head"] for each in told["heads"]] == list(system.heads_.names)
    total = sum(each["adds"] for each in told["heads"])
    assert abs(told["value"]) == pytest.approx(abs(total), rel=0.051)  # a new author
    assert told["score"] == pytest.approx(told["value"] * told["counts_of_its_value"])
    most = max(told["heads"], key=lambda each: abs(each["adds"]))
    assert most["head"] in slate.reasons[0]
    assert told["author"] in slate.reasons[0]
    assert any("counts" in rule for rule in slate.rules)


def test_the_order_is_greedy_and_its_gains_never_rise():
    rng = np.random.default_rng(0)
    for _ in range(20):
        n = int(rng.integers(1, 30))
        value = rng.normal(0.3, 1, n)
        author, topic = rng.integers(4, size=n), rng.integers(3, size=n)
        order, gain = in_order(value, author, topic, 2, 0.7, 0.9)
        left, expected = list(range(n)), []
        for _ in range(n):
            a = [author[expected].tolist().count(author[i]) for i in left]
            t = [topic[expected].tolist().count(topic[i]) for i in left]
            now = [
                value[i] * 0.7**x * 0.9**y * (BEYOND if x >= 2 else 1)
                if value[i] > 0
                else value[i]
                for i, x, y in zip(left, a, t, strict=True)
            ]
            best = int(np.argmax(now))
            expected.append(left.pop(best))
            assert gain[len(expected) - 1] == pytest.approx(now[best])
        assert order.tolist() == expected
        assert (np.diff(gain) <= 1e-12).all()
    assert in_order(np.zeros(3), *np.zeros((2, 3), np.int64), 1, 1, 1)[0].tolist() == [
        *(0, 1, 2)
    ]


def test_counts_are_of_the_moment_and_of_expected_looks(system, data):
    curve = system.examination_
    looks = looks_of(data, curve)
    every = np.ones(len(data), bool)
    counts = FeedCounts(data, every, looks)
    rows = np.array([500, 4000, len(data) - 1])
    X = counts.features(
        *(data.user[rows], data.post[rows], data.time[rows], data.place[rows]),
        looks[rows],
    )
    at = counts.names.index("user: like so far")
    base = counts.base[counts.heads.index("like")]
    for row, found in zip(rows, X[:, at], strict=True):
        mine = (data.user == data.user[row]) & (data.time < data.time[row])
        rate = (data.actions["like"][mine].sum() + SMOOTH * base) / (
            looks[mine].sum() + SMOOTH
        )
        assert found == pytest.approx(np.log(rate / (1 - rate)), abs=1e-4)


def test_what_is_served_is_computed_as_what_was_learned_from(system):
    counts, now = system._counts, system.now_
    posts = np.arange(300, 360)
    user = np.full(60, 7)
    fast = counts.features_now(7, posts, now)
    slow = counts.features(
        user, posts, np.full(60, now), np.zeros(60, np.int64), np.ones(60)
    )
    np.testing.assert_array_equal(fast, slow)
    assert len(np.unique(fast, axis=0)) > 30


def test_the_position_curve_is_found_from_shuffled_lists():
    log = simulate_feed(100, 30, 6000, 6000, 10, shuffled=0.5)
    found = Examination.learned(log, np.ones(len(log), bool))
    place = np.arange(1, 11)
    for device in DEVICES:
        off = found.at(np.full(10, device), place) - examination(device, place)
        assert np.abs(off).max() < 0.06
    plain = Examination.learned(
        replace(log, shuffled=np.zeros(len(log), bool)), np.ones(len(log), bool)
    )
    assert (plain.curve == 1).all()


def test_a_device_with_few_lists_borrows_what_is_shared_and_no_more():
    rng = np.random.default_rng(0)
    place = np.arange(1.0, 11.0)
    odd = np.where(place <= 5, 1.0, 0.2)  # attention that falls at once
    truth = np.array([place**-0.3, place**-0.9, place**-0.6, odd])
    n = np.array([20_000, 20_000, 200, 20_000])[:, None] * np.ones(10)
    off = {"shared": [], "alone": []}
    for _ in range(20):
        hits = rng.binomial(n.astype(int), 0.6 * truth).astype(float)
        few = curves(n[:3], hits[:3])
        off["shared"].append(np.abs(few[2] - truth[2]).max())
        off["alone"].append(np.abs(hits[2] / hits[2, 0] - truth[2]).max())
        every = curves(n, hits)
        assert np.abs(every[[0, 1, 3]] - truth[[0, 1, 3]]).max() < 0.05
        assert (np.diff(every, axis=1) <= 1e-12).all()
    assert np.mean(off["shared"]) < 0.6 * np.mean(off["alone"])
    assert (curves(0 * n, 0 * n) == 1).all()


def test_heads_are_better_than_rates_and_come_true(result):
    [test] = result.comparisons.values()
    assert test.difference.value > 0
    done = result.metrics["expected_over_done_click"]
    assert done.low < 1.15
    assert done.high > 0.85
    assert result.metrics["auc_of_click"].low > 0.6
    assert 0 < result.metrics["value_over_that_of_the_best_lists"].value <= 1


def test_other_weights_change_the_order_and_nothing_else(system):
    clicks = system.with_weights({"click": 1.0})
    [ours], [theirs] = (each.recommend_each(["u3"], 5) for each in (system, clicks))
    assert ours.ids != theirs.ids
    one, two = (each.explain_item("u3", ours.ids[0]) for each in (system, clicks))
    assert [h["expected"] for h in one["heads"]] == [
        h["expected"] for h in two["heads"]
    ]
    assert [h["weight"] for h in two["heads"] if h["weight"]] == [1.0]
    assert system.weights_["hide"] == -10


def test_what_is_liked_and_hidden_since_is_followed(system, data):
    [before] = system.recommend_each(["u5"], 40)
    liked = before.ids[20]
    topic = data.posts.topic[system._post_position[liked]]
    after = system.with_events({"u5": {liked: 3.0, before.ids[0]: -1.0}})
    [slate] = after.recommend_each(["u5"], 40)
    assert not {liked, before.ids[0]} & set(slate.ids)

    def share(ids):
        posts = [system._post_position[id] for id in ids[:15]]
        return (data.posts.topic[posts] == topic).mean()

    other = system.with_events({"u5": {before.ids[0]: -1.0}}).recommend_each(["u5"], 40)
    assert share(slate.ids) >= share(other[0].ids)
    assert after.explain_item("u5", before.ids[0])["kept_out"] == ["the user hid it"]


def test_posts_come_change_and_go(system, data):
    follower, author = (int(each) for each in data.follows[0])
    user, name = str(data.users[follower]), str(data.authors[author])
    new = Item("new", attributes={"author": name, "topic": "music", "well made": 9.0})
    later = Item("later", attributes={"author": "stranger", "topic": "chess"})
    fresh = system.with_items([new, later])
    assert fresh.n_items == system.n_items + 2
    [slate] = fresh.recommend_each([user], 10_000)
    assert {"new", "later"} <= set(slate.ids)
    told = fresh.explain_item(user, "new")
    assert (told["author"], told["topic"]) == (name, "music")
    assert fresh.explain_item(user, "later")["author"] == "stranger"
    assert "from an author you follow" in slate.reasons[slate.ids.index("new")]
    [before] = system.recommend_each([user], 10_000)
    assert [id for id in slate.ids if id in before.ids] != []  # the others stay
    one, two = (each.explain_item(user, before.ids[0]) for each in (system, fresh))
    assert one["heads"] == two["heads"]
    # All changes are given each time; the last one counts.
    moved = Item("new", attributes={"author": "stranger", "topic": "music"})
    changes = [new, later, moved, Item("later", deleted=True)]
    changed = fresh.with_items(changes)
    assert changed.post_values("new")["author"] == "stranger"
    assert not changed.offers("later")
    assert "later" not in changed.recommend_each([user], 10_000)[0].ids
    gone = system.with_items([Item(before.ids[0], deleted=True)])
    assert gone.recommend_each([user], 5)[0].ids[0] != before.ids[0]
    assert "it was taken away" in gone.explain_item(user, before.ids[0])["kept_out"]
    assert (
        "new" in changed.with_weights({"like": 1}).recommend_each([user], 10_000)[0].ids
    )
    assert fresh.with_items([]).recommend_each([user], 5)[0].ids == before.ids[:5]
    assert not system.has_item("new")
    # The newest post is the clock: three days later nothing else is in the window.
    late = {"author": name, "topic": "music", "created": system.now_ + 9 * 86_400}
    only = system.with_items([Item("new", attributes=late)])
    assert only.recommend_each([user], 10_000)[0].ids == ["new"]


@pytest.mark.parametrize(
    ("attributes", "told"),
    [
        ({"topic": "music", "mood": 1}, "A post has author, topic, created, .*'mood'"),
        ({"topic": "music", "created": "soon"}, "created must be a time since 1970"),
        ({"topic": 3}, "topic must be a text"),
        ({"topic": "music", "well made": "very"}, "well made must be a number"),
        ({"author": "u1"}, "A post needs a topic here, such as 'sport'"),
    ],
)
def test_bad_posts_are_refused_in_a_sentence(system, attributes, told):
    with pytest.raises(ValueError, match=told):
        system.check_item(Item("new", attributes=attributes))


def test_a_preview_is_the_doubly_robust_mean_by_hand(system):
    decisions, names = system.decisions_, list(system.heads_.names)
    other = checked_weights({"click": 1.0}, names)
    found = previewed(decisions, names, system.weights_, other)
    terms = []
    for at in range(len(decisions)):
        expected = decisions.expected[at].astype(float)
        now, new = (
            int(np.argmax(value_of(expected, each)))
            for each in (system.weights_, other)
        )
        q = expected[:, 0] * decisions.examined[at]
        shown = decisions.chosen[at]
        weight = ((shown == new) - (shown == now) * 1.0) / decisions.propensity[
            at, shown
        ]
        residual = decisions.reward[at, 0] - q[shown]
        terms.append(q[new] - q[now] + weight * residual)
    _, change, interval = found.heads["click"]
    assert change == pytest.approx(np.mean(terms))
    assert interval is None  # too few showed what one of them would
    assert 0 < found.n_told < LEAST
    arrays = decisions.arrays()
    topics = arrays.pop("topics")
    more = {name: np.concatenate([each] * 9) for name, each in arrays.items()}
    many = Decisions.from_arrays({**more, "topics": topics})
    _, again, interval = previewed(many, names, system.weights_, other).heads["click"]
    assert again == pytest.approx(change)
    assert interval.low < again < interval.high
    same = previewed(decisions, names, system.weights_, system.weights_)
    assert same.n_other == 0
    assert all(change == 0 for _, change, _ in same.heads.values())


def test_a_log_without_draws_says_that_it_cannot_tell(data):
    plain = replace(data, draws=None)
    system = Feed("rates").fit(plain)
    with pytest.raises(ValueError, match="The log has no places that were drawn"):
        system.preview_weights({"like": 1.0})


def test_a_log_of_ones_own_is_evaluated_and_learned_again(data, tmp_path):
    some = np.flatnonzero(data.user < 20)
    names = ("like", "hide", "click")
    lines = [f"user,post,time,place,device,shuffled,dwell,{','.join(names)}"]
    for row in some.tolist():
        cells = [
            *(data.users[data.user[row]], data.posts.ids[data.post[row]]),
            *(data.time[row], data.place[row], data.device[row]),
            *(int(data.shuffled[row]), data.dwell[row]),
            *(int(data.actions[name][row]) for name in names),
        ]
        lines.append(",".join(map(str, cells)))
    (tmp_path / "log.csv").write_text("\n".join(lines))
    log = load_own_feed(tmp_path / "log.csv")
    assert len(log) == len(some)
    system = Feed("rates").fit(log)
    found = evaluate(system, log)
    assert found.metrics["auc_of_click"].value > 0.5
    assert "value_over_that_of_the_best_lists" not in found.metrics
    again = system.refit(log)
    assert again.is_refitted
    assert len(again.recommend_each(["u1"], 5)[0].ids) == 5
    [user] = np.flatnonzero(log.users == "u1")
    seen = set(log.posts.ids[log.post[(log.user == user) & log.is_test]].tolist())
    assert not seen & set(again.recommend_each(["u1"], 10_000)[0].ids)
    measured = evaluate(again.before_refit(log), log)
    assert measured.quality["outcomes"] == found.quality["outcomes"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("like = 1", "must hold one table, \\[weights\\]; got like"),
        ("[weights]\nlove = 1", "There is no head love"),
        ("[weights]\nlike = 'much'", "The weight of like must be a number"),
        ("[weights]\nlike = nan", "The weight of like must be a number"),
        ("[weights]\nlike = 0", "At least one weight must not be 0"),
        ("[weights", "is no TOML file of weights"),
    ],
)
def test_bad_weights_are_refused_in_a_sentence(tmp_path, text, told):
    path = tmp_path / "weights.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=told):
        read_weights(path, ["like", "hide"])
    with pytest.raises(ValueError, match="There is no file of weights"):
        read_weights(tmp_path / "nothing.toml", ["like"])


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"model": "magic"}, "model must be one of rates, trees, shared, mmoe, blend"),
        ({"compare": "some"}, "compare must be few or all"),
        ({"cap": 0}, "cap must be a whole number of at least 1"),
        ({"sameness": 1.5}, "sameness must lie in"),
        ({"weights": "/nowhere.toml"}, "There is no file of weights"),
    ],
)
def test_bad_options_are_refused_before_learning(data, options, told):
    with pytest.raises(ValueError, match=told):
        Feed(**options).fit(data)


def test_too_few_impressions_are_refused(data):
    few = np.arange(len(data)) < 50
    small = replace(
        data,
        **{n: getattr(data, n)[few] for n in ("user", "post", "time", "place")},
        **{
            n: getattr(data, n)[few] for n in ("device", "shuffled", "is_test", "dwell")
        },
        actions={name: each[few] for name, each in data.actions.items()},
        draws=None,
    )
    with pytest.raises(ValueError, match="at least 100 impressions to learn from"):
        Feed("rates").fit(small)


def test_a_blend_and_a_network_are_saved_and_loaded(data, tmp_path):
    pytest.importorskip("torch")
    blend = Feed("blend", "all").fit(data)
    assert [each.kind for each in blend.heads_.models] == [
        *("rates", "trees", "shared", "mmoe")
    ]
    blend.save(tmp_path / "0001")
    loaded = Feed.load(tmp_path / "0001")
    one, two = (each.recommend_each(["u3"], 9)[0] for each in (blend, loaded))
    assert one.ids == two.ids
    np.testing.assert_array_equal(one.scores, two.scores)
