"""Numba's decorator, typed: what it compiles is called like a function.

Parameters and results of kernels are described in their docstrings.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numba
from numba.core.types import unliteral

Function = Callable[..., Any]


def njit(**options: Any) -> Callable[[Function], Function]:
    """Return ``numba.njit`` with these options, made to compile less.

    A kernel that another calls with a constant is the one that takes any number;
    Numba would compile one for each constant. None is called from C, so wrappers for
    that are left out.
    """
    compiled = numba.njit(no_cfunc_wrapper=True, **options)

    def compile_less(function: Function) -> Function:
        kernel = compiled(function)
        if hasattr(kernel, "get_call_template"):  # it has none without compilation
            find = kernel.get_call_template

            def find_for_any_number(
                args: tuple[Any, ...], kws: Mapping[str, Any]
            ) -> Any:
                plain = {name: unliteral(kind) for name, kind in kws.items()}
                return find(tuple(map(unliteral, args)), plain)

            kernel.get_call_template = find_for_any_number
        return kernel

    return compile_less
