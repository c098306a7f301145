"""Candidates of people you may know, and the features that rank them.

A candidate is a friend of a friend. Its features are the classic scores of link
prediction, longer walks, and how close the two people are in the graph's spectrum; each
also as its distance from the person's best, because people have many friends or few and
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
CANDIDATE_SCORE = "adamic_adar"
"""The score that chooses the candidates."""
STAY = 0.85  # of the walkers take another step
WALK_STEPS = 4
LONG_WALKS = ((0.5, 6), (0.95, 12))
"""Shares that take another step, and steps, of walks that only the ranker uses."""
POWERS = (1, 3, 6)  # of the eigenvalues that weight products of coordinates
N_VECTORS = 64
DISTANT = (
    *(f"closeness in the spectrum, power {power}" for power in POWERS),
    "angle in the spectrum",
    *(f"walk of {steps} steps" for _, steps in LONG_WALKS),
    "paths of three steps, by degree",
)
FEATURE_NAMES = (
    *(f"log {name}" for name in SCORES + WALKS),
    *DISTANT,
    *(f"{name}, below the best" for name in SCORES + WALKS + DISTANT),
    *("rank", "own friends", "their friends", "candidates"),
    *("own friends' friendships", "their friends' friendships"),
)
"""Columns of the features."""
N_FEATURES = len(FEATURE_NAMES)
DAMPING = 0.3  # of people with many friends, in the paths of three steps
TINY = 1e-9  # added before the logarithm
BLOCK_SIZE = 256  # people at a time: bounds the memory


@dataclass(frozen=True)
class Candidates:
    """Candidates of some people, one a row: by person, then by their first score.

    person : (n,), positions among the people that were passed
    candidate : (n,), positions among all people
    rank : (n,); 0 is the best by ``CANDIDATE_SCORE``
    scores : (n, 7), the scores of ``SCORES`` and ``WALKS``
    features : (n, n_features), inputs of the ranker; see ``FEATURE_NAMES``
    """

    person: Ints
    candidate: Ints
    rank: Ints
    scores: Floats
    features: Floats


@dataclass(frozen=True)
class GraphStatistics:
    r"""Spectrum and clustering of a graph of friendships.

    values, vectors : the largest eigenvalues of :math:`D^{-1/2} A D^{-1/2}`, by their
        size, and their vectors, (n_people, n_vectors)
    clustering : (n_people,), the share of the pairs of somebody's friends who are
        friends of each other
    """

    values: Floats
    vectors: Floats
    clustering: Floats


def graph_statistics(A: sp.csr_array) -> GraphStatistics:
    """Return the statistics of a graph.

    Cost: a few times O(n_friendships * n_vectors).
    """
    n = A.shape[0]
    degrees = np.maximum(np.diff(A.indptr), 1).astype(np.float64)
    root = sp.diags_array(degrees**-0.5)
    start = np.random.default_rng(0).normal(size=n)
    if not A.nnz:  # nobody has a friend: there is no spectrum
        return GraphStatistics(np.empty(0), np.empty((n, 0)), np.zeros(n))
    values, vectors = eigsh(root @ A @ root, min(N_VECTORS, n // 2), v0=start)
    pairs = np.maximum(degrees * (degrees - 1), 1)
    closed = np.asarray((A @ A).multiply(A).sum(axis=1)).ravel()
    return GraphStatistics(values, vectors, closed / pairs)


def adjacency(n_people: int, pairs: Ints) -> sp.csr_array:
    """Return the symmetric matrix of these friendships."""
    rows, columns = np.concatenate([pairs, pairs[:, ::-1]]).T
    ones = np.ones(len(rows))
    A = sp.csr_array((ones, (rows, columns)), shape=(n_people, n_people))
    A.sort_indices()
    return A


def friends_of(A: sp.csr_array, person: int) -> Ints:
    """Return the friends of a person, in their order."""
    return A.indices[A.indptr[person] : A.indptr[person + 1]]


def are_friends(A: sp.csr_array, people: Ints, others: Ints) -> Array:
    """Return whether each of ``people`` is a friend of the one beside, bool (n,)."""
    keys = np.repeat(np.arange(A.shape[0]), np.diff(A.indptr)) * A.shape[1] + A.indices
    return np.isin(people * A.shape[1] + others, keys)


def blocks(people: Ints) -> Iterator[Ints]:
    """Cut people into blocks that are computed together."""
    for start in range(0, len(people), BLOCK_SIZE):
        yield people[start : start + BLOCK_SIZE]


def find_candidates(
    A: sp.csr_array, statistics: GraphStatistics, people: Ints, most: int
) -> Candidates:
    """Return the ``most`` best friends of friends of each person, and their features.

    Cost: for each of ``people`` O(n_people) memory and, for the walks, O(n_friendships)
    time.
    """
    tables = [triangle_scores(A, people, score) for score in SCORES]
    counts = np.diff(tables[0].indptr)
    person = np.repeat(np.arange(len(people)), counts)
    candidate = tables[0].indices.astype(np.int64)
    first = tables[SCORES.index(CANDIDATE_SCORE)].data
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
    logs = np.log(np.hstack([scores, further]) + TINY)
    n = scores.shape[1]
    signals = np.hstack(
        [logs[:, :n], _closeness(statistics, own, candidate), logs[:, n:]]
    )
    best = np.full((len(people), signals.shape[1]), -np.inf)
    np.maximum.at(best, person, signals)
    sizes = np.log1p([rank, degrees[own], degrees[candidate], counts[person]])
    clustering = [statistics.clustering[own], statistics.clustering[candidate]]
    features = np.hstack(
        [signals, signals - best[person], sizes.T, np.stack(clustering, axis=1)]
    )
    return Candidates(person, candidate, rank, scores, features)


def _closeness(statistics: GraphStatistics, people: Ints, others: Ints) -> Floats:
    """Products of spectral coordinates, by power, and the angle; (n, 4)."""
    size = abs(statistics.values)
    both = statistics.vectors[people] * statistics.vectors[others]
    weights = [np.sign(statistics.values) ** power * size**power for power in POWERS]
    # Coordinates shrink as the graph grows: products are counted in thousandths.
    products = 1000 * np.einsum("ij,kj->ik", both, np.stack(weights))
    coordinates = statistics.vectors * size**3
    length = np.linalg.norm(coordinates, axis=1, keepdims=True)
    coordinates = coordinates / np.maximum(length, 1e-12)
    angle = np.einsum("ij,ij->i", coordinates[people], coordinates[others])
    return np.column_stack([products, angle])


def _walks(
    A: sp.csr_array, people: Ints, person: Ints, candidate: Ints
) -> tuple[Array, Array, Array, Array]:
    """Chance of meeting the candidate on a walk, that of the way back, and paths.

    Also the long walks and the paths that only the ranker uses, (n, 3). A walker starts
    at the person and goes on to a random friend again and again; the way back follows
    from d_i P(i to j) = d_j P(j to i), as friendship has no direction.
    """
    degrees = np.maximum(np.diff(A.indptr), 1).astype(np.float64)
    step = sp.csr_array(A.T @ sp.diags_array(1 / degrees))
    damped = sp.diags_array(degrees**-DAMPING)
    link = sp.csr_array(damped @ A @ damped)
    start = np.zeros((A.shape[0], len(people)))
    start[people, np.arange(len(people))] = 1.0
    plans = ((STAY, WALK_STEPS), *LONG_WALKS)
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
