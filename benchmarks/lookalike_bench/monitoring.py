"""``lookalike bench monitoring``: alarms, canaries, quality without labels, retraining.

``alarms``: errors of 10% become 15%. Each detector is calibrated to one false alarm in
100,000 values, and run on streams of another seed; those that must learn the rate have
10,000 values before.

``canary``: one request in ten goes to a new version; the control fails in 1%. A look
after every hundred requests, as a service would.

``quality``: a fixed model of 2015 on the people of 2016 to 2018: the area under the ROC
curve that its scores promise, and the one that labels give, by 5,000 people.

``bank``: calls of a bank by their date; who takes a deposit rises from 5% to 50%. A
model learns from the calls before 2009 and answers those from 2009 on; outcomes come
after seven days. Retrained every week on the newest calls, with the gate. Cross entropy
over that of the share known at the start ("start"), and over that of the share in the
answered calls, which nobody knew ("hindsight"). "Level": between two candidates the
log-odds are shifted so that the newest outcomes are as many as expected. Trees were
chosen on August to December 2008 (``settings("validation")``); the level and how the
gate asks for labels were settled with the calls from 2009 on in sight.

``shuffled``: 200 times, the newest labels that the gate sees are in another order.

``looks``: 400 times, a service compares two windows of lists that do not differ: three
features, and scores that are the chance of an action. What is "allowed" of each
question is its part of one false alarm a month.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, logit

from lookalike.datasets import load_bank_marketing, load_employment
from lookalike.evaluate import Estimate
from lookalike.learn import LogisticRegression
from lookalike.monitor import (
    Adwin,
    Budget,
    CanaryCounts,
    CanaryPlan,
    Cusum,
    GateReport,
    PageHinkley,
    ScoreCalibration,
    calibrated,
    check_estimate,
    cross_entropy,
    decide_canary,
    estimate_quality,
    false_alarms,
    first_alarms,
    judge_alarms,
    judge_retrained,
    measured_quality,
    normalised_cross_entropy,
    scored,
)
from lookalike.monitor.budget import Detector
from lookalike.rank.boosted_ranker import BoostedRanker
from lookalike.service.drift import (
    Budgeted,
    checked,
    compare_features,
    estimated,
    scores_of,
)
from lookalike.service.watched_lists import Watched
from lookalike_bench.arrays import Floats, Ints
from lookalike_bench.bars import Bar, Row, least, most
from lookalike_bench.runner import ProgressCallback, reporting

SEED = 1954
USUAL, WORSE = 0.10, 0.15
BETWEEN, BEFORE, AFTER, WITHIN = 100_000, 10_000, 5_000, 1_000
N_STREAMS = 400
RETRAINED = "retrained, gate, level"

BARS = (
    Bar(
        "10% to 15%: mean delay of the slowest detector",
        WITHIN,
        most("delay", "alarms", "*[!s]"),
        at_most=True,
    ),
    Bar(
        "... false alarms in 100,000",
        1,
        most("false in 100,000", "alarms", "[CPA]*"),
        at_most=True,
    ),
    Bar(
        "canary of 5% errors: aborted within 400",
        0.95,
        least("aborted", "canary", "5%"),
    ),
    Bar("canary of 2%: within 3,000", 0.95, least("aborted", "canary", "2%")),
    Bar("canary of 1%: aborted", 0.01, most("aborted", "canary", "1%"), at_most=True),
    Bar(
        "quality without labels: off by",
        0.0046,
        most("off by", "quality", "mean of *"),
        at_most=True,
    ),
    Bar(
        "bank: normalised cross entropy",
        0.690,
        most("start", "bank", RETRAINED),
        at_most=True,
    ),
    Bar("... mean p / y, at least", 0.95, least("p / y", "bank", RETRAINED)),
    Bar(
        "... mean p / y, at most", 1.05, most("p / y", "bank", RETRAINED), at_most=True
    ),
    Bar(
        "... old slice worse by",
        0.02,
        most("old worse", "bank", RETRAINED),
        at_most=True,
    ),
    Bar("shuffled labels refused", 0.99, least("refused", "shuffled", "*")),
)


def run(
    only: str | None = None,
    rounds: int = 1,
    progress: ProgressCallback | None = None,
) -> dict[str, Any]:
    """Run the jobs whose name contains ``only``."""
    return reporting(jobs, only, progress, BARS)


def jobs(report: ProgressCallback) -> list[tuple[str, Callable[[], Iterable[Row]]]]:
    """All jobs by name."""
    return [
        ("alarms", partial(alarms, report)),
        ("canary", partial(canaries, report)),
        ("quality", quality),
        ("bank", partial(bank, report)),
        ("shuffled", partial(shuffled, report)),
        ("looks", partial(looks, report)),
    ]


# --- alarms ---------------------------------------------------------------------------


def alarms(report: ProgressCallback, n: int = N_STREAMS, seed: int = SEED) -> list[Row]:
    """False alarms and delays of each detector, beside the always and never ringing."""
    reference = [1] + [0] * 9
    budget = Budget(alarms=1, values=BETWEEN)
    rng = np.random.default_rng(seed)
    stream = [
        (rng.random((n, k)) < p) * 1.0 for k, p in ((BEFORE, USUAL), (AFTER, WORSE))
    ]
    detectors: dict[str, tuple[Detector, int]] = {
        "CUSUM": (Cusum(USUAL, WORSE), 0),
        "Page-Hinkley": (PageHinkley((WORSE - USUAL) / 2), BEFORE),
        "ADWIN": (Adwin(), BEFORE),
    }
    rows: list[Row] = []
    for at, (name, (detector, before)) in enumerate(detectors.items()):
        report(f"{name}, calibrated and run", at / len(detectors))
        found = calibrated(detector, reference, budget, random_state=seed + 1)
        wrong = false_alarms(found, reference, BETWEEN, n // 2, random_state=seed + 2)
        values = np.concatenate([stream[0][:, BEFORE - before :], stream[1]], axis=1)
        first = first_alarms(found, values) - before
        delay = first[first >= 0] + 1
        in_time = float((delay <= WITHIN).mean())
        rows.append(
            {
                "method": name,
                "threshold": round(found.threshold, 3),
                "false in 100,000": brief(wrong),
                "in time": shares(in_time, len(delay)),
                "delay": mean_of(delay),
                "rang before": int((first < 0).sum()),
            }
        )
    whole = BEFORE + AFTER
    for name, record in judge_alarms({}, [BEFORE], whole, WITHIN).items():
        rows.append(
            {
                "method": name,
                "false in 100,000": round(record.false / whole * BETWEEN),
                "in time": f"{record.recall:.3f}",
            }
        )
    return rows


def brief(estimate: Estimate) -> str:
    """An estimate with two digits."""
    return f"{estimate.value:.2f} [{estimate.low:.2f}, {estimate.high:.2f}]"


def mean_of(values: Ints) -> str:
    """A mean with its Monte Carlo error."""
    return f"{values.mean():.0f} +- {values.std() / np.sqrt(len(values)):.0f}"


def shares(share: float, n: int) -> str:
    """A share with its Monte Carlo error."""
    return f"{share:.4f} +- {np.sqrt(share * (1 - share) / n):.4f}"


# --- canary ---------------------------------------------------------------------------


def canaries(
    report: ProgressCallback, runs: int = 2000, seed: int = SEED, look: int = 100
) -> list[Row]:
    """How many canaries are aborted, by their share of errors."""
    rows = []
    for at, (rate, requests) in enumerate(((0.05, 400), (0.02, 3000), (0.01, 3000))):
        report(f"canaries with {rate:.0%} errors", at / 3)
        plan = CanaryPlan(signals=("errors",))
        rng = np.random.default_rng([seed, at])
        ends = [one_canary(plan, rate, requests, look, rng) for _ in range(runs)]
        aborted = [n for outcome, n in ends if outcome == "abort"]
        outcomes = [outcome for outcome, _ in ends]
        rows.append(
            {
                "method": f"{rate:.0%}",
                "requests": requests,
                "aborted": shares(len(aborted) / runs, runs),
                "at (median)": int(np.median(aborted)) if aborted else "",
                "passed": outcomes.count("pass"),
                "inconclusive": outcomes.count("inconclusive"),
            }
        )
    return rows


def one_canary(
    plan: CanaryPlan, rate: float, requests: int, look: int, rng: np.random.Generator
) -> tuple[str, int]:
    """Outcome of a canary with this share of errors, and its requests until then."""
    looks = int(np.ceil(requests / plan.share / look)) * 2
    canary = rng.binomial(look, plan.share, looks)
    sent = np.column_stack([canary, look - canary])
    bad = rng.binomial(sent, [rate, 0.01])
    for n, wrong in zip(sent.cumsum(0).tolist(), bad.cumsum(0).tolist(), strict=True):
        if n[0] > requests + look:
            break
        counts = CanaryCounts(n[0], n[1], {"errors": wrong[0]}, {"errors": wrong[1]})
        outcome = decide_canary(plan, counts).outcome
        if outcome != "go on":
            return outcome, n[0]
        if n[0] >= requests:
            break
    return "go on", n[0]


# --- quality without labels -----------------------------------------------------------


def quality(size: int = 5_000) -> list[Row]:
    """Areas that scores promise, and that labels give."""
    reference, later = load_employment()
    calibration = ScoreCalibration.fit(reference.employed, reference.score)
    rows: list[Row] = []
    for year in np.unique(later.year).tolist():
        kept = later.year == year
        estimated = estimate_quality(calibration, later.score[kept])["roc_auc"]
        found = measured_quality(later.employed[kept], later.score[kept])["roc_auc"]
        rows.append(
            {
                "method": f"year {year}",
                "promised": str(estimated),
                "measured": f"{found:.4f}",
                "off by": round(abs(estimated.value - found), 4),
            }
        )
    gaps, held, base = [], [], []
    first = measured_quality(reference.employed, reference.score)["roc_auc"]
    for start in range(0, len(later) - size + 1, size):
        part = slice(start, start + size)
        promised = estimate_quality(calibration, later.score[part])
        labels = measured_quality(later.employed[part], later.score[part])
        gaps.append(abs(promised["roc_auc"].value - labels["roc_auc"]))
        base.append(abs(first - labels["roc_auc"]))
        held.append(check_estimate(promised, labels)["roc_auc"])
    error = np.std(gaps) / np.sqrt(len(gaps))
    rows.append(
        {
            "method": f"mean of {len(gaps)} x {size:,}",
            "off by": f"{np.mean(gaps):.4f} +- {error:.4f}",
            "at most": round(float(np.max(gaps)), 4),
            "in the interval": round(float(np.mean(held)), 3),
            "the reference's, off by": round(float(np.mean(base)), 4),
        }
    )
    return rows


# --- the bank -------------------------------------------------------------------------

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
            "refused": shares(refused / n, n),
            "true labels that pass as labels": shares(float(np.mean(true)), n),
        }
    ]


# --- looks of a service ---------------------------------------------------------------

QUESTIONS = ("feature", "joint", "estimated quality", "meaning of scores")


def looks(report: ProgressCallback, n: int = 400, seed: int = SEED) -> list[Row]:
    """How often each test rings for nothing, by the number of lists of a window."""
    budget = Budgeted(alarms=1.0, hours=24.0)
    rows: list[Row] = []
    for size in (300, 1000):
        rang: Counter[str] = Counter()
        for at in range(n):
            report(f"windows of {size:,} lists", at / n)
            rng = np.random.default_rng([seed, size, at])
            rang.update(set(ringing(lists(rng, size), lists(rng, size), budget)))
        rows += [
            {
                "method": f"{kind}, {size:,} lists",
                "rang": shares(rang[kind] / n, n),
                "allowed": round(budget.level, 4),
            }
            for kind in QUESTIONS
        ]
    return rows


def lists(rng: np.random.Generator, n: int) -> Watched:
    """A window of lists; the score of the first item is the chance of an action."""
    score = rng.uniform(0.05, 0.55, n)
    acted = (rng.random(n) < score).astype(np.float64)
    return Watched(rng.normal(size=(n, 3)), score, np.full(n, 10.0), acted, acted)


def ringing(reference: Watched, now: Watched, budget: Budgeted) -> list[str]:
    """Kinds of the alarms of one look, and of the one when labels have come."""
    _, moved = compare_features(reference, now, ["one", "two", "three"], budget)
    scores = scores_of(reference)
    if scores is not None:
        estimate, more = estimated(scores, now, budget)
        moved += more
        if estimate:
            moved += checked(scores, estimate, reference, now, budget)[1]
    return [each.kind for each in moved]
