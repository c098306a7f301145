"""The catalogue in two dimensions: linear discriminants of the vectors.

They are the two directions along which the labels part best; where there are too few
labels, the two principal axes.
"""

import base64
import threading
from typing import Any

import numpy as np

from lookalike._typing import Array, Floats
from lookalike.learn import PCA, LinearDiscriminantAnalysis
from lookalike.service.served import Active

_ENOUGH = 10_000  # items to learn the directions from


class Layouts:
    """Maps, the directions of each learned once a generation."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._name = ""
        self._transform: Any = None

    def map(self, active: Active, n: int) -> dict[str, Any]:
        """Places of at most n items, evenly taken from the catalogue."""
        catalogue = active.catalogue
        all_of_them = np.asarray(catalogue.state.snapshot.ids)
        step = max(1, -(-len(all_of_them) // n))
        numbers = all_of_them[::step]
        labels = catalogue.labels(numbers)
        vectors = self._vectors(active, numbers)
        places = self._places(active, vectors)
        classes = active.face.classes
        return {
            "n": len(numbers),
            "count": len(all_of_them),
            "generation": active.name,
            "classes": classes.tolist(),
            "ids": [catalogue.id(number) for number in numbers.tolist()],
            "label": _packed(np.searchsorted(classes, labels).astype(np.uint8)),
            "x": _packed(_quantised(places[:, 0])),
            "y": _packed(_quantised(places[:, 1])),
        }

    def _vectors(self, active: Active, numbers: Array) -> Array:
        catalogue, n_rows = active.catalogue, active.catalogue.n_rows
        base = numbers < n_rows
        vectors = np.array(active.face.vectors[np.where(base, numbers, 0)])
        for at in np.flatnonzero(~base):
            vectors[at] = catalogue.vector(int(numbers[at]))
        return vectors

    def _places(self, active: Active, vectors: Array) -> Floats:
        if len(vectors) == 0:
            return np.zeros((0, 2))
        with self._lock:
            if self._name != active.name:
                self._transform = _learned(active)
                self._name = active.name
            transform = self._transform
        places: Floats = transform(vectors)
        return places


def _learned(active: Active) -> Any:
    step = max(1, len(active.face.vectors) // _ENOUGH)
    vectors = np.asarray(active.face.vectors[::step], np.float64)
    labels = np.asarray(active.face.labels[::step])
    if len(np.unique(labels)) > 2 and vectors.shape[1] >= 2:
        model: Any = LinearDiscriminantAnalysis(n_components=2).fit(vectors, labels)
    else:
        model = PCA(2).fit(vectors)
    return model.transform


def _quantised(values: Floats) -> Array:
    """Sixteen bits between the outermost hundredths of a percent."""
    if len(values) == 0:
        return np.zeros(0, np.uint16)
    low, high = np.quantile(values, [0.0001, 0.9999])
    share = (np.clip(values, low, high) - low) / max(high - low, 1e-12)
    return np.round(65535 * share).astype("<u2")


def _packed(array: Array) -> str:
    return base64.b64encode(np.ascontiguousarray(array).data).decode()
