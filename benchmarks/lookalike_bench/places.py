"""``lookalike bench places``: places found in posts of a source not learned from.

Of WNUT-17 the training and the validation part, never the test part. They are cut into
pieces, in the order of the file, in which sources stand together; each is tagged by
what was learned from the other pieces, with the threshold that is best on the others.
Nothing is timed.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from typing import Any

import numpy as np

from lookalike.datasets import TaggedText, load_wnut17
from lookalike.datasets.gazetteer import load_gazetteer
from lookalike.evaluate import bootstrap_counts, f1_of_counts, paired_counts_test
from lookalike.evaluate.spans import Tags
from lookalike.systems.places.baselines import (
    plain_gazetteer,
    tags_of_list,
    tuned_gazetteer,
)
from lookalike.systems.places.evaluation import UNITS
from lookalike.systems.places.system import Places
from lookalike.systems.places.tagger import location_tags, tags_of_names
from lookalike.systems.places.tuning import (
    N_FOLDS,
    best_threshold,
    held_out_names,
    known_part,
    take_rows,
)
from lookalike_bench.arrays import Ints
from lookalike_bench.bars import Bar, Row, least, most
from lookalike_bench.runner import ProgressCallback, measured, selected

PARTS = ("both parts", "training part", "validation part")
BARS = tuple(
    bar
    for part in PARTS
    for unit in ("words", "spans")
    for bar in (
        Bar(
            f"{part}: gain in F1 of {unit} over the lists, the least",
            0,
            least(f"gain, {unit}", part, "*"),
        ),
        Bar(
            f"{part}: p of the gain, {unit}, the most",
            0.05,
            most(f"p, {unit}", part, "*"),
            at_most=True,
        ),
    )
)


def run(
    only: str | None = None,
    rounds: int = 1,
    progress: ProgressCallback | None = None,
) -> dict[str, Any]:
    """Compare on every part whose name contains ``only``."""
    trial = Trial(load_wnut17(), load_gazetteer())
    return measured(selected(trial.jobs(), only), progress, BARS)


class Trial:
    """Pieces left out, tagged by a system and by two lists.

    system : of which only the parameters are used
    """

    def __init__(
        self,
        data: TaggedText,
        gazetteer: Mapping[str, str],
        system: Places | None = None,
    ) -> None:
        self.data, self.gazetteer, self.system = data, gazetteer, system or Places()
        self.known = known_part(data)
        self.truth = location_tags(self.known)

    def jobs(self) -> list[tuple[str, Callable[[], list[Row]]]]:
        """Comparisons on both parts, and on each, by name."""
        n_train, n = len(self.data.train.words), len(self.known.words)
        rows = (np.arange(n), np.arange(n_train), np.arange(n_train, n))
        named = zip(PARTS, rows, strict=True)
        return [(part, partial(self.compared, some)) for part, some in named]

    @cached_property
    def taggings(self) -> dict[str, Tags]:
        """What each finds in all posts, ours first."""
        words, validation = self.known.words, self.data.validation
        names = plain_gazetteer(self.gazetteer, validation)
        best, lower_case = tuned_gazetteer(self.gazetteer, self.known)
        return {
            "lookalike": self._held_out_tags(),
            "gazetteer": tags_of_list(words, names),
            "tuned gazetteer": tags_of_list(words, best, lower_case),
        }

    def _held_out_tags(self) -> Tags:
        """Tags of each piece, by a tagger and a threshold of the other pieces."""
        tags: Tags = []
        known, system = self.known, self.system
        names = held_out_names(known, self.gazetteer, system.window, system.C)
        rows = np.arange(len(known.words))
        for piece in np.array_split(rows, N_FOLDS):
            others = np.setdiff1d(rows, piece)
            at = partial(
                tags_of_names, take_rows(known, others).words, _at(names, others)
            )
            threshold, _ = best_threshold(_at(self.truth, others), at)
            words = take_rows(known, piece).words
            tags += tags_of_names(words, _at(names, piece), threshold)
        return tags

    def compared(self, rows: Ints) -> list[Row]:
        """F1 of words and of whole names in these posts, and what ours is better by."""
        truth, found = _at(self.truth, rows), []
        counts = {
            name: {u: count(truth, _at(tags, rows)) for u, count in UNITS.items()}
            for name, tags in self.taggings.items()
        }
        ours = counts["lookalike"]
        for name, theirs in counts.items():
            row: Row = {"method": name}
            for unit, own in theirs.items():
                row[f"{unit} F1"] = str(bootstrap_counts(f1_of_counts, own))
            for unit, own in theirs.items() if name != "lookalike" else ():
                test = paired_counts_test(f1_of_counts, ours[unit], own)
                row[f"gain, {unit}s"] = str(test.difference)
                row[f"p, {unit}s"] = f"{test.p_value:.2g}"
            found.append(row)
        return found


def _at(each: Sequence[Any], rows: Ints) -> list[Any]:
    return [each[row] for row in rows.tolist()]
