"""Numba's decorator, typed: what it compiles is called like a function.

Parameters and results of kernels are described in their docstrings.
"""

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numba
from numba.core.compiler_lock import global_compiler_lock
from numba.core.types import Array, unliteral

Function = Callable[..., Any]


def njit(**options: Any) -> Callable[[Function], Function]:
    """Return ``numba.njit`` with these options, made to compile less.

    A kernel that another calls with a constant is the one that takes any number;
    Numba would compile one for each constant. An array that is read-only, such as one
    that is mapped from a file, is read by the kernel of those that may be written;
    Numba would compile one for each mixture of both. So a kernel that writes to an
    argument must get one that may be written: nothing refuses it. None is called from
    C, so wrappers for that are left out. No garbage is collected meanwhile: the
    compiler makes many objects and keeps most of them.
    """
    compiled = numba.njit(no_cfunc_wrapper=True, **options)

    def compile_less(function: Function) -> Function:
        kernel = compiled(function)
        if hasattr(kernel, "get_call_template"):  # it has none without compilation
            find, compile_for = kernel.get_call_template, kernel.compile

            def find_for_any_number(
                args: tuple[Any, ...], kws: Mapping[str, Any]
            ) -> Any:
                args = tuple(map(unliteral, args))
                kws = {name: unliteral(kind) for name, kind in kws.items()}
                # Here a read-only array is a constant, and the call must match exactly.
                compile_for(tuple(kernel.fold_argument_types(args, kws)[1]))
                return find(args, kws)

            def compile_for_writable(signature: Any) -> Any:
                if not isinstance(signature, tuple) or signature in kernel.overloads:
                    return compile_for(signature)
                writable = tuple(map(_writable, signature))
                with _without_collecting():
                    entry = compile_for(writable)
                if writable != signature:
                    # The next call with such arguments finds it without Python; other
                    # kernels must not.
                    same = kernel.overloads[writable]
                    named = same.signature.replace(args=signature)
                    kernel.add_overload(same._replace(signature=named))
                    del kernel.overloads[signature]
                return entry

            kernel.get_call_template = find_for_any_number
            kernel.compile = compile_for_writable
        return kernel

    return compile_less


def _writable(kind: Any) -> Any:
    """The type of the same arrays that may be written."""
    return kind.copy(readonly=False) if isinstance(kind, Array) else kind


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Collect no garbage; one thread compiles at a time, and is the only one to ask."""
    with global_compiler_lock:
        collects = gc.isenabled()
        gc.disable()
        try:
            yield
        finally:
            if collects:
                gc.enable()
