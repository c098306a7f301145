"""Random views of images: what changes in them without changing what they show.

Needs the deep extra; only modules that have found torch import this one.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from lookalike.learn.torch_training import warp


@dataclass(frozen=True)
class Views:
    """How much a view may differ from its image.

    crop : least share of each side that is kept, 1 keeps all
    shift : furthest that the middle moves, as a share of the side
    turn : largest angle, in degrees
    mirror : left and right are exchanged in half of the views
    light : largest relative change of brightness, and of contrast
    """

    crop: float = 0.9
    shift: float = 0.08
    turn: float = 10.0
    mirror: bool = True
    light: float = 0.1

    def of(self, images: Tensor, background: float) -> Tensor:
        """Draw one view of each image, same shape (n, colours, height, width)."""
        n = len(images)
        angle = _between(n, math.radians(self.turn))
        zoom = 1 - torch.rand(n) * (1 - self.crop)
        mirrored = torch.where(torch.rand(n) < 0.5 * self.mirror, -1.0, 1.0)
        cosine, sine = torch.cos(angle) * zoom, torch.sin(angle) * zoom
        # What is kept may lie anywhere in the image, and a little beyond its edge.
        across, down = _between(n, 1.0), _between(n, 1.0)
        room = (1 - zoom) + 2 * self.shift
        rows = [cosine * mirrored, -sine, across * room]
        rows += [sine * mirrored, cosine, down * room]
        # Outside the image lies the background, and a warp fills with zero.
        moved = warp(images - background, rows)
        gain = 1 + _between(n, self.light).to(images.device)
        lift = _between(n, self.light).to(images.device)
        lit = moved * gain[:, None, None, None] + lift[:, None, None, None]
        return (lit + background).contiguous(memory_format=torch.channels_last)


def _between(n: int, most: float) -> Tensor:
    return (torch.rand(n) * 2 - 1) * most
