"""Dropout: random units are zero while training."""

import numpy as np
from sklearn.utils import check_random_state

from lookalike._typing import Array
from lookalike.learn.layers._layer import Layer


class Dropout(Layer):
    r"""Set each unit to zero with probability ``rate`` while training.

    .. math:: y = \frac{m}{1 - r}\, x, \qquad m \sim \text{Bernoulli}(1 - r)

    The division keeps the mean, so that prediction needs no correction.

    Parameters
    ----------
    rate : float
        :math:`r`, the share that is set to zero, in [0, 1).
    random_state : int, RandomState or None, default=None
        Source of the masks.

    References
    ----------
    .. [1] Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov (2014).
       "Dropout: a simple way to prevent neural networks from overfitting". JMLR 15.

    Examples
    --------
    >>> layer = Dropout(0.75, random_state=0)
    >>> Y = layer.forward(np.ones((1000, 10)), training=True)
    >>> np.unique(Y)
    array([0., 4.])
    >>> print(Y.mean())
    1.0
    >>> layer.forward(np.ones(3))
    array([1., 1., 1.])
    """

    def __init__(
        self,
        rate: float,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        super().__init__()
        if not 0 <= rate < 1:
            raise ValueError(f"rate must be in [0, 1), got {rate!r}.")
        self._rate = rate
        self._rng = check_random_state(random_state)

    def forward(self, X: Array, training: bool = False) -> Array:
        """Drop units at random when training; otherwise return the input."""
        if not training:
            return X
        keep = self._rng.random_sample(X.shape) >= self._rate
        self._memory = keep.astype(X.dtype) / X.dtype.type(1 - self._rate)
        return X * self._memory

    def backward(self, G: Array, input_gradient: bool = True) -> Array:
        """Drop the same units of the gradient."""
        return G * self._memory
