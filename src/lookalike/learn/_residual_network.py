"""A small residual network from images to vectors.

Needs the deep extra; only modules that have found torch import this one.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional


class Block(nn.Module):
    """Halve the resolution, convolve, and add the output of two more convolutions."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.widen = _convolution(n_in, n_out)
        self.change = nn.Sequential(
            _convolution(n_out, n_out), nn.ReLU(), _convolution(n_out, n_out)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, n_in, height, width) to (n, n_out, ceil(height / 2), ...)."""
        wide = functional.relu(self.widen(functional.max_pool2d(x, 2, ceil_mode=True)))
        return functional.relu(wide + self.change(wide))


def residual_network(
    n_colours: int, channels: tuple[int, ...], n_components: int, grid: int
) -> nn.Sequential:
    """One convolution at full resolution, a block for each halving, one linear layer.

    grid : the last block is averaged over so many by so many cells
    """
    layers: list[nn.Module] = [_convolution(n_colours, channels[0]), nn.ReLU()]
    for n_in, n_out in pairwise(channels):
        layers.append(Block(n_in, n_out))
    layers += [
        nn.AdaptiveAvgPool2d(grid),
        nn.Flatten(),
        nn.Linear(channels[-1] * grid**2, n_components),
    ]
    network = nn.Sequential(*layers)
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def _convolution(n_in: int, n_out: int) -> nn.Sequential:
    convolution = nn.Conv2d(n_in, n_out, 3, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(n_out))
