"""Events: the simulated world, features of a moment, what is measured and kept."""

from dataclasses import replace

import numpy as np
import pytest

from lookalike.core.generation import Damaged
from lookalike.datasets.event_simulator import BEGIN, simulate_events
from lookalike.datasets.events import DAY, kilometres
from lookalike.rank import LogisticRanker
from lookalike.systems.events import SPEC
from lookalike.systems.events.features import FEATURE_NAMES, EventFeatures
from lookalike.systems.events.rankers import ranker_names
from lookalike.systems.events.system import Events


def until(data, moment):
    """The same world, with a log that ends before the moment."""
    logs = {
        name: getattr(data, name).where(getattr(data, name).time < moment)
        for name in ("shown", "joins", "invitations")
    }
    n = len(logs["shown"])
    lists, joined, chance = data.lists[:n], data.joined[:n], data.chance[:n]
    return replace(data, **logs, lists=lists, joined=joined, chance=chance)


def test_what_happens_later_changes_no_feature(data):
    """Leakage: rows of a moment, from a log that ends there and one that goes on."""
    rng = np.random.default_rng(0)
    whole = EventFeatures(data)
    for moment in BEGIN + DAY * np.array([0.0, 3.3, 11.7, 29.0]):
        person = rng.integers(len(data.people.ids), size=60)
        event = rng.integers(len(data.events.ids), size=60)
        when = np.full(60, moment)
        then = EventFeatures(until(data, moment)).rows(person, event, when)
        np.testing.assert_array_equal(whole.rows(person, event, when), then)


def test_what_happened_before_does_change_features(data):
    """The test above would pass on features that never change: these do."""
    built = EventFeatures(data)
    person, event = data.shown.person[-200:], data.shown.event[-200:]
    early, late = (
        built.rows(person, event, np.full(200, BEGIN + DAY * day)) for day in (1, 29)
    )
    changed = {
        name
        for name, a, b in zip(FEATURE_NAMES, early.T, late.T, strict=True)
        if (a != b).any()
    }
    still = {
        "taste_said",
        "says_nothing",
        "distance",
        "distance_unknown",
        "friends",
        "friends_say",
    }
    still |= {"price", "price_unknown", "free", "weekend", "hour", "age"}
    assert changed == set(FEATURE_NAMES) - still


def test_rows_to_learn_from_are_the_rows_that_are_served(data, system):
    """A list of the past, as training sees it and as it would have been answered."""
    built = EventFeatures(data)
    shown = data.shown
    rows = built.rows(shown.person, shown.event, shown.time)
    for number in (5, 200, int(data.lists[-1])):
        mine = np.flatnonzero(data.lists == number)
        person, moment = int(shown.person[mine[0]]), float(shown.time[mine[0]])
        served = EventFeatures(until(data, moment))
        again = served.rows(
            np.full(len(mine), person), shown.event[mine], np.full(len(mine), moment)
        )
        np.testing.assert_array_equal(rows[mine], again)
        names = data.events.ids[shown.event[mine]]
        found = system.rank(str(data.people.ids[person]), names, moment)
        scores = system.rankers_["logistic"].score_rows(rows[mine])
        np.testing.assert_array_equal(np.sort(scores)[::-1], found.scores[0])


def test_suggestions_carry_the_features_that_they_were_ranked_by(system):
    data = system.data_
    [slate] = system.recommend_each(["u3"], 5)
    user, *events = (
        np.flatnonzero(ids == name)[0]
        for ids, name in [(data.people.ids, "u3")]
        + [(data.events.ids, name) for name in slate.ids]
    )
    many = np.full(5, user), np.array(events), np.full(5, system.now)
    np.testing.assert_array_equal(slate.features, system.features_.rows(*many))


def test_features_are_what_they_are_called(data):
    built = EventFeatures(data)
    person, event, moment = (
        int(column[-1])
        for column in (data.joins.person, data.joins.event, data.joins.time)
    )
    moment += 60.0
    row = built.rows(
        *(np.array([each]) for each in (person, event)), np.array([moment])
    )
    value = dict(zip(FEATURE_NAMES, row[0].tolist(), strict=True))
    joins, shown = (log.where(log.time < moment) for log in (data.joins, data.shown))
    friends = {b for a, b in data.friendships.tolist() if a == person}
    friends |= {a for a, b in data.friendships.tolist() if b == person}
    going = set(joins.person[joins.event == event].tolist()) & friends
    assert np.expm1(value["friends_going"]) == pytest.approx(len(going))
    assert np.expm1(value["joins"]) == pytest.approx(
        np.sum(joins.event == event), rel=1e-5
    )
    assert np.expm1(value["shown"]) == pytest.approx(
        np.sum(shown.event == event), rel=1e-5
    )
    own = np.sum(joins.person == person)
    assert np.expm1(value["own_joins"]) == pytest.approx(own, rel=1e-5)
    far = kilometres(data.people.locations[person], data.events.locations[event])
    assert value["distance"] == pytest.approx(np.log1p(far / 4), rel=1e-5)
    hours = (data.events.starts[event] - moment) / 3600
    assert value["hours_until"] == pytest.approx(np.log(max(hours, 1)), rel=1e-4)
    host = data.events.hosts[event]
    of_host = np.sum(data.events.hosts[joins.event] == host)
    assert np.expm1(value["joins_of_host"]) == pytest.approx(of_host, rel=1e-5)


