"""The meeting point: the cell of a grid with the least sum of walking distances."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lookalike._typing import Array, Floats, Ints
from lookalike.kernels.grid_walks import add_walks


@dataclass(frozen=True)
class MeetingPoint:
    """A position, and the sum of the walking distances to it."""

    position: tuple[int, ...]
    total: float


def meeting_point(homes: ArrayLike, weights: ArrayLike | None = None) -> MeetingPoint:
    r"""Find the cell of an open grid with the smallest sum of walking distances.

    People walk along the axes, so the sum splits into one sum an axis,

    .. math:: \sum_i w_i \lVert x_i - p \rVert_1
              = \sum_{a} \sum_i w_i \, | x_{ia} - p_a | \qquad (a: \text{axes}),

    and each is smallest at a median of its coordinates: a step away from the median
    lengthens the walks of at least half of the weight.

    Parameters
    ----------
    homes : array-like of shape (n_homes, n_axes)
        Cells as integers, in any number of dimensions.
    weights : array-like of shape (n_homes,), default=None
        How many people live in each home, above 0; None is one.

    Returns
    -------
    MeetingPoint
        The lower median on each axis, and the total distance.

    Notes
    -----
    Cost: O(n log n), the sort. With walls use ``meeting_point_among_walls``.

    Examples
    --------
    >>> from lookalike.features.graph import meeting_point
    >>> meeting_point([[0, 0], [0, 4], [2, 2]])
    MeetingPoint(position=(0, 2), total=6.0)
    """
    cells = _cells(homes)
    shares = _weights(weights, len(cells))
    position = []
    for axis in cells.T:
        order = np.argsort(axis, kind="stable")
        # The first position with at least half of the weight at or before it.
        weight = np.cumsum(shares[order])
        half = np.searchsorted(weight, weight[-1] / 2)
        position.append(int(axis[order[half]]))
    total = shares @ np.abs(cells - position).sum(axis=1)
    return MeetingPoint(tuple(position), float(total))


def meeting_point_among_walls(
    is_open: ArrayLike, homes: ArrayLike, weights: ArrayLike | None = None
) -> MeetingPoint:
    """Find the open cell with the smallest sum of walking distances around walls.

    Breadth-first search from each home gives the distances to all cells; the sums are
    compared. A home may stand on a cell that is not open, such as a building: people
    can leave it, but not pass or meet there.

    Parameters
    ----------
    is_open : array-like of shape (n_rows, n_columns), bool
        Where one can walk and meet.
    homes : array-like of shape (n_homes, 2)
        Row and column of each home.
    weights : array-like of shape (n_homes,), default=None
        How many people live in each home, above 0; None is one.

    Returns
    -------
    MeetingPoint
        The best cell, the first one in reading order among equals, and the total.

    Raises
    ------
    ValueError
        When no open cell can be reached from every home.

    Notes
    -----
    Cost: O(n_homes * n_rows * n_columns).

    Examples
    --------
    >>> from lookalike.features.graph import meeting_point_among_walls
    >>> plan = np.array([[1, 0, 2, 0, 1], [0, 0, 0, 0, 0], [0, 0, 1, 0, 0]])
    >>> meeting_point_among_walls(plan == 0, np.argwhere(plan == 1))  # 2 is a wall
    MeetingPoint(position=(1, 2), total=7.0)
    """
    walkable: Array = np.ascontiguousarray(is_open, dtype=bool)
    cells = _cells(homes)
    if walkable.ndim != 2 or cells.shape[1] != 2:
        raise ValueError(
            "is_open and homes must be two-dimensional grids and cells, "
            f"got shapes {walkable.shape} and {cells.shape}."
        )
    if not ((cells >= 0).all() and (cells < walkable.shape).all()):
        raise ValueError(f"homes must lie inside the grid of shape {walkable.shape}.")
    totals = np.zeros(walkable.shape)
    n_reached = np.zeros(walkable.shape, dtype=np.int64)
    add_walks(walkable, cells, _weights(weights, len(cells)), totals, n_reached)
    totals[n_reached < len(cells)] = np.inf
    row, column = np.unravel_index(totals.argmin(), totals.shape)
    if totals[row, column] == np.inf:
        raise ValueError("No open cell can be reached from every home.")
    return MeetingPoint((int(row), int(column)), float(totals[row, column]))


def _cells(homes: ArrayLike) -> Ints:
    cells = np.asarray(homes)
    if cells.ndim != 2 or not cells.size or cells.dtype.kind not in "iu":
        raise ValueError(
            "homes must be integers of shape (n_homes, n_axes), at least one home, "
            f"got {cells.dtype} of shape {cells.shape}."
        )
    return np.ascontiguousarray(cells, dtype=np.int64)


def _weights(weights: ArrayLike | None, n_homes: int) -> Floats:
    if weights is None:
        return np.ones(n_homes)
    given = np.asarray(weights, dtype=np.float64)
    if given.shape != (n_homes,):
        raise ValueError(f"Expected {n_homes} weights, got shape {given.shape}.")
    if not (np.isfinite(given).all() and (given > 0).all()):
        raise ValueError("weights must be finite and above 0.")
    return given
