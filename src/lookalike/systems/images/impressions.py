"""From the event log to impressions: what was shown, where, and whether it was clicked.

Rows are those of ``lookalike.service.training.training_rows``: one for each thing that
was shown. A showing in random order says so by its propensities, which are below 1.
"""

from collections.abc import Iterable, Mapping
from itertools import chain, combinations
from typing import Any

import numpy as np

from lookalike._typing import Floats, Ints
from lookalike.rank.clicks import Impressions

CLICKS = frozenset({"click", "item_click", "select", "purchase", "add_to_cart"})
"""Actions that say yes, as the OpenSearch User Behavior Insights schema names them."""


def pairs_of(rows: Iterable[Mapping[str, Any]], places: Mapping[str, int]) -> Ints:
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
    >>> pairs_of(rows, {"x": 5, "y": 3, "z": 1})
    array([[1, 5]])
    """
    clicked: dict[str, set[int]] = {}
    for row in rows:
        known = row["system"] == "images" and row["id"] in places
        if known and CLICKS & set(row["actions"]):
            clicked.setdefault(row["query_id"], set()).add(places[row["id"]])
    pairs = [combinations(sorted(each), 2) for each in clicked.values()]
    return np.array(list(chain.from_iterable(pairs)), np.int64).reshape(-1, 2)


def impressions_of(
    rows: Iterable[Mapping[str, Any]], places: Mapping[str, int], version: str
) -> tuple[Impressions, Floats]:
    """Impressions of a catalogue, in the order of time, and their similarities.

    Parameters
    ----------
    rows : iterable of mappings
        ``query_id``, ``timestamp``, ``system``, ``embedding_version``, ``id``,
        ``position`` (from 1), ``score`` (minus the distance of vectors of length one),
        ``propensity`` and ``actions``.
    places : mapping
        Row of the catalogue by id; what is no longer there is left out.
    version : str
        Of the embedding; similarities of another one are left out.

    Raises
    ------
    ValueError
        If nothing is left.

    Examples
    --------
    >>> row = {"system": "images", "embedding_version": "v1", "query_id": "a"}
    >>> row |= {"timestamp": 1, "score": -1.0, "propensity": 0.5, "actions": []}
    >>> top = {**row, "id": "x", "position": 1}
    >>> below = {**row, "id": "y", "position": 2, "actions": ["click"]}
    >>> shown, similarity = impressions_of([below, top], {"x": 5, "y": 3}, "v1")
    >>> shown.item, shown.position, shown.clicked, similarity
    (array([5, 3]), array([0, 1]), array([False,  True]), array([0.5, 0.5]))
    """
    kept = [
        row
        for row in rows
        if row["system"] == "images"
        and row["embedding_version"] == version
        and row["id"] in places
    ]
    if not kept:
        raise ValueError(
            f"No showing of images with embedding version {version} was logged."
        )
    kept.sort(key=lambda row: (row["timestamp"], row["query_id"], row["position"]))
    numbers: dict[str, int] = {}
    query = [numbers.setdefault(row["query_id"], len(numbers)) for row in kept]
    distance = np.array([-row["score"] for row in kept], np.float64)
    shown = Impressions(
        np.array(query, np.int64),
        np.array([places[row["id"]] for row in kept], np.int64),
        np.array([row["position"] - 1 for row in kept], np.int64),
        np.array([bool(CLICKS & set(row["actions"])) for row in kept]),
        np.array([row["propensity"] < 1 for row in kept]),
    )
    return shown, 1.0 - distance**2 / 2
