"""Why an item is in a list: the generator that ranks it best, or the rule that put it.

A reason is a sentence for the user and a code for programs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lookalike._typing import Ints
from lookalike.rank.funnel import CandidateGenerator
from lookalike.rank.slate import ExplainedSlate, Slate
from lookalike.systems._recommender.catalogue import Catalogue

UNKNOWN_USER = "new_user"
NEW_ITEM = "exploration"
FILLED_UP = "filled_up"


@dataclass(frozen=True)
class Reasons:
    """Explains the lists of one recommender.

    generators : of the funnel that made the lists
    verb : what users do with items, such as "play"
    explored : rows of items that exploration tries; empty where there is none
    """

    generators: Sequence[CandidateGenerator]
    verb: str
    explored: Ints

    def explained(self, slate: Slate, catalogue: Catalogue) -> ExplainedSlate:
        """Return a list that carries features with names, titles and reasons."""
        reasons = self.reasons(slate)
        return ExplainedSlate(
            ids=[str(name) for name in catalogue.items[slate.items]],
            scores=slate.scores,
            features=slate.columns["features"],
            reasons=[reason for reason, _ in reasons],
            known=slate.known,
            rules=slate.notes,
            titles=[str(title) for title in catalogue.titles[slate.items]],
            reason_codes=[code for _, code in reasons],
        )

    def reasons(self, slate: Slate) -> list[tuple[str, str]]:
        """Return the sentence and the code of each item."""
        if not slate.known:
            sentence = f"popular: nothing is known of what you {self.verb}"
            return [(sentence, UNKNOWN_USER)] * len(slate)
        explored = np.isin(slate.items, self.explored)
        return [
            ("new here: hardly anybody has it", NEW_ITEM) if new else self._best(row)
            for new, row in zip(explored, slate.columns["positions"], strict=True)
        ]

    def _best(self, positions: Ints) -> tuple[str, str]:
        """Of the generator in whose list an item stands relatively highest."""
        quotas = np.array([generator.quota for generator in self.generators])
        if (positions >= quotas).all():
            return "popular", FILLED_UP
        best = int(np.argmin(positions / quotas))
        reason = f"{self.generators[best].reason} (place {positions[best] + 1})"
        return reason, self.generators[best].name.replace(" ", "_")


def closest_item(item_users: Any, items: Ints, item: int) -> int | None:
    """Return which of some items is closest to another, by the cosine of their users.

    item_users : csr (n_items, n_users), 1 where a user has an item

    None where none of them has a user in common with it.
    """
    if not len(items):
        return None
    row = item_users[item].reshape(1, -1)
    shared = np.asarray((item_users[items] @ row.T).todense()).ravel()
    size = np.sqrt(np.maximum(np.diff(item_users.indptr)[items], 1))
    best = int(np.argmax(shared / size))
    return int(items[best]) if shared[best] > 0 else None
