"""Training that can be interrupted at any time and resumed with the same result.

Random numbers are drawn from the seed and the number of the step, so that a checkpoint
holds only weights, momenta and curves: arrays and one JSON text, nothing pickled.

Needs the deep extra; only modules that have found torch import this one.
"""

import hashlib
import json
import math
import os
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from lookalike._arrays import named
from lookalike._checks import check_learned
from lookalike._files import write_whole
from lookalike._typing import Array, Ints
from lookalike.learn.torch_training import has_bfloat16

RISE = 0.25  # share of the steps in which the rate rises; then it falls to zero
COMPARED = 5_000  # most rows among which held-out images find their neighbour


@dataclass(frozen=True)
class Batches:
    """Source of positive pairs: views, labels, given pairs or neighbours."""

    n: int
    labels: Ints | None = None
    pairs: Ints | None = None
    neighbors: Ints | None = None

    @classmethod
    def of_views(cls, n: int) -> Self:
        """Two views of each image."""
        return cls(n)

    @classmethod
    def of_labels(cls, labels: Ints) -> Self:
        """One view of each image; images of one label belong together."""
        return cls(len(labels), labels=labels)

    @classmethod
    def of_pairs(cls, pairs: Ints) -> Self:
        """One view of each of two images."""
        return cls(len(pairs), pairs=pairs)

    @classmethod
    def of_neighbors(cls, neighbors: Ints) -> Self:
        """One view of each image, and one of an image drawn from its neighbours."""
        return cls(len(neighbors), neighbors=neighbors)

    @property
    def digest(self) -> str:
        """Digest of the batches, compared by a checkpoint."""
        hashed = hashlib.sha256(str(self.n).encode())
        for each in (self.labels, self.pairs, self.neighbors):
            hashed.update(b"none" if each is None else np.ascontiguousarray(each).data)
        return hashed.hexdigest()

    def draw(self, chosen: Ints, seed: int = 0) -> tuple[Ints, Ints]:
        """Rows of the images to augment, and the group of each view."""
        if self.neighbors is not None:
            rng = np.random.default_rng(seed)
            column = rng.integers(0, self.neighbors.shape[1], len(chosen))
            partners = self.neighbors[chosen, column]
            both = np.concatenate([chosen, partners])
            return both, np.tile(np.arange(len(chosen)), 2)
        if self.labels is not None:
            return chosen, self.labels[chosen]
        if self.pairs is not None:
            both = self.pairs[chosen].T.ravel()
            return both, np.tile(np.arange(len(chosen)), 2)
        return np.tile(chosen, 2), np.tile(chosen, 2)


@dataclass(frozen=True)
class TrainingSchedule:
    """Length, learning rate and checkpoint of a training; see the estimator."""

    batch_size: int
    max_iter: int
    learning_rate: float
    alpha: float
    n_held_out: int
    patience: int | None
    checkpoint: str | os.PathLike[str] | None
    callback: Callable[[float], None] | None
    device: str
    seed: int

    def rate(self, step: int, n_steps: int) -> float:
        """The learning rate at a step: a linear rise, then half a cosine to zero [1]_.

        References
        ----------
        .. [1] Smith and Topin (2018). "Super-convergence". arXiv:1708.07120.
        """
        rise = max(1, round(RISE * n_steps))
        if step < rise:
            return self.learning_rate * (0.04 + 0.96 * (step + 1) / rise)
        behind = (step - rise) / max(1, n_steps - rise)
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * behind))


@dataclass
class Progress:
    """Curves and best weights after some passes."""

    losses: list[float]
    recalls: list[float]
    best: dict[str, Array] | None = None

    @property
    def n_since_best(self) -> int:
        """Passes since recall@1 was highest."""
        return len(self.recalls) - 1 - int(np.argmax(self.recalls))


