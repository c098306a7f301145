"""Search state as files: arrays that are mapped into memory, and what they are.

A folder holds every array as ``.npy`` and one ``index.json``, which carries a SHA-256
of every file and of itself: an index and the ids of its rows cannot be mixed up with
those of another. It is written beside its place, synced and renamed, so that a reader
sees all of it or nothing. Nothing is pickled.

Processes that load the same folder share its pages. ``.npy`` files begin their data at
a multiple of 64 bytes, so a mapped array is aligned as the kernels want it.
"""

import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import lookalike
from lookalike._typing import Array
from lookalike.kernels import simd
from lookalike.kernels.bounds import WIDE
from lookalike.kernels.neighbors import HIDDEN
from lookalike.kernels.simd import PANEL
from lookalike.search.geometry import Cosine, Euclidean, Geometry, InnerProduct
from lookalike.search.index import ExactIndex
from lookalike.search.rotation import RotationFilter

FORMAT = 1
"""The form of the folder; a reader refuses a higher one by name."""
_FILE = re.compile(r"\w+\.npy")
_SCALARS = ("scale", "_row_error", "_row_radius")


def index_state(index: ExactIndex) -> tuple[dict[str, Array], dict[str, Any]]:
    """Arrays and a JSON document from which ``index_from_state`` makes the index."""
    arrays = {"rows": index.rows, "norms": index.norms}
    about: dict[str, Any] = {"n_features": index.n_features, "filter": None}
    found = index.filter
    if found is not None:
        arrays |= {"panels": found.panels, "starts": found.starts, "mean": found.mean}
        if found.axes is not None:
            arrays["axes"] = found.axes
        about["filter"] = {key.strip("_"): getattr(found, key) for key in _SCALARS}
        if isinstance(found.geometry, InnerProduct):
            about["filter"]["squared_length"] = found.geometry.squared_length
    return arrays, about


