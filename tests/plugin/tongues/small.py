"""The sayings that come with it."""

from tongues.data import sayings as data

__all__ = ["OPTIONS", "data", "inputs"]

OPTIONS = {}


def inputs(made):
    """Return a few inputs as users send them."""
    return [text for text, _ in made.test[:5]]
