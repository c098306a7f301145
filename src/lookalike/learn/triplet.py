"""A linear map learned from triplets of an anchor, a positive and a negative."""

from collections.abc import Callable, Iterator
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import svd
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array

from lookalike._checks import check_choice, check_positive, check_whole
from lookalike._typing import Array, Ints
from lookalike._validation import validate_data
from lookalike.kernels.triplet import differences, keep_active
from lookalike.learn._linear import FLOATS
from lookalike.learn._linear_map import (
    LinearMap,
    check_classes,
    chosen_width,
    first_map,
)

POSITIVES = ("random", "nearest", "farthest")
NEGATIVES = ("random", "semi_hard", "hard")
FIRST = 32  # triplets whose gradient is the first map of init="gradient"


class TripletEmbedding(LinearMap):
    r"""Map rows so that each is nearer to its class than to others, by a margin.

    With anchor a, positive p of the same class and negative n of another,

    .. math::
        \min_W \frac{1}{|T|} \sum_{(a,p,n) \in T} \left[
        \lVert W(x_a - x_p) \rVert^2 - \lVert W(x_a - x_n) \rVert^2 + m \right]_+
        + \frac{\alpha}{2} \lVert W \rVert^2

    by stochastic gradient descent on mini-batches of triplets.

    Parameters
    ----------
    n_components : int, default=None
        Rows of W, at most n_features; None is n_features, or the rows of ``init``.
    margin : float, default=1.0
        m, positive. It sets the scale of the embedding.
    alpha : float, default=0.001
        Weight of the penalty, at least 0.
    positives : {'random', 'nearest', 'farthest'}, default='nearest'
        In each epoch each row is the anchor once, in random order, with a random row of
        its class and a random row of the others. 'nearest' replaces the first by the
        anchor's nearest partner in the mini-batch, 'farthest' by the farthest [2]_.
    negatives : {'random', 'semi_hard', 'hard'}, default='semi_hard'
        'hard' replaces the second by the nearest row of the other classes in the
        mini-batch; 'semi_hard' by the nearest that is farther than the positive, or, if
        none is, by the farthest [1]_.
    batch_size : int, default=256
        Triplets in a mini-batch. Mining searches all their rows.
    learning_rate : float or 'auto', default='auto'
        Step of the descent, positive. 'auto' is 1 over the mean squared distance of two
        random rows, which makes learning independent of the scale of X; for pixels of
        digits in [0, 1] it is near 0.01.
    max_iter : int, default=20
        Epochs.
    init : {'auto', 'pca', 'lda', 'identity', 'random', 'gradient'} or ndarray of \
            shape (n_components, n_features), default='auto'
        Where W starts: 'auto' is 'pca' for fewer components than features and samples,
        else 'identity'; 'random' is 0.01 times a standard normal; 'gradient' is the
        gradient at such a random W, on the first 32 random triplets, without penalty.
    callback : callable, default=None
        Called after each epoch with the number of epochs done and the epoch's loss.
    random_state : int, RandomState instance or None, default=None
        Source of triplets, order and ``init``. Random triplets are drawn before W.

    Attributes
    ----------
    components_ : ndarray of shape (n_components, n_features)
        W.
    loss_curve_ : list of float
        Mean loss of each epoch; each mini-batch counts with the W before its step.
    n_iter_ : int
        Epochs done.
    n_features_in_ : int
        Columns seen in ``fit``.

    Raises
    ------
    ValueError
        When the loss diverges, because ``learning_rate`` is too large for X.

    Notes
    -----
    The gradient of one active triplet is :math:`2W(\delta_p \delta_p^\top - \delta_n
    \delta_n^\top)` with :math:`\delta_p = x_a - x_p`, :math:`\delta_n = x_a - x_n`:
    it needs two differences instead of three points, only for triplets that break the
    margin, and it is W times a matrix. So the column space of W never grows: with
    :math:`W = QV`, :math:`Q^\top Q = I`, all distances are those of V, which takes the
    same steps, and W may have many more rows than its rank. An epoch costs
    O(n_triplets * n_features * rank). With init='gradient' the rank is at most twice
    the number of the first 32 triplets that are active, however large n_components.

    Random positives draw all rows of a class together, which a linear map can do only
    by dropping the directions in which a class varies; correct neighbours need only
    near rows of the class. On MNIST (150 principal components, 50 rows in W, 10,000
    training images held out) 3 nearest neighbours are correct for 96.0% of the images
    after learning from random positives and negatives and 94.7% with
    semi-hard negatives, but for 97.6% from nearest positives and random negatives and
    98.0% from nearest and semi-hard ones; without learning, for 97.4%.

    References
    ----------
    .. [1] Schroff, Kalenichenko and Philbin (2015). "FaceNet: a unified embedding for
       face recognition and clustering". CVPR. (section 3.2)
    .. [2] Hermans, Beyer and Leibe (2017). "In defense of the triplet loss for person
       re-identification". arXiv:1703.07737. (equation 5)
    .. [3] Weinberger and Saul (2009). "Distance metric learning for large margin
       nearest neighbor classification". JMLR 10.

    Examples
    --------
    The second feature is noise, larger than the first, which separates the classes.

    >>> import numpy as np
    >>> from lookalike.learn import TripletEmbedding
    >>> X = np.array([[0, 5], [0, -5], [0, 0], [1, 4], [1, -4], [1, 1]])
    >>> y = [0, 0, 0, 1, 1, 1]
    >>> model = TripletEmbedding(batch_size=2, max_iter=100, random_state=0).fit(X, y)
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
        margin: float = 1.0,
        alpha: float = 0.001,
        positives: str = "nearest",
        negatives: str = "semi_hard",
        batch_size: int = 256,
        learning_rate: Any = "auto",
        max_iter: int = 20,
        init: Any = "auto",
        callback: Callable[[int, float], object] | None = None,
        random_state: Any = None,
    ) -> None:
        self.n_components = n_components
        self.margin = margin
        self.alpha = alpha
        self.positives = positives
        self.negatives = negatives
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.init = init
        self.callback = callback
        self.random_state = random_state

    def fit(
        self, X: ArrayLike, y: Any = None, *, triplets: ArrayLike | None = None
    ) -> Self:
        """Learn from the classes y (n_samples,), or from given triplets.

        triplets : array of shape (n_triplets, 3), rows (anchor, positive, negative) of
            X. They are taken in this order in each epoch, and y may be None.
        """
        rows, labels = self._checked(X, y, triplets is None)
        self._check_parameters()
        n_components = chosen_width(self.n_components, self.init, rows.shape[1])
        rng = check_random_state(self.random_state)
        own = None
        if triplets is not None:
            own = _checked_triplets(triplets, len(rows))
        first = draw_triplets(labels, rng) if own is None else own
        W = self._first_map(rows, labels, first, n_components, rng)
        Q, V = _factors(W)
        rate = self.learning_rate
        if rate == "auto":
            rate = 1 / (2 * rows.var(axis=0, dtype=np.float64).sum() or 1.0)
        D = np.empty((2 * min(self.batch_size, len(first)), rows.shape[1]), rows.dtype)
        self.loss_curve_ = []
        for _ in range(self.max_iter):
            with np.errstate(over="ignore", invalid="ignore"):  # reported by _record
                done = [
                    self._step(V, rows, batch, D, rate)
                    for batch in self._batches(V, rows, labels, own, rng)
                ]
            self._record(done)
        self.n_iter_ = self.max_iter
        self.components_: Array = Q @ V
        return self

    def _step(
        self, V: Array, X: Array, triplets: Ints, D: Array, rate: float
    ) -> tuple[float, int, float]:
        """Descend one step; return the hinge's sum, the triplets and the penalty."""
        n = len(triplets)
        hinge, G = _slope(V, X, triplets, D, self.margin)
        penalty = 0.5 * self.alpha * float(np.vdot(V, V))
        V *= 1 - rate * self.alpha
        V -= (rate / n) * G
        return hinge, n, penalty

    def _record(self, done: list[tuple[float, int, float]]) -> None:
        """Record the loss of an epoch; refuse one that diverges."""
        hinges, counts, penalties = zip(*done, strict=True)
        loss = float(sum(hinges) / sum(counts) + np.mean(penalties))
        self.loss_curve_.append(loss)
        if not loss < 1e6 * self.loss_curve_[0]:
            raise ValueError(
                f"The loss grew to {loss:.3g} in epoch {len(self.loss_curve_)}: "
                f"learning_rate={self.learning_rate!r} is too large for these data."
            )
        if self.callback is not None:
            self.callback(len(self.loss_curve_), loss)

    def _batches(
        self, V: Array, X: Array, labels: Ints, own: Ints | None, rng: Any
    ) -> Iterator[Ints]:
        """Yield an epoch's triplets by mini-batches, mined with the current V."""
        triplets, mining = own, False
        if triplets is None:
            triplets = rng.permutation(draw_triplets(labels, rng))
            mining = {self.positives, self.negatives} != {"random"}
        for start in range(0, len(triplets), self.batch_size):
            batch = triplets[start : start + self.batch_size]
            if mining:
                Z = X[batch.ravel()] @ V.T
                batch = _mined(Z, batch, labels, self.positives, self.negatives)
            yield batch

    def _first_map(
        self, X: Array, y: Ints | None, triplets: Ints, n_components: int, rng: Any
    ) -> Array:
        if not isinstance(self.init, str) or self.init not in ("random", "gradient"):
            return first_map(X, y, n_components, self.init, rng)
        W = X.dtype.type(0.01) * first_map(X, y, n_components, "random", rng)
        if self.init == "random":
            return W
        few = triplets[:FIRST]
        D = np.empty((2 * len(few), X.shape[1]), X.dtype)
        return _slope(W, X, few, D, self.margin)[1] / len(few)

    def _checked(self, X: ArrayLike, y: Any, needs_y: bool) -> tuple[Array, Any]:
        if y is None and not needs_y:
            return validate_data(self, X, dtype=FLOATS, order="C"), None
        rows, y = validate_data(self, X, y, dtype=FLOATS, order="C")
        check_classification_targets(y)
        labels = np.unique(y, return_inverse=True)[1]
        if needs_y:
            check_classes(labels)
        return rows, labels

    def _check_parameters(self) -> None:
        check_positive("margin", self.margin)
        check_positive("alpha", self.alpha, zero=True)
        check_choice("positives", self.positives, POSITIVES)
        check_choice("negatives", self.negatives, NEGATIVES)
        check_whole("batch_size", self.batch_size)
        check_whole("max_iter", self.max_iter)
        if self.learning_rate != "auto":
            check_positive("learning_rate", self.learning_rate)


