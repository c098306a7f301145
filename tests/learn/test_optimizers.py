"""Each optimiser against torch, the learning rate changing on the way."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.neural_network._stochastic_optimizers import AdamOptimizer, SGDOptimizer

from lookalike.kernels import descent
from lookalike.learn.optimizers import SGD, AdaGrad, Adam, RMSProp

PAIRS = {
    "plain": (
        SGD(0.05, momentum=0.0, nesterov=False),
        lambda p: torch.optim.SGD(p, lr=0.05),
    ),
    "adagrad": (AdaGrad(0.05), lambda p: torch.optim.Adagrad(p, lr=0.05)),
    "adagrad of small slopes": (
        AdaGrad(0.05, epsilon=0.5),
        lambda p: torch.optim.Adagrad(p, lr=0.05, eps=0.5),
    ),
    "rmsprop": (
        RMSProp(0.05, rho=0.8, epsilon=1e-3),
        lambda p: torch.optim.RMSprop(p, lr=0.05, alpha=0.8, eps=1e-3),
    ),
    "adam": (
        Adam(0.05, beta_1=0.8, beta_2=0.95, epsilon=1e-300),
        lambda p: torch.optim.Adam(p, lr=0.05, betas=(0.8, 0.95), eps=0.0),
    ),
}


def slopes(w, v):
    """Of a bowl with long sides and a quartic one."""
    return [w * np.linspace(0.1, 5, w.size).reshape(w.shape), v**3 - 1]


@pytest.mark.parametrize("name", PAIRS)
def test_agrees_with_torch_also_when_the_rate_decays(name):
    ours, make = PAIRS[name]
    rng = np.random.default_rng(0)
    w, v = rng.standard_normal((3, 4)), rng.standard_normal(5)
    leaves = [torch.nn.Parameter(torch.tensor(a)) for a in (w, v)]
    theirs = make(leaves)
    for k in range(30):
        ours.learning_rate = theirs.param_groups[0]["lr"] = 0.05 / (1 + 0.1 * k)
        gradients = slopes(w, v)
        for leaf, gradient in zip(leaves, gradients, strict=True):
            leaf.grad = torch.tensor(gradient)
        ours.step([w, v], gradients)
        theirs.step()
    for mine, leaf in zip([w, v], leaves, strict=True):
        assert_allclose(mine, leaf.detach().numpy(), rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_momentum_agrees_with_scikit_learn(momentum, nesterov):
    """PyTorch multiplies by the rate later, which differs once the rate changes."""
    w = np.random.default_rng(0).standard_normal((3, 4))
    v = w.copy()
    ours = SGD(0.05, momentum=momentum, nesterov=nesterov)
    theirs = SGDOptimizer([v], 0.05, "constant", momentum, nesterov)
    for k in range(20):
        ours.learning_rate = theirs.learning_rate = 0.05 / (1 + k)
        ours.step([w], [w**3])
        theirs.update_params([v], [v**3])
    assert_allclose(w, v, rtol=1e-12)


@pytest.mark.parametrize(("dtype", "rtol"), [(np.float64, 1e-12), (np.float32, 1e-5)])
def test_adam_agrees_with_scikit_learn_also_in_where_epsilon_goes(dtype, rtol):
    w = np.random.default_rng(0).standard_normal((3, 4)).astype(dtype)
    v = w.copy()
    ours = Adam(0.05, epsilon=0.1)
    theirs = AdamOptimizer([v], 0.05, epsilon=0.1)
    for _ in range(20):
        ours.step([w], [w**3])
        theirs.update_params([v], [v**3])
    assert w.dtype == dtype
    assert_allclose(w, v, rtol=rtol)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(1, 70),
    single=st.booleans(),
    nesterov=st.booleans(),
)
def test_kernels_equal_their_definitions(seed, n, single, nesterov):
    dtype = np.float32 if single else np.float64
    rng = np.random.default_rng(seed)
    w, g, a, b = rng.integers(-3, 4, size=(4, n)).astype(dtype)
    b = abs(b)
    r, m, k, t, e = np.array([0.1, 0.9, 0.75, 0.25, 0.01], dtype)
    tol = {"rtol": 1e-6 if single else 1e-14, "atol": 1e-6 if single else 1e-14}

    wv, av = w.copy(), a.copy()
    descent.momentum_step(wv, g, av, r, m, nesterov)
    v = m * a - r * g
    assert_allclose(av, v, **tol)
    assert_allclose(wv, w + (m * v - r * g if nesterov else v), **tol)

    wv, bv = w.copy(), b.copy()
    descent.adagrad_step(wv, g, bv, r, e)
    s = b + g * g
    assert_allclose(bv, s, **tol)
    assert_allclose(wv, w - r * g / (np.sqrt(s) + e), **tol)

    wv, bv = w.copy(), b.copy()
    descent.rmsprop_step(wv, g, bv, r, k, t, e)
    s = k * b + t * g * g
    assert_allclose(bv, s, **tol)
    assert_allclose(wv, w - r * g / (np.sqrt(s) + e), **tol)

    wv, av, bv = w.copy(), a.copy(), b.copy()
    descent.adam_step(wv, g, av, bv, r, k, t, m, e, e)
    first, second = k * a + t * g, m * b + e * g * g
    assert_allclose(av, first, **tol)
    assert_allclose(bv, second, **tol)
    assert_allclose(wv, w - r * first / (np.sqrt(second) + e), **tol)


@pytest.mark.parametrize("make", [SGD, AdaGrad, RMSProp, Adam])
def test_a_gradient_of_zero_moves_nothing(make):
    w = np.array([1.0, -2.0])
    make().step([w], [np.zeros(2)])
    assert_array_equal(w, [1.0, -2.0])


def test_parameters_that_are_not_contiguous_are_moved_too():
    w = np.arange(6.0).reshape(2, 3).T
    straight = np.ascontiguousarray(w)
    ours, plain = Adam(), Adam()
    for _ in range(2):
        ours.step([w], [np.asfortranarray(straight)])
        plain.step([straight], [straight.copy()])
    assert_array_equal(w, straight)
    assert w[1, 0] != 1.0


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: SGD(0.0), "learning_rate must be positive, got 0.0"),
        (lambda: SGD(float("nan")), "learning_rate must be positive, got nan"),
        (lambda: SGD(momentum=1.1), r"momentum must be in \[0, 1\], got 1.1"),
        (lambda: AdaGrad(epsilon=0), "epsilon must be positive, got 0"),
        (lambda: RMSProp(rho=1.0), r"rho must be in \[0, 1\), got 1.0"),
        (lambda: RMSProp(epsilon=-1), "epsilon must be positive, got -1"),
        (lambda: Adam(beta_1=1.0), r"beta_1 must be in \[0, 1\), got 1.0"),
        (lambda: Adam(beta_2=-0.1), r"beta_2 must be in \[0, 1\), got -0.1"),
        (lambda: Adam(epsilon=0.0), "epsilon must be positive, got 0.0"),
    ],
)
def test_refuses_what_it_cannot_be(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_refuses_a_gradient_of_another_shape():
    way = SGD()
    with pytest.raises(ValueError, match=r"shape \(2,\) came with a gradient of shape"):
        way.step([np.zeros(2)], [np.zeros(3)])


def test_refuses_other_parameters_than_at_the_first_step():
    way = SGD()
    way.step([np.zeros(2)], [np.zeros(2)])
    with pytest.raises(ValueError, match=r"at the first step it had \(2,\)"):
        way.step([np.zeros(3)], [np.zeros(3)])
