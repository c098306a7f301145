"""``lookalike data``: which data sets are known, where they lie, and fetching them."""

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from lookalike.cli._common import Json, columns, say
from lookalike.cli._log_options import (
    EventColumn,
    ItemColumn,
    Items,
    TimeColumn,
    UserColumn,
    Users,
    ValueColumn,
    data_options,
)
from lookalike.cli._progress import progress

data: typer.Typer = typer.Typer(
    no_args_is_help=True, help="Known data sets: list, get, path; one's own: check."
)
Name = Annotated[str, typer.Argument(help="Name of the data set; `data list` lists.")]


@data.command("list")
def list_(json: Json = False) -> None:
    """List every known data set: is it here, its size, licence and home."""
    from lookalike.datasets import CATALOGUE

    known: list[dict[str, Any]] = [
        {
            "name": name,
            **_state(name),
            "bytes": data_set.size,
            "licence": data_set.licence,
            "home": data_set.home,
            "downloads": data_set.can_be_downloaded,
            "form": data_set.form,
            "about": data_set.about,
        }
        for name, data_set in CATALOGUE.items()
    ]
    rows = [("name", "state", "size", "licence", "what it is")]
    for each in known:
        size = f"{each['bytes'] / 1e6:.1f} MB"
        rows.append((each["name"], each["state"], size, each["licence"], each["about"]))
    footer = (
        "`lookalike data get NAME` downloads, or names the home; there `--from FILE` "
        "takes the publisher's own file."
    )
    say({"data_sets": known}, json, [*columns(rows), "", footer])


@data.command()
def get(
    name: Name,
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="Convert the publisher's own file, folder or archive instead; "
            "`data list --json` says which.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Download a data set from its home into the cache, unless it is here.

    Of one that its publisher keeps, convert the file that you fetched.
    """
    from lookalike.datasets import get
    from lookalike.datasets.locate import known

    entry = known(name)
    if source is not None:
        _convert(entry, source, json)
        return
    where = _state(name)["path"]
    if where is None:
        with progress() as report:
            path = get(
                entry,
                on_progress=lambda done, total: report(
                    f"{name}: {done / 1e6:.1f} MB", done / total if total else 0
                ),
            )
            where = str(path)
    say({"name": name, "path": where}, json, [where])


def _convert(entry: Any, source: Path, json: bool) -> None:
    from lookalike.datasets import convert
    from lookalike.systems import specs

    with progress() as report:
        made = convert(
            entry,
            source,
            on_progress=lambda done, total: report(
                f"converting {source.name}", done / total if total else 0
            ),
        )
    chosen = entry.name if made.is_found else str(made.path)
    commands = []
    for name, spec in specs().items():
        if entry.name in spec.datasets:
            is_default = made.is_found and next(iter(spec.datasets)) == entry.name
            data = "" if is_default else f" --data {chosen}"
            commands.append(f"`lookalike train {name}{data}`")
    lines = [str(made.path), *made.found]
    if commands:
        lines.append(f"To learn from it: {', '.join(commands)}.")
    answer = {"name": entry.name, "path": str(made.path), "found": list(made.found)}
    say({**answer, "as_published": made.is_known}, json, lines)


@data.command()
def check(
    log: Annotated[
        str,
        typer.Argument(
            help="A log, or its TOML form; a folder of pictures, or a CSV file of "
            "their paths and labels."
        ),
    ],
    items: Items = None,
    users: Users = None,
    user: UserColumn = None,
    item: ItemColumn = None,
    time: TimeColumn = None,
    value: ValueColumn = None,
    event: EventColumn = None,
    write: Annotated[
        Path | None, typer.Option(help="Keep the form in this TOML file.")
    ] = None,
    json: Json = False,
) -> None:
    """Say how a log, or a folder of pictures, is understood, and what is wrong."""
    from dataclasses import asdict

    from lookalike.datasets.logs import understand_log
    from lookalike.datasets.picture_files import is_picture_data

    if is_picture_data(log):
        return _check_pictures(log, json)

    how = data_options(items, users, user, item, time, value, event)
    found = understand_log(log, **how)
    if write is not None:
        write.write_text(found.form.toml() + "\n", encoding="utf-8")
    said = [log, *(each for name, at in how.items() for each in (f"--{name}", at))]
    about = f"--data {shlex.join([str(write)] if write else said)}"
    lines = [*found.lines(), "", f"`lookalike train shop {about}` learns from it."]
    say({"form": asdict(found.form), "lines": found.lines()}, json, lines)


def _check_pictures(path: str, json: bool) -> None:
    from lookalike.core.progress import share_of
    from lookalike.datasets.picture_check import check_pictures, lines_of

    with progress() as report:
        found = check_pictures(path, share_of(report, "reading pictures", 0.0, 1.0))
    what = "`lookalike train photos --data {}` learns from them."
    if len(found["classes"]) < 2:
        what = "`lookalike index add {}` makes them searchable."
    say(found, json, [*lines_of(found), "", what.format(path)])


@data.command()
def path(name: Name, json: Json = False) -> None:
    """Print where a data set lies, checked against its checksum."""
    from lookalike.datasets import find

    where = find(name)
    say({"name": name, "path": str(where)}, json, [str(where)])


def _state(name: str) -> dict[str, str | None]:
    from lookalike.datasets import find

    try:
        return {"state": "here", "path": str(find(name))}
    except FileNotFoundError:
        return {"state": "not here", "path": None}
    except ValueError:
        return {"state": "damaged", "path": None}
