"""Contrastive learning: images that belong together get similar unit vectors.

Positive pairs are two views of an image, images of one class, or given pairs such as a
query and the click that followed. A network maps a batch to the unit sphere, and the
loss is the cross-entropy of finding each partner among the batch by similarity.
"""

import os
from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import TransformerMixin
from sklearn.utils import check_random_state

from lookalike._checks import check_positive, check_whole
from lookalike._typing import Array, Ints
from lookalike._validation import validate_data

try:
    import torch
    from torch import Tensor, nn
    from torch.nn import functional
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "ContrastiveEmbedding needs torch: pip install 'lookalike[deep]'."
    ) from error

from lookalike.learn._augmentation import Augmentation
from lookalike.learn._contrastive_training import Batches, TrainingSchedule, train
from lookalike.learn._convolutional import PIXELS, TorchNetwork
from lookalike.learn._residual_network import residual_network
from lookalike.learn.torch_training import image_shape, in_batches, threads

BATCH = 8  # images embedded at once, always: the sums then have one order
SMOOTHING = 0.05  # label smoothing
WEAK = Augmentation(crop=1.0, shift=0.07, rotation=0.0, brightness=0.0)
STRONG = Augmentation(crop=0.6, shift=0.05, rotation=10.0, brightness=0.4)


