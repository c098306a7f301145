"""Byte pair encoding: frequent pieces of words, learned by merging pairs."""

import re
from collections import Counter
from collections.abc import Iterable
from itertools import chain
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from lookalike._checks import check_whole
from lookalike._texts import utf8
from lookalike._typing import Array, Ints
from lookalike.features.text._input import TextInput
from lookalike.kernels.byte_pairs import merge_pair, merge_word

# A word includes the blank before it, so that the pieces joined are the text.
_WORDS = re.compile(r" ?\w+| ?[^\w\s]+|\s+(?!\S)|\s+")
_MOST_WORDS = 1 << 16  # words whose pieces are kept
_LONGEST = 64  # letters of a word whose pieces are kept
Pair = tuple[int, int]


class BytePairTokeniser(TextInput):
    """Cut texts into pieces of words that were frequent in a training text.

    Starts from the 256 bytes and repeatedly gives the pair of neighbouring pieces that
    occurs most often within words a number of its own. To encode a word, the
    merges are repeated in the order in which they were learned. Frequent words become
    one piece, rare ones several. Any text can be encoded, and decoding restores it
    exactly, but for halves of pairs of surrogates, which become U+FFFD.

    Parameters
    ----------
    n_merges : int, default=1000
        Number of merges; the vocabulary has 256 pieces more.
    min_count : int, default=2
        Stop when no pair occurs this often.

    Attributes
    ----------
    merges_ : list of (int, int)
        The pair that became piece ``256 + i``.
    pieces_ : list of bytes
        What each number stands for.

    Notes
    -----
    Among equally frequent pairs the one whose bytes come first is merged. A merge
    looks only at the distinct words that hold its pair. Encoding keeps the pieces of
    the short words that it has seen; it costs O(n log n) for a word of n bytes.

    References
    ----------
    .. [1] Sennrich, Haddow and Birch (2016). "Neural machine translation of rare
       words with subword units". ACL, algorithm 1 (over characters, with a mark at
       the end of a word instead of a blank before it).
    .. [2] Radford et al. (2019). "Language models are unsupervised multitask
       learners", section 2.2 (over bytes).

    Examples
    --------
    >>> from lookalike.features.text import BytePairTokeniser
    >>> text = "low low low low low lower lower newest newest newest widest"
    >>> model = BytePairTokeniser(n_merges=8).fit([text])
    >>> model.tokenise("lowest newest")
    ['low', 'est', ' new', 'est']
    >>> model.decode(model.encode("lowest newest"))
    'lowest newest'
    """

    merges_: list[Pair]
    pieces_: list[bytes]

    def __init__(self, n_merges: int = 1000, min_count: int = 2) -> None:
        self.n_merges = n_merges
        self.min_count = min_count

    def fit(self, X: Iterable[str], y: Any = None) -> Self:
        """Learn the merges from texts."""
        for name in ("n_merges", "min_count"):
            check_whole(name, getattr(self, name))
        _check_texts(X)
        counts = Counter(chain.from_iterable(map(_WORDS.findall, X)))
        self.pieces_ = [bytes([byte]) for byte in range(256)]
        self.merges_ = []
        self._learn([utf8(word) for word in counts], list(counts.values()))
        codes = np.array([left << 32 | right for left, right in self.merges_], np.int64)
        order = np.argsort(codes)
        self._pairs, self._numbers = codes[order], 256 + order
        self._seen: dict[str, list[int]] = {}
        return self

    def encode(self, text: str) -> Ints:
        """Return the numbers of the pieces of a text."""
        check_is_fitted(self)
        found = [n for word in _WORDS.findall(text) for n in self._encode_word(word)]
        return np.array(found, dtype=np.int64)

    def decode(self, numbers: Iterable[int]) -> str:
        """Return the text; bytes that make no whole character become U+FFFD."""
        check_is_fitted(self)
        numbers = list(numbers)
        if numbers and not 0 <= min(numbers) <= max(numbers) < len(self.pieces_):
            raise ValueError(
                f"Numbers must be in [0, {len(self.pieces_) - 1}], got {numbers}."
            )
        pieces = [self.pieces_[number] for number in numbers]
        return b"".join(pieces).decode("utf-8", "replace")

    def tokenise(self, text: str) -> list[str]:
        r"""Return the pieces as strings; part of a character reads like ``\xe2``."""
        pieces = [self.pieces_[number] for number in self.encode(text)]
        return [piece.decode("utf-8", "backslashreplace") for piece in pieces]

    def transform(self, X: Iterable[str]) -> list[Ints]:
        """Return the numbers of the pieces of each text."""
        _check_texts(X)
        return [self.encode(text) for text in X]

    def fit_transform(self, X: Iterable[str], y: Any = None) -> list[Ints]:
        """Learn the merges and encode the same texts."""
        _check_texts(X)
        X = list(X)
        return self.fit(X).transform(X)

    def _learn(self, words: list[bytes], counts: list[int]) -> None:
        """Merge the most frequent pair, update the counts beside it, repeat."""
        pieces, before, after = _laid_out(words)
        weight = np.repeat(np.array(counts, np.int64), list(map(len, words)))
        pair_at, positions, following, pairs, state = _counted(pieces, after, weight)
        while len(self.merges_) < self.n_merges and state[1]:
            most = pairs[: state[1], 0].max()
            if most < self.min_count:
                break
            equal = np.flatnonzero(pairs[: state[1], 0] == most).tolist()
            best = min(equal, key=lambda pair: self._spelled(pairs[pair]))
            left, right = pairs[best, 3:].tolist()
            number = len(self.pieces_)
            self.merges_.append((left, right))
            self.pieces_.append(self.pieces_[left] + self.pieces_[right])
            seen = np.full((2, number + 1), -1, np.int32)
            lists = pair_at, weight, positions, following, pairs, state, seen
            merge_pair(best, number, pieces, before, after, *lists)

    def _spelled(self, pair: Ints) -> tuple[bytes, bytes]:
        return self.pieces_[pair[3]], self.pieces_[pair[4]]

    def _encode_word(self, word: str) -> list[int]:
        # Threads may share the model: nothing is read back that one may have cleared.
        pieces = self._seen.get(word)
        if pieces is None:
            merged = np.array(bytearray(utf8(word)), np.int64)
            n = merge_word(merged, self._pairs, self._numbers)
            pieces = merged[:n].tolist()
            if len(word) > _LONGEST:
                return pieces
            if len(self._seen) >= _MOST_WORDS:
                self._seen.clear()
            self._seen[word] = pieces
        return pieces


