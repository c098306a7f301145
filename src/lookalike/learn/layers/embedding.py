"""A table of learned vectors, one for each identifier."""

from typing import Self

import numpy as np
from numpy.typing import DTypeLike
from sklearn.utils import check_random_state

from lookalike._typing import Array
from lookalike.kernels.embedding import add_rows
from lookalike.learn.layers._layer import Layer


class Embedding(Layer):
    r"""Look up one row of a table for each identifier.

    .. math:: Y_i = E_{x_i}, \qquad
        \frac{\partial L}{\partial E_v} = \sum_{i : x_i = v} G_i

    Parameters
    ----------
    vectors : ndarray of shape (n_words, n_components)
        :math:`E`, kept as it is and changed in place by the optimiser.
    padding : int or None, default=None
        Row of the padding: its gradient is zero, so that it does not change.

    Notes
    -----
    Identifiers have no gradient: ``backward`` returns zeros of their shape. Cost:
    O(n_identifiers * n_components), and one table of zeros going back.

    Examples
    --------
    >>> layer = Embedding(np.array([[0.0, 0.0], [1.0, 2.0], [3.0, 4.0]]), padding=0)
    >>> layer.forward(np.array([[2, 1, 2, 0]]), training=True).sum(axis=1)
    array([[ 7., 10.]])
    >>> _ = layer.backward(np.ones((1, 4, 2)))
    >>> layer.gradients[0]
    array([[0., 0.],
           [1., 1.],
           [2., 2.]])
    """

    def __init__(self, vectors: Array, padding: int | None = None) -> None:
        super().__init__(vectors)
        self._padding = padding

    @classmethod
    def random(
        cls,
        n_words: int,
        n_components: int,
        padding: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        dtype: DTypeLike = np.float32,
    ) -> Self:
        """Draw standard normal vectors; the one for padding is zero."""
        rng = check_random_state(random_state)
        vectors = rng.standard_normal((n_words, n_components)).astype(dtype)
        if padding is not None:
            vectors[padding] = 0
        return cls(vectors, padding)

    def forward(self, X: Array, training: bool = False) -> Array:
        """Map identifiers of any shape to that shape and n_components behind it."""
        n_words = len(self.parameters[0])
        if X.size and (X.min() < 0 or X.max() >= n_words):
            raise ValueError(
                f"identifiers must be in [0, {n_words - 1}], got values from "
                f"{X.min()} to {X.max()}."
            )
        if training:
            self._memory = X
        return self.parameters[0][X]

    def backward(self, G: Array, input_gradient: bool = True) -> Array:
        """Add up the gradient of each row; return zeros, identifiers have none."""
        X, gradient = self._memory, np.zeros_like(self.parameters[0])
        add_rows(gradient, X.ravel(), G.reshape(X.size, -1))
        if self._padding is not None:
            gradient[self._padding] = 0
        self.gradients: list[Array] = [gradient]
        return np.zeros(X.shape, G.dtype)
