"""Shared by the convolutional estimators: fitting, prediction, and their arrays.

Needs the deep extra; only modules that have found torch import this one.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from lookalike._checks import check_positive, check_whole
from lookalike._typing import Array
from lookalike._validation import validate_data
from lookalike.learn.torch_training import (
    image_shape,
    in_batches,
    one_cycle,
    threads,
    to_images,
    weights_of,
)

PIXELS = [np.float32, np.uint8]


class TorchNetwork(BaseEstimator, ABC):
    """An estimator that applies a torch network to scaled pixels."""

    image_shape_: tuple[int, ...]
    n_jobs: int | None
    _network: nn.Module
    _mean: float
    _scale: float

    def _measure(self, X: Array) -> None:
        """Set the mean and the scale of the pixels."""
        self._mean = float(X.mean(dtype=np.float64))
        self._scale = float(X.std(dtype=np.float64)) or 1.0

    def _outputs(
        self, answer: Callable[[Array], Tensor], X: ArrayLike, n_outputs: int, size: int
    ) -> Array:
        """Outputs for rows, ``size`` at a time, float32 (n_samples, n_outputs)."""
        check_is_fitted(self)
        rows: Array = validate_data(self, X, dtype=PIXELS, reset=False)
        with threads(self.n_jobs):
            return in_batches(answer, rows, n_outputs, size)

    def _arrays(self, *facts: float) -> dict[str, Array]:
        """Weights by name, and "preprocessing": mean, scale, and these facts."""
        check_is_fitted(self)
        preprocessing = np.array([self._mean, self._scale, *facts], np.float64)
        return {**weights_of(self._network), "preprocessing": preprocessing}

    def _restore(
        self,
        network: nn.Module,
        weights: Mapping[str, Tensor],
        mean: float,
        scale: float,
        shape: tuple[int, ...],
    ) -> Self:
        """Set the fitted state: a network with these weights, and its preprocessing.

        Raises
        ------
        ValueError
            If the weights are not those of such a network.
        """
        try:
            network.load_state_dict(dict(weights))
        except RuntimeError:
            raise ValueError("The arrays do not fit one network.") from None
        self._mean, self._scale, self.image_shape_ = mean, scale, shape
        self.n_features_in_ = int(np.prod(shape))
        self._network = network.eval()
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_network")


class ConvolutionalNetwork(TorchNetwork):
    """A network of grey images that is trained on labels by one cycle of descent."""

    classes_: Array
    loss_curve_: list[float]
    n_iter_: int
    image_shape: tuple[int, int] | None
    max_iter: int
    batch_size: int
    learning_rate: float
    alpha: float
    callback: Callable[[float], None] | None
    random_state: int | np.random.RandomState | None

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Learn from images X (n_samples, height * width) and labels y (n_samples,)."""
        rows: Array
        rows, y = validate_data(self, X, y, dtype=PIXELS)
        check_classification_targets(y)
        self._check_parameters()
        for name in ("max_iter", "batch_size"):
            check_whole(name, getattr(self, name))
        check_positive("learning_rate", self.learning_rate)
        check_positive("alpha", self.alpha, zero=True)
        self.image_shape_ = image_shape(self.image_shape, rows.shape[1])
        self.classes_, labels = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                f"Expected at least two classes, got one class: {self.classes_[0]}."
            )
        self._measure(rows)
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        with torch.random.fork_rng(devices=[]), threads(self.n_jobs):
            torch.manual_seed(seed)
            self._network = self._new_network()
            self._train(self._images(rows), torch.from_numpy(labels))
        self.n_iter_ = self.max_iter
        return self

    @abstractmethod
    def _check_parameters(self) -> None:
        """Refuse parameters that only this estimator has."""

    @abstractmethod
    def _new_network(self) -> nn.Module:
        """A network with random weights."""

    @abstractmethod
    def _train(self, images: Tensor, labels: Tensor) -> None:
        """Train the network, by ``_descend``."""

    def _images(self, X: Array) -> Tensor:
        return to_images(X, self._mean, self._scale, self.image_shape_)

    def _descend(
        self,
        parameters: list[Any],
        images: Tensor,
        labels: Tensor,
        *,
        augment: Callable[[Tensor], Tensor],
        loss: Callable[[Tensor, Tensor], Tensor],
        rise: float,
    ) -> None:
        """Train as ``one_cycle`` does, by the estimator's own parameters."""
        self.loss_curve_ = one_cycle(
            self._network,
            parameters,
            images,
            labels,
            augment=augment,
            loss=loss,
            batch_size=self.batch_size,
            max_iter=self.max_iter,
            learning_rate=self.learning_rate,
            rise=rise,
            callback=self.callback,
        )
