"""Random augmentation of images: crops, shifts, rotations, mirroring, brightness.

Needs the deep extra; only modules that have found torch import this one.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from lookalike.learn.torch_training import warp


@dataclass(frozen=True)
class Augmentation:
    """How much an augmented image may differ from the image.

    crop : least share of each side that is kept; 1 keeps all
    shift : largest shift of the centre, as a share of the side
    rotation : largest angle, in degrees
    mirror : whether half of the images are mirrored
    brightness : largest relative change of brightness, and of contrast
    """

    crop: float = 0.9
    shift: float = 0.08
    rotation: float = 10.0
    mirror: bool = True
    brightness: float = 0.1

    def apply(self, images: Tensor, background: float) -> Tensor:
        """Augment each image once: same shape (n, colours, height, width)."""
        n = len(images)
        angle = _between(n, math.radians(self.rotation))
        zoom = 1 - torch.rand(n) * (1 - self.crop)
        mirrored = torch.where(torch.rand(n) < 0.5 * self.mirror, -1.0, 1.0)
        cosine, sine = torch.cos(angle) * zoom, torch.sin(angle) * zoom
        # The crop may lie anywhere in the image, and beyond its edge by the shift.
        across, down = _between(n, 1.0), _between(n, 1.0)
        room = (1 - zoom) + 2 * self.shift
        rows = [cosine * mirrored, -sine, across * room]
        rows += [sine * mirrored, cosine, down * room]
        # A warp fills with zero: the background is subtracted first.
        moved = warp(images - background, rows)
        gain = 1 + _between(n, self.brightness).to(images.device)
        lift = _between(n, self.brightness).to(images.device)
        lit = moved * gain[:, None, None, None] + lift[:, None, None, None]
        return (lit + background).contiguous(memory_format=torch.channels_last)


def _between(n: int, most: float) -> Tensor:
    return (torch.rand(n) * 2 - 1) * most
