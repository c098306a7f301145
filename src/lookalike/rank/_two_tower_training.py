"""Training of the two-tower network (needs the deep extra)."""

from dataclasses import dataclass
from typing import Any

import numpy as np

try:
    import torch
    from torch import Tensor, nn
    from torch.nn import functional
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "TwoTower needs torch to be trained: pip install 'lookalike[deep]'."
    ) from error

from lookalike._checks import check_learned
from lookalike._typing import Float32s
from lookalike.learn.torch_training import threads

MASKED = -1e9  # logit of a pair that is not compared


@dataclass(frozen=True)
class Towers:
    """The learned arrays.

    history, items : float32 (n_items, n_components)
    layers : weights and bias of each layer of the user tower
    losses : mean loss of each pass
    """

    history: Float32s
    items: Float32s
    layers: list[tuple[Float32s, Float32s]]
    losses: list[float]


def corrected_loss(
    scores: Tensor, frequency: Tensor, allowed: Tensor | None = None
) -> Tensor:
    """Return the in-batch softmax loss with the logQ correction of each column.

    Parameters
    ----------
    scores : (n, n), of the i-th user and the j-th item of a batch; pairs of the
        diagonal belong together
    frequency : (n,), probability that each item is drawn
    allowed : (n, n) bool or None, which pairs are compared; None is all

    Examples
    --------
    >>> scores, frequency = torch.zeros(2, 2), torch.tensor([0.9, 0.1])
    >>> round(float(corrected_loss(scores, frequency)), 2)
    1.2
    >>> round(float(corrected_loss(scores, torch.tensor([0.5, 0.5]))), 2)
    0.69
    """
    logits = scores - torch.log(frequency)
    if allowed is not None:
        logits = torch.where(allowed, logits, torch.full_like(logits, MASKED))
    return functional.cross_entropy(logits, torch.arange(len(logits)))


class _Towers(nn.Module):
    def __init__(self, model: Any, n_items: int, n_features: int) -> None:
        super().__init__()
        d = model.n_components
        self.history = nn.Embedding(n_items, d)
        self.item = nn.Embedding(n_items, d)
        for table in (self.history, self.item):
            nn.init.normal_(table.weight, std=0.1)
        self.first = nn.Linear(d, model.hidden_layer_size)
        self.second = nn.Linear(model.hidden_layer_size, d)
        self.content = nn.Embedding(n_features, d) if n_features else None
        if self.content is not None:
            nn.init.normal_(self.content.weight, std=0.1)

    def users(self, sums: Tensor) -> Tensor:
        inner = functional.relu(self.first(sums))
        return functional.normalize(self.second(inner), dim=1)

    def items(self, rows: Any, F: Any) -> Tensor:
        vectors = self.item(torch.from_numpy(rows.astype(np.int64)))
        if self.content is not None:
            described = F[rows]
            content = _sums(described, self.content.weight, described.data)
            vectors = vectors + content
        return functional.normalize(vectors, dim=1)


def train_towers(model: Any, X: Any, F: Any | None) -> Towers:
    """Train by Adam on all pairs, shuffled in each pass.

    model : a TwoTower, whose parameters are read
    X : csr (n_users, n_items)
    F : csr (n_items, n_features) or None
    """
    rng = np.random.default_rng(model.random_state)
    users = np.repeat(np.arange(X.shape[0]), np.diff(X.indptr))
    frequency = np.bincount(X.indices, minlength=X.shape[1]) / X.nnz
    with torch.random.fork_rng(devices=[]), threads(model.n_jobs):
        torch.manual_seed(int(rng.integers(2**31 - 1)))
        towers = _Towers(model, X.shape[1], 0 if F is None else F.shape[1])
        optimiser = torch.optim.Adam(towers.parameters(), lr=model.learning_rate)
        losses = []
        for _ in range(model.max_iter):
            order = rng.permutation(X.nnz)
            total = 0.0
            for start in range(0, X.nnz, model.batch_size):
                pairs = order[start : start + model.batch_size]
                loss = _step(model, towers, X, F, users[pairs], pairs, frequency)
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                total += float(loss.detach()) * len(pairs)
            losses.append(total / X.nnz)
            check_learned(losses[-1])
        return _arrays(model, towers, X.shape[1], F, losses)


def _step(
    model: Any, towers: _Towers, X: Any, F: Any, users: Any, pairs: Any, frequency: Any
) -> Tensor:
    """Loss of one batch of pairs."""
    items = X.indices[pairs]
    rows = X[users]
    own = torch.from_numpy(items.astype(np.int64))
    sums = _sums(rows, towers.history.weight, np.ones_like(rows.data))
    # The item to be predicted is taken out of the sum; a user of one item keeps 0.
    size = torch.from_numpy(np.maximum(np.diff(rows.indptr) - 1, 1).astype(np.float32))
    sums = (sums - towers.history(own)) / torch.sqrt(size)[:, None]
    scores = towers.users(sums) @ towers.items(items, F).T
    # Items that the user has are not negatives, nor is the item itself when it comes
    # up twice in a batch.
    had = np.asarray(rows[:, items].todense()) > 0
    np.fill_diagonal(had, False)
    chance = frequency[items] if model.logq_correction else np.ones(len(items))
    return corrected_loss(
        scores / model.temperature,
        torch.from_numpy(chance.astype(np.float32)),
        torch.from_numpy(~had),
    )


def _sums(rows: Any, vectors: Tensor, weights: Any) -> Tensor:
    """Return ``rows @ vectors``, rows being csr with these weights."""
    return functional.embedding_bag(
        torch.from_numpy(rows.indices.astype(np.int64)),
        vectors,
        torch.from_numpy(rows.indptr[:-1].astype(np.int64)),
        mode="sum",
        per_sample_weights=torch.from_numpy(weights),
    )


def _arrays(
    model: Any, towers: _Towers, n_items: int, F: Any, losses: list[float]
) -> Towers:
    with torch.no_grad():
        items = towers.items(np.arange(n_items), F)
        layers = [
            (
                np.ascontiguousarray(layer.weight.numpy().T),
                layer.bias.numpy().copy(),
            )
            for layer in (towers.first, towers.second)
        ]
        return Towers(
            towers.history.weight.numpy().copy(),
            np.ascontiguousarray(items.numpy() / model.temperature, np.float32),
            layers,
            losses,
        )
