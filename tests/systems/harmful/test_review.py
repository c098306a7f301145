"""The queue for people: in the order of what a look saves, with views and without."""

from dataclasses import replace

import numpy as np
import pytest

from lookalike.systems.harmful.actions import Costs, value_of_look
from lookalike.systems.harmful.review import review_order


def test_the_queue_is_in_the_order_of_what_a_look_saves():
    rng = np.random.default_rng(0)
    shares, views = rng.random(200), rng.pareto(1.5, 200)
    order = review_order(shares, Costs(), views)
    values = value_of_look(shares, Costs(), views)
    assert (np.diff(values[order]) <= 0).all()
    assert (values[order] > 0).all()
    assert len(order) == (values > 0).sum()


def test_views_weigh_what_a_look_saves_and_not_what_it_costs(system):
    [[answer]] = system.classify_each(["good day friend"])
    assert system.review_value(answer, 100.0) is None
    doubtful, seen_often = (
        replace(answer, action="queue", probability=share) for share in (0.8, 0.5)
    )
    assert system.review_value(doubtful) == value_of_look(0.8, Costs())
    assert system.review_value(seen_often) < system.review_value(doubtful)
    # 1.05 looks without the look's own: ten times that, less the one look.
    assert system.review_value(seen_often, 10.0) == pytest.approx(10 * 1.05 - 1)
