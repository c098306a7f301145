"""Matrix factorisation for implicit feedback, by alternating least squares."""

from typing import Any, ClassVar, Self

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from lookalike._checks import check_positive, check_whole
from lookalike._parallel import blas_threads, run_slices
from lookalike._typing import Float32s
from lookalike.kernels.implicit_als import solve_rows
from lookalike.rank._known_rows import KnownRows
from lookalike.rank.recommender import Recommends, check_user_items, dense_products
from lookalike.rank.restorable import Restorable
from lookalike.search.memory import for_kernels

LARGEST = 1e12  # confidence beside which those of 1 still count
SLICE = 128  # rows a slice of work


class ImplicitALS(Restorable, Recommends, TransformerMixin, BaseEstimator):
    r"""Describe users and items by factors whose products approximate preferences.

    An interaction is a preference of 1, with a confidence that rises with its value;
    no interaction is a preference of 0 with confidence 1:

    .. math:: \min_{U, V} \sum_{u, i} c_{ui} (p_{ui} - u_u^T v_i)^2
              + \alpha (\|U\|^2 + \|V\|^2), \qquad
              c_{ui} = 1 + w x_{ui}, \quad p_{ui} = [x_{ui} > 0]

    Parameters
    ----------
    n_components : int, default=64
    alpha : float, default=0.01
        Strength of the penalty, above 0.
    confidence : float, default=40.0
        w, 0 or more. Times the largest value it is at most 1e12.
    max_iter : int, default=15
        Rounds. Each solves all users, then all items; at the end all users are solved
        once more.
    n_steps : int, default=3
        Steps of conjugate gradients for rows with many entries. Other rows are solved
        exactly.
    random_state : int, RandomState or None, default=None
    n_jobs : int or None, default=None
        Threads; the factors do not depend on it.

    Attributes
    ----------
    user_factors_ : ndarray of shape (n_users, n_components), float32
    item_factors_ : ndarray of shape (n_items, n_components), float32
    n_iter_ : int
        Number of rounds, always ``max_iter``.

    Notes
    -----
    ``transform`` and ``recommend`` fold a user in by one solve with the item factors
    fixed, so that the latest interactions count. A history that equals one of ``fit``
    in every entry is looked up instead: its row of ``user_factors_`` is what solving
    again would give, to the last digit. After ``partial_fit`` all histories are solved.
    Parameters that are changed after ``fit`` take effect in the next ``fit``. Cost of a
    round: O((n_users + n_items) n_components**2), and O(n_components) several times for
    each entry.

    References
    ----------
    .. [1] Hu, Koren and Volinsky (2008). "Collaborative filtering for implicit feedback
       datasets". ICDM, equations 4 and 5.
    .. [2] Takács, Pilászy and Tikk (2011). "Applications of the conjugate gradient
       method for implicit feedback collaborative filtering". RecSys.

    Examples
    --------
    >>> user_items = np.kron(np.eye(2), np.ones((4, 3)))  # two tastes of three items
    >>> user_items[0, 0] = user_items[7, 5] = 0
    >>> model = ImplicitALS(2, random_state=0).fit(user_items)
    >>> model.recommend(user_items[[0, 7]], k=1).ids
    [array([0]), array([5])]
    """

    fitted: ClassVar[tuple[tuple[str, int], ...]] = (("item_factors_", 0),)

    user_factors_: Float32s
    item_factors_: Float32s
    n_iter_: int
    _known: KnownRows | None = None  # None after from_arrays: users are not saved

    def __init__(
        self,
        n_components: int = 64,
        alpha: float = 0.01,
        confidence: float = 40.0,
        max_iter: int = 15,
        n_steps: int = 3,
        random_state: Any = None,
        n_jobs: int | None = None,
    ) -> None:
        self.n_components = n_components
        self.alpha = alpha
        self.confidence = confidence
        self.max_iter = max_iter
        self.n_steps = n_steps
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, user_items: Any, y: object = None) -> Self:
        """Learn the factors."""
        X = check_user_items(self, user_items, reset=True)
        self._check_parameters()
        by_user, by_item = self._weigh(X), self._weigh(sp.csr_array(X.T))
        rng = check_random_state(self.random_state)
        shape = (X.shape[1], self.n_components)
        self.item_factors_ = (0.01 * rng.random_sample(shape)).astype(np.float32)
        self.user_factors_ = np.zeros((X.shape[0], self.n_components), np.float32)
        for _ in range(self.max_iter):
            self._solve(by_user, self.item_factors_, self.user_factors_)
            self._solve(by_item, self.user_factors_, self.item_factors_)
        self.user_factors_ = self._fold(X, self.item_factors_)
        self._known = KnownRows(X)
        self.n_iter_ = self.max_iter
        return self

    def partial_fit(self, user_items: Any, y: object = None) -> Self:
        """Fold in users and items that are new since ``fit``.

        Parameters
        ----------
        user_items : sparse matrix of shape (n_users, n_items)
            All interactions: the users and items of ``fit`` in their old positions,
            new ones after them. The learned factors stay as they are. New users are
            solved from the old items, then new items from all users.
        """
        if not hasattr(self, "item_factors_"):
            return self.fit(user_items)
        old_users, old_items = len(self.user_factors_), len(self.item_factors_)
        X = check_user_items(self, user_items, reset=True)
        if X.shape[0] < old_users or X.shape[1] < old_items:
            raise ValueError(
                f"user_items must keep the {old_users} users and {old_items} items "
                f"that were learned, got shape {X.shape}."
            )
        known = sp.csr_array(X[old_users:, :old_items])
        users = self._fold(known, self.item_factors_)
        self.user_factors_ = np.concatenate([self.user_factors_, users])
        new = sp.csr_array(X[:, old_items:].T)
        items = self._fold(new, self.user_factors_)
        self.item_factors_ = np.concatenate([self.item_factors_, items])
        self._known = None  # users were solved from old items only
        return self

    def transform(self, user_items: Any) -> Float32s:
        """Return the factors of users by their histories, (n_users, n_components)."""
        check_is_fitted(self)
        X = check_user_items(self, user_items)
        if self._known is None:
            return self._fold(X, self.item_factors_)
        positions = self._known.positions(X)
        found = self.user_factors_[positions]
        new = np.flatnonzero(positions < 0)
        if len(new):
            found[new] = self._fold(X[new], self.item_factors_)
        return found

    def score_items(self, user_items: Any) -> Float32s:
        """Return the scores of all items for each user, (n_users, n_items)."""
        columns = np.ascontiguousarray(self.item_factors_.T)
        return dense_products(self.transform(user_items), columns, self.n_jobs)

    def _fold(self, rows: Any, factors: Float32s) -> Float32s:
        found = np.zeros((rows.shape[0], factors.shape[1]), np.float32)
        # More steps: these rows start from 0 and not from an earlier round.
        self._solve(self._weigh(rows), factors, found, n_steps=4 * self.n_steps)
        return found

    def _weigh(self, X: Any) -> Any:
        """Return confidence minus 1."""
        largest = float(self.confidence) * float(X.data.max(initial=0))
        if largest > LARGEST:
            raise ValueError(
                f"confidence times the largest value must be at most {LARGEST:g}, got "
                f"{largest:g}: scale user_items down, or take its logarithm."
            )
        return sp.csr_array(
            (np.float32(self.confidence) * X.data, X.indices, X.indptr), shape=X.shape
        )

    def _solve(
        self, rows: Any, factors: Float32s, out: Float32s, n_steps: int | None = None
    ) -> None:
        n_jobs, steps = self.n_jobs, n_steps or self.n_steps
        # One thread: idle BLAS threads would spin on processors that ours need.
        with blas_threads(None, len(factors)):
            gram = factors.T @ factors
            gram[np.diag_indices_from(gram)] += np.float32(self.alpha)
            double = gram.astype(np.float64)
            solved = factors @ np.linalg.inv(double).astype(np.float32)
        grams = double, gram
        csr = rows.indptr, rows.indices, rows.data
        read = for_kernels(factors)
        run_slices(
            lambda a, b: solve_rows(*csr, read, *grams, solved, steps, a, b, out),
            rows.shape[0],
            n_jobs,
            SLICE,
        )
        if not np.isfinite(out).all():
            raise ValueError(
                "The factors left the finite numbers: scale user_items down, or raise "
                "alpha."
            )

    def _check_parameters(self) -> None:
        for name in ("n_components", "max_iter", "n_steps"):
            check_whole(name, getattr(self, name))
        check_positive("alpha", self.alpha)
        check_positive("confidence", self.confidence, zero=True)

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that factors are float32, whatever the input."""
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags
