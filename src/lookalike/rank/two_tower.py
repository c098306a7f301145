"""Two-tower network: users and items in one vector space (needs the deep extra)."""

from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from lookalike._checks import check_positive, check_whole
from lookalike._typing import Float32s
from lookalike.rank.recommender import Recommends, check_user_items, dense_products


class TwoTower(Recommends, TransformerMixin, BaseEstimator):
    r"""Learn vectors of histories and of items, and rank by their cosine.

    For each pair of user and item the network learns to tell the item from the other
    items of the batch. Popular items are negatives more often, which would bias the
    loss against them. The logarithm of their frequency q corrects this [1]_:

    .. math:: L = -\ln \frac{e^{s(u, i) - \ln q_i}}
              {\sum_{j \in batch} e^{s(u, j) - \ln q_j}},
              \qquad s(u, i) = \frac{f(u)^T g(i)}{\tau \|f(u)\| \|g(i)\|}

    The user tower f is a network of two layers on the sum of the vectors of the items
    of the history, without the item to be predicted. The item tower g is the sum of a
    vector of the item and of the vectors of its features.

    Parameters
    ----------
    n_components : int, default=64
    hidden_layer_size : int, default=128
        Width of the hidden layer of the user tower.
    max_iter : int, default=15
        Passes over all pairs.
    batch_size : int, default=1024
    learning_rate : float, default=0.003
    temperature : float, default=0.1
        :math:`\tau`.
    logq_correction : bool, default=True
        Whether :math:`\ln q` is subtracted.
    random_state : int, default=0
    n_jobs : int or None, default=None

    Attributes
    ----------
    history_vectors_ : float32 (n_items, n_components)
        Vectors of the items of a history.
    item_vectors_ : float32 (n_items, n_components)
        Outputs of the item tower: rows of length 1, divided by the temperature.
    layers_ : list of two (weights, bias)
        Layers of the user tower.
    losses_ : list of float
        Mean loss of each pass.

    Notes
    -----
    Training needs torch, scoring does not. A new user is represented by their history
    like any other.

    References
    ----------
    .. [1] Yi et al. (2019). "Sampling-bias-corrected neural modeling for large corpus
       item recommendations". RecSys.

    Examples
    --------
    >>> user_items = np.kron(np.eye(2), np.ones((30, 6)))  # two tastes of six items
    >>> shown = user_items * (np.random.default_rng(0).random((60, 12)) < 0.6)
    >>> model = TwoTower(8, 16, 30, 64).fit(shown)
    >>> found = model.recommend(shown[[0, 59]], k=1).ids
    >>> [int(ids[0]) // 6 for ids in found]
    [0, 1]
    """

    history_vectors_: Float32s
    item_vectors_: Float32s
    layers_: list[tuple[Float32s, Float32s]]
    losses_: list[float]

    def __init__(
        self,
        n_components: int = 64,
        hidden_layer_size: int = 128,
        max_iter: int = 15,
        batch_size: int = 1024,
        learning_rate: float = 0.003,
        temperature: float = 0.1,
        logq_correction: bool = True,
        random_state: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.n_components = n_components
        self.hidden_layer_size = hidden_layer_size
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.temperature = temperature
        self.logq_correction = logq_correction
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, user_items: Any, y: object = None, item_features: Any = None) -> Self:
        """Learn both towers.

        Parameters
        ----------
        user_items : sparse matrix of shape (n_users, n_items)
        y : ignored
        item_features : sparse matrix of shape (n_items, n_features), optional
            Features of the items. They help most with items that few users have.

        Raises
        ------
        ValueError
            If there is no pair, or the features are not one row an item.
        """
        from lookalike.rank._two_tower_training import train_towers

        X = check_user_items(self, user_items, reset=True)
        self._check_parameters()
        F = None
        if item_features is not None:
            F = sp.csr_array(item_features, dtype=np.float32)
            if F.shape[0] != X.shape[1]:
                raise ValueError(
                    f"item_features must have {X.shape[1]} rows, got {F.shape[0]}."
                )
        if not X.nnz:
            raise ValueError("user_items must hold at least one pair, got none.")
        trained = train_towers(self, X, F)
        self.history_vectors_, self.item_vectors_ = trained.history, trained.items
        self.layers_, self.losses_ = trained.layers, trained.losses
        return self

    def transform(self, user_items: Any) -> Float32s:
        """Return the vectors of users by their histories, (n_users, n_components)."""
        check_is_fitted(self)
        X = check_user_items(self, user_items)
        return self._of_users(X)

    def score_items(self, user_items: Any) -> Float32s:
        """Return the scores of all items for each user, (n_users, n_items)."""
        columns = np.ascontiguousarray(self.item_vectors_.T)
        return dense_products(self.transform(user_items), columns, self.n_jobs)

    def _of_users(self, X: Any) -> Float32s:
        binary = sp.csr_array((np.ones_like(X.data), X.indices, X.indptr), X.shape)
        size = np.sqrt(np.maximum(np.diff(X.indptr), 1))[:, None]
        rows = np.asarray(binary @ self.history_vectors_ / size, np.float32)
        (W, b), (V, c) = self.layers_
        inner = np.maximum(dense_products(rows, W, self.n_jobs) + b, 0)
        outer = dense_products(inner, V, self.n_jobs) + c
        norms = np.sqrt((outer**2).sum(axis=1, keepdims=True))
        return np.ascontiguousarray(outer / np.maximum(norms, 1e-12), np.float32)

    def _check_parameters(self) -> None:
        for name in ("n_components", "hidden_layer_size", "max_iter", "batch_size"):
            check_whole(name, getattr(self, name))
        for name in ("learning_rate", "temperature"):
            check_positive(name, getattr(self, name))
