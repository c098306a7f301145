"""Training of networks of several heads (needs the deep extra)."""

from itertools import pairwise
from typing import Any

import numpy as np

from lookalike._typing import Array, Floats
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


class _Heads(nn.Module):
    """Bottoms, gates where there are several, and a line a head."""

    def __init__(self, n_features: int, n_heads: int, network: Any) -> None:
        super().__init__()
        n = network.n_experts if network.kind == "mmoe" else 1
        widths = [n_features, *network.hidden_layer_sizes]
        self.bottoms: Any = nn.ModuleList(
            nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))
            for _ in range(n)
        )
        self.gate = nn.Linear(n_features, n_heads * n) if n > 1 else None
        self.heads = nn.Linear(widths[-1], n_heads)

    def forward(self, first: Tensor) -> Tensor:
        """Return the scores, (n_rows, n_heads)."""
        inside = []
        for bottom in self.bottoms:
            rows = first
            for layer in bottom:
                rows = functional.relu(layer(rows))
            inside.append(rows)
        if self.gate is None:
            found: Tensor = self.heads(inside[0])
            return found
        gates = self.gate(first).reshape(len(first), -1, len(inside)).softmax(dim=2)
        said = torch.stack([rows @ self.heads.weight.T for rows in inside], dim=2)
        mixed: Tensor = (gates * said).sum(dim=2) + self.heads.bias
        return mixed


def train_multi_task(
    network: Any, rows: Array, answers: Floats, regression: Array
) -> tuple[dict[str, Array], list[float]]:
    """Train by AdamW with a one-cycle learning rate; return arrays and mean losses.

    network : a MultiTaskNetwork, whose parameters are read
    rows : float32 (n_rows, n_features)
    answers : (n_rows, n_heads), nan where unknown
    regression : bool (n_heads,)
    """
    mean, scale = mean_and_scale(rows)
    known = np.isfinite(answers)
    target = np.where(known, answers, 0.0)
    share = target.sum(axis=0) / known.sum(axis=0)
    constant = _loss_of_constant(target, known, share, regression)
    # A head with few answers counts less: else its few rows would be learned by heart.
    weight = known / constant
    seed = int(np.random.default_rng(network.random_state).integers(2**31 - 1))
    with torch.random.fork_rng(devices=[]), threads(network.n_jobs):
        torch.manual_seed(seed)
        model = _Heads(rows.shape[1], answers.shape[1], network)
        with torch.no_grad():
            rate = np.clip(share, 1e-4, 1 - 1e-4)
            start = np.where(regression, share, np.log(rate / (1 - rate)))
            model.heads.bias.copy_(torch.from_numpy(start.astype(np.float32)))
        curve = _minimise(
            network,
            model,
            torch.from_numpy(((rows - mean) / scale).astype(np.float32)),
            torch.from_numpy(target.astype(np.float32)),
            torch.from_numpy(weight.astype(np.float32)),
            torch.from_numpy(regression),
        )
    return {"mean": mean, "scale": scale, **_arrays(model)}, curve


def _loss_of_constant(
    target: Floats, known: Array, share: Floats, regression: Array
) -> Floats:
    """Mean loss of each head where the same is said of all, at least a thousandth."""
    p = np.clip(share, 1e-6, 1 - 1e-6)
    entropy = -(p * np.log(p) + (1 - p) * np.log1p(-p))
    squares = (known * (target - share) ** 2).sum(axis=0) / known.sum(axis=0) / 2
    found: Floats = np.maximum(np.where(regression, squares, entropy), 1e-3)
    return found


def _minimise(
    network: Any,
    model: nn.Module,
    rows: Tensor,
    target: Tensor,
    weight: Tensor,
    regression: Tensor,
) -> list[float]:
    optimiser = torch.optim.AdamW(
        model.parameters(), network.learning_rate, weight_decay=network.alpha
    )

    def loss_of(batch: Tensor) -> tuple[Tensor, Tensor]:
        scores, wanted = model(rows[batch]), target[batch]
        logistic = functional.binary_cross_entropy_with_logits(
            scores, wanted.clamp(0, 1), reduction="none"
        )
        each = torch.where(regression, (scores - wanted) ** 2 / 2, logistic)
        loss = (weight[batch] * each).sum(dim=1).mean()
        return loss, loss

    model.train()
    return train_in_a_cycle(network, optimiser, len(rows), loss_of)


def _arrays(model: Any) -> dict[str, Array]:
    found: dict[str, Array] = {}
    for at, bottom in enumerate(model.bottoms):
        for layer, each in enumerate(bottom):
            found |= _of_layer(f"bottom{at}_{layer}", each)
    found |= _of_layer("head", model.heads)
    if model.gate is not None:
        found |= _of_layer("gate", model.gate)
    return found


def _of_layer(name: str, layer: Any) -> dict[str, Array]:
    weights, bias = (
        part.detach().numpy().astype(np.float64) for part in (layer.weight, layer.bias)
    )
    return {f"{name}_weights": np.ascontiguousarray(weights.T), f"{name}_bias": bias}
