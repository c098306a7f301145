"""Documents as numbered terms: how text is cut and counted.

A text becomes an array of code points, a word or an n-gram is a slice of an array,
and equal slices get the same number (``number_slices``). Strings are made once for
each distinct term instead of once for each occurrence.
"""

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Any

import numpy as np

from lookalike._typing import Array, Ints
from lookalike.kernels.slices import number_slices

_SPACES = re.compile(r"\s\s+")


@dataclass(frozen=True)
class Terms:
    """Every occurrence of a term in a batch of documents."""

    names: list[Any]  # the distinct terms
    numbers: Array  # int32 (n_occurrences,): which term
    documents: Array  # int32 (n_occurrences,): in which document


def word_runs(texts: list[str], shortest: int) -> Terms:
    r"""Cut out runs of at least ``shortest`` word characters (``\w``), in order."""
    text = "\n".join(texts)
    code_points = _code_points(text)
    inside = np.zeros(len(code_points) + 2, dtype=bool)
    inside[1:-1] = _word_characters(128 if text.isascii() else 0x110000)[code_points]
    edges = np.flatnonzero(inside[1:] != inside[:-1])
    keep = edges[1::2] - edges[::2] >= shortest
    starts, stops = edges[::2][keep], edges[1::2][keep]
    numbers, first = number_slices(code_points, starts, stops)
    text_ends = np.cumsum(_lengths(texts) + 1)
    per_text = np.diff(np.searchsorted(starts, text_ends), prepend=0)
    return Terms(_cut(text, starts, stops, first), numbers, _owners(per_text))


def number_tokens(token_lists: Iterable[Iterable[Hashable]]) -> Terms:
    """Terms that were already cut by the caller."""
    lists = [t if isinstance(t, list) else list(t) for t in token_lists]
    number_of: defaultdict[Hashable, int] = defaultdict()
    number_of.default_factory = number_of.__len__
    everything = map(number_of.__getitem__, chain.from_iterable(lists))
    numbers = np.fromiter(everything, np.int32)
    return Terms(list(number_of), numbers, _owners(_lengths(lists)))


def without(terms: Terms, stop_words: frozenset[str]) -> Terms:
    """Drop the occurrences of stop words, before n-grams are made."""
    kept = np.array([name not in stop_words for name in terms.names], dtype=bool)
    keep = kept[terms.numbers]
    return Terms(terms.names, terms.numbers[keep], terms.documents[keep])


def word_n_grams(terms: Terms, shortest: int, longest: int) -> Terms:
    """Join runs of ``shortest`` to ``longest`` words of a document by a space."""
    if shortest == longest == 1:
        return terms
    starts, stops = _windows(terms.documents, shortest, longest)
    numbers, first = number_slices(terms.numbers, starts, stops)
    names = _join(terms, starts[first], stops[first])
    return Terms(names, numbers, terms.documents[starts])


def character_n_grams(texts: list[str], shortest: int, longest: int) -> Terms:
    """Cut out runs of characters; runs of white space count as one blank."""
    texts = [_SPACES.sub(" ", text) for text in texts]
    text, owners = "".join(texts), _owners(_lengths(texts))
    starts, stops = _windows(owners, shortest, longest)
    numbers, first = number_slices(_code_points(text), starts, stops)
    return Terms(_cut(text, starts, stops, first), numbers, owners[starts])


def character_n_grams_of_words(texts: list[str], shortest: int, longest: int) -> Terms:
    """Cut out runs of characters inside words that carry a blank on each side.

    A word shorter than ``shortest`` counts whole, once.
    """
    words = [[f" {word} " for word in text.split()] for text in texts]
    padded = list(chain.from_iterable(words))
    lengths = _lengths(padded)
    text, owners = "".join(padded), _owners(lengths)
    starts, stops = _windows(owners, shortest, longest)
    ends = np.cumsum(lengths)
    short = lengths < shortest
    starts = np.concatenate([starts, (ends - lengths)[short]])
    stops = np.concatenate([stops, ends[short]])
    numbers, first = number_slices(_code_points(text), starts, stops)
    documents = _owners(_lengths(words))[owners[starts]]
    return Terms(_cut(text, starts, stops, first), numbers, documents)


def _windows(owners: Array, shortest: int, longest: int) -> tuple[Ints, Ints]:
    """Find all runs that lie within one owner, shortest first: starts and stops."""
    starts, stops = [], []
    for n in range(shortest, longest + 1):
        # Owners do not fall, so equal ends mean one owner all along.
        ends = owners[: max(len(owners) - n + 1, 0)], owners[n - 1 :]
        starts.append(np.flatnonzero(ends[0] == ends[1]))
        stops.append(starts[-1] + n)
    return np.concatenate(starts), np.concatenate(stops)


def _join(terms: Terms, starts: Ints, stops: Ints) -> list[str]:
    """Names of the runs of words, sorted by length as ``_windows`` gives them."""
    names: list[str] = []
    lengths = stops - starts
    for n in np.unique(lengths).tolist():
        begin = starts[lengths == n]
        words = [
            map(terms.names.__getitem__, terms.numbers[begin + k].tolist())
            for k in range(n)
        ]
        names.extend(map(" ".join, zip(*words, strict=True)))
    return names


def _cut(text: str, starts: Ints, stops: Ints, which: Ints) -> list[str]:
    pairs = zip(starts[which].tolist(), stops[which].tolist(), strict=True)
    return [text[start:stop] for start, stop in pairs]


def _code_points(text: str) -> Array:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.int32)


@cache
def _word_characters(n_code_points: int) -> Array:
    r"""Which code points the regular expression ``\w`` matches."""
    characters = map(chr, range(n_code_points))
    return np.array([c.isalnum() or c == "_" for c in characters])


def _lengths(parts: list[Any]) -> Ints:
    return np.fromiter(map(len, parts), np.int64, len(parts))


def _owners(lengths: Ints) -> Array:
    """Which part each element lies in, when the parts are laid end to end."""
    return np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
