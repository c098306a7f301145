"""The lowest of many keys, in order, sixteen to a register.

With the list ``b`` sorted and ``b[-1]`` minus infinity, the list with ``v`` inserted is

    max(b[j - 1], min(b[j], v))    for every j,

because the median of these three is ``b[j]`` up to the position of v, then v, then the
key one position before. There is no branch to mispredict, and each load reads a vector
that was stored whole just before.
"""

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload

from lookalike.kernels.compiled import njit

WIDTH = 16  # keys that are moved at once
NONE = np.int32(2**31 - 1)  # stands where there is no key yet

_INT, _LONG = ir.IntType(32), ir.IntType(64)
_INTx16 = ir.VectorType(_INT, WIDTH)


@njit(cache=True, nogil=True)
def empty(length):
    """Room for so many keys and a few more, int32, at the beginning of a cache line."""
    blocks = (length + WIDTH - 1) // WIDTH
    room = np.empty(WIDTH * (blocks + 1), np.int32)
    first = (-room.ctypes.data % 64) // 4
    return room[first : first + WIDTH * blocks]


def put(keys, value):
    """Insert a value into keys from ``empty``; the highest falls out."""
    for j in range(keys.shape[0] - 1, 0, -1):
        keys[j] = max(keys[j - 1], min(keys[j], value))
    keys[0] = min(keys[0], value)


@intrinsic
def _put_in_blocks(context, address, n_blocks, value):
    def generate(context, builder, signature, arguments):
        address, n_blocks, value = arguments
        module = builder.module

        def function(name):
            kind = ir.FunctionType(_INTx16, [_INTx16, _INTx16])
            return module.globals.get(name) or ir.Function(module, kind, name)

        lower, higher = function("llvm.smin.v16i32"), function("llvm.smax.v16i32")
        undefined = ir.Constant(_INTx16, ir.Undefined)
        values = builder.insert_element(undefined, value, ir.Constant(_INT, 0))
        zeros = ir.Constant(_INTx16, [0] * WIDTH)
        values = builder.shuffle_vector(values, undefined, zeros)
        one_back = ir.Constant(_INTx16, list(range(WIDTH - 1, 2 * WIDTH - 1)))
        below = ir.Constant(_INTx16, [-(2**31)] * WIDTH)
        before, body = builder.block, builder.append_basic_block("body")
        after = builder.append_basic_block("after")
        builder.branch(body)
        builder.position_at_end(body)
        block = builder.phi(_LONG)
        last = builder.phi(_INTx16)
        block.add_incoming(ir.Constant(_LONG, 0), before)
        last.add_incoming(below, before)
        at = builder.add(address, builder.mul(block, ir.Constant(_LONG, 4 * WIDTH)))
        pointer = builder.inttoptr(at, _INTx16.as_pointer())
        here = builder.load(pointer)
        shifted = builder.shuffle_vector(last, here, one_back)
        middle = builder.call(higher, [shifted, builder.call(lower, [here, values])])
        written = builder.store(middle, pointer)
        here.align = written.align = 4
        following = builder.add(block, ir.Constant(_LONG, 1))
        block.add_incoming(following, body)
        last.add_incoming(here, body)
        builder.cbranch(builder.icmp_signed("<", following, n_blocks), body, after)
        builder.position_at_end(after)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int32), generate


@overload(put, jit_options={"forceinline": True})
def _put(keys, value):
    def by_blocks(keys, value):
        _put_in_blocks(keys.ctypes.data, keys.shape[0] // WIDTH, np.int32(value))

    return by_blocks
