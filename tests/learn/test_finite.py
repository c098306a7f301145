"""A training that leaves the finite numbers says so instead of learning NaN."""

import numpy as np
import pytest

from lookalike.features.text import Word2Vec
from lookalike.learn import (
    ConvNetClassifier,
    LinearChainCRF,
    NeighbourhoodComponents,
    WordWindowClassifier,
)

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
SENTENCES = [["one", "two", "three"], ["two", "three"]] * 20
TAGS = [["a", "b", "a"], ["b", "a"]] * 20


def images():
    rng = np.random.default_rng(0)
    return rng.normal(size=(40, 64)).astype(np.float32), rng.integers(0, 3, 40)


@pytest.mark.parametrize(
    ("model", "data"),
    [
        (ConvNetClassifier((4,), learning_rate_init=1e30, max_iter=20), images),
        (NeighbourhoodComponents(2, learning_rate=1e30, max_iter=20), images),
        (
            WordWindowClassifier(learning_rate_init=1e30, max_iter=20),
            lambda: (SENTENCES, TAGS),
        ),
        (Word2Vec(4, learning_rate=1e30, min_count=1), lambda: (SENTENCES, None)),
        (LinearChainCRF(C=1e308), lambda: ([[["x"]] * 3] * 9, [["a", "b", "a"]] * 9)),
    ],
    ids=lambda part: type(part).__name__,
)
def test_it_is_refused(model, data):
    with pytest.raises(ValueError, match=r"finite|too large|overflow"):
        model.fit(*data())
