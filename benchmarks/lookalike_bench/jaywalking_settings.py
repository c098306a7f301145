"""Which weight of the network, and from which chance on somebody is said to cross.

Three folds of the training and validation clips of JAAD, whole clips in a fold, so that
no person is in two. In each fold one forest and one network learn from the other two,
from trembling boxes too, as the system does; the line that turns log-odds into chances
is fitted on the other folds' held-out people. The test clips are not read.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from lookalike.datasets.streets import StreetClips
from lookalike.evaluate import accuracy
from lookalike.evaluate.clustered import clustered_difference, resampled_rows
from lookalike.evaluate.roc_area import roc_auc
from lookalike.systems.jaywalking.chances import Line, Trees
from lookalike.systems.jaywalking.labelled import exact_and_trembling, labelled
from lookalike.systems.jaywalking.sequence import SequenceModel
from lookalike_bench.bars import Row

N_FOLDS = 3
N_RESAMPLES = 400
WEIGHTS = tuple(at / 10 for at in range(11))
THRESHOLDS = tuple(at / 20 for at in range(4, 13))
SHIPPED = 0.5, 0.4


@dataclass(frozen=True)
class Fold:
    """Held-out people: log-odds of both models, answers, numbers of the people."""

    trees: np.ndarray
    network: np.ndarray
    y: np.ndarray
    person: np.ndarray

    def scores(self, weight: float) -> np.ndarray:
        """Log-odds with this weight of the network."""
        found: np.ndarray = (1 - weight) * self.trees + weight * self.network
        return found


def folds(data: StreetClips, n_trees: int = 300, n_epochs: int = 10) -> Iterable[Fold]:
    """Learn and score, fold by fold."""
    clips = data.of("train", "validation")
    order = np.random.RandomState(7).permutation(len(clips))
    n_before = 0
    for at in range(N_FOLDS):
        asked = order[at::N_FOLDS]
        rest = tuple(clips[i] for i in np.setdiff1d(order, asked))
        exact, held = labelled(rest), labelled(tuple(clips[i] for i in asked))
        both = exact_and_trembling(rest, exact, np.random.default_rng(0))
        y = np.tile(exact.crosses, 2)
        trees = Trees.learned(both.summary, y, n_trees, 1, 60)
        network = SequenceModel("late", n_epochs=n_epochs, random_state=0).fit(both, y)
        person = held.person + n_before
        n_before += held.n_people
        yield Fold(
            trees.scores(held.features.summary),
            network.scores(held.features),
            held.crosses,
            person,
        )


def rows_of(found: list[Fold]) -> Iterable[Row]:
    """One row a weight and one a threshold, each beside what is shipped."""
    shipped_weight, shipped = SHIPPED
    draws = [list(resampled_rows(each.person, N_RESAMPLES)) for each in found]
    for weight in WEIGHTS:
        less = [
            np.mean(
                [
                    roc_auc(each.y[rows], each.scores(weight)[rows])
                    - roc_auc(each.y[rows], each.scores(shipped_weight)[rows])
                    for each, rows in zip(found, drawn, strict=True)
                ]
            )
            for drawn in zip(*draws, strict=True)
        ]
        low, high = np.quantile(less, [0.025, 0.975])
        aucs = [roc_auc(each.y, each.scores(weight)) for each in found]
        row = {"method": f"weight {weight:g}", "auc": float(np.mean(aucs))}
        yield {**row, "less_shipped_low": float(low), "less_shipped_high": float(high)}
    chance = np.concatenate(_calibrated(found, shipped_weight))
    y = np.concatenate([each.y for each in found])
    person = np.concatenate([each.person for each in found])
    for threshold in THRESHOLDS:
        named, usual = chance >= threshold, chance >= shipped
        row = {"method": f"threshold {threshold:g}"}
        for name, metric in (("f1", _f1), ("accuracy", accuracy)):
            less_shipped = clustered_difference(
                metric, person, y, named, usual, n_resamples=N_RESAMPLES
            ).difference
            row |= {
                name: metric(y, named),
                f"{name}_less_shipped_low": less_shipped.low,
                f"{name}_less_shipped_high": less_shipped.high,
            }
        yield row


def _calibrated(found: list[Fold], weight: float) -> list[np.ndarray]:
    """Chances of each fold by a line of the others."""
    chances = []
    for each in found:
        others = [other for other in found if other is not each]
        line = Line.fitted(
            np.concatenate([other.scores(weight) for other in others]),
            np.concatenate([other.y for other in others]),
        )
        chances.append(line.chances(each.scores(weight)))
    return chances


def _f1(y: np.ndarray, named: np.ndarray) -> float:
    return float(2 * (named & y).sum() / max(named.sum() + y.sum(), 1))
