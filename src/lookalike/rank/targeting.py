"""Whom an ad wants: rules in a small language, for many ads at once by bitmaps.

    age >= 18 and place in (de, at) and not (device = tablet or lists has buyers)

A comparison is a name, one of ``= != < <= > >= in has``, and a value: a number, a word,
a text in quotes, or values in brackets after ``in``. ``lists has buyers`` is for lists.
What is not known of a user makes a comparison false, and so its opposite true.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise, product
from typing import Any

import numpy as np

from lookalike._typing import Array, Floats, Ints

MOST_WAYS = 64
"""Alternatives, joined by "or", that the rule of one ad may come to."""
_TOKEN = re.compile(
    r"""\s*(?:(<=|>=|!=|=|<|>|\(|\)|,)|"([^"]*)"|([^\s()<>=!,"]+))""", re.VERBOSE
)
_ORDERED: Mapping[str, Callable[[Any, Any], Any]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}
User = Mapping[str, Any]


@dataclass(frozen=True)
class Comparison:
    """One comparison of a rule, such as place in (de, at).

    op : "<", "<=", ">", ">=", "in" (also for "=") or "has"
    values : one, or several for "in"
    holds_not : whether the opposite is meant
    """

    name: str
    op: str
    values: tuple[Any, ...]
    holds_not: bool = False

    def __str__(self) -> str:
        value = ", ".join(map(_text, self.values))
        if self.op == "in":
            op = "=" if len(self.values) == 1 else "in"
            text = f"{self.name} {op} {value if op == '=' else f'({value})'}"
        else:
            text = f"{self.name} {self.op} {value}"
        return f"not {text}" if self.holds_not else text

    def opposite(self) -> "Comparison":
        """Return the opposite."""
        return Comparison(self.name, self.op, self.values, not self.holds_not)

    def holds(self, user: User) -> bool:
        """Whether it holds for a user: the definition."""
        return self._holds(user.get(self.name)) != self.holds_not

    def _holds(self, value: Any) -> bool:
        if _is_unknown(value):
            return False
        if self.op == "has":
            held = value.split("|") if isinstance(value, str) else list(value)
            return self.values[0] in held
        if self.op == "in":
            return _text(value) in map(_text, self.values)
        number = _number(value)
        return number is not None and bool(_ORDERED[self.op](number, self.values[0]))


Way = tuple[Comparison, ...]
"""Comparisons that hold together."""


def parsed(rule: str) -> tuple[Way, ...]:
    """Return the ways in which a rule is fulfilled: one must hold, as a whole.

    "" is for everybody.

    Raises
    ------
    ValueError
        If it is no rule, or comes to more than ``MOST_WAYS`` ways.

    Examples
    --------
    >>> for way in parsed("age >= 18 and not (place = de and lists has members)"):
    ...     print(" and ".join(map(str, way)))
    age >= 18 and not place = de
    age >= 18 and not lists has members
    """
    if not rule.strip():
        return ((),)
    return _Parser(rule).ways()


class _Parser:
    """Reads a rule from left to right: or, of and, of not."""

    def __init__(self, rule: str) -> None:
        self.rule, self.tokens, at = rule, [], 0
        rule = rule.rstrip()
        while at < len(rule):
            found = _TOKEN.match(rule, at)
            if found is None:
                raise self.refusal(rule[at:])
            sign, text, word = found.groups()
            kind = "sign" if sign else "text" if text is not None else "word"
            self.tokens.append((kind, sign or (text if text is not None else word)))
            at = found.end()
        self.at = 0

    def refusal(self, rest: str) -> ValueError:
        return ValueError(
            "A rule is comparisons such as age >= 18 or place in (de, at), joined by "
            f"and, or, not; got {self.rule!r}, which is none at {rest[:30]!r}."
        )

    def ways(self) -> tuple[Way, ...]:
        tree = self._or()
        if self.at < len(self.tokens):
            raise self._refusal_at(self.at)
        return tuple(_ways(tree, False, self.rule))

    def _refusal_at(self, at: int) -> ValueError:
        rest = " ".join(text for _, text in self.tokens[at:])
        return self.refusal(rest or "its end")

    def _is(self, word: str) -> bool:
        """Whether this word or sign comes next; it is then passed over."""
        if self.at < len(self.tokens):
            kind, text = self.tokens[self.at]
            if kind != "text" and text.lower() == word:
                self.at += 1
                return True
        return False

    def _or(self) -> Any:
        parts = [self._and()]
        while self._is("or"):
            parts.append(self._and())
        return ("or", parts)

    def _and(self) -> Any:
        parts = [self._not()]
        while self._is("and"):
            parts.append(self._not())
        return ("and", parts)

    def _not(self) -> Any:
        if self._is("not"):
            return ("not", self._not())
        if self._is("("):
            inside = self._or()
            if not self._is(")"):
                raise self._refusal_at(self.at)
            return inside
        return self._comparison()

    def _comparison(self) -> Comparison:
        begin = self.at
        kind, name = self._next(begin)
        if kind != "word" or name.lower() in ("and", "or", "in", "has"):
            raise self._refusal_at(begin)
        _, op = self._next(begin)
        op = op.lower()
        if op == "in":
            if not self._is("("):
                raise self._refusal_at(begin)
            values = [self._value(begin)]
            while self._is(","):
                values.append(self._value(begin))
            if not self._is(")"):
                raise self._refusal_at(begin)
            distinct = {_text(each): each for each in values}
            return Comparison(name, "in", tuple(distinct[t] for t in sorted(distinct)))
        value = self._value(begin)
        if op in ("=", "!="):
            return Comparison(name, "in", (value,), op == "!=")
        if op == "has":
            return Comparison(name, "has", (str(value),))
        number = _number(value)
        if op not in _ORDERED or number is None:
            raise self._refusal_at(begin)
        return Comparison(name, op, (number,))

    def _value(self, begin: int) -> Any:
        kind, text = self._next(begin)
        if kind == "sign":
            raise self._refusal_at(begin)
        number = _number(text) if kind == "word" else None
        return text if number is None else number

    def _next(self, begin: int) -> tuple[str, str]:
        if self.at >= len(self.tokens):
            raise self._refusal_at(begin)
        self.at += 1
        return self.tokens[self.at - 1]


def _ways(tree: Any, negated: bool, rule: str) -> list[Way]:
    """The ways of a tree, or of its opposite."""
    if isinstance(tree, Comparison):
        return [(tree.opposite() if negated else tree,)]
    kind, inside = tree
    if kind == "not":
        return _ways(inside, not negated, rule)
    parts = [_ways(part, negated, rule) for part in inside]
    if (kind == "or") != negated:
        found = [way for part in parts for way in part]
    else:
        n = int(np.prod([len(part) for part in parts], dtype=float))
        if n > MOST_WAYS:
            raise _too_many(rule, n)
        found = [
            tuple(dict.fromkeys(c for way in ways for c in way))
            for ways in product(*parts)
        ]
    if len(found) > MOST_WAYS:
        raise _too_many(rule, len(found))
    return found


def _too_many(rule: str, n: int) -> ValueError:
    return ValueError(
        f"A rule must come to at most {MOST_WAYS} alternatives, got {n} from "
        f"{rule[:60]!r}."
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
        is_ordered = any(each.op in _ORDERED for each in found)
        numbers = sorted(v for v in values if isinstance(v, float)) * is_ordered
        word = some.values[0] if some.op == "has" else None
        texts = [] if word is not None else sorted({_text(v) for v in values})
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
        if _is_unknown(value):
            return self.rows[0]
        if self.word is not None:
            held = value.split("|") if isinstance(value, str) else list(value or ())
            return self.rows[int(self.word in held)]
        if not len(self.limits):
            return self.rows[self.place.get(_text(value), 1)]
        number = _number(value)
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


def _text(value: Any) -> str:
    """A value as rules write it; 18, 18.0 and "18" are one."""
    number = _number(value)
    return str(value) if number is None else f"{number:.12g}"


def _is_unknown(value: Any) -> bool:
    return value is None or value == "" or (isinstance(value, float) and value != value)


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if np.isfinite(number) else None
