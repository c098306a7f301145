"""Hashed bag of words: counts without a vocabulary."""

from collections.abc import Iterable
from typing import Any, Self

import numpy as np
from sklearn.preprocessing import normalize

from lookalike._typing import Ints
from lookalike.features._hashing import columns_of, hash_names, signs_of
from lookalike.features.text._analysis import WORDS_OF_TWO, TextReader
from lookalike.features.text._counting import count_terms, matrix_of


class HashingVectorizer(TextReader):
    r"""Count terms in columns that a hash function chooses.

    .. math:: X_{dj} = \sum_{t :\; |h(t)| \bmod n = j} \pm_t \, n_{dt}, \qquad
              \pm_t = \operatorname{sign} h(t),

    and each row is scaled to length 1. Nothing is learned, so a stream
    of documents of any length can be transformed; but columns have no names, and terms
    may collide. With signs, the inner product of two documents keeps its
    expectation [1]_. Parameters and values are those of scikit-learn.

    Parameters
    ----------
    input, encoding, decode_error, strip_accents, lowercase, preprocessor, tokenizer, \
    stop_words, token_pattern, ngram_range, analyzer
        How a document is read, as in ``CountVectorizer``.
    n_features : int, default=2**20
        Number of columns, at most 2**31 - 1.
    binary : bool, default=False
        Store 1 for every value before scaling.
    norm : {"l2", "l1", None}, default="l2"
        Length that each row is scaled to 1 in.
    alternate_sign : bool, default=True
        Whether terms carry a sign.
    dtype : dtype, default=np.float64
        Type of the values.

    Notes
    -----
    Each distinct term of a batch of documents is hashed once.

    References
    ----------
    .. [1] Weinberger, Dasgupta, Langford, Smola and Attenberg (2009). "Feature hashing
       for large scale multitask learning". ICML, lemma 2.

    Examples
    --------
    >>> from lookalike.features.text import HashingVectorizer
    >>> model = HashingVectorizer(n_features=4, norm=None)
    >>> model.transform(["to be or not to be", "not to be"]).toarray()
    array([[ 0.,  1., -2.,  2.],
           [ 0.,  0., -1.,  2.]])
    """

    def __init__(
        self,
        *,
        input: Any = "content",
        encoding: str = "utf-8",
        decode_error: str = "strict",
        strip_accents: Any = None,
        lowercase: bool = True,
        preprocessor: Any = None,
        tokenizer: Any = None,
        stop_words: Any = None,
        token_pattern: str | None = WORDS_OF_TWO,
        ngram_range: tuple[int, int] = (1, 1),
        analyzer: Any = "word",
        n_features: int = 2**20,
        binary: bool = False,
        norm: str | None = "l2",
        alternate_sign: bool = True,
        dtype: Any = np.float64,
    ) -> None:
        self.input = input
        self.encoding = encoding
        self.decode_error = decode_error
        self.strip_accents = strip_accents
        self.lowercase = lowercase
        self.preprocessor = preprocessor
        self.tokenizer = tokenizer
        self.stop_words = stop_words
        self.token_pattern = token_pattern
        self.ngram_range = ngram_range
        self.analyzer = analyzer
        self.n_features = n_features
        self.binary = binary
        self.norm = norm
        self.alternate_sign = alternate_sign
        self.dtype = dtype

    def fit(self, X: Iterable[Any], y: Any = None) -> Self:
        """Check the parameters; there is nothing to learn."""
        if isinstance(X, str):
            raise ValueError("Expected an iterable of documents, got a single string.")
        self._check_reading()
        self._check_hashing()
        return self

    def partial_fit(self, X: Iterable[Any], y: Any = None) -> Self:
        """Check the parameters; there is nothing to learn."""
        return self.fit(X)

    def fit_transform(self, X: Iterable[Any], y: Any = None) -> Any:
        """Check the parameters and transform."""
        return self.fit(X).transform(X)

    def transform(self, X: Iterable[Any]) -> Any:
        """Values as a CSR matrix of shape (n_documents, n_features)."""
        self._check_hashing()
        n = self.n_features
        rows, columns, lengths = count_terms(X, self._build_reader(), self._columns)
        signs = np.where(columns < n, 1, -1).astype(self.dtype)
        hashed = matrix_of(rows, columns % n, (len(lengths), n), signs)
        if self.binary:
            hashed.data.fill(1)
        if self.norm is not None:
            hashed = normalize(hashed, norm=self.norm, copy=False)
        return hashed

    def _columns(self, names: list[str]) -> Ints:
        """Column of each term, plus n_features for a term with a minus."""
        hashes = hash_names(names)
        columns = columns_of(hashes, self.n_features)
        if not self.alternate_sign:
            return columns
        return columns + self.n_features * (signs_of(hashes) < 0)

    def _check_hashing(self) -> None:
        n = self.n_features
        if not (isinstance(n, int | np.integer) and 1 <= n < 2**31):
            raise ValueError(f"n_features must be an integer in [1, 2**31), got {n!r}.")
        if self.norm not in ("l1", "l2", None):
            raise ValueError(f"norm must be 'l1', 'l2' or None, got {self.norm!r}.")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        return tags
