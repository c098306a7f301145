"""A weight is taken only where queries that did not choose it show a gain."""

import numpy as np

from lookalike.core.gated_weight import LEAST_QUERIES, WEIGHTS, Fusion, gated_weight


def test_a_gain_opens_the_gate_and_noise_does_not():
    rng = np.random.default_rng(0)
    base = rng.random(60)

    def helps(weight):
        return base + 0.05 * (weight > 0) + 0.05 * (weight == 0.7)

    found = gated_weight(helps, 60)
    assert (found.weight, found.tried) == (0.7, 0.7)
    assert found.gain > 0.09
    assert found.p_value < 0.05
    noise = {weight: rng.normal(0, 0.1, 60) for weight in (0.0, *WEIGHTS)}
    found = gated_weight(lambda weight: base + noise[weight], 60)
    assert found.weight == 0.0
    assert found.tried in WEIGHTS


def test_few_queries_teach_nothing():
    asked = []
    found = gated_weight(asked.append, LEAST_QUERIES - 1)
    assert found == Fusion(n_queries=LEAST_QUERIES - 1)
    assert asked == []
    assert found.document()["n_queries"] == LEAST_QUERIES - 1
