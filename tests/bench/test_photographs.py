"""Photographs that are made, what two of them have in common, and how it is counted."""

import numpy as np
import pytest

from lookalike_bench.photograph_set import Photographs, photographs
from lookalike_bench.photographs import distances, mean_colours, precision


def ramp():
    """A picture whose red and green say where a pixel was."""
    across, down = np.meshgrid(np.arange(200), np.arange(100))
    return np.stack([across, down, across * 0], axis=2).astype(np.uint8)


@pytest.fixture(scope="module")
def made():
    classes = {"a": {"one": ramp, "two": ramp}, "b": {"three": ramp}}
    return photographs(classes, n_each=5, seed=3)


def test_classes_are_of_one_size_and_spread_over_their_sources(made):
    assert made.labels.tolist() == ["a"] * 5 + ["b"] * 5
    assert made.sources.tolist() == ["one"] * 3 + ["two"] * 2 + ["three"] * 5
    for image in made.images:
        assert image.dtype == np.uint8
        assert image.shape[2] == 3
        assert 240 <= max(image.shape[:2]) <= 640


def test_the_same_seed_makes_the_same_photographs(made):
    again = photographs({"a": {"one": ramp, "two": ramp}}, n_each=5, seed=3)
    np.testing.assert_array_equal(again.images[0], made.images[0])
    np.testing.assert_array_equal(again.boxes, made.boxes[:5])


def test_photographs_overlap_where_they_show_a_pixel_of_one_picture():
    boxes = [[0, 0, 0.5, 0.5], [0.4, 0.4, 1, 1], [0.5, 0, 1, 0.4], [0, 0, 1, 1]]
    sources = np.array(["one", "one", "one", "two"])
    made = Photographs([], sources, sources, np.array(boxes))
    expected = np.eye(4, dtype=bool)
    expected[0, 1] = expected[1, 0] = True
    np.testing.assert_array_equal(made.overlap(), expected)


def test_what_is_left_out_is_no_answer_even_where_nothing_else_is_left():
    far = distances(np.arange(7.0)[:, None])
    same = np.ones((7, 7), bool)
    assert precision(far, same).tolist() == [1.0] * 7
    left_out = np.ones((7, 7), bool)
    left_out[:, :2] = False  # two are left of which one is the query, or two others
    found = precision(far, same, left_out)
    np.testing.assert_allclose(found, [0.2, 0.2, 0.4, 0.4, 0.4, 0.4, 0.4])


def test_mean_colours_are_those_of_the_cells():
    image = np.zeros((80, 80, 3), np.uint8)
    image[:10, :10] = 200
    found = mean_colours([image]).reshape(8, 8, 3)
    assert found[0, 0].tolist() == [200] * 3
    assert found.sum() == 600
