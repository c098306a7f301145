"""The catalogue in two dimensions: linear discriminants of the vectors.

They are the two directions along which the labels part best; where there are too few
labels, the two principal axes.
"""

import base64
import threading
from typing import Any

import numpy as np

from lookalike._typing import Array, Floats
from lookalike.core.items import ItemCatalogue
from lookalike.learn import PCA, LinearDiscriminantAnalysis
from lookalike.service.runtime import Active

_ENOUGH = 10_000  # items to learn the directions from


class Layouts:
    """Maps, the directions of each learned once a generation."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._name = ""
        self._transform: Any = None

    def map(self, active: Active, n: int) -> dict[str, Any]:
        """Positions of at most n items, evenly taken from the catalogue."""
        items, classes = active.system.items_, active.system.classes_
        numbers = items.snapshot.numbers
        count = len(numbers)
        numbers = numbers[:: max(1, -(-count // n))]
        positions = self._positions(active, items.vectors(numbers))
        labels = np.searchsorted(classes, items.labels(numbers))
        return {
            "n": len(numbers),
            "count": count,
            "generation": active.generation,
            "classes": classes.tolist(),
            "ids": [items.id(number) for number in numbers.tolist()],
            "label": _packed(labels.astype(np.uint8)),
            "x": _packed(_quantised(positions[:, 0])),
            "y": _packed(_quantised(positions[:, 1])),
        }

    def _positions(self, active: Active, vectors: Array) -> Floats:
        if len(vectors) == 0:
            return np.zeros((0, 2))
        with self._lock:
            if self._name != active.generation:
                self._transform = _learned(active.system.items_)
                self._name = active.generation
            transform = self._transform
        positions: Floats = transform(vectors)
        return positions


def _learned(items: ItemCatalogue) -> Any:
    step = max(1, items.n_base // _ENOUGH)
    vectors = np.asarray(items.base_vectors[::step], np.float64)
    labels = np.asarray(items.base_labels[::step])
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
