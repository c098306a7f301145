"""``lookalike experiments``: design one, say who sees what, and whether it helped."""

import json
import math
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lookalike.cli._common import Json, columns, say

if TYPE_CHECKING:
    from lookalike.experiment import Analysis, Experiment, Units

experiments: typer.Typer = typer.Typer(
    no_args_is_help=True,
    help="Experiments: on one's own table of users (plan, assign, analyse), and on a "
    "service (start, list, show, look, cover, stop).",
)
Design = Annotated[
    Path,
    typer.Argument(
        help="A TOML or JSON file with key, variants, metrics and the rest."
    ),
]
Data = Annotated[
    Path, typer.Option(help="A table with a row a unit: CSV, JSON lines or Parquet.")
]
UnitColumn = Annotated[
    str | None,
    typer.Option(
        "--unit",
        help="Column with the ids; without it and a column named unit a row is a unit.",
    ),
]
UNIT, VARIANT = "unit", "variant"
EXPOSED = "exposed"


@experiments.command()
def plan(
    design: Design,
    data: Data,
    unit: UnitColumn = None,
    lift: Annotated[
        float, typer.Option(help="Relative change that must be found, such as 0.05.")
    ] = 0.05,
    replays: Annotated[
        int, typer.Option(min=0, help="A/A replays of the table; 0 is none.")
    ] = 200,
    json: Json = False,
) -> None:
    """Say how many units each metric needs, from a table of what units did before."""
    from lookalike.experiment import baseline, minimal_effect, replay_a_a, sample_size

    experiment = read_design(design)
    units = _units(experiment, data, unit, alike=True)
    part = experiment.shares[0] + experiment.shares[1]
    share = experiment.shares[1] / part
    how = {"share": share, "alpha": experiment.alpha, "power": experiment.power}
    rows: list[dict[str, Any]] = []
    for metric in experiment.metrics:
        now = baseline(metric, units)
        if now.value == 0:
            raise ValueError(f"{metric.name} is 0 in {data}: no lift changes that.")
        needed = sample_size(now.spread, lift * now.value, **how)
        row = {"metric": metric.name, "now": now.value, "units": round(needed / part)}
        if experiment.planned_units:
            pair = max(2, round(experiment.planned_units * part))
            least = minimal_effect(now.spread, pair, **how)
            row["least_lift"] = abs(least / now.value)
        if replays:
            found = replay_a_a(metric, units, replays, experiment.alpha)
            row["false_differences"] = asdict(found.rejected)
        rows.append(row)
    about = f"{len(units):,} units of {data}, power {experiment.power:.0%}, one look at"
    lines = [f"{about} alpha {experiment.alpha:g}, a lift of {lift:.1%}"]
    head = ["metric", "now", "units needed"]
    head += ["least lift of the planned units"] * bool(experiment.planned_units)
    head += ["A/A replays with a difference"] * bool(replays)
    lines += columns([head, *map(_planned, rows)])
    say({"lift": lift, "metrics": rows}, json, lines)


@experiments.command()
def assign(
    design: Design,
    units: Annotated[list[str] | None, typer.Argument(help="Ids of units.")] = None,
    sql: Annotated[
        str | None,
        typer.Option(help="Print an SQL expression instead: postgresql or sqlite."),
    ] = None,
    unit: Annotated[
        str, typer.Option("--unit", help="With --sql: the expression of the id.")
    ] = "user_id",
    json: Json = False,
) -> None:
    """Say which variant each unit sees; the same in Python and in SQL."""
    from lookalike.experiment import assign as variant_of
    from lookalike.experiment import assignment_sql

    experiment = read_design(design)
    if sql is not None:
        expression = assignment_sql(experiment, unit, sql)
        say({"sql": expression}, json, [expression])
        return
    if not units:
        raise ValueError("Expected the ids of units, or --sql; got neither.")
    found = {each: variant_of(experiment, each) for each in units}
    lines = columns([(each, variant or "not in it") for each, variant in found.items()])
    say({"assignments": found}, json, lines)


