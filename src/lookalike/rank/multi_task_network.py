r"""One network for several heads: what one action teaches helps to predict the others.

*Shared bottom*: dense layers that all heads share, and one line a head on top. *MMoE*
[1]_: several such bottoms, the experts, of which each head takes its own mean,

.. math:: f_h(x) = w_h \cdot \sum_e \operatorname{softmax}(G_h x)_e\, E_e(x) + b_h,

so that heads which disagree need not share everything. Evaluated without torch, row by
row; training needs the ``deep`` extra.

References
----------
.. [1] Ma, Zhao, Yi, Chen, Hong and Chi (2018). "Modeling task relationships in
   multi-task learning with multi-gate mixture-of-experts". KDD.
"""

from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from lookalike._checks import check_choice, check_positive, check_whole
from lookalike._parallel import run_slices
from lookalike._typing import Array, Floats
from lookalike.kernels.dense import dense_rows

KINDS = ("shared", "mmoe")
GRAIN = 64  # rows a thread takes at a time


class MultiTaskNetwork:
    """Learn several heads together; an answer that is nan plays no part in the loss.

    Parameters
    ----------
    kind : {"shared", "mmoe"}, default="shared"
    hidden_layer_sizes : tuple of int, default=(64, 32)
        Of the bottom, or of each expert.
    n_experts : int, default=4
        Of "mmoe".
    alpha : float, default=1e-3
        Weight decay.
    learning_rate : float, default=0.003
    batch_size : int, default=512
    max_iter : int, default=8
        Passes over the rows.
    random_state : int, default=0
    n_jobs : int or None, default=None

    Attributes
    ----------
    parameters_ : dict of str to ndarray
        Mean and scale of the features, then weights and biases.
    loss_curve_ : list of float
        Mean loss of each pass; of each head over that of a constant, added.

    Notes
    -----
    The loss of a head is logistic, or half the square of the error where it is
    a regression, divided by that of a constant: a rare action counts as much as a
    frequent one.
    """

    parameters_: dict[str, Array]
    loss_curve_: list[float]

    def __init__(
        self,
        kind: str = "shared",
        hidden_layer_sizes: tuple[int, ...] = (64, 32),
        n_experts: int = 4,
        alpha: float = 1e-3,
        learning_rate: float = 0.003,
        batch_size: int = 512,
        max_iter: int = 8,
        random_state: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.kind = kind
        self.hidden_layer_sizes = hidden_layer_sizes
        self.n_experts = n_experts
        self.alpha = alpha
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(
        self, X: ArrayLike, y: ArrayLike, regression: Sequence[bool] | None = None
    ) -> Self:
        """Learn from rows and the answers of all heads.

        Parameters
        ----------
        X : (n_rows, n_features)
        y : (n_rows, n_heads)
            1 or 0, or a number of a head that is a regression; nan where unknown.
        regression : bool (n_heads,), optional
            Which heads are; None is none.

        Raises
        ------
        ValueError
            If a parameter is out of its range, shapes differ, or a head has no answer.
        ImportError
            Without torch.
        """
        check_choice("kind", self.kind, KINDS)
        for name in ("n_experts", "batch_size", "max_iter"):
            check_whole(name, getattr(self, name))
        check_positive("learning_rate", self.learning_rate)
        check_positive("alpha", self.alpha, zero=True)
        rows, answers = np.asarray(X, np.float32), np.asarray(y, np.float64)
        if rows.ndim != 2 or answers.ndim != 2 or len(rows) != len(answers):
            raise ValueError(
                "X and y must have a row for each example, got the shapes "
                f"{rows.shape} and {answers.shape}."
            )
        if not np.isfinite(rows).all():
            raise ValueError("X must be finite.")
        lost = np.flatnonzero(~np.isfinite(answers).any(axis=0))
        if len(lost):
            raise ValueError(f"The answers of head {lost[0]} are all unknown.")
        from lookalike.rank._multi_task_training import train_multi_task

        flags = np.zeros(answers.shape[1], bool)
        if regression is not None:
            flags[:] = regression
        self.parameters_, self.loss_curve_ = train_multi_task(
            self, rows, answers, flags
        )
        return self

    def scores(self, X: Array) -> Floats:
        """Return the scores of all heads, (n_rows, n_heads): log-odds, or the mean.

        The scores of a row do not depend on the other rows, to the last digit.
        """
        found = np.empty((len(X), len(self.parameters_["head_bias"])))

        def work(first: int, last: int) -> None:
            found[first:last] = self._scored(X[first:last])

        run_slices(work, len(X), self.n_jobs, GRAIN)
        return found

    def arrays(self) -> dict[str, Array]:
        """Return everything that ``scores`` needs, by name."""
        return dict(self.parameters_)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Return the network of these arrays.

        Raises
        ------
        ValueError
            If they do not fit together.
        """
        network = cls("mmoe" if "gate_weights" in arrays else "shared")
        network.parameters_ = {
            name: np.ascontiguousarray(each, np.float64)
            for name, each in arrays.items()
        }
        try:
            network.scores(np.zeros((1, len(arrays["mean"])), np.float32))
        except (IndexError, KeyError, ValueError):
            raise ValueError("its layers do not fit together.") from None
        return network

    def _scored(self, X: Array) -> Floats:
        p = self.parameters_
        first = np.ascontiguousarray((X - p["mean"]) / p["scale"])
        inside: list[Floats] = []
        while f"bottom{len(inside)}_0_weights" in p:
            rows, layer = first, 0
            while f"bottom{len(inside)}_{layer}_weights" in p:
                name = f"bottom{len(inside)}_{layer}"
                rows = np.maximum(
                    _through(rows, p[f"{name}_weights"], p[f"{name}_bias"]), 0.0
                )
                layer += 1
            inside.append(rows)
        heads, bias = p["head_weights"], p["head_bias"]
        if "gate_weights" not in p:
            return _through(inside[0], heads, bias)
        n_heads = len(bias)
        gates = _through(first, p["gate_weights"], p["gate_bias"])
        gates = gates.reshape(len(X), n_heads, len(inside))
        gates = np.exp(gates - gates.max(axis=2, keepdims=True))
        gates /= gates.sum(axis=2, keepdims=True)
        # What each expert says to each head; the mean of them is what the head says.
        nothing = np.zeros(n_heads)
        said = np.stack([_through(rows, heads, nothing) for rows in inside], axis=2)
        found: Floats = (gates * said).sum(axis=2) + bias
        return found


def _through(rows: Floats, weights: Floats, bias: Floats) -> Floats:
    if rows.shape[1] != len(weights) or len(bias) != weights.shape[1]:
        raise ValueError("its layers do not fit together.")
    out = np.empty((len(rows), len(bias)))
    dense_rows(rows, weights, bias, 0, len(rows), out)
    return out
