"""Three processor instructions that plain Numba does not emit.

Recent x86 processors multiply small integers much faster than floats (AVX-512 VNNI):

- ``vpdpwssd`` multiplies 32 pairs of int16 and adds neighbouring products into 16
  int32 sums, in one instruction;
- ``vpdpbusd`` does the same for 64 pairs of bytes (one side unsigned), four products
  to a sum;
- ``prefetch`` loads a cache line before it is needed.

The tiles and products below emit LLVM's name for one of the first two inside a small
loop. They take *addresses* (``array.ctypes.data``), aligned or not, check nothing, and
need ``HAS_VNNI``; every caller has a portable twin in plain Numba that returns the same
answer. The other functions, for addresses and bits, run on any processor.
"""

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.core import config
from numba.extending import intrinsic

# Numba for another processor (NUMBA_CPU_NAME), or without its compiler, takes the
# portable path.
HAS_VNNI = (
    not config.DISABLE_JIT
    and config.CPU_NAME is None
    and llvm.get_host_cpu_features().get("avx512vnni", False)
)

ROWS = 6  # queries per tile: 6 x 4 sums + 4 rows + 1 query fill 29 of 32 registers
PANEL = 64  # catalogue rows per tile: 4 registers of 16
SIDE = 16  # rows whose bytes fill a register, four of each

_BYTE, _INT, _LONG = ir.IntType(8), ir.IntType(32), ir.IntType(64)
_INT16x32 = ir.VectorType(ir.IntType(16), 32)
_BYTEx64 = ir.VectorType(_BYTE, 64)
_INTx16 = ir.VectorType(_INT, 16)


def _long(value):
    return ir.Constant(_LONG, value)


# No address has to be aligned: NumPy promises 16 bytes at most, and an array that was
# pickled, copied or mapped has no more. Where an address happens to be aligned, the
# processor's instruction for any address is as fast.
def _load(builder, address, kind):
    value = builder.load(builder.inttoptr(address, kind.as_pointer()))
    value.align = 1
    return value


def _store(builder, value, address):
    pointer = builder.inttoptr(address, value.type.as_pointer())
    builder.store(value, pointer).align = 1


def _broadcast(builder, value):
    """The same 32 bits in all 16 lanes."""
    undefined = ir.Constant(_INTx16, ir.Undefined)
    first = builder.insert_element(undefined, value, ir.Constant(_INT, 0))
    return builder.shuffle_vector(first, undefined, ir.Constant(_INTx16, [0] * 16))


def _declare(builder, name, result, arguments):
    module = builder.module
    if name in module.globals:
        return module.globals[name]
    return ir.Function(module, ir.FunctionType(result, arguments), name)


def _declare_byte_product(builder):
    """Add products of unsigned and signed bytes, four at a time, to 16 sums."""
    kinds = [_INTx16, _BYTEx64, _BYTEx64]
    return _declare(builder, "llvm.x86.avx512.vpdpbusd.512", _INTx16, kinds)


def _loop(builder, n, sums, step):
    """``for i in range(n): sums = step(i, sums)``, the sums held in registers."""
    before, body = builder.block, builder.append_basic_block("body")
    after = builder.append_basic_block("after")
    builder.branch(body)
    builder.position_at_end(body)
    i = builder.phi(_LONG)
    i.add_incoming(_long(0), before)
    held = [builder.phi(s.type) for s in sums]
    for phi, start in zip(held, sums, strict=True):
        phi.add_incoming(start, before)
    updated = step(i, held)
    following = builder.add(i, _long(1))
    i.add_incoming(following, body)
    for phi, value in zip(held, updated, strict=True):
        phi.add_incoming(value, body)
    builder.cbranch(builder.icmp_signed("<", following, n), body, after)
    builder.position_at_end(after)
    return updated


