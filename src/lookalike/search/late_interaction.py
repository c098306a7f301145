r"""Late interaction: groups of vectors, such as frames of videos, in exact order.

A group is compared with several vectors that ask, each by its best,

.. math:: s(Q, G) = \frac{1}{|Q|} \sum_{q \in Q} \max_{x \in G} q \cdot x.

All groups are first bounded by products of bytes, a quarter of the memory; the sums in
float64 are computed of those alone that the bound leaves.
"""

from collections.abc import Mapping

import numpy as np

from lookalike._typing import Array, Floats, Ints
from lookalike.kernels.late_interaction import byte_steps, group_bounds, group_scores

FEW = 1000
"""Vectors; fewer are compared in full, and have no codes."""


class LateInteraction:
    """Groups of vectors of length one at most, searched exactly.

    Parameters
    ----------
    vectors : float32 array of shape (n_vectors, n_dimensions)
        One group after the other. May be memory-mapped.
    ends : int64 array of shape (n_groups + 1,)
        Group i has the rows ``ends[i]`` to ``ends[i + 1]``; it may be empty.
    arrays : mapping, optional
        What ``arrays`` returned of the same vectors; None makes it again.

    Notes
    -----
    Time of a query is O(n_vectors * n_asked * n_dimensions) operations of bytes, and
    one product of vectors for each that the bound leaves; memory is a byte a number.

    References
    ----------
    .. [1] Khattab and Zaharia (2020). "ColBERT: efficient and effective passage search
       via contextualized late interaction over BERT". SIGIR.

    Examples
    --------
    >>> vectors = np.array([[1, 0], [0, 1], [0.6, 0.8]], np.float32)
    >>> groups = LateInteraction(vectors, np.array([0, 2, 3]))
    >>> groups.best(np.eye(2, dtype=np.float32), 2)
    (array([0, 1]), array([1. , 0.7]))
    """

    def __init__(
        self, vectors: Array, ends: Ints, arrays: Mapping[str, Array] | None = None
    ) -> None:
        self.vectors = np.asarray(vectors, np.float32)
        self.ends = np.ascontiguousarray(ends, np.int64)
        if len(self.ends) < 1 or self.ends[-1] != len(vectors):
            raise ValueError(
                f"The groups must end with the {len(vectors):,} vectors, got "
                f"{self.ends[-1] if len(self.ends) else 'none'}."
            )
        self._filled = np.flatnonzero(np.diff(self.ends) > 0)
        self._coded = _coded(self.vectors, len(vectors) >= FEW, arrays)

    def scores(self, asked: Array, groups: Ints) -> Floats:
        """Return the scores of some groups, (n,); of an empty one it is 0.

        asked : float32 (n_asked, n_dimensions), at least one, of length one at most
        """
        found = np.empty(len(groups))
        group_scores(self.vectors, self.ends, groups, _rows(asked), found)
        return found

    def best(self, asked: Array, n: int) -> tuple[Ints, Floats]:
        """Return the n best groups and their scores, best first, ties by number.

        Empty groups are left out.
        """
        groups = self._filled
        if self._coded is not None and n < len(groups):
            groups = self._left(asked, n)
        scores = self.scores(asked, groups)
        order = np.lexsort((groups, -scores))[:n]
        return groups[order], scores[order]

    def arrays(self) -> dict[str, Array]:
        """Return what making it again would compute; without the vectors."""
        return dict(self._coded or {})

    def _left(self, asked: Array, n: int) -> Ints:
        """Groups that may be among the n best."""
        assert self._coded is not None
        bounds = np.empty(len(self.ends) - 1)
        mine = _bytes(_rows(asked))
        codes = (self._coded[name] for name in ("codes", "steps", "errors"))
        group_bounds(*codes, self.ends, *mine.values(), bounds)
        filled = bounds[self._filled]
        likely = self._filled[np.argpartition(-filled, n - 1)[:n]]
        least = self.scores(asked, likely).min()
        return self._filled[filled >= least]


def _rows(asked: Array) -> Array:
    return np.ascontiguousarray(asked, np.float32)


def _bytes(vectors: Array) -> dict[str, Array]:
    n = len(vectors)
    codes = np.empty(vectors.shape, np.int8)
    steps, errors = np.empty(n, np.float32), np.empty(n, np.float32)
    byte_steps(vectors, codes, steps, errors)
    return {"codes": codes, "steps": steps, "errors": errors}


def _coded(
    vectors: Array, needed: bool, arrays: Mapping[str, Array] | None
) -> dict[str, Array] | None:
    """Codes of the vectors, made or taken; None where they are few.

    Raises
    ------
    ValueError
        If the arrays are not those of the vectors.
    """
    if not needed:
        return None
    if not arrays:
        return _bytes(vectors)
    n = len(vectors)
    fits = arrays["codes"].shape == vectors.shape and arrays["codes"].dtype == np.int8
    if not fits or {arrays[name].shape for name in ("steps", "errors")} != {(n,)}:
        raise ValueError("the codes and the vectors do not fit.")
    return {name: arrays[name] for name in ("codes", "steps", "errors")}
