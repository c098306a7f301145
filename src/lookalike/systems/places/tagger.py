"""The tagger of the places system: symbols of words, and a chain of tags over them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Self

import numpy as np

from lookalike._typing import Array, Floats
from lookalike.learn import LinearChainCRF
from lookalike.systems.places.features import symbols
from lookalike.systems.places.gazetteer import Word

Names = dict[tuple[int, int], float]
"""Probability that exactly the words from start to before end are a place."""
LONGEST_NAME = 8
LEAST = 0.01
"""Names less likely than this are not told."""
TOL = 1e-4


class Tagger:
    """Names of places by a chain of tags over the symbols of words.

    Parameters
    ----------
    model : LinearChainCRF
        Fitted, or put together of its parts by :meth:`of`.
    window : int
        Neighbours on each side that a word's symbols tell of.
    """

    def __init__(self, model: LinearChainCRF, window: int) -> None:
        self.model, self.window = model, window
        tags = model.classes_.tolist()
        self._begins, self._inside = (
            tags.index(tag) if tag in tags else -1
            for tag in ("B-location", "I-location")
        )

    @classmethod
    def fit(
        cls,
        sentences: Iterable[Sequence[Word]],
        tags: Sequence[Sequence[str]],
        window: int,
        C: float,
    ) -> Self:
        """Learn the weights of all symbols that stand at two words or more."""
        rows = [symbols(sentence, window) for sentence in sentences]
        return cls(LinearChainCRF(C, min_count=2, tol=TOL).fit(rows, tags), window)

    @classmethod
    def of(cls, arrays: Mapping[str, Array], window: int) -> Self:
        """Put a tagger together again of what :meth:`arrays` gave."""
        return cls(LinearChainCRF.from_arrays(arrays), window)

    def arrays(self) -> dict[str, Array]:
        """What the tagger is made of."""
        return self.model.arrays()

    def names(self, sentences: Iterable[Sequence[Word]]) -> list[Names]:
        """What may be a name of a place, and how probable that is, of each sentence.

        Sentences are answered one by one: what stands beside one changes nothing.
        """
        return [self._names(symbols(each, self.window)) for each in sentences]

    def inside(self, sentence: Sequence[Word]) -> Floats:
        """Probability of each word to be part of a location."""
        [shares] = self.model.predict_proba([symbols(sentence, self.window)])
        here = [tag for tag in (self._begins, self._inside) if tag >= 0]
        total: Floats = shares[:, here].sum(axis=1)
        return total

    def _names(self, rows: list[list[str]]) -> Names:
        """Walk along the chain from each word that may begin a name."""
        if self._begins < 0 or not rows:
            return {}
        [shares], [pairs] = (
            f([rows]) for f in (self.model.predict_proba, self.model.predict_pair_proba)
        )
        found: Names = {}
        for start in np.flatnonzero(shares[:, self._begins] >= LEAST).tolist():
            share, tag = float(shares[start, self._begins]), self._begins
            for end in range(start + 1, min(len(rows), start + LONGEST_NAME) + 1):
                goes_on = 0.0
                if end < len(rows) and self._inside >= 0:
                    goes_on = pairs[end, tag, self._inside] / shares[end - 1, tag]
                found[start, end] = float(share * (1 - goes_on))
                share, tag = share * goes_on, self._inside
                if share < LEAST:
                    break
        return {place: share for place, share in found.items() if share >= LEAST}


def chosen(names: Names, threshold: float) -> list[tuple[int, int]]:
    """The likeliest names from the threshold on that do not overlap, in order.

    Examples
    --------
    >>> chosen({(0, 1): 0.3, (0, 2): 0.6, (3, 4): 0.4, (5, 6): 0.1}, 0.25)
    [(0, 2), (3, 4)]
    """
    taken: list[tuple[int, int]] = []
    for (start, end), share in sorted(names.items(), key=lambda item: -item[1]):
        if share >= threshold and all(end <= a or b <= start for a, b in taken):
            taken.append((start, end))
    return sorted(taken)
