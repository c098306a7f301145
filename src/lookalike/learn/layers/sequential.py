"""A network: layers applied in order."""

from collections.abc import Iterable

from lookalike._typing import Array
from lookalike.learn.layers._layer import Layer


class Sequential(Layer):
    r"""A chain of layers, :math:`f = f_m \circ \dots \circ f_1`, itself a layer.

    Backward is the chain rule: each layer turns the gradient in its output into the
    one in its input, from the last layer to the first.

    Parameters
    ----------
    layers : iterable of Layer
        In the order in which they are applied.

    Examples
    --------
    >>> import numpy as np
    >>> from lookalike.learn.layers import Dense, ReLU
    >>> sums = Dense(np.array([[1.0, -1.0], [1.0, -1.0]]), np.zeros(2))
    >>> network = Sequential([sums, ReLU()])
    >>> network.forward(np.array([[2.0, 3.0]]), training=True)
    array([[5., 0.]])
    >>> network.backward(np.array([[1.0, 1.0]]))  # the second unit is at zero
    array([[1., 1.]])
    """

    def __init__(self, layers: Iterable[Layer]) -> None:
        self.layers: list[Layer] = list(layers)
        super().__init__(*(p for layer in self.layers for p in layer.parameters))

    def forward(self, X: Array, training: bool = False) -> Array:
        """Apply the layers in order."""
        for layer in self.layers:
            X = layer.forward(X, training)
        return X

    def backward(self, G: Array, input_gradient: bool = True) -> Array:
        """Apply the chain rule from the last layer to the first."""
        for i, layer in reversed(list(enumerate(self.layers))):
            G = layer.backward(G, input_gradient or i > 0)
        self.gradients: list[Array] = [
            g for layer in self.layers for g in layer.gradients
        ]
        return G

    def forget(self) -> None:
        """Drop the gradients, and what each layer kept."""
        super().forget()
        for layer in self.layers:
            layer.forget()
