"""Groups of vectors by late interaction: the definition, exactly, whatever is kept."""

from itertools import pairwise

import numpy as np
import pytest

from lookalike._arrays import unit
from lookalike.search.late_interaction import FEW, LateInteraction


def made(n_groups, seed=0, alike=0.0):
    """Return groups of 0 to 6 vectors; of two of each three one is much like others."""
    rng = np.random.default_rng(seed)
    ends = np.cumsum([0, *rng.integers(0, 7, n_groups)])
    vectors = unit(rng.normal(size=(ends[-1], 20)) + alike * rng.normal(size=20))
    return vectors.astype(np.float32), ends, rng


def defined(vectors, ends, asked):
    products = vectors.astype(float) @ asked.astype(float).T
    return [
        products[a:b].max(axis=0).mean() if b > a else 0.0 for a, b in pairwise(ends)
    ]


@pytest.mark.parametrize("n_groups", [FEW // 50, FEW])
@pytest.mark.parametrize("alike", [0.0, 5.0])
@pytest.mark.parametrize("n_asked", [1, 5])
def test_the_best_are_those_of_the_definition(n_groups, alike, n_asked):
    vectors, ends, rng = made(n_groups, 1, alike)
    groups = LateInteraction(vectors, ends)
    assert bool(groups.arrays()) == (len(vectors) >= FEW)
    for _ in range(4):
        asked = unit(rng.normal(size=(n_asked, 20)) + vectors[7]).astype(np.float32)
        expected = np.array(defined(vectors, ends, asked))
        every = np.arange(n_groups)
        np.testing.assert_allclose(groups.scores(asked, every), expected, atol=1e-12)
        best, scores = groups.best(asked, 9)
        filled = np.flatnonzero(np.diff(ends))
        order = filled[np.argsort(-expected[filled], kind="stable")][:9]
        assert best.tolist() == order.tolist()
        np.testing.assert_array_equal(scores, groups.scores(asked, best))


def test_equal_groups_come_in_their_order():
    vectors, ends = np.tile(np.eye(4, dtype=np.float32), (FEW, 1)), 4 * np.arange(FEW)
    groups = LateInteraction(vectors, np.append(ends, 4 * FEW))
    best, scores = groups.best(vectors[:2], 5)
    assert best.tolist() == [0, 1, 2, 3, 4]
    assert scores.tolist() == [1.0] * 5


def test_what_is_kept_answers_alike_and_must_fit():
    vectors, ends, _ = made(FEW)
    groups = LateInteraction(vectors, ends)
    again = LateInteraction(vectors, ends, groups.arrays())
    assert again.arrays()["codes"] is groups.arrays()["codes"]
    np.testing.assert_array_equal(
        again.best(vectors[:1], 9), groups.best(vectors[:1], 9)
    )
    with pytest.raises(ValueError, match="the codes and the vectors do not fit"):
        LateInteraction(
            vectors[:-1], np.minimum(ends, len(vectors) - 1), groups.arrays()
        )
    with pytest.raises(ValueError, match="The groups must end with the"):
        LateInteraction(vectors, ends[:-5])
    assert LateInteraction(vectors[:0], ends[:1]).best(vectors[:1], 3)[0].tolist() == []
