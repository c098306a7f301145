"""A head for each kind of harm in each set of posts, over one encoder.

A set labels some kinds, in one language, as its raters understood them; a head learns
one kind from one set, and a post without a label for it plays no part in its loss.
Held-out posts of the set turn the head's scores into probabilities (Platt), choose from
which probability on the kind is named, and from which score on removing has its stated
precision.

One head a kind over all sets together was tried as well; languages share so few words
that their posts only disturb each other, see ``lookalike bench harmful``.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

import numpy as np
from scipy.special import expit

from lookalike._typing import Array, Floats, Ints
from lookalike.core.progress import ShareCallback
from lookalike.datasets.posts import LabelledPosts
from lookalike.evaluate import f1
from lookalike.evaluate.stated_precision import stated_precision
from lookalike.learn import LogisticRegression
from lookalike.systems.harmful.linear_head import learn_head

FEWEST = 4
"""Held-out labels of each sort from which on a head has probabilities of its own."""
TRIED = 50
"""Probabilities that are tried as the least one of a named kind."""


def domains_of(posts: LabelledPosts) -> list[str]:
    """Return the set and the language of each post, such as "mlma/fr"."""
    pairs = zip(posts.sources, posts.languages, strict=True)
    return [f"{source}/{language}" for source, language in pairs]


class Heads:
    """Scores of kinds in sets, and what they mean.

    domains : sets with their languages, sorted
    table : int64 (n_domains, n_kinds), the column of each head, -1 where there is none
    weights : float32 (n_terms, n_heads)
    intercepts : float32 (n_heads,)
    slopes, offsets : (n_heads,), from a score to the logarithm of odds
    named_from : (n_heads,), least probability at which the kind is named
    removable : (n_heads,), least score at which the stated precision holds, infinity
        where none does
    """

    PARTS = (
        *("table", "weights", "intercepts", "slopes", "offsets"),
        *("named_from", "removable", "n_labels"),
    )

    def __init__(
        self,
        domains: Sequence[str],
        table: Ints,
        weights: Array,
        intercepts: Array,
        slopes: Floats,
        offsets: Floats,
        named_from: Floats,
        removable: Floats,
        n_labels: Ints,
    ) -> None:
        self.domains, self.table = tuple(domains), table
        self.weights, self.intercepts = weights, intercepts
        self.slopes, self.offsets = slopes, offsets
        self.named_from, self.removable = named_from, removable
        self.n_labels = n_labels

    @classmethod
    def learned(
        cls, X: Any, posts: LabelledPosts, C: float, on_progress: ShareCallback
    ) -> Self:
        """Learn a head wherever a set has labels of both sorts for a kind."""
        own = np.array(domains_of(posts))
        domains, n_kinds = sorted(set(own.tolist())), posts.labels.shape[1]
        table = np.full((len(domains), n_kinds), -1, np.int64)
        found: list[tuple[Array, float]] = []
        n_labels: list[int] = []
        for at, domain in enumerate(domains):
            rows = np.flatnonzero(own == domain)
            inside, labels = X[rows], posts.labels[rows]
            for kind in range(n_kinds):
                on_progress((at + kind / n_kinds) / len(domains))
                known = np.isfinite(labels[:, kind])
                y = labels[known, kind].astype(np.int64)
                if known.any() and 0 < y.sum() < len(y):
                    table[at, kind] = len(found)
                    found.append(learn_head(inside[known], y, C))
                    n_labels.append(len(y))
        weights = np.stack([each for each, _ in found], axis=1)
        intercepts = np.array([each for _, each in found], np.float32)
        n = len(found)
        plain = np.ones(n), np.zeros(n), np.full(n, 0.5), np.full(n, np.inf)
        return cls(domains, table, weights, intercepts, *plain, np.array(n_labels))

    def calibrate(
        self, X: Any, posts: LabelledPosts, precision: float, doubt: float
    ) -> None:
        """Fit probabilities and thresholds on held-out posts, head by head."""
        scores = self.all_scores(X).astype(np.float64)
        own = np.array(domains_of(posts))
        for at, kind in zip(*np.nonzero(self.table >= 0), strict=True):
            rows = (own == self.domains[at]) & np.isfinite(posts.labels[:, kind])
            head = int(self.table[at, kind])
            labels = posts.labels[rows, kind]
            n_harmful = int(labels.sum())
            if min(n_harmful, len(labels) - n_harmful) >= FEWEST:
                self._fit_one(head, scores[rows, head], labels, kind == 0)
                self.removable[head] = stated_precision(
                    labels, scores[rows, head], precision, doubt
                ).threshold

    def routes(self, languages: Sequence[str]) -> Ints:
        """Return the heads that judge a language, (n_languages, n_kinds), -1 of none.

        Of several sets in a language the one with most labels of the kind judges.
        """
        found = np.full((len(languages), self.table.shape[1]), -1, np.int64)
        of_domain = [domain.rpartition("/")[2] for domain in self.domains]
        for row, language in enumerate(languages):
            for kind in range(self.table.shape[1]):
                heads = [
                    head
                    for name, head in zip(of_domain, self.table[:, kind], strict=True)
                    if name == language and head >= 0
                ]
                if heads:
                    found[row, kind] = max(heads, key=self.n_labels.__getitem__)
        return found

    def all_scores(self, X: Any) -> Array:
        """Raw scores float32 (n_posts, n_heads)."""
        found: Array = np.asarray(X @ self.weights) + self.intercepts
        return found

    def probabilities(self, scores: Array) -> Floats:
        """Probabilities (n_posts, n_heads) of raw scores."""
        found: Floats = expit(scores * self.slopes + self.offsets)
        return found

    def arrays(self) -> dict[str, Array]:
        """All parts, for a generation."""
        return {f"head_{name}": getattr(self, name) for name in self.PARTS}

    @classmethod
    def from_arrays(cls, domains: Sequence[str], arrays: Mapping[str, Array]) -> Self:
        """Take up what ``arrays`` returned."""
        found = cls(
            domains, *(np.asarray(arrays[f"head_{name}"]) for name in cls.PARTS)
        )
        n_heads = found.weights.shape[1]
        if len(domains) != len(found.table) or n_heads != found.table.max() + 1:
            raise ValueError("its sets and heads do not belong together.")
        return found

    def _fit_one(self, head: int, scores: Floats, labels: Floats, is_any: bool) -> None:
        platt = LogisticRegression(C=100.0, max_iter=500)
        platt.fit(scores[:, None], labels.astype(np.int64))
        slope, offset = max(float(platt.coef_[0, 0]), 1e-3), float(platt.intercept_[0])
        self.slopes[head], self.offsets[head] = slope, offset
        shares = expit(scores * slope + offset)
        self.named_from[head] = best_threshold(labels, shares, is_any)


def chosen(columns: Array, heads: Ints, missing: float = np.nan) -> Floats:
    """Return the values of these heads, of each post its own.

    columns : (n_posts, n_heads), or (n_heads,) where they are the same for all posts
    heads : (n_posts, n_kinds), -1 where there is none

    Examples
    --------
    >>> chosen(np.array([[0.1, 0.2], [0.3, 0.4]]), np.array([[1, -1], [0, 1]]))
    array([[0.2, nan],
           [0.3, 0.4]])
    """
    whole = np.broadcast_to(columns, (len(heads), columns.shape[-1]))
    found = np.take_along_axis(whole, np.maximum(heads, 0), axis=1)
    return np.where(heads >= 0, found, missing)


def best_threshold(labels: Floats, shares: Floats, macro: bool) -> float:
    """Return the probability from which on naming a kind has the best F1.

    macro : whether F1 is the mean of that of harmful and that of harmless posts

    Examples
    --------
    >>> best_threshold(np.array([0, 0, 1, 1]), np.array([0.1, 0.3, 0.5, 0.8]), False)
    0.4
    """
    wanted = labels.astype(np.int64)
    grid = np.quantile(shares, np.linspace(0.0, 1.0, TRIED), method="nearest")
    tried = np.unique(grid)
    average: Literal["macro", "binary"] = "macro" if macro else "binary"
    found = [
        float(
            f1(
                wanted,
                (shares >= least).astype(np.int64),
                average=average,
                zero_division=0.0,
            )
        )
        for least in tried
    ]
    best = int(np.argmax(found))
    # Between the last that is named and the first that is not.
    return float(tried[max(best - 1, 0) : best + 1].mean())