class ContrastiveEmbedding(TransformerMixin, TorchNetwork):
    r"""Map images to the sphere so that each lies nearest to what belongs to it.

    For an anchor i, a partner p and the set N of those that do not belong to i,

    .. math:: \ell_{ip} = -\log \frac{e^{s_{ip}/\tau}}
              {e^{s_{ip}/\tau} + \sum_{n \in N} e^{s_{in}/\tau}},
              \qquad s_{ij} = f(x_i) \cdot f(x_j),

    averaged over all pairs (i, p) of a batch. Without labels a partner is another view
    of the same image [1]_, or a view of one of its neighbours; with pairs it is the
    other of the two. With labels it is the direction of the image's class, which is
    learned with the network and then dropped, and the directions of the other classes
    are the negatives [2]_: they represent all images of their class, not only those in
    the batch.

    Parameters
    ----------
    n_components : int, default=64
        Length of the embedding.
    channels : tuple of int, default=(32, 64, 128)
        Width of the network at full, half, quarter, ... resolution.
    grid : int, default=1
        Cells across and down over each of which the last block is averaged.
    max_iter : int, default=12
        Passes over the images.
    batch_size : int, default=256
    temperature : float or None, default=None
        :math:`\tau`: the smaller, the more the nearest negatives count; None is 0.2,
        and 1/16 with labels.
    hardness : float, default=0
        Negatives are weighted by :math:`e^{\beta s}` [3]_; 0 takes them as they come.
        Not with labels.
    augmentation : Augmentation or None, default=None
        How views differ from their image; None is strong without labels and pairs, and
        weak with them.
    learning_rate : float, default=0.1
        The highest: the rate rises to it and falls to zero (one cycle).
    alpha : float, default=5e-4
        Weight decay.
    n_held_out : int, default=0
        Images held out of training. After each pass they give the recall@1, the share
        whose nearest neighbour belongs to them; the best pass is kept.
    patience : int or None, default=None
        Passes without a better recall@1 after which to stop, where some images are held
        out; None never stops.
    checkpoint : path or None, default=None
        File to which training is written after each pass and from which it continues.
        The result is the same to the bit, however often training was interrupted.
    init : mapping of str to ndarray or None, default=None
        The ``arrays()`` of an embedding of the same size whose weights training starts
        from; None draws them.
    image_shape : tuple of int or None, default=None
        (height, width) or (height, width, 3); None is a square of grey levels.
    callback : callable or None, default=None
        Called after every batch with the share of the work done, 0 to 1.
    device : str, default="auto"
        As torch names it; "auto" is a GPU where there is one. The embedding is
        computed on the processor.
    random_state : int, RandomState instance or None, default=None
    n_jobs : int or None, default=None
        Threads; None leaves the choice to torch.

    Attributes
    ----------
    loss_curve_, recall_curve_ : list of float
        Mean loss of each pass, and recall@1 on what was held out.
    n_iter_ : int
        Passes made.
    image_shape_ : tuple of int

    Notes
    -----
    Trained in bfloat16 where the processor multiplies it, and on a GPU; embedded in
    float32, always eight images at a time, so that a batch is embedded exactly like its
    images one by one.

    References
    ----------
    .. [1] Chen et al. (2020). "A simple framework for contrastive learning of visual
       representations". ICML (equation 1).
    .. [2] Wang et al. (2017). "NormFace: L2 hypersphere embedding for face
       verification". ACM Multimedia (equation 4).
    .. [3] Robinson et al. (2021). "Contrastive learning with hard negative samples".
       ICLR (equation 4, no correction for false negatives).
    .. [4] Dwibedi et al. (2021). "With a little help from my friends: nearest-neighbor
       contrastive learning of visual representations". ICCV (there in the embedding
       that is being learned).

    Examples
    --------
    >>> import numpy as np
    >>> from lookalike.learn.contrastive import ContrastiveEmbedding
    >>> bars = np.zeros((64, 8, 8), np.uint8)
    >>> bars[:32, :, 3:5] = bars[32:, 3:5, :] = 255  # vertical, then horizontal
    >>> y = np.repeat([0, 1], 32)
    >>> model = ContrastiveEmbedding(
    ...     8, (4, 8), max_iter=10, batch_size=16, random_state=0
    ... )
    >>> z = model.fit_transform(bars.reshape(64, -1), y)
    >>> bool(z[0] @ z[1] > 0.99), bool(z[0] @ z[40] < 0.9)
    (True, True)
    """

    loss_curve_: list[float]
    recall_curve_: list[float]
    n_iter_: int
    image_shape_: tuple[int, ...]
    _network: nn.Sequential
    _mean: float
    _scale: float

    def __init__(
        self,
        n_components: int = 64,
        channels: tuple[int, ...] = (32, 64, 128),
        *,
        grid: int = 1,
        max_iter: int = 12,
        batch_size: int = 256,
        temperature: float | None = None,
        hardness: float = 0.0,
        augmentation: Augmentation | None = None,
        learning_rate: float = 0.1,
        alpha: float = 5e-4,
        n_held_out: int = 0,
        patience: int | None = None,
        checkpoint: str | os.PathLike[str] | None = None,
        init: Mapping[str, Array] | None = None,
        image_shape: tuple[int, ...] | None = None,
        callback: Callable[[float], None] | None = None,
        device: str = "auto",
        random_state: int | np.random.RandomState | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.n_components = n_components
        self.channels = channels
        self.grid = grid
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.temperature = temperature
        self.hardness = hardness
        self.augmentation = augmentation
        self.learning_rate = learning_rate
        self.alpha = alpha
        self.n_held_out = n_held_out
        self.patience = patience
        self.checkpoint = checkpoint
        self.init = init
        self.image_shape = image_shape
        self.callback = callback
        self.device = device
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike | None = None,
        pairs: ArrayLike | None = None,
        neighbors: ArrayLike | None = None,
    ) -> Self:
        """Learn from images.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_pixels), bytes or numbers
        y : array-like of shape (n_samples,), default=None
            Classes whose members belong together.
        pairs : array-like of int, shape (n_pairs, 2), default=None
            Rows that belong together, such as a query and what was clicked.
        neighbors : array-like of int, shape (n_samples, n_neighbors), default=None
            Rows near each image in another description: its partner is a view of one
            of them, drawn anew each time [4]_.
        """
        rows: Array = validate_data(self, X, dtype=PIXELS)
        self._check_parameters()
        self.image_shape_ = image_shape(self.image_shape, rows.shape[1], colour=True)
        self._measure(rows)
        batches = self._batches(len(rows), y, pairs, neighbors)
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        with torch.random.fork_rng(devices=[]), threads(self.n_jobs):
            torch.manual_seed(seed)
            self._network = self._new_network()
            if self.init is not None:
                initial = type(self).from_arrays(self.init)._network.state_dict()
                self._network.load_state_dict(initial)
            self._train(rows, batches, seed)
        return self

    def _batches(
        self,
        n: int,
        y: ArrayLike | None,
        pairs: ArrayLike | None,
        neighbors: ArrayLike | None,
    ) -> Batches:
        if sum(each is not None for each in (y, pairs, neighbors)) > 1:
            raise ValueError(
                "Only one of y, pairs and neighbors says what belongs together."
            )
        if pairs is not None:
            return Batches.of_pairs(_checked_rows("pairs", pairs, n, 2))
        if neighbors is not None:
            near = _checked_rows("neighbors", neighbors, n, None)
            if len(near) != n:
                raise ValueError(f"neighbors must have {n} rows, got {len(near)}.")
            return Batches.of_neighbors(near)
        if y is None:
            return Batches.of_views(n)
        labels = np.asarray(y)
        if labels.shape != (n,):
            raise ValueError(f"y must hold {n} labels, got shape {labels.shape}.")
        if self.hardness:
            raise ValueError(
                "hardness weights the negatives of views, pairs and neighbors; with y "
                f"it must be 0, got {self.hardness!r}."
            )
        classes, numbers = np.unique(labels, return_inverse=True)
        if len(classes) < 2:
            raise ValueError(
                f"At least two classes are needed, got {len(classes)} class."
            )
        return Batches.of_labels(numbers)

    def _train(self, rows: Array, batches: Batches, seed: int) -> None:
        default = STRONG if batches.labels is None and batches.pairs is None else WEAK
        augmentation, head = self.augmentation or default, self._head(batches)
        if self.init is not None and isinstance(head, Directions):
            head.weight.data = self._means(rows, batches)
        schedule = TrainingSchedule(
            batch_size=self.batch_size,
            max_iter=self.max_iter,
            learning_rate=self.learning_rate,
            alpha=self.alpha,
            n_held_out=self.n_held_out,
            patience=self.patience,
            checkpoint=self.checkpoint,
            callback=self.callback,
            device=self.device,
            seed=seed,
        )
        learned = train(
            self._network,
            head,
            batches,
            images=lambda some: self._images(rows[some]),
            augment=augmentation.apply,
            loss=self._loss(batches),
            schedule=schedule,
            identity=self._identity(rows, augmentation),
        )
        self._network.eval()
        self.loss_curve_, self.recall_curve_ = learned
        self.n_iter_ = len(self.loss_curve_)

    def _head(self, batches: Batches) -> nn.Module:
        """The projection between network and loss, dropped after training."""
        if batches.labels is not None:
            return Directions(int(batches.labels.max()) + 1, self.n_components)
        width = 2 * self.n_components
        return nn.Sequential(
            nn.Linear(self.n_components, width, bias=False),
            nn.BatchNorm1d(width),
            nn.ReLU(),
            nn.Linear(width, self.n_components),
        )

    def _means(self, rows: Array, batches: Batches) -> Tensor:
        """Mean vector of each class, of 20,000 images at most."""
        assert batches.labels is not None
        labels = torch.from_numpy(batches.labels[:20_000])
        self._network.eval()
        vectors = in_batches(self._embedded, rows[:20_000], self.n_components, BATCH)
        sums = torch.zeros(int(batches.labels.max()) + 1, self.n_components)
        return functional.normalize(
            sums.index_add(0, labels, torch.from_numpy(vectors)), dim=1
        )

    def _loss(self, batches: Batches) -> Callable[[Tensor, Tensor], Tensor]:
        """The loss of the head's outputs and the groups they belong to."""
        if batches.labels is None:
            tau = 0.2 if self.temperature is None else self.temperature
            return lambda z, groups: contrastive_loss(
                functional.normalize(z, dim=1), groups, tau, self.hardness
            )
        tau = 1 / 16 if self.temperature is None else self.temperature
        return lambda cosines, labels: functional.cross_entropy(
            cosines / tau, labels, label_smoothing=SMOOTHING
        )

    def _identity(self, rows: Array, augmentation: Augmentation) -> str:
        """Text of data and parameters; a checkpoint of another identity is refused."""
        skipped = ("callback", "checkpoint", "n_jobs", "augmentation", "device", "init")
        given = {k: v for k, v in self.get_params().items() if k not in skipped}
        pixels = f"{rows.shape} {rows.dtype} {self._mean} {self._scale}"
        identity = f"{given} {augmentation} {pixels}"
        if self.init is not None:
            identity += "".join(f" {k} {float(v.sum())}" for k, v in self.init.items())
        return identity

    def _check_parameters(self) -> None:
        for name in ("n_components", "max_iter", "batch_size", "grid"):
            check_whole(name, getattr(self, name))
        if len(self.channels) < 2 or min(self.channels) < 1:
            raise ValueError(
                f"channels must be two or more positive integers, got "
                f"{self.channels!r}."
            )
        if self.temperature is not None:
            check_positive("temperature", self.temperature)
        check_positive("learning_rate", self.learning_rate)
        check_positive("alpha", self.alpha, zero=True)
        check_positive("hardness", self.hardness, zero=True)
        check_whole("n_held_out", self.n_held_out, least=0)
        if self.patience is not None:
            check_whole("patience", self.patience)
            if not self.n_held_out:
                raise ValueError(
                    f"patience={self.patience} needs images by which to judge the "
                    "passes: n_held_out must be at least 1, got 0."
                )

    def _new_network(self) -> nn.Sequential:
        colours = self.image_shape_[2] if len(self.image_shape_) == 3 else 1
        return residual_network(colours, self.channels, self.n_components, self.grid)

    def _images(self, X: Array) -> Tensor:
        pixels = torch.from_numpy((X.astype(np.float32) - self._mean) / self._scale)
        shape = (*self.image_shape_[:2], -1)
        images = pixels.reshape(len(X), *shape).permute(0, 3, 1, 2)
        return images.contiguous(memory_format=torch.channels_last)

    def transform(self, X: ArrayLike) -> Array:
        """Embed images, float32 of shape (n_samples, n_components), of unit length."""
        return self._outputs(self._embedded, X, self.n_components, BATCH)

    def _embedded(self, X: Array) -> Tensor:
        return functional.normalize(self._network(self._images(X)), dim=1)

    def arrays(self) -> dict[str, Array]:
        """Return everything that ``transform`` needs, by name."""
        return self._arrays(self.grid, *self.image_shape_)

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
        wide = [v for k, v in weights.items() if v.ndim == 4 and ".change." not in k]
        last = [v for v in weights.values() if v.ndim == 2]
        if facts is None or len(wide) < 2 or len(last) != 1:
            raise ValueError(
                "Expected the arrays of a ContrastiveEmbedding, got "
                f"{', '.join(sorted(arrays)) or 'none'}."
            )
        mean, scale, grid, *shape = facts.tolist()
        model = cls(len(last[0]), tuple(len(w) for w in wide), grid=int(grid))
        model.image_shape_ = tuple(map(int, shape))
        layers = model._new_network()
        return cls._restore(model, layers, weights, mean, scale, model.image_shape_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


class Directions(nn.Module):
    """A learned direction for each class: cosines of vectors with all of them."""

    def __init__(self, n_classes: int, n_components: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n_classes, n_components))

    def forward(self, vectors: Tensor) -> Tensor:
        """Map (n, n_components) to (n, n_classes), in float32."""
        unit = functional.normalize(vectors.float(), dim=1)
        with torch.autocast(unit.device.type, enabled=False):
            return unit @ functional.normalize(self.weight, dim=1).T


