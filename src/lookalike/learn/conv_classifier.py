"""A plain convolutional network for small images (needs the deep extra)."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import softmax
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from lookalike._checks import check_whole
from lookalike._typing import Array

try:
    import torch
    from torch import Tensor, nn
    from torch.nn import functional
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "ConvolutionalClassifier needs torch: pip install 'lookalike[deep]'."
    ) from error

from lookalike.learn._convolutional import ConvolutionalNetwork
from lookalike.learn.torch_training import warp

BATCH = 8  # images predicted at once, always: the sums then have one order
ROTATION, STRETCH = 0.2, 0.12  # largest random rotation (radians) and scaling


class ConvolutionalClassifier(ClassifierMixin, ConvolutionalNetwork):
    r"""Classify small grey images by a network of four blocks of convolutions.

    A block is convolution, normalisation and rectifier, twice, then the maximum of each
    2 by 2; the mean over what is left of the image goes through one linear layer,

    .. math:: p(c \mid x) \propto \exp(w_c \cdot f(x) + b_c),

    and training minimises the smoothed cross-entropy on images that are mirrored,
    shifted, rotated and scaled at random each time.

    Parameters
    ----------
    channels : tuple of int, default=(32, 64, 128, 256)
        Width of each block; each halves height and width.
    max_iter : int, default=10
        Passes over the training images.
    batch_size : int, default=128
    learning_rate : float, default=0.1
        The highest: the rate rises to it and falls to zero (one cycle).
    alpha : float, default=5e-4
        Weight decay.
    smoothing : float, default=0.1
        Share of each label that is spread over all classes, in [0, 1).
    shift : int, default=4
        Largest shift of an image in training, in pixels.
    crop : int, default=8
        By how many pixels the crops used in training are shorter than the image, either
        way; predictions use whole images.
    mirror : bool, default=True
        Whether left and right may be exchanged, in training and in prediction, where
        the scores of an image and its mirror image are averaged.
    image_shape : tuple of two int or None, default=None
        Height and width; None is a square, or one line where the features make none.
    callback : callable or None, default=None
        Called after every batch with the share of the work done, 0 to 1.
    random_state : int, RandomState instance or None, default=None
    n_jobs : int or None, default=None
        Threads; None leaves the choice to torch.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    loss_curve_ : list of float
        Mean loss of each pass.
    image_shape_ : tuple of two int
        Height and width of the images.
    n_iter_ : int
        Passes made.

    Notes
    -----
    Trained in bfloat16 where the processor multiplies it, predicting in float32. A
    batch is predicted exactly like its images one by one: the network always takes the
    same number of images, blank ones where there are fewer. Pixels are standardised by
    the mean and deviation of the training images. Cost per image of 48 by 48 pixels:
    some 100 million multiplications forward, three times that in training.

    References
    ----------
    .. [1] Simonyan and Zisserman (2015). "Very deep convolutional networks for
       large-scale image recognition". ICLR.   (blocks of 3 by 3 convolutions)
    .. [2] Smith and Topin (2018). "Super-convergence". arXiv:1708.07120 (one cycle).
    .. [3] Szegedy et al. (2016). "Rethinking the Inception architecture". CVPR.
       (section 7: label smoothing)

    Examples
    --------
    >>> import numpy as np
    >>> from lookalike.learn.conv_classifier import ConvolutionalClassifier
    >>> bars = np.zeros((64, 8, 8), np.uint8)
    >>> bars[:32, :, 2:4] = bars[32:, 2:4, :] = 255
    >>> y = np.repeat(["vertical", "horizontal"], 32)
    >>> model = ConvolutionalClassifier(
    ...     (4, 8), max_iter=8, batch_size=16, shift=1, crop=0, random_state=0
    ... )
    >>> model.fit(bars.reshape(64, -1), y).predict(bars[[0, 40]].reshape(2, -1))
    array(['vertical', 'horizontal'], dtype='<U10')
    """

    def __init__(
        self,
        channels: tuple[int, ...] = (32, 64, 128, 256),
        *,
        max_iter: int = 10,
        batch_size: int = 128,
        learning_rate: float = 0.1,
        alpha: float = 5e-4,
        smoothing: float = 0.1,
        shift: int = 4,
        crop: int = 8,
        mirror: bool = True,
        image_shape: tuple[int, int] | None = None,
        callback: Callable[[float], None] | None = None,
        random_state: int | np.random.RandomState | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.channels = channels
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.alpha = alpha
        self.smoothing = smoothing
        self.shift = shift
        self.crop = crop
        self.mirror = mirror
        self.image_shape = image_shape
        self.callback = callback
        self.random_state = random_state
        self.n_jobs = n_jobs

    def _check_parameters(self) -> None:
        for name in ("shift", "crop"):
            check_whole(name, getattr(self, name), least=0)
        if len(self.channels) < 1 or min(self.channels) < 1:
            raise ValueError(
                f"channels must be positive integers, got {self.channels!r}."
            )
        if not 0 <= self.smoothing < 1:
            raise ValueError(f"smoothing must lie in [0, 1), got {self.smoothing!r}.")

    def _new_network(self) -> nn.Module:
        return network(self.channels, len(self.classes_))

    def _train(self, images: Tensor, labels: Tensor) -> None:
        self._descend(
            decayed(self._network, self.alpha),
            images,
            labels,
            augment=lambda batch: augment(batch, self.shift, self.crop, self.mirror),
            loss=partial(functional.cross_entropy, label_smoothing=self.smoothing),
            rise=0.2,
        )

    def decision_function(self, X: ArrayLike) -> Array:
        """Scores, (n_samples, n_classes); for two classes their difference, 1-D."""
        scores = self.scores(X)
        return scores[:, 1] - scores[:, 0] if scores.shape[1] == 2 else scores

    def scores(self, X: ArrayLike) -> Array:
        """Scores before the softmax, float32 of shape (n_samples, n_classes)."""
        check_is_fitted(self)
        return self._outputs(self._scored, X, len(self.classes_), BATCH)

    def _scored(self, X: Array) -> Tensor:
        images = self._images(X)
        scores: Tensor = self._network(images)
        if self.mirror:
            scores = (scores + self._network(images.flip(3))) / 2
        return scores

    def predict_proba(self, X: ArrayLike) -> Array:
        """Probability of each class, shape (n_samples, n_classes)."""
        shares: Array = softmax(self.scores(X).astype(np.float64), axis=1)
        return shares

    def predict(self, X: ArrayLike) -> Array:
        """Most likely label of each image."""
        best = self.scores(X).argmax(axis=1)
        return self.classes_[best]

    def arrays(self) -> dict[str, Array]:
        """Return everything that prediction needs, by name."""
        arrays = self._arrays(*self.image_shape_, float(self.mirror))
        return {**arrays, "classes": self.classes_}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Return the classifier whose ``arrays`` these are, ready to predict.

        Raises
        ------
        ValueError
            If they are not the arrays of such a network.
        """
        weights = dict(arrays)
        try:
            mean, scale, height, width, mirror = weights.pop("preprocessing").tolist()
            classes = np.array(weights.pop("classes"))
            blocks = [w for w in weights.values() if np.ndim(w) == 4]
            channels = tuple(len(weight) for weight in blocks[1::2])
            model = cls(channels, mirror=bool(mirror))
            cls._restore(
                model,
                network(channels, len(classes)),
                {name: torch.tensor(array) for name, array in weights.items()},
                mean,
                scale,
                (int(height), int(width)),
            )
        except (KeyError, TypeError, ValueError, IndexError, RuntimeError) as error:
            raise ValueError(
                f"These are not the arrays of such a network: {error}"
            ) from None
        model.classes_ = classes
        return model


