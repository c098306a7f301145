"""Training rows of the people ranker: known friendships, hidden from the candidates."""

from typing import NamedTuple

import numpy as np

from lookalike._typing import Array, Floats, Ints
from lookalike.core.progress import ProgressCallback, no_progress, stage_of
from lookalike.datasets.friendships import hold_out
from lookalike.systems.people.features import (
    N_FEATURES,
    adjacency,
    are_friends,
    blocks,
    find_candidates,
    graph_statistics,
)

N_SPLITS = 3  # of the known friendships


class TrainingBatch(NamedTuple):
    """Candidates of people who have a held-out friend among them.

    features : (n, n_features)
    is_friend : bool (n,), whether the candidate is a held-out friend
    weights : (n,), with which the held-out friends of each person add up to one
    """

    features: Floats
    is_friend: Array
    weights: Floats


def training_batch(
    n_people: int,
    known: Ints,
    n_candidates: int,
    random_state: int,
    on_progress: ProgressCallback = no_progress,
) -> TrainingBatch:
    """Return the training rows of several splits of the known friendships.

    Raises
    ------
    ValueError
        If no candidate is a held-out friend in any of them.
    """
    batches = []
    for split in range(N_SPLITS):
        inner, held_out = hold_out(known, random_state=random_state + 1 + split)
        stage = stage_of(on_progress, split / N_SPLITS, 1 / N_SPLITS)
        batches.append(split_batch(n_people, inner, held_out, n_candidates, stage))
    batch = TrainingBatch(*map(np.concatenate, zip(*batches, strict=True)))
    if not batch.is_friend.any():
        raise ValueError(
            "The friendships close no triangle: there is nothing to learn from."
        )
    return batch


def split_batch(
    n_people: int,
    inner: Ints,
    held_out: Ints,
    n_candidates: int,
    on_progress: ProgressCallback = no_progress,
) -> TrainingBatch:
    """Return the training rows of one split: candidates that the inner part gives."""
    A, H = adjacency(n_people, inner), adjacency(n_people, held_out)
    statistics = graph_statistics(A)
    features, is_friend, weights = [np.empty((0, N_FEATURES))], [], []
    for block in blocks(np.flatnonzero(np.diff(H.indptr))):
        on_progress("looking for candidates", block[0] / n_people)
        found = find_candidates(A, statistics, block, n_candidates)
        correct = are_friends(H, block[found.person], found.candidate)
        n_correct = np.bincount(found.person, correct, minlength=len(block))
        kept = n_correct[found.person] > 0
        features.append(found.features[kept])
        is_friend.append(correct[kept])
        weights.append(1 / n_correct[found.person[kept]])
    return TrainingBatch(*map(np.concatenate, (features, is_friend, weights)))
