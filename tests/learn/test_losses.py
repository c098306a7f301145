"""Losses against torch and scikit-learn, and where exponentials overflow."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.metrics import log_loss, mean_poisson_deviance

from lookalike.learn.losses import LogisticLoss, PoissonLoss, SoftmaxLoss, SquaredLoss

rng = np.random.default_rng(0)
SCORES = rng.standard_normal((6, 3))
CLASSES = np.array([0, 2, 1, 1, 0, 2])
INDICATORS = rng.integers(2, size=(6, 3)).astype(float)
NUMBERS = rng.standard_normal((6, 3))
COUNTS = rng.integers(4, size=(6, 3)).astype(float)
F = torch.nn.functional
CASES = {
    "softmax": (
        SoftmaxLoss(),
        CLASSES,
        lambda s, y: F.cross_entropy(s, y, reduction="none"),
    ),
    "logistic": (
        LogisticLoss(),
        INDICATORS,
        lambda s, y: F.binary_cross_entropy_with_logits(s, y, reduction="none").sum(1),
    ),
    "squared": (
        SquaredLoss(),
        NUMBERS,
        lambda s, y: F.mse_loss(s, y, reduction="none").sum(1) / 2,
    ),
    "poisson": (
        PoissonLoss(),
        COUNTS,
        lambda s, y: (s.exp() - y * s + torch.xlogy(y, y) - y).sum(1),
    ),
}


@pytest.mark.parametrize("weight", [None, np.array([1.0, 0.0, 2.0, 0.5, 3.0, 1.0])])
@pytest.mark.parametrize("name", CASES)
def test_value_and_slope_agree_with_torch(name, weight):
    loss, y, peer = CASES[name]
    value, slope = loss(SCORES, y, weight)
    scores = torch.tensor(SCORES, requires_grad=True)
    each = peer(scores, torch.tensor(y))
    w = torch.ones(6) if weight is None else torch.tensor(weight)
    expected = (w * each).sum() / w.sum()
    expected.backward()
    assert_allclose(value, expected.item())
    assert_allclose(slope, scores.grad.numpy(), atol=1e-15)


def test_answers_agree_with_scikit_learns_metrics():
    p = SoftmaxLoss().answer(SCORES)
    assert_allclose(SoftmaxLoss()(SCORES, CLASSES)[0], log_loss(CLASSES, p))
    rate = PoissonLoss().answer(SCORES[:, :1])
    deviance = mean_poisson_deviance(COUNTS[:, 0], rate[:, 0])
    assert_allclose(2 * PoissonLoss()(SCORES[:, :1], COUNTS[:, :1])[0], deviance)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [100.0, 1e4])
def test_a_loss_is_right_where_its_probability_rounds_to_zero(dtype, size):
    scores = np.array([[size, 0.0], [0.0, size]], dtype)
    value, slope = SoftmaxLoss()(scores, np.array([1, 1]))
    assert value == size / 2
    assert slope.dtype == dtype
    assert_allclose(slope, [[0.5, -0.5], [0, 0]], atol=1e-20)
    value, slope = LogisticLoss()(scores[:, :1], np.zeros((2, 1), dtype))
    assert_allclose(value, size / 2 + np.log(2) / 2)
    assert slope.dtype == dtype
    assert_allclose(slope, [[0.5], [0.25]])
