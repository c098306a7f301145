"""What to do with a post: leave, demote, queue for a person, or remove.

Each action has a cost that depends on the probability p that the post is harmful. The
cheapest is taken; costs are in units of a person's look, so that they say how many
looks one mistake is worth.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lookalike._typing import Floats, Ints

ACTIONS = ("leave", "demote", "queue", "remove")


@dataclass(frozen=True)
class Costs:
    """What mistakes and looks cost; see ``expected``."""

    harm: float = 4.0
    """A harmful post that is left."""
    removed: float = 8.0
    """A harmless post that is removed."""
    demoted: float = 0.5
    """A harmless post that is demoted."""
    shown: float = 0.5
    """Share of its views that a demoted post keeps, and so of its harm."""
    look: float = 1.0
    """A person's look, after which the right thing is done."""
    waiting: float = 0.1
    """Share of its views that a harmful post has while it waits for the look."""

    def expected(self, probability: ArrayLike) -> Floats:
        """Expected cost of each action, (n_posts, 4) in the order of ``ACTIONS``.

        Examples
        --------
        >>> Costs().expected([0.0, 0.5, 1.0])
        array([[0.  , 0.5 , 1.  , 8.  ],
               [2.  , 1.25, 1.2 , 4.  ],
               [4.  , 2.  , 1.4 , 0.  ]])
        """
        p = np.asarray(probability, np.float64)
        return np.stack(
            [
                p * self.harm,
                p * self.harm * self.shown + (1 - p) * self.demoted,
                self.look + p * self.harm * self.waiting,
                (1 - p) * self.removed,
            ],
            axis=-1,
        )


def decide(probability: ArrayLike, may_remove: ArrayLike, costs: Costs) -> Ints:
    """Return the place of the cheapest action of each post among ``ACTIONS``.

    may_remove : bool (n_posts,), whether removing has its stated precision; where not,
        the cheapest of the others is taken

    Examples
    --------
    >>> places = decide([0.01, 0.3, 0.97, 0.97], [False, False, True, False], Costs())
    >>> [ACTIONS[place] for place in places]
    ['leave', 'demote', 'remove', 'queue']
    """
    expected = costs.expected(probability)
    expected[~np.asarray(may_remove, bool), ACTIONS.index("remove")] = np.inf
    return expected.argmin(axis=-1)


def value_of_look(
    probability: ArrayLike, costs: Costs, views: ArrayLike = 1.0
) -> Floats:
    """Return what a person's look saves, beside the best of leaving and demoting.

    views : expected views of each post, as a multiple of the usual post's: what harm a
        post does, and what is lost by demoting it, grows with them

    Examples
    --------
    >>> value_of_look([0.02, 0.5, 0.9], Costs()).round(2)
    array([-0.93,  0.05,  0.49])
    """
    expected = costs.expected(probability)
    without = expected[..., :2].min(axis=-1)
    waiting = expected[..., 2] - costs.look
    found: Floats = np.asarray(views) * (without - waiting) - costs.look
    return found


def demotion(actions: Ints, probability: ArrayLike, costs: Costs) -> Floats:
    """Return the factor of each post's score in the feed.

    1 leaves it, 0 removes it; a demoted post keeps ``costs.shown``, and one that waits
    for a person loses as much of that as it is likely to be harmful.

    Examples
    --------
    >>> demotion(np.array([0, 1, 2, 3]), [0.1, 0.2, 0.5, 0.9], Costs())
    array([1.  , 0.5 , 0.75, 0.  ])
    """
    p = np.asarray(probability, np.float64)
    waiting = 1 - p * (1 - costs.shown)
    factors = np.stack(
        [np.ones_like(p), np.full_like(p, costs.shown), waiting, np.zeros_like(p)], -1
    )
    found: Floats = np.take_along_axis(factors, actions[..., None], -1)[..., 0]
    return found
