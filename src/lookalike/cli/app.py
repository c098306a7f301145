"""The ``lookalike`` command: one verb a file, which imports its work when it runs."""

from typing import Annotated

import typer

import lookalike
from lookalike.cli._common import Sentences
from lookalike.cli._system_help import OfSystem
from lookalike.cli.alarms import alarms
from lookalike.cli.bench import bench
from lookalike.cli.classify import classify
from lookalike.cli.data import data
from lookalike.cli.demo import demo
from lookalike.cli.describe import describe
from lookalike.cli.doctor import doctor
from lookalike.cli.encoders import encoders
from lookalike.cli.evaluate import evaluate
from lookalike.cli.explain import explain
from lookalike.cli.index import index
from lookalike.cli.keys import keys
from lookalike.cli.loop import loop
from lookalike.cli.maintenance import (
    compact,
    drill,
    export,
    reembed,
    restore,
    snapshot,
)
from lookalike.cli.people import enrol, unenrol, verify
from lookalike.cli.rank import rank
from lookalike.cli.recommend import recommend
from lookalike.cli.search import search
from lookalike.cli.serve import serve
from lookalike.cli.served_experiments import experiments
from lookalike.cli.similar import similar
from lookalike.cli.suggest import suggest
from lookalike.cli.systems import systems
from lookalike.cli.train import train
from lookalike.cli.weights import weights
from lookalike.cli.what_if import what_if

app: typer.Typer = typer.Typer(
    cls=Sentences,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command()(demo)
app.command(cls=OfSystem)(train)
app.command(cls=OfSystem)(evaluate)
app.command("what-if")(what_if)
for verb in (
    classify,
    explain,
    search,
    recommend,
    rank,
    weights,
    suggest,
    similar,
    describe,
    serve,
    *(enrol, unenrol, verify),
    *(compact, reembed, snapshot, restore, drill, export, alarms, loop),
    *(doctor, bench),
):
    app.command()(verb)
app.add_typer(systems, name="systems")
app.add_typer(data, name="data")
app.add_typer(experiments, name="experiments")
app.add_typer(encoders, name="encoders")
app.add_typer(keys, name="keys")
app.add_typer(index, name="index")


def _version(given: bool) -> None:
    if given:
        typer.echo(f"lookalike {lookalike.__version__}")
        raise typer.Exit


@app.callback()
def callback(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Recognition, retrieval and ranking, from first principles to a service."""
