r"""Losses that networks are trained to minimise.

Each loss defines the prediction from raw scores and the gradient in them. Each has its
canonical link, for which this gradient is :math:`\hat y - y`: no factor vanishes in the
tails.
"""

from abc import ABC, abstractmethod

import numpy as np
from scipy.special import expit, xlogy

from lookalike._typing import Array


class Loss(ABC):
    r"""Mean loss of a batch, :math:`L = \sum_i w_i\, \ell(s_i, y_i) / \sum_i w_i`.

    Attributes
    ----------
    link : str
        Name of the function that turns scores into predictions.
    """

    link: str

    @abstractmethod
    def answer(self, scores: Array) -> Array:
        """Turn raw scores into probabilities or values, of the same shape."""

    @abstractmethod
    def each(self, scores: Array, y: Array) -> Array:
        """Loss of every sample, shape (n_samples,)."""

    def slope(self, scores: Array, y: Array) -> Array:
        """Gradient of every sample's loss in its scores."""
        return self.answer(scores) - y

    def __call__(
        self, scores: Array, y: Array, sample_weight: Array | None = None
    ) -> tuple[float, Array]:
        """Mean loss of the batch, and its gradient in the scores.

        Parameters
        ----------
        scores : ndarray of shape (n_samples, n_outputs)
            Outputs of the network.
        y : ndarray
            Targets, in the form that the loss takes.
        sample_weight : ndarray of shape (n_samples,) or None
            Weight of each sample; None is one for all.
        """
        each, slope = self.each(scores, y), self.slope(scores, y)
        if sample_weight is None:
            slope /= len(scores)
            return float(each.mean()), slope
        share = (sample_weight / sample_weight.sum()).astype(scores.dtype)
        slope *= share[:, None]
        return float(each @ share), slope


class SoftmaxLoss(Loss):
    r"""Cross-entropy of one class out of several; y holds class numbers.

    .. math::

        p_k = \frac{e^{s_k}}{\sum_j e^{s_j}}, \qquad
        \ell = -\log p_y = \log \sum_j e^{s_j} - s_y

    The largest score is subtracted first, so that nothing overflows and the loss is
    accurate where the probability rounds to zero.

    Examples
    --------
    >>> scores = np.array([[0.0, np.log(3.0)], [1000.0, 0.0]])
    >>> SoftmaxLoss().answer(scores)
    array([[0.25, 0.75],
           [1.  , 0.  ]])
    >>> loss, slope = SoftmaxLoss()(scores, np.array([0, 1]))
    >>> print(loss)  # half of log(4) and 1000
    500.69
    >>> slope
    array([[-0.375,  0.375],
           [ 0.5  , -0.5  ]])
    """

    link = "softmax"

    def answer(self, scores: Array) -> Array:
        """Probabilities that sum to one in each row."""
        p: Array = np.exp(scores - scores.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        return p

    def each(self, scores: Array, y: Array) -> Array:
        """Minus the log-probability of the true class."""
        top = scores.max(axis=1)
        total = np.log(np.exp(scores - top[:, None]).sum(axis=1))
        return total + (top - scores[np.arange(len(y)), y])

    def slope(self, scores: Array, y: Array) -> Array:
        """Probabilities, less one at the true class."""
        p = self.answer(scores)
        p[np.arange(len(y)), y] -= 1
        return p


class LogisticLoss(Loss):
    r"""Cross-entropy of binary outputs; y holds 0 and 1, one column an output.

    .. math:: p = \frac{1}{1 + e^{-s}}, \qquad
        \ell = \sum_k \log(1 + e^{s_k}) - y_k s_k

    Examples
    --------
    >>> scores = np.array([[0.0], [1000.0]])
    >>> LogisticLoss().answer(scores)
    array([[0.5],
           [1. ]])
    >>> loss, slope = LogisticLoss()(scores, np.array([[1.0], [0.0]]))
    >>> print(loss)  # half of log(2) and 1000
    500.35
    >>> slope
    array([[-0.25],
           [ 0.5 ]])
    """

    link = "logistic"

    def answer(self, scores: Array) -> Array:
        """Probability of 1 of each output."""
        return expit(scores)

    def each(self, scores: Array, y: Array) -> Array:
        """Sum over the outputs."""
        return (np.logaddexp(0, scores) - y * scores).sum(axis=1)


class SquaredLoss(Loss):
    r"""Half of the squared error, :math:`\ell = \frac{1}{2} \sum_k (s_k - y_k)^2`.

    Examples
    --------
    >>> loss, slope = SquaredLoss()(np.array([[3.0, 1.0]]), np.array([[1.0, 1.0]]))
    >>> loss, slope
    (2.0, array([[2., 0.]]))
    """

    link = "identity"

    def answer(self, scores: Array) -> Array:
        """Return the scores as they are."""
        return scores

    def each(self, scores: Array, y: Array) -> Array:
        """Sum over the outputs."""
        return 0.5 * ((scores - y) ** 2).sum(axis=1)


class PoissonLoss(Loss):
    r"""Half of the Poisson deviance of counts, with a logarithmic link.

    .. math:: \hat y = e^s, \qquad
        \ell = \sum_k y_k \log \frac{y_k}{\hat y_k} - y_k + \hat y_k

    Examples
    --------
    >>> loss, slope = PoissonLoss()(np.array([[0.0]]), np.array([[np.e]]))
    >>> print(loss)  # e * 1 - e + 1
    1.0
    """

    link = "exp"

    def answer(self, scores: Array) -> Array:
        """Turn scores into expected counts."""
        return np.exp(scores)

    def each(self, scores: Array, y: Array) -> Array:
        """Sum over the outputs; zero where the prediction is exact."""
        return (xlogy(y, y) - y * scores - y + np.exp(scores)).sum(axis=1)