def contrastive_loss(
    z: Tensor, groups: Tensor, temperature: float, hardness: float = 0.0
) -> Tensor:
    """Mean loss over all pairs of one group; see ``ContrastiveEmbedding``.

    z : (n, n_components), of unit length
    groups : (n,), equal for vectors that belong together

    Examples
    --------
    A partner at similarity 1, two negatives at 0: log(1 + 2 / e).

    >>> import math, torch
    >>> z = torch.eye(3)[[0, 0, 1, 2]]
    >>> loss = contrastive_loss(z, torch.tensor([0, 0, 1, 2]), temperature=1.0)
    >>> round(float(loss), 4), round(math.log(1 + 2 / math.e), 4)
    (0.5515, 0.5515)
    """
    similarity = z @ z.T
    together = groups[:, None] == groups
    logits = similarity / temperature
    others = logits.masked_fill(together, -torch.inf)
    weights = (hardness * similarity).masked_fill(together, -torch.inf)
    n_others = (~together).sum(dim=1).clamp(min=1).log()
    below = torch.logsumexp(others + hardness * similarity.detach(), dim=1)
    below = below - torch.logsumexp(weights.detach(), dim=1) + n_others
    partner = together & ~torch.eye(len(z), dtype=torch.bool, device=z.device)
    losses = functional.softplus(below[:, None] - logits)
    return losses[partner].mean()


def _checked_rows(name: str, rows: ArrayLike, n: int, width: int | None) -> Ints:
    given = np.asarray(rows)
    wide = "(n, 2)" if width == 2 else "(n_samples, n_neighbors)"
    good = given.ndim == 2 and given.shape[1] == (width or max(given.shape[1], 1))
    if not good or given.dtype.kind not in "iu":
        raise ValueError(
            f"{name} must be whole numbers of shape {wide}, got {given.dtype} of shape "
            f"{given.shape}."
        )
    if len(given) < 2 or given.min() < 0 or given.max() >= n:
        raise ValueError(f"{name} must be two or more lines of rows in [0, {n}).")
    return given.astype(np.int64)
