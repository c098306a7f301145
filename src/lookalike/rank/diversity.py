"""Maximal marginal relevance: relevant answers that differ from each other."""

import numpy as np

from lookalike._typing import Array, Floats, Ints


def diversified(scores: Floats, vectors: Array, k: int, relevance: float = 0.7) -> Ints:
    r"""Choose k answers one by one, each relevant and unlike those chosen before it.

    .. math:: \arg\max_i \; \lambda s_i
              - (1 - \lambda) \max_{j \in chosen} v_i \cdot v_j

    Parameters
    ----------
    scores : (n,)
        Relevance of each answer, on a scale comparable with a cosine.
    vectors : (n, n_dimensions)
        Vectors of length 1.
    k : int
        At most n.
    relevance : float in [0, 1], default=0.7
        :math:`\lambda`: 1 is the order of the scores.

    Returns
    -------
    int64 array of shape (k,)
        Rows in the order of choice; ties by row.

    Notes
    -----
    Cost: O(k n n_dimensions).

    References
    ----------
    .. [1] Carbonell and Goldstein (1998). "The use of MMR, diversity-based reranking
       for reordering documents and producing summaries". SIGIR.

    Examples
    --------
    The second answer is the same as the first, the third is not:

    >>> import numpy as np
    >>> v = np.array([[1.0, 0], [1, 0], [0, 1]])
    >>> diversified(np.array([0.9, 0.8, 0.7]), v, 3, relevance=0.5)
    array([0, 2, 1])
    """
    if not 0 <= relevance <= 1:
        raise ValueError(f"relevance must be in [0, 1], got {relevance}.")
    if not 0 <= k <= len(scores):
        raise ValueError(f"k must be in [0, {len(scores)}], got {k}.")
    chosen = np.empty(k, np.int64)
    gain = relevance * np.asarray(scores, np.float64)
    similarity = np.full(len(scores), -np.inf)
    for position in range(k):
        penalty = (1 - relevance) * similarity if position else 0.0
        row = int(np.argmax(gain - penalty))
        chosen[position] = row
        gain[row] = -np.inf
        similarity = np.maximum(similarity, vectors @ vectors[row])
    return chosen
