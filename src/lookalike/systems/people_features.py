"""People you may know, before they are ranked: candidates, and what speaks for each.

A candidate is a friend of a friend. What speaks for it are the classic scores of link
prediction, each as a logarithm, and how far each lies below the person's best: who is
asked about has many friends or few, and scores are only comparable within one list.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from lookalike._typing import Array, Floats, Ints
from lookalike.features.graph import triangle_scores

SCORES = ("shared", "jaccard", "adamic_adar", "resource_allocation")
WALKS = ("walk", "walk back", "three steps")
FIRST = "adamic_adar"
"""The score that chooses the candidates."""
STAY = 0.85  # of the walkers take another step
WALK_STEPS = 4
DAMPING = 0.3  # of people with many friends, in the paths of three steps
LEAST = 1e-9  # stands for nothing, before the logarithm
BLOCK = 512  # people at a time: bounds the memory


@dataclass(frozen=True)
class Candidates:
    """Candidates of some people, one a row: by person, then by their first score.

    person : (n,), places among the people that were asked about
    candidate, rank : (n,); rank 0 is the best by the first score
    scores : (n, 7), the scores of ``SCORES`` and ``WALKS``
    features : (n, 18), what the ranker sees
    """

    person: Ints
    candidate: Ints
    rank: Ints
    scores: Floats
    features: Floats


def adjacency(n_people: int, pairs: Ints) -> sp.csr_array:
    """Return the symmetric matrix of these friendships."""
    rows, columns = np.concatenate([pairs, pairs[:, ::-1]]).T
    ones = np.ones(len(rows))
    A = sp.csr_array((ones, (rows, columns)), shape=(n_people, n_people))
    A.sort_indices()
    return A


def linked(A: sp.csr_array, person: int) -> Ints:
    """Return the friends of a person, in their order."""
    return A.indices[A.indptr[person] : A.indptr[person + 1]]


def are_linked(A: sp.csr_array, people: Ints, others: Ints) -> Array:
    """Whether each of ``people`` is a friend of the one at the same place."""
    keys = np.repeat(np.arange(A.shape[0]), np.diff(A.indptr)) * A.shape[1] + A.indices
    return np.isin(people * A.shape[1] + others, keys)


def blocks(people: Ints) -> Iterator[Ints]:
    """Cut people into blocks that are worked on together."""
    for start in range(0, len(people), BLOCK):
        yield people[start : start + BLOCK]


def find_candidates(A: sp.csr_array, people: Ints, most: int) -> Candidates:
    """Return the ``most`` best friends of friends of each person, and their features.

    Cost: O(n_people) memory for each person asked about; time is that of the walks,
    O(n_friendships) for each person.
    """
    tables = [triangle_scores(A, people, score) for score in SCORES]
    counts = np.diff(tables[0].indptr)
    person = np.repeat(np.arange(len(people)), counts)
    candidate = tables[0].indices.astype(np.int64)
    first = tables[SCORES.index(FIRST)].data
    order = np.lexsort((candidate, -first, person))
    person, candidate = person[order], candidate[order]
    rank = np.arange(len(order)) - tables[0].indptr[:-1][person]
    kept = rank < most
    person, candidate, rank = person[kept], candidate[kept], rank[kept]
    close = [table.data[order][kept] for table in tables]
    far = _walks(A, people, person, candidate)
    scores = np.stack([*close, *far], axis=1)
    degrees = np.diff(A.indptr)
    logs = np.log(scores + LEAST)
    best = np.full((len(people), logs.shape[1]), -np.inf)
    np.maximum.at(best, person, logs)
    crowd = [rank, degrees[people][person], degrees[candidate], counts[person]]
    features = np.hstack([logs, logs - best[person], np.log1p(np.stack(crowd, axis=1))])
    return Candidates(person, candidate, rank, scores, features)


def _walks(
    A: sp.csr_array, people: Ints, person: Ints, candidate: Ints
) -> tuple[Array, Array, Array]:
    """Chance of meeting the candidate on a walk, that of the way back, and paths.

    A walker starts at the person and goes on to a random friend again and again; the
    way back follows from d_i P(i to j) = d_j P(j to i), as friendship has no direction.
    """
    degrees = np.maximum(np.diff(A.indptr), 1).astype(np.float64)
    step = sp.csr_array(A.T @ sp.diags_array(1 / degrees))
    damped = sp.diags_array(degrees**-DAMPING)
    link = sp.csr_array(damped @ A @ damped)
    start = np.zeros((A.shape[0], len(people)))
    start[people, np.arange(len(people))] = 1.0
    met, now = np.zeros_like(start), start
    for _ in range(WALK_STEPS):
        now = STAY * (step @ now)
        met += now
    there = met[candidate, person]
    back = there * degrees[people][person] / degrees[candidate]
    paths = (link @ (link @ (link @ start)))[candidate, person]
    return there, back, paths
