"""Bandits: more traffic to what seems better, while it is still being found out.

A policy keeps counts and sums of each arm, and nothing else. ``choose`` draws an arm
from ``probabilities()``, and the decision carries the probability it was drawn with:
its *propensity*, exact by construction, so that the log can be used to estimate what
another policy would have done. Rewards may come later, in batches and in any order.

References
----------
.. [1] Auer, Cesa-Bianchi and Fischer (2002). "Finite-time analysis of the multiarmed
   bandit problem". Machine Learning 47. (epsilon-greedy, UCB1)
.. [2] Garivier and Cappé (2011). "The KL-UCB algorithm for bounded stochastic bandits
   and beyond". COLT.
.. [3] Thompson (1933). "On the likelihood that one unknown probability exceeds
   another in view of the evidence of two samples". Biometrika 25.
.. [4] Chapelle and Li (2011). "An empirical evaluation of Thompson sampling". NeurIPS.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from lookalike._checks import check_positive, check_whole
from lookalike._typing import Array, Floats, Ints
from lookalike.experiment.best_arm import best_of_beta, best_of_normal


@dataclass(frozen=True)
class Decision:
    """What a policy chose.

    arm : from 0
    propensity : the probability with which it was drawn
    """

    arm: int
    propensity: float


class Bandit(ABC):
    """A policy over arms without context.

    Parameters
    ----------
    n_arms : int
    exploration : float, default=0
        Share of the decisions that are drawn evenly from all arms, in [0, 1]: each arm
        keeps at least a propensity of exploration / n_arms. UCB policies choose one arm
        for certain, and their log is worth nothing to others without it.

    Attributes
    ----------
    counts : float64 (n_arms,)
        Rewards seen of each arm.
    sums, squares : float64 (n_arms,)
        Their sums, and the sums of their squares.
    """

    bounded = True

    def __init__(self, n_arms: int, exploration: float = 0.0) -> None:
        check_whole("n_arms", n_arms, 2)
        if not 0 <= exploration <= 1:
            raise ValueError(f"exploration must be from 0 to 1, got {exploration!r}.")
        self.n_arms = n_arms
        self.exploration = exploration
        self.counts: Floats = np.zeros(n_arms)
        self.sums: Floats = np.zeros(n_arms)
        self.squares: Floats = np.zeros(n_arms)

    @abstractmethod
    def preference(self) -> Floats:
        """Return the probability of each arm, (n_arms,), without exploration."""

    def probabilities(self) -> Floats:
        """Return the probability of each arm, (n_arms,), with the sum 1."""
        found = self.preference()
        even = self.exploration / self.n_arms
        return (1 - self.exploration) * found / found.sum() + even

    def choose(self, rng: np.random.Generator) -> Decision:
        """Draw an arm."""
        p = self.probabilities()
        arm = min(int(np.searchsorted(np.cumsum(p), rng.random())), self.n_arms - 1)
        return Decision(arm, float(p[arm]))

    def choose_batch(self, n: int, rng: np.random.Generator) -> tuple[Ints, Floats]:
        """Draw n arms before any reward of them comes; return propensities too."""
        check_whole("n", n)
        p = self.probabilities()
        arms = np.searchsorted(np.cumsum(p), rng.random(n)).clip(max=self.n_arms - 1)
        return arms, p[arms]

    def update(self, arm: ArrayLike, reward: ArrayLike) -> None:
        """Take the rewards of decisions, one or many, in any order.

        Raises
        ------
        ValueError
            If an arm does not exist, a reward is not finite, or lies outside [0, 1]
            where the policy needs it inside. Nothing is taken then.
        """
        arms, rewards = _checked(arm, reward, self.n_arms)
        if self.bounded and not ((rewards >= 0) & (rewards <= 1)).all():
            raise ValueError(
                f"rewards of {type(self).__name__} must be from 0 to 1, got "
                f"{float(rewards.min()):g} to {float(rewards.max()):g}."
            )
        self.counts += np.bincount(arms, minlength=self.n_arms)
        self.sums += np.bincount(arms, rewards, self.n_arms)
        self.squares += np.bincount(arms, rewards**2, self.n_arms)

    def state(self) -> dict[str, Any]:
        """Return what was learned as a JSON object, for ``restore``."""
        names = ("counts", "sums", "squares")
        return {name: getattr(self, name).tolist() for name in names}

    def restore(self, state: dict[str, Any]) -> None:
        """Take up what ``state`` gave.

        Raises
        ------
        ValueError
            If it is of another number of arms.
        """
        found = {name: np.array(values, np.float64) for name, values in state.items()}
        for name in ("counts", "sums", "squares"):
            if name not in found or found[name].shape != (self.n_arms,):
                raise ValueError(
                    f"expected the state of {self.n_arms} arms, got {name} of shape "
                    f"{found[name].shape if name in found else None}."
                )
        self.counts, self.sums = found["counts"], found["sums"]
        self.squares = found["squares"]

    def _means(self) -> Floats:
        """Mean reward of each arm; infinite where none was seen."""
        seen = self.counts > 0
        return np.where(seen, self.sums / np.maximum(self.counts, 1), np.inf)


class EpsilonGreedy(Bandit):
    """The arm with the best mean, and with probability epsilon any arm [1]_.

    An arm without a reward comes first.

    Examples
    --------
    >>> policy = EpsilonGreedy(3, epsilon=0.3)
    >>> policy.update([0, 1, 2], [0.0, 1.0, 0.0])
    >>> policy.probabilities()
    array([0.1, 0.8, 0.1])
    """

    bounded = False

    def __init__(self, n_arms: int, epsilon: float = 0.1) -> None:
        super().__init__(n_arms, epsilon)

    def preference(self) -> Floats:
        """Return equal shares of the arms with the best mean."""
        return _best(self._means())


class UCB1(Bandit):
    """The arm whose mean could be highest: mean + sqrt(2 log(t) / n) [1]_.

    Rewards lie in [0, 1]. An arm without a reward comes first.

    Examples
    --------
    >>> policy = UCB1(2)
    >>> policy.update([0] * 100 + [1] * 4, [0.5] * 100 + [0.25] * 4)
    >>> policy.probabilities()  # the second was tried too little
    array([0., 1.])
    """

    def preference(self) -> Floats:
        """Return equal shares of the arms with the highest bound."""
        n = np.maximum(self.counts, 1)
        bonus = np.sqrt(2 * np.log(max(1.0, self.counts.sum())) / n)
        return _best(self._means() + bonus)


class KLUCB(Bandit):
    """The arm whose mean could be highest, by the distance of Bernoulli means [2]_.

    The bound q of an arm has n * kl(mean, q) = log(t) + c * log(log(t)), with c = 0 as
    the paper advises. Rewards lie in [0, 1]. Tighter than UCB1, most of all for rare
    clicks.

    Examples
    --------
    >>> policy = KLUCB(2)
    >>> policy.update([0] * 100 + [1] * 100, [0.02] * 100 + [0.3] * 100)
    >>> policy.upper_bounds().round(2)
    array([0.1 , 0.46])
    """

    def upper_bounds(self) -> Floats:
        """Return the bound of each arm, (n_arms,); 1 where none was seen."""
        n = np.maximum(self.counts, 1)
        means = self.sums / n
        goal = np.log(max(1.0, self.counts.sum())) / n
        low, high = means.copy(), np.ones(self.n_arms)
        for _ in range(35):  # to 3e-11
            middle = (low + high) / 2
            near = _bernoulli_distance(means, middle) <= goal
            low, high = np.where(near, middle, low), np.where(near, high, middle)
        return np.where(self.counts > 0, low, 1.0)

    def preference(self) -> Floats:
        """Return equal shares of the arms with the highest bound."""
        return _best(np.where(self.counts > 0, self.upper_bounds(), np.inf))


class ThompsonBeta(Bandit):
    """Each arm with the probability that it is the best, for rewards in [0, 1] [3]_.

    The rate of an arm has the posterior Beta(a + sum, b + n - sum). The probability
    that it is the highest is integrated, not estimated from draws.

    Parameters
    ----------
    n_arms : int
    prior : (float, float), default=(1, 1)
        a and b. With rare clicks a prior of their rate, such as (1, 50), learns faster.
    exploration : float, default=0

    Examples
    --------
    >>> policy = ThompsonBeta(2)
    >>> policy.update([0] * 10, [1.0] * 6 + [0.0] * 4)
    >>> policy.update([1] * 10, [1.0] * 4 + [0.0] * 6)
    >>> policy.probabilities().round(2)
    array([0.8, 0.2])
    """

    def __init__(
        self,
        n_arms: int,
        prior: tuple[float, float] = (1.0, 1.0),
        exploration: float = 0.0,
    ) -> None:
        super().__init__(n_arms, exploration)
        for name, value in zip("ab", prior, strict=True):
            check_positive(f"{name} of the prior", value)
        self.prior = prior

    def preference(self) -> Floats:
        """Return the probability of each arm to have the highest rate."""
        a = self.prior[0] + self.sums
        b = self.prior[1] + self.counts - self.sums
        return best_of_beta(a, b)


class ThompsonGaussian(Bandit):
    """Each arm with the probability that it has the highest mean, of any reward.

    The mean of an arm has the prior N(0, spread**2), and rewards the standard deviation
    ``noise``: posterior precision 1 / spread**2 + n / noise**2.

    Parameters
    ----------
    n_arms : int
    noise : float, default=1
        Standard deviation of a reward.
    spread : float, default=10
        Of the arms' means before anything is known.
    exploration : float, default=0

    Examples
    --------
    >>> policy = ThompsonGaussian(2)
    >>> policy.update([0] * 50 + [1] * 50, [0.0] * 50 + [0.2] * 50)
    >>> policy.probabilities().round(2)  # Phi(0.2 / sqrt(2 / 50)) = Phi(1)
    array([0.16, 0.84])
    """

    bounded = False

    def __init__(
        self,
        n_arms: int,
        noise: float = 1.0,
        spread: float = 10.0,
        exploration: float = 0.0,
    ) -> None:
        super().__init__(n_arms, exploration)
        check_positive("noise", noise)
        check_positive("spread", spread)
        self.noise, self.spread = noise, spread

    def preference(self) -> Floats:
        """Return the probability of each arm to have the highest mean."""
        precision = 1 / self.spread**2 + self.counts / self.noise**2
        return best_of_normal(self.sums / self.noise**2 / precision, precision**-0.5)


def _bernoulli_distance(p: Floats, q: Floats) -> Floats:
    q = np.clip(q, 1e-12, 1 - 1e-12)
    found: Floats = special.rel_entr(p, q) + special.rel_entr(1 - p, 1 - q)
    return found


def _best(values: Floats) -> Floats:
    best = values == values.max()
    return best / best.sum()


def _checked(arm: ArrayLike, reward: ArrayLike, n_arms: int) -> tuple[Ints, Floats]:
    arms: Array = np.atleast_1d(np.asarray(arm))
    rewards = np.atleast_1d(np.asarray(reward, np.float64))
    if arms.shape != rewards.shape or arms.ndim != 1:
        raise ValueError(
            f"expected one reward an arm, got {arms.shape} arms and {rewards.shape} "
            "rewards."
        )
    is_whole = arms.dtype.kind in "iu" or not len(arms)
    if not is_whole or ((arms < 0) | (arms >= n_arms)).any():
        raise ValueError(f"arms must be whole numbers from 0 to {n_arms - 1}.")
    if not np.isfinite(rewards).all():
        raise ValueError("rewards must be finite numbers.")
    return arms.astype(np.int64), rewards
