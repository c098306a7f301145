"""Fold what changed into the next generation: same embedding, items as they are now.

The new generation says up to which revision it holds the changes; what came while it
was written lies over it. Nothing is lost if the fold is killed: the changes are in the
database until the day a generation has them, and after.
"""

import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lookalike._typing import Array
from lookalike.core.generation import save
from lookalike.core.library import Library
from lookalike.service.bell import Bell
from lookalike.service.catalogue import Catalogue, State
from lookalike.service.database import Database
from lookalike.service.log import Log
from lookalike.service.metrics import Metrics
from lookalike.service.served import Active, Served

_ABOUT = (
    "configuration",
    "embedding_version",
    "data",
    "facts",
    "metrics",
    "comparison",
)


def fold(active: Active, library: Library) -> str:
    """Make the next generation from the one that answers and all that changed.

    Returns
    -------
    str
        Its name; it answers from then on.
    """
    return library.add(lambda folder: write(active, folder))


def folded(library: Library, database: Database) -> str:
    """The same, for who has a library and a database and no running service."""
    log = Log(sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        bell = Bell(Path(folder) / "bell")
        served = Served(library, database, bell, Path(folder), Metrics(), log)
        served.open()
        bell.close()
        return fold(served.active, library)


def write(active: Active, folder: Path) -> Path:
    """Write the generation, complete or not at all."""
    state = active.catalogue.state
    rows = _rows(active.catalogue, state)
    about = {key: active.found.about[key] for key in _ABOUT}
    about |= {
        key: value for key, value in active.found.about.items() if key in ("quality",)
    }
    about["items_revision"] = state.revision
    about["folded_from"] = active.name
    arrays: dict[str, Array] = {
        "images": rows.images,
        "labels": rows.labels,
        "vectors": rows.vectors,
        "ids": rows.ids,
        "attributes": rows.attributes,
        **active.face.arrays(),
    }
    return save(folder, active.face.name, arrays, about)


@dataclass(frozen=True)
class _Rows:
    images: Array
    labels: Array
    vectors: Array
    ids: Array
    attributes: Array


def _rows(catalogue: Catalogue, state: State) -> _Rows:
    """Every live item, in catalogue order."""
    face = catalogue.face
    numbers = np.asarray(state.snapshot.ids)
    base = numbers[numbers < catalogue.n_rows]
    new = numbers[numbers >= catalogue.n_rows].tolist()

    def joined(old: Array, theirs: list[Any]) -> Array:
        if not theirs:
            return np.asarray(old[base])
        return np.concatenate([old[base], np.asarray(theirs, old.dtype)])

    return _Rows(
        images=joined(face.images, [catalogue.image(n) for n in new]),
        labels=joined(face.labels, catalogue.labels(np.array(new, int)).tolist()),
        vectors=joined(face.vectors, [catalogue.vector(n) for n in new]),
        ids=np.array([catalogue.id(n) for n in numbers.tolist()], dtype="U"),
        attributes=_text([catalogue.attributes(n) for n in numbers.tolist()]),
    )


def _text(attributes: list[dict[str, Any]]) -> Array:
    """Attributes as JSON, one text an item."""
    return np.array([json.dumps(each) if each else "" for each in attributes], "U")
