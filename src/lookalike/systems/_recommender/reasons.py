"""Why an item is in a list: the generator that ranks it best, or the rule that put it.

A reason is a sentence for the user and a code for programs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lookalike._typing import Ints
from lookalike.rank.funnel import CandidateGenerator
from lookalike.rank.slate import ExplainedSlate, Slate
from lookalike.systems._recommender.catalogue import Catalogue
from lookalike.systems._recommender.lists import PROFILE

UNKNOWN_USER = "new_user"
NEW_ITEM = "exploration"
FILLED_UP = "filled_up"


@dataclass(frozen=True)
class Reasons:
    """Explains the lists of one recommender.

    generators : of the funnel that made the lists
    verb : what users do with items, such as "play"
    users_noun : what users are called, such as "players"
    explored : rows of items that exploration tries; empty where there is none
    """

    generators: Sequence[CandidateGenerator]
    verb: str
    users_noun: str
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
        if not slate.known and PROFILE in slate.columns:
            [own] = [each for each in self.generators if each.score_matrix == PROFILE]
            code = own.name.replace(" ", "_")
            return [(own.reason, code)] * len(slate)
        if not slate.known:
            sentence = f"popular: nothing is known of what you {self.verb}"
            return [(sentence, UNKNOWN_USER)] * len(slate)
        explored = np.isin(slate.items, self.explored)
        return [
            ("new here: hardly anybody has it", NEW_ITEM) if new else self._best(row)
            for new, row in zip(explored, slate.columns["positions"], strict=True)
        ]

    def shared(self, n: int) -> str:
        """Return why two items are alike of which n users have both."""
        if not n:
            return "is described alike"
        if n == 1:
            return f"shares one of its {self.users_noun}"
        return f"shares {n:,} of its {self.users_noun}"

    def _best(self, positions: Ints) -> tuple[str, str]:
        """Of the generator in whose list an item stands relatively highest."""
        quotas = np.array([generator.quota for generator in self.generators])
        if (positions >= quotas).all():
            return "popular", FILLED_UP
        best = int(np.argmin(positions / quotas))
        reason = f"{self.generators[best].reason} (place {positions[best] + 1})"
        return reason, self.generators[best].name.replace(" ", "_")
