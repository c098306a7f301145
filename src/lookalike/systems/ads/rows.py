"""Rows for the models: what the log says of an impression, as codes and as numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lookalike._arrays import named, prefixed
from lookalike._typing import Array, Floats, Ints
from lookalike.datasets.click_log import ClickLog
from lookalike.rank.click_features import ClickFeatures, FeatureColumn
from lookalike.rank.moment_counts import KeyColumn, MomentCounts

MOMENTS, FEATURES = "moments.", "features."
LEAKS = 0.15
"""A column that alone leaves less than this share of the entropy knows the answer."""


@dataclass(frozen=True)
class ClickRows:
    """Rows as the models take them.

    codes : float32 (n_rows, n_slots), those of crosses last
    numbers : float32 (n_rows, n_columns)
    n_plain : slots without those of crosses
    """

    codes: Array
    numbers: Array
    n_plain: int

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def plain(self) -> Array:
        """Codes without those of crosses."""
        return self.codes[:, : self.n_plain]

    def take(self, rows: Ints) -> "ClickRows":
        """Return these rows, (n,)."""
        return ClickRows(self.codes[rows], self.numbers[rows], self.n_plain)


@dataclass(frozen=True)
class MappedColumns:
    """Some columns of rows as both parts of a builder map them.

    A request has many rows of one user, and the ads are those of every request: columns
    of the ads are mapped once a generation, those of the user once a request.
    """

    features: Mapping[str, FeatureColumn]
    keys: Mapping[str, KeyColumn]
    n: int  # rows

    def take(self, rows: Ints) -> "MappedColumns":
        """Return these rows, (n,)."""
        return MappedColumns(
            {name: each.take(rows) for name, each in self.features.items()},
            {name: each.take(rows) for name, each in self.keys.items()},
            len(rows),
        )


class RowBuilder:
    """Learn from rows of a log what codes and numbers they have; then map any rows.

    log : whose columns, keys and crosses count
    rows : bool (n,), learned from; counts of moments are of these rows alone, so that
        no label of another row is in a feature
    """

    def __init__(self, log: ClickLog, rows: Array) -> None:
        columns, clicked = log.columns(rows), log.clicked[rows]
        self.moments = MomentCounts(log.counted).fit(
            columns, log.time[rows], log.click_time[rows], float(clicked.mean())
        )
        kinds = {**log.kinds, **dict.fromkeys(self.moments.names, "number")}
        # Twice as many codes for crosses as rows, so that few pairs share one.
        n_hashed = 1 << int(np.clip(np.ceil(np.log2(2 * len(clicked))), 10, 18))
        self.features = ClickFeatures(kinds, log.crosses, n_hashed=n_hashed)
        found = self._with_moments(columns, log.time[rows])
        self.features.fit(found, clicked)

    def rows(
        self,
        columns: Mapping[str, Array],
        time: Floats,
        clicked: Array | None = None,
    ) -> ClickRows:
        """Return the rows of these columns at these times.

        clicked : of the rows that were learned from, in the order of time
        """
        found = self._with_moments(columns, time)
        features = self.features
        numbers = features.numbers(found, clicked)
        return ClickRows(features.codes(found), numbers, features.n_plain)

    def mapped(self, columns: Mapping[str, Array], time: float) -> MappedColumns:
        """Return these columns mapped, with the counts of keys that are all in them.

        time : of the requests
        """
        counted = columns.keys() & self.moments.values.keys()
        keys = {name: self.moments.column(name, columns[name]) for name in counted}
        n = len(next(iter(columns.values())))
        found = {**columns, **self.moments.joined(keys, np.full(n, time))}
        used = found.keys() & self.features.kinds.keys()
        features = {name: self.features.column(name, found[name]) for name in used}
        return MappedColumns(features, keys, n)

    def rows_of_request(
        self, user: MappedColumns, ads: MappedColumns, time: float
    ) -> ClickRows:
        """Return the rows of one user and these ads, the same as by ``rows``.

        user : one row, of all columns that are not of ads
        ads : (n_rows,)
        time : the one at which both were mapped
        """
        same = user.take(np.zeros(ads.n, np.int64))
        features, keys = {**same.features, **ads.features}, {**same.keys, **ads.keys}
        counts = self.moments.joined(keys, np.full(ads.n, time), features)
        features |= {n: self.features.column(n, each) for n, each in counts.items()}
        return ClickRows(*self.features.joined(features), self.features.n_plain)

    def _with_moments(
        self, columns: Mapping[str, Array], time: Floats
    ) -> dict[str, Array]:
        counts = self.moments.features(columns, time)
        return {**columns, **dict(zip(self.moments.names, counts.T, strict=True))}

    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Return what was learned, as arrays and a document for JSON."""
        parts = {MOMENTS: self.moments.state(), FEATURES: self.features.state()}
        arrays: dict[str, Array] = {}
        for prefix, (found, _) in parts.items():
            arrays |= prefixed(prefix, found)
        return arrays, {prefix: document for prefix, (_, document) in parts.items()}

    @classmethod
    def restored(
        cls, arrays: Mapping[str, Array], document: Mapping[str, Any]
    ) -> "RowBuilder":
        """Return the builder of which these are the state."""
        found = cls.__new__(cls)
        found.moments = MomentCounts.restored(named(MOMENTS, arrays), document[MOMENTS])
        found.features = ClickFeatures.restored(
            named(FEATURES, arrays), document[FEATURES]
        )
        return found


def check_leaks(log: ClickLog, rows: Array) -> None:
    """Refuse a log one of whose columns knows the answer.

    Rates of the column's values, or of twenty buckets, are learned on every other row
    and tried on the rest.

    Raises
    ------
    ValueError
        That names the column.
    """
    columns, y = log.columns(rows), log.clicked[rows].astype(np.float64)
    even = np.arange(len(y)) % 2 == 0
    rate = y.mean()
    entropy = -(rate * np.log(rate) + (1 - rate) * np.log1p(-rate))
    for name in log.kinds:
        values = columns[name]
        if values.dtype.kind == "f":
            known = values[~np.isnan(values)]
            if not len(known):
                continue
            inner = np.quantile(known, np.linspace(0, 1, 21)[1:-1])
            edges = np.unique(np.concatenate([inner, np.unique(known)[:3]]))
            at = np.where(np.isnan(values), 0, np.searchsorted(edges, values) + 1)
        else:
            at = np.unique(values, return_inverse=True)[1]
        k, n = (np.bincount(at[even], w, at.max() + 1) for w in (y[even], None))
        p = ((k + 0.5 * rate) / (n + 0.5))[at[~even]]
        p = np.clip(p, 1e-6, 1 - 1e-6)
        t = y[~even]
        left = -(t * np.log(p) + (1 - t) * np.log1p(-p)).mean() / entropy
        if left < LEAKS:
            raise ValueError(
                f"The column {name} knows the answer: alone it leaves {left:.1%} of "
                "the uncertainty of a click; leave it out."
            )
