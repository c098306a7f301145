"""Heads for each kind of harm in each set of posts, learned together by language.

A set labels some kinds, in one language, as its raters understood them; a head learns
one kind from one set, and a post without a label for it plays no part in its loss.
Then heads of one language are brought together: each becomes a weighted sum of all of
them, whose weights are learned from scores of posts that no head had learned from,
with a penalty that draws them to the head alone (``together``). So what one kind or set
says of another is used where it helps, and a head that does best alone stays so.

One head a kind over all sets of all languages was tried as well; languages share so few
words that their posts only disturb each other, see ``lookalike bench harmful``.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Self

import numpy as np
from scipy.special import expit

from lookalike._typing import Array, Floats, Ints
from lookalike.core.progress import ShareCallback
from lookalike.datasets.posts import LabelledPosts
from lookalike.systems.harmful.calibration import calibrated
from lookalike.systems.harmful.linear_head import certainty, learn_head
from lookalike.systems.harmful.terms import TermEncoder
from lookalike.systems.harmful.together import N_FOLDS, weights_together


def domains_of(posts: LabelledPosts) -> list[str]:
    """Return the set and the language of each post, such as "mlma/fr"."""
    pairs = zip(posts.sources, posts.languages, strict=True)
    return [f"{source}/{language}" for source, language in pairs]


def language_of(domain: str) -> str:
    """Return the language of a domain.

    Examples
    --------
    >>> language_of("mlma/fr")
    'fr'
    """
    return domain.rpartition("/")[2]


class Heads:
    """Scores of kinds in sets, and what they mean.

    domains : sets with their languages, sorted by language
    table : int64 (n_domains, n_kinds), the number of each head, -1 where there is none;
        those of one language follow each other
    idf : float32 (n_languages, n_columns), of each language
    weights : of each language, float32 (n_columns, n_heads in it)
    intercepts : float32 (n_heads,)
    slopes, offsets, named_from, removable : (n_heads,), see ``Calibration``
    n_labels : (n_heads,), labels that each learned from
    """

    PARTS = (
        *("table", "idf", "intercepts", "slopes", "offsets"),
        *("named_from", "removable", "n_labels"),
    )

    def __init__(
        self,
        domains: Sequence[str],
        weights: Sequence[Array],
        table: Ints,
        idf: Array,
        intercepts: Array,
        slopes: Floats,
        offsets: Floats,
        named_from: Floats,
        removable: Floats,
        n_labels: Ints,
    ) -> None:
        self.domains, self.table = tuple(domains), table
        self.languages = tuple(sorted(set(map(language_of, domains))))
        self.weights, self.idf = list(weights), idf
        self.intercepts, self.slopes, self.offsets = intercepts, slopes, offsets
        self.named_from, self.removable = named_from, removable
        self.n_labels = n_labels
        ends = np.cumsum([0, *(each.shape[1] for each in weights)]).tolist()
        self._spans = [slice(*pair) for pair in pairwise(ends)]

    @classmethod
    def learned(
        cls,
        encoder: TermEncoder,
        X: Any,
        posts: LabelledPosts,
        C: float,
        on_progress: ShareCallback,
        random_state: int = 0,
    ) -> Self:
        """Learn a head wherever a set has labels of both sorts for a kind.

        X : CSR float32 (n_posts, n_columns), as ``encoder`` returns it
        """
        domains = np.array(domains_of(posts))
        names = sorted(
            set(domains.tolist()), key=lambda each: (language_of(each), each)
        )
        table = np.full((len(names), posts.labels.shape[1]), -1, np.int64)
        idf, weights, intercepts = [], [], []
        n_labels: list[int] = []
        languages = sorted(set(posts.languages))
        for done, language in enumerate(languages, start=1):
            rows = np.flatnonzero(np.array(posts.languages) == language)
            idf.append(encoder.idf(X[rows]))
            kept = np.flatnonzero(idf[-1])  # all others would have a weight of 0
            weighed = encoder.weighed(X[rows], idf[-1])[:, kept]
            learning = _Learning(weighed, posts.take(rows), C, random_state)
            for at, kind in np.ndindex(*table.shape):
                own = np.flatnonzero(domains[rows] == names[at])
                if len(own) and learning.add(own, kind):
                    table[at, kind] = len(n_labels)
                    n_labels.append(learning.n_labels[-1])
            found, base = learning.together()
            weights.append(np.zeros((X.shape[1], found.shape[1]), np.float32))
            weights[-1][kept] = found
            intercepts.append(base)
            on_progress(done / len(languages))
        n = len(n_labels)
        plain = np.ones(n), np.zeros(n), np.full(n, 0.5), np.full(n, np.inf)
        return cls(
            names,
            weights,
            table,
            np.stack(idf),
            np.concatenate(intercepts),
            *plain,
            np.array(n_labels),
        )

    def calibrate(
        self,
        encoder: TermEncoder,
        X: Any,
        posts: LabelledPosts,
        precision: float,
        doubt: float,
    ) -> None:
        """Fit probabilities and thresholds on held-out posts, head by head."""
        places = [self.languages.index(each) for each in posts.languages]
        scores = self.scores(encoder, X, np.array(places)).astype(np.float64)
        own = np.array(domains_of(posts))
        for at, kind in zip(*np.nonzero(self.table >= 0), strict=True):
            rows = (own == self.domains[at]) & np.isfinite(posts.labels[:, kind])
            head = int(self.table[at, kind])
            found = calibrated(
                scores[rows, head],
                posts.labels[rows, kind],
                kind == 0,
                precision,
                doubt,
            )
            self.slopes[head], self.offsets[head] = found.slope, found.offset
            self.named_from[head] = found.named_from
            self.removable[head] = found.removable

    def routes(self) -> Ints:
        """Return the heads that judge a language, (n_languages, n_kinds), -1 of none.

        Of several sets in a language the one with most labels of the kind judges.
        """
        found = np.full((len(self.languages), self.table.shape[1]), -1, np.int64)
        of_domain = list(map(language_of, self.domains))
        for row, language in enumerate(self.languages):
            for kind in range(self.table.shape[1]):
                heads = [
                    head
                    for name, head in zip(of_domain, self.table[:, kind], strict=True)
                    if name == language and head >= 0
                ]
                if heads:
                    found[row, kind] = max(heads, key=self.n_labels.__getitem__)
        return found

    def scores(self, encoder: TermEncoder, X: Any, places: Ints) -> Array:
        """Raw scores float32 (n_posts, n_heads), nan of heads of another language.

        places : (n_posts,), of the language of each post; -1 is scored by all
        """
        found = np.full((X.shape[0], len(self.intercepts)), np.nan, np.float32)
        for place, span in enumerate(self._spans):
            rows = np.flatnonzero((places == place) | (places < 0))
            if len(rows):
                own = X if len(rows) == X.shape[0] else X[rows]
                product = encoder.weighed(own, self.idf[place]) @ self.weights[place]
                found[rows, span] = product + self.intercepts[span]
        return found

    def head(self, number: int) -> tuple[int, Array, float]:
        """Return the place of a head's language, its weights and its intercept."""
        place = next(
            at
            for at, span in enumerate(self._spans)
            if span.start <= number < span.stop
        )
        weights = self.weights[place][:, number - self._spans[place].start]
        return place, weights, float(self.intercepts[number])

    def probabilities(self, scores: Array) -> Floats:
        """Probabilities (n_posts, n_heads) of raw scores."""
        found: Floats = expit(scores * self.slopes + self.offsets)
        return found

    def arrays(self) -> dict[str, Array]:
        """All parts, for a generation."""
        return {
            **{f"head_{name}": getattr(self, name) for name in self.PARTS},
            **{f"head_weights_{at}": own for at, own in enumerate(self.weights)},
        }

    @classmethod
    def from_arrays(cls, domains: Sequence[str], arrays: Mapping[str, Array]) -> Self:
        """Take up what ``arrays`` returned."""
        n_languages = len(set(map(language_of, domains)))
        weights = [np.asarray(arrays[f"head_weights_{n}"]) for n in range(n_languages)]
        found = cls(
            domains,
            weights,
            *(np.asarray(arrays[f"head_{name}"]) for name in cls.PARTS),
        )
        n_heads = sum(each.shape[1] for each in weights)
        if len(domains) != len(found.table) or n_heads != found.table.max() + 1:
            raise ValueError("its sets and heads do not belong together.")
        return found


