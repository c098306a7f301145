"""Search state as files: arrays that are mapped into memory, and what they are.

A folder holds every array as ``.npy`` and one ``index.json``, which carries a SHA-256
of every file and of itself: an index and the ids of its rows cannot be mixed up with
those of another. How it is written and read is ``lookalike._files``.

Processes that load the same folder share its pages. ``.npy`` files begin their data at
a multiple of 64 bytes, so a mapped array is aligned as the kernels want it.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import lookalike
from lookalike import _files
from lookalike._typing import Array
from lookalike.kernels import simd
from lookalike.kernels.bounds import WIDE
from lookalike.kernels.byte_codes import TAIL
from lookalike.kernels.neighbors import HIDDEN
from lookalike.kernels.simd import PANEL, SIDE
from lookalike.search.approximate import ApproximateNeighbors, Plan
from lookalike.search.byte_codes import LINE, ByteCodes
from lookalike.search.geometry import Cosine, Euclidean, Geometry, InnerProduct
from lookalike.search.index import ExactIndex
from lookalike.search.inverted_file import InvertedFile
from lookalike.search.promise import Interval
from lookalike.search.rotation import RotationFilter
from lookalike.search.rows import STEP

FORMAT = 1
"""The form of the folder; a reader refuses a higher one by name."""
DOCUMENT = "index.json"
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
        width = -(-width // STEP) * STEP
    good = rows.dtype in (np.int8, np.uint8, np.float32, np.float64)
    good = good and rows.ndim == 2 and rows.shape[1] == width and len(rows) > 0
    if not good or norms.dtype != np.float64 or norms.shape != rows.shape[:1]:
        raise ValueError("rows and norms do not belong together.")
    if filter is not None:
        _check_filter(filter, len(rows), about["n_features"])
    return ExactIndex.of_parts(metric, about["n_features"], rows, norms, filter)


def engine_state(
    engine: ApproximateNeighbors,
) -> tuple[dict[str, Array], dict[str, Any]]:
    """What a fitted engine holds beside its exact index."""
    parameters = engine.get_params()
    if not isinstance(parameters["random_state"], int):
        parameters["random_state"] = 0  # a generator that has moved on cannot be kept
    about: dict[str, Any] = {"parameters": parameters, "plan": None}
    measured = ("build_seconds_", "queries_per_second_")
    about["measured"] = {key: getattr(engine, key) for key in measured}
    plan = engine._plan
    if plan is None:
        return {}, about
    about["plan"] = {
        "promised": plan.promised,
        "width": plan.width,
        "reach": plan.reach,
        "near": plan.near,
        "recall": list(plan.recall),
        "batches": engine._batch_plan,
    }
    parts = plan.lists.parts
    arrays = {"panels": parts.panels, "rows": parts.rows, "first": parts.first}
    arrays |= {"centres": parts.centre_panels}
    return arrays | {"axes": parts.axes, "centre": parts.centre}, about


def engine_from_state(
    arrays: Mapping[str, Array], about: Mapping[str, Any], index: ExactIndex
) -> ApproximateNeighbors | None:
    """The engine over an index whose ``engine_state`` this is.

    None if its codes are for another processor than this one, or of a kind that was
    given up: then the exact search answers until the engine is built again.

    Raises
    ------
    ValueError
        If the arrays do not belong together: kernels would read beside them.
    """
    if "plan" not in about:
        return None
    engine = ApproximateNeighbors(**about["parameters"])
    for key, value in about["measured"].items():
        setattr(engine, key, value)
    plan = None
    if about["plan"] is not None:
        held = {key: _as_compiled_for(array) for key, array in arrays.items()}
        _check_lists(held, index)
        if (held["panels"].dtype == np.int8) != simd.HAS_VNNI:
            return None
        geometry = _geometry_of(index)
        codes = ByteCodes.of_parts(geometry, held["axes"], held["centre"])
        keys = ("panels", "rows", "first", "centres")
        lists = InvertedFile(index, codes, *(held[key] for key in keys))
        saved = about["plan"]
        recall = Interval(*saved["recall"])
        keys = ("promised", "width", "reach", "near")
        plan = Plan(lists, **{key: saved[key] for key in keys}, recall=recall)
    batches = plan is not None and bool(about["plan"]["batches"])
    return engine._restore(index, plan, batches)


def _geometry_of(index: ExactIndex) -> Geometry:
    """Where the distances of an index that has a filter are Euclidean."""
    if index.filter is None:
        raise ValueError("index and lists do not belong together.")
    return index.filter.geometry


def _check_lists(held: Mapping[str, Array], index: ExactIndex) -> None:
    panels, centres, first = held["panels"], held["centres"], held["first"]
    rows, axes = held["rows"], held["axes"]
    good = (
        panels.dtype in (np.int8, np.uint8)
        and panels.ndim == centres.ndim == 4
        and panels.shape[2:] == centres.shape[2:] == (SIDE, 4)
        and panels.dtype == centres.dtype
        and 2 <= panels.shape[1] == centres.shape[1]
        and first.dtype == np.int64
        and first.ndim == 1
        and first[0] == 0
        and first[-1] == len(panels)
        and bool((np.diff(first) >= 0).all())
        and 0 < len(first) - 1 <= SIDE * len(centres) < len(first) - 1 + SIDE
        and rows.dtype == np.int32
        and rows.shape == (SIDE * len(panels),)
        and 0 <= rows.min() <= rows.max() < len(index.rows)
        and axes.dtype == held["centre"].dtype == np.float32
        and axes.ndim == 2
        and len(axes) == index.n_features
        and axes.shape[1] % LINE == 0
        and 4 * (panels.shape[1] - 1) <= axes.shape[1] - TAIL
        and held["centre"].shape == axes.shape[1:]
    )
    if not good:
        raise ValueError("index and lists do not belong together.")


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
    if _files.is_taken(folder):
        raise ValueError(f"{folder} exists already; it is never overwritten.")
    document = {"format": FORMAT, "version": lookalike.__version__, "about": about}
    return _files.write_folder(folder, arrays, document, DOCUMENT)


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
    if not (folder / DOCUMENT).is_file():
        raise ValueError(f"{folder} holds no index: there is no {DOCUMENT} in it.")
    document = _files.read_document(folder, DOCUMENT)
    if document["format"] != FORMAT:
        raise ValueError(
            f"{folder} was written in format {document['format']} by lookalike "
            f"{document.get('version')}; this is lookalike {lookalike.__version__}, "
            f"which reads format {FORMAT}."
        )
    return _files.read_arrays(folder, document), document["about"]
