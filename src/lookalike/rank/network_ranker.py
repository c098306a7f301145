"""A neural network that scores each candidate by itself (needs the deep extra)."""

from collections.abc import Mapping
from typing import Self

from lookalike._checks import check_choice, check_positive, check_whole
from lookalike._typing import Array, Floats, Ints
from lookalike.rank._network import Network
from lookalike.rank.ranker import BaseRanker, is_relevant

LOSSES = ("logistic", "focal", "balanced")


class NetworkRanker(BaseRanker):
    r"""Score a candidate by a network of rectifiers, optionally behind cross layers.

    .. math:: s(x) = w' h_L + b, \qquad h_{l+1} = \max(0, W_l h_l + b_l), \quad h_0 = z,

    with z the features, centred and scaled. With ``n_cross`` above 0 (a deep and cross
    network, version 2 [2]_) the input first passes through cross layers,

    .. math:: x_{l+1} = x_0 \odot (W_l x_l + b_l) + x_l, \qquad x_0 = z,

    and :math:`h_0`, the last :math:`x_l`, holds products of up to ``n_cross + 1``
    features.

    Parameters
    ----------
    hidden_layer_sizes : tuple of int, default=(64, 32)
        Widths of the hidden layers.
    n_cross : int, default=0
        Number of cross layers.
    loss : {"logistic", "focal", "balanced"}, default="logistic"
        The logistic loss; the focal loss, which gives little weight to rows that are
        predicted well; or the logistic loss with both classes weighted by their
        effective number of samples.
    gamma : float, default=2.0
        Exponent of the focal loss; 0 is the logistic loss.
    beta : float, default=0.9999
        How far the classes are balanced, from 0 (not at all) to below 1 (fully).
    dropout : float, default=0.0
        Share of the outputs of each hidden layer that is dropped in training.
    max_iter : int, default=8
        Passes over the rows.
    batch_size : int, default=512
    learning_rate : float, default=3e-3
        Maximum of a one-cycle schedule.
    alpha : float, default=1e-3
        Weight decay.
    random_state : int, default=0
    n_jobs : int or None, default=None

    Attributes
    ----------
    network_ : Network
        The layers, as arrays.
    loss_curve_ : list of float
        Mean loss of each pass.
    n_features_in_ : int

    Notes
    -----
    torch trains the network; scoring does not need it. Rows with y above 0 are
    relevant. With the logistic loss, scores are log-odds of relevance; with the other
    losses they only order.

    References
    ----------
    .. [1] Covington, Adams and Sargin (2016). "Deep neural networks for YouTube
       recommendations". RecSys, section 4.
    .. [2] Wang et al. (2021). "DCN V2: improved deep & cross network and practical
       lessons for web-scale learning to rank systems". WWW, equation 1.
    .. [3] Loshchilov and Hutter (2019). "Decoupled weight decay regularization". ICLR.

    Examples
    --------
    >>> import numpy as np
    >>> from lookalike.rank.network_ranker import NetworkRanker
    >>> X = np.linspace(-1, 1, 400)[:, None]
    >>> middle = abs(X[:, 0]) < 0.5
    >>> model = NetworkRanker((16,), max_iter=60, batch_size=32, n_jobs=1)
    >>> np.sign(model.fit(X, middle).score_rows([[-0.9], [0.0], [0.9]]))
    array([-1., 1., -1.])
    >>> X = np.random.default_rng(0).normal(size=(600, 2))
    >>> model = NetworkRanker((16,), n_cross=1, max_iter=40, batch_size=32, n_jobs=1)
    >>> _ = model.fit(X, X[:, 0] * X[:, 1] > 0)  # a matter of their product
    >>> np.sign(model.score_rows([[1, 1], [1, -1], [-1, 1], [-1, -1]]))
    array([ 1., -1., -1.,  1.])
    """

    network_: Network
    loss_curve_: list[float]

    def __init__(
        self,
        hidden_layer_sizes: tuple[int, ...] = (64, 32),
        *,
        n_cross: int = 0,
        loss: str = "logistic",
        gamma: float = 2.0,
        beta: float = 0.9999,
        dropout: float = 0.0,
        max_iter: int = 8,
        batch_size: int = 512,
        learning_rate: float = 3e-3,
        alpha: float = 1e-3,
        random_state: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.n_cross = n_cross
        self.loss = loss
        self.gamma = gamma
        self.beta = beta
        self.dropout = dropout
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.alpha = alpha
        self.random_state = random_state
        self.n_jobs = n_jobs

    def _check_parameters(self) -> None:
        widths = self.hidden_layer_sizes
        if not isinstance(widths, tuple | list) or any(width < 1 for width in widths):
            raise ValueError(
                f"hidden_layer_sizes must be positive whole numbers, got {widths!r}."
            )
        check_whole("n_cross", self.n_cross, least=0)
        check_choice("loss", self.loss, LOSSES)
        check_positive("gamma", self.gamma, zero=True)
        if not 0 <= self.beta < 1:
            raise ValueError(f"beta must lie in [0, 1), got {self.beta!r}.")
        check_whole("max_iter", self.max_iter)
        check_whole("batch_size", self.batch_size)
        check_positive("learning_rate", self.learning_rate)
        check_positive("alpha", self.alpha, zero=True)

    def _learn(self, rows: Array, y: Floats, sizes: Ints, weight: Array) -> None:
        from lookalike.rank._network_training import train_network

        relevant = is_relevant(y)
        self.network_, self.loss_curve_ = train_network(self, rows, relevant, weight)

    def _score(self, rows: Array) -> Floats:
        return self.network_.scores(rows, self.n_jobs)

    def arrays(self) -> dict[str, Array]:
        """Return everything that ``score_rows`` needs, by name."""
        return self.network_.arrays()

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Return the ranker from which these arrays were taken.

        Raises
        ------
        ValueError
            If the layers do not fit together.
        """
        network = Network.from_arrays(arrays)
        ranker = cls(n_cross=len(network.cross))
        ranker.network_, ranker.n_features_in_ = network, len(network.mean)
        return ranker
