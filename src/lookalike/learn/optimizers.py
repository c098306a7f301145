"""Optimisers: SGD with momentum, AdaGrad, RMSProp, Adam."""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from lookalike._typing import Array
from lookalike.kernels import descent


class Optimizer(ABC):
    """Changes parameters in place, one step for each gradient.

    Its state (velocities, means of squares) is made at the first step, so that every
    further step must have the same parameters in the same order.

    Parameters
    ----------
    learning_rate : float
        Size of a step, positive. It may be assigned between steps, to decay it.

    Attributes
    ----------
    n_steps : int
        Steps taken.
    """

    def __init__(self, learning_rate: float) -> None:
        _check("learning_rate", learning_rate > 0, "positive", learning_rate)
        self.learning_rate: float = float(learning_rate)
        self.n_steps: int = 0
        self._states: list[list[Array]] = []

    def step(self, parameters: Sequence[Array], gradients: Sequence[Array]) -> None:
        """Move each parameter against its gradient."""
        if not self._states:
            self._states = [self._start(w) for w in parameters]
        self.n_steps += 1
        for w, g, state in zip(parameters, gradients, self._states, strict=True):
            if not w.shape == g.shape == state[0].shape:
                raise ValueError(
                    f"a parameter of shape {w.shape} came with a gradient of shape "
                    f"{g.shape}; at the first step it had {state[0].shape}."
                )
            flat = w.reshape(-1)  # a view, or a copy if w is not contiguous
            flat_state = [s.reshape(-1) for s in state]
            self._move(flat, g.astype(w.dtype, copy=False).reshape(-1), flat_state)
            if not w.flags.c_contiguous:
                w[...] = flat.reshape(w.shape)

    def _start(self, w: Array) -> list[Array]:
        """Initial state of one parameter."""
        return [np.zeros(w.shape, w.dtype)]

    @abstractmethod
    def _move(self, w: Array, g: Array, state: list[Array]) -> None:
        """Take one step on one flat parameter."""


class SGD(Optimizer):
    r"""Stochastic gradient descent, with momentum.

    .. math:: v \leftarrow \mu v - \eta g, \qquad w \leftarrow w + v

    Nesterov's form adds :math:`\mu v - \eta g` with the new :math:`v` instead.

    Parameters
    ----------
    learning_rate : float, default=0.1
        :math:`\eta`, positive.
    momentum : float, default=0.9
        :math:`\mu`, in [0, 1]; 0 is plain descent.
    nesterov : bool, default=True
        Whether to use Nesterov's form.

    References
    ----------
    .. [1] Sutskever, Martens, Dahl and Hinton (2013). "On the importance of
       initialization and momentum in deep learning". ICML. (equations 1 to 4)

    Examples
    --------
    >>> w, optimizer = np.array([1.0]), SGD(learning_rate=0.1, nesterov=False)
    >>> for _ in range(2):  # w * w has the slope 2 * w
    ...     optimizer.step([w], [2 * w])
    >>> w  # 1 - .2 = .8, then .8 - .16 - .9 * .2
    array([0.46])
    """

    def __init__(
        self, learning_rate: float = 0.1, momentum: float = 0.9, nesterov: bool = True
    ) -> None:
        super().__init__(learning_rate)
        _check("momentum", 0 <= momentum <= 1, "in [0, 1]", momentum)
        self._momentum = momentum
        self._nesterov = bool(nesterov)

    def _move(self, w: Array, g: Array, state: list[Array]) -> None:
        rate, momentum = np.array([self.learning_rate, self._momentum], w.dtype)
        descent.momentum_step(w, g, state[0], rate, momentum, self._nesterov)


class AdaGrad(Optimizer):
    r"""Steps divided by the root of the sum of squared gradients, for each parameter.

    .. math::

        s \leftarrow s + g^2, \qquad w \leftarrow w - \eta g / (\sqrt s + \epsilon)

    Parameters
    ----------
    learning_rate : float, default=0.01
        :math:`\eta`, positive.
    epsilon : float, default=1e-10
        :math:`\epsilon`, positive.

    References
    ----------
    .. [1] Duchi, Hazan and Singer (2011). "Adaptive subgradient methods for online
       learning and stochastic optimization". JMLR 12.

    Examples
    --------
    Whatever the size of the gradient, the first step is the learning rate; with the
    same gradient the second is smaller by the root of two.

    >>> w, optimizer = np.zeros(2), AdaGrad(learning_rate=1.0)
    >>> optimizer.step([w], [np.array([100.0, -0.01])])
    >>> w.round(2)
    array([-1.,  1.])
    >>> optimizer.step([w], [np.array([100.0, -0.01])])
    >>> w.round(2)
    array([-1.71,  1.71])
    """

    def __init__(self, learning_rate: float = 0.01, epsilon: float = 1e-10) -> None:
        super().__init__(learning_rate)
        _check("epsilon", epsilon > 0, "positive", epsilon)
        self._epsilon = epsilon

    def _move(self, w: Array, g: Array, state: list[Array]) -> None:
        numbers = np.array([self.learning_rate, self._epsilon], w.dtype)
        descent.adagrad_step(w, g, *state, *numbers)


