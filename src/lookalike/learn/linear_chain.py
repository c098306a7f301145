"""A linear-chain conditional random field: the tags of a sentence jointly.

A tag is scored by the features of its word, and by the tag before it. The sums over all
sequences of tags run from left to right and back, in time linear in the length.
"""

import math
import warnings
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, Self

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted

from lookalike._checks import check_learned, check_whole
from lookalike._typing import Array, Floats, Ints
from lookalike.learn._sentences import SentenceTagger, tags_of

Sentence = Sequence[Sequence[Hashable]]
"""The features of each word."""
BETWEEN = "\n"
"""Separator of the features in ``arrays``."""


class LinearChainCRF(SentenceTagger):
    r"""Tag the words of a sentence jointly, by features and by their neighbours' tags.

    .. math::

        p(y \mid x) = \frac{1}{Z(x)} \exp\left( \sum_i \Big( b_{y_i} +
            \sum_{f \in x_i} w_{y_i f} \Big) + \sum_{i > 1} T_{y_{i-1} y_i} \right)

    Fitting minimises :math:`-C \sum \log p(y \mid x) + (\lVert w \rVert^2 +
    \lVert T \rVert^2) / 2` over the training sentences; b is not penalised.

    Parameters
    ----------
    C : float, default=1.0
        Weight of the data against the penalty.
    min_count : int, default=1
        Features of fewer words have no weight.
    tol : float, default=1e-3
        Stop when no slope of the mean loss of a word is larger.
    max_iter : int, default=200
        Most steps (L-BFGS).

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Tags seen in ``fit``, sorted.
    features_ : dict of length n_features
        Column of each feature that has a weight.
    coef_ : ndarray of shape (n_classes, n_features)
        w. A feature that was not seen in ``fit`` is ignored.
    intercept_ : ndarray of shape (n_classes,)
        b.
    transitions_ : ndarray of shape (n_classes, n_classes)
        T: row the tag before, column the tag.
    n_iter_ : int
        Steps taken.

    Notes
    -----
    A step costs O(n_words * (n_features_of_a_word * n_classes + n_classes ** 2)). A
    feature that a word has twice counts once.

    References
    ----------
    .. [1] Lafferty, McCallum and Pereira (2001). "Conditional random fields:
       probabilistic models for segmenting and labeling sequence data". ICML.
    .. [2] Sha and Pereira (2003). "Shallow parsing with conditional random fields".
       NAACL. (sections 3 and 4: the recursions, and L-BFGS)

    Examples
    --------
    "York" alone is no location; after "New" it continues one.

    >>> from lookalike.learn import LinearChainCRF
    >>> texts = ["in New York", "with York", "from New York", "by York"]
    >>> X = [[[word] for word in text.split()] for text in texts]
    >>> y = [["O", "B", "I"], ["O", "O"], ["O", "B", "I"], ["O", "O"]]
    >>> model = LinearChainCRF(C=10.0).fit(X, y)
    >>> [tags.tolist() for tags in model.predict([[["New"], ["York"]], [["York"]]])]
    [['B', 'I'], ['O']]
    """

    classes_: Array
    features_: dict[Hashable, int]
    coef_: Floats
    intercept_: Floats
    transitions_: Floats
    n_iter_: int

    def __init__(
        self,
        C: float = 1.0,
        *,
        min_count: int = 1,
        tol: float = 1e-3,
        max_iter: int = 200,
    ) -> None:
        self.C = C
        self.min_count = min_count
        self.tol = tol
        self.max_iter = max_iter

    def fit(self, X: Sequence[Sentence], y: Sequence[Sequence[Any]]) -> Self:
        """Learn from tagged sentences.

        Parameters
        ----------
        X : sequence of sentences
            A sentence is a sequence of words, a word a sequence of features.
        y : sequence of sequences of tags
            One tag a word.
        """
        self._check_parameters()
        self.classes_, codes = np.unique(tags_of(X, y), return_inverse=True)
        counts = Counter(f for sentence in X for word in sentence for f in set(word))
        kept = sorted((f for f, n in counts.items() if n >= self.min_count), key=str)
        self.features_ = {feature: i for i, feature in enumerate(kept)}
        self._descend(
            _matrix(X, self.features_),
            codes,
            Packing.of([len(sentence) for sentence in X]),
        )
        return self

    def arrays(self) -> dict[str, Array]:
        """Everything that prediction needs, by name; nothing is pickled.

        Raises
        ------
        ValueError
            If a feature is not text, or holds a line break.
        """
        check_is_fitted(self)
        names = list(self.features_)
        if any(not isinstance(name, str) or BETWEEN in name for name in names):
            raise ValueError("Only features of text without line breaks can be saved.")
        joined = BETWEEN.join(map(str, names)).encode()
        return {
            "classes": self.classes_,
            # Concatenated: rows of the longest name's width would be mostly empty.
            "features": np.frombuffer(joined, dtype=np.uint8),
            "coef": self.coef_,
            "intercept": self.intercept_,
            "transitions": self.transitions_,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """The model whose ``arrays`` these are: it predicts the same.

        Parameters, which only training uses, have their defaults.

        Raises
        ------
        ValueError
            If the arrays do not belong together.
        """
        model = cls()
        model.classes_ = arrays["classes"]
        names = np.asarray(arrays["features"]).tobytes().decode()
        listed = names.split(BETWEEN) if names else []
        model.features_ = {name: i for i, name in enumerate(listed)}
        model.coef_, model.intercept_ = arrays["coef"], arrays["intercept"]
        model.transitions_ = arrays["transitions"]
        n = len(model.classes_)
        if (
            model.coef_.shape != (n, len(model.features_))
            or model.intercept_.shape != (n,)
            or model.transitions_.shape != (n, n)
        ):
            raise ValueError("the tags, features and weights do not fit.")
        return model

    def predict_proba(self, X: Sequence[Sentence]) -> list[Floats]:
        """Probability of each tag, one array (n_words, n_classes) a sentence."""
        scores, packing = self._scores(X)
        return packing.split(Sums.of(scores, self.transitions_, packing).unary())

    def predict_pair_proba(self, X: Sequence[Sentence]) -> list[Floats]:
        """Probability of each pair of tags of neighbours.

        One array (n_words, n_classes, n_classes) a sentence: entry (i, a, b) is the
        probability that word i - 1 has tag a and word i tag b. Row 0 is zero.
        """
        scores, packing = self._scores(X)
        return packing.split(Sums.of(scores, self.transitions_, packing).pairs())

    def predict(self, X: Sequence[Sentence]) -> list[Array]:
        """Most likely sequence of tags (Viterbi), one array a sentence."""
        scores, packing = self._scores(X)
        best = _best(scores, self.transitions_, packing)
        return [self.classes_[codes] for codes in packing.split(best)]

    def _descend(self, rows: csr_matrix, codes: Ints, packing: "Packing") -> None:
        n_classes, n_features = len(self.classes_), rows.shape[1]
        ends = np.cumsum([n_features * n_classes, n_classes])
        columns = rows.T.tocsr()
        truth, pairs = _counted(codes, n_classes, packing)
        steepest = math.inf

        def value(point: Floats) -> tuple[float, Floats]:
            nonlocal steepest
            W, b, T = np.split(point, ends)
            W, T = W.reshape(n_features, n_classes), T.reshape(n_classes, -1)
            scores = rows @ W + b
            sums = Sums.of(scores, T, packing)
            log_z = sums.log_z[packing.lasts].sum()
            loss = log_z - (scores * truth).sum() - (T * pairs).sum()
            error = sums.unary() - truth
            slopes = [
                self.C * (columns @ error) + W,
                self.C * error.sum(axis=0),
                self.C * (sums.pair_counts() - pairs) + T,
            ]
            slope = np.concatenate([each.ravel() for each in slopes])
            steepest = float(np.abs(slope).max()) / (self.C * len(codes))
            penalty = (float((W * W).sum()) + float((T * T).sum())) / 2
            return self.C * float(loss) + penalty, slope

        def note(intermediate_result: Any) -> None:
            if steepest <= self.tol:
                raise StopIteration

        answer = minimize(
            value,
            np.zeros(ends[-1] + n_classes**2),
            jac=True,
            method="L-BFGS-B",
            callback=note,
            options={"maxiter": self.max_iter, "gtol": 0, "ftol": 1e-14},
        )
        if answer.status == 1:
            warnings.warn(
                f"LinearChainCRF did not converge in {self.max_iter} steps; raise "
                "max_iter or tol.",
                ConvergenceWarning,
                stacklevel=3,
            )
        check_learned(answer.fun, answer.x)
        W, self.intercept_, T = np.split(answer.x, ends)
        self.coef_ = np.ascontiguousarray(W.reshape(n_features, n_classes).T)
        self.transitions_ = T.reshape(n_classes, -1)
        self.n_iter_ = int(answer.nit)

    def _scores(self, X: Sequence[Sentence]) -> tuple[Floats, "Packing"]:
        check_is_fitted(self)
        scores = _matrix(X, self.features_) @ self.coef_.T + self.intercept_
        return scores, Packing.of([len(sentence) for sentence in X])

    def _check_parameters(self) -> None:
        for name in ("C", "tol"):
            value = getattr(self, name)
            if not isinstance(value, Real) or not 0 < float(value) < math.inf:
                raise ValueError(f"{name} must be a positive number, got {value!r}.")
        for name in ("min_count", "max_iter"):
            check_whole(name, getattr(self, name))


@dataclass(frozen=True)
class Packing:
    """Concatenated sentences, and steps through all of them at once.

    A step is two lists of words: those at one position of their sentences that have a
    next word, and these next words.
    """

    ends: Ints
    """Number of the word after each sentence."""
    lasts: Ints
    """Number of the last word of each sentence that has one."""
    steps: list[tuple[Ints, Ints]]

    @classmethod
    def of(cls, lengths: Sequence[int]) -> Self:
        """Pack sentences of these lengths."""
        sizes = np.asarray(lengths, dtype=np.int64)
        ends = np.cumsum(sizes)
        firsts = ends - sizes
        positions = range(1, int(sizes.max(initial=0)))
        behind = [firsts[sizes > i] + i for i in positions]
        return cls(ends, (ends - 1)[sizes > 0], [(here - 1, here) for here in behind])

    def split(self, rows: Array) -> list[Array]:
        """One array a sentence."""
        return np.split(rows, self.ends)[: len(self.ends)]


@dataclass(frozen=True)
class Sums:
    """Logarithms of sums over sequences of tags, by the recursions of [2]_."""

    scores: Floats
    T: Floats
    packing: Packing
    ahead: Floats
    """Over the tags up to a word that has this tag, (n_words, n_classes)."""
    behind: Floats
    """Over the tags after it."""
    log_z: Floats
    """Over all sequences, at each word of the sentence, (n_words, 1)."""

    @classmethod
    def of(cls, scores: Floats, T: Floats, packing: Packing) -> Self:
        """Sum from left to right, and back."""
        ahead, behind, E = np.array(scores), np.zeros_like(scores), np.exp(T)
        for left, here in packing.steps:
            ahead[here] += _log_product(ahead[left], E)
        for left, here in packing.steps[::-1]:
            behind[left] = _log_product(scores[here] + behind[here], E.T)
        log_z = _log_product(ahead + behind, np.ones((scores.shape[1], 1)))
        return cls(scores, T, packing, ahead, behind, log_z)

    def unary(self) -> Floats:
        """Probability of each tag of each word."""
        return np.exp(self.ahead + self.behind - self.log_z)

    def pairs(self) -> Floats:
        """Of the tags of the word before and of the word, 0 where a sentence begins."""
        n_classes = len(self.T)
        pairs = np.zeros((len(self.scores), n_classes, n_classes))
        for left, here in self.packing.steps:
            right = self.scores[here] + self.behind[here] - self.log_z[here]
            both = self.ahead[left][:, :, None] + self.T + right[:, None, :]
            pairs[here] = np.exp(both)
        return pairs

    def pair_counts(self) -> Floats:
        """Sum of ``pairs`` over all words, (n_classes, n_classes), in less memory."""
        total = np.zeros_like(self.T)
        for left, here in self.packing.steps:
            # Each of the two parts of the logarithm is near zero at its largest.
            most = self.ahead[left].max(axis=1, keepdims=True)
            right = self.scores[here] + self.behind[here] - self.log_z[here] + most
            total += np.exp(self.ahead[left] - most).T @ np.exp(right)
        counts: Floats = total * np.exp(self.T)
        return counts


def _log_product(rows: Floats, E: Floats) -> Floats:
    """Logarithm of exp(rows) @ E, without overflow."""
    most = rows.max(axis=1, keepdims=True)
    product: Floats = np.log(np.exp(rows - most) @ E)
    return product + most


def _best(scores: Floats, T: Floats, packing: Packing) -> Ints:
    """Viterbi: the number of each word's tag in the likeliest sequence."""
    best_scores, previous = np.array(scores), np.zeros(scores.shape, dtype=np.int64)
    for left, here in packing.steps:
        ways = best_scores[left][:, :, None] + T
        previous[here] = ways.argmax(axis=1)
        best_scores[here] += ways.max(axis=1)
    best: Ints = best_scores.argmax(axis=1)
    for left, here in packing.steps[::-1]:
        best[left] = previous[here, best[here]]
    return best


def _counted(codes: Ints, n_classes: int, packing: Packing) -> tuple[Floats, Floats]:
    """True tags as rows of one 1, and how often each pair of tags follows."""
    pairs = np.zeros((n_classes, n_classes))
    for left, here in packing.steps:
        np.add.at(pairs, (codes[left], codes[here]), 1)
    return np.eye(n_classes)[codes], pairs


def _matrix(X: Sequence[Sentence], numbers: dict[Hashable, int]) -> csr_matrix:
    """Which word has which features, (n_words, n_features)."""
    if isinstance(X, str) or any(isinstance(sentence, str) for sentence in X):
        raise ValueError("X must be sentences of words of features, got a string.")
    words = [word for sentence in X for word in sentence]
    if any(isinstance(word, str) for word in words):
        raise ValueError("A word must be a sequence of features, got a string.")
    lists = [sorted({numbers[f] for f in word if f in numbers}) for word in words]
    ends = np.append(0, np.cumsum([len(each) for each in lists], dtype=np.int64))
    columns = np.array([n for each in lists for n in each], dtype=np.int64)
    shape = (len(words), len(numbers))
    return csr_matrix((np.ones(ends[-1]), columns, ends), shape)
