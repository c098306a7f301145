"""Blocks of terms side by side."""

import numpy as np
import scipy.sparse as sp
from sklearn.preprocessing import normalize

from lookalike.systems.harmful.terms import beside


def test_blocks_beside_each_other_are_what_scipy_and_scikit_learn_make():
    rng = np.random.default_rng(0)
    one, other = (
        sp.random(40, width, 0.2, "csr", np.float32, rng) for width in (7, 30)
    )
    expected = sp.hstack([normalize(one), normalize(other)], format="csr")
    found = beside(one, other)
    np.testing.assert_allclose(found.toarray(), expected.toarray(), rtol=1e-6)
    assert found.has_sorted_indices
    alone = [beside(one[row], other[row]).toarray() for row in range(40)]
    np.testing.assert_array_equal(np.vstack(alone), found.toarray())
