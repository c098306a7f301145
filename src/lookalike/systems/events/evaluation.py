"""What the order of the events system is worth: later lists, and who joined what."""

from collections.abc import Mapping

import numpy as np

from lookalike._typing import Array, Floats, Ints
from lookalike.core.evaluation import EvaluationResult, milliseconds_per_answer
from lookalike.core.progress import ProgressCallback, no_progress
from lookalike.datasets.events import EventData
from lookalike.evaluate import Estimate, QueryGroups, bootstrap, paired_test
from lookalike.systems.events.features import FEATURE_NAMES
from lookalike.systems.events.system import Events, K

ALL, NEW, OLDER = "all events", "announced after the split", "announced before"
BEST = "best_possible"


def evaluate(
    system: Events, data: EventData, on_progress: ProgressCallback = no_progress
) -> EvaluationResult:
    """Put the lists that were shown after the split in order, with every ranker.

    The unit of chance is the list; lists in which nothing was joined say nothing of an
    order, and are left out.
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
    kinds = {
        kind: {name: groups.ndcg(each, K, rows) for name, each in scores.items()}
        for kind, rows in {
            ALL: cold | True,
            NEW: groups.in_groups_of(cold, K),
            OLDER: groups.in_groups_of(~cold, K),
        }.items()
        if groups.has_relevant_among(rows).sum() > 1
    }
    whole = kinds[ALL]
    ours = whole[system.model]
    metrics = {
        "ndcg_at_10": bootstrap(np.mean, ours),
        "recall_at_10": bootstrap(np.mean, groups.recall(scores[system.model], K)),
    }
    if len(kinds) == 3:
        metrics |= _new_beside_older(kinds[NEW], kinds[OLDER], system.model)
    if BEST in whole:
        metrics["share_of_best_possible"] = bootstrap(
            lambda a, b: a.mean() / b.mean(), ours, whole[BEST]
        )
    metrics |= {
        f"ndcg_of_{name}": bootstrap(np.mean, values)
        for name, values in whole.items()
        if name != system.model
    }
    some = data.people.ids[np.unique(shown.person)[:30]]
    facts = {
        "n_test_lists": groups.n_evaluated,
        "milliseconds_per_answer": milliseconds_per_answer(
            lambda users: system.recommend(users, 1), [[name] for name in some]
        ),
    }
    return EvaluationResult(
        f"{groups.n_evaluated:,} lists shown after the split",
        metrics,
        {
            name.replace("_", " "): paired_test(ours, values)
            for name, values in whole.items()
            if name not in (system.model, BEST)
        },
        facts,
        quality={"n_test": groups.n_evaluated, "outcomes": ours.tolist()},
        details=_details(groups, X, shown.event, system.model, scores, kinds),
    )


def _new_beside_older(
    new: Mapping[str, Floats], older: Mapping[str, Floats], model: str
) -> dict[str, Estimate]:
    """NDCG of lists of new and of older events, and the one over the other."""
    ours = new[model], older[model]
    metrics = {
        "ndcg_of_new_events": bootstrap(np.mean, ours[0]),
        "ndcg_of_older_events": bootstrap(np.mean, ours[1]),
        "new_over_older": _share_of(*ours),
    }
    if BEST in new:
        metrics["new_over_older_beside_best"] = _share_of(
            ours[0] / new[BEST].mean(), ours[1] / older[BEST].mean()
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


def _share_of(part: Floats, whole: Floats) -> Estimate:
    """Mean of one sample over the mean of another, each drawn again on its own."""
    rng = np.random.default_rng(0)
    drawn = [
        values[rng.integers(len(values), size=(1000, len(values)))].mean(axis=1)
        for values in (part, whole)
    ]
    low, high = np.quantile(drawn[0] / drawn[1], [0.025, 0.975])
    return Estimate(float(part.mean() / whole.mean()), float(low), float(high))


def _details(
    groups: QueryGroups,
    X: Array,
    events: Ints,
    model: str,
    scores: Mapping[str, Floats],
    kinds: Mapping[str, Mapping[str, Floats]],
) -> dict[str, list[list[object]]]:
    """Return the tables of the report.

    kinds : nDCG of every score, by the kind of events that are looked at
    """
    whole = kinds[ALL]
    best = whole.get(BEST)
    return {
        "New events and older ones": [
            _row(kind, values[model], values.get(BEST))
            for kind, values in kinds.items()
        ],
        "For whom it works": [
            _row(name, whole[model][mine], None if best is None else best[mine])
            for name, mine in _slices(groups, X).items()
            if mine.sum() > 1
        ],
        "coverage": _coverage(groups, X, events, scores, model),
    }


def _row(name: str, ours: Floats, best: Floats | None) -> list[object]:
    share = "not known"
    if best is not None:
        share = f"{ours.mean() / best.mean():.3f}"
    return [name, len(ours), bootstrap(np.mean, ours), share]


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