def _make_tile(rows):
    """A tile of ``rows`` queries by one panel of 64 catalogue rows.

    keys[r, j] = start[j] + sum_i queries[r, i] * panel[j, i]   (exact modulo 2**32)
    minima[r]  = min_j keys[r, j]

    queries : address of int16 (rows, 2 * n_pairs), rows ``query_stride`` bytes apart
    panel   : address of int16 (n_pairs, 64, 2)
    start   : address of int32 (64,)
    keys    : address of int32 (rows, 64), rows ``key_stride`` bytes apart
    minima  : address of int32 (rows,), ``minimum_stride`` bytes apart
    """

    @intrinsic
    def tile(
        context,
        queries,
        query_stride,
        panel,
        n_pairs,
        start,
        keys,
        key_stride,
        minima,
        minimum_stride,
    ):
        def generate(context, builder, signature, arguments):
            (q, q_stride, panel, n_pairs, start, keys, key_stride, minima, m_stride) = (
                arguments
            )
            multiply_add = _declare(
                builder,
                "llvm.x86.avx512.vpdpwssd.512",
                _INTx16,
                [_INTx16, _INT16x32, _INT16x32],
            )
            starts = [
                _load(builder, builder.add(start, _long(64 * v)), _INTx16)
                for v in range(4)
            ]
            query = [q]
            for _ in range(1, rows):
                query.append(builder.add(query[-1], q_stride))

            def step(i, sums):
                line = builder.add(panel, builder.mul(i, _long(256)))
                pair = builder.mul(i, _long(4))
                x = [
                    _load(builder, builder.add(line, _long(64 * v)), _INT16x32)
                    for v in range(4)
                ]
                out = []
                for r in range(rows):
                    both = _load(builder, builder.add(query[r], pair), _INT)
                    both = builder.bitcast(_broadcast(builder, both), _INT16x32)
                    for v in range(4):
                        out.append(
                            builder.call(multiply_add, [sums[4 * r + v], x[v], both])
                        )
                return out

            sums = _loop(builder, n_pairs, starts * rows, step)
            minimum = _declare(builder, "llvm.smin.v16i32", _INTx16, [_INTx16, _INTx16])
            reduce = _declare(
                builder, "llvm.vector.reduce.smin.v16i32", _INT, [_INTx16]
            )
            for r in range(rows):
                a, b, c, d = sums[4 * r : 4 * r + 4]
                for v, value in enumerate((a, b, c, d)):
                    _store(builder, value, builder.add(keys, _long(64 * v)))
                low = builder.call(
                    minimum,
                    [builder.call(minimum, [a, b]), builder.call(minimum, [c, d])],
                )
                _store(builder, builder.call(reduce, [low]), minima)
                keys = builder.add(keys, key_stride)
                minima = builder.add(minima, m_stride)
            return context.get_dummy_value()

        return types.void(*[types.int64] * 9), generate

    return tile


tile_of_six = _make_tile(ROWS)
tile_of_one = _make_tile(1)


@intrinsic
def byte_tile(context, columns, panel, n_quads, start, out):
    """Products of six columns of one panel of bytes with 64 of another.

    out[r, j] = start[j] + sum_i columns[i, r] * panel[i, j]   (exact modulo 2**32)

    columns : address of the first of six columns in a panel as below, but of int8
    panel   : address of uint8 (n_quads, 64, 4): four rows, column by column
    start   : address of int32 (64,)
    out     : address of int32 (6, 64)
    """

    def generate(context, builder, signature, arguments):
        columns, panel, n_quads, start, out = arguments
        multiply_add = _declare_byte_product(builder)
        starts = [
            _load(builder, builder.add(start, _long(64 * v)), _INTx16) for v in range(4)
        ]

        def step(i, sums):
            line = builder.mul(i, _long(4 * PANEL))
            at, here = builder.add(panel, line), builder.add(columns, line)
            x = [
                _load(builder, builder.add(at, _long(64 * v)), _BYTEx64)
                for v in range(4)
            ]
            after = []
            for r in range(ROWS):
                quad = _load(builder, builder.add(here, _long(4 * r)), _INT)
                quad = builder.bitcast(_broadcast(builder, quad), _BYTEx64)
                for v in range(4):
                    before = sums[4 * r + v]
                    after.append(builder.call(multiply_add, [before, x[v], quad]))
            return after

        for t, total in enumerate(_loop(builder, n_quads, starts * ROWS, step)):
            _store(builder, total, builder.add(out, _long(64 * t)))
        return context.get_dummy_value()

    return types.void(*[types.int64] * 5), generate


