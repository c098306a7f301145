"""Patches of pictures: those that are learned from, and those that are tested on."""

from collections.abc import Callable

import numpy as np
from scipy.ndimage import rotate

from lookalike._typing import Array, Ints
from lookalike.datasets import Pictures


def cut(picture: Array, side: int, step: int) -> Array:
    """Square patches from left to right, then down, ``step`` pixels apart."""
    windows = np.lib.stride_tricks.sliding_window_view(picture, (side, side))
    return windows[::step, ::step].reshape(-1, side, side)


def around(side: int) -> int:
    """Side of the square within which a patch of this side can turn."""
    wide = int(np.ceil(side * np.sqrt(2))) + 2
    return wide + (wide - side) % 2


def turned(picture: Array, side: int, angle: float) -> Array:
    """Patches that lie side by side, each turned about its centre, in bytes."""
    wide = around(side)
    frame = (wide - side) // 2
    inside = slice(frame, frame + side)
    squares = cut(picture, wide, side).astype(np.float64)
    moved = rotate(squares, angle, axes=(2, 1), reshape=False, order=1)
    return np.clip(np.rint(moved[:, inside, inside]), 0, 255).astype(np.uint8)


def training_patches(data: Pictures, side: int) -> tuple[Array, Ints]:
    """Upright patches of the left halves, overlapping by three quarters.

    Returns the patches, and for each the number of the picture that it is of.
    """
    halves = [picture[:, : picture.shape[1] // 2] for picture in data.pictures]
    return _joined(halves, lambda half: cut(half, side, side // 4))


def whole_patches(data: Pictures, side: int) -> tuple[Array, Ints]:
    """Upright patches of both halves, as ``training_patches`` cuts them.

    Returns the patches, and for each the number of the picture that it is of.
    """
    return _joined(list(data.pictures), lambda picture: cut(picture, side, side // 4))


def held_out_patches(data: Pictures, side: int, angle: float) -> tuple[Array, Ints]:
    """Turned patches of the right halves, next to each other.

    Returns the patches, and for each the number of the picture that it is of.
    """
    halves = [picture[:, picture.shape[1] // 2 :] for picture in data.pictures]
    return _joined(halves, lambda half: turned(half, side, angle))


def _joined(
    halves: list[Array], cut_up: Callable[[Array], Array]
) -> tuple[Array, Ints]:
    patches = [cut_up(half) for half in halves]
    numbers = np.repeat(np.arange(len(patches)), [len(part) for part in patches])
    return np.concatenate(patches), numbers
