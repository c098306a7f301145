"""A model of a bank's calls, retrained every week with a gate, and labels shuffled.

Who takes a deposit rises from 5% to 50%. A model learns from the calls before 2009 and
answers those from 2009 on; outcomes come after seven days. See ``monitoring`` for what
was chosen on which calls.
"""

from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, logit

from lookalike.datasets import load_bank_marketing
from lookalike.learn import LogisticRegression
from lookalike.monitor import (
    GateReport,
    cross_entropy,
    judge_retrained,
    normalised_cross_entropy,
    scored,
)
from lookalike.rank.boosted_ranker import BoostedRanker
from lookalike_bench.arrays import Floats, Ints
from lookalike_bench.bars import Row, share_with_error
from lookalike_bench.runner import ProgressCallback

SEED = 1954
RETRAINED = "retrained, gate, level"
DELAY, WEEK = 7, 7  # days
HALVES = (50.0, 200.0, 1000.0)  # calls after which one counts half, of running shares
START = {
    "validation": datetime(2008, 8, 1, tzinfo=UTC),
    "test": datetime(2009, 1, 1, tzinfo=UTC),
}
END = {"validation": START["test"], "test": datetime(2011, 1, 1, tzinfo=UTC)}
FEWEST = 300  # newest calls that the gate looks at
LEVEL = 6000  # newest calls with outcomes that set the level
OLD = 10  # one of so many calls before the start is never learned from
HALF, FLOOR = 1000.0, 0.1  # calls after which one weighs half, and the least weight
NEWER, ESTIMATOR = "logistic, newer calls more", "trees"
NUMBERS = ("age", "balance", "campaign", "pdays", "previous")
NAMES = (
    "job",
    "marital",
    "education",
    "default",
    "housing",
    "loan",
    "contact",
    "poutcome",
)
Model = Callable[[Floats], Floats]


@dataclass(frozen=True)
class Calls:
    """Calls as numbers: X (n, n_features), labels, days, and the running shares."""

    X: Floats
    label: Floats
    day: Ints
    rates: Floats
    contact: tuple[str, ...]


