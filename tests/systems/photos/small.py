"""Pieces of photographs that come with scikit-image, in three classes."""

import numpy as np
from PIL import Image
from skimage import data as photographs

from lookalike.core.items import png_of
from lookalike.datasets import LabelledPictures
from lookalike.features.photograph import PREPARATION

OPTIONS = {}
N_FIGURES = 3
NAMES = {"cat": "chelsea", "coffee": "coffee", "rocket": "rocket"}
IN_REPORT = ("Mistakes, the surest first",)


def data():
    """Return sixteen pieces of each photograph, of several sizes."""
    rng, tiles, labels = np.random.default_rng(0), [], []
    for label, name in NAMES.items():
        whole = getattr(photographs, name)()
        for _ in range(16):
            height, width = rng.integers(90, 160, 2)
            top = rng.integers(0, whole.shape[0] - height)
            left = rng.integers(0, whole.shape[1] - width)
            piece = whole[top : top + height, left : left + width]
            tiles.append(PREPARATION.tile(np.ascontiguousarray(piece)))
            labels.append(label)
    n = len(labels)
    return LabelledPictures(
        name="pieces",
        checksum="",
        pictures=tiles,
        labels=np.array(labels),
        groups=np.arange(n),
        is_test=np.arange(n) % 4 == 0,
        is_validation=np.zeros(n, bool),
        files=[],
        sizes=np.zeros((n, 2), np.int64),
        problems=(),
    )


def inputs(made):
    """Return a few inputs as users send them, one of them large."""
    large = Image.fromarray(photographs.astronaut())
    return list(map(png_of, [*made.pictures[:40:8], np.asarray(large)]))
