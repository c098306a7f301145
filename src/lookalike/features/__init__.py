"""Raw things to vectors."""

from lookalike.features.image import prepare_digit, read_image
from lookalike.features.local_binary_pattern import LocalBinaryPattern

__all__ = [
    "LocalBinaryPattern",
    "prepare_digit",
    "read_image",
]
