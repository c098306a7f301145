"""Perceptual hashes: images that look alike get nearly the same 64 bits."""

import numpy as np
from PIL import Image

from lookalike._typing import Array, Ints

NEAR = 4
"""Most bits in which the hashes of near duplicates differ."""
LEVELS = 8
"""Most levels, of 255, by which any cell of any colour of near duplicates differs."""
CELLS = 16  # of a thumbnail, a side
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
    """The image as 16 by 16 cells in colour, flat: uint8 (768,)."""
    picture = Image.fromarray(np.asarray(image)).convert("RGB")
    small = picture.resize((CELLS, CELLS), Image.Resampling.BOX)
    return np.asarray(small).ravel()


def groups_of(hashes: Array, thumbnails: Array, near: int = NEAR) -> Ints:
    """Number the groups of near duplicates by their first member.

    An image belongs to the group of the first image before it, itself in no other's
    group, whose hash differs in at most ``near`` bits (0 to 7) and whose thumbnail
    differs in no cell of any colour by more than 8 levels. So every image of a group
    looks like its first: no chain joins images that differ.

    Parameters
    ----------
    hashes : array of uint64, shape (n,)
    thumbnails : array of uint8, shape (n, n_cells)
        ``thumbnail`` of each image.

    Returns
    -------
    int64 array of shape (n,)
        The first row of each row's group.

    Notes
    -----
    An image is compared with the first members whose hash shares one of the eight bytes
    with its own: all others differ in more bits. Cost: for each image one comparison of
    64 bits with each of those, so O(n) for images of one scene, about n^2 / 64 for
    unrelated ones, and n^2 at worst, where all hashes are one and no two images are.

    Examples
    --------
    >>> import numpy as np
    >>> rising, falling = np.arange(256), np.arange(256)[::-1]
    >>> thumbnails = np.stack([rising, falling, rising // 2, rising]).astype(np.uint8)
    >>> groups_of(np.array([0, 1, 3, 1], np.uint64), thumbnails)
    array([0, 1, 2, 0])
    """
    if not 0 <= near < BANDS:
        raise ValueError(f"near must be in [0, {BANDS - 1}], got {near}.")
    cells = thumbnails.astype(np.int16)
    totals = thumbnails.sum(axis=1, dtype=np.int64)
    most = LEVELS * cells.shape[1]
    known, which = np.unique(hashes.astype(np.uint64), return_inverse=True)
    pieces = known.astype(">u8").view(np.uint8).reshape(-1, BANDS).tolist()
    seen = [_Block() for _ in known]  # the first members that have this hash
    blocks = [[_Block() for _ in range(256)] for _ in range(BANDS)]
    first = np.arange(len(hashes))
    for row, own in enumerate(which.tolist()):
        mine = [blocks[band][piece] for band, piece in enumerate(pieces[own])]
        close = np.concatenate([block.numbers for block in mine])
        close = close[np.bitwise_count(known[close] ^ known[own]) <= near]
        others = np.concatenate([seen[n].numbers for n in set(close.tolist())] or [_NO])
        # Where no cell differs by more than LEVELS, the totals differ by most at most.
        others = others[np.abs(totals[others] - totals[row]) <= most]
        alike = np.abs(cells[others] - cells[row]).max(axis=1, initial=0) <= LEVELS
        if alike.any():
            first[row] = others[alike].min()
            continue
        if not len(seen[own].numbers):
            for block in mine:
                block.add(own)
        seen[own].add(row)
    return first


_NO = np.empty(0, np.int64)


class _Block:
    """Numbers of what shares a hash, or a byte of it: an array that doubles."""

    def __init__(self) -> None:
        self._held = np.empty(4, np.int64)
        self._n = 0

    @property
    def numbers(self) -> Ints:
        return self._held[: self._n]

    def add(self, number: int) -> None:
        if self._n == len(self._held):
            self._held = np.concatenate([self._held, np.empty_like(self._held)])
        self._held[self._n] = number
        self._n += 1
