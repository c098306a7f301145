"""The focal loss: its slope is the loss's, and gamma 0 is cross-entropy."""

import numpy as np
import pytest

from lookalike.learn.focal_loss import FocalLoss
from lookalike.learn.losses import LogisticLoss

SCORES = np.array([[-30.0, 3.0], [0.2, -0.4], [5.0, 40.0], [-2.0, 0.0]])
Y = np.array([[1.0, 1.0], [0.0, 1.0], [1.0, 0.0], [0.0, 0.0]])


@pytest.mark.parametrize("gamma", [0, 0.5, 2, 5])
def test_the_slope_is_that_of_the_loss(gamma):
    loss, step = FocalLoss(gamma), 1e-5
    for column in range(2):
        up, down = SCORES.copy(), SCORES.copy()
        up[:, column] += step
        down[:, column] -= step
        expected = (loss.each(up, Y) - loss.each(down, Y)) / (2 * step)
        found = loss.slope(SCORES, Y)[:, column]
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_without_focus_it_is_cross_entropy():
    np.testing.assert_allclose(
        FocalLoss(0).each(SCORES, Y), LogisticLoss().each(SCORES, Y)
    )
    np.testing.assert_allclose(
        FocalLoss(0).slope(SCORES, Y), LogisticLoss().slope(SCORES, Y)
    )


def test_easy_examples_count_for_less_and_nothing_overflows():
    easy, hard = np.array([[4.0]]), np.array([[-4.0]])
    one = np.ones((1, 1))
    plain = LogisticLoss().each(easy, one) / LogisticLoss().each(hard, one)
    assert FocalLoss().each(easy, one) / FocalLoss().each(hard, one) < plain / 100
    far = np.array([[1e4], [-1e4]])
    assert np.isfinite(FocalLoss().each(far, np.array([[0.0], [1.0]]))).all()
    with pytest.raises(ValueError, match="gamma must be at least 0"):
        FocalLoss(-1)
