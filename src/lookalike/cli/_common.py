"""What the verbs share: options, answers on stdout, errors on stderr."""

import json
import os
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from lookalike._shown import shown

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")]
Folder = Annotated[
    Path | None,
    typer.Option(
        help="Where the system's generations lie, one of them, or a folder of systems; "
        "by default LOOKALIKE_FOLDER or the user's place for data.",
    ),
]
System = Annotated[str, typer.Argument(help="Which system; `lookalike systems` lists.")]


class Sentences(TyperGroup):
    """A command whose errors are a sentence and an exit status, never a traceback.

    1 says that some of what was given could not be answered, 2 is the user's to mend
    (a wrong file, an extra that is missing), 70 is a fault of ours, 130 is Ctrl-C.
    ``LOOKALIKE_DEBUG=1`` shows the traceback instead.
    """

    def invoke(self, ctx: Any) -> Any:
        """Run the verb."""
        # Pillow's own warnings would only double the sentence about a bad image.
        warnings.filterwarnings("ignore", module="PIL")
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise  # the reader of our output has ended: typer ends quietly
        except KeyboardInterrupt:
            typer.echo("Stopped by Ctrl-C; nothing was left half-written.", err=True)
            raise typer.Exit(130) from None
        except (typer.Exit, typer.Abort):
            raise
        except Exception as error:
            if os.environ.get("LOOKALIKE_DEBUG") or hasattr(error, "show"):
                raise  # typer shows what is wrong with the words themselves
            theirs = isinstance(error, ValueError | OSError | ImportError | MemoryError)
            sentence = _sentence(error) if theirs else _fault(error)
            typer.echo(f"Error: {shown(sentence)}", err=True)
            raise typer.Exit(2 if theirs else 70) from None


def _sentence(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "There is not enough memory for this."
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}."
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _fault(error: BaseException) -> str:
    return (
        f"This is a fault of lookalike: {type(error).__name__}: {_sentence(error)} "
        "(LOOKALIKE_DEBUG=1 shows where; please report it)."
    )


def say(answer: Mapping[str, Any], as_json: bool, lines: Sequence[str]) -> None:
    """Print the answer: as one JSON object, or as lines for a reader."""
    if as_json:
        typer.echo(json.dumps(answer))
    else:
        for line in lines:
            typer.echo(line)


def summary(
    system: str, generation: str, data: str, metrics: Mapping[str, Any], seconds: float
) -> dict[str, Any]:
    """Return what ``train`` and ``evaluate`` print as JSON."""
    numbers = {name: asdict(estimate) for name, estimate in metrics.items()}
    return {
        "system": system,
        "generation": generation,
        "data": data,
        "metrics": numbers,
        "seconds": seconds,
    }


def about_report(generation: str, data: Any, command: str) -> dict[str, str]:
    """Return what stands at the top of a report: by what it can be made again.

    data : a data set with a name and, where it has one, a checksum
    """
    from datetime import UTC, datetime

    checksum = str(getattr(data, "checksum", "") or "")
    return {
        "generation": generation,
        "written": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "data": f"{data.name}, checksum {checksum[:12]}" if checksum else data.name,
        "command": command,
    }


def metric_lines(metrics: Mapping[str, Any]) -> list[str]:
    """Return each metric with its interval, a line each."""
    rows = [(f"  {name.replace('_', ' ')}", str(m)) for name, m in metrics.items()]
    return columns(rows)


def columns(rows: Sequence[Sequence[object]]) -> list[str]:
    """Lay rows out in columns, numbers to the right, as wide as they need to be.

    No rows are no lines.

    Examples
    --------
    >>> columns([["name", "size"], ["mnist", 11], ["fer2013", 7]])
    ['name     size', 'mnist      11', 'fer2013     7']
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if not rows:
        return []
    table = Table.grid(padding=(0, 2, 0, 0))
    for cell in rows[-1]:
        right = isinstance(cell, int | float)
        table.add_column(justify="right" if right else "left", no_wrap=True)
    texts = [[Text(shown(str(cell))) for cell in row] for row in rows]
    for row in texts:
        table.add_row(*row)
    # A pipe has no width, and a terminal wraps by itself: nothing is cut.
    width = sum(text.cell_len + 2 for row in texts for text in row)
    console = Console(width=width, color_system=None)
    lines = console.render_lines(table)
    return ["".join(part.text for part in line).rstrip() for line in lines]


def pairs(
    option: str, given: Iterable[str], form: str = "NAME=VALUE"
) -> dict[str, str]:
    """Return the values of an option that names them, each once.

    form : how the option wants them, for the sentence of the refusal

    Raises
    ------
    ValueError
        If one has another form, or a name comes twice.

    Examples
    --------
    >>> pairs("--context", ["country=CH", "when = noon"])
    {'country': 'CH', 'when': 'noon'}
    """
    found: dict[str, str] = {}
    for each in given:
        name, equals, value = map(str.strip, each.partition("="))
        if not (name and equals) or name in found:
            raise ValueError(f"{option} takes {form}, each once; got {each!r}.")
        found[name] = value
    return found


def warn(sentence: str | None) -> None:
    """Print a warning on stderr, if there is one."""
    if sentence:
        typer.echo(f"Warning: {shown(sentence)}", err=True)
