"""Races of ``lookalike bench algorithms`` for networks.

The contestants of a race have the same layers, start from the same distribution, take
as many steps of Adam on batches of the same size, and show what they reached.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np

from lookalike_bench.arrays import Array
from lookalike_bench.races.common import SCIKIT, Timed, compare, kind_of, ours, shades
from lookalike_bench.runner import BLAS, OURS, Job


def jobs(rounds: int = 3) -> Iterator[Job]:
    """All races of this file."""
    all_three, both = (OURS, SCIKIT, "torch"), (OURS, "torch")
    name = "network 784-256-10, 3 epochs, MNIST"
    yield compare(name, network, all_three, rounds, BLAS)
    name = "network for numbers, 50-100-1, 10 epochs"
    yield compare(name, regression, all_three[:2], rounds, BLAS)
    yield compare("convolutional network, 1 epoch", convolution, both, rounds, BLAS)
    for layer in ("RNN", "GRU"):
        name = f"{layer}, 64 sequences of 50, forward and backward"
        yield compare(name, recurrence, both, rounds, BLAS, layer=layer)
    yield compare("word windows, 2 epochs", word_windows, both, rounds, BLAS)


def _torch() -> Any:
    import os

    import torch

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    torch.manual_seed(0)
    return torch


def _steps(
    torch: Any, net: Any, X: Any, y: Any, size: int, epochs: int, decays: bool = True
) -> None:
    """Train by Adam, as one writes it in torch; the rate falls to zero, or not."""
    optimizer = torch.optim.Adam(net.parameters(), 1e-3, fused=True)
    starts = range(0, len(X), size)
    for epoch in range(epochs):
        order = torch.randperm(len(X))
        for k, start in enumerate(starts):
            if decays:
                done = (epoch * len(starts) + k) / (epochs * len(starts))
                optimizer.param_groups[0]["lr"] = 1e-3 * (1 - done)
            rows = order[start : start + size]
            loss = torch.nn.functional.cross_entropy(net(X[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def _accuracy(torch: Any, net: Any, X: Any, y: Array) -> float:
    with torch.no_grad():
        return float((net(X).argmax(1).numpy() == y).mean())


def network(method: str) -> Timed:
    """One hidden layer of 256 units, batches of 200, no penalty."""
    X, y, Q, truth = shades()
    if method == "torch":
        return _network_in_torch(X, y, Q, truth)
    kind = kind_of(method, "neural_network", "MLPClassifier")

    def call() -> Any:
        return kind((256,), max_iter=3, alpha=0.0, random_state=0).fit(X, y)

    return call, lambda model: {"accuracy": float(model.score(Q, truth))}


def _network_in_torch(X: Array, y: Array, Q: Array, truth: Array) -> Timed:
    torch = _torch()
    x, t, q = (torch.from_numpy(np.asarray(a)) for a in (X, y.astype(np.int64), Q))

    def call() -> Any:
        layers = [torch.nn.Linear(784, 256), torch.nn.Linear(256, 10)]
        for layer in layers:  # the others' start: Xavier's
            torch.nn.init.xavier_uniform_(layer.weight)
        net = torch.nn.Sequential(layers[0], torch.nn.ReLU(), layers[1])
        _steps(torch, net, x, t, 200, 3, decays=False)
        return net

    return call, lambda net: {"accuracy": _accuracy(torch, net, q, truth)}


def regression(method: str) -> Timed:
    """A smooth function of 50 numbers, with noise; ``r2`` on as many new rows."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40_000, 50)).astype(np.float32)
    y = X[:, 0] * X[:, 1] + np.sin(3 * X[:, 2]) + rng.normal(size=len(X)) * 0.3
    y = y.astype(np.float32)
    kind = kind_of(method, "neural_network", "MLPRegressor")

    def call() -> Any:
        return kind(max_iter=10, random_state=0).fit(X[:20_000], y[:20_000])

    return call, lambda model: {"r2": float(model.score(X[20_000:], y[20_000:]))}


