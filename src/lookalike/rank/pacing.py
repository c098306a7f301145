"""Pacing: a budget spread over a day, by bids that give way as money runs ahead."""

import numpy as np

from lookalike._checks import check_positive, check_whole


class AdaptivePacing:
    r"""Shade an advertiser's bids so that the budget lasts as long as the auctions.

    With v the value of a click and B the budget of T auctions, the bid is
    :math:`v / (1 + \mu)`, and after an auction that cost z

    .. math:: \mu \leftarrow \min(\max(\mu - \epsilon (B / T - z), 0), \bar\mu) ,

    which rises while spending runs ahead of an even one [1]_. Nothing is bid that what
    is left could not pay.

    Parameters
    ----------
    budget : float
        Above 0.
    n_auctions : int
        For which it is to last.
    step : float or None, default=None
        :math:`\epsilon`; None is :math:`T^{-1/2}` over the mean spend of an auction.

    Attributes
    ----------
    multiplier : float
        :math:`\mu`, from 0 to 20.
    left : float
        Of the budget.

    References
    ----------
    .. [1] Balseiro and Gur (2019). "Learning in repeated auctions with budgets: regret
       minimization and equilibrium". Management Science 65(9), algorithm 1.

    Examples
    --------
    >>> pacing = AdaptivePacing(budget=200, n_auctions=2000)
    >>> spent = []
    >>> for _ in range(2000):  # each auction costs what is bid, up to 0.5
    ...     cost = min(pacing.bid(1.0), 0.5)
    ...     spent.append(cost)
    ...     pacing.spend(cost)
    >>> round(sum(spent[:1000])), round(sum(spent))
    (138, 200)
    """

    def __init__(
        self, budget: float, n_auctions: int, step: float | None = None
    ) -> None:
        check_positive("budget", budget)
        if not np.isfinite(budget):
            raise ValueError(f"budget must be a finite number, got {budget!r}.")
        check_whole("n_auctions", n_auctions)
        self.target = budget / n_auctions
        self.step = 1 / (np.sqrt(n_auctions) * self.target) if step is None else step
        self.multiplier, self.left = 0.0, float(budget)

    def bid(self, value: float) -> float:
        """Return what to bid for a click of this value."""
        return min(value / (1 + self.multiplier), self.left)

    def spend(self, cost: float) -> None:
        """Take note of what an auction cost, 0 where it was lost."""
        self.left = max(self.left - cost, 0.0)
        moved = self.multiplier - self.step * (self.target - cost)
        self.multiplier = float(np.clip(moved, 0.0, 20.0))
