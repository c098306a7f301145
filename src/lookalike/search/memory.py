"""Arrays in memory as compiled kernels read them: aligned, of the compiled type."""

import numpy as np

from lookalike._typing import Array

LINE = 64  # bytes of a cache line, and of the widest load


def aligned(shape: tuple[int, ...], dtype: type) -> Array:
    """Zeros that begin at a cache line, as the kernels' widest loads need it."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    buffer = np.zeros(size + LINE, np.uint8)
    start = -buffer.ctypes.data % LINE
    return buffer[start : start + size].view(dtype).reshape(shape)


def for_kernels(array: Array, at_line: bool = False) -> Array:
    """The same values in the type of array that the kernels are compiled for.

    Numba would compile all kernels again for read-only arrays, for half a minute. No
    kernel writes to what it searches, so the same memory is presented as writeable.

    at_line : copy the values to the beginning of a cache line if they are not there;
        arrays that are mapped from ``.npy`` files are
    """
    array = np.ascontiguousarray(array)
    if at_line and array.ctypes.data % LINE:
        copy = aligned(array.shape, array.dtype.type)
        copy[...] = array
        return copy
    if array.flags.writeable or array.size == 0:
        return array
    return np.asarray(_Memory(array))


class _Memory:
    """The memory of an array, presented to NumPy as writeable."""

    def __init__(self, array: Array) -> None:
        self._array = array  # keeps it alive
        interface = array.__array_interface__
        self.__array_interface__ = {**interface, "data": (array.ctypes.data, False)}
