"""The cache of compiled kernels: used again, and never stale."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lookalike.kernels import cache

CALLEE = "from numba import njit\n\n\n@njit(cache=True)\ndef inner():\n    return {}\n"
CALLER = """from numba import njit

from copied.callee import inner


@njit(cache=True)
def outer():
    return inner()
"""
RUN = """
from copied.caller import outer

answer = outer()
print(answer, sum(outer.stats.cache_hits.values()))
"""


@pytest.fixture
def package(tmp_path):
    """A package with the same cache as the kernels, and two kernels of its own."""
    folder = tmp_path / "copied"
    folder.mkdir()
    for source in (Path(cache.__file__), Path(cache.__file__).with_name("__init__.py")):
        text = source.read_text().replace("lookalike.kernels", "copied")
        (folder / source.name).write_text(text)
    (folder / "caller.py").write_text(CALLER)
    (folder / "callee.py").write_text(CALLEE.format(1))
    return folder


def outcome(folder, **environment):
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        cwd=folder.parent,
        env={"PATH": "", "PYTHONDONTWRITEBYTECODE": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return tuple(map(int, done.stdout.split()))


def cached(folder):
    return {path.name for path in folder.rglob("*.nb[ic]")}


def test_a_compiled_kernel_is_used_again(package):
    assert outcome(package) == (1, 0)
    assert outcome(package) == (1, 1)


def test_a_changed_callee_compiles_its_callers_again_and_deletes_nothing(package):
    assert outcome(package) == (1, 0)
    before = cached(package)
    assert any("outer" in name for name in before)
    (package / "callee.py").write_text(CALLEE.format(2))
    assert outcome(package) == (2, 0)
    assert before <= cached(package)
    assert outcome(package) == (2, 1)


def test_a_change_that_keeps_size_and_time_is_seen(package):
    callee = package / "callee.py"
    assert outcome(package) == (1, 0)
    times = callee.stat()
    callee.write_text(CALLEE.format(3))
    os.utime(callee, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert outcome(package) == (3, 0)


def test_the_folder_that_the_user_names_is_used(package, tmp_path):
    named = tmp_path / "named"
    assert outcome(package, NUMBA_CACHE_DIR=str(named)) == (1, 0)
    assert not cached(package)
    assert cached(named)
    assert outcome(package, NUMBA_CACHE_DIR=str(named)) == (1, 1)


def test_a_folder_that_cannot_be_written_leaves_the_users_cache(package, tmp_path):
    (package / "__pycache__").write_bytes(b"")  # no folder, and none can be made
    home = {"HOME": str(tmp_path / "home"), "LOCALAPPDATA": str(tmp_path / "home")}
    assert outcome(package, **home) == (1, 0)
    assert cached(tmp_path / "home")
    assert outcome(package, **home) == (1, 1)
    (package / "callee.py").write_text(CALLEE.format(2))
    assert outcome(package, **home) == (2, 0)


def test_a_kernel_that_is_added_or_renamed_is_seen(package):
    assert outcome(package) == (1, 0)
    (package / "third.py").write_text("")
    assert outcome(package) == (1, 0)
    (package / "third.py").rename(package / "fourth.py")
    assert outcome(package) == (1, 0)
    assert outcome(package) == (1, 1)


def test_functions_of_other_packages_are_cached_as_ever(tmp_path):
    other = tmp_path / "elsewhere.py"
    other.write_text("def f():\n    return 1\n")
    for locator in (cache.UserProvided, cache.InTree, cache.UserWide):
        assert locator.from_function(lambda: 1, str(other)) is None


def test_the_locators_are_added_once():
    before = cache.numba.config.CACHE_LOCATOR_CLASSES
    cache.use_digest_of_sources()
    assert before == cache.numba.config.CACHE_LOCATOR_CLASSES
