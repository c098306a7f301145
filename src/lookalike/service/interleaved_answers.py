"""One list of the answers of two generations, and whose each item is."""

from dataclasses import replace
from typing import Any

import numpy as np

from lookalike.core.contracts import SearchAnswer
from lookalike.experiment import team_draft
from lookalike.rank.slate import ExplainedSlate
from lookalike.service.answering import Answered


def interleaved(
    first: Answered, second: Answered, k: int, rng: np.random.Generator
) -> Answered:
    """Return lists drafted from those of two generations, see ``team_draft``.

    k : items of a list
    The details of each list are its ``teams``: 0 or 1 an item, -1 for nobody's.
    """
    answers, details = [], []
    for one, two in zip(first.answers, second.answers, strict=False):
        drafted = team_draft(one.ids, two.ids, k, rng)
        places = {id: at for at, id in enumerate(one.ids)}
        others = {id: len(one.ids) + at for at, id in enumerate(two.ids)}
        rows = [
            others[id] if team == 1 else places[id]
            for id, team in zip(drafted.items, drafted.teams, strict=True)
        ]
        answers.append(_rows_of(one, two, rows))
        details.append({"teams": list(drafted.teams)})
    degraded = first.degraded or second.degraded
    return replace(first, answers=answers, details=details, degraded=degraded)


def _rows_of(one: Any, two: Any, rows: list[int]) -> Any:
    """Return rows of the first list, and after its end of the second."""
    if isinstance(one, SearchAnswer):
        shared = one.columns.keys() & two.columns.keys()
        columns = {
            name: one.columns[name] + two.columns[name]
            for name in one.columns
            if name in shared
        }
        both = SearchAnswer(
            one.ids + two.ids,
            [*one.scores, *two.scores],
            [*one.labels, *two.labels],
            columns,
            one.vector,
            one.revision,
            one.did_you_mean,
        )
        return both.reordered(rows)
    slate = ExplainedSlate(
        one.ids + two.ids,
        np.concatenate([one.scores, two.scores]),
        _features(one, two),
        one.reasons + two.reasons,
        one.known,
        np.concatenate([one.chances, two.chances]),
        one.rules,
        _of_each(one.titles, two.titles, one, two),
        _of_each(one.reason_codes, two.reason_codes, one, two),
    )
    return slate.take(rows)


def _features(one: ExplainedSlate, two: ExplainedSlate) -> Any:
    """Features of both lists; none where the generations have different ones."""
    if one.features.shape[1:] != two.features.shape[1:]:
        return np.zeros((len(one) + len(two), 0), np.float32)
    return np.concatenate([one.features, two.features])


def _of_each(
    first: list[str], second: list[str], one: ExplainedSlate, two: ExplainedSlate
) -> list[str]:
    is_whole = len(first) == len(one.ids) and len(second) == len(two.ids)
    return first + second if is_whole else []
