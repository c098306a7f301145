"""What was known of users and ads at a moment: shown and clicked so far, by key.

A row of training is described by what the log knew when it was shown, and a request by
what it knows now, by the same call: the join is one in point of time.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lookalike._typing import Array, Floats, Ints
from lookalike.rank.point_in_time import History

SMOOTH = 5.0  # impressions that the rate of all counts for beside a key's own


@dataclass(frozen=True)
class KeyColumn:
    """A column of rows, by the numbers of its values: mapped once for many requests.

    numbers : int64, of the known values of all distinct cells, one cell after another
    begin : int64 (n_cells + 1,), where those of each cell begin
    cell : int64 (n_rows,), which of the cells each row has
    """

    numbers: Ints
    begin: Ints
    cell: Ints

    def take(self, rows: Ints) -> "KeyColumn":
        """Return these rows, (n,)."""
        return KeyColumn(self.numbers, self.begin, self.cell[rows])


class MomentCounts:
    r"""Count impressions and clicks of each key before a moment.

    For a key with n impressions and k clicks so far the two features are

    .. math:: \ln \frac{k + a r}{n - k + a (1 - r)} \quad\text{and}\quad \ln (1 + n),

    with r the rate of clicks and a the smoothing. An impression counts from the moment
    it was shown, a click from the moment it came.

    Parameters
    ----------
    keys : sequence of tuples of str
        Columns whose values together are a key, such as ("user",) or
        ("user", "category"). Cells are parted at "|", and their keys add up.

    Examples
    --------
    >>> columns = {"ad": np.array(["a", "b", "a", "a"])}
    >>> time, came = np.array([0.0, 1, 2, 3]), np.array([5.0, np.nan, 2.5, np.nan])
    >>> counts = MomentCounts([("ad",)]).fit(columns, time, came, rate=0.5)
    >>> counts.names
    ['ad: rate so far', 'ad: shown so far']
    >>> now = {"ad": np.array(["a", "a", "c"])}
    >>> np.expm1(counts.features(now, np.array([3.0, 9.0, 9.0]))[:, 1])
    array([2., 3., 0.])
    """

    def __init__(self, keys: Sequence[tuple[str, ...]]) -> None:
        self.keys = [tuple(key) for key in keys]

    @property
    def names(self) -> list[str]:
        """Of the columns of ``features``."""
        return [
            f"{' and '.join(key)}: {what} so far"
            for key in self.keys
            for what in ("rate", "shown")
        ]

    def fit(
        self,
        columns: Mapping[str, Array],
        time: Floats,
        click_time: Floats,
        rate: float,
    ) -> "MomentCounts":
        """Take a log up.

        time : (n_rows,), of the impressions
        click_time : (n_rows,), nan where there was no click
        rate : of clicks, between 0 and 1
        """
        self.values: dict[str, dict[str, int]] = {}
        for name in sorted({name for key in self.keys for name in key}):
            distinct = {v for cell in np.unique(columns[name]) for v in _parts(cell)}
            self.values[name] = {value: n for n, value in enumerate(sorted(distinct))}
        mapped = {name: self.column(name, columns[name]) for name in self.values}
        codes = [self._codes(key, mapped) for key in self.keys]
        self._take_up([(at, time[row], click_time[row]) for at, row in codes], rate)
        return self

    def _take_up(
        self, entries: Sequence[tuple[Ints, Floats, Floats]], rate: float
    ) -> None:
        self.rate, self._entries = rate, list(entries)
        self._shown, self._clicked = [], []
        for at, shown, clicked in entries:
            came = np.isfinite(clicked)
            self._shown.append(History(at, shown))
            self._clicked.append(History(at[came], clicked[came]))

    def features(self, columns: Mapping[str, Array], time: Floats) -> Floats:
        """Return both features of each key, (n_rows, 2 * n_keys), at these times."""
        mapped = {name: self.column(name, columns[name]) for name in self.values}
        found = list(self.joined(mapped, time).values())
        return np.column_stack(found) if found else np.empty((len(time), 0))

    def joined(
        self,
        columns: Mapping[str, KeyColumn],
        time: Floats,
        known: Collection[str] = (),
    ) -> dict[str, Floats]:
        """Return features of rows whose columns are mapped, (n_rows,), by name.

        columns : keys of which one is missing have no features
        known : names of features that need not be computed again
        """
        found: dict[str, Floats] = {}
        for number, key in enumerate(self.keys):
            names = self.names[2 * number : 2 * number + 2]
            if names[0] in known or not columns.keys() >= set(key):
                continue
            at, row = self._codes(key, columns)
            shown, clicked = self._shown[number], self._clicked[number]
            n = np.bincount(row, shown.counts(at, time[row]), len(time))
            k = np.bincount(row, clicked.counts(at, time[row]), len(time))
            k = np.minimum(k, n)
            odds = (k + SMOOTH * self.rate) / (n - k + SMOOTH * (1 - self.rate))
            found |= dict(zip(names, (np.log(odds), np.log1p(n)), strict=True))
        return found

    def column(self, name: str, column: Array) -> KeyColumn:
        """Return one column of rows, (n_rows,), mapped."""
        known = self.values[name]
        distinct, where = np.unique(column, return_inverse=True)
        each = [
            [known[value] for value in _parts(cell) if value in known]
            for cell in distinct.tolist()
        ]
        sizes = np.array([len(found) for found in each], np.int64)
        begin = np.concatenate([[0], np.cumsum(sizes)])
        flat = np.array([n for found in each for n in found], np.int64)
        return KeyColumn(flat, begin, where)

    def _codes(
        self, key: tuple[str, ...], columns: Mapping[str, KeyColumn]
    ) -> tuple[Ints, Ints]:
        """The keys of the rows, several where a cell has several, and their rows.

        Values that are not known have no key.
        """
        row = np.arange(len(columns[key[0]].cell))
        at = np.zeros(len(row), np.int64)
        for name in key:
            column = columns[name]
            mine = column.cell[row]
            first = column.begin[mine]
            n = column.begin[mine + 1] - first
            # The numbers of a row's cell: the first, and so many behind it.
            within = np.arange(n.sum()) - np.repeat(np.cumsum(n) - n, n)
            row, at = np.repeat(row, n), np.repeat(at, n)
            flat = column.numbers[np.repeat(first, n) + within]
            at = at * len(self.values[name]) + flat
        return at, row

    # --- saving -----------------------------------------------------------------------

    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Return what was counted, as arrays and a document for JSON."""
        arrays: dict[str, Array] = {}
        # By number: a name of a column may be no name of a file.
        for number, values in enumerate(self.values.values()):
            arrays[f"column{number}"] = np.array(list(values), dtype=str)
        for n, (at, shown, clicked) in enumerate(self._entries):
            arrays |= {f"{n}.key": at, f"{n}.shown": shown, f"{n}.clicked": clicked}
        return arrays, {"keys": [list(key) for key in self.keys], "rate": self.rate}

    @classmethod
    def restored(
        cls, arrays: Mapping[str, Array], document: Mapping[str, Any]
    ) -> "MomentCounts":
        """Return the counts of which these are the state.

        Raises
        ------
        KeyError, ValueError
            If they do not fit together.
        """
        found = cls([tuple(key) for key in document["keys"]])
        names = sorted({name for key in found.keys for name in key})
        found.values = {
            name: {v: n for n, v in enumerate(arrays[f"column{at}"].tolist())}
            for at, name in enumerate(names)
        }
        entries = []
        for n in range(len(found.keys)):
            parts = [arrays[f"{n}.{part}"] for part in ("key", "shown", "clicked")]
            if len({len(part) for part in parts}) != 1:
                raise ValueError("its counts are not whole.")
            entries.append((parts[0], parts[1], parts[2]))
        found._take_up(entries, float(document["rate"]))
        return found


def _parts(cell: Any) -> list[str]:
    return [part for part in str(cell).split("|") if part]
