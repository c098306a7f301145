import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.kernels.slices import number_in_range, number_slices


@settings(max_examples=40, deadline=None)
@given(
    elements=st.lists(st.integers(0, 2), max_size=30),
    cuts=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=30),
)
def test_equal_slices_get_equal_numbers_in_order_of_appearance(elements, cuts):
    n = len(elements)
    cuts = [(min(a, n), min(max(a, b), n)) for a, b in cuts]
    starts, stops = np.array(cuts, dtype=np.int64).reshape(-1, 2).T.copy()
    numbers, first = number_slices(np.array(elements, dtype=np.int32), starts, stops)
    contents = [tuple(elements[a:b]) for a, b in cuts]
    seen = list(dict.fromkeys(contents))
    assert numbers.tolist() == [seen.index(content) for content in contents]
    assert first.tolist() == [contents.index(content) for content in seen]


def test_many_distinct_slices_outgrow_the_smallest_table():
    elements = np.arange(5000, dtype=np.int32)
    starts = np.concatenate([np.arange(4999), np.arange(4999)])
    numbers, first = number_slices(elements, starts, starts + 2)
    np.testing.assert_array_equal(numbers, starts)
    np.testing.assert_array_equal(first, np.arange(4999))


def test_slices_of_equal_hash_stay_apart():
    # The hash is linear: one more in front weighs as much as 1000003 behind.
    elements = np.array([1, 2000003, 2, 1000000], dtype=np.int32)
    numbers, _ = number_slices(elements, np.array([0, 2]), np.array([2, 4]))
    assert numbers.tolist() == [0, 1]
    # The empty slice and a single -1 both have hash 0, but not one length.
    minus_one = np.array([-1], dtype=np.int32)
    numbers, _ = number_slices(minus_one, np.array([0, 0]), np.array([0, 1]))
    assert numbers.tolist() == [0, 1]


@settings(max_examples=40, deadline=None)
@given(values=st.lists(st.integers(-4, 4), max_size=30), spare=st.integers(0, 3))
def test_whole_numbers_of_a_short_range_are_numbered_in_order_of_appearance(
    values, spare
):
    low = min(values, default=0) - spare
    span = max(values, default=0) - low + 1 + spare
    numbers, distinct = number_in_range(np.array(values, dtype=np.int64), low, span)
    seen = list(dict.fromkeys(values))
    assert distinct.tolist() == seen
    assert numbers.tolist() == [seen.index(value) for value in values]
