"""``lookalike experiments`` on a service: start, list, show, look, cover, stop.

A service that runs on the same files takes up what is changed here within a second.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lookalike.cli._common import Folder, Json, columns, pairs, say
from lookalike.cli._service import DatabaseUrl, Location, State, Where
from lookalike.cli.experiments import experiments, read_design

if TYPE_CHECKING:
    from lookalike.service.database.experiments import StoredExperiment

__all__ = ["experiments"]

Key = Annotated[str, typer.Argument(help="The experiment's name.")]


@experiments.command()
def start(
    key: Key,
    kind: Annotated[
        str, typer.Option(help="ab, interleaving, canary or shadow.")
    ] = "ab",
    generation: Annotated[
        str | None,
        typer.Option(help="What is tried: of canary, shadow and interleaving."),
    ] = None,
    design: Annotated[
        Path | None,
        typer.Option(help="Of ab: a TOML or JSON file, as `plan` takes it."),
    ] = None,
    variant: Annotated[
        list[str] | None,
        typer.Option(
            help="Of ab: NAME=GENERATION, once a variant; one without is whatever "
            "answers."
        ),
    ] = None,
    share: Annotated[
        float | None, typer.Option(help="Of canary and shadow: of the requests.")
    ] = None,
    requests: Annotated[
        int | None, typer.Option(help="Of canary: after which it passes.")
    ] = None,
    slow_ms: Annotated[
        float | None,
        typer.Option(help="Milliseconds after which an answer counts as slow."),
    ] = None,
    version: Annotated[
        int, typer.Option(min=1, help="Of an experiment that changed: draws anew.")
    ] = 1,
    system: Where = None,
    folder: Folder = None,
    database: DatabaseUrl = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Let an experiment run: who is in it is answered by its generations."""
    with _service(system, folder, database, state) as where:
        from lookalike.service.experiment_changes import (
            new_experiment,
            start_experiment,
        )

        given = {
            "generation": generation,
            "share": share,
            "requests": requests,
            "slow_ms": slow_ms,
            "design": None if design is None else _fields(design, key),
            "generations": pairs("--variant", variant or (), "NAME=GENERATION") or None,
        }
        fields = {name: value for name, value in given.items() if value is not None}
        new = new_experiment(key, where.spec.name, kind, version, fields)
        start_experiment(where.database, where.libraries, new)
        _show(where, key, json)


@experiments.command("list")
def list_(
    system: Where = None,
    folder: Folder = None,
    database: DatabaseUrl = None,
    state: State = None,
    json: Json = False,
) -> None:
    """List the experiments of a service, the latest first."""
    with _service(system, folder, database, state) as where:
        from lookalike.service.database.experiments import stored
        from lookalike.service.experiment_results import about

        with where.database.reading() as connection:
            found = [about(each) for each in stored(connection)]
    rows = [("experiment", "version", "system", "kind", "state", "why")]
    rows += [
        (e["key"], e["version"], e["system"], e["kind"], e["state"], e["reason"])
        for e in found
    ]
    lines = columns(rows) if found else ["There is no experiment."]
    say({"experiments": found}, json, lines)


