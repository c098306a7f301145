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
chosen on August to December 2008 (``retrained_bank.settings()``); the level and how the
gate asks for labels were settled with the calls from 2009 on in sight.

``shuffled``: 200 times, the newest labels that the gate sees are in another order.

``looks``: 400 times, a service compares two windows of lists that do not differ: three
features, and scores that are the chance of an action. What is "allowed" of each
question is its part of one false alarm a month.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np

from lookalike.datasets import load_employment
from lookalike.evaluate import Estimate
from lookalike.monitor import (
    Adwin,
    Budget,
    CanaryCounts,
    CanaryPlan,
    Cusum,
    PageHinkley,
    ScoreCalibration,
    calibrated,
    check_estimate,
    decide_canary,
    estimate_quality,
    false_alarms,
    first_alarms,
    judge_alarms,
    measured_quality,
)
from lookalike.monitor.budget import Detector
from lookalike_bench import null_looks, retrained_bank
from lookalike_bench.arrays import Ints
from lookalike_bench.bars import Bar, Row, least, most, share_with_error
from lookalike_bench.runner import ProgressCallback, reporting

SEED = 1954
USUAL, WORSE = 0.10, 0.15
BETWEEN, BEFORE, AFTER, WITHIN = 100_000, 10_000, 5_000, 1_000
N_STREAMS = 400

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
        most("start", "bank", retrained_bank.RETRAINED),
        at_most=True,
    ),
    Bar(
        "... mean p / y, at least",
        0.95,
        least("p / y", "bank", retrained_bank.RETRAINED),
    ),
    Bar(
        "... mean p / y, at most",
        1.05,
        most("p / y", "bank", retrained_bank.RETRAINED),
        at_most=True,
    ),
    Bar(
        "... old slice worse by",
        0.02,
        most("old worse", "bank", retrained_bank.RETRAINED),
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
        ("bank", partial(retrained_bank.bank, report)),
        ("shuffled", partial(retrained_bank.shuffled, report)),
        ("looks", partial(null_looks.looks, report)),
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
                "in time": share_with_error(in_time, len(delay)),
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
                "aborted": share_with_error(len(aborted) / runs, runs),
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
