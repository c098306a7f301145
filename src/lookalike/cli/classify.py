"""``lookalike classify``: what each image, or each text, is."""

import csv as tables
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Annotated, Any

import typer

from lookalike.cli._chosen import Named, chosen
from lookalike.cli._common import Folder, Json, columns, say
from lookalike.cli._progress import progress
from lookalike.cli._systems import (
    Refusals,
    check_queries,
    open_system,
    read_inputs,
    read_post,
    shown_names,
)

Inputs = Annotated[
    list[str] | None,
    typer.Argument(help="Image files, or folders of them; for places, text."),
]
Words = Annotated[
    str | None, typer.Option("--text", help="For harmful: the text of one post.")
]
Picture = Annotated[
    Path | None, typer.Option("--picture", help="For harmful: its picture, a file.")
]
Author = Annotated[
    str | None,
    typer.Option(
        "--author", help="For harmful: what is known of its author, as days=9,posts=3."
    ),
]
Reactions = Annotated[
    str | None,
    typer.Option(
        "--reactions", help="For harmful: what it has had, as views=100,reports=2."
    ),
]


def classify(
    inputs: Inputs = None,
    system: Named = None,
    text: Words = None,
    picture: Picture = None,
    author: Author = None,
    reactions: Reactions = None,
    labels: Annotated[
        str | None,
        typer.Option(
            help="Labels of your own with commas between, as cat,dog: which fits each "
            "image best, where the encoder of image search knows words."
        ),
    ] = None,
    prompt: Annotated[
        str | None,
        typer.Option(
            help="The text that stands for one of --labels, {label} in it; else 'a "
            "photo of a {label}'."
        ),
    ] = None,
    reveal: Annotated[
        bool,
        typer.Option(
            "--reveal", help="For harmful: show texts with all their letters."
        ),
    ] = False,
    csv: Annotated[
        Path | None, typer.Option(help="Write the answers here as a table.")
    ] = None,
    folder: Folder = None,
    json: Json = False,
) -> None:
    """Say what each input is, and how sure the answer is.

    An input that cannot be read is named; the others are answered, with status 1.
    """
    parts = (text, picture, author, reactions)
    is_post = any(part is not None for part in parts)
    if bool(inputs) == is_post:
        raise ValueError("Name inputs, or the parts of one post (--text, --picture).")
    verb = "classify" if labels is None else "zero_shot"
    system = chosen(system, folder, verb)
    _check_labels(system, labels)
    refusals = Refusals()
    with progress() as on_progress:
        on_progress("reading what was given", 0.0)
        if is_post:
            noun, name, query = read_post(system, verb, *parts)
            names, queries = [name], [query]
        else:
            noun, names, queries = read_inputs(system, verb, inputs or (), refusals)
        on_progress("opening the system", 0.3)
        opened = open_system(system, folder)
        on_progress("answering", 0.6)
        names, checked = check_queries(opened.system, names, queries, refusals)
        if labels is None:
            each = opened.system.classify_each(checked)
        else:
            told = {} if prompt is None else {"prompt": prompt}
            each = opened.system.classify_as(checked, labels.split(","), **told)
        names = shown_names(system, names, reveal)
        found = [
            {noun: name, **answer.record()}
            for name, answers in zip(names, each, strict=True)
            for answer in answers
        ]
    rows = table(found)
    if csv is not None:
        write_table(csv, rows)
    document = {"system": system, "generation": opened.generation, "answers": found}
    say(document | {"refused": refusals}, json, columns(rows))
    refusals.exit()


def _check_labels(system: str, labels: str | None) -> None:
    """Refuse a system that names things only in the user's own words, without them."""
    from lookalike.systems import find_spec

    spec = find_spec(system)
    if labels is None and spec.can("zero_shot") and not spec.can("classify"):
        raise ValueError(
            f"{system} has no names of its own; --labels cat,dog says which there are."
        )


def table(answers: Sequence[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """Return what a reader needs of each answer: its plain values, in columns."""
    names = list(dict.fromkeys(name for each in answers for name in each))
    plain = [n for n in names if not any(_nested(each.get(n)) for each in answers)]
    rows = [tuple(_text(each.get(name)) for name in plain) for each in answers]
    return [tuple(plain), *rows] if plain else [("nothing found",)]


def write_table(path: Path, rows: Sequence[Sequence[str]]) -> None:
    """Write a table whole."""
    from lookalike._files import write_whole

    text = StringIO(newline="")
    tables.writer(text).writerows(rows)
    write_whole(path, text.getvalue().encode())


def _nested(value: object) -> bool:
    return isinstance(value, dict | list)


def _text(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.2f}" if isinstance(value, float) else str(value)
