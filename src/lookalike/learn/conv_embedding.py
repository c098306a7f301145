"""An embedding of images by a small convolutional network (needs the deep extra)."""

from collections.abc import Callable, Mapping
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import TransformerMixin

from lookalike._checks import check_whole
from lookalike._typing import Array

try:
    import torch
    from torch import Tensor, nn
    from torch.nn import functional
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "ConvolutionalEmbedding needs torch: pip install 'lookalike[deep]'."
    ) from error

from lookalike.learn._convolutional import ConvolutionalNetwork
from lookalike.learn.torch_training import warp

BATCH = 128  # images embedded at once, always: the sums then have one order
SHARPNESS = 16.0  # inverse temperature: factor of the cosines in the softmax
SHIFT, ROTATION, STRETCH = 2.0, 0.17, 0.1  # largest, in pixels, radians and scale


class ConvolutionalEmbedding(TransformerMixin, ConvolutionalNetwork):
    r"""Map images to the sphere, so that images of one class lie together.

    A network f of four convolutions is trained as a classifier by the angle between its
    unit-length output and one direction per class,

    .. math:: p(c \mid x) \propto \exp(s \cos(f(x), w_c)),

    on images that are shifted, rotated and scaled at random each time; the directions
    are then dropped and f(x) is the embedding.

    Parameters
    ----------
    n_components : int, default=64
        Length of the embedding.
    channels : tuple of three int, default=(32, 64, 96)
        Width of the network at full, half and quarter resolution.
    max_iter : int, default=6
        Passes over the training images.
    batch_size : int, default=128
    learning_rate : float, default=0.1
        The highest: the rate rises to it and falls to zero (one cycle).
    alpha : float, default=5e-4
        Weight decay.
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
    n_iter_ : int
        Passes made.

    Notes
    -----
    Trained in bfloat16 where the processor multiplies it, embedded in float32. A batch
    is embedded exactly like its images one by one: the network always takes 128 images,
    blank ones where there are fewer. Cost per image of 28 by 28 pixels: 11 million
    multiplications forward, three times that in training.

    References
    ----------
    .. [1] Wang et al. (2017). "NormFace: L2 hypersphere embedding for face
       verification". ACM Multimedia (equation 4).
    .. [2] Smith and Topin (2018). "Super-convergence". arXiv:1708.07120 (one cycle).

    Examples
    --------
    >>> import numpy as np
    >>> from lookalike.learn.conv_embedding import ConvolutionalEmbedding
    >>> bars = np.zeros((64, 6, 6), np.uint8)
    >>> bars[:32, :, 2:4] = bars[32:, 2:4, :] = 255  # vertical, then horizontal
    >>> y = np.repeat([0, 1], 32)
    >>> model = ConvolutionalEmbedding(
    ...     8, (4, 4, 8), max_iter=8, batch_size=16, random_state=0
    ... )
    >>> z = model.fit_transform(bars.reshape(64, -1), y)
    >>> bool(z[0] @ z[1] > 0.99), bool(z[0] @ z[40] < 0.7)
    (True, True)
    """

    def __init__(
        self,
        n_components: int = 64,
        channels: tuple[int, int, int] = (32, 64, 96),
        *,
        max_iter: int = 6,
        batch_size: int = 128,
        learning_rate: float = 0.1,
        alpha: float = 5e-4,
        image_shape: tuple[int, int] | None = None,
        callback: Callable[[float], None] | None = None,
        random_state: int | np.random.RandomState | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.n_components = n_components
        self.channels = channels
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.alpha = alpha
        self.image_shape = image_shape
        self.callback = callback
        self.random_state = random_state
        self.n_jobs = n_jobs

    def _check_parameters(self) -> None:
        check_whole("n_components", self.n_components)
        if len(self.channels) != 3 or min(self.channels) < 1:
            raise ValueError(
                f"channels must be three positive integers, got {self.channels!r}."
            )

    def _new_network(self) -> nn.Module:
        return network(self.channels, self.n_components)

    def _train(self, images: Tensor, labels: Tensor) -> None:
        directions = nn.Parameter(torch.randn(len(self.classes_), self.n_components))
        learned = [*self._network.parameters(), directions]
        background = float(images.min())

        def loss(output: Tensor, labels: Tensor) -> Tensor:
            cosines = _unit(output) @ _unit(directions).T
            return functional.cross_entropy(
                SHARPNESS * cosines, labels, label_smoothing=0.05
            )

        self._descend(
            [{"params": learned, "weight_decay": self.alpha}],
            images,
            labels,
            augment=lambda batch: augment(batch, background),
            loss=loss,
            rise=0.25,
        )

    def transform(self, X: ArrayLike) -> Array:
        """Embed images, float32 of shape (n_samples, n_components), of unit length."""
        return self._outputs(self._embedded, X, self.n_components, BATCH)

    def _embedded(self, X: Array) -> Tensor:
        return _unit(self._network(self._images(X)))

    def arrays(self) -> dict[str, Array]:
        """Return everything that ``transform`` needs, by name."""
        return self._arrays(*self.image_shape_)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Return the embedding whose ``arrays`` these are, ready to transform.

        Raises
        ------
        ValueError
            If they are not the arrays of such a network.
        """
        weights = {k: torch.tensor(np.array(v)) for k, v in arrays.items()}
        facts = weights.pop("preprocessing", None)
        convolutions = [v for v in weights.values() if v.ndim == 4]
        if facts is None or len(convolutions) != 4:
            raise ValueError(
                "Expected the arrays of a ConvolutionalEmbedding, got "
                f"{', '.join(sorted(arrays)) or 'none'}."
            )
        channels = tuple(len(w) for w in convolutions[:3])
        (last,) = [v for v in weights.values() if v.ndim == 2]
        model = cls(len(last), (channels[0], channels[1], channels[2]))
        mean, scale, height, width = facts.tolist()
        shape = (int(height), int(width))
        return cls._restore(model, model._new_network(), weights, mean, scale, shape)

    def __sklearn_tags__(self):  # type: ignore[no-untyped-def]
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


def network(channels: tuple[int, int, int], n_components: int) -> nn.Sequential:
    """Four convolutions at three resolutions, averaged, then one linear layer."""
    first, second, third = channels
    halve = nn.MaxPool2d(2, ceil_mode=True)
    layers = nn.Sequential(
        *_block(1, first, halve),
        *_block(first, second, halve),
        *_block(second, third),
        *_block(third, third),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(third, n_components),
    )
    return layers.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def _block(n_in: int, n_out: int, *pool: nn.Module) -> list[nn.Module]:
    convolution = nn.Conv2d(n_in, n_out, 3, padding=1, bias=False)
    # Pooling first saves three quarters of the layers after it.
    return [convolution, *pool, nn.BatchNorm2d(n_out), nn.ReLU()]


def augment(images: Tensor, background: float) -> Tensor:
    """Shift, rotate and scale each image at random."""
    n, _, height, width = images.shape
    angle = (torch.rand(n) * 2 - 1) * ROTATION
    stretch = 1 + (torch.rand(n) * 2 - 1) * STRETCH
    cosine, sine = torch.cos(angle) * stretch, torch.sin(angle) * stretch
    shift = (torch.rand(n, 2) * 2 - 1) * SHIFT * 2 / torch.tensor([width, height])
    rows = [cosine, -sine, shift[:, 0], sine, cosine, shift[:, 1]]
    # A warp fills with zero: the background is subtracted first.
    moved = warp(images - background, rows)
    return (moved + background).contiguous(memory_format=torch.channels_last)


def _unit(vectors: Tensor) -> Tensor:
    return functional.normalize(vectors, dim=1)
