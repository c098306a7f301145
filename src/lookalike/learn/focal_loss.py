"""The focal loss: examples that are easy already count for less."""

import numpy as np
from scipy.special import expit

from lookalike._typing import Array
from lookalike.learn.losses import Loss


class FocalLoss(Loss):
    r"""Cross-entropy of binary outputs, less of it where the answer is right already.

    .. math:: \ell = -(1 - p_t)^\gamma \log p_t, \qquad
              p_t = p \text{ where } y = 1, \; 1 - p \text{ where } y = 0

    With :math:`\gamma = 0` it is :class:`~lookalike.learn.losses.LogisticLoss`. Made
    for detectors, of whose examples nearly all are easy negatives.

    Parameters
    ----------
    gamma : float, default=2.0
        How much less easy examples count, at least 0.

    References
    ----------
    .. [1] Lin, Goyal, Girshick, He and Dollár (2017). "Focal loss for dense object
       detection". ICCV.   (equation 4)

    Examples
    --------
    >>> scores, y = np.array([[0.0], [2.0]]), np.array([[1.0], [1.0]])
    >>> FocalLoss().each(scores, y).round(4)
    array([0.1733, 0.0018])
    >>> FocalLoss(gamma=0).each(scores, y).round(2)
    array([0.69, 0.13])
    """

    link = "logistic"

    def __init__(self, gamma: float = 2.0) -> None:
        if not gamma >= 0:
            raise ValueError(f"gamma must be at least 0, got {gamma!r}.")
        self.gamma = gamma

    def answer(self, scores: Array) -> Array:
        """Probability of 1 of each output."""
        return expit(scores)

    def each(self, scores: Array, y: Array) -> Array:
        """Sum over the outputs."""
        signed = np.where(y > 0.5, scores, -scores)
        log_p = -np.logaddexp(0, -signed)
        return -(expit(-signed) ** self.gamma * log_p).sum(axis=1)

    def slope(self, scores: Array, y: Array) -> Array:
        r"""Gradient in the scores.

        With z the score with its sign turned where y is 0, and q = 1 - p_t,
        :math:`d\ell / dz = q^\gamma (\gamma\, p_t \log p_t - q)`.
        """
        sign = np.where(y > 0.5, 1.0, -1.0)
        signed = sign * scores
        p, q, log_p = expit(signed), expit(-signed), -np.logaddexp(0, -signed)
        return sign * q**self.gamma * (self.gamma * p * log_p - q)
