"""Threads over slices of rows, for kernels that release the interpreter lock."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any

from joblib import effective_n_jobs
from threadpoolctl import ThreadpoolController


def run_slices(
    work: Callable[[int, int], object], n: int, n_jobs: int | None, grain: int
) -> None:
    """Call ``work(start, stop)`` over ``range(n)`` in slices of ``grain`` rows.

    ``n_jobs`` is scikit-learn's: None is one thread, -1 is every processor. Each
    slice must write only its own rows, so that the answer does not depend on
    ``n_jobs``. Threads of Python instead of Numba's own: two callers may then work
    at the same time, and no process-wide setting is touched.
    """
    n_threads = min(effective_n_jobs(n_jobs), -(-n // grain))
    if n_threads <= 1:
        work(0, n)
        return
    starts = range(0, n, grain)
    with ThreadPoolExecutor(n_threads) as pool:
        # list() waits for every slice and re-raises what one of them raised.
        list(pool.map(lambda start: work(start, min(n, start + grain)), starts))


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


def blas_threads(n_jobs: int | None, rows: int) -> AbstractContextManager[Any]:
    """Hold NumPy's products to ``n_jobs`` threads, where there is enough to share."""
    if rows < 256:
        return nullcontext()
    return _controller().limit(limits=effective_n_jobs(n_jobs), user_api="blas")
