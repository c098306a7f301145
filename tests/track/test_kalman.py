import numpy as np
import pytest

from lookalike.kernels import constant_velocity as motion
from lookalike.track import (
    ExtendedKalmanFilter,
    KalmanFilter,
    range_and_bearing,
    range_and_bearing_jacobian,
    wrapped_residual,
)
from lookalike.track.sort import _NOISE

F = np.eye(7)
F[[0, 1, 2], [4, 5, 6]] = 1
H = np.eye(7)[:4]


def test_the_filter_of_boxes_is_the_general_one_of_seven_numbers():
    first, step, seen = _NOISE
    P = np.zeros((7, 7))
    P[range(7), range(7)] = [*first[:3], first[9], *first[3:6]]
    rng = np.random.default_rng(0)
    start = np.array([50, 60, 900.0, 0.4])
    plain = KalmanFilter(F, H, np.diag(step), np.diag(seen), [*start, 0, 0, 0], P)
    states = np.array([[*start, 0, 0, 0.0]] * 2)
    variances = np.tile(first, (2, 1))
    for at in range(30):
        motion.predict(states, variances, step)
        plain.predict()
        if at % 3:
            z = start + rng.normal(0, 2, 4) * [1, 1, 20, 0.01] + [at, 0, 3 * at, 0]
            motion.update(states, variances, np.array([1]), z[None], seen)
            plain.update(z)
        np.testing.assert_allclose(states[1], plain.x, rtol=1e-9)
        own = np.diag(plain.P)
        np.testing.assert_allclose(variances[1, :3], own[:3], rtol=1e-8)
        np.testing.assert_allclose(variances[1, 3:6], own[4:], rtol=1e-8)
        np.testing.assert_allclose(variances[1, 9], own[3], rtol=1e-8)
    assert not np.allclose(states[0], states[1])  # the other one was left alone


def test_an_area_does_not_become_negative():
    states = np.array([[0, 0, 5.0, 1, 0, 0, -9]])
    motion.predict(states, np.ones((1, 10)), np.zeros(7))
    assert states[0, 2] == 5.0


def test_means_of_repeated_measurements_are_the_textbooks():
    filter = KalmanFilter([[1]], [[1]], [[0]], [[4.0]], [0], [[1e12]])
    for z in (1.0, 2.0, 6.0):
        filter.predict()
        filter.update([z])
    assert filter.x[0] == pytest.approx(3.0, abs=1e-9)
    assert filter.P[0, 0] == pytest.approx(4 / 3, rel=1e-9)


def test_the_extended_filter_of_linear_functions_is_the_plain_one():
    Q, R, P = 0.1 * np.eye(2), np.array([[0.5]]), np.eye(2)
    G, C = np.array([[1.0, 1], [0, 1]]), np.array([[1.0, 0]])
    one = KalmanFilter(G, C, Q, R, [0, 1], P)
    two = ExtendedKalmanFilter(
        lambda x: G @ x, lambda x: G, lambda x: C @ x, lambda x: C, Q, R, [0, 1], P
    )
    for z in (1.1, 1.9, 3.2):
        for filter in (one, two):
            filter.predict()
            filter.update([z])
    np.testing.assert_allclose(one.x, two.x)
    np.testing.assert_allclose(one.P, two.P)


def test_a_bearing_across_the_half_turn_does_not_throw_the_state():
    target = np.array([-10.0, 0.05])
    filter = ExtendedKalmanFilter(
        lambda x: x,
        lambda x: np.eye(2),
        range_and_bearing,
        range_and_bearing_jacobian,
        np.zeros((2, 2)),
        np.diag([0.1, 1e-4]),
        [-10.0, -0.05],
        0.01 * np.eye(2),
        residual=wrapped_residual,
    )
    filter.predict()
    filter.update(range_and_bearing(target))
    np.testing.assert_allclose(filter.x, target, atol=0.06)


def test_derivatives_are_those_of_differences():
    x = np.array([3.0, -4.0, 1.0])
    steps = 1e-6 * np.eye(3)
    slopes = [
        (range_and_bearing(x + s) - range_and_bearing(x - s)) / 2e-6 for s in steps
    ]
    np.testing.assert_allclose(
        range_and_bearing_jacobian(x), np.array(slopes).T, atol=1e-8
    )


def test_shapes_and_numbers_are_checked():
    with pytest.raises(
        ValueError, match=r"H must have the shape|F must have the shape"
    ):
        KalmanFilter(np.eye(3), [[1, 0]], np.eye(2), [[1]], [0, 0], np.eye(2))
    filter = KalmanFilter([[1]], [[1]], [[0]], [[1]], [0], [[1]])
    for z in ([np.nan], [1, 2]):
        with pytest.raises(ValueError, match="what is seen must be 1 finite numbers"):
            filter.update(z)
    with pytest.raises(ValueError, match="no bearing at the place of the sensor"):
        range_and_bearing_jacobian(np.zeros(2))
