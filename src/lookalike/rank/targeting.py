"""Which of many ads want a user: their rules, compiled to bitmaps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from lookalike._typing import Array, Floats, Ints
from lookalike.rank.targeting_rules import (
    Comparison,
    User,
    Way,
    entries,
    is_unknown,
    number_of,
    parsed,
    plain_text,
)


class Targeting:
    """The rules of many ads, compiled: which of them want a user.

    For each name that rules compare there is a table of bitmaps, one for each value
    that they tell apart, with a bit for each way of each ad; of numbers the values are
    the limits and what lies between. A user is a row of each table; the ways that they
    fulfil are the bits that all of these rows have.

    Parameters
    ----------
    rules : sequence of str, or of what ``parsed`` returns, one an ad

    Notes
    -----
    Exact, in O(n_names * n_ways / 64) machine words for each user. Memory is one bit
    for each way and each value that is told apart.

    Examples
    --------
    >>> rules = ["age >= 18 and place in (de, at)", "not lists has buyers", ""]
    >>> targeting = Targeting(rules)
    >>> targeting.wanted({"age": 20, "place": "de", "lists": "buyers|members"})
    array([0, 2])
    >>> targeting.reason(0, {"age": 17, "place": "de"})
    'age >= 18 does not hold'
    """

    def __init__(self, rules: Sequence[str | tuple[Way, ...]]) -> None:
        if not len(rules):
            raise ValueError("There must be an ad to target, got none.")
        texts = dict.fromkeys(rule for rule in rules if isinstance(rule, str))
        ways = {rule: parsed(rule) for rule in texts}
        self.rules = list(rules)
        every = [ways[rule] if isinstance(rule, str) else rule for rule in rules]
        sizes = np.array([len(each) for each in every])
        self._ad = np.repeat(np.arange(len(rules)), sizes)
        n_lines = len(self._ad)
        of: dict[str, dict[Comparison, list[int]]] = {}
        line = 0
        for each in every:
            for way in each:
                for comparison in way:
                    key = _key(comparison)
                    of.setdefault(key, {}).setdefault(comparison, []).append(line)
                line += 1
        self._tables = [_Table.of(found, n_lines) for found in of.values()]

    def wanted(self, user: User) -> Ints:
        """Return positions of the ads that want a user, ascending.

        user : numbers, texts, and lists (or texts with "|" between), by name; names of
            which nothing is known are left out
        """
        if not self._tables:
            return np.arange(len(self.rules))
        rows = [table.row(user) for table in self._tables]
        left = rows[0].copy()
        for row in rows[1:]:
            left &= row
        found = np.flatnonzero(np.unpackbits(left, count=len(self._ad)).view(bool))
        one_way_each = len(self._ad) == len(self.rules)
        return found if one_way_each else np.unique(self._ad[found])

    def reason(self, ad: int, user: User) -> str:
        """Return what keeps an ad from a user, of the way that is nearest; "" if none.

        The definition, comparison by comparison.
        """
        best: list[str] | None = None
        rule = self.rules[ad]
        for way in parsed(rule) if isinstance(rule, str) else rule:
            failed = [str(each) for each in way if not each.holds(user)]
            if not failed:
                return ""
            if best is None or len(failed) < len(best):
                best = failed
        assert best is not None
        return f"{' and '.join(best)} {'does' if len(best) == 1 else 'do'} not hold"

    # --- saving -----------------------------------------------------------------------

    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Return what was compiled, not the rules, as arrays and a JSON document."""
        # One array: the rows of a table have as many bytes as those of any other.
        none = np.empty((0, -(-len(self._ad) // 8)), np.uint8)
        bits = np.concatenate([none, *(table.rows for table in self._tables)])
        return {"bits": bits, "ad": self._ad}, {
            "tables": [table.document() for table in self._tables]
        }

    @classmethod
    def restored(
        cls,
        rules: Sequence[str],
        arrays: Mapping[str, Array],
        document: Mapping[str, Any],
    ) -> "Targeting":
        """Return the compiled rules of which these are the state; none is read again.

        rules : the same, for ``reason``

        Raises
        ------
        KeyError, ValueError
            If they do not fit together.
        """
        found = cls.__new__(cls)
        found.rules, found._ad = list(rules), np.asarray(arrays["ad"])
        bits, tables = np.asarray(arrays["bits"]), document["tables"]
        ends = np.cumsum([0, *(each["n_rows"] for each in tables)])
        width = -(-len(found._ad) // 8)
        every = np.arange(len(found.rules))
        if bits.shape != (ends[-1], width) or not np.array_equal(
            np.unique(found._ad), every
        ):
            raise ValueError("its targeting is not that of its ads.")
        found._tables = [
            _Table.restored(each, bits[begin:end])
            for each, (begin, end) in zip(tables, pairwise(ends), strict=True)
        ]
        return found


@dataclass(frozen=True)
class _Table:
    """Bitmaps of one name: a row for each value that its comparisons tell apart.

    name : that is compared
    limits : numbers it is compared with, ascending, where an order counts
    texts : values that are told apart
    word : for "has", the entry
    rows : uint8 (n_values, n_bytes), of what is not known first, then of any other
        value, or of numbers below, on and above each limit, and of the texts
    """

    name: str
    limits: Floats
    texts: list[str]
    word: str | None
    rows: Array

    @classmethod
    def of(cls, found: Mapping[Comparison, list[int]], n_lines: int) -> "_Table":
        """Return the table of these comparisons, each with the ways that have it."""
        some = next(iter(found))
        values = {value for each in found for value in each.values}
        is_ordered = any(each.is_ordered for each in found)
        numbers = sorted(v for v in values if isinstance(v, float)) * is_ordered
        word = some.values[0] if some.op == "has" else None
        texts = [] if word is not None else sorted({plain_text(v) for v in values})
        samples: list[Any] = [None, object()]  # what is not known, and any other value
        if word is not None:
            samples = [None, [word]]
        elif is_ordered:
            # Below the first limit, on it, between it and the next, and so on.
            middles = ((a + b) / 2 for a, b in pairwise(numbers))
            between = [numbers[0] - 1, *middles, numbers[-1] + 1]
            inside = [v for pair in zip(between, numbers, strict=False) for v in pair]
            samples = [None, *inside, between[-1]]
        bits = np.ones((len(samples) + len(texts), n_lines), bool)
        for comparison, found_lines in found.items():
            lines = np.array(found_lines)
            for at, sample in enumerate([*samples, *texts]):
                if not comparison.holds({some.name: sample}):
                    bits[at, lines] = False
        limits = np.array(numbers, np.float64)
        return cls(some.name, limits, texts, word, np.packbits(bits, axis=1))

    def document(self) -> dict[str, Any]:
        """Return everything but the rows, ready for JSON."""
        return {
            "name": self.name,
            "limits": self.limits.tolist(),
            "texts": self.texts,
            "word": self.word,
            "n_rows": len(self.rows),
        }

    @classmethod
    def restored(cls, document: Mapping[str, Any], rows: Array) -> "_Table":
        """Return the table of this document.

        Raises
        ------
        KeyError, ValueError
            If the rows are not those of its values.
        """
        limits, texts = document["limits"], list(document["texts"])
        expected = 2 + 2 * len(limits) + len(texts)
        if len(rows) != expected or document["n_rows"] != expected:
            raise ValueError("its targeting is not that of its values.")
        name, word = document["name"], document["word"]
        return cls(name, np.array(limits, np.float64), texts, word, rows)

    @cached_property
    def place(self) -> dict[str, int]:
        """The row of each text."""
        first = len(self.rows) - len(self.texts)
        return {text: first + at for at, text in enumerate(self.texts)}

    def row(self, user: User) -> Array:
        """The bitmap of the ways that a user may fulfil, as far as this name goes."""
        value = user.get(self.name)
        if is_unknown(value):
            return self.rows[0]
        if self.word is not None:
            return self.rows[int(self.word in entries(value))]
        if not len(self.limits):
            return self.rows[self.place.get(plain_text(value), 1)]
        number = number_of(value)
        if number is None:
            # A text that no comparison names is like none that is known.
            return self.rows[self.place.get(str(value), 0)]
        at = int(np.searchsorted(self.limits, number, side="left"))
        on = at < len(self.limits) and self.limits[at] == number
        return self.rows[1 + 2 * at + int(on)]


def _key(comparison: Comparison) -> str:
    """Name of the table; of lists, one for each entry."""
    if comparison.op == "has":
        return f"{comparison.name} has {comparison.values[0]}"
    return comparison.name