def calls() -> Calls:
    """The bank's calls; running shares are of outcomes that had come by that day."""
    table = load_bank_marketing()
    label = table.label.astype(np.float64)
    day = ((table.time - table.time[0]) // 86_400).astype(np.int64)
    known = np.searchsorted(day, day - DELAY, side="left")
    rates = np.column_stack([running(label, half)[known] for half in HALVES])
    numbers = [np.arcsinh(table.columns[name]) for name in NUMBERS]
    names = [
        table.columns[name][:, None] == np.unique(table.columns[name]) for name in NAMES
    ]
    X = np.column_stack([*numbers, *names, logit(rates)]).astype(np.float64)
    return Calls(X, label, day, rates, tuple(table.columns["contact"].tolist()))


def running(label: Floats, half: float) -> Floats:
    """Share of positives before each row and after the last, newer ones count more."""
    keep = 0.5 ** (1 / half)
    found = np.empty(len(label) + 1)
    share, weight = 0.05, 1.0  # of what a first guess weighs
    for at, y in enumerate([*label.tolist(), 0.0]):
        found[at] = min(max(share, 0.002), 0.998)
        weight = weight * keep + 1
        share += (y - share) / weight
    return found


def logistic(X: Floats, label: Floats, weigh: bool = False) -> Model:
    """A logistic regression of standardised columns; newer calls may weigh more."""
    age = np.arange(len(X))[::-1]
    weight = np.maximum(0.5 ** (age / HALF), FLOOR) if weigh else np.ones(len(X))
    mean, scale = X.mean(axis=0), X.std(axis=0)
    scale[scale < 1e-9] = 1
    model = LogisticRegression(C=0.1, solver="newton-cholesky")
    model.fit((X - mean) / scale, label, sample_weight=weight)
    return lambda rows: model.predict_proba((rows - mean) / scale)[:, 1]


def trees(X: Floats, label: Floats) -> Model:
    """Sixty small boosted trees."""
    model = BoostedRanker(60, num_leaves=8, learning_rate=0.08, min_child_samples=50)
    model.fit(X.astype(np.float32), label)
    return lambda rows: expit(model.score_rows(rows.astype(np.float32)))


ESTIMATORS: dict[str, Callable[[Floats, Floats], Model]] = {
    "logistic": logistic,
    NEWER: partial(logistic, weigh=True),
    "trees": trees,
}


@dataclass
class Loop:
    """A week after the other: what has come, a candidate, the gate, answers."""

    calls: Calls
    part: str
    estimator: str
    with_gate: bool = True
    with_level: bool = False

    def __post_init__(self) -> None:
        begins = datetime(2008, 5, 5, tzinfo=UTC)
        first, last = ((each[self.part] - begins).days for each in (START, END))
        self.start, self.end = np.searchsorted(self.calls.day, [first, last]).tolist()
        known = int(np.searchsorted(self.calls.day, first - DELAY, side="left"))
        rows = np.arange(known)
        self.old, self.learned = rows[rows % OLD == 0], rows[rows % OLD != 0]
        self.reports: list[GateReport] = []
        self.first = self.fit(self.learned)
        self.old_loss = self.loss(self.first)

    def fit(self, rows: Ints) -> Model:
        """Learn from these rows."""
        return ESTIMATORS[self.estimator](self.calls.X[rows], self.calls.label[rows])

    def loss(self, model: Model) -> float:
        """Mean cross entropy on the old slice."""
        old = self.old
        return float(
            cross_entropy(self.calls.label[old], model(self.calls.X[old])).mean()
        )

    def weeks(self) -> Iterator[tuple[slice, int]]:
        """Rows of each week, and how many rows had outcomes when it began."""
        day, at = self.calls.day, self.start
        while at < self.end:
            begins = int(day[at])
            after = min(int(np.searchsorted(day, begins + WEEK)), self.end)
            yield slice(at, after), int(np.searchsorted(day, begins - DELAY))
            at = after

    def candidate(self, judged: int) -> Model:
        """Learn from the newest rows before those that the gate judges."""
        rows = np.arange(judged)
        rows = rows[(rows >= len(self.old) + len(self.learned)) | (rows % OLD != 0)]
        return self.fit(rows)

    def judge(self, candidate: Model, serving: Model, newest: slice) -> GateReport:
        """What the gate says, slices by how people were called."""
        calls, old = self.calls, self.old
        X = calls.X[newest]
        return judge_retrained(
            scored(calls.label[newest], candidate(X), serving(X)),
            scored(calls.label[old], candidate(calls.X[old]), serving(calls.X[old])),
            self.old_loss,
            calls.contact[newest],
        )

    def answers(self) -> tuple[Floats, Model]:
        """Probabilities of the answered calls, and the model of the end."""
        calls, serving = self.calls, self.first
        judged = len(self.old) + len(self.learned)
        found = np.empty(self.end - self.start)
        for week, known in self.weeks():
            if not self.with_gate:
                serving = self.candidate(known)
            elif known - judged >= FEWEST:
                candidate = self.candidate(judged)
                report = self.judge(candidate, serving, slice(judged, known))
                self.reports.append(report)
                # Labels that follow no score wait for more; all others are done with.
                judged = known if report.checks[0].passed else judged
                serving = candidate if report.accepted else serving
            chance = serving(calls.X[week])
            if self.with_level:
                recent = slice(max(0, known - LEVEL), known)
                chance = levelled(chance, serving(calls.X[recent]), calls.label[recent])
            found[week.start - self.start : week.stop - self.start] = chance
        return found, serving


def levelled(chance: Floats, recent: Floats, label: Floats) -> Floats:
    """Shift log-odds by what makes the newest outcomes that have come as expected."""
    heights = logit(np.clip(recent, 1e-4, 1 - 1e-4))
    wanted = float(np.clip(label.mean(), 0.5 / len(label), 1 - 0.5 / len(label)))
    shift = brentq(lambda by: float(expit(heights + by).mean()) - wanted, -20, 20)
    found: Floats = expit(logit(np.clip(chance, 1e-4, 1 - 1e-4)) + shift)
    return found


def bank(report: ProgressCallback, part: str = "test") -> list[Row]:
    """Never retrained, the running share, and retrained with and without the gate."""
    data = calls()
    loop = Loop(data, part, ESTIMATOR)
    label = data.label[loop.start : loop.end]
    rate = float(data.label[: loop.start].mean())
    rows = [
        _quality(
            f"running share of {half:.0f} calls",
            data.rates[loop.start : loop.end, at],
            label,
            rate,
        )
        for at, half in enumerate(HALVES)
    ]
    never = loop.first(data.X[loop.start : loop.end])
    rows.append(_quality("never retrained", never, label, rate))
    kinds = {
        "retrained, no gate": (False, False),
        "retrained, gate": (True, False),
        RETRAINED: (True, True),
    }
    for at, (name, (with_gate, with_level)) in enumerate(kinds.items()):
        report(name, at / len(kinds))
        one = Loop(data, part, ESTIMATOR, with_gate, with_level)
        found, model = one.answers()
        row = _quality(name, found, label, rate)
        row["old worse"] = round(one.loss(model) / one.old_loss - 1, 4)
        if with_gate:
            row["candidates"] = len(one.reports)
            row["accepted"] = sum(each.accepted for each in one.reports)
        rows.append(row)
    return rows


def settings(part: str = "validation") -> list[Row]:
    """What the estimator and the window were chosen by."""
    data, rows = calls(), []
    for estimator in ESTIMATORS:
        for with_gate in (False, True):
            loop = Loop(data, part, estimator, with_gate)
            label = data.label[loop.start : loop.end]
            rate = float(data.label[: loop.start].mean())
            found, model = loop.answers()
            row = _quality(f"{estimator}{', gate' * with_gate}", found, label, rate)
            row["old worse"] = round(loop.loss(model) / loop.old_loss - 1, 4)
            row["accepted"] = sum(each.accepted for each in loop.reports)
            rows.append(row)
    return rows


def _quality(name: str, chance: Floats, label: Floats, rate: float) -> Row:
    return {
        "method": name,
        "start": round(normalised_cross_entropy(label, chance, rate), 4),
        "hindsight": round(normalised_cross_entropy(label, chance), 4),
        "p / y": round(float(chance.sum() / label.sum()), 4),
    }


def shuffled(report: ProgressCallback, n: int = 200, seed: int = SEED) -> list[Row]:
    """Newest labels in another order, at n moments of the loop."""
    data = calls()
    loop = Loop(data, "test", ESTIMATOR)
    rng = np.random.default_rng(seed)
    refused, true = 0, []
    moments = rng.integers(loop.start, loop.end - FEWEST, n)
    models: dict[int, Model] = {}
    for at, moment in enumerate(moments.tolist()):
        report(f"week {at + 1} of {n}", at / n)
        newest = slice(moment, moment + FEWEST)
        for last in (moment // 1000 - 1, moment // 1000):
            if last not in models:
                models[last] = loop.candidate(last * 1000)
        serving, candidate = models[moment // 1000 - 1], models[moment // 1000]
        true.append(loop.judge(candidate, serving, newest).checks[0].passed)
        label = data.label.copy()
        label[newest] = rng.permutation(label[newest])
        wrong = copy(loop)
        wrong.calls = Calls(data.X, label, data.day, data.rates, data.contact)
        refused += not wrong.judge(candidate, serving, newest).accepted
    return [
        {
            "method": f"{FEWEST} newest labels",
            "refused": share_with_error(refused / n, n),
            "true labels that pass as labels": share_with_error(
                float(np.mean(true)), n
            ),
        }
    ]