def convolution(method: str) -> Timed:
    """Two blocks of 16 and 32 filters on 10,000 digits, batches of 64."""
    X, y, Q, truth = shades()
    X, y = X[:10_000], y[:10_000].astype(np.int64)
    if ours(method):
        from lookalike.learn import ConvNetClassifier

        model = ConvNetClassifier(
            (16, 32), max_iter=1, learning_rate_init=1e-3, random_state=0
        )
        return lambda: model.fit(X, y), lambda m: {"accuracy": m.score(Q, truth)}
    torch = _torch()
    nn = torch.nn
    mean, scale = float(X.mean()), float(X.std())
    x, q = (
        torch.from_numpy((images - mean) / scale).reshape(-1, 1, 28, 28)
        for images in (X, Q)
    )

    def call() -> Any:
        net = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.MaxPool2d(2), nn.ReLU(),
            nn.Conv2d(16, 32, 3, padding=1), nn.MaxPool2d(2), nn.ReLU(),
            nn.Flatten(), nn.Linear(1568, 10),
        )  # fmt: skip
        for layer in net:
            if hasattr(layer, "weight"):
                nn.init.kaiming_normal_(layer.weight)
                nn.init.zeros_(layer.bias)
        _steps(torch, net, x, torch.from_numpy(y), 64, 1)
        return net

    return call, lambda net: {"accuracy": _accuracy(torch, net, q, truth)}


def recurrence(method: str, layer: str) -> Timed:
    """32 features in, 64 units; the same weights, twenty times."""
    from lookalike.learn import layers

    rng = np.random.RandomState(0)
    mine = getattr(layers, layer).random(32, 64, random_state=rng)
    X = rng.standard_normal((64, 50, 32)).astype(np.float32)
    G = rng.standard_normal((64, 50, 64)).astype(np.float32)

    def call() -> Any:
        for _ in range(20):
            Y = mine.forward(X, training=True)
            back = mine.backward(G)
        return Y, back

    if ours(method):
        return call, lambda _: {"error": 0.0}
    torch = _torch()
    peer = getattr(torch.nn, layer)(32, 64, batch_first=True)
    arrays = [w.T for w in mine.parameters[:2]] + list(mine.parameters[2:])
    with torch.no_grad():
        for leaf in peer.parameters():
            leaf.zero_()
        for leaf, array in zip(peer.parameters(), arrays, strict=False):
            leaf.copy_(torch.from_numpy(np.ascontiguousarray(array)))
    x, g = torch.from_numpy(X).requires_grad_(), torch.from_numpy(G)

    def call_torch() -> Any:
        for _ in range(20):
            x.grad = None
            y, _ = peer(x)
            y.backward(g)
        return y.detach().numpy(), x.grad.numpy()

    def describe(answer: Any) -> dict[str, Any]:
        pairs = zip(answer, call(), strict=True)
        return {"error": max(float(abs(a - b).max()) for a, b in pairs)}

    return call_torch, describe


def word_windows(method: str) -> Timed:
    """Tag 3,394 tweets: five words, vectors of 25, 25 units, batches of 64."""
    sentences, tags = _tweets()
    from lookalike.learn import WordWindowClassifier

    model = WordWindowClassifier(
        max_iter=2, unknown_weight=0.0, learning_rate_init=1e-3, random_state=0
    )
    if ours(method):
        score = lambda m: {"accuracy": m.score(sentences, tags)}  # noqa: E731
        return lambda: model.fit(sentences, tags), score
    torch = _torch()
    nn = torch.nn
    from lookalike.features.text import Vocabulary, padded_windows

    def call() -> Any:
        vocabulary = Vocabulary().fit(sentences)
        x = torch.from_numpy(padded_windows(vocabulary.transform(sentences), 2, 2))
        y = torch.from_numpy(np.concatenate(tags))
        net = nn.Sequential(
            nn.Embedding(len(vocabulary.tokens_), 25, padding_idx=0), nn.Flatten(),
            nn.Linear(125, 25), nn.Tanh(), nn.Linear(25, int(y.max()) + 1),
        )  # fmt: skip
        _steps(torch, net, x, y, 64, 2)
        return net, x, y.numpy()

    return call, lambda answer: {"accuracy": _accuracy(torch, *answer)}


@cache
def _tweets() -> tuple[list[list[str]], list[Array]]:
    """Words of the WNUT-17 training tweets and whether each is part of a name."""
    import gzip

    from lookalike.datasets import find

    packed = (find("wnut17") / "wnut17train.conll.gz").read_bytes()
    sentences: list[list[str]] = [[]]
    tags: list[list[int]] = [[]]
    for line in gzip.decompress(packed).decode().splitlines():
        word, _, tag = line.partition("\t")
        if word:
            sentences[-1].append(word)
            tags[-1].append(int(tag != "O"))
        else:
            sentences.append([])
            tags.append([])
    return sentences, [np.array(row, dtype=np.int64) for row in tags]