@intrinsic
def dot_bytes(context, unsigned, signed, n):
    """Sum of products of ``n`` unsigned and signed bytes.

    Exact while it fits int32: up to 65,000 bytes. What is left of a cache line is read
    by a mask, so nothing beyond is touched.
    """

    def generate(context, builder, signature, arguments):
        unsigned, signed, n = arguments
        multiply_add = _declare_byte_product(builder)
        bits = ir.VectorType(ir.IntType(1), 64)
        masked = _declare(
            builder,
            "llvm.masked.load.v64i8.p0",
            _BYTEx64,
            [_BYTEx64.as_pointer(), _INT, bits, _BYTEx64],
        )
        n_lines = builder.lshr(n, _long(6))
        left = builder.and_(n, _long(63))
        mask = builder.sub(builder.shl(_long(1), left), _long(1))
        mask = builder.bitcast(mask, bits)
        nothing = ir.Constant(_BYTEx64, [0] * 64)

        def rest(address):
            at = builder.add(address, builder.shl(n_lines, _long(6)))
            pointer = builder.inttoptr(at, _BYTEx64.as_pointer())
            one = ir.Constant(_INT, 1)
            return builder.call(masked, [pointer, one, mask, nothing])

        zeros = ir.Constant(_INTx16, [0] * 16)
        start = builder.call(multiply_add, [zeros, rest(unsigned), rest(signed)])

        def step(i, sums):
            at = builder.mul(i, _long(64))
            x = _load(builder, builder.add(unsigned, at), _BYTEx64)
            q = _load(builder, builder.add(signed, at), _BYTEx64)
            return [builder.call(multiply_add, [sums[0], x, q])]

        before = builder.block
        with builder.if_then(builder.icmp_signed(">", n_lines, _long(0))):
            (added,) = _loop(builder, n_lines, [start], step)
            looped = builder.block
        total = builder.phi(_INTx16)
        total.add_incoming(start, before)
        total.add_incoming(added, looped)
        reduce = _declare(builder, "llvm.vector.reduce.add.v16i32", _INT, [_INTx16])
        return builder.call(reduce, [total])

    return types.int32(*[types.int64] * 3), generate


def _make_panel_keys(n_panels):
    """``panel_keys`` for so many panels."""

    def generate(builder, code, panels, n_quads, keys):
        multiply_add = _declare_byte_product(builder)
        size = builder.mul(builder.add(n_quads, _long(1)), _long(64))
        at = [panels]
        for _ in range(1, n_panels):
            at.append(builder.add(at[-1], size))

        def step(i, sums):
            quad = _load(builder, builder.add(code, builder.mul(i, _long(4))), _INT)
            quad = builder.bitcast(_broadcast(builder, quad), _BYTEx64)
            line = builder.mul(i, _long(64))
            return [
                builder.call(
                    multiply_add,
                    [s, quad, _load(builder, builder.add(a, line), _BYTEx64)],
                )
                for s, a in zip(sums, at, strict=True)
            ]

        zeros = [ir.Constant(_INTx16, [0] * 16)] * n_panels
        one = ir.Constant(_INTx16, [1] * 16)
        last = builder.mul(n_quads, _long(64))
        for p, total in enumerate(_loop(builder, n_quads, zeros, step)):
            start = _load(builder, builder.add(at[p], last), _INTx16)
            key = builder.sub(start, builder.shl(total, one))
            _store(builder, key, builder.add(keys, _long(64 * p)))

    return generate


@intrinsic
def panel_keys(context, code, panels, n_quads, n_panels, keys):
    """Starts of rows of bytes less twice their products with a query's code.

    keys[p, r] = start[p, r] - 2 * sum_i code[i] * panels[p, i // 4, r, i % 4]

    code     : address of uint8 (4 * n_quads,)
    panels   : address of int8 (n_panels, n_quads + 1, 16, 4); the last quads are the
               starts, int32
    n_quads  : at least 1
    n_panels : 1 to 4
    keys     : address of int32 (n_panels, 16)
    """

    def generate(context, builder, signature, arguments):
        code, panels, n_quads, n_panels, keys = arguments
        after = builder.append_basic_block("keys_found")
        first = builder.block
        blocks = []
        for n in range(1, 5):
            builder.position_at_end(builder.append_basic_block(f"panels_{n}"))
            blocks.append(builder.block)
            _make_panel_keys(n)(builder, code, panels, n_quads, keys)
            builder.branch(after)
        builder.position_at_end(first)
        choice = builder.switch(n_panels, blocks[3])
        for n in range(1, 4):
            choice.add_case(_long(n), blocks[n - 1])
        builder.position_at_end(after)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 5), generate


