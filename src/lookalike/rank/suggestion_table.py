"""The ranked candidates of all users, computed in advance and looked up by user."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from lookalike._typing import Array, Floats, Ints


@dataclass(frozen=True)
class SuggestionTable:
    """Candidates of all users, best first, concatenated in the order of the users.

    starts : (n_users + 1,), first row of each user, then the number of rows
    candidates, scores : (n,); features : float32 (n, n_features)

    Examples
    --------
    >>> users, scores = np.array([0, 0, 2]), np.array([0.9, 0.5, 0.7])
    >>> table = SuggestionTable.of_rows(users, np.array([2, 1, 0]), scores,
    ...                                 np.zeros((3, 1)), n_users=3)
    >>> [table.row(user)[0].tolist() for user in range(3)]
    [[2, 1], [], [0]]
    """

    starts: Ints
    candidates: Ints
    scores: Floats
    features: Array

    @classmethod
    def of_rows(
        cls,
        users: Ints,
        candidates: Ints,
        scores: Floats,
        features: Array,
        n_users: int,
    ) -> Self:
        """Return the table of rows that are sorted by user, then best first."""
        starts = np.searchsorted(users, np.arange(n_users + 1))
        return cls(starts, candidates, scores, features.astype(np.float32))

    @classmethod
    def concatenate(cls, tables: Sequence[Self]) -> Self:
        """Return one table of the users of the first, of the second and so on."""
        sizes = np.concatenate([np.diff(table.starts) for table in tables])
        return cls(
            np.concatenate([[0], np.cumsum(sizes)]),
            np.concatenate([table.candidates for table in tables]),
            np.concatenate([table.scores for table in tables]),
            np.concatenate([table.features for table in tables]),
        )

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Return the table that these arrays, by the names of the fields, make."""
        return cls(*(np.asarray(arrays[field.name]) for field in fields(cls)))

    def row(self, user: int) -> tuple[Ints, Floats, Array]:
        """Return candidates of one user, their scores and features."""
        mine = slice(self.starts[user], self.starts[user + 1])
        return self.candidates[mine], self.scores[mine], self.features[mine]

    def check(self, n_users: int, n_features: int) -> None:
        """Refuse a table of other users.

        Raises
        ------
        ValueError
            If the arrays do not fit each other, these users and these features.
        """
        n = len(self.candidates)
        whole = (
            self.starts.shape == (n_users + 1,)
            and self.starts[0] == 0
            and self.starts[-1] == n
            and (np.diff(self.starts) >= 0).all()
            and self.scores.shape == (n,)
            and self.features.shape == (n, n_features)
            and (not n or 0 <= self.candidates.min() <= self.candidates.max() < n_users)
        )
        if not whole:
            raise ValueError(
                f"The table of suggestions is not one of these {n_users:,} users."
            )
