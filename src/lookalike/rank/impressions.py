"""Learning from the event log: what was shown, where, and whether it was clicked.

Rows are those of ``lookalike.service.training.training_rows``: one for each item that
was shown. An answer in random order has propensities below 1.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, combinations
from typing import Any, Self

import numpy as np

from lookalike._texts import Texts
from lookalike._typing import Array, Floats, Ints
from lookalike.rank.click_ranker import ClickRanker
from lookalike.rank.clicks import Impressions

CLICKS = frozenset({"click", "item_click", "select", "purchase", "add_to_cart"})
"""Actions that say yes, as the OpenSearch User Behavior Insights schema names them."""


def pairs_of(
    rows: Iterable[Mapping[str, Any]], row_of: Mapping[str, int], system: str
) -> Ints:
    """Items that were clicked in answer to the same query: two rows of the catalogue.

    Returns
    -------
    ndarray of int64, shape (n_pairs, 2)
        Each pair once for every query that brought it, the lower row first.

    Examples
    --------
    >>> row = {"system": "images", "query_id": "a", "actions": ["click"]}
    >>> rows = [{**row, "id": id} for id in "xyz"]
    >>> rows[1] = {**rows[1], "actions": []}  # shown, not clicked
    >>> pairs_of(rows, {"x": 5, "y": 3, "z": 1}, "images")
    array([[1, 5]])
    """
    clicked: dict[str, set[int]] = {}
    for row in rows:
        known = row["system"] == system and row["id"] in row_of
        if known and CLICKS & set(row["actions"]):
            clicked.setdefault(row["query_id"], set()).add(row_of[row["id"]])
    pairs = [combinations(sorted(each), 2) for each in clicked.values()]
    return np.array(list(chain.from_iterable(pairs)), np.int64).reshape(-1, 2)


def impressions_of(
    rows: Iterable[Mapping[str, Any]],
    row_of: Mapping[str, int],
    system: str,
    version: str,
) -> tuple[Impressions, Floats]:
    """Impressions of a catalogue, in the order of time, and their similarities.

    Parameters
    ----------
    rows : iterable of mappings
        ``query_id``, ``timestamp``, ``system``, ``verb``, ``embedding_version``,
        ``id``, ``position`` (from 1), ``score`` (similarity to the query),
        ``propensity`` and ``actions``.
    row_of : mapping
        Row of the catalogue by id; items that are no longer there are left out.
    system : str
        That showed them.
    version : str
        Of the embedding; similarities of another one are left out.

    Raises
    ------
    ValueError
        If nothing is left.

    Examples
    --------
    >>> row = {"system": "images", "embedding_version": "v1", "query_id": "a"}
    >>> row |= {"verb": "search", "timestamp": 1}
    >>> row |= {"score": 0.5, "propensity": 0.5, "actions": []}
    >>> top = {**row, "id": "x", "position": 1}
    >>> below = {**row, "id": "y", "position": 2, "actions": ["click"]}
    >>> rows = {"x": 5, "y": 3}
    >>> shown, similarity = impressions_of([below, top], rows, "images", "v1")
    >>> shown.item, shown.position, shown.clicked, similarity
    (array([5, 3]), array([0, 1]), array([False,  True]), array([0.5, 0.5]))
    """
    kept = [
        row
        for row in rows
        if row["system"] == system
        and row["verb"] == "search"
        and row["embedding_version"] == version
        and row["id"] in row_of
    ]
    if not kept:
        raise ValueError(
            f"No search of {system} with embedding version {version} was logged."
        )
    kept.sort(key=lambda row: (row["timestamp"], row["query_id"], row["position"]))
    numbers: dict[str, int] = {}
    query = [numbers.setdefault(row["query_id"], len(numbers)) for row in kept]
    shown = Impressions(
        np.array(query, np.int64),
        np.array([row_of[row["id"]] for row in kept], np.int64),
        np.array([row["position"] - 1 for row in kept], np.int64),
        np.array([bool(CLICKS & set(row["actions"])) for row in kept]),
        np.array([row["propensity"] < 1 for row in kept]),
    )
    return shown, np.array([row["score"] for row in kept], np.float64)


@dataclass(frozen=True)
class LearnedClicks:
    """What clicks have taught, item by item: rows of a catalogue move, ids do not.

    ids : n_items, of the items in the order of the ranker's attractiveness
    """

    ranker: ClickRanker
    ids: Texts

    def ranker_for(self, ids: Sequence[str]) -> ClickRanker:
        """Return the ranker of a catalogue of these items; others than known are 0."""
        here = np.array([self.attractiveness.get(id, 0.0) for id in ids])
        return ClickRanker.from_arrays(self.ranker.arrays() | {"attractiveness": here})

    @cached_property
    def attractiveness(self) -> dict[str, float]:
        """What clicks say of each item, as a logarithm; of others it is 0."""
        values = self.ranker.attractiveness_.tolist()
        return dict(zip(self.ids.tolist(), values, strict=True))

    def score(self, similarity: Floats, ids: Sequence[str]) -> Floats:
        """Return log-odds that items are relevant, (n,), as ``ClickRanker.score``."""
        known = np.array([self.attractiveness.get(id, 0.0) for id in ids], np.float64)
        return self.ranker.ranker_.score_rows(np.column_stack([similarity, known]))

    @property
    def line(self) -> tuple[float, float, float]:
        """What one more of similarity, and of attractiveness, adds; what any item has.

        ``score`` is ``similarity * first + attractiveness * second + third``.
        """
        ranker = self.ranker.ranker_
        of_similarity, of_clicks = (ranker.weights_ / ranker.scale_).tolist()
        shift = float(ranker.weights_ @ (ranker.mean_ / ranker.scale_))
        return of_similarity, of_clicks, float(ranker.intercept_ - shift)

    def arrays(self) -> dict[str, Array]:
        """Return everything that was learned, by name."""
        return {**self.ids.arrays("ids"), **self.ranker.arrays()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Return what these arrays were taken from."""
        return cls(ClickRanker.from_arrays(arrays), Texts.of_arrays("ids", arrays))
