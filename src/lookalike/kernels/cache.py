"""The cache of compiled kernels, keyed on a digest of the sources of all of them.

Numba compiles a cached function again when *its* file changes, but not when a function
that it has inlined from another file does. Here the stamp that Numba compares is a
digest of every file of the package: a cached function is used only if no kernel has
changed since. Numba overwrites what has another stamp; an import deletes nothing.
"""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any, Self

import numba
from numba.core import caching

HERE = Path(__file__).parent
NUMBAS_OWN = (
    "UserProvidedCacheLocator,InTreeCacheLocator,UserWideCacheLocator,"
    "IPythonCacheLocator,ZipCacheLocator"
)


@cache
def digest_of_sources() -> str:
    """SHA-256 of the names and contents of all files of the package."""
    digest = hashlib.sha256()
    for source in sorted(HERE.glob("*.py")):
        content = source.read_bytes()
        digest.update(f"{source.name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


class _Stamped:
    """A Numba locator for this package alone, with the digest as the stamp."""

    @classmethod
    def from_function(cls, py_func: Any, py_file: str) -> Self | None:
        """The locator of a function of this package; None for any other function."""
        if Path(py_file).parent != HERE:
            return None
        found: Self | None = super().from_function(py_func, py_file)  # type: ignore[misc]
        return found

    def get_source_stamp(self) -> str:
        """The stamp, which must be equal for a cached function to be used."""
        return digest_of_sources()


class UserProvided(_Stamped, caching.UserProvidedCacheLocator):
    """In the folder that ``NUMBA_CACHE_DIR`` names."""


class InTree(_Stamped, caching.InTreeCacheLocator):
    """Beside the sources."""


class UserWide(_Stamped, caching.UserWideCacheLocator):
    """In the user's cache folder, where the sources' folder cannot be written."""


def use_digest_of_sources() -> None:
    """Make Numba try the locators above first; other packages' caches do not change."""
    own = ",".join(f"{__name__}.{c.__name__}" for c in (UserProvided, InTree, UserWide))
    others = numba.config.CACHE_LOCATOR_CLASSES or NUMBAS_OWN
    if not others.startswith(own):
        numba.config.CACHE_LOCATOR_CLASSES = f"{own},{others}"
