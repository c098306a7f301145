r"""The Kalman filter, and the extended one: a state that is seen through noise.

References
----------
.. [1] Kalman (1960). "A new approach to linear filtering and prediction problems".
   Journal of Basic Engineering 82.
.. [2] Bar-Shalom, Li and Kirubarajan (2001). "Estimation with applications to tracking
   and navigation", chapters 5 and 10. Wiley.
.. [3] Bucy and Joseph (1968). "Filtering for stochastic processes". (the update that
   keeps covariances symmetric)
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from lookalike._typing import Floats


class KalmanFilter:
    r"""A linear state with Gaussian noise, of which a linear part is seen.

    .. math:: x_t = F x_{t-1} + w, \quad w \sim N(0, Q), \qquad
              z_t = H x_t + v, \quad v \sim N(0, R)

    Parameters
    ----------
    F : array-like (n, n)
        How a step changes the state.
    H : array-like (m, n)
        What is seen of it.
    Q, R : array-like (n, n) and (m, m)
        Covariances of the noise of a step, and of what is seen.
    x : array-like (n,)
        The state at the beginning.
    P : array-like (n, n)
        Its covariance.

    Attributes
    ----------
    x, P : ndarray
        The state as it is known now, and its covariance.

    Raises
    ------
    ValueError
        If shapes do not fit.

    Notes
    -----
    A step costs O(n**3).

    Examples
    --------
    A car that moves on a line; its position is seen.

    >>> filter = KalmanFilter([[1, 1], [0, 1]], [[1, 0]], np.zeros((2, 2)), [[1.0]],
    ...                       [0, 0], np.diag([1.0, 100.0]))
    >>> for z in (1.0, 2.0, 3.0):
    ...     filter.predict()
    ...     filter.update([z])
    >>> filter.x.round(2)
    array([3., 1.])
    """

    x: Floats
    P: Floats

    def __init__(
        self,
        F: ArrayLike,
        H: ArrayLike,
        Q: ArrayLike,
        R: ArrayLike,
        x: ArrayLike,
        P: ArrayLike,
    ) -> None:
        self.x = np.array(x, np.float64)
        n = len(self.x)
        self.H = np.array(H, np.float64)
        m = len(self.H)
        self.F, self.Q, self.P = (np.array(A, np.float64) for A in (F, Q, P))
        self.R = np.array(R, np.float64)
        shapes = {"F": (n, n), "Q": (n, n), "P": (n, n), "H": (m, n), "R": (m, m)}
        for name, shape in shapes.items():
            found = getattr(self, name).shape
            if found != shape:
                raise ValueError(f"{name} must have the shape {shape}, got {found}.")

    def predict(self) -> None:
        """Move on by one step."""
        self.x = self.F @ self.x
        self.P = self.F @ self.P @ self.F.T + self.Q

    def update(self, z: ArrayLike) -> None:
        """Take up what is seen, shape (m,)."""
        seen = _seen(z, len(self.H))
        self.x, self.P = _updated(
            self.x, self.P, seen - self.H @ self.x, self.H, self.R
        )


class ExtendedKalmanFilter:
    r"""The same for a state that moves, and is seen, by any smooth functions.

    Both are replaced by their tangents at the state that is known [2]_.

    Parameters
    ----------
    step : callable
        The state (n,) after a step.
    step_jacobian : callable
        Derivatives of ``step``, (n, n), at a state.
    see : callable
        What is seen of a state, (m,).
    see_jacobian : callable
        Derivatives of ``see``, (m, n).
    Q, R, x, P : array-like
        As in ``KalmanFilter``.
    residual : callable, default=None
        What was seen less what was expected; None subtracts. Angles need
        ``wrapped_residual``.

    Examples
    --------
    Range and bearing of a target that stands still, from a sensor at the origin.

    >>> target = np.array([30.0, 40.0])
    >>> filter = ExtendedKalmanFilter(
    ...     lambda x: x, lambda x: np.eye(2), range_and_bearing, range_and_bearing_jacobian,
    ...     np.zeros((2, 2)), np.diag([1.0, 0.01**2]), [25.0, 45.0], 100 * np.eye(2),
    ...     residual=wrapped_residual)
    >>> for _ in range(5):
    ...     filter.predict()
    ...     filter.update(range_and_bearing(target))
    >>> bool(np.abs(filter.x - target).max() < 0.5)
    True
    """  # noqa: E501

    x: Floats
    P: Floats

    def __init__(
        self,
        step: Callable[[Floats], ArrayLike],
        step_jacobian: Callable[[Floats], ArrayLike],
        see: Callable[[Floats], ArrayLike],
        see_jacobian: Callable[[Floats], ArrayLike],
        Q: ArrayLike,
        R: ArrayLike,
        x: ArrayLike,
        P: ArrayLike,
        residual: Callable[[Floats, Floats], ArrayLike] | None = None,
    ) -> None:
        self._step, self._step_jacobian = step, step_jacobian
        self._see, self._see_jacobian = see, see_jacobian
        self._residual = residual
        self.x, self.P = np.array(x, np.float64), np.array(P, np.float64)
        self.Q, self.R = np.array(Q, np.float64), np.array(R, np.float64)

    def predict(self) -> None:
        """Move on by one step."""
        F = np.asarray(self._step_jacobian(self.x), np.float64)
        self.x = np.asarray(self._step(self.x), np.float64)
        self.P = F @ self.P @ F.T + self.Q

    def update(self, z: ArrayLike) -> None:
        """Take up what is seen, shape (m,)."""
        H = np.asarray(self._see_jacobian(self.x), np.float64)
        expected = np.asarray(self._see(self.x), np.float64)
        seen = _seen(z, len(self.R))
        missed = (
            seen - expected
            if self._residual is None
            else np.asarray(self._residual(seen, expected), np.float64)
        )
        self.x, self.P = _updated(self.x, self.P, missed, H, self.R)


def _seen(z: ArrayLike, m: int) -> Floats:
    seen = np.asarray(z, np.float64)
    if seen.shape != (m,) or not np.isfinite(seen).all():
        raise ValueError(f"what is seen must be {m} finite numbers, got {z!r}.")
    return seen


def _updated(
    x: Floats, P: Floats, missed: Floats, H: Floats, R: Floats
) -> tuple[Floats, Floats]:
    """State and covariance after something was seen, in the form of Joseph [3]_."""
    gain = np.linalg.solve(H @ P @ H.T + R, H @ P).T
    rest = np.eye(len(x)) - gain @ H
    return x + gain @ missed, rest @ P @ rest.T + gain @ R @ gain.T


def range_and_bearing(x: Floats) -> Floats:
    """Return distance and angle of a state, whose first two numbers are x and y.

    Examples
    --------
    >>> range_and_bearing(np.array([3.0, 4.0])).round(3)
    array([5.   , 0.927])
    """
    return np.array([np.hypot(x[0], x[1]), np.arctan2(x[1], x[0])])


def range_and_bearing_jacobian(x: Floats) -> Floats:
    """Return the derivatives of ``range_and_bearing``, shape (2, n).

    Raises
    ------
    ValueError
        At the origin, where there is no bearing.
    """
    square = x[0] ** 2 + x[1] ** 2
    if square == 0:
        raise ValueError("there is no bearing at the place of the sensor.")
    length = np.sqrt(square)
    found = np.zeros((2, len(x)))
    found[0, :2] = x[0] / length, x[1] / length
    found[1, :2] = -x[1] / square, x[0] / square
    return found


def wrapped_residual(seen: Floats, expected: Floats) -> Floats:
    """Return the difference of ranges and bearings; the angle within half a turn.

    Examples
    --------
    >>> wrapped_residual(np.array([1.0, 3.1]), np.array([1.0, -3.1])).round(3)
    array([ 0.   , -0.083])
    """
    missed = seen - expected
    missed[1] = (missed[1] + np.pi) % (2 * np.pi) - np.pi
    return missed
