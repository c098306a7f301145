"""Simulated events: the same seed, the rules of the simulation, its probabilities."""

import numpy as np
import pytest
from scipy.special import expit

from lookalike.datasets.event_simulator import BEGIN, EventSimulator, simulate_events
from lookalike.datasets.events import DAY, EventLog, kilometres, weekday


@pytest.fixture(scope="module")
def data():
    return simulate_events(n_people=250, n_events=300, n_days=30, random_state=3)


def test_the_same_seed_makes_the_same_data():
    first, again, other = (simulate_events(40, 50, 12, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.chance, again.chance)
    np.testing.assert_array_equal(first.joins.event, again.joins.event)
    assert first.checksum == again.checksum != other.checksum


def test_the_data_keep_the_rules_of_the_simulation(data):
    shown, events, people = data.shown, data.events, data.people
    assert (events.created[shown.event] <= shown.time).all()
    assert (shown.time < events.starts[shown.event]).all()
    assert (shown.time > people.registered[shown.person]).all()
    far = kilometres(people.locations[shown.person], events.locations[shown.event])
    assert far.max() < 50
    pairs = shown.person * len(events.ids) + shown.event
    joined = pairs[data.joined]
    assert len(np.unique(joined)) == len(joined)
    assert sorted(joined) == sorted(
        data.joins.person * len(events.ids) + data.joins.event
    )
    expected, found = data.chance.sum(), data.joined.sum()
    assert abs(found - expected) < 4 * np.sqrt(expected)
    friends = {frozenset(pair) for pair in data.friendships.tolist()}
    joins = set(zip(data.joins.time, data.joins.person, data.joins.event, strict=True))
    for time, person, event in list(zip(*vars(data.invitations).values(), strict=True))[
        :50
    ]:
        by = [p for t, p, e in joins if (t, e) == (time, event)]
        assert any(frozenset((person, other)) in friends for other in by)


def test_the_chance_is_that_of_its_formula(data):
    simulator = EventSimulator(np.random.default_rng(3), 250, 300, 30)
    now, person, found = BEGIN + 5 * DAY, 7, np.arange(40)
    simulator.going[person, 3], simulator.invited[person, 3] = 2, True
    simulator.n_joined[3] = 4
    chances = simulator.chances(now, person, found)
    e = simulator.events
    t = simulator.taste[person] @ e.topics[3]
    t /= np.linalg.norm(simulator.taste[person]) * np.linalg.norm(e.topics[3])
    d = kilometres(simulator.people.locations[person], e.locations[3])
    h = max((e.starts[3] - now) / 3600, 1)
    r = max(now - simulator.people.registered[person], 0) / DAY
    w = 1 if weekday(e.starts[3:4])[0] >= 5 else -1
    logit = (
        -3.3 + 3.2 * t - 0.8 * np.log1p(d / 4) + 0.9 * np.log(3) + 1.4,
        -0.4 * simulator.thrift[person] * np.log1p(e.prices[3]),
        -0.4 * abs(np.log(h / 48)) + 0.5 * w * simulator.likes_weekends[person],
        0.6 * np.exp(-r / 7) + 0.25 * np.log(5) + simulator.quality[3],
        -0.03 * abs(2026 - simulator.people.births[person] - simulator.public[3]),
    )
    assert chances[3] == pytest.approx(expit(sum(logit)))


def test_a_simulation_in_which_nobody_is_shown_a_list_is_refused():
    with pytest.raises(ValueError, match=r"nobody was shown a list: .* 10, 10 and 10"):
        simulate_events(10, 10, 10, random_state=0)


def test_entries_are_chosen_together():
    entries = EventLog(np.arange(3.0), np.arange(3), np.arange(3)).where(
        np.array([True, False, True])
    )
    assert len(entries) == 2
    assert entries.event.tolist() == [0, 2]
