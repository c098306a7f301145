"""How well places are found in posts of a source that was not learned from.

``python -m lookalike.systems.places_trials`` reads the training and the validation part
of WNUT-17, never the test part. They are cut into pieces, in the order of the file, in
which sources stand together; each is tagged by what was learned from the other pieces,
with the threshold that is best on the others.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from lookalike._typing import Ints
from lookalike.datasets import TaggedText, load_wnut17
from lookalike.datasets.gazetteer import load_gazetteer
from lookalike.evaluate import f1_of_totals, paired_totals_test
from lookalike.systems.places import (
    N_FOLDS,
    Places,
    Tags,
    best_threshold,
    both_parts,
    listed,
    rows_of,
    span_counts,
    tagged,
    word_counts,
)
from lookalike.systems.places_words import location_tags


def trial(data: TaggedText, system: Places) -> list[str]:
    """Lines that compare what is found in pieces left out with the gazetteer."""
    known = both_parts(data)
    truth = location_tags(known)
    ours = _left_out(system, data)
    best, small = system.gazetteer_at_its_best(known)
    lists = {
        "gazetteer": listed(known.words, system.names_that_help(data)),
        "tuned gazetteer": listed(known.words, best, small),
    }
    n_train, n = len(data.train.words), len(known.words)
    parts = {
        "both parts": np.arange(n),
        "training part": np.arange(n_train),
        "validation part": np.arange(n_train, n),
    }
    lines = []
    for part, rows in parts.items():
        for name, theirs in lists.items():
            lines.append(f"{part}, against {name}: ")
            lines[-1] += _compared(truth, ours, theirs, rows)
    return lines


def _left_out(system: Places, data: TaggedText) -> Tags:
    """Tags of each piece, by a tagger and a threshold of the other pieces."""
    tags: Tags = []
    known = both_parts(data)
    truth, names = location_tags(known), system.left_out(known)
    rows = np.arange(len(known.words))
    for piece in np.array_split(rows, N_FOLDS):
        others = np.setdiff1d(rows, piece)
        at = partial(tagged, rows_of(known, others).words, _at(names, others))
        threshold, _ = best_threshold(_at(truth, others), at)
        tags += tagged(rows_of(known, piece).words, _at(names, piece), threshold)
    return tags


def _compared(truth: Tags, ours: Tags, theirs: Tags, rows: Ints) -> str:
    said = []
    for unit, count in (("word", word_counts), ("span", span_counts)):
        a, b = (count(_at(truth, rows), _at(tags, rows)) for tags in (ours, theirs))
        found = paired_totals_test(f1_of_totals, a, b)
        said.append(
            f"{unit} F1 {f1_of_totals(a.sum(axis=0)):.3f} "
            f"and {f1_of_totals(b.sum(axis=0)):.3f}, difference "
            f"{found.difference.value:+.3f} [{found.difference.low:+.3f}, "
            f"{found.difference.high:+.3f}], p = {found.p_value:.2g}"
        )
    return "; ".join(said)


def _at(each: Sequence[Any], rows: Ints) -> list[Any]:
    return [each[row] for row in rows.tolist()]


if __name__ == "__main__":
    places = Places()
    places.gazetteer_ = load_gazetteer()
    print(*trial(load_wnut17(), places), sep="\n")
