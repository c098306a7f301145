"""Which columns of a log and of an item table mean what: found by name, or declared.

A form is kept as a TOML file beside the log, and with the system that learned from it.
"""

import json
import os
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from lookalike._checks import check_choice
from lookalike._event_weights import event_weight, plain_name
from lookalike.datasets.item_columns import KINDS

NAMES: dict[str, tuple[str, ...]] = {
    "user": (
        *("user", "userid", "customer", "customerid", "client", "clientid", "visitor"),
        *("visitorid", "member", "memberid", "person", "personid", "player"),
        *("playerid", "account", "accountid", "reader", "reviewer", "reviewerid"),
        *("buyer", "uid"),
    ),
    "item": (
        *("item", "itemid", "product", "productid", "sku", "asin", "article"),
        *("articleid", "movie", "movieid", "film", "filmid", "book", "bookid", "isbn"),
        *("game", "gameid", "gametitle", "song", "songid", "track", "trackid", "iid"),
    ),
    "time": (
        *("time", "timestamp", "ts", "date", "datetime", "createdat", "when", "day"),
        *("eventtime", "orderdate", "purchasedate", "occurredat"),
    ),
    "value": (
        *("value", "rating", "stars", "score", "hours", "quantity", "qty", "amount"),
        *("count", "plays", "strength", "weight"),
    ),
    "event": (
        *("event", "eventtype", "eventname", "kind", "type", "action", "actionname"),
    ),
    "title": ("title", "name", "label", "productname", "itemname", "gametitle"),
    "query": (
        *("query", "q", "querytext", "search", "searchterm", "searchquery", "term"),
        *("keyword", "keywords", "phrase", "text"),
    ),
    "country": ("country", "countrycode", "region", "market", "locale"),
    "count": (
        *("count", "n", "times", "frequency", "freq", "searches", "volume"),
        *("impressions", "hits"),
    ),
}
"""Names by which columns are found: without case, and letters and digits alone."""
RATINGS = {"rating", "stars", "score"}
"""Names of values of which the latest counts; of others the sum does."""
COMBINE = ("last", "sum")


@dataclass(frozen=True)
class LogForm:
    """How a log is read.

    user, item : columns of the log
    time, value, event : columns of the log; None where it has none
    combine : what counts of several rows of a user and an item: the "last" value, or
        their "sum"
    weights : what an event counts, by its kind
    id, title : columns of the item table; title None is the id
    kinds : of further columns of the item table
    user_id : column of the table of the users
    user_kinds : of its further columns
    log, items, users : the files, where a form names them
    """

    user: str
    item: str
    time: str | None = None
    value: str | None = None
    event: str | None = None
    combine: str = "sum"
    weights: Mapping[str, float] = field(default_factory=dict)
    id: str | None = None
    title: str | None = None
    kinds: Mapping[str, str] = field(default_factory=dict)
    user_id: str | None = None
    user_kinds: Mapping[str, str] = field(default_factory=dict)
    log: str | None = None
    items: str | None = None
    users: str | None = None

    @classmethod
    def found(
        cls,
        of_log: Sequence[str],
        of_items: Sequence[str] = (),
        of_users: Sequence[str] = (),
        /,
        **given: Any,
    ) -> Self:
        """Return the form of a log and of tables with columns of these names.

        given : fields of the form that are declared; the others are found by name

        Raises
        ------
        ValueError
            If there is no column for users or items, or a declared one is missing.
        """
        for name in ("user", "item", "time", "value", "event"):
            given[name] = find_column(of_log, name, given.get(name), "log")
            if given[name] is None and name in ("user", "item"):
                raise ValueError(
                    f"No column of the log is known to name the {name}; its columns "
                    f"are {', '.join(of_log)}: say which it is with --{name} NAME."
                )
        if of_items:
            given["id"] = _ids(of_items, "item", given.get("id"), given["item"])
            title = find_column(of_items, "title", given.get("title"), "item table")
            given["title"] = title
        if of_users:
            given["user_id"] = _ids(
                of_users, "user", given.get("user_id"), given["user"]
            )
        if given.get("combine") is None:
            rated = plain_name(given["value"] or "") in RATINGS
            given["combine"] = "last" if rated else "sum"
        check_choice("combine", given["combine"], COMBINE)
        kinds = (given.get("kinds", {}), given.get("user_kinds", {}))
        for kind in (kind for each in kinds for kind in each.values()):
            check_choice("kind", kind, KINDS)
        return cls(**given)

    def weight(self, event: str) -> float:
        """Return what an event of this kind counts."""
        if event in self.weights:
            return float(self.weights[event])
        return event_weight(event)

    def toml(self) -> str:
        """Return the form as a TOML document.

        Examples
        --------
        >>> print(LogForm("customer", "sku", weights={"buy": 4}).toml())
        user = "customer"
        item = "sku"
        combine = "sum"
        <BLANKLINE>
        [weights]
        "buy" = 4
        """
        plain, tables = [], []
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, Mapping):
                if value:
                    rows = [f"{_toml(k)} = {_toml(v)}" for k, v in value.items()]
                    tables.append("\n".join(["", f"[{each.name}]", *rows]))
            elif value is not None:
                plain.append(f"{each.name} = {_toml(value)}")
        return "\n".join([*plain, *tables])


def find_column(
    names: Iterable[str], wanted: str, declared: str | None, where: str
) -> str | None:
    """Return the declared column, or the one that is known by its name, or None.

    names : of the columns that there are
    wanted : a key of ``NAMES``
    where : the table, for the refusal of a declared column that it lacks

    Raises
    ------
    ValueError
        If the declared column is not there.

    Examples
    --------
    >>> find_column(["Customer_ID", "sku"], "user", None, "log")
    'Customer_ID'
    """
    if declared is not None:
        if declared not in names:
            raise ValueError(
                f"The {where} has no column {declared}; it has {', '.join(names)}."
            )
        return declared
    plain = {plain_name(name): name for name in reversed(list(names))}
    return next((plain[each] for each in NAMES[wanted] if each in plain), None)


def read_form(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return what a TOML file declares of a form; its files lie beside it.

    Raises
    ------
    ValueError
        If it is no TOML, or says what no form has.
    """
    file = Path(path)
    try:
        given = tomllib.loads(file.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"{file} is no TOML file: {error}.") from None
    known = [each.name for each in fields(LogForm)]
    for name, value in given.items():
        if name not in known:
            raise ValueError(
                f"{file} says {name}, which no form has; it may say {', '.join(known)}."
            )
        is_table = name in ("weights", "kinds", "user_kinds")
        if not isinstance(value, dict if is_table else str):
            kind = "a table" if is_table else "a text"
            raise ValueError(f"{file}: {name} must be {kind}, got {value!r}.")
    for name in ("log", "items", "users"):
        if name in given:
            given[name] = str(file.parent / given[name])
    return given


def _ids(
    names: Collection[str], what: str, declared: str | None, in_log: str | None
) -> str:
    """The column of ids of a table, which is called as in the log if it is not known.

    what : "item" or "user"
    """
    same = in_log if in_log in names else None
    found = find_column(names, what, declared or same, f"{what} table")
    if found is None:
        raise ValueError(
            f"No column of the {what} table is known to name the {what}; its columns "
            f"are {', '.join(names)}: one must be called {in_log}, as in the log."
        )
    return found


def _toml(value: Any) -> str:
    # What JSON writes of a text or a number, TOML reads.
    return json.dumps(value, ensure_ascii=False)
