"""``lookalike bench``: the benchmarks of the repository's ``benchmarks`` folder."""

import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from lookalike.cli._common import Json, say
from lookalike.cli._progress import progress


def bench(
    name: Annotated[str, typer.Argument(help="Which benchmark, such as neighbors.")],
    only: Annotated[
        str | None,
        typer.Option("--only", "--job", help="Only jobs whose name contains this."),
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Calls a method.")] = 3,
    json: Json = False,
) -> None:
    """Measure lookalike beside other libraries; needs a checkout of the repository."""
    folder = str(benchmarks())
    if folder not in sys.path:
        sys.path.append(folder)
    names = import_module("lookalike_bench").BENCHMARKS
    if name not in names:
        raise ValueError(f"There are benchmarks of {', '.join(names)}; got {name!r}.")
    with progress() as report:
        run = import_module(f"lookalike_bench.{name}").run
        result = run(only=only, rounds=rounds, progress=report)
    if json:
        say(result, json, [])
    else:
        import_module("lookalike_bench.runner").show(result)


def benchmarks() -> Path:
    """Return the folder of the benchmarks: beside these sources, or the current one's.

    Raises
    ------
    FileNotFoundError
        If the package is installed without its repository, and the current directory
        is not a checkout.
    """
    for root in (Path(__file__).parents[3], Path.cwd()):
        if (root / "benchmarks" / "lookalike_bench").is_dir():
            return root / "benchmarks"
    raise FileNotFoundError(
        "The benchmarks are not part of the installed package: run `lookalike bench` "
        "in a checkout of the repository, whose folder `benchmarks` holds them."
    )
