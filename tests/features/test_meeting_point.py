from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import shortest_path

from lookalike.features.graph import meeting_point, meeting_point_among_walls

HOMES = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 6)), min_size=1, max_size=7
)


@settings(max_examples=40, deadline=None)
@given(HOMES)
def test_the_median_is_the_best_cell_of_all(homes):
    totals = {
        cell: sum(abs(cell[0] - r) + abs(cell[1] - c) for r, c in homes)
        for cell in product(range(6), range(7))
    }
    best = meeting_point(homes)
    assert best.total == min(totals.values()) == totals[best.position]


@settings(max_examples=40, deadline=None)
@given(HOMES)
def test_without_walls_the_search_finds_the_median(homes):
    found = meeting_point_among_walls(np.ones((6, 7)), homes)
    median = meeting_point(homes)
    assert found.total == median.total
    assert found.position == median.position


@settings(max_examples=40, deadline=None)
@given(HOMES)
def test_a_weight_is_as_many_homes(homes):
    weights = [1 + i % 3 for i in range(len(homes))]
    many = [home for home, n in zip(homes, weights, strict=True) for _ in range(n)]
    assert meeting_point(homes, weights) == meeting_point(many)
    plan = np.ones((6, 7))
    assert meeting_point_among_walls(plan, homes, weights) == meeting_point_among_walls(
        plan, many
    )


def test_any_number_of_axes():
    assert meeting_point([[5], [1], [9]]).position == (5,)
    assert meeting_point([[0, 0, 3], [2, 0, 1], [1, 9, 2]]).position == (1, 0, 2)


def walking_distances(is_open, homes):
    """Reference: scipy's shortest paths; a closed home may only be left."""
    cells = list(np.ndindex(is_open.shape))
    number = {cell: i for i, cell in enumerate(cells)}
    links = [
        (number[a], number[b])
        for a in cells
        for b in (
            (a[0] + 1, a[1]),
            (a[0] - 1, a[1]),
            (a[0], a[1] + 1),
            (a[0], a[1] - 1),
        )
        if b in number and is_open[b]
    ]
    rows, columns = np.array(links, dtype=int).reshape(-1, 2).T
    graph = coo_array((np.ones(len(links)), (rows, columns)), shape=[len(cells)] * 2)
    starts = [number[tuple(home)] for home in homes]
    found = shortest_path(graph.tocsr(), unweighted=True, indices=starts)
    return found.reshape(len(homes), *is_open.shape)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 9999),
    shape=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    n_homes=st.integers(1, 4),
)
def test_walls_are_walked_around(seed, shape, n_homes):
    rng = np.random.default_rng(seed)
    is_open = rng.random(shape) < 0.7
    homes = np.column_stack([rng.integers(n, size=n_homes) for n in shape])
    totals = walking_distances(is_open, homes).sum(axis=0)
    totals[~is_open] = np.inf
    if np.isinf(totals).all():
        with pytest.raises(ValueError, match="No open cell can be reached"):
            meeting_point_among_walls(is_open, homes)
        return
    found = meeting_point_among_walls(is_open, homes)
    assert found.total == totals.min() == totals[found.position]
    assert found.position == np.unravel_index(totals.argmin(), shape)


def test_the_known_exercise():
    plan = np.array([[1, 0, 2, 0, 1], [0, 0, 0, 0, 0], [0, 0, 1, 0, 0]])
    found = meeting_point_among_walls(plan == 0, np.argwhere(plan == 1))
    assert (found.position, found.total) == ((1, 2), 7)


def test_no_path_passes_through_a_building():
    plan = np.array([[1, 0, 1, 0]])  # the second house stands in the way
    with pytest.raises(ValueError, match="No open cell can be reached"):
        meeting_point_among_walls(plan == 0, [[0, 0], [0, 2], [0, 3]])


@pytest.mark.parametrize("homes", [[], [[0.5, 1]], [1, 2]])
def test_refuses_what_are_no_cells(homes):
    with pytest.raises(ValueError, match="must be integers of shape"):
        meeting_point(homes)


def test_refuses_homes_off_the_grid_and_bad_weights():
    for home in ([2, 0], [0, -1]):
        with pytest.raises(ValueError, match=r"inside the grid of shape \(2, 2\)"):
            meeting_point_among_walls(np.ones((2, 2)), [home])
    with pytest.raises(ValueError, match="two-dimensional"):
        meeting_point_among_walls(np.ones(3), [[0, 0]])
    with pytest.raises(ValueError, match="Expected 1 weights"):
        meeting_point([[0, 0]], [1, 2])
    with pytest.raises(ValueError, match="finite and above 0"):
        meeting_point([[0, 0]], [0])
