"""Arrays in memory as compiled kernels read them: contiguous, of the compiled type."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from lookalike._typing import Array

LINE = 64  # bytes of a cache line, and of the widest load


def aligned(shape: tuple[int, ...], dtype: type) -> Array:
    """Zeros that begin at a cache line, where the kernels' widest loads are fastest."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    buffer = np.zeros(size + LINE, np.uint8)
    start = -buffer.ctypes.data % LINE
    return buffer[start : start + size].view(dtype).reshape(shape)


def for_kernels(array: Array, at_line: bool = False) -> Array:
    """The same values in the type of array that the kernels are compiled for.

    Numba would compile all kernels again for read-only arrays, for half a minute. No
    kernel writes to what it searches, so the same memory is presented as writeable.

    at_line : copy the values to the beginning of a cache line if they are not there,
        for speed alone; arrays that are mapped from ``.npy`` files are
    """
    array = np.require(array, requirements=["C", "A", "E"])
    if at_line and array.ctypes.data % LINE:
        copy = aligned(array.shape, array.dtype.type)
        copy[...] = array
        return copy
    if array.flags.writeable:
        return array
    # NumPy reads no address of an array without values.
    return np.asarray(_Memory(array)) if array.size else array.copy()


def attributes_for_kernels(state: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes of an object that was pickled or copied, with arrays ``for_kernels``.

    Such arrays lie where NumPy or joblib puts them, and may be read-only.
    """
    return {
        name: for_kernels(value, at_line=name == "panels")
        if isinstance(value, np.ndarray)
        else value
        for name, value in state.items()
    }


class _Memory:
    """The memory of an array, presented to NumPy as writeable."""

    def __init__(self, array: Array) -> None:
        self._array = array  # keeps it alive
        interface = array.__array_interface__
        self.__array_interface__ = {**interface, "data": (array.ctypes.data, False)}
