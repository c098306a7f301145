"""Candidates of one user in order, before anything is told of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from lookalike._typing import Array, Floats, Ints


@dataclass(frozen=True)
class Ranked:
    """Candidates of one user, in order.

    posts : int64 (n,)
    scores : (n,), gains
    expected : (n, n_heads), what the heads expect of a place that is looked at
    value : (n,), before the order
    source : int64 (n,), of ``SOURCES``; -1 of posts that were asked for
    rules : what led to the list
    """

    posts: Ints
    scores: Floats
    expected: Floats
    value: Floats
    source: Ints
    rules: tuple[str, ...]

    def take(self, rows: Sequence[int] | Array) -> "Ranked":
        """Return these rows, in this order."""
        at = np.asarray(rows, np.int64)
        return replace(
            self,
            posts=self.posts[at],
            scores=self.scores[at],
            expected=self.expected[at],
            value=self.value[at],
            source=self.source[at],
        )
