"""Triangle closing: friends of friends, scored by the friends that are shared."""

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike

from lookalike._checks import check_whole
from lookalike._typing import Floats, Ints

_BLOCK = 1 << 22  # paths of length two held at a time: bounds the memory


def triangle_scores(
    friendships: Any, people: ArrayLike | None = None, score: str = "adamic_adar"
) -> sp.csr_array:
    r"""Score the pairs of people who share a friend and are not friends.

    With A the matrix of friendships, d the numbers of friends and D = diag(d),

    ===================== =================================== =======================
    ``score``             each shared friend z counts         as a product
    ===================== =================================== =======================
    "shared"              1                                   :math:`S = A A`
    "jaccard"             1 over all friends of i and j       :math:`S_{ij} /
                                                              (d_i + d_j - S_{ij})`
    "adamic_adar"         :math:`1 / \ln d_z`                 :math:`A (\ln D)^{-1} A`
    "resource_allocation" :math:`1 / d_z`                     :math:`A D^{-1} A`
    ===================== =================================== =======================

    The last two give a shared friend more weight the fewer friends it has.

    Parameters
    ----------
    friendships : sparse or dense array of shape (n_people, n_people)
        Not 0 where two people are friends; symmetric. The diagonal and the size of the
        values do not matter.
    people : array-like of shape (n_rows,), default=None
        Whose pairs to score; None is all people.
    score : {"adamic_adar", "resource_allocation", "shared", "jaccard"}
        What a shared friend counts, default "adamic_adar".

    Returns
    -------
    csr_array of shape (n_rows, n_people), float64
        Scores above 0; nothing is stored for friends and for the person.

    Notes
    -----
    Cost: O(sum over people of the friends of their friends), in time and memory.

    References
    ----------
    .. [1] Liben-Nowell and Kleinberg (2007). "The link-prediction problem for social
       networks". JASIST 58(7), section 3.1.
    .. [2] Adamic and Adar (2003). "Friends and neighbors on the web". Social Networks
       25(3).
    .. [3] Zhou, Lu and Zhang (2009). "Predicting missing links via local information".
       European Physical Journal B 71(4), equation 9.

    Examples
    --------
    >>> from lookalike.features.graph import triangle_scores
    >>> square = np.array([[0, 1, 1, 0], [1, 0, 0, 1], [1, 0, 0, 1], [0, 1, 1, 0]])
    >>> triangle_scores(square, score="shared").toarray()
    array([[0., 0., 0., 2.],
           [0., 0., 2., 0.],
           [0., 2., 0., 0.],
           [2., 0., 0., 0.]])
    >>> triangle_scores(square, [0]).toarray().round(2)  # 2 / ln 2
    array([[0.  , 0.  , 0.  , 2.89]])
    """
    A = _adjacency(friendships)
    return _scores(A, _rows(people, A.shape[0]), _scorer(score))


