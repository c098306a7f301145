"""Regression by a multi-layer network."""

from collections.abc import Iterable
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils import column_or_1d
from sklearn.utils.metaestimators import available_if

from lookalike._typing import Array
from lookalike.learn._mlp import MultilayerPerceptron
from lookalike.learn._mlp_parameters import learns_by_batches
from lookalike.learn._training import Samples
from lookalike.learn.losses import Loss, PoissonLoss, SquaredLoss

LOSSES: dict[str, Loss] = {"squared_error": SquaredLoss(), "poisson": PoissonLoss()}


class MLPRegressor(RegressorMixin, MultilayerPerceptron):
    r"""Predict numbers by layers of weighted sums with a nonlinearity between them.

    .. math::

        h_1 = f(x W_1 + b_1), \quad \dots, \quad
        \hat y = h_m W_{m + 1} + b_{m + 1}

    and the weights make the mean of :math:`\frac{1}{2} \|\hat y - y\|^2` small,
    together with the penalty of :class:`MLPClassifier`.

    Parameters
    ----------
    loss : {"squared_error", "poisson"}, default="squared_error"
        Half of the squared error; or, for counts, half of the Poisson deviance, where
        the exponential of the last sums is the prediction and y must not be negative.
    hidden_layer_sizes, activation, ... :
        As in :class:`MLPClassifier`, with the same defaults. The score of early
        stopping is R squared, the share of the variance that is explained.

    Attributes
    ----------
    coefs_, intercepts_, loss_curve_, ... :
        As in :class:`MLPClassifier`.

    Notes
    -----
    The loss of several outputs is their sum, whose gradient the steps follow;
    scikit-learn reports their mean, and so stops by another ``tol``.

    Scale features and targets: a training that leaves the finite numbers, as it may
    from columns of unlike units, is refused.

    Examples
    --------
    >>> import numpy as np
    >>> from lookalike.learn import MLPRegressor
    >>> X = np.linspace(-1, 1, 41)[:, None]
    >>> model = MLPRegressor(hidden_layer_sizes=8, solver="lbfgs", random_state=0)
    >>> model.fit(X, abs(X[:, 0])).predict([[-0.5], [0.0], [1.0]]).round(1)
    array([0.5, 0. , 1. ])
    """

    def __init__(
        self,
        loss: str = "squared_error",
        hidden_layer_sizes: int | Iterable[int] = (100,),
        activation: str = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: int | np.random.RandomState | None = None,
        tol: float = 1e-4,
        verbose: bool = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        weight_init: str = "auto",
        l1_ratio: float = 0.0,
        dropout: float = 0.0,
        rho: float = 0.9,
    ) -> None:
        super().__init__(
            hidden_layer_sizes=hidden_layer_sizes,
            activation=activation,
            solver=solver,
            alpha=alpha,
            batch_size=batch_size,
            learning_rate=learning_rate,
            learning_rate_init=learning_rate_init,
            power_t=power_t,
            max_iter=max_iter,
            shuffle=shuffle,
            random_state=random_state,
            tol=tol,
            verbose=verbose,
            warm_start=warm_start,
            momentum=momentum,
            nesterovs_momentum=nesterovs_momentum,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            beta_1=beta_1,
            beta_2=beta_2,
            epsilon=epsilon,
            n_iter_no_change=n_iter_no_change,
            max_fun=max_fun,
            weight_init=weight_init,
            l1_ratio=l1_ratio,
            dropout=dropout,
            rho=rho,
        )
        self.loss = loss

    @available_if(learns_by_batches)  # type: ignore[untyped-decorator]
    def partial_fit(
        self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Make one epoch over these samples, continuing the last call.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample in the loss.
        """
        return self._fit(X, y, sample_weight, one_pass=True)

    def predict(self, X: Any) -> Array:
        """Predicted numbers, shape (n_samples,) or (n_samples, n_outputs)."""
        answer = self._answer(X)
        return answer[:, 0] if self.n_outputs_ == 1 else answer

    @property
    def _loss(self) -> Loss:
        return LOSSES[self.loss]

    def _encode(self, y: Array, dtype: DTypeLike, known: bool) -> Array:
        """Make one column of each target."""
        if self.loss not in LOSSES:
            raise ValueError(f"loss must be one of {tuple(LOSSES)}, got {self.loss!r}.")
        if self.loss == "poisson" and y.min() < 0:
            raise ValueError(f"loss='poisson' needs y of at least 0, got {y.min()}.")
        y = column_or_1d(y, warn=True) if y.shape[1:] == (1,) else y
        Y = y.reshape(len(y), -1).astype(dtype)
        if known and Y.shape[1] != getattr(self, "n_outputs_", Y.shape[1]):
            raise ValueError(
                f"y has {Y.shape[1]} outputs, but had {self.n_outputs_} before."
            )
        self.n_outputs_ = Y.shape[1]
        return Y

    def _score(self, answer: Array, samples: Samples) -> float:
        if not np.isfinite(answer).all():
            return np.nan
        return float(r2_score(samples.y, answer, sample_weight=samples.weight))