@experiments.command()
def show(
    key: Key,
    system: Where = None,
    folder: Folder = None,
    database: DatabaseUrl = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Show what was done with an experiment, and what was seen so far."""
    with _service(system, folder, database, state) as where:
        _show(where, key, json)


@experiments.command()
def look(
    key: Key,
    system: Where = None,
    folder: Folder = None,
    database: DatabaseUrl = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Look at a running A/B test; the look is written down, since each has a price."""
    with _service(system, folder, database, state) as where:
        from lookalike.service.experiment_results import look as looked

        looked(where.database, _latest(where, key))
        _show(where, key, json)


@experiments.command()
def cover(
    key: Key,
    coverage: Annotated[float, typer.Argument(help="Share of the units, 0 to 1.")],
    system: Where = None,
    folder: Folder = None,
    database: DatabaseUrl = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Raise the share of the units that are in a running experiment."""
    with _service(system, folder, database, state) as where:
        from lookalike.service.database.experiments import ramp

        with where.database.writing() as connection:
            ramp(connection, key, coverage)
        _show(where, key, json)


@experiments.command()
def stop(
    key: Key,
    reason: Annotated[str, typer.Option(help="Why; it is written down.")],
    winner: Annotated[
        str | None, typer.Option(help="A variant whose generation answers from now on.")
    ] = None,
    system: Where = None,
    folder: Folder = None,
    database: DatabaseUrl = None,
    state: State = None,
    json: Json = False,
) -> None:
    """End an experiment; a winner's generation answers everybody."""
    with _service(system, folder, database, state) as where:
        from lookalike.service.experiment_changes import stop_experiment

        stop_experiment(where.database, where.libraries, key, reason, winner)
        _show(where, key, json)


@contextmanager
def _service(
    system: str | None, folder: Path | None, database: str | None, state: Path | None
) -> Iterator[Location]:
    """Yield where a service has its things; what was changed is announced.

    Raises
    ------
    ValueError
        In place of a LookupError.
    """
    with Location(system, folder, database, state) as where:
        try:
            yield where
        except LookupError as error:
            raise ValueError(str(error.args[0])) from None
        where.notify()


def _latest(where: Location, key: str) -> "StoredExperiment":
    from lookalike.service.database.experiments import stored

    with where.database.reading() as connection:
        found = stored(connection, key)
    if not found:
        raise LookupError(f"There is no experiment {key!r}.")
    return found[0]


def _fields(path: Path, key: str) -> dict[str, Any]:
    """Fields of a design but for its name and version, which the command gives."""
    found: dict[str, Any] = json.loads(read_design(path, key).to_json())
    return {n: v for n, v in found.items() if n not in ("key", "version")}


def _show(where: Location, key: str, as_json: bool) -> None:
    from lookalike.service.experiment_results import document

    found = _latest(where, key)
    with where.database.reading() as connection:
        shown = document(connection, found)
    say({**shown, **where.about}, as_json, _lines(shown))


def _lines(shown: dict[str, Any]) -> list[str]:
    lines = [
        f"{shown['key']}, version {shown['version']}: {shown['kind']} of "
        f"{shown['system']}, {shown['state']}"
    ]
    rows = [
        (_time(step["at"]), step["step"], step["reason"]) for step in shown["steps"]
    ]
    lines += columns(rows)
    counts = [("variant", "lists", "failed", "slow")]
    counts += [
        (name, n["lists"], n["failed"], n["slow"])
        for name, n in shown["answers"].items()
    ]
    lines += ["", *columns(counts)]
    if shown.get("looks"):
        lines += ["", *columns(_metrics(shown["looks"][-1]))]
    if shown.get("preference"):
        found = shown["preference"]
        interval = f"[{found['low']:.3f}, {found['high']:.3f}]"
        lines += [
            "",
            f"{found['of']} wins {found['share']:.3f} {interval} of the lists with a "
            f"winner, p = {found['p_value']:.2g}",
        ]
    for verb, means in shown.get("differences", {}).items():
        lines += ["", f"{verb}, {means['requests']:,} requests answered twice:"]
        lines += columns(
            [
                (name.replace("_", " "), f"{m['mean']:.3f}", _interval(m))
                for name, m in means.items()
                if isinstance(m, dict)
            ]
        )
    return lines


def _metrics(look: dict[str, Any]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [
        ("treatment", "metric", "control", "treatment", "difference", "says")
    ]
    for each in look["metrics"]:
        about = each["treatment"], each["metric"]
        if "control" not in each:
            rows.append((*about, "", "", "", each["outcome"]))
            continue
        low, high = each["difference_low"], each["difference_high"]
        difference = {"mean": each["difference"], "low": low, "high": high}
        rows.append(
            (
                *about,
                f"{each['control']:.4g}",
                f"{each['treatment_value']:.4g}",
                f"{each['difference']:+.4g} {_interval(difference)}",
                each["outcome"],
            )
        )
    return rows


def _interval(found: dict[str, Any]) -> str:
    low, high = (
        "?" if found[side] is None else f"{found[side]:.4g}" for side in ("low", "high")
    )
    return f"[{low}, {high}]"


def _time(microseconds: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(microseconds / 1e6))
