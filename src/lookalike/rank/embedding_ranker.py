"""Networks over embeddings of codes: deep and cross, and deep factorisation machine.

torch trains them (needs the deep extra); scoring does not need it.
"""

from collections.abc import Mapping
from typing import Self

import numpy as np

from lookalike._checks import check_choice, check_positive, check_whole
from lookalike._typing import Array, Floats, Ints
from lookalike.kernels.code_rows import code_sums
from lookalike.kernels.dense import dense_rows
from lookalike.rank._codes import check_n_codes, checked_clicks, checked_codes
from lookalike.rank.ranker import BaseRanker

STRUCTURES = ("stacked", "parallel", "deepfm")


class EmbeddingRanker(BaseRanker):
    r"""Score a row by a network over the embeddings of its codes.

    The embeddings of a row's slots, one after the other, are :math:`x_0`. Cross layers
    [1]_ are :math:`x_{l+1} = x_0 \odot (W_l x_l + b_l) + x_l`, deep ones
    :math:`h_{l+1} = \max(0, W_l h_l + b_l)`.

    - "stacked": the deep layers take the last cross layer.
    - "parallel": both take :math:`x_0`, and the score is linear in both.
    - "deepfm" [2]_: a factorisation machine over the embeddings, with a weight of each
      code, plus deep layers over :math:`x_0`.

    Parameters
    ----------
    n_codes : int, default=2**18
        Codes lie below it.
    structure : {"stacked", "parallel", "deepfm"}, default="stacked"
    n_factors : int, default=8
        Length of an embedding.
    hidden_layer_sizes : tuple of int, default=(64, 32)
    n_cross : int, default=2
    max_iter : int, default=3
        Passes over the rows; more of them learn the training rows by heart.
    batch_size : int, default=512
    learning_rate : float, default=3e-3
        Maximum of a one-cycle schedule.
    alpha : float, default=1e-5
        Penalty on the squares of the embeddings of each row.
    random_state : int, default=0
    n_jobs : int or None, default=None

    Attributes
    ----------
    layers_ : dict of str to ndarray
        Embeddings, weights and biases.
    loss_curve_ : list of float
    n_features_in_ : int
        Slots of a row.

    References
    ----------
    .. [1] Wang et al. (2021). "DCN V2: improved deep & cross network and practical
       lessons for web-scale learning to rank systems". WWW, equation 1, figure 1.
    .. [2] Guo, Tang, Ye, Li and He (2017). "DeepFM: a factorization-machine based
       neural network for CTR prediction". IJCAI, equations 1 to 4.

    Examples
    --------
    >>> import numpy as np
    >>> from lookalike.rank.embedding_ranker import EmbeddingRanker
    >>> X = np.random.default_rng(0).integers(2, size=(3000, 3)) + [0, 2, 4]
    >>> y = X.sum(axis=1) % 2 == 0  # a matter of all three
    >>> model = EmbeddingRanker(6, max_iter=20, learning_rate=0.02, n_jobs=1).fit(X, y)
    >>> np.sign(model.score_rows([[0, 2, 4], [1, 2, 4], [1, 3, 4]]))
    array([ 1., -1.,  1.])
    """

    layers_: dict[str, Array]
    loss_curve_: list[float]

    def __init__(
        self,
        n_codes: int = 1 << 18,
        structure: str = "stacked",
        *,
        n_factors: int = 8,
        hidden_layer_sizes: tuple[int, ...] = (64, 32),
        n_cross: int = 2,
        max_iter: int = 3,
        batch_size: int = 512,
        learning_rate: float = 3e-3,
        alpha: float = 1e-5,
        random_state: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.n_codes = n_codes
        self.structure = structure
        self.n_factors = n_factors
        self.hidden_layer_sizes = hidden_layer_sizes
        self.n_cross = n_cross
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.alpha = alpha
        self.random_state = random_state
        self.n_jobs = n_jobs

    def _check_parameters(self) -> None:
        check_n_codes(self.n_codes)
        check_choice("structure", self.structure, STRUCTURES)
        for name in ("n_factors", "n_cross", "max_iter", "batch_size"):
            check_whole(name, getattr(self, name))
        widths = self.hidden_layer_sizes
        if not isinstance(widths, tuple | list) or not widths or min(widths) < 1:
            raise ValueError(
                f"hidden_layer_sizes must be positive whole numbers, got {widths!r}."
            )
        check_positive("learning_rate", self.learning_rate)
        check_positive("alpha", self.alpha, zero=True)

    def _learn(self, rows: Array, y: Floats, sizes: Ints, weight: Array) -> None:
        from lookalike.rank._embedding_training import train_embeddings

        clicked = checked_clicks(y)
        codes = checked_codes(rows, self.n_codes)
        self.layers_, self.loss_curve_ = train_embeddings(self, codes, clicked, weight)

    def _score(self, rows: Array) -> Floats:
        codes, layers = checked_codes(rows, self.n_codes), self.layers_
        held = (codes >= 0)[:, :, None]
        each = np.where(held, layers["embeddings"][codes], 0.0)
        first = np.ascontiguousarray(each.reshape(len(codes), -1))
        crossed = first
        for at in range(_count(layers, "cross")):
            crossed = first * _through(crossed, layers, f"cross{at}") + crossed
        hidden = crossed if self.structure == "stacked" else first
        for at in range(_count(layers, "deep")):
            hidden = np.maximum(_through(hidden, layers, f"deep{at}"), 0.0)
        if self.structure == "parallel":
            hidden = np.ascontiguousarray(np.hstack([crossed, hidden]))
        scores = _through(hidden, layers, "last")[:, 0]
        if self.structure == "deepfm":
            single = np.empty(len(codes))
            code_sums(codes, layers["weights"], single)
            total = np.zeros((len(codes), each.shape[2]))
            squares = np.zeros_like(total)
            for slot in range(each.shape[1]):
                total += each[:, slot]
                squares += each[:, slot] ** 2
            pairs = np.zeros(len(codes))
            for factor in range(total.shape[1]):
                pairs += total[:, factor] ** 2 - squares[:, factor]
            scores = scores + single + 0.5 * pairs
        found: Floats = scores
        return found

    def arrays(self) -> dict[str, Array]:
        """Return everything that ``score_rows`` needs, by name."""
        structure = np.array([STRUCTURES.index(self.structure), self.n_features_in_])
        return {"structure": structure, **self.layers_}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Return the ranker from which these arrays were taken.

        Raises
        ------
        ValueError
            If the layers do not fit together.
        """
        at, n_slots = np.asarray(arrays["structure"]).tolist()
        layers = {
            name: np.ascontiguousarray(array, np.float64)
            for name, array in arrays.items()
            if name != "structure"
        }
        n_codes, n_factors = layers["embeddings"].shape
        ranker = cls(n_codes, STRUCTURES[at], n_factors=n_factors)
        ranker.layers_, ranker.n_features_in_ = layers, n_slots
        _check_layers(layers, STRUCTURES[at], n_slots * n_factors)
        return ranker


def _count(layers: Mapping[str, Array], kind: str) -> int:
    return sum(f"{kind}{at}.bias" in layers for at in range(len(layers)))


def _through(rows: Floats, layers: Mapping[str, Array], name: str) -> Floats:
    weights, bias = layers[f"{name}.weights"], layers[f"{name}.bias"]
    out = np.empty((len(rows), len(bias)))
    dense_rows(rows, weights, bias, 0, len(rows), out)
    return out


def _check_layers(layers: Mapping[str, Array], structure: str, width: int) -> None:
    n_cross, n_deep = _count(layers, "cross"), _count(layers, "deep")
    whole = all(np.isfinite(each).all() for each in layers.values())
    sizes = [width, *(len(layers[f"deep{at}.bias"]) for at in range(n_deep))]
    last = sizes[-1] + (width if structure == "parallel" else 0)
    expected = {f"cross{at}": (width, width) for at in range(n_cross)}
    expected |= {f"deep{at}": (sizes[at], sizes[at + 1]) for at in range(n_deep)}
    expected["last"] = (last, 1)
    n_codes = len(layers["embeddings"])
    fits = n_deep > 0 and (n_cross > 0) == (structure != "deepfm")
    fits &= structure != "deepfm" or layers["weights"].shape == (n_codes,)
    for name, shape in expected.items():
        fits &= layers[f"{name}.weights"].shape == shape
        fits &= layers[f"{name}.bias"].shape == shape[1:]
    if not (whole and fits):
        raise ValueError("its layers do not fit together.")
