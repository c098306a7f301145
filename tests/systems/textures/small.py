"""The upper parts of the real textures: quick to learn from."""

import numpy as np

from lookalike.core.items import png_of
from lookalike.datasets import load_textures, pictures_of

OPTIONS = {}
N_FIGURES = 5


def data():
    """Return the first 200 rows of each picture."""
    whole = load_textures()
    parts = [picture[:200] for picture in whole.pictures]
    return pictures_of("upper", list(whole.labels), parts)


def inputs(made):
    """Return a few inputs as users send them: right halves, and all side by side."""
    pieces = [picture[-90:, -80:] for picture in made.pictures]
    return list(map(png_of, [*pieces, np.hstack(pieces)]))
