"""From candidates to an answer of image search: ranked, then changed by rules.

1. *Ranking*: similarity alone, or weighed against clicks.
2. *Hidden*: what is blocked, or private, does not appear.
3. *Duplicates*: of images that look the same the best stays.
4. *Freshness*: new items gain a little, half as much after every half-life.
5. *Diversity*: maximal marginal relevance.

The rules are those of :mod:`lookalike.rank.rerank`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from lookalike._typing import Array, Floats, Ints
from lookalike.rank.click_ranker import ClickRanker
from lookalike.rank.rerank import (
    Diverse,
    Fresh,
    Hidden,
    MaxPerGroup,
    Rule,
    UserContext,
    rerank,
)
from lookalike.rank.slate import Slate

DAY = 86_400_000_000  # microseconds


@dataclass(frozen=True)
class Rules:
    """Which rules apply, and how strongly.

    relevance : 1 is the order of the scores; less makes answers more unlike each other
    freshness : what an item of today gains, on the scale of the scores (0 to 1)
    half_life : days after which it gains half as much
    duplicates : whether of items that look the same all are shown, or the best one
    """

    relevance: float = 1.0
    freshness: float = 0.0
    half_life: float = 7.0
    duplicates: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.relevance <= 1:
            raise ValueError(f"relevance must be in [0, 1], got {self.relevance!r}.")
        if not self.freshness >= 0 or not self.half_life > 0:
            raise ValueError(
                "freshness must not be negative and half_life positive, got "
                f"{self.freshness!r} and {self.half_life!r}."
            )

    def over(
        self, stock: "CatalogueMetadata", name: Callable[[int], str]
    ) -> list[Rule]:
        """Return the rules over a catalogue, in the order in which they apply.

        name : what a row is called in the notes
        """
        rules: list[Rule] = [Hidden(stock.marks)]
        if not self.duplicates:
            alike = "looks the same as"
            rules.append(MaxPerGroup(stock.groups, reason=alike, name=name))
        if self.freshness:
            rules.append(Fresh(stock.added, self.half_life * DAY, self.freshness))
        rules.append(Diverse(stock.vectors, self.relevance, rescale=False))
        return rules


@dataclass(frozen=True)
class CatalogueMetadata:
    """What the rules have to know of the catalogue."""

    vectors: Array
    groups: Ints
    """Row of the first item that looks the same."""
    marks: Array
    """'' or why an item does not appear."""
    added: Ints
    """Microseconds since 1970."""


def ranked(
    rows: Ints,
    similarity: Floats,
    k: int,
    stock: CatalogueMetadata,
    rules: Rules,
    clicks: ClickRanker | None = None,
    now: int = 0,
    name: Callable[[int], str] = str,
) -> Slate:
    """Order candidates by similarity and clicks, then apply the rules.

    Parameters
    ----------
    rows, similarity : (n_candidates,)
        As the index gives them, best first.
    k : int
        Answers wanted; fewer come back where the rules leave fewer.
    now : int
        Microseconds since 1970.
    name : callable
        What a row is called in the notes.

    Returns
    -------
    Slate
        With the column "similarity", and notes on items, also those left out.
    """
    found = Slate(rows, similarity, columns={"similarity": similarity})
    if clicks is not None:
        scores = expit(clicks.score(similarity, rows))
        times = np.exp(clicks.attractiveness_[rows])
        found = Slate(rows, scores, columns=found.columns).annotate(
            rows,
            (f"clicks: {n:.2f} times as often as others in its places" for n in times),
        )
    found = found.take(np.argsort(-found.scores, kind="stable"))
    return rerank(found, rules.over(stock, name), UserContext(now=now), k)
