"""Photographs of an exercise find its instructions, on random splits and by family."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import numpy as np

from lookalike._arrays import unit
from lookalike._typing import Array, Floats
from lookalike.datasets import VideoCollection, load_exercises
from lookalike.features.colour_histogram import colour_histogram, lab_of
from lookalike.features.gradient_histogram import GradientHistogram
from lookalike.features.photograph import describe_photographs
from lookalike.features.video.pooling import POOLINGS, pooled
from lookalike.learn.latent_meaning import LatentMeaning
from lookalike.learn.paired_towers import PairedTowers
from lookalike.learn.ridge import Ridge
from lookalike.systems.videos.fusion import (
    PIXELS_ALONE,
    Parts,
    learn_weights,
)
from lookalike.systems.videos.joint_space import JointSpace
from lookalike.systems.videos.text_side import TextSide, analysis_of
from lookalike_bench.bars import Row
from lookalike_bench.videos.captions import K, found_at_10, paired_row

N_SPLITS = 5
N_TEST = 270
N_FAMILY_FOLDS = 5


@cache
def exercise_set() -> VideoCollection:
    """Return the published exercises."""
    return load_exercises()


def exercise_photographs() -> list[tuple[Array, ...]]:
    """Return the photographs of each exercise."""
    return [each for each in exercise_set().sources if isinstance(each, tuple)]


@cache
def _described() -> dict[str, Array]:
    """Vectors of both photographs of each exercise, by the kind of description."""
    images = [image for pair in exercise_photographs() for image in pair]
    n = len(exercise_set().ids)
    grey = np.stack([_small(image, 96).mean(axis=2) for image in images])
    edges = GradientHistogram(pixels_per_cell=(12, 12), cells_per_block=(2, 2))
    grey = grey.astype(np.uint8)
    edges_of = edges.fit(grey).transform(grey)
    colour = [colour_histogram(lab_of(_small(i, 64)), grid=(2, 2)) for i in images]
    colours = np.stack(colour).reshape(len(images), -1)
    plain = np.hstack([unit(edges_of), unit(colours)]).reshape(n, 2, -1)
    photograph = describe_photographs(images).reshape(n, 2, -1)
    return {"edges and colour": plain, "photograph": photograph}


def _small(image: Array, side: int) -> Array:
    from PIL import Image

    return np.asarray(Image.fromarray(image).resize((side, side)))


def exercises() -> Iterable[Row]:
    """Photographs find their instructions, by a learned space and by a plain ridge."""
    data, vectors = exercise_set(), _described()
    n, whole = len(data.ids), _whole(data)
    ways: dict[str, Any] = {"ridge": _ridge_ranks, "pixels": _space_ranks}
    ways |= {"towers": _tower_ranks}
    found: dict[str, list[Array]] = {name: [] for name in ways}
    pools: dict[str, list[Array]] = {name: [] for name in POOLINGS}
    for seed in range(100, 100 + N_SPLITS):
        order = np.random.default_rng(seed).permutation(n)
        known, asked = order[N_TEST:], order[:N_TEST]
        for name, way in ways.items():
            found[name].append(way(vectors, whole, known, asked) <= K)
        for how in POOLINGS:
            ranks = _space_ranks(vectors, whole, known, asked, how)
            pools[how].append(ranks <= K)
    chance = K / N_TEST
    for name, each in found.items():
        values = np.concatenate(each)
        yield {
            "method": f"random splits: {name}",
            "recall_at_10": values.mean(),
            "splits": N_SPLITS,
            "chance": chance,
        }
    for how, each in pools.items():
        yield {
            "method": f"random splits: pooled by {how}",
            "recall_at_10": np.concatenate(each).mean(),
        }
    both = np.concatenate(found["pixels"]), np.concatenate(found["ridge"])
    yield {"method": "random splits: pixels less ridge", **paired_row(*both)}
    names = sorted(set(data.families))
    number = {name: at % N_FAMILY_FOLDS for at, name in enumerate(names)}
    fold = np.array([number[name] for name in data.families])
    hits: dict[str, Array] = {name: np.zeros(n, bool) for name in ways}
    for at in range(N_FAMILY_FOLDS):
        known, asked = np.flatnonzero(fold != at), np.flatnonzero(fold == at)
        for name, way in ways.items():
            hits[name][asked] = way(vectors, whole, known, asked) <= K
    for name, own in hits.items():
        yield {
            "method": f"by family: {name}",
            "recall_at_10": own.mean(),
            "families": len(names),
            "chance": K * N_FAMILY_FOLDS / n,
        }
    yield {
        "method": "by family: pixels less ridge",
        **paired_row(hits["pixels"], hits["ridge"]),
    }
    yield from _fused(data, vectors, whole)


def _whole(data: VideoCollection) -> list[str]:
    pairs = zip(data.titles, data.descriptions, strict=True)
    return ["\n".join(pair) for pair in pairs]


def _space_ranks(
    vectors: dict[str, Array],
    whole: Sequence[str],
    known: Array,
    asked: Array,
    how: str = "mean",
) -> Floats:
    """Ranks of each exercise's text, by the space that the system learns."""
    pixels = np.stack([pooled(each, how) for each in vectors["photograph"]])
    texts = [whole[row] for row in known]
    space = JointSpace.fit(pixels[known], texts, analysis_of("english"))
    targets = np.stack([space.text(whole[row]) for row in asked])
    return ranks_in(space.pixels(pixels[asked]) @ targets.T)