def train(
    network: nn.Module,
    head: nn.Module,
    batches: Batches,
    *,
    images: Callable[[Ints], Tensor],
    augment: Callable[[Tensor, float], Tensor],
    loss: Callable[[Tensor, Tensor], Tensor],
    schedule: TrainingSchedule,
    identity: str,
) -> tuple[list[float], list[float]]:
    """Train in place; return the loss and the recall@1 of each pass.

    images : gives the images of these rows
    augment : takes images and their background, returns a random view of each
    loss : takes outputs of the head and their groups
    identity : text of data and parameters, which a checkpoint must share
    """
    device = _device(schedule.device)
    both = nn.ModuleDict({"network": network, "head": head}).to(device)
    optimiser = torch.optim.SGD(
        both.parameters(),
        lr=schedule.learning_rate,
        momentum=0.9,
        nesterov=True,
        weight_decay=schedule.alpha,
    )
    n_held_out = min(schedule.n_held_out, batches.n // 2)
    order = np.random.default_rng(schedule.seed).permutation(batches.n)
    held_out, learned = order[:n_held_out], order[n_held_out:]
    hashed = f"{identity} {batches.digest} {schedule.seed}"
    name = hashlib.sha256(hashed.encode()).hexdigest()
    done = _resumed(schedule.checkpoint, name, both, optimiser)
    background = float(images(batches.draw(learned[:64])[0]).min())
    size = min(schedule.batch_size, len(learned))
    n_batches = len(learned) // size
    for epoch in range(len(done.losses), schedule.max_iter):
        both.train()
        shuffled = np.random.default_rng([schedule.seed, epoch]).permutation(learned)
        losses = []
        for number in range(n_batches):
            step = epoch * n_batches + number
            torch.manual_seed(schedule.seed + 1 + step)
            chosen = shuffled[number * size : (number + 1) * size]
            rows, groups = batches.draw(chosen, schedule.seed + 1 + step)
            for group in optimiser.param_groups:
                group["lr"] = schedule.rate(step, n_batches * schedule.max_iter)
            batch = augment(images(rows).to(device), background)
            with _narrow(device):
                output = head(network(batch))
            value = loss(output.float(), torch.from_numpy(groups).to(device))
            optimiser.zero_grad()
            value.backward()
            optimiser.step()
            losses.append(float(value.detach()))
            if schedule.callback is not None:
                schedule.callback((step + 1) / (n_batches * schedule.max_iter))
        done.losses.append(float(np.mean(losses)))
        check_learned(done.losses[-1])
        if n_held_out:
            _evaluate(
                done, both, batches, images, augment, held_out, learned, background
            )
        _write(schedule.checkpoint, name, both, optimiser, done)
        patient = schedule.patience is None or not n_held_out
        if not patient and done.n_since_best >= (schedule.patience or 0):
            break
    if done.best is not None:
        _load(both, done.best)
    both.to("cpu")
    return done.losses, done.recalls


def recall_at_1(Q: Array, X: Array, belongs: Callable[[Ints], Array]) -> float:
    """Share of the queries whose nearest row belongs to them.

    belongs : takes the nearest row of each query, says which belong
    """
    return float(belongs(np.argmax(Q @ X.T, axis=1)).mean())


def _evaluate(
    done: Progress,
    both: nn.ModuleDict,
    batches: Batches,
    images: Callable[[Ints], Tensor],
    augment: Callable[[Tensor, float], Tensor],
    held_out: Ints,
    learned: Ints,
    background: float,
) -> None:
    """Record recall@1 on the held-out images; keep the network if it is the best."""
    both.eval()

    def embedded(rows: Ints, views: bool = False) -> Array:
        found = []
        device = next(both.parameters()).device
        with torch.inference_mode():
            for part in np.array_split(rows, -(-len(rows) // 256)):
                batch = images(part).to(device)
                batch = augment(batch, background) if views else batch
                with _narrow(device):
                    z = both["network"](batch)
                found.append(functional.normalize(z.float(), dim=1).cpu().numpy())
        return np.concatenate(found)

    if batches.labels is not None:
        labels, some = batches.labels, learned[:COMPARED]
        recall = recall_at_1(
            embedded(held_out),
            embedded(some),
            lambda near: labels[some][near] == labels[held_out],
        )
    else:
        torch.manual_seed(0)  # the same views after each pass
        first, second = (
            (embedded(held_out, True), embedded(held_out, True))
            if batches.pairs is None
            else (embedded(batches.pairs[held_out][:, side]) for side in (0, 1))
        )
        recall = recall_at_1(first, second, lambda near: near == np.arange(len(near)))
    if recall > max(done.recalls, default=-1.0):
        done.best = _arrays(both)
    done.recalls.append(recall)


def _arrays(both: nn.Module) -> dict[str, Array]:
    return {k: v.detach().cpu().numpy().copy() for k, v in both.state_dict().items()}


def _narrow(device: torch.device) -> torch.autocast:
    """Compute in bfloat16 inside, where that is not slower."""
    use = device.type != "cpu" or has_bfloat16()
    return torch.autocast(device.type, torch.bfloat16, enabled=use)


def _device(name: str) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def _write(
    checkpoint: str | os.PathLike[str] | None,
    name: str,
    both: nn.Module,
    optimiser: torch.optim.Optimizer,
    done: Progress,
) -> None:
    """Write the state of the training, complete or not at all."""
    if checkpoint is None:
        return
    about = {"name": name, "losses": done.losses, "recalls": done.recalls}
    arrays: dict[str, Any] = {f"now {k}": v for k, v in _arrays(both).items()}
    arrays |= {f"best {k}": v for k, v in (done.best or {}).items()}
    for number, parameter in enumerate(both.parameters()):
        momentum = optimiser.state[parameter]["momentum_buffer"]
        arrays[f"momentum {number}"] = momentum.cpu().numpy()
    arrays["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
    written = BytesIO()
    np.savez(written, **arrays)
    write_whole(Path(checkpoint), written.getvalue())


def _resumed(
    checkpoint: str | os.PathLike[str] | None,
    name: str,
    both: nn.Module,
    optimiser: torch.optim.Optimizer,
) -> Progress:
    """Resume from a checkpoint of this training, or begin a new one."""
    if checkpoint is None or not Path(checkpoint).exists():
        return Progress([], [])
    try:
        with np.load(checkpoint, allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
        about = json.loads(arrays.pop("about").tobytes())
    except (KeyError, ValueError, OSError, zipfile.BadZipFile):
        raise ValueError(f"{checkpoint} is no checkpoint that can be read.") from None
    if about["name"] != name:
        raise ValueError(
            f"{checkpoint} is of a training with other data or options; remove it, or "
            "name another file."
        )
    _load(both, named("now ", arrays))
    for number, parameter in enumerate(both.parameters()):
        momentum = torch.tensor(arrays[f"momentum {number}"]).to(parameter.device)
        optimiser.state[parameter]["momentum_buffer"] = momentum
    return Progress(about["losses"], about["recalls"], named("best ", arrays) or None)


def _load(both: nn.Module, arrays: Mapping[str, Array]) -> None:
    both.load_state_dict({name: torch.tensor(each) for name, each in arrays.items()})
