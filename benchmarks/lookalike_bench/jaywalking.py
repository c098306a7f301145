"""``lookalike bench jaywalking``: who crosses, where nobody is meant to, and in time.

``jaad``: the system learned on JAAD's training clips and measured on its test clips, by
the benchmark's protocol; the test clips are read here and in no other job.

``fusion``: the network with early, late and hierarchical fusion, the trees, and their
means, on the validation clips. ``torch``: the network beside the same one of PyTorch,
on the same input; on the validation clips. ``small``: half of the network's weights
pruned, and all of them in int8. ``settings``: the weight of the network and the
threshold by cross-validation, see ``jaywalking_settings``. ``speed``: frames with 20
people, boxes to risks, in processor time of one thread.
"""

import time
from collections.abc import Callable, Iterable
from functools import cache, partial
from typing import Any

import numpy as np

from lookalike.datasets.jaad import load_jaad
from lookalike.datasets.streets import StreetClips
from lookalike.evaluate.roc_area import roc_auc
from lookalike.systems.jaywalking import SPEC
from lookalike.systems.jaywalking.compact import in_bytes, pruned, whole_bytes
from lookalike.systems.jaywalking.features import (
    BOX_STEPS,
    STREET_STEPS,
    Features,
)
from lookalike.systems.jaywalking.labelled import Labelled, labelled
from lookalike.systems.jaywalking.sequence import FUSIONS, SequenceModel
from lookalike.systems.jaywalking.system import Jaywalking
from lookalike_bench.bars import Bar, Row, least, most
from lookalike_bench.jaywalking_settings import folds, rows_of
from lookalike_bench.runner import ProgressCallback, reporting

N_PEOPLE = 20
N_FRAMES = 2000
N_SEEDS = 3

BARS = (
    Bar("JAAD, all: AUC", 0.945, least("value", "jaad", "auc")),
    Bar("JAAD, all: accuracy", 0.879, least("value", "jaad", "accuracy")),
    Bar("JAAD, all: F1", 0.71, least("value", "jaad", "f1")),
    Bar("JAAD, behaviour: AUC", 0.74, least("value", "jaad", "behaviour_auc")),
    Bar("JAAD, behaviour: F1", 0.794, least("value", "jaad", "behaviour_f1")),
    Bar(
        "JAAD, behaviour: F1 less that of always crossing",
        0.0,
        least("above_always", "jaad", "behaviour_f1"),
    ),
    Bar("fused: AUC", 0.955, least("value", "jaad", "auc")),
    Bar(
        "fused less trees alone: AUC, lower end",
        0.0,
        least("low", "jaad", "fused less trees alone"),
    ),
    Bar(
        "jaywalking where no crosswalk is in sight: AP",
        0.55,
        least("value", "jaad", "jaywalking_ap"),
    ),
    Bar(
        "from noisy tracks: AUC lost",
        0.02,
        most("lost", "jaad", "auc_from_noisy_tracks"),
        at_most=True,
    ),
    Bar(
        "own recurrent network and torch's: AUC apart",
        0.01,
        most("apart", "torch", "torch"),
        at_most=True,
    ),
    Bar(
        "pruned by half: AUC lost",
        0.005,
        most("lost", "small", "pruned"),
        at_most=True,
    ),
    Bar(
        "pruned by half: times as small", 2, least("times_as_small", "small", "pruned")
    ),
    Bar("int8: AUC lost", 0.005, most("lost", "small", "int8"), at_most=True),
    Bar("int8: times as small", 2, least("times_as_small", "small", "int8")),
    Bar(
        "20 people a frame: p99, ms of processor time",
        2.0,
        most("p99_ms", "speed", "boxes to risks"),
        at_most=True,
    ),
)


def run(
    only: str | None = None,
    rounds: int = 3,
    progress: ProgressCallback | None = None,
) -> dict[str, Any]:
    """Run the jobs whose name contains ``only``."""
    return reporting(partial(jobs, rounds=rounds), only, progress, BARS)


def jobs(
    report: ProgressCallback, rounds: int = 3
) -> list[tuple[str, Callable[[], Iterable[Row]]]]:
    """All jobs by name."""
    return [
        ("jaad", jaad),
        ("fusion", fusion),
        ("torch", beside_torch),
        ("small", partial(small, rounds)),
        ("settings", settings),
        ("speed", speed),
    ]


