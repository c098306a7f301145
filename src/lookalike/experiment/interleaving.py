"""Interleaving: two rankers in one list, and a click is a vote.

Every user compares both rankers at once, so that what differs between users cancels:
far fewer queries are needed than by an A/B test. It says which ranker is preferred, not
by how much a metric differs.

References
----------
.. [1] Radlinski, Kurup and Joachims (2008). "How does clickthrough data reflect
   retrieval quality?" CIKM. (team draft)
.. [2] Joachims (2003). "Evaluating retrieval performance using clickthrough data".
   Text Mining. (balanced interleaving)
.. [3] Chapelle, Joachims, Radlinski and Yue (2012). "Large-scale validation and
   analysis of interleaved search evaluation". ACM TOIS 30(1).
.. [4] Zhang, Deng, Du, Gao, He and Katariya (2025). "Harnessing the power of
   interleaving and counterfactual evaluation for Airbnb search ranking". KDD. (only
   pairs in which the rankers differ count)
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from lookalike._checks import check_whole
from lookalike.evaluate.interval import Estimate, share_lower_bound

Item = TypeVar("Item", bound=Hashable)
FIRST, SECOND, NEITHER = 0, 1, -1


@dataclass(frozen=True)
class Interleaved(Generic[Item]):
    """A list of two rankers.

    items : what is shown, best first
    teams : 0 or 1 for each item, the ranker that gets the credit of a click; -1 where
        neither does
    """

    items: tuple[Item, ...]
    teams: tuple[int, ...]


def team_draft(
    first: Sequence[Item],
    second: Sequence[Item],
    k: int,
    rng: np.random.Generator,
) -> Interleaved[Item]:
    """Return a list that two rankers draft in turn, as captains draft teams [1]_.

    In each round a coin says who chooses first; each takes its best item that is not
    taken. A ranker with nothing left lets the other go on. An item that both would take
    next is shown and nobody's: its clicks compare nothing and would be noise [4]_.

    Parameters
    ----------
    first, second : sequence
        Items of each ranker, best first, each once.
    k : int
        Items to show; fewer where the rankers have fewer.
    rng : Generator

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> team_draft("abcd", "bacd", 4, rng)
    Interleaved(items=('b', 'a', 'c', 'd'), teams=(1, 0, -1, -1))
    """
    _check(first, second, k)
    lists = (list(first), list(second))
    drafted: dict[Item, int] = {}

    def next_of(team: int) -> list[Item]:
        return [item for item in lists[team] if item not in drafted][:1]

    while len(drafted) < k and (next_of(0) or next_of(1)):
        if next_of(0) == next_of(1):
            drafted[next_of(0)[0]] = NEITHER
            continue
        coin = int(rng.integers(2))
        for team in (coin, 1 - coin):
            if next_of(team) and len(drafted) < k:
                drafted[next_of(team)[0]] = team
    return Interleaved(tuple(drafted), tuple(drafted.values()))


def balanced(
    first: Sequence[Item],
    second: Sequence[Item],
    k: int,
    rng: np.random.Generator,
) -> tuple[Item, ...]:
    """Return a list whose every beginning has equally many of the best of both [2]_.

    A coin says which ranker is ahead. ``balanced_credit`` counts its clicks.

    Examples
    --------
    >>> balanced("abcd", "bade", 4, np.random.default_rng(0))
    ('b', 'a', 'd', 'c')
    """
    _check(first, second, k)
    lists = (list(first), list(second))
    at = [0, 0]
    ahead = int(rng.integers(2))
    items: list[Item] = []
    while len(items) < k and any(at[team] < len(lists[team]) for team in (0, 1)):
        team = ahead if at[ahead] <= at[1 - ahead] else 1 - ahead
        if at[team] == len(lists[team]):
            team = 1 - team
        item = lists[team][at[team]]
        if item not in items:
            items.append(item)
        at[team] += 1
    return tuple(items)


def balanced_credit(
    first: Sequence[Item],
    second: Sequence[Item],
    shown: Sequence[Item],
    clicked: Iterable[int],
) -> int:
    """Return who wins a balanced list: 1 the first ranker, -1 the second, 0 neither.

    With d the least depth at which one of the rankers has the lowest clicked item, the
    winner is who has more clicked items among its d best [2]_.

    Examples
    --------
    >>> balanced_credit("abcd", "bade", "badc", [2])  # d: third of the second ranker
    -1
    >>> balanced_credit("abcd", "bade", "badc", [0, 1])
    0
    """
    chosen = _positions(clicked, len(shown))
    if not chosen:
        return 0
    lowest = shown[max(chosen)]
    depth = min(
        list(each).index(lowest) for each in (first, second) if lowest in list(each)
    )
    items = {shown[position] for position in chosen}
    votes = [len(items & set(list(each)[: depth + 1])) for each in (first, second)]
    return int(np.sign(votes[0] - votes[1]))


def credit(shown: Interleaved[Item], clicked: Iterable[int]) -> int:
    """Return who wins a query: 1 the first ranker, -1 the second, 0 neither.

    Parameters
    ----------
    shown : Interleaved
    clicked : iterable of int
        Positions that were clicked, from 0; a position counts once.

    Raises
    ------
    ValueError
        If a position is not in the list.

    Examples
    --------
    >>> shown = Interleaved(("b", "a", "c"), (1, 0, 1))
    >>> credit(shown, [1]), credit(shown, [0, 1]), credit(shown, [0, 1, 2])
    (1, 0, -1)
    """
    teams = [
        shown.teams[position] for position in _positions(clicked, len(shown.items))
    ]
    return int(np.sign(teams.count(FIRST) - teams.count(SECOND)))


@dataclass(frozen=True)
class Preference:
    """Which ranker users prefer.

    share : wins of the first ranker over all that have a winner, with its interval
        (Clopper and Pearson); 0.5 is no preference
    wins, losses, ties : queries
    p_value : two-sided, exact, of no preference
    """

    share: Estimate
    wins: int
    losses: int
    ties: int
    p_value: float


def preference(credits: ArrayLike, alpha: float = 0.05) -> Preference:
    """Test which ranker wins more queries: the sign test [3]_.

    Parameters
    ----------
    credits : array-like (n_queries,)
        1, -1 or 0 for each query or, where users ask several, the sign of the sum of
        each user: users are independent, their queries are not.
    alpha : float, default=0.05

    Raises
    ------
    ValueError
        If a credit is another number, or no query has a winner.

    Examples
    --------
    >>> found = preference([1] * 60 + [-1] * 40 + [0] * 900)
    >>> print(found.share, round(found.p_value, 4))
    0.6000 [0.4972, 0.6967] 0.0569
    """
    signs = np.asarray(credits)
    if not np.isin(signs, (-1, 0, 1)).all():
        raise ValueError("credits must be 1, -1 or 0.")
    wins, losses = int((signs == 1).sum()), int((signs == -1).sum())
    n = wins + losses
    if not n:
        raise ValueError("no query has a winner: there is no preference to test.")
    p = min(1.0, 2 * float(special.bdtr(min(wins, losses), n, 0.5)))
    low = share_lower_bound(wins, n, alpha / 2)
    high = 1.0 - share_lower_bound(losses, n, alpha / 2)
    share = Estimate(wins / n, low, high)
    return Preference(share, wins, losses, int(signs.size - n), p)


def _positions(clicked: Iterable[int], n: int) -> set[int]:
    chosen = set(clicked)
    for position in chosen:
        if not 0 <= position < n:
            raise ValueError(
                f"a clicked position must be from 0 to {n - 1}, got {position!r}."
            )
    return chosen


def _check(first: Sequence[Item], second: Sequence[Item], k: int) -> None:
    check_whole("k", k)
    for name, items in (("first", first), ("second", second)):
        if len(set(items)) < len(items):
            raise ValueError(f"the {name} ranker has an item twice.")
