"""``lookalike rank``: items in order for a user, and for ads a page sold to them."""

from typing import Annotated, Any

import typer

from lookalike.cli._columns import flat
from lookalike.cli._common import Folder, Json, System, columns, pairs, say
from lookalike.cli._progress import progress
from lookalike.cli._systems import open_system, read_inputs
from lookalike.cli.classify import table


def rank(
    system: System,
    user: Annotated[str, typer.Argument(help="For whom, known or not.")],
    items: Annotated[
        list[str] | None, typer.Argument(help="What is put in order, by id.")
    ] = None,
    auction: Annotated[
        str | None,
        typer.Option(help="For ads: sell places by second_price, gsp or vcg."),
    ] = None,
    k: Annotated[int, typer.Option("--k", help="Places that are sold.")] = 3,
    reserve: Annotated[float, typer.Option(help="Least price of a click.")] = 0.0,
    context: Annotated[
        list[str] | None,
        typer.Option(help="For an auction: what is known of the moment, NAME=VALUE."),
    ] = None,
    folder: Folder = None,
    json: Json = False,
) -> None:
    """Put items in order for a user; with --auction sell a page's places to ads."""
    if (auction is None) == (not items):
        raise ValueError("Name the items that are to be ranked, or give --auction.")
    with progress() as on_progress:
        on_progress("opening the system", 0.1)
        _, _, [query] = read_inputs(system, "auction" if auction else "rank", [user])
        opened = open_system(system, folder)
        on_progress("answering", 0.6)
        rules: list[str] = []
        if auction is None:
            slate = opened.system.rank_items(query, items or [])
            found = [{"user": query, **record} for record in slate.records()]
        else:
            told = pairs("--context", context or ())
            sale = opened.system.run_auction(query, k, auction, reserve, told)
            found, rules = sale.places, list(sale.rules)
    document: dict[str, Any] = {
        "system": system,
        "generation": opened.generation,
        "answers": found,
    }
    if auction is not None:
        document |= {"revenue": sale.revenue, "rules": rules}
    say(document, json, [*columns(table(flat(found))), *(f"  {r}" for r in rules)])
