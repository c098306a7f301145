"""Attributes of documents: which of them filter, and what a filter lets through."""

from collections.abc import Mapping, Sequence
from typing import Any

from lookalike._shown import shown
from lookalike.core.items import Allowed

MOST_VALUES = 1000
"""Different values of an attribute that filters and is counted."""
LONGEST_VALUE = 200
"""Letters of such a value."""


def facets_of(attributes: Sequence[Mapping[str, str]]) -> tuple[str, ...]:
    """Return the names of attributes with few values, each of them short."""
    values: dict[str, set[str]] = {}
    for row in attributes:
        for name, value in row.items():
            values.setdefault(name, set()).add(value)
    return tuple(
        name
        for name, found in values.items()
        if name != "text"
        and len(found) <= min(MOST_VALUES, max(len(attributes) // 2, 2))
        and max(map(len, found)) <= LONGEST_VALUE
    )


def values_let_through(
    where: Mapping[str, Allowed] | None,
) -> dict[str, set[str]] | None:
    """Return facets and their values as texts, or None where all are let through.

    Raises
    ------
    ValueError
        If a facet is given bounds.
    """
    if not where:
        return None
    found = {}
    for name, allowed in where.items():
        if isinstance(allowed, Mapping):
            raise ValueError(
                f"Attributes of documents are texts: {shown(name)} takes values, "
                "not bounds."
            )
        found[name] = set(map(text_of, allowed))
    return found


def check_facets(attributes: Mapping[str, Any], facets: Sequence[str]) -> None:
    """Refuse attributes of a document that are no facets."""
    for name in attributes:
        if name != "text" and name not in facets:
            there = ", ".join(map(repr, facets)) or "none"
            raise ValueError(f"There is no facet {name!r}; there are {there}.")


def text_of(value: Any) -> str:
    """Return a value as the index has it.

    Examples
    --------
    >>> text_of(True), text_of(3)
    ('true', '3')
    """
    return str(value).lower() if isinstance(value, bool) else str(value)
