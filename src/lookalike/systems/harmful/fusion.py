"""Text and picture together: where the two meet, and what is lost when they meet late.

Early fusion learns from both at once, late fusion learns each alone and adds the
answers. Harm that is in neither part alone is out of late fusion's reach, however it
adds. In between: concepts first (what is on the picture, what the text is about), then
their combination.

References
----------
.. [1] Kiela et al. (2020). "The hateful memes challenge: detecting hate speech in
   multimodal memes". NeurIPS.   (harmless parts that are harmful together)
.. [2] Wang, Tran and Feiszli (2020). "What makes training multi-modal classification
   networks hard?". CVPR.   (gradient blending, equation 5)
"""

import warnings
from collections.abc import Sequence
from typing import Self

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from lookalike._typing import Array, Floats, Ints
from lookalike.learn import LogisticRegression, MLPClassifier
from lookalike.systems.harmful.joint_network import JointNetwork, Parts


def blending_weights(
    before: Sequence[tuple[float, float]], after: Sequence[tuple[float, float]]
) -> Floats:
    r"""Return weights of losses by what each head gained and how far it overfitted.

    .. math:: w_k \propto \frac{G_k}{O_k^2}

    with G the fall of the held-out loss, and O the growth of the gap between it and the
    training loss, from one measurement to a later one; a head that gained nothing gets
    nothing.

    Examples
    --------
    >>> before, after = [(0.7, 0.7)] * 3, [(0.1, 0.8), (0.6, 0.65), (0.3, 0.4)]
    >>> blending_weights(before, after).round(2)  # the first learned by heart
    array([0. , 0.4, 0.6])
    """
    known, held = (
        np.array([[a[k] for a in each] for each in (before, after)]) for k in (0, 1)
    )
    gained = np.maximum(held[0] - held[1], 0.0)
    overfitted = np.maximum((held[1] - known[1]) - (held[0] - known[0]), 1e-3)
    raw = gained / overfitted**2
    total = raw.sum()
    return raw / total if total > 0 else np.array([0.0, 0.0, 1.0])


def fit_blended(
    parts: Parts, y: Ints, held: Parts, held_y: Ints, n_epochs: int = 20
) -> JointNetwork:
    """Learn by gradient blending: weights from one run, then a run with them.

    The first run has equal weights; the head of both keeps at least a third, because it
    is the one that answers.
    """
    first = JointNetwork(weights=(1 / 3, 1 / 3, 1 / 3), n_epochs=n_epochs)
    first.fit(parts, y, held, held_y)
    weights = blending_weights(first.losses_[0], first.losses_[-1])
    weights = np.maximum(weights, [0.0, 0.0, 1 / 3])
    again = JointNetwork(weights=tuple(weights / weights.sum()), n_epochs=n_epochs)
    return again.fit(parts, y, held, held_y)


class LateFusion:
    """Two networks, one a part, whose answers are added.

    Parameters
    ----------
    learned : bool
        Whether a logistic regression of both scores adds them, or their mean is taken.
    """

    def __init__(self, learned: bool, random_state: int = 0) -> None:
        self.learned, self.random_state = learned, random_state

    def fit(self, parts: Parts, y: Ints, held: Parts, held_y: Ints) -> Self:
        """Learn each part alone, and from held-out posts how to add the answers."""
        self._models = [
            _network(X, y, self.random_state) for X in (parts.picture, parts.text)
        ]
        if self.learned:
            self._adding = LogisticRegression().fit(self._shares(held), held_y)
        return self

    def predict(self, parts: Parts) -> Floats:
        """Probability of each post, (n_posts,)."""
        shares = self._shares(parts)
        if not self.learned:
            return shares.mean(axis=1)
        found: Floats = self._adding.predict_proba(shares)[:, 1]
        return found

    def _shares(self, parts: Parts) -> Floats:
        pairs = zip(self._models, (parts.picture, parts.text), strict=True)
        return np.column_stack([model.predict_proba(X)[:, 1] for model, X in pairs])


class Hierarchical:
    """Concepts first, then their combination.

    A network says what is on the picture, another what the text is about, from labels
    of these concepts; a logistic regression of all pairs of their probabilities says
    whether the pair is harmful.
    """

    def fit(self, parts: Parts, things: Ints, intents: Ints, y: Ints) -> Self:
        """Learn both concepts, and which of their pairs are harmful."""
        self._concepts = [
            _network(X, own)
            for X, own in ((parts.picture, things), (parts.text, intents))
        ]
        self._pairs = LogisticRegression(C=10.0).fit(self._products(parts), y)
        return self

    def predict(self, parts: Parts) -> Floats:
        """Probability of each post, (n_posts,)."""
        found: Floats = self._pairs.predict_proba(self._products(parts))[:, 1]
        return found

    def _products(self, parts: Parts) -> Floats:
        pairs = zip(self._concepts, (parts.picture, parts.text), strict=True)
        one, other = (model.predict_proba(X) for model, X in pairs)
        return (one[:, :, None] * other[:, None, :]).reshape(len(one), -1)


def _network(X: Array, y: Ints, random_state: int = 0) -> MLPClassifier:
    """A network with one layer, after fifteen passes."""
    model = MLPClassifier((64,), max_iter=15, random_state=random_state)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, y)
