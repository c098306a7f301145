"""Bag of words: a document as the counts of its terms."""

from collections.abc import Iterable
from typing import Any, Self

import numpy as np

from lookalike.features.text._analysis import WORDS_OF_TWO
from lookalike.features.text._counting import VocabularyReader


class CountVectorizer(VocabularyReader):
    r"""Describe each document by how often each term of a vocabulary occurs in it.

    .. math:: X_{dt} = |\{ i : \text{the } i\text{th term of } d \text{ is } t \}|.

    Terms are words, n-grams of words or n-grams of characters. Parameters,
    attributes and counts are those of scikit-learn.

    Parameters
    ----------
    input : {"content", "filename", "file"}, default="content"
        Whether a document is its text, a path or an open file.
    encoding : str, default="utf-8"
        How bytes become text.
    decode_error : {"strict", "ignore", "replace"}, default="strict"
        What happens to bytes that are no text.
    strip_accents : {None, "ascii", "unicode"} or callable, default=None
        Remove accents; "ascii" also drops what has no ASCII form.
    lowercase : bool, default=True
        Fold to lower case first.
    preprocessor : callable, default=None
        Replaces the two steps above.
    tokenizer : callable, default=None
        Cuts a text into words, in place of ``token_pattern``.
    stop_words : {None, "english"} or list, default=None
        Words that are left out before n-grams are made.
    token_pattern : str, default=r"(?u)\\b\\w\\w+\\b"
        Regular expression of a word, with at most one group.
    ngram_range : tuple (shortest, longest), default=(1, 1)
        Lengths of n-grams, both ends included.
    analyzer : {"word", "char", "char_wb"} or callable, default="word"
        "char_wb" makes n-grams of characters inside words only.
    max_df, min_df : float in [0, 1] or int, default=1.0, 1
        Leave out terms in more or in fewer documents, as a share or a number.
    max_features : int, default=None
        Keep only the terms with the largest totals.
    vocabulary : mapping or iterable, default=None
        Columns by term, or the terms in order; nothing is learned then.
    binary : bool, default=False
        Store 1 for every count above 0.
    dtype : dtype, default=np.int64
        Type of the counts.

    Attributes
    ----------
    vocabulary_ : dict
        Column of each term; columns follow the sorted terms.
    fixed_vocabulary_ : bool
        Whether the vocabulary was given.

    Notes
    -----
    Texts are joined, words are slices of an array of code points and equal slices
    are numbered by a compiled table, so a string is made once for each distinct term
    of a batch of some four million characters, not once for each occurrence. Memory
    is bounded by that batch, the vocabulary and the matrix.

    References
    ----------
    .. [1] Manning, Raghavan and Schuetze (2008). "Introduction to Information
       Retrieval". Cambridge University Press, section 6.2.

    Examples
    --------
    >>> from lookalike.features.text import CountVectorizer
    >>> model = CountVectorizer()
    >>> model.fit_transform(["to be or not to be", "to do"]).toarray()
    array([[2, 0, 1, 1, 2],
           [0, 1, 0, 0, 1]])
    >>> model.get_feature_names_out().tolist()
    ['be', 'do', 'not', 'or', 'to']
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
        max_df: float = 1.0,
        min_df: float = 1,
        max_features: int | None = None,
        vocabulary: Any = None,
        binary: bool = False,
        dtype: Any = np.int64,
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
        self.max_df = max_df
        self.min_df = min_df
        self.max_features = max_features
        self.vocabulary = vocabulary
        self.binary = binary
        self.dtype = dtype

    def fit(self, raw_documents: Iterable[Any], y: Any = None) -> Self:
        """Learn the vocabulary."""
        self._learn_counts(raw_documents)
        return self

    def fit_transform(self, raw_documents: Iterable[Any], y: Any = None) -> Any:
        """Learn the vocabulary and count, reading each document once."""
        return self._learn_counts(raw_documents)[0]

    def transform(self, raw_documents: Iterable[Any]) -> Any:
        """Count into a CSR matrix of shape (n_documents, n_terms).

        Terms outside the vocabulary are ignored.
        """
        return self._known_counts(raw_documents)[0]
