"""A fitted recommender that scores further items, which are new: by those like them.

What nobody has had yet has no score of its own. It takes the weighted mean of the
scores of the items that are described alike, so that a ranker finds it where these
stand.

References
----------
.. [1] Gantner, Drumond, Freudenthaler, Rendle and Schmidt-Thieme (2010). "Learning
   attribute-to-feature mappings for cold-start recommendations". ICDM.   (section
   III-A, k-nearest-neighbour mapping)
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from lookalike._typing import Float32s
from lookalike.rank.recommender import pick

N_LIKE = 20
"""Items whose scores a new one takes."""


@dataclass(frozen=True)
class Widened:
    """A recommender, and the items that came since it was fitted.

    model : has ``score_items``
    weights : csr (n_items, n_new), see :func:`weights_of`
    is_of_items : whether the columns that it scores by are items
    """

    model: Any
    weights: Any
    is_of_items: bool = True

    def score_items(self, user_items: Any) -> Float32s:
        """Return the scores of the model's items and of the new ones.

        user_items : csr (n_users, n_items + n_new); of the new ones a user's own do
            not count
        """
        if self.is_of_items:
            user_items = sp.csr_array(user_items)[:, : self.weights.shape[0]]
        scores = self.model.score_items(user_items)
        new = sp.csr_array(self.weights.T) @ scores.T
        return np.ascontiguousarray(np.hstack([scores, new.T]), np.float32)


def weights_of(known: Any, new: Any, n_like: int = N_LIKE) -> sp.csr_array:
    """Return how much each known item counts for each new one, csr (n_known, n_new).

    known, new : csr, descriptions with rows of length 1

    A column is the cosines with the nearest known items, which add up to 1; zeros where
    nothing is described alike.

    Examples
    --------
    >>> known = sp.csr_array([[1.0, 0.0], [0.0, 1.0], [0.8, 0.6]])
    >>> weights_of(known, sp.csr_array([[1.0, 0.0]])).toarray().round(2).T
    array([[0.56, 0.  , 0.44]], dtype=float32)
    """
    alike = np.ascontiguousarray((new @ known.T).toarray(), np.float32)
    ids, cosines = pick(alike, None, min(n_like, known.shape[0]))
    cosines = np.maximum(np.where(ids >= 0, cosines, 0), 0)
    total = cosines.sum(axis=1, keepdims=True)
    shares = np.where(total > 0, cosines / np.where(total > 0, total, 1), 0)
    column = np.repeat(np.arange(len(ids)), ids.shape[1])
    shape = (known.shape[0], new.shape[0])
    found = sp.csr_array(
        (shares.ravel(), (np.maximum(ids, 0).ravel(), column)), shape=shape
    )
    found.eliminate_zeros()
    return found
