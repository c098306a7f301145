"""word2vec: word vectors learned from neighbouring words."""

from collections.abc import Hashable, Iterable
from itertools import pairwise
from typing import Any, Self

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from lookalike._checks import check_learned, check_number, check_positive, check_whole
from lookalike._typing import Array, Floats, Ints
from lookalike.features.text._input import TextInput
from lookalike.features.text.vocabulary import Vocabulary
from lookalike.kernels.alias import build_alias
from lookalike.kernels.word_vectors import train_word_vectors


class Word2Vec(TextInput):
    r"""Learn a vector for each word from the words around it.

    Each word has an input vector v and an output vector u. For a word t to be
    predicted and the vector h it is predicted from, minimise

    .. math:: -\ln \sigma(u_t^\top h) - \sum_{k=1}^{K} \ln \sigma(-u_{n_k}^\top h)

    over the text by gradient descent, with K noise words drawn with probability
    proportional to :math:`\mathrm{count}^{3/4}`. Skip-gram predicts each neighbour from
    the word, :math:`h = v_w`; CBOW predicts the word from the mean of its neighbours'
    vectors.

    Parameters
    ----------
    n_components : int, default=100
        Length of the vectors.
    window : int, default=5
        Farthest neighbour; the window size of each position is drawn from
        1 to ``window``.
    min_count : int, default=5
        Words that occur less often are ignored.
    model : {"skip-gram", "cbow"}, default="skip-gram"
        See above. CBOW is several times faster, skip-gram better on rare words.
    n_negatives : int, default=5
        Noise words for each prediction, K.
    noise_power : float, default=0.75
        Exponent of the counts in the noise distribution.
    sample : float, default=1e-3
        A word that makes up a share f of the text is kept with probability
        :math:`\sqrt{s/f} + s/f`, where s is ``sample``; 0 keeps everything.
    learning_rate : float, default=0.025
        First step length; it falls linearly to a ten-thousandth of this.
    max_iter : int, default=5
        Passes over the text.
    random_state : int, RandomState instance or None, default=None
        Initial vectors, windows, kept words and noise words. Training uses one thread,
        so the same integer gives the same vectors.

    Attributes
    ----------
    words_ : list of length n_words
        The vocabulary, most frequent first.
    vectors_ : ndarray of shape (n_words, n_components), float32
        Input vectors, the usual word vectors.
    output_vectors_ : ndarray of shape (n_words, n_components), float32
        Output vectors.
    loss_curve_ : list of length max_iter
        Mean loss of a prediction in each pass.

    Notes
    -----
    Cost: O(text * window * K * n_components) a pass for skip-gram; CBOW without the
    window. CBOW follows the gradient of the mean: each neighbour takes its share of
    the step, where the original program gives each the whole step.

    References
    ----------
    .. [1] Mikolov, Sutskever, Chen, Corrado and Dean (2013). "Distributed
       representations of words and phrases and their compositionality". NeurIPS,
       equation 4 and sections 2.2 and 2.3.

    Examples
    --------
    >>> from lookalike.features.text import Word2Vec
    >>> pets, tools = ["cat", "dog", "hamster"], ["saw", "drill", "hammer"]
    >>> model = Word2Vec(n_components=8, min_count=1, sample=0, random_state=0)
    >>> model = model.set_params(learning_rate=0.1, max_iter=20)
    >>> model = model.fit([pets, tools, pets[::-1], tools[::-1]] * 50)
    >>> sorted(word for word, _ in model.most_similar("cat", k=2))
    ['dog', 'hamster']
    """

    words_: list[Any]
    vectors_: Array
    output_vectors_: Array
    loss_curve_: list[float]

    def __init__(
        self,
        n_components: int = 100,
        *,
        window: int = 5,
        min_count: int = 5,
        model: str = "skip-gram",
        n_negatives: int = 5,
        noise_power: float = 0.75,
        sample: float = 1e-3,
        learning_rate: float = 0.025,
        max_iter: int = 5,
        random_state: Any = None,
    ) -> None:
        self.n_components = n_components
        self.window = window
        self.min_count = min_count
        self.model = model
        self.n_negatives = n_negatives
        self.noise_power = noise_power
        self.sample = sample
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.random_state = random_state

    def fit(self, X: Iterable[Iterable[Hashable]], y: Any = None) -> Self:
        """Learn from sentences, each a list of words."""
        self._check_parameters()
        text, owners, counts = self._read(X)
        rng = check_random_state(self.random_state)
        shape = len(self.words_), self.n_components
        start = rng.uniform(-0.5, 0.5, size=shape) / self.n_components
        self.vectors_ = start.astype(np.float32)
        self.output_vectors_ = np.zeros(shape, dtype=np.float32)
        threshold, alias = build_alias(counts.astype(np.float64) ** self.noise_power)
        keep = self._keep_probability(counts)
        rates = self.learning_rate * np.linspace(1, 1e-4, self.max_iter + 1)
        self.loss_curve_ = []
        for first_rate, last_rate in pairwise(rates.tolist()):
            kept = rng.uniform(size=len(text)) < keep[text]
            loss, n_predictions = train_word_vectors(
                text[kept],
                owners[kept],
                self.vectors_,
                self.output_vectors_,
                threshold,
                alias,
                self.window,
                self.n_negatives,
                self.model == "cbow",
                first_rate,
                last_rate,
                int(rng.randint(2**31 - 1)),
            )
            self.loss_curve_.append(loss / max(n_predictions, 1))
            check_learned(self.vectors_, self.output_vectors_)
        return self

    def transform(self, X: Iterable[Iterable[Hashable]]) -> Array:
        """Mean vector of the known words of each sentence, 0 where none is known.

        Shape (n_sentences, n_components), float32.
        """
        check_is_fitted(self)
        sentences = [self._known(sentence) for sentence in X]
        means = np.zeros((len(sentences), self.vectors_.shape[1]), dtype=np.float32)
        for mean, rows in zip(means, sentences, strict=True):
            if rows:
                mean[:] = self.vectors_[rows].mean(axis=0)
        return means

    def fit_transform(self, X: Iterable[Iterable[Hashable]], y: Any = None) -> Array:
        """Learn and return the mean vector of each sentence."""
        X = list(X)
        return self.fit(X).transform(X)

    def most_similar(self, word: Hashable, k: int = 10) -> list[tuple[Any, float]]:
        """List the k words of largest cosine with ``word``, best first."""
        check_is_fitted(self)
        if word not in self._rows:
            raise ValueError(f"{word!r} is not in the vocabulary.")
        if not 1 <= k < len(self.words_):
            raise ValueError(f"k must be in [1, {len(self.words_) - 1}], got {k}.")
        lengths = np.linalg.norm(self.vectors_, axis=1, keepdims=True)
        unit = self.vectors_ / np.maximum(lengths, np.finfo(np.float32).tiny)
        row = self._rows[word]
        cosine = np.clip(unit @ unit[row], -1.0, 1.0)  # rounding may leave these
        cosine[row] = -np.inf
        best = np.argsort(-cosine, kind="stable")[:k]
        return [(self.words_[i], float(cosine[i])) for i in best]

    def _read(self, X: Iterable[Iterable[Hashable]]) -> tuple[Ints, Ints, Ints]:
        """Learn the vocabulary; return known words, their sentences and counts."""
        sentences = [s if isinstance(s, str) else list(s) for s in X]
        vocabulary = Vocabulary(min_count=self.min_count, padding=None, unknown=None)
        self.words_ = vocabulary.fit(sentences).tokens_
        if len(self.words_) < 2:
            raise ValueError(
                f"Fewer than two words occur min_count={self.min_count} times."
            )
        self._rows = vocabulary.numbers_
        rows = [self._known(sentence) for sentence in sentences]
        owners = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
        text = np.array([number for row in rows for number in row], dtype=np.int64)
        return text, owners, vocabulary.counts_

    def _known(self, sentence: Iterable[Hashable]) -> list[int]:
        if isinstance(sentence, str):
            raise ValueError("A sentence must be a list of words, got a string.")
        return [self._rows[word] for word in sentence if word in self._rows]

    def _keep_probability(self, counts: Ints) -> Floats:
        if self.sample == 0:
            return np.ones(len(counts))
        ratio = self.sample * counts.sum() / counts
        return np.sqrt(ratio) + ratio

    def _check_parameters(self) -> None:
        for name in ("n_components", "window", "n_negatives", "max_iter"):
            check_whole(name, getattr(self, name))
        if self.model not in ("skip-gram", "cbow"):
            raise ValueError(
                f"model must be 'skip-gram' or 'cbow', got {self.model!r}."
            )
        check_positive("learning_rate", self.learning_rate)
        check_positive("sample", self.sample, zero=True)
        check_number("noise_power", self.noise_power)
