"""The words of videos: titles and descriptions, exactly and by what they are about."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from lookalike._arrays import named, prefixed
from lookalike._typing import Array, Floats
from lookalike.learn.latent_meaning import LatentMeaning
from lookalike.search import TextIndex
from lookalike.search.terms import Analysis

FIELDS = {"title": 1.5, "description": 1.0}
"""What a word counts in each field."""
POOL = 1000
"""Videos that words propose at most."""
_TEXT = np.dtypes.StringDType()


class TextSide:
    """Titles and descriptions: their words exactly, and what they are about.

    vectors : float32 (n_videos, n_components)
    """

    def __init__(
        self,
        index: TextIndex,
        ids: Sequence[str],
        meaning: LatentMeaning,
        vectors: Array,
        analysis: Analysis,
    ) -> None:
        self.index, self.now = index, index.snapshot()
        self.meaning, self.vectors, self.analysis = meaning, vectors, analysis
        self.row_of = {id: row for row, id in enumerate(ids)}

    @classmethod
    def of(
        cls,
        ids: Sequence[str],
        titles: Sequence[str],
        descriptions: Sequence[str],
        meaning: LatentMeaning,
        analysis: Analysis,
    ) -> Self:
        """Index these texts."""
        index = TextIndex(fields=FIELDS, analysis=analysis)
        pairs = list(zip(titles, descriptions, strict=True))
        documents = [{"title": t, "description": d} for t, d in pairs]
        index.fit(np.array(list(ids), _TEXT), documents)
        vectors = meaning.vectors(["\n".join(pair) for pair in pairs], analysis)
        return cls(index, ids, meaning, vectors, analysis)

    def words(self, query: str) -> Floats:
        """Return BM25 as a share of the best, (n_videos,)."""
        found = np.zeros(len(self.row_of))
        hits = self.now.search(query, POOL)
        ids, scores = hits.ids[0].tolist(), hits.scores[0]
        if len(ids):
            found[[self.row_of[id] for id in ids]] = scores / scores[0]
        return found

    def about(self, query: str) -> Floats:
        """Return the cosine of what the query and each video are about."""
        vector = self.meaning.vector(query, self.analysis)
        return np.asarray(self.vectors @ vector, np.float64)

    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Return arrays and a JSON document from which ``from_state`` makes it."""
        words, terms = self.index.state()
        arrays = prefixed("words_", words)
        arrays |= prefixed("meaning_", self.meaning.arrays())
        return {**arrays, "text_vectors": self.vectors}, terms

    @classmethod
    def from_state(
        cls,
        arrays: Mapping[str, Array],
        terms: Mapping[str, Any],
        ids: Sequence[str],
        analysis: Analysis,
    ) -> Self:
        """Return the side of these videos again.

        Raises
        ------
        KeyError, ValueError
            If these do not belong together.
        """
        index = TextIndex.from_state(named("words_", arrays), terms)
        meaning = LatentMeaning.from_arrays(named("meaning_", arrays))
        vectors = arrays["text_vectors"]
        if vectors.shape != (len(ids), meaning.n_components):
            raise ValueError("the texts and their vectors do not fit.")
        return cls(index, ids, meaning, vectors, analysis)


def analysis_of(language: str) -> Analysis:
    """Return how titles become terms; words such as "the" are left out of English."""
    stop_words = "english" if language == "english" else None
    return Analysis(None if language == "none" else language, stop_words)
