"""What more data would bring: learned from parts, measured on a validation part.

The validation part lies within what is known. What was hidden for testing is not looked
at: whoever decides by such a curve whether to gather more has not used the test up.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from lookalike._typing import Ints
from lookalike.datasets.events import EventData
from lookalike.datasets.interactions import Interactions, hide_again
from lookalike.evaluate import Estimate, bootstrap
from lookalike.evaluate.pictures import learning_curve
from lookalike.evaluate.recommending import list_metrics
from lookalike.evaluate.report import Report
from lookalike.rank._recommender import pick
from lookalike.systems.events_lists import Lists
from lookalike.systems.events_rankers import learn
from lookalike.systems.recommending_parts import History

if TYPE_CHECKING:
    from lookalike.systems.events import Events

K = 10
SHARES = (0.25, 0.5, 1.0)
VALIDATION = 0.2  # of the lists before the split, the last ones
LEARNED = ("EASE", "ALS")  # sources that learn in seconds

Curves = dict[str, list[Estimate]]
"""NDCG at 10 for each of SHARES, by what learned; empty where data is too little."""


def curves_of_sources(system: Any, data: Interactions) -> Curves:
    """Let sources learn from the histories of some users, of half, of all.

    All users who have something hidden are asked for, by all that is known of them.
    """
    inner = hide_again(data, system.random_state + 1)
    history = History.known(inner)
    views, wanted = system.views(history), system.wanted(inner)
    asked = np.flatnonzero(np.diff(wanted.indptr))
    parts = _parts(np.unique(history.user), system.random_state)
    if len(asked) < 2 or len(parts[0]) < 2:
        return {}
    curves: Curves = {}
    for source in system.sources():
        if source.name in LEARNED:
            curves[source.name] = []
            for users in parts:
                model = source.model.fit(views[source.learns][users])
                scores = model.score_items(views[source.asks][asked])
                ids, _ = pick(scores, views["plain"][asked], 2 * K, system.n_jobs)
                ndcg = list_metrics(ids, wanted[asked], K)["ndcg_at_10"]
                curves[source.name].append(bootstrap(np.mean, ndcg))
    return curves


def curves_of_lists(system: "Events", data: EventData) -> Curves:
    """Let the ranker that answers learn from some of the lists, from half, from all.

    Of the lists before the split the last fifth validates.
    """
    before = np.flatnonzero(data.shown.time < data.split)
    numbers = np.unique(data.lists[before])
    n_learned = round((1 - VALIDATION) * len(numbers))
    later = np.isin(data.lists[before], numbers[n_learned:])
    validation = Lists(data.lists[before][later], data.joined[before][later])
    shown = data.shown.where(before)
    X = system._features.rows(shown.person, shown.event, shown.time)
    parts = []
    for chosen in _parts(numbers[:n_learned], system.random_state):
        rows = np.flatnonzero(np.isin(data.lists[before], chosen))
        parts.append((rows, np.unique(data.lists[before][rows], return_counts=True)[1]))
    smallest = data.joined[before][parts[0][0]]
    if validation.n_asked < 2 or not smallest.any() or smallest.all():
        return {}
    estimates = []
    for rows, groups in parts:
        ranker = learn(
            *(system.model, system.random_state, system.n_jobs),
            *(X[rows], data.joined[before][rows], groups),
        )
        scores = {"": ranker.score_rows(X[later])}
        estimates.append(bootstrap(np.mean, validation.ndcg(scores, K)[""]))
    return {system.model.replace("_", " "): estimates}


def add_curves(report: Report, curves: Curves, xlabel: str, caption: str) -> None:
    """Add a section with the figure, or with a sentence where there is none."""
    report.section("What more data would bring")
    if not curves:
        report.text("There is too little data to learn from a part of it.")
        return
    report.figure(
        learning_curve(SHARES, curves, xlabel, "nDCG at 10, validation"),
        alt=f"nDCG at 10 on the validation part against the {xlabel}",
        caption=caption,
    )
    report.table(
        ["learns", *(f"{share:.0%}" for share in SHARES)],
        [[name, *estimates] for name, estimates in curves.items()],
    )


def _parts(numbers: Ints, random_state: int) -> list[Ints]:
    """Draw each share of them; a larger part holds the smaller ones."""
    drawn = np.random.default_rng(random_state).permutation(numbers)
    return [np.sort(drawn[: round(share * len(drawn))]) for share in SHARES]
