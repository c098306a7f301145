"""Tags of the words of a sentence, each from the word and its neighbours."""

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from numbers import Real
from typing import Any, Self

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.validation import check_is_fitted

from lookalike._checks import check_class_weight, check_whole
from lookalike._typing import Array, Floats, Ints
from lookalike.features.text import Vocabulary, padded_windows
from lookalike.learn._sentences import SentenceTagger, tags_of
from lookalike.learn._training import Samples, descend
from lookalike.learn.layers import Dense, Embedding, Flatten, Sequential, Tanh
from lookalike.learn.losses import SoftmaxLoss

Sentence = Sequence[Hashable]
PADDING, UNKNOWN = 0, 1


class WordWindowClassifier(SentenceTagger):
    r"""Tag each word of a sentence by a window around it.

    .. math::

        p(t_i) = \text{softmax}\left(
            V \tanh(W [e_{i - m}; \dots; e_i; \dots; e_{i + m}] + b) + c \right)

    where :math:`e_j` is the learned vector of the jth word, or of padding beyond the
    ends of the sentence. A word that did not occur in training has the vector of
    unknown words. So that this vector is learned, an occurrence of a word that occurs n
    times counts as unknown with probability :math:`a / (a + n)` in each epoch (word
    dropout [2]_), with a the ``unknown_weight``.

    Parameters
    ----------
    window : int, default=2
        Neighbours on each side, :math:`m`.
    embedding_size : int, default=25
        Length of a word's vector.
    hidden_size : int, default=25
        Units of the tanh layer.
    describe : callable, default=None
        Turns a word into a tuple of features, as many for every word, each with a
        vector of its own:
        ``lambda word: (word.lower(), word[-3:], word.istitle())``. None takes the word
        as it is.
    min_count : int, default=1
        Features that occur less often are unknown.
    unknown_weight : float, default=0.25
        Weight a of the word dropout, at least 0.
    class_weight : dict, "balanced" or None, default=None
        Weight of each tag in the loss; "balanced" gives every tag the same total.
    learning_rate_init : float, default=0.01
        First learning rate of Adam; it falls linearly to zero.
    batch_size : int, default=64
        Words a step.
    max_iter : int, default=50
        Epochs.
    random_state : int, RandomState or None, default=None
        Source of the initial weights, the order and the word dropout.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Tags seen in ``fit``, sorted.
    vocabulary_ : Vocabulary
        Numbers of the features; 0 is padding and 1 is unknown.
    network_ : Sequential
        The layers; the first holds the vectors.
    loss_curve_ : list of float
        Mean loss of each epoch.
    n_iter_ : int
        Epochs, always ``max_iter``.

    Notes
    -----
    A sentence is a sequence of words, cut beforehand; an empty one has no tags. Cost:
    O(n_words * window * embedding_size * hidden_size) an epoch, and a pass over all
    vectors each step.

    References
    ----------
    .. [1] Collobert, Weston, Bottou, Karlen, Kavukcuoglu and Kuksa (2011). "Natural
       language processing (almost) from scratch". JMLR 12. (section 3.3.1)
    .. [2] Kiperwasser and Goldberg (2016). "Simple and accurate dependency parsing
       using bidirectional LSTM feature representations". TACL 4. (word dropout)

    Examples
    --------
    Names of locations:

    >>> from lookalike.learn import WordWindowClassifier
    >>> texts = ["We always come to Paris", "The professor is from Australia"]
    >>> texts += ["I live in Stanford", "He comes from Taiwan"]
    >>> X = [text.split() for text in texts]
    >>> y = [[0, 0, 0, 0, 1], [0, 0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 1]]
    >>> model = WordWindowClassifier(random_state=0).fit(X, y)
    >>> model.predict(["She comes from Paris".split()])
    [array([0, 0, 0, 1])]
    """

    classes_: Array
    vocabulary_: Vocabulary
    network_: Sequential
    loss_curve_: list[float]
    n_iter_: int

    def __init__(
        self,
        window: int = 2,
        embedding_size: int = 25,
        hidden_size: int = 25,
        *,
        describe: Callable[[Any], tuple[Hashable, ...]] | None = None,
        min_count: int = 1,
        unknown_weight: float = 0.25,
        class_weight: Mapping[Any, float] | str | None = None,
        learning_rate_init: float = 0.01,
        batch_size: int = 64,
        max_iter: int = 50,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.window = window
        self.embedding_size = embedding_size
        self.hidden_size = hidden_size
        self.describe = describe
        self.min_count = min_count
        self.unknown_weight = unknown_weight
        self.class_weight = class_weight
        self.learning_rate_init = learning_rate_init
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.random_state = random_state

    def fit(self, X: Sequence[Sentence], y: Sequence[Any]) -> Self:
        """Learn from tagged sentences.

        Parameters
        ----------
        X : sequence of sequences of words
            Sentences.
        y : sequence of sequences of tags
            One tag a word.
        """
        self._check_parameters()
        features = self._features(X)
        tags = tags_of(X, y)
        self.classes_, codes = np.unique(tags, return_inverse=True)
        self.vocabulary_ = Vocabulary(min_count=self.min_count)
        self.vocabulary_.fit(sentence for kind in features for sentence in kind)
        rng = check_random_state(self.random_state)
        self.network_ = self._build(len(features), rng)
        weight = None
        if self.class_weight is not None:
            check_class_weight(self.class_weight)
            each = compute_class_weight(
                self.class_weight, classes=self.classes_, y=tags
            )
            weight = each[codes].astype(np.float32)
        self.loss_curve_ = descend(
            self.network_,
            Samples(self._windows(features), codes, weight),
            rng,
            self.learning_rate_init,
            self.batch_size,
            self.max_iter,
            self._word_dropout(rng),
        )
        self.n_iter_ = self.max_iter
        return self

    def predict_proba(self, X: Sequence[Sentence]) -> list[Floats]:
        """Probability of each tag, one array (n_words, n_classes) a sentence."""
        check_is_fitted(self)
        rows = self._windows(self._features(X))
        parts = [
            self.network_.forward(rows[start : start + 8192])
            for start in range(0, len(rows), 8192)
        ]
        empty = np.empty((0, len(self.classes_)), np.float32)
        proba = SoftmaxLoss().answer(np.concatenate([empty, *parts]))
        ends = np.cumsum([len(sentence) for sentence in X])
        return np.split(proba, ends)[: len(X)]

    def predict(self, X: Sequence[Sentence]) -> list[Array]:
        """Most likely tag of each word, one array a sentence."""
        return [self.classes_[p.argmax(axis=1)] for p in self.predict_proba(X)]

    def _word_dropout(self, rng: np.random.RandomState) -> Callable[[Ints], Ints]:
        """The word dropout of a batch: rare words become unknown more often."""
        counts = np.maximum(self.vocabulary_.counts_, 1)
        probability = self.unknown_weight / (self.unknown_weight + counts)
        probability[PADDING] = 0

        def drop(X: Ints) -> Ints:
            return np.where(rng.random_sample(X.shape) < probability[X], UNKNOWN, X)

        return drop

    def _build(self, n_kinds: int, rng: np.random.RandomState) -> Sequential:
        width = n_kinds * (2 * self.window + 1) * self.embedding_size
        n_words = len(self.vocabulary_.tokens_)
        return Sequential(
            [
                Embedding.random(n_words, self.embedding_size, PADDING, rng),
                Flatten(),
                Dense.random(width, self.hidden_size, "xavier", rng),
                Tanh(),
                Dense.random(self.hidden_size, len(self.classes_), "xavier", rng),
            ]
        )

    def _features(self, X: Sequence[Sentence]) -> list[list[list[Hashable]]]:
        """Sentences of features, once for each kind that ``describe`` gives."""
        if isinstance(X, str) or any(isinstance(sentence, str) for sentence in X):
            raise ValueError("X must be sentences cut into words, got a string.")
        if self.describe is None:
            return [[list(sentence) for sentence in X]]
        described = [[self.describe(word) for word in sentence] for sentence in X]
        lengths = {len(features) for sentence in described for features in sentence}
        if len(lengths) > 1:
            raise ValueError(
                f"describe must give as many features for each word, got {lengths}."
            )
        return [
            [[f"{kind}:{features[kind]}" for features in row] for row in described]
            for kind in range(lengths.pop() if lengths else 1)
        ]

    def _windows(self, features: list[list[list[Hashable]]]) -> Ints:
        """Numbers of the features around each word, kind by kind."""
        numbers = [self.vocabulary_.transform(kind) for kind in features]
        width = (self.window, self.window, PADDING)
        return np.hstack([padded_windows(kind, *width) for kind in numbers])

    def _check_parameters(self) -> None:
        least = {
            "window": 0,
            "embedding_size": 1,
            "hidden_size": 1,
            "batch_size": 1,
            "max_iter": 1,
        }
        for name, bound in least.items():
            check_whole(name, getattr(self, name), bound)
        weight = self.unknown_weight
        if not isinstance(weight, Real) or not 0 <= weight < math.inf:
            raise ValueError(
                f"unknown_weight must be a number of at least 0, got {weight!r}."
            )