@experiments.command()
def analyse(
    design: Design,
    data: Data,
    unit: UnitColumn = None,
    variant: Annotated[
        str | None,
        typer.Option(
            help="Column with what each unit saw; without it and a column "
            f"{VARIANT!r} units are assigned as `assign` does."
        ),
    ] = None,
    looks: Annotated[
        Path | None,
        typer.Option(
            help="A file with the looks so far, to which this one is added; needed for "
            "more than one look."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Say which variant is better, or not yet, or that the data are not to be trusted.

    Columns assigned_at, first_event_at (times) and exposed (0 or 1) are used where they
    are there: they show units that are lost, or that acted before they were assigned.
    """
    from lookalike._files import write_whole
    from lookalike.experiment import analyse as analysed

    experiment = read_design(design)
    units = _units(experiment, data, unit, variant)
    before = _looks(looks)
    found = analysed(experiment, units, time.time(), before)
    if looks is not None:
        write_whole(looks, _json([each.to_json() for each in found.looks]).encode())
    answer = {
        "experiment": experiment.key,
        "version": experiment.version,
        **found.to_json(),
    }
    say(answer, json, _told(experiment, found))


# --- what is read ---------------------------------------------------------------------


def read_design(path: Path, key: str | None = None) -> "Experiment":
    """Return the experiment of a TOML or JSON file.

    key : its name, whatever the file says
    """
    import tomllib

    from lookalike.experiment import Experiment

    text = path.read_text(encoding="utf-8")
    is_json = path.suffix.lower() == ".json"
    try:
        found = json.loads(text) if is_json else tomllib.loads(text)
    except ValueError as error:
        form = "JSON" if is_json else "TOML"
        raise ValueError(f"{path} is no {form} file: {error}.") from None
    if key is not None and isinstance(found, dict):
        found["key"] = key
    return Experiment.from_json(_json(found))


def _units(
    experiment: "Experiment",
    data: Path,
    unit: str | None,
    variant: str | None = None,
    alike: bool = False,
) -> "Units":
    """The units of a table, in the variants that it has, or that are assigned.

    alike : all are of the control, as before an experiment
    """
    import numpy as np

    from lookalike.datasets.tables import read_table
    from lookalike.experiment import Units
    from lookalike.experiment import assign as variant_of

    numbers = [
        name
        for each in experiment.metrics
        for name in (*each.columns, *each.covariates)
    ]
    named = [name for name in (unit, variant) if name is not None]
    needed = list(dict.fromkeys([*named, *numbers, *experiment.slices]))
    table = read_table(data, needed)
    ids = table.columns.get(unit or UNIT)
    saw: list[str | None]
    if alike:
        saw = [experiment.control] * len(table.rows)
    elif variant is not None or VARIANT in table.columns:
        saw = list(table.columns[variant or VARIANT])
    elif ids is not None:
        saw = [variant_of(experiment, each) for each in ids]
    else:
        raise ValueError(
            f"{data} must have a column with what each unit saw, --variant, or with "
            "the ids by which units are assigned, --unit; found: "
            f"{', '.join(table.columns)}."
        )
    kept = np.array([each is not None for each in saw])
    if not kept.any():
        raise ValueError(f"No unit of {data} is in the experiment.")

    def times(name: str) -> Any:
        return table.times(name)[kept] if name in table.columns else None

    exposed = None
    if EXPOSED in table.columns:
        exposed = table.reals(EXPOSED)[kept] > 0
    return Units(
        np.array(ids or [f"row {n}" for n in table.rows.tolist()])[kept],
        np.array(saw)[kept].astype(str),
        {name: table.reals(name)[kept] for name in dict.fromkeys(numbers)},
        assigned_at=times("assigned_at"),
        first_event_at=times("first_event_at"),
        exposed=exposed,
        labels={n: np.array(table.columns[n])[kept] for n in experiment.slices},
    )


def _looks(path: Path | None) -> list[Any]:
    from lookalike.experiment import Look

    if path is None or not path.exists():
        return []
    try:
        return [Look(**each) for each in json.loads(path.read_text(encoding="utf-8"))]
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path} holds no looks: {error}.") from None


def _json(value: Any) -> str:
    return json.dumps(value, allow_nan=False, default=str)


# --- what is printed ------------------------------------------------------------------


def _planned(row: dict[str, Any]) -> list[object]:
    cells: list[object] = [row["metric"], f"{row['now']:.4g}", f"{row['units']:,}"]
    if "least_lift" in row:
        cells.append(f"{row['least_lift']:.2%}")
    if "false_differences" in row:
        value, low, high = row["false_differences"].values()
        cells.append(f"{value:.1%} [{low:.1%}, {high:.1%}]")
    return cells


def _told(experiment: "Experiment", found: "Analysis") -> list[str]:
    counts = ", ".join(f"{name} {n:,}" for name, n in found.counts.items())
    units = sum(found.counts.values())
    planned = f" of {experiment.planned_units:,}" if experiment.planned_units else ""
    lines = [
        f"{experiment.key}, version {experiment.version}, look {len(found.looks)}: "
        f"{units:,}{planned} units ({counts})"
    ]
    lines += [f"{name}: {verdict}" for name, verdict in found.verdicts.items()]
    rows: list[list[object]] = [
        ["treatment", "metric", "control", "treatment", "relative", "p", "says"]
    ]
    for each in found.results:
        cells: list[object] = [each.treatment, each.metric.name]
        if each.effect is None:
            rows.append([*cells, "", "", "", "", each.outcome])
            continue
        change = each.effect.relative
        own, adjusted = each.p_value, each.adjusted_p_value
        p = own if math.isnan(adjusted) else adjusted
        rows.append(
            [
                *cells,
                f"{each.effect.control.value:.4g}",
                f"{each.effect.treatment.value:.4g}",
                f"{change.value:+.1%} [{change.low:+.1%}, {change.high:+.1%}]",
                f"{p:.2g}",
                each.outcome,
            ]
        )
    return [*lines, "", *columns(rows)]
