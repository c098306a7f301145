"""Perceptual hashes: images that look alike get nearly the same 64 bits."""

import numpy as np
from PIL import Image
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from lookalike._typing import Array, Ints

NEAR = 4
"""Most bits in which the hashes of near duplicates differ."""
ALIKE = 0.98  # least correlation of the grey levels of near duplicates
SMALL = 1_024  # hashes of which every pair is compared at once
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
    differ in more bits. An image that was found to be in the group is not compared with
    those of the group. Cost: O(n) where all are near duplicates; one comparison of 64
    bits for each pair that shares a byte, so O(n^2), where none are.

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
    lengths = np.linalg.norm(levels, axis=1, keepdims=True)
    levels /= np.maximum(lengths, 1e-6)
    several = np.flatnonzero(
        lengths[:, 0] > 0
    )  # of one level, they correlate with none
    group = np.arange(len(hashes))
    hashes = hashes.astype(np.uint64)
    pieces = hashes.astype(">u8").view(np.uint8).reshape(-1, 8)
    for band in range(BANDS):
        order = several[np.argsort(pieces[several, band], kind="stable")]
        ends = np.flatnonzero(np.diff(pieces[order, band])) + 1
        pairs = [(row, int(first)) for row, first in enumerate(group.tolist())]
        for block in np.split(order, ends):
            pairs += _joins(group, hashes, levels, block, near, pieces[:, :band])
        group = _connected(pairs, len(hashes))
    return group


def _joins(
    group: Ints, hashes: Array, levels: Array, block: Ints, near: int, before: Array
) -> list[tuple[int, int]]:
    """Pairs that join the near duplicates among images whose hashes share a byte.

    From an image those that are joined to it are reached, then others from these: an
    image that was reached is compared with the ones that were not, and no others.
    Those that share one of the bytes ``before`` were compared by it.
    """
    if 1 < len(block) <= SMALL:
        differ = np.bitwise_count(hashes[block][:, None] ^ hashes[block])
        block = block[(differ <= near).sum(axis=1) > 1]
    pairs = []
    left = block
    while len(left) > 1:
        reached, left = left[:1].tolist(), left[1:]
        for row in reached:  # which grows
            if len(left) == 0:
                break
            new = group[left] == group[row]  # joined before
            near_ones = np.flatnonzero(
                ~new & (np.bitwise_count(hashes[left] ^ hashes[row]) <= near)
            )
            compared = (before[left[near_ones]] == before[row]).any(axis=1)
            near_ones = near_ones[~compared]
            new[near_ones] = levels[left[near_ones]] @ levels[row] >= ALIKE
            if new.any():
                reached += left[new].tolist()
                pairs += [(row, other) for other in left[new].tolist()]
                left = left[~new]
    return pairs


def _connected(pairs: list[tuple[int, int]], n: int) -> Ints:
    """The first of those that chains of pairs join to each of n."""
    rows, columns = np.array(pairs, np.int64).reshape(-1, 2).T
    graph = coo_array((np.ones(len(rows), bool), (rows, columns)), (n, n))
    _, labels = connected_components(graph, directed=False)
    _, first = np.unique(labels, return_index=True)
    return np.asarray(first[labels], np.int64)
