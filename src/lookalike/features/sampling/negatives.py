"""Negative sampling: a few sampled negatives, and the correction for them."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lookalike._checks import check_whole
from lookalike._typing import Floats, Ints
from lookalike.features._random import as_generator
from lookalike.features.sampling.alias import AliasTable

_LARGEST = 1 - 1e-6  # beside an item likelier than this others are hardly drawn


class NegativeSampler:
    r"""Draw negatives for training by popularity.

    An item is drawn with probability :math:`q_i \propto c_i^{a}`, where c counts how
    often it occurs: a = 0 is uniform, 1 is popularity, 3/4 is word2vec's compromise.
    A negative is never the positive that it is drawn for, so for a positive p it has
    probability :math:`q_i / (1 - q_p)`.

    A softmax over all items needs :math:`Z = \sum_j e^{s_j}`. With n negatives for the
    positive p and the logits of ``correct_logits``,

    .. math:: \mathbb{E} \Bigl[ e^{s_p} +
              \sum_{k=1}^{n} e^{s_k - \ln (n q_k)} \Bigr] = Z ,

    while training on uncorrected logits ranks popular items too low.

    Parameters
    ----------
    counts : array-like of shape (n_items,)
        How often each item occurs; at least two do. An item that never occurs is
        never drawn.
    n_negatives : int, default=5
        Negatives for each positive.
    power : float, default=0.75
        Exponent a of the counts, at least 0.
    random_state : int, Generator, RandomState or None, default=None
        Source of chance; each call of ``sample`` continues it.

    Attributes
    ----------
    probabilities : ndarray of shape (n_items,)
        The distribution q.

    References
    ----------
    .. [1] Bengio and Senecal (2008). "Adaptive importance sampling to accelerate
       training of a neural probabilistic language model". IEEE Transactions on Neural
       Networks 19(4).
    .. [2] Yi et al. (2019). "Sampling-bias-corrected neural modeling for large corpus
       item recommendations". RecSys, equation 3.

    Examples
    --------
    >>> from lookalike.features.sampling import NegativeSampler
    >>> sampler = NegativeSampler([3, 0, 1], n_negatives=2, power=1, random_state=0)
    >>> sampler.sample([0, 0])  # neither the positive 0 nor the never seen 1
    array([[2, 2],
           [2, 2]])
    >>> sampler.log_q([[0, 2]])
    array([[-0.29, -1.39]])
    """

    def __init__(
        self,
        counts: ArrayLike,
        n_negatives: int = 5,
        power: float = 0.75,
        random_state: Any = None,
    ) -> None:
        check_whole("n_negatives", n_negatives)
        if not power >= 0:
            raise ValueError(f"power must not be negative, got {power!r}.")
        occurrences = np.asarray(counts, dtype=np.float64)
        if not (np.isfinite(occurrences).all() and (occurrences >= 0).all()):
            raise ValueError("counts must be finite and not negative.")
        seen = occurrences > 0  # 0 to the power 0 would be 1
        self._table = AliasTable(np.where(seen, occurrences**power, 0))
        self.probabilities: Floats = self._table.probabilities
        if self.probabilities.max() > _LARGEST:
            raise ValueError(
                f"Item {self.probabilities.argmax()} makes up all of counts: nothing "
                "is left to draw against it."
            )
        self.n_negatives: int = int(n_negatives)
        self._rng = as_generator(random_state)

    def sample(self, positives: ArrayLike) -> Ints:
        """Draw negatives for each positive: shape (n_positives, n_negatives)."""
        own = self._items(positives)[:, None]
        drawn = self._table.sample((len(own), self.n_negatives), self._rng)
        while (hit := drawn == own).any():
            drawn[hit] = self._table.sample(int(hit.sum()), self._rng)
        return drawn

    def log_q(self, items: ArrayLike, positives: ArrayLike | None = None) -> Floats:
        """Logarithm of the probability of drawing each of ``items``.

        Shape of ``items``; -inf for an item that is never drawn. With ``positives``,
        one a row, it is the probability given that the row's positive is not drawn.
        """
        with np.errstate(divide="ignore"):
            log_q: Floats = np.log(self.probabilities[np.asarray(items)])
        if positives is not None:
            left = np.log1p(-self.probabilities[self._items(positives)])
            log_q -= left.reshape(-1, *[1] * (log_q.ndim - 1))
        return log_q

    def _items(self, positives: ArrayLike) -> Ints:
        items = np.asarray(positives)
        n_items = len(self.probabilities)
        if items.ndim != 1 or (items.size and items.dtype.kind not in "iu"):
            raise ValueError("positives must be a flat list of item numbers.")
        if items.size and not (items.min() >= 0 and items.max() < n_items):
            raise ValueError(f"positives must be in [0, {n_items - 1}].")
        return items.astype(np.int64)


def correct_logits(logits: ArrayLike, log_q: ArrayLike, n_draws: int = 1) -> Floats:
    r"""Logits of sampled items, corrected for a softmax over all items.

    .. math:: s' = s - \ln (n q)

    An item that is drawn n q times on average then counts once on average. For
    negatives from a sampler, do not correct the positive's logit. For negatives from
    the batch, whose items, the positive too, occur by popularity, correct all of them
    (the number of draws then cancels).

    Parameters
    ----------
    logits, log_q : array-like, shapes that broadcast
        Scores and logarithms of the probabilities of being drawn.
    n_draws : int, default=1
        Number of draws, n.

    Examples
    --------
    >>> from lookalike.features.sampling import correct_logits
    >>> correct_logits([2.0, 2.0], np.log([0.5, 0.01]), n_draws=10)
    array([0.39, 4.30])
    """
    if n_draws < 1:
        raise ValueError(f"n_draws must be at least 1, got {n_draws!r}.")
    scores, log_q = np.asarray(logits, np.float64), np.asarray(log_q, np.float64)
    corrected: Floats = scores - log_q - np.log(n_draws)
    return corrected
