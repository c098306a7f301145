"""The queue for people, and what their decisions teach."""

from dataclasses import replace

import numpy as np
import pytest

from lookalike.datasets.posts import LabelledPosts
from lookalike.systems.harmful.actions import Costs, value_of_look
from lookalike.systems.harmful.review import Decision, as_labels, review_order
from lookalike.systems.harmful.system import Harmful


def test_the_queue_is_in_the_order_of_what_a_look_saves():
    rng = np.random.default_rng(0)
    shares, views = rng.random(200), rng.pareto(1.5, 200)
    order = review_order(shares, Costs(), views)
    values = value_of_look(shares, Costs(), views)
    assert (np.diff(values[order]) <= 0).all()
    assert (values[order] > 0).all()
    assert len(order) == (values > 0).sum()


def test_decisions_come_back_as_labels_that_teach(data):
    word = "wibblesnatch"
    decided = [
        Decision(f"{text} {word} {n}", "aa", ("insult",))
        for n, text in enumerate(["good day", "walk home", "bread and song"] * 20)
    ]
    more = as_labels(decided, data.kinds)
    more = LabelledPosts(more.texts, more.labels, more.languages, ("set_aa",) * 60)
    before = Harmful().fit(data).judge([f"good {word}"], ["aa"])
    after = Harmful().fit(replace(data, train=data.train + more))
    after = after.judge([f"good {word}"], ["aa"])
    assert after.probabilities[0, 1] > before.probabilities[0, 1] + 0.2
    with pytest.raises(ValueError, match="A kind must be one of"):
        as_labels([Decision("a text", "aa", ("none",))], data.kinds)
