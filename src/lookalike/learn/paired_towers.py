"""Two linear maps into one space, learned from pairs that belong together."""

from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from sklearn.exceptions import NotFittedError
from sklearn.utils import check_array, check_random_state

from lookalike._arrays import product_by_row, unit
from lookalike._checks import check_choice, check_positive, check_whole
from lookalike._typing import Array, Float32s


class PairedTowers:
    r"""Map two kinds of things into one space, in which those of a pair are near.

    Row i of X and row i of Y are one pair. Of a batch of n pairs, the loss is that of
    telling each row's own partner from the other rows of the batch, in both directions
    (in-batch negatives [1]_):

    .. math:: L = -\frac{1}{2n} \sum_i \ln \frac{e^{s_{ii}}}{\sum_j e^{s_{ij}}}
              + \ln \frac{e^{s_{ii}}}{\sum_j e^{s_{ji}}},
              \qquad s_{ij} = \frac{f(x_i)^T g(y_j)}{\tau},

    where f and g are a matrix each, and their results have length one. Rows of ``same``
    equal numbers are no negatives of each other.

    Parameters
    ----------
    n_components : int, default=128
        Numbers of a vector.
    temperature : float, default=0.05
        :math:`\tau`.
    max_iter : int, default=10
        Passes over all pairs.
    batch_size : int, default=512
    learning_rate : float, default=0.01
        Of Adam, falling to zero over the passes.
    sides : {"two", "one"}, default="two"
        A matrix for each side, or one for both, which then have the same features.
    random_state : int, default=0

    Attributes
    ----------
    left_, right_ : float32 (n_features of X or Y, n_components)
        The two matrices; the same where ``sides`` is "one".
    losses_ : list of float
        Mean loss of each pass.

    Notes
    -----
    Of sparse features only the rows of a matrix that a batch names are changed. A pass
    costs O(n_pairs * (batch_size * n_components + numbers that are not zero *
    n_components)).

    References
    ----------
    .. [1] Radford et al. (2021). "Learning transferable visual models from natural
       language supervision". ICML, figure 3.

    Examples
    --------
    Rows whose order in Y is that of X, under other names of the columns:

    >>> X = np.kron(np.eye(3), np.ones((20, 2)))
    >>> Y = X[:, ::-1]
    >>> towers = PairedTowers(4, max_iter=20, batch_size=16)
    >>> towers = towers.fit(X, Y, np.arange(60) // 20)
    >>> found = towers.transform(X[::20]) @ towers.transform(Y[::20], "right").T
    >>> found.argmax(axis=1)
    array([0, 1, 2])
    """

    left_: Float32s
    right_: Float32s
    losses_: list[float]

    def __init__(
        self,
        n_components: int = 128,
        temperature: float = 0.05,
        max_iter: int = 10,
        batch_size: int = 512,
        learning_rate: float = 0.01,
        sides: str = "two",
        random_state: int = 0,
    ) -> None:
        self.n_components = n_components
        self.temperature = temperature
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.sides = sides
        self.random_state = random_state

    def fit(self, X: Any, Y: Any, same: Any = None) -> Self:
        """Learn from pairs.

        Parameters
        ----------
        X, Y : (n_pairs, n_features of each), sparse or not
        same : (n_pairs,), optional
            Numbers of what the pairs are of: pairs of one number are no negatives of
            each other. None lets every other pair be one.

        Raises
        ------
        ValueError
            If the sides have not the same number of rows, or an option is not what it
            must be.
        """
        self._check_options()
        X, Y = _rows(X), _rows(Y)
        if X.shape[0] != Y.shape[0] or X.shape[0] < 2:
            raise ValueError(
                f"X and Y must have the same number of rows, at least 2; got "
                f"{X.shape[0]} and {Y.shape[0]}."
            )
        if self.sides == "one" and X.shape[1] != Y.shape[1]:
            raise ValueError(
                "With one matrix for both sides X and Y have the same features; got "
                f"{X.shape[1]} and {Y.shape[1]}."
            )
        number = np.arange(X.shape[0]) if same is None else np.asarray(same)
        rng = check_random_state(self.random_state)
        left = _Matrix(X.shape[1], self.n_components, rng)
        one = self.sides == "one"
        right = left if one else _Matrix(Y.shape[1], self.n_components, rng)
        self.losses_ = []
        n_batches = max(1, X.shape[0] // self.batch_size)
        for turn in range(self.max_iter):
            order, losses = rng.permutation(X.shape[0]), []
            for at, rows in enumerate(np.array_split(order, n_batches)):
                done = (turn + at / n_batches) / self.max_iter
                rate = self.learning_rate * (1 - done)
                losses.append(
                    _step(X[rows], Y[rows], number[rows], left, right, rate, self)
                )
            self.losses_.append(float(np.mean(losses)))
        self.left_, self.right_ = left.values, right.values
        return self

    def transform(self, X: Any, side: str = "left") -> Float32s:
        """Map rows of one side, float32 (n, n_components), each of length one."""
        self._check_fitted()
        check_choice("side", side, ("left", "right"))
        matrix = self.left_ if side == "left" else self.right_
        X = _rows(X)
        if X.shape[1] != len(matrix):
            raise ValueError(f"Expected {len(matrix)} features, got {X.shape[1]}.")
        # Row by row: a batch then answers like its rows.
        mapped = X @ matrix if sp.issparse(X) else product_by_row(X, matrix)
        return np.asarray(unit(np.asarray(mapped, np.float32)), np.float32)

    def _check_fitted(self) -> None:
        if not hasattr(self, "left_"):
            raise NotFittedError("PairedTowers must be fitted before it maps anything.")

    def _check_options(self) -> None:
        for name in ("n_components", "max_iter", "batch_size"):
            check_whole(name, getattr(self, name))
        for name in ("temperature", "learning_rate"):
            check_positive(name, getattr(self, name))
        check_choice("sides", self.sides, ("one", "two"))


class _Matrix:
    """A matrix with Adam's two means of its gradients, changed row by row."""

    def __init__(self, n_features: int, n_components: int, rng: Any) -> None:
        scale = 1 / np.sqrt(n_components)
        first = rng.normal(scale=scale, size=(n_features, n_components))
        self.values = np.asarray(first, np.float32)
        self._mean = np.zeros_like(self.values)
        self._square = np.zeros_like(self.values)
        self._steps = 0

    def step(self, X: Any, gradient: Array, rate: float) -> None:
        """Take a step for the gradient of the mapped rows of X."""
        self._steps += 1
        if sp.issparse(X):
            rows = np.unique(X.indices)
            change = np.asarray(X[:, rows].T @ gradient, np.float32)
        else:
            rows, change = np.arange(len(self.values)), X.T @ gradient
        mean = self._mean[rows] = 0.9 * self._mean[rows] + 0.1 * change
        square = 0.99 * self._square[rows] + 0.01 * change * change
        self._square[rows] = square
        mean = mean / (1 - 0.9**self._steps)
        square = square / (1 - 0.99**self._steps)
        self.values[rows] -= rate * mean / (np.sqrt(square) + 1e-8)


def _step(
    X: Any,
    Y: Any,
    same: Array,
    left: _Matrix,
    right: _Matrix,
    rate: float,
    options: PairedTowers,
) -> float:
    """One step on a batch; returns its loss."""
    a, b = np.asarray(X @ left.values), np.asarray(Y @ right.values)
    length_a, length_b = (
        np.maximum(np.linalg.norm(v, axis=1, keepdims=True), 1e-6) for v in (a, b)
    )
    u, v = a / length_a, b / length_b
    scores = (u @ v.T) / options.temperature
    twins = (same[:, None] == same[None]) & ~np.eye(len(same), dtype=bool)
    scores[twins] = -np.inf
    across, down = _softmax(scores), _softmax(scores.T).T
    diagonal = np.arange(len(same))
    loss = -np.mean(
        np.log(np.maximum(across[diagonal, diagonal], 1e-30))
        + np.log(np.maximum(down[diagonal, diagonal], 1e-30))
    )
    pull = (across + down) / (2 * len(same) * options.temperature)
    pull[diagonal, diagonal] -= 1 / (len(same) * options.temperature)
    pull = np.asarray(pull, np.float32)
    of_u, of_v = pull @ v, pull.T @ u
    of_a = (of_u - (of_u * u).sum(axis=1, keepdims=True) * u) / length_a
    of_b = (of_v - (of_v * v).sum(axis=1, keepdims=True) * v) / length_b
    left.step(X, of_a, rate)
    right.step(Y, of_b, rate)
    return float(loss) / 2


def _softmax(scores: Array) -> Array:
    shifted = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))


def _rows(X: Any) -> Any:
    found = check_array(X, accept_sparse="csr", dtype=np.float32)
    return sp.csr_array(found) if sp.issparse(found) else found
