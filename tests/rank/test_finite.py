"""A training that leaves the finite numbers says so instead of learning NaN."""

import numpy as np
import pytest
import scipy.sparse as sp

from lookalike.rank import NetworkRanker, TwoTower
from lookalike.rank.graph_network import GraphNetwork

pytest.importorskip("torch")


def test_towers():
    X = sp.random(40, 20, density=0.3, format="csr", random_state=0, dtype=np.float32)
    with pytest.raises(ValueError, match="finite"):
        TwoTower(4, learning_rate=1e30, max_iter=9, random_state=0).fit(X)


def test_a_network_of_rows():
    X = np.random.default_rng(0).normal(size=(200, 5))
    y = (X[:, 0] > 0).astype(float)
    with pytest.raises(ValueError, match="finite"):
        NetworkRanker(learning_rate=1e30, max_iter=9, random_state=0).fit(X, y)


def test_a_graph():
    links = np.ones((12, 12)) - np.eye(12)
    with pytest.raises(ValueError, match="finite"):
        GraphNetwork(4, learning_rate=1e30, max_iter=9, random_state=0).fit(links)