def test_only_open_events_are_suggested_and_those_nearby_come_first(system, data):
    moment = BEGIN + 20 * DAY
    found = system.recommend(data.people.ids[:30], k=12, time=moment)
    place = {name: n for n, name in enumerate(data.events.ids.tolist())}
    for person, row in enumerate(found.ids):
        events = np.array([place[name] for name in row])
        assert (data.events.created[events] <= moment).all()
        assert (data.events.starts[events] > moment).all()
        far = kilometres(data.people.locations[person], data.events.locations[events])
        assert (np.diff((far > system.radius).astype(int)) >= 0).all()
        joined = data.joins.event[
            (data.joins.person == person) & (data.joins.time < moment)
        ]
        assert not set(events) & set(joined.tolist())
    assert (np.diff(found.scores, axis=1) <= 0).all()


def test_given_events_are_ranked_like_in_the_whole_list(system):
    [slate] = system.recommend_each(["u3"], k=6)
    ids = slate.ids[::-1]
    ranked = system.rank_items("u3", [*ids, *ids])
    assert ranked.ids == slate.ids
    assert ranked.reasons == slate.reasons
    np.testing.assert_array_equal(ranked.scores, system.rank("u3", ids).scores[0])
    unknown = system.rank_items("unknown", ids)
    assert sorted(unknown.ids) == sorted(ids)
    assert not unknown.known
    assert (np.diff(unknown.scores) <= 0).all()


def test_no_order_is_better_than_that_of_the_true_chances(result):
    best = result.metrics["ndcg_of_best_possible"].value
    ours = result.metrics["ndcg_at_10"].value
    simple = result.metrics["ndcg_of_nearest"].value
    assert simple < ours < best
    share = result.metrics["share_of_best_possible"]
    assert share.value == pytest.approx(ours / best)
    assert share.low < share.value < share.high
    assert share.value > 0.75
    assert result.metrics["new_over_older"].value > 0.7


def test_joins_after_the_split_take_no_part_in_learning(data, system):
    later = data.shown.time >= data.split
    turned = replace(data, joined=np.where(later, ~data.joined, data.joined))
    again = Events(compare="logistic").fit(turned)
    for name, array in system.rankers_["logistic"].arrays().items():
        np.testing.assert_array_equal(array, again.rankers_["logistic"].arrays()[name])


def test_every_ranker_that_is_named_is_learned_and_measured(data, tmp_path):
    pytest.importorskip("torch")
    pytest.importorskip("lightgbm")
    names = "boosted,logistic,network_focal,network_downsampled"
    fitted = Events(model="boosted", compare=names).fit(data)
    result = SPEC.evaluate(fitted, data)
    for name in ("logistic", "network_focal", "network_downsampled", "most_joined"):
        assert f"ndcg_of_{name}" in result.metrics
        assert name.replace("_", " ") in result.comparisons
    loaded = Events.load(fitted.save(tmp_path / "0001"))
    people = data.people.ids[:5]
    ours, theirs = (s.recommend(people, k=5) for s in (fitted, loaded))
    np.testing.assert_array_equal(ours.scores, theirs.scores)
    assert ranker_names("all")[:2] == ["logistic", "boosted"]


