"""What texts are about: latent semantic analysis.

Texts are rows of weights of terms, ``(1 + ln tf) ln(n / df)``, of length one. The right
singular vectors of these rows that explain most of them are kept: terms that stand in
the same texts lie in the same directions, so that a text without any word of a query
can be near to it. (Deerwester and others 1990, "Indexing by latent semantic analysis".)
"""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from sklearn.utils.extmath import randomized_svd

from lookalike._arrays import product_by_row, unit
from lookalike._texts import Texts
from lookalike._typing import Array, Floats, Ints
from lookalike.learn.paired_towers import PairedTowers
from lookalike.search.terms import Analysis

MOST_TERMS = 50_000
"""The terms of most texts; a direction has a number for each."""
LEAST_TEXTS = 2
"""A term of one text says nothing about others."""


class LatentMeaning:
    """Directions of terms, and texts and queries as vectors in them.

    Attributes
    ----------
    terms_ : list of str
        Those that carry weight.

    Examples
    --------
    >>> texts = ["car motor", "motor road", "car road", "wine glass", "glass cup",
    ...     "wine cup"]
    >>> found, vectors = LatentMeaning.fit(texts, Analysis(), n_components=2)
    >>> (vectors @ found.vector("car", Analysis())).round(1).tolist()
    [1.0, 1.0, 1.0, 0.0, 0.0, 0.0]
    """

    terms_: list[str]
    _weights: Floats  # ln(n / df) of each term
    _components: Array  # float32 (n_terms, n_components)

    @classmethod
    def fit(
        cls,
        texts: Sequence[str],
        analysis: Analysis,
        n_components: int = 200,
        random_state: int = 0,
    ) -> tuple[Self, Array]:
        """Learn from texts; there are fewer components where there are few texts.

        Returns
        -------
        model : LatentMeaning
        vectors : ndarray of float32, shape (n_texts, n_components)
            Of the texts, of length one; zeros where no term of a text carries weight.
        """
        cut = analysis.cut(texts)
        n = len(texts)
        rows = np.repeat(np.arange(n), np.diff(cut.ends, prepend=0))
        counts = sp.csr_array(
            (np.ones(len(rows)), (rows, cut.numbers)), shape=(n, len(cut.terms))
        )
        counts.sum_duplicates()
        df = np.bincount(counts.indices, minlength=len(cut.terms))
        kept = np.flatnonzero((df >= LEAST_TEXTS) & (df < n))
        if len(kept) > MOST_TERMS:
            most = np.argsort(-df[kept], kind="stable")[:MOST_TERMS]
            kept = np.sort(kept[most])
        model = cls()
        model.terms_ = [cut.terms[at] for at in kept.tolist()]
        model._weights = np.log(n / df[kept])
        X = model._weighed(sp.csr_array(counts[:, kept]))
        k = min(n_components, *X.shape)
        if k == 0:
            model._components = np.zeros((len(kept), 0), np.float32)
        else:
            _, _, components = randomized_svd(X, k, n_iter=4, random_state=random_state)
            model._components = np.ascontiguousarray(components.T, np.float32)
        model._ready()
        return model, unit(np.asarray(X @ model._components, np.float32))

    @classmethod
    def of_pairs(
        cls,
        pairs: Sequence[tuple[str, str, int]],
        analysis: Analysis,
        n_components: int = 128,
        random_state: int = 0,
        **options: Any,
    ) -> Self:
        """Learn from pairs of texts that are about one thing, of the same words or not.

        The directions are those of ``PairedTowers`` in place of singular vectors: a
        text lies near those that it was paired with, far from those of other things.

        Parameters
        ----------
        pairs : two texts, and the number of what both are about
        options : of ``PairedTowers``

        Examples
        --------
        >>> pairs = [("car", "motor", 0), ("glass", "wine", 1)] * 8
        >>> model = LatentMeaning.of_pairs(pairs, Analysis(), 4, learning_rate=0.1)
        >>> car, motor, wine = (model.vector(w, Analysis()) for w in
        ...     ("car", "motor", "wine"))
        >>> bool(car @ motor > 0.5 > car @ wine)
        True
        """
        texts = [text for pair in pairs for text in pair[:2]]
        model, _ = cls.fit(texts, analysis, 0)
        X = model.rows(texts, analysis)
        towers = PairedTowers(
            n_components, sides="one", random_state=random_state, **options
        )
        towers.fit(X[::2], X[1::2], np.array([number for *_, number in pairs]))
        model._components = np.ascontiguousarray(towers.left_)
        return model

    def rows(self, texts: Sequence[str], analysis: Analysis) -> Any:
        """Return the weights of texts' terms, sparse (n_texts, n_terms), length one."""
        found = [self.term_weights(text, analysis) for text in texts]
        ends = np.cumsum([0, *(len(terms) for terms, _ in found)])
        terms = np.concatenate([terms for terms, _ in found])
        weights = np.concatenate([weights for _, weights in found])
        shape = (len(texts), len(self.terms_))
        return sp.csr_array((weights.astype(np.float32), terms, ends), shape=shape)

    def vectors(self, texts: Sequence[str], analysis: Analysis) -> Array:
        """Return texts as vectors of length one, float32 (n_texts, n_components)."""
        none = np.zeros((0, self.n_components), np.float32)
        return np.vstack([none, *(self.vector(text, analysis) for text in texts)])

    def vector(self, text: str, analysis: Analysis) -> Array:
        """Return a text as a vector of length one, float32 (n_components,)."""
        terms, weights = self.term_weights(text, analysis)
        found = weights @ self._components[terms].astype(np.float64)
        return np.asarray(unit(found[None])[0], np.float32)

    def term_weights(self, text: str, analysis: Analysis) -> tuple[Ints, Floats]:
        """Return a text's terms that carry weight, rising, and their weights.

        The weights are of length one together.
        """
        numbers: dict[int, int] = {}
        for term in analysis.terms(text):
            at = self._number.get(term)
            if at is not None:
                numbers[at] = numbers.get(at, 0) + 1
        terms = np.array(sorted(numbers), np.int64)
        counts = np.array([numbers[at] for at in terms.tolist()], float)
        weights = (1 + np.log(counts)) * self._weights[terms]
        return terms, unit(weights[None])[0]

    def arrays(self) -> dict[str, Array]:
        """Return everything that answers depend on."""
        return {
            **Texts.of(self.terms_).arrays("terms"),
            "weights": self._weights,
            "components": self._components,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Return the model whose ``arrays`` these are; they may be mapped."""
        model = cls()
        model.terms_ = Texts.of_arrays("terms", arrays).tolist()
        model._weights, model._components = arrays["weights"], arrays["components"]
        n = len(model.terms_)
        good = model._weights.shape == (n,) and model._components.ndim == 2
        if not good or len(model._components) != n:
            raise ValueError("its terms, weights and directions do not fit.")
        model._ready()
        return model

    @property
    def n_components(self) -> int:
        """How many numbers a vector has."""
        return int(self._components.shape[1])

    def _ready(self) -> None:
        self._number = {term: at for at, term in enumerate(self.terms_)}

    def _weighed(self, counts: Any) -> Any:
        """Rows of counts as rows of weights, of length one."""
        weighed = counts.copy()
        weighed.data = (1 + np.log(counts.data)) * self._weights[counts.indices]
        length = np.sqrt(weighed.multiply(weighed).sum(axis=1))
        return sp.csr_array(
            sp.diags_array(1 / np.where(length > 0, length, 1)) @ weighed
        )


def similarities(vectors: Array, vector: Array) -> Floats:
    """Return the cosine of each of these vectors with one, (n_texts,)."""
    found = product_by_row(vector[None], vectors.T)[0]
    return np.asarray(np.clip(found, -1.0, 1.0), np.float64)
