"""Rules of whom an ad wants: a small language of comparisons.

    age >= 18 and place in (de, at) and not (device = tablet or lists has buyers)

A comparison is a name, one of ``= != < <= > >= in has``, and a value: a number, a word,
a text in quotes, or values in brackets after ``in``. ``lists has buyers`` is for lists.
What is not known of a user makes a comparison false, and so its opposite true.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

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
        value = ", ".join(map(plain_text, self.values))
        if self.op == "in":
            op = "=" if len(self.values) == 1 else "in"
            text = f"{self.name} {op} {value if op == '=' else f'({value})'}"
        else:
            text = f"{self.name} {self.op} {value}"
        return f"not {text}" if self.holds_not else text

    @property
    def is_ordered(self) -> bool:
        """Whether it asks for more or less."""
        return self.op in _ORDERED

    def opposite(self) -> "Comparison":
        """Return the opposite."""
        return Comparison(self.name, self.op, self.values, not self.holds_not)

    def holds(self, user: User) -> bool:
        """Whether it holds for a user: the definition."""
        return self._holds(user.get(self.name)) != self.holds_not

    def _holds(self, value: Any) -> bool:
        if is_unknown(value):
            return False
        if self.op == "has":
            return self.values[0] in entries(value)
        if self.op == "in":
            return plain_text(value) in map(plain_text, self.values)
        number = number_of(value)
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
            distinct = {plain_text(each): each for each in values}
            return Comparison(name, "in", tuple(distinct[t] for t in sorted(distinct)))
        value = self._value(begin)
        if op in ("=", "!="):
            return Comparison(name, "in", (value,), op == "!=")
        if op == "has":
            return Comparison(name, "has", (plain_text(value),))
        number = number_of(value)
        if op not in _ORDERED or number is None:
            raise self._refusal_at(begin)
        return Comparison(name, op, (number,))

    def _value(self, begin: int) -> Any:
        kind, text = self._next(begin)
        if kind == "sign":
            raise self._refusal_at(begin)
        number = number_of(text) if kind == "word" else None
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


def entries(value: Any) -> list[str]:
    """Return what a list holds, as rules write it.

    value : a list, or a text with "|" between; anything else is its only entry

    Examples
    --------
    >>> entries("buyers|5"), entries([5.0, "5"]), entries(5)
    (['buyers', '5'], ['5', '5'], ['5'])
    """
    held = value.split("|") if isinstance(value, str) else value
    if not isinstance(held, list | tuple | set | frozenset):
        held = [held]
    return [plain_text(each) for each in held]


def plain_text(value: Any) -> str:
    """Return a value as rules write it; 18, 18.0 and "18" are one."""
    number = number_of(value)
    return str(value) if number is None else f"{number:.12g}"


def is_unknown(value: Any) -> bool:
    """Whether nothing is known: None, "" or nan."""
    return value is None or value == "" or (isinstance(value, float) and value != value)


def number_of(value: Any) -> float | None:
    """Return the finite number that a value is, or that a text spells, or None."""
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if np.isfinite(number) else None
