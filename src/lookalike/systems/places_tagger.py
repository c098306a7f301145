"""A word-window tagger as arrays: what is saved, and how it answers."""

from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np
from scipy.special import softmax

from lookalike._typing import Array, Floats
from lookalike.features.text import padded_windows
from lookalike.learn import WordWindowClassifier
from lookalike.systems.places_words import Word, describe

TAGS = ("B", "I", "O")
PADDING, UNKNOWN = 0, 1


class Tagger:
    """The weights of a fitted :class:`WordWindowClassifier`, ready to answer."""

    def __init__(
        self,
        tokens: Array,
        vectors: Floats,
        hidden: tuple[Floats, Floats],
        output: tuple[Floats, Floats],
        tags: Array,
    ) -> None:
        (weights, bias), (last, last_bias) = hidden, output
        fits = len(tokens) == len(vectors) and weights.shape[1:] == bias.shape
        if not fits or last.shape != (*bias.shape, *last_bias.shape):
            raise ValueError("the tagger's arrays do not belong together.")
        if last_bias.shape != tags.shape or not set(tags.tolist()) <= set(TAGS):
            raise ValueError("the tagger's tags are not B, I and O.")
        self._arrays = {
            "tokens": tokens,
            "vectors": vectors,
            "weights": weights,
            "bias": bias,
            "last": last,
            "last_bias": last_bias,
            "tags": tags,
        }
        self._numbers = {token: i for i, token in enumerate(tokens.tolist())}
        self._columns = [TAGS.index(tag) for tag in tags.tolist()]
        n_kinds = len(describe(("", "")))
        per_window, left = divmod(len(weights), n_kinds * vectors.shape[1])
        if left or per_window % 2 == 0:
            raise ValueError("the tagger's windows have no middle.")
        self._window = per_window // 2

    @classmethod
    def of(cls, model: WordWindowClassifier) -> Self:
        """Take the weights of a fitted classifier."""
        table, _, hidden, _, output = model.network_.layers
        return cls(
            np.array([str(token) for token in model.vocabulary_.tokens_]),
            table.parameters[0],
            (hidden.parameters[0], hidden.parameters[1]),
            (output.parameters[0], output.parameters[1]),
            np.array(model.classes_),
        )

    def probabilities(self, sentences: Sequence[Sequence[Word]]) -> list[Floats]:
        """Probabilities of B, I and O, an array (n_words, 3) a sentence.

        Sentences are answered one by one: what stands beside them changes nothing.
        """
        return [self._answer(sentence) for sentence in sentences]

    def arrays(self) -> dict[str, Array]:
        """Return the weights by name."""
        return self._arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Return the tagger with these weights."""
        return cls(
            np.array(arrays["tokens"]),
            np.array(arrays["vectors"]),
            (np.array(arrays["weights"]), np.array(arrays["bias"])),
            (np.array(arrays["last"]), np.array(arrays["last_bias"])),
            np.array(arrays["tags"]),
        )

    def _answer(self, sentence: Sequence[Word]) -> Floats:
        shares = np.zeros((len(sentence), len(TAGS)))
        if not len(sentence):
            return shares
        arrays = self._arrays
        symbols = zip(*map(describe, sentence), strict=True)
        numbers = [
            [self._numbers.get(f"{kind}:{symbol}", UNKNOWN) for symbol in row]
            for kind, row in enumerate(symbols)
        ]
        windows = [
            padded_windows([row], self._window, self._window, PADDING)
            for row in numbers
        ]
        read = arrays["vectors"][np.hstack(windows)].reshape(len(sentence), -1)
        hidden = np.tanh(read @ arrays["weights"] + arrays["bias"])
        scores = hidden @ arrays["last"] + arrays["last_bias"]
        shares[:, self._columns] = softmax(scores.astype(np.float64), axis=1)
        return shares
