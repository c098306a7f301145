"""``lookalike systems``: what is saved, what answers, and moving the pointer."""

from json import loads as parse
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
    from lookalike.systems import specs

    names = list(specs()) if folder is None else _systems_in(folder, list(specs()))
    found = [_library(name, folder) for name in names]
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
    from lookalike.core.library import Library

    _moved(system, Library(system, folder).activate(generation), json)


@systems.command()
def rollback(system: System, folder: Folder = None, json: Json = False) -> None:
    """Let the generation before the current one answer."""
    from lookalike.core.library import Library

    _moved(system, Library(system, folder).rollback(), json)


def _moved(system: str, number: str, json: bool) -> None:
    answer = {"system": system, "generation": number}
    say(answer, json, [f"Generation {number} of {system} answers now."])


def _systems_in(folder: Path, names: list[str]) -> list[str]:
    """Names of the systems whose generations a folder holds; all, if it is unclear."""
    from lookalike.core.library import Library

    there = set()
    for number in Library("", folder).names():
        try:
            about = parse((folder / number / "system.json").read_bytes())
        except (OSError, ValueError, RecursionError):
            continue
        there.add(about.get("name") if isinstance(about, dict) else None)
    return [name for name in names if name in there] or names


def _library(name: str, folder: Path | None) -> dict[str, Any]:
    from lookalike.core.library import Library

    library = Library(name, folder)
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
