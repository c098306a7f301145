"""A short sorted list of numbers, into which one is put without a branch.

With the list ``b`` sorted and ``b[-1]`` below everything, the list with ``p`` in its
place is

    max(b[j - 1], min(b[j], p))    for every j,

because the middle one of three is ``b[j]`` up to the place of p, then p, then what was
one place before. Eight places are written by two instructions, from the back so that
nothing is read that was written already.
"""

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic, overload

NONE = np.int64(0x7FFFFFFFFFFFFFFF)  # stands where there is no number yet
WIDTH = 8  # places that are written at once
MARGIN = WIDTH  # places before a list; the last of them holds the lowest number
SHORT = 64  # a list up to this long is written from end to end

_LONG = ir.IntType(64)
_LONGx8 = ir.VectorType(_LONG, WIDTH)


@njit(cache=True, nogil=True)
def empty(n_lists, length):
    """Room for lists of a length; each is a row from ``MARGIN`` on."""
    blocks = (length + WIDTH - 1) // WIDTH
    lists = np.empty((n_lists, MARGIN + (blocks + 1) * WIDTH), np.int64)
    lists[:, :MARGIN] = -NONE
    lists[:, MARGIN:] = NONE
    return lists


@njit(cache=True, nogil=True)
def clear(numbers):
    """Empty one list."""
    numbers[:] = NONE


@njit(cache=True, nogil=True, forceinline=True)
def place_of(numbers, length, value):
    """How many of the first numbers are not above a value."""
    low, high = 0, length
    while low < high:
        middle = (low + high) >> 1
        if numbers[middle] <= value:
            low = middle + 1
        else:
            high = middle
    return low


def shift_in(numbers, first, last, value):
    """Put a value among ``numbers[8 * first : 8 * last]``, see above."""
    for j in range(WIDTH * last - 1, WIDTH * first, -1):
        numbers[j] = max(numbers[j - 1], min(numbers[j], value))
    j = WIDTH * first
    before = numbers[j - 1] if j > 0 else -NONE
    numbers[j] = max(before, min(numbers[j], value))


@intrinsic
def _shift_in_blocks(context, address, first, last, value):
    def generate(context, builder, signature, arguments):
        address, first, last, value = arguments
        module, number = builder.module, ir.IntType(32)

        def function(name):
            kind = ir.FunctionType(_LONGx8, [_LONGx8, _LONGx8])
            return module.globals.get(name) or ir.Function(module, kind, name)

        lower, higher = function("llvm.smin.v8i64"), function("llvm.smax.v8i64")
        undefined = ir.Constant(_LONGx8, ir.Undefined)
        values = builder.insert_element(undefined, value, ir.Constant(number, 0))
        zeros = ir.Constant(ir.VectorType(number, WIDTH), [0] * WIDTH)
        values = builder.shuffle_vector(values, undefined, zeros)

        def pointer(address):
            return builder.inttoptr(address, _LONGx8.as_pointer())

        before, body = builder.block, builder.append_basic_block("body")
        after = builder.append_basic_block("after")
        builder.branch(body)
        builder.position_at_end(body)
        end = builder.phi(_LONG)
        block = builder.sub(end, ir.Constant(_LONG, 1))
        end.add_incoming(last, before)
        end.add_incoming(block, body)
        at = builder.add(address, builder.mul(block, ir.Constant(_LONG, 8 * WIDTH)))
        here = builder.load(pointer(at))
        shifted = builder.load(pointer(builder.sub(at, ir.Constant(_LONG, 8))))
        here.align = shifted.align = 8
        middle = builder.call(higher, [shifted, builder.call(lower, [here, values])])
        builder.store(middle, pointer(at)).align = 8
        builder.cbranch(builder.icmp_signed(">", block, first), body, after)
        builder.position_at_end(after)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 4), generate


@overload(shift_in, jit_options={"forceinline": True})
def _shift_in(numbers, first, last, value):
    def by_blocks(numbers, first, last, value):
        _shift_in_blocks(numbers.ctypes.data, first, last, value)

    return by_blocks


@njit(cache=True, nogil=True, forceinline=True)
def put(numbers, length, value):
    """Put a value into its place among the ``length`` smallest.

    numbers : int64, sorted, a list from ``empty``; the largest falls out
    """
    put_among(numbers, length, length, value)


@njit(cache=True, nogil=True, forceinline=True)
def put_among(numbers, n, length, value):
    """``put`` into a list of which only the first ``n`` count; no other is lower."""
    end = min(n + 1, length)
    first = 0 if end <= SHORT else place_of(numbers, n, value) // WIDTH
    shift_in(numbers, first, (end + WIDTH - 1) // WIDTH, value)
    numbers[length] = NONE
