"""The compiled recurrent unit beside the layer that is its definition."""

import numpy as np

from lookalike.kernels.gru import run_gru
from lookalike.learn.layers import GRU


def states_of(layer, X):
    weights, recurrent, bias, recurrent_bias = layer.parameters
    states = np.zeros((len(X), X.shape[1] + 1, len(recurrent)), np.float32)
    run_gru(X @ weights + bias, recurrent, recurrent_bias, states)
    return states[:, 1:]


def test_the_states_are_those_of_the_layer():
    rng = np.random.RandomState(0)
    layer = GRU.random(5, 7, random_state=rng)
    for parameter in layer.parameters:
        parameter += rng.normal(0, 0.5, parameter.shape)
    X = rng.normal(size=(4, 9, 5)).astype(np.float32)
    found = states_of(layer, X)
    np.testing.assert_allclose(found, layer.forward(X), rtol=1e-4, atol=1e-5)
    assert np.ptp(found) > 0.5


def test_a_sequence_does_not_depend_on_the_others_and_none_are_none():
    rng = np.random.RandomState(1)
    layer = GRU.random(3, 4, random_state=rng)
    terms = rng.normal(size=(6, 8, 12)).astype(np.float32)
    _, recurrent, _, bias = layer.parameters

    def run(rows):
        states = np.zeros((len(rows), 9, 4), np.float32)
        run_gru(np.ascontiguousarray(rows), recurrent, bias, states)
        return states

    assert np.array_equal(run(terms)[2:4], run(terms[2:4]))
    assert run(terms[:0]).shape == (0, 9, 4)