class _Learning:
    """The heads of one language while they are learned.

    X : rows of its posts, weighed
    """

    def __init__(
        self, X: Any, posts: LabelledPosts, C: float, random_state: int
    ) -> None:
        self._X, self._posts, self._C = X, posts, C
        rng = np.random.default_rng(random_state)
        self._folds = rng.integers(N_FOLDS, size=len(posts))
        self._heads: list[tuple[Array, float]] = []
        self._tasks: list[tuple[Array, Ints]] = []
        self._scores: list[Floats] = []
        self.n_labels: list[int] = []

    def add(self, rows: Array, kind: int) -> bool:
        """Learn a kind from these posts; False where labels of one sort are missing."""
        rows = rows[np.isfinite(self._posts.labels[rows, kind])]
        y = self._posts.labels[rows, kind].astype(np.int64)
        if not 0 < y.sum() < len(y):
            return False
        sure = certainty(self._posts, kind)
        weights, base = learn_head(self._X[rows], y, self._C, sure[rows])
        scores = np.asarray(self._X @ weights) + base
        for fold in range(N_FOLDS):
            others = self._folds[rows] != fold
            if not 0 < y[others].sum() < others.sum():
                break
            own = rows[others]
            part, its = learn_head(self._X[own], y[others], self._C, sure[own])
            asked = rows[~others]
            scores[asked] = np.asarray(self._X[asked] @ part) + its
        self._heads.append((weights, base))
        self._tasks.append((rows, y))
        self._scores.append(scores)
        self.n_labels.append(len(y))
        return True

    def together(self) -> tuple[Array, Array]:
        """Return weights float32 (n_columns, n_heads) and intercepts of all heads."""
        weights = np.stack([own for own, _ in self._heads], axis=1)
        bases = np.array([base for _, base in self._heads])
        scores = np.stack(self._scores, axis=1).astype(np.float64)
        mean, size = scores.mean(axis=0), scores.std(axis=0)
        scaled = (scores - mean) / np.where(size > 0, size, 1)
        mixed = np.eye(len(bases))
        for at, (rows, y) in enumerate(self._tasks):
            found = None
            if len(bases) > 1:
                found = weights_together(scaled[rows], y, at, self._folds[rows])
            if found is not None:
                mixed[:, at] = found / np.where(size > 0, size, 1)
        return (weights @ mixed).astype(np.float32), (bases @ mixed).astype(np.float32)


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
