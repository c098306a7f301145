"""``lookalike weights``: what actions are worth, and what others would change."""

from pathlib import Path
from typing import Annotated, Any

import typer

from lookalike.cli._common import Folder, Json, System, columns, say
from lookalike.cli._progress import progress


def weights(
    system: System,
    file: Annotated[
        Path | None,
        typer.Option(
            "--weights", help="A TOML file with other weights, in a table [weights]."
        ),
    ] = None,
    apply: Annotated[
        bool,
        typer.Option("--apply", help="Let them answer, as a new generation."),
    ] = False,
    folder: Folder = None,
    json: Json = False,
) -> None:
    """Show what each action is worth, or what other weights would change.

    With --weights the log tells it before anybody is shown anything: of each action
    and of who gains and loses, with intervals. With --apply the new weights answer;
    nothing is learned again, and `lookalike systems rollback` takes them back.
    """
    if apply and file is None:
        raise ValueError(
            "--apply needs the weights that are to answer: --weights FILE."
        )
    from lookalike.core.library import find_library
    from lookalike.systems import find_spec

    spec = find_spec(system)
    spec.check_can("weigh")
    library = find_library(system, folder)
    with progress() as on_progress:
        on_progress("opening the system", 0.1)
        generation, _ = library.open()
        opened = spec.system_class.load(generation)
        about: dict[str, Any] = {"system": system, "generation": generation.folder.name}
        if file is None:
            document = {**about, "weights": opened.weights_}
            lines = ["[weights]", *(f"{n} = {w:g}" for n, w in opened.weights_.items())]
            say(document, json, lines)
            return
        from lookalike.core.weights import read_weights

        given = read_weights(file, list(opened.weights_))
        on_progress("looking back", 0.4)
        found = opened.preview_weights(given).record()
        lines = _lines(found)
        if apply:
            library.check_writable()
            on_progress("saving", 0.8)
            changed = opened.with_weights(given)
            number = library.add(lambda place: changed.save(place), True)
            about["saved"] = number
            lines.append(f"generation {number} answers with these weights")
    say({**about, **found}, json, lines)


def _lines(found: dict[str, Any]) -> list[str]:
    """What would change, as a table."""
    rows = [["what", "now", "change", "95% interval"]]
    for name, key in (("heads", "head"), ("groups", "group")):
        for each in found[name]:
            ends = each["interval"]
            told = "the log cannot say"
            if ends is not None:
                told = f"[{ends[0]:+.4f}, {ends[1]:+.4f}]"
            rows.append(
                [each[key], f"{each['now']:.4f}", f"{each['change']:+.4f}", told]
            )
    first = (
        f"another post in {found['n_other']:,} of {found['n_decisions']:,} places that "
        "were drawn at random; of a place:"
    )
    return [first, *columns(rows)]
