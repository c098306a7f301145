"""Always-valid bounds: look whenever and as often as you like, with no planned end.

A mixture of likelihood ratios, over normally distributed effects, is a martingale where
there is no difference; it reaches 1 / alpha with probability at most alpha, however
long one looks [1]_. Turned around it is a sequence of intervals that all hold at once,
for means of any distribution once there are some hundred units [2]_.

References
----------
.. [1] Johari, Koomen, Pekelis and Walsh (2022). "Always valid inference: continuous
   monitoring of A/B tests". Operations Research 70(3). (the mixture SPRT)
.. [2] Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2024). "Time-uniform central
   limit theory and asymptotic confidence sequences". Annals of Statistics 52(6).
   (theorem 2.2; equation 24 for the tuning)
.. [3] Howard, Ramdas, McAuliffe and Sekhon (2021). "Time-uniform, nonparametric,
   nonasymptotic confidence sequences". Annals of Statistics 49(2).
"""

import numpy as np
from numpy.typing import ArrayLike

from lookalike._typing import Floats


def mixture_bound(
    share: ArrayLike, alpha: float = 0.05, tuned_to: float = 1.0
) -> Floats:
    """Return the bound of a look, in standard errors.

    With v the share of the information and r = rho**2, it is
    sqrt((1 + 1 / (v r)) * log((1 + v r) / alpha**2)).

    Parameters
    ----------
    share : array-like of any shape
        Information at a look over some unit, such as what is planned; above 0.
    alpha : float, default=0.05
        Probability of ever crossing where there is no difference.
    tuned_to : float, default=1
        The share at which the interval is about as narrow as such a one can be; it
        must be chosen beforehand. It is valid at all others, and wider.

    Examples
    --------
    >>> mixture_bound([0.1, 0.5, 1, 4, 100]).round(2)
    array([3.86, 3.08, 3.04, 3.13, 3.56])
    """
    shares = np.asarray(share, np.float64)
    if not (shares > 0).all():
        raise ValueError("the share of the information must be above 0.")
    scaled = shares / tuned_to * _rho_squared(alpha)
    found: Floats = np.sqrt((1 + 1 / scaled) * (np.log1p(scaled) - 2 * np.log(alpha)))
    return found


def mixture_p_value(z: ArrayLike, share: ArrayLike, tuned_to: float = 1.0) -> Floats:
    """Return the always-valid p-value of a look, at most 1.

    It is 1 over the mixture of likelihood ratios, with the ``rho`` of alpha = 0.05. The
    p-value of an experiment is the least of all its looks so far.

    Examples
    --------
    >>> bound = mixture_bound(0.5)
    >>> mixture_p_value([0.0, bound, 4.0], 0.5).round(3).tolist()
    [1.0, 0.05, 0.003]
    """
    scaled = np.asarray(share, np.float64) / tuned_to * _rho_squared(0.05)
    square = np.asarray(z, np.float64) ** 2
    log = 0.5 * square * scaled / (1 + scaled) - 0.5 * np.log1p(scaled)
    found: Floats = np.minimum(1.0, np.exp(-log))
    return found


def _rho_squared(alpha: float) -> float:
    """rho**2 that makes the bound narrow at the information 1."""
    log = -2 * np.log(alpha)
    return float(log + np.log(log + 1))
