"""Sorting and finding texts that are held as bytes one after the other.

data, ends : uint8 (n_bytes,) and int64 (n,), see ``lookalike._texts``
"""

from lookalike.kernels.compiled import njit


@njit(cache=True, nogil=True, forceinline=True)
def _is_before(data, start, end, other, other_start, other_end):
    """Whether a text comes before another one, byte by byte, the shorter one first."""
    length, other_length = end - start, other_end - other_start
    for j in range(min(length, other_length)):
        one, two = data[start + j], other[other_start + j]
        if one != two:
            return one < two
    return length < other_length


@njit(cache=True, nogil=True)
def sort(data, ends, order, other):
    """Sort rows by the bytes of their texts; of equal ones the first comes first.

    order : int64 (n,), out
    other : int64 (n,), memory

    Cost: O(n log n) comparisons.
    """
    n = order.shape[0]
    for row in range(n):
        order[row] = row
    width = 1
    while width < n:
        for low in range(0, n, 2 * width):
            middle, high = min(low + width, n), min(low + 2 * width, n)
            i, j = low, middle
            for at in range(low, high):
                take = j == high
                if i < middle and j < high:
                    one, two = order[i], order[j]
                    start = ends[two - 1] if two > 0 else 0
                    first = ends[one - 1] if one > 0 else 0
                    take = not _is_before(
                        data, start, ends[two], data, first, ends[one]
                    )
                if take:
                    other[at] = order[i]
                    i += 1
                else:
                    other[at] = order[j]
                    j += 1
        for at in range(n):
            order[at] = other[at]
        width *= 2


@njit(cache=True, nogil=True)
def find(data, ends, order, wanted, wanted_ends, found):
    """The first row of each wanted text in the order of the rows, -1 without one.

    order  : int64 (n,), n >= 1, from ``sort``
    wanted, wanted_ends : the texts that are looked for
    found  : out, int64 (n_wanted,)

    Cost: O(log n) comparisons a text.
    """
    start = 0
    for w in range(wanted_ends.shape[0]):
        end = wanted_ends[w]
        low, high = 0, order.shape[0]
        while low < high:
            middle = (low + high) // 2
            row = order[middle]
            first = ends[row - 1] if row > 0 else 0
            if _is_before(data, first, ends[row], wanted, start, end):
                low = middle + 1
            else:
                high = middle
        found[w] = -1
        if low < order.shape[0]:
            row = order[low]
            first = ends[row - 1] if row > 0 else 0
            if not _is_before(wanted, start, end, data, first, ends[row]):
                found[w] = row
        start = end
