"""Pieces of scikit-image's photographs: ten "people" with eight pictures each."""

import numpy as np
from skimage import data as photographs
from skimage.color import rgb2gray

from lookalike.core.items import png_of
from lookalike.datasets import People

OPTIONS = {}
N_FIGURES = 3
NAMES = ["brick", "grass", "gravel", "camera", "coins"]
NAMES += ["moon", "page", "text", "coffee", "rocket"]


def data():
    """Return pieces of ten photographs."""
    rng, images, people = np.random.default_rng(0), [], []
    for name in NAMES:
        picture = getattr(photographs, name)()
        if picture.ndim == 3:
            picture = (255 * rgb2gray(picture)).astype(np.uint8)
        for _ in range(8):
            top = rng.integers(0, picture.shape[0] - 112)
            left = rng.integers(0, picture.shape[1] - 92)
            images.append(picture[top : top + 112, left : left + 92])
            people.append(name)
    return People("stand-ins", "", np.stack(images), np.array(people))


def inputs(made):
    """Return a few inputs as users send them."""
    return list(map(png_of, made.images[::4]))