def draw_triplets(y: ArrayLike, random_state: Any = None) -> Ints:
    """Draw a triplet for each row of y as anchor, in order: (n_samples, 3).

    The positive is any row of the anchor's class, perhaps itself, the negative any row
    of the others, each with equal rng: the same rows as ``choice`` of NumPy's
    RandomState draws from each anchor's two pools in turn.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Classes, at least two of them.
    random_state : int, RandomState instance or None, default=None
        Source of rng.

    Examples
    --------
    >>> from lookalike.learn.triplet import draw_triplets
    >>> draw_triplets(["cat", "dog", "cat"], random_state=0)
    array([[0, 0, 1],
           [1, 1, 2],
           [2, 2, 1]])
    """
    _, labels, counts = np.unique(y, return_inverse=True, return_counts=True)
    n = len(labels)
    sizes = np.column_stack([counts[labels], n - counts[labels]])
    drawn = check_random_state(random_state).randint(0, sizes)
    triplets = np.column_stack([np.arange(n), drawn])
    for c in range(len(counts)):
        of_class = labels == c
        members = np.flatnonzero(of_class)
        positive, negative = drawn[members].T
        # Of the rows not in the class, number r has as many members before it as have
        # at most r such rows before them.
        before = np.searchsorted(members - np.arange(len(members)), negative, "right")
        triplets[members, 1] = members[positive]
        triplets[members, 2] = negative + before
    return triplets


