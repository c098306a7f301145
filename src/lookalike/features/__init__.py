"""Raw data to feature vectors.

Images are here; texts, tables, samples and graphs have packages of their own:
``lookalike.features.text``, ``lookalike.features.table``,
``lookalike.features.sampling`` and ``lookalike.features.graph``.
"""

from lookalike.features.gradient_histogram import GradientHistogram
from lookalike.features.image import prepare_digit, read_image
from lookalike.features.local_binary_pattern import LocalBinaryPattern

__all__ = [
    "GradientHistogram",
    "LocalBinaryPattern",
    "prepare_digit",
    "read_image",
]
