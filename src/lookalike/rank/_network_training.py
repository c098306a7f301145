"""Training of the networks that rank (needs the deep extra)."""

from itertools import pairwise
from typing import Any

import numpy as np

from lookalike._typing import Array, Floats
from lookalike.rank._network import Network, effective_weights
from lookalike.rank.ranker import mean_and_scale

try:
    import torch
    from torch import Tensor, nn
    from torch.nn import functional
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "Networks are trained by torch: pip install 'lookalike[deep]'."
    ) from error

from lookalike.learn.torch_training import threads
from lookalike.rank._cycle_training import train_in_a_cycle


class Cross(nn.Module):
    """Cross layers, which multiply features with each other: x0 * (W x + b) + x."""

    def __init__(self, n_features: int, n_layers: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Linear(n_features, n_features) for _ in range(n_layers)
        )

    def forward(self, first: Tensor) -> Tensor:
        """Return the crossed rows, (n_rows, n_features)."""
        rows = first
        for layer in self.layers:
            rows = first * layer(rows) + rows
        return rows


def focal_loss(scores: Tensor, target: Tensor, gamma: float) -> Tensor:
    r"""Return the focal loss of each row: the logistic loss, down-weighted if small.

    .. math:: -(1 - p_t)^\gamma \ln p_t,

    with :math:`p_t` the predicted probability of the true class [1]_.

    References
    ----------
    .. [1] Lin, Goyal, Girshick, He and Dollár (2017). "Focal loss for dense object
       detection". ICCV, equation 4.

    Examples
    --------
    >>> scores, target = torch.tensor([0.0, 3.0]), torch.tensor([1.0, 1.0])
    >>> losses = [focal_loss(scores, target, gamma).numpy() for gamma in (0, 2)]
    >>> [each.round(4).tolist() for each in losses]
    [[0.6931, 0.0486], [0.1733, 0.0001]]
    """
    each = functional.binary_cross_entropy_with_logits(scores, target, reduction="none")
    return (-torch.expm1(-each)) ** gamma * each


def train_network(
    ranker: Any, rows: Array, relevant: Array, weight: Array
) -> tuple[Network, list[float]]:
    """Train by AdamW with a one-cycle learning rate; return network and mean losses.

    ranker : a NetworkRanker, whose parameters are read
    rows : float32 (n_rows, n_features)
    relevant : bool (n_rows,)
    weight : float32 (n_rows,)
    """
    mean, scale = mean_and_scale(rows)
    if ranker.loss == "balanced":
        weight = weight * effective_weights(relevant, ranker.beta)
    seed = int(np.random.default_rng(ranker.random_state).integers(2**31 - 1))
    with torch.random.fork_rng(devices=[]), threads(ranker.n_jobs):
        torch.manual_seed(seed)
        cross = Cross(rows.shape[1], ranker.n_cross)
        dense = _dense([rows.shape[1], *ranker.hidden_layer_sizes, 1], ranker.dropout)
        curve = _minimise(
            ranker,
            nn.Sequential(cross, dense),
            torch.from_numpy(((rows - mean) / scale).astype(np.float32)),
            torch.from_numpy(relevant.astype(np.float32)),
            torch.from_numpy(weight.astype(np.float32)),
        )
    layers = [layer for layer in dense if isinstance(layer, nn.Linear)]
    crossed = tuple(_arrays(layer) for layer in cross.layers)
    return Network(mean, scale, crossed, tuple(map(_arrays, layers))), curve


def _dense(widths: list[int], dropout: float) -> nn.Sequential:
    parts: list[nn.Module] = []
    for a, b in pairwise(widths[:-1]):
        parts += [nn.Linear(a, b), nn.ReLU(), nn.Dropout(dropout)]
    return nn.Sequential(*parts, nn.Linear(widths[-2], 1))


def _arrays(layer: Any) -> tuple[Floats, Floats]:
    weights, bias = (
        part.detach().numpy().astype(np.float64) for part in (layer.weight, layer.bias)
    )
    return np.ascontiguousarray(weights.T), bias


def _minimise(
    ranker: Any, network: nn.Module, rows: Tensor, target: Tensor, weight: Tensor
) -> list[float]:
    gamma = ranker.gamma if ranker.loss == "focal" else 0.0
    optimiser = torch.optim.AdamW(
        network.parameters(), ranker.learning_rate, weight_decay=ranker.alpha
    )

    def loss_of(batch: Tensor) -> tuple[Tensor, Tensor]:
        scores = network(rows[batch])[:, 0]
        loss = (weight[batch] * focal_loss(scores, target[batch], gamma)).mean()
        return loss, loss

    network.train()
    return train_in_a_cycle(ranker, optimiser, len(rows), loss_of)
