"""Descriptions of items by the words of their titles and genres."""

from collections.abc import Callable, Sequence
from typing import Any

import scipy.sparse as sp

from lookalike.features.text import TfidfVectorizer


def word_encoder(known: Sequence[str]) -> Callable[[Sequence[str]], Any]:
    """Return what maps texts to the tf-idf of words that known ones have.

    Rows are those of :func:`word_vectors`; words of no known text count nothing.

    Examples
    --------
    >>> words = word_encoder(["new red", "old red"])
    >>> words(["red", "blue"]).sum(axis=1).tolist()
    [1.0, 0.0]
    """
    words = TfidfVectorizer()
    if not any(map(words.build_analyzer(), known)):
        return lambda texts: sp.csr_array((len(texts), 1))
    words.fit(known)
    return lambda texts: sp.csr_array(words.transform(texts))


def word_vectors(texts: Sequence[str]) -> Any:
    """Return the tf-idf of words, csr (n_texts, n_words), rows of length 1.

    Words have two letters or more. The row of a text without any is 0; where no text
    has any, there is one column, of zeros.

    Examples
    --------
    >>> word_vectors(["Age of Empires", "X", "Go"]).shape
    (3, 4)
    >>> word_vectors(["X", "!"]).shape
    (2, 1)
    """
    words = TfidfVectorizer()
    analyze = words.build_analyzer()
    if not any(map(analyze, texts)):
        return sp.csr_array((len(texts), 1))
    return sp.csr_array(words.fit_transform(texts))
