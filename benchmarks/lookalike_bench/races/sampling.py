"""Races of ``lookalike bench algorithms`` for samples.

``error`` is the largest difference between the shares that are drawn and those that are
asked for, or the relative error of a sum.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from lookalike_bench.arrays import Array
from lookalike_bench.races.common import SCIKIT, Timed, compare, ours
from lookalike_bench.runner import OURS, Job

NUMPY = "numpy choice"


def jobs(rounds: int = 3) -> Iterator[Job]:
    """All races of this file."""
    for n in (1_000, 100_000):
        name = f"million draws from {n:,}"
        yield compare(name, draws, (OURS, NUMPY), rounds, n=n)
    name = "stratified sample of a million"
    yield compare(name, strata, (OURS, SCIKIT), rounds)
    name = "100 of a stream of a million"
    yield compare(name, stream, (OURS, "plain Python"), rounds)
    name = "importance sample of 100,000 of a million rows"
    yield compare(name, important, (OURS, NUMPY), rounds)
    name = "20 negatives for each of 10,000, 100,000 items"
    yield compare(name, negatives, (OURS, NUMPY, "torch"), rounds)
    name = "1,000 of a million rows by weight, none twice"
    yield compare(name, weighted, (OURS, NUMPY), rounds)


def draws(method: str, n: int) -> Timed:
    """Draw a million numbers by weights that fall like 1 over the rank."""
    from lookalike.features.sampling import AliasTable

    weights = 1 / np.arange(1, n + 1)
    weights /= weights.sum()
    table = AliasTable(weights)
    rng = np.random.default_rng(0)

    def call() -> Array:
        if ours(method):
            return table.sample(1_000_000, rng)
        return rng.choice(n, 1_000_000, p=weights)

    def describe(drawn: Array) -> dict[str, Any]:
        share = np.bincount(drawn, minlength=n) / len(drawn)
        return {"error": float(abs(share - weights).max())}

    return call, describe


def strata(method: str) -> Timed:
    """A tenth of a million rows from fifty strata by their sizes."""
    from sklearn.model_selection import train_test_split

    from lookalike.features.sampling import stratified_sample

    labels = np.random.default_rng(0).zipf(1.2, size=1_000_000) % 50
    rows = np.arange(len(labels))

    def call() -> Array:
        if ours(method):
            return stratified_sample(labels, 100_000, random_state=0).rows
        return train_test_split(
            rows, train_size=100_000, stratify=labels, random_state=0
        )[0]

    def describe(chosen: Array) -> dict[str, Any]:
        share = np.bincount(labels[chosen]) / len(chosen)
        return {"error": float(abs(share - np.bincount(labels) / len(labels)).max())}

    return call, describe


def stream(method: str) -> Timed:
    """A uniform sample; ``mean`` of 100 of the numbers up to a million."""
    import random

    from lookalike.features.sampling import Reservoir

    def call() -> list[int]:
        if ours(method):
            sample: Reservoir[int] = Reservoir(100, random_state=0)
            return sample.update(range(1_000_000)).items
        chance, kept = random.Random(0), list(range(100))
        for i in range(100, 1_000_000):
            j = chance.randrange(i + 1)
            if j < 100:
                kept[j] = i
        return kept

    return call, lambda kept: {"mean": float(np.mean(kept))}


def important(method: str) -> Timed:
    """Estimate a sum by draws in proportion to what is near its terms."""
    from lookalike.features.sampling import importance_sample

    rng = np.random.default_rng(0)
    terms = rng.exponential(size=1_000_000)
    scores = terms * rng.uniform(0.5, 1.5, size=len(terms))

    def call() -> float:
        if ours(method):
            drawn = importance_sample(scores, 100_000, rng)
            return float(drawn.weights @ terms[drawn.rows])
        shares = scores / scores.sum()
        rows = rng.choice(len(terms), 100_000, p=shares)
        return float((terms[rows] / shares[rows]).mean())

    return call, lambda total: {"error": abs(total / float(terms.sum()) - 1)}


def negatives(method: str) -> Timed:
    """Wrong answers by popularity, never the right one."""
    from lookalike.features.sampling import NegativeSampler

    rng = np.random.default_rng(0)
    counts = 1 + 1e6 / np.arange(1, 100_001)
    positives = rng.choice(len(counts), 10_000, p=counts / counts.sum())
    sampler = NegativeSampler(counts, 20, random_state=0)
    shares = sampler.probabilities
    draw = _multinomial(shares) if method == "torch" else None

    def call() -> Array:
        if ours(method):
            return sampler.sample(positives)
        take: Any = draw or (lambda n: rng.choice(len(shares), n, p=shares))
        drawn: Array = take(200_000).reshape(10_000, 20)
        while (hit := drawn == positives[:, None]).any():
            drawn[hit] = take(int(hit.sum()))
        return drawn

    def describe(drawn: Array) -> dict[str, Any]:
        share = np.bincount(drawn.ravel(), minlength=len(shares)) / drawn.size
        # What the rule gives: q_i / (1 - q_p) for a positive p, averaged over them.
        each = np.bincount(positives, 1 / (1 - shares[positives]), len(shares))
        expected = shares * (each.sum() - each) / len(positives)
        return {"error": float(abs(share - expected).max())}

    return call, describe


def _multinomial(shares: Array) -> Any:
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)
    table = torch.from_numpy(shares)
    return lambda n: torch.multinomial(table, n, replacement=True).numpy()


def weighted(method: str) -> Timed:
    """Rows by weight; ``weight`` is the mean weight of what is drawn."""
    from lookalike.features.sampling import WeightedReservoir

    rng = np.random.default_rng(0)
    weights = rng.exponential(size=1_000_000)
    shares, rows = weights / weights.sum(), range(len(weights))

    def call() -> Any:
        if ours(method):
            kept: WeightedReservoir[int] = WeightedReservoir(1_000, random_state=rng)
            return kept.update(rows, weights).items
        return rng.choice(len(weights), 1_000, replace=False, p=shares)

    return call, lambda kept: {"weight": float(weights[np.asarray(kept)].mean())}