@intrinsic
def project(context, query, steps, used, n_used, totals):
    """Products of a query with 64 axes.

    totals[j] = sum_i query[i] * steps[i // 4, j, i % 4]   (exact modulo 2**32)

    over the i for which i // 4 is ``used``.

    query  : address of uint8
    steps  : address of int8 (n_quads, 64, 4)
    used   : address of int64 (n_used,), the quads that count
    totals : address of int32 (64,)
    """

    def generate(context, builder, signature, arguments):
        query, steps, used, n_used, totals = arguments
        multiply_add = _declare_byte_product(builder)

        def step(i, sums):
            a = _load(builder, builder.add(used, builder.mul(i, _long(8))), _LONG)
            quad = _load(builder, builder.add(query, builder.mul(a, _long(4))), _INT)
            quad = builder.bitcast(_broadcast(builder, quad), _BYTEx64)
            at = builder.add(steps, builder.mul(a, _long(4 * PANEL)))
            return [
                builder.call(
                    multiply_add,
                    [s, quad, _load(builder, builder.add(at, _long(64 * v)), _BYTEx64)],
                )
                for v, s in enumerate(sums)
            ]

        zeros = [ir.Constant(_INTx16, [0] * 16)] * 4
        with builder.if_else(builder.icmp_signed(">", n_used, _long(0))) as (
            some,
            none,
        ):
            with some:
                found = _loop(builder, n_used, zeros, step)
                after_some = builder.block
            with none:
                after_none = builder.block
        for v in range(4):
            total = builder.phi(_INTx16)
            total.add_incoming(found[v], after_some)
            total.add_incoming(zeros[v], after_none)
            zeros[v] = total
        for v, total in enumerate(zeros):
            _store(builder, total, builder.add(totals, _long(64 * v)))
        return context.get_dummy_value()

    return types.void(*[types.int64] * 5), generate


@intrinsic
def pointer(context, address):
    """An address as a pointer, for ``numba.carray``."""

    def generate(context, builder, signature, arguments):
        return builder.inttoptr(arguments[0], _BYTE.as_pointer())

    return types.voidptr(types.int64), generate


@intrinsic
def at_most(context, keys, limit):
    """One bit for each of 64 int32 at address ``keys``, set if at most ``limit``."""

    def generate(context, builder, signature, arguments):
        keys, limit = arguments
        limits = _broadcast(builder, limit)
        bits = _long(0)
        for v in range(4):
            x = _load(builder, builder.add(keys, _long(64 * v)), _INTx16)
            mask = builder.bitcast(builder.icmp_signed("<=", x, limits), ir.IntType(16))
            mask = builder.shl(builder.zext(mask, _LONG), _long(16 * v))
            bits = builder.or_(bits, mask)
        return bits

    return types.uint64(types.int64, types.int32), generate


@intrinsic
def lowest_bit(context, bits):
    """Position of the lowest bit that is set; ``bits`` must not be zero."""

    def generate(context, builder, signature, arguments):
        count = _declare(builder, "llvm.cttz.i64", _LONG, [_LONG, ir.IntType(1)])
        return builder.call(count, [arguments[0], ir.Constant(ir.IntType(1), 1)])

    return types.int64(types.uint64), generate


@intrinsic
def prefetch(context, address):
    """Prefetch the cache line at ``address``, on any processor."""

    def generate(context, builder, signature, arguments):
        pointer = builder.inttoptr(arguments[0], _BYTE.as_pointer())
        request = _declare(
            builder,
            "llvm.prefetch.p0",
            ir.VoidType(),
            [_BYTE.as_pointer()] + [_INT] * 3,
        )
        read, keep, data = (ir.Constant(_INT, value) for value in (0, 3, 1))
        builder.call(request, [pointer, read, keep, data])
        return context.get_dummy_value()

    return types.void(types.int64), generate
