"""Neighbourhood components analysis: a linear map for nearest neighbours."""

from collections.abc import Callable, Iterator
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets

from lookalike._checks import check_choice, check_learned, check_positive, check_whole
from lookalike._typing import Array, Ints
from lookalike._validation import validate_data
from lookalike.learn._linear import FLOATS
from lookalike.learn._linear_map import (
    LinearMap,
    check_classes,
    chosen_width,
    first_map,
)
from lookalike.learn._training import Patience
from lookalike.learn.optimizers import Adam

OBJECTIVES = ("log_probability", "accuracy")


class NeighbourhoodComponents(LinearMap):
    r"""Map rows so that their nearest neighbours are of their own class.

    Each row i of a mini-batch picks a neighbour j at random, the nearer the likelier,
    and is correct with the probability that j has its class:

    .. math::
        p_{ij} = \frac{\exp(-\lVert W(x_i - x_j) \rVert^2)}
                      {\sum_{k \ne i} \exp(-\lVert W(x_i - x_k) \rVert^2)},
        \qquad p_i = \sum_{j: y_j = y_i} p_{ij}

    W maximises the mean of :math:`\log p_i` (or of :math:`p_i`) less
    :math:`\frac{\alpha}{2} \lVert W \rVert^2`, by Adam on random mini-batches with a
    learning rate that falls to zero like a cosine.

    Parameters
    ----------
    n_components : int, default=None
        Rows of W, at most n_features; None is n_features, or the rows of ``init``.
    init : {'auto', 'pca', 'lda', 'identity', 'random'} or ndarray of shape \
            (n_components, n_features), default='auto'
        Where W starts: 'auto' is 'pca' for fewer components than features and samples,
        else 'identity'. All but an array are scaled so that the new features have unit
        variance on average.
    objective : {'log_probability', 'accuracy'}, default='log_probability'
        What is averaged: :math:`\log p_i`, to which rows with wrong neighbours matter
        most, or :math:`p_i`, to which they matter little.
    alpha : float, default=0.005
        Weight of the penalty, at least 0; W is measured where X has unit variance on
        average.
    batch_size : int, default=1000
        Rows of a mini-batch, at least 2: the larger, the nearer are the neighbours that
        a row can pick. Batches of an epoch are of equal size, up to one row.
    learning_rate : float, default=0.005
        Step of Adam at the start, positive, where X has unit variance on average.
    max_iter : int, default=20
        Epochs.
    tol : float, default=1e-5
        Stop after five epochs in which the loss did not fall by more than this.
    callback : callable, default=None
        Called after each epoch with the number of epochs done and the epoch's loss.
    random_state : int, RandomState instance or None, default=None
        Source of ``init`` and of the batches.

    Attributes
    ----------
    components_ : ndarray of shape (n_components, n_features)
        W.
    loss_curve_ : list of float
        Mean of :math:`-\log p_i` (or :math:`1 - p_i`) and penalty in each epoch.
    n_iter_ : int
        Epochs done.
    n_features_in_ : int
        Columns seen in ``fit``.

    Notes
    -----
    With :math:`q_{ij} = p_{ij}[y_i = y_j] / p_i - p_{ij}` and z = Wx, the slope of
    :math:`-\log p_i` is :math:`2 \sum_j q_{ij} (z_i - z_j)` in :math:`z_i` and
    :math:`-2 q_{ij} (z_i - z_j)` in each :math:`z_j`; that of :math:`1 - p_i` is
    :math:`p_i` times as large. Rows alone of their class in a mini-batch are neighbours
    for the others, but have no :math:`p_i` of their own.

    Time for an epoch is O(n_samples * batch_size * n_components + n_samples *
    n_features * n_components). The rows are centred and scaled inside, so that the
    answer does not depend on the units of X.

    References
    ----------
    .. [1] Goldberger, Roweis, Hinton and Salakhutdinov (2004). "Neighbourhood
       components analysis". NIPS. (equations 3, 5 and the last of section 2)

    Examples
    --------
    The second feature is noise, larger than the first, which separates the classes.

    >>> import numpy as np
    >>> from lookalike.learn import NeighbourhoodComponents
    >>> X = np.array([[0, 5], [0, -5], [0, 0], [1, 4], [1, -4], [1, 1]])
    >>> y = [0, 0, 0, 1, 1, 1]
    >>> model = NeighbourhoodComponents(max_iter=200, learning_rate=0.1).fit(X, y)
    >>> scale = np.linalg.norm(model.components_, axis=0)
    >>> bool(scale[0] > 10 * scale[1])
    True
    """

    loss_curve_: list[float]
    n_iter_: int

    def __init__(
        self,
        n_components: int | None = None,
        *,
        init: Any = "auto",
        objective: str = "log_probability",
        alpha: float = 0.005,
        batch_size: int = 1000,
        learning_rate: float = 0.005,
        max_iter: int = 20,
        tol: float = 1e-5,
        callback: Callable[[int, float], object] | None = None,
        random_state: Any = None,
    ) -> None:
        self.n_components = n_components
        self.init = init
        self.objective = objective
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.tol = tol
        self.callback = callback
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Learn W from rows X (n_samples, n_features) and classes y (n_samples,)."""
        rows, labels = self._checked(X, y)
        rng = check_random_state(self.random_state)
        unit, centred = _centred(rows)
        W = self._start(centred, labels, rng, unit)
        batches = max(1, round(len(rows) / self.batch_size))
        adam = Adam(self.learning_rate)
        patience = Patience(n_epochs=5, tol=self.tol)
        self.loss_curve_ = []
        for epoch in range(self.max_iter):
            losses = []
            for i, batch in enumerate(_batches(labels, batches, rng)):
                done = (epoch + i / batches) / self.max_iter
                adam.learning_rate = (
                    self.learning_rate * 0.5 * (1 + np.cos(np.pi * done))
                )
                loss, G = self._loss_and_slope(W, centred[batch], labels[batch])
                adam.step([W], [G])
                losses.append(loss)
            self.loss_curve_.append(float(np.mean(losses)))
            check_learned(self.loss_curve_[-1], W)
            if self.callback is not None:
                self.callback(epoch + 1, self.loss_curve_[-1])
            patience.see(self.loss_curve_[-1])
            if patience.is_over:
                break
        self.n_iter_ = len(self.loss_curve_)
        self.components_: Array = W / unit
        return self

    def _loss_and_slope(self, W: Array, X: Array, labels: Ints) -> tuple[float, Array]:
        """Mean loss of a mini-batch sorted by class, and its gradient in W."""
        accuracy = self.objective == "accuracy"
        loss, slope = _neighbour_loss(X @ W.T, np.bincount(labels), accuracy)
        penalty = 0.5 * self.alpha * float(np.vdot(W, W))
        return loss + penalty, slope.T @ X + W.dtype.type(self.alpha) * W

    def _start(self, X: Array, y: Ints, rng: Any, unit: float) -> Array:
        """Initial W, for centred rows that were divided by ``unit``."""
        n_components = chosen_width(self.n_components, self.init, X.shape[1])
        W = first_map(X, y, n_components, self.init, rng)
        if not isinstance(self.init, str):
            return W * X.dtype.type(unit)
        return W / (np.sqrt(np.mean(np.square(X @ W.T))) or X.dtype.type(1))

    def _checked(self, X: ArrayLike, y: ArrayLike) -> tuple[Array, Ints]:
        check_choice("objective", self.objective, OBJECTIVES)
        check_positive("alpha", self.alpha, zero=True)
        check_positive("learning_rate", self.learning_rate)
        check_positive("tol", self.tol, zero=True)
        check_whole("batch_size", self.batch_size, least=2)
        check_whole("max_iter", self.max_iter)
        rows, y = validate_data(self, X, y, dtype=FLOATS)
        check_classification_targets(y)
        labels = np.unique(y, return_inverse=True)[1]
        check_classes(labels)
        return rows, labels


def _centred(X: Array) -> tuple[Any, Array]:
    """The root of the mean variance of the columns, and X in units of it."""
    centred = X - X.mean(axis=0, dtype=np.float64).astype(X.dtype)
    unit = X.dtype.type(np.sqrt(np.mean(np.square(centred)))) or X.dtype.type(1)
    centred /= unit
    return unit, centred


def _batches(labels: Ints, n_batches: int, rng: Any) -> Iterator[Ints]:
    """Random batches of all rows, the rows of each batch sorted by class."""
    for batch in np.array_split(rng.permutation(len(labels)), n_batches):
        yield batch[np.argsort(labels[batch], kind="stable")]


def _neighbour_loss(Z: Array, counts: Ints, accuracy: bool) -> tuple[float, Array]:
    r"""Mean of :math:`-\log p_i` (or :math:`1 - p_i`), and its gradient in Z.

    Z holds the embedded rows, class by class; counts[c] of them are of class c.
    """
    loss, slope = 0.0, np.zeros_like(Z)
    squares, pulls = np.einsum("ij,ij->i", Z, Z), np.zeros(len(Z), Z.dtype)
    stops = np.cumsum(counts)
    has_pair = counts >= 2
    for start, stop in zip((stops - counts)[has_pair], stops[has_pair], strict=True):
        own = slice(start, stop)
        logits = (2 * Z[own]) @ Z.T - squares  # but for a constant in each row
        logits.ravel()[start :: len(Z) + 1] = -np.inf  # a row is not its own neighbour
        like, log_like = _softmax(logits[:, own].copy())
        Q, log_all = _softmax(logits)
        np.negative(Q, out=Q)
        Q[:, own] += like
        log_p = log_like - log_all
        if accuracy:
            p = np.exp(log_p)
            Q *= p[:, None]
            loss += float((1 - p).sum())
        else:
            loss -= float(log_p.sum())
        slope[own] -= Q @ Z
        slope -= Q.T @ Z[own]
        pulls += Q.sum(axis=0)
    slope += pulls[:, None] * Z
    n = max(1, counts[has_pair].sum())
    return loss / n, slope * (Z.dtype.type(2) / Z.dtype.type(n))


def _softmax(logits: Array) -> tuple[Array, Array]:
    """Rows of probabilities, written over the logits, and the logs of their sums."""
    peaks = logits.max(axis=1)
    logits -= peaks[:, None]
    np.exp(logits, out=logits)
    sums = logits.sum(axis=1)
    logits /= sums[:, None]
    return logits, peaks + np.log(sums)
