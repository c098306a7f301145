"""The chance that somebody crosses: boosted trees and a network, calibrated.

Two forests score the summary of sixteen frames: one learned from everybody, one only
from those whose behaviour people described, most of whom were about to cross. The
second tells those apart who stand at the kerb; the first tells them from everybody
else, and is what is served. The network reads the frames one by one. Log-odds are
averaged, and turned into chances by a line fitted on held-out people.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy.special import expit

from lookalike._arrays import named, prefixed
from lookalike._typing import Array, Floats
from lookalike.core.progress import ProgressCallback, no_progress, stage_of
from lookalike.learn import LogisticRegression
from lookalike.rank import BoostedRanker
from lookalike.rank.flat_trees import FlatTrees
from lookalike.systems.jaywalking.features import Features
from lookalike.systems.jaywalking.sequence import SequenceModel

DESCRIBED_SHARE = 0.5
"""Weight of the second forest among people who were described."""
_TREES: dict[str, Any] = {
    "learning_rate": 0.03,
    "num_leaves": 8,
    "subsample": 0.7,
    "colsample": 0.4,
    "reg_lambda": 5.0,
}


class Trees:
    """The mean log-odds of a few forests that differ by chance alone."""

    def __init__(self, forests: tuple[BoostedRanker, ...]) -> None:
        self.forests = forests
        self._flat = FlatTrees(forests)

    @classmethod
    def learned(
        cls, summary: Array, y: Array, n_trees: int, n_forests: int, smallest: int
    ) -> Self:
        """Learn from summaries (n, n_columns) and answers (n)."""
        smallest = max(1, min(smallest, len(y) // 20))
        return cls(
            tuple(
                BoostedRanker(
                    n_trees, **_TREES, min_child_samples=smallest, random_state=seed
                ).fit(summary, y)
                for seed in range(n_forests)
            )
        )

    def scores(self, summary: Array) -> Floats:
        """Return log-odds, (n,), of float32 summaries."""
        found: Floats = np.mean(self._flat.scores(summary), axis=0)
        return found

    def arrays(self, name: str) -> dict[str, Array]:
        """Return the nodes of every forest."""
        found: dict[str, Array] = {}
        for at, each in enumerate(self.forests):
            found |= prefixed(f"{name}_{at}_", each.arrays())
        return found

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array], name: str, n: int) -> Self:
        """Take up what ``arrays`` returned."""
        return cls(
            tuple(
                BoostedRanker.from_arrays(named(f"{name}_{at}_", arrays))
                for at in range(n)
            )
        )


@dataclass(frozen=True)
class Line:
    """Log-odds of a model to calibrated ones."""

    slope: float
    offset: float

    @classmethod
    def fitted(cls, scores: Floats, y: Array) -> Self:
        """Fit on held-out people; where all answers are alike nothing is changed."""
        if len(np.unique(y)) < 2:
            return cls(1.0, 0.0)
        found = LogisticRegression(C=1.0).fit(scores[:, None], y)
        slope, offset = float(found.coef_[0, 0]), float(found.intercept_[0])
        return cls(slope, offset) if slope > 0 else cls(1.0, 0.0)

    def chances(self, scores: Floats) -> Floats:
        """Return chances of log-odds."""
        found: Floats = expit(self.slope * scores + self.offset)
        return found


@dataclass(frozen=True)
class Chances:
    """Everything that scores a person.

    share : weight of the network beside the trees, in [0, 1]
    """

    trees: Trees
    described: Trees
    network: SequenceModel
    share: float
    line: Line
    described_line: Line

    @classmethod
    def learned(
        cls,
        train: tuple[Features, Array, Array],
        held_out: tuple[Features, Array, Array],
        n_trees: int,
        n_forests: int,
        network: SequenceModel,
        share: float,
        on_progress: ProgressCallback = no_progress,
    ) -> Self:
        """Learn from features, who crosses, and who was described."""
        features, y, described = train
        on_progress("learning trees", 0.0)
        trees = Trees.learned(features.summary, y, n_trees, n_forests, 60)
        on_progress("learning trees", 0.3)
        own = described if len(np.unique(y[described])) == 2 else np.ones(len(y), bool)
        second = Trees.learned(features.summary[own], y[own], n_trees, n_forests, 40)
        network.fit(features, y, on_progress=stage_of(on_progress, 0.5, 0.5))
        plain = Line(1.0, 0.0)
        found = cls(trees, second, network, share, plain, plain)
        held, held_y, held_described = held_out
        line = Line.fitted(found.scores(held), held_y)
        own_scores = found.scores(held, described=True)[held_described]
        second_line = Line.fitted(own_scores, held_y[held_described])
        return cls(trees, second, network, share, line, second_line)

    def scores(self, features: Features, described: bool = False) -> Floats:
        """Return log-odds, (n,), before they are calibrated.

        described : whether it is known that these people are at the kerb
        """
        found = self.trees.scores(features.summary)
        if self.share:
            network = self.network.scores(features)
            found = (1 - self.share) * found + self.share * network
        if described:
            second = self.described.scores(features.summary)
            found = (1 - DESCRIBED_SHARE) * found + DESCRIBED_SHARE * second
        return found

    def chances(self, features: Features, described: bool = False) -> Floats:
        """Return the chance that each person crosses, (n,)."""
        line = self.described_line if described else self.line
        return line.chances(self.scores(features, described))

    def arrays(self) -> dict[str, Array]:
        """Return everything that scoring needs."""
        lines = (self.line, self.described_line)
        return {
            **self.trees.arrays("trees"),
            **self.described.arrays("described"),
            **prefixed("network_", self.network.arrays()),
            "lines": np.array([[each.slope, each.offset] for each in lines]),
        }

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, Array], n_forests: int, fusion: str, share: float
    ) -> Self:
        """Take up what ``arrays`` returned."""
        lines = [Line(*map(float, row)) for row in np.asarray(arrays["lines"])]
        return cls(
            Trees.from_arrays(arrays, "trees", n_forests),
            Trees.from_arrays(arrays, "described", n_forests),
            SequenceModel.from_arrays(named("network_", arrays), fusion),
            share,
            *lines,
        )