def _ridge_ranks(
    vectors: dict[str, Array], whole: Sequence[str], known: Array, asked: Array
) -> Floats:
    """The same by a linear ridge; its penalty is chosen on a part of the known."""
    pixels = vectors["edges and colour"].mean(axis=1)
    n = len(known) // 5
    inner, held = known[n:], known[:n]
    tried = {
        alpha: _ridge(pixels, whole, inner, held, alpha)
        for alpha in (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
    }
    best = max(tried, key=lambda alpha: float((tried[alpha] <= K).mean()))
    return _ridge(pixels, whole, known, asked, best)


def _ridge(
    pixels: Array, whole: Sequence[str], known: Array, asked: Array, alpha: float
) -> Floats:
    analysis = analysis_of("english")
    texts = [whole[row] for row in known]
    meaning, targets = LatentMeaning.fit(texts, analysis, 100)
    mean = targets.mean(axis=0)
    model = Ridge(alpha=alpha).fit(pixels[known], targets)
    given = unit(model.predict(pixels[asked]) - mean)
    right = unit(meaning.vectors([whole[row] for row in asked], analysis) - mean)
    return ranks_in(given @ right.T)


def _tower_ranks(
    vectors: dict[str, Array], whole: Sequence[str], known: Array, asked: Array
) -> Floats:
    """The same by two towers with the others of a batch as negatives."""
    analysis = analysis_of("english")
    texts = [whole[row] for row in known]
    meaning, targets = LatentMeaning.fit(texts, analysis, 100)
    pixels = vectors["photograph"].mean(axis=1)
    mean = pixels[known].mean(axis=0)
    towers = PairedTowers(64, 0.1, max_iter=30, batch_size=256, learning_rate=0.003)
    towers.fit(unit(pixels[known] - mean), targets)
    given = towers.transform(unit(pixels[asked] - mean))
    right = meaning.vectors([whole[row] for row in asked], analysis)
    return ranks_in(given @ towers.transform(right, "right").T)


def ranks_in(scores: Array) -> Floats:
    """Return the rank of each row's own column, of equal ones the middle."""
    own = np.diag(scores)[:, None]
    equal = (scores == own).sum(axis=1) - 1
    return np.asarray(1.0 + (scores > own).sum(axis=1) + equal / 2)


def _fused(
    data: VideoCollection, vectors: dict[str, Array], whole: Sequence[str]
) -> Iterable[Row]:
    """Instructions ask, titles and photographs answer: each alone, and fused."""
    analysis = analysis_of("english")
    n = len(data.ids)
    found: dict[str, list[Array]] = {"title": [], "pixels": [], "fused": []}
    for seed in range(100, 100 + N_SPLITS):
        order = np.random.default_rng(seed).permutation(n)
        asked, held, known = (
            order[:N_TEST],
            order[N_TEST : 2 * N_TEST],
            order[2 * N_TEST :],
        )
        chosen = _both(data, vectors, whole, known, held, analysis)
        weights, _ = learn_weights(*chosen, tries_pixels=True)
        taught = np.concatenate([known, held])
        parts, right = _both(data, vectors, whole, taught, asked, analysis)
        for name, own in (
            ("title", weights._replace(seen=0.0)),
            ("pixels", PIXELS_ALONE),
            ("fused", weights),
        ):
            found[name].append(found_at_10(parts, right, own))
    values = {name: np.concatenate(each) for name, each in found.items()}
    for name in ("title", "pixels"):
        yield {
            "method": f"instructions ask, {name}",
            "recall_at_10": values[name].mean(),
        }
    better = max(("title", "pixels"), key=lambda name: values[name].mean())
    yield {
        "method": "title and pixels fused",
        "recall_at_10": values["fused"].mean(),
        "above_better": values["fused"].mean() - values[better].mean(),
        "better": better,
        **paired_row(values["fused"], values[better]),
    }


def _both(
    data: VideoCollection,
    vectors: dict[str, Array],
    whole: Sequence[str],
    known: Array,
    asked: Array,
    analysis: Any,
) -> tuple[list[Parts], list[int]]:
    pixels = np.stack([pooled(each) for each in vectors["photograph"]])
    texts = [whole[row] for row in known]
    space = JointSpace.fit(pixels[known], texts, analysis)
    ids = [data.ids[row] for row in asked]
    titles = [data.titles[row] for row in asked]
    side = TextSide.of(ids, titles, [""] * len(ids), space.meaning, analysis)
    seen = space.pixels(pixels[asked])
    yes = np.ones(len(ids), bool)
    parts = []
    for row in asked:
        query = data.descriptions[row]
        fits = np.asarray(seen @ space.text(query), float)
        parts.append(Parts(side.words(query), side.about(query), fits, yes, yes))
    return parts, list(range(len(ids)))


def differences() -> Iterable[Row]:
    """A small network on both photographs, and on their difference too."""
    try:
        import torch
    except ImportError:
        yield {"method": "network", "note": "not measured: torch is not installed"}
        return
    data = exercise_set()
    whole, n = _whole(data), len(data.ids)
    pairs = [
        [_small(image, 48).mean(axis=2) / 255 for image in pair]
        for pair in exercise_photographs()
    ]
    images = np.array(pairs, np.float32)
    difference = images[:, 1:] - images[:, :1]
    analysis = analysis_of("english")
    found: dict[str, list[Array]] = {"one photograph": [], "with differences": []}
    for seed in range(100, 102):
        order = np.random.default_rng(seed).permutation(n)
        known, asked = order[N_TEST:], order[:N_TEST]
        texts = [whole[row] for row in known]
        meaning, targets = LatentMeaning.fit(texts, analysis, 100)
        mean = targets.mean(axis=0)
        right = unit(meaning.vectors([whole[row] for row in asked], analysis) - mean)
        for name, X in (
            ("one photograph", images[:, :1]),
            ("with differences", np.concatenate([images[:, :1], difference], axis=1)),
        ):
            torch.manual_seed(seed)
            given = _network(torch, X[known], unit(targets - mean), X[asked])
            found[name].append(ranks_in(given @ right.T) <= K)
    for name, each in found.items():
        values = np.concatenate(each)
        yield {"method": f"network, {name}", "recall_at_10": values.mean()}
    both = (
        np.concatenate(found[name]) for name in ("with differences", "one photograph")
    )
    yield {"method": "differences less one photograph", **paired_row(*both)}


def _network(torch: Any, X: Array, targets: Array, asked: Array) -> Array:
    """Vectors of texts for pictures, by a small convolutional network."""
    from torch import nn

    layers: list[Any] = []
    before = X.shape[1]
    for channels in (16, 32, 64):
        layers += [nn.Conv2d(before, channels, 3, 2, 1), nn.ReLU()]
        before = channels
    network = nn.Sequential(
        *layers, nn.Flatten(), nn.Dropout(0.3), nn.Linear(64 * 36, targets.shape[1])
    )
    inputs = torch.from_numpy(X)
    right = torch.from_numpy(np.asarray(targets, np.float32))
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3, weight_decay=1e-4)
    rng = np.random.default_rng(0)
    for _ in range(30):
        for rows in np.array_split(rng.permutation(len(X)), max(1, len(X) // 64)):
            optimizer.zero_grad()
            given = nn.functional.normalize(network(inputs[rows]), dim=1)
            loss = 1 - (given * right[rows]).sum(dim=1).mean()
            loss.backward()
            optimizer.step()
    network.eval()
    with torch.no_grad():
        return unit(network(torch.from_numpy(asked)).numpy())
