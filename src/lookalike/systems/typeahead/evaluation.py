"""How soon the type-ahead system finds what people typed later."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from lookalike._typing import Floats
from lookalike.core.evaluation import EvaluationResult, milliseconds_per_answer
from lookalike.core.progress import ProgressCallback, no_progress
from lookalike.datasets import QueryLog, TypedQueries
from lookalike.evaluate import bootstrap, paired_test
from lookalike.search.prefix.suggester import normalise
from lookalike.systems.typeahead.system import Typeahead

TYPED, K = 6, 10
"""Letters that were typed, and suggestions that count."""
_TYPED_OUT = 200  # queries that are typed letter by letter


def evaluate(
    system: Typeahead, data: TypedQueries, on_progress: ProgressCallback = no_progress
) -> EvaluationResult:
    """Measure the rank of later queries among the suggestions after six letters.

    Every later query of more than six letters counts, also those that nobody asked
    before: a reciprocal rank of 0 where it is not among ten suggestions. Beside it the
    most popular completion: the queries that were asked most often and begin so, that
    which was typed already left out by both.
    """
    log = data.test
    queries = [normalise(query) for query in log.queries]
    rows = [row for row, query in enumerate(queries) if len(query) > TYPED]
    if not rows:
        raise ValueError(f"No query of the test part has more than {TYPED} letters.")
    on_progress("typing the test queries", 0.1)
    suggester = system.suggester_
    ours, popular, seen = [], [], []
    for row in rows:
        query, user, country = queries[row], log.users[row], log.countries[row]
        found = suggester.suggest(query[:TYPED], K, user, country)
        ours.append(reciprocal_rank_of(query, [each.query for each in found]))
        top = suggester.asked_before(query[:TYPED], K + 1)
        names = [name for name, _ in top if name != query[:TYPED]][:K]
        popular.append(reciprocal_rank_of(query, names))
        seen.append(suggester.counts_.position(query) is not None)
    on_progress("drawing intervals", 0.7)
    own, other, known = np.array(ours), np.array(popular), np.array(seen)
    metrics = {
        "reciprocal_rank": bootstrap(np.mean, own),
        "reciprocal_rank_of_most_popular_completion": bootstrap(np.mean, other),
    }
    for name, part in (("asked_before", known), ("never_asked", ~known)):
        if part.any():
            metrics[f"reciprocal_rank_of_{name}"] = bootstrap(np.mean, own[part])
    on_progress("typing letter by letter", 0.8)
    some = [rows[at] for at in np.linspace(0, len(rows) - 1, _TYPED_OUT).astype(int)]
    some = list(dict.fromkeys(some))
    metrics["keys_saved"] = bootstrap(np.mean, keys_saved(system, queries, log, some))
    facts: dict[str, Any] = {
        "n_test": len(rows),
        "seen_share": round(float(known.mean()), 4),
        "milliseconds_per_answer": milliseconds_per_answer(
            system.suggest_each, [[queries[row][:TYPED]] for row in rows[:50]]
        ),
    }
    return EvaluationResult(
        f"{len(rows):,} later queries",
        metrics,
        {"most popular completion": paired_test(own, other)},
        facts,
        quality={"n_test": len(rows), "outcomes": ours},
        details={
            "queries": [queries[row] for row in rows],
            "ranks": ours,
            "popular": popular,
            "seen": seen,
        },
    )


def reciprocal_rank_of(query: str, suggested: Sequence[str]) -> float:
    """Return one over the place of a query, 0 where it has none.

    Examples
    --------
    >>> reciprocal_rank_of("cup", ["mug", "cup"]), reciprocal_rank_of("pot", [])
    (0.5, 0.0)
    """
    return 1 / (1 + suggested.index(query)) if query in suggested else 0.0


def keys_saved(
    system: Typeahead, queries: Sequence[str], log: QueryLog, rows: Sequence[int]
) -> Floats:
    """Return the share of keys that each of some queries takes less.

    It is typed until it is among the suggestions; choosing it is one more key.
    """
    saved = []
    for row in rows:
        query, keys = queries[row], len(queries[row])
        for n in range(1, len(query)):
            found = system.suggester_.suggest(
                query[:n], K, log.users[row], log.countries[row]
            )
            if any(each.query == query for each in found):
                keys = min(keys, n + 1)
                break
        saved.append(1 - keys / len(query))
    return np.array(saved)
