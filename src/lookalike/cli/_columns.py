"""Options about the columns of items: which are let through, which are shown."""

import re
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from lookalike.cli._common import pairs

Where = Annotated[
    list[str] | None,
    typer.Option(
        help="Let only some items through: price<20, year>=1990, colour=red or "
        "colour=red,blue; may be given several times."
    ),
]
Shown = Annotated[
    str | None, typer.Option("--columns", help="Columns to show: price,colour.")
]
_BOUNDS = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}
_CONDITION = re.compile(r"\s*([^<>=]+?)\s*(<=|>=|<|>|=)\s*(.+?)\s*")


def conditions(given: Sequence[str]) -> dict[str, Any]:
    """Return what is let through of items, by column, as systems take it.

    Examples
    --------
    >>> conditions(["price>=5", "price<20", "colour=red,blue"])
    {'price': {'gte': '5', 'lt': '20'}, 'colour': ['red', 'blue']}
    """
    found: dict[str, Any] = {}
    for each in given:
        match = _CONDITION.fullmatch(each)
        if match is None:
            raise ValueError(
                f"--where takes COLUMN<NUMBER, COLUMN>=NUMBER or COLUMN=VALUE, got "
                f"{each!r}."
            )
        column, sign, value = match.groups()
        known = found.get(column)
        if sign == "=" and known is None:
            found[column] = [part.strip() for part in value.split(",")]
        elif sign != "=" and (known is None or isinstance(known, dict)):
            found.setdefault(column, {})[_BOUNDS[sign]] = value
        else:
            raise ValueError(f"--where says two things about {column}: {each!r}.")
    return found


Context = Annotated[
    list[str] | None,
    typer.Option(
        help="What the users' columns say of whoever asks, known or not: country=CH; "
        "may be given several times."
    ),
]


def context_of(spec: Any, context: Sequence[str] | None) -> dict[str, Any]:
    """Return the keyword of a recommender's verb for what is said of whoever asks."""
    if not context:
        return {}
    spec.check_can("catalogue")
    return {"context": pairs("--context", context, "COLUMN=VALUE")}


def filters(spec: Any, where: Sequence[str] | None) -> dict[str, Any]:
    """Return the keywords of a system's verb for these conditions."""
    if not where:
        return {}
    if not any(map(spec.can, ("catalogue", "facets"))):
        raise ValueError(f"Items of {spec.name} have no columns: leave --where out.")
    return {"where": conditions(where)}


def with_columns(
    opened: Any, hits: Sequence[dict[str, Any]], shown: str | None
) -> list[dict[str, Any]]:
    """Return hits with what the columns to be shown say of their items."""
    if shown is None:
        return list(hits)
    opened.spec.check_can("catalogue")
    names = [name.strip() for name in shown.split(",") if name.strip()]
    values = opened.system.item_values([hit["id"] for hit in hits], names)
    return [{**hit, "columns": own} for hit, own in zip(hits, values, strict=True)]


def flat(hits: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return hits for a table: their columns beside what else is said of them."""
    return [
        {
            **{name: value for name, value in hit.items() if name != "columns"},
            **{
                name: "|".join(value) if isinstance(value, list) else value
                for name, value in hit.get("columns", {}).items()
            },
        }
        for hit in hits
    ]
