"""Documents that were relevant for queries like this one.

Queries are rows of weights of terms, of length one, as in ``meaning``. A document's
vote is the sum, over judged queries for which it was relevant, of the squared cosine of
that query and this one, and 1 at most: one query that says the same is enough, and many
that share a word add up to little.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import scipy.sparse as sp

from lookalike._texts import Texts
from lookalike._typing import Array, Floats
from lookalike.learn.latent_meaning import LatentMeaning
from lookalike.search.terms import Analysis

NEAR = 0.8
"""Cosine from which two queries are said to be nearly the same."""


class JudgedQueries:
    """Queries whose relevant documents are known.

    Parameters
    ----------
    queries : sequence of str
    relevant : sequence of sequences of str
        Ids of the documents that are relevant for each.
    meaning : LatentMeaning
        Whose weights of terms compare queries.
    analysis : Analysis

    Examples
    --------
    >>> texts = ["car motor", "motor road", "car road", "wine glass", "glass cup"]
    >>> meaning, _ = LatentMeaning.fit(texts, Analysis(), n_components=2)
    >>> judged = JudgedQueries(["a car"], [["d1"]], meaning, Analysis())
    >>> judged.votes("the car"), judged.votes("car motor"), judged.votes("glass")
    ({'d1': 1.0}, {'d1': 0.5}, {})
    """

    def __init__(
        self,
        queries: Sequence[str],
        relevant: Sequence[Sequence[str]],
        meaning: LatentMeaning,
        analysis: Analysis,
    ) -> None:
        self._queries, self._relevant = list(queries), [list(ids) for ids in relevant]
        self._meaning, self._analysis = meaning, analysis
        parts = [meaning.term_weights(query, analysis) for query in self._queries]
        starts = np.cumsum([0, *(len(terms) for terms, _ in parts)])
        terms = np.concatenate([np.zeros(0, np.int64), *(terms for terms, _ in parts)])
        weights = np.concatenate([np.zeros(0), *(weights for _, weights in parts)])
        shape = len(self._queries), len(meaning.terms_)
        self._rows = sp.csr_array((weights, terms, starts), shape=shape)

    def __len__(self) -> int:
        return len(self._queries)

    def similarities(self, query: str) -> Floats:
        """Return the cosine of a query and each judged one, (n_queries,)."""
        whole = np.zeros(self._rows.shape[1])
        terms, weights = self._meaning.term_weights(query, self._analysis)
        whole[terms] = weights
        return np.asarray(self._rows @ whole, np.float64)

    def votes(self, query: str, left_out: int | None = None) -> dict[str, float]:
        """Return the votes of documents that have some, by id.

        left_out : number of a judged query that does not vote, such as this one itself
        """
        squares = self.similarities(query) ** 2
        if left_out is not None:
            squares[left_out] = 0
        votes: dict[str, float] = {}
        for at in np.flatnonzero(squares).tolist():
            for id in self._relevant[at]:
                votes[id] = votes.get(id, 0.0) + float(squares[at])
        return {id: min(vote, 1.0) for id, vote in votes.items()}

    def most_similar(self, query: str, id: str) -> str:
        """Return the judged query that votes most for a document.

        Raises
        ------
        LookupError
            If none does.
        """
        similar = self.similarities(query)
        for at in np.argsort(-similar, kind="stable").tolist():
            if similar[at] > 0 and id in self._relevant[at]:
                return self._queries[at]
        raise LookupError(f"No judged query votes for {id!r}.")

    def arrays(self) -> dict[str, Array]:
        """Return the queries and the ids of their relevant documents."""
        flat = [id for ids in self._relevant for id in ids]
        return {
            **Texts.of(self._queries).arrays("queries"),
            **Texts.of(flat).arrays("relevant"),
            "ends": np.cumsum([len(ids) for ids in self._relevant], dtype=np.int64),
        }

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, Any], meaning: LatentMeaning, analysis: Analysis
    ) -> Self:
        """Return the queries whose ``arrays`` these are."""
        queries = Texts.of_arrays("queries", arrays).tolist()
        flat, ends = Texts.of_arrays("relevant", arrays).tolist(), arrays["ends"]
        good = ends.shape == (len(queries),) and (np.diff(ends, prepend=0) >= 0).all()
        if not good or (ends[-1] if len(ends) else 0) != len(flat):
            raise ValueError("its judged queries and their documents do not fit.")
        starts = [0, *ends.tolist()[:-1]]
        relevant = [
            flat[start:end] for start, end in zip(starts, ends.tolist(), strict=False)
        ]
        return cls(queries, relevant, meaning, analysis)
