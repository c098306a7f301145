"""One vector of the vectors of several frames: mean, max, or attention."""

import numpy as np

from lookalike._arrays import unit
from lookalike._checks import check_choice
from lookalike._typing import Array

POOLINGS = ("mean", "max", "attention")
SHARPNESS = 10.0
"""How much a frame that is like the others weighs more, in attention."""


def pooled(frames: Array, how: str = "mean") -> Array:
    r"""Return one vector of length one for those of a video's frames.

    "mean" is their mean, "max" the largest number of each dimension, and "attention" a
    mean in which a frame weighs

    .. math:: a_i \propto e^{\beta \, x_i^T m}, \qquad \beta = 10,

    m the mean: frames that are like the rest of the video weigh more, single odd ones
    less. Nothing is learned.

    Parameters
    ----------
    frames : float array (n_frames, n_dimensions), of length one
    how : {"mean", "max", "attention"}

    Examples
    --------
    >>> frames = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    >>> [pooled(frames, how).round(2).tolist() for how in POOLINGS]
    [[0.89, 0.45], [0.71, 0.71], [1.0, 0.01]]
    """
    check_choice("how", how, POOLINGS)
    if how == "max":
        found = frames.max(axis=0)
    elif how == "mean":
        found = frames.mean(axis=0)
    else:
        mean = unit(frames.mean(axis=0)[None])[0]
        weights = np.exp(SHARPNESS * (frames @ mean - 1))
        found = (weights / weights.sum()) @ frames
    return np.asarray(unit(found[None])[0], frames.dtype)
