"""Group-sequential bounds: a planned number of units, looked at on the way.

The error of the whole experiment is spent look by look. How much is spent up to a look
depends only on the information there (the share of the planned units), so that neither
the number nor the times of the looks need be fixed beforehand [1]_. The bound of a look
is the one that makes the probability of crossing there, and at none before, what is
spent there; it is found by integrating the density of the estimate, look by look [2]_.

References
----------
.. [1] Lan and DeMets (1983). "Discrete sequential boundaries for clinical trials".
   Biometrika 70(3).
.. [2] Armitage, McPherson and Rowe (1969). "Repeated significance tests on accumulating
   data". Journal of the Royal Statistical Society A 132(2).
.. [3] Jennison and Turnbull (1999). "Group Sequential Methods with Applications to
   Clinical Trials". Chapman & Hall. (chapters 2, 7, 9 and 19)
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from lookalike._checks import check_choice
from lookalike._typing import Floats

SPENDING = ("obrien_fleming", "pocock")
_LARGEST = 9.0  # standard errors; beyond it no float of a probability is left
_STEP = 0.25  # of a node, in standard deviations of what one look adds
_MOST_NODES = 4000
LEAST_STEP = 1e-5
"""Of the planned information, that a look must add to decide anything."""
_Beyond = Callable[[float], float]


def spent(share: float, alpha: float = 0.05, spending: str = "obrien_fleming") -> float:
    """Return the error that is spent at a share of the information, two-sided.

    ``obrien_fleming`` spends little early, ``pocock`` more evenly:
    2 * (2 - 2 * Phi(z(alpha / 4) / sqrt(share))) and
    alpha * log(1 + (e - 1) * share), equations 5 and 6 of [1]_ for two sides.

    Examples
    --------
    >>> [round(spent(share), 5) for share in (0.2, 0.5, 1.0)]
    [0.0, 0.00305, 0.05]
    >>> round(spent(0.5, spending="pocock"), 3)
    0.031
    """
    check_choice("spending", spending, SPENDING)
    share = min(share, 1.0)
    if share <= 0:
        return 0.0
    if spending == "pocock":
        return float(alpha * np.log(1 + (np.e - 1) * share))
    return float(4 * special.ndtr(special.ndtri(alpha / 4) / np.sqrt(share)))


def group_bounds(
    shares: Sequence[float], alpha: float = 0.05, spending: str = "obrien_fleming"
) -> Floats:
    """Return the bound of each look, in standard errors.

    A look whose difference is more standard errors from 0 ends the experiment.

    Parameters
    ----------
    shares : sequence of float
        Information at each look so far over what is planned, rising, above 0. The last
        may be more than 1: what is left is spent there.
    alpha : float, default=0.05
        Probability of crossing any bound where there is no difference.
    spending : {"obrien_fleming", "pocock"}

    Returns
    -------
    float64 (n_looks,)
        At most 9: so early a look decides nothing, nor does one that adds less than
        ``LEAST_STEP`` to the look before.

    Raises
    ------
    ValueError
        If the shares do not rise, as where a clock went back, or lie below 0.

    Notes
    -----
    The bounds of earlier looks do not depend on later ones: those of a running
    experiment are computed anew from all its looks, and nothing else is kept. Some 2
    ms a look.

    Examples
    --------
    >>> group_bounds([0.2, 0.4, 0.6, 0.8, 1.0]).round(3)
    array([4.877, 3.357, 2.68 , 2.29 , 2.031])
    """
    information = _checked(shares)
    density = _Density()
    bounds: list[float] = []
    before = last = 0.0
    for share in information:
        if share - last < LEAST_STEP:
            bounds.append(_LARGEST)
            continue
        last = share
        now = spent(share, alpha, spending)
        target = max(0.0, now - before)
        step = density.stepped(share)

        def beyond(bound: float, step: _Beyond = step) -> float:
            return step(bound) + step(-bound)

        bound = _LARGEST
        if target > beyond(_LARGEST):
            bound = float(
                optimize.brentq(
                    lambda bound, goal=target: beyond(bound) - goal,
                    0.0,
                    _LARGEST,
                    xtol=1e-7,
                )
            )
        before += beyond(bound)
        bounds.append(bound)
        density.keep(bound)
    return np.array(bounds)


@dataclass(frozen=True)
class Crossing:
    """What bounds do where the truth lies ``drift`` standard errors from 0.

    crossed : float64 (n_looks,), the probability of crossing first at each look
    power : of crossing at any
    size : expected information at the end, over that of the last look
    """

    crossed: Floats
    power: float
    size: float


def crossing(
    shares: Sequence[float], bounds: Sequence[float] | Floats, drift: float = 0.0
) -> Crossing:
    """Return the probability of crossing two-sided bounds, exactly.

    Parameters
    ----------
    shares : sequence of float (n_looks,)
        Information at each look, rising.
    bounds : sequence of float (n_looks,)
        Standard errors at each look.
    drift : float, default=0
        The true difference in standard errors of the information 1.

    Examples
    --------
    >>> looks = [0.2, 0.4, 0.6, 0.8, 1.0]
    >>> crossing(looks, [1.96] * 5).power  # five looks at a fixed test
    0.142
    >>> found = crossing(looks, group_bounds(looks), drift=1.96 + 1.2816)
    >>> found.power, found.size
    (0.89, 0.75)
    """
    information = _checked(shares)
    density = _Density(drift)
    crossed = []
    for share, bound in zip(information, bounds, strict=True):
        step = density.stepped(share)
        crossed.append(step(float(bound)) + step(-float(bound)))
        density.keep(float(bound))
    found = np.array(crossed)
    power = float(found.sum())
    size = float(found @ information + (1 - power) * information[-1])
    return Crossing(found, power, float(size / information[-1]))


class _Density:
    """Density of the score B = z * sqrt(share) among experiments that go on.

    Quadrature is Gauss-Legendre between the bounds: its nodes are dense enough for what
    a look adds.
    """

    def __init__(self, drift: float = 0.0) -> None:
        self._drift = drift
        self._share = 0.0
        self._to = 0.0
        self._at = np.zeros(1)
        self._mass = np.ones(1)

    def stepped(self, share: float) -> _Beyond:
        """Return the probability beyond a bound of the next look, by its sign."""
        self._to = share
        spread = np.sqrt(share - self._share)
        middle = self._at + self._drift * (share - self._share)

        def beyond(bound: float) -> float:
            sign = 1.0 if bound >= 0 else -1.0
            away = sign * (bound * np.sqrt(share) - middle) / spread
            return float(self._mass @ special.ndtr(-away))

        return beyond

    def keep(self, bound: float) -> None:
        """Go to the next look, with what lies between its bounds."""
        spread = np.sqrt(self._to - self._share)
        end = bound * np.sqrt(self._to)
        n = int(np.clip(np.ceil(2 * end / (_STEP * spread)), 60, _MOST_NODES))
        node, weight = special.roots_legendre(n) if n <= 60 else _panels(n)
        at = end * node
        middle = self._at + self._drift * (self._to - self._share)
        away = (at[:, None] - middle) / spread
        density = np.exp(-0.5 * away**2) @ self._mass / (spread * np.sqrt(2 * np.pi))
        self._at, self._mass = at, end * weight * density
        self._share = self._to


def _panels(n: int) -> tuple[Floats, Floats]:
    """Nodes and weights on [-1, 1] of panels with eight Gauss-Legendre nodes each."""
    node, weight = special.roots_legendre(8)
    n_panels = -(-n // 8)
    middles = (2 * np.arange(n_panels) + 1) / n_panels - 1
    nodes = (middles[:, None] + node / n_panels).ravel()
    return nodes, np.tile(weight / n_panels, n_panels)


def _checked(shares: Sequence[float]) -> Floats:
    found = np.asarray(shares, np.float64)
    if found.ndim != 1 or not len(found) or not np.isfinite(found).all():
        raise ValueError(
            f"expected the share of the information at each look, got {shares!r}."
        )
    if found[0] <= 0 or (np.diff(found) <= 0).any():
        raise ValueError(
            "the information must rise from look to look: a look has fewer units than "
            f"the one before, or as many; got {[round(float(s), 4) for s in found]}."
        )
    return found
