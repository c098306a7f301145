"""Losses of lists for rankers: which there are, what they need, their derivatives."""

from dataclasses import dataclass

import numpy as np

from lookalike._parallel import run_slices
from lookalike._typing import Floats, Ints
from lookalike.kernels import list_losses
from lookalike.kernels.list_losses import list_gradients

LOSSES = {
    "lambdarank": list_losses.LAMBDARANK,
    "xendcg": list_losses.XENDCG,
    "ranknet": list_losses.RANKNET,
    "listnet": list_losses.LISTNET,
    "listmle": list_losses.LISTMLE,
    "softmax": list_losses.SOFTMAX,
}
SMOOTH = ("ranknet", "listnet", "listmle", "softmax")
"""Losses proper, the same at each step, which can be minimised as they are."""
MAX_GRADE = 30  # gains are 2^grade - 1
MAX_QUERY_ROWS = 10_000  # pairs of a query are compared
GRAIN = 64  # queries a thread takes at a time


@dataclass(frozen=True)
class ListLoss:
    """A loss by its name, for rows of the queries that start at ``starts``."""

    name: str
    grades: Floats
    starts: Ints
    weights: Floats
    """(n_queries,)"""
    truncation: int
    n_jobs: int | None
    rng: np.random.Generator

    def derive(self, scores: Floats, gradients: Floats, hessians: Floats) -> float:
        """Write gradients and Hessians by the scores, (n_rows,); return the loss."""
        loss, n_queries = LOSSES[self.name], len(self.starts) - 1
        draws = self.rng.random(len(scores)) if self.name == "xendcg" else scores
        losses = np.zeros(-(-n_queries // GRAIN))

        def work(first: int, last: int) -> None:
            for start in range(first, last, GRAIN):
                losses[start // GRAIN] = list_gradients(
                    *(loss, scores, self.grades, draws),
                    *(self.starts, self.weights),
                    *(start, min(start + GRAIN, last), self.truncation),
                    *(gradients, hessians),
                )

        run_slices(work, n_queries, self.n_jobs, GRAIN)
        return float(losses.sum())


def list_loss(
    name: str,
    y: Floats,
    sizes: Ints,
    weight: Floats,
    *,
    truncation: int = 30,
    n_jobs: int | None = None,
    random_state: int = 0,
) -> ListLoss:
    """Return a loss for these rows; see :class:`~lookalike.rank.LambdaMART`.

    A query weighs as much as its rows do on average.

    Raises
    ------
    ValueError
        If a query is too long, or y are not grades.
    """
    if sizes.max() > MAX_QUERY_ROWS:
        raise ValueError(
            f"A query may have {MAX_QUERY_ROWS:,} rows, got {sizes.max():,}: give the "
            "sizes of the queries as groups."
        )
    if name == "softmax":
        if y.min() < 0:
            raise ValueError(f"y must be at least 0, got {y.min():g}.")
    elif (y != np.round(y)).any() or not 0 <= y.min() <= y.max() <= MAX_GRADE:
        raise ValueError(f"y must be whole numbers from 0 to {MAX_GRADE}.")
    starts = np.concatenate([[0], np.cumsum(sizes)])
    rng = np.random.default_rng(random_state)
    weights = np.add.reduceat(weight.astype(np.float64), starts[:-1]) / sizes
    return ListLoss(name, y, starts, weights, truncation, n_jobs, rng)
