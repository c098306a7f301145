"""A recurrent network over the sixteen frames, with three ways of fusing their parts.

The parts are the boxes of a person and what is known of the street: the car and the
signs. Early fusion reads both in every frame by one recurrent layer; late fusion reads
each by its own and joins them at the end; hierarchical fusion lets a second layer read
the first one's states beside the street [1]_. The summary of the sixteen frames, with
what the crowd does in the last of them, joins before the answer in all three.

References
----------
.. [1] Rasouli, Kotseruba and Tsotsos (2019). "Pedestrian action anticipation using
   contextual feature fusion in stacked RNNs". BMVC.
"""

from collections.abc import Mapping
from typing import Self

import numpy as np
from scipy.special import expit

from lookalike._checks import check_choice
from lookalike._typing import Array, Floats
from lookalike.core.progress import ProgressCallback, no_progress
from lookalike.datasets.streets import LENGTH
from lookalike.kernels.gru import run_gru
from lookalike.learn.layers import GRU, Dense, Dropout, ReLU, Sequential
from lookalike.learn.optimizers import Adam
from lookalike.systems.jaywalking.features import (
    BOX_STEPS,
    STREET_STEPS,
    Features,
)

FUSIONS = ("early", "late", "hierarchical")
_N_HIDDEN = 16
_BATCH = 64


