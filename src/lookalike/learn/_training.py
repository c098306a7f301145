"""Shared by iterative training: samples, penalty, stopping rule and a plain loop."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from sklearn.utils import gen_batches

from lookalike._checks import check_learned
from lookalike._typing import Array
from lookalike.learn.layers import Layer
from lookalike.learn.losses import SoftmaxLoss
from lookalike.learn.optimizers import Adam


class Samples(NamedTuple):
    """Training samples: inputs, targets, and weights or None."""

    X: Any  # dense or sparse, (n_samples, ...)
    y: Array
    weight: Array | None

    def take(self, rows: Array) -> "Samples":
        """Return only those rows."""
        weight = None if self.weight is None else self.weight[rows]
        return Samples(self.X[rows], self.y[rows], weight)

    @property
    def size(self) -> int:
        """Number of samples."""
        return len(self.y)

    @property
    def mass(self) -> float:
        """Sum of the weights."""
        return float(self.size if self.weight is None else self.weight.sum())


def penalise(W: Array, gradient: Array, l1: float, l2: float) -> float:
    r"""Add the slope of a penalty to a gradient, and return its value.

    .. math:: l_1 \|W\|_1 + \frac{l_2}{2} \|W\|_2^2

    Examples
    --------
    >>> gradient = np.zeros(2)
    >>> penalise(np.array([3.0, -4.0]), gradient, l1=1.0, l2=0.1)
    8.25
    >>> gradient
    array([ 1.3, -1.4])
    """
    value = 0.0
    if l2:
        value += 0.5 * l2 * float(np.vdot(W, W))
        gradient += W * W.dtype.type(l2)
    if l1:
        value += l1 * float(np.abs(W).sum())
        gradient += np.sign(W) * W.dtype.type(l1)
    return value


class Patience:
    """Counts the epochs since the last one that was better by ``tol``.

    Parameters
    ----------
    n_epochs : float
        Epochs without progress that are allowed.
    tol : float
        Least decrease that counts as progress.

    Attributes
    ----------
    best : float
        The least loss so far (of a score, minus the score).
    n_stuck : int
        Epochs without progress since the last with it.

    Examples
    --------
    >>> patience = Patience(n_epochs=1, tol=0.1)
    >>> [patience.see(loss) for loss in (1.0, 0.95, 0.97)]
    [True, True, False]
    >>> patience.is_over  # two epochs below 1.0, but by less than 0.1
    True
    """

    def __init__(self, n_epochs: float, tol: float) -> None:
        self._n_epochs = n_epochs
        self._tol = tol
        self.best = np.inf
        self.n_stuck = 0

    def see(self, loss: float) -> bool:
        """Record an epoch's loss; return whether it is the least so far."""
        self.n_stuck = self.n_stuck + 1 if loss > self.best - self._tol else 0
        is_best = loss < self.best
        self.best = min(self.best, loss)
        return is_best

    @property
    def is_over(self) -> bool:
        """Whether there were more epochs without progress than allowed."""
        return self.n_stuck > self._n_epochs


def descend(
    network: Layer,
    samples: Samples,
    rng: np.random.RandomState,
    learning_rate: float,
    batch_size: int,
    max_iter: int,
    augment: Callable[[Any], Any] | None = None,
) -> list[float]:
    """Train a network with a softmax by Adam; return the mean loss of each epoch.

    The learning rate falls linearly to zero. ``augment`` changes the inputs of each
    batch at random.
    """
    optimizer, loss_of, curve = Adam(learning_rate), SoftmaxLoss(), []
    n_steps = max_iter * -(-samples.size // batch_size)
    for _ in range(max_iter):
        order, total = rng.permutation(samples.size), 0.0
        for batch in gen_batches(samples.size, batch_size):
            part = samples.take(order[batch])
            X = augment(part.X) if augment else part.X
            loss, slope = loss_of(
                network.forward(X, training=True), part.y, part.weight
            )
            network.backward(slope, input_gradient=False)
            optimizer.learning_rate = learning_rate * (1 - optimizer.n_steps / n_steps)
            optimizer.step(network.parameters, network.gradients)
            total += loss * part.size
        curve.append(total / samples.size)
        check_learned(curve[-1])
    network.forget()
    return curve
