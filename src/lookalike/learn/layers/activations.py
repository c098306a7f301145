"""Activations: elementwise functions."""

from abc import abstractmethod

import numpy as np
from scipy.special import expit

from lookalike._typing import Array
from lookalike.learn.layers._layer import Layer


class _Activation(Layer):
    """An elementwise function whose derivative is a function of its output."""

    def __init__(self) -> None:
        super().__init__()

    def forward(self, X: Array, training: bool = False) -> Array:
        """Apply the function to every element."""
        Y = self._value(X)
        if training:
            self._memory = Y
        return Y

    def backward(self, G: Array, input_gradient: bool = True) -> Array:
        """Multiply the gradient by the derivative, element by element."""
        return self._slope(self._memory, G)

    @abstractmethod
    def _value(self, X: Array) -> Array: ...

    @abstractmethod
    def _slope(self, Y: Array, G: Array) -> Array: ...


class Identity(_Activation):
    """:math:`y = x`.

    Examples
    --------
    >>> Identity().forward(np.array([-2.0, 3.0]))
    array([-2.,  3.])
    """

    def _value(self, X: Array) -> Array:
        return X

    def _slope(self, Y: Array, G: Array) -> Array:
        return G


class ReLU(_Activation):
    r""":math:`y = \max(0, x)`, with slope 0 at 0.

    Examples
    --------
    >>> layer = ReLU()
    >>> layer.forward(np.array([-2.0, 0.0, 3.0]), training=True)
    array([0., 0., 3.])
    >>> layer.backward(np.array([5.0, 6.0, 7.0]))
    array([0., 0., 7.])
    """

    def _value(self, X: Array) -> Array:
        return np.maximum(X, 0)

    def _slope(self, Y: Array, G: Array) -> Array:
        return G * (Y > 0)


class Tanh(_Activation):
    r""":math:`y = \tanh x`, with slope :math:`1 - y^2`.

    Examples
    --------
    >>> layer = Tanh()
    >>> layer.forward(np.array([0.0, 1.0]), training=True)
    array([0.  , 0.76])
    >>> layer.backward(np.array([1.0, 1.0]))
    array([1.  , 0.42])
    """

    def _value(self, X: Array) -> Array:
        return np.tanh(X)

    def _slope(self, Y: Array, G: Array) -> Array:
        return G * (1 - Y * Y)


class Sigmoid(_Activation):
    r""":math:`y = 1 / (1 + e^{-x})`, with slope :math:`y (1 - y)`; safe in the tails.

    Examples
    --------
    >>> layer = Sigmoid()
    >>> layer.forward(np.array([-1000.0, 0.0, 1.0]), training=True)
    array([0.  , 0.5 , 0.73])
    >>> layer.backward(np.array([1.0, 1.0, 1.0])).round(2)
    array([0.  , 0.25, 0.2 ])
    """

    def _value(self, X: Array) -> Array:
        return expit(X)

    def _slope(self, Y: Array, G: Array) -> Array:
        return G * (Y * (1 - Y))


ACTIVATIONS: dict[str, type[_Activation]] = {
    "identity": Identity,
    "logistic": Sigmoid,
    "tanh": Tanh,
    "relu": ReLU,
}