class RMSProp(Optimizer):
    r"""AdaGrad with a decaying mean of the squared gradients in place of their sum.

    .. math::

        s \leftarrow \rho s + (1 - \rho) g^2, \qquad
        w \leftarrow w - \eta g / (\sqrt s + \epsilon)

    Parameters
    ----------
    learning_rate : float, default=0.001
        :math:`\eta`, positive.
    rho : float, default=0.9
        :math:`\rho`, in [0, 1): how much of the mean is kept at each step.
    epsilon : float, default=1e-8
        :math:`\epsilon`, positive.

    References
    ----------
    .. [1] Tieleman and Hinton (2012). "Lecture 6.5: RMSProp". Coursera: Neural Networks
       for Machine Learning.

    Examples
    --------
    >>> w, optimizer = np.zeros(1), RMSProp(learning_rate=1.0, rho=0.75)
    >>> optimizer.step([w], [np.array([8.0])])  # the root of the mean is 4
    >>> w
    array([-2.])
    """

    def __init__(
        self, learning_rate: float = 0.001, rho: float = 0.9, epsilon: float = 1e-8
    ) -> None:
        super().__init__(learning_rate)
        _check("rho", 0 <= rho < 1, "in [0, 1)", rho)
        _check("epsilon", epsilon > 0, "positive", epsilon)
        self._rho = rho
        self._epsilon = epsilon

    def _move(self, w: Array, g: Array, state: list[Array]) -> None:
        decay = (self._rho, 1 - self._rho)
        numbers = np.array([self.learning_rate, *decay, self._epsilon], w.dtype)
        descent.rmsprop_step(w, g, *state, *numbers)


class Adam(Optimizer):
    r"""Momentum and RMSProp together, without the bias of their first steps.

    .. math::

        m &\leftarrow \beta_1 m + (1 - \beta_1) g \\
        s &\leftarrow \beta_2 s + (1 - \beta_2) g^2 \\
        w &\leftarrow w - \eta \frac{\sqrt{1 - \beta_2^t}}{1 - \beta_1^t}
            \frac{m}{\sqrt s + \epsilon}

    Parameters
    ----------
    learning_rate : float, default=0.001
        :math:`\eta`, positive: about the size of every step.
    beta_1, beta_2 : float, default=0.9 and 0.999
        In [0, 1): how much of each mean is kept at each step.
    epsilon : float, default=1e-8
        :math:`\epsilon`, positive. It is added before the bias is corrected, the
        faster of the two forms in [1]_; PyTorch adds it after.

    References
    ----------
    .. [1] Kingma and Ba (2015). "Adam: a method for stochastic optimization". ICLR.
       (section 2, last lines)

    Examples
    --------
    >>> w, optimizer = np.zeros(2), Adam(learning_rate=0.5)
    >>> optimizer.step([w], [np.array([100.0, -0.01])])
    >>> w.round(2)
    array([-0.5,  0.5])
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
    ) -> None:
        super().__init__(learning_rate)
        _check("beta_1", 0 <= beta_1 < 1, "in [0, 1)", beta_1)
        _check("beta_2", 0 <= beta_2 < 1, "in [0, 1)", beta_2)
        _check("epsilon", epsilon > 0, "positive", epsilon)
        self._betas = (beta_1, beta_2)
        self._epsilon = epsilon

    def _start(self, w: Array) -> list[Array]:
        return [np.zeros(w.shape, w.dtype), np.zeros(w.shape, w.dtype)]

    def _move(self, w: Array, g: Array, state: list[Array]) -> None:
        beta_1, beta_2 = self._betas
        unbias = math.sqrt(1 - beta_2**self.n_steps) / (1 - beta_1**self.n_steps)
        decay = (beta_1, 1 - beta_1, beta_2, 1 - beta_2)
        rate = self.learning_rate * unbias
        numbers = np.array([rate, *decay, self._epsilon], w.dtype)
        descent.adam_step(w, g, *state, *numbers)


def _check(name: str, valid: bool, expected: str, value: float) -> None:
    if not valid:
        raise ValueError(f"{name} must be {expected}, got {value!r}.")
