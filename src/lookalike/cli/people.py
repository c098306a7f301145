"""``lookalike enrol``, ``unenrol`` and ``verify``: people by their faces."""

from typing import Annotated

import typer

from lookalike.cli._chosen import Named, chosen
from lookalike.cli._common import Folder, Json, say
from lookalike.cli._progress import progress
from lookalike.cli._systems import Refusals, check_queries, open_system, read_inputs


def enrol(
    name: Annotated[str, typer.Argument(help="Who it is.")],
    images: Annotated[list[str], typer.Argument(help="Two pictures or more.")],
    system: Named = None,
    folder: Folder = None,
    json: Json = False,
) -> None:
    """Add a person from a few pictures, without learning anything again.

    A picture that cannot be read is named; the others are learned, with status 1.
    """
    from lookalike.core.library import find_library

    system = chosen(system, folder, "enrol")
    refusals = Refusals()
    with progress() as on_progress:
        on_progress("reading the pictures", 0.0)
        _, names, queries = read_inputs(system, "enrol", images, refusals)
        on_progress("opening the system", 0.5)
        fitted = open_system(system, folder).system
        _, queries = check_queries(fitted, names, queries, refusals)
        fitted.enrol(queries, name)
        number = find_library(system, folder).add(fitted.save)
    answer = {"system": system, "generation": number, "enrolled": name}
    lines = [f"{name} is known to generation {number} of {system}."]
    say(answer | {"refused": refusals}, json, lines)
    refusals.exit()


def unenrol(
    name: Annotated[str, typer.Argument(help="Who is to be forgotten.")],
    system: Named = None,
    folder: Folder = None,
    json: Json = False,
) -> None:
    """Forget a person; earlier generations still know them, until they are deleted."""
    from lookalike.core.library import find_library
    from lookalike.systems import find_spec

    system = chosen(system, folder, "enrol")
    find_spec(system).check_can("enrol")
    with progress() as on_progress:
        on_progress("opening the system", 0.5)
        fitted = open_system(system, folder).system
        fitted.unenrol(name)
        number = find_library(system, folder).add(fitted.save)
    answer = {"system": system, "generation": number, "unenrolled": name}
    say(answer, json, [f"{name} is not known to generation {number} of {system}."])


def verify(
    first: Annotated[str, typer.Argument(help="A picture.")],
    second: Annotated[str, typer.Argument(help="Another.")],
    system: Named = None,
    folder: Folder = None,
    json: Json = False,
) -> None:
    """Say whether two pictures show one person."""
    system = chosen(system, folder, "verify")
    with progress() as on_progress:
        on_progress("reading the pictures", 0.0)
        _, names, queries = read_inputs(system, "verify", [first, second])
        on_progress("opening the system", 0.5)
        _, fitted, number = open_system(system, folder)
        _, queries = check_queries(fitted, names, queries)
        cosines, same = fitted.verify(queries[:1], queries[1:])
    similarity, one = float(cosines[0]), bool(same[0])
    answer = {
        "system": system,
        "generation": number,
        "same_person": one,
        "similarity": similarity,
        "threshold": fitted.threshold_,
    }
    verdict = "one person" if one else "two people"
    needed = f"{fitted.threshold_:.3f} is needed for one"
    say(answer, json, [f"{verdict}: similarity {similarity:.3f}, {needed}"])
