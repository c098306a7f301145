"""Clicks as a sum in logarithms: features, positions, and the level of each query."""

import warnings
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.linalg import cholesky, solve_triangular
from scipy.optimize import minimize
from sklearn.exceptions import ConvergenceWarning

from lookalike._typing import Floats, Ints
from lookalike.kernels.list_losses import SOFTMAX, list_gradients
from lookalike.rank.click_model import ShownLists

UNEXPLAINED = 1e-6
"""Share of the spread of positions that features must leave unexplained."""


@dataclass(frozen=True)
class ClickCells:
    """What was counted of each item in each position in which it was shown.

    item, position : (n_cells,), cells of one query adjacent
    shown, clicks : (n_cells,), how often
    sizes : (n_shown_queries,), cells of each query that was shown
    query : (n_items,), the number of each item's query
    n_lists : (n_queries,), how often each query was asked
    """

    item: Ints
    position: Ints
    shown: Floats
    clicks: Floats
    sizes: Ints
    query: Ints
    n_lists: Ints

    @classmethod
    def of(cls, lists: ShownLists, groups: Ints) -> Self:
        """Count lists; ``groups`` has the number of items of each query.

        Raises
        ------
        ValueError
            If a list has items of two queries, or nothing was clicked.
        """
        query = np.repeat(np.arange(len(groups)), groups)
        of_list = query[lists.item[lists.begins]]
        mixed = query[lists.item] != of_list[lists.list]
        if mixed.any():
            first, second = of_list[lists.list[mixed][0]], query[lists.item[mixed][0]]
            raise ValueError(
                "a list must show items of one query, got one with items of the "
                f"queries {first} and {second}, counted from 0."
            )
        if not lists.clicked.any():
            raise ValueError(
                f"Nothing was clicked in {len(lists)} lists: there is nothing to learn."
            )
        keys, cell = np.unique(
            lists.item * lists.n_positions + lists.position, return_inverse=True
        )
        item, position = np.divmod(keys, lists.n_positions)
        n_cells = np.bincount(query[item], minlength=len(groups))
        return cls(
            item=item,
            position=position,
            shown=np.bincount(cell).astype(np.float64),
            clicks=np.bincount(cell, lists.clicked).astype(np.float64),
            sizes=n_cells[n_cells > 0],
            query=query,
            n_lists=np.bincount(of_list, minlength=len(groups)),
        )

    @property
    def n_positions(self) -> int:
        """The length of the longest list."""
        return int(self.position.max()) + 1

    def relevance(self, score: Floats, examination: Floats, prior: float) -> Floats:
        """Clicks over expected looks, drawn to the scores, (n_items,).

        nan for items that were never shown. score : (n_items,), log-relevance up to a
        number for each query, which the query's clicks say
        """
        n, n_queries = len(self.query), len(self.n_lists)
        looks = self.shown * examination[self.position]
        top = np.full(n_queries, -np.inf)
        np.maximum.at(top, self.query, score)
        merit = np.exp(score - top[self.query])
        of = self.query[self.item]
        clicks = np.bincount(of, self.clicks, n_queries)
        expected = np.bincount(of, looks * merit[self.item], n_queries)
        level = clicks / np.where(expected > 0, expected, 1.0)
        counted = np.bincount(self.item, self.clicks, n)
        looked = np.bincount(self.item, looks, n)
        drawn = counted + prior * merit * level[self.query]
        return np.where(looked > 0, drawn / (looked + prior), np.nan)


