"""One person's list: what is suggested, with all that explains it or can be learned.

A system that suggests has

- ``suggest(who, k)``: a :class:`Suggestions` of at most k things, fewer where there are
  no more; somebody unknown gets what fits everybody, and ``known`` is false;
- ``suggest_among(who, ids)``: the same of these things alone, all of them;
- ``feature_names``: what the columns of the features are called;
- ``askers``: who is known.

Where it has ``precompute()``, ``look_up(table)`` and ``befriended(pairs)``, the service
makes everybody's list beforehand.
"""

from dataclasses import dataclass, replace

import numpy as np

from lookalike._typing import Array, Floats


@dataclass(frozen=True)
class Suggestions:
    """A list, best first.

    ids : names of what is suggested, k of them
    scores : (k,), higher is better
    features : float32 (k, n_features), what the ranker saw; zeros where it saw nothing
    reasons : why each is suggested, k sentences
    known : whether the asker is known; what they get otherwise says so
    propensities : (k,), the chance with which each came to be shown; None is 1
    rules : what was done to the list beside ranking it, in sentences
    """

    ids: list[str]
    scores: Floats
    features: Array
    reasons: list[str]
    known: bool = True
    propensities: Floats | None = None
    rules: tuple[str, ...] = ()

    def first(self, k: int) -> "Suggestions":
        """Return the first k."""
        return replace(
            self,
            ids=self.ids[:k],
            scores=self.scores[:k],
            features=self.features[:k],
            reasons=self.reasons[:k],
            propensities=self.chances[:k],
        )

    @property
    def chances(self) -> Floats:
        """The propensities; 1 where nobody said otherwise."""
        given = self.propensities
        return np.ones(len(self.ids)) if given is None else given


def explore(
    found: Suggestions, k: int, share: float, rng: np.random.Generator
) -> Suggestions:
    r"""Cut a list to k, the last place given by chance now and then.

    With chance ``share`` the last place goes to any of those from place k on, each
    alike; else to the one at place k. With m of them the propensities are

    .. math:: 1 - \epsilon + \epsilon / m \quad\text{and}\quad \epsilon / m

    for it and for the others, and 1 for the places before: none is 0 that could be
    learned from, and what is shown is one short of the best at worst.

    Parameters
    ----------
    found : Suggestions
        Longer than k where there is something to explore.
    k : int
    share : float
        :math:`\epsilon`, in [0, 1].
    rng : Generator

    Examples
    --------
    >>> ranked = Suggestions(list("abcde"), -np.arange(5.0), np.zeros((5, 1)), [""] * 5)
    >>> rng = np.random.default_rng(0)
    >>> lists = [explore(ranked, 3, 0.3, rng) for _ in range(1000)]
    >>> [sum(each.ids[-1] == name for each in lists) / 1000 for name in "cde"]
    [0.81, 0.09, 0.1]
    >>> explore(ranked, 3, 0.3, np.random.default_rng(1)).propensities
    array([1. , 1. , 0.8])
    """
    n = len(found.ids)
    m = n - k + 1
    if share <= 0 or m <= 1:
        return found.first(k)
    last = k - 1 + (int(rng.integers(m)) if rng.random() < share else 0)
    chosen = [*range(k - 1), last]
    chance = share / m + (1 - share if last == k - 1 else 0.0)
    rule = f"The last place is given by chance {share:.0%} of the time."
    return replace(
        found,
        ids=[found.ids[at] for at in chosen],
        scores=found.scores[chosen],
        features=found.features[chosen],
        reasons=[found.reasons[at] for at in chosen],
        propensities=found.chances[chosen] * ([1.0] * (k - 1) + [chance]),
        rules=(*found.rules, rule),
    )
