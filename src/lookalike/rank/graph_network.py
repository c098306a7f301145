"""Node embeddings by a graph convolution network (needs the deep extra)."""

from typing import Any, Self

import numpy as np
import scipy.sparse as sp

from lookalike._checks import check_learned, check_positive, check_whole
from lookalike._typing import Array, Floats, Ints

try:
    import torch
    from torch import Tensor
    from torch.nn import functional
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "GraphNetwork needs torch: pip install 'lookalike[deep]'."
    ) from error

from lookalike.learn.torch_training import threads


class GraphNetwork:
    r"""Embed the nodes of a graph so that linked nodes have large inner products.

    Every node has a vector. The vectors are propagated along the links,

    .. math:: E^{(l+1)} = D^{-1/2} A D^{-1/2} E^{(l)}, \qquad
              E = \frac{1}{L + 1} \sum_{l=0}^{L} E^{(l)},

    with A the adjacency matrix and D the degrees. The vectors :math:`E^{(0)}` are
    learned so that a link (i, j) scores above a pair (i, k) drawn at random,

    .. math:: -\ln \sigma(e_i' e_j - e_i' e_k) + \lambda \lVert E^{(0)} \rVert^2,

    where the links that are scored in a pass are left out of A, so that no link is
    predicted from itself.

    Parameters
    ----------
    n_components : int, default=64
        Length of a vector.
    n_layers : int, default=2
        L, number of propagation steps.
    max_iter : int, default=60
        Passes over the links.
    held_out : float, default=0.2
        Share of the links that is left out of A in each pass, and scored.
    learning_rate : float, default=0.02
    alpha : float, default=1e-5
        :math:`\lambda`.
    random_state : int, default=0
    n_jobs : int or None, default=None
        Threads; None leaves the choice to torch.

    Attributes
    ----------
    embedding_ : ndarray of shape (n_nodes, n_components), float32
        E, propagated along all links.
    loss_curve_ : list of float
        Loss of each pass.

    Notes
    -----
    Cost of a pass: O(n_links * n_components * n_layers).

    References
    ----------
    .. [1] He et al. (2020). "LightGCN: simplifying and powering graph convolution
       network for recommendation". SIGIR, equations 7 to 15.
    .. [2] Hamilton, Ying and Leskovec (2017). "Inductive representation learning on
       large graphs". NIPS.

    Examples
    --------
    >>> import numpy as np
    >>> from lookalike.rank.graph_network import GraphNetwork
    >>> rng = np.random.default_rng(0)
    >>> group = np.arange(60) // 20
    >>> same = group[:, None] == group
    >>> links = np.triu(same & (rng.random((60, 60)) < 0.4), 1)
    >>> model = GraphNetwork(8, max_iter=30, n_jobs=1).fit(links + links.T)
    >>> inner = model.embedding_ @ model.embedding_.T
    >>> bool(inner[same].mean() > 1 + inner[~same].mean())
    True
    """

    embedding_: Array
    loss_curve_: list[float]

    def __init__(
        self,
        n_components: int = 64,
        *,
        n_layers: int = 2,
        max_iter: int = 60,
        held_out: float = 0.2,
        learning_rate: float = 0.02,
        alpha: float = 1e-5,
        random_state: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.n_components = n_components
        self.n_layers = n_layers
        self.max_iter = max_iter
        self.held_out = held_out
        self.learning_rate = learning_rate
        self.alpha = alpha
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, links: Any) -> Self:
        """Learn the vectors.

        Parameters
        ----------
        links : array-like or sparse matrix of shape (n_nodes, n_nodes)
            Symmetric; entries other than 0 are links. The diagonal is ignored.

        Raises
        ------
        ValueError
            If the matrix is not square and symmetric, or holds fewer than two links.
        """
        for name in ("n_components", "n_layers", "max_iter"):
            check_whole(name, getattr(self, name))
        check_positive("learning_rate", self.learning_rate)
        check_positive("alpha", self.alpha, zero=True)
        check_positive("held_out", self.held_out)
        if self.held_out >= 1:
            raise ValueError(f"held_out must lie in (0, 1), got {self.held_out!r}.")
        A = sp.csr_array(links)
        if A.shape[0] != A.shape[1] or (A != A.T).nnz:
            raise ValueError("links must be a square, symmetric matrix.")
        rows, columns = A.nonzero()
        pairs = np.stack([rows, columns], axis=1)[rows < columns].astype(np.int64)
        if len(pairs) < 2:
            raise ValueError(f"links must hold two links or more, got {len(pairs)}.")
        with torch.random.fork_rng(devices=[]), threads(self.n_jobs):
            torch.manual_seed(self.random_state)
            self._learn(pairs, A.shape[0])
        return self

    def _learn(self, pairs: Ints, n_nodes: int) -> None:
        rng = np.random.default_rng(self.random_state)
        own = torch.nn.Parameter(0.1 * torch.randn(n_nodes, self.n_components))
        optimiser = torch.optim.Adam([own], self.learning_rate)
        self.loss_curve_ = []
        for _ in range(self.max_iter):
            out = rng.random(len(pairs)) < self.held_out
            out[rng.integers(len(pairs), size=2)] = True, False
            vectors = self._propagate(_normalised(pairs[~out], n_nodes), own)
            loss = self._loss(vectors, own, pairs[out], n_nodes, rng)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            self.loss_curve_.append(float(loss.detach()))
            check_learned(self.loss_curve_[-1])
        with torch.inference_mode():
            vectors = self._propagate(_normalised(pairs, n_nodes), own)
        self.embedding_ = vectors.numpy().copy()

    def _propagate(self, links: Tensor, own: Tensor) -> Tensor:
        total = current = own
        for _ in range(self.n_layers):
            current = torch.sparse.mm(links, current)
            total = total + current
        return total / (self.n_layers + 1)

    def _loss(
        self,
        vectors: Tensor,
        own: Tensor,
        pairs: Ints,
        n_nodes: int,
        rng: np.random.Generator,
    ) -> Tensor:
        ends = np.concatenate([pairs, pairs[:, ::-1]])
        others = torch.from_numpy(rng.integers(n_nodes, size=len(ends)))
        i, j = (torch.from_numpy(np.ascontiguousarray(end)) for end in ends.T)
        lead = (vectors[i] * (vectors[j] - vectors[others])).sum(dim=1)
        return functional.softplus(-lead).mean() + self.alpha * (own**2).sum()


def _normalised(pairs: Ints, n_nodes: int) -> Tensor:
    """Return D^-1/2 A D^-1/2 of these links, sparse (n_nodes, n_nodes)."""
    ends = np.concatenate([pairs, pairs[:, ::-1]])
    degrees = np.maximum(np.bincount(ends[:, 0], minlength=n_nodes), 1)
    root: Floats = degrees**-0.5
    values = torch.from_numpy((root[ends[:, 0]] * root[ends[:, 1]]).astype(np.float32))
    indices = torch.from_numpy(np.ascontiguousarray(ends.T))
    size = (n_nodes, n_nodes)
    return torch.sparse_coo_tensor(
        indices, values, size, check_invariants=False
    ).coalesce()