class SequenceModel:
    """Score whether somebody will cross, from sixteen frames.

    Parameters
    ----------
    fusion : {"early", "late", "hierarchical"}, default="late"
    n_units : int, default=16
        Of each recurrent layer.
    n_epochs : int, default=10
        Passes over the training part; the learning rate falls to zero over them.
    learning_rate : float, default=0.001
    alpha : float, default=0.03
        Penalty of the squares of the weights.
    dropout : float, default=0.5
        Share of what is joined before the answer that is left out in training.
    random_state : int, default=0

    Notes
    -----
    One pass over n people costs O(n * 16 * n_units**2).
    """

    def __init__(
        self,
        fusion: str = "late",
        n_units: int = 16,
        n_epochs: int = 10,
        learning_rate: float = 0.001,
        alpha: float = 0.03,
        dropout: float = 0.5,
        random_state: int = 0,
    ) -> None:
        check_choice("fusion", fusion, FUSIONS)
        self.fusion = fusion
        self.n_units = n_units
        self.n_epochs = n_epochs
        self.learning_rate = learning_rate
        self.alpha = alpha
        self.dropout = dropout
        self.random_state = random_state

    def fit(
        self,
        features: Features,
        crosses: Array,
        on_progress: ProgressCallback = no_progress,
    ) -> Self:
        """Learn from features (n) and answers (n), 1 where somebody crosses."""
        rng = np.random.RandomState(self.random_state)
        y = np.asarray(crosses, np.float32)
        summary = _flattened(features.summary)
        self._middle = summary.mean(axis=0)
        self._scale = np.maximum(summary.std(axis=0), 1e-3)
        self._build(features, rng)
        every = [p for layer in self._layers for p in layer.parameters]
        optimizer = Adam(self.learning_rate)
        n_batches = max(1, len(y) // _BATCH)
        for epoch in range(self.n_epochs):
            on_progress("learning the network", epoch / self.n_epochs)
            order = rng.permutation(len(y))
            for at, rows in enumerate(np.array_split(order, n_batches)):
                done = (epoch + at / n_batches) / self.n_epochs
                optimizer.learning_rate = self.learning_rate * (1 - done)
                scores = self._forward(features[rows], training=True)
                gradient = (expit(scores) - y[rows]) / len(rows)
                self._backward(gradient.astype(np.float32)[:, None])
                slopes = [g for layer in self._layers for g in layer.gradients]
                for p, g in zip(every, slopes, strict=True):
                    if p.ndim == 2:
                        g += np.float32(self.alpha) * p
                optimizer.step(every, slopes)
        for layer in self._layers:
            layer.forget()
        return self

    def scores(self, features: Features) -> Floats:
        """Return log-odds, float64 (n,)."""
        return self._forward(features).astype(np.float64)

    def arrays(self) -> dict[str, Array]:
        """Return everything that ``scores`` needs, by name."""
        found = {"middle": self._middle, "scale": self._scale}
        for at, p in enumerate(p for layer in self._layers for p in layer.parameters):
            found[f"weights_{at}"] = p
        return found

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array], fusion: str) -> Self:
        """Return the model from which these arrays were taken."""
        model = cls(fusion)
        model._middle, model._scale = arrays["middle"], arrays["scale"]
        n = 8 if fusion == "early" else 12
        taken = [np.array(arrays[f"weights_{at}"], np.float32) for at in range(n)]
        recurrent = [GRU(*taken[at : at + 4]) for at in range(0, n - 4, 4)]
        model._take_up(recurrent, Dense(*taken[n - 4 : n - 2]), Dense(*taken[n - 2 :]))
        return model

    # --- inside -----------------------------------------------------------------------

    def _build(self, features: Features, rng: np.random.RandomState) -> None:
        n_box = BOX_STEPS.stop
        n_street = STREET_STEPS.stop - STREET_STEPS.start
        units = self.n_units
        wide = {
            "early": [n_box + n_street],
            "late": [n_box, n_street],
            "hierarchical": [n_box, units + n_street],
        }[self.fusion]
        recurrent = [GRU.random(n, units, random_state=rng) for n in wide]
        joined = units * (2 if self.fusion == "late" else 1) + len(self._middle)
        hidden = Dense.random(joined, _N_HIDDEN, random_state=rng)
        answer = Dense.random(_N_HIDDEN, 1, "xavier", random_state=rng)
        self._take_up(recurrent, hidden, answer, rng)

    def _take_up(
        self,
        recurrent: list[GRU],
        hidden: Dense,
        answer: Dense,
        rng: np.random.RandomState | None = None,
    ) -> None:
        self._recurrent = recurrent
        self._head = Sequential([Dropout(self.dropout, rng), hidden, ReLU(), answer])
        self._layers = [*recurrent, self._head]

    def _forward(self, features: Features, training: bool = False) -> Array:
        boxes = features.sequence[:, :, BOX_STEPS]
        street = features.sequence[:, :, STREET_STEPS]
        summary = (_flattened(features.summary) - self._middle) / self._scale
        summary = np.clip(summary, -4, 4)
        first = self._recurrent[0]
        if self.fusion == "early":
            last = [_states(first, features.sequence, training)[:, -1]]
        elif self.fusion == "late":
            both = zip(self._recurrent, (boxes, street), strict=True)
            last = [_states(layer, X, training)[:, -1] for layer, X in both]
        else:
            states = _states(first, boxes, training)
            beside = np.concatenate([states, street], axis=2)
            last = [_states(self._recurrent[1], beside, training)[:, -1]]
        joined = np.concatenate([*last, summary], axis=1)
        return self._head.forward(joined, training)[:, 0]

    def _backward(self, gradient: Array) -> None:
        back = self._head.backward(gradient)
        units = self._recurrent[0].parameters[1].shape[0]
        if self.fusion == "late":
            for at, layer in enumerate(self._recurrent):
                layer.backward(_at_the_end(back[:, at * units : (at + 1) * units]))
            return
        states = self._recurrent[-1].backward(_at_the_end(back[:, :units]))
        if self.fusion == "hierarchical":
            self._recurrent[0].backward(np.ascontiguousarray(states[:, :, :units]))


def _states(layer: GRU, X: Array, training: bool) -> Array:
    """Return the state after each step: of the layer in training, else compiled."""
    if training:
        return layer.forward(X, training)
    weights, recurrent, bias, recurrent_bias = layer.parameters
    terms = (X.reshape(-1, X.shape[2]) @ weights + bias).reshape(*X.shape[:2], -1)
    states = np.zeros((len(X), X.shape[1] + 1, len(recurrent)), np.float32)
    run_gru(terms, recurrent, recurrent_bias, states)
    return states[:, 1:]


def _flattened(summary: Array) -> Array:
    """Return values whose long tails are drawn in."""
    flat: Array = np.sign(summary) * np.log1p(np.abs(summary))
    return flat


def _at_the_end(gradient: Array) -> Array:
    """Return the gradient in all states of one in the last of sixteen."""
    every = np.zeros((len(gradient), LENGTH, gradient.shape[1]), gradient.dtype)
    every[:, -1] = gradient
    return every
