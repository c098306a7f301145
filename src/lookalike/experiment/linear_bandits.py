"""Bandits with a context: the reward of an arm is linear in features of the decision.

Each arm has a ridge regression of its own. As without context, a decision carries its
true propensity, and rewards may come later.

References
----------
.. [1] Li, Chu, Langford and Schapire (2010). "A contextual-bandit approach to
   personalized news article recommendation". WWW. (LinUCB with disjoint models)
.. [2] Agrawal and Goyal (2013). "Thompson sampling for contextual bandits with linear
   payoffs". ICML.
"""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lookalike._checks import check_positive, check_whole
from lookalike._typing import Floats
from lookalike.experiment.bandits import Decision
from lookalike.experiment.best_arm import best_of_normal


class LinearBandit(ABC):
    """A policy over arms with features of the decision.

    Parameters
    ----------
    n_arms, n_features : int
    ridge : float, default=1
        Penalty of the weights, above 0.
    exploration : float, default=0
        Share of the decisions that are drawn evenly from all arms, in [0, 1].

    Attributes
    ----------
    products : float64 (n_arms, n_features, n_features)
        ridge * I + sum of x x^T of each arm.
    targets : float64 (n_arms, n_features)
        Sum of reward * x of each arm.
    """

    def __init__(
        self,
        n_arms: int,
        n_features: int,
        ridge: float = 1.0,
        exploration: float = 0.0,
    ) -> None:
        check_whole("n_arms", n_arms, 2)
        check_whole("n_features", n_features)
        check_positive("ridge", ridge)
        if not 0 <= exploration <= 1:
            raise ValueError(f"exploration must be from 0 to 1, got {exploration!r}.")
        self.n_arms, self.n_features = n_arms, n_features
        self.ridge, self.exploration = ridge, exploration
        self.products: Floats = np.tile(ridge * np.eye(n_features), (n_arms, 1, 1))
        self.targets: Floats = np.zeros((n_arms, n_features))

    @abstractmethod
    def preference(self, context: Floats) -> Floats:
        """Return the probability of each arm, (n_arms,), without exploration."""

    def probabilities(self, context: ArrayLike) -> Floats:
        """Return the probability of each arm for a context (n_features,)."""
        found = self.preference(self._row(context))
        even = self.exploration / self.n_arms
        return (1 - self.exploration) * found / found.sum() + even

    def choose(self, context: ArrayLike, rng: np.random.Generator) -> Decision:
        """Draw an arm for a context (n_features,)."""
        p = self.probabilities(context)
        arm = min(int(np.searchsorted(np.cumsum(p), rng.random())), self.n_arms - 1)
        return Decision(arm, float(p[arm]))

    def update(self, arm: int, context: ArrayLike, reward: float) -> None:
        """Take the reward of a decision.

        Raises
        ------
        ValueError
            If the arm does not exist, or a number is not finite.
        """
        row = self._row(context)
        if not 0 <= arm < self.n_arms or arm != int(arm):
            raise ValueError(
                f"an arm must be a whole number from 0 to {self.n_arms - 1}, got "
                f"{arm!r}."
            )
        if not np.isfinite(reward):
            raise ValueError(f"a reward must be a finite number, got {reward!r}.")
        self.products[arm] += np.outer(row, row)
        self.targets[arm] += reward * row

    def estimates(self, context: ArrayLike) -> tuple[Floats, Floats]:
        """Return the estimate of each arm, and sqrt(x^T A^-1 x), (n_arms,) each."""
        row = self._row(context)
        rows = np.broadcast_to(row[:, None], (self.n_arms, self.n_features, 1))
        solved = np.linalg.solve(self.products, rows)[..., 0]
        means = np.einsum("af,af->a", solved, self.targets)
        return means, np.sqrt(np.maximum(0.0, solved @ row))

    def state(self) -> dict[str, Any]:
        """Return what was learned as a JSON object, for ``restore``."""
        return {"products": self.products.tolist(), "targets": self.targets.tolist()}

    def restore(self, state: dict[str, Any]) -> None:
        """Take up what ``state`` gave.

        Raises
        ------
        ValueError
            If it is of other arms or features.
        """
        products = np.array(state["products"], np.float64)
        targets = np.array(state["targets"], np.float64)
        if products.shape != self.products.shape or targets.shape != self.targets.shape:
            raise ValueError(
                f"expected the state of {self.n_arms} arms and {self.n_features} "
                f"features, got shapes {products.shape} and {targets.shape}."
            )
        self.products, self.targets = products, targets

    def _row(self, context: ArrayLike) -> Floats:
        row = np.asarray(context, np.float64)
        if row.shape != (self.n_features,) or not np.isfinite(row).all():
            raise ValueError(
                f"a context must be {self.n_features} finite numbers, got shape "
                f"{row.shape}."
            )
        return row


class LinUCB(LinearBandit):
    """The arm whose estimate could be highest [1]_: it + alpha * sqrt(x^T A^-1 x).

    Parameters
    ----------
    n_arms, n_features : int
    alpha : float, default=1
        Width of the bound.
    ridge, exploration : float

    Examples
    --------
    >>> policy = LinUCB(2, 2)
    >>> for reward in (1.0, 0.0, 1.0, 1.0):
    ...     policy.update(0, [1.0, 0.0], reward)
    >>> policy.probabilities([1.0, 0.0]), policy.probabilities([0.0, 1.0])
    (array([1., 0.]), array([0.5, 0.5]))
    """

    def __init__(
        self,
        n_arms: int,
        n_features: int,
        alpha: float = 1.0,
        ridge: float = 1.0,
        exploration: float = 0.0,
    ) -> None:
        super().__init__(n_arms, n_features, ridge, exploration)
        check_positive("alpha", alpha, zero=True)
        self.alpha = alpha

    def preference(self, context: Floats) -> Floats:
        """Return equal shares of the arms with the highest bound."""
        means, widths = self.estimates(context)
        bounds = means + self.alpha * widths
        best = bounds == bounds.max()
        return best / best.sum()


class LinearThompson(LinearBandit):
    """Each arm with the probability that its expected reward is the highest [2]_.

    The weights of an arm have the posterior N(A^-1 b, noise**2 A^-1), so that expected
    rewards are independent normals, and the probability is integrated.

    Parameters
    ----------
    n_arms, n_features : int
    noise : float, default=1
        Standard deviation of a reward; of clicks with the rate p, sqrt(p (1 - p)).
    ridge, exploration : float

    Examples
    --------
    >>> policy = LinearThompson(2, 1)
    >>> for reward in (1.0, 1.0, 1.0):
    ...     policy.update(0, [1.0], reward)
    >>> policy.probabilities([1.0])  # N(0.75, 1/4) against N(0, 1)
    array([0.75, 0.25])
    """

    def __init__(
        self,
        n_arms: int,
        n_features: int,
        noise: float = 1.0,
        ridge: float = 1.0,
        exploration: float = 0.0,
    ) -> None:
        super().__init__(n_arms, n_features, ridge, exploration)
        check_positive("noise", noise)
        self.noise = noise

    def preference(self, context: Floats) -> Floats:
        """Return the probability of each arm to have the highest expected reward."""
        means, widths = self.estimates(context)
        if not widths.any():  # a context of zeros tells arms apart in nothing
            return np.full(self.n_arms, 1 / self.n_arms)
        return best_of_normal(means, self.noise * widths)
