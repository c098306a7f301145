"""``lookalike bench``: our speed beside the peers', in one run on this machine."""

from importlib import import_module
from pkgutil import iter_modules
from typing import Annotated

import typer

from lookalike.cli._common import Json, progress, say


def bench(
    name: Annotated[str, typer.Argument(help="What to race, such as neighbors.")],
    only: Annotated[
        str | None,
        typer.Option("--only", "--job", help="Only jobs whose name holds this."),
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Calls a contestant.")] = 3,
    json: Json = False,
) -> None:
    """Race our methods against the peers' on this machine; medians and ratios."""
    import lookalike.bench
    from lookalike.bench._run import show

    modules = iter_modules(lookalike.bench.__path__)
    names = sorted(each.name for each in modules if not each.name.startswith("_"))
    if name not in names:
        raise ValueError(f"There are benchmarks of {', '.join(names)}; got {name!r}.")
    with progress() as report:
        race = import_module(f"lookalike.bench.{name}").run
        result = race(only=only, rounds=rounds, report=report)
    if json:
        say(result, json, [])
    else:
        show(result)
