"""People you may know, before they are ranked: candidates, and what speaks for each.

A candidate is a friend of a friend. What speaks for it are the classic scores of link
prediction, longer walks, and how close the two are in the graph's spectrum; each also
as its distance from the person's best: who is asked about has many friends or few, and
scores are only comparable within one list.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import eigsh

from lookalike._typing import Array, Floats, Ints
from lookalike.features.graph import triangle_scores

SCORES = ("shared", "jaccard", "adamic_adar", "resource_allocation")
WALKS = ("walk", "walk back", "three steps")
FIRST = "adamic_adar"
"""The score that chooses the candidates."""
STAY = 0.85  # of the walkers take another step
WALK_STEPS = 4
FURTHER = ((0.5, 6), (0.95, 12))
"""Shares that take another step, and steps, of the walks for the ranker alone."""
POWERS = (1, 3, 6)  # of the spectrum: products of places, weighted by the eigenvalues
N_VECTORS = 64
FAR = (
    *(f"closeness in the spectrum, power {power}" for power in POWERS),
    "angle in the spectrum",
    *(f"walk of {steps} steps" for _, steps in FURTHER),
    "paths of three steps, by degree",
)
NAMES = (
    *(f"log {name}" for name in SCORES + WALKS),
    *FAR,
    *(f"{name}, below the best" for name in SCORES + WALKS + FAR),
    *("place", "own friends", "their friends", "candidates"),
    *("own friends' friendships", "their friends' friendships"),
)
"""Columns of the features."""
DAMPING = 0.3  # of people with many friends, in the paths of three steps
LEAST = 1e-9  # stands for nothing, before the logarithm
BLOCK = 256  # people at a time: bounds the memory


@dataclass(frozen=True)
class Candidates:
    """Candidates of some people, one a row: by person, then by their first score.

    person : (n,), places among the people that were asked about
    candidate, rank : (n,); rank 0 is the best by the first score
    scores : (n, 7), the scores of ``SCORES`` and ``WALKS``
    features : (n, 34), what the ranker sees; see ``NAMES``
    """

    person: Ints
    candidate: Ints
    rank: Ints
    scores: Floats
    features: Floats


@dataclass(frozen=True)
class Survey:
    r"""What a graph of friendships looks like as a whole.

    values, vectors : the largest eigenvalues of :math:`D^{-1/2} A D^{-1/2}`, by their
        size, and their vectors, (n_people, n_vectors)
    clustering : (n_people,), the share of the pairs of somebody's friends who are
        friends of each other
    """

    values: Floats
    vectors: Floats
    clustering: Floats


def survey(A: sp.csr_array) -> Survey:
    """Look at a whole graph, once. Cost: O(n_friendships * n_vectors) a few times."""
    n = A.shape[0]
    degrees = np.maximum(np.diff(A.indptr), 1).astype(np.float64)
    root = sp.diags_array(degrees**-0.5)
    start = np.random.default_rng(0).normal(size=n)
    values, vectors = eigsh(root @ A @ root, min(N_VECTORS, n // 2), v0=start)
    pairs = np.maximum(degrees * (degrees - 1), 1)
    closed = np.asarray((A @ A).multiply(A).sum(axis=1)).ravel()
    return Survey(values, vectors, closed / pairs)


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


def find_candidates(
    A: sp.csr_array, seen: Survey, people: Ints, most: int
) -> Candidates:
    """Return the ``most`` best friends of friends of each person, and their features.

    ``seen`` is what ``survey`` tells of A.

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
    *walks, further = _walks(A, people, person, candidate)
    scores = np.stack([*close, *walks], axis=1)
    degrees = np.diff(A.indptr)
    own = people[person]
    logs = np.log(np.hstack([scores, further]) + LEAST)
    n = scores.shape[1]
    merit = np.hstack([logs[:, :n], _closeness(seen, own, candidate), logs[:, n:]])
    best = np.full((len(people), merit.shape[1]), -np.inf)
    np.maximum.at(best, person, merit)
    crowd = np.log1p([rank, degrees[own], degrees[candidate], counts[person]])
    clustering = [seen.clustering[own], seen.clustering[candidate]]
    features = np.hstack(
        [merit, merit - best[person], crowd.T, np.stack(clustering, axis=1)]
    )
    return Candidates(person, candidate, rank, scores, features)


def _closeness(seen: Survey, people: Ints, others: Ints) -> Floats:
    """Products of places in the spectrum, by power, and the angle; (n, 4)."""
    size = abs(seen.values)
    both = seen.vectors[people] * seen.vectors[others]
    weights = [np.sign(seen.values) ** power * size**power for power in POWERS]
    # The size of a place falls with that of the graph; a thousandth is 1 here.
    products = 1000 * np.einsum("ij,kj->ik", both, np.stack(weights))
    placed = seen.vectors * size**3
    length = np.linalg.norm(placed, axis=1, keepdims=True)
    placed = placed / np.maximum(length, 1e-12)
    angle = np.einsum("ij,ij->i", placed[people], placed[others])
    return np.column_stack([products, angle])


def _walks(
    A: sp.csr_array, people: Ints, person: Ints, candidate: Ints
) -> tuple[Array, Array, Array, Array]:
    """Chance of meeting the candidate on a walk, that of the way back, and paths.

    Also the same of the walks and paths for the ranker alone, (n, 3). A walker starts
    at the person and goes on to a random friend again and again; the way back follows
    from d_i P(i to j) = d_j P(j to i), as friendship has no direction.
    """
    degrees = np.maximum(np.diff(A.indptr), 1).astype(np.float64)
    step = sp.csr_array(A.T @ sp.diags_array(1 / degrees))
    damped = sp.diags_array(degrees**-DAMPING)
    link = sp.csr_array(damped @ A @ damped)
    start = np.zeros((A.shape[0], len(people)))
    start[people, np.arange(len(people))] = 1.0
    plans = ((STAY, WALK_STEPS), *FURTHER)
    met = np.zeros((len(plans), len(person)))
    now = start
    for count in range(1, 1 + max(steps for _, steps in plans)):
        now = step @ now
        here = now[candidate, person]
        for row, (stay, steps) in enumerate(plans):
            if count <= steps:
                met[row] += stay**count * here
    there, *longer = met
    back = there * degrees[people][person] / degrees[candidate]
    paths = (link @ (link @ (link @ start)))[candidate, person]
    by_degree = (step @ (step @ (A @ start)))[candidate, person]
    return there, back, paths, np.column_stack([*longer, by_degree])