def test_reasons_are_true_of_person_and_event(system, data):
    told = system.explain("u3")
    [slate] = system.recommend_each(["u3"])
    assert told.answer["id"] == slate.ids[0]
    assert told.answer["reason"] == slate.reasons[0]
    assert len(told.reasons) == 10
    for line in told.reasons:
        event = int(line.split(" ")[0][1:])
        far = kilometres(data.people.locations[3], data.events.locations[event])
        if "km away" in line:
            assert f"{far:.0f} km away" in line
        assert ("free" in line.split(": ")[1].split("; ")) <= (
            data.events.prices[event] == 0
        )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"joins.event": np.array([10_000])}, "its log is not whole"),
        ({"friendships": np.array([[0, 250]])}, "not that of its people and events"),
        ({"people.births": np.zeros(3)}, "its people or its events are not whole"),
        ({"lists": np.zeros(3, np.int64)}, "its lists are not whole"),
        ({"ranker.logistic.scale": np.zeros(3)}, "not those of its features"),
    ],
)
def test_a_generation_with_other_contents_is_refused(system, tmp_path, change, message):
    from lookalike.core import generation

    found = generation.load(system.save(tmp_path / "0001"), "events")
    about = system.manifest_.document() | {"state": found.about["state"]}
    generation.save(tmp_path / "0002", "events", dict(found.arrays) | change, about)
    with pytest.raises(Damaged, match=message):
        Events.load(tmp_path / "0002")


@pytest.mark.parametrize(
    ("people", "k", "message"),
    [
        (["u0"], 0, "k must be a whole number of at least 1, got 0"),
        (["u0"], 2.5, "k must be a whole number of at least 1, got 2.5"),
        (["nobody"], 5, "Expected one of the 250 people known, got 'nobody'"),
    ],
)
def test_refuses_what_it_cannot_answer(system, people, k, message):
    with pytest.raises(ValueError, match=message):
        system.recommend(people, k)


def test_k_above_what_is_open_answers_with_what_is_open(system, data):
    moment = BEGIN + 20 * DAY
    people = data.people.ids[:12].tolist()
    together = system.recommend(people, k=9999, time=moment)
    is_open = (data.events.created <= moment) & (moment < data.events.starts)
    assert len(set(map(len, together.ids))) > 1
    for person, (ids, scores) in enumerate(together):
        mine = (data.joins.person == person) & (data.joins.time < moment)
        left = is_open.sum() - is_open[np.unique(data.joins.event[mine])].sum()
        alone = system.recommend([people[person]], k=9999, time=moment)
        assert len(ids) == len(scores) == left
        assert alone.ids[0].tolist() == ids.tolist()
        np.testing.assert_array_equal(alone.scores[0], scores)


def test_refuses_parameters_and_data_that_make_no_system(data, system):
    with pytest.raises(
        ValueError, match="model must be one of those compared, logistic"
    ):
        Events(model="boosted", compare="logistic").fit(data)
    with pytest.raises(ValueError, match="compare must be few, all, or some of"):
        Events(compare="logistic,magic").fit(data)
    with pytest.raises(ValueError, match="radius must be a number above 0, got 0"):
        Events(radius=0, compare="logistic").fit(data)
    with pytest.raises(ValueError, match="Expected the data that was learned from"):
        SPEC.evaluate(system, replace(data, checksum="other"))
    with pytest.raises(ValueError, match="No list was shown before the split"):
        Events(compare="logistic").fit(replace(data, split=0.0))
    with pytest.raises(ValueError, match="n_people must be a whole number of at least"):
        simulate_events(n_people=3)


def test_the_ranker_that_answers_has_learned_from_the_later_lists(data, system):
    served = system.refit(data)
    rows = system.features_.rows(data.shown.person, data.shown.event, data.shown.time)
    expected = LogisticRanker().fit(rows, data.joined).arrays()
    for name, array in served.ranker_.arrays().items():
        np.testing.assert_array_equal(array, expected[name])
    before = system.rankers_["logistic"]
    assert system.ranker_ is served.rankers_["logistic"] is before
    assert (served.ranker_.weights_ != before.weights_).any()
    [slate] = served.recommend_each(["u3"], 5)
    scores = served.ranker_.score_rows(slate.features)
    np.testing.assert_array_equal(slate.scores, scores)
    joined = data.joins.event[data.joins.person == 3]
    assert not set(slate.ids) & set(data.events.ids[joined].tolist())


def test_a_score_beyond_the_radius_does_not_depend_on_what_else_is_asked_for(data):
    system = Events(compare="logistic", radius=5.0).fit(data)
    [whole] = system.recommend_each(["u3"], 1000)
    far = kilometres(
        data.people.locations[3],
        data.events.locations[[data.events.ids.tolist().index(i) for i in whole.ids]],
    )
    assert (far > 5).sum() > 3
    for at in np.flatnonzero(far > 5):
        one = system.rank_items("u3", [whole.ids[at]])
        assert one.scores[0] == whole.scores[at] < whole.scores[far <= 5].min()


@pytest.mark.parametrize("everything", [True, False])
def test_lists_in_which_all_or_nothing_was_joined_are_refused(data, everything):
    joined = np.full(len(data.joined), everything)
    with pytest.raises(ValueError, match="must have been joined, and some not"):
        Events(compare="logistic").fit(replace(data, joined=joined))
