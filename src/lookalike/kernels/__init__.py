"""Compiled loops: plain arrays in, plain arrays out, nothing checked.

Kernels are compiled at their first call and kept beside their source. Numba recompiles
a function when *its* file changes, but not when a function that it has inlined from
another file does; so whatever is older than the newest file here is dropped.
"""

from pathlib import Path


def _drop_stale() -> None:
    here = Path(__file__).parent
    newest = max(source.stat().st_mtime for source in here.glob("*.py"))
    for index in here.glob("__pycache__/*.nbi"):
        try:
            if index.stat().st_mtime < newest:
                index.unlink()
        except OSError:
            pass  # another process was first, or the folder may not be written


_drop_stale()
