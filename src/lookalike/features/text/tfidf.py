"""Tf-idf: terms weighted by how much they distinguish documents."""

from collections.abc import Iterable
from typing import Any, Self

import numpy as np
from sklearn.preprocessing import normalize
from sklearn.utils.validation import check_is_fitted

from lookalike._typing import Array, Floats, Ints
from lookalike.features.text._analysis import WORDS_OF_TWO
from lookalike.features.text._counting import VocabularyReader


class TfidfVectorizer(VocabularyReader):
    r"""Describe each document by the weights of its terms.

    A term weighs more, the more often it occurs in the document and the fewer
    documents it occurs in. With :math:`n_{dt}` occurrences of term t in document d,
    :math:`N` documents and :math:`N_t` of them with the term,

    .. math:: X_{dt} = \mathrm{tf}_{dt} \cdot \mathrm{idf}_t

    ================ ======================================= ==========================
    ``formula``      :math:`\mathrm{tf}_{dt}`                :math:`\mathrm{idf}_t`
    ================ ======================================= ==========================
    "scikit-learn"   :math:`n_{dt}`                          :math:`\ln\frac{1+N}
                                                             {1+N_t} + 1`
    "textbook"       :math:`n_{dt} / \sum_s n_{ds}`          :math:`\ln\frac{N}{N_t}`
    ================ ======================================= ==========================

    and each row is scaled to length 1 unless ``norm`` is None. With ``norm="l2"`` the
    textbook's division by the length cancels; ``norm=None`` gives its values.

    Parameters
    ----------
    input, encoding, decode_error, strip_accents, lowercase, preprocessor, tokenizer, \
    analyzer, stop_words, token_pattern, ngram_range, max_df, min_df, max_features, \
    vocabulary
        How a document is read and which terms are kept, as in ``CountVectorizer``.
    binary : bool, default=False
        Count each term of a document once.
    dtype : dtype, default=np.float64
        Type of the weights: np.float32 or np.float64.
    norm : {"l2", "l1", None}, default="l2"
        Length that each row is scaled to 1 in.
    use_idf : bool, default=True
        Whether to weight by idf.
    smooth_idf : bool, default=True
        Add the 1 inside the logarithm, as if one more document held every term. The
        textbook's formula ignores it.
    sublinear_tf : bool, default=False
        Take :math:`1 + \ln n_{dt}` for tf; not with the textbook's formula.
    formula : {"scikit-learn", "textbook"}, default="scikit-learn"
        Which row of the table.

    Attributes
    ----------
    vocabulary_ : dict
        Column of each term; columns follow the sorted terms.
    fixed_vocabulary_ : bool
        Whether the vocabulary was given.
    idf_ : ndarray of shape (n_terms,)
        Weight of each term; only with ``use_idf``.

    Notes
    -----
    The length of a document counts all its terms, also those outside the vocabulary.

    References
    ----------
    .. [1] Spaerck Jones (1972). "A statistical interpretation of term specificity and
       its application in retrieval". Journal of Documentation 28(1).
    .. [2] Manning, Raghavan and Schuetze (2008). "Introduction to Information
       Retrieval". Cambridge University Press, section 6.2 and table 6.15.

    Examples
    --------
    >>> from lookalike.features.text import TfidfVectorizer
    >>> texts = ["red apple", "green apple pie"]
    >>> TfidfVectorizer().fit_transform(texts).toarray().round(2)
    array([[0.58, 0.  , 0.  , 0.81],
           [0.45, 0.63, 0.63, 0.  ]])
    >>> plain = TfidfVectorizer(formula="textbook", norm=None)
    >>> plain.fit_transform(texts).toarray().round(2)
    array([[0.  , 0.  , 0.  , 0.35],
           [0.  , 0.23, 0.23, 0.  ]])
    """

    idf_: Floats

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
        analyzer: Any = "word",
        stop_words: Any = None,
        token_pattern: str | None = WORDS_OF_TWO,
        ngram_range: tuple[int, int] = (1, 1),
        max_df: float = 1.0,
        min_df: float = 1,
        max_features: int | None = None,
        vocabulary: Any = None,
        binary: bool = False,
        dtype: Any = np.float64,
        norm: str | None = "l2",
        use_idf: bool = True,
        smooth_idf: bool = True,
        sublinear_tf: bool = False,
        formula: str = "scikit-learn",
    ) -> None:
        self.input = input
        self.encoding = encoding
        self.decode_error = decode_error
        self.strip_accents = strip_accents
        self.lowercase = lowercase
        self.preprocessor = preprocessor
        self.tokenizer = tokenizer
        self.analyzer = analyzer
        self.stop_words = stop_words
        self.token_pattern = token_pattern
        self.ngram_range = ngram_range
        self.max_df = max_df
        self.min_df = min_df
        self.max_features = max_features
        self.vocabulary = vocabulary
        self.binary = binary
        self.dtype = dtype
        self.norm = norm
        self.use_idf = use_idf
        self.smooth_idf = smooth_idf
        self.sublinear_tf = sublinear_tf
        self.formula = formula

    def fit(self, raw_documents: Iterable[Any], y: Any = None) -> Self:
        """Learn the vocabulary and the weights of its terms."""
        self._learn(raw_documents)
        return self

    def fit_transform(self, raw_documents: Iterable[Any], y: Any = None) -> Any:
        """Learn and weigh, reading each document once."""
        return self._weigh(*self._learn(raw_documents))

    def transform(self, raw_documents: Iterable[Any]) -> Any:
        """Weights as a CSR matrix of shape (n_documents, n_terms)."""
        if self.use_idf:
            check_is_fitted(self, "idf_")
        return self._weigh(*self._known_counts(raw_documents))

    def _learn(self, documents: Iterable[Any]) -> tuple[Any, Ints]:
        self._check_weighting()
        counts, lengths = self._learn_counts(documents)
        if self.use_idf:
            self.idf_ = self._inverse_document_frequency(counts)
        return counts, lengths

    def _inverse_document_frequency(self, counts: Any) -> Floats:
        frequency = np.bincount(counts.indices, minlength=counts.shape[1])
        smooth = self.smooth_idf and self.formula == "scikit-learn"
        if not smooth and not frequency.all():
            term = self.get_feature_names_out()[frequency.argmin()]
            raise ValueError(
                f"No document holds {term!r}, so its idf is infinite: leave it out of "
                "vocabulary or use smooth_idf."
            )
        share = (counts.shape[0] + smooth) / (frequency + smooth)
        idf = np.log(share.astype(self.dtype))
        return idf if self.formula == "textbook" else idf + 1

    def _weigh(self, counts: Any, lengths: Ints) -> Any:
        X = counts.astype(self.dtype, copy=False)
        if self.formula == "textbook":
            X.data /= np.repeat(lengths, np.diff(X.indptr))
        if self.sublinear_tf:
            X.data = np.log(X.data) + 1
        if self.use_idf:
            X.data *= self._idf_of(X.shape[1])[X.indices]
        return X if self.norm is None else normalize(X, norm=self.norm, copy=False)

    def _idf_of(self, n_terms: int) -> Array:
        if len(self.idf_) != n_terms:
            raise ValueError(
                f"idf_ has {len(self.idf_)} weights for {n_terms} terms of vocabulary."
            )
        return np.asarray(self.idf_, dtype=self.dtype)

    def _check_weighting(self) -> None:
        if self.norm not in ("l1", "l2", None):
            raise ValueError(f"norm must be 'l1', 'l2' or None, got {self.norm!r}.")
        if self.formula not in ("scikit-learn", "textbook"):
            raise ValueError(
                f"formula must be 'scikit-learn' or 'textbook', got {self.formula!r}."
            )
        if self.formula == "textbook" and self.sublinear_tf:
            raise ValueError(
                "sublinear_tf takes the logarithm of a count, and the textbook's "
                "formula counts in shares."
            )
        if np.dtype(self.dtype) not in (np.float32, np.float64):
            raise ValueError(
                f"dtype must be np.float32 or np.float64, got {self.dtype!r}."
            )