@cache
def _data() -> StreetClips:
    return load_jaad()


@cache
def _system() -> Jaywalking:
    return Jaywalking().fit(_data())


@cache
def _part(name: str) -> Labelled:
    return labelled(_data().of(name))


def jaad() -> Iterable[Row]:
    """The system on JAAD's test clips, read once."""
    system = _system()
    result = SPEC.evaluate(system, _data())
    facts = result.facts
    yield {
        "method": "test clips",
        "people": facts["n_test_people"],
        "observations": facts["n_test"],
    }
    for name, each in result.metrics.items():
        row = {"method": name, "value": each.value, "low": each.low, "high": each.high}
        if name in ("f1", "behaviour_f1"):
            always = facts[f"always_crosses_{name}"]
            row |= {"always": always, "above_always": each.value - always}
        if name == "auc_from_noisy_tracks":
            row |= {"lost": facts["noisy_lost"], "followed": facts["noisy_followed"]}
        if name == "jaywalking_ap":
            row |= {
                "direct": facts.get("direct_ap"),
                "people": facts["n_open_road"],
                "jaywalkers": facts["n_jaywalkers"],
            }
        yield row
    fused = {f"fused less {name}": told for name, told in facts["fused"].items()}
    for method, (value, low, high, p) in {**fused, **facts["product"]}.items():
        yield {"method": method, "value": value, "low": low, "high": high, "p": p}
    for name, value in facts["auc_of_parts"].items():
        yield {"method": f"{name}, AUC", "value": value}
    yield {
        "method": "a logistic regression, AUC",
        "value": facts["auc_of_a_logistic_regression"],
    }
    yield {
        "method": "one forest without the car, AUC",
        "value": facts["auc_without_vehicle"],
        "with_car": facts["auc_of_one_forest"],
    }
    for rate, (threshold, warned, seconds) in facts["warning"].items():
        yield {
            "method": f"warning at {rate} false alarms an hour",
            "threshold": threshold,
            "warned": warned,
            "median_seconds": seconds,
            "hours": facts["hours"],
        }


def fusion() -> Iterable[Row]:
    """Networks, trees and means on the validation clips."""
    train, held = _part("train"), _part("validation")
    trees = _system().chances_.trees.scores(held.features.summary)
    yield {"method": "trees", "auc": roc_auc(held.crosses, trees)}
    for name in FUSIONS:
        model = SequenceModel(name).fit(train.features, train.crosses)
        scores = model.scores(held.features)
        yield {
            "method": name,
            "auc": roc_auc(held.crosses, scores),
            "auc_with_trees": roc_auc(held.crosses, (trees + scores) / 2),
        }


def beside_torch() -> Iterable[Row]:
    """Late fusion of ours and of PyTorch, the means of a few seeds."""
    train, held = _part("train"), _part("validation")
    ours = []
    for seed in range(N_SEEDS):
        model = SequenceModel("late", random_state=seed)
        ours.append(model.fit(train.features, train.crosses).scores(held.features))
    own = roc_auc(held.crosses, np.mean(ours, axis=0))
    yield {"method": "lookalike", "auc": own}
    try:
        import torch  # noqa: F401
    except ImportError:
        yield {"method": "torch", "note": "not measured: torch is not installed"}
        return
    theirs = [_torch_scores(train, held.features, seed) for seed in range(N_SEEDS)]
    other = roc_auc(held.crosses, np.mean(theirs, axis=0))
    yield {"method": "torch", "auc": other, "apart": abs(own - other)}


