"""Training of networks over embeddings of codes (needs the deep extra)."""

from itertools import pairwise
from typing import Any

import numpy as np

from lookalike._typing import Array, Floats

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


class EmbeddingModule(nn.Module):
    """The network of an ``EmbeddingRanker``, whose parameters are read.

    A code of 0 is none; all others are one higher than those of the rows.
    """

    def __init__(self, ranker: Any, n_slots: int) -> None:
        super().__init__()
        self.structure = ranker.structure
        width = n_slots * ranker.n_factors
        self.embeddings = nn.Embedding(ranker.n_codes + 1, ranker.n_factors, 0)
        nn.init.normal_(self.embeddings.weight, std=0.05)
        with torch.no_grad():
            self.embeddings.weight[0] = 0.0
        n_cross = 0 if self.structure == "deepfm" else ranker.n_cross
        self.cross = nn.ModuleList(nn.Linear(width, width) for _ in range(n_cross))
        widths = [width, *ranker.hidden_layer_sizes]
        self.deep = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))
        last = widths[-1] + (width if self.structure == "parallel" else 0)
        self.last = nn.Linear(last, 1)
        if self.structure == "deepfm":
            self.weights = nn.Embedding(ranker.n_codes + 1, 1, 0)
            nn.init.zeros_(self.weights.weight)

    def forward(self, codes: Tensor) -> tuple[Tensor, Tensor]:
        """Return scores (n_rows,), and the mean square of the rows' embeddings."""
        each = self.embeddings(codes)
        first = each.flatten(1)
        crossed = first
        for layer in self.cross:
            crossed = first * layer(crossed) + crossed
        hidden = crossed if self.structure == "stacked" else first
        for layer in self.deep:
            hidden = functional.relu(layer(hidden))
        if self.structure == "parallel":
            hidden = torch.cat([crossed, hidden], dim=1)
        scores = self.last(hidden)[:, 0]
        size = each.square().sum(dim=(1, 2)).mean()
        if self.structure == "deepfm":
            pairs = each.sum(dim=1).square() - each.square().sum(dim=1)
            single = self.weights(codes)
            scores = scores + single.sum(dim=(1, 2)) + 0.5 * pairs.sum(dim=1)
            size = size + single.square().sum(dim=(1, 2)).mean()
        return scores, size

    def arrays(self) -> dict[str, Array]:
        """Return the layers as ``EmbeddingRanker`` keeps them."""
        found = {"embeddings": _array(self.embeddings.weight)[1:]}
        if self.structure == "deepfm":
            found["weights"] = np.ascontiguousarray(_array(self.weights.weight)[1:, 0])
        named = [(f"cross{at}", layer) for at, layer in enumerate(self.cross)]
        named += [(f"deep{at}", layer) for at, layer in enumerate(self.deep)]
        for name, layer in [*named, ("last", self.last)]:
            found[f"{name}.weights"] = np.ascontiguousarray(_array(layer.weight).T)
            found[f"{name}.bias"] = _array(layer.bias)
        return found


def train_embeddings(
    ranker: Any, codes: Array, clicked: Floats, weight: Array
) -> tuple[dict[str, Array], list[float]]:
    """Train by Adam with a one-cycle learning rate; return layers and mean losses.

    codes : int32 (n_rows, n_slots), -1 is none
    clicked : (n_rows,), 0 or 1
    weight : float32 (n_rows,)
    """
    seed = int(np.random.default_rng(ranker.random_state).integers(2**31 - 1))
    rows = torch.from_numpy(codes.astype(np.int64) + 1)
    target = torch.from_numpy(clicked.astype(np.float32))
    sample = torch.from_numpy(weight.astype(np.float32))
    with torch.random.fork_rng(devices=[]), threads(ranker.n_jobs):
        torch.manual_seed(seed)
        network = EmbeddingModule(ranker, codes.shape[1])
        optimiser = torch.optim.Adam(network.parameters(), ranker.learning_rate)

        def loss_of(batch: Tensor) -> tuple[Tensor, Tensor]:
            scores, size = network(rows[batch])
            each = functional.binary_cross_entropy_with_logits(
                scores, target[batch], reduction="none"
            )
            loss = (sample[batch] * each).mean()
            return loss + ranker.alpha * size, loss

        curve = train_in_a_cycle(ranker, optimiser, len(rows), loss_of)
        layers = network.arrays()
    return layers, curve


def _array(parameter: Any) -> Floats:
    found: Floats = parameter.detach().numpy().astype(np.float64)
    return found
