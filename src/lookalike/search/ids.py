"""Ids of items: integers of 64 bits, or texts."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from lookalike._texts import HALVES, Texts
from lookalike._typing import Array, Ints
from lookalike.kernels import texts as kernels
from lookalike.search.memory import for_kernels

Ids = Ints | Texts
NO_IDS = np.empty(0, np.int64)
NO_TEXTS = Texts(np.empty(0, np.uint8), NO_IDS)
LONGEST = 10_000  # letters
_EXPECTED = "Ids must be integers from -2**63 to 2**63 - 1, or text"


def check_ids(ids: Any) -> Ids:
    """Ids as int64 or ``Texts``, or a ValueError that says what is wrong with them.

    Columns of a table are taken too: arrays of Python objects, and those of pandas.
    """
    kinds = set(map(type, ids)) if isinstance(ids, list | tuple) else set()
    if any(issubclass(kind, str) for kind in kinds):
        return _texts(list(ids))  # as an array, all would be as wide as the longest
    # An array of truth values and integers would hold integers alone.
    some_bool = any(issubclass(kind, bool | np.bool) for kind in kinds)
    array = np.asarray(ids, object if some_bool else None)
    if array.ndim != 1:
        raise ValueError(f"Ids must come in one dimension, got shape {array.shape}.")
    if len(array) == 0:
        return NO_IDS
    kind = array.dtype.kind
    if kind in "UT":
        return _texts(array.tolist())
    if kind == "O":
        return _of_objects(array)
    if kind not in "iu":
        raise ValueError(f"{_EXPECTED}; got {array.dtype} such as {array.flat[0]!r}.")
    if kind == "u" and array.max() > np.iinfo(np.int64).max:
        raise ValueError(f"Ids must be below 2**63, got {array.max()}.")
    return array.astype(np.int64)


def _of_objects(array: Array) -> Ids:
    ids = array.tolist()
    if any(isinstance(id, str) for id in ids):
        return _texts(ids)
    for id in ids:
        whole = isinstance(id, int | np.integer) and not isinstance(id, bool)
        if not whole or not -(2**63) <= int(id) < 2**63:
            raise ValueError(f"{_EXPECTED}; got {array.dtype} such as {id!r}.")
    return np.array([int(id) for id in ids], np.int64)


def _texts(ids: list[Any]) -> Texts:
    for id in ids:
        if not isinstance(id, str):  # NumPy would turn numbers beside text into text
            raise ValueError(f"Ids must be all integers or all text, got {id!r}.")
        if len(id) > LONGEST:
            raise ValueError(
                f"An id must have at most {LONGEST:,} letters, got one of {len(id):,} "
                f"that begins with {id[:20]!r}."
            )
        if id.endswith("\0"):  # arrays of fixed width drop it
            raise ValueError(f"An id must not end in NUL, got {id!r}.")
        if not id.isascii() and HALVES.search(id):
            raise ValueError(f"An id must be text that UTF-8 can hold, got {id!r}.")
    return Texts.of(ids)


def check_distinct(ids: Any) -> Ids:
    """Ids as ``check_ids`` gives them, or a ValueError if one of them comes twice."""
    checked = check_ids(ids)
    seen = set()
    for id in checked.tolist():
        if id in seen:
            raise ValueError(f"{id!r} comes twice in one call.")
        seen.add(id)
    return checked


def check_kind(ids: Ids, known: Ids) -> None:
    """Refuse text among integers, and integers among text."""
    if is_text(ids) != is_text(known):
        kinds = ("integers", "text")
        raise ValueError(
            f"The ids here are {kinds[is_text(known)]}, "
            f"got {kinds[is_text(ids)]} such as {ids.tolist()[0]!r}."
        )


def is_text(ids: Ids) -> bool:
    """Whether ids are texts."""
    return isinstance(ids, Texts)


def joined(parts: list[Ids], text: bool) -> Ids:
    """Ids one after the other; parts without any may be of either kind."""
    parts = [part for part in parts if len(part)]
    if text:
        return Texts.joined(part for part in parts if isinstance(part, Texts))
    return np.concatenate([NO_IDS, *parts])


def order_of(ids: Ids) -> Ints:
    """What sorts the ids."""
    if isinstance(ids, Texts):  # NumPy compares its texts only up to a NUL
        order, other = np.empty((2, len(ids)), np.int64)
        kernels.sort(for_kernels(ids.data), for_kernels(ids.ends), order, other)
        return order
    return np.argsort(ids, kind="stable")


def find(ids: Ids, order: Ints, wanted: Ids) -> Ints:
    """The row of each wanted id, -1 where there is none.

    ids : none of them twice; at least one
    order : what sorts them
    """
    if isinstance(ids, Texts) and isinstance(wanted, Texts):
        rows = np.empty(len(wanted), np.int64)
        parts = (ids.data, ids.ends, order, wanted.data, wanted.ends)
        kernels.find(*map(for_kernels, parts), rows)
        return rows
    assert not isinstance(ids, Texts)
    assert not isinstance(wanted, Texts)
    at = np.searchsorted(ids, wanted, sorter=order)
    rows = order[np.minimum(at, len(ids) - 1)]
    return np.where(ids[rows] == wanted, rows, -1)


def among(ids: Ids, wanted: Ids) -> Array:
    """Which of the ids are wanted, bool (n,)."""
    if isinstance(ids, Texts) or isinstance(wanted, Texts):
        known = set(wanted.tolist())
        return np.array([id in known for id in ids.tolist()], bool)
    return np.isin(ids, wanted)


def as_array(ids: Ids) -> Array:
    """Ids as users get them: int64, or ``StringDType``."""
    return ids.array() if isinstance(ids, Texts) else ids


def arrays_of(ids: Ids, name: str) -> dict[str, Array]:
    """Arrays to save, from which ``from_arrays`` takes the ids."""
    return ids.arrays(name) if isinstance(ids, Texts) else {name: ids}


def from_arrays(name: str, arrays: Mapping[str, Array], text: bool) -> Ids:
    """Ids that were saved.

    Raises
    ------
    ValueError
        If they are not of this kind.
    """
    if len(arrays[name]) == 0 and f"{name}_ends" not in arrays:
        return NO_TEXTS if text else NO_IDS  # no ids have no kind
    if text:
        return Texts.of_arrays(name, arrays)
    if arrays[name].dtype != np.int64 or arrays[name].ndim != 1:
        raise ValueError("vectors and ids do not belong together.")
    return arrays[name]