def index_from_state(
    arrays: Mapping[str, Array], about: Mapping[str, Any], metric: str
) -> ExactIndex:
    """The index whose ``index_state`` this is; arrays are used as they are.

    Raises
    ------
    ValueError
        If the arrays do not belong together: kernels would read beside them.
    """
    arrays = {key: _as_compiled_for(array) for key, array in arrays.items()}
    filter = None if about["filter"] is None else _filter(arrays, about, metric)
    rows, norms = arrays["rows"], arrays["norms"]
    width = about["n_features"]
    if rows.dtype in (np.int8, np.uint8):
        width = -(-width // 64) * 64
    good = rows.dtype in (np.int8, np.uint8, np.float32, np.float64)
    good = good and rows.ndim == 2 and rows.shape[1] == width and len(rows) > 0
    if not good or norms.dtype != np.float64 or norms.shape != rows.shape[:1]:
        raise ValueError("rows and norms do not belong together.")
    if filter is not None:
        _check_filter(filter, len(rows), about["n_features"])
    return ExactIndex.of_parts(metric, about["n_features"], rows, norms, filter)


def runs_here(index: ExactIndex) -> bool:
    """Whether this processor has the instruction that the index was made for."""
    signed = index.rows.dtype == np.int8
    integers = index.filter is not None and index.filter.integers
    return simd.HAS_VNNI or not (signed or integers)


class _Memory:
    """The memory of an array, offered to NumPy as if it might be written."""

    def __init__(self, array: Array) -> None:
        self._array = array  # keeps it alive
        interface = array.__array_interface__
        self.__array_interface__ = {**interface, "data": (array.ctypes.data, False)}


def _as_compiled_for(array: Array) -> Array:
    """The same memory as the type of array that the kernels were compiled for.

    Numba would compile all of them again for arrays that may not be written, for half
    a minute. No kernel writes to what it searches.
    """
    array = np.ascontiguousarray(array)
    if array.flags.writeable or array.size == 0:
        return array
    return np.asarray(_Memory(array))


def _filter(
    arrays: Mapping[str, Array], about: Mapping[str, Any], metric: str
) -> RotationFilter:
    geometry: Geometry = Cosine() if metric == "cosine" else Euclidean()
    if metric == "inner_product":
        geometry = InnerProduct.__new__(InnerProduct)
        geometry.squared_length = float(about["filter"]["squared_length"])
    found = RotationFilter(geometry, integers=arrays["panels"].dtype == np.int16)
    found.panels, found.starts = arrays["panels"], arrays["starts"]
    found.mean, found.axes = arrays["mean"], arrays.get("axes")
    for key in _SCALARS:
        setattr(found, key, float(about["filter"][key.strip("_")]))
    return found


def _check_filter(found: RotationFilter, n_samples: int, n_features: int) -> None:
    n_lifted = n_features + isinstance(found.geometry, InnerProduct)
    n_panels = -(-n_samples // (WIDE * PANEL)) * WIDE
    steps = found.n_steps
    width = PANEL if found.integers else WIDE * PANEL
    shape = (n_panels * PANEL // width, steps // 2, width, 2)
    kinds: tuple[type, type] = (np.int16, np.int32)
    if not found.integers:
        shape, kinds = (shape[0], steps, width, 1), (np.float32, np.float32)
    if found.panels.size != np.prod(shape):
        raise ValueError("rows and codes do not belong together.")
    first = n_samples // width
    last = found.panels.reshape(shape)[first:].transpose(0, 2, 1, 3).reshape(-1, steps)
    good = (
        found.mean.shape == (n_lifted,)
        and (found.axes is None or found.axes.shape[0] == n_lifted)
        and found.panels.shape == shape[: 4 if found.integers else 3]
        and found.starts.shape == (n_panels, PANEL)
        and found.panels.dtype == kinds[0]
        and found.starts.dtype == kinds[1]
        # Rows that are not there must have keys that are never found.
        and bool((found.starts.reshape(-1)[n_samples:] >= HIDDEN).all())
        and not last[n_samples - first * width :].any()
    )
    if not good:
        raise ValueError("rows and codes do not belong together.")


def write_folder(
    folder: str | os.PathLike[str],
    arrays: Mapping[str, Array],
    about: Mapping[str, Any],
) -> Path:
    """Write arrays and a document to a new folder, or nothing.

    Raises
    ------
    ValueError
        If the place is taken, or an array holds Python objects.
    """
    folder = Path(folder)
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise ValueError(f"{folder} exists already; it is never overwritten.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = folder.parent / f".unfinished-{secrets.token_hex(8)}"
    try:
        scratch.mkdir()
        files = {}
        for key, array in arrays.items():
            path = scratch / f"{key}.npy"
            with path.open("xb") as stream:
                np.save(stream, array, allow_pickle=False)
                os.fsync(stream.fileno())
            files[path.name] = _sha256(path)
        document = {
            "format": FORMAT,
            "version": lookalike.__version__,
            "about": about,
            "files": files,
        }
        with (scratch / "index.json").open("xb") as stream:
            stream.write(_canonical(document))
            stream.flush()
            os.fsync(stream.fileno())
        scratch.rename(folder)
    except BaseException:  # Ctrl-C too must not leave half an index
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    return folder


def read_folder(
    folder: str | os.PathLike[str],
) -> tuple[dict[str, Array], dict[str, Any]]:
    """Arrays, memory-mapped, and the document, every file checked.

    Raises
    ------
    ValueError
        If a file is missing or is not what was written, or the format is another one.
    """
    folder = Path(folder)
    document = _read_document(folder)
    arrays = {}
    for file, expected in document["files"].items():
        path = folder / file
        if not path.is_file() or _sha256(path) != expected:
            raise ValueError(
                f"{folder} is damaged: {file} is not the file that was written."
            )
        arrays[path.stem] = _map(path)
    return arrays, document["about"]


def _read_document(folder: Path) -> dict[str, Any]:
    path = folder / "index.json"
    if not path.is_file():
        raise ValueError(f"{folder} holds no index: there is no index.json in it.")
    written = path.read_bytes()
    try:
        document = json.loads(written)
        document.pop("checksum")
        whole = _canonical(document) == written
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        whole = False
    if not whole:
        raise ValueError(f"{folder} is damaged: index.json is not what was written.")
    if document.get("format") != FORMAT:
        raise ValueError(
            f"{folder} was written in format {document.get('format')} by lookalike "
            f"{document.get('version')}; this is lookalike {lookalike.__version__}, "
            f"which reads format {FORMAT}."
        )
    files = document.get("files")
    # A path in place of a file's name would lead out of the folder.
    if not isinstance(files, dict) or not all(map(_FILE.fullmatch, files)):
        raise ValueError(f"{folder} was not written by lookalike.")
    return document


def _canonical(document: Mapping[str, Any]) -> bytes:
    """The one form in which a document is written: any change of it shows."""
    body = json.dumps(document, indent=2, sort_keys=True, allow_nan=False)
    digest = hashlib.sha256(body.encode()).hexdigest()
    whole = {**document, "checksum": digest}
    return json.dumps(whole, indent=2, sort_keys=True, allow_nan=False).encode()


def _map(path: Path) -> Array:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except ValueError:
        # What cannot be mapped: no elements (read as it is), or objects (refused).
        array = np.load(path, allow_pickle=False)
    return np.asarray(array)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
