r"""What other weights would do, told from the log before anybody is shown it.

A place of a list was drawn from a pool with a known propensity p. With each set of
weights the most valuable post of the pool would stand there. With q what a head
expects, fitted on other impressions, what the new weights bring less than the present
ones is estimated doubly robustly [1]_ by the mean of

.. math:: q(new) - q(now) + \frac{[shown = new] - [shown = now]}{p}\,(r - q(shown)).

Decisions in which both would show the same say 0, without an error. Which authors and
topics would stand there more often is counted, and needs no reward.

References
----------
.. [1] Dudik, Langford and Li (2011). "Doubly robust policy evaluation and learning".
   ICML.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lookalike._typing import Array, Floats, Ints
from lookalike.core.weights import value_of
from lookalike.evaluate import Estimate
from lookalike.evaluate.off_policy import mean_interval
from lookalike.systems.feed.decisions import Decisions

LEAST = 50
"""Decisions in which the shown post is that of one set of weights alone, below which
no interval is printed."""


@dataclass(frozen=True)
class Preview:
    """What other weights would change at a place that is drawn.

    weights, present : by head
    n_decisions : that were drawn
    n_other : in which another post would stand there
    n_told : of these, how many showed one of the two
    heads : of each head, what happens now a thousand times the place is shown, and the
        change, with its interval; None where the log cannot say
    groups : of small authors, new users and topics, the share of the places now, and
        the change with its interval
    """

    weights: dict[str, float]
    present: dict[str, float]
    n_decisions: int
    n_other: int
    n_told: int
    heads: dict[str, tuple[float, float, Estimate | None]]
    groups: dict[str, tuple[float, Estimate]]

    def record(self) -> dict[str, Any]:
        """Return everything ready for JSON."""

        def ends(found: Estimate | None) -> list[float] | None:
            return None if found is None else [found.low, found.high]

        return {
            "weights": self.weights,
            "present": self.present,
            "n_decisions": self.n_decisions,
            "n_other": self.n_other,
            "n_told": self.n_told,
            "heads": [
                {"head": name, "now": now, "change": change, "interval": ends(found)}
                for name, (now, change, found) in self.heads.items()
            ],
            "groups": [
                {"group": name, "now": now, "change": f.value, "interval": ends(f)}
                for name, (now, f) in self.groups.items()
            ],
        }


def previewed(
    decisions: Decisions,
    heads: Sequence[str],
    present: Mapping[str, float],
    weights: Mapping[str, float],
) -> Preview:
    """Compare two sets of weights by decisions that were drawn.

    Raises
    ------
    ValueError
        If there are none.
    """
    n = len(decisions)
    if not n:
        raise ValueError(
            "The log has no places that were drawn with a known propensity: nothing "
            "can be told of other weights before they are tried."
        )
    expected = decisions.expected.astype(np.float64)
    now, new = (
        np.argmax(value_of(expected, each), axis=1) for each in (present, weights)
    )
    told = int(((decisions.chosen == new) != (decisions.chosen == now)).sum())
    found = {
        head: _change(decisions, at, now, new, told >= LEAST)
        for at, head in enumerate(heads)
    }
    return Preview(
        dict(weights),
        dict(present),
        n,
        int((now != new).sum()),
        told,
        found,
        _groups(decisions, now, new),
    )


def _change(
    decisions: Decisions, at: int, now: Ints, new: Ints, enough: bool
) -> tuple[float, float, Estimate | None]:
    """What a head brings now, what changes, and the interval of the change.

    now, new : (n,), columns of the posts that either set of weights would show
    enough : whether an interval can be told
    """
    rows, shown = np.arange(len(decisions)), decisions.chosen
    q = decisions.expected[:, :, at].astype(np.float64) * decisions.examined[:, None]
    reward = decisions.reward[:, at]
    known = np.isfinite(reward)
    if not known.any():
        return 0.0, 0.0, None
    missed = np.where(known, reward, 0) - q[rows, shown]
    propensity = decisions.propensity[rows, shown]

    def told_of(column: Ints) -> Floats:
        """Doubly robust, what a column brings in each decision."""
        found: Floats = q[rows, column] + (shown == column) / propensity * missed
        return found

    level = told_of(now)
    interval = mean_interval((told_of(new) - level)[known])
    return float(level[known].mean()), interval.value, interval if enough else None


def _groups(
    decisions: Decisions, now: Ints, new: Ints
) -> dict[str, tuple[float, Estimate]]:
    """Shares of places of small authors and topics, and of users who see others."""
    rows = np.arange(len(decisions))
    members: dict[str, Array] = {"small authors": decisions.small}
    for at, topic in enumerate(decisions.topics.tolist()):
        members[f"topic {topic}"] = decisions.topic == at
    groups: dict[str, tuple[float, Estimate]] = {}
    for name, inside in members.items():
        before, after = (inside[rows, each].astype(np.float64) for each in (now, new))
        groups[name] = float(before.mean()), mean_interval(after - before)
    for name, some in (
        ("other posts for new users", decisions.new_user),
        ("other posts for other users", ~decisions.new_user),
    ):
        if some.sum() > 1:
            groups[name] = 0.0, mean_interval((now != new)[some].astype(np.float64))
    return groups
