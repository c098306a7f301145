"""The one loop by which networks that rank are trained (needs the deep extra)."""

from collections.abc import Callable
from typing import Any

import numpy as np

from lookalike._checks import check_learned

try:
    import torch
    from torch import Tensor
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "Networks are trained by torch: pip install 'lookalike[deep]'."
    ) from error


def train_in_a_cycle(
    learner: Any,
    optimiser: Any,
    n_rows: int,
    loss_of: Callable[[Tensor], tuple[Tensor, Tensor]],
) -> list[float]:
    """Pass over all rows in random order, the learning rate in one cycle.

    learner : whose ``learning_rate``, ``batch_size`` and ``max_iter`` are read
    optimiser : of the network's parameters
    loss_of : called with the rows of a batch, returns what is minimised, and what of it
        is told

    Returns the mean loss of each pass, as it is told.

    Raises
    ------
    ValueError
        If a loss is not finite.
    """
    n_batches = -(-n_rows // learner.batch_size)
    # OneCycleLR divides by the lengths of its phases, which must not be 0.
    total = max(n_batches * learner.max_iter + 1, 8)
    cycle = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, learner.learning_rate, total_steps=total
    )
    curve = []
    for _ in range(learner.max_iter):
        losses = []
        for batch in torch.randperm(n_rows).split(learner.batch_size):
            loss, told = loss_of(batch)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            cycle.step()
            losses.append(float(told.detach()))
        curve.append(float(np.mean(losses)))
        check_learned(curve[-1])
    return curve
