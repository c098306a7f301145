"""Classification of images by a small convolutional network."""

import math
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state, gen_batches
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from lookalike._typing import Array
from lookalike._validation import validate_data
from lookalike.learn._training import Samples, descend
from lookalike.learn.layers import (
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Layer,
    MaxPool2D,
    ReLU,
    Sequential,
)
from lookalike.learn.losses import SoftmaxLoss


class ConvNetClassifier(ClassifierMixin, BaseEstimator):
    r"""Classify images by filters that are learned from the images.

    For each entry of ``channels`` a block: that many filters of ``kernel_size`` by
    ``kernel_size`` over the image with zeros around it, the largest value of every 2 by
    2 cells, which halves the sides, and a ReLU. Then fully connected hidden layers and
    a softmax. Trained by Adam on the cross-entropy; the learning rate falls linearly to
    zero.

    Parameters
    ----------
    channels : sequence of int, default=(16, 32)
        Filters of each block.
    kernel_size : int, default=3
        Rows and columns of a filter.
    hidden_layer_sizes : sequence of int, default=()
        Units of the fully connected layers before the last.
    dropout : float, default=0.0
        Share of the inputs of the last layers that are dropped in each step, in [0, 1).
    image_shape : tuple of int or None, default=None
        (rows, columns) or (rows, columns, channels) of an image that is laid out as a
        row of X. None takes a square if the number of features is one, otherwise a
        single row of pixels.
    learning_rate_init : float, default=0.002
        First learning rate.
    batch_size : int, default=64
        Images a step.
    max_iter : int, default=5
        Epochs.
    random_state : int, RandomState or None, default=None
        Source of the initial weights, the order and the dropout.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels seen in ``fit``, sorted.
    network_ : Sequential
        The layers.
    mean_, scale_ : float
        Mean and standard deviation of all pixels, by which images are standardised.
    loss_curve_ : list of float
        Mean loss of each epoch, over its batches at the time of their steps.
    n_iter_ : int
        Epochs, always ``max_iter``.

    Notes
    -----
    On MNIST the default network has an accuracy of 0.989 after its five epochs. Numbers
    that are not floating point become float32, and float32 stays float32.

    References
    ----------
    .. [1] LeCun, Bottou, Bengio and Haffner (1998). "Gradient-based learning applied to
       document recognition". Proceedings of the IEEE 86(11).

    Examples
    --------
    Vertical or horizontal bars at any position:

    >>> import numpy as np
    >>> from lookalike.learn import ConvNetClassifier
    >>> rng = np.random.default_rng(0)
    >>> X, y = np.zeros((300, 8, 8)), rng.integers(2, size=300)
    >>> for image, upright, (i, j) in zip(X, y, rng.integers(5, size=(300, 2))):
    ...     image[i : i + (4 if upright else 1), j : j + (1 if upright else 4)] = 1
    >>> X = X.reshape(300, 64)
    >>> model = ConvNetClassifier((4,), learning_rate_init=0.03, random_state=0)
    >>> model = model.set_params(max_iter=10).fit(X[:200], y[:200])
    >>> print(model.score(X[200:], y[200:]))
    1.0
    """

    classes_: Array
    network_: Sequential
    mean_: float
    scale_: float
    loss_curve_: list[float]
    n_iter_: int

    def __init__(
        self,
        channels: Sequence[int] = (16, 32),
        *,
        kernel_size: int = 3,
        hidden_layer_sizes: Sequence[int] = (),
        dropout: float = 0.0,
        image_shape: tuple[int, ...] | None = None,
        learning_rate_init: float = 0.002,
        batch_size: int = 64,
        max_iter: int = 5,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.channels = channels
        self.kernel_size = kernel_size
        self.hidden_layer_sizes = hidden_layer_sizes
        self.dropout = dropout
        self.image_shape = image_shape
        self.learning_rate_init = learning_rate_init
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.random_state = random_state

    def fit(self, X: Any, y: ArrayLike) -> Self:
        """Learn from labelled images.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            One image a row, its last axis (columns, or channels) running fastest.
        y : array-like of shape (n_samples,)
            Labels.
        """
        self._check_parameters()
        X, y = validate_data(self, X, y, dtype=(np.float32, np.float64))
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        self._shape = self._image_shape(X.shape[1])
        self.mean_ = float(X.mean(dtype=np.float64))
        self.scale_ = float(X.std(dtype=np.float64)) or 1.0
        rng = check_random_state(self.random_state)
        self.network_ = self._build(rng, X.dtype)
        self.loss_curve_ = descend(
            self.network_,
            Samples(self._images(X), codes, None),
            rng,
            self.learning_rate_init,
            self.batch_size,
            self.max_iter,
        )
        self.n_iter_ = self.max_iter
        return self

    def predict_proba(self, X: Any) -> Array:
        """Probability of each class, shape (n_samples, n_classes)."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=(np.float32, np.float64), reset=False)
        # In parts: the output of the first layer is many times as large as the images.
        parts = [
            self.network_.forward(self._images(X[part]))
            for part in gen_batches(len(X), 256)
        ]
        return SoftmaxLoss().answer(np.concatenate(parts))

    def predict(self, X: Any) -> Array:
        """Most likely label of each image."""
        best = self.predict_proba(X).argmax(axis=1)
        return self.classes_[best]

    def _build(self, rng: np.random.RandomState, dtype: Any) -> Sequential:
        """Stack the layers, with random weights."""
        rows, columns, depth = self._shape
        options: Any = {"random_state": rng, "dtype": dtype}
        size = (self.kernel_size, self.kernel_size)
        layers: list[Layer] = []
        for n_filters in self.channels:
            layers.append(
                Conv2D.random(size, depth, n_filters, padding="same", **options)
            )
            depth = n_filters
            if min(rows, columns) > 1:
                layers.append(MaxPool2D())
                rows, columns = rows // 2, columns // 2
            layers.append(
                ReLU()
            )  # after pooling: the same output, on a quarter of the values
        layers.append(Flatten())
        width = rows * columns * depth
        for n_units in (*self.hidden_layer_sizes, len(self.classes_)):
            if self.dropout:
                layers.append(Dropout(self.dropout, rng))
            layers += [Dense.random(width, n_units, **options), ReLU()]
            width = n_units
        return Sequential(layers[:-1])  # the last sums are scores: no ReLU

    def _images(self, X: Array) -> Array:
        images = X.reshape(len(X), *self._shape)
        return (images - X.dtype.type(self.mean_)) / X.dtype.type(self.scale_)

    def _image_shape(self, n_features: int) -> tuple[int, int, int]:
        """Rows, columns and channels of an image."""
        if self.image_shape is None:
            side = math.isqrt(n_features)
            square = side * side == n_features
            return (side, side, 1) if square else (1, n_features, 1)
        rows, columns, depth = (*self.image_shape, 1)[:3]
        if rows * columns * depth != n_features:
            raise ValueError(
                f"image_shape={self.image_shape} does not hold {n_features} features."
            )
        return rows, columns, depth

    def _check_parameters(self) -> None:
        sizes = {
            "channels": self.channels,
            "kernel_size": (self.kernel_size,),
            "hidden_layer_sizes": self.hidden_layer_sizes,
            "batch_size": (self.batch_size,),
            "max_iter": (self.max_iter,),
        }
        for name, values in sizes.items():
            if not all(isinstance(v, Integral) and int(v) > 0 for v in values):
                raise ValueError(
                    f"{name} must be whole, above 0, got {getattr(self, name)!r}."
                )
        rate = self.learning_rate_init
        if not isinstance(rate, Real) or not 0 < rate < math.inf:
            raise ValueError(
                f"learning_rate_init must be a number above 0, got {rate!r}."
            )
