"""Queries that nobody asked yet: frequent endings, and how likely a text of words is.

What is typed is completed by endings of known queries that begin with the last word, by
words, and by what follows the word before. Each is weighed by a model of words after
words (three at most, with absolute discounting), so that "cheap hotels in ro" can
become "cheap hotels in rome" though nobody asked it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Self

import numpy as np

from lookalike._typing import Array, Floats
from lookalike.kernels import word_model as kernels
from lookalike.search.prefix.index import PrefixIndex

_END, _DISCOUNT, _LONGEST = 1, 0.75, 4
_MANY, _FOLLOWERS, _NEXT = 100, 30, 10
_REMEMBERED = 50_000


class WordModel:
    """Words of queries and what follows them.

    Parameters
    ----------
    queries : mapping of str to float
        How often each was asked; words are what blanks separate.

    Examples
    --------
    >>> model = WordModel({"hotels in rome": 2, "cheap hotels": 1, "hotels in riga": 1})
    >>> model.completions("cheap hotels in ro")
    ['cheap hotels in rome']
    >>> one, other = model.probabilities(["cheap hotels in rome", "cheap rome in"])
    >>> bool(one > 10 * other)
    True
    """

    def __init__(self, queries: Mapping[str, float]) -> None:
        endings: dict[str, float] = defaultdict(float)
        single: dict[str, float] = defaultdict(float)
        pairs: dict[tuple[str, str], float] = defaultdict(float)
        triples: dict[tuple[str, str, str], float] = defaultdict(float)
        n_texts = 0.0
        for query, times in queries.items():
            words = query.split()
            n_texts += times
            for at in range(max(0, len(words) - _LONGEST), len(words)):
                endings[" ".join(words[at:])] += times
            marked = ["", *words, "\n"]  # the marks are no words
            for word in words:
                single[word] += times
            for pair in pairwise(marked):
                pairs[pair] += times
            for triple in zip(marked, marked[1:], marked[2:], strict=False):
                triples[triple] += times
        kept = sorted(single)
        if len(kept) >= 2**21 - 2:
            raise ValueError(
                f"There may be 2 million different words, got {len(kept):,}."
            )
        self._name(kept)
        self.words = PrefixIndex(kept, [single[word] for word in kept], words=False)
        self.endings = PrefixIndex(endings, list(endings.values()), words=False)
        total = n_texts + sum(single[word] for word in kept)
        shares = [0.0, n_texts, *(single[word] for word in kept)]
        self._single = np.array(shares) / max(total, 1)
        self._fit_pairs(pairs)
        self._fit_triples(triples)
        self._ready()

    def _name(self, words: Sequence[str]) -> None:
        self._names = ["", "\n", *words]
        self._number = {word: number for number, word in enumerate(self._names)}

    def _fit_pairs(self, pairs: Mapping[tuple[str, str], float]) -> None:
        number, kept = self._number, []
        for (a, b), count in pairs.items():
            kept.append((number[a] << 21 | number[b], count))
        kept.sort()
        self._pair_keys = np.array([key for key, _ in kept], np.int64)
        self._pair_counts = np.array([count for _, count in kept], np.float64)
        self._pair_of = _sums(
            self._pair_keys >> 21, self._pair_counts, len(self._names)
        )

    def _fit_triples(self, triples: Mapping[tuple[str, str, str], float]) -> None:
        number, kept = self._number, []
        position = {key: at for at, key in enumerate(self._pair_keys.tolist())}
        for (a, b, c), count in triples.items():
            pair = position[number[a] << 21 | number[b]]
            kept.append((pair << 21 | number[c], count))
        kept.sort()
        self._triple_keys = np.array([key for key, _ in kept], np.int64)
        self._triple_counts = np.array([count for _, count in kept], np.float64)
        self._triple_of = _sums(
            self._triple_keys >> 21, self._triple_counts, len(self._pair_keys)
        )

    # --- answers ----------------------------------------------------------------------

    def completions(self, typed: str) -> list[str]:
        """Return texts that begin with what was typed, each once, in no order."""
        at = typed.rfind(" ") + 1
        before, last = typed[:at], typed[at:]
        found: dict[str, float] = {}
        if last:
            found |= dict(self.endings.complete(last, _MANY))
            found |= dict(self.words.complete(last, _MANY))
        words = before.split()
        if words:
            following = [w for w in self._after(words[-1]) if w.startswith(last)]
            for word in following[:_MANY]:
                found[word] = 0.0
            for word in following[:_FOLLOWERS]:
                for further in self._after(word)[:_NEXT]:
                    found[f"{word} {further}"] = 0.0
        elif last:
            for word, _ in self.words.complete(last, _FOLLOWERS):
                for further in self._after(word)[:_NEXT]:
                    found[f"{word} {further}"] = 0.0
        return [before + ending for ending in found if before + ending != typed]

    def knows(self, text: str) -> bool:
        """Return whether every word of a text is in one of the queries."""
        return all(word in self._number for word in text.split())

    def probabilities(self, texts: Iterable[str], typed: str = "") -> Floats:
        """Return how likely each text is, float64 (n_texts,).

        typed : what all of them begin with; it is looked up once
        """
        at = typed.rfind(" ") + 1
        before = self._ids(typed[:at])
        ids: list[int] = []
        ends = []
        for text in texts:
            ids += before
            ids += self._ids(text[at:])
            ends.append(len(ids))
        found = np.empty(len(ends))
        kernels.text_probabilities(
            np.array(ids, np.int64), np.array(ends, np.int64), *self._tables, found
        )
        return found

    def _ids(self, text: str) -> list[int]:
        """Numbers of the words of a text, -1 of one that is not known."""
        found = self._numbered.get(text)
        if found is None:
            if len(self._numbered) > _REMEMBERED:
                self._numbered.clear()
            number = self._number
            found = [number.get(word, -1) for word in text.split()]
            self._numbered[text] = found
        return found

    def _after(self, word: str) -> list[str]:
        """The words that follow a word, the most frequent first."""
        if word not in self._followers:
            number = self._number.get(word)
            if number is None:
                return []
            if len(self._followers) > _REMEMBERED:
                self._followers.clear()
            keys = self._pair_keys
            low, high = np.searchsorted(keys, [number << 21, (number + 1) << 21])
            order = np.argsort(-self._pair_counts[low:high], kind="stable")
            ids = (keys[low:high][order] & (1 << 21) - 1).tolist()
            self._followers[word] = [self._names[i] for i in ids if i != _END]
        return self._followers[word]

    # --- saving -----------------------------------------------------------------------

    _SAVED = (
        *("single", "pair_keys", "pair_counts", "pair_of"),
        *("triple_keys", "triple_counts", "triple_of"),
    )

    def arrays(self) -> dict[str, Array]:
        """Return everything that answers depend on, for ``of_arrays``."""
        found = {name: getattr(self, f"_{name}") for name in self._SAVED}
        for name in ("words", "endings"):
            index = getattr(self, name)
            found |= {f"{name}_{key}": a for key, a in index.arrays().items()}
        return found

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Return the model whose ``arrays`` these are; they may be mapped."""
        model = object.__new__(cls)
        for name in ("words", "endings"):
            own = _named(arrays, f"{name}_")
            setattr(model, name, PrefixIndex.of_arrays(own))
        model._name(model.words.texts())
        for name in cls._SAVED:
            setattr(model, f"_{name}", arrays[name])
        good = len(model._single) == len(model._pair_of) == len(model._names)
        good &= len(model._triple_of) == len(model._pair_keys)
        good &= len(model._pair_counts) == len(model._pair_keys)
        good &= len(model._triple_counts) == len(model._triple_keys)
        if not good:
            raise ValueError("The arrays make no model of words.")
        model._ready()
        return model

    def _ready(self) -> None:
        self._followers: dict[str, list[str]] = {}
        self._numbered: dict[str, list[int]] = {}
        tables = [np.asarray(getattr(self, f"_{name}")).view() for name in self._SAVED]
        for table in tables:
            table.flags.writeable = False
        self._tables = (*tables, _DISCOUNT)


def _named(arrays: Mapping[str, Array], prefix: str) -> dict[str, Array]:
    """The arrays whose names begin so, without that."""
    return {
        n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)
    }


def _sums(owners: Array, counts: Floats, n: int) -> Floats:
    sums = np.bincount(owners, counts, minlength=n)
    return np.stack([sums, np.bincount(owners, minlength=n)], axis=1).astype(float)
