"""What the order of the events system is worth: later lists, and who joined what."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from lookalike._typing import Array, Floats, Ints
from lookalike.core.evaluation import EvaluationResult, milliseconds_per_answer
from lookalike.core.progress import ProgressCallback, no_progress
from lookalike.datasets.events import EventData
from lookalike.evaluate import Comparison, Estimate, QueryGroups
from lookalike.evaluate.clustered import bootstrap_clusters, clustered_difference
from lookalike.systems.events.features import FEATURE_NAMES
from lookalike.systems.events.system import Events, K

ALL, NEW, OLDER = "all events", "announced after the split", "announced before"
BEST = "best_possible"
N_RESAMPLES = 2000
"""Of an interval or test over people; the smallest p-value is twice one over it."""


def evaluate(
    system: Events, data: EventData, on_progress: ProgressCallback = no_progress
) -> EvaluationResult:
    """Put the lists that were shown after the split in order, with every ranker.

    The unit of chance is the person: lists of one person are alike, so that intervals
    and tests draw people with all their lists. Lists in which nothing was joined say
    nothing of an order, and are left out.
    """
    if data.checksum != system.data_.checksum:
        raise ValueError(
            f"Expected the data that was learned from ({system.data_.name}), got other "
            f"data ({data.name})."
        )
    after = data.shown.time >= data.split
    shown = data.shown.where(after)
    groups = QueryGroups(data.lists[after], data.joined[after])
    if groups.n_evaluated < 2:
        raise ValueError("At least two lists after the split must hold a joined.")
    on_progress("answering", 0.1)
    X = system.features_.rows(shown.person, shown.event, shown.time)
    scores = {name: r.score_rows(X) for name, r in system.rankers_.items()}
    scores |= _simple_scores(X)
    if np.isfinite(data.chance[after]).all():
        scores[BEST] = data.chance[after]
    cold = data.events.created[shown.event] >= data.split
    person = shown.person[np.unique(groups.group, return_index=True)[1]]
    kinds = {
        kind: _Lists(
            person[groups.has_relevant_among(rows)],
            {name: groups.ndcg(each, K, rows) for name, each in scores.items()},
        )
        for kind, rows in {
            ALL: cold | True,
            NEW: groups.in_groups_of(cold, K),
            OLDER: groups.in_groups_of(~cold, K),
        }.items()
        if groups.has_relevant_among(rows).sum() > 1
    }
    whole = kinds[ALL]
    ours = whole.ndcg[system.model]
    recall = groups.recall(scores[system.model], K)
    metrics = {
        "ndcg_at_10": whole.mean(system.model),
        "recall_at_10": _mean(whole.person, recall),
    }
    if len(kinds) == 3:
        metrics |= _new_beside_older(kinds[NEW], kinds[OLDER], system.model)
    if BEST in whole.ndcg:
        metrics["share_of_best_possible"] = bootstrap_clusters(
            _ratio, whole.person, ours, whole.ndcg[BEST], n_resamples=N_RESAMPLES
        )
    metrics |= {
        f"ndcg_of_{name}": whole.mean(name)
        for name in whole.ndcg
        if name != system.model
    }
    some = data.people.ids[np.unique(shown.person)[:30]]
    facts = {
        "n_test_lists": groups.n_evaluated,
        "n_test_people": len(np.unique(whole.person)),
        "milliseconds_per_answer": milliseconds_per_answer(
            lambda users: system.recommend(users, 1), [[name] for name in some]
        ),
    }
    return EvaluationResult(
        f"{groups.n_evaluated:,} lists shown after the split",
        metrics,
        {
            name.replace("_", " "): _difference(whole.person, ours, values)
            for name, values in whole.ndcg.items()
            if name not in (system.model, BEST)
        },
        facts,
        quality={"n_test": groups.n_evaluated, "outcomes": ours.tolist()},
        details=_details(groups, X, shown.event, system.model, scores, kinds),
    )


@dataclass(frozen=True)
class _Lists:
    """Lists of one kind of events."""

    person: Ints
    """To whom each was shown, (n_lists,)."""
    ndcg: dict[str, Floats]
    """Of each order, list by list."""

    def mean(self, name: str) -> Estimate:
        """Return the mean nDCG of an order."""
        return _mean(self.person, self.ndcg[name])

    def among(self, taken: Array) -> Self:
        """Return some of the lists, by a bool a list."""
        chosen = {name: values[taken] for name, values in self.ndcg.items()}
        return replace(self, person=self.person[taken], ndcg=chosen)


def _mean(person: Ints, values: Floats) -> Estimate:
    """Return the mean over lists, with an interval that draws people."""
    return bootstrap_clusters(np.mean, person, values, n_resamples=N_RESAMPLES)


def _ratio(part: Floats, whole: Floats) -> float:
    return float(np.mean(part) / np.mean(whole))


def _difference(person: Ints, ours: Floats, theirs: Floats) -> Comparison:
    """Test two orders of the same lists, person by person."""

    def mean(_: Floats, values: Floats) -> float:
        return float(np.mean(values))

    return clustered_difference(
        mean, person, ours, ours, theirs, n_resamples=N_RESAMPLES
    )


def _new_beside_older(new: _Lists, older: _Lists, model: str) -> dict[str, Estimate]:
    """NDCG of lists of new and of older events, and the one over the other."""
    metrics = {
        "ndcg_of_new_events": new.mean(model),
        "ndcg_of_older_events": older.mean(model),
        "new_over_older": _one_over_other(new, older, model),
    }
    if BEST in new.ndcg:
        metrics["new_over_older_beside_best"] = _one_over_other(
            new, older, model, _ratio(new.ndcg[BEST], older.ndcg[BEST])
        )
    return metrics


def _simple_scores(X: Array) -> dict[str, Floats]:
    """Scores that need no learning, by name."""
    column = {
        name: X[:, at].astype(np.float64) for at, name in enumerate(FEATURE_NAMES)
    }
    return {
        "most_joined": column["joins"],
        "nearest": -column["distance"],
        "soonest": -column["hours_until"],
        "most_friends": column["friends_going"] + 1e-3 * column["joins"],
    }


def _one_over_other(
    part: _Lists, whole: _Lists, model: str, scale: float = 1.0
) -> Estimate:
    """Return the mean of one kind of lists over that of another, and over a scale.

    Somebody may have lists of both kinds, so that people are drawn with all of both.
    """
    values = np.concatenate([part.ndcg[model] / scale, whole.ndcg[model]])
    is_part = np.arange(len(values)) < len(part.person)

    def ratio(values: Floats, is_part: Array) -> float:
        if is_part.all() or not is_part.any():
            raise ValueError("No list of one of the kinds was drawn.")
        return _ratio(values[is_part], values[~is_part])

    return bootstrap_clusters(
        ratio,
        np.concatenate([part.person, whole.person]),
        values,
        is_part,
        n_resamples=N_RESAMPLES,
    )


def _details(
    groups: QueryGroups,
    X: Array,
    events: Ints,
    model: str,
    scores: Mapping[str, Floats],
    kinds: Mapping[str, _Lists],
) -> dict[str, list[list[object]]]:
    """Return the tables of the report.

    kinds : nDCG of every score, by the kind of events that are looked at
    """
    whole = kinds[ALL]
    return {
        "New events and older ones": [
            _row(kind, lists, model) for kind, lists in kinds.items()
        ],
        "For whom it works": [
            _row(name, whole.among(mine), model)
            for name, mine in _slices(groups, X).items()
            if mine.sum() > 1
        ],
        "coverage": _coverage(groups, X, events, scores, model),
    }


def _row(name: str, lists: _Lists, model: str) -> list[object]:
    share = "not known"
    if BEST in lists.ndcg:
        share = f"{_ratio(lists.ndcg[model], lists.ndcg[BEST]):.3f}"
    return [name, len(lists.person), lists.mean(model), share]


def _slices(groups: QueryGroups, X: Array) -> dict[str, Array]:
    """Which of the tested lists were shown to which kind of users."""
    first = np.searchsorted(groups.group, np.flatnonzero(groups.has_relevant))
    value = {name: X[first, at] for at, name in enumerate(FEATURE_NAMES)}
    own = np.expm1(value["own_joins"]).round()
    days = np.expm1(value["registered"])
    return {
        "has joined nothing so far": own == 0,
        "has joined 1 to 4": (own >= 1) & (own < 5),
        "has joined 5 or more": own >= 5,
        "registered this week": days < 7,
        "says nothing of interests": value["says_nothing"] > 0,
        "has no friends": value["friends"] == 0,
    }


def _coverage(
    groups: QueryGroups,
    X: Array,
    events: Ints,
    scores: Mapping[str, Floats],
    model: str,
) -> list[list[object]]:
    joins = np.expm1(X[:, FEATURE_NAMES.index("joins")].astype(np.float64))
    rows: list[list[object]] = []
    for name in (model, "most_joined"):
        first = groups.top_rows(scores[name], K)
        share = len(np.unique(events[first])) / len(np.unique(events))
        named = name.replace("_", " ")
        rows += [
            [f"events that are in somebody's first {K}: {named}", f"{share:.1%}"],
            [f"joins so far of the first {K}: {named}", f"{joins[first].mean():.1f}"],
        ]
    return [*rows, ["joins so far of what was shown", f"{joins.mean():.1f}"]]
