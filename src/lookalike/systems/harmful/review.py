"""The queue for people: which posts are worth a look, and what an hour of it saves."""

import numpy as np
from numpy.typing import ArrayLike

from lookalike._typing import Ints
from lookalike.systems.harmful.actions import Costs, value_of_look


def review_order(probability: ArrayLike, costs: Costs, views: ArrayLike = 1.0) -> Ints:
    """Return posts worth a look, the most valuable look first.

    Examples
    --------
    The third post is less doubtful than the second, and seen ten times as often; a look
    at the first costs more than it saves.

    >>> review_order([0.02, 0.8, 0.3], Costs(), [1, 1, 10])
    array([2, 1])
    """
    value = value_of_look(probability, costs, views)
    order = np.argsort(-value, kind="stable")
    return order[value[order] > 0]


def worth_of_an_hour(
    probability: ArrayLike,
    costs: Costs,
    views: ArrayLike = 1.0,
    seconds: float = 30.0,
) -> float:
    """Return what an hour of reviewing saves, in looks, the best posts first.

    seconds : that a look takes

    Examples
    --------
    >>> round(worth_of_an_hour([0.9] * 200, Costs(), seconds=30), 1)  # 120 looks
    58.8
    """
    value = value_of_look(probability, costs, views)
    value = np.broadcast_to(value, np.shape(probability))
    order = review_order(probability, costs, views)
    return float(value[order[: int(3600 // seconds)]].sum())
