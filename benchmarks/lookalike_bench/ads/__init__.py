"""``lookalike bench ads``: the ladder beside its peers, delays, calibration, auctions.

``movielens``: films liked; every model beside its peer on the same rows, the test part
read here and in no other job. What answers was chosen on the validation part.

``upworthy``: headlines by week, where clicks are rare: scikit-learn with its default
tolerance and with a small one, and ours.

``worlds``: simulated markets with and without interactions, models beside logistic
regression by a paired test, and beside the true probabilities.

``delays``: labels of which the late ones are not there yet.

``thinned``: nineteen of twenty negatives left out, and corrected for; beside the true
probabilities, and beside what is learned from all rows.

``targeting``: 100,000 ads by 20 predicates, seconds of one core.

``http``: a whole request, an auction of 500 ads, one after the other.

``auctions``: what a bidder gains by another bid than the truth.

``revenue``: auctions of a simulated log held again, rankers paired.
"""

from collections.abc import Callable, Iterable
from typing import Any

from lookalike_bench.ads import ladder, markets, worlds
from lookalike_bench.bars import Bar, Row, least, most
from lookalike_bench.runner import ProgressCallback, measured, selected

BARS = (
    Bar(
        "MovieLens: normalised cross entropy of what was chosen",
        0.800,
        most("chosen, NCE", "movielens", "lookalike*"),
        at_most=True,
    ),
    Bar(
        "MovieLens: log loss over the peer's, the most",
        1.01,
        most("loss / peer", "movielens", "lookalike*"),
        at_most=True,
    ),
    Bar(
        "MovieLens: seconds over the peer's, factorisation machine",
        1.0,
        most("seconds / peer", "movielens", "lookalike fm"),
        at_most=True,
    ),
    Bar(
        "MovieLens: seconds over the peer's, trees and leaves",
        1.0,
        most("seconds / peer", "movielens", "lookalike leaves"),
        at_most=True,
    ),
    Bar(
        "MovieLens: calibration error",
        0.01,
        most("calibration error", "movielens", "lookalike*"),
        at_most=True,
    ),
    Bar(
        "Upworthy: NCE less that of scikit-learn at 1e-9",
        0.0002,
        most("less the best", "upworthy"),
        at_most=True,
    ),
    Bar(
        "interactions: networks better than logistic, lower end",
        0.0,
        least("better, low", "worlds", "interactions, *"),
    ),
    Bar(
        "no interactions: networks better than logistic, lower end",
        0.0,
        most("better, low", "worlds", "none, *"),
        at_most=True,
    ),
    Bar(
        "interactions: best log loss over the truth's",
        1.02,
        least("loss / truth", "worlds", "interactions, *"),
        at_most=True,
    ),
    Bar(
        "delays: NCE above that of whole labels",
        0.002,
        most("above whole", "delays", "lookalike"),
        at_most=True,
    ),
    Bar("delays: mean p/y, least", 0.98, least("p/y", "delays", "lookalike")),
    Bar(
        "delays: mean p/y, most",
        1.02,
        most("p/y", "delays", "lookalike"),
        at_most=True,
    ),
    Bar(
        "thinned by 20: mean p/y off 1",
        0.01,
        most("off", "thinned", "lookalike"),
        at_most=True,
    ),
    Bar("targeting: wrong ads", 0, most("wrong", "targeting"), at_most=True),
    Bar("targeting: p99, ms", 2, most("p99 ms", "targeting"), at_most=True),
    Bar("a request over HTTP: p99, ms", 20, most("p99 ms", "http"), at_most=True),
    Bar(
        "VCG: most gained by a lie",
        1e-9,
        most("most gained", "auctions", "vcg"),
        at_most=True,
    ),
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
        ("movielens", ladder.movielens),
        ("upworthy", ladder.upworthy),
        ("worlds", worlds.worlds),
        ("delays", worlds.delays),
        ("thinned", worlds.thinned),
        ("targeting", markets.targeting),
        ("http", markets.over_http),
        ("auctions", markets.auctions),
        ("revenue", markets.revenue),
    ]
