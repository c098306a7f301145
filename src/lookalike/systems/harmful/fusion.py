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
from dataclasses import dataclass
from typing import Self

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from lookalike._typing import Array, Floats, Ints
from lookalike.learn import LogisticRegression, MLPClassifier
from lookalike.learn.layers import Dense, ReLU, Sequential
from lookalike.learn.losses import LogisticLoss, Loss
from lookalike.learn.optimizers import Adam

HEADS = ("picture", "text", "both")


@dataclass(frozen=True)
class Parts:
    """Posts as two matrices of features, float32, a row a post."""

    picture: Array
    text: Array

    def __len__(self) -> int:
        """How many posts there are."""
        return len(self.picture)

    def take(self, rows: Array) -> Self:
        """Return these posts."""
        return type(self)(self.picture[rows], self.text[rows])

    @property
    def both(self) -> Array:
        """Columns of the picture, then those of the text."""
        return np.hstack([self.picture, self.text])


class JointNetwork:
    """A network with a branch for each part, and a head on each branch and on both.

    Parameters
    ----------
    n_hidden : int, default=128
        Units of each branch and of the layer that sees both.
    weights : sequence of 3 floats, default=(0, 0, 1)
        Of the losses of the picture's head, the text's head and the head of both; so
        it is early fusion.
    loss : Loss, optional
        None is cross-entropy.
    n_epochs : int, default=20
        At most; see ``fit``.
    learning_rate : float, default=0.002
    random_state : int, default=0

    Attributes
    ----------
    losses_ : list of (3,) tuples of pairs
        After each epoch, mean loss of each head on the training rows and on the rows
        that were held out, if any.
    """

    losses_: list[tuple[tuple[float, float], ...]]

    def __init__(
        self,
        n_hidden: int = 128,
        weights: Sequence[float] = (0.0, 0.0, 1.0),
        loss: Loss | None = None,
        n_epochs: int = 20,
        learning_rate: float = 0.002,
        random_state: int = 0,
    ) -> None:
        self.n_hidden, self.weights, self.loss = n_hidden, tuple(weights), loss
        self.n_epochs, self.learning_rate = n_epochs, learning_rate
        self.random_state = random_state

    def fit(
        self,
        parts: Parts,
        y: Ints,
        held: Parts | None = None,
        held_y: Ints | None = None,
    ) -> Self:
        """Learn from posts.

        Held-out posts are measured after each epoch, and the weights of the epoch at
        which the head of both has the least loss on them are kept: later ones have
        learned wrong labels by heart. Without held-out posts the last are kept.
        """
        rng = np.random.RandomState(self.random_state)
        n = self.n_hidden
        widths = parts.picture.shape[1], parts.text.shape[1]
        self._branches = [
            Sequential([Dense.random(width, n, random_state=rng), ReLU()])
            for width in widths
        ]
        self._joint = Sequential([Dense.random(2 * n, n, random_state=rng), ReLU()])
        self._heads = [Dense.random(n, 1, random_state=rng) for _ in HEADS]
        layers = [*self._branches, self._joint, *self._heads]
        optimizer = Adam(self.learning_rate)
        loss = LogisticLoss() if self.loss is None else self.loss
        targets = y.astype(np.float32)[:, None]
        weights = [w for layer in layers for w in layer.parameters]
        self.losses_, kept, least = [], weights, np.inf
        for _ in range(self.n_epochs):
            order = rng.permutation(len(y))
            for start in range(0, len(y), 128):
                rows = order[start : start + 128]
                self._step(parts.take(rows), targets[rows], loss)
                optimizer.step(
                    weights, [g for layer in layers for g in layer.gradients]
                )
            if held is not None and held_y is not None:
                self.losses_.append(self._measured(parts, y, held, held_y, loss))
                _, of_held = self.losses_[-1][2]
                if of_held < least:
                    kept, least = [w.copy() for w in weights], of_held
        for weight, best in zip(weights, kept, strict=True):
            weight[...] = best
        return self

    def scores(self, parts: Parts) -> Array:
        """Scores of the three heads, (n_posts, 3)."""
        return self._forward(parts, False)

    def predict(self, parts: Parts) -> Floats:
        """Probability by the head of both, (n_posts,)."""
        found: Floats = LogisticLoss().answer(self.scores(parts)[:, 2])
        return found

    def _forward(self, parts: Parts, training: bool) -> Array:
        inside = [
            branch.forward(part, training)
            for branch, part in zip(
                self._branches, (parts.picture, parts.text), strict=True
            )
        ]
        joint = self._joint.forward(np.hstack(inside), training)
        return np.hstack(
            [
                head.forward(each, training)
                for head, each in zip(self._heads, (*inside, joint), strict=True)
            ]
        )

    def _step(self, parts: Parts, targets: Array, loss: Loss) -> None:
        scores = self._forward(parts, True)
        back = []
        for k, head in enumerate(self._heads):
            _, slope = loss(scores[:, [k]], targets)
            back.append(head.backward((self.weights[k] * slope).astype(np.float32)))
        both = self._joint.backward(back[2])
        for k, branch in enumerate(self._branches):
            own = both[:, k * self.n_hidden : (k + 1) * self.n_hidden]
            branch.backward(own + back[k], input_gradient=False)

    def _measured(
        self, parts: Parts, y: Ints, held: Parts, held_y: Ints, loss: Loss
    ) -> tuple[tuple[float, float], ...]:
        some = np.arange(min(len(y), 4 * len(held_y)))
        pairs = (
            (self.scores(parts.take(some)), y[some]),
            (self.scores(held), held_y),
        )
        means = [
            [
                float(loss.each(scores[:, [k]], labels[:, None]).mean())
                for scores, labels in pairs
            ]
            for k in range(len(HEADS))
        ]
        return tuple((known, other) for known, other in means)


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
