"""Document-term matrices of streams of documents, with a vocabulary."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import repeat
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_array

from lookalike._checks import check_whole
from lookalike._typing import Array, Ints
from lookalike.features.text._analysis import TextReader, batches
from lookalike.features.text._terms import Terms

Reader = Callable[[list[Any]], Terms]


def count_terms(
    documents: Iterable[Any], read: Reader, columns_of: Callable[[list[Any]], Ints]
) -> tuple[Ints, Ints, Ints]:
    """Document and column of every known occurrence, and the terms in each document.

    ``columns_of`` maps distinct terms to columns, with -1 for a term to leave out;
    ``lengths`` counts the left-out ones too.
    """
    rows, columns, lengths = [], [], []
    n_documents = 0
    for batch in batches(documents):
        terms = read(batch)
        column = columns_of(terms.names)[terms.numbers]
        known = column >= 0
        rows.append(terms.documents[known] + n_documents)
        columns.append(column[known])
        lengths.append(np.bincount(terms.documents, minlength=len(batch)))
        n_documents += len(batch)
    return np.concatenate(rows), np.concatenate(columns), np.concatenate(lengths)


def matrix_of(rows: Ints, columns: Ints, shape: tuple[int, int], values: Array) -> Any:
    """Sum the values at each (row, column) into CSR with sorted indices.

    A ``csr_matrix`` like scikit-learn's by default, not a ``csr_array``: the two
    differ in what ``X[0]`` and ``X * Y`` mean.
    """
    order = np.argsort(rows, kind="stable")  # in runs already: fast
    starts = np.zeros(shape[0] + 1, dtype=np.int64)
    np.cumsum(np.bincount(rows, minlength=shape[0]), out=starts[1:])
    X = sp.csr_matrix((values[order], columns[order], starts), shape=shape)
    X.sum_duplicates()
    return X


class VocabularyReader(TextReader):
    """What the vectorisers with a learned vocabulary share.

    A subclass also stores ``max_df``, ``min_df``, ``max_features``, ``vocabulary``,
    ``binary`` and ``dtype``.
    """

    vocabulary_: dict[Any, int]
    fixed_vocabulary_: bool

    def get_feature_names_out(self, input_features: Any = None) -> Array:
        """Terms in the order of the columns, shape (n_terms,)."""
        self._check_vocabulary()
        return np.array(
            sorted(self.vocabulary_, key=self.vocabulary_.__getitem__), dtype=object
        )

    def inverse_transform(self, X: Any) -> list[Array]:
        """Terms with a value other than 0 in each row of ``X``."""
        names = np.array(self.get_feature_names_out().tolist())
        X = sp.csr_array(check_array(X, accept_sparse="csr"))
        X.eliminate_zeros()
        return [names[row] for row in np.split(X.indices, X.indptr[1:-1])]

    def _learn_counts(self, documents: Iterable[Any]) -> tuple[Any, Ints]:
        """Learn ``vocabulary_``; return the counts and the lengths of documents."""
        self._check_reading()
        self._check_limits()
        given = _given_vocabulary(self.vocabulary)
        self.fixed_vocabulary_ = given is not None
        if given is not None:
            self._warn_of_unreachable(given)
            self.vocabulary_ = given
            return self._known_counts(documents)
        column_of: defaultdict[Any, int] = defaultdict()
        column_of.default_factory = column_of.__len__

        def columns_of(names: list[Any]) -> Ints:
            return np.fromiter(map(column_of.__getitem__, names), np.int64, len(names))

        rows, columns, lengths = count_terms(
            documents, self._build_reader(), columns_of
        )
        if not column_of:
            raise ValueError(
                "empty vocabulary; perhaps the documents only contain stop words"
            )
        names = list(column_of)
        X = self._matrix(rows, columns, (len(lengths), len(names)))
        kept = self._kept_columns(X, names)
        self.vocabulary_ = {names[k]: i for i, k in enumerate(kept)}
        X = X[:, kept]
        X.sort_indices()
        return X, lengths

    def _known_counts(self, documents: Iterable[Any]) -> tuple[Any, Ints]:
        """Count the known terms; return the lengths of the documents too."""
        self._check_vocabulary()
        column_of = self.vocabulary_.get

        def columns_of(names: list[Any]) -> Ints:
            return np.fromiter(map(column_of, names, repeat(-1)), np.int64, len(names))

        rows, columns, lengths = count_terms(
            documents, self._build_reader(), columns_of
        )
        shape = len(lengths), len(self.vocabulary_)
        return self._matrix(rows, columns, shape), lengths

    def _matrix(self, rows: Ints, columns: Ints, shape: tuple[int, int]) -> Any:
        X = matrix_of(rows, columns, shape, np.ones(len(rows), dtype=self.dtype))
        if self.binary:
            X.data.fill(1)
        return X

    def _kept_columns(self, X: Any, names: list[Any]) -> list[int]:
        """Columns within the limits of frequency and number, sorted by name."""
        n_documents = X.shape[0]
        highest, lowest = (
            limit if isinstance(limit, int | np.integer) else limit * n_documents
            for limit in (self.max_df, self.min_df)
        )
        if highest < lowest:
            raise ValueError(
                f"max_df={self.max_df} is fewer documents than min_df={self.min_df}."
            )
        frequency = np.bincount(X.indices, minlength=X.shape[1])
        within = (frequency <= highest) & (frequency >= lowest)
        kept = sorted(np.flatnonzero(within).tolist(), key=names.__getitem__)
        if self.max_features is not None and len(kept) > self.max_features:
            counts = np.asarray(X.sum(axis=0)).ravel()[kept]
            # Not a stable sort: ties are resolved as in scikit-learn.
            largest = (-counts).argsort()[: self.max_features]
            kept = [kept[k] for k in np.sort(largest)]
        if not kept:
            raise ValueError(
                "No terms remain: try a lower min_df or a higher max_df "
                f"(min_df={self.min_df}, max_df={self.max_df})."
            )
        return kept

    def _check_limits(self) -> None:
        for name in ("max_df", "min_df"):
            limit = getattr(self, name)
            a_count = isinstance(limit, int | np.integer) and limit >= 1
            a_share = isinstance(limit, float | np.floating) and 0 <= limit <= 1
            if not (a_count or a_share):
                raise ValueError(
                    f"{name} must be a share from 0.0 to 1.0 or a positive number of "
                    f"documents, got {limit!r}."
                )
        if self.max_features is not None:
            check_whole("max_features", self.max_features)

    def _check_vocabulary(self) -> None:
        """Use the vocabulary given to ``__init__``, if ``fit`` was not called."""
        if hasattr(self, "vocabulary_"):
            return
        given = _given_vocabulary(self.vocabulary)
        if given is None:
            raise NotFittedError(
                f"This {type(self).__name__} has no vocabulary: call fit, "
                "or give it one."
            )
        self.vocabulary_, self.fixed_vocabulary_ = given, True


def _given_vocabulary(vocabulary: Any) -> dict[Any, int] | None:
    """Turn a vocabulary from the user into a mapping from term to column."""
    if vocabulary is None:
        return None
    if isinstance(vocabulary, Mapping):
        given = dict(vocabulary)
        if sorted(given.values()) != list(range(len(given))):
            raise ValueError(
                f"The {len(given)} columns of vocabulary must be 0 to "
                f"{len(given) - 1}, each once."
            )
    else:
        ordered = isinstance(vocabulary, set | frozenset)
        terms = sorted(vocabulary) if ordered else list(vocabulary)
        given = {term: column for column, term in enumerate(terms)}
        if len(given) != len(terms):
            repeated = sorted({term for term in terms if terms.count(term) > 1})
            raise ValueError(f"vocabulary repeats {repeated}.")
    if not given:
        raise ValueError("empty vocabulary passed to fit")
    return given
