"""English words and pairs of words with their counts, as SymSpell ships them."""

import gzip
from collections.abc import Iterable
from functools import cache

from lookalike.datasets import find


def lines_of(data_set: str, file: str, encoding: str = "utf-8-sig") -> Iterable[str]:
    """Lines of a packed file of a data set."""
    with gzip.open(find(data_set) / file, "rt", encoding=encoding) as lines:
        yield from lines


@cache
def words() -> dict[str, float]:
    """SymSpell's English words with their counts."""
    found = {}
    for line in lines_of("word_frequencies", "symspell_en_82_765.txt.gz"):
        word, n = line.split()
        found[word] = float(n)
    return found


@cache
def pairs_of_words() -> dict[tuple[str, str], float]:
    """SymSpell's pairs of English words with their counts."""
    found = {}
    for line in lines_of("word_frequencies", "symspell_bigrams_en_243_342.txt.gz"):
        one, two, n = line.split()
        found[one, two] = float(n)
    return found
