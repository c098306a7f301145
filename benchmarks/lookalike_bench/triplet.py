"""``lookalike bench triplet``: a triplet recipe on MNIST, beside plain NumPy.

The recipe of the source experiments: one triplet for each of the 60,000 training
images; two constant columns before the 784 pixels in [0, 1]; 300 output dimensions;
the first map is the gradient, at a small random map, on the first 32 triplets; then
epochs of batches of 64 in order, learning rate 0.01, penalty 0.01, margin 1. All start
from the same triplets and the same random map, which are drawn before the race. The
column ``loss`` is the mean loss of the last epoch, ``accuracy`` that of 3 nearest
neighbours on the test images with the training images as database.
"""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from lookalike_bench import runner
from lookalike_bench.arrays import Array, Ints
from lookalike_bench.bars import Bar, difference, least, most, quotient
from lookalike_bench.runner import BLAS, Contestant, Job

HERE = "lookalike_bench.triplet"
MARGIN, PENALTY, RATE, BATCH, WIDTH = 1.0, 0.01, 0.01, 64, 300
Answer = tuple[Array, float]
"""The map (300, 786) and the loss of the last epoch."""
Timed = tuple[Callable[[], Answer], Callable[[Answer], dict[str, Any]]]
EPOCHS = "mnist triplet recipe, * epochs"
BARS = (
    Bar("triplet recipe, times plain NumPy", 6, least("ratio", EPOCHS)),
    Bar(
        "triplet recipe, loss over that of NumPy",
        1.01,
        quotient(most("loss", EPOCHS), most("loss", EPOCHS, "numpy")),
        at_most=True,
    ),
    Bar(
        "triplet recipe, accuracy less that of NumPy",
        -0.002,
        difference(least("accuracy", EPOCHS), least("accuracy", EPOCHS, "numpy")),
    ),
)


def run(
    only: str | None = None,
    rounds: int = 3,
    progress: runner.ProgressCallback | None = None,
) -> dict[str, Any]:
    """Race every job whose name contains ``only``."""
    return runner.run(jobs(rounds), only, progress, BARS)


def jobs(rounds: int = 3) -> Iterator[Job]:
    """Two epochs, for the fastest BLAS of each; a careful NumPy; all 20 epochs."""
    yield Job("mnist triplet recipe, 2 epochs", _contestants(2, "float64"), rounds)
    yield Job(
        "mnist triplet recipe, 2 epochs, float32 and active rows by NumPy",
        _contestants(2, "float32"),
        rounds,
    )
    whole = _contestants(20, "float64", only_default=True)
    yield Job("mnist triplet recipe, 20 epochs", whole, 1)


def _contestants(
    epochs: int, kind: str, only_default: bool = False
) -> list[Contestant]:
    settings = BLAS[:1] if only_default else BLAS
    ours: dict[str, Any] = {"epochs": epochs}
    return [
        Contestant("lookalike", f"{HERE}:lookalike", ours, settings),
        Contestant("numpy", f"{HERE}:plain_numpy", ours | {"kind": kind}, settings),
    ]


@dataclass(frozen=True)
class Problem:
    """What all start from."""

    X: Array  # float32 (60000, 786)
    y: Ints
    Q: Array  # float32 (10000, 786)
    truth: Ints
    triplets: Ints  # (60000, 3)
    chance: np.random.RandomState  # as it was left by drawing them

    def describe(self, answer: Answer) -> dict[str, Any]:
        """Loss, and accuracy of 3 nearest neighbours."""
        from lookalike.learn import KNeighborsClassifier

        W, loss = answer
        model = KNeighborsClassifier(n_neighbors=3).fit(self.X @ W.T, self.y)
        right = model.predict(self.Q @ W.T) == self.truth
        return {"loss": loss, "accuracy": float(right.mean())}


def problem() -> Problem:
    """Load MNIST and draw the triplets."""
    from lookalike.datasets import load_mnist
    from lookalike.learn import draw_triplets

    def with_constants(images: Array) -> Array:
        pixels = images.reshape(len(images), -1) / np.float32(255)
        return np.hstack([np.ones((len(pixels), 2), np.float32), pixels])

    images = load_mnist()
    chance = np.random.RandomState(2002)
    triplets = draw_triplets(images.y_train, chance)
    return Problem(
        with_constants(images.x_train),
        images.y_train,
        with_constants(images.x_test),
        images.y_test,
        triplets,
        chance,
    )


def lookalike(epochs: int) -> Timed:
    """Ours, in single precision."""
    from lookalike.learn import TripletEmbedding

    task = problem()

    def fit() -> Answer:
        model = TripletEmbedding(
            WIDTH,
            margin=MARGIN,
            alpha=PENALTY,
            batch_size=BATCH,
            learning_rate=RATE,
            max_iter=epochs,
            init="gradient",
            random_state=copy.deepcopy(task.chance),
        ).fit(task.X, triplets=task.triplets)
        return model.components_, model.loss_curve_[-1]

    return fit, task.describe


def plain_numpy(epochs: int, kind: str) -> Timed:
    """NumPy as one writes it down, or in float32 and on the active rows only."""
    task = problem()
    X, T = task.X.astype(kind), task.triplets

    def loss_and_slope(W: Array, batch: Ints) -> tuple[float, Array]:
        P, N = X[batch[:, 0]] - X[batch[:, 1]], X[batch[:, 0]] - X[batch[:, 2]]
        A, B = P @ W.T, N @ W.T
        hinge = np.maximum((A**2).sum(axis=1) - (B**2).sum(axis=1) + MARGIN, 0)
        on = hinge > 0
        if kind == "float32":
            G = A[on].T @ P[on] - B[on].T @ N[on]
        else:
            G = (A * on[:, None]).T @ P - (B * on[:, None]).T @ N
        return float(hinge.mean()), 2 / len(batch) * G

    def fit() -> Answer:
        chance = copy.deepcopy(task.chance)
        W = 0.01 * chance.standard_normal((X.shape[1], WIDTH)).T.astype(kind)
        _, W = loss_and_slope(W, T[:32])
        for _ in range(epochs):
            losses = []
            for start in range(0, len(T), BATCH):
                loss, G = loss_and_slope(W, T[start : start + BATCH])
                losses.append(loss + PENALTY / 2 * float((W**2).sum()))
                W = W - RATE * (G + PENALTY * W)
        return W, float(np.mean(losses))

    return fit, task.describe
