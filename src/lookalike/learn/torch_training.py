"""Training with torch: pixels to tensors, random warps, and one cycle of descent.

Needs the deep extra; only modules that have found torch import this one.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import prod
from typing import Any

import llvmlite.binding as llvm
import numpy as np
import torch
from joblib import effective_n_jobs
from torch import Tensor, nn
from torch.nn import functional

from lookalike._checks import check_learned
from lookalike._typing import Array


def image_shape(
    given: tuple[int, ...] | None, n_features: int, colour: bool = False
) -> tuple[int, ...]:
    """Height and width: as given, or a square, or one row where there is no square.

    With ``colour`` they may be given with a third number, that of the colours.
    """
    side = round(n_features**0.5)
    square = (side, side) if side * side == n_features else (1, n_features)
    shape = square if given is None else tuple(given)
    if len(shape) not in (2, 2 + colour) or prod(shape) != n_features:
        form = "height, width[, colours]" if colour else "height, width"
        raise ValueError(
            f"image_shape must be ({form}) of {n_features} values, as X has, got "
            f"{shape}."
        )
    return shape


def to_images(X: Array, mean: float, scale: float, shape: tuple[int, ...]) -> Tensor:
    """Rows of pixels, centred and scaled, as float32 (n_samples, 1, *shape)."""
    pixels = (X.astype(np.float32) - mean) / scale
    images = torch.from_numpy(pixels.reshape(-1, 1, *shape))
    return images.contiguous(memory_format=torch.channels_last)


def warp(
    images: Tensor,
    rows: list[Tensor],
    size: tuple[int, int] | None = None,
    padding_mode: str = "zeros",
) -> Tensor:
    """Images seen through one affine map each, of shape (n, channels, *size).

    rows : six tensors (n,), the entries of the maps, row by row; in units of half the
        image, from where a pixel lies to where it is read
    size : height and width, None for those of the images
    padding_mode : "zeros" or "border", what lies outside of the images
    """
    n, _, height, width = images.shape
    maps = torch.stack(rows, dim=1).reshape(n, 2, 3).to(images.device)
    shape = [n, 1, *(size or (height, width))]
    grid = functional.affine_grid(maps, shape, align_corners=False)
    return functional.grid_sample(
        images, grid, padding_mode=padding_mode, align_corners=False
    )


def one_cycle(
    network: nn.Module,
    parameters: list[Any],
    images: Tensor,
    labels: Tensor,
    *,
    augment: Callable[[Tensor], Tensor],
    loss: Callable[[Tensor, Tensor], Tensor],
    batch_size: int,
    max_iter: int,
    learning_rate: float,
    rise: float,
    callback: Callable[[float], None] | None,
) -> list[float]:
    """Train by stochastic gradient descent; return the mean loss of each pass.

    augment : called with a batch of images, returns them changed at random
    loss : called with the network's output and the labels
    rise : share of the steps in which the rate rises; then it falls to zero [1]_

    References
    ----------
    .. [1] Smith and Topin (2018). "Super-convergence". arXiv:1708.07120.
    """
    optimiser = torch.optim.SGD(parameters, lr=0.01, momentum=0.9, nesterov=True)
    n_batches = -(-len(images) // batch_size)
    total = n_batches * max_iter
    # The cycle divides by the length of its parts, which must not be zero.
    cycle = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, learning_rate, total_steps=max(total + 1, 8), pct_start=rise
    )
    curve = []
    network.train()
    for epoch in range(max_iter):
        losses = []
        order = torch.randperm(len(images))
        for step, rows in enumerate(order.split(batch_size)):
            batch = augment(images[rows])
            with torch.autocast("cpu", torch.bfloat16, enabled=has_bfloat16()):
                output = network(batch)
            value = loss(output.float(), labels[rows])
            optimiser.zero_grad()
            value.backward()
            optimiser.step()
            cycle.step()
            losses.append(float(value.detach()))
            if callback is not None:
                callback((epoch * n_batches + step + 1) / total)
        curve.append(float(np.mean(losses)))
        check_learned(curve[-1])
    network.eval()
    return curve


def in_batches(
    answer: Callable[[Array], Tensor], X: Array, n_outputs: int, size: int
) -> Array:
    """Apply ``answer`` to ``size`` rows at a time, padded with blank rows.

    A product of matrices may sum in another order for another number of rows: with a
    constant number, a batch has exactly the outputs of its rows one by one.
    """
    out = np.empty((len(X), n_outputs), np.float32)
    with torch.inference_mode():
        for first in range(0, len(X), size):
            part = X[first : first + size]
            blank = np.zeros((size - len(part), X.shape[1]), X.dtype)
            answered = answer(np.vstack([part, blank]))
            out[first : first + len(part)] = answered[: len(part)].numpy()
    return out


def weights_of(network: nn.Module) -> dict[str, Array]:
    """All weights and statistics of the network, by name."""
    state = network.state_dict()
    return {name: tensor.numpy().copy() for name, tensor in state.items()}


def has_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16; elsewhere it would be slower."""
    return bool(llvm.get_host_cpu_features().get("avx512bf16", False))


@contextmanager
def threads(n_jobs: int | None) -> Iterator[None]:
    """Let torch use so many threads inside; None leaves the choice to torch."""
    before = torch.get_num_threads()
    if n_jobs is not None:
        torch.set_num_threads(effective_n_jobs(n_jobs))
    try:
        yield
    finally:
        torch.set_num_threads(before)
