"""Lists of events that were shown, and how well they can be put in order."""

from collections.abc import Mapping

import numpy as np

from lookalike._typing import Array, Floats, Ints
from lookalike.evaluate import Estimate, bootstrap, ndcg_at_k, recall_at_k
from lookalike.systems.events_features import FEATURES


class Lists:
    """Rows of shown events, by list.

    Parameters
    ----------
    lists : ndarray of shape (n_rows,)
        Numbers of lists; rows of one list stand together.
    joined : ndarray of shape (n_rows,), bool
    """

    def __init__(self, lists: Ints, joined: Array) -> None:
        self.place = np.unique(lists, return_inverse=True)[1].astype(np.int64)
        self.joined = np.asarray(joined, bool)
        self.asked = self.has_joined(np.ones(len(lists), bool))

    @property
    def n_asked(self) -> int:
        """Lists in which something was joined."""
        return int(self.asked.sum())

    def has_joined(self, kept: Array) -> Array:
        """Whether each list holds a joined event among the rows that are kept."""
        n = int(self.place.max(initial=-1)) + 1
        found = np.bincount(self.place[kept], self.joined[kept], minlength=n)
        return np.asarray(found > 0)

    def of_length(self, kept: Array, least: int) -> Array:
        """Rows that are kept, of lists that keep as many as ``least``.

        A short list is easily put in order: its nDCG is no measure beside others.
        """
        sizes = np.bincount(self.place[kept], minlength=len(self.asked))
        return np.asarray(kept & (sizes >= least)[self.place])

    def ordered(self, score: Floats, kept: Array | None = None) -> Floats:
        """Whether each list's events were joined, best score first, (n_lists, longest).

        Lists without a joined event are left out; short ones are padded with 0.
        """
        rows = np.flatnonzero(np.ones(len(score), bool) if kept is None else kept)
        order = rows[np.lexsort((rows, -score[rows], self.place[rows]))]
        place = self.place[order]
        within = np.arange(len(order)) - np.searchsorted(place, place)
        table = np.zeros((len(self.asked), int(within.max(initial=0)) + 1))
        table[place, within] = self.joined[order]
        return table[table.any(axis=1)]

    def ndcg(
        self, scores: Mapping[str, Floats], k: int, kept: Array | None = None
    ) -> dict[str, Floats]:
        """NDCG at k of each list, among the rows that are kept, by each score."""
        tables = {name: self.ordered(score, kept) for name, score in scores.items()}
        return {
            name: ndcg_at_k(table, min(k, table.shape[1]))
            for name, table in tables.items()
        }

    def recall(self, score: Floats, k: int) -> Floats:
        """Share of a list's joined events that are among its first k."""
        table = self.ordered(score)
        totals = table.sum(axis=1).astype(np.int64)
        return recall_at_k(table, min(k, table.shape[1]), totals)


def simple_scores(X: Array) -> dict[str, Floats]:
    """Scores that need no learning, by name."""
    column = {
        name: X[:, place].astype(np.float64) for place, name in enumerate(FEATURES)
    }
    return {
        "most_joined": column["joins"],
        "nearest": -column["distance"],
        "soonest": -column["hours_until"],
        "most_friends": column["friends_going"] + 1e-3 * column["joins"],
    }


def share_of(part: Floats, whole: Floats) -> Estimate:
    """Mean of one sample over the mean of another, each drawn again on its own."""
    rng = np.random.default_rng(0)
    drawn = [
        values[rng.integers(len(values), size=(1000, len(values)))].mean(axis=1)
        for values in (part, whole)
    ]
    low, high = np.quantile(drawn[0] / drawn[1], [0.025, 0.975])
    return Estimate(float(part.mean() / whole.mean()), float(low), float(high))


def details(
    lists: Lists,
    X: Array,
    events: Ints,
    model: str,
    scores: Mapping[str, Floats],
    kinds: Mapping[str, Mapping[str, Floats]],
    k: int,
) -> dict[str, list[list[object]]]:
    """Return the tables of the report.

    kinds : nDCG of every score, by the kind of events that are looked at; first of all
    """
    whole = next(iter(kinds.values()))
    best = whole.get("best_possible")
    return {
        "New events and older ones": [
            _row(kind, values[model], values.get("best_possible"))
            for kind, values in kinds.items()
        ],
        "For whom it works": [
            _row(name, whole[model][mine], None if best is None else best[mine])
            for name, mine in _slices(lists, X).items()
            if mine.sum() > 1
        ],
        "coverage": _coverage(lists, X, events, scores, model, k),
    }


def _row(name: str, ours: Floats, best: Floats | None) -> list[object]:
    share = "not known"
    if best is not None:
        share = f"{ours.mean() / best.mean():.3f}"
    return [name, len(ours), bootstrap(np.mean, ours), share]


def _slices(lists: Lists, X: Array) -> dict[str, Array]:
    """Which of the lists that are asked about are of whom."""
    first = np.searchsorted(lists.place, np.flatnonzero(lists.asked))
    value = {name: X[first, place] for place, name in enumerate(FEATURES)}
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
    lists: Lists,
    X: Array,
    events: Ints,
    scores: Mapping[str, Floats],
    model: str,
    k: int,
) -> list[list[object]]:
    joins = np.expm1(X[:, FEATURES.index("joins")].astype(np.float64))
    rows: list[list[object]] = []
    for name in (model, "most_joined"):
        order = np.lexsort((-scores[name], lists.place))
        place = lists.place[order]
        first = order[np.arange(len(order)) - np.searchsorted(place, place) < k]
        share = len(np.unique(events[first])) / len(np.unique(events))
        named = name.replace("_", " ")
        rows += [
            [f"events that are in somebody's first {k}: {named}", f"{share:.1%}"],
            [f"joins so far of the first {k}: {named}", f"{joins[first].mean():.1f}"],
        ]
    return [*rows, ["joins so far of what was shown", f"{joins.mean():.1f}"]]
