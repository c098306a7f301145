"""Rows of a click log as codes and as numbers: one builder, for training and serving.

A category is the code of its value, a number that of its bucket, and a declared cross
that of a pair of values, by a hash. What was not seen in training has a code too, the
one of its column's unknown values.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lookalike._checks import check_choice, check_whole
from lookalike._typing import Array, Floats, Ints
from lookalike.kernels.running_means import running_means

KINDS = ("category", "number", "tags", "text")
"""A value; a number, nan where unknown; values with "|" between; words."""
UNKNOWN = 0  # the first code of a column
SMOOTH = 20.0  # rows that the rate of all counts for beside that of a value


@dataclass(frozen=True)
class FeatureColumn:
    """A column of rows, mapped: what is the same in many requests is mapped once.

    codes : int64 (n_rows, n_slots), -1 where there is none
    numbers : float64 (n_rows,), the number that trees take
    """

    codes: Ints
    numbers: Floats

    def take(self, rows: Ints) -> "FeatureColumn":
        """Return these rows, (n,)."""
        return FeatureColumn(self.codes[rows], self.numbers[rows])


class ClickFeatures:
    r"""Learn the codes of columns, and map any rows to them.

    Parameters
    ----------
    kinds : mapping of str to str
        One of ``KINDS`` for each column that counts.
    crosses : sequence of tuples of two column names
        Pairs of which the product counts.
    n_hashed : int, default=2**17
        Codes that all pairs share.
    n_buckets : int, default=16
        Of a number, each with as many training rows as the next.
    least_count : int, default=2
        Training rows that a value needs for a code of its own.
    most_words : int, default=12
        Values of a cell of tags or of a text that count, the first ones.

    Attributes
    ----------
    names : list of str
        Of the slots of ``codes``, those of crosses last.
    n_codes : int
    n_plain : int
        Slots without those of crosses.
    number_names : list of str
        Of the columns of ``numbers``.

    Notes
    -----
    ``numbers`` replaces a category by the rate of clicks of its value, smoothed; for
    training rows by that of the rows before them, so that no row tells of itself.

    Examples
    --------
    >>> columns = {"place": np.array(["de", "at", "de", "at"]),
    ...            "age": np.array([20.0, 30.0, 40.0, 50.0])}
    >>> kinds = {"place": "category", "age": "number"}
    >>> features = ClickFeatures(kinds, [("place", "age")], n_hashed=8, n_buckets=2)
    >>> features = features.fit(columns, np.array([1, 0, 1, 0]))
    >>> features.names
    ['place', 'age', 'place x age']
    >>> new = {"place": np.array(["at", "ch"]), "age": np.array([45.0, np.nan])}
    >>> features.codes(new)[:, :2]  # ch is the unknown place, nan the unknown age
    array([[1., 5.],
           [0., 3.]], dtype=float32)
    """

    def __init__(
        self,
        kinds: Mapping[str, str],
        crosses: Sequence[tuple[str, str]] = (),
        *,
        n_hashed: int = 1 << 17,
        n_buckets: int = 16,
        least_count: int = 2,
        most_words: int = 12,
    ) -> None:
        for kind in kinds.values():
            check_choice("kind", kind, KINDS)
        for name in {name for pair in crosses for name in pair} - set(kinds):
            raise ValueError(
                f"A cross names the column {name}; there are {', '.join(kinds)}."
            )
        check_whole("n_hashed", n_hashed)
        check_whole("n_buckets", n_buckets, least=2)
        self.kinds, self.crosses = dict(kinds), [tuple(pair) for pair in crosses]
        self.n_hashed, self.n_buckets = n_hashed, n_buckets
        self.least_count, self.most_words = least_count, most_words

    def fit(self, columns: Mapping[str, Array], clicked: Array) -> "ClickFeatures":
        """Learn values, buckets and rates from training rows, in the order of time."""
        self.values: dict[str, list[str]] = {}
        self.edges: dict[str, Floats] = {}
        self.widths: dict[str, int] = {}
        for name, kind in self.kinds.items():
            if kind == "number":
                known = columns[name][np.isfinite(columns[name])]
                inner = np.linspace(0, 1, self.n_buckets + 1)[1:-1]
                edges = np.quantile(known, inner) if len(known) else np.empty(0)
                self.edges[name] = np.unique(edges)
                self.widths[name] = 1
                continue
            cells = self._cells(name, columns[name])
            width = max(map(len, cells), default=1) if kind != "category" else 1
            self.widths[name] = max(width, 1)
            counts = Counter(value for each in cells for value in each)
            self.values[name] = sorted(
                value for value, n in counts.items() if n >= self.least_count
            )
        self._lay_out()
        self.rate = float(np.mean(clicked))
        self.sums, self.counts = np.zeros(self.n_own), np.zeros(self.n_own)
        codes = self._plain_codes(columns)
        for slot in range(codes.shape[1]):
            held = codes[:, slot] >= 0
            at = codes[held, slot]
            self.sums += np.bincount(at, clicked[held], self.n_own)
            self.counts += np.bincount(at, minlength=self.n_own)
        return self

    def _lay_out(self) -> None:
        """Give each column its codes, and each slot its name."""
        at, self.first = 0, {}
        for name in self.kinds:
            self.first[name] = at
            at += self.n_values(name) + 1
        self.n_own = at
        self.n_codes = at + (self.n_hashed if self.crosses else 0)
        plain = [n for n in self.kinds for _ in range(self.widths[n])]
        self.n_plain = len(plain)
        self.fields = [self.widths[name] for name in self.kinds]
        crossed = [
            f"{a} x {b}"
            for a, b in self.crosses
            for _ in range(self.widths[a] * self.widths[b])
        ]
        self.names = [*plain, *crossed]
        self.number_names = list(self.kinds)
        self._code = {
            name: {value: at for at, value in enumerate(values, start=1)}
            for name, values in self.values.items()
        }

    def n_values(self, name: str) -> int:
        """Return how many codes a column has beside that of unknown values."""
        if name in self.edges:
            return len(self.edges[name]) + 1
        return len(self.values[name])

    # --- rows -------------------------------------------------------------------------

    def codes(self, columns: Mapping[str, Array]) -> Array:
        """Return the codes of rows, float32 (n_rows, n_slots); -1 where there is none.

        Raises
        ------
        ValueError
            If a column is missing, or holds texts where training had numbers.
        """
        return self._with_crosses(self._plain_codes(columns))

    def column(self, name: str, column: Array) -> FeatureColumn:
        """Return one column of rows that are not for training, (n_rows,), mapped.

        Raises
        ------
        ValueError
            If it holds texts where training had numbers.
        """
        codes = self._column_codes(name, column)
        return FeatureColumn(codes, self._column_numbers(name, codes, column))

    def joined(self, columns: Mapping[str, FeatureColumn]) -> tuple[Array, Array]:
        """Return ``codes`` and ``numbers`` of rows whose columns are mapped.

        columns : all of them, of as many rows each

        Examples
        --------
        >>> columns = {"place": np.array(["de", "at", "de"])}
        >>> features = ClickFeatures({"place": "category"}, least_count=1)
        >>> features = features.fit(columns, np.array([1, 0, 1]))
        >>> mapped = features.column("place", np.array(["de", "ch"]))
        >>> features.joined({"place": mapped.take(np.array([1, 0, 0]))})[0]
        array([[0.],
               [2.],
               [2.]], dtype=float32)
        """
        found = [columns[name] for name in self.kinds]
        codes = self._with_crosses(np.hstack([each.codes for each in found]))
        numbers = np.column_stack([each.numbers for each in found])
        return codes, numbers.astype(np.float32)

    def _with_crosses(self, plain: Ints) -> Array:
        blocks, begin = [plain], np.cumsum([0, *self.fields])
        at = {name: n for n, name in enumerate(self.kinds)}
        for number, (a, b) in enumerate(self.crosses):
            first = plain[:, begin[at[a]] : begin[at[a] + 1]]
            second = plain[:, begin[at[b]] : begin[at[b] + 1]]
            pairs = _hashed(first[:, :, None], second[:, None, :], number)
            column = self.n_own + pairs % self.n_hashed
            none = (first[:, :, None] < 0) | (second[:, None, :] < 0)
            width = first.shape[1] * second.shape[1]
            blocks.append(np.where(none, -1, column).reshape(len(plain), width))
        found: Array = np.hstack(blocks).astype(np.float32)
        return found

    def numbers(
        self, columns: Mapping[str, Array], clicked: Array | None = None
    ) -> Array:
        """Return rows of numbers for trees, float32 (n_rows, n_columns).

        clicked : of training rows, in the order of time; None is for others
        """
        plain, found, slot = self._plain_codes(columns), [], 0
        for name, width in zip(self.kinds, self.fields, strict=True):
            mine = plain[:, slot : slot + width]
            slot += width
            rates = None
            if clicked is not None and self.kinds[name] != "number":
                rates = self._earlier_rates(mine, mine >= 0, clicked)
            found.append(self._column_numbers(name, mine, columns[name], rates))
        numbers: Array = np.column_stack(found).astype(np.float32)
        return numbers

    def _column_numbers(
        self, name: str, codes: Ints, column: Array, rates: Floats | None = None
    ) -> Floats:
        """The number of each row; rates of the slots are those of now, or given."""
        if self.kinds[name] == "number":
            # Trees take finite numbers; what is unknown lies below all others.
            low = self.edges[name][0] - 1 if len(self.edges[name]) else -1.0
            known: Floats = np.nan_to_num(self._numbers(name, column), nan=low)
            return known
        held = codes >= 0
        each = self._rates(self.sums[codes], self.counts[codes])
        if rates is not None:
            each = rates
        n = np.maximum(held.sum(axis=1), 1)
        mean = np.where(held, each, 0.0).sum(axis=1) / n
        return np.where(held.any(axis=1), mean, self.rate)

    def _rates(self, sums: Floats, counts: Floats) -> Floats:
        return (sums + SMOOTH * self.rate) / (counts + SMOOTH)

    def _earlier_rates(self, codes: Ints, held: Array, clicked: Array) -> Floats:
        """Rates of each slot's value in the rows before, smoothed."""
        each = np.zeros(codes.shape)
        flat = np.where(held, codes, self.n_own).astype(np.int64)
        for slot in range(codes.shape[1]):
            sums, counts = np.zeros(self.n_own + 1), np.zeros(self.n_own + 1)
            # So many rows of the rate of all stand for what was before the first.
            each[:, slot] = running_means(
                *(np.ascontiguousarray(flat[:, slot]), clicked.astype(np.float64)),
                *(sums, counts, 1e9 * self.rate, 1e9, SMOOTH, self.rate),
            )
        return each

    def _plain_codes(self, columns: Mapping[str, Array]) -> Ints:
        blocks = []
        for name in self.kinds:
            if name not in columns:
                raise ValueError(f"Rows must have the column {name}; it is missing.")
            blocks.append(self._column_codes(name, columns[name]))
        return np.hstack(blocks)

    def _column_codes(self, name: str, column: Array) -> Ints:
        first = self.first[name]
        if self.kinds[name] == "number":
            values = self._numbers(name, column)
            at = np.searchsorted(self.edges[name], values, side="right") + 1
            found: Ints = first + np.where(np.isnan(values), UNKNOWN, at)[:, None]
            return found
        code, width = self._code[name], self.widths[name]
        distinct, where = np.unique(column, return_inverse=True)
        rows = np.full((len(distinct), width), -1, np.int64)
        for n, cell in enumerate(self._cells(name, distinct)):
            mine = [first + code.get(value, UNKNOWN) for value in cell[:width]]
            rows[n, : len(mine)] = mine
        return rows[where]

    def _numbers(self, name: str, column: Array) -> Floats:
        values = np.asarray(column)
        if values.dtype.kind not in "iufb":
            raise ValueError(
                f"The column {name} held numbers in training, got {str(values[0])!r}."
            )
        return values.astype(np.float64)

    def _cells(self, name: str, column: Array) -> list[list[str]]:
        """The values of each cell, without repetition; one of a category."""
        kind = self.kinds[name]
        if column.dtype.kind in "fiu":
            column = np.array([f"{value:g}" for value in column.tolist()], str)
        if kind == "category":
            return [[cell] for cell in column.tolist()]
        parted = (
            cell.lower().split() if kind == "text" else cell.split("|")
            for cell in column.tolist()
        )
        return [
            list(dict.fromkeys(filter(None, cell)))[: self.most_words]
            for cell in parted
        ]

    # --- saving -----------------------------------------------------------------------

    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Return what was learned, as arrays and a document for JSON."""
        arrays: dict[str, Array] = {"sums": self.sums, "counts": self.counts}
        # By number: a name of a column may be no name of a file.
        for at, name in enumerate(self.kinds):
            if name in self.edges:
                arrays[f"column{at}"] = self.edges[name]
            else:
                arrays[f"column{at}"] = np.array(self.values[name], dtype=str)
        document = {
            "kinds": [list(each) for each in self.kinds.items()],
            "crosses": [list(pair) for pair in self.crosses],
            "n_hashed": self.n_hashed,
            "n_buckets": self.n_buckets,
            "least_count": self.least_count,
            "most_words": self.most_words,
            "widths": self.widths,
            "rate": self.rate,
        }
        return arrays, document

    @classmethod
    def restored(
        cls, arrays: Mapping[str, Array], document: Mapping[str, Any]
    ) -> "ClickFeatures":
        """Return the builder of which these are the state.

        Raises
        ------
        KeyError, ValueError
            If they do not fit together.
        """
        options = ("n_hashed", "n_buckets", "least_count", "most_words")
        found = cls(
            dict(document["kinds"]),
            [tuple(pair) for pair in document["crosses"]],
            **{name: document[name] for name in options},
        )
        found.widths, found.rate = dict(document["widths"]), float(document["rate"])
        found.edges, found.values = {}, {}
        for at, (name, kind) in enumerate(found.kinds.items()):
            column = np.asarray(arrays[f"column{at}"])
            if kind == "number":
                found.edges[name] = column
            else:
                found.values[name] = column.tolist()
        found._lay_out()
        found.sums, found.counts = arrays["sums"], arrays["counts"]
        if found.sums.shape != (found.n_own,) or found.counts.shape != (found.n_own,):
            raise ValueError("its rates are not those of its codes.")
        return found


def _hashed(first: Ints, second: Ints, number: int) -> Ints:
    """A whole number of at least 0 for each pair, by splitmix64 [1]_.

    References
    ----------
    .. [1] Steele, Lea and Flood (2014). "Fast splittable pseudorandom number
       generators". OOPSLA.
    """
    mixed = first.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed = mixed + second.astype(np.uint64) + np.uint64(number << 40)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((mixed ^ (mixed >> np.uint64(31))) >> np.uint64(1)).astype(np.int64)
