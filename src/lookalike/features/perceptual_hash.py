"""Perceptual hashes: images that look alike get nearly the same 64 bits."""

import numpy as np
from PIL import Image

from lookalike._typing import Array, Ints

NEAR = 4
"""Most bits in which the hashes of near duplicates differ."""
ALIKE = 0.98  # least correlation of the grey levels of near duplicates
BANDS = 8  # of a byte each: with at most 7 bits of difference one of them is equal


def difference_hash(image: Array) -> int:
    """64 bits: whether each of 8 by 9 grey cells is darker than the one on its right.

    Scaling, compression and light leave nearly all of them; see [1]_.

    Parameters
    ----------
    image : uint8 array, (height, width) or (height, width, 3)

    References
    ----------
    .. [1] Krawetz (2013). "Kind of like that". hackerfactor.com.

    Examples
    --------
    >>> import numpy as np
    >>> rising = np.tile(np.arange(90, dtype=np.uint8), (80, 1))
    >>> difference_hash(rising) == 2**64 - 1, difference_hash(rising[:, ::-1])
    (True, 0)
    """
    picture = Image.fromarray(np.asarray(image)).convert("L")
    cells = np.asarray(picture.resize((9, 8), Image.Resampling.BOX), dtype=np.int16)
    bits = np.packbits(cells[:, :-1] < cells[:, 1:])
    return int.from_bytes(bits.tobytes(), "big")


def thumbnail(image: Array) -> Array:
    """The image as 16 by 16 grey levels, flat: uint8 (256,)."""
    picture = Image.fromarray(np.asarray(image)).convert("L")
    return np.asarray(picture.resize((16, 16), Image.Resampling.BOX)).ravel()


def groups_of(hashes: Array, thumbnails: Array, near: int = NEAR) -> Ints:
    """Number the groups of near duplicates by their first member.

    Two belong together if their hashes differ in at most ``near`` bits (0 to 7) and
    their thumbnails correlate by 0.98 or more, or if a chain of such images joins them.

    Parameters
    ----------
    hashes : array of uint64, shape (n,)
    thumbnails : array of uint8, shape (n, 256)
        ``thumbnail`` of each image.

    Returns
    -------
    int64 array of shape (n,)
        The first row of each row's group.

    Notes
    -----
    Only images that share one of the eight bytes of the hash are compared: the others
    differ in more bits. Cost: one comparison of 64 bits for each pair that does.

    Examples
    --------
    >>> import numpy as np
    >>> rising, falling = np.arange(256), np.arange(256)[::-1]
    >>> thumbnails = np.stack([rising, falling, rising // 2, rising]).astype(np.uint8)
    >>> groups_of(np.array([0, 1, 3, 2**40 - 1], np.uint64), thumbnails)
    array([0, 1, 0, 3])
    """
    if not 0 <= near < BANDS:
        raise ValueError(f"near must be in [0, {BANDS - 1}], got {near}.")
    levels = thumbnails.astype(np.float32)
    levels -= levels.mean(axis=1, keepdims=True)
    levels /= np.maximum(np.linalg.norm(levels, axis=1, keepdims=True), 1e-6)
    root = np.arange(len(hashes))
    pieces = hashes.astype(">u8").view(np.uint8).reshape(-1, 8)
    for band in range(BANDS):
        order = np.argsort(pieces[:, band], kind="stable")
        ends = np.flatnonzero(np.diff(pieces[order, band])) + 1
        for block in np.split(order, ends):
            _join(root, hashes, levels, block, near)
    while (root != root[root]).any():
        root = root[root]
    return root


def _join(root: Ints, hashes: Array, levels: Array, block: Ints, near: int) -> None:
    """Join the near duplicates among images whose hashes share a byte."""
    bits = hashes[block].astype(np.uint64)
    for at, row in enumerate(block[:-1].tolist()):
        others = block[at + 1 :]
        others = others[np.bitwise_count(bits[at + 1 :] ^ bits[at]) <= near]
        for other in others[levels[others] @ levels[row] >= ALIKE].tolist():
            _union(root, row, other)


def _union(root: Ints, a: int, b: int) -> None:
    while root[a] != a:
        root[a] = a = root[root[a]]
    while root[b] != b:
        root[b] = b = root[root[b]]
    root[max(a, b)] = min(a, b)
