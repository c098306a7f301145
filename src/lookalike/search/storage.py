"""Search state as files: memory-mapped arrays and a JSON document.

A folder holds every array as ``.npy`` and one ``index.json``, which carries a SHA-256
of every file and of itself: an index and the ids of its rows cannot be mixed up with
those of another. How it is written and read is ``lookalike._files``.

Processes that load the same folder share its pages. ``.npy`` files begin their data at
a multiple of 64 bytes, so a mapped array is aligned as the kernels need it.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

import lookalike
from lookalike import _files
from lookalike._typing import Array

FORMAT = 2
"""The form of the folder; a reader refuses any other by name."""
DOCUMENT = "index.json"


def saved_parameters(model: BaseEstimator) -> dict[str, Any]:
    """Parameters as JSON holds them; a generator, whose state is not kept, as 0."""
    parameters = {
        name: value.item() if isinstance(value, np.generic) else value
        for name, value in model.get_params().items()
    }
    if isinstance(parameters.get("random_state"), np.random.RandomState):
        parameters["random_state"] = 0
    return parameters


def write_folder(
    folder: str | os.PathLike[str],
    arrays: Mapping[str, Array],
    about: Mapping[str, Any],
) -> Path:
    """Write arrays and a document to a new folder, or nothing.

    Raises
    ------
    ValueError
        If the folder exists, or an array holds Python objects.
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
