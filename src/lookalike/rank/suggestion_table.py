"""Everybody's candidates, ranked beforehand: a request is a lookup."""

from dataclasses import dataclass

import numpy as np

from lookalike._typing import Array, Floats, Ints


@dataclass(frozen=True)
class Table:
    """Everybody's candidates, best first, one person after the other.

    starts : (n_people + 1,), where each person's begin
    candidates, scores : (n,); features : float32 (n, n_features)
    """

    starts: Ints
    candidates: Ints
    scores: Floats
    features: Array

    def row(self, person: int) -> tuple[Ints, Floats, Array]:
        """Candidates of one person, their scores and features."""
        mine = slice(self.starts[person], self.starts[person + 1])
        return self.candidates[mine], self.scores[mine], self.features[mine]

    def check(self, n_people: int, n_features: int) -> None:
        """Refuse a table of other people."""
        n = len(self.candidates)
        whole = (
            self.starts.shape == (n_people + 1,)
            and self.starts[0] == 0
            and self.starts[-1] == n
            and (np.diff(self.starts) >= 0).all()
            and self.scores.shape == (n,)
            and self.features.shape == (n, n_features)
            and (
                not n or 0 <= self.candidates.min() <= self.candidates.max() < n_people
            )
        )
        if not whole:
            raise ValueError("The table of candidates is not one of these people.")
