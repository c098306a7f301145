"""Padded windows: every token with its neighbours, as rows of one array."""

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike

from lookalike._typing import Ints


def padded_windows(
    sequences: Sequence[ArrayLike], before: int = 1, after: int = 1, padding: int = 0
) -> Ints:
    """Window around each position of each sequence.

    Row i holds the ``before`` numbers in front of the ith position, the number at it
    and the ``after`` numbers behind it; beyond the ends of a sequence stands
    ``padding``. Rows follow the sequences, so labels laid end to end fit them.

    Parameters
    ----------
    sequences : sequence of integer arrays
        Numbers of tokens, as ``Vocabulary.transform`` gives them.
    before, after : int, default=1
        How many neighbours on each side, at least 0.
    padding : int, default=0
        Number beyond the ends of a sequence.

    Returns
    -------
    ndarray of shape (n_positions, before + 1 + after), int64

    Examples
    --------
    >>> from lookalike.features.text import padded_windows
    >>> padded_windows([[7, 8, 9], [5]])
    array([[0, 7, 8],
           [7, 8, 9],
           [8, 9, 0],
           [0, 5, 0]])
    """
    if before < 0 or after < 0:
        raise ValueError(
            f"before and after must not be negative, got {before} and {after}."
        )
    rows = [_integers(sequence) for sequence in sequences]
    width = before + 1 + after
    if not rows:
        return np.empty((0, width), dtype=np.int64)
    ends = (before, after)
    padded = [np.pad(row, ends, constant_values=padding) for row in rows if len(row)]
    views = [sliding_window_view(row, width) for row in padded]
    return np.concatenate([np.empty((0, width), dtype=np.int64), *views])


def padded_sequences(
    sequences: Sequence[ArrayLike], length: int | None = None, padding: int = 0
) -> Ints:
    """Sequences as the rows of one array, cut or filled up at the end.

    Parameters
    ----------
    sequences : sequence of integer arrays
        Numbers of tokens.
    length : int, default=None
        Number of columns; None is the longest sequence.
    padding : int, default=0
        Number that fills up short sequences.

    Returns
    -------
    ndarray of shape (n_sequences, length), int64

    Examples
    --------
    >>> from lookalike.features.text import padded_sequences
    >>> padded_sequences([[7, 8, 9], [5]], length=2)
    array([[7, 8],
           [5, 0]])
    """
    rows = [_integers(sequence) for sequence in sequences]
    if length is None:
        length = max(map(len, rows), default=0)
    if length < 0:
        raise ValueError(f"length must not be negative, got {length}.")
    padded = np.full((len(rows), length), padding, dtype=np.int64)
    for target, row in zip(padded, rows, strict=True):
        target[: len(row)] = row[:length]
    return padded


def _integers(sequence: ArrayLike) -> Ints:
    row = np.asarray(sequence)
    if row.ndim != 1 or (row.size and row.dtype.kind not in "iu"):
        raise ValueError(
            "A sequence must be a flat list of integers, "
            f"got {row.dtype} of shape {row.shape}."
        )
    return row.astype(np.int64)
