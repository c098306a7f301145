"""``lookalike bench feed``: lists beside the best ones, heads, weights, pages, speed.

``lists``: a simulated world whose best lists are known; the feed, and the same with
clicks alone, by what they truly bring.

``curve``: how far the position curve is off, from 5% of shuffled lists; ``other
worlds``: the same in twelve worlds more, which no bar is measured in.

``shared``: one network of all heads beside a network a head, where one head has a tenth
of the labels, by a paired test.

``kuairand``: liked impressions by time; each head beside LightGBM on the same columns
and the user's own past share. The test part is read here and in no other job.

``once``: requests for the same users from many threads at once, through the database.

``weights``: how often intervals of a change of weights hold the truth.

``http``: a whole request over HTTP, one after the other; ``batch``: many lists at once.
"""

from collections.abc import Callable, Iterable
from typing import Any

from lookalike_bench.bars import Bar, Row, least, most
from lookalike_bench.feed import heads, pages, worlds
from lookalike_bench.runner import ProgressCallback, measured, selected

KUAIRAND = {
    "long_view": 0.8075,
    "comment": 0.7284,
    "forward": 0.7515,
    "follow": 0.8621,
    "profile": 0.7765,
}
"""The better of LightGBM and the user's own past share, as it was measured before."""

BARS = (
    Bar(
        "simulator: value over that of the best lists",
        0.95,
        least("value / best", "lists", "lookalike"),
    ),
    Bar(
        "simulator: hides over those of the ranker of clicks",
        0.7,
        most("hides / clicks'", "lists", "lookalike"),
        at_most=True,
    ),
    Bar(
        "simulator: likes, comments and shares over those of the ranker of clicks",
        1.0,
        least("engaged / clicks'", "lists", "lookalike"),
    ),
    Bar(
        "position curve: most it is off, from 5% of shuffled lists",
        0.03,
        most("most off", "curve", "*"),
        at_most=True,
    ),
    Bar(
        "shared network better than one a head, a tenth of the labels: p",
        0.01,
        most("p, if better", "shared", "shared"),
        at_most=True,
    ),
    *(
        Bar(
            f"KuaiRand: area of {name}",
            needed,
            least("area", "kuairand", name),
        )
        for name, needed in KUAIRAND.items()
    ),
    *(
        Bar(
            f"KuaiRand: area of {name} less the better baseline of this run",
            0.0,
            least("less the better", "kuairand", name),
        )
        for name in KUAIRAND
    ),
    Bar("100,000 requests at once: repeats", 0, most("repeats", "once"), at_most=True),
    Bar("weights: intervals that hold the truth", 0.93, least("held", "weights")),
    Bar("a request over HTTP: p99, ms", 50, most("p99 ms", "http"), at_most=True),
    Bar("10,000 lists in a batch: seconds", 60, most("seconds", "batch"), at_most=True),
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
        ("lists", worlds.lists),
        ("curve", worlds.curve),
        ("other worlds", worlds.other_worlds),
        ("shared", heads.shared),
        ("kuairand", heads.kuairand),
        ("once", pages.once),
        ("weights", worlds.weights),
        ("http", pages.over_http),
        ("batch", pages.batch),
    ]