def _torch_scores(train: Labelled, asked: Features, seed: int) -> Any:
    """The same network, loss, penalty, schedule and batches, of PyTorch's layers."""
    import torch
    from torch import nn

    like = SequenceModel("late")
    torch.manual_seed(seed)

    class Late(nn.Module):
        def __init__(self, n: int) -> None:
            super().__init__()
            units = like.n_units
            self.boxes = nn.GRU(BOX_STEPS.stop, units, batch_first=True)
            n_street = STREET_STEPS.stop - STREET_STEPS.start
            self.street = nn.GRU(n_street, units, batch_first=True)
            self.head = nn.Sequential(
                nn.Dropout(like.dropout),
                nn.Linear(2 * units + n, 16),
                nn.ReLU(),
                nn.Linear(16, 1),
            )

        def forward(self, sequence: Any, summary: Any) -> Any:
            last = [
                self.boxes(sequence[:, :, BOX_STEPS])[0][:, -1],
                self.street(sequence[:, :, STREET_STEPS])[0][:, -1],
            ]
            return self.head(torch.cat([*last, summary], dim=1))[:, 0]

    flat = np.sign(train.features.summary) * np.log1p(abs(train.features.summary))
    middle, scale = flat.mean(axis=0), np.maximum(flat.std(axis=0), 1e-3)

    def inputs(features: Features) -> tuple[Any, Any]:
        own = np.sign(features.summary) * np.log1p(abs(features.summary))
        own = np.clip((own - middle) / scale, -4, 4).astype(np.float32)
        return torch.from_numpy(features.sequence), torch.from_numpy(own)

    X, y = inputs(train.features), torch.from_numpy(train.crosses.astype(np.float32))
    network = Late(X[1].shape[1])
    optimizer = torch.optim.Adam(network.parameters(), lr=like.learning_rate)
    loss_of = nn.BCEWithLogitsLoss()
    matrices = [p for p in network.parameters() if p.ndim == 2]
    rng = np.random.default_rng(seed)
    n_batches = max(1, len(y) // 64)
    for epoch in range(like.n_epochs):
        for at, rows in enumerate(np.array_split(rng.permutation(len(y)), n_batches)):
            done = (epoch + at / n_batches) / like.n_epochs
            optimizer.param_groups[0]["lr"] = like.learning_rate * (1 - done)
            network.train()
            optimizer.zero_grad()
            loss = loss_of(network(X[0][rows], X[1][rows]), y[rows])
            penalty = sum((p * p).sum() for p in matrices)
            (loss + like.alpha / 2 * penalty).backward()
            optimizer.step()
    network.eval()
    with torch.no_grad():
        return network(*inputs(asked)).numpy()


def small(rounds: int) -> Iterable[Row]:
    """The network whole, pruned and in int8, on the validation clips."""
    held, network = _part("validation"), _system().chances_.network
    size = whole_bytes(network)
    before = roc_auc(held.crosses, network.scores(held.features))
    few = held.features[np.arange(N_PEOPLE)]
    seconds = _seconds(network, few, rounds)
    yield {"method": "whole", "auc": before, "bytes": size, "ms": 1000 * seconds}
    for name, (made, n) in (
        ("pruned", pruned(network)),
        ("int8", in_bytes(network)),
    ):
        auc = roc_auc(held.crosses, made.scores(held.features))
        took = _seconds(made, few, rounds)
        yield {
            "method": name,
            "auc": auc,
            "lost": before - auc,
            "bytes": n,
            "times_as_small": size / n,
            "ms": 1000 * took,
            "times_as_fast": seconds / took,
        }


def _seconds(network: SequenceModel, features: Features, rounds: int) -> float:
    network.scores(features)
    found = []
    for _ in range(max(rounds, 3)):
        begun = time.process_time()
        for _ in range(100):
            network.scores(features)
        found.append((time.process_time() - begun) / 100)
    return min(found)


def settings() -> Iterable[Row]:
    """Cross-validation of the settings on the training and validation clips."""
    return rows_of(list(folds(_data())))


def speed() -> Iterable[Row]:
    """Boxes of twenty people, each frame from boxes to risks."""
    system = _system()
    stream = system.new_stream(1920, 1080)
    rng = np.random.default_rng(0)
    corner = np.column_stack(
        [rng.uniform(0, 1600, N_PEOPLE), rng.uniform(300, 500, N_PEOPLE)]
    )
    size = rng.uniform(60, 200, N_PEOPLE)
    base = np.column_stack([corner, corner[:, 0] + 0.4 * size, corner[:, 1] + size])
    milliseconds, judged = [], []
    for frame in range(N_FRAMES):
        box = base + rng.normal(0, 1, base.shape) + (frame % 200)
        begun = time.thread_time()
        found = stream.step(frame, box, "moving_slow", ["crosswalk"])
        milliseconds.append(1000 * (time.thread_time() - begun))
        judged.append(len(found))
    milliseconds = milliseconds[100:]
    yield {
        "method": "boxes to risks",
        "people": float(np.median(judged)),
        "median_ms": float(np.median(milliseconds)),
        "p99_ms": float(np.quantile(milliseconds, 0.99)),
    }
