"""Patches of pictures: those that are learned from, and those that are tested on."""

import numpy as np
from scipy.ndimage import rotate

from lookalike._typing import Array, Ints
from lookalike.datasets import Pictures

LEAST_SIDE = 16
"""Pixels of the smallest patch."""
MOST_LEARNED = 4000
"""Patches that are learned from, of all pictures together."""
MOST_TESTED = 800
"""Patches that are tested on, of all pictures together."""


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


def side_that_fits(data: Pictures, side: int) -> int:
    """Return the side of patches: that asked for, or less where pictures are smaller.

    Of pictures that are halved it is not made less; see ``regions``.
    """
    if not data.is_test:
        return side
    least = min(min(picture.shape) for picture in data.pictures)
    while side > LEAST_SIDE and around(side) > least:
        side -= 1
    return side


def training_patches(data: Pictures, side: int) -> tuple[Array, Ints]:
    """Upright patches to learn from, overlapping by three quarters.

    Of the left halves, or of the pictures that are not for testing. Returns the
    patches, and for each the number of its texture.
    """
    patches, pictures = _learned(data, _regions(data, tested=False), side)
    return patches, _textures(data)[pictures]


def whole_patches(data: Pictures, side: int) -> tuple[Array, Ints]:
    """Upright patches of all there is, as ``training_patches`` cuts them."""
    patches, pictures = _learned(data, dict(enumerate(data.pictures)), side)
    return patches, _textures(data)[pictures]


def held_out_patches(
    data: Pictures, side: int, angle: float
) -> tuple[Array, Ints, Ints]:
    """Turned patches next to each other, of the right halves or the test pictures.

    Returns the patches, and for each the number of its texture and what is the unit of
    chance: the patch itself where pictures were halved, else the picture.
    """
    regions = _regions(data, tested=True)
    most = max(1, MOST_TESTED // len(regions))
    cut_up = {k: _spread(turned(r, side, angle), most) for k, r in regions.items()}
    patches, pictures = _joined(cut_up)
    units = pictures if data.is_test else np.arange(len(pictures))
    return patches, _textures(data)[pictures], units


def _regions(data: Pictures, tested: bool) -> dict[int, Array]:
    """What is learned from, or tested on, by the number of its picture."""
    pictures = dict(enumerate(data.pictures))
    if data.is_test:
        return {k: p for k, p in pictures.items() if data.is_test[k] == tested}
    halves = {k: np.split(p, [p.shape[1] // 2], axis=1) for k, p in pictures.items()}
    return {k: both[int(tested)] for k, both in halves.items()}


def _learned(
    data: Pictures, regions: dict[int, Array], side: int
) -> tuple[Array, Ints]:
    most = max(1, MOST_LEARNED // len(regions))
    return _joined(
        {k: _spread(cut(r, side, side // 4), most) for k, r in regions.items()}
    )


def _spread(patches: Array, most: int) -> Array:
    """At most so many of the patches, evenly spread over them."""
    if len(patches) <= most:
        return patches
    return patches[np.linspace(0, len(patches) - 1, most).round().astype(np.int64)]


def _joined(patches: dict[int, Array]) -> tuple[Array, Ints]:
    numbers = np.repeat(list(patches), [len(part) for part in patches.values()])
    return np.concatenate(list(patches.values())), numbers


def _textures(data: Pictures) -> Ints:
    """Number of the texture of each picture."""
    return np.array([data.classes.index(label) for label in data.labels])