def network(channels: tuple[int, ...], n_classes: int) -> nn.Sequential:
    """Blocks that halve the image, the mean over the image, a score for each class."""
    layers: list[nn.Module] = []
    for n_in, n_out in zip((1, *channels), channels, strict=False):
        for n in (n_in, n_out):
            convolution = nn.Conv2d(n, n_out, 3, padding=1, bias=False)
            layers += [convolution, nn.BatchNorm2d(n_out), nn.ReLU()]
        layers.append(nn.MaxPool2d(2, ceil_mode=True))
    end = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2)]
    whole = nn.Sequential(*layers, *end, nn.Linear(channels[-1], n_classes))
    return whole.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def decayed(layers: nn.Module, alpha: float) -> list[dict[str, object]]:
    """Parameter groups: weights decay, factors of normalisations and offsets do not."""
    weights = [p for p in layers.parameters() if p.ndim > 1]
    others = [p for p in layers.parameters() if p.ndim <= 1]
    return [
        {"params": weights, "weight_decay": alpha},
        {"params": others, "weight_decay": 0.0},
    ]


def augment(images: Tensor, shift: int, crop: int, mirror: bool) -> Tensor:
    """Random crops of images, mirrored, shifted, rotated and scaled at random."""
    n, _, height, width = images.shape
    # No crop is smaller than half the image.
    size = (max(height - crop, -(-height // 2)), max(width - crop, -(-width // 2)))
    down, across = size[0] / height, size[1] / width
    angle = (torch.rand(n) * 2 - 1) * ROTATION
    stretch = 1 + (torch.rand(n) * 2 - 1) * STRETCH
    side = torch.where(torch.rand(n) < 0.5 * mirror, -1.0, 1.0)
    cosine, sine = torch.cos(angle) * stretch, torch.sin(angle) * stretch
    move = (torch.rand(n, 2) * 2 - 1) * shift * 2 / torch.tensor([width, height])
    upper = [cosine * side * across, -sine * down, move[:, 0]]
    rows = [*upper, sine * side * across, cosine * down, move[:, 1]]
    moved = warp(images, rows, size, padding_mode="border")
    return moved.contiguous(memory_format=torch.channels_last)
