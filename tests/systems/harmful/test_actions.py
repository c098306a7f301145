"""What is done: the cheapest action, removing where its precision holds."""

import numpy as np

from lookalike.systems.harmful.actions import ACTIONS, Costs, decide
from lookalike.systems.harmful.system import Harmful


def test_removing_needs_its_stated_precision(made, data):
    removed = ACTIONS.index("remove")
    found = made.system.judge(data.test.texts)
    assert (found.actions == removed).any()
    strict = Harmful(precision=0.9999).fit(data)
    assert not (strict.judge(data.test.texts).actions == removed).any()
    assert strict.manifest_.facts["removable"] == []


def test_the_cheapest_action_is_taken():
    costs, shares = Costs(), np.linspace(0, 1, 101)
    taken = decide(shares, np.ones(101, bool), costs)
    expected = costs.expected(shares)
    assert (expected[np.arange(101), taken] == expected.min(axis=1)).all()
    assert (np.diff(taken) >= 0).all()
    assert set(taken.tolist()) == {0, 1, 2, 3}
    assert not (decide(shares, np.zeros(101, bool), costs) == 3).any()
