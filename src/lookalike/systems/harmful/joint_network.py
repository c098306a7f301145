"""Text, picture, author and reactions in one network: early fusion.

Each part has a branch, and one layer sees all of them, so that harm is learned that is
in no part alone. Several kinds of harm are learned together; a label that is missing
plays no part in the loss.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from lookalike._typing import Array, Floats
from lookalike.learn.layers import Dense, ReLU, Sequential
from lookalike.learn.losses import LogisticLoss, Loss
from lookalike.learn.optimizers import Adam


@dataclass(frozen=True)
class Parts:
    """Posts as matrices of features, float32, a row a post."""

    picture: Array
    text: Array
    signals: Array | None = None
    """Of authors and reactions, where they play a part."""

    def __len__(self) -> int:
        """How many posts there are."""
        return len(self.picture)

    def take(self, rows: Array) -> Self:
        """Return these posts."""
        signals = None if self.signals is None else self.signals[rows]
        return type(self)(self.picture[rows], self.text[rows], signals)

    @property
    def matrices(self) -> list[Array]:
        """Each part that there is."""
        return [
            each for each in (self.picture, self.text, self.signals) if each is not None
        ]

    @property
    def both(self) -> Array:
        """Columns of the picture, then those of the text, then the signals."""
        return np.hstack(self.matrices)


class JointNetwork:
    """A network with a branch for each part, and a head on each branch and on all.

    Parameters
    ----------
    n_hidden : int, default=128
        Units of each branch and of the layer that sees all.
    weights : sequence of floats, default=()
        Of the losses of each branch's head and of the head of all, which comes last;
        () is the latter alone; so it is early fusion.
    loss : Loss, optional
        None is cross-entropy.
    n_epochs : int, default=20
        At most; see ``fit``.
    learning_rate : float, default=0.002
    hidden_share : float, default=0
        Share of the posts of each step from which one part is taken away, drawn anew:
        so the network learns to answer where a part is missing, which is all zeros.
    random_state : int, default=0

    Attributes
    ----------
    losses_ : list of tuples of pairs, one a head
        After each epoch, mean loss of each head on the training rows and on the rows
        that were held out, if any.
    """

    losses_: list[tuple[tuple[float, float], ...]]

    def __init__(
        self,
        n_hidden: int = 128,
        weights: Sequence[float] = (),
        loss: Loss | None = None,
        n_epochs: int = 20,
        learning_rate: float = 0.002,
        hidden_share: float = 0.0,
        random_state: int = 0,
    ) -> None:
        self.n_hidden, self.weights, self.loss = n_hidden, tuple(weights), loss
        self.n_epochs, self.learning_rate = n_epochs, learning_rate
        self.hidden_share, self.random_state = hidden_share, random_state

    def fit(
        self,
        parts: Parts,
        y: Array,
        held: Parts | None = None,
        held_y: Array | None = None,
    ) -> Self:
        """Learn from posts.

        Held-out posts are measured after each epoch, and the weights of the epoch at
        which the head of all has the least loss on them are kept: later ones have
        learned wrong labels by heart. Without held-out posts the last are kept.

        Parameters
        ----------
        parts : Parts
        y : (n_posts,) or (n_posts, n_kinds)
            1 harmful, 0 not; nan plays no part in the loss.
        held, held_y : the same of posts that are not learned from
        """
        rng = np.random.RandomState(self.random_state)
        targets = _columns(y)
        self._build([each.shape[1] for each in parts.matrices], targets.shape[1], rng)
        shares = self.weights or (*(0.0 for _ in parts.matrices), 1.0)
        optimizer = Adam(self.learning_rate)
        loss = LogisticLoss() if self.loss is None else self.loss
        weights = self._weights()
        self.losses_, kept, least = [], weights, np.inf
        for _ in range(self.n_epochs):
            order = rng.permutation(len(y))
            for start in range(0, len(y), 128):
                rows = order[start : start + 128]
                matrices = parts.take(rows).matrices
                if self.hidden_share:
                    matrices = _without_some(matrices, self.hidden_share, rng)
                self._step(matrices, targets[rows], loss, shares)
                optimizer.step(
                    weights, [g for layer in self._layers for g in layer.gradients]
                )
            if held is not None and held_y is not None:
                self.losses_.append(
                    self._measured(parts, targets, held, _columns(held_y), loss)
                )
                _, of_held = self.losses_[-1][-1]
                if of_held < least:
                    kept, least = [w.copy() for w in weights], of_held
        for weight, best in zip(weights, kept, strict=True):
            weight[...] = best
        for layer in self._layers:
            layer.forget()
        return self

    def scores(self, parts: Parts) -> Array:
        """Scores of each branch's head and of that of all, (n_posts, n_heads).

        Of several kinds, (n_posts, n_heads * n_kinds), the kinds of a head together.
        """
        return self._forward(parts.matrices, False)

    def kind_scores(self, parts: Parts) -> Array:
        """Scores by the head of all, (n_posts, n_kinds), post by post.

        The same to the last digit for a post alone and among others.
        """
        rows = [
            self._forward(parts.take(np.array([row])).matrices, False)
            for row in range(len(parts))
        ]
        found = np.concatenate(rows) if rows else np.zeros((0, self._width))
        return found[:, -self.n_kinds :]

    def predict(self, parts: Parts) -> Floats:
        """Probability of the first kind by the head of all, (n_posts,)."""
        found: Floats = LogisticLoss().answer(self.scores(parts)[:, -self.n_kinds])
        return found

    def arrays(self) -> dict[str, Array]:
        """Return what ``from_arrays`` takes."""
        found = {f"weight_{at}": each for at, each in enumerate(self._weights())}
        return found | {"n_kinds": np.array(self.n_kinds)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Take up a network that was learned."""
        weights = [arrays[f"weight_{at}"] for at in range(len(arrays) - 1)]
        n_branches = (len(weights) - 4) // 4
        found = cls(n_hidden=weights[0].shape[1])
        widths = [len(weights[2 * at]) for at in range(n_branches)]
        found._build(widths, int(arrays["n_kinds"]), np.random.RandomState(0))
        for own, given in zip(found._weights(), weights, strict=True):
            if own.shape != given.shape:
                raise ValueError("its layers do not belong together.")
            own[...] = given
        return found

    def _build(
        self, widths: Sequence[int], n_kinds: int, rng: np.random.RandomState
    ) -> None:
        n, self.n_kinds = self.n_hidden, n_kinds
        self._branches = [
            Sequential([Dense.random(width, n, random_state=rng), ReLU()])
            for width in widths
        ]
        joint = Dense.random(len(widths) * n, n, random_state=rng)
        self._joint = Sequential([joint, ReLU()])
        self._heads = [
            Dense.random(n, n_kinds, random_state=rng) for _ in range(len(widths) + 1)
        ]
        self._layers = [*self._branches, self._joint, *self._heads]
        self._width = len(self._heads) * n_kinds

    def _weights(self) -> list[Array]:
        return [w for layer in self._layers for w in layer.parameters]

    def _forward(self, matrices: Sequence[Array], training: bool) -> Array:
        inside = [
            branch.forward(part, training)
            for branch, part in zip(self._branches, matrices, strict=True)
        ]
        joint = self._joint.forward(np.hstack(inside), training)
        return np.hstack(
            [
                head.forward(each, training)
                for head, each in zip(self._heads, (*inside, joint), strict=True)
            ]
        )

    def _step(
        self,
        matrices: Sequence[Array],
        targets: Array,
        loss: Loss,
        shares: Sequence[float],
    ) -> None:
        scores = self._forward(matrices, True)
        known = np.isfinite(targets)
        labels = np.where(known, targets, 0.0)
        back = []
        for k, head in enumerate(self._heads):
            own = scores[:, k * self.n_kinds : (k + 1) * self.n_kinds]
            slope = known * loss.slope(own, labels) / len(targets)
            back.append(head.backward((shares[k] * slope).astype(np.float32)))
        both = self._joint.backward(back[-1])
        for k, branch in enumerate(self._branches):
            own = both[:, k * self.n_hidden : (k + 1) * self.n_hidden]
            branch.backward(own + back[k], input_gradient=False)

    def _measured(
        self, parts: Parts, y: Array, held: Parts, held_y: Array, loss: Loss
    ) -> tuple[tuple[float, float], ...]:
        some = np.arange(min(len(y), 4 * len(held_y)))
        pairs = (
            (self.scores(parts.take(some)), y[some]),
            (self.scores(held), held_y),
        )
        means = [
            [self._mean_loss(scores, labels, k, loss) for scores, labels in pairs]
            for k in range(len(self._heads))
        ]
        return tuple((known, other) for known, other in means)

    def _mean_loss(self, scores: Array, labels: Array, head: int, loss: Loss) -> float:
        """Mean over known labels of one head's loss."""
        found = []
        for kind in range(self.n_kinds):
            known = np.isfinite(labels[:, kind])
            own = scores[known, head * self.n_kinds + kind]
            found.append(loss.each(own[:, None], labels[known, kind][:, None]))
        return float(np.concatenate(found).mean())


def _columns(y: Array) -> Array:
    """Labels as float32, one column a kind."""
    found = np.asarray(y, np.float32)
    return found[:, None] if found.ndim == 1 else found


def _without_some(
    matrices: Sequence[Array], share: float, rng: np.random.RandomState
) -> list[Array]:
    """Parts of which one is all zeros in a share of the posts."""
    n = len(matrices[0])
    which = np.where(
        rng.random_sample(n) < share, rng.randint(len(matrices), size=n), -1
    )
    return [
        np.where((which == at)[:, None], np.float32(0), each)
        for at, each in enumerate(matrices)
    ]
