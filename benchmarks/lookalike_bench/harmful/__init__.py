"""``lookalike bench harmful``: kinds of harm, fusion, stated precision, prevalence.

``composed``: Fashion-MNIST pictures with sentences, harmful only in combination: fusion
early, late (mean and learned), by concepts, with blended gradients and the focal loss.
``saved``: the system itself on the same posts, with made-up authors and reactions.

``sets``: the system learned on five published sets, by the measure of each; the test
parts are read here and in no other job.

``heads``: one binary classifier over all sets, one head a kind over all sets (labels
that are missing are masked), a head a kind and set, and these brought together by
language, which is shipped; on validation parts.

``precision``: a threshold at which precision 0.95 is stated, found on half of the
held-out posts and tried on the other half, 1,000 times; and 1,000 times with scores
whose true precision is known, where nothing but the threshold is left to chance.

``prevalence``: 2,000 worlds with views of a heavy tail and a known harmful share.

``reports``: training labels are users' reports, of which three of ten are wrong.

``active``: labels where the model doubts most, beside twice as many at random.

``disguise``: held-out posts written in disguise, with and without looking through it.

``speed``: posts an hour in batch on one core. ``http``: one post after the other.
"""

from collections.abc import Callable, Iterable
from typing import Any

from lookalike_bench.bars import Bar, Row, least, most
from lookalike_bench.harmful import disguises, fusion, labels, serving, sets, statements
from lookalike_bench.runner import ProgressCallback, measured, selected

BARS = (
    Bar("composed world, early fusion: AP", 0.85, least("ap", "composed", "early")),
    Bar(
        "early less late (learned): AP, lower end",
        0.0,
        least("better, low", "composed", "early"),
    ),
    Bar(
        "early against late (learned): p",
        0.05,
        most("p", "composed", "early"),
        at_most=True,
    ),
    Bar("ToLD-Br: macro F1", 0.75, least("value", "sets", "macro_f1_on_told_br")),
    Bar(
        "ToLD-Br: mean AP of six",
        0.48,
        least("value", "sets", "mean_ap_of_six_on_told_br"),
    ),
    Bar(
        "K-MHaS: micro F1 of nine",
        0.78,
        least("value", "sets", "micro_f1_of_nine_on_kmhas"),
    ),
    Bar(
        "GermEval 2018: macro F1",
        0.72,
        least("value", "sets", "macro_f1_on_germeval2018"),
    ),
    Bar(
        "Davidson: macro F1 of three",
        0.76,
        least("value", "sets", "macro_f1_of_three_on_hate_speech_davidson"),
    ),
    Bar(
        "heads brought together: worse than alone",
        0,
        most("worse", "heads", sets.TOGETHER),
        at_most=True,
    ),
    Bar(
        "small heads brought together: mean AP gained",
        0.0,
        least("small, gained", "heads", sets.TOGETHER),
    ),
    Bar("stated precision holds, share", 0.95, least("holds", "precision")),
    Bar("prevalence: interval covers", 0.93, least("covers", "prevalence")),
    Bar("prevalence: no wider", 0.97, most("covers", "prevalence"), at_most=True),
    Bar("30% wrong reports: AP lost", 0.02, most("lost", "reports"), at_most=True),
    Bar(
        "half of the labels, chosen: AP gained",
        0.0,
        least("gained", "active", "most uncertain"),
    ),
    Bar("posts an hour, one core", 1_000_000, least("posts/h, one core", "speed")),
    Bar("over HTTP: p99, ms", 20, most("p99 ms", "http"), at_most=True),
)


def run(
    only: str | None = None,
    rounds: int = 3,
    progress: ProgressCallback | None = None,
) -> dict[str, Any]:
    """Run the jobs whose name contains ``only``; ``rounds`` changes nothing."""
    return measured(selected(jobs(), only), progress, BARS)


def jobs() -> list[tuple[str, Callable[[], Iterable[Row]]]]:
    """All jobs by name."""
    return [
        ("composed", fusion.composed),
        ("saved", fusion.saved),
        ("sets", sets.sets),
        ("heads", sets.heads),
        ("precision", statements.precision),
        ("prevalence", statements.worlds),
        ("reports", labels.reports),
        ("active", labels.active),
        ("disguise", disguises.disguise),
        ("speed", serving.speed),
        ("http", serving.over_http),
    ]
