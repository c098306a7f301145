"""Shared by the multi-layer classifier and regressor: the network and its training.

A fitted network consists of ``coefs_`` and ``intercepts_``; its layers are made around
those arrays when they are needed. Training is one of two loops: ``_descend`` takes a
step for each batch, ``_minimise`` minimises the whole objective by L-BFGS.
"""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterable
from itertools import pairwise
from typing import Any, Self

import numpy as np
import scipy.optimize
from numpy.typing import ArrayLike, DTypeLike
from sklearn.base import BaseEstimator, is_regressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import Tags, check_random_state, gen_batches
from sklearn.utils import shuffle as shuffled
from sklearn.utils.validation import check_is_fitted

from lookalike._checks import check_sample_weight
from lookalike._typing import Array
from lookalike._validation import validate_data
from lookalike.learn._mlp_parameters import check_parameters
from lookalike.learn._training import Patience, Samples, penalise
from lookalike.learn.layers import Dense, Dropout, Layer, Sequential
from lookalike.learn.layers.activations import ACTIVATIONS
from lookalike.learn.layers.initializers import INITIALIZERS
from lookalike.learn.losses import Loss
from lookalike.learn.optimizers import SGD, AdaGrad, Adam, Optimizer, RMSProp


class MultilayerPerceptron(BaseEstimator, ABC):
    """Layers of weighted sums and nonlinearities, trained by gradient descent."""

    coefs_: list[Array]
    intercepts_: list[Array]
    loss_curve_: list[float]
    validation_scores_: list[float] | None
    best_loss_: float | None
    best_validation_score_: float | None
    loss_: float
    n_iter_: int
    n_layers_: int
    n_outputs_: int
    out_activation_: str
    t_: int

    def __init__(
        self,
        hidden_layer_sizes: int | Iterable[int] = (100,),
        activation: str = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: int | np.random.RandomState | None = None,
        tol: float = 1e-4,
        verbose: bool = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        weight_init: str = "auto",
        l1_ratio: float = 0.0,
        dropout: float = 0.0,
        rho: float = 0.9,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.weight_init = weight_init
        self.l1_ratio = l1_ratio
        self.dropout = dropout
        self.rho = rho

    @property
    @abstractmethod
    def _loss(self) -> Loss:
        """The loss that is minimised; it depends on the targets."""

    @abstractmethod
    def _encode(self, y: Array, dtype: DTypeLike, known: bool) -> Array:
        """Targets in the form that the loss takes; sets ``n_outputs_`` unless known."""

    @abstractmethod
    def _score(self, answer: Array, samples: Samples) -> float:
        """Score of the outputs for held-out samples; higher is better."""

    def fit(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Train on all samples, from new weights unless ``warm_start`` is set.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples; networks learn best from features of about the same size.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample in the loss.
        """
        return self._fit(X, y, sample_weight, one_pass=False)

    def _fit(self, X: Any, y: Any, sample_weight: Any, one_pass: bool) -> Self:
        sizes = check_parameters(self)
        if one_pass and self.early_stopping:
            raise ValueError("partial_fit cannot set samples aside for early_stopping.")
        fresh = not hasattr(self, "coefs_") or not (self.warm_start or one_pass)
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse="csr",
            multi_output=True,
            dtype=(np.float64, np.float32),
            reset=fresh,
        )
        if sample_weight is not None:
            sample_weight = check_sample_weight(sample_weight, X)
        y = self._encode(y, X.dtype, known=one_pass or not fresh)
        rng = check_random_state(self.random_state)
        if fresh:
            self._start([X.shape[1], *sizes, self.n_outputs_], rng, X.dtype)
        samples = Samples(X.astype(self.coefs_[0].dtype, copy=False), y, sample_weight)
        if self.solver == "lbfgs":
            self._minimise(samples)
        else:
            self._descend(samples, rng, one_pass)
        numbers = [np.asarray(self.loss_), *self.coefs_, *self.intercepts_]
        if not all(np.isfinite(each).all() for each in numbers):
            raise ValueError(
                "the loss or the weights grew without bounds: scale the features or "
                "lower learning_rate_init."
            )
        return self

    def _start(
        self, sizes: list[int], rng: np.random.RandomState, dtype: DTypeLike
    ) -> None:
        """Draw the weights and reset the state of training."""
        drawn = [self._draw(shape, rng) for shape in pairwise(sizes)]
        self.coefs_ = [weights.astype(dtype) for weights, _ in drawn]
        self.intercepts_ = [bias.astype(dtype) for _, bias in drawn]
        self.n_layers_ = len(sizes)
        self.out_activation_ = self._loss.link
        self.t_ = 0
        self.loss_curve_ = []
        self.validation_scores_ = [] if self.early_stopping else None
        self.best_loss_ = self.best_validation_score_ = None
        self._patience = Patience(self.n_iter_no_change, self.tol)

    def _draw(
        self, shape: tuple[int, int], rng: np.random.RandomState
    ) -> tuple[Array, Array]:
        """Draw the weights and the bias of one layer."""
        if self.weight_init != "auto":
            return INITIALIZERS[self.weight_init](rng, shape, *shape), np.zeros(
                shape[1]
            )
        bound = np.sqrt((2.0 if self.activation == "logistic" else 6.0) / sum(shape))
        return rng.uniform(-bound, bound, shape), rng.uniform(-bound, bound, shape[1])

    def _network(
        self, dropout: float = 0.0, rng: np.random.RandomState | None = None
    ) -> Sequential:
        """Put layers around the arrays of ``coefs_`` and ``intercepts_``."""
        layers: list[Layer] = []
        for weights, bias in zip(self.coefs_, self.intercepts_, strict=True):
            if layers:
                layers.append(ACTIVATIONS[self.activation]())
            if layers and dropout:
                layers.append(Dropout(dropout, rng))
            layers.append(Dense(weights, bias))
        return Sequential(layers)

    def _objective(self, network: Sequential, samples: Samples) -> float:
        """Mean loss and penalty of a batch; its slope is left in the network."""
        scores = network.forward(samples.X, training=True)
        value, slope = self._loss(scores, samples.y, samples.weight)
        network.backward(slope, input_gradient=False)
        l1 = self.alpha * self.l1_ratio / samples.mass
        l2 = self.alpha * (1 - self.l1_ratio) / samples.mass
        for weights, gradient in zip(
            network.parameters[::2], network.gradients[::2], strict=True
        ):
            value += penalise(weights, gradient, l1, l2)
        return value

    def _minimise(self, samples: Samples) -> None:
        """Minimise the whole objective by L-BFGS, in double precision."""
        dtype = self.coefs_[0].dtype
        self.coefs_ = [weights.astype(np.float64) for weights in self.coefs_]
        self.intercepts_ = [bias.astype(np.float64) for bias in self.intercepts_]
        network = self._network()

        def objective(flat: Array) -> tuple[float, Array]:
            _unpack(flat, network.parameters)
            value = self._objective(network, samples)
            return value, _pack(network.gradients)

        found = scipy.optimize.minimize(
            objective,
            _pack(network.parameters),
            method="L-BFGS-B",
            jac=True,
            options={
                "maxiter": self.max_iter,
                "maxfun": self.max_fun,
                "gtol": self.tol,
            },
        )
        if not found.success:
            _warn(f"L-BFGS stopped before it converged: {found.message}.")
        _unpack(found.x, network.parameters)
        self.coefs_ = [weights.astype(dtype) for weights in self.coefs_]
        self.intercepts_ = [bias.astype(dtype) for bias in self.intercepts_]
        self.n_iter_, self.loss_ = int(found.nit), float(found.fun)

    def _descend(
        self, samples: Samples, rng: np.random.RandomState, one_pass: bool
    ) -> None:
        """Take a step for each batch until training no longer improves."""
        held_out = None
        if self.early_stopping:
            samples, held_out = self._hold_out(samples, rng)
        network = self._network(self.dropout, rng)
        best = [parameter.copy() for parameter in network.parameters]
        if not one_pass or not hasattr(self, "_optimizer"):
            self._optimizer = self._make_optimizer()
        order, self.n_iter_ = np.arange(samples.size), 0
        for _ in range(1 if one_pass else self.max_iter):
            if self.shuffle:
                order = shuffled(order, random_state=rng)
            self._epoch(network, samples, order)
            if self._is_best(network, held_out) and held_out:
                best = [parameter.copy() for parameter in network.parameters]
            if self._patience.is_over and not self._slow_down():
                break
        else:
            if not one_pass:
                _warn(f"Stopped at max_iter={self.max_iter}, not yet converged.")
        if held_out:
            self.coefs_, self.intercepts_ = best[::2], best[1::2]

    def _hold_out(
        self, samples: Samples, rng: np.random.RandomState
    ) -> tuple[Samples, Samples]:
        """Hold out a part of the samples, stratified if there are two classes."""
        is_binary = self.n_outputs_ == 1 and not is_regressor(self)
        train, test = train_test_split(
            np.arange(samples.size),
            random_state=rng,
            test_size=self.validation_fraction,
            stratify=samples.y if is_binary else None,
        )
        if len(test) < 2:
            raise ValueError(
                f"validation_fraction={self.validation_fraction} of {samples.size} "
                "samples leaves fewer than 2 to validate on."
            )
        return samples.take(train), samples.take(test)

    def _make_optimizer(self) -> Optimizer:
        rate = self.learning_rate_init
        match self.solver:
            case "sgd":
                return SGD(rate, self.momentum, self.nesterovs_momentum)
            case "adagrad":
                return AdaGrad(rate, self.epsilon)
            case "rmsprop":
                return RMSProp(rate, self.rho, self.epsilon)
            case _:
                return Adam(rate, self.beta_1, self.beta_2, self.epsilon)

    def _epoch(self, network: Sequential, samples: Samples, order: Array) -> None:
        """Go over the samples once, in that order."""
        size = min(200, len(order)) if self.batch_size == "auto" else self.batch_size
        total = 0.0
        for batch in gen_batches(len(order), size):
            part = samples.take(order[batch])
            if part.mass == 0:  # a mean over no weight
                continue
            total += self._objective(network, part) * part.size
            self._optimizer.step(network.parameters, network.gradients)
        self.n_iter_ += 1
        self.t_ += len(order)
        self.loss_ = total / len(order)
        self.loss_curve_.append(self.loss_)
        if self._decays("invscaling"):
            rate = self.learning_rate_init / (self.t_ + 1) ** self.power_t
            self._optimizer.learning_rate = rate
        if self.verbose:
            print(f"Iteration {self.n_iter_}, loss = {self.loss_:.8f}")

    def _is_best(self, network: Sequential, held_out: Samples | None) -> bool:
        """Record an epoch's loss, or held-out score; return whether it is the best."""
        if held_out is None:
            is_best = self._patience.see(self.loss_)
            self.best_loss_ = self._patience.best
            return is_best
        answer = self._loss.answer(network.forward(held_out.X))
        score = self._score(answer, held_out)
        is_best = self._patience.see(-score)
        self.validation_scores_ = [*(self.validation_scores_ or []), score]
        self.best_validation_score_ = -self._patience.best
        if self.verbose:
            print(f"Validation score: {score:.6f}")
        return is_best

    def _slow_down(self) -> bool:
        """Lower an adaptive learning rate, unless it is as low as it may be."""
        if not self._decays("adaptive") or self._optimizer.learning_rate <= 1e-6:
            return False
        self._optimizer.learning_rate /= 5
        self._patience.n_stuck = 0
        return True

    def _decays(self, schedule: str) -> bool:
        return self.learning_rate == schedule and self.solver != "adam"

    def _answer(self, X: Any) -> Array:
        """Probabilities or values, shape (n_samples, n_outputs)."""
        check_is_fitted(self)
        X = validate_data(
            self,
            X,
            accept_sparse="csr",
            dtype=(np.float64, np.float32),
            reset=False,
        )
        return self._loss.answer(self._network().forward(X))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _pack(arrays: list[Array]) -> Array:
    return np.concatenate([array.ravel() for array in arrays])


def _unpack(flat: Array, arrays: list[Array]) -> None:
    ends = np.cumsum([array.size for array in arrays])
    for array, part in zip(arrays, np.split(flat, ends[:-1]), strict=True):
        array[...] = part.reshape(array.shape)


def _warn(message: str) -> None:
    warnings.warn(message, ConvergenceWarning, stacklevel=5)
