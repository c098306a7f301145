"""``lookalike systems``: what is saved, what answers, and moving the pointer."""

from pathlib import Path
from typing import Annotated, Any

import typer

from lookalike.cli._common import Folder, Json, System, columns, say

systems: typer.Typer = typer.Typer(
    invoke_without_command=True, help="Saved systems: list, activate, rollback."
)
Number = Annotated[str, typer.Argument(help="The generation, such as 0002.")]


@systems.callback()
def list_(ctx: typer.Context, folder: Folder = None, json: Json = False) -> None:
    """List every system, its generations and which of them answers."""
    if ctx.invoked_subcommand is not None:
        return
    from lookalike.core.library import Library, libraries_in
    from lookalike.systems import specs

    if folder is not None and not folder.is_dir():
        raise ValueError(f"{folder} is no folder; expected one that holds systems.")
    there = libraries_in(folder)
    known = [each for name in specs() for each in there.get(name, [])]
    if folder is None or not known:
        absent = [name for name in specs() if name not in there]
        known += [Library(name, folder) for name in absent]
    found = [_library(library) for library in known]
    rows = [("system", "generation", "answers", "data", "accuracy", "created")]
    for system in found:
        for each in system["generations"]:
            mark = "yes" if each["name"] == system["current"] else ""
            accuracy = each["metrics"].get("accuracy", {}).get("value")
            shown = "" if accuracy is None else f"{accuracy:.4f}"
            described = (each["data"], shown, each["created"])
            rows.append((system["name"], each["name"], mark, *described))
        if not system["generations"]:
            rows.append((system["name"], "none", "", "", "", ""))
    say({"systems": found}, json, columns(rows))


@systems.command()
def activate(
    system: System, generation: Number, folder: Folder = None, json: Json = False
) -> None:
    """Let a generation answer, if it is whole."""
    from lookalike.core.library import find_library

    _moved(system, find_library(system, folder).activate(generation), json)


@systems.command()
def rollback(system: System, folder: Folder = None, json: Json = False) -> None:
    """Let the generation before the current one answer."""
    from lookalike.core.library import find_library

    _moved(system, find_library(system, folder).rollback(), json)


def _moved(system: str, number: str, json: bool) -> None:
    answer = {"system": system, "generation": number}
    say(answer, json, [f"Generation {number} of {system} answers now."])


def _library(library: Any) -> dict[str, Any]:
    name = library.name
    return {
        "name": name,
        "folder": str(library.folder),
        "current": library.current(),
        "generations": [_generation(library.folder / n, name) for n in library.names()],
    }


def _generation(folder: Path, name: str) -> dict[str, Any]:
    from lookalike.core.generation import load

    try:
        about = load(folder, name).about
    except ValueError as error:
        empty = {"data": "damaged", "metrics": {}, "created": str(error)}
        return {"name": folder.name, **empty}
    return {
        "name": folder.name,
        "data": about["data"]["name"],
        "metrics": about["metrics"],
        "created": about["created"],
    }