def suggest_friends(
    friendships: Any,
    people: ArrayLike | None = None,
    k: int = 10,
    score: str = "adamic_adar",
) -> tuple[Ints, Floats]:
    """Find the k people of highest score for each person.

    Parameters
    ----------
    friendships, people, score
        As in ``triangle_scores``.
    k : int, default=10
        Suggestions for each person.

    Returns
    -------
    ids : ndarray of shape (n_rows, k), int64
        Best first, ties in the order of the numbers; -1 where no other person shares a
        friend.
    scores : ndarray of shape (n_rows, k), float64
        Their scores, 0 beside -1.

    Notes
    -----
    People are scored in blocks, so the memory does not grow with the graph squared.

    Examples
    --------
    >>> from lookalike.features.graph import suggest_friends
    >>> path = np.eye(4, k=1) + np.eye(4, k=-1)  # 0 - 1 - 2 - 3
    >>> suggest_friends(path, k=1)[0].ravel()
    array([2, 3, 0, 1])
    """
    check_whole("k", k)
    A = _adjacency(friendships)
    scorer = _scorer(score)
    rows = _rows(people, A.shape[0])
    degrees = np.diff(A.indptr)
    work = np.cumsum((A @ degrees)[rows])  # paths of length two from each person
    cuts = np.flatnonzero(np.diff(work // _BLOCK)) + 1
    ids = np.full((len(rows), k), -1, dtype=np.int64)
    scores = np.zeros((len(rows), k))
    start = 0
    for block in np.split(rows, cuts):
        stop = start + len(block)
        _keep_best(_scores(A, block, scorer), ids[start:stop], scores[start:stop])
        start = stop
    return ids, scores


Scorer = Callable[[sp.csr_array, Ints], sp.csr_array]


def _scorer(score: str) -> Scorer:
    scorers: dict[str, Scorer] = {
        "shared": lambda A, rows: A[rows] @ A,
        "jaccard": _jaccard,
        "adamic_adar": lambda A, rows: _weighted(A, rows, np.log),
        "resource_allocation": lambda A, rows: _weighted(A, rows, np.positive),
    }
    if score not in scorers:
        raise ValueError(f"score must be one of {sorted(scorers)}, got {score!r}.")
    return scorers[score]


def _weighted(A: sp.csr_array, rows: Ints, dampen: Any) -> sp.csr_array:
    # A person with one friend is shared by no pair: any finite weight will do.
    degrees = np.maximum(np.diff(A.indptr), 2)
    return A[rows] @ sp.diags_array(1 / dampen(degrees)) @ A


def _jaccard(A: sp.csr_array, rows: Ints) -> sp.csr_array:
    shared = sp.csr_array(A[rows] @ A)
    degrees = np.diff(A.indptr)
    own = np.repeat(degrees[rows], np.diff(shared.indptr))
    shared.data /= own + degrees[shared.indices] - shared.data
    return shared


def _scores(A: sp.csr_array, rows: Ints, scorer: Scorer) -> sp.csr_array:
    found = sp.csr_array(scorer(A, rows))
    itself = sp.csr_array(
        (np.ones(len(rows)), rows, np.arange(len(rows) + 1)), shape=found.shape
    )
    known = A[rows] + itself
    candidates = found - found.multiply(known)  # friends have a 1 in known: exactly 0
    candidates.eliminate_zeros()
    candidates.sort_indices()
    return candidates


def _keep_best(found: sp.csr_array, ids: Ints, scores: Floats) -> None:
    """Fill in the k best of each row, by falling score, then by column."""
    rows = np.repeat(np.arange(len(ids)), np.diff(found.indptr))
    order = np.lexsort((found.indices, -found.data, rows))
    rank = np.arange(len(order)) - found.indptr[:-1][rows]
    kept = rank < ids.shape[1]
    ids[rows[kept], rank[kept]] = found.indices[order[kept]]
    scores[rows[kept], rank[kept]] = found.data[order[kept]]


def _adjacency(friendships: Any) -> sp.csr_array:
    A = sp.csr_array(friendships, dtype=np.float64, copy=True)
    if A.ndim != 2 or A.shape[0] != A.shape[1]:
        raise ValueError(f"friendships must be a square matrix, got shape {A.shape}.")
    A.setdiag(0)
    A.eliminate_zeros()
    A.sum_duplicates()
    A.data.fill(1)
    if (A != A.T).nnz:
        raise ValueError(
            "friendships must be symmetric: take max(A, A.T) to ignore directions."
        )
    return A


def _rows(people: ArrayLike | None, n_people: int) -> Ints:
    if people is None:
        return np.arange(n_people)
    rows = np.asarray(people)
    if rows.ndim != 1 or (rows.size and rows.dtype.kind not in "iu"):
        raise ValueError("people must be a flat list of integers.")
    if rows.size and not (rows.min() >= 0 and rows.max() < n_people):
        raise ValueError(f"people must be in [0, {n_people - 1}].")
    return rows.astype(np.int64)