def additive_fit(
    Z: Floats, cells: ClickCells, known: Floats | None, max_iter: int, tol: float
) -> tuple[Floats, Floats]:
    """Fit log-rates of clicks: features plus positions, within each query.

    Parameters
    ----------
    Z : ndarray of shape (n_items, n_features)
    known : ndarray of shape (n_positions,)
        Log-examination; None fits that, too, 0 in the first position.

    Returns
    -------
    score : ndarray of shape (n_items,)
        Log-relevance up to a number for each query.
    positions : ndarray of shape (n_positions,)
        Log-examination.

    Raises
    ------
    ValueError
        If positions are fitted and the features determine them.
    """
    n, free = Z.shape[1], cells.n_positions - 1 if known is None else 0
    offset = np.log(cells.shown)
    if known is None:
        _refuse_determined(Z, cells)
    else:
        offset = offset + known[cells.position]
    # In coordinates in which the loss is round L-BFGS takes tens of rounds; of features
    # as they are, which repeat each other, a thousand.
    W = _whitener(Z, cells)
    clicks = np.bincount(cells.position, cells.clicks, cells.n_positions)
    spread = 1 / np.sqrt(clicks[1 : 1 + free] + 2)

    def parts(v: Floats) -> tuple[Floats, Floats]:
        return W @ v[:n], np.concatenate([[0.0], spread * v[n:]])

    def objective(v: Floats) -> tuple[float, Floats]:
        w, positions = parts(v)
        scores = (Z @ w)[cells.item] + offset
        if free:
            scores += positions[cells.position]
        loss, slopes = _softmax(scores, cells)
        of_items = np.bincount(cells.item, slopes, len(Z))
        of_positions = np.bincount(cells.position, slopes, cells.n_positions)
        # The penalty holds neighbours together: no position is free of the others.
        steps = np.diff(positions)
        bends = -np.diff(steps, append=0.0)
        slope = [
            W.T @ (of_items @ Z + w),
            spread * (of_positions[1 : 1 + free] + bends),
        ]
        penalty = float(w @ w + steps @ steps) / 2
        return loss + penalty, np.concatenate(slope)

    options = {"maxiter": max_iter, "gtol": tol, "ftol": 1e-13, "maxcor": 20}
    start = np.zeros(n + free)
    found = minimize(objective, start, jac=True, method="L-BFGS-B", options=options)
    if found.nit >= max_iter:
        warnings.warn(
            f"not converged after {max_iter} iterations: increase max_iter or tol.",
            ConvergenceWarning,
            stacklevel=3,
        )
    w, positions = parts(found.x)
    return Z @ w, positions if known is None else known


def _softmax(scores: Floats, cells: ClickCells) -> tuple[float, Floats]:
    """Cross-entropy of the clicks of each query, and its slopes, (n_cells,)."""
    n_queries = len(cells.sizes)
    starts = np.concatenate([[0], np.cumsum(cells.sizes)])
    slopes, curves = np.empty(len(scores)), np.empty(len(scores))
    loss = list_gradients(
        *(SOFTMAX, scores, cells.clicks, scores),
        *(starts, np.ones(n_queries), 0, n_queries, 1),
        *(slopes, curves),
    )
    return float(loss), slopes


def _within_queries(rows: Floats, sizes: Ints) -> Floats:
    """Rows of cells less the mean of their query, (n_cells, n_columns)."""
    means = np.add.reduceat(rows, np.cumsum(sizes) - sizes, axis=0) / sizes[:, None]
    return rows - np.repeat(means, sizes, axis=0)


def _whitener(Z: Floats, cells: ClickCells) -> Floats:
    """Return W so that the loss is round in v near 0, where the weights are ``W @ v``.

    ``W @ W.T`` is the inverse of its curvature where all scores are equal.
    """
    clicks = np.add.reduceat(cells.clicks, np.cumsum(cells.sizes) - cells.sizes)
    spread = _within_queries(Z[cells.item], cells.sizes)
    curvature = (
        spread * np.repeat(clicks / cells.sizes, cells.sizes)[:, None]
    ).T @ spread
    lower = cholesky(curvature + np.eye(Z.shape[1]), lower=True)
    whitening: Floats = solve_triangular(lower, np.eye(len(lower)), lower=True).T
    return whitening


def _refuse_determined(Z: Floats, cells: ClickCells) -> None:
    """Refuse features that determine the position, or its logarithm, within lists."""
    depth = np.column_stack([cells.position, np.log1p(cells.position)])
    wanted = _within_queries(depth, cells.sizes)
    spread = (wanted**2).sum(axis=0)
    if not spread.all():
        raise ValueError(
            "expected lists of at least two items, got none: the examination of "
            "positions cannot be learned."
        )
    given = _within_queries(Z[cells.item], cells.sizes)
    found = given @ np.linalg.lstsq(given, wanted, rcond=None)[0]
    if (((wanted - found) ** 2).sum(axis=0) < UNEXPLAINED * spread).any():
        raise ValueError(
            "The features determine the position: what was examined and what is "
            "relevant cannot be told apart; leave out the feature that holds the "
            "position, or show some lists in another order."
        )
