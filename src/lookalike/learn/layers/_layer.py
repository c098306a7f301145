"""The interface of a layer: forward, backward, parameters, gradients."""

from abc import ABC, abstractmethod
from typing import Any

from lookalike._typing import Array


class Layer(ABC):
    r"""One step of a network.

    ``forward`` maps a batch to its output. ``backward`` takes the gradient of a loss
    :math:`L` in that output, :math:`G = \partial L / \partial Y`, leaves the gradient
    in each parameter in ``gradients`` and returns the one in the input.

    ``forward`` keeps what ``backward`` will need only when ``training`` is true. With
    ``training=False`` it changes nothing, so that several threads may use one network
    at the same time.

    Attributes
    ----------
    parameters : list of ndarray
        Changed in place by the optimiser; empty for a layer without parameters.
    gradients : list of ndarray
        After ``backward``: the gradient in each parameter, in the same order.
    """

    parameters: list[Array]
    gradients: list[Array]

    def __init__(self, *parameters: Array) -> None:
        self.parameters = list(parameters)
        self.gradients = []
        self._memory: Any = None  # what forward keeps for backward

    @abstractmethod
    def forward(self, X: Array, training: bool = False) -> Array:
        """Output for a batch, whose first axis is the samples."""

    @abstractmethod
    def backward(self, G: Array, input_gradient: bool = True) -> Array:
        """Set ``gradients`` and return the gradient in the input of ``forward``.

        ``input_gradient=False`` says that the returned value is not used (the
        first layer of a network): a layer may then return anything.
        """

    def forget(self) -> None:
        """Drop the gradients and what ``forward`` kept, after training."""
        self.gradients = []
        self._memory = None