def _laid_out(words: list[bytes]) -> tuple[Array, Array, Array]:
    """Bytes of all words, concatenated, and the positions before and after each."""
    pieces = np.frombuffer(b"".join(words), np.uint8).astype(np.int32)
    ends = np.cumsum(list(map(len, words)), dtype=np.int64)
    before = np.arange(-1, len(pieces) - 1, dtype=np.int32)
    after = np.arange(1, len(pieces) + 1, dtype=np.int32)
    after[ends - 1] = -1
    before[ends[:-1]] = -1
    return pieces, before, after


def _counted(pieces: Array, after: Array, weight: Ints) -> tuple[Array, ...]:
    """Pairs of the first pieces, in the layout of ``merge_pair``."""
    here = np.flatnonzero(after >= 0)
    codes, numbers = np.unique(
        pieces[here].astype(np.int64) * 256 + pieces[here + 1], return_inverse=True
    )
    pair_at = np.full(len(pieces), -1, np.int32)
    pair_at[here] = numbers
    order = np.argsort(numbers, kind="stable")
    ends = np.searchsorted(numbers[order], np.arange(len(codes)), side="right")
    # Every merge takes a piece away and brings two pairs at most.
    room = len(here) + 2 * len(pieces)
    positions, following = np.empty((2, room), np.int32)
    positions[: len(here)] = here[order]
    following[: len(here)] = np.arange(1, len(here) + 1)
    following[ends - 1] = -1
    pairs = np.empty((len(codes) + 2 * len(pieces), 5), np.int64)
    known = pairs[: len(codes)]
    known[:, 0] = np.bincount(numbers, weight[here], len(codes))
    known[:, 1], known[:, 2] = np.append(0, ends[:-1])[: len(codes)], ends - 1
    known[:, 3], known[:, 4] = np.divmod(codes, 256)
    state = np.array([len(here), len(codes)])
    return pair_at, positions, following, pairs, state


def _check_texts(X: Iterable[str]) -> None:
    if isinstance(X, str):
        raise ValueError("Expected an iterable of texts, got a single string.")
