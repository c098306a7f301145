"""From candidates to an answer: ranked, then changed by rules that say what they did.

1. *Ranking*: similarity alone, or weighed against what people clicked.
2. *Hidden*: what is blocked, or private, does not appear.
3. *Duplicates*: of pictures that look the same the best stays.
4. *Freshness*: what came lately gains a little, half as much after every half-life.
5. *Diversity*: maximal marginal relevance.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from lookalike._typing import Array, Floats, Ints
from lookalike.rank.click_ranker import ClickRanker
from lookalike.rank.diversity import diversified

DAY = 86_400_000_000  # microseconds


@dataclass(frozen=True)
class Rules:
    """Which rules apply, and how strongly.

    relevance : 1 is the order of the scores; less makes answers more unlike each other
    freshness : what an item of today gains, on the scale of the scores (0 to 1)
    half_life : days after which it gains half as much
    """

    duplicates: bool = True
    relevance: float = 1.0
    freshness: float = 0.0
    half_life: float = 7.0

    def __post_init__(self) -> None:
        if not 0 <= self.relevance <= 1:
            raise ValueError(f"relevance must be in [0, 1], got {self.relevance!r}.")
        if not self.freshness >= 0 or not self.half_life > 0:
            raise ValueError(
                "freshness must not be negative and half_life positive, got "
                f"{self.freshness!r} and {self.half_life!r}."
            )


@dataclass(frozen=True)
class Stock:
    """What the rules have to know of the catalogue."""

    vectors: Array
    groups: Ints
    """Row of the first item that looks the same."""
    marks: Array
    """'' or why an item does not appear."""
    added: Ints
    """Microseconds since 1970."""


@dataclass
class Ranked:
    """One answer, and how it came about."""

    rows: Ints
    scores: Floats
    similarity: Floats
    notes: dict[int, list[str]] = field(default_factory=dict)
    """What the rules did to a row, also to those that do not appear."""

    def in_random_order(self, rng: np.random.Generator) -> "Ranked":
        """The same items, every order equally likely."""
        order = rng.permutation(len(self.rows))
        return replace(
            self,
            rows=self.rows[order],
            scores=self.scores[order],
            similarity=self.similarity[order],
        )


def ranked(
    rows: Ints,
    similarity: Floats,
    k: int,
    stock: Stock,
    rules: Rules,
    clicks: ClickRanker | None = None,
    moment: int = 0,
    name: Callable[[int], str] = str,
) -> Ranked:
    """Order candidates by what is known of them, then apply the rules.

    Parameters
    ----------
    rows, similarity : (n_candidates,)
        As the index gives them, best first.
    k : int
        Answers wanted; fewer come back where the rules leave fewer.
    moment : int
        Now, in microseconds since 1970.
    name : callable
        What a row is called in the notes.
    """
    notes: dict[int, list[str]] = {}

    def note(row: int, text: str) -> None:
        notes.setdefault(int(row), []).append(text)

    scores = similarity
    if clicks is not None:
        scores = 1 / (1 + np.exp(-clicks.score(similarity, rows)))
        for row in rows.tolist():
            times = float(np.exp(clicks.attractiveness_[row]))
            note(row, f"clicks: {times:.2f} times as often as others in its places")
    order = np.argsort(-scores, kind="stable")
    rows, scores, similarity = rows[order], scores[order], similarity[order]

    keep = stock.marks[rows] == ""
    for row in rows[~keep].tolist():
        note(row, f"left out: {stock.marks[row]}")
    rows, scores, similarity = rows[keep], scores[keep], similarity[keep]

    if rules.duplicates:
        first = np.sort(np.unique(stock.groups[rows], return_index=True)[1])
        stays = dict(zip(stock.groups[rows[first]].tolist(), rows[first], strict=True))
        for row in np.setdiff1d(rows, rows[first]).tolist():
            same = name(int(stays[int(stock.groups[row])]))
            note(row, f"left out: looks the same as {same}")
        rows, scores, similarity = rows[first], scores[first], similarity[first]

    if rules.freshness:
        age = np.maximum(moment - stock.added[rows], 0) / DAY
        gain = rules.freshness * 0.5 ** (age / rules.half_life)
        for row, each in zip(rows.tolist(), gain.tolist(), strict=True):
            note(row, f"freshness: +{each:.3f}")
        scores = scores + gain
        order = np.argsort(-scores, kind="stable")
        rows, scores, similarity = rows[order], scores[order], similarity[order]

    k = min(k, len(rows))
    chosen = np.arange(k)
    if rules.relevance < 1:
        chosen = diversified(scores, stock.vectors[rows], k, rules.relevance)
        for place, was in enumerate(chosen.tolist()):
            if place != was:
                note(rows[was], f"diversity: from place {was + 1} to {place + 1}")
    return Ranked(rows[chosen], scores[chosen], similarity[chosen], notes)
