"""Whether an image is unlike anything known, so that its votes say little.

The neighbours that vote are the nearest there are, however far that is: a scribble gets
three votes of three as a digit does. Three things tell how near the nearest known image
really is: the distance of the vectors, the distance of the pixels, and the angle
between the pixels, which a dim picture cannot make small. Of each, the known images
among themselves say what is usual.
"""

import numpy as np

from lookalike._typing import Array, Floats
from lookalike.core.items import ItemCatalogue

USUAL = 0.99
"""Share of the known images, at least, that are usual by all three measures."""
_EACH = 1 - (1 - USUAL) / 3  # Bonferroni
_ENOUGH = 1_000  # known images to learn it from


class Familiarity:
    """What is usual between a known image and the known one nearest to it.

    Parameters
    ----------
    items : ItemCatalogue
        At most 1,000 of those that were learned from count, evenly taken.

    Notes
    -----
    Cost: one search for two neighbours of those images.
    """

    def __init__(self, items: ItemCatalogue) -> None:
        rows = np.linspace(0, items.n_base - 1, min(items.n_base, _ENOUGH)).astype(int)
        vectors = np.asarray(items.base_vectors[rows])
        base = np.asarray(items.base_images[rows])
        self._most = np.full(3, np.inf)
        if items.n_base > 1:
            snapshot = items.snapshot
            numbers, distances = items.search(vectors, 2, None, snapshot)
            # An image finds itself first, unless another one has the same vector.
            at = np.where(numbers[:, 0] == rows, 1, 0)
            each = np.arange(len(rows))
            nearest, far = numbers[each, at], distances[each, at]
            others = np.stack([items.image(number) for number in nearest.tolist()])
            self._most = np.quantile(_apart(far, base, others), _EACH, axis=1)

    def unlike(self, distance: float, image: Array, nearest: Array) -> bool:
        """Whether an image is further from the nearest known one than is usual.

        distance : of the two vectors
        image, nearest : uint8 (height, width); a nearest one that is black has no
            picture, and only the distance counts
        """
        apart = _apart(np.array([distance]), image[None], nearest[None])[:, 0]
        counted = slice(None) if nearest.any() else slice(1)
        return bool((apart[counted] > self._most[counted]).any())


def _apart(distances: Floats, images: Array, others: Array) -> Floats:
    """Return the three measures of each pair, (3, n)."""
    a, b = (x.reshape(len(x), -1).astype(np.float64) for x in (images, others))
    lengths = np.maximum(np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1), 1e-9)
    cosine = (a * b).sum(axis=1) / lengths
    return np.stack([distances, np.linalg.norm(a - b, axis=1), 1 - cosine])
