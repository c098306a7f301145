"""Sections of the harmful report: probabilities, actions, the queue, functions."""

import numpy as np

from lookalike.core.evaluation import EvaluationResult
from lookalike.core.masking import masked
from lookalike.datasets.posts import Posts
from lookalike.evaluate import plots, reliability
from lookalike.evaluate.report import Report
from lookalike.systems.harmful.actions import ACTIONS, value_of_look
from lookalike.systems.harmful.evaluation import NEEDS_A_PERSON
from lookalike.systems.harmful.review import review_order, worth_of_an_hour
from lookalike.systems.harmful.system import Harmful

N_QUEUED = 12
N_LETTERS = 80


def add_sections(
    report: Report, system: Harmful, data: Posts, result: EvaluationResult
) -> None:
    """Add what is particular to harmful posts; every text is masked."""
    truth, shares = result.details["truth"], result.details["shares"]
    actions = result.details["actions"]
    report.section("Do probabilities come true").figure(
        plots.reliability_diagram(reliability(shares, truth)),
        alt="Share of harmful posts against the stated probability, with the diagonal",
        caption="On the diagonal what is stated comes true. The area of a dot is the "
        "number of posts.",
    )
    report.section("What is done with the test posts").table(
        ["action", "posts", "harmful"],
        [
            [
                name,
                f"{int(own.sum()):,}",
                f"{truth[own].mean():.1%}" if own.any() else "",
            ]
            for name, own in ((n, actions == at) for at, n in enumerate(ACTIONS))
        ],
    )
    _queue(report, system, data, result)
    tried = result.facts.get("functions") or {}
    if tried:
        report.section("HateCheck, by function").table(
            ["function", "accuracy", "cases", ""],
            [
                [
                    name,
                    f"{share:.3f}",
                    f"{n:,}",
                    "" if share >= NEEDS_A_PERSON else "not without a person's review",
                ]
                for name, (share, n) in tried["functions"].items()
            ],
            caption="Cases of the languages that were learned; never learned from.",
        )


def _queue(
    report: Report, system: Harmful, data: Posts, result: EvaluationResult
) -> None:
    left = result.details["actions"] != ACTIONS.index("remove")
    rows = np.flatnonzero(np.isfinite(data.test.labels[:, 0]))[left]
    shares = result.details["shares"][left]
    order = review_order(shares, system.costs)
    values = value_of_look(shares, system.costs)
    hour = worth_of_an_hour(shares, system.costs)
    report.section("The queue for people").table(
        ["post", "probability", "value of a look"],
        [
            [
                masked(data.test.texts[rows[at]][:N_LETTERS]),
                f"{shares[at]:.2f}",
                f"{values[at]:.2f}",
            ]
            for at in order[:N_QUEUED].tolist()
        ],
        caption=f"{len(order):,} of the {len(shares):,} test posts not removed "
        f"are worth a look; an hour of looks of half a minute saves {hour:.0f} looks. "
        "All posts weigh alike here: views are not in the data. Letters are left out.",
    )
