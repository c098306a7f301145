"""The tagger of the places system: a window of symbols, and a weight for each."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Self

import numpy as np
from scipy.sparse import csr_matrix
from scipy.special import softmax

from lookalike._typing import Array, Floats
from lookalike.learn import LogisticRegression
from lookalike.systems.places_words import Word, symbols

TAGS = ("B", "I", "O")


class Tagger:
    r"""Tags of words by the symbols that stand around them.

    .. math:: p(t \mid \text{word}) \propto \exp\left(b_t +
              \sum_{s \in \text{symbols}} w_{ts}\right)

    Parameters
    ----------
    names : ndarray of str, shape (n_symbols,)
        The symbols that have weights; all others have none.
    weights, offsets : ndarray of shape (3, n_symbols) and (3,)
        For beginning, inside and outside.
    window : int
        Neighbours on each side.
    """

    def __init__(
        self, names: Array, weights: Floats, offsets: Floats, window: int
    ) -> None:
        if weights.shape != (len(TAGS), len(names)) or offsets.shape != (len(TAGS),):
            raise ValueError("the tagger's symbols and weights do not fit.")
        self.names, self.weights, self.offsets = names, weights, offsets
        self.window = window
        self._numbers = {name: i for i, name in enumerate(names.tolist())}

    @classmethod
    def fit(
        cls,
        sentences: Iterable[Sequence[Word]],
        tags: Iterable[Sequence[str]],
        window: int,
        C: float,
    ) -> Self:
        """Learn the weights of all symbols that stand at two words or more."""
        rows = [told for sentence in sentences for told in symbols(sentence, window)]
        counts = Counter(symbol for told in rows for symbol in set(told))
        names = np.array(sorted(symbol for symbol, n in counts.items() if n >= 2))
        numbers = {name: i for i, name in enumerate(names.tolist())}
        lists = [_known(told, numbers) for told in rows]
        ends = np.append(0, np.cumsum([len(each) for each in lists]))
        columns = np.array([n for each in lists for n in each], dtype=np.int32)
        X = csr_matrix((np.ones(ends[-1]), columns, ends), (len(rows), len(names)))
        y = np.array([tag for own in tags for tag in own])
        model = LogisticRegression(C=C, max_iter=200).fit(X, y)
        coefs, offsets = model.coef_, model.intercept_
        if len(coefs) == 1:  # two tags share one row
            coefs, offsets = np.vstack([0 * coefs, coefs]), np.append(0.0, offsets)
        # A tag that was never seen is as good as impossible.
        weights, bias = np.zeros((len(TAGS), len(names))), np.full(len(TAGS), -50.0)
        seen = [TAGS.index(tag) for tag in model.classes_.tolist()]
        weights[seen], bias[seen] = coefs, offsets
        return cls(names, weights, bias, window)

    def probabilities(self, sentences: Iterable[Sequence[Word]]) -> list[Floats]:
        """Probabilities of B, I and O, an array (n_words, 3) a sentence.

        Words are answered one by one: what stands beside a sentence changes nothing.
        """
        return [self._answer(sentence) for sentence in sentences]

    def _answer(self, sentence: Sequence[Word]) -> Floats:
        scores = np.tile(self.offsets, (len(sentence), 1))
        for row, told in zip(scores, symbols(sentence, self.window), strict=True):
            row += self.weights[:, _known(told, self._numbers)].sum(axis=1)
        shares: Floats = softmax(scores, axis=1)
        return shares


def _known(told: Sequence[str], numbers: Mapping[str, int]) -> list[int]:
    """Numbers of the symbols that are known, each once, in order."""
    return sorted({numbers[symbol] for symbol in told if symbol in numbers})
