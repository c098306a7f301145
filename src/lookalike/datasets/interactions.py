"""Interactions of users with items, such as plays or ratings.

Some of the interactions of each user are held out for testing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from lookalike._typing import Array, Floats, Ints
from lookalike.datasets.item_columns import ItemColumn

HELD_OUT = 0.2  # of each user's interactions
AT_LEAST = 5  # interactions of a user of whom some are held out


@dataclass(frozen=True)
class Interactions:
    """Interactions of users with items, each pair once.

    users, items : (n_users,) and (n_items,), names in the order of first occurrence
    user, item : (n,), positions in ``users`` and ``items``
    value : (n,), strength of the interaction, such as hours or a rating, at least 0
    time : (n,), seconds since 1970, or None where the source has no times
    held_out : (n,) bool, whether the interaction is for testing
    titles : (n_items,), names for display
    genres : (n_items,), separated by "|"; empty where unknown
    years : (n_items,), of publication; nan where unknown
    columns : what else is known of the items, by name
    user_columns : what is known of the users, by name
    options : how the user's own file was read, beside its path
    live_events : of a service's own events in it: their "count", and the microsecond
        "until" which they had arrived; empty without
    """

    name: str
    checksum: str
    users: Array
    items: Array
    user: Ints
    item: Ints
    value: Floats
    time: Floats | None
    held_out: Array
    titles: Array
    genres: Array
    years: Floats
    columns: Mapping[str, ItemColumn] = field(default_factory=dict)
    user_columns: Mapping[str, ItemColumn] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    live_events: Mapping[str, int] = field(default_factory=dict)


def distinct_pairs(user: Ints, item: Ints, n_items: int) -> tuple[Ints, Ints]:
    """Return the first row of each pair, and the number of the pair of each row.

    Parameters
    ----------
    user, item : int arrays of shape (n,)
    n_items : int

    Returns
    -------
    first : ndarray of shape (n_pairs,), ascending
    pair : ndarray of shape (n,)

    Examples
    --------
    >>> distinct_pairs(np.array([1, 0, 1]), np.array([2, 0, 2]), n_items=3)
    (array([0, 1]), array([0, 1, 0]))
    """
    keys = user * n_items + item
    _, first, group = np.unique(keys, return_index=True, return_inverse=True)
    order = np.argsort(first)
    number = np.empty_like(order)
    number[order] = np.arange(len(order))
    return first[order], number[group]


def latest_rows(pair: Ints, time: Floats) -> Ints:
    """Return the row of the latest time of each pair; of equal ones the last.

    pair : int (n,), numbers from 0 on, each of them there
    time : (n,)

    Examples
    --------
    >>> latest_rows(np.array([0, 1, 0]), np.array([5.0, 1.0, 5.0]))
    array([2, 1])
    """
    order = np.lexsort((time, pair))
    return order[np.cumsum(np.bincount(pair)) - 1]


def hold_out_random(user: Ints, random_state: int = 0, least: int = AT_LEAST) -> Array:
    """Hold out a random fifth of the interactions of each user, for data without times.

    No interactions are held out of users with fewer than ``least``.

    Parameters
    ----------
    user : int array of shape (n,)
    random_state : int
    least : int

    Returns
    -------
    bool ndarray of shape (n,)

    Examples
    --------
    >>> int(hold_out_random(np.array([0] * 10 + [1] * 4)).sum())
    2
    """
    drawn = np.random.default_rng(random_state).random(len(user))
    return hold_out_latest(user, drawn, least)


def hold_out_latest(user: Ints, time: Floats, least: int = AT_LEAST) -> Array:
    """Hold out the latest fifth of the interactions of each user; ties by row.

    Parameters and shapes are those of :func:`hold_out_random`, with ``time`` of shape
    (n,).

    Examples
    --------
    >>> hold_out_latest(np.zeros(5, int), np.array([3.0, 9, 1, 2, 9])).tolist()
    [False, False, False, False, True]
    """
    order = np.lexsort((time, user))
    counts = np.bincount(user)
    rank = np.arange(len(user)) - np.repeat(np.cumsum(counts) - counts, counts)
    n = counts[user[order]]
    n_held_out = np.where(n >= least, np.maximum(1, np.round(HELD_OUT * n)), 0)
    held_out = np.zeros(len(user), bool)
    held_out[order] = rank >= n - n_held_out
    return held_out


def hold_out_again(data: Interactions, random_state: int = 1) -> Interactions:
    """Return the known interactions with a fifth of them held out, for validation."""
    known = ~data.held_out
    user = data.user[known]
    if data.time is None:
        time, held_out = None, hold_out_random(user, random_state)
    else:
        time = data.time[known]
        held_out = hold_out_latest(user, time)
    return replace(
        data,
        user=user,
        item=data.item[known],
        value=data.value[known],
        time=time,
        held_out=held_out,
    )
