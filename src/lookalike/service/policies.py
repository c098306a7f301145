"""Other policies for a place that was drawn: with what chance each item gets it.

The places above stay as they were shown. A policy takes the item that it thinks best,
and explores with a share of its own, as ``rank.slate.explore`` does.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lookalike._typing import Floats
from lookalike.core.library import Library
from lookalike.core.spec import SystemSpec
from lookalike.service.database import Database
from lookalike.service.database.events import erased_among
from lookalike.service.database.items import changes
from lookalike.service.live_history import histories_of
from lookalike.service.logged_lists import LoggedList
from lookalike.service.runtime import learned_until

KNEW = "were shown before generation {} had learned: it may know what was done"
NOT_THEIRS = "are of nobody whom generation {} could be asked for, or of unknown items"
OTHER = "were shown by another generation than {}, whose features may be others"


@dataclass(frozen=True)
class Policy:
    """What would fill a place that was drawn.

    sentence : what it does
    scores : returns a score for each item of a list's draw, -inf for what it would
        never show, or the words that say why the list says nothing
    share : with which the place would explore, in [0, 1]
    """

    sentence: str
    scores: Callable[[LoggedList], Floats | str]
    share: float = 0.0

    def chances(self, one: LoggedList) -> Floats | str:
        """Return the probability of each item of the draw, float64 (m,)."""
        scores = self.scores(one)
        if isinstance(scores, str):
            return scores
        found = np.full(len(scores), self.share / len(scores))
        found[int(np.argmax(scores))] += 1 - self.share
        return found


def same_order(share: float) -> Policy:
    """Return the policy that ran, exploring another share.

    Examples
    --------
    >>> print(same_order(0.2).sentence)
    The ranker that answered, the last place random 20% of the time.
    """
    return Policy(
        f"The ranker that answered, the last place random {share:.0%} of the time.",
        _rows_down,
        share,
    )


def other_weights(
    system: Any, generation: str, weights: Mapping[str, float], share: float = 0.0
) -> Policy:
    """Return the ranker of a generation with other weights of some features.

    weights : by the feature's name, of features scaled to variance 1

    Raises
    ------
    ValueError
        If the ranker has no weight for each feature, or there is no such feature.
    """
    names = list(getattr(system, "feature_names", ()))
    ranker: Any = getattr(getattr(system, "funnel_", None), "ranker", None)
    own = getattr(ranker, "weights_", None)
    if own is None or len(own) != len(names):
        kind = type(ranker).__name__ if ranker is not None else "none"
        raise ValueError(
            "Weights can be changed where the ranker is a line, as with --set "
            f"ranker=logistic in training; the ranker of generation {generation} is "
            f"{kind}."
        )
    unknown = sorted(set(weights) - set(names))
    if unknown:
        raise ValueError(
            f"There is no feature {unknown[0]!r}; there are {', '.join(names)}."
        )
    line = own.copy()
    for name, value in weights.items():
        line[names.index(name)] = value

    def scores(one: LoggedList) -> Floats | str:
        if one.generation != generation:
            return OTHER.format(generation)
        rows = (_drawn(one).features - ranker.mean_) / ranker.scale_
        return np.asarray(rows @ line, np.float64)

    told = ", ".join(f"{name} = {value:g}" for name, value in weights.items())
    return Policy(_with_share(f"Other weights: {told}", share), scores, share)


def other_generation(
    spec: SystemSpec,
    library: Library,
    database: Database,
    number: str,
    share: float = 0.0,
) -> Policy:
    """Return another generation, asked for the same users as they were then.

    Users have done what had arrived when their list was shown. Lists that were shown
    before the generation had learned are passed over: what was done with them may be
    what it has learned.

    Raises
    ------
    ValueError
        If there is no such generation, or the system cannot rank given items.
    """
    if not spec.can("rank"):
        raise ValueError(
            f"{spec.name} cannot rank given items: its generations are compared by "
            "`lookalike evaluate`."
        )
    if number not in library.names():
        known = ", ".join(library.names())
        raise ValueError(f"The generation must be one of {known}, got {number!r}.")
    system = spec.system_class.load(library.load(number))
    with database.reading() as connection:
        gone = erased_among(connection, system.known_users.tolist())
        changed = list(changes(connection, spec.name, 0, ""))
    system = system.without_users(sorted(gone)) if gone else system
    if changed and spec.can("catalogue"):
        system = system.with_items(changed)
    live = system.manifest_.data.get("live_events", {})
    learned = learned_until(system) if live.get("count") else 0

    def scores(one: LoggedList) -> Floats | str:
        if one.timestamp <= learned:
            return KNEW.format(number)
        return _asked(spec, system, database, one, learned, number)

    told = f"Generation {number} in the place of the one that answered"
    return Policy(_with_share(told, share), scores, share)


def _asked(
    spec: SystemSpec,
    system: Any,
    database: Database,
    one: LoggedList,
    learned: int,
    number: str,
) -> Floats | str:
    items = _drawn(one).items
    offers = getattr(system, "offers", system.has_item)
    known = [id for id in items if offers(id)]
    if one.user is None or not known:
        return NOT_THEIRS.format(number)
    asked = system
    if spec.can("history"):
        with database.reading() as connection:
            done = histories_of(
                connection, spec.name, [one.user], learned, one.timestamp
            )
        asked = system.with_events(done) if done else system
    try:
        ranked = asked.rank_items(one.user, known)
    except (ValueError, LookupError):  # the system does not know such a user
        return NOT_THEIRS.format(number)
    place = {id: -float(at) for at, id in enumerate(ranked.ids)}
    return np.array([place.get(id, -np.inf) for id in items])


def _with_share(told: str, share: float) -> str:
    return (
        f"{told}, the last place random {share:.0%} of the time."
        if share
        else (f"{told}.")
    )


def _rows_down(one: LoggedList) -> Floats:
    return -np.arange(len(_drawn(one).items), dtype=np.float64)


def _drawn(one: LoggedList) -> Any:
    assert one.draw is not None
    return one.draw
