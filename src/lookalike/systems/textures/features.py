"""How the textures system describes patches: patterns of ranks at three scales."""

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import gaussian_filter

from lookalike._typing import Array, Floats
from lookalike.features import LocalBinaryPattern

SCALES = ((8, 1.0), (16, 2.0), (24, 3.0))
"""Points and radius of the patterns, chosen on the training halves alone."""


def histograms_of(
    patches: Sequence[Array] | Array, smoothing: float, n_jobs: int | None = None
) -> Floats:
    """Histograms of the patterns of each patch, (n_patches, n_features).

    The same to the bit for every increasing function of the grey levels.
    """
    ranks = ranks_of(patches, smoothing)
    return np.hstack([pattern(*each, n_jobs).fit_transform(ranks) for each in SCALES])


def pattern(P: int, R: float, n_jobs: int | None) -> LocalBinaryPattern:
    """Patterns that are the same however the picture is turned."""
    return LocalBinaryPattern(P, R, "riu2", border="edge", n_jobs=n_jobs)


def ranks_of(patches: Sequence[Array] | Array, smoothing: float) -> Floats:
    """Smoothed ranks of each patch, (n_patches, height, width)."""
    return np.stack([smoothed_ranks(patch, smoothing) for patch in patches])


def smoothed_ranks(patch: Array, smoothing: float) -> Floats:
    """Grey levels by their order in the patch, 0, 1, 2, ..., then smoothed.

    Every increasing function of the grey levels has the same order.

    Examples
    --------
    >>> smoothed_ranks(np.array([[7, 250], [30, 7]]), 0)
    array([[0., 2.], [1., 0.]])
    """
    ranks = np.unique(patch, return_inverse=True)[1].reshape(patch.shape)
    flat = ranks.astype(np.float64)
    return gaussian_filter(flat, smoothing) if smoothing else flat