def _mined(
    Z: Array, triplets: Ints, labels: Ints, positives: str, negatives: str
) -> Ints:
    """Replace positives and negatives by mined rows of the same mini-batch.

    Z holds the embedded rows of the triplets, in their order.
    """
    rows, anchors, each = triplets.ravel(), triplets[:, 0], np.arange(len(triplets))
    squares = np.einsum("ij,ij->i", Z, Z)
    distances = squares - 2 * (Z[::3] @ Z.T)  # but for a constant in each row
    like = labels[rows] == labels[anchors][:, None]
    positive, negative = 3 * each + 1, 3 * each + 2
    if positives != "random":
        partners = like & (rows != anchors[:, None])
        chosen = _extreme(distances, partners, nearest=positives == "nearest")
        positive = np.where(partners.any(axis=1), chosen, positive)
    if negatives == "hard":
        negative = _extreme(distances, ~like, nearest=True)
    elif negatives == "semi_hard":
        beyond = ~like & (distances > distances[each, positive, None])
        nearest = _extreme(distances, beyond, nearest=True)
        farthest = _extreme(distances, ~like, nearest=False)
        negative = np.where(beyond.any(axis=1), nearest, farthest)
    return np.column_stack([anchors, rows[positive], rows[negative]])


def _extreme(distances: Array, among: Array, nearest: bool) -> Ints:
    """Column of the least (or greatest) distance among those allowed, row by row."""
    if nearest:
        return np.where(among, distances, np.inf).argmin(axis=1)
    return np.where(among, distances, -np.inf).argmax(axis=1)


def _slope(
    W: Array, X: Array, triplets: Ints, D: Array, margin: float
) -> tuple[float, Array]:
    """Sum of the hinges over the triplets, and its gradient in W. D is scratch."""
    differences(X, triplets, D)
    E = D[: 2 * len(triplets)] @ W.T
    count, hinge = keep_active(E, D, margin)
    return hinge, 2 * (E[: 2 * count].T @ D[: 2 * count])


def _factors(W: Array) -> tuple[Array, Array]:
    """Q with orthonormal columns and V of full row rank, such that W = QV."""
    Q, scales, V = svd(W, full_matrices=False, check_finite=False)
    noise = scales[0] * max(W.shape) * np.finfo(W.dtype).eps
    rank = max(1, np.count_nonzero(scales > noise))
    return Q[:, :rank], scales[:rank, None] * V[:rank]


def _checked_triplets(triplets: ArrayLike, n_samples: int) -> Ints:
    given = check_array(triplets, dtype=None, input_name="triplets")
    if given.shape[1] != 3 or not np.issubdtype(given.dtype, np.integer):
        raise ValueError(
            "triplets must be whole numbers of shape (n_triplets, 3), got "
            f"{given.dtype} of shape {given.shape}."
        )
    if given.min() < 0 or given.max() >= n_samples:
        raise ValueError(
            f"triplets must be rows of X, 0 to {n_samples - 1}, got "
            f"{given.min()} to {given.max()}."
        )
    return np.ascontiguousarray(given, np.int64)
